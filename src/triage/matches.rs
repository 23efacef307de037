//! What the matching said of a complaint, to be read by staff.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, FixedOffset};
use serde::Serialize;
use utoipa::ToSchema;

use crate::account::{Role, Staff};
use crate::app::App;
use crate::complaint::staff_routes::visible;
use crate::matching::{Explained, queries};
use crate::platform::{
    db::{Connection, Id},
    problem::{OnDb, Problem},
};
use crate::privacy::{Need, Words};
use crate::record::local;

/// Roles that read what complaints were compared with.
pub const READERS: &[Role] = &[
    Role::Brigade,
    Role::Office,
    Role::Leader,
    Role::SteeringGroup,
];

/// A verdict and its grounds.
#[derive(Debug, Serialize, ToSchema)]
pub struct VerdictView {
    /// Id.
    pub id: Id,
    /// Rule: `R0` to `R11`, or `new`.
    pub rule: String,
    /// `same_submission`, `attached`, `provisional`, `suspected`, `related`, `new`.
    pub outcome: String,
    /// Score of the deciding pair.
    pub score: Option<f64>,
    /// The model that scored.
    pub model: String,
    /// At or above: attached provisionally.
    pub upper: f64,
    /// At or above: suspected.
    pub lower: f64,
    /// When.
    pub decided_at: DateTime<FixedOffset>,
    /// The candidates with their comparisons, the deciding one first.
    pub candidates: Vec<Explained>,
}

/// A complaint's verdicts.
#[derive(Debug, Serialize, ToSchema)]
pub struct MatchesView {
    /// Number.
    pub number: String,
    /// `own`, `suspected`, `provisional`, `confirmed`.
    pub link: String,
    /// The rule that linked it.
    pub link_rule: Option<String>,
    /// Verdicts, oldest first.
    pub verdicts: Vec<VerdictView>,
}

/// Why the system thinks that a complaint is what it is: every comparison, weight and veto.
#[utoipa::path(get, path = "/api/v1/complaints/{number}/matches", tag = "matching", operation_id = "list_matches",
    params(("number" = String, Path)),
    responses((status = 200, body = MatchesView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn list_matches(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let thresholds = (
        app.profile.rules.matching.upper(),
        app.profile.rules.matching.lower(),
    );
    let shared = app.clone();
    let view = app
        .db
        .read(move |conn| {
            let row = visible(conn, &staff, &path)?;
            let verdicts = queries::verdicts_of(conn, row.id).or_fault("load verdicts")?;
            let verdicts = verdicts
                .into_iter()
                .map(|v| verdict_view(conn, &shared, &staff, row.id, v, thresholds))
                .collect::<Result<_, _>>()?;
            Ok(MatchesView {
                number: row.number,
                link: row.link,
                link_rule: row.link_rule,
                verdicts,
            })
        })
        .await?;
    Ok(HttpResponse::Ok().json(view))
}

fn verdict_view(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    complaint: Id,
    row: queries::VerdictRow,
    (upper, lower): (f64, f64),
) -> Result<VerdictView, Problem> {
    let mut candidates: Vec<Explained> = serde_json::from_value(row.evidence.0)
        .map_err(|e| Problem::fault(format!("a kept verdict cannot be read: {e}")))?;
    // The grounds quote addresses and names, of this complaint and of those it is held against.
    let compared = candidates.iter().map(|candidate| Id(candidate.candidate));
    let all: Vec<Id> = compared.chain([complaint]).collect();
    let need = Need::of(staff.role, &app.profile);
    let reader = Words::about(conn, &app.keys, need, &all)?;
    if !matches!(reader, Words::Full) {
        let words = candidates.iter_mut().flat_map(|candidate| {
            let compared = candidate.comparisons.iter_mut().map(|c| &mut c.words);
            compared.chain(&mut candidate.vetoes)
        });
        for words in words {
            *words = reader.text(std::mem::take(words));
        }
    }
    Ok(VerdictView {
        id: row.id,
        rule: row.rule,
        outcome: row.outcome,
        score: row.score,
        model: row.model_version,
        upper,
        lower,
        decided_at: local(row.decided_at),
        candidates,
    })
}
