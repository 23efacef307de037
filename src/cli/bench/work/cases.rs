//! Complaints of a district's three years, made up from their numbers: the same number makes the same
//! complaint. Nearly all were dealt with long ago; of the rest some wait in each of the ways there are.

use std::ops::Range;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

use crate::district::{Profile, calendar::date_of};
use crate::geo::Point;
use crate::linkage::eval::Draw;
use crate::platform::db::Id;
use crate::record::{ComplaintState, HandoverState, VisitState, machine::Trait};

/// Days that the made-up complaints reach back.
const DAYS: i64 = 3 * 365;

/// Days since which everything is dealt with.
const SETTLED_DAYS: i64 = 100;

/// Complaints of which some share their matters.
const BLOCK: u64 = 10;

/// Complaints of a matter that many complain of at once, and how many complaints have one such matter.
const CAMPAIGN: u64 = 150;
const CAMPAIGN_EVERY: u64 = 50_000;

/// Of so many matters one is of the category that hardly occurs.
const RARE: u64 = 5_003;

/// Degrees that complaints of a grid are scattered over.
const SCATTER: f64 = 0.004;

/// Days for telling a reporter whether a complaint is taken, and for answering it.
pub(super) const NOTIFY_DAYS: i64 = 15;
pub(super) const REPLY_DAYS: i64 = 60;

/// What an id is of, so that ids of several kinds never meet.
#[derive(Debug, Clone, Copy)]
pub(super) enum Of {
    Complaint,
    Entry,
    Petitioner,
    Notify,
    Reply,
    Visit,
    VisitClock,
    CheckIn,
    Findings,
    Decision,
    Answer,
    Verdict,
    Handover,
    Photo,
    VisitPhoto,
    Recorded(u8),
}

impl Of {
    const fn number(self) -> u128 {
        match self {
            Self::Complaint => 0,
            Self::Entry => 1,
            Self::Petitioner => 2,
            Self::Notify => 3,
            Self::Reply => 4,
            Self::Visit => 5,
            Self::VisitClock => 6,
            Self::CheckIn => 7,
            Self::Findings => 8,
            Self::Decision => 9,
            Self::Answer => 10,
            Self::Verdict => 11,
            Self::Handover => 12,
            Self::Photo => 13,
            Self::VisitPhoto => 14,
            Self::Recorded(step) => 16 + step as u128,
        }
    }
}

/// An id as it would have been made at that time.
fn id_at(at: DateTime<Utc>, of: Of, n: u64) -> Id {
    let milliseconds = at.timestamp_millis().max(0).unsigned_abs();
    let rest = of.number() << 48 | u128::from(n);
    Id(Uuid::from_u128(
        u128::from(milliseconds) << 80 | 0x7000_8000_0000_0000_0000 | rest,
    ))
}

/// Where and what a matter is: the same for all who complain of it.
#[derive(Debug, Clone)]
pub(super) struct Matter {
    /// Number of the complaint that opened it.
    pub(super) lead: u64,
    pub(super) entry: Id,
    pub(super) category: String,
    pub(super) coarse: String,
    pub(super) street: String,
    pub(super) grid: String,
    pub(super) point: Point,
    /// How many complain of it, by its opening.
    pub(super) complaints: i32,
}

/// What became of a made-up complaint, and when.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) n: u64,
    pub(super) id: Id,
    pub(super) matter: Matter,
    pub(super) state: ComplaintState,
    pub(super) link: &'static str,
    pub(super) repeat_of: Option<Id>,
    pub(super) hidden: bool,
    pub(super) received_at: DateTime<Utc>,
    /// When somebody decided on it.
    pub(super) decided_at: Option<DateTime<Utc>>,
    pub(super) answered_at: Option<DateTime<Utc>>,
    pub(super) ended_at: Option<DateTime<Utc>>,
    pub(super) visit: Option<VisitState>,
    pub(super) handover: Option<HandoverState>,
    /// Something was added to it that nobody read.
    pub(super) unread: bool,
    pub(super) wants_reopening: bool,
    /// What is drawn for what else is told of it.
    pub(super) draw: Draw,
}

impl Case {
    /// Whether it opened its matter.
    pub(super) fn is_lead(&self) -> bool {
        self.matter.lead == self.n
    }

    /// An id of something of it.
    pub(super) fn id_of(&self, at: DateTime<Utc>, of: Of) -> Id {
        id_at(at, of, self.n)
    }

    /// The last day of a duty of so many days from its receipt.
    pub(super) fn due(&self, days: i64) -> NaiveDate {
        date_of(self.received_at) + TimeDelta::days(days)
    }

    /// The last day of the duty that runs, or ran last.
    pub(super) fn due_on(&self) -> NaiveDate {
        match self.decided_at {
            Some(_) if self.state != ComplaintState::Returned => self.due(REPLY_DAYS),
            _ => self.due(NOTIFY_DAYS),
        }
    }
}

/// Complaints that are written together: first those that were dealt with, then those that wait.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) dealt_with: Range<u64>,
    pub(super) waiting: Range<u64>,
    /// The first so many of those that wait stand in the queue.
    pub(super) queued: u64,
}

impl Layer {
    /// What brings a database from so many complaints to so many.
    pub(super) fn between(written: u64, size: u64, waiting_share: f64, queue_max: u64) -> Self {
        let waits = |size: u64| (size as f64 * waiting_share).round() as u64;
        let queue = |size: u64| (waits(size) / 5).min(queue_max);
        let begin = size - (waits(size) - waits(written)).min(size - written);
        Self {
            dealt_with: written..begin,
            waiting: begin..size,
            queued: queue(size) - queue(written),
        }
    }
}

/// Makes complaints up.
pub(super) struct Maker<'a> {
    profile: &'a Profile,
    now: DateTime<Utc>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(profile: &'a Profile, now: DateTime<Utc>) -> Self {
        Self { profile, now }
    }

    /// A complaint of a layer.
    pub(super) fn case(&self, layer: &Layer, n: u64) -> Case {
        if layer.waiting.contains(&n) {
            self.waiting(layer, n)
        } else {
            self.dealt_with(layer, n)
        }
    }

    fn draw(n: u64) -> Draw {
        Draw(n.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    /// When one of those that were dealt with came: all of them evenly over the years.
    fn came(&self, layer: &Layer, n: u64) -> DateTime<Utc> {
        let count = (layer.dealt_with.end - layer.dealt_with.start).max(1);
        let share = (n - layer.dealt_with.start) as f64 / count as f64;
        let minutes = share * ((DAYS - SETTLED_DAYS) * 24 * 60) as f64;
        self.now - TimeDelta::days(DAYS) + TimeDelta::minutes(minutes as i64)
    }

    fn dealt_with(&self, layer: &Layer, n: u64) -> Case {
        let mut draw = Self::draw(n);
        let received_at = self.came(layer, n);
        let decided_at = received_at + TimeDelta::days(1 + (draw.share() * 6.0) as i64);
        let answered = received_at + TimeDelta::days(15 + (draw.share() * 40.0) as i64);
        let state = match draw.below(100) {
            0..4 => ComplaintState::Refused,
            4..7 => ComplaintState::Transferred,
            7..9 => ComplaintState::Withdrawn,
            _ => ComplaintState::Closed,
        };
        let is_closed = state == ComplaintState::Closed;
        let matter = self.matter(layer, lead_of(layer.dealt_with.start, n));
        let joined = matter.lead != n;
        Case {
            n,
            id: id_at(received_at, Of::Complaint, n),
            link: if joined { "confirmed" } else { "own" },
            repeat_of: joined.then(|| self.id_of_lead(layer, matter.lead)),
            state,
            hidden: !joined && matter.complaints == 1 && draw.below(200) == 0,
            received_at,
            decided_at: Some(decided_at),
            answered_at: is_closed.then_some(answered),
            ended_at: Some(if is_closed {
                answered + TimeDelta::days(20)
            } else {
                decided_at
            }),
            visit: (is_closed && draw.below(100) < 35).then_some(VisitState::Passed),
            handover: (state == ComplaintState::Transferred).then_some(HandoverState::Answered),
            unread: false,
            wants_reopening: false,
            matter,
            draw,
        }
    }

    fn id_of_lead(&self, layer: &Layer, lead: u64) -> Id {
        id_at(self.came(layer, lead), Of::Complaint, lead)
    }

    fn waiting(&self, layer: &Layer, n: u64) -> Case {
        let mut draw = Self::draw(n);
        let place = n - layer.waiting.start;
        let state = waiting_state(place < layer.queued, &mut draw);
        let undecided = state.is(Trait::Queued);
        // What waits to be answered or was answered lately came within the time for that and some more.
        let (from, days) = match state {
            ComplaintState::Screening | ComplaintState::AwaitingAcceptance => (0.1, 13.0),
            ComplaintState::Returned => (4.0, 16.0),
            _ => (4.0, 70.0),
        };
        let ago = TimeDelta::minutes(((draw.share() * days + from) * 24.0 * 60.0) as i64);
        let received_at = self.now - ago;
        let later = |share: f64| {
            received_at + TimeDelta::seconds((ago.num_seconds() as f64 * share) as i64)
        };
        let old = layer.dealt_with.start
            + draw
                .below(usize::try_from(layer.dealt_with.end - layer.dealt_with.start).unwrap_or(1))
                as u64;
        // One in five is of a matter there was before.
        let (matter, repeat_of) = if draw.below(5) == 0 {
            let matter = self.matter(layer, lead_of(layer.dealt_with.start, old));
            let lead = self.id_of_lead(layer, matter.lead);
            (matter, Some(lead))
        } else {
            (self.matter_at(received_at, n, 1), None)
        };
        let link = match (repeat_of, draw.below(3)) {
            (None, _) => "own",
            (Some(_), 0) => "confirmed",
            (Some(_), _) if undecided || draw.below(10) == 0 => "provisional",
            (Some(_), _) => "confirmed",
        };
        let answered = matches!(state, ComplaintState::Replied | ComplaintState::FollowUp);
        let visit = (state == ComplaintState::InProgress).then(|| waiting_visit(&mut draw));
        Case {
            n,
            id: id_at(received_at, Of::Complaint, n),
            state,
            link,
            repeat_of,
            hidden: false,
            received_at,
            decided_at: (!undecided).then(|| later(0.2)),
            answered_at: answered.then(|| later(0.8)),
            ended_at: (state == ComplaintState::Transferred).then(|| later(0.2)),
            visit,
            handover: (state == ComplaintState::Transferred).then(|| match draw.below(3) {
                0 => HandoverState::Sent,
                _ => HandoverState::Signed,
            }),
            unread: !undecided && state.is(Trait::TakesEvidence) && draw.below(50) == 0,
            wants_reopening: state == ComplaintState::FollowUp && draw.below(3) == 0,
            matter,
            draw,
        }
    }

    /// The matter that one of those that were dealt with opened.
    fn matter(&self, layer: &Layer, lead: u64) -> Matter {
        let complaints = complaints_of(layer.dealt_with.start, lead);
        self.matter_at(self.came(layer, lead), lead, complaints)
    }

    fn matter_at(&self, opened_at: DateTime<Utc>, lead: u64, complaints: i32) -> Matter {
        let mut draw = Self::draw(lead.wrapping_add(0x5851_f42d));
        let categories: Vec<_> = self
            .profile
            .categories
            .iter()
            .filter(|c| c.enabled)
            .collect();
        // Few categories are most of the complaints, and few streets; the last category hardly occurs.
        let skewed = |share: f64, of: usize| (share.powi(2) * of as f64) as usize;
        let last = categories.len().saturating_sub(1);
        let category = skewed(draw.share(), last);
        let category = categories.get(if lead.is_multiple_of(RARE) {
            last
        } else {
            category
        });
        let street = self
            .profile
            .streets
            .get(skewed(draw.share(), self.profile.streets.len()));
        let street = street.map(|street| street.code.clone()).unwrap_or_default();
        let grids: Vec<_> = self
            .profile
            .grids
            .iter()
            .filter(|g| g.street == street)
            .collect();
        let grid = grids.get(draw.below(grids.len()));
        let outline = grid.iter().flat_map(|grid| grid.outline.iter());
        let corner = outline.flat_map(|part| part.exterior().0.first()).next();
        let corner = corner.map_or((119.3, 26.08), |corner| (corner.x, corner.y));
        Matter {
            lead,
            entry: id_at(opened_at, Of::Entry, lead),
            category: category.map_or_else(String::new, |c| c.code.clone()),
            coarse: category.map_or_else(String::new, |c| c.coarse.clone()),
            grid: grid.map_or_else(String::new, |grid| grid.code.clone()),
            street,
            point: Point {
                lon: corner.0 + SCATTER * draw.share(),
                lat: corner.1 + SCATTER * draw.share(),
            },
            complaints,
        }
    }
}

/// Which complaint opened the matter of one: of ten, six have their own, and the others share the last
/// two of these; and now and then very many share one.
fn lead_of(first: u64, n: u64) -> u64 {
    let at = n - first;
    if at % CAMPAIGN_EVERY < CAMPAIGN {
        return n - at % CAMPAIGN_EVERY;
    }
    match at % BLOCK {
        in_block @ 6..8 => n - (in_block - 5),
        in_block @ 8.. => n - (in_block - 4),
        _ => n,
    }
}

/// How many complain of the matter that one opened.
fn complaints_of(first: u64, lead: u64) -> i32 {
    let at = lead - first;
    match (at % CAMPAIGN_EVERY, at % BLOCK) {
        (0, _) => i32::try_from(CAMPAIGN).unwrap_or(i32::MAX),
        (_, 4 | 5) => 3,
        _ => 1,
    }
}

fn waiting_state(queued: bool, draw: &mut Draw) -> ComplaintState {
    if queued {
        return match draw.below(5) {
            0..2 => ComplaintState::Screening,
            _ => ComplaintState::AwaitingAcceptance,
        };
    }
    match draw.below(100) {
        0..25 => ComplaintState::Accepted,
        25..55 => ComplaintState::InProgress,
        55..58 => ComplaintState::Returned,
        58..66 => ComplaintState::Transferred,
        66..74 => ComplaintState::FollowUp,
        _ => ComplaintState::Replied,
    }
}

fn waiting_visit(draw: &mut Draw) -> VisitState {
    match draw.below(100) {
        0..10 => VisitState::Pending,
        10..50 => VisitState::Assigned,
        50..55 => VisitState::CheckedIn,
        55..80 => VisitState::Submitted,
        80..85 => VisitState::Returned,
        _ => VisitState::Passed,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn layers_follow_each_other() {
        let first = Layer::between(0, 100_000, 0.03, 2_000);
        assert_eq!(first.dealt_with, 0..97_000);
        assert_eq!(
            (first.waiting.clone(), first.queued),
            (97_000..100_000, 600)
        );
        let second = Layer::between(100_000, 1_000_000, 0.03, 2_000);
        assert_eq!(second.dealt_with, 100_000..973_000);
        assert_eq!((second.waiting, second.queued), (973_000..1_000_000, 1_400));
        assert_eq!(Layer::between(7, 7, 0.03, 2_000).waiting, 7..7);
    }

    #[test]
    fn a_matter_has_as_many_complaints_as_it_says() {
        let mut found: BTreeMap<u64, i32> = BTreeMap::new();
        for n in 7..100_007 {
            let lead = lead_of(7, n);
            assert!(lead <= n);
            *found.entry(lead).or_default() += 1;
        }
        for (lead, count) in found {
            assert_eq!(complaints_of(7, lead), count, "{lead}");
        }
    }

    #[test]
    fn cases_wait_in_all_the_ways_there_are() {
        let profile = Profile::embedded().unwrap();
        let now = "2026-11-30T04:00:00Z".parse().unwrap();
        let maker = Maker::new(&profile, now);
        let layer = Layer::between(0, 50_000, 0.1, 500);
        let cases: Vec<Case> = (0..50_000).map(|n| maker.case(&layer, n)).collect();
        let ids: BTreeSet<Id> = cases.iter().map(|case| case.id).collect();
        assert_eq!(ids.len(), cases.len());
        let of = |holds: fn(&Case) -> bool| cases.iter().filter(|case| holds(case)).count();
        assert_eq!(of(|case| case.state.is(Trait::Queued)), 500);
        assert!(of(|case| case.state.is(Trait::Ended)) > 45_000);
        assert!(of(|case| case.unread) > 10);
        assert!(of(|case| case.link == "provisional") > 50);
        assert!(of(|case| case.hidden) > 50);
        for state in VisitState::ALL
            .iter()
            .filter(|s| **s != VisitState::Cancelled)
        {
            assert!(
                cases.iter().any(|case| case.visit == Some(*state)),
                "{state:?}"
            );
        }
        for case in &cases {
            let ended = case.state.is(Trait::Ended);
            assert_eq!(case.ended_at.is_some(), ended, "{case:?}");
            assert!(case.received_at < now, "{case:?}");
            assert!(
                case.decided_at
                    .is_none_or(|at| at > case.received_at && at <= now)
            );
            assert!(profile.grid(&case.matter.grid).is_some(), "{case:?}");
        }
    }
}
