//! The program as a process: killed while it works, out of room, and with a blob store that hangs.

use std::{
    collections::BTreeMap,
    process::Command,
    time::{Duration, Instant},
};

use chrono::{TimeDelta, Utc};
use dengwen::{
    photo::sample::scene,
    platform::db::{
        Connection, Database, Patience, UtcTime,
        schema::{idempotency, job},
    },
    platform::jobs::Job as _,
    sweep::ForgetKeys,
};
use diesel::{connection::SimpleConnection as _, prelude::*};
use futures_util::future::join_all;

use crate::support::{
    bodies::river,
    bucket::{Bucket, Mood},
    cluster::until,
    load::{COMPLAINTS, assert_put_off},
    program::Program,
};

/// A blob store that hangs, drips or is always busy: a photo is answered 503 within some ten
/// seconds, the next at once, and complaints without a photo do not notice.
#[actix_web::test]
async fn a_blob_store_that_hangs_holds_nobody() {
    let started = [Mood::Silent, Mood::Dripping, Mood::Busy].map(|store| {
        let folder = tempfile::tempdir().unwrap();
        let bucket = Bucket::new(Mood::Well, BTreeMap::new());
        let variables = bucket.variables();
        let variables = variables.each_ref().map(|(name, value)| (*name, &**value));
        let program = Program::serve(folder.path(), &variables);
        bucket.be(store);
        (store, folder, program)
    });
    join_all(started.map(async |(store, _folder, program)| {
        let resident = program.resident();
        let picture = scene(7, 400, 300);
        let with_photo = || {
            let parts = [
                ("complaint", None, river(None).to_string().into_bytes()),
                ("photo", Some("a.jpg"), picture.clone()),
            ];
            let resident = resident.clone();
            async move { resident.post_parts(COMPLAINTS, &parts).await }
        };
        let began = Instant::now();
        let (photo, text) = tokio::join!(
            with_photo(),
            resident.post(COMPLAINTS, river(Some("13800000001")))
        );
        assert!(
            began.elapsed() < Duration::from_secs(13),
            "{store:?} {:?}",
            began.elapsed()
        );
        assert_eq!(text.status, 201, "{store:?} {}", text.body);
        assert_put_off(&photo);
        let began = Instant::now();
        assert_put_off(&with_photo().await);
        if let Mood::Silent | Mood::Dripping = store {
            assert!(
                began.elapsed() < Duration::from_secs(1),
                "{store:?} {:?}",
                began.elapsed()
            );
        }
    }))
    .await;
}

/// No file of the process may grow beyond so many bytes.
fn limit_files(program: &Program, bytes: &str) {
    let done = Command::new("prlimit")
        .args([
            "--pid",
            &program.pid().to_string(),
            &format!("--fsize={bytes}:"),
        ])
        .status()
        .unwrap();
    assert!(done.success());
}

/// SQLite without room to write: 503 with `Retry-After` and red, nothing that was refused is there
/// later, reads go on, and with room again the same process writes.
#[actix_web::test]
async fn sqlite_without_room_is_503_and_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::serve(folder.path(), &[]);
    let resident = program.resident();
    let code = resident
        .post(COMPLAINTS, river(None))
        .await
        .expect(201)
        .text("/tracking_code");
    resident.get("/readyz").await.expect(200);
    limit_files(&program, "4096");
    for key in ["a", "b", "c"] {
        assert_put_off(&resident.post_once(COMPLAINTS, key, river(None)).await);
    }
    let began = Instant::now();
    while resident.get("/readyz").await.status != 503 {
        assert!(
            began.elapsed() < Duration::from_secs(4),
            "not ready within {:?}",
            began.elapsed()
        );
        actix_web::rt::time::sleep(Duration::from_millis(200)).await;
    }
    let detail = resident.get("/readyz").await.text("/detail");
    assert!(
        ["database: storage", "database: full"].contains(&&*detail),
        "{detail}"
    );
    resident
        .get(&format!("/api/v1/tracking/{code}"))
        .await
        .expect(200);
    limit_files(&program, "unlimited");
    let again = resident
        .post_once(COMPLAINTS, "a", river(None))
        .await
        .expect(201)
        .text("/number");
    assert!(
        again.ends_with("-0002"),
        "{again}: what was refused left nothing behind"
    );
    actix_web::rt::time::sleep(Duration::from_secs(1)).await;
    resident.get("/readyz").await.expect(200);
}

/// The job that is not done of the kind the story is about.
fn forgetting(conn: &mut Connection) -> (i32, Option<UtcTime>) {
    job::table
        .filter(job::kind.eq(ForgetKeys::NAME))
        .order(job::run_at.asc())
        .filter(job::done_at.is_null())
        .select((job::attempts, job::locked_until))
        .first(conn)
        .unwrap()
}

/// The statement after which forgetting a key takes a minute, and the one that ends it.
fn slowness(conn: &Connection) -> (&'static str, &'static str) {
    match conn {
        Connection::Sqlite(_) => (
            "CREATE TRIGGER slow BEFORE DELETE ON idempotency BEGIN
             SELECT count(*) FROM sqlite_master a, sqlite_master b, sqlite_master c, sqlite_master d, sqlite_master e; END",
            "DROP TRIGGER slow",
        ),
        Connection::Postgres(_) => (
            "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN OLD; END $$;
             CREATE TRIGGER slow BEFORE DELETE ON idempotency FOR EACH ROW EXECUTE FUNCTION slow()",
            "DROP TRIGGER slow ON idempotency",
        ),
    }
}

fn a_killed_process_leaves_its_job(url: &str) {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("DENGWEN_DATABASE_URL", url)];
    let program = Program::serve(folder.path(), &variables);
    let database = Database::open(&url.parse().unwrap(), 1, Patience::Work).unwrap();
    let mut conn = database.blocking().unwrap();
    // The first nightly round is over when all there is to do lies ahead.
    until(Duration::from_secs(30), "the first round is over", || {
        let open = || job::table.filter(job::done_at.is_null());
        let all: i64 = open().count().get_result(&mut *conn).unwrap();
        let ahead: i64 = open()
            .filter(job::run_at.gt(UtcTime(Utc::now())))
            .filter(job::attempts.eq(0))
            .count()
            .get_result(&mut *conn)
            .unwrap();
        all >= 4 && all == ahead
    });
    let (slow, fast) = slowness(&conn);
    conn.batch_execute(slow).unwrap();
    let long_ago = UtcTime(Utc::now() - TimeDelta::days(90));
    diesel::insert_into(idempotency::table)
        .values((
            idempotency::scope.eq("s"),
            idempotency::key.eq("k"),
            idempotency::fingerprint.eq(vec![0_u8; 32]),
            idempotency::created_at.eq(long_ago),
        ))
        .execute(&mut *conn)
        .unwrap();
    diesel::update(
        job::table
            .filter(job::kind.eq(ForgetKeys::NAME))
            .filter(job::done_at.is_null()),
    )
    .set(job::run_at.eq(long_ago))
    .execute(&mut *conn)
    .unwrap();
    until(Duration::from_secs(10), "the job runs", || {
        forgetting(&mut conn).1.is_some()
    });
    program.kill();
    let (attempts, lease) = forgetting(&mut conn);
    let left = lease.unwrap().0 - Utc::now();
    assert_eq!(attempts, 1);
    assert!(left <= TimeDelta::seconds(30), "{left}");
    // A server that died in the middle of a statement notices it within seconds.
    until(Duration::from_secs(15), "the dead process lets go", || {
        conn.batch_execute(fast).is_ok()
    });
    let waited = UtcTime(Utc::now() + TimeDelta::seconds(2));
    diesel::update(
        job::table
            .filter(job::kind.eq(ForgetKeys::NAME))
            .filter(job::done_at.is_null()),
    )
    .set(job::locked_until.eq(waited))
    .execute(&mut *conn)
    .unwrap();
    let _next = Program::serve(folder.path(), &variables);
    until(
        Duration::from_secs(15),
        "the job is taken up and done",
        || {
            let keys: i64 = idempotency::table.count().get_result(&mut *conn).unwrap();
            keys == 0
        },
    );
    until(Duration::from_secs(5), "it is marked done", || {
        let done: Vec<i32> = job::table
            .filter(job::kind.eq(ForgetKeys::NAME))
            .filter(job::done_at.is_not_null())
            .order(job::done_at.desc())
            .select(job::attempts)
            .load(&mut *conn)
            .unwrap();
        done.first() == Some(&2)
    });
}

/// Jobs running at a kill are taken up by the next process, once, soon.
mod a_job_running_at_a_kill_is_taken_up {
    use super::a_killed_process_leaves_its_job;
    use crate::support::{migrate_url, postgres};

    #[test]
    fn sqlite() {
        let folder = tempfile::tempdir().unwrap();
        a_killed_process_leaves_its_job(&format!(
            "sqlite://{}",
            folder.path().join("a.db").display()
        ));
    }

    #[test]
    fn postgres() {
        if let Some(server) = postgres::server() {
            let database = server.create_database(migrate_url);
            a_killed_process_leaves_its_job(&database.url);
        }
    }
}
