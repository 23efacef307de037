//! Pictures that were sent before, and finding them again.

use dengwen::{
    evidence::reuse::FilePhotos,
    jobs,
    photo::sample::{SampleExif, scene, with_exif},
    platform::jobs::Job as _,
    platform::{
        db::schema::{evidence_band as photo_band, job},
        jobs as queue,
    },
};
use diesel::{connection::SimpleConnection, prelude::*};
use serde_json::{Value, json};

use crate::support::{
    On, World,
    bodies::{fumes, river},
    pictures,
};

/// A picture sent before, mirrored, is told to the brigade with the number of the
/// complaint it came with; another picture is not.
async fn a_reused_picture_is_told(world: World) {
    let brigade = world.brigade().await;
    let file = |body: Value, picture: Vec<u8>| {
        let resident = world.resident();
        async move {
            let parts = [
                ("complaint", None, body.to_string().into_bytes()),
                ("photo", Some("a.jpg"), picture),
            ];
            resident
                .post_parts("/api/v1/complaints", &parts)
                .await
                .expect(201)
                .text("/number")
        }
    };
    let original = scene(7, 1200, 900);
    let first = file(fumes(Some("13800000001"), 0.0), original.clone()).await;
    let mirrored = with_exif(
        &original,
        SampleExif {
            orientation: Some(2),
            ..SampleExif::default()
        },
    );
    let second = file(river(Some("13800000002")), mirrored).await;
    let third = file(
        {
            let mut b = river(None);
            b["category"] = json!("radiation.light");
            b
        },
        scene(8, 1200, 900),
    )
    .await;
    let told = |number: String| {
        let brigade = brigade.clone();
        async move {
            brigade
                .get(&format!("/api/v1/complaints/{number}/reused-photos"))
                .await
                .expect(200)
        }
    };
    let reused = told(second.clone()).await;
    assert_eq!(
        (
            reused.body["items"].as_array().unwrap().len(),
            reused.text("/items/0/number")
        ),
        (1, first.clone())
    );
    assert!(reused.body["items"][0]["distance"].as_u64().unwrap() <= 31);
    assert_eq!(told(first.clone()).await.text("/items/0/number"), second);
    assert!(
        told(third).await.body["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    // The very same file is named with the photo's own facts.
    let fourth = file(
        {
            let mut b = river(None);
            b["category"] = json!("waste.hazardous");
            b
        },
        original,
    )
    .await;
    assert_eq!(
        brigade
            .get(&format!("/api/v1/complaints/{fourth}"))
            .await
            .expect(200)
            .body["photo_facts"][0]["elsewhere"],
        json!([first])
    );
}

/// Photos from before there was an index are filed once, by the job their migration plans; of a
/// white wall there is nothing to file.
async fn older_photos_are_found_again(world: World) {
    let brigade = world.brigade().await;
    let file = async |body: Value, picture: Vec<u8>| {
        let parts = [
            ("complaint", None, body.to_string().into_bytes()),
            ("photo", Some("a.jpg"), picture),
        ];
        world
            .resident()
            .post_parts("/api/v1/complaints", &parts)
            .await
            .expect(201)
            .text("/number")
    };
    let wall = pictures::png(800, 600, &pictures::plain(800, 600, [250; 3]));
    let first = file(fumes(Some("13800000001"), 0.0), scene(7, 1200, 900)).await;
    file(
        {
            let mut b = river(None);
            b["category"] = json!("radiation.light");
            b
        },
        wall,
    )
    .await;
    assert_eq!(bands(&world), 16);
    world.db_read(|c| {
        diesel::delete(photo_band::table).execute(c).unwrap();
        // What that migration did, on the table they lie in now.
        let script = match world.on {
            On::Sqlite => {
                include_str!("../../migrations/sqlite/2026-11-25-000014_reused_photos/up.sql")
            }
            On::Postgres => {
                include_str!("../../migrations/postgres/2026-11-25-000014_reused_photos/up.sql")
            }
        };
        c.batch_execute(&script.replace("FROM photo)", "FROM evidence)"))
            .unwrap();
    });
    let second = file(river(Some("13800000002")), scene(7, 1200, 900)).await;
    let reused = format!("/api/v1/complaints/{second}/reused-photos");
    assert!(
        brigade.get(&reused).await.expect(200).body["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    jobs::run_due(&world.server.app).await.unwrap();
    assert_eq!(
        brigade
            .get(&reused)
            .await
            .expect(200)
            .text("/items/0/number"),
        first
    );
    assert_eq!(bands(&world), 32);
    // Once more changes nothing.
    let now = world.server.app.now();
    world.db_read(|c| queue::enqueue(c, &FilePhotos {}, now, now).unwrap());
    jobs::run_due(&world.server.app).await.unwrap();
    let left: i64 = world.db_read(|c| {
        job::table
            .filter(job::kind.eq(FilePhotos::NAME))
            .filter(job::done_at.is_null())
            .count()
            .get_result(c)
            .unwrap()
    });
    assert_eq!((bands(&world), left), (32, 0));
}

fn bands(world: &World) -> i64 {
    world.db_read(|c| photo_band::table.count().get_result(c).unwrap())
}

on_both!(a_reused_picture_is_told, older_photos_are_found_again,);
