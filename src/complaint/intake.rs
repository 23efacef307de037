//! The way of a checked complaint into the database: prepared outside the transaction, stored
//! inside, by every door (app, staff, import) alike.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde_json::json;

use super::{
    body::Checked,
    person::{Person, PetitionerKind},
    petitioners::{self, REPORTER, Signer},
    photos::{self, PhotoView, Taken},
    queries::{self, ComplaintRow},
    rank::{RankInput, queue_rank},
    resent, senders,
};
use crate::district::{DeadlineKind, Profile, calendar::date_of};
use crate::geo::{Point, cell};
use crate::ledger::queries as ledger;
use crate::matching::{self, Outcome, PhotoRef, Place, Report, Rule, Verdict, facts::Known};
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, JsonValue, UtcTime,
        schema::{complaint, complaint_place, complaint_text, deadline},
    },
    ids::new_tracking_code,
    problem::{OnDb, Problem},
};
use crate::record::{self, Actor, Event};
use crate::text::{mask, text_number};

/// Which door a complaint came through.
#[derive(Debug, Clone)]
pub struct Door {
    /// Channel code.
    pub channel: String,
    /// Upstream number.
    pub external_no: Option<String>,
    /// Source class.
    pub source_class: Option<String>,
    /// When it reached the channel; the clocks start on this day.
    pub received_at: DateTime<Utc>,
    /// Registered object.
    pub object_id: Option<String>,
    /// The signed-in resident.
    pub resident: Option<Id>,
    /// The blind index of the signed-in resident's phone.
    pub resident_key: Option<String>,
    /// The sending address's blind index, for the abuse list.
    pub sender: Option<String>,
    /// Who files it.
    pub actor: Actor,
}

/// A complaint ready to be stored.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The checked fields.
    pub checked: Checked,
    /// The door.
    pub door: Door,
    /// What the matching sees.
    pub report: Report,
    /// Those who petition.
    people: Vec<Signer>,
    /// Photos taken in.
    pub photos: Vec<Taken>,
    /// A place known by name, for rows without coordinates.
    named_place: Option<crate::district::PlaceHit>,
}

impl Prepared {
    /// Whether the place comes from a name in the text.
    #[must_use]
    pub fn is_placed_by_name(&self) -> bool {
        self.named_place.is_some()
    }

    /// Leaves the place unknown: the row belongs to another district, where roads and rivers may
    /// bear the same names.
    pub fn forget_named_place(&mut self) {
        self.named_place = None;
    }
}

/// A stored complaint, or the first record of the same submission.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The complaint.
    pub row: ComplaintRow,
    /// Its photos.
    pub photos: Vec<PhotoView>,
    /// Its entry's number.
    pub entry_number: String,
    /// What the matching said.
    pub verdict: Verdict,
    /// Whether this is an earlier record, answered again (R0).
    pub first_record: bool,
}

/// Prepares a complaint: keys, normal forms, the report for matching. Nothing is stored.
#[must_use]
pub fn prepare(
    profile: &Profile,
    keys: &Keys,
    checked: Checked,
    door: Door,
    others: Vec<(PetitionerKind, Person)>,
    photos: Vec<Taken>,
) -> Prepared {
    let reporter = checked.reporter.clone().map(|person| (REPORTER, person));
    let others = others
        .into_iter()
        .map(|(kind, person)| (kind.as_str(), person));
    let mut people: Vec<Signer> = reporter
        .into_iter()
        .chain(others)
        .map(|(kind, person)| Signer::new(keys, kind, person))
        .collect();
    if let Some(phone_key) = &door.resident_key
        && !people.iter().any(|signer| signer.keys.contains(phone_key))
    {
        // Whoever is signed in and whoever reports are one human, whatever phone they name.
        match people.iter_mut().find(|signer| signer.kind == REPORTER) {
            Some(signer) => signer.keys.push(phone_key.clone()),
            None => people.insert(
                0,
                Signer {
                    kind: REPORTER.to_owned(),
                    person: Person::default(),
                    keys: vec![phone_key.clone()],
                },
            ),
        }
    }
    prepare_signed(profile, checked, door, people, photos)
}

/// The same for petitioners who are known already, as those of a letter that is split.
#[must_use]
pub fn prepare_signed(
    profile: &Profile,
    checked: Checked,
    door: Door,
    people: Vec<Signer>,
    photos: Vec<Taken>,
) -> Prepared {
    let named_place = if checked.position.is_none() {
        let words = format!(
            "{} {}",
            checked.address.as_deref().unwrap_or(""),
            checked.description
        );
        profile.place_named_in(&words)
    } else {
        None
    };
    let report = report_of(profile, &checked, &door, &people, &photos);
    Prepared {
        checked,
        door,
        report,
        people,
        photos,
        named_place,
    }
}

fn report_of(
    profile: &Profile,
    checked: &Checked,
    door: &Door,
    people: &[Signer],
    photos: &[Taken],
) -> Report {
    let mut persons: Vec<String> = people
        .iter()
        .flat_map(|signer| signer.keys.clone())
        .collect();
    persons.sort_unstable();
    persons.dedup();
    let accuracy_m = checked.position.and_then(|p| p.accuracy_m);
    let kept = photos.iter().filter_map(|photo| photo.result.as_ref().ok());
    let street = checked.point.and_then(|p| profile.street_at(p));
    // The device of one day: over days, an address is many people's.
    let sender = door.sender.as_deref();
    let of_day = |sender| text_number(&format!("{sender} {}", date_of(door.received_at)));
    Known {
        id: Id::new().0,
        number: "",
        channel: &door.channel,
        external_no: door.external_no.as_deref(),
        persons,
        sender: sender.map(of_day),
        object_id: door.object_id.as_deref(),
        premises: checked.premises.as_deref(),
        place: checked.point.map(|point| Place { point, accuracy_m }),
        address: checked.address.as_deref(),
        description: &checked.description,
        street: street.map(|s| s.code.as_str()),
        category: &checked.category,
        coarse: &checked.coarse,
        group: None,
        occurred: checked
            .occurred_at
            .map(|from| (from, checked.occurred_until.unwrap_or(from))),
        received_at: door.received_at,
        demand: checked.demand.as_deref(),
        photos: kept
            .map(|p| PhotoRef {
                sha256: p.sha256.clone(),
                taken_at: p.facts.taken_at,
            })
            .collect(),
    }
    .report()
}

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
    let Prepared {
        checked,
        door,
        report,
        ..
    } = prepared;
    matching::queries::lock(conn, report, profile).or_fault("lock the matter")?;
    if let Some(first) = resent::first_record_of(conn, profile, prepared)? {
        return resent::answer_again(conn, profile, first, prepared, now);
    }
    let from: Vec<String> = report.persons.iter().chain(&door.sender).cloned().collect();
    let hidden = senders::is_blocked(conn, &from, now).or_fault("look at the abuse list")?;
    let judged = matching::queries::verdict_for(conn, report, profile)?;
    let verdict = match &checked.same_as {
        Some(number) => judged.following(number),
        None => judged,
    };
    let title = ledger::title_of(
        profile,
        &checked.category,
        checked.premises.as_deref(),
        checked.address.as_deref(),
        checked.point,
    );
    // A blocked sender's complaint stands alone, but is answered as everybody's: state and similar
    // matters are those of the true verdict.
    let alone = Verdict::new_matter(profile.model.name());
    let placed = if hidden { &alone } else { &verdict };
    let placement = ledger::place(conn, profile, report, &title, placed, now)?;
    let number = next_number(conn, profile, now)?;
    let clocks = clocks(profile, door);
    let row = NewComplaint::of(
        profile, prepared, &placement, &verdict, &clocks, number, hidden, now,
    );
    diesel::insert_into(complaint::table)
        .values(&row)
        .execute(conn)
        .or_fault("insert a complaint")?;
    insert_details(conn, profile, prepared, &clocks).or_fault("insert a complaint's details")?;
    petitioners::insert(conn, keys, row.id, &prepared.people, now)?;
    if let Some(sender) = &door.sender {
        senders::remember(conn, row.id, sender, now).or_fault("remember the sender")?;
    }
    let photos = photos::insert(conn, row.id, None, &prepared.photos, checked.point, now)
        .or_fault("insert photos")?;
    if !hidden {
        matching::queries::store(conn, report, &row.number, &verdict, now)?;
    }
    let event = Event::new("complaint", row.id, "register", &door.actor)
        .moving("registered", &row.state)
        .with(json!({ "channel": door.channel, "rule": placement.rule, "link": placement.link, "entry": placement.entry_number }));
    record::append(conn, &event, now).or_fault("record the complaint")?;
    ledger::welcome(conn, profile, placement.entry_id, row.id, now)?;
    let row = queries::by_id(conn, row.id).or_fault("load the new complaint")?;
    Ok(Stored {
        row,
        photos,
        entry_number: placement.entry_number,
        verdict,
        first_record: false,
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

/// One clock of a new complaint.
struct Clock {
    kind: DeadlineKind,
    amount: i32,
    unit: &'static str,
    roll_forward: bool,
    source: String,
    started_on: NaiveDate,
    due_on: NaiveDate,
    provisional: bool,
}

fn clocks(profile: &Profile, door: &Door) -> Vec<Clock> {
    let started_on = date_of(door.received_at);
    let rows = profile
        .channel(&door.channel)
        .map(|c| c.deadlines.as_slice())
        .unwrap_or_default();
    rows.iter()
        .map(|row| {
            let due = profile.calendar.due(started_on, &row.rule());
            Clock {
                kind: row.kind,
                amount: i32::try_from(row.amount).unwrap_or(i32::MAX),
                unit: row.unit.as_str(),
                roll_forward: row.roll_forward,
                source: row.source.clone(),
                started_on,
                due_on: due.on,
                provisional: due.provisional,
            }
        })
        .collect()
}

#[derive(Insertable)]
#[diesel(table_name = complaint)]
struct NewComplaint<'a> {
    id: Id,
    number: String,
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
    state: String,
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
    fn of(
        profile: &Profile,
        prepared: &'a Prepared,
        placement: &ledger::Placement,
        verdict: &Verdict,
        clocks: &[Clock],
        number: String,
        hidden: bool,
        now: DateTime<Utc>,
    ) -> Self {
        let Prepared {
            checked,
            door,
            report,
            people,
            ..
        } = prepared;
        let from_above = profile.is_from_above(&door.channel);
        let waits = matches!(verdict.outcome, Outcome::Provisional | Outcome::Suspected);
        let occurred = report.occurred;
        let risk = profile
            .category(&checked.category)
            .map_or(checked.risk, |category| profile.risk_of(category, occurred));
        let due_on = clocks
            .iter()
            .map(|c| c.due_on)
            .min()
            .unwrap_or_else(|| date_of(now));
        let rank = RankInput {
            risk,
            distinct_reporters: i32::try_from(report.persons.len().min(1)).unwrap_or(1),
            rebound: verdict.rule == Rule::R6,
            from_above,
            received_on: date_of(door.received_at),
            due_on,
            today: date_of(now),
        };
        Self {
            id: report.id.into(),
            number,
            tracking_code: new_tracking_code(),
            channel: &door.channel,
            external_no: door.external_no.as_deref(),
            source_class: door.source_class.as_deref(),
            discovery_mode: if from_above { "superior" } else { "public" },
            category: &checked.category,
            coarse: &checked.coarse,
            demand: checked.demand.as_deref(),
            occurred_at: checked.occurred_at.map(UtcTime),
            occurred_until: checked.occurred_until.map(UtcTime),
            state: if waits {
                "screening"
            } else {
                "awaiting_acceptance"
            }
            .to_owned(),
            entry_id: placement.entry_id,
            link: placement.link,
            link_rule: placement.rule,
            repeat_of: placement.repeat_of,
            anonymous: report.persons.is_empty(),
            person_count: i32::try_from(people.len().max(1)).unwrap_or(i32::MAX),
            resident_id: door.resident,
            hidden,
            risk,
            flags: JsonValue(
                json!({ "hot_point": checked.hot_point, "acknowledged_similar": checked.acknowledged, "same_as": checked.same_as }),
            ),
            due_on,
            in_queue: !hidden,
            queue_rank: queue_rank(profile, &rank),
            received_at: UtcTime(door.received_at),
            version: 1,
            updated_at: UtcTime(now),
        }
    }
}

fn insert_details(
    conn: &mut Connection,
    profile: &Profile,
    prepared: &Prepared,
    clocks: &[Clock],
) -> QueryResult<()> {
    let Prepared {
        checked,
        door,
        report,
        named_place,
        ..
    } = prepared;
    let id = Id(report.id);
    diesel::insert_into(complaint_text::table)
        .values((
            complaint_text::complaint_id.eq(id),
            complaint_text::description.eq(&checked.description),
            complaint_text::description_masked.eq(mask(&checked.description).text),
            complaint_text::address.eq(&checked.address),
            complaint_text::address_masked.eq(checked.address.as_deref().map(|a| mask(a).text)),
            complaint_text::premises.eq(&checked.premises),
            complaint_text::premises_key.eq(&report.premises),
            complaint_text::object_id.eq(&door.object_id),
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
    for clock in clocks {
        diesel::insert_into(deadline::table)
            .values((
                deadline::id.eq(Id::new()),
                deadline::complaint_id.eq(id),
                deadline::kind.eq(clock.kind.as_str()),
                deadline::amount.eq(clock.amount),
                deadline::unit.eq(clock.unit),
                deadline::roll_forward.eq(clock.roll_forward),
                deadline::source.eq(&clock.source),
                deadline::started_on.eq(clock.started_on),
                deadline::due_on.eq(clock.due_on),
                deadline::provisional.eq(clock.provisional),
            ))
            .execute(conn)?;
    }
    Ok(())
}
