//! Photos as real clients send them, and as strangers do.

use std::{path::Path, time::Duration};

use dengwen::{
    account::Role,
    app::{PHOTO_BUDGET, PHOTO_DECODER},
    photo::sample::scene,
    platform::{
        db::schema::evidence as photo,
        helper::{Budget, GivenUp, Helpers},
    },
};
use diesel::prelude::*;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Actor, On, Reply, Wishes, World,
    actors::form,
    bodies::{fumes, river},
    play, worst,
};

const COMPLAINTS: &str = "/api/v1/complaints";

fn fixture(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/crates/photo/fixtures/");
    std::fs::read(format!("{folder}{name}")).unwrap()
}

fn outcomes(body: &Value) -> Vec<(String, Value)> {
    let photos = body["photos"].as_array().unwrap();
    let told = |photo: &Value| match photo["problem"].as_str() {
        Some(problem) => (problem.to_owned(), Value::Null),
        None => (
            photo["status"].as_str().unwrap().to_owned(),
            photo["remarks"].clone(),
        ),
    };
    photos.iter().map(told).collect()
}

/// C14, odd photos: they are kept, it is said to the sender and to staff what was odd, and the
/// sealed original is whole.
async fn odd_photos_are_kept_and_it_is_said_why(world: World) {
    let film = [scene(5, 300, 200), b"\xff\xda\0\x08 a film".repeat(50)].concat();
    let half = {
        let whole = scene(6, 300, 200);
        whole[..whole.len() * 2 / 3].to_vec()
    };
    let parts = [
        ("complaint", None, fumes(None, 0.0).to_string().into_bytes()),
        ("photo", Some("MVIMG_1.jpg"), film.clone()),
        ("photo", Some("a.jpg"), fixture("jpeg_without_EOI.jpg")),
        (
            "photo",
            Some("b.jpg"),
            fixture("exif_gps_pointer_beyond_end.jpg"),
        ),
        ("photo", Some("c.jpg"), scene(7, 300, 200)),
        ("photo", Some("d.jpg"), half),
        ("photo", Some("e.heic"), fixture("heic_12_bytes.heic")),
    ];
    let sent = world
        .resident()
        .post_parts("/api/v1/complaints", &parts)
        .await
        .expect(201);
    let said = |remarks: &[&str]| ("kept".to_owned(), json!(remarks));
    let refused = |code: &str| (code.to_owned(), Value::Null);
    assert_eq!(
        outcomes(&sent.body),
        [
            said(&["trailer"]),
            said(&["end_missing"]),
            said(&["exif_unsound"]),
            ("kept".to_owned(), Value::Null),
            refused("truncated"),
            refused("truncated"),
        ]
    );
    let number = sent.text("/number");
    let brigade = world.brigade().await;
    let case = brigade
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200);
    let told = outcomes(&case.body);
    for remark in ["trailer", "end_missing", "exif_unsound"] {
        assert_eq!(
            told.iter().filter(|t| **t == said(&[remark])).count(),
            1,
            "{told:?}"
        );
    }
    let id = sent.text("/photos/0/id");
    let original = brigade
        .get(&format!("/api/v1/complaints/{number}/photos/{id}/original"))
        .await
        .expect(200);
    assert_eq!(original.bytes, film);
}

/// C14, clumsy forms: an empty file input is no photo, and a file name in an encoding of its
/// own sinks nothing.
async fn clumsy_forms_are_understood(world: World) {
    let json = river(None).to_string();
    let mut body = Vec::new();
    let mut part = |disposition: &[u8], content: &[u8]| {
        body.extend(b"--cut\r\nContent-Disposition: form-data; ");
        body.extend(disposition);
        body.extend(b"\r\n\r\n");
        body.extend(content);
        body.extend(b"\r\n");
    };
    part(b"name=\"complaint\"", json.as_bytes());
    for _ in 0..12 {
        part(b"name=\"photo\"; filename=\"\"", b"");
    }
    part(
        b"name=\"photo\"; filename=\"\xd5\xd5\xc6\xac.jpg\"",
        &scene(1, 300, 200),
    );
    part(b"name=\"photo\"; filename=", &scene(2, 300, 200));
    body.extend(b"--cut--\r\n");
    let reply = reqwest::Client::new()
        .post(format!("http://{}/api/v1/complaints", world.server.address))
        .header("content-type", "Multipart/Form-Data; boundary=cut")
        .body(body)
        .send()
        .await
        .unwrap();
    assert_eq!(reply.status(), 201);
    let kept: Value = reply.json().await.unwrap();
    assert_eq!(
        outcomes(&kept),
        [
            ("kept".to_owned(), Value::Null),
            ("kept".to_owned(), Value::Null)
        ]
    );
    assert_eq!(kept["photos"][0]["file_name"], "照片.jpg");
}

/// A1, no decoder: photos are asked for again, and complaints without any go on.
async fn without_a_decoder_complaints_go_on(world: World) {
    let resident = world.resident();
    let parts = [
        ("complaint", None, river(None).to_string().into_bytes()),
        ("photo", Some("a.jpg"), scene(1, 300, 200)),
    ];
    let url = format!("http://{}/api/v1/complaints", world.server.address);
    let asked = reqwest::Client::new()
        .post(&url)
        .multipart(form(&parts))
        .send()
        .await
        .unwrap();
    assert_eq!(asked.status(), 503);
    assert!(asked.headers().contains_key("retry-after"));
    resident
        .post("/api/v1/complaints", river(None))
        .await
        .expect(201);
    // What is no photo at sight needs no decoder to be told so.
    let parts = [
        ("complaint", None, river(None).to_string().into_bytes()),
        ("photo", Some("a.jpg"), b"GIF89a".to_vec()),
    ];
    let sent = resident
        .post_parts("/api/v1/complaints", &parts)
        .await
        .expect(201);
    assert_eq!(sent.body["photos"][0]["problem"], "unsupported_type");
}

/// A1, given up on: a sound photo whose pixels take too long is kept, sealed and without copies.
async fn a_photo_that_is_given_up_on_is_kept_sealed(world: World) {
    let resident = world.resident();
    let parts = [
        ("complaint", None, river(None).to_string().into_bytes()),
        ("photo", Some("a.webp"), worst::costly()),
    ];
    let sent = resident
        .post_parts("/api/v1/complaints", &parts)
        .await
        .expect(201)
        .body;
    let photo = &sent["photos"][0];
    assert_eq!(
        (photo["status"].as_str(), photo["viewable"].as_bool()),
        (Some("kept"), Some(false)),
        "{photo}"
    );
    let track = format!(
        "/api/v1/tracking/{}/photos/{}",
        sent["tracking_code"].as_str().unwrap(),
        photo["id"].as_str().unwrap()
    );
    resident.get(&track).await.expect(404);
}

/// A1, given up on: a question that takes too much is answered as such, and the next one is not
/// the worse for it.
#[tokio::test]
async fn a_helper_is_given_up_on_and_replaced() {
    let program = || env!("CARGO_BIN_EXE_dengwen").into();
    let limits = dengwen::photo::PhotoLimits {
        bytes: 26_214_400,
        pixels: 200_000_000,
    };
    let question = dengwen::photo::wire::question(limits, dengwen::photo::Depth::Pixels).unwrap();
    let helpers = Helpers::new(program(), PHOTO_DECODER, PHOTO_BUDGET);
    let good = scene(1, 900, 700);
    let costly = worst::costly();
    for _ in 0..2 {
        let answered = helpers.ask(&question, &good).await.unwrap();
        assert!(
            dengwen::photo::wire::read_answer(&answered.answer)
                .unwrap()
                .is_ok()
        );
        assert!(answered.cpu > Duration::ZERO && answered.cpu < PHOTO_BUDGET.cpu);
        let given_up = helpers.ask(&question, &costly).await;
        assert!(matches!(given_up, Err(GivenUp::TooCostly)), "{given_up:?}");
    }
    // A program that is no helper is none.
    for (program, command) in [("/bin/true", "x"), ("/bin/sleep", "60"), ("/nowhere", "x")] {
        let budget = Budget {
            wall: Duration::from_millis(100),
            ..PHOTO_BUDGET
        };
        let none = Helpers::new(program.into(), command, budget)
            .ask(&question, &good)
            .await;
        assert!(
            matches!(none, Err(GivenUp::Unavailable(_))),
            "{program}: {none:?}"
        );
    }
}

/// Forms: no letter, length or kind that a part's headers tell sinks the complaint, and an empty
/// file that has a name takes no photo's place.
#[test]
fn no_header_of_a_part_sinks_the_complaint() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        let resident = world.resident();
        let complaint = fumes(None, 0.0).to_string();
        let long = [b"a".repeat(100_000), b".jpg".to_vec()].concat();
        let many = b"X-A: b\r\n".repeat(120);
        let photo = |name: &[u8], more: &[u8], body: &[u8]| {
            let open: &[u8] = b"--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"";
            [open, name, b"\"\r\n", more, b"\r\n", body, b"\r\n"].concat()
        };
        let scene_of = |seed: usize| scene(seed as u32, 60, 40);
        let kept = async |photos: Vec<Vec<u8>>| {
            let json = format!(
                "--b\r\nContent-Disposition: form-data; name=\"complaint\"\r\n\r\n{complaint}\r\n"
            );
            let form = [json.into_bytes(), photos.concat(), b"--b--\r\n".to_vec()].concat();
            let kind = "multipart/form-data; boundary=b";
            let filed = resident
                .send(Method::POST, COMPLAINTS, |r| {
                    r.header("content-type", kind).body(form)
                })
                .await
                .expect(201);
            let photos = filed.body["photos"].as_array().unwrap().clone();
            photos
                .iter()
                .filter(|photo| photo["status"] == "kept")
                .count()
        };
        let names: [&[u8]; 7] = [
            b"\x1b$B<L?\x1b(B.jpg",
            b"a\x01\x07b.jpg",
            b"a\x7f.jpg",
            b"a\0.\0j\0p\0g\0",
            b"a\nb.jpg",
            b"a\rb.jpg",
            b"a\r\nb.jpg",
        ];
        let named = names
            .iter()
            .enumerate()
            .map(|(at, name)| photo(name, b"", &scene_of(at)));
        assert_eq!(kept(named.collect()).await, names.len());
        let headers: [&[u8]; 7] = [
            b"Content-Length: 3\r\n",
            b"Content-Length: 999999\r\n",
            b"Content-Length: abc\r\n",
            b"X Foo: bar\r\n",
            b"Content-Type: multipart/mixed; boundary=q\r\n",
            b"no header\r\n",
            &many,
        ];
        let told = headers
            .iter()
            .enumerate()
            .map(|(at, more)| photo(b"a.jpg", more, &scene_of(10 + at)));
        assert_eq!(kept(told.collect()).await, headers.len());
        let mut nine: Vec<_> = (20..29)
            .map(|at| photo(b"a.jpg", b"", &scene_of(at)))
            .collect();
        nine[0] = photo(&long, b"", &scene_of(20));
        nine.insert(0, photo(b"empty.jpg", b"", b""));
        nine.push(photo(b"empty.jpg", b"", b""));
        assert_eq!(kept(nine).await, 9);
    });
}

/// Files of the blob store.
fn blobs(world: &World) -> usize {
    fn files(folder: &Path) -> usize {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .map(|path| if path.is_dir() { files(&path) } else { 1 })
            .sum()
    }
    let folder = world.dir.path().join("blobs");
    files(&folder.join("original")) + files(&folder.join("public"))
}

/// Sends photos of the scenes with those seeds, beside some text or alone.
async fn send_scenes(
    actor: &Actor,
    path: &str,
    json: Option<(&str, Value)>,
    seeds: impl Iterator<Item = u32>,
) -> Reply {
    let json = json.map(|(name, json)| (name, None, json.to_string().into_bytes()));
    let photos = seeds.map(|seed| ("photo", Some("a.jpg"), scene(seed, 60, 40)));
    let parts: Vec<_> = json.into_iter().chain(photos).collect();
    actor.post_parts(path, &parts).await
}

fn too_many(reply: &Reply) -> usize {
    let photos = reply.body["photos"].as_array().unwrap();
    photos
        .iter()
        .filter(|p| p["problem"] == "too_many_photos")
        .count()
}

/// A4, refused photos: what a complaint has no room for leaves nothing behind, whichever door
/// it comes by; what it has already takes no room.
async fn photos_beyond_the_limit_leave_nothing(world: World) {
    let resident = world.resident();
    let body = fumes(Some("13800000001"), 0.0);
    let filed = send_scenes(
        &resident,
        COMPLAINTS,
        Some(("complaint", body.clone())),
        1..10,
    )
    .await
    .expect(201);
    let more = format!("/api/v1/tracking/{}/photos", filed.text("/tracking_code"));
    send_scenes(&resident, &more, None, 10..19)
        .await
        .expect(201);
    let full = blobs(&world);
    assert_eq!(full, 18 * 3);

    send_scenes(&resident, &more, None, 30..31)
        .await
        .expect_problem(422, "invalid");
    send_scenes(&resident, &more, None, 30..39)
        .await
        .expect_problem(422, "invalid");
    send_scenes(&resident, &more, None, 1..3).await.expect(201);
    let again = send_scenes(
        &resident,
        COMPLAINTS,
        Some(("complaint", body)),
        (1..2).chain(40..48),
    )
    .await
    .expect(200);
    assert_eq!(
        (again.text("/number"), too_many(&again)),
        (filed.text("/number"), 8)
    );
    assert_eq!(blobs(&world), full);

    let office = world.staff(Role::Office).await;
    let intake =
        json!({ "channel": "hotline_12345", "external_no": "FZ1", "complaint": river(None) });
    for seeds in [50..59, 60..69] {
        send_scenes(
            &office,
            "/api/v1/intake",
            Some(("intake", intake.clone())),
            seeds,
        )
        .await;
    }
    assert_eq!(blobs(&world), full * 2);
    let known = send_scenes(&office, "/api/v1/intake", Some(("intake", intake)), 70..79)
        .await
        .expect(200);
    assert_eq!((too_many(&known), blobs(&world)), (9, full * 2));
}

/// A4, refused photos: of many requests at once for the last room one has it, and the photos of
/// the others go; the same photo with another complaint stays.
async fn whoever_comes_too_late_leaves_nothing(world: World) {
    let resident = world.resident();
    let filed = send_scenes(
        &resident,
        COMPLAINTS,
        Some(("complaint", fumes(None, 0.0))),
        1..10,
    )
    .await
    .expect(201);
    let other = send_scenes(
        &resident,
        COMPLAINTS,
        Some(("complaint", river(None))),
        1..2,
    )
    .await
    .expect(201);
    let more = |reply: &Reply| format!("/api/v1/tracking/{}/photos", reply.text("/tracking_code"));
    let (more, elsewhere) = (more(&filed), more(&other));
    let racing = (1..6).map(|n| send_scenes(&resident, &more, None, n * 10..n * 10 + 9));
    let same = send_scenes(&resident, &elsewhere, None, 10..19);
    let (raced, same) = tokio::join!(join_all(racing), same);
    same.expect(201);
    let kept = raced.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(
        (
            kept,
            raced.iter().filter(|reply| reply.status == 422).count()
        ),
        (1, 4)
    );
    let photos = world.db_read(|c| {
        let kept = photo::table
            .filter(photo::status.eq("kept"))
            .select(photo::sha256)
            .distinct();
        kept.load::<String>(c).unwrap().len()
    });
    assert_eq!(blobs(&world), photos * 3);
}

on_both!(
    odd_photos_are_kept_and_it_is_said_why,
    clumsy_forms_are_understood,
    a_photo_that_is_given_up_on_is_kept_sealed,
    photos_beyond_the_limit_leave_nothing,
    whoever_comes_too_late_leaves_nothing,
);

on_both!(
    wishes = Wishes {
        photo_decoder: Some("/nowhere/dengwen"),
        ..Wishes::default()
    },
    without_a_decoder_complaints_go_on,
);
