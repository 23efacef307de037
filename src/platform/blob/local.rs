//! Blobs as files: whole or not there, on the disk before they count.

use std::{io::Write as _, path::Path};

use chrono::{DateTime, Utc};

use super::{COPIES, ORIGINALS};
use crate::platform::{owned::MARK, private};

/// What a local file not yet whole ends with.
const UNFINISHED: &str = ".part";

/// Writes beside, syncs, and moves into place. The two folders below the store's own are made when
/// absent, the store's own never.
pub(super) fn put(folder: &Path, key: &str, bytes: &[u8]) -> std::io::Result<()> {
    let path = folder.join(key);
    let within = path.parent().unwrap_or(folder);
    if !within.is_dir() {
        if !folder.join(MARK).is_file() {
            return Err(std::io::Error::other("the blob folder is gone"));
        }
        private::folder(within)?;
        within.parent().map_or(Ok(()), sync)?;
    }
    let beside = within.join(format!("{}{UNFINISHED}", uuid::Uuid::now_v7().simple()));
    let mut file = private::new_file(&beside)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&beside, &path))
        .and_then(|()| sync(within));
    if written.is_err() {
        // Nobody knows of it; what is left is swept by a job.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

fn sync(folder: &Path) -> std::io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

/// Removes half-written files; object stores of former releases named them `NAME#NUMBER`.
pub(super) fn remove_unfinished(folder: &Path, until: DateTime<Utc>) -> std::io::Result<usize> {
    let mut removed = 0;
    let mut folders = vec![folder.join(ORIGINALS), folder.join(COPIES)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let entry = entry?;
            let is = entry.metadata()?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if is.is_dir() {
                folders.push(entry.path());
            } else if (name.ends_with(UNFINISHED) || name.contains('#'))
                && DateTime::<Utc>::from(is.modified()?) < until
            {
                std::fs::remove_file(entry.path())?;
                removed += 1;
            }
        }
    }
    Ok(removed)
}
