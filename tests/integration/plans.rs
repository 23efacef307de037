//! The queries that must stay fast use indexes: their plans name no scan of a growing table.

use dengwen::platform::db::Connection;
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

const QUERIES: [(&str, &str); 4] = [
    (
        "the queue, in its order",
        "SELECT id FROM complaint WHERE in_queue = TRUE ORDER BY queue_rank, due_on, number LIMIT 51",
    ),
    (
        "candidates of a key",
        "SELECT complaint_id FROM match_key WHERE key = 'g:1' ORDER BY complaint_id DESC LIMIT 200",
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

on_both! {
    async fn hot_queries_use_indexes(world) {
        world.db_read(|conn| {
            for (name, sql) in QUERIES {
                let plan = plan(conn, sql);
                let scans = ["SCAN complaint\n", "SCAN match_key\n", "Seq Scan on complaint", "Seq Scan on match_key", "USE TEMP B-TREE", "Sort  ("];
                for scan in scans {
                    assert!(!plan.contains(scan), "{name}:\n{plan}");
                }
            }
        });
    }
}
