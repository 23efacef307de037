//! What benchmarks that fill a database share: made-up words, fast writing, a database at rest, and
//! how long things took.

use anyhow::Context as _;
use chrono::Utc;
use diesel::{
    connection::SimpleConnection as _,
    prelude::*,
    sql_query,
    sql_types::{BigInt, Text},
};

use crate::linkage::eval::Draw;
use crate::platform::db::Connection;

/// Variables of one SQLite statement at most.
pub(super) const VARIABLES_MAX: usize = 32_000;

/// Roads of the made-up city.
pub(super) const ROADS: [&str; 8] = [
    "华林",
    "五四",
    "八一七",
    "杨桥",
    "工业",
    "湖东",
    "古田",
    "西洪",
];

const WORDS: [&str; 24] = [
    "楼下烧烤",
    "油烟直排",
    "夜间施工",
    "噪声扰民",
    "河水发黑",
    "垃圾堆放",
    "污水直排",
    "臭味难闻",
    "无法开窗",
    "影响休息",
    "多次反映",
    "无人处理",
    "希望尽快",
    "依法查处",
    "空调外机",
    "广场舞曲",
    "冷却塔响",
    "扬尘很大",
    "渣土撒漏",
    "灯光刺眼",
    "喷漆气味",
    "焚烧秸秆",
    "雨污混接",
    "餐饮隔油",
];

/// What a complaint says, in six pieces.
pub(super) fn words(draw: &mut Draw) -> String {
    (0..6)
        .map(|_| {
            WORDS
                .get(draw.below(WORDS.len()))
                .copied()
                .unwrap_or_default()
        })
        .collect()
}

/// A name for what one run makes, that no other has.
pub(super) fn name_of_run(what: &str) -> String {
    format!("bench-{what}-{}", Utc::now().format("%Y%m%d-%H%M%S%3f"))
}

/// How long each of many alike things took, in milliseconds.
#[derive(Debug, Default)]
pub(super) struct Times(Vec<f64>);

impl Times {
    pub(super) fn add(&mut self, took: std::time::Duration) {
        self.0.push(took.as_secs_f64() * 1e3);
    }

    pub(super) fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// The time that this share of all stay below.
    pub(super) fn at(&mut self, share: f64) -> f64 {
        self.0.sort_by(f64::total_cmp);
        let at = (self.0.len() as f64 * share) as usize;
        let last = self.0.len().saturating_sub(1);
        self.0.get(at.min(last)).copied().unwrap_or_default()
    }
}

#[derive(QueryableByName)]
struct Index {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    made_by: String,
}

/// Drops the indexes of tables but for those of their ids, and answers the statements that make them
/// again: an index is made of a full table faster than row by row.
pub(super) fn set_indexes_aside(
    conn: &mut Connection,
    tables: &[&str],
) -> anyhow::Result<Vec<String>> {
    let list = match conn {
        Connection::Sqlite(_) => {
            "SELECT name, sql AS made_by FROM sqlite_master \
             WHERE type = 'index' AND sql IS NOT NULL AND tbl_name = "
        }
        Connection::Postgres(_) => {
            "SELECT indexname::text AS name, indexdef AS made_by FROM pg_indexes \
             WHERE schemaname = current_schema() AND indexname <> tablename || '_pkey' AND tablename = "
        }
    };
    let mut made_by = Vec::new();
    for table in tables {
        let found: Vec<Index> = sql_query(format!("{list}'{table}'")).load(conn)?;
        for index in found {
            conn.batch_execute(&format!("DROP INDEX \"{}\"", index.name))?;
            made_by.push(index.made_by);
        }
    }
    Ok(made_by)
}

/// Makes indexes again that were set aside.
pub(super) fn put_indexes_back(conn: &mut Connection, made_by: &[String]) -> anyhow::Result<()> {
    for statement in made_by {
        conn.batch_execute(statement)
            .with_context(|| statement.clone())?;
    }
    Ok(())
}

/// While it is filled the database need not survive a power cut, and may take more memory; when it
/// is asked it works as in service.
pub(super) fn fill_fast(conn: &mut Connection, fast: bool) -> anyhow::Result<()> {
    let settings = match (&conn, fast) {
        (Connection::Sqlite(_), true) => "PRAGMA synchronous = OFF; PRAGMA cache_size = -2000000",
        (Connection::Sqlite(_), false) => "PRAGMA synchronous = FULL; PRAGMA cache_size = -16000",
        (Connection::Postgres(_), true) => {
            "SET statement_timeout = 0; SET synchronous_commit = off; SET maintenance_work_mem = '512MB'"
        }
        (Connection::Postgres(_), false) => {
            "SET synchronous_commit = on; RESET maintenance_work_mem"
        }
    };
    Ok(conn.batch_execute(settings)?)
}

/// Brings the database to rest: what was written is in its place, and PostgreSQL knows how much there is,
/// as it does by itself in service, in these tables, or in all where none is named. An embedded database is
/// never analysed, and so it is not here.
pub(super) fn settle(conn: &mut Connection, tables: &[&str]) -> anyhow::Result<()> {
    match conn {
        Connection::Sqlite(c) => c.batch_execute("PRAGMA wal_checkpoint(TRUNCATE)")?,
        Connection::Postgres(c) => {
            if tables.is_empty() {
                c.batch_execute("VACUUM ANALYZE")?;
            }
            // Each on its own: several statements in one go are a transaction, and VACUUM wants none.
            for table in tables {
                c.batch_execute(&format!("VACUUM ANALYZE {table}"))?;
            }
            c.batch_execute("CHECKPOINT")?;
        }
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Bytes {
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

/// What the database takes on the disk, in millions of bytes.
pub(super) fn megabytes(conn: &mut Connection) -> anyhow::Result<f64> {
    let size = match conn {
        Connection::Sqlite(_) => {
            "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()"
        }
        Connection::Postgres(_) => "SELECT pg_database_size(current_database()) AS bytes",
    };
    let size: Bytes = sql_query(size).get_result(conn)?;
    Ok(size.bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_told_by_their_shares() {
        let mut times = Times::default();
        assert!(times.at(0.5).abs() < f64::EPSILON);
        for n in (1..=200).rev() {
            times.add(Duration::from_millis(n));
        }
        assert!((times.at(0.5) - 101.0).abs() < f64::EPSILON);
        assert!((times.at(0.99) - 199.0).abs() < f64::EPSILON);
        assert!((times.at(1.0) - 200.0).abs() < f64::EPSILON);
    }
}
