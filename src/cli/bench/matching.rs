//! `dengwen bench match`: candidates, scoring and verdict for a new complaint, at growing sizes.
//!
//! Complaints are made up from a seed with the skew of real ones: a few addresses that everybody
//! complains of, copy-paste campaigns, seasons, categories of very different frequency, the same
//! people coming back. They are written to a database of their own, beside which nothing else
//! runs, and then new ones are judged without being stored.

use std::{path::Path, time::Instant};

use anyhow::Context as _;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use clap::Args;
use diesel::{
    connection::Connection as _,
    prelude::*,
    sql_query,
    sql_types::{Array, BigInt},
};
use indicatif::ProgressBar;
use serde_json::json;
use uuid::Uuid;

use super::filling::{
    ROADS, Times, VARIABLES_MAX, fill_fast, megabytes, name_of_run, set_indexes_aside, settle,
    words,
};
use crate::config::{Mode, Settings};
use crate::district::Profile;
use crate::geo::Point;
use crate::linkage::{Place, Report, eval::Draw, keys, stored};
use crate::matching::{candidates, facts::Known, queries};
use crate::on_each;
use crate::platform::db::{
    self, Connection, Database, DatabaseUrl, Id, JsonValue, Patience, UtcTime,
    schema::{complaint, ledger_entry, match_fact, match_key},
};

/// Complaints written in one transaction.
const BATCH: u64 = 50_000;

/// Keys written at once.
const KEYS_AT_ONCE: usize = 500_000;

/// Seconds between two complaints: some 300,000 a year, a large city.
const PACE_S: i64 = 105;

/// Addresses that draw a share of all complaints, the first ones most.
const HOT_ADDRESSES: u64 = 2_000;

/// Degrees of longitude and latitude the made-up city spans from its corner.
const CORNER: Point = Point {
    lon: 119.10,
    lat: 25.90,
};
const SPAN: f64 = 0.40;

/// What is filled.
const TABLES: [&str; 3] = ["match_key", "match_fact", "complaint"];

/// Number of the entry that holds all made-up complaints.
const ENTRY: &str = "BENCH";

/// What to measure.
#[derive(Debug, Args)]
#[group(skip)]
pub struct Options {
    /// Sizes, such as 1e4,1e5,1e6
    #[arg(long, value_delimiter = ',', default_value = "1e4,1e5")]
    sizes: Vec<f64>,
    /// A database of its own, to be filled or already filled by this; a new SQLite file unless given
    #[arg(long, value_name = "URL")]
    database: Option<DatabaseUrl>,
    /// New complaints judged at each size
    #[arg(long, default_value_t = 1000)]
    queries: u64,
}

pub(super) fn run(settings: &Settings, options: &Options) -> anyhow::Result<()> {
    anyhow::ensure!(
        settings.mode == Mode::Development,
        "the benchmark does not run in production"
    );
    let folder = Path::new(&settings.data_dir).join(name_of_run("match"));
    let url = match &options.database {
        Some(url) => url.clone(),
        None => format!("sqlite://{}", folder.join("dengwen.db").display()).parse()?,
    };
    let result = measure(&url, options);
    if options.database.is_none() {
        std::fs::remove_dir_all(&folder)?;
    }
    result
}

fn measure(url: &DatabaseUrl, options: &Options) -> anyhow::Result<()> {
    let database = Database::open(url, 2, Patience::Work)?;
    let mut conn = database.blocking().map_err(crate::cli::operator_error)?;
    db::migrate(&mut conn)?;
    let profile = Profile::embedded()?;
    let (entry, mut written) = resume(&mut conn)?;
    let maker = Maker::new(&profile);
    tell!("complaints   median ms   p99 ms   keys   rows by key   candidates   database MB")?;
    for size in &options.sizes {
        let size = *size as u64;
        let bar = ProgressBar::new(size.saturating_sub(written));
        fill_fast(&mut conn, true)?;
        let mut filed: Vec<(i64, i64)> = Vec::new();
        while written < size {
            let until = size.min(written + BATCH);
            filed.extend(write(&mut conn, &maker, entry, written..until)?);
            bar.inc(until - written);
            written = until;
        }
        file(&mut conn, filed)?;
        bar.finish_and_clear();
        fill_fast(&mut conn, false)?;
        settle(&mut conn, &TABLES)?;
        judge(&mut conn, &profile, &maker, written, options.queries)?;
    }
    Ok(())
}

/// Begins in an empty database, or goes on in one that this benchmark began to fill.
fn resume(conn: &mut Connection) -> anyhow::Result<(Id, u64)> {
    let there: i64 = complaint::table.count().get_result(conn)?;
    if there == 0 {
        // Matching reads complaints by id alone; their other indexes would only slow the filling down.
        set_indexes_aside(conn, &["complaint"])?;
        return Ok((insert_entry(conn)?, 0));
    }
    let entry: Option<Id> = ledger_entry::table
        .filter(ledger_entry::number.eq(ENTRY))
        .select(ledger_entry::id)
        .first(conn)
        .optional()?;
    let entry = entry.with_context(|| {
        format!("the database holds {there} complaints of somebody else's; give an empty one")
    })?;
    Ok((entry, there.unsigned_abs()))
}

/// Judges new complaints and prints what it took.
fn judge(
    conn: &mut Connection,
    profile: &Profile,
    maker: &Maker<'_>,
    written: u64,
    queries_asked: u64,
) -> anyhow::Result<()> {
    let mut times = Times::default();
    let (mut keys_asked, mut rows, mut answering) = (0, 0, 0);
    // A step that shares no factor with the seeds, so that all kinds of complaints are asked.
    for n in 0..queries_asked {
        let report = maker.report(written + 1 + n * 7);
        let began = Instant::now();
        // In a transaction, as at the intake.
        let verdict = conn.transaction(|conn| {
            queries::verdict_for(conn, &report, profile)
                .map_err(|p| anyhow::anyhow!("{}", p.internal().unwrap_or_default()))
        })?;
        times.add(began.elapsed());
        std::hint::black_box(verdict);
        let asked = keys::looked_for(&report, crate::matching::radius_m(profile, &report), false);
        keys_asked += asked.len();
        rows += candidates::filed_under(conn, &asked)?.rows();
        answering += candidates::candidates_of(conn, &report, profile)?.len();
    }
    let mean = |sum: usize| sum as f64 / queries_asked.max(1) as f64;
    tell!(
        "{written:>10}   {:>9.2}   {:>6.2}   {:>4.0}   {:>11.0}   {:>10.0}   {:>11.0}",
        times.at(0.5),
        times.at(0.99),
        mean(keys_asked),
        mean(rows),
        mean(answering),
        megabytes(conn)?
    )
}

/// Makes complaints up; the same number makes the same complaint.
struct Maker<'a> {
    categories: Vec<(&'a str, &'a str)>,
    begin: DateTime<Utc>,
}

impl<'a> Maker<'a> {
    fn new(profile: &'a Profile) -> Self {
        let categories = profile.categories.iter();
        Self {
            categories: categories
                .map(|c| (c.code.as_str(), c.coarse.as_str()))
                .collect(),
            begin: DateTime::UNIX_EPOCH + TimeDelta::days(10_000),
        }
    }

    fn report(&self, n: u64) -> Report {
        let mut draw = Draw(n.wrapping_mul(0x9e37_79b9));
        let received_at = self.received_at(n);
        // Few categories are most of the complaints.
        let skewed = draw.share().powi(2) * self.categories.len() as f64;
        let (category, coarse) = self
            .categories
            .get(skewed as usize)
            .copied()
            .unwrap_or(("air.odour", "air"));
        let hot = draw.share() < 0.3;
        // The share of an address falls with the cube: the first draws a twelfth of the hot ones.
        let address = (draw.share().powi(3) * HOT_ADDRESSES as f64) as u64;
        let point = if hot {
            let mut of = Draw(address);
            scatter(&mut of)
        } else {
            scatter(&mut draw)
        };
        let street = format!(
            "{}路{}号",
            ROADS
                .get((draw.next_number() % 8) as usize)
                .unwrap_or(&"华林"),
            draw.below(300)
        );
        let campaign = (n / 200).is_multiple_of(100);
        let description = if campaign {
            format!(
                "第{}批：我们是附近居民，强烈要求立即取缔扰民污染源，还我们一个安静清洁的家园。",
                n / 20_000
            )
        } else {
            words(&mut draw)
        };
        let person = (draw.share() < 0.7)
            .then(|| format!("person {}", (draw.share().powi(2) * 200_000.0) as u64));
        Known {
            id: Uuid::from_u128(u128::from(n) << 80 | 0x7000_8000_0000_0000_0000),
            channel: if draw.share() < 0.6 {
                "app"
            } else {
                "hotline_12345"
            },
            persons: person.into_iter().collect(),
            place: (draw.share() < 0.9).then_some(Place {
                point,
                accuracy_m: Some(20.0),
            }),
            address: hot.then_some(street.as_str()),
            description: &description,
            category,
            coarse,
            received_at,
            ..Known::default()
        }
        .report()
    }

    /// Twice as many in summer as in winter.
    fn received_at(&self, n: u64) -> DateTime<Utc> {
        let seconds = i64::try_from(n).unwrap_or(i64::MAX).saturating_mul(PACE_S);
        let year = 365.25 * 86_400.0;
        let phase = seconds as f64 / year * std::f64::consts::TAU;
        let season = (phase.sin() * year / 19.0) as i64;
        self.begin + TimeDelta::seconds(seconds.saturating_add(season))
    }
}

fn scatter(draw: &mut Draw) -> Point {
    Point {
        lon: CORNER.lon + SPAN * draw.share(),
        lat: CORNER.lat + SPAN * draw.share(),
    }
}

/// Writes complaints and their facts; answers the keys they are filed under.
fn write(
    conn: &mut Connection,
    maker: &Maker<'_>,
    entry: Id,
    numbers: std::ops::Range<u64>,
) -> anyhow::Result<Vec<(i64, i64)>> {
    let day = NaiveDate::from_ymd_opt(2026, 1, 1).context("a day")?;
    conn.transaction(|conn| -> anyhow::Result<Vec<(i64, i64)>> {
        let mut filed = Vec::new();
        for chunk in numbers.collect::<Vec<_>>().chunks(250) {
            let reports: Vec<(u64, Report)> =
                chunk.iter().map(|n| (*n, maker.report(*n))).collect();
            let complaints: Vec<_> = reports
                .iter()
                .map(|(n, report)| {
                    (
                        (
                            complaint::id.eq(Id(report.id)),
                            complaint::number.eq(format!("B{n}")),
                            complaint::tracking_code.eq(format!("B{n}")),
                            complaint::channel.eq(report.channel.to_string()),
                            complaint::discovery_mode.eq("public"),
                            complaint::category.eq(report.category.to_string()),
                            complaint::coarse.eq(report.coarse.to_string()),
                            complaint::state.eq("closed"),
                            complaint::entry_id.eq(entry),
                            complaint::link.eq("own"),
                            complaint::anonymous.eq(report.persons.is_empty()),
                        ),
                        (
                            complaint::person_count.eq(1),
                            complaint::hidden.eq(false),
                            complaint::risk.eq(0),
                            complaint::flags.eq(JsonValue(json!({}))),
                            complaint::due_on.eq(day),
                            complaint::in_queue.eq(false),
                            complaint::queue_rank.eq(0),
                            complaint::received_at.eq(UtcTime(report.received_at)),
                            complaint::closed_at
                                .eq(UtcTime(report.received_at + TimeDelta::days(20))),
                            complaint::version.eq(1),
                            complaint::updated_at.eq(UtcTime(report.received_at)),
                        ),
                    )
                })
                .collect();
            let mut facts = Vec::new();
            for (n, report) in &reports {
                let seq = i64::try_from(*n)? + 1;
                let keys = keys::filed_under(report);
                facts.push((
                    match_fact::seq.eq(seq),
                    match_fact::complaint_id.eq(Id(report.id)),
                    match_fact::data.eq(stored::encode(report)?),
                    match_fact::keys.eq(stored::encode_keys(&keys)),
                ));
                filed.extend(keys.into_iter().map(|key| (key, seq)));
            }
            on_each!(conn, |c| diesel::insert_into(complaint::table)
                .values(complaints)
                .execute(c))?;
            on_each!(conn, |c| diesel::insert_into(match_fact::table)
                .values(facts)
                .execute(c))?;
        }
        Ok(filed)
    })
}

/// Files complaints under their keys, in the order of the keys: a large index is written once from
/// front to back instead of a page here and a page there.
fn file(conn: &mut Connection, mut filed: Vec<(i64, i64)>) -> anyhow::Result<()> {
    filed.sort_unstable();
    for part in filed.chunks(KEYS_AT_ONCE) {
        match conn {
            Connection::Postgres(c) => {
                let (keys, seqs): (Vec<i64>, Vec<i64>) = part.iter().copied().unzip();
                sql_query("INSERT INTO match_key SELECT * FROM unnest($1, $2)")
                    .bind::<Array<BigInt>, _>(keys)
                    .bind::<Array<BigInt>, _>(seqs)
                    .execute(c)?;
            }
            Connection::Sqlite(c) => {
                c.transaction(|c| {
                    for rows in part.chunks(VARIABLES_MAX / 2) {
                        let rows: Vec<_> = rows
                            .iter()
                            .map(|(key, seq)| (match_key::key.eq(key), match_key::seq.eq(seq)))
                            .collect();
                        diesel::insert_into(match_key::table)
                            .values(rows)
                            .execute(c)?;
                    }
                    QueryResult::Ok(())
                })?;
            }
        }
    }
    Ok(())
}

fn insert_entry(conn: &mut Connection) -> anyhow::Result<Id> {
    let id = Id::new();
    let now = UtcTime(Utc::now());
    diesel::insert_into(ledger_entry::table)
        .values((
            (
                ledger_entry::id.eq(id),
                ledger_entry::number.eq(ENTRY),
                ledger_entry::state.eq("clue"),
                ledger_entry::title.eq("bench"),
                ledger_entry::category.eq("air.odour"),
                ledger_entry::coarse.eq("air"),
                ledger_entry::complaint_count.eq(0),
                ledger_entry::distinct_reporters.eq(0),
                ledger_entry::duplicate_count.eq(0),
            ),
            (
                ledger_entry::repeat_count.eq(0),
                ledger_entry::strong_concern.eq(false),
                ledger_entry::collective_visit.eq(false),
                ledger_entry::escalation_level.eq(0),
                ledger_entry::cycle_no.eq(1),
                ledger_entry::version.eq(1),
                ledger_entry::created_at.eq(now),
                ledger_entry::updated_at.eq(now),
            ),
        ))
        .execute(conn)?;
    Ok(id)
}
