//! Numbers of files that a text quotes, whosever they are: our own, 受理编号 of an inspection, tickets of a
//! hotline, 文号.

use std::ops::RangeInclusive;

use icu_normalizer::ComposingNormalizerBorrowed;

use super::{ink::takes_no_ink, keys::file_number, places::name_key};

/// Keys of one text at most: who lists more quotes a table.
const KEYS_MAX: usize = 24;

/// Letters of a number that is written in one.
const LETTERS: RangeInclusive<usize> = 8..=40;

/// Digits by which a number with letters tells its file.
const DIGITS: usize = 6;

/// Digits by which one without letters does: fewer are a day, a sum, or a phone that lost some.
const DIGITS_ALONE: usize = 10;

/// Letters of the office that opens a 文号 (榕环〔2026〕12号). Where it begins the text does not say.
const OFFICE: RangeInclusive<usize> = 1..=8;

/// Digits of the serial in a 文号.
const SERIAL: RangeInclusive<usize> = 1..=6;

const OPENING: [char; 5] = ['〔', '[', '(', '【', '<'];
const CLOSING: [char; 5] = ['〕', ']', ')', '】', '>'];

/// The number of a file as a key that is the same however brackets are drawn and whether 第 and 号 are
/// written.
#[must_use]
pub fn number_key(number: &str) -> u32 {
    let number = file_number(number);
    let is_told =
        |c: &char| !OPENING.contains(c) && !CLOSING.contains(c) && !matches!(c, '第' | '号');
    name_key(&number.chars().filter(is_told).collect::<String>())
}

/// The keys of all that may be a file's number in a text, sorted. One that is none finds nothing.
#[must_use]
pub fn quoted_numbers(text: &str) -> Vec<u32> {
    let plain = ComposingNormalizerBorrowed::new_nfkc().normalize(text);
    let letters: Vec<char> = plain.chars().filter(|c| !takes_no_ink(*c)).collect();
    let mut keys: Vec<u32> = in_one(&letters).chain(of_offices(&letters)).collect();
    keys.truncate(KEYS_MAX);
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// Numbers such as `GL20261124-0007`, `X2FJ201908130070`, `20261124000123`.
fn in_one(letters: &[char]) -> impl Iterator<Item = u32> {
    let parts =
        letters.split(|c| !c.is_ascii_alphanumeric() && !matches!(*c, '-' | '–' | '—' | '_'));
    parts.filter_map(|part| {
        let digits = part.iter().filter(|c| c.is_ascii_digit()).count();
        let is_mixed = part.iter().any(char::is_ascii_alphabetic);
        let wanted = if is_mixed { DIGITS } else { DIGITS_ALONE };
        let is_number = LETTERS.contains(&part.len()) && digits >= wanted;
        is_number.then(|| {
            let part: String = part.iter().collect();
            number_key(part.trim_matches(['-', '–', '—', '_']))
        })
    })
}

/// Numbers such as 榕环信〔2026〕12号, with every office that may be meant.
fn of_offices(letters: &[char]) -> impl Iterator<Item = u32> {
    let opened = letters
        .iter()
        .enumerate()
        .filter(|(_, c)| OPENING.contains(c));
    opened.flat_map(|(at, _)| {
        let (before, after) = letters.split_at(at);
        let numbers = year_and_serial(after);
        let is_han = |c: &&char| !c.is_ascii() && c.is_alphabetic();
        let office: Vec<char> = before.iter().rev().take_while(is_han).copied().collect();
        let lengths = OFFICE.filter(|length| *length <= office.len());
        let named: Vec<u32> = numbers.map_or_else(Vec::new, |numbers| {
            let of = |length: usize| {
                let office = office.iter().take(length).rev();
                number_key(&office.chain(&numbers).collect::<String>())
            };
            lengths.map(of).collect()
        });
        named
    })
}

/// The digits of `〔2026〕第12号`, from its first bracket.
fn year_and_serial(letters: &[char]) -> Option<Vec<char>> {
    let year = letters.get(1..5)?;
    let closes = letters.get(5).is_some_and(|c| CLOSING.contains(c));
    if !closes || !year.iter().all(char::is_ascii_digit) {
        return None;
    }
    let rest = letters.get(6..)?;
    let rest = rest.strip_prefix(&['第']).unwrap_or(rest);
    let serial: Vec<char> = rest
        .iter()
        .take_while(|c| c.is_ascii_digit())
        .copied()
        .collect();
    SERIAL
        .contains(&serial.len())
        .then(|| year.iter().copied().chain(serial).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_found_however_it_is_quoted() {
        for (text, number) in [
            ("上次投诉编号gl20261101-0012一直没有解决", "GL20261101-0012"),
            ("编号ＧＬ20261101—0012", "GL20261101-0012"),
            ("受理编号：X3FJ202611080070，至今未整改", "X3FJ202611080070"),
            ("省督察交办件SD2FZ2022804D001", "SD2FZ2022804D001"),
            ("工单号20261108000123没人管", "20261108000123"),
            ("关于榕环信〔2026〕12号的答复", "榕环信〔2026〕12号"),
            ("关于榕环信[2026]第12号的答复", "榕环信〔2026〕12号"),
            ("榕环信（2026）12 号", "榕环信〔2026〕12号"),
        ] {
            assert!(quoted_numbers(text).contains(&number_key(number)), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_of_a_file_is_none() {
        for text in [
            "2026-11-01 晚上22:00到23:30，约1200000元",
            "楼下烧烤油烟，住3号楼502室",
            "B座1205，闽A12345",
            "〔2026〕12号",
        ] {
            assert_eq!(quoted_numbers(text), Vec::<u32>::new(), "{text}");
        }
    }

    #[test]
    fn a_table_of_numbers_is_cut() {
        let table: String = (0..400).map(|n| format!("GL20261101-{n:04} ")).collect();
        assert_eq!(quoted_numbers(&table).len(), KEYS_MAX);
    }
}
