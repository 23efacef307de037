//! An officer's day: the visits to make, the first due first, with all that is needed to make them
//! without a network, and what changed of them since the phone asked last.

use std::collections::HashSet;

use actix_web::{HttpResponse, web};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, FixedOffset};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::{
    material::Material,
    queries::VisitRow,
    surroundings::{EarlierFinding, NearbyView, ReturnView, Surroundings},
    views::{VerificationView, open},
};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::queries::ComplaintRow;
use crate::platform::{
    db::{Connection, Id, schema::verification},
    http::{Query, versioned},
    problem::{Code, OnDb, Problem},
};
use crate::privacy::{Scope, Words};
use crate::record::{VisitState, local};

/// Visits of a day at most.
const VISITS_MAX: usize = 200;

/// States in which somebody has to go there still.
const TO_MAKE: [VisitState; 3] = [
    VisitState::Assigned,
    VisitState::CheckedIn,
    VisitState::Returned,
];

/// What the phone knows already.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DayQuery {
    /// `cursor` of the answer before: only what changed since is sent again.
    pub since: Option<String>,
}

/// A complaint that a visit answers, in its own words.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DayComplaint {
    /// Number.
    pub number: String,
    /// Category in Chinese.
    pub category_name: String,
    /// What is complained of, with personal data masked for officers.
    pub description: String,
    /// Address, masked for officers.
    pub address: Option<String>,
    /// Begin of what is complained of.
    pub occurred_at: Option<DateTime<FixedOffset>>,
    /// End.
    pub occurred_until: Option<DateTime<FixedOffset>>,
}

/// A visit to make.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DayVisit {
    /// The visit itself.
    #[serde(flatten)]
    pub visit: VerificationView,
    /// All complaints it answers, the one it was ordered for first.
    pub matter: Vec<DayComplaint>,
    /// Why it was sent back to be made again, if it was.
    pub returned: Option<ReturnView>,
    /// What was found there on visits that were passed, the latest first.
    pub found_before: Vec<EarlierFinding>,
    /// Open matters nearby, beside this one.
    pub nearby: NearbyView,
}

/// An officer's day.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DayView {
    /// The visits to make, the first due first: all, or those that are new or changed since `since`.
    pub items: Vec<DayVisit>,
    /// Ids of all visits to make, the first due first. What the phone keeps and is not named here was
    /// reported, went to another, or was called off.
    pub open: Vec<Id>,
    /// What the phone knows now, to be sent as `since`.
    pub cursor: String,
}

/// Tells one content of a visit to make from another.
type Print = [u8; 8];

/// What an officer's phone knows: a print of each visit as it was sent. Whatever of it changes, in the
/// visit or around it, makes another print, so nothing is left out because it was written late.
#[derive(Debug, Default)]
struct Known(HashSet<Print>);

impl Known {
    fn read(cursor: &str) -> Result<Self, Problem> {
        let refused = || {
            let why = "`since` is the `cursor` of an earlier answer; leave it out to be sent all";
            Problem::because(Code::UnknownCursor, why)
        };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
        let (prints, rest) = bytes.as_chunks();
        if !rest.is_empty() || prints.len() > VISITS_MAX {
            return Err(refused());
        }
        Ok(Self(prints.iter().copied().collect()))
    }
}

fn print_of(visit: &DayVisit) -> Result<Print, Problem> {
    let written = serde_json::to_vec(visit)
        .map_err(|e| Problem::fault(format!("cannot write a visit: {e}")))?;
    let digest: [u8; 32] = Sha256::digest(&written).into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    Ok([a, b, c, d, e, f, g, h])
}

impl DayView {
    fn of(visits: Vec<DayVisit>, known: &Known) -> Result<Self, Problem> {
        let open = visits.iter().map(|item| item.visit.id).collect();
        let mut prints = Vec::new();
        let mut items = Vec::new();
        for item in visits {
            let print = print_of(&item)?;
            prints.extend(print);
            if !known.0.contains(&print) {
                items.push(item);
            }
        }
        Ok(Self {
            items,
            open,
            cursor: URL_SAFE_NO_PAD.encode(prints),
        })
    }
}

/// The caller's visits to make, the first due first, with the words of all complaints, the reason of a
/// return, what was found there before, open matters nearby and the photos' ids: enough to work without
/// a network. With `since` only what changed; with `If-None-Match` 304 while nothing did.
#[utoipa::path(get, path = "/api/v1/verifications/day", tag = "verification", operation_id = "list_day_verifications",
    params(DayQuery),
    responses((status = 200, body = DayView, headers(("ETag"))), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn list_day_verifications(
    app: web::Data<App>,
    staff: Staff,
    query: Query<DayQuery>,
) -> Result<HttpResponse, Problem> {
    let known = query.0.since.as_deref().map(Known::read).transpose()?;
    let known = known.unwrap_or_default();
    let shared = app.clone();
    let day = app
        .db
        .read(move |conn| {
            let rows = to_make(conn, &staff)?;
            DayView::of(with_all(conn, &shared, &staff, rows)?, &known)
        })
        .await?;
    versioned(1, &day)
}

fn to_make(conn: &mut Connection, staff: &Staff) -> Result<Vec<VisitRow>, Problem> {
    let most = i64::try_from(VISITS_MAX).unwrap_or(i64::MAX);
    let mut rows: Vec<VisitRow> = verification::table
        .filter(Scope::of(staff).visits())
        .filter(verification::officer_id.eq(staff.id))
        .filter(verification::state.eq_any(TO_MAKE))
        .order(verification::id.asc())
        .limit(most)
        .select(VisitRow::as_select())
        .load(conn)
        .or_fault("list visits")?;
    rows.sort_by_key(|row| (row.due_on.is_none(), row.due_on, row.id));
    Ok(rows)
}

fn with_all(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    rows: Vec<VisitRow>,
) -> Result<Vec<DayVisit>, Problem> {
    let material = Material::of(conn, app, staff, &rows)?;
    let around = Surroundings::of(conn, app, staff, &rows, &material)?;
    let visits = rows.into_iter().map(|row| {
        let words = material.words(&row)?;
        let answered = material.answered(&row).iter();
        let matter = answered.map(|complaint| told(app, &material, words, complaint));
        Ok(DayVisit {
            matter: matter.collect(),
            returned: around.returned(&row, words),
            found_before: around.found_before(&material, &row),
            nearby: around.nearby(app, &material, &row),
            visit: open(app, &material, row)?,
        })
    });
    visits.collect()
}

fn told(app: &App, material: &Material, words: &Words, complaint: &ComplaintRow) -> DayComplaint {
    let text = material.text(complaint.id).cloned();
    let (description, address) = text.map_or_else(Default::default, |text| {
        (
            words.stored(text.description, text.description_masked),
            words.maybe_stored(text.address, text.address_masked),
        )
    });
    DayComplaint {
        number: complaint.number.clone(),
        category_name: app.profile.category_name(&complaint.category),
        description,
        address,
        occurred_at: complaint.occurred_at.map(local),
        occurred_until: complaint.occurred_until.map(local),
    }
}
