//! One installation's three places must agree: the database, the blob store and the data folder
//! each carry its id. A volume that is not mounted looks like a first start otherwise: complaints
//! would be acknowledged into an empty ledger, photos into an empty folder.

use std::path::{Path, PathBuf};

use diesel::prelude::*;

use super::blob::{self, Blobs, Place};
use super::db::{
    Connection, DatabaseUrl, Id,
    schema::{evidence, installation},
};
use super::installation::Installation;
use super::owned::{MARK, RESTORING};
use super::private;
use super::problem::Problem;

/// Why a process may not serve from these places. The text says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Mismatch {
    /// Blobs or data without their database.
    #[error(
        "{place} belongs to installation {id}, and the database is gone or a new one: {database}. \
         Mount or restore the database, or correct DENGWEN_DATABASE_URL. \
         To go on with this database and these files nevertheless: `dengwen adopt`"
    )]
    NoDatabase {
        /// What carries the mark.
        place: String,
        /// The id in it.
        id: String,
        /// The database.
        database: String,
    },
    /// A database without its blobs.
    #[error(
        "the blob store {0} is gone: nothing there says that it belongs to this database. \
         Mount it, restore it, or correct DENGWEN_BLOB_URL. \
         To go on without what was in it: `dengwen adopt`"
    )]
    NoBlobs(String),
    /// Places of different installations.
    #[error(
        "{place} belongs to installation {is}, the database to {wanted}: they do not belong together. \
         Correct DENGWEN_DATABASE_URL, DENGWEN_BLOB_URL or DENGWEN_DATA_DIR. \
         To take them as one from now on: `dengwen adopt`"
    )]
    Others {
        /// What carries the other mark.
        place: String,
        /// The id in it.
        is: String,
        /// The database's id.
        wanted: String,
    },
    /// Blobs that nothing says whose they are, beside a new database.
    #[error(
        "{place} holds blobs and nothing says whose, and the database is gone or a new one: {database}. \
         This is no first start. If a restore was broken off, run it again with `--aside`. \
         Else mount or restore the database, or correct DENGWEN_DATABASE_URL or DENGWEN_BLOB_URL. \
         To begin with an empty database beside these blobs nevertheless: `dengwen adopt`"
    )]
    Unclaimed {
        /// The blob folder.
        place: String,
        /// The database.
        database: String,
    },
    /// A restore did not come to its end.
    #[error(
        "a restore into {place} was broken off: run `dengwen restore` again, which goes on with it. \
         To go on with what is there nevertheless: `dengwen adopt`"
    )]
    Restoring {
        /// The blob folder.
        place: String,
    },
    /// A place cannot be read or written.
    #[error("cannot read or write {0}: {1}")]
    Unusable(String, String),
    /// The database failed.
    #[error("cannot read the installation: {0}")]
    Database(#[from] diesel::result::Error),
}

/// Before a database is opened: whether a restore is unfinished, or the SQLite file is absent and
/// what lies beside it says that there was one.
///
/// # Errors
/// When it is so.
pub fn before_opening(
    database: &DatabaseUrl,
    place: &Place,
    data_dir: &Path,
) -> Result<(), Mismatch> {
    refuse_restoring(place)?;
    let is_absent = database
        .file()
        .is_some_and(|file| std::fs::metadata(file).map_or(true, |is| is.len() == 0));
    if !is_absent {
        return Ok(());
    }
    let blobs = folder_of(place);
    for folder in blobs.iter().map(PathBuf::as_path).chain([data_dir]) {
        if let Some(id) = read(folder)? {
            return Err(Mismatch::NoDatabase {
                place: folder.display().to_string(),
                id,
                database: database.to_string(),
            });
        }
    }
    blobs.map_or(Ok(()), |folder| refuse_unclaimed(&folder, database))
}

/// Where a restore was broken off nothing is opened, and no database is made.
///
/// # Errors
/// When one was.
pub fn refuse_restoring(place: &Place) -> Result<(), Mismatch> {
    match folder_of(place) {
        Some(folder) if restoring(&folder)?.is_some() => Err(Mismatch::Restoring {
            place: folder.display().to_string(),
        }),
        _ => Ok(()),
    }
}

/// A folder that holds blobs was somebody's, though it carries no mark.
fn refuse_unclaimed(folder: &Path, database: &DatabaseUrl) -> Result<(), Mismatch> {
    let holds = blob::folder_holds_blobs(folder)
        .map_err(|e| Mismatch::Unusable(folder.display().to_string(), e.to_string()))?;
    if holds {
        return Err(Mismatch::Unclaimed {
            place: folder.display().to_string(),
            database: database.to_string(),
        });
    }
    Ok(())
}

/// Whether the folders agree with the database; marks them on a first start. A bucket is asked by
/// [`agree_bucket`].
///
/// # Errors
/// Why they do not agree.
pub fn agree(
    conn: &mut Connection,
    installation: &Installation,
    place: &Place,
    data_dir: &Path,
    database: &DatabaseUrl,
) -> Result<(), Mismatch> {
    let id = installation.id.to_string();
    let data = (data_dir.to_owned(), read(data_dir)?);
    let blobs = match folder_of(place) {
        Some(folder) => {
            let mark = read(&folder)?;
            Some((folder, mark))
        }
        None => None,
    };
    for (folder, mark) in blobs.iter().chain([&data]) {
        let name = folder.display().to_string();
        match mark {
            Some(is) if *is != id && !installation.marked => {
                return Err(Mismatch::NoDatabase {
                    place: name,
                    id: is.clone(),
                    database: database.to_string(),
                });
            }
            Some(is) if *is != id => {
                return Err(Mismatch::Others {
                    place: name,
                    is: is.clone(),
                    wanted: id,
                });
            }
            _ => {}
        }
    }
    if let Some((folder, None)) = &blobs {
        if installation.marked {
            return Err(Mismatch::NoBlobs(folder.display().to_string()));
        }
        if !names_photos(conn)? {
            refuse_unclaimed(folder, database)?;
        }
        write(folder, &id)?;
    }
    if data.1.is_none() {
        write(data_dir, &id)?;
    }
    if !installation.marked && blobs.is_some() {
        say_marked(conn)?;
    }
    Ok(())
}

/// The same for a bucket; `marked` says that it carried the mark before.
///
/// # Errors
/// Why it does not agree.
pub async fn agree_bucket(
    blobs: &Blobs,
    wanted: &str,
    marked: bool,
    bucket: &str,
) -> Result<(), Mismatch> {
    let failed = |p: Problem| {
        let reason = p.internal().unwrap_or_default().to_owned();
        Mismatch::Unusable(format!("s3://{bucket}"), reason)
    };
    match blobs.mark().await.map_err(failed)? {
        Some(is) if is == wanted => Ok(()),
        Some(is) => Err(Mismatch::Others {
            place: format!("s3://{bucket}"),
            is,
            wanted: wanted.to_owned(),
        }),
        None if marked => Err(Mismatch::NoBlobs(format!("s3://{bucket}"))),
        None => blobs.set_mark(wanted).await.map_err(failed),
    }
}

/// Takes the folders as the database's own, whatever they say; a blob folder that is gone is made.
///
/// # Errors
/// When a folder cannot be written.
pub fn adopt(
    conn: &mut Connection,
    installation: &Installation,
    place: &Place,
    data_dir: &Path,
) -> Result<(), Mismatch> {
    let id = installation.id.to_string();
    let blobs = folder_of(place);
    for folder in blobs.iter().map(PathBuf::as_path).chain([data_dir]) {
        write(folder, &id)?;
    }
    if let Some(folder) = &blobs
        && restoring(folder)?.is_some()
    {
        end_restoring(folder)?;
    }
    say_marked(conn)?;
    Ok(())
}

/// Keeps that the blob store carries the mark from now on.
///
/// # Errors
/// What the database answers.
pub fn say_marked(conn: &mut Connection) -> QueryResult<usize> {
    diesel::update(installation::table)
        .set(installation::marked.eq(true))
        .execute(conn)
}

/// Whether a database from before there were marks knows of blobs.
fn names_photos(conn: &mut Connection) -> QueryResult<bool> {
    let any: Option<Id> = evidence::table
        .order(evidence::id.asc())
        .select(evidence::id)
        .first(conn)
        .optional()?;
    Ok(any.is_some())
}

fn folder_of(place: &Place) -> Option<PathBuf> {
    match place {
        Place::Folder(folder) => Some(folder.clone()),
        Place::Bucket(_) => None,
    }
}

/// The mark in a folder; `None` where there is none.
///
/// # Errors
/// When it cannot be read.
pub fn read(folder: &Path) -> Result<Option<String>, Mismatch> {
    read_named(folder, MARK)
}

/// The installation that is being restored into a folder; `None` where none is.
///
/// # Errors
/// When it cannot be read.
pub fn restoring(folder: &Path) -> Result<Option<String>, Mismatch> {
    read_named(folder, RESTORING)
}

fn read_named(folder: &Path, name: &str) -> Result<Option<String>, Mismatch> {
    let path = folder.join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Mismatch::Unusable(
            path.display().to_string(),
            e.to_string(),
        )),
    }
}

/// Writes a folder's mark; the folder is made where there is none.
///
/// # Errors
/// When it cannot be written.
pub fn write(folder: &Path, id: &str) -> Result<(), Mismatch> {
    write_named(folder, MARK, id)
}

/// Says that an installation is being restored into a folder, until [`end_restoring`].
///
/// # Errors
/// When it cannot be written.
pub fn begin_restoring(folder: &Path, id: &str) -> Result<(), Mismatch> {
    write_named(folder, RESTORING, id)
}

/// Says that the restore came to its end.
///
/// # Errors
/// When the folder cannot be written.
pub fn end_restoring(folder: &Path) -> Result<(), Mismatch> {
    let path = folder.join(RESTORING);
    std::fs::remove_file(&path)
        .map_err(|e| Mismatch::Unusable(path.display().to_string(), e.to_string()))
}

fn write_named(folder: &Path, name: &str, id: &str) -> Result<(), Mismatch> {
    let path = folder.join(name);
    let beside = folder.join(format!("{name}.new"));
    let written = private::folder(folder)
        .and_then(|()| match std::fs::remove_file(&beside) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        })
        .and_then(|()| private::new_file(&beside))
        .and_then(|mut file| {
            std::io::Write::write_all(&mut file, id.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&beside, &path));
    written.map_err(|e| Mismatch::Unusable(path.display().to_string(), e.to_string()))
}
