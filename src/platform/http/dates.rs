//! Instants and days of a plausible year.
//!
//! The calendar library reads years far beyond what a database keeps and what can be shown in
//! another zone; nothing a district writes down lies before 1900 or after 2200.

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeZone, Utc};
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

/// An instant that every client can read: a second 60, which RFC 3339 allows and most clients
/// refuse, is the first of the next minute.
#[must_use]
pub fn readable<Z: TimeZone>(at: DateTime<Z>) -> DateTime<Z> {
    if at.timestamp_subsec_nanos() < 1_000_000_000 {
        return at;
    }
    let nanos = at.timestamp_subsec_nanos() - 1_000_000_000;
    let next = at.timezone().timestamp_opt(at.timestamp() + 1, nanos);
    next.single().unwrap_or(at)
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

/// An instant as a text says it; `None` when it says none, or one of a year out of range.
#[must_use]
pub fn read_instant(text: &str) -> Option<DateTime<Utc>> {
    let read = DateTime::parse_from_rfc3339(text).ok()?;
    let at = readable(read.to_utc());
    (FIRST_YEAR..=LAST_YEAR).contains(&at.year()).then_some(at)
}

/// For `deserialize_with`: an instant.
///
/// # Errors
/// When it is none, or of a year out of range.
pub fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    plausible(readable(DateTime::<Utc>::deserialize(deserializer)?))
}

/// For `deserialize_with` beside `default`: an instant or none.
///
/// # Errors
/// When it is neither, or of a year out of range.
pub fn maybe_instant<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<DateTime<Utc>>, D::Error> {
    Option::<DateTime<Utc>>::deserialize(deserializer)?
        .map(|at| plausible(readable(at)))
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

#[cfg(test)]
mod tests {
    use super::readable;
    use chrono::DateTime;

    /// JSON and headers: a leap second is read and written as the second after it.
    #[test]
    fn no_client_is_shown_a_second_60() {
        for (sent, shown) in [
            ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00"),
            (
                "2017-01-01T07:59:60.250+08:00",
                "2017-01-01T08:00:00.250+08:00",
            ),
            (
                "2026-11-20T09:00:59.999+08:00",
                "2026-11-20T09:00:59.999+08:00",
            ),
        ] {
            let at = DateTime::parse_from_rfc3339(sent).unwrap();
            assert_eq!(readable(at).to_rfc3339(), shown);
        }
    }
}
