//! `dengwen bench`: what this machine bears.

mod filling;
mod load;
mod matching;
mod photos;
mod search;
mod work;

use clap::{Args, Subcommand};

use crate::config::Settings;

/// What to measure.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Options {
    #[command(flatten)]
    load: load::Options,
    #[command(subcommand)]
    only: Option<Only>,
}

#[derive(Debug, Subcommand)]
enum Only {
    /// Take photos in one after the other (decode, checks, hashes, two copies), without a server
    Photos(photos::Options),
    /// Judge new complaints against databases of growing size
    Match(matching::Options),
    /// Look for complaints in a database of many, in every way a clerk does
    Search(search::Options),
    /// Read what staff read in a day, from databases of growing size
    Work(work::Options),
}

/// Measures and prints.
pub(super) fn run(
    settings: impl FnOnce() -> anyhow::Result<Settings>,
    options: &Options,
) -> anyhow::Result<()> {
    match &options.only {
        None => load::run(settings()?, &options.load),
        Some(Only::Photos(options)) => photos::run(options),
        Some(Only::Match(options)) => matching::run(&settings()?, options),
        Some(Only::Search(options)) => search::run(settings()?, options),
        Some(Only::Work(options)) => work::run(settings()?, options),
    }
}
