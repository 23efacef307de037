//! `dengwen match` on files: training, measuring, linking, and what it refuses.

use std::{fmt::Write as _, path::Path};

use serde_json::{Value, json};

use crate::support::{
    command::{matching as run, matching_unread},
    draw::Draw,
};

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
    let better = model.clone();
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
    assert_eq!(read("used.json"), better);
    let (ok, _, err) = promote("worse.json", "model.json", &["--force"]);
    assert!(ok, "{err}");
    assert_eq!(read("used.json")["name"], "worse-1");
    // Whether anybody reads the figures or not (`| head -1`).
    let unread: Vec<&str> = ["eval"]
        .iter()
        .chain(&FILES)
        .chain(&["--model", "model.json", "--against", "worse.json"])
        .chain(&["--promote", "used.json", "--hold-back", "0.3"])
        .copied()
        .collect();
    let (ok, err) = matching_unread(folder.path(), &unread);
    assert!(ok && !err.contains("panicked"), "{err}");
    assert_eq!(read("used.json"), better);

    // One that calls everything the same matter ranks as well, and is worse all the same.
    let mut boasts = better.clone();
    boasts["prior_bits"] = json!(boasts["prior_bits"].as_f64().unwrap() + 300.0);
    boasts["name"] = json!("boasts-1");
    std::fs::write(folder.path().join("boasts.json"), boasts.to_string()).unwrap();
    let (ok, out, err) = promote("boasts.json", "model.json", &["--json"]);
    assert!(!ok && err.contains("its probabilities are off"), "{err}");
    let told: Value = serde_json::from_str(&out).unwrap();
    let (new, current) = (&told["against"]["new"], &told["against"]["current"]);
    assert_eq!(new["any_mrr"], current["any_mrr"]);
    assert!(new["misjudged"].as_f64() > current["misjudged"].as_f64());
    // Two models of one name could not be told apart in the verdicts.
    boasts["name"] = better["name"].clone();
    std::fs::write(folder.path().join("boasts.json"), boasts.to_string()).unwrap();
    let (ok, _, err) = promote("boasts.json", "model.json", &["--force"]);
    assert!(!ok && err.contains("one name"), "{err}");

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
