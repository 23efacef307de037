//! How much memory all uploads together may hold. A request that would go beyond it is asked to
//! come back, instead of taking the process down with everybody else's.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;

/// One permit stands for this many bytes.
const UNIT: usize = 1024;

/// Seconds after which a refused upload may be tried again.
const RETRY_AFTER_S: u64 = 5;

/// The room there is.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

/// Room that is held; dropping it gives it back.
#[derive(Debug, Default)]
pub struct Held {
    permit: Option<OwnedSemaphorePermit>,
    /// Bytes of the last permit that are not used yet.
    spare: usize,
}

impl Room {
    /// Room for so many megabytes.
    #[must_use]
    pub fn of_megabytes(megabytes: usize) -> Self {
        let units = megabytes.saturating_mul(1024 * 1024 / UNIT);
        Self(Arc::new(Semaphore::new(units.min(Semaphore::MAX_PERMITS))))
    }

    /// Takes room for more bytes.
    ///
    /// # Errors
    /// 503 when there is none left; what is held stays held until it is dropped.
    pub fn take(&self, bytes: usize, held: &mut Held) -> Result<(), Problem> {
        if bytes <= held.spare {
            held.spare -= bytes;
            return Ok(());
        }
        let missing = bytes - held.spare;
        let units = missing.div_ceil(UNIT);
        let busy = || Problem::unavailable("many uploads at once", RETRY_AFTER_S);
        let more = u32::try_from(units).map_err(|_| busy())?;
        let permit = Arc::clone(&self.0)
            .try_acquire_many_owned(more)
            .map_err(|_| busy())?;
        match &mut held.permit {
            Some(first) => first.merge(permit),
            None => held.permit = Some(permit),
        }
        held.spare = units * UNIT - missing;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_given_back_and_never_overdrawn() {
        let room = Room::of_megabytes(1);
        let mut a = Held::default();
        for _ in 0..700 {
            room.take(1000, &mut a).unwrap();
        }
        let mut b = Held::default();
        let refused = room.take(400_000, &mut b).unwrap_err();
        assert_eq!(refused.code().status(), 503);
        drop(a);
        room.take(1024 * 1024, &mut b).unwrap();
        assert!(room.take(1, &mut Held::default()).is_err());
    }
}
