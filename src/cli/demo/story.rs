//! The story: two dozen complaints, a barbecue's fumes among them with four reports, one repeat,
//! one visit on site, one ledger.

use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{
    arrivals,
    client::{Client, text},
};
use crate::district::shanghai;
use crate::photo::sample::{SampleExif, scene, with_exif};

/// The grid of the barbecue and of the officer.
pub(super) const GRID: &str = "35010200400301";

const LON: f64 = 119.2975;
const LAT: f64 = 26.0860;

/// Plays the story against a server.
pub(super) async fn play(base: &str, password: &str) -> anyhow::Result<()> {
    let resident = Client::resident(base);
    let brigade = Client::staff(base, "brigade", password).await?;
    let office = Client::staff(base, "office", password).await?;
    title("一、这几天各渠道来件")?;
    let others = arrivals::take_in(&resident, &office).await?;
    title("二、居民上报（手机，匿名或实名，附照片）")?;
    let numbers = residents_report(&resident).await?;
    title("三、判重：系统为什么这样认为")?;
    list_matches(&brigade, &others).await?;
    explain(&brigade, &numbers).await?;
    title("四、执法大队研判：确认并单，受理，派网格员核实")?;
    let bulk = confirm(&brigade, &others).await?;
    let visit = triage(&brigade, &numbers).await?;
    accept_together(&brigade, &bulk).await?;
    title("五、网格员到场核实（签到、照片、结论）")?;
    visit_site(base, password, &brigade, &visit).await?;
    title("六、答复每一位反映人，提请入账")?;
    answer_and_list(base, password, &brigade, &numbers).await?;
    title("七、一本账")?;
    show_ledger(&brigade).await
}

fn title(text: &str) -> anyhow::Result<()> {
    tell!("\n{text}")
}

/// So many hours ago, Asia/Shanghai: a visit counts at the complained hours, whenever this is played.
fn hours_ago(hours: i64) -> DateTime<FixedOffset> {
    Utc::now().with_timezone(&shanghai()) - TimeDelta::hours(hours)
}

fn fumes(words: &str, metres: f64, phone: Option<&str>, datum: &str) -> Value {
    let place = crate::geo::Point {
        lon: LON,
        lat: LAT + metres / 111_195.0,
    };
    let datum_value = datum.parse().unwrap_or(crate::geo::Datum::Wgs84);
    let (lon, lat) = crate::geo::from_canonical(datum_value, place);
    json!({
        "category": "air.cooking_fume",
        "description": words,
        "location": { "lon": lon, "lat": lat, "datum": datum, "accuracy_m": 12.0 },
        "premises": "老王烧烤店",
        "occurred_at": hours_ago(1),
        "occurred_until": hours_ago(0),
        "reporter": phone.map(|phone| json!({ "phone": phone })),
    })
}

async fn residents_report(resident: &Client) -> anyhow::Result<Vec<String>> {
    let photo = with_exif(
        &scene(1, 1600, 1200),
        SampleExif {
            gps: Some((LON, LAT)),
            ..SampleExif::default()
        },
    );
    let broken = b"not a photo at all".to_vec();
    let reports = [
        (
            "林女士（高德坐标，两个文件，其中一个损坏）",
            fumes(
                "楼下老王烧烤每天晚上油烟直排，熏得全楼无法开窗。",
                0.0,
                Some("13800000001"),
                "GCJ02",
            ),
            vec![photo, broken],
        ),
        (
            "陈先生（百度坐标）",
            fumes(
                "老王烧烤油烟太大，请查处，电话13800000002。",
                18.0,
                Some("13800000002"),
                "BD09",
            ),
            Vec::new(),
        ),
        (
            "匿名居民",
            fumes("烧烤店油烟扰民", 9.0, None, "WGS84"),
            Vec::new(),
        ),
        (
            "林女士再次反映",
            fumes(
                "前天反映的老王烧烤还在排油烟，没人来。",
                3.0,
                Some("13800000001"),
                "WGS84",
            ),
            Vec::new(),
        ),
        (
            "吴先生（另一件事：梅峰河）",
            json!({
            "category": "water.black_odorous", "description": "梅峰河这一段又黑又臭。",
            "location": { "lon": 119.2760, "lat": 26.1010, "datum": "WGS84" }, "reporter": { "phone": "13800000003" } }),
            Vec::new(),
        ),
    ];
    let mut numbers = Vec::new();
    for (who, body, photos) in reports {
        let similar = resident.post("/api/v1/complaints/similar", &body).await?;
        let near = similar
            .pointer("/similar")
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        let receipt = resident
            .post_photos("/api/v1/complaints", Some(&body), "photo", photos)
            .await?;
        tell!(
            "  {}  {who}：{}，告知期限 {}",
            text(&receipt, "/number"),
            text(&receipt, "/state_name"),
            notice_due(&receipt)
        )?;
        if near > 0 {
            tell!("      填写时已提示附近有 {near} 件相似的在办事项")?;
        }
        for photo in receipt
            .pointer("/photos")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            tell!(
                "      照片 {}：{} {}",
                text(photo, "/file_name"),
                text(photo, "/status"),
                text(photo, "/problem")
            )?;
        }
        numbers.push(text(&receipt, "/number"));
    }
    Ok(numbers)
}

/// The day by which the reporter is told whether the complaint is taken (告知).
fn notice_due(receipt: &Value) -> String {
    let deadlines = receipt.pointer("/deadlines").and_then(Value::as_array);
    let notify = deadlines
        .into_iter()
        .flatten()
        .find(|d| text(d, "/kind") == "notify");
    notify.map(|d| text(d, "/due_on")).unwrap_or_default()
}

/// One line for each complaint that is not a matter of its own.
async fn list_matches(brigade: &Client, numbers: &[String]) -> anyhow::Result<()> {
    for number in numbers {
        let matches = brigade
            .get(&format!("/api/v1/complaints/{number}/matches"))
            .await?;
        let outcome = text(&matches, "/verdicts/0/outcome");
        if outcome != "new" {
            tell!(
                "  {number}  规则 {}，结论 {outcome}，得分 {}，与 {}",
                text(&matches, "/verdicts/0/rule"),
                score(&matches),
                text(&matches, "/verdicts/0/candidates/0/number")
            )?;
        }
    }
    Ok(())
}

/// Reasons of a match that are shown; the API shows them all.
const REASONS_SHOWN: usize = 5;

async fn explain(brigade: &Client, numbers: &[String]) -> anyhow::Result<()> {
    for number in numbers {
        let matches = brigade
            .get(&format!("/api/v1/complaints/{number}/matches"))
            .await?;
        let rule = text(&matches, "/verdicts/0/rule");
        tell!(
            "  {number}  规则 {rule}，结论 {}，得分 {}",
            text(&matches, "/verdicts/0/outcome"),
            score(&matches)
        )?;
        let comparisons = matches
            .pointer("/verdicts/0/candidates/0/comparisons")
            .and_then(Value::as_array);
        for comparison in comparisons.into_iter().flatten().take(REASONS_SHOWN) {
            let weight = comparison
                .pointer("/weight")
                .and_then(Value::as_f64)
                .unwrap_or(0.0);
            tell!("      {weight:+.1} bit  {}", text(comparison, "/words"))?;
        }
    }
    Ok(())
}

fn score(matches: &Value) -> String {
    let score = matches.pointer("/verdicts/0/score").and_then(Value::as_f64);
    score.map_or_else(|| "—".to_owned(), |score| format!("{score:.2}"))
}

/// Confirms what was attached provisionally; answers what is confirmed.
async fn confirm(brigade: &Client, numbers: &[String]) -> anyhow::Result<Vec<String>> {
    let mut confirmed = Vec::new();
    for number in numbers {
        let complaint = brigade.get(&format!("/api/v1/complaints/{number}")).await?;
        if text(&complaint, "/link") == "provisional" {
            let body = json!({ "decision": "confirm", "reason": "同一地点、同一事由" });
            brigade
                .post(
                    &format!("/api/v1/complaints/{number}/match-decision"),
                    &body,
                )
                .await?;
            tell!(
                "  {number}  确认并单（{}），入 {}",
                text(&complaint, "/link_rule"),
                text(&complaint, "/entry")
            )?;
            confirmed.push(number.clone());
        }
    }
    Ok(confirmed)
}

/// Accepts several complaints in one step, all or none.
async fn accept_together(brigade: &Client, numbers: &[String]) -> anyhow::Result<()> {
    let accept = json!({ "action": "accept", "procedure": "enforcement_request" });
    let items: Vec<Value> = numbers
        .iter()
        .map(|number| json!({ "number": number, "decision": accept }))
        .collect();
    let body = json!({ "items": items });
    let done = brigade.post("/api/v1/triage/decisions", &body).await?;
    let accepted = done
        .pointer("/items")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    tell!("  一次批量受理 {accepted} 件（全部成功或全部不动）")?;
    let queue = brigade.get("/api/v1/triage/queue").await?;
    tell!(
        "  队列中：待受理 {} 件，待判重 {} 件，其中急件 {} 件",
        count(&queue, "awaiting_acceptance"),
        count(&queue, "screening"),
        count(&queue, "urgent")
    )?;
    Ok(())
}

fn count(queue: &Value, name: &str) -> u64 {
    let counted = queue.pointer(&format!("/counts/{name}"));
    counted.and_then(Value::as_u64).unwrap_or_default()
}

async fn triage(brigade: &Client, numbers: &[String]) -> anyhow::Result<Value> {
    confirm(brigade, numbers).await?;
    let mut visit = Value::Null;
    for number in numbers {
        let claim = brigade
            .post("/api/v1/triage/claims", &json!({ "number": number }))
            .await?;
        let accept = json!({ "action": "accept", "procedure": "enforcement_request" });
        brigade
            .post(&format!("/api/v1/complaints/{number}/decision"), &accept)
            .await?;
        let until = text(&claim, "/expires_at");
        let minute = until.get(11..16).unwrap_or_default();
        tell!("  {number}  受理（申请查处），领取至 {minute}")?;
        if visit.is_null() {
            let body = json!({ "instructions": "查看油烟净化设施是否运行" });
            visit = brigade
                .post(&format!("/api/v1/complaints/{number}/verifications"), &body)
                .await?;
            tell!(
                "  {number}  派单到网格 {}，核实须在 {} 时至 {} 时",
                text(&visit, "/grid_code"),
                text(&visit, "/band_from"),
                text(&visit, "/band_until")
            )?;
        }
    }
    Ok(visit)
}

async fn visit_site(
    base: &str,
    password: &str,
    brigade: &Client,
    visit: &Value,
) -> anyhow::Result<()> {
    let officer = Client::staff(base, "officer", password).await?;
    let path = |what: &str| format!("/api/v1/verifications/{}/{what}", text(visit, "/id"));
    // The phone had no network at the place: findings and photo arrive before the check-in.
    let then = hours_ago(0);
    let findings = json!({ "client_id": "f-1", "result": "true", "notes": "净化器未开启，油烟直排", "device_time": then });
    let early = officer.post(&path("findings"), &findings).await?;
    tell!(
        "  结论先到（断网补传）：状态 {}，还缺 {}",
        text(&early, "/state_name"),
        text(&early, "/missing")
    )?;
    officer
        .post_photos(&path("photos"), None, "near", vec![scene(9, 1200, 900)])
        .await?;
    let check_in = json!({ "client_id": "c-1", "lon": LON, "lat": LAT, "datum": "WGS84", "accuracy_m": 6.0, "device_time": then });
    let done = officer.post(&path("check-in"), &check_in).await?;
    tell!(
        "  签到到达：距投诉点 {} m，状态 {}，结果 属实",
        text(&done, "/events/1/distance_m")
            .chars()
            .take(4)
            .collect::<String>(),
        text(&done, "/state_name")
    )?;
    let passed = brigade
        .post(&path("review"), &json!({ "outcome": "pass" }))
        .await?;
    tell!("  大队复核：{}", text(&passed, "/state_name"))?;
    Ok(())
}

async fn answer_and_list(
    base: &str,
    password: &str,
    brigade: &Client,
    numbers: &[String],
) -> anyhow::Result<()> {
    let Some(first) = numbers.first() else {
        return Ok(());
    };
    let complaint = brigade.get(&format!("/api/v1/complaints/{first}")).await?;
    let entry = text(&complaint, "/entry");
    let view = brigade.get(&format!("/api/v1/entries/{entry}")).await?;
    let others: Vec<String> = view
        .pointer("/complaints")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|c| text(c, "/number"))
        .filter(|number| number != first)
        .collect();
    let reply = json!({ "kind": "final", "text": "经现场核实属实，已责令限期安装并运行净化设施。", "also": others });
    let done = brigade
        .post(&format!("/api/v1/complaints/{first}/reply"), &reply)
        .await?;
    let answered = done
        .pointer("/answered")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    tell!(
        "  一次答复 {answered} 件，文书 {}，每件保留自己的编号和期限",
        text(&done, "/document")
    )?;
    brigade
        .post(
            &format!("/api/v1/entries/{entry}/proposal"),
            &json!({ "reason": "群众反映强烈，核实属实" }),
        )
        .await?;
    let group = Client::staff(base, "group", password).await?;
    let version = group.get(&format!("/api/v1/entries/{entry}")).await?;
    let version = version.pointer("/version").cloned().unwrap_or_default();
    let today = Utc::now().with_timezone(&shanghai()).date_naive();
    let decision = json!({ "outcome": "listed", "decided_on": today, "meeting": "领导小组例会", "minute_ref": "鼓环会〔2026〕1号" });
    let listed = group
        .post_if(
            &format!("/api/v1/entries/{entry}/decision"),
            &version,
            &decision,
        )
        .await?;
    tell!("  {entry}  领导小组决定：{}", text(&listed, "/state_name"))?;
    Ok(())
}

async fn show_ledger(brigade: &Client) -> anyhow::Result<()> {
    let entries = brigade.get("/api/v1/entries").await?;
    tell!("  编号          状态    件数  人数  重复件  重信重访  标题")?;
    for entry in entries
        .pointer("/items")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        tell!(
            "  {:<12}  {}  {:>4}  {:>4}  {:>6}  {:>8}  {}",
            text(entry, "/number"),
            text(entry, "/state_name"),
            text(entry, "/complaint_count"),
            text(entry, "/distinct_reporters"),
            text(entry, "/duplicate_count"),
            text(entry, "/repeat_count"),
            text(entry, "/title"),
        )?;
    }
    Ok(())
}
