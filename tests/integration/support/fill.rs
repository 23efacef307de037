//! Fills a database: what a story left in it, many times over, as rows of their own.

use dengwen::platform::db::Connection;
use diesel::{
    QueryableByName, connection::SimpleConnection, prelude::*, sql_query, sql_types::Text,
};

/// Tables whose rows others belong to; each copy gets an id of its own that the others follow.
const OWNERS: [&str; 7] = [
    "resident",
    "ledger_entry",
    "complaint",
    "verification",
    "reply",
    "premises",
    "sender_block",
];

/// Tables whose rows belong to an owner, with the column that says to which.
const BELONGINGS: [(&str, &str); 29] = [
    ("reporter_wish", "complaint_id"),
    ("filer_key", "complaint_id"),
    ("matter_follow", "entry_id"),
    ("unmasking", "complaint_id"),
    ("complaint_text", "complaint_id"),
    ("complaint_place", "complaint_id"),
    ("complaint_sender", "complaint_id"),
    ("import_row", "complaint_id"),
    ("petitioner", "complaint_id"),
    ("former_petitioner", "complaint_id"),
    ("clock", "subject_id"),
    ("supplement", "complaint_id"),
    ("rating", "complaint_id"),
    ("evidence", "subject_id"),
    ("match_fact", "complaint_id"),
    ("search_item", "complaint_id"),
    ("match_verdict", "complaint_id"),
    ("match_decision", "complaint_id"),
    ("triage_decision", "complaint_id"),
    ("revocable_decision", "complaint_id"),
    ("handover", "complaint_id"),
    ("find", "complaint_id"),
    ("notice", "subject_id"),
    ("verification_event", "verification_id"),
    ("verification_complaint", "verification_id"),
    ("ledger_decision", "entry_id"),
    ("record", "subject_id"),
    ("premises_alias", "premises_id"),
    ("sender_block_key", "block_id"),
];

/// How far apart two copies of a complaint are filed.
const FILED_APART: u32 = 100_000;

/// The tables that grow by [`fill`].
pub fn grown() -> impl Iterator<Item = &'static str> {
    let belongings = BELONGINGS.map(|(table, _)| table);
    OWNERS
        .into_iter()
        .chain(belongings)
        .chain(["match_key", "search_term", "search_block"])
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

fn columns(conn: &mut Connection, table: &str) -> Vec<String> {
    let query = match conn {
        Connection::Sqlite(_) => format!("SELECT name FROM pragma_table_info('{table}')"),
        Connection::Postgres(_) => format!(
            "SELECT column_name::text AS name FROM information_schema.columns \
             WHERE table_schema = 'public' AND table_name = '{table}'"
        ),
    };
    let names: Vec<Name> = sql_query(query).load(conn).unwrap();
    names.into_iter().map(|n| n.name).collect()
}

/// Makes `times` copies of every owner and of all that belongs to it, and tells the database.
pub fn fill(conn: &mut Connection, times: u32) {
    let new_id = match conn {
        Connection::Sqlite(_) => "randomblob(16)",
        Connection::Postgres(_) => "gen_random_uuid()",
    };
    let mut script = "CREATE TEMP TABLE copies AS \
        SELECT id AS old, id AS new, 0 AS n FROM complaint WHERE 1 = 0;\n"
        .to_owned();
    for owner in OWNERS {
        script += &format!(
            "INSERT INTO copies SELECT id, {new_id}, n FROM {owner} CROSS JOIN \
             (WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {times}) \
              SELECT n FROM numbers) AS numbers;\n"
        );
    }
    script += "CREATE INDEX copies_idx ON copies (old, n);\n";
    let owners = OWNERS.map(|owner| (owner, "id"));
    for (table, key) in owners.into_iter().chain(BELONGINGS) {
        let columns = columns(conn, table);
        let values: Vec<String> = columns
            .iter()
            .map(|column| copied(table, column, new_id))
            .collect();
        script += &format!(
            "INSERT INTO {table} (\"{}\") SELECT {} FROM {table} AS t JOIN copies AS own ON own.old = t.{key};\n",
            columns.join("\", \""),
            values.join(", ")
        );
    }
    // Keys belong to the number a complaint is filed under.
    script += &format!(
        "INSERT INTO match_key (key, seq) SELECT key + n, seq + n * {FILED_APART} FROM match_key CROSS JOIN \
         (WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {times}) \
          SELECT n FROM numbers) AS numbers;\n"
    );
    // So do terms, of which each has complaints of its own and blocks.
    script += &format!(
        "INSERT INTO search_term (term, seq) SELECT term + n, seq + n * {FILED_APART} FROM search_term CROSS JOIN \
         (WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {times}) \
          SELECT n FROM numbers) AS numbers;\n\
         INSERT INTO search_block (term, block, items) SELECT DISTINCT term, seq / 4096, items FROM search_term \
         CROSS JOIN (SELECT data AS items FROM match_fact LIMIT 1) AS bytes WHERE TRUE ON CONFLICT DO NOTHING;\n"
    );
    script += "DROP TABLE copies;";
    // Nobody analyses an embedded database, so its plans must be good without.
    if matches!(conn, Connection::Postgres(_)) {
        script += "ANALYZE;";
    }
    conn.batch_execute(&script).unwrap();
}

/// What one copy of fifty holds, and what the others do.
fn of_few(few: &str, others: &str) -> String {
    format!("CASE WHEN own.n % 50 = 0 THEN {few} ELSE {others} END")
}

/// What a column holds in a copy.
fn copied(table: &str, column: &str, new_id: &str) -> String {
    match column {
        "id" if OWNERS.contains(&table) => "own.new".to_owned(),
        "id" => new_id.to_owned(),
        "phone_key" if table == "resident" => "t.phone_key || '-' || own.n".to_owned(),
        // A resident follows few of all that is followed.
        "resident_id" if table == "matter_follow" => {
            "COALESCE((SELECT c.new FROM copies c WHERE c.old = t.resident_id AND c.n = own.n), t.resident_id)".to_owned()
        }
        "entry_id" | "complaint_id" | "verification_id" | "reply_id" | "subject_id"
        | "premises_id" | "block_id" => format!(
            "COALESCE((SELECT c.new FROM copies c WHERE c.old = t.{column} AND c.n = own.n), t.{column})"
        ),
        "number" | "tracking_code" | "external_no" | "client_id" | "sha256" | "name_key"
        | "licence" | "uscc" | "public_code" | "row_key" => {
            format!("t.{column} || '-' || own.n")
        }
        // Many premises are called alike, a person is blocked more than once and files more than once.
        "key" if matches!(table, "premises_alias" | "sender_block_key" | "filer_key") => {
            "t.key || '-' || (own.n / 4)".to_owned()
        }
        // A district withdraws few, and has many of each kind.
        "withdrawn" => "t.withdrawn OR own.n % 50 = 0".to_owned(),
        "kind" if table == "premises" => {
            "CASE WHEN own.n % 8 = 0 THEN t.kind ELSE 'other' END".to_owned()
        }
        "seq" => format!("t.seq + own.n * {FILED_APART}"),
        // A district has ten streets or so.
        "street_code" => "'3501020' || (10 + own.n % 10)".to_owned(),
        // A district has some dozens of units.
        "unit_code" => "t.unit_code || '-' || (own.n % 40)".to_owned(),
        // A street has grids, and an officer made few of all visits.
        "grid_code" => "t.grid_code || '-' || (own.n % 250)".to_owned(),
        "officer_id" if table == "verification" => {
            "CASE WHEN own.n % 150 = 0 THEN t.officer_id END".to_owned()
        }
        // Of what a district ever received, little still waits.
        "in_queue" => "t.in_queue AND (own.n % 50 = 0)".to_owned(),
        "state" if table == "complaint" => of_few("t.state", "'closed'"),
        "closed_at" if table == "complaint" => of_few("t.closed_at", "t.updated_at"),
        "owed" => of_few("t.owed", "FALSE"),
        "state" if table == "verification" => of_few("t.state", "'passed'"),
        "untold_since" => of_few("t.untold_since", "NULL"),
        "queue_rank" => "t.queue_rank + own.n".to_owned(),
        _ => format!("t.\"{column}\""),
    }
}
