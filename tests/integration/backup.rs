//! Backing up while the server serves, and restoring: by the program for SQLite and a folder, by
//! the documented steps for PostgreSQL.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use dengwen::{photo::sample::scene, platform::crypto};

use crate::{
    cli::{Ended, run},
    support::{
        Actor, On, Reply, Wishes, World,
        bodies::{fumes, river},
        play, postgres,
    },
};

pub async fn with_photo(actor: &Actor, seed: u32) -> Reply {
    let body = fumes(Some("13812345678"), f64::from(seed) * 40.0);
    let parts = [
        ("complaint", None, body.to_string().into_bytes()),
        ("photo", Some("a.jpg"), scene(seed, 320, 240)),
    ];
    let filed = actor.post_parts("/api/v1/complaints", &parts).await;
    filed.expect(201)
}

pub async fn beside(world: &World, arguments: &[&str]) -> Ended {
    let folder = world.dir.path().to_owned();
    let owned = |text: &str| text.to_owned();
    let arguments: Vec<String> = arguments.iter().map(|a| owned(a)).collect();
    let environment: Vec<(String, String)> = world
        .operators_environment()
        .into_iter()
        .map(|(k, v)| (owned(k), owned(v)))
        .collect();
    let work = move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let environment: Vec<(&str, &str)> = environment
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        run(&folder, &arguments, &environment, "")
    };
    actix_web::web::block(work).await.unwrap()
}

pub fn database_of(backup: &Path) -> PathBuf {
    let mut found = fs::read_dir(backup)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "db"));
    let database = found.next().unwrap();
    assert!(found.next().is_none(), "one database at a time");
    database
}

pub fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Taken under load, a backup holds every complaint acknowledged before it began, each with its
/// photo; restored elsewhere it is served. A second one copies what is new alone.
#[test]
fn a_backup_under_load_is_whole_and_restores() {
    play(On::Sqlite, Wishes::default(), |mut world| async move {
        let resident = world.resident();
        world.brigade().await;
        let mut before = Vec::new();
        for seed in 0..4 {
            before.push(with_photo(&resident, seed).await.text("/number"));
        }
        let to = world.dir.path().join("backup");
        let name = to.display().to_string();
        let load = async {
            for seed in 10..20 {
                with_photo(&resident, seed).await;
            }
        };
        let asked = ["backup", name.as_str()];
        let (ended, ()) = futures_util::join!(beside(&world, &asked), load);
        let said = ended.well();
        assert!(said.contains("verified"), "{said}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&to), 0o700);
            assert_eq!(mode(&database_of(&to)), 0o600);
            assert_eq!(mode(&to.join("manifest.json")), 0o600);
        }
        let again = beside(&world, &["backup", &name]).await.well();
        assert!(again.contains("14 complaints, 42 blobs"), "{again}");
        let once_more = beside(&world, &["backup", &name]).await.well();
        assert!(once_more.contains("(0 new)"), "{once_more}");
        beside(&world, &["restore", &name])
            .await
            .refused("is in the way");

        let place = world.dir.path().join("elsewhere");
        let url = format!("sqlite://{}", place.join("d/new.db").display());
        let data = place.join("data").display().to_string();
        let pairs = [
            ("DENGWEN_DATABASE_URL", url.as_str()),
            ("DENGWEN_DATA_DIR", data.as_str()),
        ];
        let mut environment = world.operators_environment();
        environment.retain(|(k, _)| pairs.iter().all(|(name, _)| k != name));
        environment.extend(pairs);
        let command = |arguments: &[&str], environment: &[(&str, &str)]| {
            run(world.dir.path(), arguments, environment, "")
        };
        let (_, other) = crypto::new_root_key();
        let mut wrong = environment.clone();
        wrong.retain(|(k, _)| *k != "DENGWEN_SECRET_KEY");
        command(&["restore", &name], &wrong).refused("sealed under key");
        wrong.push(("DENGWEN_SECRET_KEY", &other));
        command(&["restore", &name], &wrong).refused("sealed under key");
        assert!(!place.join("d/new.db").exists());
        assert!(
            command(&["restore", &name, "--check"], &environment)
                .well()
                .contains("whole")
        );
        command(&["restore", &name], &environment).well();
        command(&["restore", &name], &environment).refused("is in the way");
        assert!(
            command(&["restore", &name, "--aside"], &environment)
                .well()
                .contains("moved aside")
        );
        world.restart_on(&pairs).await;
        let brigade = world.sign_in("brigade").await;
        for number in &before {
            let seen = brigade
                .get(&format!("/api/v1/complaints/{number}"))
                .await
                .expect(200);
            assert_eq!(seen.body["reporters"][0]["phone"], "138****5678");
            let photo = seen.body["photos"][0]["id"].as_str().unwrap().to_owned();
            brigade
                .get(&format!("/api/v1/complaints/{number}/photos/{photo}"))
                .await
                .expect(200);
            brigade
                .get(&format!(
                    "/api/v1/complaints/{number}/photos/{photo}/original"
                ))
                .await
                .expect(200);
        }
        with_photo(&world.resident(), 30).await;
    });
}

/// A backup keeps to a folder of its own, one at a time; and nothing is restored under a server.
#[test]
fn a_backup_keeps_to_itself() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        with_photo(&world.resident(), 1).await;
        let data = world.dir.path();
        let named = |path: &Path| path.display().to_string();
        for own in [data.to_owned(), data.join("blobs"), data.join("blobs/b")] {
            beside(&world, &["backup", &named(&own)])
                .await
                .refused("the installation's own files");
        }
        let others = data.join("others");
        fs::create_dir(&others).unwrap();
        fs::write(others.join("letter.txt"), "").unwrap();
        beside(&world, &["backup", &named(&others)])
            .await
            .refused("holds other files, such as letter.txt");
        let to = data.join("backup");
        fs::create_dir(&to).unwrap();
        fs::write(to.join("dengwen.db.part"), "broken off").unwrap();
        let held = fs::File::open(&to).unwrap();
        held.try_lock().unwrap();
        beside(&world, &["backup", &named(&to)])
            .await
            .refused("another backup or restore into");
        drop(held);
        beside(&world, &["backup", &named(&to)]).await.well();
        beside(&world, &["restore", &named(&to), "--aside"])
            .await
            .refused("open in a running server");
        with_photo(&world.resident(), 2).await;
    });
}

/// What is damaged is not restored, and what is not whole is no backup.
#[test]
fn a_damaged_backup_is_not_restored() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        with_photo(&world.resident(), 1).await;
        let to = world.dir.path().join("backup");
        let name = to.display().to_string();
        let check = || {
            run(
                world.dir.path(),
                &["restore", &name, "--check"],
                &world.operators_environment(),
                "",
            )
        };
        check().refused("is no backup");
        beside(&world, &["backup", &name]).await.well();
        check().well();
        let blob = to.join("blobs/original");
        let folder = fs::read_dir(blob).unwrap().next().unwrap().unwrap().path();
        let blob = fs::read_dir(folder)
            .unwrap()
            .next()
            .unwrap()
            .unwrap()
            .path();
        for damaged in [database_of(&to), blob.clone()] {
            flip(&damaged);
            check().refused("is damaged");
            flip(&damaged);
            check().well();
        }
        let aside = blob.with_extension("aside");
        fs::rename(&blob, &aside).unwrap();
        check().refused("is damaged");
        fs::rename(&aside, &blob).unwrap();
    });
}

/// The shell blocks of a section of docs/backup.md.
fn documented(section: &str) -> Vec<String> {
    let document = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/backup.md"));
    let document = document.unwrap();
    let heading = format!("\n## {section}\n");
    let (_, rest) = document.split_once(&heading).unwrap();
    let section = rest.split("\n## ").next().unwrap();
    section
        .split("```sh\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap().to_owned())
        .collect()
}

/// The program says what it does not do; the steps of docs/backup.md, as they stand there, do it: a
/// dump and a copy of the blobs under load, restored into a new database and a new folder, are
/// served.
#[test]
fn postgres_is_backed_up_by_its_own_tools() {
    play(On::Postgres, Wishes::default(), |mut world| async move {
        let resident = world.resident();
        world.brigade().await;
        let number = with_photo(&resident, 1).await.text("/number");
        beside(&world, &["backup", "b"])
            .await
            .refused("docs/backup.md");
        let Some(tools) = postgres::tool("pg_dump").and_then(|t| Some(t.parent()?.to_owned()))
        else {
            return;
        };
        let folder = world.dir.path().to_owned();
        let fresh = postgres::server().unwrap().create_empty();
        let (server, new) = fresh.url.rsplit_once('/').unwrap();
        let new_blobs = folder.join("new-blobs");
        let variables = [
            ("DENGWEN_DATABASE_URL", world.database_url.clone()),
            ("BLOBS", folder.join("blobs").display().to_string()),
            ("SERVER", server.to_owned()),
            ("NEW", new.to_owned()),
            ("NEW_BLOBS", new_blobs.display().to_string()),
        ];
        let shell = move |script: String| {
            let path = format!("{}:{}", tools.display(), std::env::var("PATH").unwrap());
            let mut command = Command::new("sh");
            command.args(["-c", &script]).current_dir(&folder);
            command.env("PATH", path).envs(variables.clone());
            let output = command.output().unwrap();
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{script}{error}");
        };
        let [keep, restore] = documented("PostgreSQL and a blob folder")
            .try_into()
            .unwrap();
        let kept = actix_web::web::block({
            let shell = shell.clone();
            move || shell(keep)
        });
        let load = async {
            for _ in 0..5 {
                resident
                    .post("/api/v1/complaints", river(None))
                    .await
                    .expect(201);
            }
        };
        let (kept, ()) = futures_util::join!(kept, load);
        kept.unwrap();
        shell("dropdb --maintenance-db=\"$SERVER/postgres\" \"$NEW\"".to_owned());
        shell(restore);
        let empty = world.dir.path().join("new-data");
        world
            .restart_on(&[
                ("DENGWEN_DATABASE_URL", &fresh.url),
                (
                    "DENGWEN_BLOB_URL",
                    &format!("file://{}", new_blobs.display()),
                ),
                ("DENGWEN_DATA_DIR", &empty.display().to_string()),
            ])
            .await;
        fs::remove_dir_all(world.dir.path().join("blobs")).unwrap();
        let brigade = world.sign_in("brigade").await;
        let seen = brigade
            .get(&format!("/api/v1/complaints/{number}"))
            .await
            .expect(200);
        assert_eq!(seen.body["reporters"][0]["phone"], "138****5678");
        let photo = seen.body["photos"][0]["id"].as_str().unwrap();
        brigade
            .get(&format!(
                "/api/v1/complaints/{number}/photos/{photo}/original"
            ))
            .await
            .expect(200);
        world.server.stop().await;
    });
}
