//! What a complaint's evidence belongs to: itself, and the visits that answer it.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::platform::db::{
    Connection, Id,
    schema::{complaint, verification},
};

/// These complaints and the visits that answer them.
///
/// # Errors
/// What the database answers.
pub fn of_complaints(conn: &mut Connection, complaints: &[Id]) -> QueryResult<Vec<Id>> {
    let visits: Vec<Id> = verification::table
        .filter(verification::complaint_id.eq_any(complaints))
        .select(verification::id)
        .load(conn)?;
    Ok(complaints.iter().copied().chain(visits).collect())
}

/// Numbers of the complaints behind subjects of evidence, by subject. What the abuse list hides is
/// left out.
///
/// # Errors
/// What the database answers.
pub fn numbers_behind(
    conn: &mut Connection,
    subjects: &[Id],
) -> QueryResult<HashMap<Id, Vec<String>>> {
    let own: Vec<(Id, String)> = complaint::table
        .filter(complaint::id.eq_any(subjects))
        .filter(complaint::hidden.eq(false))
        .select((complaint::id, complaint::number))
        .load(conn)?;
    let visited: Vec<(Id, String)> = verification::table
        .inner_join(complaint::table)
        .filter(verification::id.eq_any(subjects))
        .filter(complaint::hidden.eq(false))
        .select((verification::id, complaint::number))
        .load(conn)?;
    let mut numbers: HashMap<Id, Vec<String>> = HashMap::new();
    for (subject, number) in own.into_iter().chain(visited) {
        numbers.entry(subject).or_default().push(number);
    }
    Ok(numbers)
}
