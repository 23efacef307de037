//! The way of a submission into the database, by every door alike, in one transaction.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::json;

use super::{
    clocks,
    filing::{NewComplaint, SealedWords, insert_details},
    first_record, hidden, joining, petitioners,
    queries::Complaint,
    recount, senders,
    submission::{Prepared, Stored},
    terms, wishes,
};
use crate::clock;
use crate::district::{FIND, Profile, calendar::date_of};
use crate::evidence::queries as evidence;
use crate::ledger::queries as ledger;
use crate::matching::{self, Outcome, Verdict};
use crate::platform::{
    crypto::Keys,
    db::{self, Connection, schema::complaint},
    problem::{OnDb, Problem},
};
use crate::record::{self, Actor, ComplaintEvent, Step};

/// Stores a complaint: decides what it is, attaches it or opens a clue, numbers it, starts its
/// clocks, files it under its keys, records it. One transaction, opened by the caller.
///
/// # Errors
/// A fault when the database fails.
pub fn store(
    conn: &mut Connection,
    profile: &Profile,
    keys: &Keys,
    prepared: &Prepared,
    now: DateTime<Utc>,
) -> Result<Stored, Problem> {
    matching::queries::lock(conn, &[&prepared.report], profile).or_fault("lock the matter")?;
    if let Some(first) = first_record::of(conn, keys, profile, prepared)? {
        return first_record::answer_again(conn, keys, profile, first, prepared, now);
    }
    let verdict = db::settled(conn, |conn| {
        let judged = joining::look(conn, profile, &[prepared], &[])?;
        Ok(judged.and_then(|(verdicts, _)| verdicts.into_iter().next()))
    })?;
    insert(conn, profile, keys, prepared, verdict, now)
}

/// Stores a complaint that is judged already, in the entry its verdict leads to, which is held.
///
/// # Errors
/// A fault when the database fails.
pub fn insert(
    conn: &mut Connection,
    profile: &Profile,
    keys: &Keys,
    prepared: &Prepared,
    verdict: Verdict,
    now: DateTime<Utc>,
) -> Result<Stored, Problem> {
    let Prepared {
        checked,
        door,
        report,
        ..
    } = prepared;
    let person_days = profile.rules.abuse.person_block_days;
    let hidden = !prepared.history
        && senders::is_blocked(conn, &prepared.sender(), person_days, now)
            .or_fault("look at the abuse list")?;
    let title = ledger::title_of(
        profile,
        &checked.category,
        checked.premises.as_deref(),
        checked.address.as_deref(),
        checked.point,
        &prepared.known(),
    );
    // A blocked sender's complaint stands alone, but is answered as everybody's: state and similar
    // matters are those of the true verdict.
    let alone = Verdict::new_matter(profile.model.name());
    let placed = if hidden { &alone } else { &verdict };
    let placement = ledger::place(conn, profile, report, &title, placed, now)?;
    let number = next_number(conn, profile, now)?;
    let received_on = date_of(door.received_at);
    let clocks = clocks::of_new(profile, &door.channel, report.id.into(), received_on);
    let words = SealedWords::of(keys, prepared)?;
    let asks = matches!(verdict.outcome, Outcome::Provisional | Outcome::Suspected);
    let judged = match (door.channel == FIND, asks) {
        (true, _) => ComplaintEvent::Study,
        (false, true) => ComplaintEvent::Screen,
        (false, false) => ComplaintEvent::Queue,
    };
    let step = Step::<Complaint>::birth(report.id.into(), ComplaintEvent::Register, &door.actor);
    let step = if door.actor == Actor::Import {
        step.in_the_past(door.received_at)
    } else {
        step
    };
    let step = step
        .then(judged, &Actor::System)
        .with(json!({ "channel": door.channel, "rule": placement.rule, "link": placement.link, "entry": placement.entry_number }));
    let state = step.target()?;
    let row = NewComplaint::of(
        profile, prepared, &words, &placement, &verdict, &clocks, number, state, hidden, now,
    );
    diesel::insert_into(complaint::table)
        .values(&row)
        .execute(conn)
        .or_fault("insert a complaint")?;
    insert_details(conn, profile, prepared, &words, state)
        .or_fault("insert a complaint's details")?;
    clock::queries::start(conn, &clocks).or_fault("start a complaint's clocks")?;
    petitioners::insert(conn, keys, row.id, &prepared.people, now)?;
    wishes::insert(conn, keys, row.id, &checked.wish, now)?;
    if let Some(sender) = &door.sender {
        senders::remember(conn, row.id, sender, now).or_fault("remember the sender")?;
    }
    let arrival = door.arrival(row.id, checked.point, now);
    let photos = evidence::insert(conn, keys, &arrival, &prepared.photos)?;
    if !hidden {
        matching::queries::store(conn, report, &row.number, &verdict, now)?;
    }
    if hidden {
        hidden::plan_review(conn, profile, row.id, now).or_fault("plan a review")?;
    }
    record::advance(conn, &step, now)?;
    terms::file(conn, keys, row.id, Some(&prepared.known()))?;
    let row = recount::welcome(
        conn,
        profile,
        placement.entry_id,
        (row.id, &row.number),
        now,
    )?;
    Ok(Stored {
        row,
        photos,
        entry_number: placement.entry_number,
        verdict,
        first_record: false,
        tells_code: true,
    })
}

/// `GL20261124-0007`: prefix, day, serial of the day.
fn next_number(
    conn: &mut Connection,
    profile: &Profile,
    now: DateTime<Utc>,
) -> Result<String, Problem> {
    let day = date_of(now).format("%Y%m%d");
    let serial =
        ledger::next_in(conn, &format!("complaint {day}")).or_fault("number a complaint")?;
    Ok(format!("{}{day}-{serial:04}", profile.rules.number_prefix))
}
