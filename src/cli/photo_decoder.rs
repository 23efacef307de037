//! The hidden command that takes photos in for a server, one after the other, and may be given up on.

use crate::app::PHOTO_BUDGET;
use crate::photo::wire;
use crate::platform::helper;

/// Answers until the server is gone.
pub(super) fn run() -> anyhow::Result<()> {
    helper::serve(PHOTO_BUDGET, |question, bytes| {
        wire::answer(question, bytes).unwrap_or_default()
    })?;
    Ok(())
}
