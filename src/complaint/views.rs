//! What clients see of a complaint: its reporter, the public, staff by role.

use chrono::{DateTime, FixedOffset, NaiveDate};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    case::CaseView,
    notice_views::TrackedNotice,
    person::{Question, QuestionCode},
    queries::{ComplaintRow, DecisionRow, PlaceRow},
    remarks::RemarkView,
    replaced::TrackedCorrection,
    similar::SimilarView,
    timeline::TimelineItem,
    undoable::UndoView,
    visits::TrackedVisit,
    wishes::{SECRECY, WishesView},
};
use crate::clock::rows::ClockRow;
use crate::district::Profile;
use crate::evidence::album::PhotoView;
use crate::ledger::supplements::SupplementRow;
use crate::platform::db::Id;
use crate::privacy::Words;
use crate::record::{ComplaintState, local};

/// A clock and the rule it rests on.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeadlineView {
    /// `notify` 告知, `reply` 答复, `objection` 异议.
    pub kind: String,
    /// The last day, until 24:00 in Asia/Shanghai.
    pub due_on: NaiveDate,
    /// How many.
    pub amount: i32,
    /// `working_day` or `natural_day`.
    pub unit: String,
    /// Whether it moves off holidays.
    pub roll_forward: bool,
    /// The article or practice it rests on.
    pub source: String,
    /// Whether a year without a published holiday calendar is involved.
    pub provisional: bool,
    /// When it was met; of a right, when it ended.
    pub met_at: Option<DateTime<FixedOffset>>,
    /// Whose it is: `brigade`, `officer`, `office`, `unit`, `reporter`.
    pub duty: String,
    /// `duty` is due on its last day; `right` lapses after it and is never due.
    pub meaning: String,
    /// What became of it: `on_time`, `late`; `lapsed` when it ended without being met. Absent while
    /// it runs.
    pub outcome: Option<String>,
    /// The day since which it stands still (中止); absent while it runs.
    pub suspended_on: Option<NaiveDate>,
}

/// The outcome of a clock that ended without being met.
pub const LAPSED: &str = "lapsed";

impl From<ClockRow> for DeadlineView {
    fn from(row: ClockRow) -> Self {
        let right_ended = row.lapses_on().and(row.lapsed_at);
        let lapsed = row.lapsed_at.map(|_| LAPSED.to_owned());
        Self {
            met_at: row.met_at.or(right_ended).map(local),
            duty: row.duty,
            meaning: row.meaning,
            outcome: row.outcome.or(lapsed),
            kind: row.kind,
            due_on: row.due_on,
            amount: row.amount,
            unit: row.unit,
            roll_forward: row.roll_forward,
            source: row.source,
            provisional: row.provisional,
            suspended_on: row.suspended_on,
        }
    }
}

/// Something the reporter is asked to send again; the complaint stands meanwhile.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct QuestionView {
    /// The field it was sent in, such as `reporter.phone`.
    pub location: String,
    /// What is asked.
    pub code: QuestionCode,
    /// In Chinese.
    pub words: &'static str,
}

impl QuestionView {
    /// Of all that are kept.
    #[must_use]
    pub fn of(questions: Vec<Question>) -> Vec<Self> {
        questions
            .into_iter()
            .map(|Question { location, code }| Self {
                location,
                code,
                words: code.words(),
            })
            .collect()
    }
}

/// The answer to a submission.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Receipt {
    /// The complaint's own number, for ever.
    pub number: String,
    /// The code to follow it by; whoever has it sees what its reporter sees. Absent where somebody
    /// else filed the first record that this answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    pub tracking_code: Option<String>,
    /// State.
    pub state: ComplaintState,
    /// State in Chinese.
    pub state_name: &'static str,
    /// Its clocks.
    pub deadlines: Vec<DeadlineView>,
    /// Each photo sent, kept or refused.
    pub photos: Vec<PhotoView>,
    /// Similar open matters.
    pub similar: Vec<SimilarView>,
    /// What could not be read and is asked for again.
    pub questions: Vec<QuestionView>,
    /// What was noticed and is left to a person.
    pub remarks: Vec<RemarkView>,
    /// When it was received.
    pub received_at: DateTime<FixedOffset>,
    /// Whether this answers an earlier submission of the same complaint.
    pub already_received: bool,
}

/// A reply, as its reporter reads it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReplyView {
    /// `final` or `progress`.
    pub kind: String,
    /// Document code.
    pub document: String,
    /// Document name.
    pub document_name: String,
    /// Text.
    pub text: String,
    /// What may be done against it, for a final reply.
    pub redress: Option<String>,
    /// When.
    pub at: DateTime<FixedOffset>,
}

/// What was decided, as its reporter is told.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TrackedDecision {
    /// `accept`, `refuse`, `no_longer_accept`, `transfer`, `object`, `split`, `return` or `take_back`.
    pub kind: String,
    /// Document code.
    pub document: Option<String>,
    /// Document name.
    pub document_name: String,
    /// The notice; of a `return` without one, what is to be added.
    pub text: Option<String>,
    /// When.
    pub at: DateTime<FixedOffset>,
}

impl TrackedDecision {
    /// Of a decision. The reason is the office's own, but for a return: there it says what to add.
    #[must_use]
    pub fn of(profile: &Profile, row: DecisionRow, words: &Words) -> Self {
        let to_add = row.reason.filter(|_| row.action == "return");
        let text = row.notice.or(to_add);
        let document = row.document.as_deref().and_then(|d| profile.document(d));
        Self {
            document_name: document.map_or("", |d| &d.name).to_owned(),
            kind: row.action,
            document: row.document,
            text: words.maybe(text),
            at: local(row.decided_at),
        }
    }
}

/// What was added to a complaint later.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SupplementView {
    /// The words; masked for roles without need.
    pub text: String,
    /// Whether the reporter says that something new happened.
    pub new_facts: bool,
    /// When it happened.
    pub occurred_at: Option<DateTime<FixedOffset>>,
    /// When it was added.
    pub at: DateTime<FixedOffset>,
}

impl SupplementView {
    /// Of a row, in full or masked.
    #[must_use]
    pub fn of(row: SupplementRow, words: &Words) -> Self {
        Self {
            text: words.stored(row.text, row.text_masked),
            new_facts: row.new_facts,
            occurred_at: row.occurred_at.map(local),
            at: local(row.created_at),
        }
    }
}

/// A complaint followed by its code. No contact data, no names of staff.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TrackingView {
    /// Number.
    pub number: String,
    /// State.
    pub state: ComplaintState,
    /// State in Chinese.
    pub state_name: &'static str,
    /// Category code.
    pub category: String,
    /// Category in Chinese.
    pub category_name: String,
    /// The reporter's words, with personal data masked: a code may be shared.
    pub description: String,
    /// The reporter's first words, masked as well, where the description was corrected since.
    pub first_description: Option<String>,
    /// What was corrected of it, oldest first: which facts, and nothing of them.
    pub corrections: Vec<TrackedCorrection>,
    /// When it was received.
    pub received_at: DateTime<FixedOffset>,
    /// Its clocks.
    pub deadlines: Vec<DeadlineView>,
    /// Its way so far.
    pub timeline: Vec<TimelineItem>,
    /// What was decided, oldest first.
    pub decisions: Vec<TrackedDecision>,
    /// What you were told, how and when, oldest first. Reading this page is being told.
    pub notices: Vec<TrackedNotice>,
    /// Visits to its matter, oldest first.
    pub visits: Vec<TrackedVisit>,
    /// Replies.
    pub replies: Vec<ReplyView>,
    /// Photos.
    pub photos: Vec<PhotoView>,
    /// What could not be read and is asked for again, as a supplement.
    pub questions: Vec<QuestionView>,
    /// Others who reported the same matter, this one included.
    pub reports_on_the_matter: i32,
    /// Whether the reply may be rated now.
    pub may_rate: bool,
    /// Whether photos and supplements are taken now.
    pub may_add: bool,
    /// What its reporter wishes of who they are.
    pub wishes: WishesView,
    /// Further matters of the same letter, each now followed by its own code (R8).
    pub parts: Vec<PartView>,
}

/// One more matter of a letter that was split (一信多诉).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PartView {
    /// Its number.
    pub number: String,
    /// The code to follow it by.
    pub tracking_code: String,
    /// Category in Chinese.
    pub category_name: String,
    /// State.
    pub state: ComplaintState,
    /// State in Chinese.
    pub state_name: &'static str,
}

impl PartView {
    /// Of a part's row.
    #[must_use]
    pub fn of(profile: &Profile, row: ComplaintRow) -> Self {
        Self {
            category_name: profile.category_name(&row.category),
            state_name: row.state.label(),
            number: row.number,
            tracking_code: row.tracking_code,
            state: row.state,
        }
    }
}

/// A complaint in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ComplaintSummary {
    /// Number.
    pub number: String,
    /// State.
    pub state: ComplaintState,
    /// State in Chinese.
    pub state_name: &'static str,
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
    /// Channel code; `find` of what staff found themselves.
    pub channel: String,
    /// 保密: whether its reporter asks for secrecy, so that the named posts alone know them.
    pub secrecy: bool,
    /// Of what is hidden: the day by whose end somebody is to have looked at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_due_on: Option<NaiveDate>,
    /// Of what is hidden: whether that day is over and nobody has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_overdue: Option<bool>,
}

impl ComplaintSummary {
    /// Of a row.
    #[must_use]
    pub fn of(profile: &Profile, row: &ComplaintRow) -> Self {
        Self {
            number: row.number.clone(),
            state: row.state,
            state_name: row.state.label(),
            category_name: profile.category_name(&row.category),
            category: row.category.clone(),
            received_at: local(row.received_at),
            due_on: row.owed_on(),
            link: row.link.clone(),
            link_rule: row.link_rule.clone(),
            channel: row.channel.clone(),
            secrecy: row.has_flag(SECRECY),
            review_due_on: None,
            review_overdue: None,
        }
    }
}

/// A place, as staff see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PlaceView {
    /// `point`, `named` or `none`.
    pub kind: String,
    /// Longitude, CGCS2000 degrees.
    pub lon: Option<f64>,
    /// Latitude, CGCS2000 degrees.
    pub lat: Option<f64>,
    /// Datum of the pair above.
    pub datum: &'static str,
    /// Longitude as sent.
    pub raw_lon: Option<f64>,
    /// Latitude as sent.
    pub raw_lat: Option<f64>,
    /// Datum as sent.
    pub raw_datum: Option<String>,
    /// Accuracy, metres.
    pub accuracy_m: Option<f64>,
    /// Name it was placed by.
    pub place_name: Option<String>,
    /// Street code.
    pub street_code: Option<String>,
    /// Grid code.
    pub grid_code: Option<String>,
}

impl From<PlaceRow> for PlaceView {
    fn from(row: PlaceRow) -> Self {
        Self {
            kind: row.kind,
            lon: row.lon,
            lat: row.lat,
            datum: "CGCS2000",
            raw_lon: row.raw_lon,
            raw_lat: row.raw_lat,
            raw_datum: row.datum,
            accuracy_m: row.accuracy_m,
            place_name: row.place_name,
            street_code: row.street_code,
            grid_code: row.grid_code,
        }
    }
}

/// A reporter, as roles with need see them: contact masked.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReporterView {
    /// Id, by which they are corrected or withdrawn.
    pub id: Id,
    /// `reporter`, `joint_signer`, `represented`.
    pub kind: String,
    /// Name, all but the first letter hidden.
    pub name: Option<String>,
    /// Phone with its middle hidden.
    pub phone: Option<String>,
    /// Present and true when who they are is sealed under a key that is lost.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub unreadable: bool,
}

/// A complaint, as staff see it. `reporters` is absent for roles without need.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ComplaintView {
    /// What lists show.
    #[serde(flatten)]
    pub summary: ComplaintSummary,
    /// Version, also the `ETag`.
    pub version: i32,
    /// The words; masked for roles without need.
    pub description: String,
    /// Address; masked for roles without need.
    pub address: Option<String>,
    /// Premises' name.
    pub premises: Option<String>,
    /// Registered object.
    pub object_id: Option<String>,
    /// Where.
    pub place: PlaceView,
    /// Begin.
    pub occurred_at: Option<DateTime<FixedOffset>>,
    /// End.
    pub occurred_until: Option<DateTime<FixedOffset>>,
    /// Demand.
    pub demand: Option<String>,
    /// Procedure, once accepted.
    pub procedure: Option<String>,
    /// Upstream number.
    pub external_no: Option<String>,
    /// Source class.
    pub source_class: Option<String>,
    /// Whether nobody signed: neither a name nor a number is known.
    pub anonymous: bool,
    /// How many persons petition, each counted once; whoever files for others is none of them.
    pub person_count: i32,
    /// What was noticed and is left to a person.
    pub remarks: Vec<RemarkView>,
    /// Whether the reporter asks for reopening.
    pub wants_reopening: bool,
    /// Numbers of similar matters the reporter was shown and filed beside.
    pub acknowledged_similar: Vec<String>,
    /// Whether it was returned for completion and came back without.
    pub not_completed: bool,
    /// Its clocks.
    pub deadlines: Vec<DeadlineView>,
    /// Photos.
    pub photos: Vec<PhotoView>,
    /// What was added later, oldest first.
    pub supplements: Vec<SupplementView>,
    /// Whether its sender is on the abuse list, so that it is in no queue and no list but that of
    /// hidden ones.
    pub hidden: bool,
    /// Number of its ledger entry.
    pub entry: String,
    /// Number of the letter it was split from (R8).
    pub letter: Option<String>,
    /// Numbers of the complaints split from it.
    pub parts: Vec<String>,
    /// Reporters, for roles with need.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reporters: Option<Vec<ReporterView>>,
    /// What the caller can undo of it, and until when.
    pub undo: Option<UndoView>,
    /// What the reporter wishes of who they are.
    pub wishes: WishesView,
    /// Why they ask for secrecy, in their words, for the named posts alone.
    pub secrecy_words: Option<String>,
    /// What became of it.
    #[serde(flatten)]
    pub case: CaseView,
}

/// What became of a step.
#[derive(Debug, Serialize, ToSchema)]
pub struct StepView {
    /// Number.
    pub number: String,
    /// State after the step.
    pub state: ComplaintState,
    /// In Chinese.
    pub state_name: &'static str,
    /// Numbers of the complaints a split made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
}

impl StepView {
    /// Of a complaint after a step.
    #[must_use]
    pub fn of(row: &ComplaintRow, state: ComplaintState) -> Self {
        Self {
            number: row.number.clone(),
            state,
            state_name: state.label(),
            parts: Vec::new(),
        }
    }
}
