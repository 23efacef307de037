//! The visits to a complaint's matter, as staff read them in short and as its reporter may know of them.

use chrono::{DateTime, FixedOffset, NaiveDate};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::queries::ComplaintRow;
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, verification, verification_complaint},
    },
    named::named,
};
use crate::record::{VisitState, local};

/// A link that nobody confirmed yet: what is done for the entry is not known to be of its matter.
const PROVISIONAL: &str = "provisional";

/// Visits shown of one complaint at most.
const SHOWN_MAX: i64 = 200;

/// A visit, in short; its own page says more.
#[derive(Debug, Clone, Serialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = verification)]
pub struct CaseVisitView {
    /// Id.
    pub id: Id,
    /// State.
    pub state: VisitState,
    /// Grid code.
    pub grid_code: String,
    /// The finding, once submitted.
    pub result: Option<String>,
    /// Day it is due.
    pub due_on: Option<NaiveDate>,
}

named! {
    /// How far a visit is, as the reporter may know.
    pub enum VisitProgress {
        /// It is to be made.
        Arranged "arranged",
        /// Somebody is sent.
        Sent "sent",
        /// Somebody is there.
        OnSite "on_site",
        /// What was found is being looked at.
        UnderReview "under_review",
        /// Somebody goes there again.
        Again "again",
        /// It was made.
        Done "done",
    }
}

impl VisitProgress {
    /// Of a visit's state; one that was called off is none.
    const fn of(state: VisitState) -> Option<Self> {
        match state {
            VisitState::Pending => Some(Self::Arranged),
            VisitState::Assigned => Some(Self::Sent),
            VisitState::CheckedIn => Some(Self::OnSite),
            VisitState::Submitted => Some(Self::UnderReview),
            VisitState::Returned => Some(Self::Again),
            VisitState::Passed => Some(Self::Done),
            VisitState::Cancelled => None,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Arranged => "已安排现场核实",
            Self::Sent => "已派工作人员到现场核实",
            Self::OnSite => "工作人员已到现场核实",
            Self::UnderReview => "现场核实情况正在审核",
            Self::Again => "工作人员将再次到现场核实",
            Self::Done => "现场核实已完成",
        }
    }
}

/// A visit to the matter, as its reporter may know of it: nothing of who goes there, nor of what was
/// found.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TrackedVisit {
    /// How far it is.
    pub state: VisitProgress,
    /// In Chinese.
    pub words: &'static str,
    /// Since when.
    pub at: DateTime<FixedOffset>,
}

/// The visits to a complaint's matter: those that answer it, and those that answer others of its entry,
/// as soon as it is known to belong there.
fn of_matter(conn: &mut Connection, row: &ComplaintRow) -> QueryResult<Vec<Id>> {
    let mut visits: Vec<Id> = verification_complaint::table
        .filter(verification_complaint::complaint_id.eq(row.id))
        .select(verification_complaint::verification_id)
        .limit(SHOWN_MAX)
        .load(conn)?;
    if row.link != PROVISIONAL {
        let others: Vec<Id> = verification_complaint::table
            .inner_join(complaint::table)
            .filter(complaint::entry_id.eq(row.entry_id))
            .filter(complaint::link.ne(PROVISIONAL))
            .filter(complaint::hidden.eq(false))
            .select(verification_complaint::verification_id)
            .limit(SHOWN_MAX)
            .load(conn)?;
        visits.extend(others);
    }
    Ok(visits)
}

/// As staff read them, the oldest first.
///
/// # Errors
/// What the database answers.
pub fn in_short(conn: &mut Connection, row: &ComplaintRow) -> QueryResult<Vec<CaseVisitView>> {
    let visits = of_matter(conn, row)?;
    verification::table
        .filter(verification::id.eq_any(visits))
        .order(verification::id.asc())
        .select(CaseVisitView::as_select())
        .load(conn)
}

/// As the reporter may know of them, the oldest first: what went on while the complaint was.
///
/// # Errors
/// What the database answers.
pub fn tracked(conn: &mut Connection, row: &ComplaintRow) -> QueryResult<Vec<TrackedVisit>> {
    let visits = of_matter(conn, row)?;
    let rows: Vec<(VisitState, UtcTime, UtcTime)> = verification::table
        .filter(verification::id.eq_any(visits))
        .order(verification::id.asc())
        .select((
            verification::state,
            verification::created_at,
            verification::updated_at,
        ))
        .load(conn)?;
    let while_it_was = |began: &UtcTime, moved: &UtcTime| {
        let began_in_time = row.closed_at.is_none_or(|closed| began.0 <= closed.0);
        moved.0 >= row.received_at.0 && began_in_time
    };
    let visits = rows
        .into_iter()
        .filter(|(_, began, moved)| while_it_was(began, moved))
        .filter_map(|(state, _, moved)| {
            let state = VisitProgress::of(state)?;
            Some(TrackedVisit {
                words: state.words(),
                state,
                at: local(moved),
            })
        });
    Ok(visits.collect())
}
