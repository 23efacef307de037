//! The matching engine: its commands on small files, online against batch, campaigns, repeat
//! petitions.

use std::{collections::BTreeMap, fmt::Write as _, path::Path, process::Command};

use dengwen::{
    district::Profile,
    linkage::{
        Report,
        index::{Index, Order},
        keys::PER_KEY,
    },
    matching::{Candidate, EntryStanding, Outcome, candidates::load_candidates, decide, radius_m},
    platform::db::{
        Id,
        schema::{complaint, ledger_entry},
    },
};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::bodies::fumes;

/// A small generator (SplitMix64).
struct Draw(u64);

impl Draw {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

const MAPPING: &str = r#"
id = "no"
time = "at"
closed = "done"
utc_offset = "+08:00"
lon = "x"
lat = "y"
datum = "WGS84"
fine = "kind"
coarse = "sort"
channel = "via"
address = ["address"]
text = ["words"]
radius_m = 100.0
no_location = [{ lon = 119.3, lat = 26.0 }]

[pairs]
child = "child"
parent = "parent"
"#;

/// 1,200 made-up cases, every tenth with a partner half an hour later some metres on.
fn write_cases(folder: &Path) {
    let mut draw = Draw(11);
    let mut cases = String::from("no,at,done,x,y,kind,sort,via,address,words\n");
    let mut pairs = String::from("child,parent\n");
    for n in 0..1200 {
        let (day, hour) = (n / 24 % 28 + 1, n % 24);
        let kind = draw.below(6);
        let (x, y) = if n % 50 == 7 {
            (119.3, 26.0)
        } else {
            (
                119.25 + draw.below(1000) as f64 * 1e-4,
                26.05 + draw.below(1000) as f64 * 1e-4,
            )
        };
        let road = ["华林路", "五四路", "湖东路"][draw.below(3) as usize];
        let number = draw.below(200);
        let mut row = |no: String, minute: u32, dx: f64, words: &str| {
            writeln!(
                cases,
                "{no},2026-03-{day:02} {hour:02}:{minute:02}:00,2026-03-{day:02} 23:59:59,{:.5},{y:.5},k{kind},s{},app,{road}{number}号,{words}",
                x + dx,
                kind / 3
            )
            .unwrap();
        };
        row(format!("a{n}"), 5, 0.0, "夜间有异味影响休息");
        if n % 10 == 0 {
            row(format!("b{n}"), 35, 0.0001, "晚上异味很大睡不着");
            writeln!(pairs, "b{n},a{n}").unwrap();
        }
    }
    std::fs::write(folder.join("cases.csv"), cases).unwrap();
    std::fs::write(folder.join("pairs.csv"), pairs).unwrap();
    std::fs::write(folder.join("mapping.toml"), MAPPING).unwrap();
}

fn run(folder: &Path, arguments: &[&str]) -> (bool, String, String) {
    run_on("", folder, arguments)
}

fn run_on(database_url: &str, folder: &Path, arguments: &[&str]) -> (bool, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dengwen"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DENGWEN_")) {
        command.env_remove(name);
    }
    if !database_url.is_empty() {
        command.env("DENGWEN_DATABASE_URL", database_url);
    }
    let output = command
        .arg("match")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.success(),
        text(output.stdout),
        text(output.stderr),
    )
}

const FILES: [&str; 6] = [
    "--cases",
    "cases.csv",
    "--pairs",
    "pairs.csv",
    "--mapping",
    "mapping.toml",
];

/// Training, measuring and linking on a file; the figures carry their names and intervals.
#[test]
fn the_commands_work_on_any_csv() {
    let folder = tempfile::tempdir().unwrap();
    write_cases(folder.path());
    let with = |head: &[&'static str], tail: &[&'static str]| -> Vec<&'static str> {
        head.iter().chain(&FILES).chain(tail).copied().collect()
    };
    let (ok, out, err) = run(
        folder.path(),
        &with(&["train"], &["--out", "model.json", "--name", "small-1"]),
    );
    assert!(ok, "{out}{err}");
    let model: Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("model.json")).unwrap()).unwrap();
    assert_eq!(
        (model["name"].clone(), model["provenance"]["pairs"].clone()),
        (json!("small-1"), json!(120))
    );
    assert_eq!(
        model["provenance"]["data_sha256"][0]
            .as_str()
            .unwrap()
            .len(),
        64
    );
    for order in ["arrival", "any"] {
        let (ok, out, err) = run(
            folder.path(),
            &with(
                &["eval"],
                &["--json", "--model", "model.json", "--order", order],
            ),
        );
        assert!(ok, "{err}");
        let figures: Value = serde_json::from_str(&out).unwrap();
        for name in [
            "recall_at_1",
            "recall_at_3",
            "recall_at_5",
            "recall_at_10",
            "mrr",
            "any_recall_at_1",
            "any_mrr",
            "blocked_out",
            "candidates_mean",
            "candidates_median",
        ] {
            let (low, value, high) = (
                &figures[name]["low"],
                &figures[name]["value"],
                &figures[name]["high"],
            );
            assert!(
                low.as_f64().unwrap() <= value.as_f64().unwrap() && value.as_f64() <= high.as_f64(),
                "{name}: {}",
                figures[name]
            );
        }
        assert!(
            figures["recall_at_1"]["value"].as_f64().unwrap() > 0.95,
            "{order}: {figures}"
        );
        assert!(figures["blocked_out"]["value"].as_f64().unwrap() < 0.01);
    }
    // Cross-validated, without labels, and by another system's rule: all better than chance.
    for more in [
        vec![],
        vec!["--without-labels"],
        vec!["--rule", "fixmystreet"],
    ] {
        let arguments: Vec<&str> = ["eval"]
            .into_iter()
            .chain(FILES)
            .chain(["--json"])
            .chain(more)
            .collect();
        let (ok, out, err) = run(folder.path(), &arguments);
        assert!(ok, "{err}");
        let figures: Value = serde_json::from_str(&out).unwrap();
        assert!(
            figures["recall_at_5"]["value"].as_f64().unwrap() > 0.7,
            "{figures}"
        );
    }
    let link = [
        "link",
        "--cases",
        "cases.csv",
        "--mapping",
        "mapping.toml",
        "--model",
        "model.json",
        "--out",
        "likely.csv",
    ];
    let (ok, out, err) = run(folder.path(), &link);
    assert!(ok, "{out}{err}");
    let likely = std::fs::read_to_string(folder.path().join("likely.csv")).unwrap();
    let found = (0..1200)
        .step_by(10)
        .filter(|n| likely.contains(&format!("a{n},b{n},")))
        .count();
    assert!(found > 110, "{found} of 120");
}

/// What is wrong with a file is said with file, line and column.
#[test]
fn wrong_files_are_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    write_cases(folder.path());
    let eval = |more: &[&'static str]| {
        let arguments: Vec<&str> = ["eval"]
            .into_iter()
            .chain(FILES)
            .chain(more.iter().copied())
            .collect();
        let (ok, _, err) = run(folder.path(), &arguments);
        assert!(!ok);
        err
    };
    assert!(eval(&["--model", "nowhere.json"]).contains("nowhere.json"));
    std::fs::write(
        folder.path().join("other.json"),
        r#"{"format": 1, "nonsense": true}"#,
    )
    .unwrap();
    assert!(eval(&["--model", "other.json"]).contains("not a model file"));
    let mapping = |text: String| std::fs::write(folder.path().join("mapping.toml"), text).unwrap();
    mapping(MAPPING.replace("fine = \"kind\"", "fine = \"species\""));
    assert!(eval(&[]).contains("no column \"species\""));
    mapping(format!("colour = 1\n{MAPPING}"));
    assert!(eval(&[]).contains("colour"));
    mapping(MAPPING.to_owned());
    let cases = std::fs::read_to_string(folder.path().join("cases.csv")).unwrap();
    std::fs::write(
        folder.path().join("cases.csv"),
        cases.replacen("2026-03-01 00:05:00", "yesterday", 1),
    )
    .unwrap();
    assert!(eval(&[]).contains("line 2"));
    assert!(eval(&["--ledger"]).contains("cannot be used with"));
    let (ok, _, err) = run(folder.path(), &["train", "--out", "model.json"]);
    assert!(!ok && err.contains("--cases"), "{err}");
}

/// Files as they are and packed say the same; a column that is not there is named.
#[test]
fn packed_files_and_missing_columns() {
    let folder = tempfile::tempdir().unwrap();
    write_cases(folder.path());
    for name in ["cases.csv", "pairs.csv"] {
        let plain = std::fs::read(folder.path().join(name)).unwrap();
        let file = std::fs::File::create(folder.path().join(format!("{name}.gz"))).unwrap();
        let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, &plain).unwrap();
        packed.finish().unwrap();
    }
    let figures = |cases: &str, pairs: &str| {
        let files = [
            "--cases",
            cases,
            "--pairs",
            pairs,
            "--mapping",
            "mapping.toml",
        ];
        let head = ["eval", "--rule", "fixmystreet", "--json"];
        let (ok, out, err) = run(folder.path(), &[&head[..], &files].concat());
        assert!(ok, "{err}");
        let figures: Value = serde_json::from_str(&out).unwrap();
        (figures["mrr"].clone(), figures["questions"].clone(), err)
    };
    let plain = figures("cases.csv", "pairs.csv");
    assert_eq!(plain.2, "");
    assert_eq!(figures("cases.csv.gz", "pairs.csv.gz"), plain);
    let misspelt = MAPPING.replace("closed = \"done\"", "closed = \"ended\"");
    std::fs::write(folder.path().join("mapping.toml"), misspelt).unwrap();
    let said = figures("cases.csv", "pairs.csv").2;
    assert!(said.contains("cases.csv has no column \"ended\""), "{said}");
    let packed = std::fs::read(folder.path().join("cases.csv.gz")).unwrap();
    std::fs::write(folder.path().join("cases.csv"), &packed[..packed.len() / 2]).unwrap();
    let (ok, _, err) = run(folder.path(), &[&["eval"][..], &FILES].concat());
    assert!(!ok && err.contains("cases.csv is not whole gzip"), "{err}");
}

/// Whole groups are held back from training and asked afterwards; a worse model, and one that too
/// little was asked of, takes nobody's place.
#[test]
fn a_worse_model_is_not_promoted() {
    let folder = tempfile::tempdir().unwrap();
    write_cases(folder.path());
    let with = |head: &[&str], tail: &[&str]| {
        let arguments: Vec<&str> = head.iter().chain(&FILES).chain(tail).copied().collect();
        run(folder.path(), &arguments)
    };
    let (ok, out, err) = with(&["train"], &["--out", "model.json", "--hold-back", "0.3"]);
    assert!(ok, "{out}{err}");
    let read = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(folder.path().join(name)).unwrap()).unwrap()
    };
    let mut model = read("model.json");
    let shown = model["provenance"]["pairs"].as_u64().unwrap();
    assert_eq!(model["provenance"]["held_back"], json!(0.3));
    let (ok, out, err) = with(
        &["eval"],
        &["--model", "model.json", "--hold-back", "0.3", "--json"],
    );
    assert!(ok, "{err}");
    let asked: Value = serde_json::from_str(&out).unwrap();
    let held = asked["questions"].as_u64().unwrap();
    assert_eq!(shown + held, 120, "each pair is learnt from or asked");
    assert!((20..60).contains(&held), "{held}");

    // A model that holds the opposite of everything.
    for weights in model["weights"].as_object_mut().unwrap().values_mut() {
        for weight in weights.as_object_mut().unwrap().values_mut() {
            weight["bits"] = json!(-weight["bits"].as_f64().unwrap());
        }
    }
    model["name"] = json!("worse-1");
    std::fs::write(folder.path().join("worse.json"), model.to_string()).unwrap();
    let promote = |new: &str, current: &str, more: &[&str]| {
        let fixed = [
            "--model",
            new,
            "--against",
            current,
            "--promote",
            "used.json",
            "--hold-back",
            "0.3",
        ];
        with(&["eval"], &[&fixed, more].concat())
    };
    let (ok, _, err) = promote("worse.json", "model.json", &[]);
    assert!(
        !ok && err.contains("worse than the one it would replace"),
        "{err}"
    );
    assert!(!folder.path().join("used.json").exists());
    let (ok, _, err) = promote("model.json", "worse.json", &[]);
    assert!(ok, "{err}");
    assert_eq!(read("used.json")["name"], "trained-1");
    let (ok, _, err) = promote("worse.json", "model.json", &["--force"]);
    assert!(ok, "{err}");
    assert_eq!(read("used.json")["name"], "worse-1");

    // Too few questions tell nothing, however good the answers.
    let few = [
        "--model",
        "model.json",
        "--against",
        "worse.json",
        "--promote",
        "few.json",
        "--hold-back",
        "0.05",
    ];
    let (ok, _, err) = with(&["eval"], &few);
    assert!(!ok && err.contains("too few to tell"), "{err}");
    let (ok, _, err) = with(&["train"], &["--out", "none.json", "--hold-back", "1"]);
    assert!(!ok && err.contains("from 0 up to"), "{err}");
}

/// Hard pairs are those whose texts share little; here all pairs share some words and few most.
#[test]
fn hard_pairs_are_asked_alone() {
    let folder = tempfile::tempdir().unwrap();
    write_cases(folder.path());
    let asked = |share: &str| {
        let tail = ["--rule", "fixmystreet", "--json", "--hard-below", share];
        let arguments: Vec<&str> = ["eval"]
            .iter()
            .chain(&FILES)
            .chain(&tail)
            .copied()
            .collect();
        run(folder.path(), &arguments)
    };
    let (ok, out, err) = asked("0.99");
    assert!(ok, "{err}");
    let figures: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(figures["questions"], 120);
    let (ok, _, err) = asked("0.0");
    assert!(!ok && err.contains("no such question"), "{err}");
}

/// A complaint somewhere in four places, by one of five persons or nobody, about one of three
/// things, by name or not.
fn anything(draw: &mut Draw) -> Value {
    let phone = format!("1380000000{}", draw.below(5));
    let mut body = fumes(
        Some(phone.as_str()).filter(|_| draw.below(4) > 0),
        draw.below(60) as f64,
    );
    body["category"] =
        json!(["air.cooking_fume", "air.odour", "noise.social"][draw.below(3) as usize]);
    body["location"]["lon"] = json!(119.29 + 0.003 * draw.below(2) as f64);
    if draw.below(3) == 0 {
        body["premises"] = Value::Null;
    }
    if draw.below(6) == 0 {
        body["location"] = Value::Null;
        body["address"] = json!(format!("华林路{}号", 100 + draw.below(3)));
    }
    body["description"] = json!(
        [
            "每天晚上油烟很大，熏得睡不着觉",
            "夜里异味刺鼻，请来检查",
            "音响太吵，影响孩子学习"
        ][draw.below(3) as usize]
    );
    body
}

/// Groups as sets of places in the order of arrival.
fn groups(of: impl Iterator<Item = usize>) -> Vec<Vec<usize>> {
    let mut groups: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, group) in of.enumerate() {
        groups.entry(group).or_default().push(at);
    }
    groups.into_values().collect()
}

/// The batch: each report against the earlier ones through the index in memory, as the intake does
/// it through the database.
fn batch(reports: &[Report], profile: &Profile) -> Vec<Vec<usize>> {
    let index = Index::of(reports);
    let mut group_of: Vec<usize> = Vec::new();
    for (at, new) in reports.iter().enumerate() {
        let candidates: Vec<Candidate> = index
            .candidates(reports, at, radius_m(profile, new), Order::Arrival)
            .into_iter()
            .map(|old| Candidate {
                report: reports[old].clone(),
                number: old.to_string(),
                entry_id: uuid::Uuid::from_u128(group_of[old] as u128),
                closed_at: None,
                finally_reviewed: false,
                entry: EntryStanding::Open,
            })
            .collect();
        let verdict = decide(new, &candidates, profile);
        let attached = matches!(verdict.outcome, Outcome::Attached | Outcome::Provisional);
        let group = verdict
            .target_entry
            .filter(|_| attached)
            .map_or(at, |entry| entry.as_u128() as usize);
        group_of.push(group);
    }
    groups(group_of.into_iter())
}

on_both! {
    /// Feeding complaints one by one gives the groups that the batch gives on the same order.
    async fn online_equals_batch(world) {
        for seed in 0..2 {
            let mut draw = Draw(seed);
            let before: i64 = world.db_read(|c| complaint::table.count().get_result(c).unwrap());
            for _ in 0..40 {
                world.clock.advance(chrono::TimeDelta::minutes(7));
                world.resident().post("/api/v1/complaints", anything(&mut draw)).await.expect(201);
            }
            let (reports, entries) = world.db_read(|c| {
                let rows: Vec<(Id, Id)> = complaint::table.order(complaint::id).select((complaint::id, complaint::entry_id)).load(c).unwrap();
                let ids: Vec<Id> = rows.iter().map(|r| r.0).collect();
                let mut reports: Vec<Report> = load_candidates(c, &ids).unwrap().into_iter().map(|k| k.report).collect();
                reports.sort_by_key(|r| r.id);
                (reports, rows.into_iter().map(|r| r.1).collect::<Vec<Id>>())
            });
            assert_eq!(reports.len() as i64, before + 40);
            let mut seen: Vec<Id> = Vec::new();
            let online = groups(entries.iter().map(|entry| {
                seen.iter().position(|e| e == entry).unwrap_or_else(|| {
                    seen.push(*entry);
                    seen.len() - 1
                })
            }));
            let mut batched = batch(&reports, &world.server.app.profile);
            batched.sort();
            let mut online = online;
            online.sort();
            assert_eq!(online, batched, "seed {seed}");
            assert!(online.len() > 3 && online.len() < reports.len(), "{online:?}");
        }
    }
}

on_both! {
    /// What the model says and what officers say of it is counted by model, so that drift shows.
    async fn drift_shows_by_model(world) {
        let brigade = world.brigade().await;
        for (n, decision) in ["", "confirm", "reject", "confirm", "confirm"].into_iter().enumerate() {
            let body = fumes(Some(&format!("1370000000{n}")), n as f64);
            let number = world.resident().post("/api/v1/complaints", body).await.expect(201).text("/number");
            if !decision.is_empty() {
                let path = format!("/api/v1/complaints/{number}/match-decision");
                brigade.post(&path, json!({ "decision": decision })).await.expect(200);
            }
        }
        let text = String::from_utf8(world.resident().get("/metrics").await.expect(200).bytes).unwrap();
        let model = &world.server.app.profile.model;
        for (line, value) in [
            ("dengwen_matching_total{event=\"new\"", "1"),
            ("dengwen_matching_total{event=\"provisional\"", "4"),
            ("dengwen_matching_total{event=\"confirmed\"", "3"),
            ("dengwen_matching_total{event=\"rejected\"", "1"),
            ("dengwen_matching_rejected_share{", "0.25"),
        ] {
            let comma = if line.ends_with('{') { "" } else { "," };
            let whole = format!("{line}{comma}model=\"{}\"}} {value}\n", model.name());
            assert!(text.contains(&whole), "{whole}{text}");
        }
    }
}

on_both! {
    /// A copy-paste campaign is one matter with many voices, never one person repeating.
    async fn a_campaign_is_many_voices(world) {
        let text = "我们是琴亭河沿岸居民，河水发黑发臭已经三年，严重影响生活，强烈要求立即截污清淤，还我们清澈的河水。";
        for n in 0..12 {
            let reporter = (n % 4 != 0).then(|| json!({ "phone": format!("138000020{n:02}") }));
            let body = json!({ "category": "water.black_odorous", "description": text, "reporter": reporter });
            world.clock.advance(chrono::TimeDelta::hours(3));
            world.resident().post("/api/v1/complaints", body).await.expect(201);
        }
        let counted = || -> Vec<(i32, i32, i32, bool)> {
            world.db_read(|c| {
                ledger_entry::table
                    .select((ledger_entry::complaint_count, ledger_entry::distinct_reporters, ledger_entry::repeat_count, ledger_entry::strong_concern))
                    .load(c)
                    .unwrap()
            })
        };
        // Nine named voices and three anonymous ones; nobody repeats. Whether it is a strong
        // concern is for a person to confirm.
        assert_eq!(counted(), [(12, 9, 0, false)]);
        let brigade = world.brigade().await;
        let open: Vec<String> = world.db_read(|c| complaint::table.filter(complaint::link.eq("provisional")).select(complaint::number).load(c).unwrap());
        for number in open {
            brigade.post(&format!("/api/v1/complaints/{number}/match-decision"), json!({ "decision": "confirm" })).await.expect(200);
        }
        assert_eq!(counted(), [(12, 9, 0, true)]);
        let entry: String = world.db_read(|c| ledger_entry::table.select(ledger_entry::number).first(c).unwrap());
        let view = brigade.get(&format!("/api/v1/entries/{entry}")).await.expect(200).body;
        assert_eq!(
            (&view["complaint_count"], &view["distinct_reporters"], &view["repeat_count"], &view["strong_concern"]),
            (&json!(12), &json!(9), &json!(0), &json!(true)),
            "{view}"
        );
    }
}

on_both! {
    /// The same template about another river is another matter.
    async fn the_same_template_about_another_place_stays_apart(world) {
        let text = |river: &str| format!("{river}河水发黑发臭已经三年，严重影响两岸居民生活，强烈要求立即截污清淤，还我们清澈的河水。");
        for (n, river) in ["琴亭河", "白马河"].into_iter().enumerate() {
            let body = json!({ "category": "water.black_odorous", "description": text(river), "reporter": { "phone": format!("1380000300{n}") } });
            world.resident().post("/api/v1/complaints", body).await.expect(201);
        }
        let entries: i64 = world.db_read(|c| ledger_entry::table.count().get_result(c).unwrap());
        assert_eq!(entries, 2);
    }
}

/// Real repeat petitioners: every earlier petition of a person is a candidate of the next, over
/// years and whatever it is about; of very many the newest.
#[test]
fn a_persons_earlier_petitions_are_found() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data/taidi2020c_petitions/petitions.csv");
    let Ok(mut file) = csv::Reader::from_path(path) else {
        use std::io::Write as _;
        let _ = writeln!(
            std::io::stderr(),
            "left out: no petitions beside the repository"
        );
        return;
    };
    let rows: Vec<csv::StringRecord> = file.records().map(Result::unwrap).collect();
    let reports: Vec<Report> = rows
        .iter()
        .enumerate()
        .map(|(n, row)| Report {
            persons: vec![row[1].to_owned()],
            received_at: chrono::DateTime::UNIX_EPOCH + chrono::TimeDelta::days(n as i64),
            category: "petition".into(),
            ..Report::default()
        })
        .collect();
    let index = Index::of(&reports);
    let mut by_person: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let (mut asked, mut most) = (0, 0);
    for (at, report) in reports.iter().enumerate() {
        let earlier = by_person.entry(report.persons[0].as_str()).or_default();
        if !earlier.is_empty() {
            let found = index.candidates(&reports, at, 100.0, Order::Arrival);
            // Of very many the newest: nobody reads sixty links.
            let newest = earlier.iter().rev().take(PER_KEY);
            let missing = newest.filter(|old| !found.contains(old)).count();
            assert_eq!(missing, 0, "of {} by {}", earlier.len(), report.persons[0]);
            asked += 1;
        }
        earlier.push(at);
        most = most.max(earlier.len());
    }
    assert!(
        asked > 100 && most > 5,
        "{asked} repeats, {most} by one person"
    );
}

on_both! {
    /// Facts are made anew of the tables they came from, and say the same as before.
    async fn facts_can_be_made_anew(world) {
        use dengwen::{matching::queries, platform::db::schema::{match_fact, match_key}};
        let mut draw = Draw(3);
        for _ in 0..12 {
            world.resident().post("/api/v1/complaints", anything(&mut draw)).await.expect(201);
        }
        let filed = || world.db_read(|c| {
            let ids: Vec<Id> = match_fact::table.order(match_fact::complaint_id).select(match_fact::complaint_id).load(c).unwrap();
            let mut reports: Vec<Report> = load_candidates(c, &ids).unwrap().into_iter().map(|k| k.report).collect();
            reports.sort_by_key(|r| r.id);
            // The sending device is not kept elsewhere, so it is not made anew.
            reports.iter_mut().for_each(|r| r.sender = None);
            let keys: i64 = match_key::table.count().get_result(c).unwrap();
            (format!("{reports:?}"), keys)
        });
        let (before, keys) = filed();
        world.db_read(|c| {
            diesel::delete(match_key::table).execute(c).unwrap();
            diesel::delete(match_fact::table).execute(c).unwrap();
            assert!(queries::nothing_is_filed(c).unwrap());
        });
        let now = world.server.app.now();
        world.db_read(|c| dengwen::platform::jobs::enqueue(c, dengwen::jobs::REFILE_FACTS, json!({}), now, now).unwrap());
        dengwen::jobs::run_due(&world.server.app).await.unwrap();
        let (after, keys_after) = filed();
        assert_eq!(after, before);
        // One key each for the sending device is gone.
        assert_eq!(keys_after, keys - 12);
    }
}
