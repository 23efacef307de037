//! The rows a new complaint is stored as: itself, its words, its place.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde_json::json;

use super::{
    clocks::first_due,
    discovery::Discovery,
    machine::waits_in_queue,
    rank::{RankInput, queue_rank},
    submission::Prepared,
    upstream::Upstream,
    wishes::SECRECY,
};
use crate::clock::rows::NewClock;
use crate::district::{FIND, Profile, calendar::date_of};
use crate::geo::{Point, cell};
use crate::ledger::queries as ledger;
use crate::matching::{Rule, Verdict};
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, JsonValue, UtcTime,
        schema::{complaint, complaint_place, complaint_text},
    },
    ids::new_tracking_code,
    problem::Problem,
    sealed,
};
use crate::record::{ComplaintState, machine::Trait};

/// The day of what has no duty that could run out: after all that has one.
const NEVER_DUE: NaiveDate = match NaiveDate::from_ymd_opt(9999, 12, 31) {
    Some(day) => day,
    None => NaiveDate::MAX,
};

#[derive(Insertable)]
#[diesel(table_name = complaint)]
pub(super) struct NewComplaint<'a> {
    pub(super) id: Id,
    pub(super) number: String,
    tracking_code: String,
    channel: &'a str,
    external_no: Option<&'a str>,
    source_class: Option<&'a str>,
    discovery_mode: &'a str,
    category: &'a str,
    coarse: &'a str,
    demand: Option<&'a str>,
    occurred_at: Option<UtcTime>,
    occurred_until: Option<UtcTime>,
    state: ComplaintState,
    entry_id: Id,
    link: &'a str,
    link_rule: Option<&'a str>,
    repeat_of: Option<Id>,
    anonymous: bool,
    person_count: i32,
    resident_id: Option<Id>,
    hidden: bool,
    risk: i32,
    flags: JsonValue,
    due_on: NaiveDate,
    in_queue: bool,
    queue_rank: i32,
    received_at: UtcTime,
    version: i32,
    updated_at: UtcTime,
}

impl<'a> NewComplaint<'a> {
    #[expect(
        clippy::too_many_arguments,
        reason = "one row is made of all of these, once"
    )]
    pub(super) fn of(
        profile: &Profile,
        prepared: &'a Prepared,
        words: &'a SealedWords,
        placement: &ledger::Placement,
        verdict: &Verdict,
        clocks: &[NewClock],
        number: String,
        state: ComplaintState,
        hidden: bool,
        now: DateTime<Utc>,
    ) -> Self {
        let Prepared {
            checked,
            door,
            report,
            ..
        } = prepared;
        let known = prepared.known();
        let plain = |words: &String| known.mask(words).text;
        let acknowledged: Vec<String> = checked.acknowledged.iter().map(plain).collect();
        let same_as = checked.same_as.as_ref().map(plain);
        let from_above = profile.is_from_above(&door.channel);
        let occurred = report.occurred;
        let risk = profile
            .category(&checked.category)
            .map_or(checked.risk, |category| profile.risk_of(category, occurred));
        let without_duty = if door.channel == FIND {
            NEVER_DUE
        } else {
            date_of(now)
        };
        let due_on = first_due(clocks).unwrap_or(without_duty);
        let persons = prepared.person_count();
        let rank = RankInput {
            risk,
            distinct_reporters: persons.unwrap_or(0),
            rebound: verdict.rule == Rule::R6,
            from_above,
            received_on: date_of(door.received_at),
            due_on,
            today: date_of(now),
            history: prepared.history,
        };
        Self {
            id: report.id.into(),
            number,
            tracking_code: new_tracking_code(),
            channel: &door.channel,
            external_no: words.upstream.as_ref().map(|no| no.stands.as_str()),
            source_class: door.source_class.as_deref(),
            discovery_mode: Discovery::of(profile, &door.channel, &door.actor).as_str(),
            category: &checked.category,
            coarse: &checked.coarse,
            demand: checked.demand.as_deref(),
            occurred_at: checked.occurred_at.map(UtcTime),
            occurred_until: checked.occurred_until.map(UtcTime),
            state,
            entry_id: placement.entry_id,
            link: placement.link,
            link_rule: placement.rule,
            repeat_of: placement.repeat_of,
            anonymous: persons.is_none(),
            // Somebody without a name is one person, and nobody at all is none.
            person_count: persons.unwrap_or(i32::from(door.channel != FIND)),
            resident_id: door.resident,
            hidden,
            risk,
            flags: JsonValue(
                json!({ "hot_point": checked.hot_point, "acknowledged_similar": acknowledged, "same_as": same_as, "questions": checked.questions, SECRECY: checked.wish.secrecy }),
            ),
            due_on,
            in_queue: waits_in_queue(state, hidden),
            queue_rank: queue_rank(profile, &rank),
            received_at: UtcTime(door.received_at),
            version: 1,
            updated_at: UtcTime(now),
        }
    }
}

/// What was written, sealed for the complaint's row.
pub(super) struct SealedWords {
    description: String,
    address: Option<String>,
    premises: Option<String>,
    object_id: Option<String>,
    upstream: Option<Upstream>,
}

impl SealedWords {
    /// Seals the words of a complaint.
    pub(super) fn of(keys: &Keys, prepared: &Prepared) -> Result<Self, Problem> {
        let id = prepared.report.id.as_bytes();
        let Prepared { checked, door, .. } = prepared;
        let seal = |column: sealed::SealedColumn, words: &Option<String>| {
            column.seal_maybe(keys, id, words.as_deref())
        };
        let upstream = door.external_no.as_deref();
        Ok(Self {
            description: sealed::DESCRIPTION.seal_text(keys, id, &checked.description)?,
            address: seal(sealed::ADDRESS, &checked.address)?,
            premises: seal(sealed::PREMISES, &checked.premises)?,
            object_id: seal(sealed::OBJECT_ID, &door.object_id)?,
            upstream: upstream
                .map(|number| Upstream::of(keys, id, &prepared.known(), number))
                .transpose()?,
        })
    }
}

pub(super) fn insert_details(
    conn: &mut Connection,
    profile: &Profile,
    prepared: &Prepared,
    sealed: &SealedWords,
    state: ComplaintState,
) -> QueryResult<()> {
    let Prepared {
        checked,
        report,
        named_place,
        ..
    } = prepared;
    let id = Id(report.id);
    let known = prepared.known();
    diesel::insert_into(complaint_text::table)
        .values((
            complaint_text::complaint_id.eq(id),
            complaint_text::description.eq(&sealed.description),
            complaint_text::description_masked.eq(known.mask(&checked.description).text),
            complaint_text::address.eq(&sealed.address),
            complaint_text::address_masked
                .eq(checked.address.as_deref().map(|a| known.mask(a).text)),
            complaint_text::premises.eq(&sealed.premises),
            complaint_text::object_id.eq(&sealed.object_id),
            complaint_text::external_no
                .eq(sealed.upstream.as_ref().and_then(|no| no.sealed.as_ref())),
        ))
        .execute(conn)?;
    let known = named_place.as_ref().and_then(|hit| hit.place);
    let point: Option<Point> = checked.point.or(known);
    let street = point
        .and_then(|p| profile.street_at(p))
        .map(|s| s.code.clone())
        .or_else(|| named_place.as_ref().map(|hit| hit.street.clone()));
    let kind = match (checked.point, named_place) {
        (Some(_), _) => "point",
        (None, Some(_)) => "named",
        (None, None) => "none",
    };
    let raw = checked.position;
    let accuracy = raw.and_then(|p| p.accuracy_m);
    diesel::insert_into(complaint_place::table)
        .values((
            complaint_place::complaint_id.eq(id),
            complaint_place::owed.eq(state.is(Trait::Owed)),
            complaint_place::kind.eq(kind),
            complaint_place::raw_lon.eq(raw.map(|p| p.lon)),
            complaint_place::raw_lat.eq(raw.map(|p| p.lat)),
            complaint_place::datum.eq(raw.map(|p| p.datum.as_str())),
            complaint_place::accuracy_m.eq(accuracy.or(named_place.as_ref().map(|h| h.accuracy_m))),
            complaint_place::lon.eq(point.map(|p| p.lon)),
            complaint_place::lat.eq(point.map(|p| p.lat)),
            complaint_place::cell.eq(checked.point.and_then(cell)),
            complaint_place::place_name.eq(named_place.as_ref().map(|hit| hit.name.clone())),
            complaint_place::street_code.eq(street),
            complaint_place::grid_code.eq(point
                .and_then(|p| profile.grid_at(p))
                .map(|g| g.code.clone())),
        ))
        .execute(conn)?;
    Ok(())
}
