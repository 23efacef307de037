//! What staff see of the ledger. No reporter data at all: entries are read by streets.

use std::collections::HashSet;

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    campaigns::CampaignView,
    queries::{EntryComplaintRow, EntryRow},
};
use crate::district::Profile;
use crate::platform::db::Id;
use crate::privacy::Words;
use crate::record::{ComplaintState, EntryState, Recorded, VisitState, local, machine::Trait};

/// An entry in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EntrySummary {
    /// Number.
    pub number: String,
    /// State.
    pub state: EntryState,
    /// State in Chinese.
    pub state_name: &'static str,
    /// What and where, without personal data.
    pub title: String,
    /// Category code.
    pub category: String,
    /// Category in Chinese.
    pub category_name: String,
    /// Street code.
    pub street_code: Option<String>,
    /// Source class of the plan (来源类别): the first among its complaints'.
    pub source_class: Option<String>,
    /// The earliest due date of its complaints that are still owed an answer.
    pub due_on: Option<NaiveDate>,
    /// Complaints.
    pub complaint_count: i32,
    /// What staff found of it themselves (巡查发现): no complaints, and no persons.
    pub find_count: i32,
    /// Different persons.
    pub distinct_reporters: i32,
    /// Confirmed duplicates.
    pub duplicate_count: i32,
    /// Confirmed repeat petitions: the same person again, with nothing new (R1, R2, R11).
    pub repeat_count: i32,
    /// Confirmed petitions of the same person with new facts (R3), which are no repeats.
    pub renewed_count: i32,
    /// 群众反映强烈.
    pub strong_concern: bool,
    /// 集体访.
    pub collective_visit: bool,
    /// 0 none, 1 one level up, 2 a leader takes it.
    pub escalation_level: i32,
    /// Which round of rectification.
    pub cycle_no: i32,
    /// Version, also the `ETag`.
    pub version: i32,
}

impl EntrySummary {
    /// Of a row.
    #[must_use]
    pub fn of(profile: &Profile, row: &EntryRow, words: &Words) -> Self {
        Self {
            number: row.number.clone(),
            state: row.state,
            state_name: row.state.label(),
            title: words.text(row.title.clone()),
            category_name: profile.category_name(&row.category),
            category: row.category.clone(),
            street_code: row.street_code.clone(),
            source_class: row.source_class.clone(),
            due_on: row.due_on,
            complaint_count: row.complaint_count,
            find_count: row.find_count,
            distinct_reporters: row.distinct_reporters,
            duplicate_count: row.duplicate_count,
            repeat_count: row.repeat_count,
            renewed_count: row.renewed_count,
            strong_concern: row.strong_concern,
            collective_visit: row.collective_visit,
            escalation_level: row.escalation_level,
            cycle_no: row.cycle_no,
            version: row.version,
        }
    }
}

/// A decision of the steering group (局领导小组).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DecisionView {
    /// `listed`, `not_listed`, `escalated`.
    pub outcome: String,
    /// Meeting.
    pub meeting: Option<String>,
    /// Day.
    pub decided_on: NaiveDate,
    /// Reference of the minutes.
    pub minute_ref: Option<String>,
    /// Level it was escalated to.
    pub level: Option<String>,
    /// Unit that was chosen.
    pub chosen_owner: Option<String>,
    /// Reason.
    pub reason: Option<String>,
}

/// A merge.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MergeView {
    /// Id, to undo it by.
    pub id: Id,
    /// Number of the entry that was merged away.
    pub source: String,
    /// Number of the entry it went into.
    pub target: String,
    /// Why.
    pub reason: String,
    /// When.
    pub merged_at: DateTime<FixedOffset>,
    /// When it was undone.
    pub undone_at: Option<DateTime<FixedOffset>>,
}

/// A visit, in short.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VisitView {
    /// Id.
    pub id: Id,
    /// Number of the first of the entry's complaints that it answers.
    pub complaint: String,
    /// Numbers of the entry's complaints that it answers.
    pub complaints: Vec<String>,
    /// State.
    pub state: VisitState,
    /// Finding.
    pub result: Option<String>,
    /// Grid code.
    pub grid_code: String,
}

/// A step of an entry's history.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HistoryItem {
    /// Event.
    pub event: String,
    /// State before; null for the event it began with.
    pub from_state: Option<String>,
    /// State after.
    pub to_state: Option<String>,
    /// User name of staff; empty for the reporter and the system.
    pub actor: String,
    /// Reason.
    pub reason: Option<String>,
    /// What else was kept.
    pub detail: serde_json::Value,
    /// When it was recorded.
    pub at: DateTime<FixedOffset>,
    /// When it happened, of a step that came in as history; null where that is when it was recorded.
    /// Where `detail.day_known` is false nobody knows the day, and this is the last one known before it.
    pub happened_at: Option<DateTime<FixedOffset>>,
}

impl HistoryItem {
    /// Of a recorded event. Reasons are staff's own words and may name persons: roles without need
    /// read them masked.
    #[must_use]
    pub fn of(row: Recorded, words: &Words) -> Self {
        Self {
            event: row.event,
            from_state: row.from_state.filter(|state| !state.is_empty()),
            to_state: row.to_state,
            actor: row.actor_name,
            reason: words.maybe(row.reason),
            detail: words.detail(row.detail.0),
            at: local(row.at),
            happened_at: row.happened_at.map(local),
        }
    }
}

impl HistoryItem {
    /// Without the numbers of other complaints than these.
    #[must_use]
    pub fn of_complaints(mut self, numbers: &HashSet<&str>) -> Self {
        let named = self.detail.get_mut("complaints");
        if let Some(named) = named.and_then(serde_json::Value::as_array_mut) {
            named.retain(|number| number.as_str().is_some_and(|n| numbers.contains(n)));
        }
        self
    }
}

/// An entry with all that belongs to it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EntryView {
    /// What lists show.
    #[serde(flatten)]
    pub summary: EntrySummary,
    /// Longitude, CGCS2000 degrees.
    pub lon: Option<f64>,
    /// Latitude, CGCS2000 degrees.
    pub lat: Option<f64>,
    /// Number of the entry it was merged into.
    pub merged_into: Option<String>,
    /// Its complaints, oldest first.
    pub complaints: Vec<EntryComplaint>,
    /// Texts that many of these sent in copies, the largest group first: many voices, each a person
    /// of its own.
    pub campaigns: Vec<CampaignView>,
    /// Ids of its complaints' photos that have public copies.
    pub photos: Vec<EntryPhoto>,
    /// Visits.
    pub verifications: Vec<VisitView>,
    /// Decisions of the steering group.
    pub decisions: Vec<DecisionView>,
    /// Merges it took part in.
    pub merges: Vec<MergeView>,
    /// Its history, oldest first.
    pub history: Vec<HistoryItem>,
}

/// A photo of an entry.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EntryPhoto {
    /// Number of the complaint it came with.
    pub complaint: String,
    /// Id.
    pub id: Id,
    /// `photo`, `far`, `near`, `reference`.
    pub role: String,
}

/// What a reporter added to their complaint, without personal data.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EntrySupplement {
    /// The words, masked.
    pub text: String,
    /// Whether something new happened.
    pub new_facts: bool,
    /// When it was added.
    pub at: DateTime<FixedOffset>,
}

/// A complaint of an entry. Its own page says more.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EntryComplaint {
    /// Number.
    pub number: String,
    /// State; docs/transitions.md has the names.
    pub state: ComplaintState,
    /// Category code.
    pub category: String,
    /// Category in Chinese.
    pub category_name: String,
    /// When it was received.
    pub received_at: DateTime<FixedOffset>,
    /// The first day on which a duty runs out; null once nothing is owed to its reporter.
    pub due_on: Option<NaiveDate>,
    /// `own`, `suspected`, `provisional`, `confirmed`.
    pub link: String,
    /// The matching rule.
    pub link_rule: Option<String>,
    /// Channel code.
    pub channel: String,
    /// What its reporter added later (D28): a duplicate's comments are read with the matter.
    pub supplements: Vec<EntrySupplement>,
}

impl EntryComplaint {
    /// Of a row.
    #[must_use]
    pub fn of(
        profile: &Profile,
        row: &EntryComplaintRow,
        supplements: Vec<EntrySupplement>,
    ) -> Self {
        Self {
            supplements,
            number: row.number.clone(),
            state: row.state,
            category_name: profile.category_name(&row.category),
            category: row.category.clone(),
            received_at: local(row.received_at),
            due_on: row.state.is(Trait::Owed).then_some(row.due_on),
            link: row.link.clone(),
            link_rule: row.link_rule.clone(),
            channel: row.channel.clone(),
        }
    }
}
