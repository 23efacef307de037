//! Evidence: what is kept of whatever belongs to a subject, and how it moved there.

use dengwen::{
    photo::sample::{SampleExif, scene, with_exif},
    platform::db::{
        Connection, Id, UtcTime,
        schema::{evidence, evidence_band},
    },
};
use diesel::prelude::*;
use diesel_migrations::{FileBasedMigrations, MigrationHarness};
use serde_json::json;

use crate::support::{World, bodies::fumes, facts};

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
    brigade
        .post("/api/v1/triage/claims", json!({ "number": number }))
        .await
        .expect(201);
    brigade
        .post(
            &format!("/api/v1/complaints/{number}/decision"),
            json!({ "action": "accept", "procedure": "enforcement_request" }),
        )
        .await
        .expect(200);
    (number, receipt.text("/tracking_code"))
}

on_both! {
    /// The photos of complaints and of visits move with all that is known of them, down and up again;
    /// names of files open as before, and pictures that were sent before are found.
    async fn evidence_goes_down_and_up_with_its_rows(world) {
        let brigade = world.brigade().await;
        let (number, code) = accepted(&world).await;
        let grid = brigade.get(&format!("/api/v1/complaints/{number}")).await.expect(200).text("/place/grid_code");
        let officer = world.officer("officer1", &grid).await;
        let visit = brigade.post(&format!("/api/v1/complaints/{number}/verifications"), json!({})).await.expect(201).text("/id");
        let photos = format!("/api/v1/verifications/{visit}/photos");
        officer.post_parts(&photos, &[("near", Some("a.jpg"), scene(2, 300, 200)), ("far", None, scene(3, 300, 200))]).await.expect(200);
        let seen = brigade.get(&format!("/api/v1/complaints/{number}")).await.expect(200).body;
        assert_eq!(seen["photos"].as_array().unwrap().len(), 4);
        assert_eq!(seen["photos"][0]["file_name"], "林小雨13800003333.jpg");

        let (before, bands) = world.db_read(|c| (rows(c), evidence_band::table.count().get_result::<i64>(c).unwrap()));
        assert_eq!(before.len(), 4);
        let after = world.db_read(|c| {
            revert_to_before(c, "20261130000032");
            dengwen::platform::db::migrate(c).unwrap();
            (rows(c), evidence_band::table.count().get_result::<i64>(c).unwrap())
        });
        assert_eq!(after, (before, bands));
        let again = brigade.get(&format!("/api/v1/complaints/{number}")).await.expect(200).body;
        assert_eq!(again, seen);
        world.resident().get(&format!("/api/v1/tracking/{code}")).await.expect(200);
        assert_eq!(facts::broken(&world), Vec::<String>::new());
    }
}
