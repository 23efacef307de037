//! Problems as HTTP answers.

use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{StatusCode, header},
    middleware::Next,
};

use crate::platform::problem::{Code, Language, Problem};

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
    if let Some(seconds) = problem.retry_after_s() {
        response.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    if problem.status_code() == StatusCode::UNAUTHORIZED {
        response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
    }
    response.body(serde_json::to_vec(&problem.document(language)).unwrap_or_default())
}

/// The language a request asks for: English when `Accept-Language` prefers it, else Chinese.
#[must_use]
pub fn language_of(request: &HttpRequest) -> Language {
    let header = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
    match header.map(str::trim) {
        Some(tag) if tag.get(..2).is_some_and(|t| t.eq_ignore_ascii_case("en")) => Language::En,
        _ => Language::Zh,
    }
}

/// Middleware: renders every problem in the caller's language, turns the framework's own refusals
/// into problem documents, and writes our faults to the log, once, with the request's name.
///
/// # Errors
/// Never: errors become answers here.
pub async fn localise(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let http_request = request.request().clone();
    let answered = next.call(request).await;
    let response = match answered {
        Ok(response) => response.map_into_boxed_body(),
        Err(error) => ServiceResponse::new(http_request.clone(), error.error_response_boxed()),
    };
    let language = language_of(&http_request);
    let problem = response.response().error().and_then(|e| e.as_error::<Problem>()).cloned();
    let problem = problem.or_else(|| framework_refusal(&response));
    let Some(problem) = problem else { return Ok(response) };
    if let Some(internal) = problem.internal() {
        let path = http_request.match_pattern().unwrap_or_else(|| "unmatched".to_owned());
        tracing::error!(method = %http_request.method(), path, code = problem.code().as_str(), "{internal}");
        http_request.extensions_mut().insert(LoggedFault);
    }
    Ok(response.into_response(render(&problem, language)))
}

/// Marks a request whose fault was logged.
struct LoggedFault;

/// Errors of the framework (no such route, method, broken transfer) in our own words.
fn framework_refusal(response: &ServiceResponse<BoxBody>) -> Option<Problem> {
    let is_document = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|v| v.as_bytes().starts_with(b"application/"));
    let code = match response.status() {
        _ if is_document => return None,
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
        StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        StatusCode::REQUEST_TIMEOUT => Code::MalformedRequest,
        status if status.is_client_error() => Code::MalformedRequest,
        status if status.is_server_error() => Code::Internal,
        _ => return None,
    };
    Some(Problem::new(code))
}

trait BoxedErrorResponse {
    fn error_response_boxed(&self) -> HttpResponse;
}

impl BoxedErrorResponse for Error {
    fn error_response_boxed(&self) -> HttpResponse {
        match self.as_error::<Problem>() {
            Some(problem) => HttpResponse::from_error(problem.clone()),
            None => self.error_response(),
        }
    }
}
