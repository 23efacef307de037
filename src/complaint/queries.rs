//! Complaints in the database.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::{
    dsl::sql,
    prelude::*,
    sql_types::{Bool, Integer},
};

use crate::district::FIND;
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, JsonValue, UtcTime,
        schema::{
            complaint, complaint_place, complaint_text, ledger_entry, rating, reply, supplement,
            triage_decision,
        },
    },
    problem::{OnDb, Problem},
    sealed,
};
use crate::record::{
    Actor, ComplaintEvent, ComplaintState, Event, Step, Subject,
    machine::{Machine, Trait},
};

use super::{
    clocks,
    machine::{Facts, MACHINE},
    person::Question,
    unread, untold,
};
use crate::district::urgency::{HISTORY_FROM, URGENT_BELOW};

/// A complaint as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = complaint)]
#[expect(missing_docs, reason = "columns, named as in the views")]
pub struct ComplaintRow {
    pub id: Id,
    pub number: String,
    pub tracking_code: String,
    pub channel: String,
    pub external_no: Option<String>,
    pub source_class: Option<String>,
    pub category: String,
    pub coarse: String,
    pub demand: Option<String>,
    pub occurred_at: Option<UtcTime>,
    pub occurred_until: Option<UtcTime>,
    pub state: ComplaintState,
    pub procedure: Option<String>,
    pub entry_id: Id,
    pub link: String,
    pub link_rule: Option<String>,
    pub repeat_of: Option<Id>,
    pub anonymous: bool,
    pub person_count: i32,
    pub resident_id: Option<Id>,
    pub hidden: bool,
    pub risk: i32,
    pub flags: JsonValue,
    pub due_on: NaiveDate,
    pub in_queue: bool,
    pub queue_rank: i32,
    pub received_at: UtcTime,
    pub closed_at: Option<UtcTime>,
    pub untold_since: Option<UtcTime>,
    pub version: i32,
    pub updated_at: UtcTime,
}

/// What a complaint's place in the brigade's queue follows from, and the place it has.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = complaint)]
#[expect(missing_docs, reason = "columns, named as in the views")]
pub struct RankRow {
    pub id: Id,
    pub channel: String,
    pub link_rule: Option<String>,
    pub risk: i32,
    pub due_on: NaiveDate,
    pub queue_rank: i32,
    pub received_at: UtcTime,
}

/// A complaint, as what has states.
pub struct Complaint;

impl Subject for Complaint {
    type State = ComplaintState;
    type Event = ComplaintEvent;
    type Facts = Facts;

    const MACHINE: &'static Machine<ComplaintState, ComplaintEvent, Facts> = &MACHINE;

    /// Ended complaints leave the queue and stop their clocks, and the places of what waits are told from
    /// those of all that was ever dealt with. Who handles one and takes a step on it has
    /// read what was added, and of what has ended nothing waits to be read. What came in as history is
    /// no history any more once somebody here takes it out of the queue or up again.
    fn write_state(
        conn: &mut Connection,
        id: Id,
        from: ComplaintState,
        to: ComplaintState,
        actor: &Actor,
        now: DateTime<Utc>,
    ) -> QueryResult<usize> {
        let queued = to.is(Trait::Queued);
        let is_by_hand = matches!(actor, Actor::Staff { .. } | Actor::Reporter);
        let is_taken_up = is_by_hand && !(queued && from.is(Trait::Queued));
        let present = complaint::table.find(id);
        let written = diesel::update(present.filter(complaint::state.eq(from)))
            .set((
                complaint::state.eq(to),
                complaint::in_queue.eq(complaint::hidden.eq(false).and(queued.into_sql::<Bool>())),
                complaint::queue_rank.eq(sql::<Integer>(&rank_after(is_taken_up))),
                complaint::closed_at.eq(to.is(Trait::Ended).then_some(UtcTime(now))),
                complaint::version.eq(complaint::version + 1),
                complaint::updated_at.eq(UtcTime(now)),
            ))
            .execute(conn)?;
        if from.is(Trait::Owed) != to.is(Trait::Owed) {
            diesel::update(complaint_place::table.find(id))
                .set(complaint_place::owed.eq(to.is(Trait::Owed)))
                .execute(conn)?;
        }
        if to.is(Trait::Ended) {
            clocks::ended(conn, id, to, now)?;
        }
        if !untold::DECIDED.contains(&to) {
            untold::over(conn, id)?;
        }
        if to.is(Trait::Ended) || unread::is_handler(actor) {
            unread::forget(conn, id)?;
        }
        Ok(written)
    }
}

/// The rank after a step, in SQL: what is taken up leaves the band of what came in as history.
fn rank_after(is_taken_up: bool) -> String {
    let rank = "complaint.queue_rank";
    if !is_taken_up {
        return rank.to_owned();
    }
    let band = HISTORY_FROM - URGENT_BELOW;
    format!("CASE WHEN {rank} >= {HISTORY_FROM} THEN {rank} - {band} ELSE {rank} END")
}

impl ComplaintRow {
    /// What its place in the queue follows from.
    #[must_use]
    pub fn ranked(&self) -> RankRow {
        RankRow {
            id: self.id,
            channel: self.channel.clone(),
            link_rule: self.link_rule.clone(),
            risk: self.risk,
            due_on: self.due_on,
            queue_rank: self.queue_rank,
            received_at: self.received_at,
        }
    }

    /// The first day on which a duty runs out; none once its reporter was answered, or nobody is owed
    /// an answer any more: a clock that was met is never due again.
    #[must_use]
    pub fn owed_on(&self) -> Option<NaiveDate> {
        self.state.is(Trait::Owed).then_some(self.due_on)
    }

    /// A step from where it stands.
    #[must_use]
    pub fn step<'a>(&self, event: ComplaintEvent, actor: &'a Actor) -> Step<'a, Complaint> {
        Step::new(self.id, self.state, event, actor)
    }

    /// Whether a flag is set.
    #[must_use]
    pub fn has_flag(&self, flag: &str) -> bool {
        self.flags
            .0
            .get(flag)
            .and_then(serde_json::Value::as_bool)
            .unwrap_or(false)
    }
}

impl ComplaintRow {
    /// The texts kept under a flag's name.
    #[must_use]
    pub fn listed(&self, flag: &str) -> Vec<String> {
        let list = self.flags.0.get(flag).and_then(serde_json::Value::as_array);
        let texts = list.into_iter().flatten().filter_map(|v| v.as_str());
        texts.map(str::to_owned).collect()
    }

    /// What its reporter is asked to send again.
    #[must_use]
    pub fn questions(&self) -> Vec<Question> {
        let kept = self.flags.0.get("questions").cloned();
        kept.and_then(|kept| serde_json::from_value(kept).ok())
            .unwrap_or_default()
    }
}

/// Where a complaint lies, as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = complaint_place)]
#[expect(missing_docs, reason = "columns, named as in the views")]
pub struct PlaceRow {
    pub kind: String,
    pub raw_lon: Option<f64>,
    pub raw_lat: Option<f64>,
    pub datum: Option<String>,
    pub accuracy_m: Option<f64>,
    pub lon: Option<f64>,
    pub lat: Option<f64>,
    pub place_name: Option<String>,
    pub street_code: Option<String>,
    pub grid_code: Option<String>,
}

/// A complaint's words, as stored: full and masked.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = complaint_text)]
#[expect(missing_docs, reason = "columns, named as in the views")]
pub struct TextRow {
    pub description: String,
    pub description_masked: String,
    pub address: Option<String>,
    pub address_masked: Option<String>,
    pub premises: Option<String>,
    pub object_id: Option<String>,
    pub external_no: Option<String>,
}

impl TextRow {
    /// The words opened. Where their key is lost, the masked ones stand in their place.
    #[must_use]
    pub fn opened(mut self, keys: &Keys, id: Id) -> Self {
        let id = id.0.as_bytes();
        self.description = sealed::DESCRIPTION
            .open_text(keys, id, self.description)
            .unwrap_or_else(|| self.description_masked.clone());
        self.address = match self.address {
            Some(stored) => sealed::ADDRESS
                .open_text(keys, id, stored)
                .or_else(|| self.address_masked.clone()),
            None => None,
        };
        self.premises = sealed::PREMISES.read_maybe(keys, id, self.premises);
        self.object_id = sealed::OBJECT_ID.read_maybe(keys, id, self.object_id);
        self.external_no = sealed::EXTERNAL_NO.read_maybe(keys, id, self.external_no);
        self
    }
}

/// A complaint by number.
///
/// # Errors
/// What the database answers.
pub fn by_number(conn: &mut Connection, number: &str) -> QueryResult<Option<ComplaintRow>> {
    complaint::table
        .filter(complaint::number.eq(number))
        .select(ComplaintRow::as_select())
        .first(conn)
        .optional()
}

/// Complaints by their numbers; numbers that are none are passed over.
///
/// # Errors
/// What the database answers.
pub fn by_numbers(conn: &mut Connection, numbers: &[&str]) -> QueryResult<Vec<ComplaintRow>> {
    complaint::table
        .filter(complaint::number.eq_any(numbers))
        .select(ComplaintRow::as_select())
        .load(conn)
}

/// A complaint by tracking code. Hidden ones are there for their own reporter. What staff found is
/// followed by nobody, and its code was told to nobody.
///
/// # Errors
/// What the database answers.
pub fn by_tracking_code(conn: &mut Connection, code: &str) -> QueryResult<Option<ComplaintRow>> {
    complaint::table
        .filter(complaint::tracking_code.eq(code))
        .filter(complaint::channel.ne(FIND))
        .select(ComplaintRow::as_select())
        .first(conn)
        .optional()
}

/// A complaint by id.
///
/// # Errors
/// What the database answers.
pub fn by_id(conn: &mut Connection, id: Id) -> QueryResult<ComplaintRow> {
    complaint::table
        .find(id)
        .select(ComplaintRow::as_select())
        .first(conn)
}

/// A complaint's place.
///
/// # Errors
/// What the database answers.
pub fn place_of(conn: &mut Connection, id: Id) -> QueryResult<PlaceRow> {
    complaint_place::table
        .find(id)
        .select(PlaceRow::as_select())
        .first(conn)
}

/// A complaint's words, sealed but for the masked ones.
///
/// # Errors
/// What the database answers.
pub fn text_of(conn: &mut Connection, id: Id) -> QueryResult<TextRow> {
    complaint_text::table
        .find(id)
        .select(TextRow::as_select())
        .first(conn)
}

/// Sets when a complaint changed last, after steps of the past were taken on it.
///
/// # Errors
/// What the database answers.
pub fn touch(conn: &mut Connection, id: Id, now: DateTime<Utc>) -> QueryResult<usize> {
    diesel::update(complaint::table.find(id))
        .set(complaint::updated_at.eq(UtcTime(now)))
        .execute(conn)
}

/// Sets or clears a flag.
///
/// # Errors
/// What the database answers.
pub fn set_flag(
    conn: &mut Connection,
    row: &ComplaintRow,
    flag: &str,
    on: bool,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let mut flags = row.flags.0.clone();
    if let Some(flags) = flags.as_object_mut() {
        flags.insert(flag.to_owned(), on.into());
    }
    diesel::update(complaint::table.find(row.id))
        .set((
            complaint::flags.eq(JsonValue(flags)),
            complaint::version.eq(complaint::version + 1),
            complaint::updated_at.eq(UtcTime(now)),
        ))
        .execute(conn)
}

/// Adds a supplement.
///
/// # Errors
/// What the database answers.
pub fn insert_supplement(
    conn: &mut Connection,
    keys: &Keys,
    complaint: Id,
    texts: (&str, &str),
    new_facts: bool,
    occurred_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<Id, Problem> {
    let id = Id::new();
    diesel::insert_into(supplement::table)
        .values((
            supplement::id.eq(id),
            supplement::complaint_id.eq(complaint),
            supplement::text.eq(sealed::SUPPLEMENT.seal_text(keys, id.0.as_bytes(), texts.0)?),
            supplement::text_masked.eq(texts.1),
            supplement::new_facts.eq(new_facts),
            supplement::occurred_at.eq(occurred_at.map(UtcTime)),
            supplement::created_at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .or_fault("insert a supplement")?;
    Ok(id)
}

/// A decision on a complaint, as far as its reporter is told of it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = triage_decision)]
#[expect(missing_docs, reason = "columns, named as in the views")]
pub struct DecisionRow {
    pub id: Id,
    pub action: String,
    pub reason: Option<String>,
    pub document: Option<String>,
    pub notice: Option<String>,
    pub decided_at: UtcTime,
}

/// What was decided on a complaint and not undone before its reporter was told, oldest first.
///
/// # Errors
/// What the database answers.
pub fn decisions_of(conn: &mut Connection, keys: &Keys, id: Id) -> QueryResult<Vec<DecisionRow>> {
    let rows = triage_decision::table
        .filter(triage_decision::complaint_id.eq(id))
        .filter(triage_decision::undone_at.is_null())
        .order(triage_decision::id.asc())
        .select(DecisionRow::as_select())
        .load(conn)?;
    let opened = rows.into_iter().map(|row: DecisionRow| {
        let id = row.id.0.as_bytes();
        DecisionRow {
            reason: sealed::TRIAGE_REASON.read_maybe(keys, id, row.reason),
            notice: sealed::TRIAGE_NOTICE.read_maybe(keys, id, row.notice),
            ..row
        }
    });
    Ok(opened.collect())
}

/// A reply as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = reply)]
#[expect(missing_docs, reason = "columns, named as in the views")]
pub struct ReplyRow {
    pub id: Id,
    pub kind: String,
    pub document: String,
    pub text: String,
    pub text_masked: String,
    pub created_at: UtcTime,
}

impl ReplyRow {
    /// The words opened, or the masked ones where their key is lost.
    #[must_use]
    pub fn opened(mut self, keys: &Keys) -> Self {
        self.text = sealed::REPLY
            .open_text(keys, self.id.0.as_bytes(), self.text)
            .unwrap_or_else(|| self.text_masked.clone());
        self
    }
}

/// A complaint's replies, oldest first.
///
/// # Errors
/// What the database answers.
pub fn replies_of(conn: &mut Connection, id: Id) -> QueryResult<Vec<ReplyRow>> {
    reply::table
        .filter(reply::complaint_id.eq(id))
        .order(reply::id.asc())
        .select(ReplyRow::as_select())
        .load(conn)
}

/// Whether a reply was rated.
///
/// # Errors
/// What the database answers.
pub fn is_rated(conn: &mut Connection, reply: Id) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(rating::table.find(reply))).get_result(conn)
}

/// What a reporter says of a reply.
#[derive(Debug, Clone, Copy)]
pub struct Rated<'a> {
    /// The score's code.
    pub score: &'a str,
    /// The words as sent, and masked.
    pub texts: Option<(&'a str, &'a str)>,
    /// Whether the matter should be taken up again.
    pub wants_reopening: bool,
}

/// Stores a reply's rating, once.
///
/// # Errors
/// A fault when there is one already, or the database fails.
pub fn insert_rating(
    conn: &mut Connection,
    keys: &Keys,
    complaint: Id,
    reply: Id,
    said: Rated<'_>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let seal = |text| sealed::RATING.seal_text(keys, reply.0.as_bytes(), text);
    let text = said.texts.map(|t| seal(t.0)).transpose()?;
    diesel::insert_into(rating::table)
        .values((
            rating::reply_id.eq(reply),
            rating::complaint_id.eq(complaint),
            rating::score.eq(said.score),
            rating::text.eq(text),
            rating::text_masked.eq(said.texts.map(|t| t.1)),
            rating::wants_reopening.eq(said.wants_reopening),
            rating::created_at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .map(|_| ())
        .or_fault("insert a rating")
}

/// Number and state of an entry.
///
/// # Errors
/// What the database answers.
pub fn entry_number_of(conn: &mut Connection, entry: Id) -> QueryResult<String> {
    ledger_entry::table
        .find(entry)
        .select(ledger_entry::number)
        .first(conn)
}

/// As the reporter, for the record.
#[must_use]
pub fn reporter_event(row: &ComplaintRow, event: ComplaintEvent) -> Event<'static> {
    static REPORTER: Actor = Actor::Reporter;
    Event::of(event, row.id, &REPORTER)
}
