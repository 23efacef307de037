//! What made-up rows are written with: who works in the district, its profile and keys, and the statement.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::cases::Case;
use crate::district::Profile;
use crate::platform::{crypto::Keys, db::Id};

/// Inserts rows, if there are any.
macro_rules! put {
    ($conn:expr, $table:ident, $rows:expr) => {{
        let rows: Vec<_> = $rows.collect();
        if !rows.is_empty() {
            $crate::on_each!($conn, |c| diesel::insert_into($table::table)
                .values(rows)
                .execute(c))?;
        }
        anyhow::Ok(())
    }};
}
pub(super) use put;

/// Those who work in the made-up district.
pub(super) struct Workers {
    pub(super) brigade: Vec<Id>,
    /// Officers, by their grids.
    pub(super) officers: HashMap<String, Vec<Id>>,
}

/// What rows are made with.
pub(super) struct Filler<'a> {
    pub(super) profile: &'a Profile,
    pub(super) keys: &'a Keys,
    pub(super) workers: &'a Workers,
    pub(super) now: DateTime<Utc>,
}

impl Filler<'_> {
    /// Who of the brigade deals with a complaint.
    pub(super) fn clerk(&self, case: &Case) -> Id {
        one_of(&self.workers.brigade, case.n).unwrap_or(case.id)
    }

    /// The officer who is sent to a complaint; nobody where its grid has none.
    pub(super) fn officer(&self, case: &Case) -> Option<Id> {
        one_of(self.workers.officers.get(&case.matter.grid)?, case.n)
    }
}

fn one_of(ids: &[Id], n: u64) -> Option<Id> {
    let count = u64::try_from(ids.len()).ok().filter(|count| *count > 0)?;
    // Numbers next to each other are of one matter, and go to one of them.
    ids.get(usize::try_from((n / 10) % count).ok()?).copied()
}
