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
use crate::privacy::{Need, Words, secrecy};

/// The words of an entry, its titles, reasons and history, as a member of staff reads them. What
/// was merged away took its complaints along. They are about all who complain of the matter, so where
/// one of these asks for secrecy nobody but the named posts reads them in full.
///
/// # Errors
/// A fault when the database fails.
pub fn about(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    row: &EntryRow,
) -> Result<Words, Problem> {
    let need = Need::of(staff.role, &app.profile);
    let entries = [Some(row.id), row.merged_into].into_iter().flatten();
    let entries: Vec<Id> = entries.collect();
    let complaints: Vec<Id> = match need {
        Need::Everybody => Vec::new(),
        Need::InTheOpen => {
            let secret = secrecy::within(conn, &entries)?.into_iter();
            secret.map(|(_, complaint)| complaint).collect()
        }
        Need::Nobody => complaint::table
            .filter(complaint::entry_id.eq_any(entries))
            .select(complaint::id)
            .load(conn)
            .or_fault("load complaints")?,
    };
    Words::about(conn, &app.keys, need, &complaints)
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
    let need = Need::of(staff.role, &app.profile);
    let entries: Vec<Id> = rows.iter().map(|row| row.id).collect();
    let pairs: Vec<(Id, Id)> = match need {
        Need::Everybody => Vec::new(),
        Need::InTheOpen => secrecy::within(conn, &entries)?,
        Need::Nobody => complaint::table
            .filter(complaint::entry_id.eq_any(&entries))
            .select((complaint::entry_id, complaint::id))
            .load(conn)
            .or_fault("load complaints")?,
    };
    let mut behind: HashMap<Id, Vec<Id>> = HashMap::new();
    for (entry, complaint) in pairs {
        behind.entry(entry).or_default().push(complaint);
    }
    if need == Need::Nobody {
        for entry in entries {
            behind.entry(entry).or_default();
        }
    }
    let words = Words::about_each(conn, &app.keys, &behind)?;
    let views = rows.into_iter().map(|row| {
        let words = words.get(&row.id).unwrap_or(&Words::Full);
        (row.id, EntrySummary::of(&app.profile, &row, words))
    });
    Ok(views.collect())
}
