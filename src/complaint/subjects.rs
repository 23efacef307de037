//! What a complaint's evidence belongs to: itself, and the visits that answer it.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::platform::db::{
    Connection, Id,
    schema::{complaint, verification_complaint},
};

/// These complaints and the visits that answer them.
///
/// # Errors
/// What the database answers.
pub fn of_complaints(conn: &mut Connection, complaints: &[Id]) -> QueryResult<Vec<Id>> {
    let visits: Vec<Id> = verification_complaint::table
        .filter(verification_complaint::complaint_id.eq_any(complaints))
        .select(verification_complaint::verification_id)
        .distinct()
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
    let visited: Vec<(Id, String)> = verification_complaint::table
        .inner_join(complaint::table)
        .filter(verification_complaint::verification_id.eq_any(subjects))
        .filter(complaint::hidden.eq(false))
        .select((verification_complaint::verification_id, complaint::number))
        .load(conn)?;
    let mut numbers: HashMap<Id, Vec<String>> = HashMap::new();
    for (subject, number) in own.into_iter().chain(visited) {
        numbers.entry(subject).or_default().push(number);
    }
    Ok(numbers)
}
