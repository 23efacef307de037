//! Set-ups of PostgreSQL: those that are refused at the start with the reason, and those that work.

use std::{path::PathBuf, time::Duration};

use dengwen::platform::db::{self, Database, Patience};
use serde_json::json;

use crate::support::{
    World,
    cluster::{Cluster, free_port, humble_folder, humbly, signal, until},
    load::{Load, a_while, play_at},
    migrate_url,
};

/// Servers one could start on and would fail in later are refused at once, with the reason.
#[test]
fn a_server_that_cannot_be_served_from_is_refused() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let refusal = |url: &str| {
        Database::open(&url.parse().unwrap(), 1, Patience::Request)
            .err()
            .map(|e| e.to_string())
    };
    for encoding in ["SQL_ASCII", "LATIN1", "EUC_CN"] {
        let name = encoding.to_lowercase();
        cluster.admin(&format!("CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"));
        let reason = refusal(&cluster.url(&name)).unwrap();
        assert!(
            reason.contains(encoding) && reason.contains("UTF8"),
            "{reason}"
        );
    }
    for sql in [
        "CREATE ROLE narrow LOGIN",
        "CREATE ROLE reader LOGIN",
        "CREATE DATABASE shut",
        "CREATE DATABASE lost",
        "ALTER DATABASE shut SET default_transaction_read_only = on",
        "ALTER DATABASE lost SET search_path = nowhere",
    ] {
        cluster.admin(sql);
    }
    let reason = refusal(&cluster.url("shut")).unwrap();
    assert!(reason.contains("default_transaction_read_only"), "{reason}");
    let reason = refusal(&cluster.url("lost")).unwrap();
    assert!(reason.contains("search_path"), "{reason}");
    cluster.sql("dengwen", "REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    let as_role = |role: &str| format!("postgres://{role}@127.0.0.1:{}/dengwen", cluster.port);
    let reason = refusal(&as_role("narrow")).unwrap();
    assert!(
        reason.contains("GRANT CREATE ON SCHEMA public TO narrow"),
        "{reason}"
    );
    migrate_url(&cluster.url("dengwen"));
    let reason = refusal(&as_role("reader")).unwrap();
    assert!(reason.contains("reader may not read and write"), "{reason}");
    assert_eq!(refusal(&cluster.url("dengwen")), None);
}

/// Whatever a database, a role or the server sets for its sessions, ours are as we need them.
#[test]
fn odd_defaults_of_a_server_change_nothing() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    for (name, value) in [
        ("default_transaction_isolation", "serializable"),
        ("standard_conforming_strings", "off"),
        ("bytea_output", "escape"),
        ("DateStyle", "German"),
        ("TimeZone", "Asia/Kathmandu"),
        ("statement_timeout", "1d"),
    ] {
        cluster.admin(&format!("ALTER DATABASE dengwen SET {name} = '{value}'"));
    }
    play_at(&cluster.url("dengwen"), async |world: World| {
        let load = Load::start(&world, 6);
        a_while(Duration::from_secs(1)).await;
        let (put_off, all) = load.settle(&world).await;
        assert!(put_off == 0 && all > 6, "{put_off} of {all}");
    });
}

/// Where PgBouncer is; required where PostgreSQL is.
fn pgbouncer() -> Option<PathBuf> {
    let found = [
        "/usr/sbin/pgbouncer",
        "/usr/bin/pgbouncer",
        "/opt/homebrew/bin/pgbouncer",
    ]
    .map(PathBuf::from)
    .into_iter()
    .find(|path| path.is_file());
    let required = std::env::var("DENGWEN_REQUIRE_POSTGRES").is_ok_and(|v| v == "1");
    assert!(
        found.is_some() || !required,
        "PgBouncer is required and not here"
    );
    found
}

/// Behind PgBouncer: a pool that hands out transactions works, one that hands out statements is
/// refused with its own words.
#[test]
fn a_pooler_that_hands_out_transactions_works() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let Some(program) = pgbouncer() else {
        return;
    };
    cluster.admin("ALTER DATABASE dengwen SET default_transaction_isolation = 'serializable'");
    let pooler = |mode: &str| {
        let (folder, port) = (humble_folder(), free_port());
        let config = format!(
            "[databases]\ndengwen = host=127.0.0.1 port={} dbname=dengwen user=postgres\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port={port}\nunix_socket_dir=\nauth_type=any\npool_mode={mode}\ndefault_pool_size=4\nlogfile={}\n",
            cluster.port,
            folder.path().join("log").display()
        );
        std::fs::write(folder.path().join("pgbouncer.ini"), config).unwrap();
        let child = humbly(&program, folder.path())
            .arg("pgbouncer.ini")
            .spawn()
            .unwrap();
        until(Duration::from_secs(10), "PgBouncer listens", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        (
            format!("postgres://postgres@127.0.0.1:{port}/dengwen"),
            child,
            folder,
        )
    };
    let (url, mut child, _folder) = pooler("transaction");
    play_at(&url, async |world: World| {
        let load = Load::start(&world, 8);
        a_while(Duration::from_millis(1500)).await;
        let (put_off, all) = load.settle(&world).await;
        assert!(put_off == 0 && all > 8, "{put_off} of {all}");
        let brigade = world.brigade().await;
        let listed = brigade
            .get("/api/v1/complaints")
            .await
            .expect(200)
            .text("/items/0/number");
        brigade
            .post("/api/v1/triage/claims", json!({ "number": listed }))
            .await
            .expect(201);
        let returned = json!({ "action": "return", "reason": "请补充具体楼栋" });
        brigade
            .post(&format!("/api/v1/complaints/{listed}/decision"), returned)
            .await
            .expect(200);
        dengwen::jobs::run_due(&world.server.app).await.unwrap();
        world.resident().get("/readyz").await.expect(200);
    });
    let (statements, mut other, _folder2) = pooler("statement");
    let refused = Database::open(&statements.parse().unwrap(), 1, Patience::Request)
        .err()
        .unwrap();
    assert!(refused.to_string().contains("pool_mode"), "{refused}");
    for child in [&mut child, &mut other] {
        signal("INT", &[child.id()]);
        child.wait().unwrap();
    }
}

/// Two processes that start at once behind one lock: one migrates, both serve.
#[test]
fn two_that_start_at_once_migrate_once() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let url = cluster.url("dengwen");
    let start = || {
        let database = Database::open(&url.parse().unwrap(), 1, Patience::Work).unwrap();
        let mut conn = database.blocking().unwrap();
        db::migrate(&mut conn).unwrap()
    };
    let (one, two) = std::thread::scope(|scope| {
        let (one, two) = (scope.spawn(start), scope.spawn(start));
        (one.join().unwrap(), two.join().unwrap())
    });
    assert!(one == 0 || two == 0, "{one} {two}");
    assert!(one + two > 10);
}
