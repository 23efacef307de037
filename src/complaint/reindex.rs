//! Blind indexes of persons when keys change: first the present key's are put beside the former
//! ones', so that every two rows have one in common at any time; when no process knows the former
//! key any more, what is left of it is dropped.

use diesel::prelude::*;
use serde_json::json;

use super::{
    locks,
    person::Person,
    petitioners::{self, name_key, person_keys},
    queries::ComplaintRow,
    terms, upstream,
};
use crate::account::{queries as people, resident_routes::PHONE_KEY};
use crate::matching::queries as matching;
use crate::platform::{
    crypto::Keys,
    db::{
        Connection, Id, JsonValue,
        schema::{complaint, petitioner, resident},
    },
    problem::{OnDb, Problem},
    sealed,
};
use crate::privacy::REPORTER;
use crate::register::Key;
use crate::registers::queries as registers;

/// Complaints in one transaction: each is taken with its entry and filed anew.
const BATCH: i64 = 50;

/// Residents in one transaction.
const RESIDENT_BATCH: i64 = 200;

/// What to do with blind indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Put the present key's beside the former ones'.
    Add,
    /// Drop what is not the present key's.
    Drop,
}

/// Brings the next complaints' blind indexes under the present key; answers how many changed and
/// where the next batch begins.
///
/// # Errors
/// A fault when the database fails, 503 when complaints move again and again.
pub fn complaints(
    conn: &mut Connection,
    keys: &Keys,
    pass: Pass,
    after: Option<Id>,
) -> Result<(u64, Option<Id>), Problem> {
    let mut next = complaint::table
        .order(complaint::id.asc())
        .limit(BATCH)
        .select(complaint::id)
        .into_boxed();
    if let Some(id) = after {
        next = next.filter(complaint::id.gt(id));
    }
    let ids: Vec<Id> = next.load(conn).or_fault("list complaints")?;
    let mut changed = 0;
    for row in locks::all(conn, &ids, &[])? {
        changed += u64::from(complaint_anew(conn, keys, pass, &row)?);
    }
    Ok((changed, ids.last().copied()))
}

fn complaint_anew(
    conn: &mut Connection,
    keys: &Keys,
    pass: Pass,
    row: &ComplaintRow,
) -> Result<bool, Problem> {
    let resident = match row.resident_id {
        Some(id) => resident_keys(conn, keys, id)?,
        None => Vec::new(),
    };
    type Filed = (Id, String, Option<Vec<u8>>, JsonValue, Option<String>);
    let signers: Vec<Filed> = petitioner::table
        .filter(petitioner::complaint_id.eq(row.id))
        .order(petitioner::position.asc())
        .select((
            petitioner::id,
            petitioner::kind,
            petitioner::sealed,
            petitioner::person_keys,
            petitioner::name_key,
        ))
        .load(conn)
        .or_fault("load petitioners")?;
    let mut changed = false;
    let mut all = resident.clone();
    for (id, kind, bytes, filed, named) in signers {
        let person = bytes.as_deref().map(|b| petitioners::open(keys, id, b));
        let known = matches!(person, Some(Some(_)));
        let person = person.flatten().unwrap_or_default();
        let own = indexes(keys, &person).into_iter().chain(resident.clone());
        let own: Vec<Vec<String>> = own.collect();
        let filed: Vec<String> = serde_json::from_value(filed.0).unwrap_or_default();
        let wanted = match pass {
            Pass::Add => with_present(&filed, &own),
            // Of somebody who cannot be opened nothing can be told apart.
            Pass::Drop if known => only_present(&filed, &own),
            Pass::Drop => filed.clone(),
        };
        // Names are only counted by, so that the present key's index alone is kept.
        let name = if known {
            name_key(keys, &person)
        } else {
            named.clone()
        };
        if wanted != filed || name != named {
            diesel::update(petitioner::table.find(id))
                .set((
                    petitioner::person_keys.eq(JsonValue(json!(wanted))),
                    petitioner::name_key.eq(name),
                ))
                .execute(conn)
                .or_fault("index a petitioner")?;
            if kind == REPORTER {
                petitioners::file_under(conn, row.id, &wanted).or_fault("index who filed it")?;
            }
            changed = true;
        }
        all.extend(own);
    }
    if pass == Pass::Add {
        terms::add_persons(conn, row.id, &all).or_fault("index terms")?;
    }
    let numbered = pass == Pass::Add && upstream::index_anew(conn, keys, row)?;
    let blocks = blocks_anew(conn, pass, row.id, &all).or_fault("index blocks")?;
    if changed && !row.hidden {
        matching::refile(conn, keys, row.id)?;
    }
    Ok(changed || blocks || numbered)
}

/// A value's indexes under each key, the present one's first; one list for each value.
fn indexes(keys: &Keys, person: &Person) -> Vec<Vec<String>> {
    let by_phone = |phone: &String| Person {
        phone: Some(phone.clone()),
        ..Person::default()
    };
    let by_id = |id: &String| Person {
        id_number: Some(id.clone()),
        ..Person::default()
    };
    let phones = person.phone.iter().chain(&person.more_phones).map(by_phone);
    let ids = person.id_number.iter().map(by_id);
    phones
        .chain(ids)
        .map(|person| person_keys(keys, &person))
        .filter(|indexes| !indexes.is_empty())
        .collect()
}

fn resident_keys(conn: &mut Connection, keys: &Keys, id: Id) -> Result<Vec<Vec<String>>, Problem> {
    let (filed, phone): (String, Option<Vec<u8>>) = resident::table
        .find(id)
        .select((resident::phone_key, resident::sealed_phone))
        .first(conn)
        .or_fault("load a resident")?;
    let phone = phone.and_then(|bytes| {
        let plain = sealed::RESIDENT_PHONE.open(keys, id.0.as_bytes(), &bytes);
        String::from_utf8(plain.ok()?).ok()
    });
    Ok(vec![match phone {
        Some(phone) => keys.blind_indexes(PHONE_KEY, &phone),
        None => vec![filed],
    }])
}

/// What is filed, and the present key's index of each value that is filed under a former one.
fn with_present(filed: &[String], values: &[Vec<String>]) -> Vec<String> {
    let mut wanted = filed.to_vec();
    for indexes in values {
        let is_filed = indexes.iter().any(|index| filed.contains(index));
        if let Some(present) = indexes.first().filter(|p| is_filed && !wanted.contains(p)) {
            wanted.push(present.clone());
        }
    }
    wanted
}

/// What is filed and is the present key's.
fn only_present(filed: &[String], values: &[Vec<String>]) -> Vec<String> {
    let present: Vec<&String> = values
        .iter()
        .filter_map(|indexes| indexes.first())
        .collect();
    let kept = filed.iter().filter(|index| present.contains(index));
    kept.cloned().collect()
}

/// The same for the blocks made for a complaint's persons. An address's index cannot be made anew,
/// because the address is kept nowhere; such a block ends by itself within days.
fn blocks_anew(
    conn: &mut Connection,
    pass: Pass,
    complaint: Id,
    values: &[Vec<String>],
) -> QueryResult<bool> {
    let mut changed = false;
    for (block, keys) in registers::keys_of_blocks(conn, complaint)? {
        let filed: Vec<String> = keys.iter().map(|key| key.key.clone()).collect();
        let of_persons = values.iter().flatten().any(|index| filed.contains(index));
        let wanted = match pass {
            Pass::Add => with_present(&filed, values),
            Pass::Drop if of_persons => only_present(&filed, values),
            Pass::Drop => filed.clone(),
        };
        for key in wanted.iter().filter(|key| !filed.contains(key)) {
            // An index of the same number is proved as the number is.
            let mut same = values.iter().filter(|same| same.contains(key));
            let proven =
                same.any(|same| keys.iter().any(|old| old.proven && same.contains(&old.key)));
            let key = key.clone();
            registers::add_key(conn, block, &Key { key, proven })?;
            changed = true;
        }
        for key in filed.iter().filter(|key| !wanted.contains(key)) {
            registers::drop_key(conn, block, key)?;
            changed = true;
        }
    }
    Ok(changed)
}

/// Brings the next residents' phone indexes under the present key; answers how many changed and
/// where the next batch begins.
///
/// # Errors
/// A fault when the database fails.
pub fn residents(
    conn: &mut Connection,
    keys: &Keys,
    after: Option<Id>,
) -> Result<(u64, Option<Id>), Problem> {
    let mut next = resident::table
        .order(resident::id.asc())
        .limit(RESIDENT_BATCH)
        .select(resident::id)
        .into_boxed();
    if let Some(id) = after {
        next = next.filter(resident::id.gt(id));
    }
    let ids: Vec<Id> = next.load(conn).or_fault("list residents")?;
    let mut changed = 0;
    for id in &ids {
        let indexes = resident_keys(conn, keys, *id)?.concat();
        let Some((present, former)) = indexes.split_first() else {
            continue;
        };
        changed +=
            people::index_resident(conn, *id, former, present).or_fault("index a resident")? as u64;
    }
    Ok((changed, ids.last().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|s| (*s).to_owned()).collect()
    }

    /// While keys change any two rows have an index in common, and nothing unknown is thrown away.
    #[test]
    fn indexes_come_beside_before_they_go() {
        let values = vec![texts(&["p1", "f1"]), texts(&["p2", "f2"])];
        let filed = texts(&["f1", "other"]);
        let both = with_present(&filed, &values);
        assert_eq!(both, texts(&["f1", "other", "p1"]));
        assert_eq!(with_present(&both, &values), both, "once is enough");
        assert_eq!(only_present(&both, &values), texts(&["p1"]));
    }
}
