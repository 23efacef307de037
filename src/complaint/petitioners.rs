//! Petitioners in the database: each one's identity sealed under its own row's id, with blind
//! indexes beside it for matching.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::json;

use super::person::Person;
use crate::account::resident_routes::PHONE_KEY;
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id, JsonValue, UtcTime, schema::petitioner},
    problem::{OnDb, Problem},
};

/// Kind of the person who files.
pub const REPORTER: &str = "reporter";

/// Somebody who petitions, and the blind indexes they are known by.
#[derive(Debug, Clone)]
pub struct Signer {
    /// `reporter`, `joint_signer` or `represented`.
    pub kind: String,
    /// Who.
    pub person: Person,
    /// Blind indexes; empty when only a name is known.
    pub keys: Vec<String>,
}

impl Signer {
    /// A person with their blind indexes.
    #[must_use]
    pub fn new(keys: &Keys, kind: &str, person: Person) -> Self {
        Self {
            kind: kind.to_owned(),
            keys: person_keys(keys, &person),
            person,
        }
    }
}

/// Blind indexes of a person. A name alone tells two people apart too badly to be one.
fn person_keys(keys: &Keys, person: &Person) -> Vec<String> {
    let phone = person
        .phone
        .iter()
        .map(|phone| keys.blind_index(PHONE_KEY, phone));
    let id = person.id_number.iter().map(|id| keys.blind_index("id", id));
    phone.chain(id).collect()
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
        let id = Id::new();
        let plain = serde_json::to_vec(&signer.person)
            .map_err(|e| Problem::fault(format!("cannot write a person: {e}")))?;
        diesel::insert_into(petitioner::table)
            .values((
                petitioner::id.eq(id),
                petitioner::complaint_id.eq(complaint),
                petitioner::position.eq(i32::try_from(position).unwrap_or(i32::MAX)),
                petitioner::kind.eq(&signer.kind),
                petitioner::sealed.eq(keys.seal(&plain, id.0.as_bytes())?),
                petitioner::person_keys.eq(JsonValue(json!(signer.keys))),
                petitioner::created_at.eq(UtcTime(now)),
            ))
            .execute(conn)
            .or_fault("insert a petitioner")?;
    }
    Ok(())
}

/// Those who petition, opened, in their order. One whose identity was erased has no data left.
///
/// # Errors
/// A fault when the database fails or an identity cannot be opened.
pub fn load(conn: &mut Connection, keys: &Keys, complaint: Id) -> Result<Vec<Signer>, Problem> {
    type Row = (Id, String, Option<Vec<u8>>, JsonValue);
    let rows: Vec<Row> = petitioner::table
        .filter(petitioner::complaint_id.eq(complaint))
        .order(petitioner::position.asc())
        .select((
            petitioner::id,
            petitioner::kind,
            petitioner::sealed,
            petitioner::person_keys,
        ))
        .load(conn)
        .or_fault("load petitioners")?;
    rows.into_iter()
        .map(|(id, kind, sealed, person_keys)| {
            let person = match sealed {
                Some(sealed) => serde_json::from_slice(&keys.open(&sealed, id.0.as_bytes())?)
                    .map_err(|e| Problem::fault(format!("a sealed person cannot be read: {e}")))?,
                None => Person::default(),
            };
            Ok(Signer {
                kind,
                person,
                keys: serde_json::from_value(person_keys.0).unwrap_or_default(),
            })
        })
        .collect()
}
