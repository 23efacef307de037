//! What the views of visits are made of, read in one query each however many visits there are.

use std::collections::HashMap;

use diesel::prelude::*;

use super::{
    answers,
    queries::{self, EventRow, VisitRow},
};
use crate::account::Staff;
use crate::app::App;
use crate::complaint::queries::{ComplaintRow, TextRow};
use crate::evidence::{album::Stored, queries as evidence};
use crate::platform::{
    db::{
        Connection, Id,
        schema::{complaint_text, ledger_entry},
    },
    problem::{OnDb, Problem},
};
use crate::privacy::{Need, Words, sees_hidden};

/// What is known of visits, as a member of staff may read it.
pub(super) struct Material {
    answered: HashMap<Id, Vec<ComplaintRow>>,
    entries: HashMap<Id, String>,
    texts: HashMap<Id, TextRow>,
    events: HashMap<Id, Vec<EventRow>>,
    evidence: HashMap<Id, Vec<Stored>>,
    words: HashMap<Id, Words>,
}

impl Material {
    /// Reads it. Of the complaints a visit answers, those the abuse list hides are left out for whoever
    /// does not look after it, but for the one the visit was ordered for.
    pub(super) fn of(
        conn: &mut Connection,
        app: &App,
        staff: &Staff,
        visits: &[VisitRow],
    ) -> Result<Self, Problem> {
        let ids: Vec<Id> = visits.iter().map(|visit| visit.id).collect();
        let mut answered = answers::of_each(conn, &ids).or_fault("load complaints")?;
        for complaints in answered.values_mut() {
            let first = complaints.first().map(|first| first.id);
            let is_read =
                |c: &ComplaintRow| !c.hidden || sees_hidden(staff.role) || Some(c.id) == first;
            complaints.retain(is_read);
        }
        let complaints: Vec<Id> = answered.values().flatten().map(|row| row.id).collect();
        let texts: Vec<(Id, TextRow)> = complaint_text::table
            .filter(complaint_text::complaint_id.eq_any(&complaints))
            .select((complaint_text::complaint_id, TextRow::as_select()))
            .load(conn)
            .or_fault("load texts")?;
        let stand_in = answered.values().filter_map(|of| of.first());
        let entries: Vec<Id> = stand_in
            .map(|first| first.entry_id)
            .chain(visits.iter().map(|visit| visit.entry_id))
            .collect();
        let entries: Vec<(Id, String)> = ledger_entry::table
            .filter(ledger_entry::id.eq_any(entries))
            .select((ledger_entry::id, ledger_entry::number))
            .load(conn)
            .or_fault("load entries")?;
        let subjects: Vec<Id> = complaints.into_iter().chain(ids.iter().copied()).collect();
        let mut evidence: HashMap<Id, Vec<Stored>> = HashMap::new();
        for piece in evidence::of(conn, &app.keys, &subjects).or_fault("load photos")? {
            evidence.entry(piece.subject_id).or_default().push(piece);
        }
        let about = answered
            .iter()
            .map(|(visit, of)| (*visit, of.iter().map(|row| row.id).collect()))
            .collect();
        let need = Need::of(staff.role, &app.profile);
        Ok(Self {
            words: Words::about_matters(conn, &app.keys, need, &about)?,
            events: queries::events_of_each(conn, &ids).or_fault("load events")?,
            texts: texts
                .into_iter()
                .map(|(id, text)| (id, text.opened(&app.keys, id)))
                .collect(),
            entries: entries.into_iter().collect(),
            answered,
            evidence,
        })
    }

    /// The complaints a visit answers, the one it was ordered for first.
    pub(super) fn answered(&self, visit: &VisitRow) -> &[ComplaintRow] {
        self.answered.get(&visit.id).map_or(&[], Vec::as_slice)
    }

    /// The number of the entry a visit stands in: where the complaint stands that it was ordered for.
    pub(super) fn entry(&self, visit: &VisitRow) -> Option<String> {
        let first = self.answered(visit).first();
        let entry = first.map_or(visit.entry_id, |complaint| complaint.entry_id);
        self.entries.get(&entry).cloned()
    }

    /// A complaint's words, opened.
    pub(super) fn text(&self, complaint: Id) -> Option<&TextRow> {
        self.texts.get(&complaint)
    }

    /// A visit's events, as they reached us.
    pub(super) fn events(&self, visit: &VisitRow) -> &[EventRow] {
        self.events.get(&visit.id).map_or(&[], Vec::as_slice)
    }

    /// A visit's own evidence.
    pub(super) fn own_evidence(&self, visit: &VisitRow) -> &[Stored] {
        self.evidence.get(&visit.id).map_or(&[], Vec::as_slice)
    }

    /// The evidence of the complaints a visit answers and its own, oldest first.
    pub(super) fn evidence(&self, visit: &VisitRow) -> Vec<&Stored> {
        let complaints = self.answered(visit).iter().map(|complaint| complaint.id);
        let subjects = complaints.chain([visit.id]);
        let mut all: Vec<&Stored> = subjects
            .filter_map(|subject| self.evidence.get(&subject))
            .flatten()
            .collect();
        all.sort_by_key(|piece| piece.id);
        all
    }

    /// Words about a visit as they may be read.
    pub(super) fn words(&self, visit: &VisitRow) -> Result<&Words, Problem> {
        let words = self.words.get(&visit.id);
        words.ok_or_else(|| Problem::fault("a visit answers no complaint"))
    }
}
