//! The queries that must stay fast use indexes: their plans name no scan of a growing table.

use dengwen::{matching::queries::FILED_UNDER, platform::db::Connection};
use diesel::{
    QueryableByName, RunQueryDsl, connection::SimpleConnection, sql_query, sql_types::Text,
};

#[derive(QueryableByName)]
struct Detail {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct Plan {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    line: String,
}

/// The plan of a query; PostgreSQL is told not to scan, so that a small table's plan is that of a
/// large one.
fn plan(conn: &mut Connection, sql: &str) -> String {
    match conn {
        Connection::Sqlite(c) => {
            let lines: Vec<Detail> = sql_query(format!("EXPLAIN QUERY PLAN {sql}"))
                .load(c)
                .unwrap();
            lines.into_iter().map(|l| l.detail + "\n").collect()
        }
        Connection::Postgres(c) => {
            c.batch_execute(
                "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_sort = off",
            )
            .unwrap();
            let lines: Vec<Plan> = sql_query(format!("EXPLAIN {sql}")).load(c).unwrap();
            lines.into_iter().map(|l| l.line + "\n").collect()
        }
    }
}

const QUERIES: [(&str, &str); 5] = [
    (
        "the queue, in its order",
        "SELECT id FROM complaint WHERE in_queue = TRUE ORDER BY queue_rank, due_on, number LIMIT 51",
    ),
    (
        "candidates of a key",
        "SELECT complaint_id FROM match_key WHERE key = 7 ORDER BY complaint_id DESC LIMIT 120",
    ),
    (
        "facts of candidates",
        "SELECT data FROM match_fact WHERE complaint_id IN (SELECT complaint_id FROM match_key WHERE key = 7)",
    ),
    (
        "a tracking code",
        "SELECT id FROM complaint WHERE tracking_code = 'ABC'",
    ),
    (
        "an entry's complaints",
        "SELECT id FROM complaint WHERE entry_id = (SELECT id FROM ledger_entry LIMIT 1)",
    ),
];

/// What a plan says when it reads a growing table from end to end, or sorts.
const SCANS: [&str; 8] = [
    "SCAN complaint\n",
    "SCAN match_key\n",
    "SCAN match_fact\n",
    "Seq Scan on complaint",
    "Seq Scan on match_key",
    "Seq Scan on match_fact",
    "USE TEMP B-TREE",
    "Sort  (",
];

on_both! {
    async fn hot_queries_use_indexes(world) {
        world.db_read(|conn| {
            for (name, sql) in QUERIES {
                let plan = plan(conn, sql);
                for scan in SCANS {
                    assert!(!plan.contains(scan), "{name}:\n{plan}");
                }
            }
            if matches!(conn, Connection::Postgres(_)) {
                let all_keys = FILED_UNDER
                    .replace("unnest($1, $2)", "unnest(ARRAY[7, 8]::bigint[], ARRAY[true, false])")
                    .replace("$3", "120");
                let plan = plan(conn, &all_keys);
                assert!(plan.contains("Index Only Scan Backward using match_key_pkey"), "{plan}");
            }
        });
    }
}
