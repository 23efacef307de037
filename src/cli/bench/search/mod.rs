//! `dengwen bench search`: what a clerk waits for who looks for a complaint, at growing sizes.
//!
//! Complaints are made up from a seed, with words as unevenly common as real ones, and written to a
//! database of their own. Then each kind of search is made again and again, by what is in fact there, through
//! the code that answers the list, rows and their briefs included.

mod letters;
mod rows;

use std::{path::Path, time::Instant};

use anyhow::Context as _;
use chrono::{TimeDelta, Utc};
use clap::Args;
use diesel::prelude::*;
use indicatif::ProgressBar;

use self::letters::{Writer, shop};
use super::filling::{fill_fast, megabytes, settle};
use crate::account::{Role, Staff};
use crate::app::{App, Ports};
use crate::config::{Mode, Settings};
use crate::district::calendar::date_of;
use crate::linkage::eval::Draw;
use crate::platform::db::{
    Connection, Database, DatabaseUrl, Id, Patience,
    schema::{complaint, sequence},
};
use crate::search::{filters::ListQuery, routes};

/// Rows in a page.
const PAGE: usize = 50;

/// What to measure.
#[derive(Debug, Args)]
#[group(skip)]
pub struct Options {
    /// Complaints, such as 1e5
    #[arg(long, default_value_t = 1e5)]
    size: f64,
    /// An empty database of its own, or one that this filled with as many; a new SQLite file unless given
    #[arg(long, value_name = "URL")]
    database: Option<DatabaseUrl>,
    /// Searches of each kind
    #[arg(long, default_value_t = 200)]
    searches: u64,
}

pub(super) fn run(settings: Settings, options: &Options) -> anyhow::Result<()> {
    anyhow::ensure!(
        settings.mode == Mode::Development,
        "the benchmark does not run in production"
    );
    let name = Utc::now()
        .format("bench-search-%Y%m%d-%H%M%S%3f")
        .to_string();
    let folder = Path::new(&settings.data_dir).join(name);
    let url = match &options.database {
        Some(url) => url.clone(),
        None => format!("sqlite://{}", folder.join("dengwen.db").display()).parse()?,
    };
    let settings = Settings {
        database_url: url.clone(),
        data_dir: folder.clone(),
        blob_url: None,
        ..settings
    };
    let result = actix_web::rt::System::new().block_on(async { measure(settings, &url, options) });
    std::fs::remove_dir_all(&folder)?;
    result
}

fn measure(settings: Settings, url: &DatabaseUrl, options: &Options) -> anyhow::Result<()> {
    let app = App::build(settings, Ports::default())?;
    let database = Database::open(url, 2, Patience::Work)?;
    let mut conn = database.blocking().map_err(crate::cli::operator_error)?;
    let size = options.size as u64;
    let writer = Writer {
        profile: &app.profile,
        all: size,
        now: app.now(),
    };
    let there: i64 = complaint::table.count().get_result(&mut *conn)?;
    if there == 0 {
        fill(&mut conn, &app, &writer)?;
    }
    let there: i64 = complaint::table.count().get_result(&mut *conn)?;
    anyhow::ensure!(
        there.unsigned_abs() == size,
        "the database holds {there} complaints; give an empty one"
    );
    tell!("{size} complaints, {:.0} MB", megabytes(&mut conn)?)?;
    tell!("search                                     median ms   p99 ms   rows   cut short")?;
    for kind in KINDS {
        time(&mut conn, &app, &writer, kind, options.searches)?;
    }
    Ok(())
}

fn fill(conn: &mut Connection, app: &App, writer: &Writer<'_>) -> anyhow::Result<()> {
    let bar = ProgressBar::new(writer.all);
    fill_fast(conn, true)?;
    let mut next = 1;
    while next <= writer.all {
        let until = (next + rows::BATCH).min(writer.all + 1);
        rows::write(conn, &app.keys, writer, next..until)?;
        bar.inc(until - next);
        next = until;
    }
    diesel::update(sequence::table.find("search"))
        .set(sequence::next.eq(i64::try_from(next)?))
        .execute(conn)?;
    bar.finish_and_clear();
    fill_fast(conn, false)?;
    settle(conn, &[])
}

/// A kind of search: what it is called, who makes it, and what is asked for at the n-th time.
struct Kind {
    name: &'static str,
    role: Role,
    ask: fn(&Writer<'_>, &mut Draw) -> ListQuery,
}

fn words(q: &str) -> ListQuery {
    ListQuery {
        q: Some(q.to_owned()),
        ..ListQuery::default()
    }
}

/// Something there is, so that what is asked for is found.
fn one(writer: &Writer<'_>, draw: &mut Draw) -> letters::Letter {
    writer.letter(1 + draw.next_number() % writer.all)
}

const KINDS: &[Kind] = &[
    Kind {
        name: "a common word",
        role: Role::Brigade,
        ask: |_, draw| {
            words(
                ["噪声", "油烟", "施工", "扰民"]
                    .get(draw.below(4))
                    .unwrap_or(&"噪声"),
            )
        },
    },
    Kind {
        name: "two common words",
        role: Role::Brigade,
        ask: |_, draw| {
            words(
                ["噪声 油烟", "施工 油烟", "扬尘 异味"]
                    .get(draw.below(3))
                    .unwrap_or(&"噪声 油烟"),
            )
        },
    },
    Kind {
        name: "two words that hardly meet",
        role: Role::Brigade,
        ask: |_, draw| {
            words(
                ["柴油发电机 焚烧树叶 灯光", "雨污混接 电梯井 锅炉"]
                    .get(draw.below(2))
                    .unwrap_or(&"柴油 灯光"),
            )
        },
    },
    Kind {
        name: "a phrase whose pairs all stand, but apart",
        role: Role::Brigade,
        ask: |_, _| words("夜间施工噪声扰民"),
    },
    Kind {
        name: "a road and a number",
        role: Role::Brigade,
        ask: |writer, draw| words(&one(writer, draw).address),
    },
    Kind {
        name: "the name of a shop",
        role: Role::Brigade,
        ask: |_, draw| words(&shop((draw.share().powi(3) * 40_000.0) as u64)),
    },
    Kind {
        name: "premises, by name",
        role: Role::Brigade,
        ask: |_, draw| ListQuery {
            premises: Some(shop((draw.share().powi(3) * 40_000.0) as u64)),
            ..ListQuery::default()
        },
    },
    Kind {
        name: "a common word in a grid on a day",
        role: Role::Brigade,
        ask: |writer, draw| {
            let like = one(writer, draw);
            let day = date_of(like.received_at);
            ListQuery {
                grid: Some(like.grid),
                received_from: Some(day),
                received_until: Some(day),
                ..words("噪声")
            }
        },
    },
    Kind {
        name: "a common word of a category, half a year ago",
        role: Role::Brigade,
        ask: |writer, draw| {
            let like = one(writer, draw);
            let until = date_of(writer.now - TimeDelta::days(180));
            ListQuery {
                category: Some(like.category),
                received_until: Some(until),
                ..words("施工")
            }
        },
    },
    Kind {
        name: "a common word, overdue",
        role: Role::Brigade,
        ask: |_, _| ListQuery {
            overdue: Some(true),
            ..words("油烟")
        },
    },
    Kind {
        name: "a common word in a state",
        role: Role::Brigade,
        ask: |_, draw| ListQuery {
            state: ["screening", "replied", "closed"]
                .get(draw.below(3))
                .map(|s| (*s).to_owned()),
            ..words("噪声")
        },
    },
    Kind {
        name: "category, street, channel",
        role: Role::Brigade,
        ask: |writer, draw| {
            let like = one(writer, draw);
            ListQuery {
                category: Some(like.coarse),
                street: Some(like.street),
                channel: Some(like.channel.to_owned()),
                ..ListQuery::default()
            }
        },
    },
    Kind {
        name: "a month",
        role: Role::Brigade,
        ask: |writer, draw| {
            let day = date_of(one(writer, draw).received_at);
            ListQuery {
                received_from: Some(day),
                received_until: day.checked_add_days(chrono::Days::new(30)),
                ..ListQuery::default()
            }
        },
    },
    Kind {
        name: "overdue",
        role: Role::Brigade,
        ask: |_, _| ListQuery {
            overdue: Some(true),
            ..ListQuery::default()
        },
    },
    Kind {
        name: "claimed by nobody, with a common word",
        role: Role::Brigade,
        ask: |_, _| ListQuery {
            claimed_by: Some("none".to_owned()),
            ..words("扰民")
        },
    },
    Kind {
        name: "a number",
        role: Role::Brigade,
        ask: |writer, draw| words(&format!("gl{:012}", 1 + draw.next_number() % writer.all)),
    },
    Kind {
        name: "an upstream number",
        role: Role::Brigade,
        ask: |writer, draw| words(&format!("fz - {}", 1 + draw.next_number() % writer.all)),
    },
    Kind {
        name: "a street: a common word",
        role: Role::Street,
        ask: |_, draw| {
            words(
                ["噪声", "油烟", "施工"]
                    .get(draw.below(3))
                    .unwrap_or(&"噪声"),
            )
        },
    },
    Kind {
        name: "a street: the name of a shop",
        role: Role::Street,
        ask: |_, draw| words(&shop((draw.share().powi(3) * 40_000.0) as u64)),
    },
    Kind {
        name: "an officer: a common word",
        role: Role::GridOfficer,
        ask: |_, _| words("噪声"),
    },
];

fn time(
    conn: &mut Connection,
    app: &App,
    writer: &Writer<'_>,
    kind: &Kind,
    searches: u64,
) -> anyhow::Result<()> {
    let (mut times, mut rows, mut cut) = (Vec::new(), 0, 0);
    for n in 0..searches {
        let mut draw = Draw(n.wrapping_mul(0x2545_f491));
        let query = (kind.ask)(writer, &mut draw);
        let staff = staff(writer, kind.role, &mut draw);
        let began = Instant::now();
        let page = routes::search(conn, app, &staff, query, PAGE, app.now())
            .map_err(|p| anyhow::anyhow!("{p} {}", p.internal().unwrap_or_default()))
            .with_context(|| kind.name)?;
        let written = serde_json::to_vec(&page)?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
        std::hint::black_box(written);
        rows += page.items.len();
        cut += usize::from(page.cut_short);
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let at = (times.len() as f64 * share) as usize;
        let at = at.min(times.len().saturating_sub(1));
        times.get(at).copied().unwrap_or_default()
    };
    let mean = |sum: usize| sum as f64 / searches.max(1) as f64;
    tell!(
        "{:<42} {:>9.2}   {:>6.2}   {:>4.0}   {:>9.2}",
        kind.name,
        at(0.5),
        at(0.99),
        mean(rows),
        mean(cut)
    )
}

fn staff(writer: &Writer<'_>, role: Role, draw: &mut Draw) -> Staff {
    let grids = &writer.profile.grids;
    let grid = grids.get(draw.below(grids.len()));
    Staff {
        id: Id::new(),
        username: "bench".to_owned(),
        display_name: "bench".to_owned(),
        role,
        unit_code: None,
        street_code: grid.map(|grid| grid.street.clone()),
        grid_code: grid.map(|grid| grid.code.clone()),
        session: Id::new(),
        must_enrol: false,
    }
}
