//! Visits as rows of a list of work.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;

use super::{
    asked::Asked,
    item::{DueSoon, WorkItem, first_words, street_name},
    lists::{WorkList, WorkSubject},
    queries::FoundVisit,
};
use crate::account::Staff;
use crate::app::App;
use crate::clock::{kinds::VISIT, queries as clocks};
use crate::complaint::queries::{ComplaintRow, TextRow};
use crate::district::calendar::date_of;
use crate::platform::{
    db::{
        Connection, Id,
        schema::{complaint_text, ledger_entry, staff},
    },
    problem::{OnDb, Problem},
};
use crate::privacy::{Need, Words};
use crate::verification::{answers, queries::VisitRow};

/// What a row says of the entry a visit stands in.
#[derive(Queryable, Selectable)]
#[diesel(table_name = ledger_entry)]
struct EntryPart {
    id: Id,
    number: String,
    category: String,
    street_code: Option<String>,
}

/// What rows are made of beside the visits themselves, read in one query each however many there are.
struct Material {
    answered: HashMap<Id, Vec<ComplaintRow>>,
    entries: HashMap<Id, EntryPart>,
    texts: HashMap<Id, TextRow>,
    words: HashMap<Id, Words>,
    officers: HashMap<Id, String>,
    submitted: HashMap<Id, NaiveDate>,
}

/// The rows of a page of visits.
///
/// # Errors
/// A fault when the database fails.
pub(super) fn items(
    conn: &mut Connection,
    app: &App,
    caller: &Staff,
    asked: &Asked,
    found: Vec<FoundVisit>,
) -> Result<Vec<WorkItem>, Problem> {
    let rows: Vec<&VisitRow> = found.iter().map(|(row, _)| row).collect();
    let material = Material::of(conn, app, caller, &rows)?;
    let items = found.into_iter();
    items
        .map(|(row, runs)| material.item(app, asked, row, runs))
        .collect()
}

impl Material {
    fn of(
        conn: &mut Connection,
        app: &App,
        caller: &Staff,
        rows: &[&VisitRow],
    ) -> Result<Self, Problem> {
        let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
        let answered = answers::of_each(conn, &ids).or_fault("load complaints")?;
        let first = answered.values().filter_map(|of| of.first());
        let texts: Vec<(Id, TextRow)> = complaint_text::table
            .filter(complaint_text::complaint_id.eq_any(first.map(|row| row.id)))
            .select((complaint_text::complaint_id, TextRow::as_select()))
            .load(conn)
            .or_fault("load texts")?;
        let entries: Vec<EntryPart> = ledger_entry::table
            .filter(ledger_entry::id.eq_any(rows.iter().map(|row| row.entry_id)))
            .select(EntryPart::as_select())
            .load(conn)
            .or_fault("load entries")?;
        let officers: Vec<(Id, String)> = staff::table
            .filter(staff::id.eq_any(rows.iter().filter_map(|row| row.officer_id)))
            .select((staff::id, staff::username))
            .load(conn)
            .or_fault("load officers")?;
        let of = clocks::of_subjects(conn, VISIT.subject, &ids).or_fault("load clocks")?;
        let met = of.into_values().flatten();
        let met = met.filter_map(|clock| Some((clock.subject_id, date_of(clock.met_at?.0))));
        let about = answered
            .iter()
            .map(|(visit, of)| (*visit, of.iter().map(|row| row.id).collect()))
            .collect();
        let need = Need::of(caller.role, &app.profile);
        Ok(Self {
            words: Words::about_matters(conn, &app.keys, need, &about)?,
            entries: entries.into_iter().map(|entry| (entry.id, entry)).collect(),
            texts: texts
                .into_iter()
                .map(|(id, text)| (id, text.opened(&app.keys, id)))
                .collect(),
            officers: officers.into_iter().collect(),
            submitted: met.collect(),
            answered,
        })
    }

    fn item(
        &self,
        app: &App,
        asked: &Asked,
        row: VisitRow,
        runs: bool,
    ) -> Result<WorkItem, Problem> {
        let nothing = || Problem::fault("a visit answers no complaint");
        let first = self.answered.get(&row.id).and_then(|of| of.first());
        let first = first.ok_or_else(nothing)?;
        let words = self.words.get(&row.id).ok_or_else(nothing)?;
        let text = self.texts.get(&first.id).cloned().ok_or_else(nothing)?;
        let words = words.stored(text.description, text.description_masked);
        let entry = self.entries.get(&row.entry_id).ok_or_else(nothing)?;
        let due = DueSoon::of(&app.profile, asked, row.due_on, runs);
        Ok(WorkItem {
            subject: WorkSubject::Visit,
            visit: Some(row.id),
            number: first.number.clone(),
            entry: entry.number.clone(),
            state_name: row.state.label(),
            category: entry.category.clone(),
            category_name: app.profile.category_name(&entry.category),
            street: entry.street_code.clone(),
            street_name: street_name(&app.profile, entry.street_code.as_deref()),
            list: asked.list,
            list_name: asked.list.label(),
            since: self.since(asked.list, &row),
            due_on: due.on,
            working_days_left: due.working_days_left,
            overdue: due.overdue,
            held_by: row
                .officer_id
                .and_then(|id| self.officers.get(&id).cloned()),
            untold: None,
            words: first_words(&words),
            grid: Some(row.grid_code),
        })
    }

    /// Since when a visit waits: for a review since it was reported on, for its officer since it was
    /// theirs to make, for somebody to be sent since it was ordered.
    fn since(&self, list: WorkList, row: &VisitRow) -> NaiveDate {
        let submitted = self.submitted.get(&row.id).copied();
        let submitted = submitted.filter(|_| list == WorkList::VisitsAwaitingReview);
        let began = row.assigned_at.unwrap_or(row.created_at);
        submitted.unwrap_or_else(|| date_of(began.0))
    }
}
