//! What is sent to other units (转送件): seen by its unit alone and without who reported, signed for,
//! answered, sent back, or taken from the unit again.

use chrono::TimeDelta;
use dengwen::{account::Role, handover::machine::UNITS};
use serde_json::{Value, json};

use crate::leaks::{WORDS, complaint, kept_marks, no_marks};
use crate::support::{
    Actor, Reply, World,
    bodies::{fumes, river},
    facts,
};

const HANDOVERS: &str = "/api/v1/handovers";

async fn filed(world: &World, body: Value) -> String {
    world.file(body).await.text("/number")
}

/// A list's rows.
async fn rows(actor: &Actor, filters: &str) -> Vec<Value> {
    let page = actor.get(&format!("{HANDOVERS}{filters}")).await;
    page.expect(200).body["items"].as_array().unwrap().clone()
}

/// The numbers of a list's complaints, the newest sent first.
async fn numbers(actor: &Actor, filters: &str) -> Vec<String> {
    let rows = rows(actor, filters).await;
    let number = |row: &Value| row["complaint"].as_str().unwrap().to_owned();
    rows.iter().map(number).collect()
}

/// The path of what was sent of a complaint, the last time.
async fn path_of(actor: &Actor, number: &str) -> String {
    let rows = rows(actor, &format!("?complaint={number}")).await;
    format!("{HANDOVERS}/{}", rows[0]["id"].as_str().unwrap())
}

async fn sign(unit: &Actor, path: &str) -> Reply {
    unit.post(&format!("{path}/signature"), json!({})).await
}

async fn answer(unit: &Actor, path: &str, text: &str) -> Reply {
    let body = json!({ "text": text });
    unit.post(&format!("{path}/answer"), body).await
}

async fn send_back(unit: &Actor, path: &str, reason: &str) -> Reply {
    let body = json!({ "reason": reason });
    unit.post(&format!("{path}/return"), body).await
}

/// Every step of a unit is refused alike.
async fn no_step(unit: &Actor, path: &str, status: u16, code: &str) {
    sign(unit, path).await.expect_problem(status, code);
    answer(unit, path, "已处理")
        .await
        .expect_problem(status, code);
    send_back(unit, path, "不属本单位")
        .await
        .expect_problem(status, code);
}

/// Its unit alone has it: signs for it, answers, and can do nothing after. Another unit finds nothing
/// there. The brigade reads the answer.
async fn a_transfer_is_answered_by_its_unit(world: World) {
    let brigade = world.brigade().await;
    let unit = world.unit(Role::Department, "urban", "dept_urban").await;
    let other = world.unit(Role::Department, "water", "dept_water").await;
    let number = filed(&world, fumes(Some("13800000001"), 0.0)).await;
    assert_eq!(rows(&unit, "").await, Vec::<Value>::new());
    brigade.transfer(&number, "dept_urban").await;
    let path = path_of(&unit, &number).await;
    let seen = unit.get(&path).await.expect(200);
    assert_eq!(rows(&unit, "").await, std::slice::from_ref(&seen.body));
    for (field, value) in [
        ("complaint", number.as_str()),
        ("state", "sent"),
        ("state_name", "待签收"),
        ("unit", "dept_urban"),
        ("unit_name", "区城市管理局"),
        ("category", "air.cooking_fume"),
        ("occurred_at", "2026-11-23T19:00:00+08:00"),
    ] {
        assert_eq!(seen.body[field], value, "{field}");
    }
    assert!(seen.text("/description").contains("油烟直排"));
    assert!(!seen.text("/street_name").is_empty());
    for field in ["signed_at", "ended_at", "answer", "reason"] {
        assert_eq!(seen.body[field], Value::Null, "{field}");
    }

    assert_eq!(rows(&other, "").await, Vec::<Value>::new());
    assert_eq!(rows(&other, "?unit=dept_urban").await, Vec::<Value>::new());
    other.get(&path).await.expect_problem(404, "not_found");
    no_step(&other, &path, 404, "not_found").await;

    answer(&unit, &path, "已处理")
        .await
        .expect_problem(409, "wrong_state");
    world.clock.advance(TimeDelta::minutes(5));
    let stale = unit
        .post_if(&format!("{path}/signature"), 9, json!({}))
        .await;
    stale.expect_problem(412, "precondition_failed");
    let signature = format!("{path}/signature");
    let signed = unit.post_once(&signature, "k", json!({})).await.expect(200);
    assert_eq!(
        (signed.text("/state"), signed.text("/state_name")),
        ("signed".to_owned(), "办理中".to_owned())
    );
    assert_ne!(signed.text("/signed_at"), signed.text("/sent_at"));
    let again = unit.post_once(&signature, "k", json!({})).await.expect(200);
    assert_eq!(again.body, signed.body);
    sign(&unit, &path).await.expect_problem(409, "wrong_state");
    answer(&unit, &path, " ")
        .await
        .expect_problem(422, "invalid");
    world.clock.advance(TimeDelta::minutes(5));
    let answered = answer(&unit, &path, "已责令安装净化器").await.expect(200);
    assert_eq!(answered.text("/state"), "answered");
    assert_eq!(answered.text("/answer"), "已责令安装净化器");
    assert_eq!(answered.body["signed_at"], signed.body["signed_at"]);
    assert_ne!(answered.text("/ended_at"), answered.text("/signed_at"));
    no_step(&unit, &path, 409, "wrong_state").await;

    let office = world.staff(Role::Office).await;
    for reader in [&brigade, &office] {
        let read = reader.get(&path).await.expect(200);
        assert_eq!(read.text("/answer"), "已责令安装净化器");
        assert_eq!(rows(reader, "").await, [read.body]);
    }
    let view = brigade
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200);
    assert_eq!(view.text("/state"), "transferred");
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// 退件: with its reason it waits in the queue again, both decisions to be read; sent to another unit,
/// it is a new one there, and the first unit keeps its own, which has ended.
async fn what_a_unit_sends_back_waits_in_the_queue_again(world: World) {
    let brigade = world.brigade().await;
    let unit = world.unit(Role::Department, "urban", "dept_urban").await;
    let next = world.unit(Role::Street, "street", "street_004").await;
    let number = filed(&world, river(Some("13800000001"))).await;
    brigade.transfer(&number, "dept_urban").await;
    let path = path_of(&unit, &number).await;
    send_back(&unit, &path, " ")
        .await
        .expect_problem(422, "invalid");
    let back = send_back(&unit, &path, "河道不属本局").await.expect(200);
    assert_eq!(
        (
            back.text("/state"),
            back.text("/state_name"),
            back.text("/reason")
        ),
        (
            "sent_back".to_owned(),
            "已退件".to_owned(),
            "河道不属本局".to_owned()
        )
    );
    no_step(&unit, &path, 409, "wrong_state").await;
    let queue = brigade.get("/api/v1/triage/queue").await.expect(200);
    let queued = queue.body["items"].as_array().unwrap();
    assert!(queued.iter().any(|item| item["number"] == number.as_str()));
    let view = brigade
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200);
    assert_eq!(view.text("/state"), "awaiting_acceptance");
    let last = view.body["history"].as_array().unwrap().last().unwrap();
    assert_eq!(last["event"], "take_back");
    assert_eq!(last["reason"], "河道不属本局");
    assert_eq!(
        last["detail"],
        json!({ "cause": "returned_by_unit", "decision": "transfer", "unit": "dept_urban" })
    );
    let decisions = view.body["decisions"].as_array().unwrap();
    let told = |at: usize| (&decisions[at]["action"], &decisions[at]["decided_by"]);
    assert_eq!(decisions.len(), 2);
    assert_eq!(told(0), (&json!("transfer"), &json!("brigade")));
    assert_eq!(told(1), (&json!("take_back"), &json!("urban")));
    let clocks = view.body["deadlines"].as_array().unwrap();
    let notify = clocks.iter().find(|clock| clock["kind"] == "notify");
    assert_eq!(notify.unwrap()["outcome"], Value::Null, "it is due anew");
    let read = brigade.get(&path).await.expect(200);
    assert_eq!(read.text("/reason"), "河道不属本局");

    brigade.transfer(&number, "street_004").await;
    assert_eq!(numbers(&next, "").await, [number.as_str()]);
    assert_eq!(rows(&next, "").await[0]["state"], "sent");
    assert_eq!(rows(&unit, "").await[0]["state"], "sent_back");
    let both = format!("?complaint={number}");
    let states: Vec<Value> = rows(&brigade, &both).await;
    let states: Vec<&Value> = states.iter().map(|row| &row["state"]).collect();
    assert_eq!(states, ["sent", "sent_back"]);
    let theirs = path_of(&next, &number).await;
    sign(&next, &theirs).await.expect(200);
    send_back(&next, &theirs, "应由水利局办理")
        .await
        .expect(200);
    brigade.accept(&number).await;
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// A transfer that the brigade takes back, for whatever cause, is taken from the unit, which reads so
/// and can do nothing more; what it answered before stands.
async fn a_transfer_taken_back_is_taken_from_the_unit(world: World) {
    let brigade = world.brigade().await;
    let unit = world.unit(Role::Park, "park", "park_software").await;
    let mut paths = Vec::new();
    for (cause, metres) in [("mistake", 0.0), ("returned_by_unit", 1_500.0)] {
        let number = filed(&world, fumes(None, metres)).await;
        brigade.transfer(&number, "park_software").await;
        let path = path_of(&unit, &number).await;
        if cause == "mistake" {
            sign(&unit, &path).await.expect(200);
        }
        let back = json!({ "cause": cause, "reason": "应由本局办理" });
        let reversal = format!("/api/v1/complaints/{number}/decision-reversal");
        let done = brigade.post(&reversal, back).await.expect(200);
        assert_eq!(done.text("/state"), "awaiting_acceptance");
        let seen = unit.get(&path).await.expect(200);
        assert_eq!(
            (seen.text("/state"), seen.text("/state_name")),
            ("withdrawn".to_owned(), "已撤回".to_owned())
        );
        assert_eq!(seen.body["reason"], Value::Null, "the brigade's own words");
        no_step(&unit, &path, 409, "wrong_state").await;
        paths.push(path);
    }
    let number = filed(&world, river(None)).await;
    brigade.transfer(&number, "park_software").await;
    let path = path_of(&unit, &number).await;
    sign(&unit, &path).await.expect(200);
    answer(&unit, &path, "已清淤").await.expect(200);
    let back = json!({ "cause": "mistake", "reason": "本局复核" });
    brigade
        .post(
            &format!("/api/v1/complaints/{number}/decision-reversal"),
            back,
        )
        .await
        .expect(200);
    assert_eq!(
        unit.get(&path).await.expect(200).text("/state"),
        "answered",
        "what was answered stands"
    );
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// Whoever acts for a unit reads and lists its own, whatever the role; an account without a unit has
/// an empty list; those who send it read all, and no other role asks. Filters and pages agree.
async fn each_role_has_its_units_alone(world: World) {
    let brigade = world.brigade().await;
    let mut sent = Vec::new();
    let units = ["dept_water", "dept_market", "dept_water"];
    for (unit, metres) in units.into_iter().zip([0.0, 700.0, 1_500.0]) {
        let number = filed(&world, fumes(None, metres)).await;
        brigade.transfer(&number, unit).await;
        sent.push(number);
    }
    let all: Vec<String> = sent.iter().rev().cloned().collect();
    let water = [sent[2].clone(), sent[0].clone()];
    let (own, away) = (
        path_of(&brigade, &sent[0]).await,
        path_of(&brigade, &sent[1]).await,
    );
    for role in Role::ALL {
        let name = format!("{role}_at_water");
        let actor = world.unit(*role, &name, "dept_water").await;
        if matches!(role, Role::Admin | Role::Brigade | Role::Office) {
            assert_eq!(numbers(&actor, "").await, all, "{role}");
            actor.get(&away).await.expect(200);
            sign(&actor, &own).await.expect_problem(403, "forbidden");
            send_back(&actor, &own, "不属本单位")
                .await
                .expect_problem(403, "forbidden");
            // An administrator reaches every operation, and what nobody can do yet is refused as such.
            let answered = answer(&actor, &own, "已处理").await;
            match role {
                Role::Admin => answered.expect_problem(409, "wrong_state"),
                _ => answered.expect_problem(403, "forbidden"),
            };
        } else if UNITS.contains(role) {
            assert_eq!(numbers(&actor, "").await, water, "{role}");
            actor.get(&own).await.expect(200);
            actor.get(&away).await.expect_problem(404, "not_found");
            no_step(&actor, &away, 404, "not_found").await;
            let bare = world.staff_named(*role, role.as_str()).await;
            assert_eq!(rows(&bare, "").await, Vec::<Value>::new(), "{role}");
            bare.get(&own).await.expect_problem(404, "not_found");
            no_step(&bare, &own, 404, "not_found").await;
        } else {
            let refused = actor.get(HANDOVERS).await;
            refused.expect_problem(403, "forbidden");
            actor.get(&own).await.expect_problem(403, "forbidden");
            no_step(&actor, &own, 403, "forbidden").await;
        }
    }
    let unit = world.sign_in("expert_at_water").await;
    sign(&unit, &own).await.expect(200);
    assert_eq!(numbers(&brigade, "?state=signed").await, [sent[0].clone()]);
    assert_eq!(
        numbers(&brigade, "?unit=dept_water&state=sent").await,
        [sent[2].clone()]
    );
    assert_eq!(
        numbers(&unit, "?complaint=GL20991231-0001").await,
        Vec::<String>::new()
    );
    let unknown = brigade.get(&format!("{HANDOVERS}?unit=nowhere")).await;
    unknown.expect_problem(400, "bad_parameter");
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = unit.get(&format!("{HANDOVERS}?limit=1{cursor}")).await;
        let page = page.expect(200);
        paged.push(page.text("/items/0/complaint"));
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(paged, water);
}

/// Many decisions at once send as one does; what is refused or goes back upstream is sent to nobody.
async fn many_are_sent_as_one_is(world: World) {
    let brigade = world.brigade().await;
    let office = world.staff(Role::Office).await;
    let unit = world.unit(Role::Section, "section", "section_water").await;
    let (a, b) = (
        filed(&world, fumes(None, 0.0)).await,
        filed(&world, river(None)).await,
    );
    let ticket = json!({ "channel": "hotline_12345", "external_no": "FZ-1",
        "complaint": { "category": "radiation.light", "description": "楼上灯光太亮，夜里无法入睡" } });
    let ticket = office.post("/api/v1/intake", ticket).await.expect(201);
    let transfer = json!({ "action": "transfer", "reason": "属水科", "notice": "已转送。", "transfer_to": "section_water" });
    let refuse = json!({ "action": "refuse", "reason": "不属本部门", "notice": "请向有权部门提出。", "transfer_to": "section_water" });
    let object = json!({ "action": "object", "reason": "属住建部门职责" });
    let items = json!([
        { "number": a, "decision": refuse },
        { "number": b, "decision": transfer },
        { "number": ticket.text("/number"), "decision": object },
    ]);
    brigade
        .post("/api/v1/triage/decisions", json!({ "items": items }))
        .await
        .expect(200);
    assert_eq!(numbers(&unit, "").await, [b.as_str()]);
    assert_eq!(numbers(&brigade, "").await, [b]);
}

/// What names the reporter is written into every word there is: no unit's account reads any of it, in
/// the lists, alone, nor in the answers to its own steps; nor does it lie open on the disk. The brigade
/// reads what the unit wrote in full.
async fn no_unit_reads_who_reported(world: World) {
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let mut paths = Vec::new();
    for (at, role) in UNITS.iter().enumerate() {
        let number = format!("FZ-{}", at + 1);
        let body = complaint(300.0 * f64::from(u8::try_from(at).unwrap()), &number);
        let receipt = office.post("/api/v1/intake", body).await.expect(201);
        let number = receipt.text("/number");
        brigade.transfer(&number, "dept_urban").await;
        let unit = world.unit(*role, role.as_str(), "dept_urban").await;
        let path = path_of(&unit, &number).await;
        let mut answers = vec![
            unit.get(HANDOVERS).await,
            unit.get(&path).await,
            sign(&unit, &path).await,
        ];
        if at % 2 == 0 {
            answers.push(answer(&unit, &path, WORDS).await);
        } else {
            answers.push(send_back(&unit, &path, WORDS).await);
        }
        answers.push(unit.get(&path).await);
        answers.push(unit.get(HANDOVERS).await);
        for told in answers {
            let told = told.expect(200);
            let marks = no_marks(&told);
            assert!(marks.is_empty(), "{role}: {marks:?} in {}", told.body);
            for field in ["reporter", "photo", "\"lon\"", "\"lat\"", "tracking_code"] {
                let text = told.body.to_string();
                assert!(!text.contains(field), "{role}: {field} in {text}");
            }
        }
        paths.push((path, at % 2 == 0));
    }
    for (path, is_answer) in paths {
        let field = if is_answer { "/answer" } else { "/reason" };
        let read = brigade.get(&path).await.expect(200);
        assert!(read.text(field).contains("谯曦雯"), "{}", read.body);
    }
    let written = kept_marks(&world);
    assert!(written.is_empty(), "{written:#?}");
}

on_both!(
    a_transfer_is_answered_by_its_unit,
    what_a_unit_sends_back_waits_in_the_queue_again,
    a_transfer_taken_back_is_taken_from_the_unit,
    each_role_has_its_units_alone,
    many_are_sent_as_one_is,
    no_unit_reads_who_reported,
);
