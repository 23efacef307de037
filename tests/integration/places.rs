//! The places a server stands on while it runs: folders that vanish or are another's, a database
//! file that is taken away, a bucket that does not say whose it is, a log that grows.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use chrono::{Datelike as _, Utc};
use dengwen::{
    photo::sample::scene,
    platform::jobs::Job as _,
    platform::{
        db::{
            Connection, Database, Id, Patience, UtcTime,
            schema::{heartbeat, job},
        },
        problem::OnDb as _,
    },
    sweep::Verify,
};
use diesel::{connection::SimpleConnection as _, prelude::*};
use sha2::{Digest as _, Sha256};

use crate::{
    cli::run,
    support::{
        Actor, On, Reply, Wishes, World,
        bodies::{fumes, river},
        bucket::{Bucket, Mood},
        load::{COMPLAINTS, assert_put_off, until_status},
        play,
        program::Program,
    },
};

/// Within it a probe that asks all the time hears of what changed.
const SOON: Duration = Duration::from_secs(4);

async fn with_photo(actor: &Actor, picture: Vec<u8>) -> Reply {
    let body = fumes(None, 0.0).to_string().into_bytes();
    let parts = [("complaint", None, body), ("photo", Some("a.jpg"), picture)];
    actor.post_parts(COMPLAINTS, &parts).await
}

/// `/readyz` turns red, with this reason.
async fn turns_red(actor: &Actor, limit: Duration, reason: &str) {
    until_status(limit, 503, async || actor.get("/readyz").await).await;
    assert_eq!(actor.get("/readyz").await.text("/detail"), reason);
}

async fn turns_green(actor: &Actor, limit: Duration) {
    until_status(limit, 200, async || actor.get("/readyz").await).await;
}

/// Nobody sends a photo, and `/readyz` finds out by itself that the blob folder, or the data
/// folder, is gone or another's, and that it is back.
async fn readiness_looks_at_the_folders_itself(world: World) {
    let probe = world.resident();
    turns_green(&probe, SOON).await;
    let data = world.dir.path();
    let (blobs, away) = (data.join("blobs"), data.join("away"));
    fs::rename(&blobs, &away).unwrap();
    turns_red(&probe, SOON, "alarm: blobs_gone").await;
    fs::create_dir(&blobs).unwrap();
    fs::write(blobs.join("installation"), Id::new().to_string()).unwrap();
    turns_red(&probe, SOON, "alarm: blobs_gone").await;
    assert_put_off(&with_photo(&probe, scene(1, 320, 240)).await);
    assert_eq!(
        fs::read_dir(&blobs).unwrap().count(),
        1,
        "nothing is kept in another's folder"
    );
    probe.post(COMPLAINTS, river(None)).await.expect(201);
    fs::remove_dir_all(&blobs).unwrap();
    fs::rename(&away, &blobs).unwrap();
    turns_green(&probe, SOON).await;

    let mark = data.join("installation");
    let own = fs::read(&mark).unwrap();
    fs::remove_file(&mark).unwrap();
    turns_red(&probe, SOON, "alarm: data_gone").await;
    fs::write(&mark, own).unwrap();
    turns_green(&probe, SOON).await;
}

/// SQLite would go on writing into a file that was taken away, and make a new one in its place:
/// neither is done, and when it is back so is everything.
#[test]
fn a_database_file_that_vanished_takes_no_writes() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        let resident = world.resident();
        let filed = resident.post(COMPLAINTS, river(None)).await.expect(201);
        let names = ["test.db", "test.db-wal", "test.db-shm"];
        let (data, away) = (world.dir.path(), world.dir.path().join("away"));
        let carry = |from: &Path, to: &Path| {
            for name in names {
                fs::rename(from.join(name), to.join(name)).unwrap();
            }
        };
        fs::create_dir(&away).unwrap();
        carry(data, &away);
        for _ in 0..3 {
            assert_put_off(&resident.post_once(COMPLAINTS, "k", river(None)).await);
        }
        turns_red(&resident, SOON, "database: storage").await;
        assert!(!data.join("test.db").exists());
        fs::write(data.join("test.db"), "").unwrap();
        assert_put_off(&resident.post_once(COMPLAINTS, "k", river(None)).await);
        assert_eq!(fs::metadata(data.join("test.db")).unwrap().len(), 0);
        for name in names {
            let _ = fs::remove_file(data.join(name));
        }
        carry(&away, data);
        turns_green(&resident, SOON).await;
        let again = resident.post_once(COMPLAINTS, "k", river(None)).await;
        assert!(again.expect(201).text("/number").ends_with("-0002"));
        let code = filed.text("/tracking_code");
        let tracked = resident.get(&format!("/api/v1/tracking/{code}")).await;
        tracked.expect(200);
    });
}

fn serve_on(folder: &Path, bucket: &Bucket) -> Program {
    let url = database_in(folder);
    let variables = bucket.variables();
    let mut keys: Vec<(&str, &str)> = variables.iter().map(|(k, v)| (*k, &**v)).collect();
    keys.push(("DENGWEN_DATABASE_URL", &url));
    Program::serve(folder, &keys)
}

fn database_in(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("dengwen.db").display())
}

/// A bucket that says nothing at the start does not hold it up; it is asked until it answers, and
/// takes photos only then. One that turns out to be another's is told, and takes none.
#[actix_web::test]
async fn a_bucket_is_asked_until_it_says_whose_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::new(Mood::Silent, BTreeMap::new());
    let limit = Duration::from_secs(12);
    let program = serve_on(folder.path(), &bucket);
    let resident = program.resident();
    let photo = || with_photo(&resident, scene(2, 320, 240));
    assert_put_off(&photo().await);
    resident.post(COMPLAINTS, river(None)).await.expect(201);
    turns_green(&resident, SOON).await;
    assert_eq!(bucket.objects(), BTreeMap::new());
    bucket.be(Mood::Well);
    until_status(limit, 201, async || photo().await).await;
    let own = bucket.objects()["installation"].clone();
    assert_eq!(bucket.objects().len(), 4, "the mark and the photo's three");
    program.kill();

    bucket.be(Mood::Silent);
    let program = serve_on(folder.path(), &bucket);
    bucket.put("installation", Id::new().to_string().as_bytes());
    bucket.be(Mood::Well);
    let resident = program.resident();
    turns_red(&resident, limit, "alarm: blobs_gone").await;
    assert_put_off(&with_photo(&resident, scene(3, 320, 240)).await);
    assert_eq!(
        bucket.objects().len(),
        4,
        "nothing is kept in another's bucket"
    );
    resident.post(COMPLAINTS, river(None)).await.expect(201);
    bucket.put("installation", &own);
    turns_green(&resident, limit).await;
    let kept = with_photo(&resident, scene(3, 320, 240)).await;
    kept.expect(201);
}

/// Makes the nightly verification due now, whoever was at it when the server before was stopped.
fn verify_now(database_url: &str) {
    let database = Database::open(&database_url.parse().unwrap(), 1, Patience::Work).unwrap();
    let mut conn = database.blocking().unwrap();
    let due = || {
        job::table
            .filter(job::kind.eq(Verify::NAME))
            .filter(job::done_at.is_null())
    };
    diesel::update(due())
        .set((
            job::run_at.eq(UtcTime(Utc::now())),
            job::locked_until.eq(None::<UtcTime>),
        ))
        .execute(&mut *conn)
        .unwrap();
}

/// A photo whose turn to be verified is tonight, by the first byte of its hash.
fn of_tonights_share(nights: u32) -> Vec<u8> {
    let tonight = Utc::now().num_days_from_ce().rem_euclid(7);
    let picture = scene(4, 320, 240);
    (0..u32::MAX)
        .map(|n| [&picture[..], &n.to_le_bytes()].concat())
        .find(|photo| {
            let first = i32::from(Sha256::digest(photo)[0]);
            first % 7 == (tonight + nights.cast_signed()) % 7
        })
        .unwrap()
}

/// The steps of docs/backup.md for a bucket: its copy, beside a copy of the database, is served;
/// a copy without the mark, or another's, is refused; what is missing in it is told at night.
#[actix_web::test]
async fn a_copied_bucket_is_served_and_its_holes_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let bucket = Bucket::new(Mood::Well, BTreeMap::new());
    let program = serve_on(folder.path(), &bucket);
    let resident = program.resident();
    let mut kept = Vec::new();
    for night in 0..2 {
        let filed = with_photo(&resident, of_tonights_share(night))
            .await
            .expect(201);
        let photo = filed.body["photos"][0]["id"].as_str().unwrap().to_owned();
        let code = filed.text("/tracking_code");
        kept.push(format!("/api/v1/tracking/{code}/photos/{photo}"));
    }
    program.stop();

    let restored = tempfile::tempdir().unwrap();
    for name in fs::read_dir(folder.path()).unwrap() {
        let name = name.unwrap().file_name();
        if name != "installation" {
            fs::copy(folder.path().join(&name), restored.path().join(&name)).unwrap();
        }
    }
    let refused = |bucket: &Bucket, words: &str| {
        let variables = bucket.variables();
        let mut keys: Vec<(&str, &str)> = variables.iter().map(|(k, v)| (*k, &**v)).collect();
        let place = restored.path().display().to_string();
        let url = database_in(restored.path());
        keys.extend([
            ("DENGWEN_DATA_DIR", place.as_str()),
            ("DENGWEN_DATABASE_URL", &url),
            ("DENGWEN_LISTEN", "127.0.0.1:0"),
        ]);
        run(restored.path(), &["serve"], &keys, "").refused(words);
    };
    refused(&bucket.copy(|key| key != "installation"), "is gone");
    let anothers = bucket.copy(|_| true);
    anothers.put("installation", Id::new().to_string().as_bytes());
    refused(&anothers, "do not belong together");

    let copy = bucket.copy(|_| true);
    let program = serve_on(restored.path(), &copy);
    let resident = program.resident();
    for photo in &kept {
        resident.get(photo).await.expect(200);
    }
    program.stop();
    let holes = bucket.copy(|key| !key.starts_with("original/"));
    let program = serve_on(restored.path(), &holes);
    let resident = program.resident();
    verify_now(&database_in(restored.path()));
    let told = "dengwen_alarm{alarm=\"blobs_damaged\"} 1";
    let began = std::time::Instant::now();
    while !String::from_utf8(resident.get("/metrics").await.bytes)
        .unwrap()
        .contains(told)
    {
        assert!(
            began.elapsed() < Duration::from_secs(15),
            "nothing was told"
        );
        actix_web::rt::time::sleep(Duration::from_millis(200)).await;
    }
    for photo in &kept {
        resident.get(photo).await.expect(200);
    }
}

/// Bytes the log may hold, as docs/backup.md says.
const LOG_BOUND: u64 = 64 << 20;

/// A reader that stays makes the log grow beyond its bound; once it ends the log is cut, and after
/// a clean stop the file alone holds everything.
#[test]
fn the_log_is_bounded_once_a_long_reader_ends() {
    const MEGABYTE: usize = 1 << 20;
    play(On::Sqlite, Wishes::default(), |world| async move {
        let db = world.server.app.db.clone();
        let now = world.server.app.now();
        let write = async |slots: std::ops::Range<i32>, bytes: usize| {
            let store = move |conn: &mut Connection| {
                for slot in slots {
                    diesel::replace_into(heartbeat::table)
                        .values((
                            heartbeat::slot.eq(slot),
                            heartbeat::at.eq(UtcTime(now)),
                            heartbeat::filler.eq(vec![0x5a; bytes]),
                        ))
                        .execute(sqlite(conn))
                        .or_fault("fill")?;
                }
                Ok(())
            };
            db.write(store).await.unwrap();
        };
        let log = world.dir.path().join("test.db-wal");
        let length = || fs::metadata(&log).map_or(0, |is| is.len());
        let mut reader = db.blocking().unwrap();
        reader
            .batch_execute("BEGIN; SELECT count(*) FROM complaint")
            .unwrap();
        for round in 0..3 {
            write(round * 30 + 1000..round * 30 + 1030, MEGABYTE).await;
        }
        assert!(length() > LOG_BOUND, "{}", length());
        reader.batch_execute("COMMIT").unwrap();
        drop(reader);
        for _ in 0..64 {
            write(1000..1001, 1).await;
        }
        assert!(length() <= LOG_BOUND, "{}", length());
        world.server.stop().await;
        assert_eq!(length(), 0);
        let copy = world.dir.path().join("copy.db");
        fs::copy(world.dir.path().join("test.db"), &copy).unwrap();
        let url = format!("sqlite://{}", copy.display());
        let copy = Database::open(&url.parse().unwrap(), 1, Patience::Work).unwrap();
        let mut conn = copy.blocking().unwrap();
        let rows: i64 = heartbeat::table
            .filter(heartbeat::slot.ge(1000))
            .count()
            .get_result(&mut *conn)
            .unwrap();
        assert_eq!(rows, 90);
    });
}

fn sqlite(conn: &mut Connection) -> &mut SqliteConnection {
    match conn {
        Connection::Sqlite(conn) => conn,
        Connection::Postgres(_) => unreachable!("the story plays on SQLite"),
    }
}

on_both!(readiness_looks_at_the_folders_itself,);
