//! What an officer is to know around the visits of a day: why one was sent back, what was found there
//! before, what else is open nearby. A few queries however many visits there are.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, FixedOffset};
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    answers::PROVISIONAL,
    material::Material,
    queries::VisitRow,
    standing::{Standing, clocks_of},
};
use crate::account::Staff;
use crate::app::App;
use crate::geo::{Point, distance_m};
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, complaint_place, verification, verification_complaint},
    },
    problem::{OnDb, Problem},
};
use crate::privacy::{Scope, Words};
use crate::record::{
    self, ComplaintState, Recorded, VisitEvent, VisitState, local, machine::Trait,
};

/// Earlier findings shown of one matter at most.
const FOUND_MAX: usize = 10;

/// Earlier visits looked at for one day at most.
const EARLIER_MAX: i64 = 1_000;

/// Open complaints looked at for one day at most.
const OPEN_MAX: i64 = 2_000;

/// Complaints named of what is open nearby at most.
const NEARBY_MAX: usize = 20;

/// Why a visit was sent back to be made again.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReturnView {
    /// In the brigade's words, masked for officers.
    pub reason: Option<String>,
    /// When.
    pub at: DateTime<FixedOffset>,
}

/// What was found on an earlier visit to the matter.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EarlierFinding {
    /// The visit's id.
    pub verification: Id,
    /// The finding.
    pub result: Option<String>,
    /// What was seen, masked for officers.
    pub notes: Option<String>,
    /// When.
    pub found_at: Option<DateTime<FixedOffset>>,
}

/// Open matters around a place, as far as the caller sees them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NearbyView {
    /// Metres within which they lie.
    pub radius_m: f64,
    /// How many complaints.
    pub count: usize,
    /// The nearest of them, 20 at most.
    pub complaints: Vec<NearbyComplaint>,
}

/// An open complaint nearby.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct NearbyComplaint {
    /// Number.
    pub number: String,
    /// Category in Chinese.
    pub category_name: String,
    /// Whole metres away.
    pub distance_m: f64,
}

/// An open complaint and where it lies.
#[derive(Debug, Queryable)]
struct OpenRow {
    number: String,
    entry: Id,
    category: String,
    lon: Option<f64>,
    lat: Option<f64>,
}

/// What is known around visits.
pub(super) struct Surroundings {
    returns: HashMap<Id, Recorded>,
    found: HashMap<Id, Vec<EarlierFinding>>,
    open: Vec<OpenRow>,
}

impl Surroundings {
    /// Reads it.
    pub(super) fn of(
        conn: &mut Connection,
        app: &App,
        staff: &Staff,
        visits: &[VisitRow],
        material: &Material,
    ) -> Result<Self, Problem> {
        let ids: Vec<Id> = visits.iter().map(|visit| visit.id).collect();
        let entries: BTreeSet<Id> = visits
            .iter()
            .filter_map(|visit| matter_of(material, visit))
            .collect();
        Ok(Self {
            returns: record::latest(conn, &app.keys, &ids, VisitEvent::Return)
                .or_fault("load returns")?,
            found: found_in(conn, app, staff, &entries)?,
            open: open_around(conn, staff, visits).or_fault("look for what is open")?,
        })
    }

    /// Why a visit was sent back, if it was.
    pub(super) fn returned(&self, visit: &VisitRow, words: &Words) -> Option<ReturnView> {
        let step = self.returns.get(&visit.id)?;
        Some(ReturnView {
            reason: words.maybe(step.reason.clone()),
            at: local(step.at),
        })
    }

    /// What was found of a visit's matter before.
    pub(super) fn found_before(
        &self,
        material: &Material,
        visit: &VisitRow,
    ) -> Vec<EarlierFinding> {
        let found = matter_of(material, visit).and_then(|entry| self.found.get(&entry));
        let others = found.into_iter().flatten();
        let others = others.filter(|found| found.verification != visit.id);
        others.take(FOUND_MAX).cloned().collect()
    }

    /// What else is open around a visit's place.
    pub(super) fn nearby(&self, app: &App, material: &Material, visit: &VisitRow) -> NearbyView {
        let radius_m = app.profile.rules.verification.nearby_m;
        let place = visit
            .lon
            .zip(visit.lat)
            .map(|(lon, lat)| Point { lon, lat });
        let own = material.answered(visit);
        let is_own = |row: &OpenRow| own.iter().any(|own| own.entry_id == row.entry);
        let near = |row: &OpenRow| {
            let there = row.lon.zip(row.lat).map(|(lon, lat)| Point { lon, lat })?;
            let metres = distance_m(place?, there);
            (metres <= radius_m).then_some(metres)
        };
        let others = self.open.iter().filter(|row| !is_own(row));
        let mut found: Vec<(f64, &OpenRow)> = others
            .filter_map(|row| near(row).map(|metres| (metres, row)))
            .collect();
        found.sort_by(|(a, one), (b, other)| a.total_cmp(b).then(one.number.cmp(&other.number)));
        let shown = found.iter().take(NEARBY_MAX);
        NearbyView {
            radius_m,
            count: found.len(),
            complaints: shown
                .map(|(metres, row)| NearbyComplaint {
                    number: row.number.clone(),
                    category_name: app.profile.category_name(&row.category),
                    distance_m: metres.round(),
                })
                .collect(),
        }
    }
}

/// The entry of a visit's matter, as far as nobody doubts what it is of.
fn matter_of(material: &Material, visit: &VisitRow) -> Option<Id> {
    let first = material.answered(visit).first();
    first
        .filter(|first| first.link != PROVISIONAL)
        .map(|first| first.entry_id)
}

/// What passed visits found, by entry, the latest first.
fn found_in(
    conn: &mut Connection,
    app: &App,
    staff: &Staff,
    entries: &BTreeSet<Id>,
) -> Result<HashMap<Id, Vec<EarlierFinding>>, Problem> {
    let of_entries: Vec<(Id, Id)> = verification::table
        .inner_join(verification_complaint::table.inner_join(complaint::table))
        .filter(complaint::entry_id.eq_any(entries))
        .filter(complaint::link.ne(PROVISIONAL))
        .filter(complaint::hidden.eq(false))
        .filter(verification::state.eq(VisitState::Passed))
        .limit(EARLIER_MAX)
        .select((complaint::entry_id, verification::id))
        .load(conn)
        .or_fault("look for earlier visits")?;
    let visits: BTreeSet<Id> = of_entries.iter().map(|(_, visit)| *visit).collect();
    let rows: Vec<VisitRow> = verification::table
        .filter(verification::id.eq_any(visits))
        .select(VisitRow::as_select())
        .load(conn)
        .or_fault("load earlier visits")?;
    let material = Material::of(conn, app, staff, &rows)?;
    let mut found: HashMap<Id, EarlierFinding> = HashMap::new();
    for row in &rows {
        found.insert(row.id, finding(app, &material, row)?);
    }
    let mut by_entry: HashMap<Id, BTreeSet<Id>> = HashMap::new();
    for (entry, visit) in of_entries {
        by_entry.entry(entry).or_default().insert(visit);
    }
    let by_entry = by_entry.into_iter().map(|(entry, visits)| {
        let latest = visits.into_iter().rev();
        let findings = latest.filter_map(|visit| found.get(&visit).cloned());
        (entry, findings.collect())
    });
    Ok(by_entry.collect())
}

fn finding(app: &App, material: &Material, row: &VisitRow) -> Result<EarlierFinding, Problem> {
    let words = material.words(row)?;
    let event = Standing::of(row, material.events(row), &[]).finding();
    let assigned_at = row.assigned_at.map(|at| at.0);
    let found_at = event.map(|event| clocks_of(event).moment(assigned_at).at);
    let opened = event.cloned().map(|event| event.opened(&app.keys));
    Ok(EarlierFinding {
        verification: row.id,
        result: row.result.clone(),
        notes: opened.and_then(|event| words.maybe_stored(event.notes, event.notes_masked)),
        found_at: found_at.map(|at| local(UtcTime(at))),
    })
}

/// Complaints whose reporters are owed an answer still, in the visits' grids and the caller's scope. They
/// are told by their places, in the words of the index of what waits: a grid's complaints are all there
/// ever were, and those that wait in the district are many more than those of a grid.
fn open_around(
    conn: &mut Connection,
    staff: &Staff,
    visits: &[VisitRow],
) -> QueryResult<Vec<OpenRow>> {
    let grids: BTreeSet<&String> = visits.iter().map(|visit| &visit.grid_code).collect();
    let rows: Vec<(ComplaintState, OpenRow)> = complaint::table
        .inner_join(complaint_place::table)
        .filter(Scope::of(staff).complaints())
        .filter(complaint_place::grid_code.eq_any(grids))
        .filter(complaint_place::owed)
        // The newest of them: a bound without an order has a planner read all complaints for the first.
        .order(complaint_place::complaint_id.desc())
        .filter(complaint::hidden.eq(false))
        .limit(OPEN_MAX)
        .select((
            complaint::state,
            (
                complaint::number,
                complaint::entry_id,
                complaint::category,
                complaint_place::lon,
                complaint_place::lat,
            ),
        ))
        .load(conn)?;
    let open = rows.into_iter().filter(|(state, _)| state.is(Trait::Owed));
    Ok(open.map(|(_, row)| row).collect())
}
