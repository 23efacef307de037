//! Steps that many items or many clerks make at once: the next of the queue, and decisions in bulk.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use anyhow::Context as _;
use futures_util::future::join_all;
use serde_json::{Value, json};

use super::Reader;
use crate::cli::bench::filling::Times;

/// Claims of one clerk, and of each of several at once.
const CLAIMS: u32 = 200;
const CLAIMS_EACH: u32 = 25;

/// Items decided on in one step, as many as a step takes.
const IN_BULK: usize = 100;

/// Bulks that are timed.
const BULKS: u32 = 2;

/// Takes them, and prints what it took.
pub(super) async fn take(reader: &Reader, clerks: &[String]) -> anyhow::Result<()> {
    alone(reader, clerks.first().context("a clerk")?).await?;
    together(reader, clerks).await?;
    in_bulk(reader, clerks.first().context("a clerk")?).await
}

/// Claims the next item; its number, or nothing when nothing is left.
async fn claim(reader: &Reader, who: &str) -> anyhow::Result<Option<String>> {
    let claimed = reader.post(who, "/triage/claims", &json!({})).await?;
    let number = claimed.pointer("/complaint/number").and_then(Value::as_str);
    Ok(number.map(str::to_owned))
}

async fn release(reader: &Reader, who: &str, number: &str) -> anyhow::Result<()> {
    reader
        .delete(who, &format!("/triage/claims/{number}"))
        .await
}

/// One clerk claims one item after the other, and keeps them all until the end.
async fn alone(reader: &Reader, who: &str) -> anyhow::Result<()> {
    let (mut times, mut held) = (Times::default(), Vec::new());
    for _ in 0..CLAIMS {
        let began = Instant::now();
        let claimed = claim(reader, who).await?;
        times.add(began.elapsed());
        held.extend(claimed);
    }
    for number in &held {
        release(reader, who, number).await?;
    }
    tell!(
        "one clerk claims {} items: median {:.2} ms, p99 {:.2} ms",
        held.len(),
        times.at(0.5),
        times.at(0.99)
    )
}

/// Several clerks claim at once: whether two ever got the same, and whether all got theirs in the
/// same time.
async fn together(reader: &Reader, clerks: &[String]) -> anyhow::Result<()> {
    let began = Instant::now();
    let each = clerks.iter().map(|who| async move {
        let (mut times, mut held) = (Times::default(), Vec::new());
        for _ in 0..CLAIMS_EACH {
            let began = Instant::now();
            let claimed = claim(reader, who).await?;
            times.add(began.elapsed());
            held.extend(claimed);
        }
        anyhow::Ok((times, held, began.elapsed()))
    });
    let each = join_all(each).await.into_iter();
    let each: Vec<_> = each.collect::<anyhow::Result<_>>()?;
    let all: BTreeSet<&String> = each.iter().flat_map(|(_, held, _)| held).collect();
    let claimed: usize = each.iter().map(|(_, held, _)| held.len()).sum();
    let ended: Vec<f64> = each
        .iter()
        .map(|(_, _, took)| took.as_secs_f64() * 1e3)
        .collect();
    let (first, last) = ended.iter().fold((f64::MAX, 0.0_f64), |(first, last), at| {
        (first.min(*at), last.max(*at))
    });
    let held: BTreeMap<&String, Vec<String>> = clerks
        .iter()
        .zip(each.iter().map(|(_, held, _)| held.clone()))
        .collect();
    let twice = claimed - all.len();
    let mut times = Times::default();
    for (of_one, ..) in each {
        times.extend(of_one);
    }
    tell!(
        "{} clerks at once claim {claimed} items: {twice} twice; median {:.2} ms, p99 {:.2} ms; the first had theirs after {first:.0} ms, the last after {last:.0} ms",
        clerks.len(),
        times.at(0.5),
        times.at(0.99)
    )?;
    for (who, numbers) in held {
        for number in numbers {
            release(reader, who, &number).await?;
        }
    }
    Ok(())
}

/// Accepts many items in one step.
async fn in_bulk(reader: &Reader, who: &str) -> anyhow::Result<()> {
    for _ in 0..BULKS {
        let path = format!("/triage/queue?state=awaiting_acceptance&limit={IN_BULK}");
        let page: Value = serde_json::from_slice(&reader.get(who, &path).await?)?;
        let items = page.get("items").and_then(Value::as_array);
        let accept = json!({ "action": "accept", "procedure": "enforcement_request" });
        let items: Vec<Value> = items
            .into_iter()
            .flatten()
            .map(|item| json!({ "number": item.get("number"), "decision": accept }))
            .collect();
        let count = items.len();
        let began = Instant::now();
        reader
            .post(who, "/triage/decisions", &json!({ "items": items }))
            .await?;
        tell!(
            "{count} items accepted in one step: {:.0} ms",
            began.elapsed().as_secs_f64() * 1e3
        )?;
    }
    Ok(())
}
