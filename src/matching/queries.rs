//! Candidates by key, verdicts kept.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::{connection::SimpleConnection as _, prelude::*};
use serde_json::json;

use super::{Candidate, EntryStanding, PhotoRef, Place, Report, Verdict, decide, keys};
use crate::district::Profile;
use crate::geo::Point;
use crate::on_each;
use crate::platform::{
    db::{
        Connection, Id, JsonValue, UtcTime,
        schema::{
            complaint, complaint_place, complaint_text, ledger_entry, match_key, match_verdict,
            petitioner, photo,
        },
    },
    problem::{OnDb, Problem},
};
use crate::text::{grams, text_keys};

/// Candidates scored for one report at most, the newest first.
const CANDIDATES_MAX: usize = 500;

/// States in which a complaint takes no part in matching.
const OUT_OF_MATCHING: [&str; 2] = ["withdrawn", "archived"];

/// Keeps near-simultaneous reports of one matter apart: they take the same advisory locks, in one
/// order, until their transactions end. On SQLite the one writer does the same.
///
/// # Errors
/// What the database answers.
pub fn lock(conn: &mut Connection, report: &Report, profile: &Profile) -> QueryResult<()> {
    let Connection::Postgres(c) = conn else {
        return Ok(());
    };
    // Place, premises, persons: whatever could make two reports meet. Sorted, so that no two
    // transactions wait for each other.
    let mut locks: Vec<i64> = keys::regions(report, profile);
    let named = report
        .premises
        .iter()
        .chain(&report.persons)
        .chain(&report.external_no);
    locks.extend(named.map(|name| lock_number(name)));
    locks.sort_unstable();
    locks.dedup();
    let sql: String = locks
        .iter()
        .map(|lock| format!("SELECT pg_advisory_xact_lock({lock});"))
        .collect();
    c.batch_execute(&sql)
}

fn lock_number(name: &str) -> i64 {
    grams(&format!("lock{name}lock"))
        .into_iter()
        .fold(0, |sum, gram| sum ^ gram.rotate_left(7))
        .cast_signed()
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
    let ids = candidate_ids(conn, report, profile).or_fault("find candidates")?;
    let candidates = load_candidates(conn, &ids).or_fault("load candidates")?;
    Ok(decide(report, &candidates, profile))
}

/// Ids of earlier complaints that share a key, at most so many for each key and in all, newest first.
/// A hot key (one address with very many complaints) is cut to its newest and so never slow.
fn candidate_ids(
    conn: &mut Connection,
    report: &Report,
    profile: &Profile,
) -> QueryResult<Vec<Id>> {
    let per_key = profile.rules.matching.candidates_per_key;
    let mut found = HashSet::new();
    for key in keys::looked_for(report, profile) {
        let ids: Vec<Id> = match_key::table
            .filter(match_key::key.eq(key))
            .filter(match_key::complaint_id.lt(Id(report.id)))
            .order(match_key::complaint_id.desc())
            .limit(per_key)
            .select(match_key::complaint_id)
            .load(conn)?;
        found.extend(ids);
    }
    let mut ids: Vec<Id> = found.into_iter().collect();
    // Ids are time-ordered, so the newest are the greatest.
    ids.sort_unstable_by(|a, b| b.cmp(a));
    ids.truncate(CANDIDATES_MAX);
    Ok(ids)
}

#[derive(Queryable)]
struct Row {
    id: Id,
    number: String,
    channel: String,
    external_no: Option<String>,
    category: String,
    coarse: String,
    demand: Option<String>,
    occurred_at: Option<UtcTime>,
    occurred_until: Option<UtcTime>,
    received_at: UtcTime,
    closed_at: Option<UtcTime>,
    entry_id: Id,
    entry_state: String,
    written_off_at: Option<UtcTime>,
}

/// Loads complaints as candidates, in four queries however many there are.
///
/// # Errors
/// What the database answers.
pub fn load_candidates(conn: &mut Connection, ids: &[Id]) -> QueryResult<Vec<Candidate>> {
    let rows: Vec<Row> = complaint::table
        .inner_join(ledger_entry::table)
        .filter(complaint::id.eq_any(ids))
        .filter(complaint::hidden.eq(false))
        .filter(complaint::state.ne_all(OUT_OF_MATCHING))
        .select((
            complaint::id,
            complaint::number,
            complaint::channel,
            complaint::external_no,
            complaint::category,
            complaint::coarse,
            complaint::demand,
            complaint::occurred_at,
            complaint::occurred_until,
            complaint::received_at,
            complaint::closed_at,
            complaint::entry_id,
            ledger_entry::state,
            ledger_entry::written_off_at,
        ))
        .load(conn)?;
    let mut texts = texts_of(conn, ids)?;
    let mut persons = persons_of(conn, ids)?;
    let mut photos = photos_of(conn, ids)?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let text = texts.remove(&row.id).unwrap_or_default();
            let persons = persons.remove(&row.id).unwrap_or_default();
            let photos = photos.remove(&row.id).unwrap_or_default();
            candidate(row, text, persons, photos)
        })
        .collect())
}

/// Text and place of a complaint, as the engine needs them.
#[derive(Default)]
struct TextAndPlace {
    description: String,
    premises: Option<String>,
    object_id: Option<String>,
    place: Option<Place>,
}

fn candidate(
    row: Row,
    text: TextAndPlace,
    persons: Vec<String>,
    photos: Vec<PhotoRef>,
) -> Candidate {
    let occurred = row
        .occurred_at
        .map(|from| (from.0, row.occurred_until.unwrap_or(from).0));
    let entry = match (row.entry_state.as_str(), row.written_off_at) {
        ("archived", _) => EntryStanding::Archived,
        ("written_off" | "follow_up" | "long_term", Some(at)) => EntryStanding::WrittenOff(at.0),
        _ => EntryStanding::Open,
    };
    Candidate {
        number: row.number,
        entry_id: row.entry_id.0,
        closed_at: row.closed_at.map(|at| at.0),
        // 复查 and 复核 are a later chapter; until then no complaint has been through them.
        finally_reviewed: false,
        entry,
        report: Report {
            id: row.id.0,
            channel: row.channel,
            external_no: row.external_no,
            persons,
            object_id: text.object_id,
            premises: text.premises,
            place: text.place,
            category: row.category,
            coarse: row.coarse,
            occurred,
            received_at: row.received_at.0,
            demand: row.demand,
            grams: grams(&text.description),
            text_keys: text_keys(&text.description),
            photos,
        },
    }
}

type TextRow = (
    Id,
    String,
    Option<String>,
    Option<String>,
    String,
    Option<f64>,
    Option<f64>,
    Option<f64>,
);

fn texts_of(conn: &mut Connection, ids: &[Id]) -> QueryResult<HashMap<Id, TextAndPlace>> {
    let rows: Vec<TextRow> = complaint::table
        .inner_join(complaint_text::table)
        .inner_join(complaint_place::table)
        .filter(complaint::id.eq_any(ids))
        .select((
            complaint::id,
            complaint_text::description,
            complaint_text::premises_key,
            complaint_text::object_id,
            complaint_place::kind,
            complaint_place::lon,
            complaint_place::lat,
            complaint_place::accuracy_m,
        ))
        .load(conn)?;
    Ok(rows
        .into_iter()
        .map(
            |(id, description, premises, object_id, kind, lon, lat, accuracy_m)| {
                let point = lon.zip(lat).filter(|_| kind != "none");
                let place = point.map(|(lon, lat)| Place {
                    point: Point { lon, lat },
                    accuracy_m,
                });
                (
                    id,
                    TextAndPlace {
                        description,
                        premises,
                        object_id,
                        place,
                    },
                )
            },
        )
        .collect())
}

/// Blind indexes of each complaint's petitioners.
///
/// # Errors
/// What the database answers.
pub fn persons_of(conn: &mut Connection, ids: &[Id]) -> QueryResult<HashMap<Id, Vec<String>>> {
    let rows: Vec<(Id, JsonValue)> = petitioner::table
        .filter(petitioner::complaint_id.eq_any(ids))
        .order((petitioner::complaint_id, petitioner::position))
        .select((petitioner::complaint_id, petitioner::person_keys))
        .load(conn)?;
    let mut persons: HashMap<Id, Vec<String>> = HashMap::new();
    for (id, keys) in rows {
        let keys: Vec<String> = serde_json::from_value(keys.0).unwrap_or_default();
        persons.entry(id).or_default().extend(keys);
    }
    Ok(persons)
}

fn photos_of(conn: &mut Connection, ids: &[Id]) -> QueryResult<HashMap<Id, Vec<PhotoRef>>> {
    let rows: Vec<(Id, String, Option<UtcTime>)> = photo::table
        .filter(photo::complaint_id.eq_any(ids))
        .filter(photo::verification_id.is_null())
        .filter(photo::status.eq("kept"))
        .select((photo::complaint_id, photo::sha256, photo::taken_at))
        .load(conn)?;
    let mut photos: HashMap<Id, Vec<PhotoRef>> = HashMap::new();
    for (id, sha256, taken_at) in rows {
        photos.entry(id).or_default().push(PhotoRef {
            sha256,
            taken_at: taken_at.map(|at| at.0),
        });
    }
    Ok(photos)
}

/// Files a complaint under its keys and keeps the verdict on it.
///
/// # Errors
/// What the database answers.
pub fn store(
    conn: &mut Connection,
    report: &Report,
    verdict: &Verdict,
    now: DateTime<Utc>,
) -> QueryResult<Id> {
    file(conn, report.id.into(), keys::filed_under(report))?;
    keep_verdict(conn, report, verdict, now)
}

/// Files a complaint anew after its facts were corrected.
///
/// # Errors
/// What the database answers.
pub fn refile(conn: &mut Connection, id: Id) -> QueryResult<()> {
    diesel::delete(match_key::table.filter(match_key::complaint_id.eq(id))).execute(conn)?;
    for candidate in load_candidates(conn, &[id])? {
        file(conn, id, keys::filed_under(&candidate.report))?;
    }
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

/// Files a complaint under more keys, as a photo that came later brings one.
///
/// # Errors
/// What the database answers.
pub fn file(conn: &mut Connection, id: Id, mut keys: Vec<String>) -> QueryResult<()> {
    keys.sort_unstable();
    keys.dedup();
    let rows: Vec<_> = keys
        .into_iter()
        .map(|key| (match_key::key.eq(key), match_key::complaint_id.eq(id)))
        .collect();
    on_each!(conn, |c| diesel::insert_into(match_key::table)
        .values(rows)
        .on_conflict_do_nothing()
        .execute(c))
    .map(|_| ())
}

/// A kept verdict.
#[derive(Debug, Clone, Queryable)]
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
        .order((match_verdict::decided_at.asc(), match_verdict::id.asc()))
        .select((
            match_verdict::id,
            match_verdict::rule,
            match_verdict::outcome,
            match_verdict::target_id,
            match_verdict::score,
            match_verdict::evidence,
            match_verdict::model_version,
            match_verdict::decided_at,
        ))
        .load(conn)
}
