//! Those who petition, as they are stored.

use std::collections::HashMap;

use diesel::prelude::*;

use super::people::{Petitioner, principals};
use crate::platform::db::{
    Connection, Id, JsonValue,
    schema::{complaint, petitioner},
};

/// Blind indexes of the persons of each complaint; an agent's are none of them.
///
/// # Errors
/// What the database answers.
pub fn persons_of(conn: &mut Connection, ids: &[Id]) -> QueryResult<HashMap<Id, Vec<String>>> {
    let petitioners = petitioners_of(conn, ids)?.into_iter();
    let keys = |petitioner: Petitioner| petitioner.keys;
    Ok(petitioners
        .map(|(id, petitioners)| (id, petitioners.into_iter().flat_map(keys).collect()))
        .collect())
}

/// Those who petition in each complaint that somebody signed, in their order.
///
/// # Errors
/// What the database answers.
pub fn petitioners_of(
    conn: &mut Connection,
    ids: &[Id],
) -> QueryResult<HashMap<Id, Vec<Petitioner>>> {
    let rows: Vec<NamedRow> = petitioner::table
        .inner_join(complaint::table)
        .filter(petitioner::complaint_id.eq_any(ids))
        .filter(complaint::anonymous.eq(false))
        .order((petitioner::complaint_id, petitioner::position))
        .select(NamedRow::as_select())
        .load(conn)?;
    Ok(by_complaint(rows))
}

/// The same for an entry's complaints. By join and not by a list of ids, which an entry with very many
/// complaints would make too long.
///
/// # Errors
/// What the database answers.
pub fn petitioners_of_entry(
    conn: &mut Connection,
    entry: Id,
) -> QueryResult<HashMap<Id, Vec<Petitioner>>> {
    let rows: Vec<NamedRow> = petitioner::table
        .inner_join(complaint::table)
        .filter(complaint::entry_id.eq(entry))
        .filter(complaint::anonymous.eq(false))
        .order((petitioner::complaint_id, petitioner::position))
        .select(NamedRow::as_select())
        .load(conn)?;
    Ok(by_complaint(rows))
}

/// Somebody named on a complaint.
#[derive(Queryable, Selectable)]
#[diesel(table_name = petitioner)]
struct NamedRow {
    complaint_id: Id,
    kind: String,
    person_keys: JsonValue,
    name_key: Option<String>,
}

fn by_complaint(rows: Vec<NamedRow>) -> HashMap<Id, Vec<Petitioner>> {
    let mut named: HashMap<Id, Vec<NamedRow>> = HashMap::new();
    for row in rows {
        named.entry(row.complaint_id).or_default().push(row);
    }
    let petitioner = |row: NamedRow| Petitioner {
        keys: serde_json::from_value(row.person_keys.0).unwrap_or_default(),
        name: row.name_key,
    };
    let each = named.into_iter().map(|(id, rows)| {
        let principals = principals(rows, |row| row.kind.as_str()).into_iter();
        (id, principals.map(petitioner).collect())
    });
    each.collect()
}
