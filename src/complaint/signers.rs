//! Those who petition, corrected: each as they stood before is kept, sealed, and what follows from how
//! many they are is counted anew.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::{Value, json};

use super::{
    amendment,
    person::{Person, Question, QuestionCode},
    person_changes::{Change, PersonChanges, SignerKind},
    petitioners::{self, Signer, Standing, each_once, person_keys, who_petition},
    queries::{self, ComplaintRow},
    senders::Proven,
};
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id, UtcTime, schema::former_petitioner},
    problem::{Code, Item, ItemCode, OnDb, Problem},
    sealed::FORMER_PETITIONER,
};
use crate::privacy::REPORTER;

/// Persons on one petition at most.
pub const SIGNERS_MAX: usize = 500;

/// The corrections of one petition, as they are made.
struct Roll<'a> {
    keys: &'a Keys,
    complaint: Id,
    /// The blind indexes of the resident who was signed in: they and the reporter are one human.
    resident_keys: Vec<String>,
    now: DateTime<Utc>,
}

/// Makes the changes and counts those who petition anew. Answers what undoes each, in the form of a
/// correction; no data of theirs stands in it.
///
/// # Errors
/// 422 about a person that is not on the petition, or who they would be then; 409 about somebody whose key is
/// lost; a fault when the database fails.
pub fn correct(
    conn: &mut Connection,
    keys: &Keys,
    row: &ComplaintRow,
    changes: &PersonChanges,
    now: DateTime<Utc>,
) -> Result<Vec<Value>, Problem> {
    let resident_keys = match row.resident_id {
        Some(resident) => Proven::by(conn, keys, resident)?.keys,
        None => Vec::new(),
    };
    let roll = Roll {
        keys,
        complaint: row.id,
        resident_keys,
        now,
    };
    let mut undo = Vec::new();
    for (at, change) in changes.changes.iter().enumerate() {
        undo.push(roll.make(conn, change, at)?);
    }
    // The last is undone first.
    undo.reverse();
    let signers = petitioners::load(conn, keys, row.id)?;
    check_whole(&signers)?;
    let reporter = signers.iter().filter(|signer| signer.kind == REPORTER);
    let filed_under: Vec<String> = reporter.flat_map(|r| r.keys.clone()).collect();
    petitioners::file_under(conn, row.id, &filed_under).or_fault("index who filed it")?;
    let asked = still_asked(row.questions(), &signers);
    let asked = asked.into_iter().chain(changes.questions.clone()).collect();
    let signers = each_once(signers);
    let persons = who_petition(&signers).len();
    let fresh = queries::by_id(conn, row.id).or_fault("load the complaint")?;
    amendment::set_persons(conn, &fresh, persons, asked).or_fault("count the petitioners")?;
    Ok(undo)
}

fn check_whole(signers: &[Signer]) -> Result<(), Problem> {
    let reporters = signers.iter().filter(|s| s.kind == REPORTER).count();
    if reporters > 1 {
        let why = "one reports; who signs beside them is a `joint_signer`";
        return Err(Problem::invalid("persons", ItemCode::Refused, why));
    }
    if signers.len() > SIGNERS_MAX {
        let why = format!("leave {SIGNERS_MAX} on a petition at most");
        return Err(Problem::invalid("persons", ItemCode::TooMany, why));
    }
    Ok(())
}

/// What is still to be asked: of a reporter, or of others, whose number still cannot be read.
fn still_asked(asked: Vec<Question>, signers: &[Signer]) -> Vec<Question> {
    let is_open = |question: &Question| {
        let of_reporter = !question.location.starts_with("petitioners");
        let mut concerned = signers
            .iter()
            .filter(|signer| of_reporter == (signer.kind == REPORTER));
        concerned.any(|signer| match question.code {
            QuestionCode::UnreadableIdNumber => signer.person.unread_id_number.is_some(),
            QuestionCode::UnreadablePhone | QuestionCode::NotAPersonsPhone => {
                signer.person.unread_phone.is_some()
            }
        })
    };
    let asked = asked.into_iter();
    asked
        .filter(|question| !question.location.starts_with("persons[") && is_open(question))
        .collect()
}

impl Roll<'_> {
    fn make(&self, conn: &mut Connection, change: &Change, at: usize) -> Result<Value, Problem> {
        match change {
            Change::Add(said) => {
                let kind = said.kind.map_or("", SignerKind::as_str);
                self.add(conn, kind, said.of(Person::default()))
            }
            Change::Correct(id, said) => {
                let stands = self.stands(conn, *id, at)?;
                let former = self.keep(conn, &stands.signer)?;
                let kind = said.kind.map(|kind| kind.as_str().to_owned());
                let kind = kind.unwrap_or(stands.signer.kind);
                let signer = self.signer(&kind, said.of(stands.signer.person));
                petitioners::replace(conn, self.keys, *id, &signer)?;
                Ok(json!({ "id": id, "former": former }))
            }
            Change::Withdraw(id) => {
                let stands = self.stands(conn, *id, at)?;
                let former = self.keep(conn, &stands.signer)?;
                petitioners::withdraw(conn, *id)?;
                Ok(json!({ "former": former }))
            }
            Change::PutBack(Some(id), former) => {
                let stands = self.stands(conn, *id, at)?;
                let (kind, person) = self.former(conn, *former, at)?;
                let kept = self.keep(conn, &stands.signer)?;
                let signer = self.signer(&kind, person);
                petitioners::replace(conn, self.keys, *id, &signer)?;
                Ok(json!({ "id": id, "former": kept }))
            }
            Change::PutBack(None, former) => {
                let (kind, person) = self.former(conn, *former, at)?;
                self.add(conn, &kind, person)
            }
        }
    }

    /// Somebody as they are known: whoever is signed in and whoever reports are one human, whatever phone
    /// they name.
    fn signer(&self, kind: &str, person: Person) -> Signer {
        let mut keys = person_keys(self.keys, &person);
        if kind == REPORTER {
            let own = self.resident_keys.iter();
            let new: Vec<String> = own.filter(|key| !keys.contains(key)).cloned().collect();
            keys.extend(new);
        }
        Signer {
            kind: kind.to_owned(),
            person,
            keys,
            unreadable: false,
        }
    }

    /// Who reports stands first, others after those who stand there.
    fn add(&self, conn: &mut Connection, kind: &str, person: Person) -> Result<Value, Problem> {
        let standing = petitioners::standing(conn, self.keys, self.complaint)?;
        let places = standing.iter().map(|standing| standing.position);
        let place = if kind == REPORTER {
            places.min().map_or(0, |first| first - 1)
        } else {
            places.max().map_or(0, |last| last + 1)
        };
        let signer = self.signer(kind, person);
        let id =
            petitioners::insert_at(conn, self.keys, self.complaint, (place, &signer), self.now)?;
        Ok(json!({ "id": id, "withdrawn": true }))
    }

    /// Somebody on the petition. Of whom no key opens nothing is changed: it would be lost.
    fn stands(&self, conn: &mut Connection, id: Id, at: usize) -> Result<Standing, Problem> {
        let standing = petitioners::standing(conn, self.keys, self.complaint)?;
        let found = standing.into_iter().find(|standing| standing.id == id);
        let found = found.ok_or_else(|| unknown(at, "id", "is nobody on this complaint"))?;
        if found.signer.unreadable {
            let why = "who this is, no key given opens; start with the key that does, and correct it then";
            return Err(Problem::because(Code::GuardFailed, why));
        }
        Ok(found)
    }

    /// Keeps somebody as they stand.
    fn keep(&self, conn: &mut Connection, signer: &Signer) -> Result<Id, Problem> {
        let id = Id::new();
        let plain = petitioners::written(&signer.person)?;
        let sealed = FORMER_PETITIONER.seal(self.keys, id.0.as_bytes(), &plain)?;
        diesel::insert_into(former_petitioner::table)
            .values((
                former_petitioner::id.eq(id),
                former_petitioner::complaint_id.eq(self.complaint),
                former_petitioner::kind.eq(&signer.kind),
                former_petitioner::sealed.eq(sealed),
                former_petitioner::created_at.eq(UtcTime(self.now)),
            ))
            .execute(conn)
            .or_fault("keep a former petitioner")?;
        Ok(id)
    }

    /// Somebody as they stood before.
    fn former(
        &self,
        conn: &mut Connection,
        id: Id,
        at: usize,
    ) -> Result<(String, Person), Problem> {
        let found: Option<(String, Option<Vec<u8>>)> = former_petitioner::table
            .find(id)
            .filter(former_petitioner::complaint_id.eq(self.complaint))
            .select((former_petitioner::kind, former_petitioner::sealed))
            .first(conn)
            .optional()
            .or_fault("load a former petitioner")?;
        let why = "is nobody who stood on this complaint before, or no key given opens who it was";
        let opened = found.and_then(|(kind, sealed)| {
            let plain = FORMER_PETITIONER.open(self.keys, id.0.as_bytes(), &sealed?);
            let person = serde_json::from_slice(&plain.ok()?).ok()?;
            Some((kind, person))
        });
        opened.ok_or_else(|| unknown(at, "former", why))
    }
}

fn unknown(at: usize, field: &str, why: &str) -> Problem {
    let location = format!("persons[{at}].{field}");
    Problem::invalid_items(vec![Item::new(&location, ItemCode::Unknown, why)])
}
