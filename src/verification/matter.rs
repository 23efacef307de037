//! Whom a visit is ordered for: a complaint, and others of its entry that wait for the same.

use std::iter::once;

use diesel::prelude::*;

use super::answers::{self, PROVISIONAL, WAITING};
use crate::complaint::{locks, queries::ComplaintRow};
use crate::ledger::queries as ledger;
use crate::platform::{
    db::{Connection, Id, schema::complaint},
    problem::{Code, ItemCode, OnDb, Problem},
};

/// Complaints that a visit answers, taken for changing.
pub(super) struct Matter {
    /// The one it is ordered for.
    pub(super) complaint: ComplaintRow,
    /// The others.
    pub(super) also: Vec<ComplaintRow>,
}

impl Matter {
    /// All of them, the one it is ordered for first.
    pub(super) fn all(&self) -> impl Iterator<Item = &ComplaintRow> {
        once(&self.complaint).chain(&self.also)
    }

    /// A complaint by number, others of its entry that are named, and whatever of the entry waits
    /// besides and has no visit: one visit is for the matter. All wait for what is found, and nobody
    /// doubts that they are one matter.
    ///
    /// # Errors
    /// 404 when there is no such complaint, 422 naming one of the others that is none or of another
    /// matter, 409 when one does not wait.
    pub(super) fn whole(
        conn: &mut Connection,
        number: &str,
        also: &[String],
    ) -> Result<Self, Problem> {
        let mut matter = Self::named(conn, number, also)?;
        if matter.complaint.link == PROVISIONAL {
            return Ok(matter);
        }
        let entry = matter.complaint.entry_id;
        let waiting = answers::unanswered(conn, entry).or_fault("load who waits")?;
        for row in waiting {
            if !matter.all().any(|known| known.id == row.id) {
                matter.also.push(row);
            }
        }
        Ok(matter)
    }

    /// A complaint by number, and others of its entry.
    ///
    /// # Errors
    /// 409 when it does not wait, 422 when one of the others is no part of the matter; a fault when the database fails.
    fn named(conn: &mut Connection, number: &str, also: &[String]) -> Result<Self, Problem> {
        let others = also.iter().map(String::as_str);
        let numbers: Vec<&str> = once(number).chain(others).collect();
        let mut taken = locks::numbered(conn, &numbers)?;
        let first = taken.iter().position(|row| row.number == number);
        let mut matter = Self {
            complaint: taken.swap_remove(first.ok_or_else(Problem::not_found)?),
            also: Vec::new(),
        };
        must_wait(&matter.complaint)?;
        for (at, number) in also.iter().enumerate() {
            let location = format!("complaints[{at}]");
            let Some(found) = taken.iter().position(|row| row.number == *number) else {
                if matter.all().any(|known| known.number == *number) {
                    continue;
                }
                let message = "is no complaint's number";
                return Err(Problem::invalid(&location, ItemCode::Unknown, message));
            };
            let other = taken.swap_remove(found);
            let is_one = other.entry_id == matter.complaint.entry_id
                && [&matter.complaint, &other]
                    .iter()
                    .all(|row| row.link != PROVISIONAL);
            if !is_one {
                let message =
                    "belongs to another entry, or nobody confirmed yet that it belongs to this one";
                return Err(Problem::invalid(
                    &location,
                    ItemCode::AnotherMatter,
                    message,
                ));
            }
            must_wait(&other)?;
            matter.also.push(other);
        }
        Ok(matter)
    }

    /// What waits in an entry: these of its complaints, or all; the one that leads it first.
    ///
    /// # Errors
    /// 404 when there is no such entry, 409 when nothing of it waits; else as [`Matter::named`].
    pub(super) fn of_entry(
        conn: &mut Connection,
        number: &str,
        only: &[String],
    ) -> Result<Self, Problem> {
        let entry = ledger::by_number(conn, number).or_fault("load an entry")?;
        let entry = entry.ok_or_else(Problem::not_found)?;
        let mut waiting: Vec<(Id, String)> = complaint::table
            .filter(complaint::entry_id.eq(entry.id))
            .filter(complaint::state.eq_any(WAITING))
            .filter(complaint::hidden.eq(false))
            .filter(complaint::link.ne(PROVISIONAL))
            .order(complaint::id.asc())
            .select((complaint::id, complaint::number))
            .load(conn)
            .or_fault("load who waits")?;
        if let Some(at) = only.iter().position(|n| !waiting.iter().any(|w| w.1 == *n)) {
            let message = "is no complaint of the entry that waits for a visit";
            let location = format!("complaints[{at}]");
            return Err(Problem::invalid(
                &location,
                ItemCode::AnotherMatter,
                message,
            ));
        }
        waiting.retain(|(_, number)| only.is_empty() || only.contains(number));
        waiting.sort_by_key(|(id, _)| (Some(*id) != entry.lead_complaint_id, *id));
        let mut numbers = waiting.into_iter().map(|(_, number)| number);
        let Some(first) = numbers.next() else {
            return Err(Problem::wrong_state(
                entry.state.as_str(),
                "dispatch a verification",
            ));
        };
        let also: Vec<String> = numbers.collect();
        Self::named(conn, &first, &also)
    }
}

fn must_wait(complaint: &ComplaintRow) -> Result<(), Problem> {
    let ComplaintRow { number, state, .. } = complaint;
    if WAITING.contains(state) {
        return Ok(());
    }
    let detail = format!(
        "complaint {number}: state is `{}`; `dispatch a verification` is not possible from it",
        state.as_str()
    );
    Err(Problem::because(Code::WrongState, detail))
}
