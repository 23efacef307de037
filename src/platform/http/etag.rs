//! `ETag` and `If-Match` on everything two people may edit.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header};

use crate::platform::problem::{Code, Problem};

/// The `ETag` of a row's version.
#[must_use]
pub fn etag_of(version: i64) -> String {
    format!("\"{version}\"")
}

/// The version the client read before it decided to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(Option<i32>);

impl IfMatch {
    /// Refuses when the client's version is not the present one.
    ///
    /// # Errors
    /// 412 when somebody was first, 428 when the client sent no `If-Match`.
    pub fn require(self, present: i32) -> Result<(), Problem> {
        match self.0 {
            None => Err(Problem::new(Code::PreconditionRequired)),
            Some(_) => self.check(present),
        }
    }

    /// Refuses when a version was sent and is not the present one.
    ///
    /// # Errors
    /// 412 when somebody was first.
    pub fn check(self, present: i32) -> Result<(), Problem> {
        match self.0 {
            Some(version) if version != present => Err(Problem::because(
                Code::PreconditionFailed,
                format!("you read version {version}, it is now {present}; read it again"),
            )),
            _ => Ok(()),
        }
    }
}

impl FromRequest for IfMatch {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match request.headers().get(header::IF_MATCH) {
            None => Ok(Self(None)),
            Some(value) => value
                .to_str()
                .map(|v| v.trim().trim_start_matches("W/").trim_matches('"'))
                .map_err(|_| ())
                .and_then(|v| v.parse().map_err(|_| ()))
                .map(|version| Self(Some(version)))
                .map_err(|()| {
                    Problem::because(
                        Code::MalformedRequest,
                        "If-Match is the ETag of an earlier answer, such as \"3\"",
                    )
                }),
        })
    }
}
