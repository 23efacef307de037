//! What every capability stands on: database, HTTP conventions, blobs, jobs, clock, keys and ids.
//!
//! Nothing here knows a complaint. Imports run downhill into this folder and never out of it.

pub mod address;
pub mod alarms;
pub mod blob;
mod circuit;
pub mod clock;
pub mod crypto;
pub mod db;
pub mod gateway;
pub mod guessable;
pub mod hashing;
pub mod helper;
pub mod http;
pub mod ids;
pub mod installation;
pub mod jobs;
pub mod limit;
pub mod marks;
pub mod memory;
pub mod metrics;
pub mod named;
pub mod outage;
pub mod outgoing;
pub mod owned;
pub mod private;
pub mod problem;
pub mod readiness;
pub mod room;
pub mod sealed;
pub mod seats;
pub mod turns;
