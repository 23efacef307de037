//! The channel a complaint came by (渠道), where it was written down wrongly: its clocks follow the right one.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::{clocks, queries::ComplaintRow};
use crate::clock::{afresh, kinds::of_channel};
use crate::district::{DeadlineKind, Profile, Term, calendar::date_of};
use crate::platform::db::Connection;
use crate::record::{ComplaintState, machine::Trait};

/// A complaint came by another channel than was written down: what runs counts by the terms of that
/// channel from the day it always did, what that channel does not know falls away, and what it knows
/// besides begins with the day the complaint came. Telling and objecting are over once it was decided on,
/// answering once it was answered.
///
/// # Errors
/// What the database answers.
pub fn follow(
    conn: &mut Connection,
    profile: &Profile,
    row: &ComplaintRow,
    channel: &str,
    now: DateTime<Utc>,
) -> QueryResult<()> {
    if !row.state.is(Trait::Owed) {
        return Ok(());
    }
    let is_decided = matches!(
        row.state,
        ComplaintState::Accepted | ComplaintState::InProgress
    );
    let terms: HashMap<DeadlineKind, Term> = profile.channel_terms(channel).collect();
    let kinds = [
        DeadlineKind::Notify,
        DeadlineKind::Reply,
        DeadlineKind::Objection,
    ];
    for kind in kinds {
        if is_decided && kind != DeadlineKind::Reply {
            continue;
        }
        let by_procedure = row
            .procedure
            .as_deref()
            .filter(|_| kind == DeadlineKind::Reply);
        let term = terms.get(&kind).cloned();
        let term = term.or_else(|| profile.procedure_term(by_procedure?));
        let since = date_of(row.received_at.0);
        afresh::follow(
            conn,
            &profile.calendar,
            of_channel(kind),
            row.id,
            (term, since),
            now,
        )?;
    }
    if let Some(procedure) = &row.procedure {
        clocks::follow_procedure(conn, profile, row.id, (channel, procedure))?;
    }
    if row.state == ComplaintState::Returned && profile.rules.triage.returned_suspends {
        clocks::suspend(conn, row.id, now)?;
    }
    clocks::refresh_due(conn, row.id)
}
