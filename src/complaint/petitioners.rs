//! Petitioners in the database: each one's identity sealed under its own row's id, with blind
//! indexes beside it for matching.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::json;

use super::person::Person;
use crate::account::resident_routes::PHONE_KEY;
use crate::matching::people::{REPRESENTED, principals};
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, JsonValue, UtcTime,
        schema::{filer_key, petitioner},
    },
    problem::{OnDb, Problem},
    sealed,
};
use crate::privacy::REPORTER;
use crate::text::phone::tells_people_apart;

/// Kind of blind indexes of identity numbers.
const ID_KEY: &str = "id";

/// Kind of blind indexes of names.
const NAME_KEY: &str = "name";

/// Somebody who petitions, and the blind indexes they are known by.
#[derive(Debug, Clone)]
pub struct Signer {
    /// `reporter`, `joint_signer` or `represented`.
    pub kind: String,
    /// Who.
    pub person: Person,
    /// Blind indexes; empty when only a name is known.
    pub keys: Vec<String>,
    /// Whether their identity is sealed under a key nobody has any more.
    pub unreadable: bool,
}

impl Signer {
    /// A person with their blind indexes.
    #[must_use]
    pub fn new(keys: &Keys, kind: &str, person: Person) -> Self {
        Self {
            kind: kind.to_owned(),
            keys: person_keys(keys, &person),
            person,
            unreadable: false,
        }
    }

    /// Whether anything is known of them that says who they are.
    fn is_somebody(&self) -> bool {
        !self.keys.is_empty() || self.unreadable || self.person.is_named()
    }

    /// With all that is said of them where they are named again.
    fn with(mut self, again: Self) -> Self {
        let new = again
            .keys
            .into_iter()
            .filter(|key| !self.keys.contains(key));
        let new: Vec<String> = new.collect();
        self.keys.extend(new);
        self.person = self.person.with(again.person);
        self.unreadable &= again.unreadable;
        if again.kind == REPRESENTED {
            self.kind = again.kind;
        }
        self
    }
}

/// A signer, and the name they may be known again by.
struct Named {
    signer: Signer,
    name: Option<String>,
}

impl Named {
    fn is_same_as(&self, other: &Self) -> bool {
        let mut keys = self.signer.keys.iter();
        let shares_a_number = keys.any(|key| other.signer.keys.contains(key));
        let has_one_name = self.name.is_some() && self.name == other.name;
        let (person, others) = (&self.signer.person, &other.signer.person);
        shares_a_number || (has_one_name && !person.contradicts(others))
    }
}

/// Those named on a petition, each human once: who reports and signs as well, or is written down twice,
/// stands where they are named first. An agent stands apart from those who petition.
#[must_use]
pub fn each_once(named: Vec<Signer>) -> Vec<Signer> {
    let represented = named.iter().any(|signer| signer.kind == REPRESENTED);
    let stands_apart = |named: &Named| represented && named.signer.kind == REPORTER;
    let named = named.into_iter().map(|signer| Named {
        name: signer.person.telling_name(),
        signer,
    });
    let mut left: Vec<Named> = named.collect();
    loop {
        let before = left.len();
        let mut people: Vec<Named> = Vec::with_capacity(before);
        for named in left {
            let mut known = people.iter();
            let known = known.position(|p| !stands_apart(p) && p.is_same_as(&named));
            match known.filter(|_| !stands_apart(&named)) {
                Some(at) => {
                    let first = people.remove(at);
                    let both = Named {
                        signer: first.signer.with(named.signer),
                        name: first.name.or(named.name),
                    };
                    people.insert(at, both);
                }
                None => people.push(named),
            }
        }
        // What was said of somebody twice may show that a third is the same.
        if people.len() == before {
            return people.into_iter().map(|named| named.signer).collect();
        }
        left = people;
    }
}

/// Those who petition among those named; none when nothing says who any of them is.
#[must_use]
pub fn who_petition(named: &[Signer]) -> Vec<&Signer> {
    let petition = principals(named.iter().collect(), |signer| signer.kind.as_str());
    if petition.iter().any(|signer| signer.is_somebody()) {
        petition
    } else {
        Vec::new()
    }
}

/// The blind index of somebody's name, where it tells people apart.
pub(super) fn name_key(keys: &Keys, person: &Person) -> Option<String> {
    let name = person.telling_name()?;
    Some(keys.blind_index(NAME_KEY, &name))
}

/// Blind indexes of a person, under every key there is. A name alone tells two people apart too
/// badly to be one, and so does a number that a whole company shares.
pub fn person_keys(keys: &Keys, person: &Person) -> Vec<String> {
    let phone = person
        .phone
        .iter()
        .chain(&person.more_phones)
        .filter(|phone| tells_people_apart(phone))
        .map(|phone| (PHONE_KEY, phone));
    let id = person.id_number.iter().map(|id| (ID_KEY, id));
    phone
        .chain(id)
        .flat_map(|(kind, value)| keys.blind_indexes(kind, value))
        .collect()
}

/// Stores those who petition, in their order.
///
/// # Errors
/// A fault when the database fails.
pub fn insert(
    conn: &mut Connection,
    keys: &Keys,
    complaint: Id,
    signers: &[Signer],
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    for (position, signer) in signers.iter().enumerate() {
        let position = i32::try_from(position).unwrap_or(i32::MAX);
        insert_at(conn, keys, complaint, (position, signer), now)?;
        if signer.kind == REPORTER {
            file_under(conn, complaint, &signer.keys).or_fault("index who filed it")?;
        }
    }
    Ok(())
}

/// Stores somebody in a place of the petition's order, and answers by which id.
pub(super) fn insert_at(
    conn: &mut Connection,
    keys: &Keys,
    complaint: Id,
    (position, signer): (i32, &Signer),
    now: DateTime<Utc>,
) -> Result<Id, Problem> {
    let id = Id::new();
    let sealed = if signer.unreadable {
        None
    } else {
        Some(seal(keys, id, &signer.person)?)
    };
    diesel::insert_into(petitioner::table)
        .values((
            petitioner::id.eq(id),
            petitioner::complaint_id.eq(complaint),
            petitioner::position.eq(position),
            petitioner::kind.eq(&signer.kind),
            petitioner::sealed.eq(sealed),
            petitioner::person_keys.eq(JsonValue(json!(signer.keys))),
            petitioner::name_key.eq(name_key(keys, &signer.person)),
            petitioner::created_at.eq(UtcTime(now)),
        ))
        .execute(conn)
        .or_fault("insert a petitioner")?;
    Ok(id)
}

/// Stores somebody anew under their id.
pub(super) fn replace(
    conn: &mut Connection,
    keys: &Keys,
    id: Id,
    signer: &Signer,
) -> Result<(), Problem> {
    diesel::update(petitioner::table.find(id))
        .set((
            petitioner::kind.eq(&signer.kind),
            petitioner::sealed.eq(seal(keys, id, &signer.person)?),
            petitioner::person_keys.eq(JsonValue(json!(signer.keys))),
            petitioner::name_key.eq(name_key(keys, &signer.person)),
        ))
        .execute(conn)
        .map(|_| ())
        .or_fault("correct a petitioner")
}

/// Takes somebody from the petition.
pub(super) fn withdraw(conn: &mut Connection, id: Id) -> Result<(), Problem> {
    diesel::delete(petitioner::table.find(id))
        .execute(conn)
        .map(|_| ())
        .or_fault("withdraw a petitioner")
}

/// Files a complaint under the blind indexes of who filed it, and under no other: by them whoever
/// proves a phone finds it. Signers are not filed under, because others wrote their numbers down.
pub(super) fn file_under(conn: &mut Connection, complaint: Id, keys: &[String]) -> QueryResult<()> {
    let filed: Vec<String> = filer_key::table
        .filter(filer_key::complaint_id.eq(complaint))
        .select(filer_key::key)
        .load(conn)?;
    let gone: Vec<&String> = filed.iter().filter(|key| !keys.contains(key)).collect();
    if !gone.is_empty() {
        let gone = filer_key::table
            .filter(filer_key::complaint_id.eq(complaint))
            .filter(filer_key::key.eq_any(gone));
        diesel::delete(gone).execute(conn)?;
    }
    let mut new: Vec<&String> = keys.iter().filter(|key| !filed.contains(key)).collect();
    new.sort_unstable();
    new.dedup();
    for key in new {
        diesel::insert_into(filer_key::table)
            .values((
                filer_key::key.eq(key),
                filer_key::complaint_id.eq(complaint),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// The phone behind a complaint that has one of these blind indexes: the reporter's own word for it.
///
/// # Errors
/// A fault when the database fails.
pub(super) fn phone_of_filer(
    conn: &mut Connection,
    keys: &Keys,
    complaint: Id,
    phone_keys: &[String],
) -> Result<Option<String>, Problem> {
    let signers = load(conn, keys, complaint)?.into_iter();
    let phones = signers
        .filter(|signer| signer.kind == REPORTER)
        .flat_map(|signer| {
            signer
                .person
                .phone
                .into_iter()
                .chain(signer.person.more_phones)
        });
    let is_it = |phone: &String| {
        let indexes = keys.blind_indexes(PHONE_KEY, phone);
        indexes.iter().any(|index| phone_keys.contains(index))
    };
    let mut phones = phones.filter(is_it);
    Ok(phones.next())
}

fn seal(keys: &Keys, id: Id, person: &Person) -> Result<Vec<u8>, Problem> {
    sealed::PETITIONER.seal(keys, id.0.as_bytes(), &written(person)?)
}

/// A person as it is sealed.
pub(super) fn written(person: &Person) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(person).map_err(|e| Problem::fault(format!("cannot write a person: {e}")))
}

/// The person sealed in a row; `None` when no key opens it, which the log learns and the work goes
/// on without: the matter does not wait for a name.
pub(super) fn open(keys: &Keys, id: Id, bytes: &[u8]) -> Option<Person> {
    let opened = sealed::PETITIONER.open(keys, id.0.as_bytes(), bytes).ok();
    let person = opened.and_then(|plain| serde_json::from_slice(&plain).ok());
    if person.is_none() {
        tracing::warn!(petitioner = %id, "an identity cannot be opened with the keys given");
    }
    person
}

/// Those who petition, opened, in their order. One whose identity was erased has no data left, nor
/// has one whose key is lost.
///
/// # Errors
/// A fault when the database fails.
pub fn load(conn: &mut Connection, keys: &Keys, complaint: Id) -> Result<Vec<Signer>, Problem> {
    let standing = standing(conn, keys, complaint)?.into_iter();
    Ok(standing.map(|standing| standing.signer).collect())
}

/// Somebody on a petition, where they stand.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    /// By which id.
    pub(super) id: Id,
    /// In which place of the order.
    pub(super) position: i32,
    /// Who.
    pub(super) signer: Signer,
}

/// The same with where each stands.
pub(super) fn standing(
    conn: &mut Connection,
    keys: &Keys,
    complaint: Id,
) -> Result<Vec<Standing>, Problem> {
    type Row = (Id, i32, String, Option<Vec<u8>>, JsonValue);
    let rows: Vec<Row> = petitioner::table
        .filter(petitioner::complaint_id.eq(complaint))
        .order(petitioner::position.asc())
        .select((
            petitioner::id,
            petitioner::position,
            petitioner::kind,
            petitioner::sealed,
            petitioner::person_keys,
        ))
        .load(conn)
        .or_fault("load petitioners")?;
    let standing = rows
        .into_iter()
        .map(|(id, position, kind, sealed, indexes)| {
            let person = sealed.map(|sealed| open(keys, id, &sealed));
            let signer = Signer {
                kind,
                unreadable: matches!(person, Some(None)),
                person: person.flatten().unwrap_or_default(),
                keys: serde_json::from_value(indexes.0).unwrap_or_default(),
            };
            Standing {
                id,
                position,
                signer,
            }
        });
    Ok(standing.collect())
}

/// Which complaints somebody petitions in who left a number to be called or written to, in one query
/// however many there are.
///
/// # Errors
/// A fault when the database fails.
pub fn with_a_phone(
    conn: &mut Connection,
    keys: &Keys,
    complaints: &[Id],
) -> Result<HashSet<Id>, Problem> {
    let rows: Vec<(Id, Id, Option<Vec<u8>>)> = petitioner::table
        .filter(petitioner::complaint_id.eq_any(complaints))
        .order((petitioner::complaint_id, petitioner::position))
        .select((petitioner::complaint_id, petitioner::id, petitioner::sealed))
        .load(conn)
        .or_fault("load petitioners")?;
    let mut reached = HashSet::new();
    for (complaint, id, sealed) in rows {
        // The first of a long list mostly left one; the others are not opened then.
        if reached.contains(&complaint) {
            continue;
        }
        let person = sealed.and_then(|sealed| open(keys, id, &sealed));
        if person.is_some_and(|p| p.phone.is_some() || !p.more_phones.is_empty()) {
            reached.insert(complaint);
        }
    }
    Ok(reached)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(kind: &str, name: &str, keys: &[&str]) -> Signer {
        Signer {
            kind: kind.to_owned(),
            person: Person {
                name: Some(name).filter(|n| !n.is_empty()).map(str::to_owned),
                ..Person::default()
            },
            keys: keys.iter().map(|key| (*key).to_owned()).collect(),
            unreadable: false,
        }
    }

    fn kinds(people: &[Signer]) -> Vec<&str> {
        people.iter().map(|signer| signer.kind.as_str()).collect()
    }

    #[test]
    fn a_reporter_among_the_signers_is_one_person() {
        let named = vec![
            signer("reporter", "林秀英", &["phone"]),
            signer("joint_signer", "林秀英", &[]),
            signer("joint_signer", "陈明", &[]),
            signer("joint_signer", "", &["card"]),
            signer("joint_signer", "王伟", &["phone", "card"]),
        ];
        let people = each_once(named);
        assert_eq!(kinds(&people), ["reporter", "joint_signer"]);
        assert_eq!(people[0].keys, ["phone", "card"]);
        assert_eq!(who_petition(&people).len(), 2);
    }

    #[test]
    fn an_agent_is_no_petitioner() {
        let named = vec![
            signer("reporter", "陈律师", &["lawyer"]),
            signer("joint_signer", "陈律师", &["lawyer"]),
            signer("represented", "林秀英", &[]),
        ];
        let people = each_once(named);
        assert_eq!(kinds(&people), ["reporter", "joint_signer", "represented"]);
        let petition: Vec<&str> = who_petition(&people)
            .iter()
            .map(|s| s.kind.as_str())
            .collect();
        assert_eq!(petition, ["joint_signer", "represented"]);
    }

    #[test]
    fn nobody_petitions_where_nothing_says_who() {
        assert!(who_petition(&[signer("reporter", "匿名", &[])]).is_empty());
        let named = [
            signer("reporter", "林", &[]),
            signer("joint_signer", "", &[]),
        ];
        assert_eq!(who_petition(&named).len(), 2, "a name is a signature");
    }
}
