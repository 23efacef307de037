//! dengwen (登闻) takes a district's environmental complaints in, has grid officers confirm them on
//! site, merges them into one ledger (一本账) and follows each entry until the problem is gone.
//!
//! The map, read top-down as the story of a complaint:
//!
//! - [`operations`]: what can be called, by capability; [`server`]: the start of the whole program.
//! - [`complaint`]: submit, track, supplement, reply, rate (信访件).
//! - [`matching`]: same matter? same person? explained (判重).
//! - [`work`]: what waits for whom, list by list (待办).
//! - [`search`]: the one list of complaints, by whatever is known of one (查件).
//! - [`triage`]: the brigade's queue (研判).
//! - [`verification`]: tasks on site (现场核实).
//! - [`finds`]: what staff find themselves (巡查发现).
//! - [`handover`]: what is sent to other units (转送件).
//! - [`ledger`]: entries from clue to admission (一本账).
//! - [`registers`]: what the bureau keeps lists of (名录), each by the pattern of [`register`].
//! - [`rotation`]: what is sealed and indexed under a former key, brought under the present one.
//! - [`privacy`]: who reads what of others' words and places.
//! - [`sweep`]: what is swept and looked after every night; [`bucket`]: whose bucket the photos go to.
//! - [`clock`]: every deadline of every subject (时限).
//! - [`record`]: the append-only history; [`account`]: people, roles, sessions.
//! - [`notice`]: what somebody was told, and whether it reached them (告知).
//! - [`evidence`]: photos, documents, sound and video, of whatever they belong to.
//! - [`district`]: the district profile, where everything with legal effect is data.
//! - [`linkage`]: the engine that says how likely two reports are one matter.
//! - [`photo`], [`geo`], [`text`]: ground floor, pure.
//! - [`platform`]: database, HTTP, blobs, jobs, clock: what every capability stands on.

pub use dengwen_geo as geo;
pub use dengwen_linkage as linkage;
pub use dengwen_photo as photo;
pub use dengwen_text as text;

pub mod account;
pub mod app;
pub mod bucket;
pub mod cli;
pub mod clock;
pub mod complaint;
pub mod config;
pub mod district;
pub mod evidence;
pub mod finds;
pub mod handover;
pub mod health;
pub mod jobs;
pub mod ledger;
pub mod matching;
pub mod notice;
pub mod openapi;
pub mod operations;
pub mod platform;
pub mod privacy;
pub mod record;
pub mod register;
pub mod registers;
pub mod rotation;
pub mod search;
pub mod server;
pub mod sweep;
pub mod triage;
pub mod verification;
pub mod work;
