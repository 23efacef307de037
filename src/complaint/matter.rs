//! A matter as anybody may read of it: what, in which street, since when, how many voices, how far it
//! is. No word, no name, no house: not of a reporter, and not of premises either, of which nothing is
//! found yet.
//!
//! How many complain is told in bands. Whoever is complained of counts their neighbours, and asks
//! again after each quarrel: of fewer than five neither the number nor a new voice is told, and of
//! such a matter no place but its street.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::prelude::*;
use serde::Serialize;
use utoipa::ToSchema;

use crate::district::{Profile, calendar::date_of};
use crate::geo::{Point, rough};
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, ledger_entry},
    },
    named::named,
};
use crate::record::EntryState;

/// Merges followed at most from a matter to where it went.
const MERGES_MAX: usize = 50;

named! {
    /// How many different persons complain of a matter, in bands.
    pub enum Voices {
        /// Fewer than five: how many is not told.
        UnderFive "under_five",
        /// Five to nine.
        FiveToNine "five_to_nine",
        /// Ten to nineteen.
        TenToNineteen "ten_to_nineteen",
        /// Twenty or more.
        TwentyOrMore "twenty_or_more",
    }
}

impl Voices {
    /// Of so many.
    #[must_use]
    pub const fn of(persons: i32) -> Self {
        match persons {
            ..5 => Self::UnderFive,
            5..10 => Self::FiveToNine,
            10..20 => Self::TenToNineteen,
            20.. => Self::TwentyOrMore,
        }
    }

    const fn zh(self) -> &'static str {
        match self {
            Self::UnderFive => "不足5人",
            Self::FiveToNine => "5至9人",
            Self::TenToNineteen => "10至19人",
            Self::TwentyOrMore => "20人以上",
        }
    }

    /// Whether so many complain that a place points to none of them.
    const fn are_many(self) -> bool {
        !matches!(self, Self::UnderFive)
    }
}

named! {
    /// How far a matter is, in words for everybody.
    pub enum MatterStage {
        /// Somebody is still owed an answer.
        Handling "handling",
        /// All who complain were answered, and nothing is to be put right on the ledger.
        Answered "answered",
        /// On the ledger: it is being put right.
        Rectifying "rectifying",
        /// Put right and written off; watched for a while.
        WrittenOff "written_off",
        /// Over, or nobody complains of it any more.
        Ended "ended",
    }
}

impl MatterStage {
    /// Of an entry's state, whether anybody is still owed an answer, and whether anybody complains.
    #[must_use]
    pub const fn of(state: EntryState, owed: bool, complained_of: bool) -> Self {
        use EntryState as S;
        match state {
            S::Clue | S::Proposed | S::NotListed | S::Escalated if owed => Self::Handling,
            S::Clue | S::Proposed | S::NotListed | S::Escalated if complained_of => Self::Answered,
            S::Clue | S::Proposed | S::NotListed | S::Escalated => Self::Ended,
            S::Listed
            | S::Classified
            | S::Assigned
            | S::PlanReview
            | S::Rectifying
            | S::SelfChecked
            | S::EffectivenessReview
            | S::Returned
            | S::ReboundSuspected
            | S::ReboundConfirmed
            | S::Relisted => Self::Rectifying,
            S::WrittenOff | S::FollowUp | S::LongTerm => Self::WrittenOff,
            S::Archived | S::Merged => Self::Ended,
        }
    }

    const fn zh(self) -> &'static str {
        match self {
            Self::Handling => "正在处理",
            Self::Answered => "已答复",
            Self::Rectifying => "正在整改",
            Self::WrittenOff => "已完成整改，跟踪观察",
            Self::Ended => "已办结",
        }
    }
}

/// Where a matter lies, as near as everybody is told.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RoughPlace {
    /// Longitude of the middle of a cell of the map, CGCS2000 degrees; never of the matter itself.
    pub lon: f64,
    /// Latitude of that middle, CGCS2000 degrees.
    pub lat: f64,
    /// Metres around it within which the matter lies.
    pub radius_m: f64,
}

/// A matter as anybody may read of it: no words, no names, no premises, no exact place.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PublicMatter {
    /// What to follow it by, and to say that yours is the same (`same_as`). It leads to nothing else.
    pub matter: Option<String>,
    /// Category code.
    pub category: String,
    /// Its Chinese name.
    pub category_name: String,
    /// Code of the street it lies in, where that is known.
    pub street: Option<String>,
    /// The street's name.
    pub street_name: Option<String>,
    /// Roughly where; absent where fewer than five complain, of whom a place could tell.
    pub place: Option<RoughPlace>,
    /// Day it was first reported.
    pub reported_on: NaiveDate,
    /// How many different persons complain, in bands.
    pub voices: Voices,
    /// In Chinese.
    pub voices_name: &'static str,
    /// How far it is.
    pub stage: MatterStage,
    /// In Chinese.
    pub stage_name: &'static str,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = ledger_entry)]
struct MatterRow {
    id: Id,
    state: EntryState,
    category: String,
    lon: Option<f64>,
    lat: Option<f64>,
    street_code: Option<String>,
    lead_complaint_id: Option<Id>,
    due_on: Option<NaiveDate>,
    distinct_reporters: i32,
    created_at: UtcTime,
    public_code: Option<String>,
}

impl PublicMatter {
    fn of(profile: &Profile, row: MatterRow, first: Option<UtcTime>) -> Self {
        let voices = Voices::of(row.distinct_reporters);
        let stage = MatterStage::of(row.state, row.due_on.is_some(), row.distinct_reporters > 0);
        let point = row.lon.zip(row.lat).map(|(lon, lat)| Point { lon, lat });
        let place = point.filter(|_| voices.are_many()).and_then(rough);
        let street = row.street_code.as_deref();
        let street = street.and_then(|code| profile.street(code));
        Self {
            matter: row.public_code,
            category_name: profile.category_name(&row.category),
            category: row.category,
            street: street.map(|street| street.code.clone()),
            street_name: street.map(|street| street.name.clone()),
            place: place.map(|(middle, radius_m)| RoughPlace {
                lon: middle.lon,
                lat: middle.lat,
                radius_m,
            }),
            reported_on: date_of(first.unwrap_or(row.created_at).0),
            voices_name: voices.zh(),
            voices,
            stage_name: stage.zh(),
            stage,
        }
    }
}

/// Matters as anybody may read of them, by their entries.
///
/// # Errors
/// What the database answers.
pub fn of_entries(
    conn: &mut Connection,
    profile: &Profile,
    entries: &[Id],
) -> QueryResult<HashMap<Id, PublicMatter>> {
    let rows: Vec<MatterRow> = ledger_entry::table
        .filter(ledger_entry::id.eq_any(entries))
        .select(MatterRow::as_select())
        .load(conn)?;
    let leads = rows.iter().filter_map(|row| row.lead_complaint_id);
    let first: HashMap<Id, UtcTime> = complaint::table
        .filter(complaint::id.eq_any(leads.collect::<Vec<Id>>()))
        .select((complaint::id, complaint::received_at))
        .load::<(Id, UtcTime)>(conn)?
        .into_iter()
        .collect();
    let matters = rows.into_iter().map(|row| {
        let lead = row.lead_complaint_id;
        let first = lead.and_then(|lead| first.get(&lead).copied());
        (row.id, PublicMatter::of(profile, row, first))
    });
    Ok(matters.collect())
}

/// Where matters went: each entry's own, or the one it was merged into at last.
///
/// # Errors
/// What the database answers.
pub fn whereabouts(conn: &mut Connection, entries: &[Id]) -> QueryResult<HashMap<Id, Id>> {
    let mut now: HashMap<Id, Id> = entries.iter().map(|id| (*id, *id)).collect();
    for _ in 0..MERGES_MAX {
        let at: Vec<Id> = now.values().copied().collect();
        let moved: Vec<(Id, Option<Id>)> = ledger_entry::table
            .filter(ledger_entry::id.eq_any(at))
            .filter(ledger_entry::merged_into.is_not_null())
            .select((ledger_entry::id, ledger_entry::merged_into))
            .load(conn)?;
        let moved: HashMap<Id, Id> = moved
            .into_iter()
            .filter_map(|(from, into)| Some((from, into?)))
            .collect();
        if moved.is_empty() {
            break;
        }
        for at in now.values_mut() {
            *at = moved.get(at).copied().unwrap_or(*at);
        }
    }
    Ok(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_voices_are_not_counted() {
        let told = [0, 1, 4, 5, 9, 10, 19, 20, 400].map(|n| Voices::of(n).as_str());
        let few = "under_five";
        let (five, ten, twenty) = ("five_to_nine", "ten_to_nineteen", "twenty_or_more");
        assert_eq!(told, [few, few, few, five, five, ten, ten, twenty, twenty]);
    }

    fn row(persons: i32) -> MatterRow {
        MatterRow {
            id: Id::new(),
            state: EntryState::Clue,
            category: "air.cooking_fume".to_owned(),
            lon: Some(119.2985),
            lat: Some(26.0860),
            street_code: Some("350102004".to_owned()),
            lead_complaint_id: None,
            due_on: None,
            distinct_reporters: persons,
            created_at: UtcTime("2026-11-24T16:30:00Z".parse().unwrap()),
            public_code: Some("A".to_owned()),
        }
    }

    /// The place is a cell's and the same for all in it; of few there is none.
    #[test]
    fn a_place_is_told_of_many_and_never_the_point() {
        let profile = Profile::embedded().unwrap();
        let few = PublicMatter::of(&profile, row(4), None);
        assert!(few.place.is_none() && few.street.is_some());
        assert_eq!(few.reported_on.to_string(), "2026-11-25");
        let many = PublicMatter::of(&profile, row(5), None);
        let place = many.place.unwrap();
        let point = Point {
            lon: 119.2985,
            lat: 26.0860,
        };
        let middle = Point {
            lon: place.lon,
            lat: place.lat,
        };
        assert_ne!(middle, point);
        assert!(crate::geo::distance_m(middle, point) <= place.radius_m);
        assert_eq!(many.stage, MatterStage::Answered);
    }

    /// While somebody is owed an answer nothing is called answered, and what nobody complains of is
    /// over unless it stands on the ledger.
    #[test]
    fn every_state_has_a_stage() {
        for state in EntryState::ALL {
            let owed = MatterStage::of(*state, true, true);
            let answered = MatterStage::of(*state, false, true);
            let left = MatterStage::of(*state, false, false);
            assert_ne!(owed, MatterStage::Answered);
            assert_eq!(
                owed == MatterStage::Handling,
                answered == MatterStage::Answered
            );
            assert_eq!(left == answered, owed == answered);
        }
    }
}
