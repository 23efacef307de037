//! Fields of a change that may be absent, null or a value.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

use super::dates;

/// A field that may be absent (leave it), null (clear it) or a value (D42).
pub type Patch<T = String> = Option<Option<T>>;

/// For `deserialize_with` beside `default`: a value or null.
///
/// # Errors
/// When it is neither.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Patch<T>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// The same of an instant.
///
/// # Errors
/// When it is neither, or of a year out of range.
pub fn given_instant<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Patch<DateTime<Utc>>, D::Error> {
    dates::maybe_instant(deserializer).map(Some)
}
