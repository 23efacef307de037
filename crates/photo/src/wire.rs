//! How a photo is asked about across a process boundary: a question, the photo's bytes, an answer.

use serde::{Deserialize, Serialize};

use super::{Depth, PhotoLimits, PhotoProblem, Processed, process};

/// An answer as it is written.
#[derive(Debug, Serialize, Deserialize)]
struct Answer(Result<Processed, PhotoProblem>);

/// A question or an answer that the other side cannot have written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not what is spoken between a server and its photo decoder")]
pub struct Garbled;

/// The question to go with a photo.
///
/// # Errors
/// Never for limits that are numbers.
pub fn question(limits: PhotoLimits, depth: Depth) -> Result<Vec<u8>, Garbled> {
    postcard::to_allocvec(&(limits, depth)).map_err(|_| Garbled)
}

/// Takes a photo in as a question says, and writes the answer.
///
/// # Errors
/// When the question is none.
pub fn answer(question: &[u8], photo: &[u8]) -> Result<Vec<u8>, Garbled> {
    let (limits, depth): (PhotoLimits, Depth) =
        postcard::from_bytes(question).map_err(|_| Garbled)?;
    postcard::to_allocvec(&Answer(process(photo, limits, depth))).map_err(|_| Garbled)
}

/// Reads an answer.
///
/// # Errors
/// When it is none.
pub fn read_answer(bytes: &[u8]) -> Result<Result<Processed, PhotoProblem>, Garbled> {
    let Answer(result) = postcard::from_bytes(bytes).map_err(|_| Garbled)?;
    Ok(result)
}
