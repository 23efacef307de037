//! The leak scan: marks that are found nowhere else are planted in every field that takes words,
//! through the API; then every role reads whatever it may, and no mark is to be seen by a role
//! without need, in any spelling it was planted in, nor on the disk. What the brigade reads shows
//! that they are there.

use dengwen::{
    account::{Access, Role},
    operations::TABLE,
    photo::sample::scene,
    platform::db::schema::complaint,
};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::at_rest::on_the_disk;
use crate::support::{
    Actor, EVENING, Reply, World,
    actors::form,
    bodies::{LAT, LON, fumes},
};

/// A text with everything of the reporter's that people write into texts, in several spellings.
pub const WORDS: &str = "谯曦雯（谯 曦\u{200B}雯，Qiao Xiwen，XIWEN QIAO，谯女士，小谯）电话13859174623、138-5917-4623、\
１３８５９１７４６２３、一三八五九一七四六二三，同住庹梓涵13675029481，身份证11010519491231002X，座机0591-83417265，\
住3单元7086室（7086房、住7086、七零八六），手机尾号4623，身份证后四位002X，车闽A73N91，邮箱qiaoxw@example.com，微信wx_qiao7391，卡号6222021234567890128。";

/// What an office may write to a reporter: their own data, which is known, and its own phone.
const ADDRESSED: &str = "谯曦雯女士（谯 曦\u{200B}雯，Qiao Xiwen）：您的电话13859174623、138-5917-4623、一三八五九一七四六二三，\
身份证11010519491231002X，同住庹梓涵13675029481，已责令整改，详询0591-12369。";

/// What must not be seen, in letters and digits alone.
const MARKS: &[&str] = &[
    "谯曦雯",
    "曦雯",
    "谯女士",
    "小谯",
    "qiaoxiwen",
    "xiwenqiao",
    "庹梓涵",
    "梓涵",
    "13859174623",
    "59174623",
    "一三八五九一七四",
    "13675029481",
    "11010519491231002",
    "83417265",
    "7086室",
    "7086房",
    "住7086",
    "七零八六",
    "尾号4623",
    "后四位002x",
    "a73n91",
    "qiaoxw",
    "wxqiao7391",
    "6222021234567890",
];

/// Letters and digits of a text, in plain forms.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            c => c,
        })
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// What was planted and where to read it.
struct Planted {
    codes: Vec<String>,
    numbers: Vec<String>,
    entries: Vec<String>,
    visits: Vec<String>,
    photos: Vec<String>,
    street: String,
    grid: String,
}

impl Planted {
    /// The marks in an answer, and the codes of others.
    fn seen_in(&self, reply: &Reply, codes_too: bool) -> Vec<String> {
        let text = plain(&String::from_utf8_lossy(&reply.bytes));
        let marks = MARKS.iter().map(|m| (*m).to_owned());
        let codes = self.codes.iter().filter(|_| codes_too).map(|c| plain(c));
        marks.chain(codes).filter(|m| text.contains(m)).collect()
    }

    /// Every way to fill a path.
    fn fill(&self, path: &str) -> Vec<String> {
        let entries = path.contains("/entries/");
        let mut filled = vec![path.to_owned()];
        let fields: [(&str, &[String]); 4] = [
            (
                "{number}",
                if entries {
                    &self.entries
                } else {
                    &self.numbers
                },
            ),
            ("{code}", &self.codes),
            ("{photo_id}", &self.photos),
            ("{id}", &self.visits),
        ];
        for (field, values) in fields {
            if path.contains(field) {
                filled = filled
                    .iter()
                    .flat_map(|path| values.iter().map(|value| path.replace(field, value)))
                    .collect();
            }
        }
        filled
    }
}

async fn decide(brigade: &Actor, number: &str, decision: Value) -> Reply {
    let claim = json!({ "number": number });
    brigade
        .post("/api/v1/triage/claims", claim)
        .await
        .expect(201);
    let path = format!("/api/v1/complaints/{number}/decision");
    brigade.post(&path, decision).await.expect(200)
}

/// A complaint whose every field holds the marks, taken in by a service, so that it has an upstream
/// number and several petitioners.
pub fn complaint(metres: f64, external_no: &str) -> Value {
    let mut body = fumes(None, metres);
    body["description"] = json!(format!("老王烧烤油烟扰民。{WORDS}"));
    body["address"] = json!("五四路128号3单元7086室谯曦雯家");
    body["premises"] = json!("老王烧烤谯曦雯13859174623");
    body["acknowledged_similar"] = json!([]);
    body["reporter"] =
        json!({ "name": "谯曦雯", "phone": "13859174623", "id_number": "11010519491231002X" });
    json!({
        "channel": "hotline_12345", "external_no": external_no, "object_id": "谯曦雯13859174623",
        "petitioners": [{ "kind": "joint_signer", "person": { "name": "庹梓涵", "phone": "13675029481" } }],
        "complaint": body
    })
}

/// An intake whose reporter asks for secrecy, or does not.
fn wishing(secrecy: bool, mut intake: Value) -> Value {
    if secrecy {
        intake["complaint"]["secrecy"] =
            json!({ "requested": true, "words": WORDS.chars().take(200).collect::<String>() });
    }
    intake
}

/// Works a matter from end to end with the marks in every word anybody writes, by reporters who ask for
/// secrecy or not. What is answered on the way to somebody without need is looked at as well.
async fn plant(world: &World, secrecy: bool) -> Planted {
    world.at(EVENING);
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let mut codes = Vec::new();
    let mut numbers = Vec::new();
    for (metres, external_no) in [(0.0, "FZ-13859174623"), (5.0, "谯曦雯-2"), (2500.0, "FZ-3")] {
        let parts = [
            (
                "intake",
                None,
                wishing(secrecy, complaint(metres, external_no))
                    .to_string()
                    .into_bytes(),
            ),
            (
                "photo",
                Some("谯曦雯13859174623.jpg"),
                scene(numbers.len() as u32 + 1, 300, 200),
            ),
        ];
        let receipt = office
            .post_parts("/api/v1/intake", &parts)
            .await
            .expect(201);
        numbers.push(receipt.text("/number"));
        codes.push(receipt.text("/tracking_code"));
    }
    let number = numbers[0].clone();
    let of = |what: &str| format!("/api/v1/complaints/{number}{what}");
    let seen = brigade.get(&of("")).await.expect(200);
    let (grid, street) = (
        seen.text("/place/grid_code"),
        seen.text("/place/street_code"),
    );
    let entry = seen.text("/entry");
    let photo = seen.text("/photos/0/id");

    let track = |what: &str| format!("/api/v1/tracking/{}{what}", codes[0]);
    let resident = world.resident();
    let coded = format!("{WORDS} 查询码{} {}", codes[1], codes[0].to_lowercase());
    resident
        .post(&track("/supplements"), json!({ "text": coded }))
        .await
        .expect(201);
    office
        .post(&of("/supplements"), json!({ "text": WORDS }))
        .await
        .expect(201);
    let version = brigade.get(&of("")).await.expect(200).body["version"]
        .as_i64()
        .unwrap();
    let corrected = json!({ "address": "五四路128号3单元7086室谯曦雯家旁", "object_id": "谯曦雯 138 5917 4623", "reason": WORDS });
    brigade
        .patch_if(&of(""), version, corrected)
        .await
        .expect(200);
    let split = json!({ "action": "split", "reason": WORDS, "parts": [{ "category": "noise.construction", "description": format!("第二件事。{WORDS}"), "address": "7086室谯曦雯家" }] });
    let part = decide(&brigade, &numbers[2], split).await.text("/parts/0");
    numbers.push(part);
    decide(&brigade, &number, json!({ "action": "accept", "procedure": "enforcement_request", "reason": WORDS, "notice": WORDS })).await;
    let matching = format!("/api/v1/complaints/{}/match-decision", numbers[1]);
    brigade
        .post(&matching, json!({ "decision": "reject", "reason": WORDS }))
        .await;

    let officer = world.officer("officer1", &grid).await;
    let visit = brigade
        .post(&of("/verifications"), json!({ "instructions": WORDS }))
        .await
        .expect(201)
        .text("/id");
    let path = |what: &str| format!("/api/v1/verifications/{visit}{what}");
    let at = EVENING;
    let scan = |reply: Reply| {
        assert!(
            no_marks(&reply).is_empty(),
            "{:?} in {}",
            no_marks(&reply),
            reply.body
        );
        reply.expect(200)
    };
    let here = json!({ "client_id": "c", "lon": LON, "lat": LAT + 0.002, "datum": "WGS84", "accuracy_m": 8.0, "device_time": at, "reason": WORDS });
    scan(officer.post(&path("/check-in"), here).await);
    let found = json!({ "client_id": "f", "result": "true", "notes": WORDS, "device_time": at });
    scan(officer.post(&path("/findings"), found).await);
    scan(
        officer
            .send(reqwest::Method::POST, &path("/photos"), |r| {
                r.multipart(form(&[(
                    "near",
                    Some("谯曦雯13859174623.jpg"),
                    scene(9, 300, 200),
                )]))
            })
            .await,
    );
    brigade
        .post(
            &path("/review"),
            json!({ "outcome": "return", "reason": WORDS }),
        )
        .await
        .expect(200);
    office
        .post(
            &of("/reporter/unmask"),
            json!({ "purpose": "contact", "reason": "电话回访谯曦雯核实" }),
        )
        .await
        .expect(200);
    brigade
        .post(
            &of("/reply"),
            json!({ "kind": "progress", "text": ADDRESSED }),
        )
        .await;
    brigade
        .post(&of("/reply"), json!({ "kind": "final", "text": ADDRESSED }))
        .await
        .expect(201);
    let rated = resident
        .post(
            &track("/rating"),
            json!({ "score": "dissatisfied", "wants_reopening": true, "text": WORDS }),
        )
        .await
        .expect(201);
    assert!(no_marks(&rated).is_empty(), "{}", rated.body);
    brigade
        .post(&of("/reopening"), json!({ "reason": WORDS }))
        .await
        .expect(200);

    let other = brigade
        .get(&format!("/api/v1/complaints/{}", numbers[3]))
        .await
        .expect(200)
        .text("/entry");
    let reason: String = WORDS.chars().take(200).collect();
    brigade
        .post(
            &format!("/api/v1/entries/{other}/merge"),
            json!({ "into": entry, "reason": reason }),
        )
        .await
        .expect(200);
    let ledger = |what: &str| format!("/api/v1/entries/{entry}{what}");
    let state = office.get(&ledger("")).await.expect(200).text("/state");
    if state == "clue" {
        office
            .post(&ledger("/proposal"), json!({ "reason": reason }))
            .await
            .expect(200);
    }
    let version = office.get(&ledger("")).await.expect(200).body["version"]
        .as_i64()
        .unwrap();
    let group = world.staff_named(Role::SteeringGroup, "group").await;
    let list = json!({ "outcome": "not_listed", "decided_on": "2026-11-24", "meeting": "谯曦雯13859174623会", "minute_ref": "谯曦雯-13859174623", "reason": reason });
    let answer = group
        .post_if(&ledger("/decision"), version, list)
        .await
        .expect(200);
    assert!(no_marks(&answer).is_empty(), "{}", answer.body);
    resident
        .post(
            &format!("/api/v1/tracking/{}/withdrawal", codes[1]),
            json!({ "reason": WORDS }),
        )
        .await;

    // Whoever may block senders reads why they were, as it was written.
    let why = if secrecy {
        "连续发送"
    } else {
        "谯曦雯13859174623连续发送"
    };
    brigade
        .post(
            "/api/v1/sender-blocks",
            json!({ "number": numbers[2], "reason": why }),
        )
        .await
        .expect(201);
    let mut entries = vec![entry, other];
    for number in &numbers {
        entries.push(
            brigade
                .get(&format!("/api/v1/complaints/{number}"))
                .await
                .expect(200)
                .text("/entry"),
        );
    }
    entries.sort_unstable();
    entries.dedup();
    Planted {
        codes,
        numbers,
        entries,
        visits: vec![visit],
        photos: vec![photo],
        street,
        grid,
    }
}

/// Marks in an answer to somebody without need.
pub fn no_marks(reply: &Reply) -> Vec<&'static str> {
    let text = plain(&String::from_utf8_lossy(&reply.bytes));
    MARKS
        .iter()
        .copied()
        .filter(|mark| text.contains(mark))
        .collect()
}

/// Whether the table lets a role through.
fn may(access: Access, role: Option<Role>) -> bool {
    match (access, role) {
        (Access::Public | Access::OwnSessions, _)
        | (Access::OwnAccount, Some(_))
        | (Access::Resident, None) => true,
        (Access::Staff(roles), Some(role)) => role == Role::Admin || roles.contains(&role),
        _ => false,
    }
}

/// Leak scan: no role without need, no resident and no stranger reads a planted mark anywhere;
/// who may not read is told so exactly as the table says.
async fn no_planted_mark_is_read_without_need(world: World) {
    let planted = plant(&world, false).await;
    let mut readers: Vec<(Option<Role>, Actor)> = vec![
        (None, world.signed_in_resident("13800009999").await),
        (
            Some(Role::Street),
            world.street("own_street", &planted.street).await,
        ),
        (
            Some(Role::Street),
            world.street("other_street", "350102001").await,
        ),
        (
            Some(Role::GridOfficer),
            world.officer("own_grid", &planted.grid).await,
        ),
    ];
    for role in Role::ALL.iter().filter(|role| !role.may_see_reporter()) {
        readers.push((
            Some(*role),
            world.staff_named(*role, &format!("reads_{role}")).await,
        ));
    }
    let mut looked = 0;
    for (role, reader) in &readers {
        for route in TABLE.iter().filter(|r| r.method == "GET") {
            let by_code = route.path.contains("{code}");
            for path in planted.fill(&route.path) {
                let reply = reader.get(&path).await;
                let at = format!("{} at {path}: {}", reader.name, reply.status);
                if may(route.operation.access, *role) {
                    assert!([200, 301, 302, 404].contains(&reply.status), "{at}");
                } else {
                    assert_eq!(reply.status, 403, "{at}");
                }
                if reply
                    .headers
                    .get("content-type")
                    .is_some_and(|v| v.to_str().unwrap().starts_with("image/"))
                {
                    continue;
                }
                // Whoever has a code sees what belongs to it, its own parts' codes included.
                let seen = planted.seen_in(&reply, !by_code);
                assert!(seen.is_empty(), "{at}: {seen:?} in {}", reply.body);
                looked += usize::from(reply.status == 200);
            }
        }
    }
    assert!(looked > 100, "{looked}");
    let stranger = world.resident();
    for route in TABLE.iter().filter(|r| r.method == "GET") {
        for path in planted.fill(&route.path) {
            let reply = stranger.get(&path).await;
            if route.operation.access == Access::Public {
                assert!(
                    [200, 404].contains(&reply.status),
                    "{path}: {}",
                    reply.status
                );
                let is_image = reply
                    .headers
                    .get("content-type")
                    .is_some_and(|v| v.to_str().unwrap().starts_with("image/"));
                let seen = planted.seen_in(&reply, false);
                assert!(
                    is_image || seen.is_empty(),
                    "{path}: {seen:?} in {}",
                    reply.body
                );
            } else {
                assert_eq!(reply.status, 401, "{path}");
            }
        }
    }
    let similar = stranger
        .post("/api/v1/complaints/similar", fumes(None, 0.0))
        .await
        .expect(200);
    assert!(
        planted.seen_in(&similar, true).is_empty(),
        "{}",
        similar.body
    );
    // The marks are there: who has need reads them.
    let brigade = world.sign_in("brigade").await;
    let seen = brigade
        .get(&format!("/api/v1/complaints/{}", planted.numbers[0]))
        .await
        .expect(200);
    let marks = planted.seen_in(&seen, false);
    assert!(marks.len() > MARKS.len() - 3, "{marks:?}");

    let written = kept_marks(&world);
    assert!(written.is_empty(), "{written:#?}");
    // The scan is honest: one thing in the open, and it is seen on the disk and in an answer.
    world.db_read(|c| {
        diesel::update(complaint::table)
            .set(complaint::category.eq("谯曦雯"))
            .execute(c)
            .unwrap()
    });
    assert!(!kept_marks(&world).is_empty());
    let (_, reader) = &readers[1];
    let list = reader.get("/api/v1/complaints").await;
    assert!(!planted.seen_in(&list, true).is_empty(), "{}", list.body);
}

/// The same for reporters who all ask for secrecy (保密): the brigade and the administrator, who see
/// others, read no mark either; the named post does.
async fn no_planted_mark_of_a_secret_reporter_is_read_but_by_the_posts(world: World) {
    let planted = plant(&world, true).await;
    let mut looked = 0;
    for role in [Role::Brigade, Role::Admin, Role::Leader] {
        let reader = world.staff_named(role, &format!("reads_{role}")).await;
        for route in TABLE.iter().filter(|r| r.method == "GET") {
            let by_code = route.path.contains("{code}");
            for path in planted.fill(&route.path) {
                let reply = reader.get(&path).await;
                let kind = reply.headers.get("content-type");
                if kind.is_some_and(|v| v.to_str().unwrap().starts_with("image/")) {
                    continue;
                }
                let seen = planted.seen_in(&reply, !by_code);
                assert!(
                    seen.is_empty(),
                    "{role} at {path}: {seen:?} in {}",
                    reply.body
                );
                looked += usize::from(reply.status == 200);
            }
        }
    }
    assert!(looked > 60, "{looked}");
    let office = world.sign_in("office").await;
    let path = format!("/api/v1/complaints/{}", planted.numbers[0]);
    let seen = office.get(&path).await.expect(200);
    let marks = planted.seen_in(&seen, false);
    assert!(marks.len() > MARKS.len() - 3, "{marks:?}");
    let written = kept_marks(&world);
    assert!(written.is_empty(), "{written:#?}");
}

/// The marks that stand on the disk in the open, each with what stands around it.
pub fn kept_marks(world: &World) -> Vec<String> {
    let around = |line: &str| {
        let text: Vec<char> = plain(line).chars().collect();
        let text_of =
            |from: usize, to: usize| -> String { text.iter().skip(from).take(to - from).collect() };
        let whole: String = text.iter().collect();
        let found = MARKS.iter().filter_map(|mark| whole.find(mark));
        let places = found.map(|at| whole[..at].chars().count());
        places
            .map(|at| text_of(at.saturating_sub(60), at + 30))
            .collect::<Vec<String>>()
    };
    on_the_disk(world)
        .iter()
        .flat_map(|line| around(line))
        .collect()
}

/// The scanner itself sees a mark in every spelling it was planted in.
#[test]
fn the_scanner_sees() {
    let seen: Vec<&&str> = MARKS
        .iter()
        .filter(|mark| plain(WORDS).contains(**mark))
        .collect();
    assert_eq!(seen.len(), MARKS.len(), "{seen:?} of {MARKS:?}");
}

on_both!(
    no_planted_mark_is_read_without_need,
    no_planted_mark_of_a_secret_reporter_is_read_but_by_the_posts,
);
