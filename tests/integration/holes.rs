//! Blobs that are lost or damaged where the server keeps them: what a backup saves all the same,
//! what a broken-off restore leaves, and what the server says of both.

use std::{
    fs,
    path::{Path, PathBuf},
};

use dengwen::platform::alarms::Alarm;
use diesel::connection::SimpleConnection as _;
use serde_json::Value;

use crate::{
    backup::{beside, database_of, flip, with_photo},
    cli::{Ended, run},
    support::{On, Wishes, World, play},
};

/// The blobs of a store or a backup, by their keys, the original first.
fn keys_in(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.join("original"), folder.join("public")];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let key = path.strip_prefix(folder).unwrap();
                found.push(key.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

fn manifest(backup: &Path) -> Value {
    serde_json::from_slice(&fs::read(backup.join("manifest.json")).unwrap()).unwrap()
}

fn cut(path: &Path) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
}

/// A world with a photo's three blobs, and where its backup goes.
struct Kept {
    world: World,
    blobs: PathBuf,
    to: PathBuf,
    keys: Vec<String>,
}

impl Kept {
    async fn in_world(world: World) -> Self {
        with_photo(&world.resident(), 1).await;
        let blobs = world.dir.path().join("blobs");
        Self {
            to: world.dir.path().join("backup"),
            keys: keys_in(&blobs),
            blobs,
            world,
        }
    }

    async fn backup(&self) -> Ended {
        let to = self.to.display().to_string();
        beside(&self.world, &["backup", &to]).await
    }

    async fn check(&self) -> Ended {
        let to = self.to.display().to_string();
        beside(&self.world, &["restore", &to, "--check"]).await
    }

    fn copy(&self, key: &str) -> PathBuf {
        self.to.join("blobs").join(key)
    }
}

/// A blob that was cut, changed or emptied after a backup does not take the place of its good copy;
/// it is named, and the backup stays whole.
#[test]
fn a_damaged_blob_never_replaces_a_good_copy() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        let kept = Kept::in_world(world).await;
        kept.backup().await.well();
        let damages: [fn(&Path); 3] = [cut, flip, |path| fs::write(path, "").unwrap()];
        for key in &kept.keys {
            let (source, copy) = (kept.blobs.join(key), kept.copy(key));
            let good = fs::read(&copy).unwrap();
            for damage in damages {
                damage(&source);
                let said = kept.backup().await.incomplete(key);
                assert!(!said.contains("verified"), "{said}");
                assert_eq!(fs::read(&copy).unwrap(), good, "{key}");
                assert_eq!(manifest(&kept.to)["only_here"][0], **key);
                assert!(kept.check().await.well().contains("whole"));
                fs::write(&source, &good).unwrap();
            }
        }
        assert!(kept.backup().await.well().contains("(0 new), verified"));
    });
}

/// A blob that is damaged when it is first backed up is saved as it is and said to be so; once the
/// store has the right one, that takes its place. So it does where the backup's own copy rotted.
#[test]
fn a_damaged_copy_is_replaced_from_a_sound_source() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        let kept = Kept::in_world(world).await;
        for key in &kept.keys {
            let _ = fs::remove_dir_all(&kept.to);
            let source = kept.blobs.join(key);
            let good = fs::read(&source).unwrap();
            flip(&source);
            kept.backup().await.incomplete(key);
            assert_eq!(manifest(&kept.to)["unverified"][0], **key);
            assert!(kept.copy(key).is_file());
            kept.check()
                .await
                .incomplete("not known to be what was stored");
            fs::write(&source, &good).unwrap();
            let said = kept.backup().await.well();
            assert!(said.contains("(1 new), verified"), "{said}");
            assert_eq!(fs::read(kept.copy(key)).unwrap(), good);
        }
        flip(&kept.copy(&kept.keys[0]));
        kept.check().await.refused("is damaged");
        assert!(kept.backup().await.well().contains("(1 new), verified"));
        kept.check().await.well();
    });
}

/// One lost blob keeps neither the database nor the other blobs from being saved: what the backup
/// holds already is kept, what it does not hold is named, and the rest is restored.
#[test]
fn a_lost_blob_does_not_stop_the_backup() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        with_photo(&world.resident(), 7).await;
        let early = keys_in(&world.dir.path().join("blobs"));
        let kept = Kept::in_world(world).await;
        kept.backup().await.well();
        fs::remove_file(kept.blobs.join(&early[0])).unwrap();
        let late = with_photo(&kept.world.resident(), 2)
            .await
            .text("/tracking_code");
        kept.backup().await.incomplete("whole in the backup");
        assert_eq!(manifest(&kept.to)["only_here"][0], *early[0]);
        assert_eq!(manifest(&kept.to)["rows"]["complaint"], 3);
        kept.check().await.well();

        let fresh = keys_in(&kept.blobs)
            .into_iter()
            .find(|key| key.starts_with("public") && !kept.copy(key).exists());
        assert_eq!(fresh, None, "all of the late photo is saved");
        fs::remove_dir_all(&kept.to).unwrap();
        let lost = keys_in(&kept.blobs).pop().unwrap();
        fs::remove_file(kept.blobs.join(&lost)).unwrap();
        kept.backup()
            .await
            .incomplete("neither in the blob store nor in the backup");
        let missing: Vec<String> =
            serde_json::from_value(manifest(&kept.to)["missing"].clone()).unwrap();
        assert_eq!(missing.len(), 2);
        assert!(missing.contains(&lost) && missing.contains(&early[0]));
        kept.check().await.incomplete("were not to be had");

        let Kept { mut world, to, .. } = kept;
        let place = world.dir.path().join("elsewhere");
        let url = format!("sqlite://{}", place.join("new.db").display());
        let data = place.display().to_string();
        let pairs = [
            ("DENGWEN_DATABASE_URL", url.as_str()),
            ("DENGWEN_DATA_DIR", data.as_str()),
        ];
        let mut environment = world.operators_environment();
        environment.retain(|(k, _)| pairs.iter().all(|(name, _)| k != name));
        environment.extend(pairs);
        let name = to.display().to_string();
        let restored = run(world.dir.path(), &["restore", &name], &environment, "");
        assert!(restored.well().contains("2 blobs were not to be had"));
        world.restart_on(&pairs).await;
        world
            .resident()
            .get(&format!("/api/v1/tracking/{late}"))
            .await
            .expect(200);
    });
}

/// Originals are opened with the secret key to be verified; without it they are saved, replace no
/// copy and are not called verified.
#[test]
fn without_its_key_no_original_is_called_verified() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        let kept = Kept::in_world(world).await;
        kept.backup().await.well();
        let good = fs::read(kept.copy(&kept.keys[0])).unwrap();
        cut(&kept.blobs.join(&kept.keys[0]));
        let mut environment = kept.world.operators_environment();
        environment.retain(|(k, _)| *k != "DENGWEN_SECRET_KEY");
        let name = kept.to.display().to_string();
        let dir = kept.world.dir.path();
        run(dir, &["backup", &name], &environment, "").incomplete("set DENGWEN_SECRET_KEY");
        assert_eq!(fs::read(kept.copy(&kept.keys[0])).unwrap(), good);
        fs::write(kept.blobs.join(&kept.keys[0]), good).unwrap();
        kept.backup().await.well();
    });
}

/// A database that a newer program brought further is not backed up by an older one, which does not
/// know what it names.
#[test]
fn a_newer_database_is_not_backed_up() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        let kept = Kept::in_world(world).await;
        kept.backup().await.well();
        let before = manifest(&kept.to);
        kept.world.db_read(|c| {
            c.batch_execute("INSERT INTO __diesel_schema_migrations (version, run_on) VALUES ('20991231000001', '2099-12-31 00:00:00')").unwrap();
        });
        kept.backup().await.refused("newer than this program");
        assert_eq!(manifest(&kept.to), before);
        assert!(!kept.to.join("dengwen.db.part").exists());
    });
}

/// A restore that was broken off is not served and makes no first start, whatever the command; run
/// again it goes on with what it began, at whichever step it ended.
#[test]
fn a_broken_off_restore_is_taken_up() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        let kept = Kept::in_world(world).await;
        kept.backup().await.well();
        let place = kept.world.dir.path().join("elsewhere");
        let (data, blobs) = (place.join("data"), place.join("data/blobs"));
        let home = place.join("d");
        let url = format!("sqlite://{}", home.join("new.db").display());
        let data_name = data.display().to_string();
        let pairs = [
            ("DENGWEN_DATABASE_URL", url.as_str()),
            ("DENGWEN_DATA_DIR", data_name.as_str()),
        ];
        let mut environment = kept.world.operators_environment();
        environment.retain(|(k, _)| pairs.iter().all(|(name, _)| k != name));
        environment.extend(pairs);
        let name = kept.to.display().to_string();
        let dir = kept.world.dir.path();
        let command = |arguments: &[&str]| run(dir, arguments, &environment, "");
        let refused = || {
            for arguments in [&["serve"][..], &["migrate"], &["staff", "list"]] {
                command(arguments).refused("broken off: run `dengwen restore` again");
            }
        };
        // A folder where the data folder's mark is to be ends it after the blobs.
        let blocked = data.join("installation");
        fs::create_dir_all(blocked.join("x")).unwrap();
        command(&["restore", &name]).refused("cannot read or write");
        fs::remove_dir_all(&blocked).unwrap();
        // As a kill would leave it: some blobs, one of them half written, and no mark.
        fs::remove_file(blobs.join("installation")).unwrap();
        fs::remove_file(blobs.join(&kept.keys[0])).unwrap();
        fs::write(blobs.join(format!("{}.part", kept.keys[0])), "half").unwrap();
        cut(&blobs.join(&kept.keys[1]));
        refused();
        assert!(!home.exists(), "no database is made");
        command(&["restore", &name]).well();
        // Ended between the last two steps.
        let own = fs::read_to_string(blobs.join("installation")).unwrap();
        fs::write(blobs.join("restoring"), &own).unwrap();
        refused();
        command(&["restore", &name]).well();
        assert_eq!(keys_in(&blobs), kept.keys);
        // Another installation's is not ours to go on with.
        fs::write(blobs.join("restoring"), "another").unwrap();
        command(&["restore", &name]).refused("is in the way");
        fs::remove_file(blobs.join("restoring")).unwrap();
        assert!(database_of(&home).is_file());
        let mut world = kept.world;
        world.restart_on(&pairs).await;
        with_photo(&world.resident(), 3).await;
    });
}

/// Blobs without a mark, beside no database or a new one, are no first start: refused with what to
/// do, and nothing is made. The operator's word, or an empty folder, begins anew.
#[test]
fn blobs_that_nobody_claims_are_no_first_start() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        let mut kept = Kept::in_world(world).await;
        kept.world.server.stop().await;
        let dir = kept.world.dir.path().to_owned();
        for name in ["test.db", "test.db-wal", "test.db-shm", "installation"] {
            let _ = fs::remove_file(dir.join(name));
        }
        fs::remove_file(kept.blobs.join("installation")).unwrap();
        let refusal = kept.world.refusal_with(&[]);
        for words in ["no first start", "--aside", "dengwen adopt"] {
            assert!(refusal.contains(words), "{refusal}");
        }
        assert!(!dir.join("test.db").exists());
        // A command made a new database meanwhile: it is still none of these blobs'.
        run(&dir, &["migrate"], &kept.world.operators_environment(), "").well();
        assert!(kept.world.refusal_with(&[]).contains("no first start"));
        run(&dir, &["adopt"], &kept.world.operators_environment(), "").well();
        kept.world.restart_on(&[]).await;
        with_photo(&kept.world.resident(), 2).await;
        assert!(!kept.world.server.app.alarms.is_raised(Alarm::BlobsGone));
    });
}

/// A photo whose blob is lost or damaged is told by a code of its own and raises the alarm when
/// it is asked for, whichever it is.
async fn a_lost_or_damaged_photo_says_so_and_raises_the_alarm(world: World) {
    let filed = with_photo(&world.resident(), 1).await;
    let (code, photo) = (filed.text("/tracking_code"), filed.text("/photos/0/id"));
    let blobs = world.dir.path().join("blobs");
    let large = keys_in(&blobs)
        .into_iter()
        .find(|key| key.ends_with("-1600.jpg"))
        .unwrap();
    let alarms = &world.server.app.alarms;
    let damages: [fn(&Path); 2] = [flip, |path| fs::remove_file(path).unwrap()];
    for damage in damages {
        damage(&blobs.join(&large));
        let asked = format!("/api/v1/tracking/{code}/photos/{photo}");
        let told = world.resident().get(&asked).await.expect(503);
        assert_eq!(told.text("/code"), "photo_lost");
        assert!(told.headers.contains_key("retry-after"));
        assert!(alarms.is_raised(Alarm::BlobsDamaged));
        alarms.clear(Alarm::BlobsDamaged);
    }
}

/// A clean stop beside another process that reads the database ends within seconds, and says that
/// the log stays.
#[test]
fn a_clean_stop_beside_a_reader_is_soon() {
    play(On::Sqlite, Wishes::default(), |world| async move {
        with_photo(&world.resident(), 1).await;
        world.server.stop().await;
        let mut reader = world.server.app.db.blocking().unwrap();
        reader
            .batch_execute("BEGIN; SELECT count(*) FROM complaint")
            .unwrap();
        let began = std::time::Instant::now();
        world.server.app.settle();
        let took = began.elapsed();
        assert!(took < std::time::Duration::from_secs(5), "{took:?}");
    });
}

on_both!(a_lost_or_damaged_photo_says_so_and_raises_the_alarm,);
