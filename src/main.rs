//! The `dengwen` program: reads the command line and hands over to the library.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match dengwen::cli::run(dengwen::cli::Command::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            dengwen::cli::warn(&format!("dengwen: {error:#}"));
            ExitCode::from(dengwen::cli::exit_status(&error))
        }
    }
}
