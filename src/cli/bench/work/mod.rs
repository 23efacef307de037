//! `dengwen bench work`: what staff read in a day, from databases of growing size.
//!
//! Complaints of a district's three years are written to a database of its own: nearly all were dealt
//! with long ago, some wait in each of the ways there are. Then every list is read through the HTTP
//! API, by whoever reads it, one request at a time.

mod cases;
mod course;
mod filler;
mod readings;
mod rows;
mod steps;
mod writing;

use std::{
    collections::HashMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context as _;
use chrono::Utc;
use clap::Args;
use diesel::prelude::*;
use serde_json::{Value, json};

use self::{
    cases::Layer,
    filler::{Filler, Workers},
    readings::{FULL, Reading},
    writing::TABLES,
};
use super::filling::{
    Times, fill_fast, megabytes, name_of_run, put_indexes_back, set_indexes_aside, settle,
};
use crate::account::{
    Role, password,
    queries::{self, NewStaff},
};
use crate::app::{App, Ports};
use crate::cli::{http::Http, operator_error};
use crate::config::{Mode, Settings};
use crate::district::Profile;
use crate::platform::{
    clock::to_micros,
    db::{
        Connection, DatabaseUrl, Id,
        schema::{complaint, staff},
    },
    problem::OnDb as _,
};
use crate::server;

/// The password of every account of the made-up district.
const PASSWORD: &str = "dengwen-bench";

/// What the accounts' names begin with, and what a database is known by that this filled.
const OURS: &str = "bench-";

/// Officers of a grid, and clerks of the brigade.
const OFFICERS: usize = 3;
const CLERKS: usize = 8;

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
    /// Folder that goes with the database and is kept, so that it can be read again
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Share of the complaints that still wait for something
    #[arg(long, default_value_t = 0.03)]
    waiting: f64,
    /// Complaints in the queue at most
    #[arg(long, default_value_t = 2000)]
    queue: u64,
    /// How often each list is read
    #[arg(long, default_value_t = 200)]
    readings: u32,
    /// How often all of that is done
    #[arg(long, default_value_t = 2)]
    rounds: u32,
    /// Only readings whose path holds this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Claim items and decide on them, too, which changes what waits in the queue
    #[arg(long)]
    steps: bool,
}

pub(super) fn run(settings: Settings, options: &Options) -> anyhow::Result<()> {
    anyhow::ensure!(
        settings.mode == Mode::Development,
        "the benchmark does not run in production"
    );
    let folder = match &options.folder {
        Some(folder) => folder.clone(),
        None => Path::new(&settings.data_dir).join(name_of_run("work")),
    };
    let url = match &options.database {
        Some(url) => url.clone(),
        None => format!("sqlite://{}", folder.join("dengwen.db").display()).parse()?,
    };
    let settings = Settings {
        database_url: url,
        data_dir: folder.clone(),
        blob_url: None,
        rate_limit: false,
        totp_roles: Vec::new(),
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        ..settings
    };
    let result = measure(&settings, options);
    if options.folder.is_none() {
        std::fs::remove_dir_all(&folder)?;
    }
    result
}

fn measure(settings: &Settings, options: &Options) -> anyhow::Result<()> {
    for size in &options.sizes {
        let app = App::build(settings.clone(), Ports::default())?;
        let names = fill(&app, *size as u64, options)?;
        actix_web::rt::System::new().block_on(read_all(app, &names, options))?;
    }
    Ok(())
}

/// Brings the database to a size, and answers who reads it.
fn fill(app: &App, size: u64, options: &Options) -> anyhow::Result<Names> {
    let mut conn = app.db.blocking().map_err(operator_error)?;
    let conn: &mut Connection = &mut conn;
    let written: i64 = complaint::table.count().get_result(conn)?;
    let written = written.unsigned_abs();
    let names = Names::of(&app.profile)?;
    if staff_of(conn, Role::Brigade)?.is_empty() {
        anyhow::ensure!(
            written == 0,
            "the database holds {written} complaints of somebody else's; give an empty one"
        );
        names.add(conn, &app.profile)?;
    }
    if written < size {
        let mut officers: HashMap<String, Vec<Id>> = HashMap::new();
        for (id, grid) in staff_of(conn, Role::GridOfficer)? {
            officers
                .entry(grid.unwrap_or_default())
                .or_default()
                .push(id);
        }
        let brigade = staff_of(conn, Role::Brigade)?.into_iter();
        let workers = Workers {
            brigade: brigade.map(|(id, _)| id).collect(),
            officers,
        };
        let filler = Filler {
            profile: &app.profile,
            keys: &app.keys,
            workers: &workers,
            now: Utc::now(),
        };
        let layer = Layer::between(written, size, options.waiting, options.queue);
        fill_fast(conn, true)?;
        let indexes = set_indexes_aside(conn, &TABLES)?;
        let filled = writing::fill(&filler, conn, &layer);
        put_indexes_back(conn, &indexes)?;
        filled?;
        fill_fast(conn, false)?;
        settle(conn, &TABLES)?;
    }
    tell!(
        "{} complaints, {:.0} MB",
        written.max(size),
        megabytes(conn)?
    )?;
    Ok(names)
}

fn staff_of(conn: &mut Connection, role: Role) -> anyhow::Result<Vec<(Id, Option<String>)>> {
    let rows: Vec<(Id, String, Option<String>)> = staff::table
        .filter(staff::role.eq(role.as_str()))
        .order(staff::id.asc())
        .select((staff::id, staff::username, staff::grid_code))
        .load(conn)?;
    let ours = rows
        .into_iter()
        .filter(|(_, name, _)| name.starts_with(OURS));
    Ok(ours.map(|(id, _, grid)| (id, grid)).collect())
}

/// User names of those who read, and the places and categories they ask for.
pub(super) struct Names {
    brigade: String,
    office: String,
    leader: String,
    section: String,
    department: String,
    /// Of the street with the most complaints, and of that with the fewest.
    street: String,
    quiet_street: String,
    /// Of a grid with very many, and of one with few.
    officer: String,
    quiet_officer: String,
    street_code: String,
    quiet_street_code: String,
    grid_code: String,
    rare_category: String,
}

impl Names {
    fn of(profile: &Profile) -> anyhow::Result<Self> {
        let (busy, quiet) = profile
            .streets
            .first()
            .zip(profile.streets.last())
            .context("a street")?;
        let grid_in = |street: &str| {
            let grid = profile.grids.iter().find(|grid| grid.street == street);
            grid.map(|grid| grid.code.clone()).context("a grid")
        };
        let (grid, quiet_grid) = (grid_in(&busy.code)?, grid_in(&quiet.code)?);
        let mut categories = profile.categories.iter().filter(|c| c.enabled);
        let name = |what: &str| format!("{OURS}{what}");
        Ok(Self {
            brigade: clerk_name(1),
            office: name("office"),
            leader: name("leader"),
            section: name("section"),
            department: name("department"),
            street: name("street"),
            quiet_street: name("quiet-street"),
            officer: officer_name(&grid, 1),
            quiet_officer: officer_name(&quiet_grid, 1),
            street_code: busy.code.clone(),
            quiet_street_code: quiet.code.clone(),
            grid_code: grid,
            rare_category: categories.next_back().context("a category")?.code.clone(),
        })
    }

    /// Adds the accounts.
    fn add(&self, conn: &mut Connection, profile: &Profile) -> anyhow::Result<()> {
        let password_hash = password::hash(PASSWORD).map_err(operator_error)?;
        let account = |username: &str, role: Role| NewStaff {
            username: username.to_owned(),
            display_name: role.zh().to_owned(),
            role: role.to_string(),
            unit_code: None,
            street_code: None,
            grid_code: None,
            password_hash: password_hash.clone(),
        };
        let of_street = |username: &str, code: &str| NewStaff {
            street_code: Some(code.to_owned()),
            ..account(username, Role::Street)
        };
        let mut units = profile.units.iter();
        let department = units.find(|unit| unit.kind == "department");
        let mut new = vec![
            account(&self.office, Role::Office),
            account(&self.leader, Role::Leader),
            account(&self.section, Role::Section),
            NewStaff {
                unit_code: department.map(|unit| unit.code.clone()),
                ..account(&self.department, Role::Department)
            },
            of_street(&self.street, &self.street_code),
            of_street(&self.quiet_street, &self.quiet_street_code),
        ];
        for n in 1..=CLERKS {
            new.push(account(&clerk_name(n), Role::Brigade));
        }
        for grid in &profile.grids {
            new.extend((1..=OFFICERS).map(|n| NewStaff {
                grid_code: Some(grid.code.clone()),
                ..account(&officer_name(&grid.code, n), Role::GridOfficer)
            }));
        }
        for new in new {
            queries::insert_staff(conn, &new, to_micros(Utc::now()))
                .or_fault("add an account")
                .map_err(operator_error)?;
        }
        Ok(())
    }
}

fn clerk_name(n: usize) -> String {
    format!("{OURS}brigade-{n}")
}

fn officer_name(grid: &str, n: usize) -> String {
    format!("{OURS}officer-{grid}-{n}")
}

/// A client of the API, with whoever has signed in.
struct Reader {
    http: Http,
    tokens: HashMap<String, String>,
}

impl Reader {
    async fn sign_in(&mut self, who: &str) -> anyhow::Result<()> {
        let body = json!({ "username": who, "password": PASSWORD });
        let call = self.http.post("/api/v1/sessions").json(&body);
        let answer: Value = serde_json::from_slice(&self.http.send(call).await?)?;
        let token = answer.get("access_token").and_then(Value::as_str);
        let token = token.context("an access token")?.to_owned();
        self.tokens.insert(who.to_owned(), token);
        Ok(())
    }

    async fn get(&self, who: &str, path: &str) -> anyhow::Result<bytes::Bytes> {
        let token = self.tokens.get(who).context("nobody signed in")?;
        let call = self.http.get(&format!("/api/v1{path}")).bearer(token);
        self.http.send(call).await.with_context(|| path.to_owned())
    }

    async fn post(&self, who: &str, path: &str, body: &Value) -> anyhow::Result<Value> {
        let token = self.tokens.get(who).context("nobody signed in")?;
        let call = self.http.post(&format!("/api/v1{path}"));
        let answer = self.http.send(call.bearer(token).json(body)).await;
        let answer = answer.with_context(|| path.to_owned())?;
        Ok(serde_json::from_slice(&answer).unwrap_or(Value::Null))
    }

    async fn delete(&self, who: &str, path: &str) -> anyhow::Result<()> {
        let token = self.tokens.get(who).context("nobody signed in")?;
        let call = self.http.delete(&format!("/api/v1{path}")).bearer(token);
        let answer = self.http.send(call).await;
        answer.with_context(|| path.to_owned()).map(|_| ())
    }

    /// The path of a reading with the cursor of its page.
    async fn found(&self, reading: &Reading) -> anyhow::Result<String> {
        let mut path = reading.path.clone();
        let mut next = reading.with(&format!("limit={FULL}"));
        for _ in 0..reading.pages_before {
            let page: Value = serde_json::from_slice(&self.get(&reading.who, &next).await?)?;
            let Some(cursor) = page.get("next_cursor").and_then(Value::as_str) else {
                break;
            };
            next = reading.with(&format!("limit={FULL}&cursor={cursor}"));
            path = reading.with(&format!("cursor={cursor}"));
        }
        Ok(path)
    }
}

/// What reading something again and again showed.
#[derive(Default)]
struct Shown {
    rows: usize,
    all: Option<i64>,
    /// Median and p99 of each round.
    medians: Vec<String>,
    p99: Vec<String>,
}

async fn read_all(app: App, names: &Names, options: &Options) -> anyhow::Result<()> {
    let workers = std::thread::available_parallelism()?.get();
    let (server, running) = server::start(app, workers)?;
    actix_web::rt::spawn(running);
    let mut reader = Reader {
        http: Http::to(&format!("http://{}", server.address)),
        tokens: HashMap::new(),
    };
    let mut readings = readings::all(names);
    if let Some(only) = &options.only {
        readings.retain(|reading| reading.path.contains(only));
    }
    let mut shown: Vec<Shown> = readings.iter().map(|_| Shown::default()).collect();
    for _ in 0..options.rounds {
        // A token lasts a quarter of an hour, and a round may take longer than is left of it.
        for reading in &readings {
            reader.tokens.remove(&reading.who);
        }
        for (reading, shown) in readings.iter().zip(&mut shown) {
            if !reader.tokens.contains_key(&reading.who) {
                reader.sign_in(&reading.who).await?;
            }
            read(&reader, reading, options.readings, shown).await?;
        }
    }
    tell!("rows      all   median ms         p99 ms            who, and what")?;
    for (reading, shown) in readings.iter().zip(shown) {
        let deep = if reading.pages_before > 0 {
            " (deep)"
        } else {
            ""
        };
        tell!(
            "{:>4}  {:>7}   {:<16}  {:<16}  {} {}{deep}",
            shown.rows,
            shown.all.map(|all| all.to_string()).unwrap_or_default(),
            shown.medians.join(" "),
            shown.p99.join(" "),
            reading.who.trim_start_matches(OURS),
            reading.path,
        )?;
    }
    if options.steps {
        let clerks: Vec<String> = (1..=CLERKS).map(clerk_name).collect();
        for clerk in &clerks {
            reader.sign_in(clerk).await?;
        }
        steps::take(&reader, &clerks).await?;
    }
    server.stop().await;
    Ok(())
}

async fn read(
    reader: &Reader,
    reading: &Reading,
    count: u32,
    shown: &mut Shown,
) -> anyhow::Result<()> {
    let path = reader.found(reading).await?;
    let first: Value = serde_json::from_slice(&reader.get(&reading.who, &path).await?)?;
    shown.rows = ["items", "lists"]
        .iter()
        .find_map(|name| first.get(name).and_then(Value::as_array))
        .map_or(0, Vec::len);
    shown.all = all_of(&first);
    let mut times = Times::default();
    for _ in 0..count {
        let began = Instant::now();
        std::hint::black_box(reader.get(&reading.who, &path).await?);
        times.add(began.elapsed());
    }
    shown.medians.push(format!("{:.2}", times.at(0.5)));
    shown.p99.push(format!("{:.2}", times.at(0.99)));
    Ok(())
}

/// How much there is of what is read a page of, where that is said.
fn all_of(page: &Value) -> Option<i64> {
    let counts = page.get("counts")?;
    let of = |name: &str| counts.get(name).and_then(Value::as_i64);
    let queued = of("screening").zip(of("awaiting_acceptance"));
    of("count").or_else(|| queued.map(|(one, other)| one + other))
}
