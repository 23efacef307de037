//! Judging a complaint again after it was corrected.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::complaint::queries::{self as complaints, ComplaintRow};
use crate::district::Profile;
use crate::matching::{Outcome, decide, queries};
use crate::platform::{
    db::{Connection, Id, schema::complaint},
    problem::{OnDb, Problem},
};
use crate::record::{Actor, Event};

/// Judges a complaint that stands alone in its entry. Whatever is found is a question to the
/// brigade and never more: somebody is looking at this complaint right now.
///
/// # Errors
/// A fault when the database fails.
pub fn judge_again(
    conn: &mut Connection,
    profile: &Profile,
    row: &ComplaintRow,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let Some(own) = queries::report_of(conn, row.id).or_fault("load the complaint")? else {
        return Ok(());
    };
    let mut earlier = queries::candidates_of(conn, &own, profile).or_fault("find candidates")?;
    earlier.retain(|old| old.report.received_at <= own.received_at);
    let verdict = decide(&own, &earlier, profile);
    queries::keep_verdict(conn, &own, &verdict, now).or_fault("keep the verdict")?;
    let found = matches!(
        verdict.outcome,
        Outcome::SameSubmission | Outcome::Attached | Outcome::Provisional | Outcome::Suspected
    );
    let target = verdict.target.filter(|_| found).map(Id);
    diesel::update(complaint::table.find(row.id))
        .set((
            complaint::link.eq(if found { "suspected" } else { "own" }),
            complaint::link_rule.eq(found.then(|| verdict.rule.as_str())),
            complaint::repeat_of.eq(target),
        ))
        .execute(conn)
        .or_fault("link")?;
    let event = match (found, row.state.as_str()) {
        (true, "awaiting_acceptance") => "reopen_match",
        (false, "screening") => "settle_match",
        _ => return Ok(()),
    };
    let event = Event::new("complaint", row.id, event, actor);
    complaints::advance(conn, row, &event, now).map(|_| ())
}
