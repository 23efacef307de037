//! What an app for staff chooses from: the profile's lists and who works where.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::account::{Staff, queries::all_officers};
use crate::app::App;
use crate::complaint::form::DemandView;
use crate::platform::problem::{OnDb, Problem};

/// A procedure (办理程序) and what follows from it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProcedureView {
    /// Code, for an acceptance.
    pub code: String,
    /// Name.
    pub name: String,
    /// Document of the acceptance.
    pub acceptance: DocumentView,
    /// Document of the reply.
    pub reply: DocumentView,
    /// How long to reply.
    pub reply_days: u32,
    /// `working_day` or `natural_day`.
    pub reply_unit: &'static str,
    /// Whether it can be extended.
    pub may_extend: bool,
    /// What the reporter may do against it, where there is something.
    pub redress: Option<String>,
}

/// A document (文书).
#[derive(Debug, Serialize, ToSchema)]
pub struct DocumentView {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
}

/// A unit a complaint may be transferred to.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnitView {
    /// Code, for a transfer.
    pub code: String,
    /// Name.
    pub name: String,
    /// `street`, `department`, `section`, …
    pub kind: String,
}

/// A channel (渠道).
#[derive(Debug, Serialize, ToSchema)]
pub struct ChannelView {
    /// Code, for an intake.
    pub code: String,
    /// Name.
    pub name: String,
    /// Whether the upstream number is required.
    pub needs_external_no: bool,
    /// Whether its complaints come from above.
    pub from_above: bool,
}

/// A grid and who works there.
#[derive(Debug, Serialize, ToSchema)]
pub struct GridView {
    /// Code.
    pub code: String,
    /// Street code.
    pub street: String,
    /// Its officers, the first of whom is sent unless another is named.
    pub officers: Vec<OfficerView>,
}

/// A grid officer.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfficerView {
    /// User name, for a dispatch.
    pub username: String,
    /// Name.
    pub display_name: String,
}

/// What an app for staff chooses from.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReferenceView {
    /// Procedures.
    pub procedures: Vec<ProcedureView>,
    /// Documents of decisions that end in no procedure, by decision.
    pub decision_documents: BTreeMap<String, DocumentView>,
    /// Units.
    pub units: Vec<UnitView>,
    /// Channels.
    pub channels: Vec<ChannelView>,
    /// Demands (诉求).
    pub demands: Vec<DemandView>,
    /// Grids with their officers.
    pub grids: Vec<GridView>,
}

/// What staff choose from when they take in, decide, transfer and dispatch.
#[utoipa::path(get, path = "/api/v1/triage/reference", tag = "triage", operation_id = "get_reference",
    responses((status = 200, body = ReferenceView), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn get_reference(app: web::Data<App>, _staff: Staff) -> Result<HttpResponse, Problem> {
    let officers = app
        .db
        .read(|conn| all_officers(conn).or_fault("list officers"))
        .await?;
    let mut by_grid: BTreeMap<String, Vec<OfficerView>> = BTreeMap::new();
    for officer in officers {
        let view = OfficerView {
            username: officer.username,
            display_name: officer.display_name,
        };
        by_grid
            .entry(officer.grid_code.unwrap_or_default())
            .or_default()
            .push(view);
    }
    Ok(HttpResponse::Ok().json(view(&app, by_grid)))
}

fn view(app: &App, mut by_grid: BTreeMap<String, Vec<OfficerView>>) -> ReferenceView {
    let profile = &app.profile;
    let document = |code: &str| DocumentView {
        name: profile.document(code).map_or("", |d| &d.name).to_owned(),
        code: code.to_owned(),
    };
    ReferenceView {
        procedures: profile
            .procedures
            .iter()
            .map(|p| ProcedureView {
                code: p.code.clone(),
                name: p.name.clone(),
                acceptance: document(&p.acceptance),
                reply: document(&p.reply),
                reply_days: p.reply_days,
                reply_unit: p.reply_unit.as_str(),
                may_extend: p.may_extend,
                redress: p.redress.clone(),
            })
            .collect(),
        decision_documents: profile
            .decision_documents
            .iter()
            .map(|(decision, code)| (decision.clone(), document(code)))
            .collect(),
        units: profile
            .units
            .iter()
            .map(|unit| UnitView {
                code: unit.code.clone(),
                name: unit.name.clone(),
                kind: unit.kind.clone(),
            })
            .collect(),
        channels: profile
            .channels
            .iter()
            .map(|channel| ChannelView {
                code: channel.code.clone(),
                name: channel.name.clone(),
                needs_external_no: channel.needs_external_no,
                from_above: channel.from_above,
            })
            .collect(),
        demands: DemandView::all(profile),
        grids: profile
            .grids
            .iter()
            .map(|grid| GridView {
                officers: by_grid.remove(&grid.code).unwrap_or_default(),
                code: grid.code.clone(),
                street: grid.street.clone(),
            })
            .collect(),
    }
}
