//! Complaints from before upstream numbers stood as keys, those that name somebody sealed, and
//! matching went by bare words.

use diesel::prelude::*;

use super::upstream::Upstream;
use crate::matching::queries as matching;
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, JsonValue,
        schema::{complaint, complaint_text, match_verdict},
    },
    problem::{OnDb, Problem},
    sealed::INDEXED,
};
use crate::privacy::{self, Need, Words};

/// Complaints in one transaction.
const BATCH: i64 = 50;

/// Brings the next complaints to the present form; answers where the next batch begins.
///
/// # Errors
/// A fault when the database or the cipher fails.
pub fn seal_after(
    conn: &mut Connection,
    keys: &Keys,
    after: Option<Id>,
) -> Result<Option<Id>, Problem> {
    let mut next = complaint::table
        .order(complaint::id.asc())
        .limit(BATCH)
        .select((complaint::id, complaint::external_no))
        .into_boxed();
    if let Some(id) = after {
        next = next.filter(complaint::id.gt(id));
    }
    let rows: Vec<(Id, Option<String>)> = next.load(conn).or_fault("list complaints")?;
    let last = rows.last().map(|(id, _)| *id);
    for (id, number) in rows {
        if let Some(number) = number.filter(|no| !no.starts_with(INDEXED)) {
            seal_number(conn, keys, id, &number)?;
        }
        mask_evidence(conn, keys, id)?;
    }
    Ok(last)
}

fn seal_number(conn: &mut Connection, keys: &Keys, id: Id, number: &str) -> Result<(), Problem> {
    let known = privacy::known_of(conn, keys, &[id])?;
    let upstream = Upstream::of(keys, id.0.as_bytes(), &known, number)?;
    let Some(sealed) = upstream.sealed else {
        return Ok(());
    };
    if is_taken(conn, id, &upstream.stands).or_fault("look for the number")? {
        // Two spellings of one number were two complaints, and stay so.
        return Ok(());
    }
    diesel::update(complaint_text::table.find(id))
        .set(complaint_text::external_no.eq(sealed))
        .execute(conn)
        .or_fault("seal an upstream number")?;
    diesel::update(complaint::table.find(id))
        .set(complaint::external_no.eq(upstream.stands))
        .execute(conn)
        .map(|_| ())
        .or_fault("index an upstream number")
}

/// Whether another complaint of the same channel stands under a number.
fn is_taken(conn: &mut Connection, id: Id, stands: &str) -> QueryResult<bool> {
    let channel: String = complaint::table
        .find(id)
        .select(complaint::channel)
        .first(conn)?;
    let other = complaint::table
        .filter(complaint::channel.eq(channel))
        .filter(complaint::external_no.eq(stands))
        .filter(complaint::id.ne(id));
    diesel::select(diesel::dsl::exists(other)).get_result(conn)
}

/// The words in which a verdict is explained name the premises, and with them who is named there.
pub(super) fn mask_evidence(conn: &mut Connection, keys: &Keys, id: Id) -> Result<(), Problem> {
    let verdicts: Vec<(Id, JsonValue)> = match_verdict::table
        .filter(match_verdict::complaint_id.eq(id))
        .select((match_verdict::id, match_verdict::evidence))
        .load(conn)
        .or_fault("load verdicts")?;
    if verdicts.is_empty() {
        return Ok(());
    }
    let words = Words::about(conn, keys, Need::Nobody, &[id])?;
    for (verdict, JsonValue(evidence)) in verdicts {
        let masked = words.detail(evidence.clone());
        if masked != evidence {
            matching::reword_verdict(conn, verdict, masked).or_fault("mask a verdict's words")?;
        }
    }
    Ok(())
}
