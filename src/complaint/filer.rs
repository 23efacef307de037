//! Who filed a complaint. They alone are told its tracking code when it comes again: whoever has
//! the code reads what the reporter reads, and withdraws in their name.

use diesel::prelude::*;

use crate::platform::db::{Connection, Id, schema::record};
use crate::record::Actor;

/// Who filed a complaint, as its history has it.
#[derive(Debug, Clone, Queryable)]
pub struct Filer {
    kind: String,
    account: Option<Id>,
}

impl Filer {
    /// Of a complaint; `None` when its history does not say.
    ///
    /// # Errors
    /// What the database answers.
    pub fn of(conn: &mut Connection, complaint: Id) -> QueryResult<Option<Self>> {
        record::table
            .filter(record::subject_id.eq(complaint))
            .filter(record::event.eq("register"))
            .order(record::id.asc())
            .select((record::actor_kind, record::actor_id))
            .first(conn)
            .optional()
    }

    /// Whether the reporter filed it, and nobody for them.
    #[must_use]
    pub fn is_reporter(&self) -> bool {
        self.kind == "reporter"
    }

    /// Whether the software filed it, as what an import takes in.
    #[must_use]
    pub fn is_software(&self) -> bool {
        self.kind == Actor::System.kind()
    }

    /// Whether this account filed it.
    #[must_use]
    pub fn is_account(&self, account: Id) -> bool {
        self.account == Some(account)
    }
}
