//! Nobody recognises a reporter by what they read without need: the sentences on which masking is
//! measured (`crates/text/tests/marked`), filed as complaints, show none of the places marked in them.

use std::collections::BTreeMap;

use dengwen::account::Role;
use serde_json::json;

use crate::support::{World, bodies::fumes};

const SENTENCES: &str = include_str!("../../crates/text/tests/marked/personal.txt");

/// The reporter of sentences that name none.
const REPORTER: &str = "何晓岚";

/// Sentences of one complaint at most.
const OF_A_COMPLAINT: usize = 20;

/// Letters of marks that are looked for with the letters around them: 502 alone may be another's.
const SHORT: usize = 6;

/// Letters around a short mark.
const AROUND: usize = 3;

/// A sentence and what must not be read of it, with the letters around.
struct Sentence {
    text: String,
    marks: Vec<String>,
}

/// Letters and digits of a text, in half width.
fn plain(letters: &[char]) -> String {
    let half = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap(),
        c => c,
    };
    letters
        .iter()
        .map(|c| half(*c))
        .filter(|c| c.is_alphanumeric())
        .collect()
}

fn read(line: &str) -> Sentence {
    let (mut letters, mut marks) = (Vec::new(), Vec::<(usize, usize)>::new());
    let mut rest = line.chars();
    while let Some(letter) = rest.next() {
        match letter {
            '\\' => {
                let code: String = rest.by_ref().skip(2).take_while(|c| *c != '}').collect();
                let code = u32::from_str_radix(&code, 16).unwrap();
                letters.push(char::from_u32(code).unwrap());
            }
            '{' => {
                rest.nth(1).unwrap();
                marks.push((letters.len(), letters.len()));
            }
            '}' => marks.last_mut().unwrap().1 = letters.len(),
            letter => letters.push(letter),
        }
    }
    let around = |(from, to): (usize, usize)| {
        let beside = if to - from > SHORT { 0 } else { AROUND };
        plain(&letters[from.saturating_sub(beside)..(to + beside).min(letters.len())])
    };
    let marks = marks.into_iter().map(around).collect();
    Sentence {
        text: letters.into_iter().collect(),
        marks,
    }
}

/// The sentences of each reporter.
fn by_reporter() -> BTreeMap<&'static str, Vec<Sentence>> {
    let mut sentences: BTreeMap<&str, Vec<Sentence>> = BTreeMap::new();
    for line in SENTENCES.lines() {
        let (reporter, line) = line.split_once('｜').unwrap_or((REPORTER, line));
        sentences.entry(reporter).or_default().push(read(line));
    }
    sentences
}

/// Not recognised: rooms, phones, identity numbers, plates and the reporter's own name in every
/// form of the measured sentences.
async fn no_measured_mark_is_read_without_need(world: World) {
    let office = world.staff(Role::Office).await;
    let mut filed = Vec::new();
    for (reporter, sentences) in by_reporter() {
        for sentences in sentences.chunks(OF_A_COMPLAINT) {
            let texts: Vec<&str> = sentences.iter().map(|s| s.text.as_str()).collect();
            let metres = f64::from(u32::try_from(filed.len()).unwrap()) * 10.0;
            let mut complaint = fumes(None, metres);
            complaint["description"] = json!(texts.join("\n"));
            complaint["reporter"] = json!({ "name": reporter, "phone": "13559012876" });
            let body = json!({ "channel": "hotline_12345", "external_no": format!("FZ-{}", filed.len()), "complaint": complaint });
            let receipt = office.post("/api/v1/intake", body).await.expect(201);
            let marks: Vec<String> = sentences.iter().flat_map(|s| s.marks.clone()).collect();
            filed.push((receipt.text("/number"), marks));
        }
    }
    let path = |number: &str| format!("/api/v1/complaints/{number}");
    let first = office.get(&path(&filed[0].0)).await.expect(200);
    let street = world
        .street("own_street", &first.text("/place/street_code"))
        .await;
    let leader = world.staff(Role::Leader).await;
    for (number, marks) in &filed {
        let full = office.get(&path(number)).await.expect(200);
        let full = plain(&full.text("/description").chars().collect::<Vec<_>>());
        for reader in [&street, &leader] {
            let shown = reader.get(&path(number)).await.expect(200);
            let text: Vec<char> = shown.body.to_string().chars().collect();
            let text = plain(&text);
            let words = shown.text("/description").chars().collect::<Vec<_>>();
            let words = plain(&words);
            for mark in marks {
                assert!(full.contains(mark), "{mark} in {full}");
                // Days and numbers of the view hold four digits of any door.
                let place = if mark.chars().count() > SHORT {
                    &text
                } else {
                    &words
                };
                assert!(!place.contains(mark), "{mark} in {}", shown.body);
            }
        }
    }
}

on_both!(no_measured_mark_is_read_without_need);
