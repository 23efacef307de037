//! Time that is granted and time that stands still.

use chrono::TimeDelta;
use dengwen::{
    account::Role, complaint::returned::TakeBackReturned, jobs, platform::jobs as queue,
};
use serde_json::{Value, json};

use crate::support::{Actor, World, actors::Reply, bodies::river, district};

async fn seen(actor: &Actor, number: &str) -> Reply {
    let path = format!("/api/v1/complaints/{number}");
    actor.get(&path).await.expect(200)
}

fn clock_in(view: &Reply, kind: &str) -> Value {
    let clocks = view.body["deadlines"].as_array().unwrap();
    clocks.iter().find(|c| c["kind"] == kind).unwrap().clone()
}

/// A complaint that the brigade claimed and decided on; its number and its code.
async fn decided(world: &World, brigade: &Actor, decision: Value) -> (String, String) {
    let receipt = world
        .resident()
        .post("/api/v1/complaints", river(None))
        .await
        .expect(201);
    let number = receipt.text("/number");
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);
    let path = format!("/api/v1/complaints/{number}/decision");
    brigade.post(&path, decision).await.expect(200);
    (number, receipt.text("/tracking_code"))
}

fn accept(procedure: &str) -> Value {
    json!({ "action": "accept", "procedure": procedure })
}

/// 延期: where the procedure knows it, once, before the time is over; the reporter is told.
async fn a_reply_is_extended_once_and_told(world: World) {
    let brigade = world.brigade().await;
    let (number, code) = decided(&world, &brigade, accept("ordinary_petition")).await;
    let path = format!("/api/v1/complaints/{number}/extension");
    let asked = |days: u32| {
        json!({ "days": days, "reason": "需等监测站比对监测", "approved_by": "局长",
            "notice": "您反映的问题需进一步监测，办理期限延长。" })
    };
    assert_eq!(
        clock_in(&seen(&brigade, &number).await, "reply")["due_on"],
        "2027-01-25"
    );
    let refused = brigade.post(&path, json!({ "days": 30 })).await;
    refused.expect_problem(400, "malformed_request");
    brigade
        .post(&path, asked(31))
        .await
        .expect_problem(422, "invalid");
    let leader = world.staff(Role::Leader).await;
    leader
        .post(&path, asked(30))
        .await
        .expect_problem(403, "forbidden");
    let done = brigade.post(&path, asked(30)).await.expect(200);
    let told = (
        done.text("/was_due_on"),
        done.text("/due_on"),
        done.text("/document"),
    );
    assert_eq!(
        told,
        ("2027-01-25".into(), "2027-02-22".into(), "extension".into())
    );
    let view = seen(&brigade, &number).await;
    assert_eq!(clock_in(&view, "reply")["due_on"], "2027-02-22");
    assert_eq!(view.text("/due_on"), "2027-02-22");
    let history = view.body["history"].as_array().unwrap();
    let last = history.last().unwrap();
    assert_eq!(
        (&last["event"], &last["detail"]["was_due_on"]),
        (&json!("extend_reply"), &json!("2027-01-25"))
    );
    let tracking = format!("/api/v1/tracking/{code}");
    let followed = world.resident().get(&tracking).await.expect(200);
    assert_eq!(followed.text("/replies/0/document"), "extension");
    brigade
        .post(&path, asked(10))
        .await
        .expect_problem(422, "guard_failed");
}

/// 申请查处 knows no extension, what is not accepted has nothing to extend, what is over stays late.
async fn an_extension_needs_its_ground(world: World) {
    let brigade = world.brigade().await;
    let asked = json!({ "reason": "需等监测站比对监测", "approved_by": "局长", "notice": "办理期限延长。" });
    let (number, _) = decided(&world, &brigade, accept("enforcement_request")).await;
    let path = |number: &str| format!("/api/v1/complaints/{number}/extension");
    brigade
        .post(&path(&number), asked.clone())
        .await
        .expect_problem(422, "guard_failed");
    let receipt = world
        .resident()
        .post("/api/v1/complaints", river(Some("13800000009")))
        .await;
    let waiting = receipt.expect(201).text("/number");
    brigade
        .post(&path(&waiting), asked.clone())
        .await
        .expect_problem(422, "guard_failed");
    let (late, _) = decided(&world, &brigade, accept("ordinary_petition")).await;
    world.clock.advance(TimeDelta::days(70));
    let brigade = world.sign_in("brigade").await;
    brigade
        .post(&path(&late), asked)
        .await
        .expect_problem(422, "guard_failed");
}

/// 退回补正 where the profile has the clocks stand still: nothing is due meanwhile, and it runs on
/// where it stood.
async fn a_returned_complaint_stands_still_where_the_profile_says(mut world: World) {
    let folder = world.dir.path().join("district");
    district::copy_to(&folder);
    let suspends = ("returned_suspends = false", "returned_suspends = true");
    district::change(&folder, "district.toml", suspends);
    world
        .restart_with("DENGWEN_DISTRICT", &folder.display().to_string())
        .await;
    let brigade = world.brigade().await;
    let back = json!({ "action": "return", "reason": "地点不详" });
    let (number, code) = decided(&world, &brigade, back).await;
    let away = clock_in(&seen(&brigade, &number).await, "notify");
    assert_eq!(
        (&away["due_on"], &away["suspended_on"]),
        (&json!("2026-12-09"), &json!("2026-11-24"))
    );
    world.clock.advance(TimeDelta::days(10));
    let completed = format!("/api/v1/tracking/{code}/supplements");
    world
        .resident()
        .post(&completed, json!({ "text": "在安泰河边" }))
        .await
        .expect(201);
    let brigade = world.sign_in("brigade").await;
    let view = seen(&brigade, &number).await;
    let notify = clock_in(&view, "notify");
    assert_eq!(
        (&notify["due_on"], &notify["suspended_on"]),
        (&json!("2026-12-18"), &Value::Null)
    );
    assert_eq!(view.text("/due_on"), "2026-12-18");

    // What nobody completes comes back after its days, and no day of them counts.
    let back = json!({ "action": "return", "reason": "地点不详" });
    let (other, _) = decided(&world, &brigade, back).await;
    world.clock.advance(TimeDelta::days(15));
    let now = world.server.app.now();
    world.db_read(|c| queue::enqueue(c, &TakeBackReturned {}, now, now).unwrap());
    jobs::run_due(&world.server.app).await.unwrap();
    let brigade = world.sign_in("brigade").await;
    let view = seen(&brigade, &other).await;
    assert_eq!(view.text("/state"), "awaiting_acceptance");
    assert_eq!(clock_in(&view, "notify")["due_on"], "2027-01-04");
}

on_both!(
    a_reply_is_extended_once_and_told,
    an_extension_needs_its_ground,
    a_returned_complaint_stands_still_where_the_profile_says,
);
