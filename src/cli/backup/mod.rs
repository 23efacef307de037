//! `dengwen backup` and `dengwen restore`, for SQLite with a blob folder. PostgreSQL and S3 have
//! their own tools: `docs/backup.md`.
//!
//! A backup is a folder: a copy of the database as it was at one moment, taken while the server
//! serves, the blobs it names, and a manifest. Blobs never change, so a later backup into the same
//! folder copies those that came since. The database is copied first and then the blobs it names:
//! blobs are stored before the row that names them, so all of them are there.

mod manifest;
mod restore;

use std::{
    collections::BTreeMap,
    fs::File,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use chrono::Utc;
use clap::Args;
use diesel::{Connection as _, SqliteConnection, connection::SimpleConnection as _};
use rustix::fs::FlockOperation;

use crate::config::Settings;
use crate::platform::{blob::Place, private};
use manifest::{BLOBS, FORMAT, Manifest, Seen, copy, part_of, remove_if_there};

pub(super) use restore::restore;

/// The copy of the database until it is whole.
const UNFINISHED: &str = "dengwen.db.part";

/// Missing blobs named at most.
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
    let (parts, new) = copy_blobs(&blobs, to, &seen.blobs, before.as_ref())?;
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
        blobs: parts,
    };
    manifest.write(to)?;
    if let Some(before) = before.filter(|b| b.database != manifest.database) {
        remove_if_there(&to.join(before.database))?;
    }
    let rows = manifest.rows.get("complaint").copied().unwrap_or_default();
    tell!(
        "{}: {rows} complaints, {} blobs ({new} new), verified",
        to.display(),
        manifest.blobs.len()
    )
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

/// Keeps other backups out of a folder until it is dropped.
fn alone_in(to: &Path) -> anyhow::Result<File> {
    let folder = File::open(to).with_context(|| to.display().to_string())?;
    rustix::fs::flock(&folder, FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| anyhow::anyhow!("another backup into {} is under way", to.display()))?;
    Ok(folder)
}

/// A copy of the database as it is at one moment. Readers and the writer go on meanwhile.
fn snapshot(database: &Path, to: &Path) -> anyhow::Result<()> {
    remove_if_there(to)?;
    // Made by us first, so that nobody but its owner can ever read it.
    private::new_file(to)?;
    let mut c = SqliteConnection::establish(&database.to_string_lossy())?;
    c.batch_execute("PRAGMA busy_timeout = 10000;")?;
    let quoted = to.to_string_lossy().replace('\'', "''");
    c.batch_execute(&format!("VACUUM INTO '{quoted}'"))
        .with_context(|| format!("cannot copy {}", database.display()))?;
    File::open(to)?.sync_all()?;
    Ok(())
}

/// Copies the blobs that are not in the backup yet; answers all, and how many were new.
fn copy_blobs(
    from: &Path,
    to: &Path,
    named: &[String],
    before: Option<&Manifest>,
) -> anyhow::Result<(BTreeMap<String, manifest::Part>, usize)> {
    let mut parts = BTreeMap::new();
    let mut missing = Vec::new();
    let mut new = 0;
    for key in named {
        let (source, target) = (from.join(key), to.join(BLOBS).join(key));
        let known = before.and_then(|b| b.blobs.get(key));
        let there = std::fs::metadata(&target).map(|is| is.len()).ok();
        // Sealing older originals changes a blob once, and with it its length.
        let same = std::fs::metadata(&source).map(|is| is.len()).ok() == there;
        let part = match known.filter(|part| same && there == Some(part.bytes)) {
            Some(part) => part.clone(),
            None if source.is_file() => {
                new += 1;
                copy(&source, &target)?
            }
            None => {
                missing.push(key.as_str());
                continue;
            }
        };
        parts.insert(key.clone(), part);
    }
    anyhow::ensure!(
        missing.is_empty(),
        "{} blobs that the database names are not in {}, such as {}: the backup before stays as it was",
        missing.len(),
        from.display(),
        missing
            .iter()
            .take(NAMED)
            .copied()
            .collect::<Vec<_>>()
            .join(", ")
    );
    Ok((parts, new))
}
