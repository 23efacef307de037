//! What a complaint was before it was corrected (D45): each correction keeps the values it replaced,
//! sealed, because addresses and names may stand in them. Of a correction whose key is lost
//! the values are gone; that it was made, by whom and when, is not.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, FixedOffset};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::account::Staff;
use crate::app::App;
use crate::complaint::{replaced, staff_routes::visible};
use crate::platform::{
    crypto::Keys,
    db::Id,
    problem::{OnDb, Problem},
};
use crate::privacy::{Need, Words};
use crate::record::{self, ComplaintEvent, Recorded, local};

/// Name of the event.
pub(super) const CORRECT: ComplaintEvent = ComplaintEvent::Correct;

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
    /// The replaced values in the form of a correction: sent again, they undo it. Of persons stands by
    /// which id they are kept, and nothing of theirs. Empty when they cannot be read any more, and for
    /// whom its reporter, who asks for secrecy, is kept from.
    pub before: Value,
    /// Present and true when the replaced values are sealed under a key that is lost.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub unreadable: bool,
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
            let history = record::history(conn, &shared.keys, row.id, STEPS_MAX)
                .or_fault("load the history")?;
            let corrections = history
                .into_iter()
                .filter(|step| step.event == CORRECT.as_str());
            let need = Need::of(staff.role, &shared.profile);
            let words = Words::about(conn, &shared.keys, need, &[row.id])?;
            let opened = corrections.map(|step| opened(&shared.keys, row.id, step, &words));
            Ok(opened.collect())
        })
        .await?;
    Ok(HttpResponse::Ok().json(Corrections { corrections }))
}

fn opened(keys: &Keys, complaint: Id, step: Recorded, words: &Words) -> Correction {
    let kept = step.detail.0.get("before").and_then(Value::as_str);
    let before = kept.map(|sealed| replaced::open(keys, complaint, sealed));
    Correction {
        at: local(step.at),
        by: step.actor_name,
        reason: words.maybe(step.reason),
        unreadable: before == Some(None),
        // Masked values would be put in the place of the true ones when they are sent again.
        before: before
            .flatten()
            .filter(|_| words.with_need())
            .map_or_else(|| Value::Object(Map::new()), |before| words.detail(before)),
    }
}
