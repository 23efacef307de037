//! Reports as bytes, to be kept beside the complaint they were made of.

use super::Report;

/// Version of the form. Another version is read as "not filed yet": `dengwen match refile` makes
/// the facts anew.
const VERSION: u8 = 1;

/// A report as bytes.
///
/// # Errors
/// When it cannot be written, which would be a mistake of this program.
pub fn encode(report: &Report) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_extend(report, vec![VERSION])
}

/// A report of bytes; `None` when they are of another version.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<Report> {
    let (version, rest) = bytes.split_first()?;
    (*version == VERSION).then(|| postcard::from_bytes(rest).ok())?
}

/// Blocking keys as bytes: what a report was filed under, so that it can be filed anew.
#[must_use]
pub fn encode_keys(keys: &[i64]) -> Vec<u8> {
    keys.iter().flat_map(|key| key.to_le_bytes()).collect()
}

/// Blocking keys of bytes.
#[must_use]
pub fn decode_keys(bytes: &[u8]) -> Vec<i64> {
    let (keys, _) = bytes.as_chunks::<8>();
    keys.iter().map(|key| i64::from_le_bytes(*key)).collect()
}

/// Begin and end as milliseconds.
pub(super) mod span {
    use chrono::{DateTime, Utc};
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    type Span = Option<(DateTime<Utc>, DateTime<Utc>)>;

    pub fn serialize<S: Serializer>(span: &Span, serializer: S) -> Result<S::Ok, S::Error> {
        span.map(|(from, until)| (from.timestamp_millis(), until.timestamp_millis()))
            .serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        let span = Option::<(i64, i64)>::deserialize(deserializer)?;
        Ok(span.and_then(|(from, until)| {
            DateTime::from_timestamp_millis(from).zip(DateTime::from_timestamp_millis(until))
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Address, Named};

    #[test]
    fn a_report_comes_back_as_it_was() {
        let at = chrono::DateTime::from_timestamp_millis(1_790_000_000_123).unwrap();
        let report = Report {
            category: "air.cooking_fume".into(),
            premises: Some("老王烧烤".to_owned()),
            address: Address::read("东街口3号"),
            names: Named::all_in("华林路12号旁的琴亭河"),
            occurred: Some((at, at)),
            received_at: at,
            grams: vec![1, 2, u32::MAX],
            ..Report::default()
        };
        let bytes = encode(&report).unwrap();
        let back = decode(&bytes).unwrap();
        assert_eq!(format!("{back:?}"), format!("{report:?}"));
        let keys = [i64::MIN, -1, 0, 7];
        assert_eq!(decode_keys(&encode_keys(&keys)), keys);
        assert!(
            decode(&[9, 1, 2]).is_none() && decode(&[]).is_none() && decode(&bytes[..20]).is_none()
        );
    }
}
