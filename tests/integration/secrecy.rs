//! 保密: a reporter who asks for secrecy is known to the named posts alone.

use dengwen::{
    account::Role,
    photo::sample::scene,
    platform::db::schema::{reporter_wish, unmasking},
};
use diesel::prelude::*;
use serde_json::{Value, json};

use crate::support::{
    Actor, Reply, World,
    bodies::{fumes, river},
    district,
};

/// A complaint in whose words the reporter stands, who asks for secrecy.
fn secret() -> Value {
    let mut body = fumes(Some("13800000001"), 0.0);
    body["description"] = json!(
        "楼下老王烧烤每天晚上油烟直排，熏得全楼居民无法开窗，请尽快处理。我是林小雨，电话13800000001。"
    );
    body["secrecy"] = json!({ "requested": true, "words": "老王是我房东，怕报复" });
    body
}

fn path(number: &str) -> String {
    format!("/api/v1/complaints/{number}")
}

async fn seen(reader: &Actor, number: &str) -> Reply {
    reader.get(&path(number)).await.expect(200)
}

async fn unmask(reader: &Actor, number: &str) -> Reply {
    let look = json!({ "purpose": "contact", "reason": "电话联系核实现场情况" });
    let at = format!("{}/reporter/unmask", path(number));
    reader.post(&at, look).await
}

/// Whether a view tells who reported.
fn tells(view: &Reply) -> bool {
    let text = view.body.to_string();
    text.contains("林小雨") || text.contains("13800000001") || text.contains("138****0001")
}

/// The brigade and the administrator, who see other reporters, are told that this one asks for secrecy
/// and nothing of who they are; looking behind the mask is refused and names who may. The office does
/// its work. Without the wish nothing changes.
async fn a_secret_reporter_is_known_to_the_named_posts(world: World) {
    let (brigade, admin) = (world.brigade().await, world.staff(Role::Admin).await);
    let office = world.staff(Role::Office).await;
    let parts = [
        ("complaint", None, secret().to_string().into_bytes()),
        ("photo", Some("林小雨的家.jpg"), scene(1, 300, 200)),
    ];
    let receipt = world
        .resident()
        .post_parts("/api/v1/complaints", &parts)
        .await
        .expect(201);
    let number = receipt.text("/number");
    let photo = receipt.text("/photos/0/id");
    let original = format!("{}/photos/{photo}/original", path(&number));
    for reader in [&brigade, &admin] {
        let view = seen(reader, &number).await;
        assert_eq!(view.body["secrecy"], true);
        assert!(view.body.get("reporters").is_none(), "{}", view.body);
        assert_eq!(view.body["secrecy_words"], Value::Null);
        assert!(!tells(&view), "{}", view.body);
        let refused = unmask(reader, &number).await;
        let refused = refused.expect_problem(403, "forbidden");
        assert!(
            refused.text("/detail").contains("office"),
            "{}",
            refused.body
        );
        reader.get(&original).await.expect_problem(403, "forbidden");
        for list in ["/api/v1/complaints", "/api/v1/triage/queue"] {
            let page = reader.get(list).await;
            if page.status == 200 {
                assert_eq!(page.body["items"][0]["secrecy"], true, "{}", page.body);
                assert!(!tells(&page), "{}", page.body);
            }
        }
    }
    let queue = brigade.get("/api/v1/triage/queue").await.expect(200);
    let flags = queue.body["items"][0]["flags"].as_array().unwrap();
    assert!(flags.contains(&json!("secrecy")), "{}", queue.body);
    let looks: i64 = world.db_read(|c| unmasking::table.count().get_result(c).unwrap());
    assert_eq!(looks, 0, "what was refused is no look");

    let view = seen(&office, &number).await;
    assert_eq!(view.text("/reporters/0/phone"), "138****0001");
    assert_eq!(view.text("/secrecy_words"), "老王是我房东，怕报复");
    assert!(view.text("/description").contains("13800000001"));
    let full = unmask(&office, &number).await.expect(200);
    assert_eq!(full.text("/reporters/0/phone"), "13800000001");
    office.get(&original).await.expect(200);

    let mut open = river(Some("13800000002"));
    open["secrecy"] = json!({ "requested": false });
    let open = world.file(open).await.text("/number");
    let view = seen(&brigade, &open).await;
    assert_eq!(view.body["secrecy"], false);
    assert_eq!(view.text("/reporters/0/phone"), "138****0002");
    unmask(&brigade, &open).await.expect(200);
    let wishes: i64 = world.db_read(|c| reporter_wish::table.count().get_result(c).unwrap());
    assert_eq!(wishes, 1, "who wishes nothing has no row");
}

/// What others say of who asks for secrecy tells the brigade nothing of them either: a neighbour's words,
/// an entry's history. The public is not shown a matter of which nobody complains openly.
async fn what_neighbours_say_of_a_secret_reporter_is_hidden(world: World) {
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let number = world.file(secret()).await.text("/number");
    let similar = "/api/v1/complaints/similar";
    let shown = world.resident().post(similar, fumes(None, 0.0)).await;
    assert_eq!(shown.expect(200).body["similar"], json!([]));
    let mut neighbour = fumes(Some("13800000002"), 3.0);
    neighbour["reporter"]["name"] = json!("陈明");
    neighbour["description"] = json!(
        "楼下老王烧烤每天晚上油烟直排，熏得全楼居民无法开窗，请尽快处理。楼上林小雨（13800000001）也受不了。"
    );
    let other = world.file(neighbour).await.text("/number");
    assert_eq!(world.entry_of(&other), world.entry_of(&number));
    let view = seen(&brigade, &other).await;
    assert!(view.text("/description").contains("老王烧烤"));
    assert!(!tells(&view), "{}", view.body);
    assert_eq!(view.text("/reporters/0/name"), "陈**");
    assert!(
        seen(&office, &other)
            .await
            .text("/description")
            .contains("林小雨")
    );
    brigade.accept(&number).await;
    let entry = format!("/api/v1/entries/{}", world.entry_of(&number));
    let reason = json!({ "reason": "林小雨（13800000001）家楼下，请研究" });
    let told = brigade.post(&format!("{entry}/proposal"), reason).await;
    let told = told.expect(200);
    assert!(!tells(&told), "{}", told.body);
    for list in [entry.as_str(), "/api/v1/entries"] {
        let page = brigade.get(list).await.expect(200);
        assert!(!tells(&page), "{}", page.body);
    }
    assert!(tells(&office.get(&entry).await.expect(200)));
    let shown = world.resident().post(similar, fumes(None, 0.0)).await;
    assert_eq!(shown.expect(200).text("/similar/0/number"), other);
}

/// The wish is said later as well: by the code, and by staff who hear it. Who sees reporters may keep
/// one secret; only the reporter and the named posts lift it. Each time is in the history.
async fn a_wish_of_secrecy_is_said_and_taken_back(world: World) {
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let receipt = world.file(fumes(Some("13800000001"), 0.0)).await;
    let number = receipt.text("/number");
    let by_code = format!("/api/v1/tracking/{}", receipt.text("/tracking_code"));
    let wishes = format!("{by_code}/wishes");
    let resident = world.resident();
    let say = async |asked: bool| {
        let body = json!({ "secrecy": { "requested": asked } });
        resident.post(&wishes, body).await.expect(200)
    };
    let is_secret = async || {
        let view = seen(&brigade, &number).await;
        assert_eq!(view.body["secrecy"], view.body["wishes"]["secrecy"]);
        assert_eq!(view.body["secrecy"] == true, !tells(&view), "{}", view.body);
        view.body["secrecy"] == true
    };
    assert!(!is_secret().await);
    let named = json!({ "naming_consent": true });
    let told = resident.post(&wishes, named.clone()).await.expect(200);
    assert_eq!(
        told.body,
        json!({ "secrecy": false, "naming_consent": true })
    );
    let told = say(true).await;
    assert_eq!(
        told.body,
        json!({ "secrecy": true, "naming_consent": false })
    );
    assert!(is_secret().await);
    let told = resident.post(&wishes, named).await.expect(200);
    assert_eq!(told.body["naming_consent"], false, "secrecy stands");
    let tracked = resident.get(&by_code).await.expect(200);
    assert_eq!(tracked.body["wishes"]["secrecy"], true);
    assert!(
        tracked.body["timeline"]
            .to_string()
            .contains("已登记保密意愿")
    );
    say(false).await;
    assert!(!is_secret().await);

    let heard = format!("{}/wishes", path(&number));
    let asks = json!({ "secrecy": { "requested": true }, "reason": "来电要求保密" });
    brigade.post(&heard, asks).await.expect(200);
    assert!(is_secret().await);
    let lifts = json!({ "secrecy": { "requested": false }, "reason": "本人同意公开" });
    brigade
        .post(&heard, lifts.clone())
        .await
        .expect_problem(403, "forbidden");
    assert!(is_secret().await);
    let other = json!({ "naming_consent": true, "reason": "本人同意告知街道" });
    brigade.post(&heard, other).await.expect(200);
    assert!(is_secret().await);
    office.post(&heard, lifts).await.expect(200);
    assert!(!is_secret().await);
    let history = seen(&office, &number).await.body["history"].clone();
    let said: Vec<&Value> = history
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| step["event"] == "set_wishes")
        .map(|step| &step["detail"]["secrecy"])
        .collect();
    assert_eq!(said, [false, true, true, false, true, true, false]);
    let unknown = "/api/v1/tracking/ZZZZZZZZZZZZZZZZ/wishes";
    resident.post(unknown, json!({})).await.expect(404);
    let street = world.street("street", "350102004").await;
    let none = json!({ "reason": "来电要求保密" });
    street.post(&heard, none).await.expect(403);
}

/// A wish goes with the letter: the parts it is split into keep it, and so does the same ticket sent
/// again with it.
async fn a_wish_goes_with_its_letter(world: World) {
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    let number = world.file(secret()).await.text("/number");
    let claim = json!({ "number": number });
    brigade
        .post("/api/v1/triage/claims", claim)
        .await
        .expect(201);
    let split = json!({ "action": "split", "reason": "两件事", "parts": [{ "category": "noise.construction", "description": "另外工地夜间施工，林小雨睡不着" }] });
    let part = brigade
        .post(&format!("{}/decision", path(&number)), split)
        .await
        .expect(200)
        .text("/parts/0");
    let view = seen(&brigade, &part).await;
    assert_eq!(view.body["secrecy"], true);
    assert!(!tells(&view), "{}", view.body);
    assert!(tells(&seen(&office, &part).await));

    let ticket = |secrecy: Value| {
        json!({ "channel": "hotline_12345", "external_no": "FZ-1", "complaint": {
        "category": "water.black_odorous", "description": "河水发黑发臭", "reporter": { "name": "林小雨", "phone": "13800000001" }, "secrecy": secrecy } })
    };
    let first = office
        .post("/api/v1/intake", ticket(Value::Null))
        .await
        .expect(201);
    let number = first.text("/number");
    assert!(tells(&seen(&brigade, &number).await));
    let asks = json!({ "requested": true });
    office
        .post("/api/v1/intake", ticket(asks))
        .await
        .expect(200);
    assert!(!tells(&seen(&brigade, &number).await));
    // Silence lifts nothing.
    office
        .post("/api/v1/intake", ticket(Value::Null))
        .await
        .expect(200);
    assert!(!tells(&seen(&brigade, &number).await));
}

/// The posts are the profile's: another district names others, and one that names a post that sees no
/// reporters does not start.
async fn the_profile_names_the_posts(mut world: World) {
    let number = world.file(secret()).await.text("/number");
    let folder = world.dir.path().join("district");
    let key = "DENGWEN_DISTRICT";
    let names = |posts: &str| {
        district::copy_to(&folder);
        let named = ("secrecy_posts = [\"office\"]", posts);
        district::change(&folder, "district.toml", named);
        folder.display().to_string()
    };
    for (posts, told) in [
        ("secrecy_posts = [\"street\"]", "street"),
        ("secrecy_posts = [\"nobody\"]", "nobody"),
        ("secrecy_posts = []", "secrecy_posts"),
    ] {
        let profile = names(posts);
        let refusal = world.refusal_with(&[(key, profile.as_str())]);
        assert!(refusal.contains(told), "{refusal}");
    }
    let profile = names("secrecy_posts = [\"brigade\"]");
    world.restart_with(key, &profile).await;
    let (brigade, office) = (world.brigade().await, world.staff(Role::Office).await);
    assert!(tells(&seen(&brigade, &number).await));
    unmask(&brigade, &number).await.expect(200);
    assert!(!tells(&seen(&office, &number).await));
    let refused = unmask(&office, &number).await.expect(403);
    assert!(refused.text("/detail").contains("brigade"));
}

on_both!(
    a_secret_reporter_is_known_to_the_named_posts,
    what_neighbours_say_of_a_secret_reporter_is_hidden,
    a_wish_of_secrecy_is_said_and_taken_back,
    a_wish_goes_with_its_letter,
    the_profile_names_the_posts,
);
