//! The profile's numbers: limits, thresholds, channels, procedures.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::calendar::{Calendar, DeadlineRule, Unit};

/// `district.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistrictRules {
    /// The district's name.
    pub name: String,
    /// Division code, six digits (GB/T 2260).
    pub code: String,
    /// Area code of its phones, such as `0591`: what a landline without one is read with.
    #[serde(default)]
    pub area_code: Option<String>,
    /// Opens every number people see, as in `GL20261123-0007`.
    pub number_prefix: String,
    /// Words of the place that people put into passwords, such as its name in pinyin.
    #[serde(default)]
    pub password_words: Vec<String>,
    /// The box that holds the district.
    pub bounds: Bounds,
    /// What a complaint may carry.
    pub limits: Limits,
    /// 判重.
    pub matching: MatchingRules,
    /// 群众反映强烈, 集体访, chains.
    pub escalation: Escalation,
    /// 研判排序.
    pub triage: TriageRules,
    /// 现场核实.
    pub verification: VerificationRules,
    /// 回访评价.
    pub rating: Rating,
    /// The abuse list.
    #[serde(default)]
    pub abuse: Abuse,
    /// 保密 and lost codes.
    #[serde(default)]
    pub privacy: PrivacyRules,
    /// What comes in as history.
    #[serde(default)]
    pub import: ImportRules,
    /// 诉求: what reporters may want.
    #[serde(rename = "demand")]
    pub demands: Vec<Demand>,
}

/// What a reporter wants (诉求). Another demand is another ground, so it is a code and no text.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
}

/// A box in canonical degrees.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bounds {
    /// Western longitude.
    pub west: f64,
    /// Eastern longitude.
    pub east: f64,
    /// Southern latitude.
    pub south: f64,
    /// Northern latitude.
    pub north: f64,
}

/// What a complaint may carry.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Letters of a description at most.
    pub description_letters: usize,
    /// Letters of an address at most.
    pub address_letters: usize,
    /// Letters of a premises' name at most.
    pub premises_letters: usize,
    /// Photos of a complaint at most.
    pub photos: usize,
    /// Bytes of a photo at most.
    pub photo_bytes: usize,
    /// Pixels of a photo at most.
    pub photo_pixels: u64,
    /// Bytes of a PDF or of a sound recording at most.
    #[serde(default = "default_file_bytes")]
    pub file_bytes: usize,
    /// Bytes of a video at most.
    #[serde(default = "default_video_bytes")]
    pub video_bytes: usize,
    /// Similar open matters shown at most.
    pub similar_shown: usize,
}

const fn default_file_bytes() -> usize {
    20 * 1024 * 1024
}

const fn default_video_bytes() -> usize {
    50 * 1024 * 1024
}

/// What follows from how likely two reports are one matter (domain §3.3). The thresholds follow
/// from what mistakes cost, in the cost of one officer's look.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchingRules {
    /// Cost of a report attached to the wrong matter, against one look at it.
    pub cost_wrong_link: f64,
    /// Cost of a duplicate nobody sees, against one look at it.
    pub cost_missed: f64,
    /// Days after closing in which the same person's report is a repeat.
    pub window_days: i64,
    /// A fix less accurate than this (metres) is no evidence of place.
    pub accuracy_max_m: f64,
    /// Hours in which the same photo of the same person is the same submission (R0).
    pub resubmit_hours: i64,
    /// Coordinates that are defaults, not places.
    #[serde(default)]
    pub hot_points: Vec<HotPoint>,
}

impl MatchingRules {
    /// At or above this probability a report is attached provisionally: a look costs more than
    /// the wrong links it would avoid.
    #[must_use]
    pub fn upper(&self) -> f64 {
        1.0 - 1.0 / self.cost_wrong_link
    }

    /// At or above this probability somebody looks: the duplicates found are worth the looks.
    #[must_use]
    pub fn lower(&self) -> f64 {
        1.0 / self.cost_missed
    }
}

/// A coordinate that is some device's or clerk's default.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HotPoint {
    /// Longitude, canonical degrees.
    pub lon: f64,
    /// Latitude, canonical degrees.
    pub lat: f64,
    /// Why it is here.
    pub note: String,
}

/// When many voices become more than many reports (domain §3.3).
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// Distinct reporters that make 群众反映强烈.
    pub strong_concern_reporters: usize,
    /// Days in which they must have reported.
    pub strong_concern_days: i64,
    /// Persons on one petition that make 集体访.
    pub collective_visit_persons: i32,
    /// Representatives at most (信访工作条例20条).
    pub representatives: i32,
    /// Chain length at which a matter goes one level up.
    pub chain_one_level_up: i64,
    /// Chain length at which a leader takes it.
    pub chain_leader: i64,
}

/// The order of the brigade's queue (domain §3.4).
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriageRules {
    /// How long a claimed item is held.
    pub lease_minutes: i64,
    /// Items due within this many working days come first whatever their score.
    pub urgent_working_days: u32,
    /// Points for many reporters.
    pub weight_reporters: f64,
    /// Reporters that earn all of them.
    pub reporters_full: u32,
    /// Points for a rebound.
    pub weight_rebound: f64,
    /// Points for 督察 and 批办.
    pub weight_source: f64,
    /// Points for time gone.
    pub weight_elapsed: f64,
    /// Working days in which a suspected duplicate is to be decided.
    pub decision_working_days: u32,
    /// Minutes in which who made a decision may undo it, and after which the reporter is told of it; 0 where
    /// none can be undone.
    #[serde(default = "default_undo_minutes")]
    pub undo_minutes: i64,
    /// Days after which a complaint returned for completion (退回补正) comes back as it is, at the latest.
    pub returned_days: u32,
    /// Whether its duties stand still while it is away (中止).
    #[serde(default)]
    pub returned_suspends: bool,
    /// Where they run on: working days before the first of them is due on which it comes back.
    #[serde(default = "default_returned_back_working_days")]
    pub returned_back_working_days: u32,
}

const fn default_undo_minutes() -> i64 {
    5
}

const fn default_returned_back_working_days() -> u32 {
    1
}

impl TriageRules {
    /// The day a complaint that was returned for completion comes back as it is: when its time is over,
    /// and where its duties run on so early that the first of them can still be met.
    #[must_use]
    pub fn comes_back_on(
        &self,
        calendar: &Calendar,
        returned_on: NaiveDate,
        first_due: Option<NaiveDate>,
    ) -> NaiveDate {
        let days = Days::new(u64::from(self.returned_days));
        let latest = returned_on.checked_add_days(days).unwrap_or(NaiveDate::MAX);
        let in_time = first_due.filter(|_| !self.returned_suspends);
        let in_time =
            in_time.map(|due| calendar.working_days_before(due, self.returned_back_working_days));
        in_time.map_or(latest, |day| day.min(latest))
    }
}

/// Conditions of a visit.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerificationRules {
    /// Metres from the complained place within which a check-in needs no reason.
    pub check_in_radius_m: f64,
    /// Working days in which a task is to be done.
    pub due_working_days: u32,
    /// Hours by which a visit may miss the complained time of day.
    pub band_tolerance_hours: u32,
    /// The night begins at this hour (噪声法88条).
    pub night_from: u32,
    /// The night ends at this hour.
    pub night_until: u32,
    /// Metres around a visit within which open matters are told to its officer.
    #[serde(default = "nearby_m")]
    pub nearby_m: f64,
}

/// Unless a profile says otherwise.
const fn nearby_m() -> f64 {
    300.0
}

/// Conditions of a rating.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rating {
    /// Days after the reply in which it may be rated.
    pub open_days: i64,
}

/// Conditions of the abuse list.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Abuse {
    /// Days for which an address is blocked whose user nobody knows.
    pub address_block_days: i64,
    /// Days for which a known person is blocked.
    #[serde(default = "person_block_days")]
    pub person_block_days: i64,
    /// Working days within which somebody looks at what is hidden.
    #[serde(default = "review_working_days")]
    pub review_working_days: u32,
}

const fn person_block_days() -> i64 {
    90
}

const fn review_working_days() -> u32 {
    1
}

impl Default for Abuse {
    fn default() -> Self {
        Self {
            address_block_days: 7,
            person_block_days: person_block_days(),
            review_working_days: review_working_days(),
        }
    }
}

/// Who knows of reporters that ask for secrecy (保密), and what of a phone's own is sent to it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivacyRules {
    /// Roles that still see who a reporter is who asks for secrecy (信访工作条例 30 条, GB/T 33358).
    #[serde(default = "secrecy_posts")]
    pub secrecy_posts: Vec<String>,
    /// Lost tracking codes in one text message at most, the latest first.
    #[serde(default = "recovered_codes")]
    pub recovered_codes: i64,
}

fn secrecy_posts() -> Vec<String> {
    vec!["office".to_owned()]
}

const fn recovered_codes() -> i64 {
    5
}

impl Default for PrivacyRules {
    fn default() -> Self {
        Self {
            secrecy_posts: secrecy_posts(),
            recovered_codes: recovered_codes(),
        }
    }
}

/// What comes in as history from another system's table (历史件导入).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportRules {
    /// Days before the import since which a row without an end is work of the day; an older one is
    /// history that waits to be cleared up.
    #[serde(default = "open_days")]
    pub open_days: u32,
    /// Code of the procedure by which was handled what tells none.
    #[serde(default = "procedure_of_history")]
    pub procedure: String,
}

const fn open_days() -> u32 {
    90
}

fn procedure_of_history() -> String {
    "enforcement_request".to_owned()
}

impl Default for ImportRules {
    fn default() -> Self {
        Self {
            open_days: open_days(),
            procedure: procedure_of_history(),
        }
    }
}

/// A channel (渠道) through which complaints come.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Channel {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Whether the upstream number is required.
    pub needs_external_no: bool,
    /// Whether its complaints come from above (督察, 批办, 转办), which moves them forward.
    #[serde(default)]
    pub from_above: bool,
    /// Whether reporters come in person (走访).
    #[serde(default)]
    pub in_person: bool,
    /// Its deadlines.
    #[serde(default, rename = "deadline")]
    pub deadlines: Vec<ChannelDeadline>,
}

/// Which clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineKind {
    /// 告知: to tell the reporter whether it is taken.
    Notify,
    /// 答复: to answer.
    Reply,
    /// 异议: to send back what is not ours.
    Objection,
}

impl DeadlineKind {
    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::Reply => "reply",
            Self::Objection => "objection",
        }
    }
}

/// A channel's deadline row.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelDeadline {
    /// Which clock.
    pub kind: DeadlineKind,
    /// How many.
    pub amount: u32,
    /// Of what.
    pub unit: Unit,
    /// Whether it moves off holidays.
    pub roll_forward: bool,
    /// The article or practice it rests on.
    pub source: String,
}

impl ChannelDeadline {
    /// The rule to count by.
    #[must_use]
    pub fn rule(&self) -> DeadlineRule {
        DeadlineRule {
            amount: self.amount,
            unit: self.unit,
            roll_forward: self.roll_forward,
        }
    }
}

const fn default_extension_days() -> u32 {
    30
}

/// A procedure (办理程序), fixed at acceptance; it decides document, clock and redress.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Procedure {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Document of acceptance.
    pub acceptance: String,
    /// Document of the reply.
    pub reply: String,
    /// How long to reply.
    pub reply_days: u32,
    /// Of what.
    pub reply_unit: Unit,
    /// Whether the last day moves off holidays.
    pub roll_forward: bool,
    /// Whether its reply can be extended (29条; not for 申请查处).
    pub may_extend: bool,
    /// By how many natural days at most.
    #[serde(default = "default_extension_days")]
    pub extension_days: u32,
    /// Whether 复查 and 复核 follow on request, after which the same facts are not accepted again.
    #[serde(default)]
    pub final_review: bool,
    /// Natural days after the answer, or after 复查, in which it may be taken further (复查、复核、复议). Until
    /// then an answered complaint is not closed by itself.
    #[serde(default)]
    pub review_days: u32,
    /// What the reporter may do against it, where there is something.
    #[serde(default)]
    pub redress: Option<String>,
}

/// A document template (文书).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
}
