//! What a list says of its complaints, found for a whole page at once: one question for each kind of
//! fact, however many rows there are.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;

use super::{
    petitioners,
    queries::{ComplaintRow, TextRow},
};
use crate::clock::{
    kinds::{NOTIFY, OF_HANDLING, VISIT},
    queries as clocks,
    rows::ClockRow,
};
use crate::evidence::queries as evidence;
use crate::matching::{
    Outcome,
    queries::{VerdictRow, last_verdicts},
};
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id,
        schema::{complaint, complaint_place, complaint_text, ledger_entry, verification},
    },
    problem::{OnDb, Problem},
};
use crate::record::{ComplaintState, VisitState, machine::Trait};

/// A link that says that a complaint is a matter of its own.
const OWN: &str = "own";

/// The matter a complaint is in, as far as its complaints' lists tell of it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = ledger_entry)]
pub(super) struct MatterRow {
    pub(super) number: String,
    pub(super) complaint_count: i32,
    pub(super) distinct_reporters: i32,
    pub(super) repeat_count: i32,
    pub(super) strong_concern: bool,
    pub(super) collective_visit: bool,
    pub(super) escalation_level: i32,
}

/// An earlier complaint.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = complaint)]
pub(super) struct EarlierRow {
    pub(super) id: Id,
    pub(super) number: String,
    pub(super) state: ComplaintState,
}

/// What was found of a page's complaints.
pub(super) struct Facts {
    /// Words, by complaint.
    pub(super) texts: HashMap<Id, TextRow>,
    /// Codes of the streets that are known, by complaint.
    pub(super) streets: HashMap<Id, String>,
    /// Matters, by entry.
    pub(super) matters: HashMap<Id, MatterRow>,
    /// The last verdict, by complaint.
    pub(super) verdicts: HashMap<Id, VerdictRow>,
    /// Earlier complaints that the matching or somebody found, by their ids.
    pub(super) earlier: HashMap<Id, EarlierRow>,
    /// Complaints whose petitioners left a number.
    pub(super) reachable: HashSet<Id>,
    /// How many photos, by complaint.
    pub(super) photos: HashMap<Id, i64>,
    visits: HashMap<Id, Vec<Id>>,
    clocks: HashMap<Id, Vec<ClockRow>>,
}

impl Facts {
    /// Finds them.
    ///
    /// # Errors
    /// A fault when the database fails.
    pub(super) fn of(
        conn: &mut Connection,
        keys: &Keys,
        rows: &[&ComplaintRow],
    ) -> Result<Self, Problem> {
        let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
        let mut entries: Vec<Id> = rows.iter().map(|row| row.entry_id).collect();
        entries.sort_unstable();
        entries.dedup();
        let verdicts = last_verdicts(conn, &ids).or_fault("load verdicts")?;
        let named: HashSet<Id> = rows
            .iter()
            .filter_map(|row| earlier_of(row, verdicts.get(&row.id)))
            .collect();
        let visits = open_visits(conn, &entries).or_fault("load visits")?;
        let subjects: Vec<Id> = visits.values().flatten().chain(&ids).copied().collect();
        let kinds = [NOTIFY.subject, VISIT.subject];
        Ok(Self {
            texts: texts(conn, &ids).or_fault("load the words")?,
            streets: streets(conn, &ids).or_fault("load places")?,
            matters: matters(conn, &entries).or_fault("load entries")?,
            earlier: earlier(conn, named).or_fault("load earlier complaints")?,
            reachable: petitioners::with_a_phone(conn, keys, &ids)?,
            photos: evidence::photos_of_each(conn, &ids).or_fault("count photos")?,
            clocks: clocks::of_any(conn, &kinds, &subjects).or_fault("load clocks")?,
            verdicts,
            visits,
        })
    }

    /// The clocks of a complaint's handling, and those of the visits under way to its matter.
    pub(super) fn clocks(&self, row: &ComplaintRow) -> impl Iterator<Item = &ClockRow> {
        let visits = self.visits.get(&row.entry_id).into_iter().flatten();
        let subjects = [row.id].into_iter().chain(visits.copied());
        let clocks = subjects.filter_map(move |subject| self.clocks.get(&subject));
        clocks.flatten().filter(|clock| {
            let mut shown = OF_HANDLING.iter().copied().chain([&VISIT]);
            shown.any(|kind| kind.name == clock.kind)
        })
    }
}

/// The earlier complaint a complaint is held against: the one it is linked to, else one of another
/// matter at the same place (R7). What somebody found to be no duplicate is none.
pub(super) fn earlier_of(row: &ComplaintRow, verdict: Option<&VerdictRow>) -> Option<Id> {
    if row.link != OWN {
        return row.repeat_of;
    }
    let related = verdict.filter(|last| last.outcome == Outcome::Related.as_str())?;
    related.target_id
}

fn texts(conn: &mut Connection, ids: &[Id]) -> QueryResult<HashMap<Id, TextRow>> {
    let rows: Vec<(Id, TextRow)> = complaint_text::table
        .filter(complaint_text::complaint_id.eq_any(ids))
        .select((complaint_text::complaint_id, TextRow::as_select()))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

fn streets(conn: &mut Connection, ids: &[Id]) -> QueryResult<HashMap<Id, String>> {
    let rows: Vec<(Id, Option<String>)> = complaint_place::table
        .filter(complaint_place::complaint_id.eq_any(ids))
        .select((complaint_place::complaint_id, complaint_place::street_code))
        .load(conn)?;
    let known = rows
        .into_iter()
        .filter_map(|(id, street)| Some((id, street?)));
    Ok(known.collect())
}

fn matters(conn: &mut Connection, entries: &[Id]) -> QueryResult<HashMap<Id, MatterRow>> {
    let rows: Vec<(Id, MatterRow)> = ledger_entry::table
        .filter(ledger_entry::id.eq_any(entries))
        .select((ledger_entry::id, MatterRow::as_select()))
        .load(conn)?;
    Ok(rows.into_iter().collect())
}

fn earlier(conn: &mut Connection, named: HashSet<Id>) -> QueryResult<HashMap<Id, EarlierRow>> {
    let rows: Vec<EarlierRow> = complaint::table
        .filter(complaint::id.eq_any(named))
        .select(EarlierRow::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

/// The visits to entries that have not ended.
fn open_visits(conn: &mut Connection, entries: &[Id]) -> QueryResult<HashMap<Id, Vec<Id>>> {
    let rows: Vec<(Id, Id)> = verification::table
        .filter(verification::entry_id.eq_any(entries))
        .filter(verification::state.ne_all(VisitState::that_are(Trait::Ended)))
        .select((verification::entry_id, verification::id))
        .load(conn)?;
    let mut visits: HashMap<Id, Vec<Id>> = HashMap::new();
    for (entry, visit) in rows {
        visits.entry(entry).or_default().push(visit);
    }
    Ok(visits)
}
