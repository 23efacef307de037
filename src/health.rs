//! For the operator: is the process alive, can it serve, what has it done.

use actix_web::{HttpResponse, web};

use crate::account::{Operation, operation::operation};
use crate::app::App;
use crate::platform::{
    http::AnyProblem,
    metrics::{OPEN_METRICS, Scrape},
    problem::Problem,
};

/// The process is alive.
#[utoipa::path(get, path = "/healthz", tag = "operation", operation_id = "get_health",
    responses((status = 200, description = "Alive"), (status = "default", response = AnyProblem)))]
pub async fn healthz() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// The process can serve: a write succeeded within the last second. Else 503, with the reason's
/// class in `detail`: `database:` and `lost`, `busy`, `full`, `read_only`, `storage`, `damaged`
/// or `unfit` (a table, a column or a right is missing);
/// or `alarm:` and `database_damaged`, `blobs_gone` or `data_gone`.
#[utoipa::path(get, path = "/readyz", tag = "operation", operation_id = "get_readiness",
    responses((status = 200, description = "Ready"), (status = "default", response = AnyProblem)))]
pub async fn readyz(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    app.readiness
        .look(&app.db, app.now())
        .await
        .map_err(Problem::not_ready)?;
    let mut raised = app.alarms.raised().into_iter();
    if let Some((alarm, words)) = raised.find(|(alarm, _)| alarm.takes_out_of_service()) {
        return Err(Problem::alarmed(alarm, words));
    }
    Ok(HttpResponse::Ok()
        .content_type("text/plain")
        .body("ready\n"))
}

/// Counters and timings for Prometheus. No personal data, no ids.
#[utoipa::path(get, path = "/metrics", tag = "operation", operation_id = "get_metrics",
    responses((status = 200, description = "OpenMetrics text", content_type = "application/openmetrics-text", body = String),
        (status = "default", response = AnyProblem)))]
pub async fn metrics(app: web::Data<App>) -> Result<HttpResponse, Problem> {
    let mut scrape = Scrape::default();
    app.metrics.register(&mut scrape);
    app.readiness.register(&app.db, &mut scrape);
    app.alarms.register(&mut scrape);
    let text = scrape
        .text()
        .map_err(|_| Problem::fault("a metric cannot be written"))?;
    Ok(HttpResponse::Ok().content_type(OPEN_METRICS).body(text))
}

/// The operations of this capability.
pub static OPERATIONS: &[Operation] = &[
    operation!(Public, healthz),
    operation!(Public, readyz),
    operation!(Public, metrics),
];
