//! The lists: what each is called, whose work it is, and the one condition by which it is counted,
//! paged and filtered.
//!
//! The conditions are written in SQL, because a planner takes a partial index for a condition in the
//! index's own words alone; the indexes stand in the migrations `000039_work`, `000044_notices`,
//! `000045_history` and `000046_finds`. What is looked up for a row is asked for as a value, not by `EXISTS`:
//! for a value a planner seeks, for whether there is any it may list all there are.

use crate::account::Role;
use crate::clock::kinds::{Kind, Meaning, OF_HANDLING, VISIT};
use crate::district::urgency::HISTORY_FROM;
use crate::platform::named::named;
use crate::record::{
    ComplaintState as C, VisitState as V,
    machine::{State, Trait},
};

named! {
    /// A list of work that waits.
    pub enum WorkList {
        /// 待派核实: visits that nobody was sent to yet.
        VisitsUnassigned "visits_unassigned",
        /// 核实途中: visits an officer was sent to and has not reported on.
        VisitsOnTheWay "visits_on_the_way",
        /// 待审核实: visits that were reported on and wait for the brigade.
        VisitsAwaitingReview "visits_awaiting_review",
        /// 退回重核: visits that were sent back to be made again.
        VisitsReturned "visits_returned",
        /// 逾期核实: visits whose last day is over. They stand in one of the other lists too.
        VisitsOverdue "visits_overdue",
        /// 待答复: accepted complaints without a final reply.
        RepliesDue "replies_due",
        /// 待告知: complaints that were decided on and whose reporter was not told yet: by staff, by a message
        /// that failed or is on its way, by a letter that came back.
        Notices "notices",
        /// 要求重新办理: answered complaints whose reporter asks for them to be taken up again.
        ReopeningRequests "reopening_requests",
        /// 新增材料待阅: complaints after acceptance to which something was added that nobody read.
        NewFacts "new_facts",
        /// 待确认关联: complaints that the matching joined to an entry and nobody confirmed, in the queue
        /// or after it.
        ProvisionalLinks "provisional_links",
        /// 退回补正: complaints that were returned for completion, and those that came back and were not
        /// decided on since.
        ReturnedItems "returned_items",
        /// 转送移交: complaints that were sent to another unit.
        SentElsewhere "sent_elsewhere",
        /// 线索待处理: what staff found and the brigade took up, neither settled nor dismissed yet.
        FindsTakenUp "finds_taken_up",
        /// 历史件待清理: complaints that came in as history without an end, whose time was over long
        /// before. They stand in no other list, and behind all others in the queue.
        ImportedOverdue "imported_overdue",
    }
}

named! {
    /// What an item of work is.
    pub enum WorkSubject {
        /// 信访件.
        Complaint "complaint",
        /// 现场核实.
        Visit "visit",
    }
}

/// Roles that have a list.
pub const READERS: &[Role] = &[Role::Brigade, Role::Office, Role::GridOfficer];

const BRIGADE: &[Role] = &[Role::Brigade];
const HANDLERS: &[Role] = &[Role::Brigade, Role::Office];
const BRIGADE_AND_OFFICER: &[Role] = &[Role::Brigade, Role::GridOfficer];

/// Tables on which lists stand, as conditions name them.
const COMPLAINT: &str = "complaint";
const VISITS: &str = "verification";

impl WorkList {
    /// The list of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|list| list.as_str() == name)
    }

    /// The Chinese term.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::VisitsUnassigned => "待派核实",
            Self::VisitsOnTheWay => "核实途中",
            Self::VisitsAwaitingReview => "待审核实",
            Self::VisitsReturned => "退回重核",
            Self::VisitsOverdue => "逾期核实",
            Self::RepliesDue => "待答复",
            Self::Notices => "待告知",
            Self::ReopeningRequests => "要求重新办理",
            Self::NewFacts => "新增材料待阅",
            Self::ProvisionalLinks => "待确认关联",
            Self::ReturnedItems => "退回补正",
            Self::SentElsewhere => "转送移交",
            Self::FindsTakenUp => "线索待处理",
            Self::ImportedOverdue => "历史件待清理",
        }
    }

    /// Whose work it is; the administrator's besides. Of visits an officer has their own.
    #[must_use]
    pub const fn readers(self) -> &'static [Role] {
        match self {
            Self::VisitsUnassigned
            | Self::NewFacts
            | Self::ProvisionalLinks
            | Self::FindsTakenUp
            | Self::ImportedOverdue => BRIGADE,
            Self::VisitsOnTheWay | Self::VisitsAwaitingReview | Self::VisitsReturned => {
                BRIGADE_AND_OFFICER
            }
            Self::VisitsOverdue => READERS,
            Self::RepliesDue
            | Self::Notices
            | Self::ReopeningRequests
            | Self::ReturnedItems
            | Self::SentElsewhere => HANDLERS,
        }
    }

    /// Whether a role has this list.
    #[must_use]
    pub fn is_of(self, role: Role) -> bool {
        role == Role::Admin || self.readers().contains(&role)
    }

    /// The lists of a role.
    pub fn of(role: Role) -> impl Iterator<Item = Self> {
        Self::ALL
            .iter()
            .copied()
            .filter(move |list| list.is_of(role))
    }

    /// What its items are.
    #[must_use]
    pub const fn subject(self) -> WorkSubject {
        match self {
            Self::VisitsUnassigned
            | Self::VisitsOnTheWay
            | Self::VisitsAwaitingReview
            | Self::VisitsReturned
            | Self::VisitsOverdue => WorkSubject::Visit,
            Self::RepliesDue
            | Self::Notices
            | Self::ReopeningRequests
            | Self::NewFacts
            | Self::ProvisionalLinks
            | Self::ReturnedItems
            | Self::SentElsewhere
            | Self::FindsTakenUp
            | Self::ImportedOverdue => WorkSubject::Complaint,
        }
    }

    /// Whether a duty can run out for its items. Of what was answered, reported on, sent elsewhere or
    /// found by staff none does.
    #[must_use]
    pub const fn falls_due(self) -> bool {
        !matches!(
            self,
            Self::VisitsAwaitingReview
                | Self::ReopeningRequests
                | Self::SentElsewhere
                | Self::FindsTakenUp
        )
    }

    /// Whether its items stand in the order of their ids, which is that of their filing, instead of that
    /// of the days they are due: they are found in a table of their own, and then read.
    pub(super) const fn is_by_id(self) -> bool {
        matches!(self, Self::NewFacts)
    }

    /// What is in it, in SQL; of what is overdue but for the day.
    pub(super) fn condition(self) -> String {
        match self {
            Self::VisitsUnassigned => going_on(&[V::Pending]),
            Self::VisitsOnTheWay => going_on(&[V::Assigned, V::CheckedIn]),
            Self::VisitsAwaitingReview => going_on(&[V::Submitted]),
            Self::VisitsReturned => going_on(&[V::Returned]),
            Self::VisitsOverdue => going_on(&[V::Pending, V::Assigned, V::CheckedIn, V::Returned]),
            Self::RepliesDue => of_the_day(&is_in(COMPLAINT, &[C::Accepted, C::InProgress])),
            Self::Notices => "complaint.untold_since IS NOT NULL".to_owned(),
            Self::ReopeningRequests => format!(
                "{} AND (SELECT rating.wants_reopening FROM rating \
                 WHERE rating.complaint_id = complaint.id ORDER BY rating.reply_id DESC LIMIT 1) = TRUE",
                is_in(COMPLAINT, &[C::FollowUp])
            ),
            Self::NewFacts => {
                "complaint.id IN (SELECT complaint_unread.complaint_id FROM complaint_unread)"
                    .to_owned()
            }
            Self::ProvisionalLinks => {
                of_the_day("complaint.link = 'provisional' AND complaint.closed_at IS NULL")
            }
            Self::ReturnedItems => {
                let returned = is_in(COMPLAINT, &[C::Returned]);
                format!(
                    "(complaint.in_queue OR {returned}) AND ({returned} OR \
                     (SELECT triage_decision.id FROM triage_decision \
                     WHERE triage_decision.complaint_id = complaint.id \
                     AND triage_decision.action = 'return' \
                     AND triage_decision.undone_at IS NULL LIMIT 1) IS NOT NULL)"
                )
            }
            Self::SentElsewhere => of_the_day(&is_in(COMPLAINT, &[C::Transferred])),
            Self::FindsTakenUp => is_in(COMPLAINT, &[C::TakenUp]),
            Self::ImportedOverdue => format!(
                "complaint.queue_rank >= {HISTORY_FROM} AND {}",
                is_in(
                    COMPLAINT,
                    &[C::Screening, C::AwaitingAcceptance, C::Accepted]
                )
            ),
        }
    }
}

impl WorkSubject {
    const fn table(self) -> &'static str {
        match self {
            Self::Complaint => COMPLAINT,
            Self::Visit => VISITS,
        }
    }

    /// The last day of its next duty, in SQL, while one runs.
    pub(super) fn due_on(self) -> String {
        format!("{}.due_on", self.table())
    }

    /// Whether one of its duties runs, in SQL. A right that lapses is no duty, and what stands still is
    /// not due. Asked for without the day: by that SQLite would go through all clocks that run.
    pub(super) fn runs(self) -> String {
        let kinds: &[&'static Kind] = match self {
            Self::Complaint => &OF_HANDLING,
            Self::Visit => &[&VISIT],
        };
        let duties = kinds.iter().filter(|kind| kind.meaning == Meaning::Duty);
        let names: Vec<String> = duties.map(|kind| format!("'{}'", kind.name)).collect();
        format!(
            "(SELECT clock.due_on FROM clock WHERE clock.subject_kind = '{table}' \
             AND clock.subject_id = {table}.id AND clock.kind IN ({}) AND clock.met_at IS NULL \
             AND clock.lapsed_at IS NULL AND clock.suspended_on IS NULL LIMIT 1) IS NOT NULL",
            names.join(", "),
            table = self.table(),
        )
    }
}

/// Of what a condition holds, what did not come in as history.
fn of_the_day(condition: &str) -> String {
    format!("{condition} AND complaint.queue_rank < {HISTORY_FROM}")
}

/// That the state is one of these.
fn is_in<S: State>(table: &str, states: &[S]) -> String {
    let names: Vec<String> = states
        .iter()
        .map(|state| format!("'{}'", state.as_str()))
        .collect();
    match names.as_slice() {
        [one] => format!("{table}.state = {one}"),
        several => format!("{table}.state IN ({})", several.join(", ")),
    }
}

/// Visits in these states, of those that go on. That they go on is said twice, in the words of the
/// index: as what its rows are, and as what they begin with.
fn going_on(states: &[V]) -> String {
    let open = V::ALL.iter().copied();
    let open: Vec<V> = open.filter(|state| !state.is(Trait::Ended)).collect();
    let open = is_in(VISITS, &open);
    format!("({open}) = TRUE AND {open} AND {}", is_in(VISITS, states))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The migrations of each database that make the indexes.
    const SQLITE: [&str; 4] = [
        include_str!("../../migrations/sqlite/2026-11-30-000039_work/up.sql"),
        include_str!("../../migrations/sqlite/2026-11-30-000044_notices/up.sql"),
        include_str!("../../migrations/sqlite/2026-11-30-000045_history/up.sql"),
        include_str!("../../migrations/sqlite/2026-11-30-000046_finds/up.sql"),
    ];
    const POSTGRES: [&str; 4] = [
        include_str!("../../migrations/postgres/2026-11-30-000039_work/up.sql"),
        include_str!("../../migrations/postgres/2026-11-30-000044_notices/up.sql"),
        include_str!("../../migrations/postgres/2026-11-30-000045_history/up.sql"),
        include_str!("../../migrations/postgres/2026-11-30-000046_finds/up.sql"),
    ];

    /// The indexes of both databases are made for these conditions, word for word.
    #[test]
    fn each_condition_is_in_the_words_of_its_index() {
        for list in WorkList::ALL.iter().filter(|list| !list.is_by_id()) {
            let table = list.subject().table();
            let condition = list.condition().replace(&format!("{table}."), "");
            for migration in [SQLITE.concat(), POSTGRES.concat()] {
                let indexes = migration.split("CREATE INDEX ").skip(1);
                let mut predicates = indexes.filter_map(|index| {
                    let (_, predicate) = index.split_once("\n    WHERE ")?;
                    predicate.split(';').next()
                });
                let found = predicates.any(|words| {
                    let as_part = [format!("({words}) AND"), format!("AND {words} AND")];
                    condition == words
                        || condition.starts_with(&format!("{words} AND"))
                        || as_part.iter().any(|part| condition.contains(part))
                });
                assert!(found, "{}: {condition}", list.as_str());
            }
        }
    }

    #[test]
    fn lists_are_known_by_their_names() {
        for list in WorkList::ALL {
            assert_eq!(WorkList::named(list.as_str()), Some(*list));
            assert!(!list.label().is_empty());
        }
        assert_eq!(WorkList::named("visits"), None);
    }

    /// A role that may ask has a list, and whoever has one may ask.
    #[test]
    fn the_operations_are_for_whoever_has_a_list() {
        for role in Role::ALL {
            let may_ask = *role == Role::Admin || READERS.contains(role);
            assert_eq!(WorkList::of(*role).next().is_some(), may_ask, "{role}");
        }
        let officers: Vec<WorkList> = WorkList::of(Role::GridOfficer).collect();
        assert!(
            officers
                .iter()
                .all(|list| list.subject() == WorkSubject::Visit)
        );
    }

    #[test]
    fn rights_are_no_duties() {
        let runs = WorkSubject::Complaint.runs();
        assert!(runs.contains("IN ('notify', 'reply')"), "{runs}");
    }
}
