//! Evidence: what is kept of whatever belongs to a subject, and how it moved there.

use dengwen::{
    photo::sample::{SampleExif, scene, with_exif},
    platform::{
        db::{
            Connection, Id, UtcTime,
            schema::{evidence, evidence_band},
        },
        jobs::Job as _,
    },
    sweep::{self, Sweep},
};
use diesel::prelude::*;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use serde_json::json;

use crate::support::{
    World,
    bodies::{LAT, LON, fumes},
    facts,
};

/// A row as far as the tables of before could hold it.
type Row = (
    (Id, String, Id, Option<String>, String, String),
    (Option<String>, Option<String>, String, Option<String>, i64),
    (Option<i32>, Option<String>, Option<UtcTime>, Option<f64>),
    (bool, Option<String>, UtcTime),
);

fn rows(conn: &mut Connection) -> Vec<Row> {
    evidence::table
        .order(evidence::id)
        .select((
            (
                evidence::id,
                evidence::subject_kind,
                evidence::subject_id,
                evidence::kind,
                evidence::role,
                evidence::status,
            ),
            (
                evidence::problem,
                evidence::file_name,
                evidence::sha256,
                evidence::media_type,
                evidence::size_bytes,
            ),
            (
                evidence::width,
                evidence::perceptual_hash,
                evidence::taken_at,
                evidence::distance_m,
            ),
            (
                evidence::has_derivatives,
                evidence::remarks,
                evidence::created_at,
            ),
        ))
        .load(conn)
        .unwrap()
}

/// Takes migrations back, the newest first, until one of that version is.
fn revert_to_before(conn: &mut Connection, version: &str) {
    macro_rules! revert {
        ($conn:expr, $folder:literal) => {{
            let all = FileBasedMigrations::from_path(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/migrations/",
                $folder
            ));
            let all = all.unwrap();
            loop {
                let applied = $conn.applied_migrations().unwrap();
                if !applied.iter().any(|a| a.to_string().as_str() >= version) {
                    break;
                }
                $conn.revert_last_migration(all.clone()).unwrap();
            }
        }};
    }
    match conn {
        Connection::Sqlite(c) => revert!(c, "sqlite"),
        Connection::Postgres(c) => revert!(c, "postgres"),
    }
}

/// A complaint with a good and a refused photo, accepted, and its number and tracking code.
async fn accepted(world: &World) -> (String, String) {
    let taken = SampleExif {
        taken: Some("2026:11:24 09:00:00"),
        ..SampleExif::default()
    };
    let parts = [
        (
            "complaint",
            None,
            fumes(Some("13800000001"), 0.0).to_string().into_bytes(),
        ),
        (
            "photo",
            Some("林小雨13800003333.jpg"),
            with_exif(&scene(1, 300, 200), taken),
        ),
        ("photo", Some("坏.jpg"), b"not a photo".to_vec()),
    ];
    let receipt = world
        .resident()
        .post_parts("/api/v1/complaints", &parts)
        .await
        .expect(201);
    let number = receipt.text("/number");
    let brigade = world.sign_in("brigade").await;
    brigade.accept(&number).await;
    (number, receipt.text("/tracking_code"))
}

/// The photos of complaints and of visits move with all that is known of them, down and up again;
/// names of files open as before, and pictures that were sent before are found.
async fn evidence_goes_down_and_up_with_its_rows(world: World) {
    let brigade = world.brigade().await;
    let (number, code) = accepted(&world).await;
    let grid = brigade
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200)
        .text("/place/grid_code");
    let officer = world.officer("officer1", &grid).await;
    let visit = brigade
        .post(
            &format!("/api/v1/complaints/{number}/verifications"),
            json!({}),
        )
        .await
        .expect(201)
        .text("/id");
    let photos = format!("/api/v1/verifications/{visit}/photos");
    officer
        .post_parts(
            &photos,
            &[
                ("near", Some("a.jpg"), scene(2, 300, 200)),
                ("far", None, scene(3, 300, 200)),
            ],
        )
        .await
        .expect(200);
    let here = json!({ "client_id": "c", "lon": LON, "lat": LAT, "datum": "WGS84", "device_time": "2026-11-24T10:00:00+08:00" });
    officer
        .post(&format!("/api/v1/verifications/{visit}/check-in"), here)
        .await
        .expect(200);
    let read = async || {
        let visit = officer.get(&format!("/api/v1/verifications/{visit}")).await;
        visit.expect(200).body
    };
    let found = read().await;
    assert_eq!(
        (found["state"].clone(), found["complaints"].clone()),
        (json!("checked_in"), json!([number]))
    );
    let seen = brigade
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200)
        .body;
    assert_eq!(seen["photos"].as_array().unwrap().len(), 4);
    assert_eq!(seen["photos"][0]["file_name"], "林小雨13800003333.jpg");

    let (before, bands) = world.db_read(|c| {
        (
            rows(c),
            evidence_band::table.count().get_result::<i64>(c).unwrap(),
        )
    });
    assert_eq!(before.len(), 4);
    let after = world.db_read(|c| {
        revert_to_before(c, "20261130000032");
        dengwen::platform::db::migrate(c).unwrap();
        (
            rows(c),
            evidence_band::table.count().get_result::<i64>(c).unwrap(),
        )
    });
    assert_eq!(after, (before, bands));
    let again = brigade
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200)
        .body;
    // Releases of before kept of a notice that it was sent, and this one was not yet.
    let without_notices = |mut view: serde_json::Value| {
        view.as_object_mut().unwrap().remove("notices");
        view
    };
    assert_eq!(without_notices(again), without_notices(seen));
    assert_eq!(read().await, found);
    world
        .resident()
        .get(&format!("/api/v1/tracking/{code}"))
        .await
        .expect(200);
    assert_eq!(facts::broken(&world), Vec::<String>::new());
}

/// A made-up file that begins as one of its type, with words in it to look for.
fn file(head: &[u8], length: usize) -> Vec<u8> {
    let mut bytes = head.to_vec();
    bytes.extend_from_slice(MARK);
    bytes.resize(length.max(bytes.len()), 7);
    bytes
}

const MARK: &[u8] = b"a mark that must not lie in the open";
const PDF: &[u8] = b"%PDF-1.7\n";
const SOUND: &[u8] = b"ID3\x04\0\0\0\0\0\0";
const VIDEO: &[u8] = b"\0\0\0\x18ftypisom\0\0\x02\0isommp42";

/// Every blob there is, as it lies.
fn blobs(world: &World) -> Vec<Vec<u8>> {
    let blobs = world.dir.path().join("blobs");
    let mut folders = vec![blobs.join("original"), blobs.join("public")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(std::fs::read(path).unwrap());
            }
        }
    }
    found
}

/// Sound, video, a PDF and a scan come with a complaint, are kept sealed, have no copies, and are
/// downloaded by who may read originals alone, each time recorded.
async fn files_come_with_a_complaint_and_lie_sealed(world: World) {
    let files = [file(SOUND, 3000), file(PDF, 70_000), file(VIDEO, 500)];
    let mut parts = vec![
        (
            "complaint",
            None,
            fumes(Some("13800000001"), 0.0).to_string().into_bytes(),
        ),
        ("photo", Some("a.jpg"), scene(1, 300, 200)),
    ];
    let names = ["夜里的声音13800003333.mp3", "信.pdf", "c.mp4"];
    parts.extend(
        files
            .iter()
            .zip(names)
            .map(|(bytes, name)| ("file", Some(name), bytes.clone())),
    );
    parts.push(("file", Some("扫描.jpg"), scene(2, 300, 200)));
    let receipt = world
        .resident()
        .post_parts("/api/v1/complaints", &parts)
        .await
        .expect(201);
    let told: Vec<_> = receipt.body["photos"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| {
            (
                p["kind"].as_str().unwrap(),
                p["role"].as_str().unwrap(),
                p["status"].as_str().unwrap(),
                p["viewable"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("photo", "photo", "kept", true),
            ("sound", "file", "kept", false),
            ("pdf", "file", "kept", false),
            ("video", "file", "kept", false),
            ("scan", "file", "kept", false)
        ]
    );
    let lying = blobs(&world);
    assert_eq!(lying.len(), 3 + 4);
    assert!(
        lying
            .iter()
            .all(|blob| !blob.windows(MARK.len()).any(|some| some == MARK))
    );

    let (brigade, street) = (world.brigade().await, world.street("s", "350102004").await);
    let complaint = format!("/api/v1/complaints/{}", receipt.text("/number"));
    let tracking = format!("/api/v1/tracking/{}", receipt.text("/tracking_code"));
    for (at, bytes) in files.iter().enumerate() {
        let id = receipt.text(&format!("/photos/{}/id", at + 1));
        let original = brigade
            .get(&format!("{complaint}/photos/{id}/original"))
            .await
            .expect(200);
        assert!(original.bytes == *bytes, "{at}");
        let said = |name: &str| original.headers[name].to_str().unwrap().to_owned();
        assert_eq!(
            (
                said("content-disposition"),
                said("x-content-type-options"),
                said("cache-control"),
                said("content-type")
            ),
            (
                "attachment".to_owned(),
                "nosniff".to_owned(),
                "no-store".to_owned(),
                "application/octet-stream".to_owned()
            )
        );
        street
            .get(&format!("{complaint}/photos/{id}/original"))
            .await
            .expect(403);
        brigade
            .get(&format!("{complaint}/photos/{id}"))
            .await
            .expect(404);
        world
            .resident()
            .get(&format!("{tracking}/photos/{id}"))
            .await
            .expect(404);
    }
    let read = events(&world, "read_original");
    assert_eq!(read, 3);
    // Names of files are words of their senders.
    let seen = street.get(&complaint).await.expect(200).body.to_string();
    assert!(
        !seen.contains("13800003333") && !seen.contains("信.pdf"),
        "{seen}"
    );
    let seen = world
        .resident()
        .get(&tracking)
        .await
        .expect(200)
        .body
        .to_string();
    assert!(!seen.contains("13800003333"), "{seen}");
    let source: Vec<String> = world.db_read(|c| {
        evidence::table
            .select(evidence::source)
            .distinct()
            .load(c)
            .unwrap()
    });
    assert_eq!(source, ["reporter"]);
    // The night takes none away, reads them all and finds each whole.
    let app = &world.server.app;
    Sweep {}.run(app, app.now()).await.unwrap();
    assert_eq!(sweep::verify_share(app, |_| true).await.unwrap(), 7);
}

fn events(world: &World, name: &str) -> i64 {
    use dengwen::platform::db::schema::record;
    world.db_read(|c| {
        let found = record::table.filter(record::event.eq(name));
        found.count().get_result(c).unwrap()
    })
}

/// What is no file that is taken, whatever its name and the type it is sent as, is listed with its
/// problem and sinks nothing; alone it is refused.
async fn hostile_files_are_listed_and_sink_nothing(world: World) {
    let page = [b"<html>".as_slice(), PDF, MARK].concat();
    let program = [b"MZ\x90\0".as_slice(), PDF, MARK].concat();
    let sent: [(&str, Vec<u8>, &str); 6] = [
        ("a.pdf", page, "unsupported_type"),
        ("b.pdf", program, "unsupported_type"),
        (
            "c.mp3",
            b"RIFF\x24\0\0\0AVI LIST".to_vec(),
            "unsupported_type",
        ),
        ("d.pdf", Vec::new(), "empty"),
        ("e.mp3", file(SOUND, 20 * 1024 * 1024 + 1), "too_many_bytes"),
        ("f.jpg", scene(1, 300, 200)[..400].to_vec(), "truncated"),
    ];
    let mut parts = vec![("complaint", None, fumes(None, 0.0).to_string().into_bytes())];
    parts.extend(
        sent.iter()
            .map(|(name, bytes, _)| ("file", Some(*name), bytes.clone())),
    );
    // A page that begins as a PDF is one, and is only ever downloaded.
    let polyglot = [PDF, b"<html><script>alert(1)</script>", MARK].concat();
    parts.push(("file", Some("g.html"), polyglot));
    let receipt = world
        .resident()
        .post_parts("/api/v1/complaints", &parts)
        .await
        .expect(201);
    let told: Vec<_> = receipt.body["photos"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["problem"].as_str().or(p["kind"].as_str()).unwrap())
        .collect();
    let wanted: Vec<&str> = sent.iter().map(|s| s.2).chain(["pdf"]).collect();
    assert_eq!(told, wanted);
    assert_eq!(blobs(&world).len(), 1, "nothing of the others is stored");
    let photos = format!("/api/v1/tracking/{}/photos", receipt.text("/tracking_code"));
    let resident = world.resident();
    for ((name, bytes, problem), (status, code)) in sent.into_iter().zip([
        (415, "unsupported_media_type"),
        (415, "unsupported_media_type"),
        (415, "unsupported_media_type"),
        (422, "invalid"),
        (413, "body_too_large"),
        (422, "photo_unreadable"),
    ]) {
        let refused = resident
            .post_parts(&photos, &[("file", Some(name), bytes)])
            .await
            .expect_problem(status, code);
        assert!(
            problem != "too_many_bytes"
                || refused.body["detail"]
                    .as_str()
                    .unwrap()
                    .contains("20971520"),
            "{}",
            refused.body
        );
    }
    // A photo's part takes photos, as ever.
    resident
        .post_parts(&photos, &[("photo", Some("a.pdf"), file(PDF, 100))])
        .await
        .expect_problem(415, "unsupported_photo_type");
    let raw = resident
        .send(reqwest::Method::POST, &photos, |r| {
            r.header("content-type", "audio/mpeg")
                .body(file(SOUND, 900))
        })
        .await
        .expect(201);
    assert_eq!(
        (raw.text("/photos/0/kind"), raw.text("/photos/0/role")),
        ("sound".to_owned(), "file".to_owned())
    );
}

/// A visit's sound and video are kept beside its photos, before or after, and an upload sent again
/// is the upload that is there; with other files its id is a conflict.
async fn an_upload_sent_again_is_the_upload_that_is_there(world: World) {
    let brigade = world.brigade().await;
    let (number, code) = accepted(&world).await;
    let grid = brigade
        .get(&format!("/api/v1/complaints/{number}"))
        .await
        .expect(200)
        .text("/place/grid_code");
    let officer = world.officer("officer1", &grid).await;
    let visit = brigade
        .post(
            &format!("/api/v1/complaints/{number}/verifications"),
            json!({}),
        )
        .await
        .expect(201)
        .text("/id");
    let upload = format!(
        "/api/v1/verifications/{visit}/photos?upload_id=u1&phase=after&device_time=2026-11-24T10:00:00%2B08:00"
    );
    let parts = [
        (
            "file",
            Some("a.m4a"),
            file(b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42", 900),
        ),
        ("near", Some("b.jpg"), scene(4, 300, 200)),
        ("file", Some("c.pdf"), b"no file".to_vec()),
    ];
    let first = officer.post_parts(&upload, &parts).await.expect(200);
    let again = officer.post_parts(&upload, &parts).await.expect(200);
    assert_eq!(first.body, again.body);
    let other = [("file", Some("a.m4a"), file(SOUND, 900))];
    officer
        .post_parts(&upload, &other)
        .await
        .expect_problem(409, "idempotency_conflict");
    officer
        .post_parts(
            &format!("/api/v1/verifications/{visit}/photos?phase=never"),
            &other,
        )
        .await
        .expect(400);
    type Kept = (String, Option<String>, String, String, Option<Id>);
    let kept: Vec<Kept> = world.db_read(|c| {
        let own = evidence::table.filter(evidence::subject_kind.eq("verification"));
        own.order(evidence::id)
            .select((
                evidence::role,
                evidence::kind,
                evidence::phase,
                evidence::source,
                evidence::uploaded_by,
            ))
            .load(c)
            .unwrap()
    });
    let kinds: Vec<_> = kept
        .iter()
        .map(|k| {
            (
                k.0.as_str(),
                k.1.as_deref(),
                k.2.as_str(),
                k.3.as_str(),
                k.4.is_some(),
            )
        })
        .collect();
    assert_eq!(
        kinds,
        [
            ("file", Some("sound"), "after", "officer", true),
            ("near", Some("photo"), "after", "officer", true),
            ("file", None, "after", "officer", true)
        ]
    );
    // Heard, not seen: a sound is no photo of a visit, and none of the reporter's.
    assert_eq!(first.body["missing"], json!(["check_in", "findings"]));
    let followed = world
        .resident()
        .get(&format!("/api/v1/tracking/{code}"))
        .await
        .expect(200);
    assert_eq!(followed.body["photos"].as_array().unwrap().len(), 2);
    let sound = first.body["photos"]
        .as_array()
        .unwrap()
        .iter()
        .find(|p| p["kind"] == "sound")
        .unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let original = brigade
        .get(&format!(
            "/api/v1/complaints/{number}/photos/{sound}/original"
        ))
        .await
        .expect(200);
    assert!(original.bytes == parts[0].2);
    officer
        .get(&format!(
            "/api/v1/complaints/{number}/photos/{sound}/original"
        ))
        .await
        .expect(403);
    // A resident's upload likewise.
    let added = format!("/api/v1/tracking/{code}/photos?upload_id=u1");
    let parts = [("photo", Some("z.jpg"), scene(9, 300, 200))];
    let first = world
        .resident()
        .post_parts(&added, &parts)
        .await
        .expect(201);
    assert_eq!(
        world
            .resident()
            .post_parts(&added, &parts)
            .await
            .expect(201)
            .body,
        first.body
    );
}

on_both!(
    evidence_goes_down_and_up_with_its_rows,
    files_come_with_a_complaint_and_lie_sealed,
    hostile_files_are_listed_and_sink_nothing,
    an_upload_sent_again_is_the_upload_that_is_there,
);
