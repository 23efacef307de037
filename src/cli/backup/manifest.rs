//! What a backup says of itself, and how it is held against what is there.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use diesel::{
    connection::SimpleConnection as _,
    prelude::*,
    sql_query,
    sql_types::{BigInt, Bool, Text},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::platform::{blob::PhotoKeys, db, private};

/// Name of the manifest in a backup's folder.
pub(super) const MANIFEST: &str = "manifest.json";

/// Folder of the blobs in a backup's folder.
pub(super) const BLOBS: &str = "blobs";

/// The form of the manifest this program writes and reads.
pub(super) const FORMAT: u32 = 1;

/// Bytes read at once.
const CHUNK: usize = 1 << 16;

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hex.
    pub sha256: String,
}

/// What a backup is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// The installation's id.
    pub installation: String,
    /// Version of the program that made it.
    pub program: String,
    /// The newest migration of its database.
    pub schema: String,
    /// When it was made, RFC 3339.
    pub made_at: String,
    /// The database's file name in the folder.
    pub database: String,
    /// The database's file.
    pub database_file: Part,
    /// Rows of every table.
    pub rows: BTreeMap<String, i64>,
    /// Every blob that lies in it, by key.
    pub blobs: BTreeMap<String, Part>,
    /// Of those, the blobs that were lost or damaged where the server keeps them.
    #[serde(default)]
    pub only_here: Vec<String>,
    /// Of those, the blobs that are not known to be what was stored.
    #[serde(default)]
    pub unverified: Vec<String>,
    /// Blobs the database names and that were nowhere to be had.
    #[serde(default)]
    pub missing: Vec<String>,
}

impl Manifest {
    /// Reads a backup's manifest; `None` where there is none.
    pub(super) fn read(folder: &Path) -> anyhow::Result<Option<Self>> {
        let path = folder.join(MANIFEST);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e).with_context(|| path.display().to_string()),
        };
        let manifest: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} is no manifest", path.display()))?;
        anyhow::ensure!(
            manifest.format == FORMAT,
            "{} has form {}; this program reads form {FORMAT}",
            path.display(),
            manifest.format
        );
        Ok(Some(manifest))
    }

    /// Writes it in one step, so that there is a whole one at any time.
    pub(super) fn write(&self, folder: &Path) -> anyhow::Result<()> {
        let beside = folder.join(format!("{MANIFEST}.new"));
        remove_if_there(&beside)?;
        let mut file = private::new_file(&beside)?;
        file.write_all(serde_json::to_string_pretty(self)?.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, folder.join(MANIFEST))?;
        File::open(folder)?.sync_all()?;
        Ok(())
    }

    /// Holds a backup against its manifest: every file's checksum, the database's own check, its
    /// rows counted again, and every blob it names but for those known to be missing.
    pub(super) fn verify(&self, folder: &Path) -> anyhow::Result<()> {
        let file = folder.join(&self.database);
        let is = part_of(&file)?;
        anyhow::ensure!(
            is == self.database_file,
            "{} is not the file the manifest tells of",
            file.display()
        );
        let seen = Seen::of(&file)?;
        anyhow::ensure!(
            seen.rows == self.rows,
            "the rows of {} are not as many as the manifest says",
            file.display()
        );
        anyhow::ensure!(
            seen.blobs
                .iter()
                .all(|key| self.blobs.contains_key(key) || self.missing.contains(key)),
            "the database of the backup names blobs that are not in it"
        );
        for (key, part) in &self.blobs {
            let path = folder.join(BLOBS).join(key);
            let is = part_of(&path)?;
            anyhow::ensure!(is == *part, "{} is not what was backed up", path.display());
        }
        Ok(())
    }
}

/// What a database file says of itself when it is opened for reading alone.
#[derive(Debug)]
pub(super) struct Seen {
    pub installation: String,
    pub schema: String,
    pub rows: BTreeMap<String, i64>,
    pub blobs: Vec<String>,
    /// Name and check value of the key that seals.
    pub key: Option<(String, Vec<u8>)>,
    /// The key photos are sealed under, sealed.
    pub photo_key: Option<Vec<u8>>,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

/// Where the database of a backup from before there was evidence names its blobs.
const PHOTOS_OF_BEFORE: &str = "photo";

#[derive(QueryableByName)]
struct Blob {
    #[diesel(sql_type = Text)]
    sha256: String,
    #[diesel(sql_type = Bool)]
    has_derivatives: bool,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

impl Seen {
    /// Opens a copy, checks it and counts.
    pub(super) fn of(file: &Path) -> anyhow::Result<Self> {
        use crate::platform::db::schema::{installation, secret_key};
        let mut c = SqliteConnection::establish(&read_only(file)?)
            .with_context(|| format!("cannot open {}", file.display()))?;
        c.batch_execute("PRAGMA query_only = ON;")?;
        let found = crate::platform::db::integrity::of_sqlite(&mut c)?;
        anyhow::ensure!(
            found.is_empty(),
            "{} is damaged: {}",
            file.display(),
            found.join("; ")
        );
        let migrations = migrations(&mut c)?;
        db::refuse_newer(&migrations)?;
        let tables = names(
            &mut c,
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name",
        )?;
        let mut rows = BTreeMap::new();
        for table in tables {
            let count: Count = sql_query(format!("SELECT count(*) AS count FROM \"{table}\""))
                .get_result(&mut c)?;
            rows.insert(table, count.count);
        }
        let (id, photo_key): (crate::platform::db::Id, _) = installation::table
            .select((installation::id, installation::sealed_photo_key))
            .first(&mut c)?;
        let is_of_before = rows.contains_key(PHOTOS_OF_BEFORE);
        let table = if is_of_before {
            PHOTOS_OF_BEFORE
        } else {
            "evidence"
        };
        let kept: Vec<Blob> = sql_query(format!(
            "SELECT DISTINCT sha256, has_derivatives FROM {table} WHERE status = 'kept'"
        ))
        .load(&mut c)?;
        let mut blobs: Vec<String> = kept
            .into_iter()
            .flat_map(
                |Blob {
                     sha256,
                     has_derivatives: has_copies,
                 }| {
                    let keys = PhotoKeys::of(&sha256);
                    let copies = [keys.large, keys.small]
                        .into_iter()
                        .filter(move |_| has_copies);
                    [keys.original].into_iter().chain(copies)
                },
            )
            .collect();
        blobs.sort_unstable();
        blobs.dedup();
        let key = secret_key::table
            .filter(secret_key::state.eq(crate::platform::installation::PRESENT))
            .select((secret_key::key_id, secret_key::key_check))
            .first(&mut c)
            .optional()?;
        Ok(Self {
            installation: id.to_string(),
            schema: migrations.last().cloned().unwrap_or_default(),
            rows,
            blobs,
            key,
            photo_key,
        })
    }
}

fn names(c: &mut SqliteConnection, sql: &str) -> QueryResult<Vec<String>> {
    let rows: Vec<Name> = sql_query(sql).load(c)?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

/// The versions of the migrations a database had.
pub(super) fn migrations(c: &mut SqliteConnection) -> QueryResult<Vec<String>> {
    let sql = "SELECT version AS name FROM __diesel_schema_migrations ORDER BY version";
    names(c, sql)
}

/// A URI that opens a file for reading alone and makes nothing beside it.
fn read_only(file: &Path) -> anyhow::Result<String> {
    let path = std::path::absolute(file)?;
    Ok(db::file_uri(&path, "mode=ro&immutable=1"))
}

/// Length and checksum of a file.
pub(super) fn part_of(path: &Path) -> anyhow::Result<Part> {
    let mut file = File::open(path).with_context(|| path.display().to_string())?;
    let mut sum = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        let Some(some) = buffer.get(..read).filter(|some| !some.is_empty()) else {
            break;
        };
        sum.update(some);
        bytes += read as u64;
    }
    let sha256 = hex(sum);
    Ok(Part { bytes, sha256 })
}

/// The same of bytes.
pub(super) fn part_of_bytes(bytes: &[u8]) -> Part {
    Part {
        bytes: bytes.len() as u64,
        sha256: hex(Sha256::new_with_prefix(bytes)),
    }
}

fn hex(sum: Sha256) -> String {
    sum.finalize().iter().map(|b| format!("{b:02x}")).collect()
}

/// Copies a file into place, readable by its owner alone; whole or not at all.
pub(super) fn copy(from: &Path, to: &Path) -> anyhow::Result<Part> {
    let mut source = File::open(from).with_context(|| from.display().to_string())?;
    arrive(&mut source, to)
}

/// The same of bytes.
pub(super) fn put(bytes: &[u8], to: &Path) -> anyhow::Result<Part> {
    arrive(&mut &*bytes, to)
}

/// What arrived is what counts, not what was sent. What a run that was broken off left is replaced.
fn arrive(source: &mut impl std::io::Read, to: &Path) -> anyhow::Result<Part> {
    let within = to.parent().unwrap_or(Path::new("."));
    private::folder(within).with_context(|| within.display().to_string())?;
    let beside = unfinished(to);
    remove_if_there(&beside)?;
    let mut file = private::new_file(&beside)?;
    let copied = std::io::copy(source, &mut file).and_then(|_| file.sync_all());
    if let Err(e) = copied {
        let _ = std::fs::remove_file(&beside);
        return Err(e).with_context(|| to.display().to_string());
    }
    let part = part_of(&beside)?;
    std::fs::rename(&beside, to)?;
    Ok(part)
}

/// Where a file lies until it is whole; the server sweeps such names from its blobs.
fn unfinished(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

/// Removes a file if it is there.
pub(super) fn remove_if_there(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(e).with_context(|| path.display().to_string())
        }
        _ => Ok(()),
    }
}
