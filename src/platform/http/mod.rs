//! HTTP conventions, written once: problem documents, validated bodies, idempotency keys, keyset
//! pages, ETags.

mod answer;
mod body;
mod browser;
mod bulk;
pub mod connections;
pub mod dates;
mod device_clock;
mod encoding;
mod etag;
pub mod forwarded;
pub mod framing;
pub mod idempotency;
mod objects;
mod page;
mod parts;
mod patch;
mod patience;
mod problems;
mod words;

pub use answer::{Answer, FileBytes};
pub use body::{
    Body, MAX_JSON_BYTES, Query, announced_bytes, broken_off, flatten, media_type, read_json,
};
pub use browser::{Origins, is_preflight, preflight, protect};
pub use bulk::{BULK_MAX, check_bulk, each_of_bulk};
pub use device_clock::DeviceNow;
pub use encoding::{CODINGS, Unpacked, unpacked};
pub use etag::{Preconditions, conditional, etag_of, versioned};
pub use idempotency::IdempotencyKey;
pub use objects::Null;
pub use page::{Page, PageQuery, Paging, page_response};
pub use parts::{Piece, PieceStream};
pub use patch::{Patch, given, given_instant};
pub use patience::{Patience, Waiting};
pub use problems::{AnyProblem, language_of, localise};
pub use words::{
    FurtherName, MatterNumber, are_names, are_numbers, is_blank, keep_once, says_something,
};
