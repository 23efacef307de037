//! The disk below: who may read what lies there, what is gone, what is damaged, what is swept.

use std::{
    fs::{self, File},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use chrono::TimeDelta;
use dengwen::{
    jobs,
    photo::sample::scene,
    platform::jobs::Job as _,
    platform::{
        alarms::Alarm,
        db::{
            Id, UtcTime,
            schema::{evidence as photo, job, resident_otp, session},
        },
        jobs as queue,
    },
    sweep,
    sweep::Sweep,
};
use diesel::{connection::SimpleConnection as _, prelude::*};
use serde_json::json;

use crate::{
    cli::run,
    support::{
        Actor, On, Reply, Wishes, World,
        bodies::{fumes, river},
        play, postgres, queued,
    },
};

/// A complaint with a photo; what came back.
async fn with_photo(actor: &Actor, picture: &[u8]) -> Reply {
    let body = river(None).to_string().into_bytes();
    let parts = [
        ("complaint", None, body),
        ("photo", Some("a.jpg"), picture.to_vec()),
    ];
    actor.post_parts("/api/v1/complaints", &parts).await
}

fn picture(seed: u32) -> Vec<u8> {
    scene(seed, 640, 480)
}

/// What a request is answered where the disk below is broken: an actor would not stand for a 500.
async fn status_of(world: &World, actor: &Actor, path: &str) -> u16 {
    let token = actor.token.as_deref().unwrap();
    let asked = reqwest::Client::new()
        .get(format!("http://{}{path}", world.server.address))
        .bearer_auth(token);
    asked.send().await.unwrap().status().as_u16()
}

/// Every file under a folder.
fn files_under(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_under(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn flip(file: &Path, at: u64) {
    let mut file = File::options().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    file.seek(SeekFrom::Start(at)).unwrap();
    file.read_exact(&mut byte).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&[byte[0] ^ 0x55]).unwrap();
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Nobody but the owner reads the database, its log, the blobs and their folders, whatever the
/// process's umask; what a former release left open is closed at start.
#[cfg(unix)]
#[test]
fn files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    play(On::Sqlite, Wishes::default(), |mut world| async move {
        with_photo(&world.resident(), &picture(1)).await.expect(201);
        let all = |world: &World| {
            let dir = world.dir.path();
            let files = files_under(dir);
            assert!(
                files.iter().any(|f| f.ends_with("test.db-wal")),
                "{files:?}"
            );
            for file in &files {
                assert_eq!(mode(file), 0o600, "{}", file.display());
                assert_eq!(mode(file.parent().unwrap()), 0o700, "{}", file.display());
            }
        };
        all(&world);
        let open = |name: &str, mode: u32| {
            let path = world.dir.path().join(name);
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        open("test.db", 0o644);
        open("blobs", 0o755);
        world.restart_on(&[]).await;
        with_photo(&world.resident(), &picture(2)).await.expect(201);
        all(&world);
    });
}

/// Originals lie sealed, with the position in them; copies carry a checksum. A changed byte in
/// either is a fault and an alarm, never another picture; a missing file is found at night.
async fn blobs_are_what_was_stored_or_an_alarm(world: World) {
    let sent = picture(3);
    let receipt = with_photo(&world.resident(), &sent).await.expect(201);
    let brigade = world.brigade().await;
    let id = receipt.body["photos"][0]["id"].as_str().unwrap().to_owned();
    let number = receipt.text("/number");
    let path = format!("/api/v1/complaints/{number}/photos/{id}");
    let original = format!("{path}/original");
    assert_eq!(brigade.get(&original).await.expect(200).bytes, sent);
    let blobs = world.dir.path().join("blobs");
    let sealed = files_under(&blobs.join("original"));
    let stored = fs::read(&sealed[0]).unwrap();
    assert!(
        !stored
            .windows(64)
            .any(|w| sent.windows(64).next().unwrap() == w),
        "sealed"
    );
    assert!(stored.starts_with(b"DWB1"));
    let app = &world.server.app;
    assert_eq!(sweep::verify_share(app, |_| true).await.unwrap(), 3);
    assert!(!app.alarms.is_raised(Alarm::BlobsDamaged));

    flip(&sealed[0], 3000);
    assert_eq!(status_of(&world, &brigade, &original).await, 503);
    assert!(app.alarms.is_raised(Alarm::BlobsDamaged));
    let metrics = String::from_utf8(world.resident().get("/metrics").await.bytes).unwrap();
    assert!(
        metrics.contains("dengwen_alarm{alarm=\"blobs_damaged\"} 1"),
        "{metrics}"
    );
    flip(&sealed[0], 3000);
    brigade.get(&original).await.expect(200);

    for (what, file) in [
        ("copy", &files_under(&blobs.join("public"))[0]),
        ("original", &sealed[0]),
    ] {
        app.alarms.clear(Alarm::BlobsDamaged);
        let length = fs::metadata(file).unwrap().len();
        flip(file, length / 2);
        sweep::verify_share(app, |_| true).await.unwrap();
        assert!(app.alarms.is_raised(Alarm::BlobsDamaged), "{what}");
        flip(file, length / 2);
    }
    app.alarms.clear(Alarm::BlobsDamaged);
    fs::remove_file(&sealed[0]).unwrap();
    sweep::verify_share(app, |_| true).await.unwrap();
    assert!(
        app.alarms.raised()[0].1.contains("missing"),
        "{:?}",
        app.alarms.raised()
    );
}

/// A blob folder that goes while the server runs is not made anew: photos wait (503), complaints
/// without photos do not, and when it is back all is as before.
async fn a_vanished_blob_folder_is_not_made_anew(world: World) {
    let resident = world.resident();
    let kept = with_photo(&resident, &picture(4)).await.expect(201);
    let (blobs, away) = (
        world.dir.path().join("blobs"),
        world.dir.path().join("away"),
    );
    fs::rename(&blobs, &away).unwrap();
    let refused = with_photo(&resident, &picture(5)).await.expect(503);
    assert!(refused.headers.contains_key("retry-after"));
    assert!(!blobs.exists());
    let code = kept.text("/tracking_code");
    let photo = kept.body["photos"][0]["id"].as_str().unwrap();
    resident
        .get(&format!("/api/v1/tracking/{code}/photos/{photo}"))
        .await
        .expect(503);
    resident
        .post("/api/v1/complaints", fumes(None, 0.0))
        .await
        .expect(201);
    assert!(world.server.app.alarms.is_raised(Alarm::BlobsGone));
    resident.get("/readyz").await.expect(503);
    // An empty folder in its place, as an unmounted volume leaves one, is no better.
    fs::create_dir(&blobs).unwrap();
    with_photo(&resident, &picture(5)).await.expect(503);
    assert_eq!(files_under(&blobs), Vec::<PathBuf>::new());
    fs::remove_dir(&blobs).unwrap();
    fs::rename(&away, &blobs).unwrap();
    with_photo(&resident, &picture(5)).await.expect(201);
    assert!(!world.server.app.alarms.is_raised(Alarm::BlobsGone));
    resident.get("/readyz").await.expect(200);
}

/// Database, blobs and data folder belong together: a blob folder that is gone, empty or
/// another's, and a data folder of another's, refuse to start with what to do; an operator's
/// word takes them as they are.
async fn places_that_do_not_belong_together_refuse_to_start(world: World) {
    with_photo(&world.resident(), &picture(6)).await.expect(201);
    world.server.stop().await;
    let dir = world.dir.path().to_owned();
    let (blobs, away) = (dir.join("blobs"), dir.join("away"));
    fs::rename(&blobs, &away).unwrap();
    let refusal = world.refusal_with(&[]);
    assert!(
        refusal.contains("is gone") && refusal.contains("dengwen adopt"),
        "{refusal}"
    );
    assert!(!blobs.exists());
    fs::create_dir(&blobs).unwrap();
    assert!(world.refusal_with(&[]).contains("is gone"));
    let stranger = Id::new().to_string();
    fs::write(blobs.join("installation"), &stranger).unwrap();
    let refusal = world.refusal_with(&[]);
    assert!(
        refusal.contains(&stranger) && refusal.contains("do not belong together"),
        "{refusal}"
    );
    fs::remove_dir_all(&blobs).unwrap();
    fs::rename(&away, &blobs).unwrap();
    let own = fs::read_to_string(dir.join("installation")).unwrap();
    fs::write(dir.join("installation"), &stranger).unwrap();
    assert!(world.refusal_with(&[]).contains("do not belong together"));
    run(&dir, &["adopt"], &world.operators_environment(), "").well();
    assert_eq!(fs::read_to_string(dir.join("installation")).unwrap(), own);
    // A further server has a data folder of its own, and an S3 or a shared folder with all.
    let further = dir.join("further");
    let shared = format!("file://{}", blobs.display());
    let mut world = world;
    world
        .restart_on(&[
            ("DENGWEN_DATA_DIR", &further.display().to_string()),
            ("DENGWEN_BLOB_URL", &shared),
        ])
        .await;
    with_photo(&world.resident(), &picture(7)).await.expect(201);
}

/// A deleted database beside its blobs is no first start: nothing is served and nothing made. With
/// everything gone it is one.
#[test]
fn a_deleted_database_is_no_first_start() {
    play(On::Sqlite, Wishes::default(), |mut world| async move {
        world
            .resident()
            .post("/api/v1/complaints", river(None))
            .await
            .expect(201);
        world.server.stop().await;
        let dir = world.dir.path().to_owned();
        for name in ["test.db", "test.db-wal", "test.db-shm"] {
            let _ = fs::remove_file(dir.join(name));
        }
        for _ in 0..2 {
            let refusal = world.refusal_with(&[]);
            assert!(
                refusal.contains("belongs to installation") && refusal.contains("Mount or restore"),
                "{refusal}"
            );
        }
        assert!(!dir.join("test.db").exists());
        File::create(dir.join("test.db")).unwrap();
        assert!(
            world.refusal_with(&[]).contains("belongs to installation"),
            "an empty file is none"
        );
        fs::remove_file(dir.join("test.db")).unwrap();
        fs::remove_file(dir.join("installation")).unwrap();
        assert!(
            world.refusal_with(&[]).contains("belongs to installation"),
            "the blobs say so"
        );
        fs::remove_dir_all(dir.join("blobs")).unwrap();
        world.restart_on(&[]).await;
        world
            .resident()
            .post("/api/v1/complaints", river(None))
            .await
            .expect(201);
    });
}

/// The same of a PostgreSQL that answers under the same name and is empty.
#[test]
fn an_empty_postgres_beside_blobs_is_no_first_start() {
    play(On::Postgres, Wishes::default(), |world| async move {
        world.server.stop().await;
        let fresh = postgres::server().unwrap().create_database(|_| {});
        let refusal = world.refusal_with(&[("DENGWEN_DATABASE_URL", &fresh.url)]);
        assert!(refusal.contains("belongs to installation"), "{refusal}");
    });
}

/// A database that a newer program brought further is not served by an older one, which names
/// what it does not know.
async fn a_newer_schema_refuses_an_older_program(world: World) {
    world.db_read(|c| c.batch_execute("INSERT INTO __diesel_schema_migrations (version, run_on) VALUES ('20991231000001', '2099-12-31 00:00:00')").unwrap());
    let refusal = world.refusal_with(&[]);
    assert!(
        refusal.contains("20991231000001") && refusal.contains("newer than this program"),
        "{refusal}"
    );
    let commands: [&[&str]; 3] = [&["migrate"], &["serve"], &["staff", "list"]];
    for command in commands {
        run(
            world.dir.path(),
            command,
            &world.operators_environment(),
            "",
        )
        .refused("20991231000001");
    }
    world.db_read(|c| {
        c.batch_execute("DELETE FROM __diesel_schema_migrations WHERE version = '20991231000001'")
            .unwrap()
    });
    run(
        world.dir.path(),
        &["migrate"],
        &world.operators_environment(),
        "",
    )
    .well();
}

/// Damaged pages refuse to start, whichever they are; damage met while serving is a fault and an
/// alarm, and no "try again".
#[test]
fn a_damaged_database_is_not_served() {
    const PAGE: u64 = 4096;
    play(On::Sqlite, Wishes::default(), |world| async move {
        let resident = world.resident();
        for at in 0..12 {
            resident
                .post("/api/v1/complaints", fumes(None, f64::from(at) * 40.0))
                .await
                .expect(201);
        }
        // A copy without free pages, in which no damage would matter.
        let whole = world.dir.path().join("whole.db");
        world.db_read(|c| {
            c.batch_execute(&format!("VACUUM INTO '{}'", whole.display()))
                .unwrap()
        });
        world.server.stop().await;
        let pages = fs::metadata(&whole).unwrap().len() / PAGE;
        let step = usize::try_from(pages / 20).unwrap().max(1);
        let refusal = |at: u64, damage: &dyn Fn(&Path)| {
            let copy = world.dir.path().join(format!("copy{at}.db"));
            fs::copy(&whole, &copy).unwrap();
            damage(&copy);
            let url = format!("sqlite://{}", copy.display());
            world.refusal_or_start(&[("DENGWEN_DATABASE_URL", &url)])
        };
        assert_eq!(refusal(0, &|_| {}), None, "the whole one is served");
        for page in (1..pages).step_by(step) {
            let told = refusal(page, &|copy| {
                (0..8).for_each(|at| flip(copy, page * PAGE + at))
            });
            assert!(
                told.as_ref().is_some_and(|r| r.contains("is damaged")),
                "page {page} of {pages}: {told:?}"
            );
        }
        let none = |copy: &Path| {
            fs::write(copy, "this is no database, whatever its name may say here").unwrap()
        };
        assert!(refusal(pages, &none).unwrap().contains("is damaged"));
    });
    play(On::Sqlite, Wishes::default(), |world| async move {
        let brigade = world.brigade().await;
        brigade.get("/api/v1/complaints").await.expect(200);
        world.server.app.settle();
        let file = world.dir.path().join("test.db");
        let length = fs::metadata(&file).unwrap().len();
        let mut open = File::options().write(true).open(&file).unwrap();
        open.seek(SeekFrom::Start(PAGE)).unwrap();
        let noise = vec![0x5a; usize::try_from(length - PAGE).unwrap()];
        open.write_all(&noise).unwrap();
        assert_eq!(status_of(&world, &brigade, "/api/v1/complaints").await, 500);
        assert!(world.server.app.alarms.is_raised(Alarm::DatabaseDamaged));
    });
}

/// The night's check finds a healthy database healthy, and ends an alarm that was raised.
async fn a_whole_database_ends_the_alarm(world: World) {
    world
        .resident()
        .post("/api/v1/complaints", river(None))
        .await
        .expect(201);
    let app = &world.server.app;
    app.alarms.raise(Alarm::DatabaseDamaged, "for the test");
    sweep::verify_database(app).await.unwrap();
    assert!(app.alarms.raised().is_empty());
}

/// After a clean stop the database is one file, and it holds everything.
#[test]
fn after_a_clean_stop_the_file_alone_holds_all() {
    play(On::Sqlite, Wishes::default(), |mut world| async move {
        for at in 0..30 {
            let body = fumes(None, f64::from(at) * 40.0);
            world
                .resident()
                .post("/api/v1/complaints", body)
                .await
                .expect(201);
        }
        world.server.stop().await;
        let log = world.dir.path().join("test.db-wal");
        assert_eq!(fs::metadata(&log).map_or(0, |is| is.len()), 0);
        let copy = world.dir.path().join("copy.db");
        fs::copy(world.dir.path().join("test.db"), &copy).unwrap();
        world
            .restart_on(&[(
                "DENGWEN_DATABASE_URL",
                &format!("sqlite://{}", copy.display()),
            )])
            .await;
        let brigade = world.brigade().await;
        let listed = brigade
            .get("/api/v1/complaints?limit=200")
            .await
            .expect(200);
        assert_eq!(listed.body["items"].as_array().unwrap().len(), 30);
    });
}

/// Every night done jobs, ended sessions and codes, blobs nobody refers to and halves go; what
/// is fresh, referred to or still waiting stays.
async fn what_is_over_is_swept(world: World) {
    with_photo(&world.resident(), &picture(8)).await.expect(201);
    let _brigade = world.brigade().await;
    world.signed_in_resident("13900000001").await;
    let app = &world.server.app;
    let now = app.now();
    world.db_read(|c| {
        let at = |days: i64| UtcTime(now + TimeDelta::days(days));
        queued::enqueue(c, "old", json!({}), now, now).unwrap();
        queued::enqueue(c, "young", json!({}), now, now).unwrap();
        queued::enqueue(c, "waiting", json!({}), now + TimeDelta::days(400), now).unwrap();
        for (kind, days) in [("old", -31), ("young", -29)] {
            diesel::update(job::table.filter(job::kind.eq(kind)))
                .set(job::done_at.eq(at(days)))
                .execute(c)
                .unwrap();
        }
        diesel::update(session::table.filter(session::subject_kind.eq("resident")))
            .set(session::expires_at.eq(at(-31)))
            .execute(c)
            .unwrap();
        diesel::update(resident_otp::table)
            .set(resident_otp::expires_at.eq(at(-2)))
            .execute(c)
            .unwrap();
    });
    let blobs = world.dir.path().join("blobs");
    let orphan = |name: &str, days: u64| {
        let path = blobs.join("original/ab").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = File::create(&path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(days * 86_400))
            .unwrap();
        path
    };
    let old = orphan(&"ab".repeat(32), 2);
    let fresh = orphan(&"ac".repeat(32), 0);
    let half = orphan("x.part", 2);
    let fresh_half = orphan("y.part", 0);
    let used: Vec<PathBuf> = files_under(&blobs)
        .into_iter()
        .filter(|p| !p.starts_with(blobs.join("original/ab")))
        .collect();
    for path in &used {
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(40 * 86_400))
            .unwrap();
    }
    world.db_read(|c| {
        let kinds = ["old", "young", "waiting"];
        diesel::delete(job::table.filter(job::kind.ne_all(kinds)))
            .execute(c)
            .unwrap();
        queue::enqueue(c, &Sweep {}, now, now).unwrap();
    });
    assert_eq!(jobs::run_due(app).await.unwrap(), 1);
    let kinds: Vec<String> = world.db_read(|c| {
        job::table
            .filter(job::kind.ne(Sweep::NAME))
            .order(job::kind)
            .select(job::kind)
            .load(c)
            .unwrap()
    });
    assert_eq!(kinds, ["waiting", "young"]);
    let sessions: Vec<String> = world.db_read(|c| {
        session::table
            .select(session::subject_kind)
            .distinct()
            .load(c)
            .unwrap()
    });
    assert_eq!(sessions, ["staff"]);
    let codes: i64 = world.db_read(|c| resident_otp::table.count().get_result(c).unwrap());
    assert_eq!(codes, 0);
    assert!(!old.exists() && fresh.exists() && !half.exists() && fresh_half.exists());
    assert!(used.iter().all(|p| p.exists()));
    let kept: i64 = world.db_read(|c| {
        photo::table
            .filter(photo::status.eq("kept"))
            .count()
            .get_result(c)
            .unwrap()
    });
    assert_eq!(kept, 1);
}

on_both!(
    blobs_are_what_was_stored_or_an_alarm,
    a_vanished_blob_folder_is_not_made_anew,
    places_that_do_not_belong_together_refuse_to_start,
    a_newer_schema_refuses_an_older_program,
    a_whole_database_ends_the_alarm,
    what_is_over_is_swept,
);
