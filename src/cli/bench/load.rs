//! `dengwen bench`: what one machine bears, measured through the HTTP API.
//!
//! Server and client share the machine, so figures are lower bounds and only ratios of one run
//! compare. The database is a new SQLite file with full sync, as in service.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use chrono::Utc;
use clap::Args;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::app::{App, Ports};
use crate::cli::http::{Form, Http};
use crate::config::{Mode, Settings};
use crate::photo::sample::scene;
use crate::platform::db::DatabaseUrl;
use crate::server;

/// How much to measure.
#[derive(Debug, Args)]
#[group(skip)]
pub struct Options {
    /// Complaints to file
    #[arg(long, default_value_t = 4000)]
    complaints: u32,
    /// Complaints with a 12-megapixel photo to file
    #[arg(long, default_value_t = 60)]
    photos: u32,
    /// Connections that send at the same time
    #[arg(long, default_value_t = 16)]
    connections: u32,
}

/// Measures and prints.
pub(super) fn run(settings: Settings, options: &Options) -> anyhow::Result<()> {
    anyhow::ensure!(
        settings.mode == Mode::Development,
        "the benchmark does not run in production"
    );
    let name = Utc::now().format("bench-%Y%m%d-%H%M%S%3f").to_string();
    let data_dir = Path::new(&settings.data_dir).join(name);
    let url: DatabaseUrl = format!("sqlite://{}", data_dir.join("dengwen.db").display()).parse()?;
    let settings = Settings {
        database_url: url,
        data_dir: data_dir.clone(),
        blob_url: None,
        rate_limit: false,
        ..settings
    };
    let result = actix_web::rt::System::new().block_on(measure(settings, options));
    std::fs::remove_dir_all(&data_dir)?;
    result
}

async fn measure(settings: Settings, options: &Options) -> anyhow::Result<()> {
    let began = Instant::now();
    let app = App::build(settings, Ports::default())?;
    let workers = std::thread::available_parallelism()?.get();
    let (server, running) = server::start(app, workers)?;
    actix_web::rt::spawn(running);
    let base = format!("http://{}", server.address);
    let http = Http::to(&base);
    http.send(http.get("/readyz")).await?;
    tell!(
        "start-up to ready       {:>8.1} ms",
        began.elapsed().as_secs_f64() * 1e3
    )?;
    tell!("resident at rest        {:>8.1} MB", resident_mb())?;

    let took = Instant::now();
    let times = load(options.connections, options.complaints, |n| {
        let call = http.post("/api/v1/complaints").json(&complaint(n));
        async { http.send(call).await.map(|_| ()) }
    })
    .await?;
    report("complaints", options.complaints, took.elapsed(), times)?;
    tell!("resident under load     {:>8.1} MB", resident_mb())?;

    let picture = scene(1, 4000, 3000);
    let took = Instant::now();
    let times = load(options.connections, options.photos, |n| {
        let form = Form::new()
            .text("complaint", &complaint(1_000_000 + n).to_string())
            .file("photo", "a.jpg", &picture);
        let call = http.post("/api/v1/complaints").form(form);
        async { http.send(call).await.map(|_| ()) }
    })
    .await?;
    report("photo submits", options.photos, took.elapsed(), times)?;
    tell!("resident with photos    {:>8.1} MB", resident_mb())?;
    server.stop().await;
    Ok(())
}

/// Complaints spread over the district, so that the matching has real work and no hot spot.
fn complaint(n: u32) -> Value {
    let spread =
        |step: u32, width: f64| f64::from(n.wrapping_mul(step) % 10_007) / 10_007.0 * width;
    json!({
        "category": "air.cooking_fume",
        "description": format!("第{n}号投诉：附近店面油烟直排，居民无法开窗，请尽快处理。"),
        "location": { "lon": 119.287 + spread(7919, 0.018), "lat": 26.080 + spread(104_729, 0.015), "datum": "WGS84", "accuracy_m": 15.0 },
        "reporter": { "phone": format!("139{:08}", n % 100_000_000) }
    })
}

/// Runs `count` calls over so many connections and answers how long each took.
async fn load<F, C>(connections: u32, count: u32, call: C) -> anyhow::Result<Vec<Duration>>
where
    F: Future<Output = anyhow::Result<()>>,
    C: Fn(u32) -> F,
{
    let call = &call;
    let senders = (0..connections).map(|sender| async move {
        let mut times = Vec::new();
        for n in (sender..count).step_by(connections.max(1) as usize) {
            let began = Instant::now();
            call(n).await?;
            times.push(began.elapsed());
        }
        anyhow::Ok(times)
    });
    let times = join_all(senders)
        .await
        .into_iter()
        .collect::<anyhow::Result<Vec<_>>>()?;
    Ok(times.into_iter().flatten().collect())
}

fn report(what: &str, count: u32, took: Duration, mut times: Vec<Duration>) -> anyhow::Result<()> {
    times.sort_unstable();
    let at = |share: f64| {
        let index = (times.len() as f64 * share) as usize;
        times
            .get(index.min(times.len().saturating_sub(1)))
            .copied()
            .unwrap_or_default()
            .as_secs_f64()
            * 1e3
    };
    let rate = f64::from(count) / took.as_secs_f64();
    tell!(
        "{what:<23} {rate:>8.1} /s   p50 {:.1} ms   p99 {:.1} ms",
        at(0.5),
        at(0.99)
    )
}

/// Resident memory of this process, client and server together; 0 where the system does not tell.
fn resident_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line
        .and_then(|l| l.split_whitespace().next())
        .and_then(|n| n.parse::<f64>().ok());
    kilobytes.unwrap_or(0.0) / 1024.0
}
