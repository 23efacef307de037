//! What is said of entries, for those who read it. Many complaints stand behind one entry, and none
//! of their reporters is named to a role without need.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{queries::EntryRow, views::EntrySummary};
use crate::account::Staff;
use crate::app::App;
use crate::platform::{
    db::{Connection, Id, schema::complaint},
    problem::{OnDb, Problem},
};
use crate::privacy::Words;

/// The words of an entry, its titles, reasons and history, as a member of staff reads them. What
/// was merged away took its complaints along.
///
/// # Errors
/// A fault when the database fails.
pub fn about(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    row: &EntryRow,
) -> Result<Words, Problem> {
    let with_need = staff.role.may_read_full_text();
    let mut complaints: Vec<Id> = Vec::new();
    if !with_need {
        let entries: Vec<Id> = [Some(row.id), row.merged_into]
            .into_iter()
            .flatten()
            .collect();
        complaints = complaint::table
            .filter(complaint::entry_id.eq_any(entries))
            .select(complaint::id)
            .load(conn)
            .or_fault("load complaints")?;
    }
    Words::about(conn, &app.keys, with_need, &complaints)
}

/// One entry as lists show it.
///
/// # Errors
/// A fault when the database fails.
pub fn summary(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    row: &EntryRow,
) -> Result<EntrySummary, Problem> {
    let words = about(conn, app, staff, row)?;
    Ok(EntrySummary::of(&app.profile, row, &words))
}

/// A page of entries. Each title is read with what is known of its own reporters.
///
/// # Errors
/// A fault when the database fails.
pub fn summaries(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    rows: Vec<EntryRow>,
) -> Result<Vec<(Id, EntrySummary)>, Problem> {
    let with_need = staff.role.may_read_full_text();
    let mut behind: HashMap<Id, Vec<Id>> = rows.iter().map(|row| (row.id, Vec::new())).collect();
    if with_need {
        let words = Words::about(conn, &app.keys, true, &[])?;
        let views = rows
            .into_iter()
            .map(|row| (row.id, EntrySummary::of(&app.profile, &row, &words)));
        return Ok(views.collect());
    }
    let entries: Vec<Id> = behind.keys().copied().collect();
    let pairs: Vec<(Id, Id)> = complaint::table
        .filter(complaint::entry_id.eq_any(entries))
        .select((complaint::entry_id, complaint::id))
        .load(conn)
        .or_fault("load complaints")?;
    for (entry, complaint) in pairs {
        behind.entry(entry).or_default().push(complaint);
    }
    let words = Words::about_each(conn, &app.keys, &behind)?;
    let views = rows.into_iter().filter_map(|row| {
        let words = words.get(&row.id)?;
        Some((row.id, EntrySummary::of(&app.profile, &row, words)))
    });
    Ok(views.collect())
}
