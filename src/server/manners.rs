//! Middleware: what HTTP, browsers and the operator may expect of every answer.

use std::{sync::Arc, time::Instant};

use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
    web,
};

use crate::app::App;
use crate::operations::TABLE;
use crate::platform::{
    db::as_one_request,
    http::{connections::Watch, framing::Body, is_preflight, preflight, protect},
    metrics::method_label,
    problem::Problem,
};

/// What anybody may keep: it names nobody and changes with the district profile alone.
const KEEPABLE: &str = "/api/v1/district";

/// What HTTP and browsers are promised of every resource. HEAD is GET without the body, which the
/// protocol layer leaves out; 405 names the methods there are; what is not said to be kept is kept
/// by nobody, because almost every answer is about somebody; and other sites' scripts may call
/// where the operator says so.
pub(super) async fn polite(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.method() == Method::HEAD {
        request.head_mut().method = Method::GET;
    }
    let app = app_of(&request)?;
    let pattern = request.match_pattern().unwrap_or_default();
    let path = request.path().to_owned();
    let origin = app.settings.origins.allowed(request.headers());
    let asks_first = origin.is_some() && is_preflight(request.method(), request.headers());
    let dress = |status: StatusCode, headers: &mut HeaderMap| {
        if status == StatusCode::METHOD_NOT_ALLOWED
            && let Ok(allow) = HeaderValue::from_str(&methods_of(&pattern))
        {
            headers.insert(header::ALLOW, allow);
        }
        let about_somebody = pattern.starts_with("/api/") && pattern != KEEPABLE;
        if about_somebody && !headers.contains_key(header::CACHE_CONTROL) {
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        protect(headers, &path);
        app.settings.origins.admit(headers, origin);
    };
    if asks_first {
        let mut response = HttpResponse::NoContent();
        for said in preflight(&methods_of(&pattern)) {
            response.insert_header(said);
        }
        let mut response = request.into_response(response.finish());
        dress(response.status(), response.headers_mut());
        return Ok(response);
    }
    match next.call(request).await {
        Ok(response) => {
            let mut response = response.map_into_boxed_body();
            dress(response.status(), response.headers_mut());
            Ok(response)
        }
        Err(error) => {
            let mut response = error.error_response();
            dress(response.status(), response.headers_mut());
            Err(InternalError::from_response(error, response).into())
        }
    }
}

fn app_of(request: &ServiceRequest) -> Result<web::Data<App>, Problem> {
    let app = request.app_data::<web::Data<App>>().cloned();
    app.ok_or_else(|| Problem::fault("the application state is missing"))
}

/// The methods of a path, as `Allow` names them.
fn methods_of(pattern: &str) -> String {
    let mut methods: Vec<&str> = Vec::new();
    for route in TABLE.at(pattern) {
        methods.push(route.method.as_str());
        if route.method == Method::GET {
            methods.push("HEAD");
        }
    }
    methods.join(", ")
}

/// Counts and times every request by its route pattern, and tells its connection that it is
/// being answered.
pub(super) async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let began = Instant::now();
    let method = method_label(request.method().as_str());
    let pattern = request
        .match_pattern()
        .unwrap_or_else(|| "unmatched".to_owned());
    let app = app_of(&request)?;
    let watch = request.conn_data::<Arc<Watch>>().cloned();
    if let Some(watch) = &watch {
        let (head, body) = request.parts();
        let has_body = !matches!(body, Payload::None);
        watch.begin(has_body.then(|| Body::of(head)));
    }
    let answered = as_one_request(next.call(request)).await;
    if let Some(watch) = &watch {
        watch.end();
    }
    let took = began.elapsed();
    let status = match &answered {
        Ok(response) => response.status().as_u16(),
        Err(error) => error.as_response_error().status_code().as_u16(),
    };
    tracing::debug!(method, pattern, status, ?took, "answered");
    app.metrics.request(method, pattern, status, took);
    answered
}
