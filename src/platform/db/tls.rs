//! Whether what goes to and from a PostgreSQL can be read by others on its way.
//!
//! libpq speaks TLS in builds with the feature `postgres-tls`. Without it a server on another host
//! is refused, unless the URL says that the network in between is trusted: what is said there are
//! reporters' complaints.

use std::net::IpAddr;

use percent_encoding::percent_decode_str;

/// Whether this build speaks TLS to PostgreSQL.
const SPOKEN: bool = cfg!(feature = "postgres-tls");

/// Why a build without TLS does not connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unprotected {
    /// The server is, or may be, on another host.
    #[error(
        "the PostgreSQL is not on this host, and this build does not speak TLS to it: build with `--features postgres-tls`, or, where the network in between is trusted, say `sslmode=disable` in the URL"
    )]
    Elsewhere,
    /// The URL asks for TLS.
    #[error(
        "the database URL asks for TLS (`sslmode`), and this build does not speak it to PostgreSQL: build with `--features postgres-tls`"
    )]
    AskedFor,
}

/// Refuses what this build would send in the open.
///
/// # Errors
/// What is wrong with a URL, and what to do.
pub(super) fn refuse_open(urls: &[String]) -> Result<(), Unprotected> {
    if SPOKEN {
        return Ok(());
    }
    urls.iter()
        .try_for_each(|url| look(url, |name| std::env::var(name).ok()))
}

/// Looks at a URL, and where it is silent at the variables libpq goes by.
fn look(url: &str, variable: impl Fn(&str) -> Option<String>) -> Result<(), Unprotected> {
    let (hosts, options) = parts(url);
    let option = |name: &str| {
        let mut options = options.split('&').rev();
        options.find_map(|option| {
            let (key, value) = option.split_once('=')?;
            (decoded(key) == name).then(|| decoded(value))
        })
    };
    let said = |name: &str, other: &str| option(name).or_else(|| variable(other));
    let mode = said("sslmode", "PGSSLMODE");
    let asked = matches!(
        mode.as_deref(),
        Some("require" | "verify-ca" | "verify-full")
    );
    if asked || option("ssl").as_deref() == Some("true") {
        return Err(Unprotected::AskedFor);
    }
    let hosts = option("host").or(hosts).or_else(|| variable("PGHOST"));
    let addresses = said("hostaddr", "PGHOSTADDR");
    // An address is gone to whatever the host's name is; where it is left out, the name is.
    let instead = addresses.as_deref();
    let instead = instead.is_some_and(|list| list.split(',').all(|address| !address.is_empty()));
    let are_here = |list: &str| list.split(',').all(is_here);
    let here = addresses.as_deref().is_none_or(are_here)
        && (instead || hosts.as_deref().is_none_or(are_here))
        && said("service", "PGSERVICE").is_none();
    if here || mode.as_deref() == Some("disable") {
        Ok(())
    } else {
        Err(Unprotected::Elsewhere)
    }
}

/// The hosts, separated by commas, and the options of a URL, cut as libpq cuts it.
fn parts(url: &str) -> (Option<String>, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = match rest.find(['@', '/']) {
        Some(at) if rest[at..].starts_with('@') => &rest[at + 1..],
        _ => rest,
    };
    let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = place.split('/').next().unwrap_or_default();
    let without_port = |host: &str| match host.strip_prefix('[') {
        Some(address) => decoded(address.split(']').next().unwrap_or_default()),
        None => decoded(host.split(':').next().unwrap_or_default()),
    };
    let hosts: Vec<String> = authority.split(',').map(without_port).collect();
    let hosts = Some(hosts.join(",")).filter(|hosts| !hosts.is_empty());
    (hosts, options)
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Whether a host is this one: a socket in the file system or without a name in it, or the
/// loopback. No host at all is libpq's own socket.
fn is_here(host: &str) -> bool {
    host.is_empty()
        || host.starts_with(['/', '@'])
        || host.eq_ignore_ascii_case("localhost")
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::super::hosts::each;
    use super::*;
    use Unprotected::{AskedFor, Elsewhere};

    fn said(url: &str) -> Result<(), Unprotected> {
        look(url, |_| None)
    }

    #[test]
    fn this_host_needs_no_tls() {
        for url in [
            "postgres:///d",
            "postgres://",
            "postgres://u@/d",
            "postgres://localhost/d",
            "postgres://u:p@LocalHost:5433/d",
            "postgres://127.0.0.1/d",
            "postgres://u@127.8.9.1:5433/d",
            "postgres://[::1]:5433/d",
            "postgres://%2Fvar%2Frun%2Fpostgresql/d",
            "postgres:///d?host=/tmp",
            "postgres:///d?host=%2Ftmp&port=1",
            "postgres:///d?%68ost=localhost",
            "postgres://db/d?host=localhost",
            "postgres://db/d?hostaddr=127.0.0.1",
            "postgres://localhost/d?hostaddr=",
            "postgres://localhost/d?sslmode=prefer",
            "postgres://u:p%40db@localhost/d",
            "postgresql://localhost?application_name=dengwen",
        ] {
            assert_eq!(said(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn another_host_needs_tls() {
        for url in [
            "postgres://db/d",
            "postgres://u:p@10.0.0.1/d",
            "postgres://[2001:db8::1]/d",
            "postgres://[::ffff:10.0.0.1]/d",
            "postgres://localhost.example.cn/d",
            "postgres:///d?host=db",
            "postgres:///d?%68ost=db",
            "postgres:///d?host=localhost&host=db",
            "postgres://localhost/d?host=10.0.0.1",
            "postgres://localhost/d?hostaddr=10.0.0.1",
            "postgres://localhost/d?host%61ddr=10.0.0.1",
            "postgres:///d?%68ost=/tmp,db",
            "postgres://localhost,db/d",
            "postgres://localhost,10.0.0.1/d?hostaddr=127.0.0.1,",
            "postgres:///d?service=district",
            "postgres://db/d?sslmode=prefer",
            "postgres://db/d?sslmode=allow",
            "postgres://db/d?sslmode=disable&sslmode=prefer",
            "postgres://localhost?application_name=a@db/d",
        ] {
            assert_eq!(said(url), Err(Elsewhere), "{url}");
        }
    }

    #[test]
    fn the_url_may_say_that_the_network_is_trusted() {
        for url in [
            "postgres://db/d?sslmode=disable",
            "postgres://db/d?sslmode=prefer&sslmode=disable",
            "postgres://db/d?ssl%6Dode=disable",
            "postgres:///d?host=10.0.0.1&sslmode=disable",
        ] {
            assert_eq!(said(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn who_asks_for_tls_does_not_go_without() {
        for url in [
            "postgres://db/d?sslmode=require",
            "postgres://localhost/d?sslmode=verify-ca",
            "postgres:///d?host=/tmp&sslmode=verify-full",
            "postgres://localhost/d?ssl=true",
        ] {
            assert_eq!(said(url), Err(AskedFor), "{url}");
        }
    }

    #[test]
    fn variables_say_what_the_url_does_not() {
        let with =
            |url, name, value: &str| look(url, |asked| (asked == name).then(|| value.to_owned()));
        assert_eq!(with("postgres:///d", "PGHOST", "db"), Err(Elsewhere));
        assert_eq!(with("postgres:///d", "PGHOST", "/tmp"), Ok(()));
        assert_eq!(with("postgres://localhost/d", "PGHOST", "db"), Ok(()));
        assert_eq!(
            with("postgres://localhost/d", "PGHOSTADDR", "10.0.0.1"),
            Err(Elsewhere)
        );
        assert_eq!(
            with("postgres:///d", "PGSERVICE", "district"),
            Err(Elsewhere)
        );
        assert_eq!(with("postgres://db/d", "PGSSLMODE", "disable"), Ok(()));
        assert_eq!(with("postgres:///d", "PGSSLMODE", "require"), Err(AskedFor));
    }

    #[test]
    fn every_host_of_a_url_is_looked_at() {
        let all = |url: &str| each(url).iter().try_for_each(|url| said(url));
        assert_eq!(all("postgres://localhost,[::1]:5433/d"), Ok(()));
        assert_eq!(all("postgres://localhost:1,db:2/d"), Err(Elsewhere));
        assert_eq!(all("postgres:///d?host=/tmp,db"), Err(Elsewhere));
        assert_eq!(all("postgres://a,b/d?sslmode=disable"), Ok(()));
        assert_eq!(all("postgres://a,b/d?sslmode=verify-full"), Err(AskedFor));
    }
}
