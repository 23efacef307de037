//! The stories, told over HTTP against a real server, on SQLite and on PostgreSQL.
//!
//! One binary; the tree mirrors the capabilities. `support` holds the world a story plays in and
//! the actors who play it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[macro_use]
mod support;

mod access;
mod account;
mod at_rest;
mod backup;
mod behaviours;
mod bulk;
mod cli;
mod clients;
mod clocks;
mod closing;
mod commands;
mod complaint;
mod conditions;
mod corrections;
mod day;
mod dead_letters;
mod decisions;
mod dependencies;
mod disk;
mod documents;
mod doors;
mod emptied;
mod everyday;
mod evidence;
mod extensions;
mod field;
mod finds;
mod follows;
mod forms;
mod handovers;
mod history;
mod holes;
mod hostile_input;
mod house;
mod import;
mod jobs;
mod keys;
mod leaks;
mod learning;
mod ledger;
mod limits;
mod linkage;
mod locks;
mod match_files;
mod matching;
mod matters;
mod notices;
mod numbers;
mod officers;
mod outages;
mod persons;
mod petitions;
mod phones;
mod photo_costs;
mod photos;
mod pipelining;
mod places;
mod plans;
mod platform;
mod privacy;
mod processes;
mod properties;
mod recognised;
mod registers;
mod repeats;
mod reporter;
mod residents;
mod reversals;
mod roles;
mod schema;
mod scopes;
mod search;
mod second_factor;
mod secrecy;
mod sessions;
mod setups;
mod sign_in;
mod steps;
mod triage;
mod undo;
mod uploads;
mod visits;
mod work;
mod workday;
