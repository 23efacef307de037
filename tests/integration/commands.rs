//! Commands beside a server that is busy.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use dengwen::platform::db::schema::{record, staff};
use diesel::prelude::*;

use crate::support::{World, bodies::fumes};

/// Clients that file complaints without a pause.
const CLIENTS: usize = 12;

/// Commands of each kind.
const EACH: usize = 4;

/// Busy server: accounts are added, disabled and given passwords while complaints pour in, and
/// every command gets its turn; so does every complaint.
async fn staff_commands_get_their_turn_under_load(world: World) {
    let (stop, filed) = (AtomicBool::new(false), AtomicU32::new(0));
    let load = (0..CLIENTS).map(|n| {
        let (resident, stop, filed) = (world.resident(), &stop, &filed);
        async move {
            let mut count = 0;
            while !stop.load(Ordering::SeqCst) {
                let metres = f64::from(u16::try_from(n * 1000 + count % 1000).unwrap());
                resident
                    .post("/api/v1/complaints", fumes(None, metres / 100.0))
                    .await
                    .expect(201);
                filed.fetch_add(1, Ordering::SeqCst);
                count += 1;
            }
        }
    });
    let commands = async {
        let mut failed = Vec::new();
        for (how, input) in [
            (
                "add NAME --role brigade --password-stdin",
                "river-lantern 4821 first\n",
            ),
            (
                "reset-password NAME --password-stdin",
                "river-lantern 4821 second\n",
            ),
            ("disable NAME", ""),
        ] {
            // Those of one kind at once, as well as against the server.
            let at_once = (0..EACH).map(|n| {
                let how = how.replace("NAME", &format!("officer{n}"));
                tokio::task::spawn_blocking(world.command(&format!("staff {how}"), input))
            });
            for output in futures_util::future::join_all(at_once).await {
                let output = output.unwrap();
                if !output.status.success() {
                    failed.push(String::from_utf8_lossy(&output.stderr).into_owned());
                }
            }
        }
        stop.store(true, Ordering::SeqCst);
        failed
    };
    let (_, failed) = tokio::join!(futures_util::future::join_all(load), commands);
    assert!(
        failed.is_empty(),
        "{} of {} failed: {failed:?}",
        failed.len(),
        3 * EACH
    );
    assert!(filed.load(Ordering::SeqCst) > 20);
    let (disabled, recorded): (i64, i64) = world.db_read(|c| {
        let disabled = staff::table
            .filter(staff::disabled.eq(true))
            .count()
            .get_result(c)
            .unwrap();
        let recorded = record::table
            .filter(record::subject_kind.eq("staff"))
            .count()
            .get_result(c)
            .unwrap();
        (disabled, recorded)
    });
    assert_eq!((disabled, recorded), (4, 12));
}

on_both!(staff_commands_get_their_turn_under_load,);
