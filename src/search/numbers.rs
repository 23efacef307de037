//! Whatever number somebody holds in hand, typed into the box for words: a complaint's, an entry's, the
//! number upstream, a query code.

use diesel::prelude::*;

use crate::account::Staff;
use crate::app::App;
use crate::complaint::{
    queries::{ComplaintRow, TextRow},
    upstream,
};
use crate::platform::{
    db::{
        Connection, Id,
        schema::{complaint, complaint_text, ledger_entry},
    },
    ids::parse_tracking_code,
    problem::{OnDb, Problem},
    sealed,
};
use crate::privacy::{Need, Words};
use crate::text::file_number;

/// What a number names.
pub(super) enum Named {
    /// These complaints.
    Complaints(Vec<Id>),
    /// What is in this entry.
    Entry(Id),
}

/// What is named by a number; nothing where it is none, or one the caller is not told.
///
/// # Errors
/// A fault when the database fails.
pub(super) fn named(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    typed: &str,
) -> Result<Option<Named>, Problem> {
    if !typed.chars().any(char::is_numeric) && parse_tracking_code(typed).is_none() {
        return Ok(None);
    }
    let key = file_number(typed);
    let mut found: Vec<Id> = complaint::table
        .filter(complaint::number.eq(&key))
        .select(complaint::id)
        .load(conn)
        .or_fault("look for a number")?;
    // The code opens what its reporter sees, and is shown to nobody; those with need are given it by phone.
    let code = parse_tracking_code(typed).filter(|_| staff.role.may_see_reporter());
    if let Some(code) = code {
        let coded: Vec<Id> = complaint::table
            .filter(complaint::tracking_code.eq(code))
            .select(complaint::id)
            .load(conn)
            .or_fault("look for a query code")?;
        found.extend(coded);
    }
    found.extend(of_upstream(conn, app, staff, typed)?);
    if !found.is_empty() {
        found.sort_unstable();
        found.dedup();
        return Ok(Some(Named::Complaints(found)));
    }
    let entry: Option<Id> = ledger_entry::table
        .filter(ledger_entry::number.eq(&key))
        .select(ledger_entry::id)
        .first(conn)
        .optional()
        .or_fault("look for an entry")?;
    Ok(entry.map(Named::Entry))
}

/// Complaints with a number upstream, by whatever channel, that the caller may read as it stands.
fn of_upstream(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    typed: &str,
) -> Result<Vec<Id>, Problem> {
    let channels = app.profile.channels.iter().map(|channel| &channel.code);
    let rows: Vec<ComplaintRow> = complaint::table
        .filter(complaint::channel.eq_any(channels))
        .filter(complaint::external_no.eq_any(upstream::lookups(&app.keys, typed)))
        .select(ComplaintRow::as_select())
        .load(conn)
        .or_fault("look for an upstream number")?;
    let need = Need::of(staff.role, &app.profile);
    if need == Need::Everybody || rows.is_empty() {
        return Ok(rows.into_iter().map(|row| row.id).collect());
    }
    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
    let texts: Vec<(Id, TextRow)> = complaint_text::table
        .filter(complaint_text::complaint_id.eq_any(&ids))
        .select((complaint_text::complaint_id, TextRow::as_select()))
        .load(conn)
        .or_fault("load upstream numbers")?;
    let words = Words::about(conn, &app.keys, need, &ids)?;
    let told = rows.into_iter().filter_map(|row| {
        let (_, text) = texts.iter().find(|(id, _)| *id == row.id)?;
        let sealed = text.external_no.clone();
        let written = sealed::EXTERNAL_NO.read_maybe(&app.keys, row.id.0.as_bytes(), sealed);
        let number = upstream::read(row.external_no, written)?;
        (words.text(number.clone()) == number).then_some(row.id)
    });
    Ok(told.collect())
}
