//! The client's address behind proxies of ours.
//!
//! Each proxy appends the address it was called from, so that only the last entries are true: as
//! many as there are proxies of ours. What stands before them was sent by the client, who may write
//! there whatever they like.

use std::{
    net::IpAddr,
    num::NonZeroUsize,
    sync::atomic::{AtomicBool, Ordering},
};

use actix_web::http::header::{self, HeaderMap, HeaderName};

use crate::platform::address::ClientAddress;

/// Which header our proxies write, if there are any.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forwarding {
    /// No proxy: the address is the connection's.
    Off,
    /// `X-Forwarded-For`; `Forwarded` (RFC 7239) where only that comes.
    XForwardedFor,
    /// `Forwarded` alone.
    Forwarded,
}

/// The proxies between a client and us.
#[derive(Debug, Clone, Copy)]
pub struct Proxies {
    /// What they write.
    pub header: Forwarding,
    /// How many there are, each of which appends one entry.
    pub hops: NonZeroUsize,
}

/// An entry of a header that is no address is said once; a log of every one could be filled by
/// anybody.
static SAID: AtomicBool = AtomicBool::new(false);

/// Letters of an unreadable entry that are shown.
const SHOWN: usize = 60;

impl Proxies {
    /// The client of a request that came from `peer` with these headers.
    #[must_use]
    pub fn client(self, headers: &HeaderMap, peer: Option<IpAddr>) -> ClientAddress {
        let entries = match self.header {
            Forwarding::Off => Vec::new(),
            Forwarding::Forwarded => forwarded(headers),
            Forwarding::XForwardedFor if headers.contains_key(header::X_FORWARDED_FOR) => {
                x_forwarded_for(headers)
            }
            Forwarding::XForwardedFor => forwarded(headers),
        };
        // Fewer entries than proxies: the first of them was written by one of ours as well.
        let at = entries.len().saturating_sub(self.hops.get());
        match entries.get(at) {
            Some(entry) => read(entry).map_or_else(|| unreadable(entry), ClientAddress::of),
            None => peer.map_or(ClientAddress::Unreadable, ClientAddress::of),
        }
    }
}

fn unreadable(entry: &str) -> ClientAddress {
    if !SAID.swap(true, Ordering::Relaxed) {
        let shown: String = entry.chars().take(SHOWN).collect();
        tracing::warn!(
            entry = shown,
            "the proxy names a client by no address; all such clients share one allowance (said once)"
        );
    }
    ClientAddress::Unreadable
}

/// All lines of a header, in order, each as text.
fn lines(headers: &HeaderMap, name: HeaderName) -> Vec<String> {
    headers
        .get_all(name)
        .map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
        .collect()
}

/// The entries of all `X-Forwarded-For` lines.
fn x_forwarded_for(headers: &HeaderMap) -> Vec<String> {
    lines(headers, header::X_FORWARDED_FOR)
        .iter()
        .flat_map(|line| line.split(','))
        .map(|entry| entry.trim().to_owned())
        .filter(|entry| !entry.is_empty())
        .collect()
}

/// The `for` of each element of all `Forwarded` lines; an element without one is an empty entry,
/// because a proxy of ours wrote it all the same. A quotation never runs on into the next line.
fn forwarded(headers: &HeaderMap) -> Vec<String> {
    lines(headers, header::FORWARDED)
        .iter()
        .flat_map(|line| split_outside_quotes(line, ','))
        .filter(|element| !element.trim().is_empty())
        .map(|element| {
            split_outside_quotes(&element, ';')
                .iter()
                .find_map(|pair| {
                    let (name, value) = pair.split_once('=')?;
                    let is_for = name.trim().eq_ignore_ascii_case("for");
                    is_for.then(|| value.trim().to_owned())
                })
                .unwrap_or_default()
        })
        .collect()
}

fn split_outside_quotes(text: &str, separator: char) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let (mut quoted, mut escaped) = (false, false);
    for letter in text.chars() {
        if letter == separator && !quoted {
            parts.push(std::mem::take(&mut part));
            continue;
        }
        if letter == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = quoted && letter == '\\' && !escaped;
        part.push(letter);
    }
    parts.push(part);
    parts
}

/// The address of an entry: quoted or not, in brackets or not, with a port or a zone or without.
/// What hides the client (`unknown`, `_hidden`) is none.
fn read(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let entry = match entry.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"')?.trim(),
        None => entry,
    };
    if let Some(bracketed) = entry.strip_prefix('[') {
        let (address, port) = bracketed.split_once(']')?;
        let address = v4(address).or_else(|| v6(address));
        return address.filter(|_| is_port(port));
    }
    if let Some(address) = v4(entry) {
        return Some(address);
    }
    match entry.split_once(':') {
        Some((address, port)) if address.contains('.') && is_port(&format!(":{port}")) => {
            v4(address)
        }
        _ => v6(entry).or_else(|| mapped_with_port(entry)),
    }
}

/// `::ffff:203.0.113.9:443`: behind the dots of an IPv4 address no further group can stand, so that
/// what does is a port.
fn mapped_with_port(entry: &str) -> Option<IpAddr> {
    let (address, port) = entry.rsplit_once(':')?;
    (address.contains('.') && is_port(&format!(":{port}")))
        .then(|| v6(address))
        .flatten()
}

/// Four numbers of one to three digits. Noughts before them fill them up: a proxy that pads its log
/// does not write octal.
fn v4(text: &str) -> Option<IpAddr> {
    const DIGITS: std::ops::RangeInclusive<usize> = 1..=3;
    let octets = text.split('.').map(|octet| {
        let is_number = DIGITS.contains(&octet.len()) && octet.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| octet.parse().ok()).flatten()
    });
    let octets: Vec<u8> = octets.collect::<Option<_>>()?;
    let octets: [u8; 4] = octets.try_into().ok()?;
    Some(IpAddr::from(octets))
}

/// An IPv6 address, with a zone or without, its end perhaps written as an IPv4 address.
fn v6(text: &str) -> Option<IpAddr> {
    let address = text.split('%').next().unwrap_or_default();
    let written = match address.rsplit_once(':') {
        Some((head, tail)) if tail.contains('.') => format!("{head}:{}", v4(tail)?),
        _ => address.to_owned(),
    };
    written.parse().ok().map(IpAddr::V6)
}

/// Nothing, or `:` and a port, which RFC 7239 lets a proxy hide as `_word`.
fn is_port(text: &str) -> bool {
    let Some(port) = text.strip_prefix(':') else {
        return text.is_empty();
    };
    port.parse::<u16>().is_ok() || (port.starts_with('_') && port.len() > 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn client(header: Forwarding, hops: usize, lines: &[(&str, &str)]) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        let proxies = Proxies {
            header,
            hops: NonZeroUsize::new(hops).unwrap(),
        };
        proxies
            .client(&headers, Some("127.0.0.1".parse().unwrap()))
            .to_string()
    }

    /// Addresses: what a client wrote stands before what our proxies wrote, in one line or another.
    #[test]
    fn the_trusted_entries_are_counted_from_the_end_of_all_lines() {
        let x = |hops, lines: &[&str]| {
            let lines: Vec<_> = lines.iter().map(|l| ("x-forwarded-for", *l)).collect();
            client(Forwarding::XForwardedFor, hops, &lines)
        };
        assert_eq!(x(1, &["6.6.6.6, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(x(1, &["203.0.113.9", "198.51.100.7"]), "198.51.100.7");
        assert_eq!(x(2, &["6.6.6.6, 203.0.113.9", "10.0.0.1"]), "203.0.113.9");
        assert_eq!(x(2, &["6.6.6.6", "203.0.113.9,10.0.0.1"]), "203.0.113.9");
        assert_eq!(x(3, &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(x(1, &["6.6.6.6, 203.0.113.9, "]), "203.0.113.9");
        assert_eq!(x(1, &["junk\", 203.0.113.9"]), "203.0.113.9");
        assert_eq!(x(1, &[]), "127.0.0.1");
        assert_eq!(
            client(Forwarding::Off, 1, &[("x-forwarded-for", "6.6.6.6")]),
            "127.0.0.1"
        );
    }

    #[test]
    fn an_entry_is_read_in_every_spelling() {
        for (entry, expected) in [
            ("203.0.113.9", "203.0.113.9"),
            ("203.0.113.9:5678", "203.0.113.9"),
            ("\"203.0.113.9:5678\"", "203.0.113.9"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("[::ffff:203.0.113.9]:443", "203.0.113.9"),
            ("[203.0.113.9]:80", "203.0.113.9"),
            ("[203.0.113.9]", "203.0.113.9"),
            ("\"[203.0.113.9]:80\"", "203.0.113.9"),
            ("::ffff:203.0.113.9:443", "203.0.113.9"),
            ("64:ff9b::203.0.113.9:443", "203.0.113.9"),
            ("2001:db8::1", "2001:db8:0:0::/64"),
            ("[2001:db8::1]", "2001:db8:0:0::/64"),
            ("[2001:db8::1]:443", "2001:db8:0:0::/64"),
            ("\"[2001:db8::1]:443\"", "2001:db8:0:0::/64"),
            ("fe80::1%eth0", "fe80::1"),
            ("[fe80::1%eth0]:80", "fe80::1"),
            ("203.0.113.9:_hidden", "203.0.113.9"),
            ("198.051.000.015", "198.51.0.15"),
            ("198.051.000.015:5678", "198.51.0.15"),
            ("\"[198.051.000.015]:80\"", "198.51.0.15"),
            ("008.008.008.008", "8.8.8.8"),
            ("::ffff:198.051.000.015", "198.51.0.15"),
            ("[::ffff:198.051.000.015]:443", "198.51.0.15"),
            ("::ffff:198.051.000.015:443", "198.51.0.15"),
            ("64:ff9b:1:abcd::c633:9", "198.51.0.9"),
            ("198.051.000.256", "unreadable"),
            ("198.051.000.0015", "unreadable"),
            ("198.051.000", "unreadable"),
            ("198.051..015", "unreadable"),
            ("198.+51.0.15", "unreadable"),
            ("unknown", "unreadable"),
            ("_gazonk", "unreadable"),
            ("203.0.113", "unreadable"),
            ("203.0.113.9:99999", "unreadable"),
            ("[2001:db8::1", "unreadable"),
            ("\"203.0.113.9", "unreadable"),
            ("localhost", "unreadable"),
            ("::ffff:203.0.113.9:99999", "unreadable"),
            ("::ffff:203.0.113.9:443:1", "unreadable"),
            ("[203.0.113.9]80", "unreadable"),
            ("[203.0.113]:80", "unreadable"),
        ] {
            let seen = client(Forwarding::XForwardedFor, 1, &[("x-forwarded-for", entry)]);
            assert_eq!(seen, expected, "{entry}");
        }
    }

    #[test]
    fn forwarded_is_read_as_its_rfc_says() {
        let f = |hops, lines: &[&str]| {
            let lines: Vec<_> = lines.iter().map(|l| ("forwarded", *l)).collect();
            client(Forwarding::Forwarded, hops, &lines)
        };
        assert_eq!(
            f(1, &["for=6.6.6.6, for=203.0.113.9;proto=https;by=10.0.0.1"]),
            "203.0.113.9"
        );
        assert_eq!(
            f(1, &["proto=https; For=\"[2001:db8::1]:4711\""]),
            "2001:db8:0:0::/64"
        );
        assert_eq!(f(2, &["for=203.0.113.9", "for=10.0.0.1"]), "203.0.113.9");
        assert_eq!(
            f(1, &["for=203.0.113.9;host=\"a,b;for=6.6.6.6\""]),
            "203.0.113.9"
        );
        assert_eq!(f(1, &["for=_hidden"]), "unreadable");
        assert_eq!(f(1, &["for=6.6.6.6, proto=http"]), "unreadable");
        assert_eq!(f(1, &["for=\"6.6.6.6, for=203.0.113.9"]), "unreadable");
        assert_eq!(f(1, &["for=\"6.6.6.6", "for=203.0.113.9"]), "203.0.113.9");
    }

    /// A header our proxies do not write is the client's word alone.
    #[test]
    fn the_header_our_proxies_do_not_write_tells_nothing() {
        let both = [
            ("forwarded", "for=6.6.6.6"),
            ("x-forwarded-for", "203.0.113.9"),
        ];
        assert_eq!(client(Forwarding::XForwardedFor, 1, &both), "203.0.113.9");
        assert_eq!(client(Forwarding::Forwarded, 1, &both), "6.6.6.6");
        let only = [("forwarded", "for=203.0.113.9")];
        assert_eq!(client(Forwarding::XForwardedFor, 1, &only), "203.0.113.9");
    }
}
