//! What a merge changes, kept as a document: of each complaint its link, of both entries their states.
//! Undoing puts just that back. What came meanwhile goes with the complaint it was linked to; what is
//! linked to none that moves stays in the target.

use std::collections::{HashMap, HashSet};

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::complaint::links::{self, Link, Move};
use crate::ledger::{merges, queries::EntryRow};
use crate::platform::{
    db::{Connection, Id, schema::complaint},
    problem::{Code, OnDb, Problem},
};
use crate::record::EntryState;

/// What a merge changed, to be put back.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Change {
    pub(super) source_state: EntryState,
    /// The state the target was in; absent in merges of earlier versions.
    #[serde(default)]
    pub(super) target_state: Option<EntryState>,
    /// The complaint that led the target.
    #[serde(default)]
    target_lead: Option<Id>,
    complaints: Vec<Link>,
    /// How the merge left the same complaints; absent in merges of earlier versions.
    #[serde(default)]
    merged: Vec<Link>,
}

/// What opened the source joins the target by the hand that merges.
const JOINING: [&str; 2] = ["own", "suspected"];

/// The link and the rule by which it joins.
const JOINED: (&str, &str) = ("confirmed", "R4");

/// How a merge leaves a link. What joins names a complaint only where that stands in the target: a
/// link that counts never points out of its entry. The rest keep theirs.
fn merged(before: &Link, in_target: &HashSet<Id>) -> Link {
    if !JOINING.contains(&before.link.as_str()) {
        return before.clone();
    }
    let (link, rule) = JOINED;
    Link {
        id: before.id,
        link: link.to_owned(),
        link_rule: Some(rule.to_owned()),
        repeat_of: before.repeat_of.filter(|named| in_target.contains(named)),
    }
}

impl Change {
    /// Moves an entry's complaints into another.
    ///
    /// # Errors
    /// A fault when the database fails.
    pub(super) fn make(
        conn: &mut Connection,
        source: &EntryRow,
        target: &EntryRow,
        by: &Move<'_>,
    ) -> Result<Self, Problem> {
        let complaints = links::of_entry(conn, source.id).or_fault("load the source's links")?;
        let in_target = links::of_entry(conn, target.id).or_fault("load the target's links")?;
        let in_target: HashSet<Id> = in_target.iter().map(|link| link.id).collect();
        let change = Self {
            source_state: source.state,
            target_state: Some(target.state),
            target_lead: target.lead_complaint_id,
            merged: complaints.iter().map(|l| merged(l, &in_target)).collect(),
            complaints,
        };
        let relinked = change.complaints.iter().zip(&change.merged);
        let relinked = relinked.filter(|(before, after)| before != after);
        links::write(conn, relinked.map(|(_, after)| after)).or_fault("link complaints")?;
        by.all(conn, &change.ids(), source.id, target.id)?;
        Ok(change)
    }

    /// Moves them back, each linked as before, and what was linked to them since with them.
    ///
    /// # Errors
    /// 409 when a link was decided on since; a fault when the database fails.
    pub(super) fn put_back(
        &self,
        conn: &mut Connection,
        source: Id,
        target: Id,
        by: &Move<'_>,
    ) -> Result<(), Problem> {
        let left = self.left();
        stand_as_left(conn, target, &left)?;
        let mut ids = self.ids();
        let since = links::followers(conn, &ids, target).or_fault("find who follows")?;
        // A rule named anew since, by what its reporter added, is no link decided on.
        let relinked = self.complaints.iter().zip(&left);
        let relinked = relinked.filter(|(before, after)| before != after);
        links::write(conn, relinked.map(|(before, _)| before)).or_fault("link as before")?;
        ids.extend(since);
        by.all(conn, &ids, target, source)
    }

    /// Where the target's matter is if it is left without a complaint, because its own were found to
    /// be another matter's since: where the one went that led it.
    ///
    /// # Errors
    /// A fault when the database fails.
    pub(super) fn leave_target(
        &self,
        conn: &mut Connection,
        source: Id,
        target: Id,
        by: &Move<'_>,
    ) -> Result<(), Problem> {
        let went: Option<Id> = match self.target_lead {
            Some(lead) => complaint::table
                .find(lead)
                .select(complaint::entry_id)
                .first(conn)
                .optional()
                .or_fault("look where the lead went")?,
            None => None,
        };
        let (into, refused) = (went.unwrap_or(source), Code::UndoRefused);
        merges::leave_if_empty(conn, target, into, refused, by.actor, by.now).map(|_| ())
    }

    fn ids(&self) -> Vec<Id> {
        self.complaints.iter().map(|link| link.id).collect()
    }

    /// How the merge left its complaints. Earlier versions kept what a complaint named.
    fn left(&self) -> Vec<Link> {
        if !self.merged.is_empty() {
            return self.merged.clone();
        }
        let named = self.complaints.iter().filter_map(|link| link.repeat_of);
        let named: HashSet<Id> = named.collect();
        let complaints = self.complaints.iter();
        complaints.map(|link| merged(link, &named)).collect()
    }
}

/// Requires that complaints still stand as the merge left them. What a named person decided since is
/// not overwritten.
fn stand_as_left(conn: &mut Connection, target: Id, left: &[Link]) -> Result<(), Problem> {
    let ids = left.iter().map(|link| link.id);
    let rows: Vec<(String, Id, Link)> = complaint::table
        .filter(complaint::id.eq_any(ids))
        .order(complaint::id.asc())
        .select((complaint::number, complaint::entry_id, Link::as_select()))
        .load(conn)
        .or_fault("load complaints")?;
    let left: HashMap<Id, &Link> = left.iter().map(|link| (link.id, link)).collect();
    let decided_on = rows.iter().find(|(_, entry, stands)| {
        let as_left = left
            .get(&stands.id)
            .is_some_and(|left| (&left.link, left.repeat_of) == (&stands.link, stands.repeat_of));
        *entry != target || !as_left
    });
    match decided_on {
        None => Ok(()),
        Some((number, ..)) => {
            let why =
                format!("the link of complaint {number} was decided on since; undo that first");
            Err(Problem::because(Code::UndoRefused, why))
        }
    }
}
