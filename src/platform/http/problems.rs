//! Problems as HTTP answers.

use actix_web::{
    Error, HttpRequest, HttpResponse, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{StatusCode, header},
    middleware::Next,
};

use utoipa::ToResponse;

use super::CODINGS;
use crate::platform::metrics::method_label;
use crate::platform::problem::{Code, Language, Problem, ProblemDocument};

const PROBLEM_JSON: &str = "application/problem+json";

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        render(self, Language::default())
    }
}

fn render(problem: &Problem, language: Language) -> HttpResponse {
    let mut response = HttpResponse::build(problem.status_code());
    response.content_type(PROBLEM_JSON);
    response.insert_header((header::CONTENT_LANGUAGE, language.tag()));
    if let Some(seconds) = problem.retry_after_s() {
        response.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    if problem.code() == Code::UnsupportedEncoding {
        response.insert_header((header::ACCEPT_ENCODING, CODINGS));
    }
    if problem.status_code() == StatusCode::UNAUTHORIZED {
        response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    response.body(serde_json::to_vec(&problem.document(language)).unwrap_or_default())
}

/// The language a request asks for: English when `Accept-Language` prefers it, else Chinese.
#[must_use]
pub fn language_of(request: &HttpRequest) -> Language {
    let header = request
        .headers()
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|v| v.to_str().ok());
    header.map_or_else(Language::default, preferred)
}

/// The language a list of ranges prefers (RFC 9110, 12.5.4). What is weighed alike, or not named
/// at all, leaves the default; `*` speaks for both.
fn preferred(ranges: &str) -> Language {
    let weight_of = |language: &str| {
        let mut weight = None;
        for range in ranges.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default();
            let named = tag
                .split('-')
                .next()
                .is_some_and(|t| t.eq_ignore_ascii_case(language));
            if named || (tag == "*" && weight.is_none()) {
                let quality = parts
                    .find_map(|part| part.strip_prefix("q="))
                    .map_or(Some(1.0), |q| q.parse::<f32>().ok());
                weight = quality;
                if named {
                    break;
                }
            }
        }
        weight.unwrap_or(0.0)
    };
    if weight_of("en") > weight_of("zh") {
        Language::En
    } else {
        Language::Zh
    }
}

/// Middleware: renders every problem in the caller's language, turns the framework's own refusals
/// into problem documents, and writes our faults to the log, once, with the route's name.
///
/// # Errors
/// What the inner service refuses, already rendered.
pub async fn localise(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let language = language_of(request.request());
    let method = method_label(request.method().as_str());
    let pattern = request
        .match_pattern()
        .unwrap_or_else(|| "unmatched".to_owned());
    let rendered = |problem: &Problem| {
        if let Some(internal) = problem.internal() {
            tracing::error!(
                method,
                route = pattern,
                code = problem.code().as_str(),
                "{internal}"
            );
        }
        render(problem, language)
    };
    match next.call(request).await {
        Ok(response) => {
            let response = response.map_into_boxed_body();
            let own = response
                .response()
                .error()
                .and_then(|e| e.as_error::<Problem>())
                .cloned();
            Ok(match own.or_else(|| framework_refusal(&response)) {
                Some(problem) => response.into_response(rendered(&problem)),
                None => response,
            })
        }
        Err(error) => {
            let status = error.as_response_error().status_code();
            let problem = error
                .as_error::<Problem>()
                .cloned()
                .or_else(|| refusal_of(status));
            Err(match problem {
                Some(problem) => {
                    InternalError::from_response(problem.clone(), rendered(&problem)).into()
                }
                None => error,
            })
        }
    }
}

/// Errors of the framework (no such route, method, broken transfer) in our own words.
fn framework_refusal(response: &ServiceResponse<BoxBody>) -> Option<Problem> {
    let is_document = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|v| v.as_bytes().starts_with(b"application/"));
    if is_document {
        None
    } else {
        refusal_of(response.status())
    }
}

fn refusal_of(status: StatusCode) -> Option<Problem> {
    let code = match status {
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
        StatusCode::REQUEST_TIMEOUT => Code::RequestTimeout,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        status if status.is_client_error() => Code::MalformedRequest,
        status if status.is_server_error() => Code::Internal,
        _ => return None,
    };
    Some(Problem::new(code))
}

/// The answer every operation may give when it refuses or fails.
#[derive(ToResponse)]
#[response(
    description = "What was wrong and what to do next (RFC 9457)",
    content_type = "application/problem+json"
)]
#[expect(dead_code, reason = "the field is read by the schema derive alone")]
pub struct AnyProblem(ProblemDocument);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_the_one_weighed_most() {
        for ranges in [
            "en",
            "en-GB",
            "EN-us,zh;q=0.5",
            "zh;q=0.3, en;q=0.7",
            "fr, en;q=0.1",
        ] {
            assert_eq!(preferred(ranges), Language::En, "{ranges}");
        }
        for ranges in [
            "",
            "zh-CN",
            "en;q=0",
            "en;q=0, *",
            "zh,en;q=0.9",
            "*",
            "fr",
            "en;q=x",
            "energy",
        ] {
            assert_eq!(preferred(ranges), Language::Zh, "{ranges}");
        }
    }
}
