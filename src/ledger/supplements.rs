//! What was added to complaints after they were filed, as a complaint's and an entry's page show it.

use diesel::prelude::*;

use crate::platform::{
    crypto::Keys,
    db::{Connection, Id, UtcTime, schema::supplement},
    sealed,
};

/// A supplement as stored.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = supplement)]
#[expect(missing_docs, reason = "columns, named as in the views")]
pub struct SupplementRow {
    pub id: Id,
    pub complaint_id: Id,
    pub text: String,
    pub text_masked: String,
    pub new_facts: bool,
    pub occurred_at: Option<UtcTime>,
    pub created_at: UtcTime,
}

impl SupplementRow {
    /// The words opened, or the masked ones where their key is lost.
    #[must_use]
    pub fn opened(mut self, keys: &Keys) -> Self {
        self.text = sealed::SUPPLEMENT
            .open_text(keys, self.id.0.as_bytes(), self.text)
            .unwrap_or_else(|| self.text_masked.clone());
        self
    }
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
