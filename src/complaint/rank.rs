//! A complaint's place in the brigade's queue (domain §3.4).

use chrono::{DateTime, Utc};

use super::queries::RankRow;
use crate::district::urgency::score;
pub use crate::district::urgency::{
    HISTORY_FROM, RankInput, TriageScore, URGENT_BELOW, queue_rank,
};
use crate::district::{Profile, calendar::date_of};

/// The rank of a stored complaint as things stand now.
#[must_use]
pub fn rank_of(
    profile: &Profile,
    row: &RankRow,
    distinct_reporters: i32,
    now: DateTime<Utc>,
) -> i32 {
    queue_rank(profile, &input_of(profile, row, distinct_reporters, now))
}

/// The points of a stored complaint as things stand now. Its rank follows them with the next decision
/// on its matter or at night, so that no page is turned over under the eyes of who reads it.
#[must_use]
pub fn score_of(
    profile: &Profile,
    row: &RankRow,
    distinct_reporters: i32,
    now: DateTime<Utc>,
) -> TriageScore {
    score(profile, &input_of(profile, row, distinct_reporters, now))
}

fn input_of(
    profile: &Profile,
    row: &RankRow,
    distinct_reporters: i32,
    now: DateTime<Utc>,
) -> RankInput {
    RankInput {
        risk: row.risk,
        distinct_reporters,
        rebound: row.link_rule.as_deref() == Some("R6"),
        from_above: profile.is_from_above(&row.channel),
        received_on: date_of(row.received_at.0),
        due_on: row.due_on,
        today: date_of(now),
        history: row.queue_rank >= HISTORY_FROM,
    }
}
