//! What is known of the town, by all who live in it, and what they complain of.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use dengwen::photo::sample::{SampleExif, scene, with_exif};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Actor, Reply,
    bodies::{LAT, LON},
    contract::template_of,
    draw::Draw,
};

/// The clock goes on by so much in all: a token is good for a quarter of an hour.
pub(super) const MINUTES: i64 = 12;

/// What is known of the town, by all.
pub(super) struct Town {
    pub(super) seed: u64,
    /// Number and tracking code, which is empty where nobody was told it.
    pub(super) filed: RefCell<Vec<(String, String)>>,
    pub(super) merges: RefCell<Vec<String>>,
    pub(super) visits: RefCell<Vec<String>>,
    pub(super) blocks: RefCell<Vec<String>>,
    /// Complaints whose link somebody decided on.
    pub(super) decided: RefCell<Vec<String>>,
    /// Codes of complaints that were answered.
    pub(super) replied: RefCell<Vec<String>>,
    pub(super) officers: Vec<String>,
    pub(super) said: RefCell<Vec<String>>,
    pub(super) answers: RefCell<BTreeMap<String, BTreeMap<u16, usize>>>,
    /// Names given so far.
    pub(super) named: Cell<u64>,
    /// Minutes the clock went on.
    pub(super) minutes: Cell<i64>,
}

impl Town {
    pub(super) fn new(seed: u64, officers: Vec<String>) -> Self {
        Self {
            seed,
            filed: RefCell::default(),
            merges: RefCell::default(),
            visits: RefCell::default(),
            blocks: RefCell::default(),
            decided: RefCell::default(),
            replied: RefCell::new(vec!["none".to_owned()]),
            officers,
            said: RefCell::default(),
            answers: RefCell::default(),
            named: Cell::new(0),
            minutes: Cell::new(0),
        }
    }

    /// One request. Whatever was done before, it is answered.
    pub(super) async fn ask(
        &self,
        who: &Actor,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Reply {
        let line = format!(
            "{} {method} {path} {}",
            who.name,
            body.as_ref().map(Value::to_string).unwrap_or_default()
        );
        self.said.borrow_mut().push(line.clone());
        let reply = who
            .send(method.clone(), path, |r| match &body {
                Some(body) => r.json(body),
                None => r,
            })
            .await;
        self.heard(&method, path, &line, reply)
    }

    pub(super) fn heard(&self, method: &Method, path: &str, line: &str, reply: Reply) -> Reply {
        let code = reply.body["code"].as_str().unwrap_or_default();
        self.said
            .borrow_mut()
            .push(format!("    {line} -> {} {code}", reply.status));
        let template = template_of(path.split('?').next().unwrap()).unwrap();
        let operation = format!("{method} {template}");
        let mut answers = self.answers.borrow_mut();
        *answers
            .entry(operation)
            .or_default()
            .entry(reply.status)
            .or_default() += 1;
        assert!(reply.status < 500, "{line}: {}", reply.body);
        reply
    }

    pub(super) async fn post(&self, who: &Actor, path: &str, body: Value) -> Reply {
        self.ask(who, Method::POST, path, Some(body)).await
    }

    pub(super) async fn get(&self, who: &Actor, path: &str) -> Reply {
        self.ask(who, Method::GET, path, None).await
    }

    pub(super) async fn send_parts(
        &self,
        who: &Actor,
        path: &str,
        parts: &[(&str, Option<&str>, Vec<u8>)],
    ) -> Reply {
        let line = format!("{} POST {path} with {} parts", who.name, parts.len());
        self.said.borrow_mut().push(line.clone());
        let reply = who.post_parts(path, parts).await;
        self.heard(&Method::POST, path, &line, reply)
    }

    /// A complaint of a state or with a link, as a list shows it.
    pub(super) async fn found(&self, who: &Actor, list: &str, draw: &mut Draw) -> String {
        let listed = self.get(who, list).await;
        let items = listed.body["items"].as_array().unwrap();
        let found = one_of(items, draw);
        found.map_or_else(
            || "GL0".to_owned(),
            |item| item["number"].as_str().unwrap().to_owned(),
        )
    }

    /// A complaint somebody filed, mostly a new one: those are what many are busy with.
    pub(super) fn complaint(&self, draw: &mut Draw) -> String {
        one_of(&self.filed.borrow(), draw).map_or_else(|| "GL0".to_owned(), |(number, _)| number)
    }

    pub(super) fn code(&self, draw: &mut Draw) -> String {
        let filed = self.filed.borrow();
        let told: Vec<&String> = filed
            .iter()
            .map(|(_, code)| code)
            .filter(|c| !c.is_empty())
            .collect();
        one_of(&told, draw).map_or_else(|| "none".to_owned(), Clone::clone)
    }

    pub(super) fn file(&self, reply: &Reply) {
        if reply.status == 201 {
            let entry = (reply.text("/number"), reply.text("/tracking_code"));
            let mut filed = self.filed.borrow_mut();
            if !filed.contains(&entry) {
                filed.push(entry);
            }
        }
    }

    /// A name nobody used yet.
    pub(super) fn new_name(&self, of: &str) -> String {
        self.named.set(self.named.get() + 1);
        format!("{of}-{}", self.named.get())
    }
}

/// One of a list, two times in three one of the last twelve.
pub(super) fn one_of<T: Clone>(list: &[T], draw: &mut Draw) -> Option<T> {
    let all = list.len() as u64;
    let among = if draw.below(3) < 2 { all.min(12) } else { all };
    (all > 0).then(|| list[(all - 1 - draw.below(among)) as usize].clone())
}

/// The spots everybody complains of: north of the place, in metres.
pub(super) const SPOTS: [f64; 4] = [0.0, 60.0, 900.0, 2400.0];

/// A matter of few: some are the same, some are nearly.
pub(super) fn matter(draw: &mut Draw) -> Value {
    let (category, premises, words) = [
        (
            "air.cooking_fume",
            "老王烧烤",
            "楼下老王烧烤每天晚上油烟直排，熏得全楼居民无法开窗，请尽快处理。",
        ),
        ("air.cooking_fume", "", "附近有人乱排油烟"),
        (
            "noise.construction",
            "杨桥新苑工地",
            "工地夜里两点还在打桩，小孩睡不着。",
        ),
        (
            "water.black_odorous",
            "",
            "河水发黑发臭，两岸居民苦不堪言，望截污清淤。",
        ),
    ][draw.below(4) as usize];
    let metres = SPOTS[draw.below(4) as usize] + draw.below(15) as f64;
    let mut body = json!({
        "category": category, "description": words,
        "location": { "lon": LON, "lat": LAT + metres / 111_195.0, "datum": "WGS84", "accuracy_m": 10.0 },
        "occurred_at": "2026-11-23T19:00:00+08:00",
    });
    if !premises.is_empty() {
        body["premises"] = json!(premises);
    }
    if draw.below(4) > 0 {
        body["reporter"] =
            json!({ "name": "林小雨", "phone": format!("1380000{:04}", draw.below(9)) });
    }
    body
}

pub(super) fn picture(draw: &mut Draw) -> Vec<u8> {
    let taken = SampleExif {
        taken: Some("2026:11:24 20:15:00"),
        ..SampleExif::default()
    };
    with_exif(
        &scene(u32::try_from(draw.below(30)).unwrap(), 48, 32),
        taken,
    )
}
