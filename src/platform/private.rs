//! Files and folders only their owner may read, whatever the process's umask.

use std::{
    fs::{DirBuilder, File, OpenOptions},
    io,
    path::Path,
};

/// Mode of a private folder.
#[cfg(unix)]
const FOLDER: u32 = 0o700;

/// Mode of a private file.
#[cfg(unix)]
const FILE: u32 = 0o600;

/// Makes a folder and what is missing above it, and takes it from everybody else.
///
/// # Errors
/// What the file system answers.
pub fn folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, FOLDER);
    builder.create(path)
}

/// Opens a new file for writing; one that is there already is an error.
///
/// # Errors
/// What the file system answers.
pub fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, FILE);
    options.open(path)
}

/// Takes a file or folder from everybody but its owner; what is not there, or another user's, is
/// left as it is and answers `false`.
pub fn tighten(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let Ok(is) = std::fs::symlink_metadata(path) else {
            return false;
        };
        if is.is_symlink() {
            return false;
        }
        let mode = if is.is_dir() { FOLDER } else { FILE };
        // Set-group-id on folders and the like are the operator's; who may read is ours.
        if is.permissions().mode() & 0o077 == 0 {
            return true;
        }
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).is_ok()
    }
    #[cfg(not(unix))]
    {
        path.exists()
    }
}
