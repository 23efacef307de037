//! `dengwen restore`.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use chrono::Utc;
use rustix::{fs::FlockOperation, io::Errno};

use super::{
    Incomplete, Restore, alone_in, files,
    manifest::{BLOBS, Manifest, Part, Seen, copy, part_of},
};
use crate::config::Settings;
use crate::platform::{
    crypto::{KeyId, key_check},
    db, marks,
    owned::MARK,
    private,
};

/// Verifies a backup and puts it where the configuration says database and blobs are. What is
/// there is refused or moved aside, never written over.
pub(in crate::cli) fn restore(settings: &Settings, what: &Restore) -> anyhow::Result<()> {
    let from = &what.from;
    let manifest = Manifest::read(from)?
        .with_context(|| format!("{} is no backup: it has no manifest.json", from.display()))?;
    db::refuse_newer(std::slice::from_ref(&manifest.schema))?;
    manifest
        .verify(from)
        .with_context(|| format!("the backup {} is damaged", from.display()))?;
    let seen = Seen::of(&from.join(&manifest.database))?;
    if what.check {
        return told(&manifest, from);
    }
    check_key(settings, &seen)?;
    let (database, blobs) = files(settings)?;
    let begun = Begun::look(&manifest, &database, &blobs)?;
    let made_way = make_way(&database, &blobs, &begun, what.aside)?;
    for moved in made_way {
        tell!("moved aside: {}", moved.display())?;
    }
    private::folder(&blobs).with_context(|| blobs.display().to_string())?;
    let _alone = alone_in(&blobs)?;
    marks::begin_restoring(&blobs, &seen.installation)?;
    for (key, part) in &manifest.blobs {
        arrive(&from.join(BLOBS).join(key), &blobs.join(key), part)?;
    }
    marks::write(&blobs, &seen.installation)?;
    marks::write(&settings.data_dir, &seen.installation)?;
    // The database comes last: a restore that is broken off leaves none, and may be run again.
    if let Some(folder) = database.parent() {
        private::folder(folder)?;
    }
    let copied = from.join(&manifest.database);
    arrive(&copied, &database, &manifest.database_file)?;
    marks::end_restoring(&blobs)?;
    tell!(
        "restored the backup of {} to {} and {}{}",
        manifest.made_at,
        database.display(),
        blobs.display(),
        holes(&manifest).map_or(String::new(), |words| format!("; {words}"))
    )
}

/// What a backup is, when it is what was backed up.
fn told(manifest: &Manifest, from: &Path) -> anyhow::Result<()> {
    let (at, blobs) = (&manifest.made_at, manifest.blobs.len());
    match holes(manifest) {
        None => tell!("{}: whole, made {at}, {blobs} blobs", from.display()),
        Some(words) => {
            let words = format!(
                "{}: as it was backed up, made {at}, {blobs} blobs; {words}",
                from.display()
            );
            Err(Incomplete(words).into())
        }
    }
}

/// What a backup lacks, when it lacks something.
fn holes(manifest: &Manifest) -> Option<String> {
    let (missing, unverified) = (&manifest.missing, &manifest.unverified);
    (!missing.is_empty() || !unverified.is_empty()).then(|| {
        format!(
            "{} blobs were not to be had when it was made and {} are not known to be what was stored: manifest.json names them",
            missing.len(),
            unverified.len()
        )
    })
}

/// Copies a file into place, unless it is there already.
fn arrive(from: &Path, to: &Path, part: &Part) -> anyhow::Result<()> {
    if is_there(to, part)? {
        return Ok(());
    }
    let arrived = copy(from, to)?;
    anyhow::ensure!(arrived == *part, "{} did not arrive whole", to.display());
    Ok(())
}

fn is_there(path: &Path, part: &Part) -> anyhow::Result<bool> {
    Ok(path.is_file() && part_of(path)? == *part)
}

/// What a restore of the same installation that was broken off left.
struct Begun {
    blobs: bool,
    database: bool,
}

impl Begun {
    fn look(manifest: &Manifest, database: &Path, blobs: &Path) -> anyhow::Result<Self> {
        let begun = marks::restoring(blobs)?.is_some_and(|id| id == manifest.installation);
        Ok(Self {
            blobs: begun,
            database: begun && is_there(database, &manifest.database_file)?,
        })
    }
}

/// The configured key must be the one the backup is sealed under, or nobody could be reached.
fn check_key(settings: &Settings, seen: &Seen) -> anyhow::Result<()> {
    let Some((name, check)) = &seen.key else {
        return Ok(());
    };
    let secrets = &settings.secrets;
    anyhow::ensure!(
        secrets.unkept.is_none(),
        "this backup is sealed under key {name}: set DENGWEN_SECRET_KEY, or put its secret.key in {}",
        settings.data_dir.display()
    );
    let is = |root| key_check(root) == *check;
    anyhow::ensure!(
        is(&secrets.present) || secrets.former.iter().any(is),
        "this backup is sealed under key {name}, DENGWEN_SECRET_KEY is {}: set the key it was made under",
        KeyId::of(&secrets.present)
    );
    Ok(())
}

/// Makes sure that there is nothing where the backup goes but what itself began; answers what was moved aside.
fn make_way(
    database: &Path,
    blobs: &Path,
    begun: &Begun,
    aside: bool,
) -> anyhow::Result<Vec<PathBuf>> {
    let beside = |ending: &str| {
        let mut name = database.as_os_str().to_owned();
        name.push(ending);
        PathBuf::from(name)
    };
    let own = begun.database.then(|| database.to_owned());
    let files = [database.to_owned(), beside("-wal"), beside("-shm")];
    let mut in_the_way: Vec<PathBuf> = files
        .into_iter()
        .filter(|path| Some(path) != own.as_ref() && path.exists())
        .collect();
    if !begun.blobs && holds_something(blobs)? {
        in_the_way.push(blobs.to_owned());
    }
    if let Some(first) = in_the_way.first().filter(|_| !aside) {
        anyhow::bail!(
            "{} is in the way: restore into an empty place, or say --aside to move it aside first (with the server stopped)",
            first.display()
        );
    }
    anyhow::ensure!(
        !is_served(database)?,
        "{} is open in a running server: stop it first, or what it acknowledges from now on is lost",
        database.display()
    );
    let time = Utc::now().format("%Y%m%dT%H%M%SZ");
    let mut moved = Vec::new();
    for path in in_the_way {
        let mut to = path.as_os_str().to_owned();
        to.push(format!(".before-restore-{time}"));
        let to = PathBuf::from(to);
        std::fs::rename(&path, &to).with_context(|| path.display().to_string())?;
        moved.push(to);
    }
    Ok(moved)
}

/// Whether a process has a database file open: SQLite holds a lock on it as long. Nothing is opened
/// through SQLite for this, which would mend a file that is kept as it was found.
fn is_served(database: &Path) -> anyhow::Result<bool> {
    let file = match File::options().read(true).write(true).open(database) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(e).with_context(|| database.display().to_string()),
    };
    match rustix::fs::fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(false),
        Err(Errno::AGAIN | Errno::ACCESS) => Ok(true),
        Err(e) => Err(e).with_context(|| database.display().to_string()),
    }
}

/// Whether a blob folder holds more than its mark.
fn holds_something(folder: &Path) -> anyhow::Result<bool> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(e).with_context(|| folder.display().to_string()),
    };
    for entry in entries {
        if entry?.file_name() != MARK {
            return Ok(true);
        }
    }
    Ok(false)
}
