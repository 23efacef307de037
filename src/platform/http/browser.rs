//! What browsers are told: what a page of ours may do, and which other sites may call.

use std::str::FromStr;

use actix_web::http::{
    Method,
    header::{self, HeaderMap, HeaderName, HeaderValue},
};

/// Nothing we answer is a page that loads anything or may be shown inside another.
const POLICY: &str =
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The documentation's page is one: scripts and styles of its own, styles set by its script,
/// pictures within its style sheet, requests to us.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'; \
     base-uri 'none'; form-action 'none'";

/// Where the documentation's page lives.
const DOCS: &str = "/docs/";

/// What other sites' scripts may send.
const SENT: &str = "Authorization, Content-Type, Content-Encoding, Accept-Language, \
     Idempotency-Key, If-Match, If-None-Match, Device-Now";

/// What other sites' scripts may read beyond what every script may.
const READ: &str = "ETag, Location, Link, Retry-After, Content-Language, Content-Disposition";

/// Seconds for which a browser may keep what a preflight said.
const KEPT_S: &str = "600";

/// Sets what protects an answer in a browser: no guessing of types, no frames, no loading, and no
/// address of ours told to others.
pub fn protect(headers: &mut HeaderMap, path: &str) {
    let policy = if path.starts_with(DOCS) {
        DOCS_POLICY
    } else {
        POLICY
    };
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// The sites whose scripts may call (CORS). Nobody is let in by cookies, so none are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins(Vec<String>);

impl FromStr for Origins {
    type Err = String;

    /// Reads a list such as `https://a.example, https://b.example:8443`; empty is nobody.
    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',')
            .map(str::trim)
            .filter(|origin| !origin.is_empty())
            .map(origin)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// An origin as browsers write it: scheme, host, and a port that is not the scheme's own.
fn origin(text: &str) -> Result<String, String> {
    let refused = || {
        format!(
            "`{text}` is no origin such as https://app.example.cn: scheme and host, no path, no `*`"
        )
    };
    let lower = text.to_ascii_lowercase();
    let (scheme, rest) = lower.split_once("://").ok_or_else(refused)?;
    let own_port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return Err(refused()),
    };
    let host = rest.strip_suffix('/').unwrap_or(rest);
    let host = host.strip_suffix(own_port).unwrap_or(host);
    let letters = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    if host.is_empty() || !host.chars().all(letters) {
        return Err(refused());
    }
    Ok(format!("{scheme}://{host}"))
}

impl Origins {
    /// The request's origin, if it may call.
    #[must_use]
    pub fn allowed(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let origin = request.get(header::ORIGIN)?;
        let known = origin
            .to_str()
            .is_ok_and(|origin| self.0.iter().any(|o| o.eq_ignore_ascii_case(origin)));
        known.then(|| origin.clone())
    }

    /// Says on an answer that the origin may read it. Answers differ by origin as soon as there
    /// are any, which caches must know of every answer.
    pub fn admit(&self, answer: &mut HeaderMap, origin: Option<HeaderValue>) {
        if self.0.is_empty() {
            return;
        }
        answer.append(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = origin {
            answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            answer.insert(
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static(READ),
            );
        }
    }
}

/// Whether a request asks, before another, whether that other may be sent.
#[must_use]
pub fn is_preflight(method: &Method, request: &HeaderMap) -> bool {
    *method == Method::OPTIONS
        && request.contains_key(header::ORIGIN)
        && request.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// What a preflight of an origin that may call is answered, beside [`Origins::admit`].
#[must_use]
pub fn preflight(methods: &str) -> Vec<(HeaderName, String)> {
    vec![
        (header::ACCESS_CONTROL_ALLOW_METHODS, methods.to_owned()),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, SENT.to_owned()),
        (header::ACCESS_CONTROL_MAX_AGE, KEPT_S.to_owned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Headers: an origin is read as browsers write it, and what would let everybody in is refused.
    #[test]
    fn origins_are_read_as_browsers_write_them() {
        let read = |text: &str| text.parse::<Origins>();
        assert_eq!(
            read(" https://App.Example.cn:443/ , http://10.0.0.7:8080,").unwrap(),
            Origins(vec![
                "https://app.example.cn".to_owned(),
                "http://10.0.0.7:8080".to_owned()
            ])
        );
        assert_eq!(read("").unwrap(), Origins::default());
        for text in [
            "*",
            "null",
            "https://*",
            "app.example.cn",
            "https://",
            "https://a.cn/app",
            "ftp://a.cn",
            "https://a.cn https://b.cn",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
