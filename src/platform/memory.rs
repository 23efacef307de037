//! Memory that was given back goes back to the system, so that a server rests on what it needs
//! however large what it took in was.

use std::{
    convert::Infallible, ffi::OsString, io, os::unix::process::CommandExt as _, process::Command,
};

/// What the C library's allocator is told. By itself it learns from a photo of 25 MB that such
/// blocks are usual, takes them from a heap of which only the end can be given back, and keeps a
/// heap for each thread: half a gigabyte at rest after four complaints with nine photos each.
pub const ALLOCATOR: [(&str, &str); 3] = [
    ("MALLOC_ARENA_MAX", "2"),
    ("MALLOC_MMAP_THRESHOLD_", "262144"),
    ("MALLOC_TRIM_THRESHOLD_", "262144"),
];

/// Makes the allocator give memory back. It listens to the environment alone, and only when a
/// process begins; so the process becomes the same program once more, with that set. What the
/// operator set stays, and where it cannot be done the process goes on as it is.
pub fn give_back() {
    let missing: Vec<_> = ALLOCATOR
        .into_iter()
        .filter(|(name, _)| std::env::var_os(name).is_none())
        .collect();
    if cfg!(target_env = "gnu")
        && !missing.is_empty()
        && let Err(e) = begin_again(&missing)
    {
        tracing::warn!("the allocator stays as it is: {e}");
    }
}

fn begin_again(variables: &[(&str, &str)]) -> io::Result<Infallible> {
    let mut said = std::env::args_os();
    let name = said.next().unwrap_or_else(|| OsString::from("dengwen"));
    Err(Command::new(std::env::current_exe()?)
        .arg0(name)
        .args(said)
        .envs(variables.iter().copied())
        .exec())
}
