//! Writes made-up complaints, many in one transaction.

use diesel::connection::Connection as _;
use indicatif::ProgressBar;

use super::{
    cases::{Case, Layer, Maker},
    course,
    filler::Filler,
    rows,
};
use crate::platform::db::Connection;

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

/// Writes a layer.
pub(super) fn fill(
    filler: &Filler<'_>,
    conn: &mut Connection,
    layer: &Layer,
) -> anyhow::Result<()> {
    let maker = Maker::new(filler.profile, filler.now);
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
                rows::file(conn, filler, &cases)?;
                course::take(conn, filler, &cases)?;
            }
            Ok(())
        })?;
        bar.inc(until - next);
        next = until;
    }
    bar.finish_and_clear();
    Ok(())
}
