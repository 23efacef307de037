//! Phones and identity numbers as people paste them: however they are spelled they are one
//! person's, and one that cannot be read is asked for again and refuses nothing.

use dengwen::{
    account::Role,
    platform::db::schema::{complaint, petitioner},
};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    Actor, World,
    bodies::{fumes, river},
};

const COMPLAINTS: &str = "/api/v1/complaints";

/// The person keys of every petitioner, oldest first.
fn keys(world: &World) -> Vec<Value> {
    world.db_read(|c| {
        let rows = petitioner::table
            .order(petitioner::id)
            .select(petitioner::person_keys);
        let rows: Vec<dengwen::platform::db::JsonValue> = rows.load(c).unwrap();
        rows.into_iter().map(|keys| keys.0).collect()
    })
}

async fn asked(actor: &Actor, body: Value) -> Vec<String> {
    let receipt = actor.post(COMPLAINTS, body).await.expect(201);
    let questions = receipt.body["questions"].as_array().unwrap();
    let text = |q: &Value, field: &str| q[field].as_str().unwrap().to_owned();
    questions
        .iter()
        .map(|q| format!("{} {}", text(q, "location"), text(q, "code")))
        .collect()
}

/// Phone spellings: a complaint by any of them is taken, without a question, and is the same
/// person's.
async fn every_spelling_of_a_phone_is_one_person(world: World) {
    let resident = world.resident();
    let spellings = [
        "13800138000",
        "138 0013 8000",
        "+86 138-0013-8000",
        "0086 13800138000",
        "8613800138000",
        "\u{202d}13800138000\u{202c}",
        "138\u{a0}0013\u{a0}8000",
        "138\u{3000}0013\u{3000}8000",
        "１３８００１３８０００",
        "＋８６ １３８－００１３－８０００",
        "手机：13800138000（微信同号）",
        "13800138000.0",
        "'13800138000",
        "\u{200b}138\u{2009}0013\u{202f}8000",
        "138/0013/8000",
        "138、0013、8000",
        "①③⑧⓪⓪①③⑧⓪⓪⓪",
        "1三8零零13八000",
    ];
    for spelling in spellings {
        assert!(
            asked(&resident, river(Some(spelling))).await.is_empty(),
            "{spelling:?}"
        );
    }
    let keys = keys(&world);
    assert_eq!(keys.len(), spellings.len());
    assert!(
        keys.iter()
            .all(|k| k == &keys[0] && k.as_array().unwrap().len() == 1),
        "{keys:?}"
    );
}

/// Landlines, extensions, numbers from elsewhere, several numbers: all are taken; somebody who
/// left two is known by either; a company's 400 number makes nobody one person.
async fn landlines_extensions_and_foreign_numbers_are_taken(world: World) {
    let resident = world.resident();
    let same = [
        ("(0591)8765-4321", "0591/87654321"),
        ("0591-87654321转8012", "+86 591 87654321 ext. 8012"),
        ("+852 9123 4567", "00852-91234567"),
        ("+886 (0)912 345 678", "886 912345678"),
    ];
    for (at, (one, other)) in same.into_iter().enumerate() {
        for spelling in [one, other] {
            assert!(
                asked(&resident, river(Some(spelling))).await.is_empty(),
                "{spelling}"
            );
        }
        let keys = keys(&world);
        assert_eq!(keys[2 * at], keys[2 * at + 1], "{one} and {other}");
    }
    assert!(
        asked(&resident, river(Some("13800138000 或 0591-83331234")))
            .await
            .is_empty()
    );
    assert!(asked(&resident, river(Some("83331234"))).await.is_empty());
    assert!(
        asked(&resident, river(Some("400-812-3456")))
            .await
            .is_empty()
    );
    let keys = keys(&world);
    let [.., both, one, service] = keys.as_slice() else {
        panic!("{keys:?}")
    };
    assert_eq!((both.as_array().unwrap().len(), &both[1]), (2, &one[0]));
    assert_eq!(service, &json!([]));
}

/// A number that cannot be read: the complaint stands, the receipt and the tracking page ask
/// for it again, the brigade finds what was written, and it is nowhere in the clear.
async fn what_cannot_be_read_is_asked_for_and_refuses_nothing(world: World) {
    let resident = world.resident();
    let mut body = fumes(Some("1.38001E+10"), 0.0);
    body["reporter"]["id_number"] = json!("350102199001011234");
    let receipt = resident.post(COMPLAINTS, body).await.expect(201);
    assert_eq!(receipt.text("/questions/0/code"), "unreadable_phone");
    assert_eq!(receipt.text("/questions/1/location"), "reporter.id_number");
    assert!(!receipt.text("/questions/0/words").is_empty());
    let tracking = format!("/api/v1/tracking/{}", receipt.text("/tracking_code"));
    let told = resident.get(&tracking).await.expect(200);
    assert_eq!(told.body["questions"], receipt.body["questions"]);
    let flags: dengwen::platform::db::JsonValue =
        world.db_read(|c| complaint::table.select(complaint::flags).first(c).unwrap());
    assert!(!flags.0.to_string().contains("1.38001"));
    let brigade = world.brigade().await;
    let unmask = format!("{COMPLAINTS}/{}/reporter/unmask", receipt.text("/number"));
    let shown = brigade
        .post(
            &unmask,
            json!({ "purpose": "contact", "reason": "电话无法识别，核对原文" }),
        )
        .await
        .expect(200);
    assert_eq!(shown.text("/reporters/0/phone"), "1.38001E+10");
    assert_eq!(
        asked(&resident, river(Some("12345"))).await,
        ["reporter.phone not_a_persons_phone"]
    );
    assert!(asked(&resident, river(Some("不方便透露"))).await.is_empty());
    let anonymous: Vec<bool> = world.db_read(|c| {
        complaint::table
            .order(complaint::id)
            .select(complaint::anonymous)
            .load(c)
            .unwrap()
    });
    assert_eq!(
        anonymous,
        [false, true, true],
        "who signed is somebody; nobody is known by what cannot be read"
    );
}

/// The same at the desk, for the reporter, joint signers and those represented; old cards and
/// lower-case check letters are the same person.
async fn the_desk_takes_what_is_written_on_a_letter(world: World) {
    let office = world.staff(Role::Office).await;
    let person = |kind: &str, person: Value| json!({ "kind": kind, "person": person });
    let mut complaint = river(Some("0591-87654321 转 8012"));
    complaint["reporter"]["id_number"] = json!("１１０１０５１９４９１２３１００２ｘ");
    let body = json!({ "channel": "letter", "complaint": complaint, "petitioners": [
        person("joint_signer", json!({ "name": "林", "id_number": "ZHANG SAN, ID No. 110105 491231 002" })),
        person("represented", json!({ "name": "陈", "phone": "138****8000", "id_number": "H1234567801" })),
    ] });
    let receipt = office.post("/api/v1/intake", body).await.expect(201);
    let questions = receipt.body["questions"].as_array().unwrap();
    assert_eq!(questions.len(), 1);
    assert_eq!(questions[0]["location"], "petitioners[1].person.phone");
    let keys = keys(&world);
    assert_eq!(
        keys[0][1], keys[1][0],
        "the card and the old card are one person's"
    );
    assert_eq!(keys[2].as_array().unwrap().len(), 1);
}

/// Signing in: any spelling of the phone gets and takes the code; what is no mobile number is
/// refused there, for a code must go somewhere.
async fn a_code_goes_to_a_phone_however_it_is_spelled(world: World) {
    let resident = world.resident();
    let otp = "/api/v1/residents/otp";
    resident
        .post(
            otp,
            json!({ "phone": "\u{202d}+86 138－0013－8000\u{202c}" }),
        )
        .await
        .expect(204);
    let text = world.sms.last_to("13800138000").unwrap();
    let code: String = text.chars().filter(char::is_ascii_digit).take(6).collect();
    let sign_in = json!({ "phone": "138\u{a0}0013\u{a0}8000", "code": code });
    resident
        .post("/api/v1/residents/sessions", sign_in)
        .await
        .expect(200);
    for none in [
        "0591-87654321",
        "13800138000/13900139000",
        "+85291234567",
        "1380013800",
        "无",
    ] {
        let refused = resident
            .post(otp, json!({ "phone": none }))
            .await
            .expect_problem(422, "invalid");
        assert_eq!(refused.text("/items/0/code"), "not_a_mobile", "{none}");
    }
}

on_both!(
    every_spelling_of_a_phone_is_one_person,
    landlines_extensions_and_foreign_numbers_are_taken,
    what_cannot_be_read_is_asked_for_and_refuses_nothing,
    the_desk_takes_what_is_written_on_a_letter,
    a_code_goes_to_a_phone_however_it_is_spelled,
);
