//! What a complaint was before it was corrected (D45): each correction keeps the values it replaced,
//! sealed, because addresses and names may stand in them.

use actix_web::{HttpResponse, web};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, FixedOffset};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::account::Staff;
use crate::app::App;
use crate::complaint::staff_routes::visible;
use crate::platform::{
    crypto::Keys,
    db::Id,
    problem::{OnDb, Problem},
};
use crate::record::{self, Recorded, local};

/// Name of the event.
pub(super) const CORRECT: &str = "correct";

/// Steps of a history looked at.
const STEPS_MAX: i64 = 1000;

/// A correction, and what it replaced.
#[derive(Debug, Serialize, ToSchema)]
pub struct Correction {
    /// When.
    pub at: DateTime<FixedOffset>,
    /// User name of who made it.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// The replaced values in the form of a correction: sent again, they undo it.
    pub before: Value,
}

/// A complaint's corrections.
#[derive(Debug, Serialize, ToSchema)]
pub struct Corrections {
    /// Oldest first.
    pub corrections: Vec<Correction>,
}

/// The corrections of a complaint, oldest first, each with the values it replaced.
#[utoipa::path(get, path = "/api/v1/complaints/{number}/corrections", tag = "triage", operation_id = "list_corrections",
    params(("number" = String, Path)),
    responses((status = 200, body = Corrections), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn list_corrections(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let shared = app.clone();
    let corrections = app
        .db
        .read(move |conn| {
            let row = visible(conn, &staff, &path)?;
            let history = record::history(conn, row.id, STEPS_MAX).or_fault("load the history")?;
            let corrections = history.into_iter().filter(|step| step.event == CORRECT);
            corrections
                .map(|step| opened(&shared.keys, row.id, step))
                .collect::<Result<Vec<Correction>, Problem>>()
        })
        .await?;
    Ok(HttpResponse::Ok().json(Corrections { corrections }))
}

fn opened(keys: &Keys, complaint: Id, step: Recorded) -> Result<Correction, Problem> {
    let before = match step.detail.0.get("before").and_then(Value::as_str) {
        Some(sealed) => open(keys, complaint, sealed)?,
        None => Value::Object(Map::new()),
    };
    Ok(Correction {
        at: local(step.at),
        by: step.actor_name,
        reason: step.reason,
        before,
    })
}

fn open(keys: &Keys, complaint: Id, sealed: &str) -> Result<Value, Problem> {
    let bytes = STANDARD
        .decode(sealed)
        .map_err(|e| Problem::fault(format!("a sealed correction: {e}")))?;
    serde_json::from_slice(&keys.open(&bytes, complaint.0.as_bytes())?)
        .map_err(|e| Problem::fault(format!("a sealed correction: {e}")))
}

/// Seals replaced values for the record.
///
/// # Errors
/// A fault when the cipher fails.
pub(super) fn seal(keys: &Keys, complaint: Id, before: &Value) -> Result<String, Problem> {
    let sealed = keys.seal(before.to_string().as_bytes(), complaint.0.as_bytes())?;
    Ok(STANDARD.encode(sealed))
}
