//! Where stories keep their files: in memory where there is room, because making and removing the files of some
//! thousand databases costs a file system on a disk a fifth of the whole run.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use tempfile::TempDir;

/// A file system in memory, where the system has one.
const IN_MEMORY: &str = "/dev/shm";

/// What must be free there: some times more than the stories that run at once ever held.
const ROOM_KB: u64 = 4 << 20;

/// A new folder that goes with its story.
pub fn folder() -> TempDir {
    static BASE: OnceLock<PathBuf> = OnceLock::new();
    let base = BASE.get_or_init(|| {
        if free_kb(Path::new(IN_MEMORY)).is_some_and(|free| free >= ROOM_KB) {
            PathBuf::from(IN_MEMORY)
        } else {
            std::env::temp_dir()
        }
    });
    tempfile::tempdir_in(base).unwrap()
}

/// What `df` says is free in a folder; `None` where there is no such folder.
fn free_kb(folder: &Path) -> Option<u64> {
    let said = Command::new("df")
        .args(["-k", "--output=avail"])
        .arg(folder)
        .output();
    let said = String::from_utf8(said.ok()?.stdout).ok()?;
    said.lines().last()?.trim().parse().ok()
}
