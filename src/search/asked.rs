//! What somebody asks of the list of complaints: the filters, read against the district's profile, as a
//! condition on each row, and as what leads to the rows.

use chrono::{DateTime, Days, Utc};
use diesel::{
    dsl::{exists, not, sql},
    prelude::*,
    sql_types::Bool,
};

use super::{
    days::{first_of, span},
    filters::{ListQuery, check_codes},
    numbers::{self, Named},
    wanted::{Numbers, Wanted},
    words::{self, Sought},
};
use crate::account::{Staff, queries::staff_by_name};
use crate::app::App;
use crate::clock::kinds::HIDING_REVIEW;
use crate::complaint::{staff_routes::check_link, terms::Mark};
use crate::district::{Profile, calendar::date_of};
use crate::platform::{
    db::{
        Connection, Id, UtcTime,
        schema::{
            clock, complaint, complaint_place, ledger_entry, triage_claim, verification,
            verification_complaint,
        },
    },
    http::dates::FIRST_DAY,
    problem::{Code, OnDb, Problem},
};
use crate::privacy::{Condition, Placed, Reach, Scope, sees_hidden};
use crate::record::{ComplaintState, machine::Trait};

/// A set of complaints that is found by an index of its own is taken as a whole when it has no more than
/// so many; of a larger one each complaint is looked at.
const SET_MAX: usize = 4_000;

/// The same of what is overdue, which is never among the last that were filed.
const OVERDUE_MAX: usize = 20_000;

/// Whose claim.
#[derive(Debug, Clone, Copy)]
enum Claim {
    By(Id),
    Nobodys,
}

/// Filters that were read.
pub(super) struct Asked {
    pub(super) scope: Scope,
    pub(super) hidden: bool,
    pub(super) unreviewed: bool,
    pub(super) state: Option<ComplaintState>,
    pub(super) link: Option<String>,
    pub(super) words: Vec<Sought>,
    pub(super) premises: Option<Sought>,
    filters: ListQuery,
    now: DateTime<Utc>,
    claim: Option<Claim>,
    entry: Option<Id>,
}

impl Asked {
    /// Reads the filters.
    ///
    /// # Errors
    /// 400 with the name of one that names nothing there is, 403 for one that is not the caller's.
    pub(super) fn read(
        profile: &Profile,
        staff: &Staff,
        query: ListQuery,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        let refused = Problem::bad_parameter;
        let hidden = query.hidden.unwrap_or(false);
        if hidden && !sees_hidden(staff.role) {
            let only = "hidden complaints are for the brigade and the office";
            return Err(Problem::because(Code::Forbidden, only));
        }
        if query.claimed_by.is_some() && !staff.role.may_see_reporter() {
            let only = "who holds what in the queue is for the brigade and the office";
            return Err(Problem::because(Code::Forbidden, only));
        }
        let state = query.state.as_deref().map(str::parse::<ComplaintState>);
        let state = state.transpose();
        let state = state.map_err(|_| refused("state", "is not a state of complaints"))?;
        check_codes(profile, &query).map_err(|(name, why)| refused(name, why))?;
        check_link(query.link.as_deref())?;
        let premises = query.premises.as_deref();
        Ok(Self {
            scope: Scope::of(staff),
            hidden,
            unreviewed: hidden && query.unreviewed == Some(true),
            state,
            link: query.link.clone(),
            words: Vec::new(),
            premises: premises
                .map(|name| Sought::premises("premises", name))
                .transpose()?,
            filters: query,
            now,
            claim: None,
            entry: None,
        })
    }

    /// The one street that is asked for.
    pub(super) fn street(&self) -> Option<&String> {
        self.filters.street.as_ref()
    }

    /// Whether the list is narrowed by more than the one index that leads to it in its order.
    pub(super) fn searches(&self) -> bool {
        let ListQuery {
            q,
            state,
            category,
            street,
            grid,
            channel,
            procedure,
            entry,
            premises,
            claimed_by,
            link,
            ..
        } = &self.filters;
        let ways = [state, street, link].into_iter().flatten().count() + usize::from(self.hidden);
        let (from, until) = (self.filters.received_from, self.filters.received_until);
        [
            q, category, grid, channel, procedure, entry, premises, claimed_by,
        ]
        .into_iter()
        .any(Option::is_some)
            || from.or(until).is_some()
            || self.filters.overdue.is_some()
            || ways > 1
    }

    /// What a number in the box for words names; else the words are read.
    ///
    /// # Errors
    /// 400 where neither is there to look for, a fault when the database fails.
    pub(super) fn recognise(
        &mut self,
        conn: &mut Connection,
        app: &App,
        staff: &Staff,
    ) -> Result<Option<Vec<Id>>, Problem> {
        let Some(typed) = self.filters.q.as_deref() else {
            return Ok(None);
        };
        match numbers::named(conn, app, staff, typed.trim())? {
            Some(Named::Complaints(ids)) => return Ok(Some(ids)),
            Some(Named::Entry(entry)) if self.entry.is_none_or(|asked| asked == entry) => {
                self.entry = Some(entry);
            }
            Some(Named::Entry(_)) => return Ok(Some(Vec::new())),
            None => self.read_words()?,
        }
        Ok(None)
    }

    /// Reads the box for words as words.
    ///
    /// # Errors
    /// 400 where there is none to look for.
    pub(super) fn read_words(&mut self) -> Result<(), Problem> {
        let typed = self.filters.q.as_deref().unwrap_or_default();
        self.words = words::read("q", typed)?;
        Ok(())
    }

    /// Finds what the filters name in the database: the entry, whose claims, premises' other names.
    ///
    /// # Errors
    /// 400 with the name of one that names nothing there is, a fault when the database fails.
    pub(super) fn resolve(&mut self, conn: &mut Connection, staff: &Staff) -> Result<(), Problem> {
        if let Some(number) = &self.filters.entry {
            let entry: Option<Id> = ledger_entry::table
                .filter(ledger_entry::number.eq(number))
                .select(ledger_entry::id)
                .first(conn)
                .optional()
                .or_fault("look for an entry")?;
            let none = || Problem::bad_parameter("entry", "is not the number of an entry");
            self.entry = Some(entry.ok_or_else(none)?);
        }
        self.claim = match self.filters.claimed_by.as_deref() {
            None => None,
            Some("none") => Some(Claim::Nobodys),
            Some("me") => Some(Claim::By(staff.id)),
            Some(name) => {
                let holder = staff_by_name(conn, name).or_fault("look for an account")?;
                let none = || {
                    let message = "is `me`, `none` or a user name";
                    Problem::bad_parameter("claimed_by", message)
                };
                Some(Claim::By(holder.ok_or_else(none)?.id))
            }
        };
        Ok(())
    }

    /// Adds to words and premises what the register calls them.
    ///
    /// # Errors
    /// A fault when the database fails.
    pub(super) fn add_names(
        &mut self,
        conn: &mut Connection,
        staff: &Staff,
    ) -> Result<(), Problem> {
        for sought in self.words.iter_mut().chain(&mut self.premises) {
            sought
                .add_names(conn, staff.role, &self.scope)
                .or_fault("look for names of premises")?;
        }
        Ok(())
    }

    /// What holds of each row, whatever led to it.
    pub(super) fn condition(&self) -> Condition<Placed> {
        let mut all = self.scope.complaints();
        all = Box::new(all.and(complaint::hidden.eq(self.hidden)));
        if let Some(state) = self.state {
            all = Box::new(all.and(complaint::state.eq(state)));
        }
        if let Some(code) = &self.filters.category {
            let is_it = complaint::category.eq(code.clone());
            all = Box::new(all.and(is_it.or(complaint::coarse.eq(code.clone()))));
        }
        if let Some(code) = &self.filters.street {
            all = Box::new(all.and(complaint_place::street_code.eq(code.clone())));
        }
        if let Some(code) = &self.filters.grid {
            all = Box::new(all.and(complaint_place::grid_code.eq(code.clone())));
        }
        if let Some(code) = &self.filters.channel {
            all = Box::new(all.and(complaint::channel.eq(code.clone())));
        }
        if let Some(code) = &self.filters.procedure {
            all = Box::new(all.and(complaint::procedure.eq(code.clone())));
        }
        if let Some(link) = &self.link {
            all = Box::new(all.and(complaint::link.eq(link.clone())));
        }
        if let Some(entry) = self.entry {
            all = Box::new(all.and(complaint::entry_id.eq(entry)));
        }
        self.and_time(all)
    }

    fn and_time(&self, mut all: Condition<Placed>) -> Condition<Placed> {
        if let Some(from) = self.filters.received_from {
            all = Box::new(all.and(complaint::received_at.ge(first_of(from))));
        }
        if let Some(until) = self.filters.received_until {
            let next = until.checked_add_days(Days::new(1)).unwrap_or(until);
            all = Box::new(all.and(complaint::received_at.lt(first_of(next))));
        }
        if let Some(overdue) = self.filters.overdue {
            let owed = complaint::state.eq_any(ComplaintState::that_are(Trait::Owed));
            let over = owed.and(complaint::due_on.lt(date_of(self.now)));
            all = if overdue {
                Box::new(all.and(over))
            } else {
                Box::new(all.and(not(over)))
            };
        }
        let claims = triage_claim::table
            .filter(triage_claim::complaint_id.eq(complaint::id))
            .filter(triage_claim::expires_at.gt(UtcTime(self.now)));
        match self.claim {
            Some(Claim::By(staff)) => {
                all = Box::new(all.and(exists(claims.filter(triage_claim::staff_id.eq(staff)))));
            }
            Some(Claim::Nobodys) => all = Box::new(all.and(not(exists(claims)))),
            None => {}
        }
        if self.unreviewed {
            let review = clock::table
                .filter(clock::subject_kind.eq(HIDING_REVIEW.subject))
                .filter(clock::subject_id.eq(complaint::id))
                .filter(clock::kind.eq(HIDING_REVIEW.name))
                .filter(clock::met_at.is_null());
            all = Box::new(all.and(exists(review)));
        }
        all
    }

    /// What leads to the rows: every filter that is filed as a term, and each small set that another
    /// index finds.
    ///
    /// # Errors
    /// A fault when the database fails.
    pub(super) fn wanted(&self, conn: &mut Connection) -> Result<Wanted, Problem> {
        let ListQuery {
            category,
            street,
            grid,
            channel,
            procedure,
            ..
        } = &self.filters;
        let marks = [
            category.as_deref().map(Mark::Category),
            street.as_deref().map(Mark::Street),
            grid.as_deref().map(Mark::Grid),
            channel.as_deref().map(Mark::Channel),
            procedure.as_deref().map(Mark::Procedure),
        ];
        let marks = marks.into_iter().flatten();
        let mut all: Vec<Wanted> = marks.map(|mark| Wanted::Term(mark.term())).collect();
        all.extend(self.words.iter().chain(&self.premises).map(Sought::wanted));
        all.extend(self.days());
        match self.scope.reach() {
            Reach::District => {}
            Reach::Street(code) => all.push(Wanted::Term(Mark::Street(code).term())),
            Reach::Grid(code, officer) => {
                let sent = sent_to(conn, officer).or_fault("list visits")?;
                let sent = Numbers::of(conn, &sent).or_fault("number complaints")?;
                let here = Wanted::Term(Mark::Grid(code).term());
                all.push(Wanted::Any(vec![here, Wanted::These(sent)]));
            }
        }
        for set in self.sets(conn).or_fault("find small sets")? {
            let set = Numbers::of(conn, &set).or_fault("number complaints")?;
            all.push(Wanted::These(set));
        }
        Ok(Wanted::All(all))
    }

    /// The days that are asked for, as years, months and days.
    fn days(&self) -> Option<Wanted> {
        let (from, until) = (self.filters.received_from, self.filters.received_until);
        from.or(until)?;
        let from = from.unwrap_or(FIRST_DAY);
        let until = until.unwrap_or_else(|| date_of(self.now));
        Some(Wanted::Any(
            span(from, until).into_iter().map(Wanted::Term).collect(),
        ))
    }

    /// Sets that an index of their own finds, where they are small.
    fn sets(&self, conn: &mut Connection) -> QueryResult<Vec<Vec<Id>>> {
        let mut sets: Vec<Vec<Id>> = Vec::new();
        let most = i64::try_from(SET_MAX).unwrap_or(i64::MAX) + 1;
        // In the order of an index each, or a planner may read complaints until it has enough.
        let ids = || complaint::table.limit(most).select(complaint::id);
        let last_first = || ids().order(complaint::id.desc());
        if let Some(state) = self.state {
            let stand = last_first().filter(complaint::state.eq(state));
            sets.push(stand.load(conn)?);
        }
        if let Some(link) = self.link.as_ref().filter(|link| *link != "own") {
            sets.push(last_first().filter(complaint::link.eq(link)).load(conn)?);
        }
        if let Some(entry) = self.entry {
            let together = last_first().filter(complaint::entry_id.eq(entry));
            sets.push(together.load(conn)?);
        }
        if self.hidden {
            sets.push(last_first().filter(complaint::hidden).load(conn)?);
        }
        if let Some(Claim::By(staff)) = self.claim {
            let claims = triage_claim::table
                .filter(triage_claim::staff_id.eq(staff))
                .limit(most)
                .select(triage_claim::complaint_id);
            sets.push(claims.load(conn)?);
        }
        sets.retain(|set| set.len() <= SET_MAX);
        if self.filters.overdue == Some(true) {
            let most = i64::try_from(OVERDUE_MAX).unwrap_or(i64::MAX) + 1;
            let over: Vec<Id> = complaint::table
                .filter(complaint::hidden.eq(self.hidden))
                .filter(sql::<Bool>(&owed()))
                .filter(complaint::due_on.lt(date_of(self.now)))
                .order((complaint::due_on.asc(), complaint::id.asc()))
                .limit(most)
                .select(complaint::id)
                .load(conn)?;
            sets.extend((over.len() <= OVERDUE_MAX).then_some(over));
        }
        Ok(sets)
    }
}

/// That a duty runs, in the words of the index of what is due.
fn owed() -> String {
    let owed = ComplaintState::that_are(Trait::Owed);
    let names: Vec<String> = owed
        .iter()
        .map(|state| format!("'{}'", state.as_str()))
        .collect();
    format!("complaint.state IN ({})", names.join(", "))
}

/// Complaints an officer was sent to.
fn sent_to(conn: &mut Connection, officer: Id) -> QueryResult<Vec<Id>> {
    verification::table
        .inner_join(verification_complaint::table)
        .filter(verification::officer_id.eq(officer))
        .select(verification_complaint::complaint_id)
        .load(conn)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A planner takes a partial index for a condition in the index's own words alone.
    #[test]
    fn what_is_owed_is_told_in_the_words_of_its_index() {
        for migration in [
            include_str!("../../migrations/sqlite/2026-11-30-000042_search/up.sql"),
            include_str!("../../migrations/postgres/2026-11-30-000042_search/up.sql"),
        ] {
            assert!(migration.contains(&owed().replace("complaint.", "")));
        }
    }
}
