//! Complaints as rows of a list of work.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;

use super::{
    asked::Asked,
    item::{DueSoon, Untold, WorkItem, first_words, street_name},
    lists::{WorkList, WorkSubject},
    queries::FoundComplaint,
};
use crate::account::Staff;
use crate::app::App;
use crate::clock::{kinds::REPLY, queries as clocks};
use crate::complaint::{
    petitioners,
    queries::{ComplaintRow, TextRow},
    unread,
};
use crate::district::calendar::date_of;
use crate::notice::queries as notices;
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{
            complaint_place, complaint_text, ledger_entry, rating, staff, triage_claim,
            triage_decision,
        },
    },
    problem::{OnDb, Problem},
};
use crate::privacy::{Need, Words};
use crate::record::NoticeState;

/// Street and grid.
type Place = (Option<String>, Option<String>);

/// What rows are made of beside the complaints themselves, read in one query each however many there
/// are.
struct Material {
    texts: HashMap<Id, TextRow>,
    words: HashMap<Id, Words>,
    places: HashMap<Id, Place>,
    entries: HashMap<Id, String>,
    since: HashMap<Id, NaiveDate>,
    holders: HashMap<Id, String>,
    untold: HashMap<Id, Untold>,
}

/// The rows of a page of complaints.
///
/// # Errors
/// A fault when the database fails.
pub(super) fn items(
    conn: &mut Connection,
    app: &App,
    caller: &Staff,
    asked: &Asked,
    found: Vec<FoundComplaint>,
) -> Result<Vec<WorkItem>, Problem> {
    let rows: Vec<&ComplaintRow> = found.iter().map(|(row, _)| row).collect();
    let mut material = Material::of(conn, app, caller, asked, &rows)?;
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
        asked: &Asked,
        rows: &[&ComplaintRow],
    ) -> Result<Self, Problem> {
        let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
        let texts: Vec<(Id, TextRow)> = complaint_text::table
            .filter(complaint_text::complaint_id.eq_any(&ids))
            .select((complaint_text::complaint_id, TextRow::as_select()))
            .load(conn)
            .or_fault("load texts")?;
        let places: Vec<(Id, Option<String>, Option<String>)> = complaint_place::table
            .filter(complaint_place::complaint_id.eq_any(&ids))
            .select((
                complaint_place::complaint_id,
                complaint_place::street_code,
                complaint_place::grid_code,
            ))
            .load(conn)
            .or_fault("load places")?;
        let entries: Vec<(Id, String)> = ledger_entry::table
            .filter(ledger_entry::id.eq_any(rows.iter().map(|row| row.entry_id)))
            .select((ledger_entry::id, ledger_entry::number))
            .load(conn)
            .or_fault("load entries")?;
        let about = ids.iter().map(|id| (*id, vec![*id])).collect();
        let need = Need::of(caller.role, &app.profile);
        let (since, holders) = waiting(conn, app, asked.list, rows)?;
        Ok(Self {
            words: Words::about_matters(conn, &app.keys, need, &about)?,
            texts: texts
                .into_iter()
                .map(|(id, text)| (id, text.opened(&app.keys, id)))
                .collect(),
            places: places
                .into_iter()
                .map(|(id, street, grid)| (id, (street, grid)))
                .collect(),
            entries: entries.into_iter().collect(),
            since,
            holders,
            untold: match asked.list {
                WorkList::Notices => untold(conn, app, &ids)?,
                _ => HashMap::new(),
            },
        })
    }

    fn item(
        &mut self,
        app: &App,
        asked: &Asked,
        row: ComplaintRow,
        runs: bool,
    ) -> Result<WorkItem, Problem> {
        let text = self.texts.remove(&row.id);
        let text = text.ok_or_else(|| Problem::fault("a complaint has no text"))?;
        let words = self.words.get(&row.id);
        let words = words.ok_or_else(|| Problem::fault("no words about a complaint"))?;
        let words = words.stored(text.description, text.description_masked);
        let entry = self.entries.get(&row.entry_id);
        let entry = entry.ok_or_else(|| Problem::fault("a complaint has no entry"))?;
        let (street, grid) = self.places.remove(&row.id).unwrap_or_default();
        let due = DueSoon::of(&app.profile, asked, Some(row.due_on), runs);
        let since = self.since.get(&row.id).copied();
        Ok(WorkItem {
            subject: WorkSubject::Complaint,
            visit: None,
            entry: entry.clone(),
            state_name: row.state.label(),
            category_name: app.profile.category_name(&row.category),
            category: row.category,
            street_name: street_name(&app.profile, street.as_deref()),
            street,
            grid,
            list: asked.list,
            list_name: asked.list.label(),
            since: since.unwrap_or_else(|| date_of(row.received_at.0)),
            due_on: due.on,
            working_days_left: due.working_days_left,
            overdue: due.overdue,
            held_by: self.holders.remove(&row.id),
            untold: self.untold.remove(&row.id),
            words: first_words(&words),
            number: row.number,
        })
    }
}

type Waiting = (HashMap<Id, NaiveDate>, HashMap<Id, String>);

/// Since when complaints wait in a list, where that is another day than that of their receipt, and who
/// holds them.
fn waiting(
    conn: &mut Connection,
    app: &App,
    list: WorkList,
    rows: &[&ComplaintRow],
) -> Result<Waiting, Problem> {
    let ids: Vec<Id> = rows.iter().map(|row| row.id).collect();
    let mut since = HashMap::new();
    let mut holders = claimed(conn, &ids, app.now())?;
    match list {
        WorkList::RepliesDue => {
            let of = clocks::of_subjects(conn, REPLY.subject, &ids).or_fault("load clocks")?;
            let replies = of.into_values().flatten();
            let replies = replies.filter(|clock| clock.kind == REPLY.name);
            since.extend(replies.map(|clock| (clock.subject_id, clock.started_on)));
        }
        WorkList::Notices => {
            let waits = rows
                .iter()
                .filter_map(|row| Some((row.id, row.untold_since?)));
            since.extend(waits.map(|(id, at)| (id, date_of(at.0))));
        }
        WorkList::ReopeningRequests => {
            let rated: Vec<(Id, UtcTime)> = rating::table
                .filter(rating::complaint_id.eq_any(&ids))
                .order((rating::complaint_id.asc(), rating::reply_id.asc()))
                .select((rating::complaint_id, rating::created_at))
                .load(conn)
                .or_fault("load ratings")?;
            // Of several the last one stands.
            since.extend(rated.into_iter().map(|(id, at)| (id, date_of(at.0))));
        }
        WorkList::NewFacts => {
            let unread = unread::since(conn, &ids).or_fault("load since when")?;
            since.extend(unread.into_iter().map(|(id, at)| (id, date_of(at.0))));
        }
        WorkList::ReturnedItems => {
            let returned = decided(conn, &ids, "return")?.into_iter();
            since.extend(returned.map(|(id, at, _)| (id, date_of(at.0))));
        }
        WorkList::SentElsewhere => {
            for (id, at, unit) in decided(conn, &ids, "transfer")? {
                since.insert(id, date_of(at.0));
                holders.extend(unit.map(|code| {
                    let known = app.profile.unit(&code).map(|unit| unit.name.clone());
                    (id, known.unwrap_or(code))
                }));
            }
        }
        _ => {}
    }
    Ok((since, holders))
}

/// Why the reporters of complaints were not told yet.
fn untold(conn: &mut Connection, app: &App, ids: &[Id]) -> Result<HashMap<Id, Untold>, Problem> {
    let latest = notices::latest(conn, "complaint", ids).or_fault("load notices")?;
    let left_a_phone = petitioners::with_a_phone(conn, &app.keys, ids)?;
    let why = |id: &Id| match latest.get(id).map(|notice| notice.state) {
        Some(NoticeState::Queued | NoticeState::Sent) => Untold::Underway,
        Some(NoticeState::Failed) => Untold::Failed,
        Some(NoticeState::CameBack) => Untold::CameBack,
        _ if left_a_phone.contains(id) => Untold::ToCall,
        _ => Untold::ToPost,
    };
    Ok(ids.iter().map(|id| (*id, why(id))).collect())
}

/// When decisions of one kind were taken on complaints, and to which unit they sent them; the last of
/// each complaint comes last.
fn decided(
    conn: &mut Connection,
    ids: &[Id],
    action: &str,
) -> Result<Vec<(Id, UtcTime, Option<String>)>, Problem> {
    triage_decision::table
        .filter(triage_decision::complaint_id.eq_any(ids))
        .filter(triage_decision::action.eq(action))
        .order(triage_decision::id.asc())
        .select((
            triage_decision::complaint_id,
            triage_decision::decided_at,
            triage_decision::transfer_to,
        ))
        .load(conn)
        .or_fault("load decisions")
}

/// Who claimed complaints of the queue and still holds them.
fn claimed(
    conn: &mut Connection,
    ids: &[Id],
    now: DateTime<Utc>,
) -> Result<HashMap<Id, String>, Problem> {
    let claims: Vec<(Id, String)> = triage_claim::table
        .inner_join(staff::table)
        .filter(triage_claim::complaint_id.eq_any(ids))
        .filter(triage_claim::expires_at.gt(UtcTime(now)))
        .select((triage_claim::complaint_id, staff::username))
        .load(conn)
        .or_fault("load claims")?;
    Ok(claims.into_iter().collect())
}
