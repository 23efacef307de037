//! Evidence in the database. Nothing else writes it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{count_star, exists, not},
    prelude::*,
};

use super::{
    Kind, Said, Source, Subject,
    album::{KEPT, PhotoView, REFUSED, Stored},
    bands,
    intake::Taken,
};
use crate::geo::{Datum, Point, distance_m, to_canonical};
use crate::on_each;
use crate::photo::{PerceptualHash, Remark};
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, evidence, evidence_band},
    },
    problem::{Code, OnDb, Problem},
    sealed,
};

/// How evidence came.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// What it belongs to.
    pub subject: Subject,
    /// Whom it is from.
    pub source: Source,
    /// The member of staff who sent it, if one did.
    pub uploaded_by: Option<Id>,
    /// What its sender says of it.
    pub said: Said,
    /// Where it should have been taken.
    pub claimed: Option<Point>,
    /// When it reached us.
    pub at: DateTime<Utc>,
}

/// Stores the rows of what was taken in. The same file again in the same role is what is there
/// already. What was refused leaves a row as well, so that it is seen that something was sent.
///
/// # Errors
/// What the database answers.
pub fn insert(
    conn: &mut Connection,
    keys: &Keys,
    arrival: &Arrival,
    taken: &[Taken],
) -> Result<Vec<PhotoView>, Problem> {
    let mut telling = Vec::new();
    for one in taken {
        let row = NewEvidence::of(keys, arrival, one)?;
        let added = on_each!(conn, |c| diesel::insert_into(evidence::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))
        .or_fault("insert evidence")?;
        let derived = one.picture().and_then(|p| p.derived.as_ref());
        let derived = derived.filter(|d| added > 0 && d.telling);
        telling.extend(derived.map(|d| (one.id, d.hash)));
    }
    file(conn, &telling).or_fault("file pictures")?;
    let there = there(conn, arrival.subject, taken).or_fault("load evidence")?;
    let views = taken.iter().map(|one| {
        let sha256 = one.result.as_ref().ok().map(|kept| kept.sha256.as_str());
        let id = sha256.and_then(|hash| there.get(&(hash.to_owned(), one.role.clone())));
        one.view(id.copied())
    });
    Ok(views.collect())
}

/// The ids of a subject's evidence with the content of what was taken in, by content and role.
fn there(
    conn: &mut Connection,
    subject: Subject,
    taken: &[Taken],
) -> QueryResult<HashMap<(String, String), Id>> {
    let kept = taken.iter().filter_map(|one| one.result.as_ref().ok());
    let hashes: Vec<&str> = kept.map(|kept| kept.sha256.as_str()).collect();
    let rows: Vec<(String, String, Id)> = evidence::table
        .filter(evidence::subject_id.eq(subject.id))
        .filter(evidence::sha256.eq_any(hashes))
        .select((evidence::sha256, evidence::role, evidence::id))
        .load(conn)?;
    let by_content = rows.into_iter().map(|(hash, role, id)| ((hash, role), id));
    Ok(by_content.collect())
}

#[derive(Insertable)]
#[diesel(table_name = evidence)]
struct NewEvidence {
    id: Id,
    subject_kind: &'static str,
    subject_id: Id,
    kind: Option<&'static str>,
    role: String,
    phase: &'static str,
    source: &'static str,
    status: &'static str,
    problem: Option<&'static str>,
    file_name: Option<String>,
    sha256: String,
    media_type: Option<&'static str>,
    size_bytes: i64,
    width: Option<i32>,
    height: Option<i32>,
    perceptual_hash: Option<String>,
    taken_at: Option<UtcTime>,
    device_clock: Option<String>,
    device_time: Option<UtcTime>,
    orientation: Option<i32>,
    device: Option<String>,
    distance_m: Option<f64>,
    has_derivatives: bool,
    remarks: Option<String>,
    upload_id: Option<String>,
    uploaded_by: Option<Id>,
    created_at: UtcTime,
    clock_offset_ms: Option<i64>,
}

impl NewEvidence {
    fn of(keys: &Keys, arrival: &Arrival, taken: &Taken) -> Result<Self, Problem> {
        let kept = taken.result.as_ref().ok();
        let picture = taken.picture();
        let derived = picture.and_then(|p| p.derived.as_ref());
        let facts = picture.map(|p| &p.facts);
        let gps = facts.and_then(|f| f.gps);
        let side = |n: Option<u32>| n.and_then(|n| i32::try_from(n).ok());
        let remarks: Vec<&str> = taken.remarks().map(Remark::code).collect();
        let id = taken.id.0.as_bytes();
        Ok(Self {
            id: taken.id,
            subject_kind: arrival.subject.kind.as_str(),
            subject_id: arrival.subject.id,
            kind: taken.kind().map(Kind::as_str),
            role: taken.role.clone(),
            phase: arrival.said.phase.as_str(),
            source: arrival.source.as_str(),
            status: if kept.is_some() { KEPT } else { REFUSED },
            problem: taken.result.as_ref().err().map(|p| p.code()),
            file_name: sealed::FILE_NAME.seal_maybe(keys, id, taken.file_name.as_deref())?,
            // A refused file has no content of ours; its own id keeps its row apart.
            sha256: kept.map_or_else(|| taken.id.to_string(), |k| k.sha256.clone()),
            media_type: kept.map(|k| k.media_type),
            size_bytes: taken.size_bytes,
            width: side(picture.and_then(|p| p.width)),
            height: side(picture.and_then(|p| p.height)),
            perceptual_hash: derived.map(|d| d.hash.to_string()),
            taken_at: facts.and_then(|f| f.taken_at).map(UtcTime),
            device_clock: facts.and_then(|f| f.device_clock).map(|c| c.to_string()),
            device_time: arrival.said.device_time.map(UtcTime),
            orientation: facts.and_then(|f| f.orientation).map(i32::from),
            device: facts.and_then(|f| f.device.clone()),
            // Evidence, never a blocker.
            distance_m: gps.zip(arrival.claimed).map(|((lon, lat), claimed)| {
                distance_m(to_canonical(Datum::Wgs84, lon, lat), claimed)
            }),
            has_derivatives: derived.is_some(),
            remarks: (!remarks.is_empty()).then(|| remarks.join(",")),
            upload_id: arrival.said.upload_id.clone(),
            uploaded_by: arrival.uploaded_by,
            created_at: UtcTime(arrival.at),
            clock_offset_ms: arrival.said.clock_offset.map(|o| o.num_milliseconds()),
        })
    }
}

/// The evidence of subjects, oldest first, in one query however many there are.
///
/// # Errors
/// What the database answers.
pub fn of(conn: &mut Connection, keys: &Keys, subjects: &[Id]) -> QueryResult<Vec<Stored>> {
    let rows = rows_of(conn, subjects)?.into_iter();
    let opened = rows.map(|row| Stored {
        file_name: row
            .file_name
            .and_then(|name| sealed::FILE_NAME.open_text(keys, row.id.0.as_bytes(), name)),
        ..row
    });
    Ok(opened.collect())
}

/// How many photos are kept of each subject that has any, in one query however many there are.
///
/// # Errors
/// What the database answers.
pub fn photos_of_each(conn: &mut Connection, subjects: &[Id]) -> QueryResult<HashMap<Id, i64>> {
    let counted: Vec<(Id, i64)> = evidence::table
        .filter(evidence::subject_id.eq_any(subjects))
        .filter(evidence::kind.eq(Kind::Photo.as_str()))
        .filter(evidence::status.eq(KEPT))
        .group_by(evidence::subject_id)
        .select((evidence::subject_id, count_star()))
        .load(conn)?;
    Ok(counted.into_iter().collect())
}

/// The same with the files' names as they are stored, sealed.
///
/// # Errors
/// What the database answers.
pub fn rows_of(conn: &mut Connection, subjects: &[Id]) -> QueryResult<Vec<Stored>> {
    evidence::table
        .filter(evidence::subject_id.eq_any(subjects))
        .order(evidence::id.asc())
        .select(Stored::as_select())
        .load(conn)
}

/// The subjects' photos that have public copies, oldest first, so many at most: subject, id, role.
///
/// # Errors
/// What the database answers.
pub fn viewable_of(
    conn: &mut Connection,
    subjects: &[Id],
    most: i64,
) -> QueryResult<Vec<(Id, Id, String)>> {
    evidence::table
        .filter(evidence::subject_id.eq_any(subjects))
        .filter(evidence::has_derivatives.eq(true))
        .order(evidence::id.asc())
        .limit(most)
        .select((evidence::subject_id, evidence::id, evidence::role))
        .load(conn)
}

/// A piece of the subjects' evidence by the id in a path.
///
/// # Errors
/// 404 when there is none.
pub fn find(conn: &mut Connection, subjects: &[Id], id: &str) -> Result<Stored, Problem> {
    let id: uuid::Uuid = id.parse().map_err(|_| Problem::not_found())?;
    evidence::table
        .find(Id(id))
        .filter(evidence::subject_id.eq_any(subjects))
        .select(Stored::as_select())
        .first(conn)
        .optional()
        .or_fault("load evidence")?
        .ok_or_else(Problem::not_found)
}

/// What an upload brought whose id its sender has given before: sent again with the same files it is
/// the same upload. `None` of one that is new, or has no id.
///
/// # Errors
/// 409 when it brought other files the first time.
pub fn known(
    conn: &mut Connection,
    keys: &Keys,
    arrival: &Arrival,
    taken: &[Taken],
) -> Result<Option<Vec<Stored>>, Problem> {
    let Some(upload) = &arrival.said.upload_id else {
        return Ok(None);
    };
    let all = of(conn, keys, &[arrival.subject.id]).or_fault("load evidence")?;
    let (before, others): (Vec<Stored>, Vec<Stored>) = all
        .into_iter()
        .partition(|piece| piece.upload_id.as_ref() == Some(upload));
    if before.is_empty() {
        return Ok(None);
    }
    // What another upload had brought already left no row of this one.
    let is_there = |hash: &str| {
        before
            .iter()
            .chain(&others)
            .any(|piece| piece.sha256 == hash)
    };
    let mut sent = taken.iter().filter_map(|one| one.result.as_ref().ok());
    if sent.all(|kept| is_there(&kept.sha256)) {
        return Ok(Some(before));
    }
    let detail =
        format!("upload_id {upload} was sent with other files; what is new has an id of its own");
    Err(Problem::because(Code::IdempotencyConflict, detail))
}

/// Evidence looked at for the same content at most.
const SAME_MAX: i64 = 1000;

/// Which other subjects have evidence with these contents, the first received first: content and
/// subject.
///
/// # Errors
/// What the database answers.
pub fn with_contents(
    conn: &mut Connection,
    hashes: &[&str],
    not_of: &[Id],
) -> QueryResult<Vec<(String, Id)>> {
    evidence::table
        .filter(evidence::sha256.eq_any(hashes))
        .filter(evidence::subject_id.ne_all(not_of))
        .order(evidence::id.asc())
        .limit(SAME_MAX)
        .select((evidence::sha256, evidence::subject_id))
        .load(conn)
}

/// Files pictures under their bands.
///
/// # Errors
/// What the database answers.
pub(super) fn file(conn: &mut Connection, pictures: &[(Id, PerceptualHash)]) -> QueryResult<usize> {
    if pictures.is_empty() {
        return Ok(0);
    }
    let filed = pictures
        .iter()
        .flat_map(|(id, hash)| bands::keys_of(hash).map(move |key| (key, *id)));
    let rows: Vec<_> = filed
        .map(|(key, id)| {
            (
                evidence_band::key.eq(key),
                evidence_band::evidence_id.eq(id),
            )
        })
        .collect();
    on_each!(conn, |c| diesel::insert_into(evidence_band::table)
        .values(rows)
        .execute(c))
}

/// Photos looked at in one go when those from before are filed.
const BATCH: i64 = 20;

/// The next photos that are not filed under their bands: id, content, hash.
pub(super) fn unfiled(conn: &mut Connection, after: Id) -> QueryResult<Vec<(Id, String, String)>> {
    let filed = evidence_band::table.filter(evidence_band::evidence_id.eq(evidence::id));
    evidence::table
        .filter(evidence::id.gt(after))
        .filter(evidence::has_derivatives.eq(true))
        .filter(not(exists(filed)))
        .order(evidence::id.asc())
        .limit(BATCH)
        .select((
            evidence::id,
            evidence::sha256,
            evidence::perceptual_hash.assume_not_null(),
        ))
        .load(conn)
}

/// The telling pictures of subjects and their hashes.
pub(super) fn hashes_of(
    conn: &mut Connection,
    subjects: &[Id],
) -> QueryResult<Vec<(Id, PerceptualHash)>> {
    let rows: Vec<(Id, Option<String>)> = evidence::table
        .inner_join(evidence_band::table)
        .filter(evidence::subject_id.eq_any(subjects))
        .select((evidence::id, evidence::perceptual_hash))
        .distinct()
        .load(conn)?;
    let parsed = rows
        .into_iter()
        .filter_map(|(id, hash)| Some((id, hash?.parse().ok()?)));
    Ok(parsed.collect())
}

/// Keys asked for at once.
const KEYS_AT_ONCE: usize = 500;

/// Candidates looked at for one picture: a band that is everybody's tells nothing.
const CANDIDATES_MAX: usize = 2000;

/// Pictures of other subjects that share a band, or almost: id, subject, hash. What the abuse list
/// hides is left out, so that it cannot crowd out the rest.
pub(super) fn pictures_near(
    conn: &mut Connection,
    own: &[Id],
    hash: &PerceptualHash,
) -> QueryResult<Vec<(Id, Id, PerceptualHash)>> {
    let keys: Vec<i32> = bands::keys_near(hash).into_iter().collect();
    let mut found = HashMap::new();
    for keys in keys.chunks(KEYS_AT_ONCE) {
        let left = CANDIDATES_MAX.saturating_sub(found.len());
        let hidden = complaint::table
            .filter(complaint::id.eq(evidence::subject_id))
            .filter(complaint::hidden.eq(true));
        let rows: Vec<(Id, Id, Option<String>)> = evidence::table
            .inner_join(evidence_band::table)
            .filter(evidence_band::key.eq_any(keys))
            .filter(evidence::subject_id.ne_all(own))
            .filter(not(exists(hidden)))
            .select((
                evidence::id,
                evidence::subject_id,
                evidence::perceptual_hash,
            ))
            .distinct()
            .limit(i64::try_from(left).unwrap_or(i64::MAX))
            .load(conn)?;
        found.extend(
            rows.into_iter()
                .filter_map(|(id, subject, hash)| Some((id, (subject, hash?.parse().ok()?)))),
        );
    }
    let pictures = found
        .into_iter()
        .map(|(id, (subject, hash))| (id, subject, hash));
    Ok(pictures.collect())
}
