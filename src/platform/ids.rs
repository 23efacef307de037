//! Ids and codes: UUIDv7 inside, numbers for people, unguessable codes for reporters.

use std::sync::Mutex;

use rand::RngExt;
use uuid::{ContextV7, Timestamp, Uuid};

/// What keeps ids in order within this process, whatever the clock does.
static ORDER: Mutex<ContextV7> = Mutex::new(ContextV7::new());

/// Letters of a tracking code: no 0/O, 1/I/L, so that it survives being read out on the phone.
const CODE_ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

/// Letters in a tracking code; 31^16 is about 2^79, far beyond guessing even without rate limits.
pub const TRACKING_CODE_LETTERS: usize = 16;

/// A new id, greater than every one made before it here and than what [`not_before`] was told.
#[must_use]
pub fn new_id() -> Uuid {
    Uuid::new_v7(Timestamp::now(&ORDER))
}

/// Makes every later id greater than `id`, although the clock may have been set back since: ids
/// order the history. Told at the start of the newest id there is; a second is added, because ids
/// made in its last moment may lie a little above it.
pub fn not_before(id: Uuid) {
    if let Some((seconds, nanos)) = id.get_timestamp().map(|at| at.to_unix()) {
        let _ = Timestamp::from_unix(&ORDER, seconds + 1, nanos);
    }
}

/// A new unguessable tracking code (查询码), sixteen letters without separators.
#[must_use]
pub fn new_tracking_code() -> String {
    random_letters(TRACKING_CODE_LETTERS)
}

/// A random text of the code alphabet.
#[must_use]
pub fn random_letters(count: usize) -> String {
    let mut rng = rand::rng();
    (0..count)
        .map(|_| {
            let at = rng.random_range(0..CODE_ALPHABET.len());
            char::from(CODE_ALPHABET.get(at).copied().unwrap_or(b'2'))
        })
        .collect()
}

/// Brings a typed tracking code to its stored form: upper case, separators dropped.
/// `None` when it cannot be a code, which answers the same as an unknown one.
#[must_use]
pub fn parse_tracking_code(typed: &str) -> Option<String> {
    let code: String = typed
        .chars()
        .filter(|c| !matches!(c, '-' | ' '))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let well_formed =
        code.len() == TRACKING_CODE_LETTERS && code.bytes().all(|b| CODE_ALPHABET.contains(&b));
    well_formed.then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_back_does_not_set_ids_back() {
        let (seconds, _) = new_id().get_timestamp().unwrap().to_unix();
        let ahead = Uuid::new_v7(Timestamp::from_unix(uuid::NoContext, seconds + 3, 0));
        not_before(ahead);
        let ids: Vec<Uuid> = (0..1000).map(|_| new_id()).collect();
        assert!(ahead < ids[0] && ids.is_sorted());
        not_before(Uuid::nil());
        assert!(ids[999] < new_id(), "nothing takes it back");
    }

    #[test]
    fn codes_survive_dictation() {
        let code = new_tracking_code();
        let spoken = format!("{}-{}", &code[..8].to_lowercase(), &code[8..]);
        assert_eq!(parse_tracking_code(&spoken), Some(code));
        assert_eq!(parse_tracking_code("short"), None);
        assert_eq!(parse_tracking_code("0000000000000000"), None);
    }
}
