//! `dengwen backup` and `dengwen restore`, for SQLite with a blob folder. PostgreSQL and S3 have
//! their own tools: `docs/backup.md`.
//!
//! A backup is a folder: a copy of the database as it was at one moment, taken while the server
//! serves, the blobs it names, and a manifest. Blobs never change, so a later backup into the same
//! folder copies those that came since. The database is copied first and then the blobs it names:
//! blobs are stored before the row that names them. A blob that is lost or damaged all the same
//! keeps nothing else from being saved.

mod blobs;
mod manifest;
mod restore;

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use chrono::Utc;
use clap::Args;
use diesel::{Connection as _, SqliteConnection, connection::SimpleConnection as _};
use rustix::fs::FlockOperation;

use super::Incomplete;
use crate::config::Settings;
use crate::platform::{
    blob::Place,
    crypto::{Keys, blobs::BlobKey},
    db, installation, private,
};
use blobs::{Taken, take};
use manifest::{BLOBS, FORMAT, Manifest, Seen, migrations, part_of, remove_if_there};

pub(super) use restore::restore;

/// The copy of the database until it is whole.
const UNFINISHED: &str = "dengwen.db.part";

/// Blobs named at most for each reason; the manifest names all.
const NAMED: usize = 5;

/// What to back up into.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The folder; made when absent. A later backup into it copies only the blobs that came since
    to: PathBuf,
}

/// What to restore.
#[derive(Debug, Args)]
pub(super) struct Restore {
    /// The folder of a backup
    from: PathBuf,
    /// Only hold the backup against its manifest
    #[arg(long)]
    check: bool,
    /// Move what is there now aside, under names with the time, instead of refusing
    #[arg(long)]
    aside: bool,
}

/// The database's file and the blob folder of an installation that lies in files.
fn files(settings: &Settings) -> anyhow::Result<(PathBuf, PathBuf)> {
    let place = Place::of(settings.blob_url.as_deref(), &settings.data_dir)?;
    match (settings.database_url.file(), place) {
        (Some(file), Place::Folder(folder)) => Ok((file, folder)),
        (None, _) => anyhow::bail!(
            "DENGWEN_DATABASE_URL is PostgreSQL's: back it up with pg_dump, as docs/backup.md says"
        ),
        (_, Place::Bucket(_)) => anyhow::bail!(
            "DENGWEN_BLOB_URL is a bucket: back it up with its own tools, as docs/backup.md says"
        ),
    }
}

/// Backs up, verifies, and only then replaces the backup before.
pub(super) fn backup(settings: &Settings, what: &Backup) -> anyhow::Result<()> {
    let (database, blobs) = files(settings)?;
    anyhow::ensure!(
        database.is_file(),
        "there is no database {}",
        database.display()
    );
    let to = &what.to;
    refuse_own_folders(to, &database, &blobs, &settings.data_dir)?;
    private::folder(to).with_context(|| to.display().to_string())?;
    let _alone = alone_in(to)?;
    let before = Manifest::read(to)?;
    if before.is_none() {
        refuse_foreign(to)?;
    }
    private::tighten(to);
    let copied = to.join(UNFINISHED);
    snapshot(&database, &copied)?;
    let seen = Seen::of(&copied)?;
    if let Some(before) = &before {
        anyhow::ensure!(
            before.installation == seen.installation,
            "{} is a backup of another installation, {}",
            to.display(),
            before.installation
        );
    }
    let opener = photo_key(settings, &seen)?;
    let taken = take(
        &blobs,
        &to.join(BLOBS),
        &seen.blobs,
        before.as_ref(),
        opener.as_ref(),
    )?;
    let verdict = verdict(&taken, opener.is_some());
    let new = taken.new;
    let database_file = part_of(&copied)?;
    let name = format!(
        "dengwen-{}.db",
        database_file.sha256.get(..16).unwrap_or_default()
    );
    std::fs::rename(&copied, to.join(&name))?;
    let manifest = Manifest {
        format: FORMAT,
        installation: seen.installation,
        program: env!("CARGO_PKG_VERSION").to_owned(),
        schema: seen.schema,
        made_at: Utc::now().to_rfc3339(),
        database: name,
        database_file,
        rows: seen.rows,
        blobs: taken.parts,
        only_here: taken.only_here,
        unverified: taken.unverified,
        missing: taken.missing,
    };
    manifest.write(to)?;
    if let Some(before) = before.filter(|b| b.database != manifest.database) {
        remove_if_there(&to.join(before.database))?;
    }
    let rows = manifest.rows.get("complaint").copied().unwrap_or_default();
    let verified = if verdict.is_ok() { ", verified" } else { "" };
    tell!(
        "{}: {rows} complaints, {} blobs ({new} new){verified}",
        to.display(),
        manifest.blobs.len()
    )?;
    Ok(verdict?)
}

/// The key that opens the photos' originals; `None` when the secret key given is not the one it is
/// sealed under.
fn photo_key(settings: &Settings, seen: &Seen) -> anyhow::Result<Option<BlobKey>> {
    let secrets = &settings.secrets;
    let keys = Keys::derive(&secrets.present, &secrets.former);
    let sealed = seen.photo_key.as_deref();
    Ok(sealed.and_then(|sealed| installation::open_photo_key(&keys, sealed)))
}

/// Whether a backup holds everything, and what it does not.
fn verdict(taken: &Taken, with_key: bool) -> Result<(), Incomplete> {
    if taken.is_whole() {
        return Ok(());
    }
    let hint = if with_key {
        ""
    } else {
        " (originals are opened with the secret key: set DENGWEN_SECRET_KEY)"
    };
    let told = [
        (
            &taken.only_here,
            "lost or damaged in the blob store and whole in the backup: copy them back",
            "",
        ),
        (
            &taken.unverified,
            "in the backup and not known to be what was stored",
            hint,
        ),
        (
            &taken.missing,
            "neither in the blob store nor in the backup",
            "",
        ),
    ];
    let words: Vec<String> = told
        .into_iter()
        .filter(|(keys, ..)| !keys.is_empty())
        .map(|(keys, what, hint)| format!("{} blobs are {what}{hint}: {}", keys.len(), first(keys)))
        .collect();
    Err(Incomplete(format!(
        "the backup is written and can be restored, and not all of it is verified: {}",
        words.join("; ")
    )))
}

/// The first of them, and how many more there are.
fn first(keys: &[String]) -> String {
    let named: Vec<&str> = keys.iter().take(NAMED).map(String::as_str).collect();
    match keys.len().saturating_sub(NAMED) {
        0 => named.join(", "),
        more => format!(
            "{} and {more} more, named in manifest.json",
            named.join(", ")
        ),
    }
}

/// A backup among the files it is of would be mixed with them, and be lost with them.
fn refuse_own_folders(to: &Path, database: &Path, blobs: &Path, data: &Path) -> anyhow::Result<()> {
    let (target, blobs, data) = (real(to), real(blobs), real(data));
    let home = real(database).parent().map(Path::to_owned);
    anyhow::ensure!(
        !target.starts_with(&blobs)
            && !blobs.starts_with(&target)
            && target != data
            && Some(&target) != home.as_ref(),
        "{} holds the installation's own files: back up into a folder of its own, best on another disk",
        to.display()
    );
    Ok(())
}

/// A path without links, of which the last parts may not be there yet.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = path.ancestors().find_map(|above| {
        let rest = path.strip_prefix(above).ok()?;
        Some(std::fs::canonicalize(above).ok()?.join(rest))
    });
    there.unwrap_or(path)
}

/// A first backup goes into an empty folder, or into what an unfinished one left.
fn refuse_foreign(to: &Path) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(to).with_context(|| to.display().to_string())? {
        let name = entry?.file_name();
        anyhow::ensure!(
            name == UNFINISHED || name == BLOBS || is_copy(&name.to_string_lossy()),
            "{} is no backup and holds other files, such as {}: name an empty folder",
            to.display(),
            name.display()
        );
    }
    Ok(())
}

/// Whether a file is named as a backup's copy of the database.
fn is_copy(name: &str) -> bool {
    name.starts_with("dengwen-") && name.ends_with(".db")
}

/// Keeps other backups and restores out of a folder until it is dropped.
fn alone_in(to: &Path) -> anyhow::Result<File> {
    let folder = File::open(to).with_context(|| to.display().to_string())?;
    rustix::fs::flock(&folder, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
        anyhow::anyhow!(
            "another backup or restore into {} is under way",
            to.display()
        )
    })?;
    Ok(folder)
}

/// A copy of the database as it is at one moment. Readers and the writer go on meanwhile.
fn snapshot(database: &Path, to: &Path) -> anyhow::Result<()> {
    let mut c = SqliteConnection::establish(&database.to_string_lossy())?;
    c.batch_execute("PRAGMA busy_timeout = 10000;")?;
    // What a newer program names as blobs is not known to this one.
    db::refuse_newer(&migrations(&mut c)?)?;
    remove_if_there(to)?;
    // Made by us first, so that nobody but its owner can ever read it.
    private::new_file(to)?;
    let quoted = to.to_string_lossy().replace('\'', "''");
    c.batch_execute(&format!("VACUUM INTO '{quoted}'"))
        .with_context(|| format!("cannot copy {}", database.display()))?;
    File::open(to)?.sync_all()?;
    Ok(())
}
