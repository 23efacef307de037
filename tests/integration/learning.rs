//! What officers decide on proposed links is what the next model learns from: told through the API
//! and the binary, from the first decision to the verdict of the promoted model.

use chrono::TimeDelta;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    Actor, Reply, World,
    bodies::{LON, fumes},
    command::matching_on,
};

/// Houses with two kitchens each, and complaints about the first kitchen that join its first one.
const HOUSES: usize = 30;
const JOINING: usize = 3;

/// A complaint about a house's kitchen that smokes in the evening, or about the one in the yard
/// that smokes at noon. Nobody names either, so at first the hours are all that tells them apart.
fn smoke(house: usize, noon: bool, person: usize) -> Value {
    let (metres_north, row) = (400.0 * (house % 5) as f64, house / 5);
    let mut body = fumes(
        Some(&format!("139{house:04}{person:04}")),
        metres_north + 2.0 * person as f64,
    );
    body["location"]["lon"] = json!(LON - 0.004 * row as f64);
    body["premises"] = Value::Null;
    body["description"] = json!("楼下厨房油烟直排，熏得全楼居民无法开窗，请尽快处理。");
    if noon {
        body["occurred_at"] = json!("2026-11-23T11:00:00+08:00");
        body["occurred_until"] = json!("2026-11-23T13:00:00+08:00");
    }
    body
}

/// One complaint about each house, at once; the numbers by house.
async fn round(world: &World, noon: bool, person: usize) -> Vec<String> {
    world.clock.advance(TimeDelta::seconds(100));
    let resident = world.resident();
    let sent =
        (0..HOUSES).map(|house| resident.post("/api/v1/complaints", smoke(house, noon, person)));
    let replies = join_all(sent).await;
    replies
        .into_iter()
        .map(|reply| reply.expect(201).text("/number"))
        .collect()
}

async fn decide(officer: &Actor, numbers: &[String], decision: &str) {
    let body = json!({ "decision": decision });
    let paths: Vec<String> = numbers
        .iter()
        .map(|n| format!("/api/v1/complaints/{n}/match-decision"))
        .collect();
    for reply in join_all(paths.iter().map(|path| officer.post(path, body.clone()))).await {
        reply.expect(200);
    }
}

/// The models that judged complaints, and the last verdict's word on the first candidate.
async fn judged(officer: &Actor, number: &str) -> (Vec<String>, f64) {
    let matches = officer
        .get(&format!("/api/v1/complaints/{number}/matches"))
        .await
        .expect(200);
    let verdicts = matches.body["verdicts"].as_array().unwrap();
    let models = verdicts
        .iter()
        .map(|v| v["model"].as_str().unwrap().to_owned());
    let score = matches.body["verdicts"][0]["candidates"][0]["score"].as_f64();
    (models.collect(), score.unwrap_or(0.0))
}

async fn seen(officer: &Actor, number: &str) -> Reply {
    officer
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200)
}

/// The binary at work on a world's database; models lie in the world's folder.
struct Operator<'a>(&'a World);

impl Operator<'_> {
    fn runs(&self, arguments: &[&str]) -> (bool, String, String) {
        matching_on(&self.0.database_url, self.0.dir.path(), arguments)
    }

    fn trains(&self, name: &str, more: &[&str]) -> Value {
        let out = format!("{name}.json");
        let head = ["train", "--ledger", "--name", name, "--out", &out];
        let (ok, said, err) = self.runs(&[&head, more].concat());
        assert!(ok, "{said}{err}");
        self.model(name)
    }

    fn promotes(&self, new: &str, current: &str, more: &[&str]) -> (bool, String, String) {
        let (new, current) = (format!("{new}.json"), format!("{current}.json"));
        let head = ["eval", "--ledger", "--model", &new, "--against", &current];
        let tail = ["--promote", "in-use.json", "--hold-back", "0.6"];
        self.runs(&[&head[..], &tail, more].concat())
    }

    fn model(&self, name: &str) -> Value {
        let path = self.0.dir.path().join(format!("{name}.json"));
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    /// A model that holds the opposite of another.
    fn turns_round(&self, model: &Value, name: &str) {
        let mut turned = model.clone();
        turned["name"] = json!(name);
        for weights in turned["weights"].as_object_mut().unwrap().values_mut() {
            for weight in weights.as_object_mut().unwrap().values_mut() {
                weight["bits"] = json!(-weight["bits"].as_f64().unwrap());
            }
        }
        let path = self.0.dir.path().join(format!("{name}.json"));
        std::fs::write(path, turned.to_string()).unwrap();
    }
}

/// A ledger on which officers decided: the evening complaints of each house are one matter, the
/// noon complaint is another. Answers the numbers by round, the noon ones last.
async fn decided(world: &World, officer: &Actor) -> Vec<Vec<String>> {
    let mut rounds = vec![round(world, false, 0).await];
    for person in 1..=JOINING {
        rounds.push(round(world, false, person).await);
    }
    let noon = round(world, true, JOINING + 1).await;
    for joining in &rounds[1..] {
        decide(officer, joining, "confirm").await;
    }
    decide(officer, &noon, "reject").await;
    rounds.push(noon);
    rounds
}

/// A model tells what it learnt from; what was undone is in it neither way, and comes back as
/// it was when it is decided again.
async fn a_model_says_what_it_learnt_from(world: World) {
    let brigade = world.brigade().await;
    let rounds = decided(&world, &brigade).await;
    let operator = Operator(&world);
    let told = |model: &Value| {
        let provenance = &model["provenance"];
        let hash = provenance["data_sha256"][0].as_str().unwrap().to_owned();
        let counts = (
            provenance["pairs"].as_u64().unwrap(),
            provenance["rejected"].as_u64().unwrap(),
        );
        (
            counts,
            hash,
            provenance["data"].as_str().unwrap().to_owned(),
        )
    };
    let all = operator.trains("all", &["--hold-back", "0"]);
    let (counts, hash, data) = told(&all);
    assert_eq!(counts, (90, 30));
    assert!(
        data.contains("2026-11-24 to 2026-11-24: 90 confirmations, 30 rejections"),
        "{data}"
    );
    assert_eq!(
        (hash.len(), all["provenance"]["method"].clone()),
        (64, json!("labels"))
    );

    let (joined, noon) = (&rounds[JOINING][..2], &rounds[JOINING + 1][2..3]);
    decide(&brigade, joined, "undo").await;
    decide(&brigade, noon, "undo").await;
    let less = told(&operator.trains("less", &["--hold-back", "0"]));
    assert_eq!(less.0, (88, 29));
    assert_ne!(less.1, hash);
    decide(&brigade, joined, "confirm").await;
    decide(&brigade, noon, "reject").await;
    assert_eq!(
        told(&operator.trains("again", &["--hold-back", "0"])),
        (counts, hash, data)
    );

    // Each pair is learnt from or asked, and of a group held back nothing is learnt.
    let held = operator.trains("held", &[]);
    assert_eq!(held["provenance"]["held_back"], json!(0.2));
    let (ok, out, err) = operator.runs(&["eval", "--ledger", "--model", "held.json", "--json"]);
    let asked = if ok {
        serde_json::from_str::<Value>(&out).unwrap()["questions"]
            .as_u64()
            .unwrap()
    } else {
        assert!(err.contains("no such question"), "{err}");
        0
    };
    let ((pairs, rejected), ..) = told(&held);
    assert_eq!((pairs + asked, rejected * 3), (90, pairs));
}

/// The officers' model takes the place of a worse one, not the other way round unless forced;
/// the server judges with it from its next start, and what was judged before keeps its judge.
async fn the_officers_model_takes_over(mut world: World) {
    let brigade = world.brigade().await;
    let rounds = decided(&world, &brigade).await;
    let (evening, noon) = (&rounds[1], &rounds[JOINING + 1]);
    let (models, at_first) = judged(&brigade, &noon[0]).await;
    let hand_set = world.server.app.profile.model.name().to_owned();
    assert_eq!(models, std::slice::from_ref(&hand_set));
    assert!(at_first > 0.25, "it was a question: {at_first}");

    let operator = Operator(&world);
    let learnt = operator.trains("officers-1", &["--hold-back", "0.6"]);
    operator.turns_round(&learnt, "wrong-1");
    let (ok, out, err) = operator.promotes("officers-1", "wrong-1", &[]);
    assert!(ok, "{out}{err}");
    assert_eq!(operator.model("in-use"), learnt);
    let (ok, _, err) = operator.promotes("wrong-1", "in-use", &[]);
    assert!(
        !ok && err.contains("not promoted: the model is worse than the one it would replace"),
        "{err}"
    );
    assert_eq!(operator.model("in-use"), learnt, "and it is as it was");
    let (ok, _, err) = operator.promotes("wrong-1", "in-use", &["--force"]);
    assert!(ok, "{err}");
    assert_eq!(operator.model("in-use")["name"], "wrong-1");
    let (ok, out, err) = operator.promotes("officers-1", "in-use", &[]);
    assert!(ok, "{out}{err}");

    let in_use = world.dir.path().join("in-use.json").display().to_string();
    world.restart_with("DENGWEN_MODEL", &in_use).await;
    let brigade = world.sign_in("brigade").await;
    // Each kitchen's new complaint joins that kitchen's, which the hours alone tell apart.
    let mut joined = [0, 0];
    for (n, (is_noon, joins)) in [(true, noon), (false, evening)].into_iter().enumerate() {
        let new = round(&world, is_noon, JOINING + 2 + n).await;
        for (new, joins) in new.iter().zip(joins) {
            assert_eq!(judged(&brigade, new).await.0, ["officers-1"]);
            let (new, joins) = (seen(&brigade, new).await, seen(&brigade, joins).await);
            let linked = new.text("/link") == "provisional";
            joined[n] += usize::from(linked && new.text("/entry") == joins.text("/entry"));
        }
    }
    assert!(joined.iter().all(|n| *n >= HOUSES * 9 / 10), "{joined:?}");
    for number in [&evening[0], &noon[0]] {
        assert_eq!(
            judged(&brigade, number).await.0,
            std::slice::from_ref(&hand_set)
        );
    }
}

on_both!(
    a_model_says_what_it_learnt_from,
    the_officers_model_takes_over,
);
