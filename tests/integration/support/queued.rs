//! Jobs as they lie in the table: also such as no type of this release would write.

use chrono::{DateTime, Utc};
use dengwen::platform::db::{Connection, Id, JsonValue, UtcTime, schema::job};
use diesel::prelude::*;
use serde_json::Value;

/// Queues a job of any name that is told anything.
pub fn enqueue(
    conn: &mut Connection,
    kind: &str,
    payload: Value,
    due: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<usize> {
    diesel::insert_into(job::table)
        .values((
            job::id.eq(Id::new()),
            job::kind.eq(kind),
            job::payload.eq(JsonValue(payload)),
            job::run_at.eq(UtcTime(due)),
            job::attempts.eq(0),
            job::created_at.eq(UtcTime(now)),
        ))
        .execute(conn)
}
