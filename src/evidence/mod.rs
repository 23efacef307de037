//! Evidence (证据): photos, scans, documents, sound and video, of whatever they belong to.
//!
//! A subject is named by its kind and id, and nothing here knows more of it. Originals lie sealed and
//! are only ever downloaded; of photos two copies without metadata are shown. [`queries`] alone writes
//! the table.

pub mod album;
mod bands;
pub mod file;
pub mod intake;
mod kinds;
pub mod queries;
pub mod reuse;
pub mod stored;

pub use kinds::{Kind, Phase, Said, Source, Subject, SubjectKind, UploadQuery};

use crate::app::App;
use crate::platform::jobs::Registered;

/// What this capability does after the answer.
pub const JOBS: &[Registered<App>] = &[Registered::of::<reuse::FilePhotos>()];
