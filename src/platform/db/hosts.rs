//! Several hosts in one URL, and the one that served last.
//!
//! libpq tries the hosts of a URL in their order, for every connection: with the first one vanished
//! each connection would cost its whole connect timeout before the next is asked. So hosts are
//! tried one by one here, beginning with the one that answered last.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use diesel::{ConnectionError, ConnectionResult};

/// Options that may hold a list, one for each host.
const LISTS: [&str; 3] = ["host", "hostaddr", "port"];

/// One URL for each host, shared by all who connect.
#[derive(Clone)]
pub(super) struct Hosts {
    urls: Arc<[String]>,
    leader: Arc<AtomicUsize>,
}

impl Hosts {
    pub(super) fn of(url: &str) -> Self {
        Self {
            urls: each(url).into(),
            leader: Arc::default(),
        }
    }

    /// The URL of each.
    pub(super) fn urls(&self) -> &[String] {
        &self.urls
    }

    /// Whether there are several.
    pub(super) fn are_several(&self) -> bool {
        self.urls.len() > 1
    }

    /// Connects to the first that lets us, beginning with the one that did last.
    ///
    /// # Errors
    /// What all of them answer.
    pub(super) fn connect<T>(
        &self,
        mut to: impl FnMut(&str) -> ConnectionResult<T>,
    ) -> ConnectionResult<T> {
        let leader = self.leader.load(Ordering::Relaxed);
        let mut failed = Vec::new();
        for turn in 0..self.urls.len() {
            let at = (leader + turn) % self.urls.len();
            match to(&self.urls[at]) {
                Ok(connected) => {
                    self.leader.store(at, Ordering::Relaxed);
                    return Ok(connected);
                }
                Err(error) => failed.push(error),
            }
        }
        match failed.pop() {
            Some(only) if failed.is_empty() => Err(only),
            last => {
                let all: Vec<String> = failed
                    .iter()
                    .chain(&last)
                    .map(ToString::to_string)
                    .collect();
                Err(ConnectionError::BadConnection(all.join("; ")))
            }
        }
    }
}

impl fmt::Debug for Hosts {
    /// Without the URLs, which hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} hosts", self.urls.len())
    }
}

/// The URL once for each of its hosts. Hosts and their ports stand before the path, or as lists
/// among the options; a single port goes with every host.
pub(super) fn each(url: &str) -> Vec<String> {
    let (place, options) = url.split_once('?').unwrap_or((url, ""));
    let (scheme, rest) = place.split_once("://").unwrap_or(("postgres", place));
    let (authority, path) = match rest.split_once('/') {
        Some((authority, path)) => (authority, format!("/{path}")),
        None => (rest, String::new()),
    };
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    };
    let hosts: Vec<&str> = hosts.split(',').collect();
    let options: Vec<(&str, Vec<String>)> = options
        .split('&')
        .filter(|option| !option.is_empty())
        .map(|option| option.split_once('=').unwrap_or((option, "")))
        .map(|(name, value)| (name, listed(name, value)))
        .collect();
    let lists = options.iter().map(|(_, list)| list.len());
    let count = lists.chain([hosts.len()]).max().unwrap_or(1);
    (0..count)
        .map(|at| {
            let host = hosts.get(at).or(hosts.last()).copied().unwrap_or_default();
            let options: Vec<String> = options
                .iter()
                .filter_map(|(name, list)| {
                    list.get(at).or(list.last()).map(|v| format!("{name}={v}"))
                })
                .collect();
            let mark = if options.is_empty() { "" } else { "?" };
            format!("{scheme}://{user}{host}{path}{mark}{}", options.join("&"))
        })
        .collect()
}

/// The values of an option.
fn listed(name: &str, value: &str) -> Vec<String> {
    if !LISTS.contains(&name) {
        return vec![value.to_owned()];
    }
    let plain = value.replace("%2C", ",").replace("%2c", ",");
    plain.split(',').map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_has_a_url_of_its_own() {
        let cases: [(&str, &[&str]); 6] = [
            ("postgres://a:b@db/d", &["postgres://a:b@db/d"]),
            (
                "postgres://a:b@db1,db2:5433/d?sslmode=require",
                &[
                    "postgres://a:b@db1/d?sslmode=require",
                    "postgres://a:b@db2:5433/d?sslmode=require",
                ],
            ),
            (
                "postgres://a@[::1]:1,[::2]:2/d",
                &["postgres://a@[::1]:1/d", "postgres://a@[::2]:2/d"],
            ),
            (
                "postgres:///d?host=db1,db2&port=5433",
                &[
                    "postgres:///d?host=db1&port=5433",
                    "postgres:///d?host=db2&port=5433",
                ],
            ),
            (
                "postgres:///d?host=db1%2Cdb2&port=1%2c2&options=-c%20a%3D1,2",
                &[
                    "postgres:///d?host=db1&port=1&options=-c%20a%3D1,2",
                    "postgres:///d?host=db2&port=2&options=-c%20a%3D1,2",
                ],
            ),
            ("postgres://db", &["postgres://db"]),
        ];
        for (url, urls) in cases {
            assert_eq!(each(url), urls, "{url}");
        }
    }

    #[test]
    fn the_one_that_served_last_is_asked_first() {
        let hosts = Hosts::of("postgres://a,b,c/d");
        let mut asked = Vec::new();
        let mut only = |up: &str| {
            asked.clear();
            let done = hosts.connect(|url| {
                asked.push(url.to_owned());
                if url.contains(up) {
                    Ok(())
                } else {
                    Err(ConnectionError::BadConnection(url.to_owned()))
                }
            });
            (done.is_ok(), asked.len())
        };
        assert_eq!(only("//b/"), (true, 2));
        assert_eq!(
            only("//b/"),
            (true, 1),
            "the vanished first costs nobody again"
        );
        assert_eq!(only("//a/"), (true, 3), "all are asked, in a circle");
        assert_eq!(only("//x/"), (false, 3));
    }
}
