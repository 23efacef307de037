//! The stories, told over HTTP against a real server, on SQLite and on PostgreSQL.
//!
//! One binary; the tree mirrors the capabilities. `support` holds the world a story plays in and
//! the actors who play it.

#[macro_use]
mod support;

mod access;
mod account;
mod complaint;
mod platform;
