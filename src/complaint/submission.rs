//! A submission by any door (app, staff, import), prepared for storing: checked, with what matching
//! sees of it. Nothing is stored here.

use chrono::{DateTime, Utc};

use super::{
    body::Checked,
    person::{Person, PetitionerKind},
    petitioners::{Signer, each_once, who_petition},
    queries::ComplaintRow,
    senders::Sender,
};
use crate::district::{PlaceHit, Profile, calendar::date_of};
use crate::evidence::{
    Kind, Said, Source, Subject, album::PhotoView, intake::Taken, queries::Arrival,
};
use crate::geo::Point;
use crate::matching::{PhotoRef, Place, Report, Verdict, facts::Known};
use crate::platform::{crypto::Keys, db::Id};
use crate::privacy::REPORTER;
use crate::record::Actor;
use crate::text::{KnownPeople, KnownPerson, text_number};

/// Which door a complaint came through.
#[derive(Debug, Clone)]
pub struct Door {
    /// Channel code.
    pub channel: String,
    /// Upstream number.
    pub external_no: Option<String>,
    /// The service account that files it, if one does.
    pub service: Option<Id>,
    /// Source class.
    pub source_class: Option<String>,
    /// When it reached the channel; the clocks start on this day.
    pub received_at: DateTime<Utc>,
    /// Registered object.
    pub object_id: Option<String>,
    /// The signed-in resident.
    pub resident: Option<Id>,
    /// The blind indexes of the signed-in resident's phone.
    pub resident_keys: Vec<String>,
    /// The sending address's blind index, for the abuse list.
    pub sender: Option<String>,
    /// The same under former keys, while keys are changed.
    pub sender_before: Vec<String>,
    /// Whether the reporter files it, and nobody for them: what is said of who they are is then
    /// said by the sender.
    pub self_filed: bool,
    /// Who files it.
    pub actor: Actor,
}

impl Door {
    /// How evidence of a complaint comes through this door.
    #[must_use]
    pub fn arrival(&self, complaint: Id, claimed: Option<Point>, at: DateTime<Utc>) -> Arrival {
        let (source, uploaded_by) = match &self.actor {
            Actor::Staff { id, .. } if self.service.is_some() => (Source::Upstream, Some(*id)),
            Actor::Staff { id, .. } => (Source::Staff, Some(*id)),
            Actor::Reporter => (Source::Reporter, None),
            Actor::System | Actor::Import => (Source::Import, None),
        };
        Arrival {
            subject: Subject::complaint(complaint),
            source,
            uploaded_by,
            said: Said::default(),
            claimed,
            at,
        }
    }
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
    pub(super) people: Vec<Signer>,
    /// Photos taken in.
    pub photos: Vec<Taken>,
    /// A place known by name, for rows without coordinates.
    pub(super) named_place: Option<PlaceHit>,
    /// Whether it comes in as history.
    pub(super) history: bool,
}

impl Prepared {
    /// Whether the place comes from a name in the text.
    #[must_use]
    pub fn is_placed_by_name(&self) -> bool {
        self.named_place.is_some()
    }

    /// How many persons petition; `None` where nobody signed.
    #[must_use]
    pub fn person_count(&self) -> Option<i32> {
        let persons = who_petition(&self.people).len();
        (persons > 0).then(|| i32::try_from(persons).unwrap_or(i32::MAX))
    }

    /// What is known of those who petition, to be masked in every copy of their words.
    #[must_use]
    pub fn known(&self) -> KnownPeople {
        let mut known = known_of(&self.people);
        known.add(&KnownPerson {
            address: self.checked.address.clone(),
            ..KnownPerson::default()
        });
        known
    }

    /// Who sends it, as the abuse list looks at them.
    pub(super) fn sender(&self) -> Sender<'_> {
        let door = &self.door;
        if !door.self_filed {
            let petitioners = self.people.iter().map(|signer| signer.keys.as_slice());
            return Sender::Brought(petitioners.collect());
        }
        if !door.resident_keys.is_empty() {
            return Sender::Proven(&door.resident_keys);
        }
        let persons = self.report.persons.iter();
        Sender::Claimed(
            persons
                .chain(&door.sender)
                .chain(&door.sender_before)
                .collect(),
        )
    }

    /// With its photos, after they were looked at.
    #[must_use]
    pub fn with_photos(mut self, photos: Vec<Taken>) -> Self {
        self.report.photos = refs_of(&photos);
        self.photos = photos;
        self
    }

    /// As history: what it asked for is long past, so that it stands behind the work of the day and
    /// the abuse list of today does not hide it.
    #[must_use]
    pub fn as_history(mut self) -> Self {
        self.history = true;
        self
    }

    /// Leaves the place unknown: the row belongs to another district, where roads and rivers may
    /// bear the same names.
    pub fn forget_named_place(&mut self) {
        self.named_place = None;
    }
}

fn known_of(people: &[Signer]) -> KnownPeople {
    KnownPeople::of(people.iter().flat_map(|signer| {
        let person = signer.person.clone();
        KnownPerson::each(
            person.name,
            person
                .more_phones
                .into_iter()
                .chain(person.phone)
                .chain(person.unread_phone),
            person.id_number.into_iter().chain(person.unread_id_number),
        )
    }))
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
    /// Whether who sent it is told the tracking code.
    pub tells_code: bool,
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
    let named = |key: &String| people.iter().any(|signer| signer.keys.contains(key));
    if !door.resident_keys.is_empty() && !door.resident_keys.iter().any(named) {
        // Whoever is signed in and whoever reports are one human, whatever phone they name.
        match people.iter_mut().find(|signer| signer.kind == REPORTER) {
            Some(signer) => signer.keys.extend(door.resident_keys.iter().cloned()),
            None => people.insert(
                0,
                Signer {
                    kind: REPORTER.to_owned(),
                    person: Person::default(),
                    keys: door.resident_keys.clone(),
                    unreadable: false,
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
    let people = each_once(people);
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
        history: false,
    }
}

fn report_of(
    profile: &Profile,
    checked: &Checked,
    door: &Door,
    people: &[Signer],
    photos: &[Taken],
) -> Report {
    let mut persons: Vec<String> = who_petition(people)
        .into_iter()
        .flat_map(|signer| signer.keys.clone())
        .collect();
    persons.sort_unstable();
    persons.dedup();
    let known = known_of(people);
    let number = |number: &Option<String>| number.clone().filter(|no| !known.stands_in(no));
    let (external_no, object_id) = (number(&door.external_no), number(&door.object_id));
    let premises = checked.premises.as_deref().map(|name| known.bare(name));
    let accuracy_m = checked.position.and_then(|p| p.accuracy_m);
    let street = checked.point.and_then(|p| profile.street_at(p));
    // The device of one day: over days, an address is many people's.
    let sender = door.sender.as_deref();
    let of_day = |sender| text_number(&format!("{sender} {}", date_of(door.received_at)));
    Known {
        id: Id::new().0,
        number: "",
        channel: &door.channel,
        external_no: external_no.as_deref(),
        persons,
        sender: sender.map(of_day),
        object_id: object_id.as_deref(),
        premises: premises.as_deref(),
        place: checked.point.map(|point| Place { point, accuracy_m }),
        address: checked.address.as_deref(),
        description: &known.bare(&checked.description),
        street: street.map(|s| s.code.as_str()),
        category: &checked.category,
        coarse: &checked.coarse,
        group: None,
        occurred: checked
            .occurred_at
            .map(|from| (from, checked.occurred_until.unwrap_or(from))),
        received_at: door.received_at,
        demand: checked.demand.as_deref(),
        photos: refs_of(photos),
    }
    .report()
}

fn refs_of(photos: &[Taken]) -> Vec<PhotoRef> {
    let kept = photos.iter().filter_map(|photo| photo.result.as_ref().ok());
    kept.filter(|kept| kept.kind == Kind::Photo)
        .map(|kept| PhotoRef {
            sha256: kept.sha256.clone(),
            taken_at: kept.picture.as_ref().and_then(|p| p.facts.taken_at),
        })
        .collect()
}
