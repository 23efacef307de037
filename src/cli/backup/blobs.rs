//! The blobs of a backup. Each is read in the store and in the backup and held against what was
//! stored, by the checksums the server reads it by: a sound blob takes the place of a damaged copy,
//! a damaged one never that of a sound copy.

use std::{collections::BTreeMap, path::Path};

use super::manifest::{Manifest, Part, part_of_bytes, put};
use crate::platform::crypto::blobs::{BlobKey, Kept};

/// A blob as it lies in a folder.
enum Found {
    /// What was stored.
    Sound(Vec<u8>, Kept),
    /// Not what was stored, or sealed under a key that is not given.
    Unsound(Vec<u8>),
    /// Not there, or not to be read.
    Missing,
}

/// What a backup holds of the blobs its database names.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// What lies in the backup.
    pub parts: BTreeMap<String, Part>,
    /// How many came with this backup.
    pub new: usize,
    /// Lost or damaged in the store and sound in the backup.
    pub only_here: Vec<String>,
    /// In the backup, and not known to be what was stored.
    pub unverified: Vec<String>,
    /// Neither in the store nor in the backup.
    pub missing: Vec<String>,
}

impl Taken {
    /// Whether all of them are sound in the store and in the backup.
    pub(super) fn is_whole(&self) -> bool {
        self.only_here.is_empty() && self.unverified.is_empty() && self.missing.is_empty()
    }

    fn keep(&mut self, key: &str, bytes: &[u8]) {
        self.parts.insert(key.to_owned(), part_of_bytes(bytes));
    }

    fn copy(&mut self, key: &str, bytes: &[u8], to: &Path) -> anyhow::Result<()> {
        self.parts.insert(key.to_owned(), put(bytes, to)?);
        self.new += 1;
        Ok(())
    }
}

/// Takes the named blobs from one folder into another, which may hold some of them already, as the
/// manifest `before` tells. Sealed ones are opened with `opener`; without it none is known to be
/// sound.
pub(super) fn take(
    from: &Path,
    to: &Path,
    named: &[String],
    before: Option<&Manifest>,
    opener: Option<&BlobKey>,
) -> anyhow::Result<Taken> {
    let mut taken = Taken::default();
    for key in named {
        let (source, target) = (from.join(key), to.join(key));
        match (look(&source, key, opener), look(&target, key, opener)) {
            // Originals from before they were sealed give way to the sealed ones.
            (Found::Sound(new, kept), Found::Sound(_, Kept::AsBefore))
                if kept != Kept::AsBefore =>
            {
                taken.copy(key, &new, &target)?;
            }
            (Found::Sound(..), Found::Sound(copy, _)) => taken.keep(key, &copy),
            (Found::Sound(new, _), _) => taken.copy(key, &new, &target)?,
            (_, Found::Sound(copy, _)) => {
                taken.keep(key, &copy);
                taken.only_here.push(key.clone());
            }
            (Found::Unsound(new), Found::Unsound(copy)) => {
                if before.is_some_and(|b| b.blobs.get(key) == Some(&part_of_bytes(&copy))) {
                    taken.keep(key, &copy);
                } else {
                    taken.copy(key, &new, &target)?;
                }
                taken.unverified.push(key.clone());
            }
            (Found::Unsound(new), Found::Missing) => {
                taken.copy(key, &new, &target)?;
                taken.unverified.push(key.clone());
            }
            (Found::Missing, Found::Unsound(copy)) => {
                taken.keep(key, &copy);
                taken.unverified.push(key.clone());
            }
            (Found::Missing, Found::Missing) => taken.missing.push(key.clone()),
        }
    }
    Ok(taken)
}

fn look(path: &Path, key: &str, opener: Option<&BlobKey>) -> Found {
    let Ok(bytes) = std::fs::read(path) else {
        return Found::Missing;
    };
    // Another key than the one that sealed opens nothing, and sums are checked without any.
    let read = match opener {
        Some(opener) => opener.read(bytes.clone(), key),
        None => BlobKey::new().read(bytes.clone(), key),
    };
    match read {
        Ok((_, kept)) => Found::Sound(bytes, kept),
        Err(_) => Found::Unsound(bytes),
    }
}
