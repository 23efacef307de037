//! Bodies and query strings, parsed and validated by one extractor each.

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header, web};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use validator::{Validate, ValidationErrors, ValidationErrorsKind};

use crate::platform::problem::{Code, Item, Problem};

/// A JSON body may have this many bytes; photos travel as multipart.
pub const MAX_JSON_BYTES: usize = 256 * 1024;

/// A JSON body that was read, parsed (unknown fields refused) and validated.
#[derive(Debug)]
pub struct Body<T> {
    /// The value.
    pub value: T,
    /// SHA-256 of the bytes received, for the idempotency key.
    pub fingerprint: [u8; 32],
}

impl<T: DeserializeOwned + Validate> Body<T> {
    /// Parses and validates bytes, as the extractor does.
    ///
    /// # Errors
    /// 400 when it is not JSON of this shape, 422 when a field's value is not valid.
    pub fn parse(bytes: &[u8]) -> Result<Self, Problem> {
        let value: T = serde_json::from_slice(bytes).map_err(|e| shape_problem(&e))?;
        value
            .validate()
            .map_err(|e| Problem::invalid_items(flatten(&e)))?;
        Ok(Self {
            value,
            fingerprint: Sha256::digest(bytes).into(),
        })
    }
}

/// Unknown fields and wrong types are 400 with the place; serde's own words carry the field.
fn shape_problem(error: &serde_json::Error) -> Problem {
    let message = error.to_string();
    let field = message.split('`').nth(1).unwrap_or_default().to_owned();
    let code = if message.starts_with("unknown field") {
        "unknown_field"
    } else if message.starts_with("missing field") {
        "required"
    } else {
        "wrong_type"
    };
    Problem::because(
        Code::MalformedRequest,
        "the body is not the JSON this operation takes",
    )
    .with_items(vec![Item::new(&format!("body.{field}"), code, message)])
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read_json(request, payload);
        Box::pin(async move { Self::parse(&bytes.await?) })
    }
}

/// The bytes of a JSON body, within its bound.
///
/// # Errors
/// 415 for another content type, 413 for a body too large, 400 for one that breaks off.
pub fn read_json(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<web::Bytes, Problem>> + use<> {
    let bytes = is_json(request).then(|| read(request, payload));
    async move {
        match bytes {
            Some(bytes) => bytes.await,
            None => Err(Problem::because(
                Code::UnsupportedMediaType,
                "send application/json",
            )),
        }
    }
}

fn is_json(request: &HttpRequest) -> bool {
    request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.split(';').next())
        .is_some_and(|v| v.trim().eq_ignore_ascii_case("application/json"))
}

fn read(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<web::Bytes, Problem>> + use<> {
    let body = web::Bytes::from_request(request, payload);
    async move {
        body.await
            .map_err(|e| match e.as_response_error().status_code().as_u16() {
                413 => Problem::because(
                    Code::BodyTooLarge,
                    format!("a JSON body may have {MAX_JSON_BYTES} bytes"),
                ),
                _ => Problem::because(Code::MalformedRequest, "the body could not be read"),
            })
    }
}

/// A query string that was parsed (unknown names refused) and validated. Failures are 400.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Validate> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parsed = web::Query::<T>::from_query(request.query_string())
            .map_err(|e| {
                let message = e.to_string();
                let name = message.split('`').nth(1).unwrap_or("?").to_owned();
                Problem::bad_parameter(&name, message)
            })
            .and_then(|query| {
                let value = query.into_inner();
                value.validate().map_err(|e| {
                    let items = flatten(&e)
                        .into_iter()
                        .map(|item| Item {
                            location: format!("query.{}", item.location),
                            ..item
                        })
                        .collect();
                    Problem::new(Code::BadParameter).with_items(items)
                })?;
                Ok(Self(value))
            });
        ready(parsed)
    }
}

/// Nested validation errors as one flat list with paths such as `photos[2].role`.
fn flatten(errors: &ValidationErrors) -> Vec<Item> {
    let mut items = Vec::new();
    collect(errors, "", &mut items);
    items.sort_by(|a, b| a.location.cmp(&b.location));
    items
}

fn collect(errors: &ValidationErrors, prefix: &str, items: &mut Vec<Item>) {
    for (field, kind) in errors.errors() {
        let path = match (prefix, field.as_ref()) {
            (p, "__all__") => p.to_owned(),
            ("", f) => f.to_owned(),
            (p, f) => format!("{p}.{f}"),
        };
        match kind {
            ValidationErrorsKind::Field(found) => {
                items.extend(found.iter().map(|e| {
                    let message = e.message.as_deref().unwrap_or("is not valid");
                    Item::new(&path, &e.code, message)
                }));
            }
            ValidationErrorsKind::Struct(inner) => collect(inner, &path, items),
            ValidationErrorsKind::List(list) => {
                for (at, inner) in list {
                    collect(inner, &format!("{path}[{at}]"), items);
                }
            }
        }
    }
}
