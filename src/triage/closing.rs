//! Answered complaints end by themselves: nobody types a reason for each when the time to rate and the time
//! to ask for a review are over.

use std::collections::HashMap;

use actix_web::web;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    closing_rules::{Answered, open_until},
    review_rules::{Taken, standing},
    reviews::taken_of,
};
use crate::app::App;
use crate::complaint::{locks, queries::ComplaintRow, recount};
use crate::district::{Profile, calendar::date_of};
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, reply},
    },
    jobs::{Job, in_batches},
    problem::{OnDb, Problem},
};
use crate::record::{self, Actor, ComplaintEvent, ComplaintState};
use crate::verification::queries as visits;

/// Complaints looked at in one transaction.
const BATCH: i64 = 200;

/// States of a complaint that was answered and has not ended.
const WAITING: [ComplaintState; 2] = [ComplaintState::Replied, ComplaintState::FollowUp];

/// Closes answered complaints whose terms are over.
#[derive(Debug, Serialize, Deserialize)]
pub struct CloseAnswered {}

impl Job for CloseAnswered {
    type App = App;
    const NAME: &'static str = "close_answered";
    const NIGHTLY: Option<Self> = Some(Self {});

    async fn run(self, app: &web::Data<App>, now: DateTime<Utc>) -> Result<(), Problem> {
        for state in WAITING {
            let shared = app.clone();
            in_batches(&app.db, move |conn, after| {
                close_next(conn, &shared, state, after, now)
            })
            .await?;
        }
        Ok(())
    }
}

/// Closes those of the next complaints in a state whose terms are over; answers the last one's id while there
/// may be more.
fn close_next(
    conn: &mut Connection,
    app: &App,
    state: ComplaintState,
    after: Option<Id>,
    now: DateTime<Utc>,
) -> Result<Option<Id>, Problem> {
    let mut rows = complaint::table
        .filter(complaint::state.eq(state))
        .order(complaint::id.asc())
        .limit(BATCH)
        .select(ComplaintRow::as_select())
        .into_boxed();
    if let Some(id) = after {
        rows = rows.filter(complaint::id.gt(id));
    }
    let rows: Vec<ComplaintRow> = rows.load(conn).or_fault("list answered complaints")?;
    let found = over(conn, &app.profile, &rows, now)?;
    let taken = locks::all(conn, &found, &[])?;
    // One may have been answered again, or taken to review, while the others were waited for.
    let still = over(conn, &app.profile, &taken, now)?;
    for row in taken.iter().filter(|row| still.contains(&row.id)) {
        close(conn, app, row, now)?;
    }
    Ok(rows.last().map(|row| row.id))
}

/// Those among complaints that were answered and whose terms are over.
fn over(
    conn: &mut Connection,
    profile: &Profile,
    rows: &[ComplaintRow],
    now: DateTime<Utc>,
) -> Result<Vec<Id>, Problem> {
    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
    let answers = answers_to(conn, &ids).or_fault("load replies")?;
    let mut reviews: HashMap<Id, Vec<Taken>> = HashMap::new();
    for (id, taken) in taken_of(conn, &ids).or_fault("load reviews")? {
        reviews.entry(id).or_default().push(taken);
    }
    let is_over = |row: &&ComplaintRow| {
        let Some(on) = answers
            .get(&row.id)
            .filter(|_| WAITING.contains(&row.state))
        else {
            return false;
        };
        let code = row.procedure.as_deref();
        let answered = Answered {
            on: *on,
            rated: row.state == ComplaintState::FollowUp,
            wants_reopening: row.has_flag("wants_reopening"),
            procedure: code.and_then(|code| profile.procedure(code)),
            reviewed: standing(reviews.get(&row.id).map_or(&[], Vec::as_slice)),
        };
        open_until(profile, &answered).is_some_and(|last| last < date_of(now))
    };
    Ok(rows.iter().filter(is_over).map(|row| row.id).collect())
}

/// The days on which complaints were answered last.
fn answers_to(conn: &mut Connection, ids: &[Id]) -> QueryResult<HashMap<Id, NaiveDate>> {
    let replies: Vec<(Id, UtcTime)> = reply::table
        .filter(reply::complaint_id.eq_any(ids))
        .filter(reply::kind.eq("final"))
        .order(reply::id.asc())
        .select((reply::complaint_id, reply::created_at))
        .load(conn)?;
    let replies = replies.into_iter();
    Ok(replies.map(|(id, at)| (id, date_of(at.0))).collect())
}

fn close(
    conn: &mut Connection,
    app: &App,
    row: &ComplaintRow,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let actor = Actor::System;
    let step = row.step(ComplaintEvent::Close, &actor);
    record::advance(conn, &step.with(json!({ "cause": "terms_over" })), now)?;
    let why = Some("信访件已办结");
    visits::cancel_open(conn, &app.keys, row.id, &actor, why, now)?;
    recount::entry(conn, &app.profile, row.entry_id, now)
}
