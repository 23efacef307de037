//! From clue to admission (入账): proposed by the brigade or the office, decided by the steering
//! group. Nothing is listed without a decision record.

use actix_web::{HttpResponse, web};
use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use super::{
    machine::{Facts, MACHINE},
    queries::{self, EntryRow},
    routes::visible,
    views::EntrySummary,
    words,
};
use crate::account::Staff;
use crate::app::App;
use crate::district::calendar::date_of;
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id, UtcTime, schema::ledger_decision},
    http::{Answer, Body, IdempotencyKey, Preconditions, dates::FIRST_DAY, says_something},
    problem::{Item, ItemCode, OnDb, Problem},
    sealed,
};
use crate::record::{self, EntryEvent, machine::lacks};

/// A proposal to list.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposalBody {
    /// Why it should be listed.
    #[validate(
        length(min = 1, max = 500, message = "has 1 to 500 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// Proposes a clue for the ledger (拟入账).
#[utoipa::path(post, path = "/api/v1/entries/{number}/proposal", tag = "ledger", operation_id = "propose_entry",
    params(("number" = String, Path), ("If-Match" = Option<String>, Header, description = "ETag read")), request_body = ProposalBody,
    responses((status = 200, body = EntrySummary), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn propose(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    conditions: Preconditions,
    key: IdempotencyKey,
    body: Body<ProposalBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = take(conn, &staff, &path)?;
            conditions.check(row.version)?;
            let actor = staff.actor();
            let step = row.step(EntryEvent::Propose, &actor).given(Facts::of(&row));
            let step = step.because(&shared.keys, Some(&value.reason));
            record::advance(conn, &step, now)?;
            answer(conn, &shared, &staff, row.id)
        })
        .await?;
    Ok(answer.into_response())
}

/// What the steering group decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// 列入一本账.
    Listed,
    /// 不予列入.
    NotListed,
    /// 提请区领导层面研究.
    Escalated,
}

impl Outcome {
    const fn event(self) -> EntryEvent {
        match self {
            Self::Listed => EntryEvent::List,
            Self::NotListed => EntryEvent::NotList,
            Self::Escalated => EntryEvent::Escalate,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::NotListed => "not_listed",
            Self::Escalated => "escalated",
        }
    }
}

/// The steering group's decision.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecisionBody {
    /// What was decided.
    pub outcome: Outcome,
    /// Day it was decided.
    #[serde(deserialize_with = "crate::platform::http::dates::day")]
    pub decided_on: NaiveDate,
    /// Meeting; required to list.
    #[validate(
        length(min = 1, max = 200, message = "has 1 to 200 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 200)]
    pub meeting: Option<String>,
    /// Reference of the minutes; required to list.
    #[validate(
        length(min = 1, max = 100, message = "has 1 to 100 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 100)]
    pub minute_ref: Option<String>,
    /// Level it goes to; required to escalate.
    #[validate(
        length(min = 1, max = 100, message = "has 1 to 100 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 100)]
    pub level: Option<String>,
    /// Unit chosen by the higher level; required when an escalated entry is listed.
    #[validate(length(min = 1, max = 64, message = "is a unit's code"))]
    #[schema(min_length = 1, max_length = 64)]
    pub chosen_owner: Option<String>,
    /// Why; required not to list.
    #[validate(
        length(min = 1, max = 1000, message = "has 1 to 1000 letters"),
        custom(function = "says_something")
    )]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: Option<String>,
}

impl DecisionBody {
    fn facts(&self, row: &EntryRow) -> Facts {
        Facts {
            reason: self.reason.is_some(),
            meeting: self.meeting.is_some(),
            minutes: self.minute_ref.is_some(),
            level: self.level.is_some(),
            chosen_owner: self.chosen_owner.is_some(),
            ..Facts::of(row)
        }
    }

    /// What is wrong with what was sent, whatever the outcome.
    fn faults(&self, app: &App, today: NaiveDate) -> Vec<Item> {
        let mut items = Vec::new();
        if self.decided_on > today {
            items.push(Item::new(
                "decided_on",
                ItemCode::InTheFuture,
                "is not after today",
            ));
        }
        if self.decided_on < FIRST_DAY {
            items.push(Item::new(
                "decided_on",
                ItemCode::TooEarly,
                "is of the year 2000 or later",
            ));
        }
        if self
            .chosen_owner
            .as_deref()
            .is_some_and(|code| app.profile.unit(code).is_none())
        {
            items.push(Item::new(
                "chosen_owner",
                ItemCode::UnknownUnit,
                "is a unit of the district profile",
            ));
        }
        items
    }
}

/// Records the steering group's decision and moves the entry by it.
#[utoipa::path(post, path = "/api/v1/entries/{number}/decision", tag = "ledger", operation_id = "decide_entry",
    params(("number" = String, Path), ("If-Match" = String, Header, description = "ETag read")), request_body = DecisionBody,
    responses((status = 200, body = EntrySummary), (status = "default", response = crate::platform::http::AnyProblem)))]
pub async fn decide(
    app: web::Data<App>,
    staff: Staff,
    path: web::Path<String>,
    conditions: Preconditions,
    key: IdempotencyKey,
    body: Body<DecisionBody>,
) -> Result<HttpResponse, Problem> {
    let (shared, now) = (app.clone(), app.now());
    let Body { value, fingerprint } = body;
    let answer = key
        .write_once(&app.db, fingerprint, now, move |conn| {
            let row = take(conn, &staff, &path)?;
            conditions.require(row.version)?;
            let (actor, facts) = (staff.actor(), value.facts(&row));
            let guards = MACHINE
                .step(Some(row.state), value.outcome.event(), &actor)?
                .guards;
            let mut items = lacks(guards, &facts)?;
            items.extend(value.faults(&shared, date_of(now)));
            if !items.is_empty() {
                return Err(Problem::invalid_items(items));
            }
            insert(conn, &shared.keys, row.id, &staff, &value, now)?;
            let step = row.step(value.outcome.event(), &actor).given(facts);
            record::advance(
                conn,
                &step.because(&shared.keys, value.reason.as_deref()),
                now,
            )?;
            answer(conn, &shared, &staff, row.id)
        })
        .await?;
    Ok(answer.into_response())
}

impl Facts {
    /// What an entry's row tells its guards.
    pub(super) fn of(row: &EntryRow) -> Self {
        Self {
            number: row.number.clone(),
            complaints: row.complaint_count + row.find_count,
            ..Self::default()
        }
    }
}

/// Loads an entry for changing.
pub(super) fn take(
    conn: &mut Connection,
    staff: &Staff,
    number: &str,
) -> Result<EntryRow, Problem> {
    let row = visible(conn, staff, number)?;
    queries::take(conn, &[row.id]).or_fault("take an entry")?;
    queries::by_id(conn, row.id).or_fault("load an entry")
}

fn insert(
    conn: &mut Connection,
    keys: &Keys,
    entry: Id,
    staff: &Staff,
    body: &DecisionBody,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let id = Id::new();
    let seal = |column: sealed::SealedColumn, words: &Option<String>| {
        column.seal_maybe(keys, id.0.as_bytes(), words.as_deref())
    };
    diesel::insert_into(ledger_decision::table)
        .values((
            ledger_decision::id.eq(id),
            ledger_decision::entry_id.eq(entry),
            ledger_decision::event.eq(body.outcome.event().as_str()),
            ledger_decision::outcome.eq(body.outcome.as_str()),
            ledger_decision::meeting.eq(seal(sealed::MEETING, &body.meeting)?),
            ledger_decision::decided_on.eq(body.decided_on),
            ledger_decision::minute_ref.eq(seal(sealed::MINUTES, &body.minute_ref)?),
            ledger_decision::level.eq(seal(sealed::LEVEL, &body.level)?),
            ledger_decision::chosen_owner.eq(&body.chosen_owner),
            ledger_decision::reason.eq(seal(sealed::LEDGER_REASON, &body.reason)?),
            ledger_decision::decided_by.eq(staff.id),
            ledger_decision::created_at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .map(|_| ())
        .or_fault("insert a decision")
}

fn answer(conn: &mut Connection, app: &App, staff: &Staff, id: Id) -> Result<Answer, Problem> {
    let row = queries::by_id(conn, id).or_fault("load an entry")?;
    Answer::ok(&words::summary(conn, app, staff, &row)?)
}
