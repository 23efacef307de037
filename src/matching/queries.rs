//! Facts and verdicts kept.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{connection::SimpleConnection as _, prelude::*};
use serde_json::{Value, json};

use super::{PhotoRef, Place, Report, Verdict, decide, facts::Known};
use super::{
    candidates::candidates_of, facts::number_key, petitioners::persons_of, rules::radius_m,
};
use crate::district::Profile;
use crate::evidence::{album::Stored, queries as evidence};
use crate::geo::Point;
use crate::linkage::{keys as filing, stored};
use crate::on_each;
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, JsonValue, UtcTime,
        schema::{
            complaint, complaint_place, complaint_text, match_fact, match_key, match_verdict,
            supplement,
        },
    },
    problem::{OnDb, Problem},
    sealed,
};
use crate::privacy;
use crate::text::{file_number, text_number};

/// Keeps near-simultaneous reports of one matter apart: they take the same advisory locks, in one
/// order, until their transactions end. On SQLite the one writer does the same.
///
/// # Errors
/// What the database answers.
pub fn lock(conn: &mut Connection, reports: &[&Report], profile: &Profile) -> QueryResult<()> {
    let Connection::Postgres(c) = conn else {
        return Ok(());
    };
    // Sorted, so that no two transactions wait for each other; those of several reports in one go.
    let shared = reports.iter().map(|report| shared_by(report, profile));
    let mut locks: Vec<i64> = shared.flatten().collect();
    locks.sort_unstable();
    locks.dedup();
    if locks.is_empty() {
        return Ok(());
    }
    let sql: String = locks
        .iter()
        .map(|lock| format!("SELECT pg_advisory_xact_lock({lock});"))
        .collect();
    c.batch_execute(&sql)
}

/// The same for an upstream number that is given to a complaint after it was filed: who files under it at
/// this moment is before or after.
///
/// # Errors
/// What the database answers.
pub fn lock_upstream(conn: &mut Connection, number: &str) -> QueryResult<()> {
    let Connection::Postgres(c) = conn else {
        return Ok(());
    };
    let lock = lock_number(&file_number(number));
    c.batch_execute(&format!("SELECT pg_advisory_xact_lock({lock});"))
}

/// Place, premises, persons: whatever could make two reports meet.
fn shared_by(report: &Report, profile: &Profile) -> Vec<i64> {
    let mut locks: Vec<i64> = filing::regions(report, radius_m(profile, report));
    let named = report
        .premises
        .iter()
        .chain(&report.persons)
        .chain(&report.external_no);
    locks.extend(named.map(|name| lock_number(name)));
    if report.place.is_none() {
        locks.push(lock_number(&format!("nowhere {}", &*report.category)));
    }
    locks
}

fn lock_number(name: &str) -> i64 {
    text_number(&format!("lock {name}")).cast_signed()
}

/// Finds a report's candidates and decides.
///
/// # Errors
/// A fault when the database fails.
pub fn verdict_for(
    conn: &mut Connection,
    report: &Report,
    profile: &Profile,
) -> Result<Verdict, Problem> {
    let candidates = candidates_of(conn, report, profile).or_fault("find candidates")?;
    Ok(decide(report, &candidates, profile))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = complaint)]
struct Filing {
    number: String,
    channel: String,
    external_no: Option<String>,
    category: String,
    coarse: String,
    demand: Option<String>,
    occurred_at: Option<UtcTime>,
    occurred_until: Option<UtcTime>,
    received_at: UtcTime,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = complaint_text)]
struct Words {
    description: String,
    address: Option<String>,
    premises: Option<String>,
    object_id: Option<String>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = complaint_place)]
struct Where {
    kind: String,
    lon: Option<f64>,
    lat: Option<f64>,
    accuracy_m: Option<f64>,
    street_code: Option<String>,
}

/// A complaint's report, made anew of its tables; `None` when there is no such complaint.
///
/// # Errors
/// What the database answers.
pub fn report_of(conn: &mut Connection, keys: &Keys, id: Id) -> Result<Option<Report>, Problem> {
    let found: Option<(Filing, Words, Where)> = complaint::table
        .inner_join(complaint_text::table)
        .inner_join(complaint_place::table)
        .filter(complaint::id.eq(id))
        .select((Filing::as_select(), Words::as_select(), Where::as_select()))
        .first(conn)
        .optional()
        .or_fault("load a complaint's facts")?;
    let Some((filing, words, at)) = found else {
        return Ok(None);
    };
    // Words whose key is lost tell nothing; place, time and photos still do.
    let of = id.0.as_bytes();
    let description = sealed::DESCRIPTION.open_text(keys, of, words.description);
    let address = words
        .address
        .and_then(|stored| sealed::ADDRESS.open_text(keys, of, stored));
    let premises = words
        .premises
        .and_then(|stored| sealed::PREMISES.open_text(keys, of, stored));
    let object_id = words
        .object_id
        .and_then(|stored| sealed::OBJECT_ID.open_text(keys, of, stored));
    let people = privacy::known_of(conn, keys, &[id])?;
    let description = people.bare(&description.unwrap_or_default());
    let premises = premises.map(|name| people.bare(&name));
    let is_file_number = |no: &String| !no.starts_with(sealed::INDEXED) && !people.stands_in(no);
    let object_id = object_id.filter(|code| !people.stands_in(code));
    let filed = filing
        .occurred_at
        .map(|from| (from.0, filing.occurred_until.unwrap_or(from).0));
    // What the reporter added of later happenings is what the report is about now (R3, R6).
    let since = new_facts_of(conn, id).or_fault("load new facts")?;
    let since = since.filter(|at| filed.is_none_or(|(_, until)| *at > until));
    let occurred = since.map(|at| (at, at)).or(filed);
    // A place known by its name alone is no evidence of a place: it is told by the name.
    let is_point = at.kind == "point";
    let point = at.lon.zip(at.lat).filter(|_| is_point);
    let mut persons = persons_of(conn, &[id]).or_fault("load petitioners")?;
    let photos = photos_of(conn, id).or_fault("load photos")?;
    let external_no = filing.external_no.filter(is_file_number);
    let known = Known {
        id: id.0,
        number: &filing.number,
        channel: &filing.channel,
        external_no: external_no.as_deref(),
        persons: persons.remove(&id).unwrap_or_default(),
        sender: None,
        object_id: object_id.as_deref(),
        premises: premises.as_deref(),
        place: point.map(|(lon, lat)| Place {
            point: Point { lon, lat },
            accuracy_m: at.accuracy_m,
        }),
        address: address.as_deref(),
        description: &description,
        street: at.street_code.as_deref().filter(|_| is_point),
        category: &filing.category,
        coarse: &filing.coarse,
        group: None,
        occurred,
        received_at: filing.received_at.0,
        demand: filing.demand.as_deref(),
        photos,
    };
    Ok(Some(known.report()))
}

/// When the newest of the new facts happened that were added to a complaint: the time told, else
/// that of the telling.
fn new_facts_of(conn: &mut Connection, id: Id) -> QueryResult<Option<DateTime<Utc>>> {
    let told: Vec<(Option<UtcTime>, UtcTime)> = supplement::table
        .filter(supplement::complaint_id.eq(id))
        .filter(supplement::new_facts.eq(true))
        .select((supplement::occurred_at, supplement::created_at))
        .load(conn)?;
    let happened = told.into_iter().map(|(at, told)| at.unwrap_or(told).0);
    Ok(happened.max())
}

fn photos_of(conn: &mut Connection, id: Id) -> QueryResult<Vec<PhotoRef>> {
    let rows = evidence::rows_of(conn, &[id])?.into_iter();
    let photos = rows.filter(Stored::is_photo).map(|photo| PhotoRef {
        sha256: photo.sha256,
        taken_at: photo.taken_at.map(|at| at.0),
    });
    Ok(photos.collect())
}

/// Files a complaint under its keys and keeps the verdict on it.
///
/// # Errors
/// A fault when the database fails.
pub fn store(
    conn: &mut Connection,
    report: &Report,
    number: &str,
    verdict: &Verdict,
    now: DateTime<Utc>,
) -> Result<Id, Problem> {
    let report = Report {
        number_key: number_key(number),
        ..report.clone()
    };
    file(conn, &report)?;
    keep_verdict(conn, &report, verdict, now).or_fault("keep the verdict")
}

/// Files a complaint anew after its facts were corrected or evidence was added.
///
/// # Errors
/// A fault when the database fails.
pub fn refile(conn: &mut Connection, keys: &Keys, id: Id) -> Result<(), Problem> {
    match report_of(conn, keys, id)? {
        Some(report) => file(conn, &report),
        None => Ok(()),
    }
}

/// Complaints filed anew in one transaction.
const REFILE_BATCH: i64 = 500;

/// Files the next complaints after an id anew; answers how many, and the last one's id while there
/// may be more.
///
/// # Errors
/// A fault when the database fails.
pub fn refile_after(
    conn: &mut Connection,
    keys: &Keys,
    after: Option<Id>,
) -> Result<(usize, Option<Id>), Problem> {
    let mut ids = complaint::table
        .filter(complaint::hidden.eq(false))
        .order(complaint::id.asc())
        .limit(REFILE_BATCH)
        .select(complaint::id)
        .into_boxed();
    if let Some(id) = after {
        ids = ids.filter(complaint::id.gt(id));
    }
    let ids: Vec<Id> = ids.load(conn).or_fault("list complaints")?;
    for id in &ids {
        refile(conn, keys, *id)?;
    }
    Ok((ids.len(), ids.last().copied()))
}

/// Whether there are complaints and none is filed, as after an update that changed how they are.
///
/// # Errors
/// What the database answers.
pub fn nothing_is_filed(conn: &mut Connection) -> QueryResult<bool> {
    let one_filed: Option<Id> = match_fact::table
        .select(match_fact::complaint_id)
        .first(conn)
        .optional()?;
    let one: Option<Id> = complaint::table
        .filter(complaint::hidden.eq(false))
        .select(complaint::id)
        .first(conn)
        .optional()?;
    Ok(one.is_some() && one_filed.is_none())
}

/// Files a complaint, or files it anew: it keeps its place in the order of filing.
fn file(conn: &mut Connection, report: &Report) -> Result<(), Problem> {
    let id = Id(report.id);
    let data = stored::encode(report)
        .map_err(|e| Problem::fault(format!("cannot write a report: {e}")))?;
    let keys = filing::filed_under(report);
    let filed: Option<(i64, Vec<u8>)> = match_fact::table
        .filter(match_fact::complaint_id.eq(id))
        .select((match_fact::seq, match_fact::keys))
        .first(conn)
        .optional()
        .or_fault("look whether a complaint is filed")?;
    let facts = (
        match_fact::data.eq(data),
        match_fact::keys.eq(stored::encode_keys(&keys)),
    );
    let seq = match filed {
        Some((seq, keys_before)) => {
            let keys_before = stored::decode_keys(&keys_before);
            diesel::delete(match_key::table)
                .filter(match_key::key.eq_any(keys_before))
                .filter(match_key::seq.eq(seq))
                .execute(conn)
                .or_fault("forget keys")?;
            diesel::update(match_fact::table.find(seq))
                .set(facts)
                .execute(conn)
                .or_fault("file a complaint's facts anew")?;
            seq
        }
        None => on_each!(conn, |c| diesel::insert_into(match_fact::table)
            .values((match_fact::complaint_id.eq(id), facts))
            .returning(match_fact::seq)
            .get_result::<i64>(c))
        .or_fault("file a complaint's facts")?,
    };
    let rows: Vec<_> = keys
        .into_iter()
        .map(|key| (match_key::key.eq(key), match_key::seq.eq(seq)))
        .collect();
    on_each!(conn, |c| diesel::insert_into(match_key::table)
        .values(rows)
        .execute(c))
    .or_fault("file a complaint under its keys")?;
    Ok(())
}

/// Keeps a verdict beside the earlier ones.
///
/// # Errors
/// What the database answers.
pub fn keep_verdict(
    conn: &mut Connection,
    report: &Report,
    verdict: &Verdict,
    now: DateTime<Utc>,
) -> QueryResult<Id> {
    let id = Id::new();
    diesel::insert_into(match_verdict::table)
        .values((
            match_verdict::id.eq(id),
            match_verdict::complaint_id.eq(Id(report.id)),
            match_verdict::rule.eq(verdict.rule.as_str()),
            match_verdict::outcome.eq(verdict.outcome.as_str()),
            match_verdict::target_id.eq(verdict.target.map(Id)),
            match_verdict::score.eq(verdict.score),
            match_verdict::evidence.eq(JsonValue(json!(verdict.candidates))),
            match_verdict::model_version.eq(&verdict.model),
            match_verdict::entry_before.eq(verdict.target_entry.map(Id)),
            match_verdict::decided_at.eq(UtcTime(now)),
        ))
        .execute(conn)?;
    Ok(id)
}

/// Explains a verdict in other words.
///
/// # Errors
/// What the database answers.
pub fn reword_verdict(conn: &mut Connection, id: Id, evidence: Value) -> QueryResult<usize> {
    diesel::update(match_verdict::table.find(id))
        .set(match_verdict::evidence.eq(JsonValue(evidence)))
        .execute(conn)
}

/// The reports of complaints as they were filed; those not filed yet are left out.
///
/// # Errors
/// What the database answers.
pub fn filed_reports(conn: &mut Connection, ids: &[Id]) -> QueryResult<Vec<Report>> {
    let rows: Vec<Vec<u8>> = match_fact::table
        .filter(match_fact::complaint_id.eq_any(ids))
        .select(match_fact::data)
        .load(conn)?;
    Ok(rows
        .iter()
        .filter_map(|data| stored::decode(data))
        .collect())
}

/// A kept verdict.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = match_verdict)]
pub struct VerdictRow {
    /// Its id.
    pub id: Id,
    /// Rule name.
    pub rule: String,
    /// Outcome name.
    pub outcome: String,
    /// The earlier complaint.
    pub target_id: Option<Id>,
    /// Score of the deciding pair.
    pub score: Option<f64>,
    /// The candidates, as [`super::Explained`].
    pub evidence: JsonValue,
    /// The model.
    pub model_version: String,
    /// When.
    pub decided_at: UtcTime,
}

/// A complaint's verdicts, oldest first.
///
/// # Errors
/// What the database answers.
pub fn verdicts_of(conn: &mut Connection, id: Id) -> QueryResult<Vec<VerdictRow>> {
    match_verdict::table
        .filter(match_verdict::complaint_id.eq(id))
        .order(match_verdict::id.asc())
        .select(VerdictRow::as_select())
        .load(conn)
}

/// The last verdict on each complaint, in one query however many there are.
///
/// # Errors
/// What the database answers.
pub fn last_verdicts(conn: &mut Connection, ids: &[Id]) -> QueryResult<HashMap<Id, VerdictRow>> {
    let rows: Vec<(Id, VerdictRow)> = match_verdict::table
        .filter(match_verdict::complaint_id.eq_any(ids))
        .order(match_verdict::id.asc())
        .select((match_verdict::complaint_id, VerdictRow::as_select()))
        .load(conn)?;
    // Of one complaint's the later takes the place of the earlier.
    Ok(rows.into_iter().collect())
}
