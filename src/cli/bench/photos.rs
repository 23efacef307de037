//! CPU of taking photos in, as one process that another tool's can be held against
//! (`benches/photo_cpu.sh`).

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use crate::photo::{self, Depth, PhotoLimits, sample::scene};

/// Which photos.
#[derive(Debug, Args)]
#[group(skip)]
pub struct Options {
    /// Photos to take in
    files: Vec<PathBuf>,
    /// How often each
    #[arg(long, default_value_t = 1)]
    repeat: u32,
    /// Folder to write the public copies to
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write a made-up photo of 12 megapixels to this file first
    #[arg(long, value_name = "FILE")]
    sample: Option<PathBuf>,
}

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    if let Some(file) = &options.sample {
        std::fs::write(file, scene(12, 4032, 3024))
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    let limits = PhotoLimits {
        bytes: 25 * 1024 * 1024,
        pixels: 200_000_000,
    };
    for file in &options.files {
        for _ in 0..options.repeat {
            let bytes =
                std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            let taken = photo::process(&bytes, limits, Depth::Pixels)
                .with_context(|| format!("{} is refused", file.display()))?;
            if let (Some(folder), Some(derived)) = (&options.out, &taken.derived) {
                std::fs::write(folder.join("large.jpg"), &derived.large)?;
                std::fs::write(folder.join("small.jpg"), &derived.small)?;
            }
        }
    }
    Ok(())
}
