//! Clocks (时限): every deadline of every subject, in one table and by one engine.
//!
//! A clock counts by a rule of the district profile, stands still while it is suspended (中止), ends
//! later when it is extended (延期), and says whose it is and what it means: a duty falls due, a
//! right lapses. Whether a duty was met on time is decided when it is met and never again.
//!
//! `kinds` lists all there are, `reckoning` is pure, `queries` starts, meets and moves them, `revision`
//! reckons them anew, `afresh` has them follow a corrected fact, `found` puts them back, `running` shows
//! those that run. Nothing outside this room writes their tables.

pub mod afresh;
pub mod found;
pub mod kinds;
pub mod queries;
pub mod reckoning;
pub mod revision;
pub mod rows;
pub mod running;
mod stops;
