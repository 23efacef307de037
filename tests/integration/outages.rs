//! Outages. PostgreSQL as it fails in real life: stopped, standing still, behind a pooler, gone to
//! another host, full. Every answer meanwhile is 503 with `Retry-After`, soon, and nothing that was
//! acknowledged is lost or done twice.

use std::time::{Duration, Instant};

use dengwen::platform::db::{Database, Patience, schema::complaint};
use diesel::{connection::SimpleConnection as _, prelude::*};
use futures_util::future::join_all;

use crate::support::{
    Actor, World,
    bodies::river,
    cluster::{Cluster, signal, until},
    load::{COMPLAINTS, Load, a_while, assert_put_off, count_complaints, play_at, until_status},
    migrate_url, postgres,
};

/// A restart under load: 503 with `Retry-After` and never 500; the pool finds the server again by
/// itself, and what was put off is filed once by its key, whether or not its commit was heard of.
#[test]
fn a_restart_under_load_is_503_and_heals_by_itself() {
    let Some(mut cluster) = Cluster::start() else {
        return;
    };
    play_at(&cluster.url("dengwen"), async |world: World| {
        let load = Load::start(&world, 6);
        for _ in 0..2 {
            a_while(Duration::from_millis(700)).await;
            cluster.stop();
            a_while(Duration::from_millis(300)).await;
            cluster.start_again();
        }
        a_while(Duration::from_millis(1500)).await;
        let (put_off, all) = load.settle(&world).await;
        assert!(put_off > 0 && all > put_off, "{put_off} of {all}");
    });
}

/// A server that is down is found out at once, and `/readyz` says so.
#[test]
fn a_server_that_is_down_fails_fast() {
    let Some(mut cluster) = Cluster::start() else {
        return;
    };
    play_at(&cluster.url("dengwen"), async |world: World| {
        let resident = world.resident();
        resident.get("/readyz").await.expect(200);
        cluster.stop();
        for _ in 0..12 {
            let began = Instant::now();
            assert_put_off(&resident.post(COMPLAINTS, river(None)).await);
            assert!(
                began.elapsed() < Duration::from_secs(1),
                "{:?}",
                began.elapsed()
            );
        }
        let red = until_status(Duration::from_secs(3), 503, async || {
            resident.get("/readyz").await
        })
        .await;
        assert!(red < Duration::from_secs(3));
        let reply = resident.get("/readyz").await;
        assert_eq!(reply.body["detail"], "database: lost");
        let metrics = String::from_utf8(resident.get("/metrics").await.bytes).unwrap();
        for line in ["dengwen_ready 0", "dengwen_database_circuit_opened_total 1"] {
            assert!(metrics.contains(line), "{metrics}");
        }
        cluster.start_again();
        until_status(Duration::from_secs(5), 201, async || {
            resident.post(COMPLAINTS, river(None)).await
        })
        .await;
        until_status(Duration::from_secs(3), 200, async || {
            resident.get("/readyz").await
        })
        .await;
    });
}

/// A server that stands still with its sockets open: nobody waits longer than the limit, only the
/// first wait at all, threads are bounded, and when it goes on so does everything.
#[test]
fn a_server_that_stands_still_holds_nobody() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    play_at(&cluster.url("dengwen"), async |world: World| {
        let resident = world.resident();
        resident.post(COMPLAINTS, river(None)).await.expect(201);
        cluster.freeze();
        let began = Instant::now();
        let replies = join_all((0..40).map(|n| {
            let actor = world.resident();
            async move {
                actor
                    .post_once(COMPLAINTS, &n.to_string(), river(None))
                    .await
            }
        }))
        .await;
        assert!(
            began.elapsed() < Duration::from_secs(13),
            "{:?}",
            began.elapsed()
        );
        replies.iter().for_each(assert_put_off);
        for _ in 0..5 {
            let began = Instant::now();
            let reply = tokio::time::timeout(Duration::from_secs(7), resident.get("/readyz"))
                .await
                .unwrap();
            assert_eq!(reply.status, 503);
            assert!(began.elapsed() < Duration::from_secs(7));
        }
        assert!(
            world.server.app.db.hanging() <= 64,
            "{}",
            world.server.app.db.hanging()
        );
        cluster.thaw();
        until_status(Duration::from_secs(15), 201, async || {
            resident.post(COMPLAINTS, river(None)).await
        })
        .await;
        for n in 0..40 {
            resident
                .post_once(COMPLAINTS, &n.to_string(), river(None))
                .await
                .expect(201);
        }
        assert_eq!(
            count_complaints(&world),
            42,
            "a given-up write is not done twice"
        );
        until(Duration::from_secs(10), "nothing hangs any more", || {
            world.server.app.db.hanging() == 0
        });
    });
}

/// Several hosts in the URL: when the primary stands still and the standby is promoted, the same
/// process writes to the new one.
#[test]
fn the_next_primary_is_found_without_a_restart() {
    let Some(first) = Cluster::start() else {
        return;
    };
    let second = first.standby();
    let refused = Database::open(
        &second.url("dengwen").parse().unwrap(),
        1,
        Patience::Request,
    );
    let refused = refused.err().unwrap().to_string();
    assert!(refused.contains("standby"), "{refused}");
    let url = format!(
        "postgres://postgres@127.0.0.1:{},127.0.0.1:{}/dengwen",
        first.port, second.port
    );
    play_at(&url, async |world: World| {
        let resident = world.resident();
        resident.post(COMPLAINTS, river(None)).await.expect(201);
        let arrived = || {
            second.connect("dengwen").is_ok_and(|mut c| {
                complaint::table
                    .count()
                    .get_result::<i64>(&mut c)
                    .is_ok_and(|n| n == 1)
            })
        };
        until(Duration::from_secs(10), "the standby has it", arrived);
        first.freeze();
        second.promote();
        let took = until_status(Duration::from_secs(25), 201, async || {
            let reply = resident.post(COMPLAINTS, river(None)).await;
            assert!([201, 503].contains(&reply.status), "{}", reply.body);
            reply
        })
        .await;
        assert!(took < Duration::from_secs(25));
        assert_eq!(
            complaint::table
                .count()
                .get_result::<i64>(&mut second.connect("dengwen").unwrap()),
            Ok(2)
        );
        until_status(Duration::from_secs(5), 200, async || {
            resident.get("/readyz").await
        })
        .await;
    });
}

/// A host that accepts and never speaks costs the connect timeout and no more; one that is up
/// beside it is taken.
#[test]
fn a_silent_host_is_passed_over() {
    let Some(server) = postgres::server() else {
        return;
    };
    let database = server.create_database(migrate_url);
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap().port();
    let began = Instant::now();
    let alone = format!("postgres://postgres@127.0.0.1:{silent}/dengwen?connect_timeout=2");
    assert!(Database::open(&alone.parse().unwrap(), 1, Patience::Request).is_err());
    assert!(
        began.elapsed() < Duration::from_secs(6),
        "{:?}",
        began.elapsed()
    );
    let _ = database;
}

/// The database's disk is full: writes are put off and `/readyz` is red although old room can
/// still be written to, reads go on, and with room again all is well.
#[test]
fn a_full_disk_is_503_and_not_ready() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    play_at(&cluster.url("dengwen"), async |world: World| {
        let resident = world.resident();
        let code = resident
            .post(COMPLAINTS, river(None))
            .await
            .expect(201)
            .text("/tracking_code");
        resident.get("/readyz").await.expect(200);
        // As the server itself says it; new room is asked for by new complaints and by the filler.
        cluster.sql("dengwen", "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION USING ERRCODE = '53100', MESSAGE = 'could not extend file \"base/5/16401\": No space left on device', HINT = 'Check free disk space.'; END $$;
            CREATE TRIGGER no_room BEFORE INSERT ON complaint FOR EACH ROW EXECUTE FUNCTION no_room();
            CREATE TRIGGER no_room BEFORE UPDATE ON heartbeat FOR EACH ROW WHEN (length(NEW.filler) > 0) EXECUTE FUNCTION no_room();
            CREATE TRIGGER no_room_either BEFORE INSERT ON heartbeat FOR EACH ROW WHEN (length(NEW.filler) > 0) EXECUTE FUNCTION no_room()");
        let reply = resident.post_once(COMPLAINTS, "k", river(None)).await;
        assert_put_off(&reply);
        assert_eq!(reply.headers["retry-after"], "30");
        until_status(Duration::from_secs(3), 503, async || {
            resident.get("/readyz").await
        })
        .await;
        assert_eq!(
            resident.get("/readyz").await.body["detail"],
            "database: full"
        );
        resident
            .get(&format!("/api/v1/tracking/{code}"))
            .await
            .expect(200);
        cluster.sql("dengwen", "DROP FUNCTION no_room CASCADE");
        until_status(Duration::from_secs(3), 200, async || {
            resident.get("/readyz").await
        })
        .await;
        resident
            .post_once(COMPLAINTS, "k", river(None))
            .await
            .expect(201);
    });
}

/// A primary that was made a standby, or shut for writing: no 500, and `/readyz` names it.
#[test]
fn a_server_shut_for_writing_is_503_and_not_ready() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    play_at(&cluster.url("dengwen"), async |world: World| {
        let resident = world.resident();
        resident.post(COMPLAINTS, river(None)).await.expect(201);
        cluster.admin("ALTER SYSTEM SET default_transaction_read_only = on");
        cluster.admin("SELECT pg_reload_conf()");
        until_status(Duration::from_secs(5), 503, async || {
            resident.post(COMPLAINTS, river(None)).await
        })
        .await;
        until_status(Duration::from_secs(3), 503, async || {
            resident.get("/readyz").await
        })
        .await;
        assert_eq!(
            resident.get("/readyz").await.body["detail"],
            "database: read_only"
        );
        let mut admin = cluster.connect("postgres").unwrap();
        admin
            .batch_execute("SET default_transaction_read_only = off")
            .unwrap();
        admin
            .batch_execute("ALTER SYSTEM RESET default_transaction_read_only")
            .unwrap();
        admin.batch_execute("SELECT pg_reload_conf()").unwrap();
        until_status(Duration::from_secs(5), 201, async || {
            resident.post(COMPLAINTS, river(None)).await
        })
        .await;
    });
}

/// Statements that a server ends itself (a lock held too long, an operator's cancel) are 503.
#[test]
fn a_cancelled_statement_is_503() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    play_at(&cluster.url("dengwen"), async |world: World| {
        let resident: Actor = world.resident();
        resident.post(COMPLAINTS, river(None)).await.expect(201);
        let mut held = cluster.connect("dengwen").unwrap();
        held.batch_execute("BEGIN; LOCK TABLE complaint IN ACCESS EXCLUSIVE MODE")
            .unwrap();
        let waiting = actix_web::rt::spawn({
            let resident = resident.clone();
            async move { resident.post(COMPLAINTS, river(None)).await }
        });
        a_while(Duration::from_millis(500)).await;
        cluster.admin("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = 'dengwen' AND wait_event_type = 'Lock'");
        assert_put_off(&waiting.await.unwrap());
        let began = Instant::now();
        assert_put_off(&resident.post(COMPLAINTS, river(None)).await);
        assert!(
            began.elapsed() < Duration::from_secs(9),
            "{:?}",
            began.elapsed()
        );
        held.batch_execute("ROLLBACK").unwrap();
        resident.post(COMPLAINTS, river(None)).await.expect(201);
    });
}

/// A table that is gone, or a right that was taken away: no 500, `/readyz` names it though other
/// rows can be written, and with all put back it is green again.
#[test]
fn a_missing_table_or_right_is_503_and_not_ready() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    play_at(&cluster.url("dengwen"), async |world: World| {
        let resident = world.resident();
        let no_right = "CREATE FUNCTION no_right() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION USING ERRCODE = '42501', MESSAGE = 'permission denied for table complaint'; END $$;
            CREATE TRIGGER no_right BEFORE INSERT ON complaint FOR EACH ROW EXECUTE FUNCTION no_right()";
        let taken = [
            (no_right, "DROP FUNCTION no_right CASCADE"),
            (
                "ALTER TABLE record RENAME TO r",
                "ALTER TABLE r RENAME TO record",
            ),
            (
                "ALTER TABLE complaint RENAME number TO n",
                "ALTER TABLE complaint RENAME n TO number",
            ),
        ];
        for (take, put_back) in taken {
            cluster.sql("dengwen", take);
            let reply = resident.post(COMPLAINTS, river(None)).await;
            assert_put_off(&reply);
            assert_eq!(reply.headers["retry-after"], "30", "{take}");
            until_status(Duration::from_secs(3), 503, async || {
                resident.get("/readyz").await
            })
            .await;
            let red = resident.get("/readyz").await;
            assert_eq!(red.body["detail"], "database: unfit", "{take}");
            cluster.sql("dengwen", put_back);
            resident.post(COMPLAINTS, river(None)).await.expect(201);
        }
        cluster.sql("dengwen", "ALTER TABLE heartbeat RENAME TO h");
        let red = resident.get("/readyz").await;
        assert_eq!(red.body["detail"], "database: unfit");
        cluster.sql("dengwen", "ALTER TABLE h RENAME TO heartbeat");
        until_status(Duration::from_secs(40), 200, async || {
            resident.get("/readyz").await
        })
        .await;
    });
}

/// Single backends that stand still hold a request for ten seconds in all, however often it asks.
#[test]
fn frozen_backends_hold_a_request_ten_seconds_in_all() {
    #[derive(QueryableByName)]
    struct Backend {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        pid: i32,
    }
    let Some(cluster) = Cluster::start() else {
        return;
    };
    play_at(&cluster.url("dengwen"), async |world: World| {
        let file = |key: String| {
            let actor = world.resident();
            async move {
                let began = Instant::now();
                let reply = actor.post_once(COMPLAINTS, &key, river(None)).await;
                assert!([201, 503].contains(&reply.status), "{}", reply.body);
                assert!(
                    began.elapsed() < Duration::from_millis(11_500),
                    "{:?}",
                    began.elapsed()
                );
            }
        };
        join_all((0..8).map(|n| file(format!("warm {n}")))).await;
        let sql = "SELECT pid FROM pg_stat_activity WHERE application_name = 'dengwen' AND datname = 'dengwen' LIMIT 2";
        let backends: Vec<Backend> = diesel::sql_query(sql)
            .load(&mut cluster.connect("postgres").unwrap())
            .unwrap();
        let pids: Vec<u32> = backends.iter().map(|b| b.pid.cast_unsigned()).collect();
        assert!(!pids.is_empty());
        signal("STOP", &pids);
        join_all((0..8).map(|n| {
            let file = &file;
            async move {
                for round in 0..3 {
                    file(format!("{n} {round}")).await;
                }
            }
        }))
        .await;
        signal("CONT", &pids);
    });
}
