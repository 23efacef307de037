//! Runs of the import as they are kept: who took which file in, what became of its rows, and which
//! complaint came from which row.

use std::{fs::File, io::Read as _, path::Path};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::Summary;
use crate::platform::{
    db::{
        Connection, Id, JsonValue, UtcTime,
        schema::{import_batch, import_row, staff},
    },
    jobs::told_of,
};

/// Refused rows that are kept with a run; all are counted.
const FAULTS_KEPT: usize = 1000;

/// Bytes of the file hashed at once.
const CHUNK: usize = 64 * 1024;

/// Where a complaint came from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) batch: Id,
    pub(super) line: u64,
}

/// A run that begins.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = import_batch)]
pub(super) struct NewBatch {
    id: Id,
    source: String,
    file: String,
    file_sha256: String,
    started_by: Option<Id>,
    started_at: UtcTime,
    rows_read: i64,
    rows_stored: i64,
    rows_known: i64,
    rows_refused: i64,
    faults: JsonValue,
}

impl NewBatch {
    /// Of a file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn of(
        file: &Path,
        source: &str,
        by: Option<Id>,
        now: DateTime<Utc>,
    ) -> anyhow::Result<Self> {
        let name = file.file_name().unwrap_or_default();
        Ok(Self {
            id: Id::new(),
            source: source.to_owned(),
            file: name.to_string_lossy().into_owned(),
            file_sha256: hash(file)?,
            started_by: by,
            started_at: UtcTime(now),
            rows_read: 0,
            rows_stored: 0,
            rows_known: 0,
            rows_refused: 0,
            faults: JsonValue(json!([])),
        })
    }
}

fn hash(path: &Path) -> anyhow::Result<String> {
    let mut file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let (mut hasher, mut chunk) = (Sha256::new(), vec![0; CHUNK]);
    loop {
        let read = file.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        hasher.update(chunk.get(..read).unwrap_or_default());
    }
    let bytes = hasher.finalize();
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Keeps that a run begins.
///
/// # Errors
/// What the database answers.
pub(super) fn begin(conn: &mut Connection, batch: &NewBatch) -> QueryResult<Id> {
    diesel::insert_into(import_batch::table)
        .values(batch)
        .execute(conn)?;
    Ok(batch.id)
}

/// Keeps what became of a run's rows. Why rows were refused is kept without what it quotes of them.
///
/// # Errors
/// What the database answers.
pub(super) fn end(
    conn: &mut Connection,
    batch: Id,
    summary: &Summary,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    let count = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
    let kept = summary.refused.iter().take(FAULTS_KEPT);
    let faults: Vec<_> = kept
        .map(|(line, reason)| json!({ "line": line, "reason": told_of(reason) }))
        .collect();
    diesel::update(import_batch::table.find(batch))
        .set((
            import_batch::ended_at.eq(UtcTime(now)),
            import_batch::rows_read.eq(count(summary.read)),
            import_batch::rows_stored.eq(count(summary.stored)),
            import_batch::rows_known.eq(count(summary.known)),
            import_batch::rows_refused.eq(count(summary.refused.len())),
            import_batch::faults.eq(JsonValue(json!(faults))),
        ))
        .execute(conn)
}

/// Keeps which row a complaint came from.
///
/// # Errors
/// What the database answers.
pub(super) fn keep_row(
    conn: &mut Connection,
    place: Place,
    complaint: Id,
    key: Option<&str>,
) -> QueryResult<usize> {
    diesel::insert_into(import_row::table)
        .values((
            import_row::complaint_id.eq(complaint),
            import_row::batch_id.eq(place.batch),
            import_row::line.eq(i64::try_from(place.line).unwrap_or(i64::MAX)),
            import_row::row_key.eq(key),
        ))
        .execute(conn)
}

/// The complaint that came from a row of this key.
///
/// # Errors
/// What the database answers.
pub(super) fn complaint_of(conn: &mut Connection, key: &str) -> QueryResult<Option<Id>> {
    import_row::table
        .filter(import_row::row_key.eq(key))
        .select(import_row::complaint_id)
        .first(conn)
        .optional()
}

/// A run as it is kept.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = import_batch)]
#[expect(
    missing_docs,
    reason = "columns; docs/data-model.md says what is in them"
)]
pub struct BatchRow {
    pub id: Id,
    pub source: String,
    pub file: String,
    pub file_sha256: String,
    pub started_at: UtcTime,
    pub ended_at: Option<UtcTime>,
    pub rows_read: i64,
    pub rows_stored: i64,
    pub rows_known: i64,
    pub rows_refused: i64,
    pub faults: JsonValue,
}

impl BatchRow {
    /// How a run ended, in one word for the operator's list.
    #[must_use]
    pub fn status(&self) -> &'static str {
        match self.ended_at {
            None => "broken off",
            Some(_) if self.rows_refused > 0 => "with errors",
            Some(_) => "whole",
        }
    }
}

/// The newest runs, and who began each.
///
/// # Errors
/// What the database answers.
pub fn newest(conn: &mut Connection, limit: i64) -> QueryResult<Vec<(BatchRow, Option<String>)>> {
    import_batch::table
        .left_join(staff::table)
        .order((import_batch::started_at.desc(), import_batch::id.desc()))
        .limit(limit)
        .select((BatchRow::as_select(), staff::username.nullable()))
        .load(conn)
}

/// A run, and how many complaints came of it, also while it goes on or after it was broken off.
///
/// # Errors
/// What the database answers.
pub fn by_id(conn: &mut Connection, id: Id) -> QueryResult<Option<(BatchRow, i64)>> {
    let row: Option<BatchRow> = import_batch::table
        .find(id)
        .select(BatchRow::as_select())
        .first(conn)
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let came = import_row::table
        .filter(import_row::batch_id.eq(id))
        .count()
        .get_result(conn)?;
    Ok(Some((row, came)))
}
