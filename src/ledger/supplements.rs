//! What was added to complaints after they were filed, as a complaint's and an entry's page show it.

use diesel::prelude::*;

use crate::platform::db::{Connection, Id, UtcTime, schema::supplement};

/// A supplement as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = supplement)]
#[expect(missing_docs, reason = "columns, named as in the views")]
pub struct SupplementRow {
    pub complaint_id: Id,
    pub text: String,
    pub text_masked: String,
    pub new_facts: bool,
    pub occurred_at: Option<UtcTime>,
    pub created_at: UtcTime,
}

/// The supplements of complaints, oldest first.
///
/// # Errors
/// What the database answers.
pub fn of(conn: &mut Connection, ids: &[Id]) -> QueryResult<Vec<SupplementRow>> {
    supplement::table
        .filter(supplement::complaint_id.eq_any(ids))
        .order(supplement::id.asc())
        .select(SupplementRow::as_select())
        .load(conn)
}
