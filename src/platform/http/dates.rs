//! Instants and days of a plausible year.
//!
//! The calendar library reads years far beyond what a database keeps and what can be shown in
//! another zone; nothing a district writes down lies before 1900 or after 2200.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Deserializer, de::Error};

/// The first year taken.
const FIRST_YEAR: i32 = 1900;
/// The last year taken.
const LAST_YEAR: i32 = 2200;

/// The first day on which anything this system acts on may have happened: nothing of an earlier
/// year can start a clock or be decided.
pub const FIRST_DAY: NaiveDate = match NaiveDate::from_ymd_opt(2000, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

/// The first instant of [`FIRST_DAY`].
#[must_use]
pub const fn first_instant() -> DateTime<Utc> {
    FIRST_DAY.and_time(NaiveTime::MIN).and_utc()
}

/// The words of the refusal.
pub(super) const YEAR_OUT_OF_RANGE: &str = "the year is not between 1900 and 2200";

fn plausible<T: Datelike, E: Error>(at: T) -> Result<T, E> {
    if (FIRST_YEAR..=LAST_YEAR).contains(&at.year()) {
        Ok(at)
    } else {
        Err(E::custom(YEAR_OUT_OF_RANGE))
    }
}

/// For `deserialize_with`: an instant.
///
/// # Errors
/// When it is none, or of a year out of range.
pub fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    plausible(DateTime::<Utc>::deserialize(deserializer)?)
}

/// For `deserialize_with` beside `default`: an instant or none.
///
/// # Errors
/// When it is neither, or of a year out of range.
pub fn maybe_instant<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<DateTime<Utc>>, D::Error> {
    Option::<DateTime<Utc>>::deserialize(deserializer)?
        .map(plausible)
        .transpose()
}

/// For `deserialize_with`: a day.
///
/// # Errors
/// When it is none, or of a year out of range.
pub fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    plausible(NaiveDate::deserialize(deserializer)?)
}

/// For `deserialize_with` beside `default`: a day or none.
///
/// # Errors
/// When it is neither, or of a year out of range.
pub fn maybe_day<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<NaiveDate>, D::Error> {
    Option::<NaiveDate>::deserialize(deserializer)?
        .map(plausible)
        .transpose()
}
