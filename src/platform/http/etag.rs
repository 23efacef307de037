//! Entity tags and the conditions that name them (RFC 9110, 8.8.3 and 13) on everything two people
//! may edit.
//!
//! A tag begins with the row's version. A write goes by the version alone; what is read shows more
//! than its row (visits, clocks, whatever hangs on it), so its tag adds a digest of all that is
//! shown, and "not modified" means just that.

use std::future::{Ready, ready};

use actix_web::{
    Error, FromRequest, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{self, ETag, EntityTag, HeaderMap, HeaderName},
    },
    middleware::Next,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::platform::problem::{Code, Problem};

/// Between a tag's version and its digest.
const DIGEST_AFTER: char = '-';

/// The `ETag` of a row's version.
#[must_use]
pub fn etag_of(version: i64) -> ETag {
    ETag(EntityTag::new_strong(version.to_string()))
}

/// 200 with what is shown of a row and its `ETag`.
///
/// # Errors
/// A fault when it cannot be written as JSON.
pub fn versioned(version: i32, view: &impl Serialize) -> Result<HttpResponse, Problem> {
    let body = serde_json::to_vec(view)
        .map_err(|e| Problem::fault(format!("cannot write an answer: {e}")))?;
    let digest: [u8; 32] = Sha256::digest(&body).into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    let digest = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
    let tag = EntityTag::new_strong(format!("{version}{DIGEST_AFTER}{digest:016x}"));
    Ok(HttpResponse::Ok()
        .insert_header(ETag(tag))
        .content_type(header::ContentType::json())
        .body(body))
}

/// What `If-Match` or `If-None-Match` names. The framework's own types leave out what they cannot
/// read, and a condition that was mistyped would hold or fail unnoticed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Named {
    /// `*`: whatever there is.
    Any,
    /// One of these.
    Tags(Vec<EntityTag>),
}

impl Named {
    /// What the lines of a header name; `None` without the header.
    fn of(headers: &HeaderMap, name: HeaderName) -> Result<Option<Self>, Problem> {
        let lines: Vec<_> = headers
            .get_all(&name)
            .map(|line| String::from_utf8_lossy(line.as_bytes()))
            .collect();
        if lines.is_empty() {
            return Ok(None);
        }
        let text = lines.join(",");
        let named = if text.trim() == "*" {
            Some(Self::Any)
        } else {
            tags(&text).map(Self::Tags)
        };
        named.map(Some).ok_or_else(|| {
            let words = format!(
                "{name} is `*` or the ETag of an earlier answer in its quotes, such as \"3\"; several stand behind commas"
            );
            Problem::because(Code::MalformedRequest, words)
        })
    }

    fn has(&self, fits: impl Fn(&EntityTag) -> bool) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(fits),
        }
    }
}

/// The tags of a list, one at least. Commas stand between them and may stand within their quotes.
fn tags(list: &str) -> Option<Vec<EntityTag>> {
    let between = |letter: char| matches!(letter, ' ' | '\t' | ',');
    let mut tags = Vec::new();
    let mut rest = list.trim_start_matches(between);
    while !rest.is_empty() {
        let quoted = rest.find('"')? + 1;
        let end = quoted + rest.get(quoted..)?.find('"')? + 1;
        let (tag, behind) = rest.split_at_checked(end)?;
        tags.push(tag.parse().ok()?);
        rest = behind.trim_start_matches(between);
        let has_comma = behind.len() > rest.len() && behind.trim_start().starts_with(',');
        if !rest.is_empty() && !has_comma {
            return None;
        }
    }
    (!tags.is_empty()).then_some(tags)
}

/// Whether a tag is of a version, by strong comparison: a weak tag says that something else may
/// have been read.
fn is_of(tag: &EntityTag, version: i32) -> bool {
    let named = tag.tag().split(DIGEST_AFTER).next();
    !tag.weak && named == Some(version.to_string().as_str())
}

/// What a client makes a request depend on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// `If-Match`.
    one_of: Option<Named>,
    /// `If-None-Match`.
    none_of: Option<Named>,
}

impl Preconditions {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        Ok(Self {
            one_of: Named::of(headers, header::IF_MATCH)?,
            none_of: Named::of(headers, header::IF_NONE_MATCH)?,
        })
    }

    /// Refuses a write when the client's version is not the present one.
    ///
    /// # Errors
    /// 412 when somebody was first, 428 when the client sent no `If-Match`.
    pub fn require(&self, present: i32) -> Result<(), Problem> {
        match self.one_of {
            None => Err(Problem::new(Code::PreconditionRequired)),
            Some(_) => self.check(present),
        }
    }

    /// Refuses a write when a version was sent and is not the present one, or was to be none of
    /// the sent ones and is.
    ///
    /// # Errors
    /// 412 when somebody was first.
    pub fn check(&self, present: i32) -> Result<(), Problem> {
        let one = self
            .one_of
            .as_ref()
            .is_none_or(|n| n.has(|tag| is_of(tag, present)));
        let weakly = |tag: &EntityTag| is_of(&EntityTag::new_strong(tag.tag().to_owned()), present);
        let another = !self.none_of.as_ref().is_some_and(|n| n.has(weakly));
        if one && another {
            return Ok(());
        }
        Err(Problem::because(
            Code::PreconditionFailed,
            format!(
                "it is now version {present}, and that is not what you sent as condition; read it again"
            ),
        ))
    }
}

impl FromRequest for Preconditions {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request.headers()))
    }
}

/// Answers a read that carries an `ETag` as its conditions say, in the order of RFC 9110, 13.2.2:
/// `If-Match` first (412), then `If-None-Match` (304, without a body).
///
/// # Errors
/// 400 for a condition that cannot be read, 412 for one that failed.
pub async fn conditional(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let response = next.call(request).await?.map_into_boxed_body();
    let tag = response.headers().get(header::ETAG);
    let tag = tag.and_then(|tag| tag.to_str().ok()?.parse::<EntityTag>().ok());
    let is_read = response.request().method() == Method::GET;
    let Some(tag) = tag.filter(|_| is_read && response.status() == StatusCode::OK) else {
        return Ok(response);
    };
    let asked = Preconditions::of(response.request().headers())?;
    if asked
        .one_of
        .is_some_and(|n| !n.has(|one| one.strong_eq(&tag)))
    {
        let words = format!("what is there now has the ETag {tag}");
        return Err(Problem::because(Code::PreconditionFailed, words).into());
    }
    if asked
        .none_of
        .is_some_and(|n| n.has(|one| one.weak_eq(&tag)))
    {
        let unchanged = HttpResponse::NotModified()
            .insert_header(ETag(tag))
            .finish();
        return Ok(response.into_response(unchanged));
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_by_their_quotes() {
        let strong = |tag: &str| EntityTag::new_strong(tag.to_owned());
        assert_eq!(tags("\"3\""), Some(vec![strong("3")]));
        let weak = EntityTag::new_weak("4,5".to_owned());
        assert_eq!(
            tags(" \"3\" , W/\"4,5\",, \"6\","),
            Some(vec![strong("3"), weak, strong("6")])
        );
        for wrong in [
            "",
            ",",
            "3",
            "\"3",
            "3\"",
            "\"3\" \"4\"",
            "w/\"3\"",
            "*, \"3\"",
            "\"3\", 4",
        ] {
            assert_eq!(tags(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_tag_is_of_its_version_alone() {
        let is = |tag: &str| is_of(&tag.parse().unwrap(), 3);
        assert!(is("\"3\"") && is("\"3-0123456789abcdef\""));
        assert!(!is("W/\"3\"") && !is("\"03\"") && !is("\"33\"") && !is("\"\""));
    }
}
