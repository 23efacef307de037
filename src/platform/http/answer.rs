//! An answer as plain values, so that a transaction can make, keep and repeat it.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::platform::problem::Problem;

/// What a write answers: status, `Location`, JSON body, `ETag`. Kept with its idempotency key.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// HTTP status, 2xx.
    pub status: u16,
    /// The new thing's address.
    pub location: Option<String>,
    /// The JSON body; `None` is an empty body.
    pub body: Option<serde_json::Value>,
}

impl Answer {
    /// 200 with a body.
    ///
    /// # Errors
    /// A fault when the body cannot be written as JSON.
    pub fn ok(body: &impl Serialize) -> Result<Self, Problem> {
        Self::with(200, None, body)
    }

    /// 201 with a body and the new thing's address.
    ///
    /// # Errors
    /// A fault when the body cannot be written as JSON.
    pub fn created(location: String, body: &impl Serialize) -> Result<Self, Problem> {
        Self::with(201, Some(location), body)
    }

    /// 202 with a body: accepted, not yet done.
    ///
    /// # Errors
    /// A fault when the body cannot be written as JSON.
    pub fn accepted(body: &impl Serialize) -> Result<Self, Problem> {
        Self::with(202, None, body)
    }

    /// 204.
    #[must_use]
    pub fn no_content() -> Self {
        Self {
            status: 204,
            location: None,
            body: None,
        }
    }

    fn with(status: u16, location: Option<String>, body: &impl Serialize) -> Result<Self, Problem> {
        let body = serde_json::to_value(body)
            .map_err(|e| Problem::fault(format!("cannot write an answer: {e}")))?;
        Ok(Self {
            status,
            location,
            body: Some(body),
        })
    }

    /// The HTTP response. The body's `version`, where it has one, becomes the `ETag`.
    #[must_use]
    pub fn into_response(self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = HttpResponse::build(status);
        if let Some(location) = self.location {
            response.insert_header((header::LOCATION, location));
        }
        let Some(body) = self.body else {
            return response.finish();
        };
        if let Some(version) = body.get("version").and_then(serde_json::Value::as_i64) {
            response.insert_header(super::etag_of(version));
        }
        response.json(body)
    }
}

/// The bytes of a file, for the document.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "read by the schema derive alone")]
pub struct FileBytes(String);
