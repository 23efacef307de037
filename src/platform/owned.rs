//! A folder that carries the installation's mark, looked at while the server runs: a volume that is
//! taken away, or mounted in another's place, is noticed before anything is kept on it.

use std::path::{Path, PathBuf};

use super::alarms::{Alarm, Alarms};
use super::problem::Problem;

/// Name of the file or object that says whose place this is.
pub const MARK: &str = "installation";

/// Name of the file that lies in a blob folder while a backup is put there, with the installation's
/// id.
pub const RESTORING: &str = "restoring";

/// Seconds after which to ask again while the folder is gone.
const GONE_RETRY_S: u64 = 60;

/// A folder, whose it must be, and the alarm for when it is not.
#[derive(Debug, Clone)]
pub struct Owned {
    folder: PathBuf,
    id: String,
    alarm: Alarm,
    alarms: Alarms,
}

impl Owned {
    /// The folder of the installation with that id.
    #[must_use]
    pub fn new(folder: &Path, id: &str, alarm: Alarm, alarms: &Alarms) -> Self {
        Self {
            folder: folder.to_owned(),
            id: id.to_owned(),
            alarm,
            alarms: alarms.clone(),
        }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Reads the mark; raises the alarm, or ends it.
    ///
    /// # Errors
    /// 503 while the folder is gone or another's.
    pub fn look(&self) -> Result<(), Problem> {
        let wrong = match std::fs::read_to_string(self.folder.join(MARK)) {
            Ok(id) if id.trim() == self.id => {
                self.alarms.clear(self.alarm);
                return Ok(());
            }
            Ok(id) => format!("belongs to installation {}", id.trim()),
            Err(e) => format!("is gone ({e})"),
        };
        let folder = self.folder.display();
        let words = format!("the folder {folder} {wrong}: nothing is kept there until it is back");
        self.alarms.raise(self.alarm, &words);
        Err(Problem::unavailable(words, GONE_RETRY_S))
    }
}
