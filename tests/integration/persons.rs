//! Persons as the law counts them: who is represented and not their agent, everybody once, whoever signed.

use dengwen::account::Role;
use serde_json::{Value, json};

use crate::support::{
    Actor, Reply, World,
    bodies::{fumes, river},
};

const COMPLAINTS: &str = "/api/v1/complaints";

/// Files a letter, or what came by another channel, at the desk.
async fn take_in(
    office: &Actor,
    channel: &str,
    mut complaint: Value,
    reporter: Value,
    others: Vec<Value>,
) -> Reply {
    complaint["reporter"] = reporter;
    let intake = json!({ "channel": channel, "complaint": complaint, "petitioners": others });
    office.post("/api/v1/intake", intake).await.expect(201)
}

fn named(kind: &str, name: &str) -> Value {
    json!({ "kind": kind, "person": { "name": name } })
}

async fn seen(actor: &Actor, number: &str) -> Reply {
    actor
        .get(&format!("{COMPLAINTS}/{number}"))
        .await
        .expect(200)
}

/// The entry of a complaint.
async fn entry(actor: &Actor, number: &str) -> Value {
    let entry = seen(actor, number).await.text("/entry");
    let path = format!("/api/v1/entries/{entry}");
    actor.get(&path).await.expect(200).body
}

/// An agent (代理人) is not the person: one lawyer for several clients is several persons, in one matter
/// as in several, and none of them is the lawyer.
async fn an_agent_is_not_the_person(world: World) {
    let office = world.staff(Role::Office).await;
    let lawyer = || json!({ "name": "陈律衡", "phone": "13900000009" });
    let client =
        json!({ "kind": "represented", "person": { "name": "林秀英", "phone": "13800000001" } });
    let first = take_in(&office, "letter", fumes(None, 0.0), lawyer(), vec![client]).await;
    let client = vec![named("represented", "王建国")];
    let second = take_in(&office, "letter", fumes(None, 3.0), lawyer(), client).await;
    let (first, second) = (first.text("/number"), second.text("/number"));
    let view = seen(&office, &second).await;
    assert_eq!(
        (view.text("/link"), view.text("/link_rule")),
        ("provisional".into(), "R4".into()),
        "another person's report of the matter"
    );
    assert_eq!(
        (
            view.body["person_count"].clone(),
            view.body["anonymous"].clone()
        ),
        (json!(1), json!(false))
    );
    let matter = entry(&office, &first).await;
    assert_eq!(
        (
            matter["distinct_reporters"].clone(),
            matter["repeat_count"].clone()
        ),
        (json!(2), json!(0))
    );
    let client = vec![named("represented", "李梅芳")];
    let other = take_in(&office, "letter", river(None), lawyer(), client).await;
    let other = entry(&office, &other.text("/number")).await;
    assert_ne!(other["number"], matter["number"]);
    assert_eq!(other["distinct_reporters"], 1);

    // Who was represented is the person, and repeats by their own phone.
    let mut own = fumes(Some("13800000001"), 1.0);
    own["reporter"]["name"] = json!("林秀英");
    let own = world.file(own).await.text("/number");
    let view = seen(&office, &own).await;
    assert_eq!(
        (view.text("/link"), view.text("/link_rule")),
        ("confirmed".into(), "R1".into())
    );
    let matter = entry(&office, &first).await;
    assert_eq!(
        (
            matter["distinct_reporters"].clone(),
            matter["repeat_count"].clone()
        ),
        (json!(2), json!(1))
    );
}

/// Four humans, one of whom reports and signs as well, are four and no 集体访; five are.
async fn who_reports_and_signs_is_one_person(world: World) {
    let office = world.staff(Role::Office).await;
    let reporter = || json!({ "name": "林秀英", "phone": "13800000001" });
    let signers = |names: &[&str]| -> Vec<Value> {
        names
            .iter()
            .map(|name| named("joint_signer", name))
            .collect()
    };
    let four = signers(&["林 秀英（楼长）", "张伟明", "李国强", "王丽华"]);
    let four = take_in(&office, "letter", fumes(None, 0.0), reporter(), four).await;
    let four = four.text("/number");
    let view = seen(&office, &four).await;
    assert_eq!(view.body["person_count"], 4);
    assert_eq!(view.body["reporters"].as_array().unwrap().len(), 4);
    let matter = entry(&office, &four).await;
    assert_eq!(
        (
            matter["distinct_reporters"].clone(),
            matter["collective_visit"].clone()
        ),
        (json!(4), json!(false))
    );
    let five = signers(&["张伟明", "李国强", "王丽华", "赵永福"]);
    let five = take_in(&office, "letter", river(None), reporter(), five).await;
    let five = five.text("/number");
    assert_eq!(seen(&office, &five).await.body["person_count"], 5);
    let matter = entry(&office, &five).await;
    assert_eq!(
        (
            matter["distinct_reporters"].clone(),
            matter["collective_visit"].clone()
        ),
        (json!(5), json!(true))
    );
}

/// A letter that is signed and gives no phone is not anonymous: who signed is counted, once for a name,
/// and repeats nobody.
async fn a_signed_letter_without_a_phone_is_not_anonymous(world: World) {
    let office = world.staff(Role::Office).await;
    let mut filed = Vec::new();
    for (name, anonymous, persons) in [
        ("林秀英", false, 1),
        ("陈明亮", false, 2),
        ("匿名", true, 2),
        ("林秀英", false, 2),
    ] {
        let reporter = json!({ "name": name });
        let letter = take_in(&office, "letter", fumes(None, 1.0), reporter, vec![]).await;
        let number = letter.text("/number");
        let view = seen(&office, &number).await;
        assert_eq!(view.body["anonymous"], anonymous, "{name}");
        let matter = entry(&office, &number).await;
        assert_eq!(matter["distinct_reporters"], persons, "{name}");
        filed.push(view.body["link_rule"].clone());
    }
    assert_eq!(filed, [Value::Null, json!("R4"), json!("R4"), json!("R4")]);
}

/// More than five who come together are told to choose representatives (信访工作条例20条), and are taken
/// in as everybody.
async fn too_many_representatives_are_said_and_not_refused(world: World) {
    let office = world.staff(Role::Office).await;
    let reporter = || json!({ "name": "林秀英", "phone": "13800000001" });
    let names = ["张伟明", "李国强", "王丽华", "赵永福", "周小梅"];
    for (channel, come, said) in [
        ("visit", 4, false),
        ("visit", 5, true),
        ("letter", 5, false),
    ] {
        let signers = names
            .iter()
            .take(come)
            .map(|name| named("joint_signer", name));
        let receipt = take_in(&office, channel, river(None), reporter(), signers.collect()).await;
        let view = seen(&office, &receipt.text("/number")).await;
        assert_eq!(view.body["person_count"], come + 1);
        assert_eq!(receipt.body["remarks"], view.body["remarks"]);
        let codes: Vec<&str> = view.body["remarks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|remark| remark["code"].as_str().unwrap())
            .collect();
        let expected: &[&str] = if said {
            &["too_many_representatives"]
        } else {
            &[]
        };
        assert_eq!(codes, expected, "{channel} {come}");
    }
}

on_both!(
    an_agent_is_not_the_person,
    who_reports_and_signs_is_one_person,
    a_signed_letter_without_a_phone_is_not_anonymous,
    too_many_representatives_are_said_and_not_refused,
);
