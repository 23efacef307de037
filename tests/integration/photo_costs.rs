//! What a photo may cost, whatever is in it: every file of the worst cases is posted to a server
//! as it is run in service, and its processes are watched.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use dengwen::photo::sample::scene;

use crate::support::{actors::form, bodies::river, worst};

/// The bounds of one upload over all processes.
const MAX_MEMORY_KB: u64 = 600 * 1024;
const MAX_CPU_MS: u64 = 1_500;

/// What a helper may keep between two photos.
const MAX_KEPT_KB: u64 = 32 * 1024;

/// What an unoptimised build takes for each megabyte sent to read the form, beside the photo's own
/// cost; an optimised one takes nothing worth naming.
const UNOPTIMISED_MS_PER_MB: u64 = if cfg!(debug_assertions) { 40 } else { 0 };

/// A server of its own process, and what it and its helpers take.
struct Watched {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
    base: String,
}

impl Watched {
    fn start(folder: &std::path::Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dengwen"))
            .arg("serve")
            .current_dir(folder)
            .env("DENGWEN_LISTEN", "127.0.0.1:0")
            .env("DENGWEN_RATE_LIMIT", "off")
            .env("DENGWEN_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        let base = line.trim().rsplit(' ').next().unwrap().to_owned();
        Self { child, said, base }
    }

    fn pid(&self) -> u32 {
        self.child.id()
    }

    /// CPU time of the server, its helpers and those that have ended, milliseconds.
    fn cpu_ms(&self) -> u64 {
        let own: u64 = times(self.pid()).unwrap_or_default().iter().sum();
        let helpers = helpers(self.pid());
        let live = helpers.iter().filter_map(|pid| times(*pid));
        own + live.map(|t| t[0] + t[1]).sum::<u64>()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = &self.said;
    }
}

/// User and system time of a process and of its children that have ended, milliseconds.
fn times(pid: u32) -> Option<[u64; 4]> {
    const TICK_MS: u64 = 10;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<u64> = fields
        .split_whitespace()
        .map(|f| f.parse().unwrap_or(0))
        .collect();
    Some([11, 12, 13, 14].map(|at| fields.get(at).copied().unwrap_or(0) * TICK_MS))
}

fn helpers(parent: u32) -> Vec<u32> {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{parent}/task")) else {
        return Vec::new();
    };
    threads
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|children| {
            children
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .filter_map(|pid| pid.parse().ok())
        .collect()
}

/// Kilobytes of a line of a process's status.
fn memory_kb(pid: u32, line: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let found = status.lines().find_map(|l| l.strip_prefix(line))?;
    found.trim().trim_end_matches(" kB").parse().ok()
}

/// Watches what all processes hold at once, until it is told to stop.
fn peak_of(server: u32, stop: &Arc<AtomicBool>) -> thread::JoinHandle<u64> {
    let stop = Arc::clone(stop);
    thread::spawn(move || {
        let mut peak = 0;
        while !stop.load(Ordering::Relaxed) {
            let own = memory_kb(server, "VmRSS:").unwrap_or(0);
            // What a helper held at its most, not what it holds just now.
            let held = helpers(server)
                .into_iter()
                .filter_map(|pid| memory_kb(pid, "VmHWM:"));
            peak = peak.max(own + held.sum::<u64>());
            thread::sleep(Duration::from_millis(4));
        }
        peak
    })
}

/// A1, worst cases: no upload of any content within its size costs more than the goal, none sinks
/// its complaint, and the server answers an honest photo after all of them.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn no_photo_costs_more_than_a_photo_may() {
    let folder = tempfile::tempdir().unwrap();
    let server = Watched::start(folder.path());
    // The server closes what is idle while the next file is made.
    let client = reqwest::Client::builder()
        .pool_max_idle_per_host(0)
        .build()
        .unwrap();
    let url = format!("{}/api/v1/complaints", server.base);
    let post = async |bytes: Vec<u8>| -> (u16, serde_json::Value) {
        let json = river(None).to_string().into_bytes();
        let parts = [("complaint", None, json), ("photo", Some("a.jpg"), bytes)];
        let reply = client
            .post(&url)
            .multipart(form(&parts))
            .send()
            .await
            .unwrap();
        (reply.status().as_u16(), reply.json().await.unwrap())
    };
    post(scene(1, 1_200, 900)).await;
    let (mut costs, mut beyond, mut answers) = (Vec::new(), Vec::new(), BTreeMap::new());
    for file in worst::all() {
        let megabytes = file.bytes.len() as u64 >> 20;
        let before = (server.cpu_ms(), memory_kb(server.pid(), "VmRSS:").unwrap());
        let stop = Arc::new(AtomicBool::new(false));
        let watch = peak_of(server.pid(), &stop);
        let (status, body) = post(file.bytes).await;
        stop.store(true, Ordering::Relaxed);
        let memory = watch.join().unwrap().saturating_sub(before.1);
        let cpu = server.cpu_ms() - before.0;
        let photo = &body["photos"][0];
        let answer = photo["problem"].as_str().unwrap_or("kept").to_owned();
        let line = format!(
            "{cpu:>5} ms {:>4} MB {megabytes:>3} MB sent {answer:<16} {}",
            memory >> 10,
            file.name
        );
        if std::env::var_os("DENGWEN_TEST_SHOW_COSTS").is_some() {
            println!("{line}");
        }
        if status != 201
            || cpu > MAX_CPU_MS + megabytes * UNOPTIMISED_MS_PER_MB
            || memory > MAX_MEMORY_KB
        {
            beyond.push(format!("{status} {line}"));
        }
        // What cannot be looked at is no reason to refuse what was photographed.
        if file.is_sealed && (answer.as_str(), &photo["viewable"]) != ("kept", &false.into()) {
            beyond.push(format!("not kept sealed: {line}"));
        }
        *answers.entry(answer).or_insert(0) += 1;
        costs.push(cpu);
    }
    assert!(beyond.is_empty(), "{beyond:#?}");
    // The set does try: some of it runs into the bound on work, most is refused, some is kept.
    assert!(costs.len() > 100, "{}", costs.len());
    assert!(
        answers["too_costly"] > 5 && answers["kept"] > 10,
        "{answers:?}"
    );
    let (status, body) = post(scene(2, 1_200, 900)).await;
    assert_eq!(
        (status, body["photos"][0]["status"].as_str()),
        (201, Some("kept"))
    );
    // At rest its helpers are small, whatever they were asked.
    for helper in helpers(server.pid()) {
        let kept = memory_kb(helper, "RssAnon:").unwrap_or(0);
        assert!(kept < MAX_KEPT_KB, "{kept} kB kept");
    }
}
