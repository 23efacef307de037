//! Writes made-up complaints, many in one transaction.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::connection::Connection as _;
use indicatif::ProgressBar;

use super::{
    cases::{Case, Layer, Maker},
    course, rows,
};
use crate::district::Profile;
use crate::platform::{
    crypto::Keys,
    db::{Connection, Id},
};

/// What is filled.
pub(super) const TABLES: [&str; 17] = [
    "ledger_entry",
    "complaint",
    "complaint_text",
    "complaint_place",
    "complaint_unread",
    "petitioner",
    "match_verdict",
    "clock",
    "triage_decision",
    "reply",
    "rating",
    "verification",
    "verification_complaint",
    "verification_event",
    "handover",
    "evidence",
    "record",
];

/// Complaints written in one transaction, and in one statement.
const BATCH: u64 = 20_000;
const AT_ONCE: usize = 300;

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

    /// Writes a layer.
    pub(super) fn fill(&self, conn: &mut Connection, layer: &Layer) -> anyhow::Result<()> {
        let maker = Maker::new(self.profile, self.now);
        let end = layer.waiting.end;
        let mut next = layer.dealt_with.start;
        let bar = ProgressBar::new(end - next);
        while next < end {
            let until = end.min(next + BATCH);
            conn.transaction(|conn| -> anyhow::Result<()> {
                let numbers: Vec<u64> = (next..until).collect();
                for numbers in numbers.chunks(AT_ONCE) {
                    let cases = numbers.iter().map(|n| maker.case(layer, *n));
                    let cases: Vec<Case> = cases.collect();
                    rows::file(conn, self, &cases)?;
                    course::take(conn, self, &cases)?;
                }
                Ok(())
            })?;
            bar.inc(until - next);
            next = until;
        }
        bar.finish_and_clear();
        Ok(())
    }
}

fn one_of(ids: &[Id], n: u64) -> Option<Id> {
    let count = u64::try_from(ids.len()).ok().filter(|count| *count > 0)?;
    // Numbers next to each other are of one matter, and go to one of them.
    ids.get(usize::try_from((n / 10) % count).ok()?).copied()
}
