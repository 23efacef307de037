//! R0, 技术重复: the same submission again. Its first record is answered, and whatever the first
//! one did not hold yet, photos and words, is kept with it.
//!
//! The upstream number answers the office and the brigade, a service that filed it itself, and one that
//! sends what an import took in of its channel; any other service is told that the number is taken, and
//! nothing else (409). The tracking code is
//! told to who filed the first record, and to nobody else who knows its number.
//!
//! Two things make a submission the same: the upstream system's number, or one sender's same
//! photo of the same person within a day. A stranger who knows somebody's phone and has the photo
//! is no such sender: they would be handed the other's tracking code. Theirs is a report of its
//! own (R1, R4).

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use serde_json::json;

use super::{
    filer::Filer,
    locks,
    queries::{self, ComplaintRow},
    replaced,
    submission::{Prepared, Stored},
    unread, upstream, wishes,
};
use crate::district::Profile;
use crate::evidence::{
    album::{PhotoView, Stored as Photo},
    intake::{Taken, Unkept},
    queries as evidence,
};
use crate::geo::Point;
use crate::ledger::supplements;
use crate::matching::{self, Outcome, PhotoRef, Rule, Verdict};
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, UtcTime,
        schema::{complaint, complaint_sender, evidence as pieces},
    },
    problem::{Code, OnDb, Problem},
};
use crate::record::{self, Actor, ComplaintEvent, Event};

/// Earlier complaints looked at for the same photo.
const LOOKED_AT: usize = 20;

/// A complaint keeps so many times the photos of one submission.
pub const PHOTOS_TIMES: usize = 2;

/// The first record of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstRecord {
    /// The complaint.
    pub id: Id,
    /// Whether who sends it again filed it, and may be told its tracking code.
    pub own: bool,
}

/// The first record of a submission that came before, whatever became of it meanwhile.
///
/// # Errors
/// A fault when the database fails.
pub fn of(
    conn: &mut Connection,
    keys: &Keys,
    profile: &Profile,
    prepared: &Prepared,
) -> Result<Option<FirstRecord>, Problem> {
    if let Some(number) = &prepared.door.external_no {
        let channel = &prepared.door.channel;
        let known =
            by_upstream_number(conn, keys, channel, number).or_fault("look for the number")?;
        if let Some(id) = known {
            let own = is_filer(conn, prepared, id)?;
            return Ok(Some(FirstRecord { id, own }));
        }
    }
    for (id, resident) in
        with_its_photos(conn, profile, prepared).or_fault("look for the photos")?
    {
        let old = matching::queries::report_of(conn, keys, id)?;
        let rules = &profile.rules.matching;
        if old.is_some_and(|old| matching::is_resent(&prepared.report, &old, rules)) {
            // What a resident filed signed in is theirs, and not whoever's behind their address.
            let own = resident.is_none() || resident == prepared.door.resident;
            return Ok(Some(FirstRecord { id, own }));
        }
    }
    Ok(None)
}

/// Whether who sends a number filed it. Numbers are easily guessed: a service that did not is
/// refused, but for what an import took in of its own channel, which nobody else sends.
fn is_filer(conn: &mut Connection, prepared: &Prepared, first: Id) -> Result<bool, Problem> {
    let filer = Filer::of(conn, first).or_fault("look who filed it")?;
    let imported = filer.as_ref().is_some_and(Filer::is_software);
    let own = match &prepared.door.actor {
        Actor::Staff { id, .. } => filer.is_some_and(|filer| filer.is_account(*id)),
        Actor::Reporter | Actor::System | Actor::Import => false,
    };
    if prepared.door.service.is_some() && !own && !imported {
        let detail = "this number of the channel was filed through another account; ask the office";
        return Err(Problem::because(Code::AlreadyExists, detail));
    }
    Ok(own)
}

/// The complaint of a channel that stands under an upstream number, in whatever spelling.
///
/// # Errors
/// What the database answers.
pub fn by_upstream_number(
    conn: &mut Connection,
    keys: &Keys,
    channel: &str,
    number: &str,
) -> QueryResult<Option<Id>> {
    complaint::table
        .filter(complaint::channel.eq(channel))
        .filter(complaint::external_no.eq_any(upstream::lookups(keys, number)))
        .select(complaint::id)
        .load(conn)
        // Two spellings may be two complaints from before they were one: the first record is the least.
        .map(|found: Vec<Id>| found.into_iter().min())
}

/// What the same address or the same signed-in resident sent lately with one of these photos, and
/// the resident who was signed in.
fn with_its_photos(
    conn: &mut Connection,
    profile: &Profile,
    prepared: &Prepared,
) -> QueryResult<Vec<(Id, Option<Id>)>> {
    let door = &prepared.door;
    let hashes: Vec<&str> = prepared
        .report
        .photos
        .iter()
        .map(|photo| photo.sha256.as_str())
        .collect();
    if hashes.is_empty() || (door.sender.is_none() && door.resident.is_none()) {
        return Ok(Vec::new());
    }
    let since = door.received_at - TimeDelta::hours(profile.rules.matching.resubmit_hours);
    let filed = complaint::table.left_join(complaint_sender::table);
    let mut found: Vec<(Id, Option<Id>)> = pieces::table
        .inner_join(filed.on(complaint::id.eq(pieces::subject_id)))
        .filter(pieces::sha256.eq_any(hashes))
        .filter(complaint::received_at.ge(UtcTime(since)))
        .filter(complaint::state.ne_all(["withdrawn", "archived"]))
        .filter(
            complaint_sender::key
                .nullable()
                .eq_any(door.sender.iter().chain(&door.sender_before))
                .or(complaint::resident_id.eq(door.resident)),
        )
        .select((complaint::id, complaint::resident_id))
        .load(conn)?;
    // Ids are time-ordered: the first record is the least.
    found.sort_unstable();
    found.dedup();
    found.truncate(LOOKED_AT);
    Ok(found)
}

/// Answers the first record, with what came new kept beside it.
///
/// # Errors
/// A fault when the database fails.
pub fn answer_again(
    conn: &mut Connection,
    keys: &Keys,
    profile: &Profile,
    first: FirstRecord,
    prepared: &Prepared,
    now: DateTime<Utc>,
) -> Result<Stored, Problem> {
    let FirstRecord { id, own } = first;
    let row = locks::one(conn, id)?;
    let refused = keep_photos(conn, keys, profile, &row, prepared, now)?;
    keep_words(conn, keys, &row, prepared, now)?;
    if own {
        keep_secrecy(conn, keys, &row, prepared, now)?;
    }
    let photos = evidence::of(conn, keys, &[id]).or_fault("load photos")?;
    let photos = photos.into_iter().map(Photo::view);
    let entry_number = queries::entry_number_of(conn, row.entry_id).or_fault("load the entry")?;
    Ok(Stored {
        photos: photos.chain(refused).collect(),
        entry_number,
        verdict: Verdict {
            rule: Rule::R0,
            outcome: Outcome::SameSubmission,
            target: Some(id.0),
            target_entry: Some(row.entry_id.0),
            ..Verdict::new_matter(profile.model.name())
        },
        first_record: true,
        tells_code: own,
        row,
    })
}

/// How many more photos a complaint keeps beside those of its own.
#[must_use]
pub fn room_left(profile: &Profile, stored: &[Photo]) -> usize {
    let kept = stored.iter().filter(|photo| photo.is_kept());
    (profile.rules.limits.photos * PHOTOS_TIMES).saturating_sub(kept.count())
}

/// Which uploads, by their places, a complaint does not have yet; the same content twice is one,
/// and content that is not known is new.
#[must_use]
pub fn new_among(stored: &[Photo], hashes: &[Option<String>]) -> Vec<usize> {
    let mut seen: HashSet<&str> = stored.iter().map(|p| p.sha256.as_str()).collect();
    let hashes = hashes.iter().map(Option::as_deref).enumerate();
    hashes
        .filter(|(_, hash)| hash.is_none_or(|hash| seen.insert(hash)))
        .map(|(at, _)| at)
        .collect()
}

/// Which uploads, by their places, there is no room for, because what is sent came before and has
/// as many photos as it may. `foreseen` is the submission without its photos.
///
/// # Errors
/// What [`of`] answers.
pub fn without_room(
    conn: &mut Connection,
    keys: &Keys,
    profile: &Profile,
    mut foreseen: Prepared,
    hashes: &[Option<String>],
) -> Result<HashSet<usize>, Problem> {
    let refs = hashes.iter().flatten().map(|sha256| PhotoRef {
        sha256: sha256.clone(),
        taken_at: None,
    });
    foreseen.report.photos = refs.collect();
    let Some(first) = of(conn, keys, profile, &foreseen)? else {
        return Ok(HashSet::new());
    };
    let stored = evidence::rows_of(conn, &[first.id]).or_fault("load photos")?;
    let new = new_among(&stored, hashes).into_iter();
    Ok(new.skip(room_left(profile, &stored)).collect())
}

/// Keeps the photos that are not there yet; those beyond what a complaint keeps are told apart.
fn keep_photos(
    conn: &mut Connection,
    keys: &Keys,
    profile: &Profile,
    row: &ComplaintRow,
    prepared: &Prepared,
    now: DateTime<Utc>,
) -> Result<Vec<PhotoView>, Problem> {
    let stored = evidence::of(conn, keys, &[row.id]).or_fault("load photos")?;
    let is_new = |photo: &&Taken| match &photo.result {
        Ok(kept) => !stored
            .iter()
            .any(|s| s.sha256 == kept.sha256 && s.role == photo.role),
        Err(Unkept::NoRoom) => true,
        // A refused file leaves no content to know it by; its name and problem do.
        Err(problem) => !stored.iter().any(|s| {
            s.problem.as_deref() == Some(problem.code()) && s.file_name == photo.file_name
        }),
    };
    let (mut beyond, new): (Vec<Taken>, Vec<Taken>) = prepared
        .photos
        .iter()
        .filter(is_new)
        .cloned()
        .partition(|photo| matches!(photo.result, Err(Unkept::NoRoom)));
    let room = room_left(profile, &stored);
    let (fits, more) = new.split_at(room.min(new.len()));
    beyond.extend_from_slice(more);
    if new.is_empty() {
        return Ok(beyond.iter().map(Taken::beyond_limit).collect());
    }
    let place = queries::place_of(conn, row.id).or_fault("load the place")?;
    let claimed = place
        .lon
        .zip(place.lat)
        .map(|(lon, lat)| Point { lon, lat });
    let arrival = prepared.door.arrival(row.id, claimed, now);
    evidence::insert(conn, keys, &arrival, fits)?;
    if !fits.is_empty() {
        if !row.hidden {
            matching::queries::refile(conn, keys, row.id)?;
        }
        let event = Event::of(ComplaintEvent::AddPhotos, row.id, &prepared.door.actor)
            .with(json!({ "count": fits.len(), "resent": true }));
        record::append(conn, &event, now).or_fault("record")?;
        unread::came(conn, row.id, row.state, &prepared.door.actor, now)
            .or_fault("have it read")?;
    }
    Ok(beyond.iter().map(Taken::beyond_limit).collect())
}

/// Whether a complaint has or had these words, or one of its supplements has them.
pub(super) fn is_told(
    conn: &mut Connection,
    keys: &Keys,
    complaint: Id,
    words: &str,
) -> Result<bool, Problem> {
    let text = queries::text_of(conn, complaint).or_fault("load the text")?;
    if text.opened(keys, complaint).description == words {
        return Ok(true);
    }
    let former = replaced::former_words(conn, keys, complaint).or_fault("load corrections")?;
    if former.iter().any(|former| former == words) {
        return Ok(true);
    }
    let told = supplements::of(conn, &[complaint]).or_fault("load supplements")?;
    Ok(told.into_iter().any(|s| s.opened(keys).text == words))
}

/// Keeps a wish of secrecy that the first sending did not have; none is lifted by its absence.
fn keep_secrecy(
    conn: &mut Connection,
    keys: &Keys,
    row: &ComplaintRow,
    prepared: &Prepared,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let wish = &prepared.checked.wish;
    if !wish.secrecy || wishes::of(conn, keys, row.id)?.secrecy {
        return Ok(());
    }
    wishes::change(conn, keys, row, wish, (&prepared.door.actor, None), now)
}

/// Keeps words that are not there yet as a supplement.
fn keep_words(
    conn: &mut Connection,
    keys: &Keys,
    row: &ComplaintRow,
    prepared: &Prepared,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let words = prepared.checked.description.as_str();
    if is_told(conn, keys, row.id, words)? {
        return Ok(());
    }
    let masked = prepared.known().mask(words).text;
    queries::insert_supplement(conn, keys, row.id, (words, &masked), false, None, now)?;
    let event = Event::of(ComplaintEvent::Supplement, row.id, &prepared.door.actor)
        .with(json!({ "new_facts": false, "resent": true }));
    record::append(conn, &event, now).or_fault("record")?;
    unread::came(conn, row.id, row.state, &prepared.door.actor, now).or_fault("have it read")
}
