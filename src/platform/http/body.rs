//! Bodies and query strings, parsed and validated by one extractor each.

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    error::PayloadError,
    http::{Method, header},
};
use bytes::{Bytes, BytesMut};
use serde::de::DeserializeOwned;
use validator::{Validate, ValidationError, ValidationErrors, ValidationErrorsKind};

use super::{
    Null, Patience,
    dates::YEAR_OUT_OF_RANGE,
    encoding::unpacked,
    objects::{self, fingerprint},
};
use crate::platform::problem::{Code, Item, ItemCode, Problem};

/// A JSON body may have this many bytes unless its operation takes more; photos travel as multipart.
pub const MAX_JSON_BYTES: usize = 256 * 1024;

/// So much of a body that is too large is read and dropped before it is refused: a proxy that still
/// sends when the answer comes cuts the answer off, or makes a 502 of it.
const PASSED_OVER: usize = 2 * 1024 * 1024;

/// A JSON body that was read, parsed (unknown fields refused) and validated.
#[derive(Debug)]
pub struct Body<T> {
    /// The value.
    pub value: T,
    /// SHA-256 of what the body means, for the idempotency key.
    pub fingerprint: [u8; 32],
}

impl<T: DeserializeOwned + Validate> Body<T> {
    /// Parses and validates bytes, as the extractor does.
    ///
    /// # Errors
    /// 400 when it is not JSON of this shape, 422 when a field's value is not valid.
    pub fn parse(bytes: &[u8], null: Null) -> Result<Self, Problem> {
        let body = objects::parse(bytes, null).map_err(|e| misshapen(&e))?;
        refuse_nul(&body)?;
        let value: T = objects::read(&body).map_err(|e| misshapen(&e))?;
        value
            .validate()
            .map_err(|e| Problem::invalid_items(flatten(&e)))?;
        Ok(Self {
            value,
            fingerprint: fingerprint(&body, null),
        })
    }
}

/// What is wrong with a body's or a query's shape, by serde's own words for it.
const SHAPES: &[(&str, ItemCode)] = &[
    ("unknown field", ItemCode::UnknownField),
    ("duplicate field", ItemCode::DuplicateField),
    ("missing field", ItemCode::Required),
    ("unknown variant", ItemCode::UnknownValue),
    (YEAR_OUT_OF_RANGE, ItemCode::OutOfRange),
];

/// The code of serde's words, and the field's name where it stands in them alone.
fn shape_of(message: &str) -> (ItemCode, Option<&str>) {
    let code = SHAPES
        .iter()
        .find(|(words, _)| message.starts_with(words))
        .map_or(ItemCode::WrongType, |(_, code)| *code);
    let named = matches!(
        code,
        ItemCode::UnknownField | ItemCode::DuplicateField | ItemCode::Required
    );
    (code, message.split('`').nth(1).filter(|_| named))
}

/// The place of a shape error: serde's path, with the field's name where the path ends before it.
fn place_of(root: &str, path: &serde_path_to_error::Path, field: Option<&str>) -> String {
    let path = path.to_string();
    let mut steps: Vec<&str> = vec![root];
    steps.extend(Some(path.as_str()).filter(|p| *p != "."));
    let last = path.rsplit('.').next();
    steps.extend(field.filter(|field| last != Some(field)));
    steps.join(".")
}

fn misshapen(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let inner = error.inner();
    if !inner.is_data() {
        return not_json(inner);
    }
    let message = inner.to_string();
    let (code, field) = shape_of(&message);
    let place = place_of("body", error.path(), field);
    not_this_shape(Item::new(&place, code, message.clone()))
}

fn not_json(error: &serde_json::Error) -> Problem {
    not_this_shape(Item::new("body", ItemCode::NotJson, error.to_string()))
}

fn not_this_shape(item: Item) -> Problem {
    Problem::because(
        Code::MalformedRequest,
        "the body is not the JSON this operation takes",
    )
    .with_items(vec![item])
}

/// Refuses a text with the letter NUL, which no database text can hold and no person means.
fn refuse_nul(body: &serde_json::Value) -> Result<(), Problem> {
    let mut items = Vec::new();
    find_nul(body, "", &mut items);
    if items.is_empty() {
        Ok(())
    } else {
        Err(Problem::invalid_items(items))
    }
}

fn find_nul(value: &serde_json::Value, path: &str, items: &mut Vec<Item>) {
    use serde_json::Value;
    match value {
        Value::String(text) if text.contains('\0') => {
            let message = "has a letter NUL, which is no text";
            items.push(Item::new(path, ItemCode::NulLetter, message));
        }
        Value::Array(list) => {
            for (at, inner) in list.iter().enumerate() {
                find_nul(inner, &format!("{path}[{at}]"), items);
            }
        }
        Value::Object(fields) => {
            for (name, inner) in fields {
                let dot = if path.is_empty() { "" } else { "." };
                find_nul(inner, &format!("{path}{dot}{name}"), items);
            }
        }
        _ => {}
    }
}

impl<T: DeserializeOwned + Validate + 'static> FromRequest for Body<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read_json(request, payload, MAX_JSON_BYTES);
        let null = match *request.method() {
            Method::PATCH => Null::Clears,
            _ => Null::IsAbsence,
        };
        Box::pin(async move { Self::parse(&bytes.await?, null) })
    }
}

/// The bytes of a JSON body, unpacked, `most` of them.
///
/// # Errors
/// 415 for another content type or coding, 413 for a body too large, 408 for one that does not come
/// in time, 400 for one that breaks off.
pub fn read_json(
    request: &HttpRequest,
    payload: &mut Payload,
    most: usize,
) -> impl Future<Output = Result<Bytes, Problem>> + use<> {
    let announced = announced_bytes(request);
    let body = is_json(request).and_then(|()| unpacked(request, payload.take()));
    async move {
        let mut body = body?;
        let too_large = || {
            let detail = format!("a JSON body may have {most} bytes");
            Problem::because(Code::BodyTooLarge, detail)
        };
        if announced.is_some_and(|bytes| bytes > most + PASSED_OVER) {
            return Err(too_large());
        }
        let waiting = Patience::JSON.begin();
        let mut bytes = BytesMut::new();
        let mut passed_over = 0;
        while let Some(chunk) = waiting.next(&mut body).await? {
            let chunk = chunk.map_err(|e| broken_off(&e))?;
            if passed_over > 0 || bytes.len() + chunk.len() > most {
                passed_over += chunk.len();
                if passed_over > PASSED_OVER {
                    break;
                }
            } else {
                bytes.extend_from_slice(&chunk);
            }
        }
        if passed_over > 0 {
            return Err(too_large());
        }
        Ok(bytes.freeze())
    }
}

/// The bytes a body has, as far as its sender says.
#[must_use]
pub fn announced_bytes(request: &HttpRequest) -> Option<usize> {
    let announced = request.headers().get(header::CONTENT_LENGTH)?;
    announced.to_str().ok()?.parse().ok()
}

/// A body that did not come whole.
#[must_use]
pub fn broken_off(error: &PayloadError) -> Problem {
    match error {
        PayloadError::Overflow => Problem::because(
            Code::BodyTooLarge,
            "the body unpacks to many times what came; send it as it is",
        ),
        PayloadError::EncodingCorrupted => Problem::because(
            Code::MalformedRequest,
            "the body is not packed as Content-Encoding says",
        ),
        _ => Problem::because(Code::MalformedRequest, "the body breaks off"),
    }
}

/// The media type of a request, lower case, without its parameters; the first where a proxy folded
/// a header that was set twice.
#[must_use]
pub fn media_type(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    let essence = value.split([';', ',']).next().unwrap_or_default();
    Some(essence.trim().to_ascii_lowercase())
}

/// Whether a media type is JSON's: its own, one of its old names, one that is written in it (RFC 6839), or
/// none at all.
fn names_json(media_type: &str) -> bool {
    match media_type.strip_prefix("application/") {
        Some(kind) => matches!(kind, "json" | "x-json") || kind.ends_with("+json"),
        None => matches!(media_type, "" | "text/json" | "text/x-json"),
    }
}

/// JSON is UTF-8 (RFC 8259, 8.1), whether its sender says so or not.
fn is_json(request: &HttpRequest) -> Result<(), Problem> {
    let refused = |detail| Err(Problem::because(Code::UnsupportedMediaType, detail));
    if !media_type(request).as_deref().is_none_or(names_json) {
        return refused("send application/json");
    }
    let value = request.headers().get(header::CONTENT_TYPE);
    let parameters = value.and_then(|v| v.to_str().ok()).unwrap_or_default();
    let charset = parameters.split([';', ',']).skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        is_charset.then(|| value.trim().trim_matches('"').to_ascii_lowercase())
    });
    match charset.as_deref() {
        None | Some("" | "utf-8" | "utf8" | "us-ascii") => Ok(()),
        Some(_) => refused("send JSON as UTF-8"),
    }
}

/// A query string that was parsed (unknown names refused) and validated. Failures are 400.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Validate> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let parsed = read_query::<T>(request.query_string()).and_then(|value| {
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

fn read_query<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    if let Some((name, _)) = form_urlencoded::parse(query.as_bytes())
        .find(|(name, value)| name.contains('\0') || value.contains('\0'))
    {
        let message = "has a letter NUL, which is no text";
        return Err(Problem::bad_parameter(&name.replace('\0', "?"), message));
    }
    // A form sends all of its fields; one that is empty says nothing.
    let said = query
        .split('&')
        .filter(|pair| {
            pair.split_once('=')
                .is_some_and(|(_, value)| !value.is_empty())
        })
        .collect::<Vec<_>>()
        .join("&");
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(said.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|e| {
        let message = e.inner().to_string();
        let (code, field) = shape_of(&message);
        let code = if code == ItemCode::WrongType {
            ItemCode::BadParameter
        } else {
            code
        };
        let place = place_of("query", e.path(), field);
        Problem::new(Code::BadParameter).with_items(vec![Item::new(&place, code, message.clone())])
    })
}

/// Nested validation errors as one flat list with paths such as `photos[2].role`.
#[must_use]
pub fn flatten(errors: &ValidationErrors) -> Vec<Item> {
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
                    Item::new(&path, code_of(e), message)
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

/// The code of a validator's finding: its own rules, and those of the house
/// ([`says_something`](super::says_something) and reasons).
fn code_of(error: &ValidationError) -> ItemCode {
    let named = |code: &&ItemCode| code.as_str() == error.code;
    let known = ItemCode::ALL.iter().find(named);
    known.copied().unwrap_or(ItemCode::WrongType)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "read by serde alone")]
        inner: Inner,
        #[serde(default, deserialize_with = "super::super::dates::maybe_instant")]
        at: Option<chrono::DateTime<chrono::Utc>>,
        #[serde(default)]
        names: Vec<String>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "read by serde alone")]
    struct Inner {
        lon: f64,
        datum: crate::geo::Datum,
    }

    fn refused(text: &str) -> String {
        let problem = Body::<Outer>::parse(text.as_bytes(), Null::IsAbsence).unwrap_err();
        let item = problem.items().first().unwrap();
        format!(
            "{} {} {}",
            problem.code().status(),
            item.location,
            item.code.as_str()
        )
    }

    #[test]
    fn each_fault_of_shape_names_its_field() {
        let cases = [
            (
                "{\"inner\": {\"lon\": \"x\", \"datum\": \"WGS84\"}}",
                "400 body.inner.lon wrong_type",
            ),
            (
                "{\"inner\": {\"datum\": \"WGS84\"}}",
                "400 body.inner.lon required",
            ),
            (
                "{\"inner\": {\"lon\": 1, \"datum\": \"WGS72\"}}",
                "400 body.inner.datum unknown_value",
            ),
            (
                "{\"inner\": {\"lon\": 1, \"lng\": 1}}",
                "400 body.inner.lng unknown_field",
            ),
            (
                "[{\"lon\": 1, \"datum\": \"WGS84\"}]",
                "400 body wrong_type",
            ),
            ("{\"inner\": [1, \"WGS84\"]}", "400 body.inner wrong_type"),
            ("{\"outer\": 1}", "400 body.outer unknown_field"),
            ("{}", "400 body.inner required"),
            ("{\"inner\"", "400 body not_json"),
            (
                "{\"inner\": {\"lon\": 1, \"datum\": \"WGS84\"}} x",
                "400 body not_json",
            ),
            (
                "{\"inner\": {\"lon\": 1, \"datum\": \"WGS84\"}, \"names\": [\"a\", \"b\\u0000\"]}",
                "422 names[1] nul_letter",
            ),
            (
                "{\"inner\": {\"lon\": 1, \"datum\": \"WGS84\"}, \"at\": \"+262142-01-01T00:00:00Z\"}",
                "400 body.at out_of_range",
            ),
            (
                "{\"inner\": {\"lon\": 1, \"datum\": \"WGS84\"}, \"at\": \"yesterday\"}",
                "400 body.at wrong_type",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(refused(text), expected, "{text}");
        }
    }

    #[test]
    fn an_empty_pair_of_a_query_says_nothing() {
        #[derive(Debug, Deserialize, Default, PartialEq)]
        #[serde(deny_unknown_fields, default)]
        struct Filters {
            state: Option<String>,
            limit: Option<i64>,
        }
        for query in ["", "state=&limit=", "state&limit", "&&", "limit=&other="] {
            assert_eq!(
                read_query::<Filters>(query).unwrap(),
                Filters::default(),
                "{query}"
            );
        }
        let read = read_query::<Filters>("state=&limit=7&").unwrap();
        assert_eq!((read.state, read.limit), (None, Some(7)));
        let blank = read_query::<Filters>("state=%20").unwrap();
        assert_eq!(blank.state.as_deref(), Some(" "));
        for query in ["other=1", "limit=x", "limit=%00"] {
            assert!(read_query::<Filters>(query).is_err(), "{query}");
        }
    }

    #[test]
    fn json_is_known_by_any_of_its_names() {
        for kind in [
            "application/json",
            "application/x-json",
            "text/json",
            "text/x-json",
            "",
            "application/vnd.office+json",
            "application/problem+json",
        ] {
            assert!(names_json(kind), "{kind}");
        }
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonp",
            "multipart/form-data",
            "image/x+json",
        ] {
            assert!(!names_json(kind), "{kind}");
        }
    }

    #[test]
    fn an_escaped_backslash_is_no_nul() {
        let text = "{\"inner\": {\"lon\": 1, \"datum\": \"WGS84\"}, \"names\": [\"\\\\u0000\"]}";
        let body = Body::<Outer>::parse(text.as_bytes(), Null::IsAbsence).unwrap();
        assert_eq!(body.value.names, ["\\u0000"]);
        assert!(body.value.at.is_none());
    }
}
