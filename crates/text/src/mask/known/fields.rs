//! What people write into the fields of a reporter: a name with a title, a room or a remark, two
//! names, a company and its clerk; an account where a phone is asked for.

use crate::mask::is_han;

use super::words::{BODIES, LABELS, TITLES};

/// Latin letters of an account's name from which on it is one.
const ACCOUNT_LETTERS: usize = 4;

/// What a room or a house ends with, behind its number.
const UNITS: &str = "栋幢座号室楼层单元房户";

/// The point in a name of several parts: 阿依古丽·买买提.
pub(super) fn is_point(c: char) -> bool {
    matches!(c, '·' | '•' | '・' | '.')
}

/// The names in a field, in Chinese letters and points, each without titles and remarks.
pub(super) fn names(field: &[char]) -> Vec<Vec<char>> {
    let bare = parts(field).into_iter().filter(|part| !is_body(part));
    together(
        bare.map(|part| without_labels(&part))
            .filter(|part| part.iter().any(|c| is_han(*c)))
            .collect(),
    )
}

/// The companies and other bodies named in a field.
pub(super) fn bodies(field: &[char]) -> Vec<Vec<char>> {
    let mut bodies = parts(field);
    bodies.retain(|part| is_body(part) && !without_labels(part).is_empty());
    bodies
}

/// The letters of account names (微信 linxy_88) in the field of a number.
pub(super) fn accounts(field: &[char]) -> Vec<String> {
    let words = field.split(|c| c.is_whitespace() || is_han(*c));
    words
        .map(|word| word.iter().filter(|c| c.is_ascii_alphabetic()).collect())
        .filter(|word: &String| word.len() >= ACCOUNT_LETTERS)
        .collect()
}

/// A field's runs of Chinese letters; what numbers a room or a house goes with its number.
fn parts(field: &[char]) -> Vec<Vec<char>> {
    let mut parts = vec![Vec::new()];
    let mut behind_number = false;
    for c in field {
        let unit = behind_number && UNITS.contains(*c);
        let letter = (is_han(*c) && !unit) || is_point(*c);
        match parts.last_mut() {
            Some(part) if letter => part.push(*c),
            Some(part) if !part.is_empty() => parts.push(Vec::new()),
            _ => {}
        }
        behind_number = c.is_ascii_digit() || unit;
    }
    parts.retain(|part| part.iter().any(|c| is_han(*c)));
    parts
}

/// Letters that stand alone go with their neighbours: 林 秀 英, 林 秀英.
fn together(parts: Vec<Vec<char>>) -> Vec<Vec<char>> {
    let mut names: Vec<Vec<char>> = Vec::new();
    for part in parts {
        match names.last_mut() {
            Some(before) if before.len() == 1 || part.len() == 1 => before.extend(part),
            _ => names.push(part),
        }
    }
    names
}

fn is_body(part: &[char]) -> bool {
    let text: String = part.iter().collect();
    BODIES.iter().any(|body| text.ends_with(body))
}

/// Without titles and labels on either side. A title is no name, but a name may end like one, so
/// that one is left where nothing else would be.
fn without_labels(part: &[char]) -> Vec<char> {
    let mut text: String = part.iter().collect();
    loop {
        let ahead = LABELS.iter().find_map(|label| text.strip_prefix(label));
        let behind = LABELS.iter().find_map(|label| text.strip_suffix(label));
        let titled = TITLES
            .iter()
            .find_map(|title| text.strip_suffix(title).filter(|rest| !rest.is_empty()));
        match ahead.or(behind).or(titled) {
            Some(rest) => text = rest.to_owned(),
            None => return text.chars().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(field: &str) -> Vec<String> {
        let letters: Vec<char> = field.chars().collect();
        names(&letters).iter().map(|n| n.iter().collect()).collect()
    }

    #[test]
    fn the_names_in_a_field_are_found() {
        for (field, names) in [
            ("林秀英", &["林秀英"][..]),
            ("林 秀 英", &["林秀英"]),
            ("林 秀英", &["林秀英"]),
            ("林秀英（3栋业主代表）", &["林秀英"]),
            ("林秀英(业委会)", &["林秀英"]),
            ("业主林秀英", &["林秀英"]),
            ("姓名：林秀英", &["林秀英"]),
            ("投诉人:林秀英女士", &["林秀英"]),
            ("陈美凤 林秀英", &["陈美凤", "林秀英"]),
            ("林秀英、陈美凤", &["林秀英", "陈美凤"]),
            ("林秀英/陈美凤等", &["林秀英", "陈美凤"]),
            ("福州美凤商贸有限公司 陈美凤", &["陈美凤"]),
            ("302室林秀英", &["林秀英"]),
            ("2单元5楼林先生", &["林"]),
            ("阿依古丽·买买提", &["阿依古丽·买买提"]),
            ("和建国", &["和建国"]),
            ("业主", &[]),
        ] {
            assert_eq!(read(field), names, "{field}");
        }
        let letters: Vec<char> = "福州美凤商贸有限公司 陈美凤".chars().collect();
        assert_eq!(bodies(&letters).len(), 1);
    }

    #[test]
    fn accounts_stand_where_phones_are_asked_for() {
        let read = |field: &str| accounts(&field.chars().collect::<Vec<_>>());
        assert_eq!(read("微信 linxy_88"), ["linxy"]);
        assert_eq!(read("abc-123-xyz 晚上打"), ["abcxyz"]);
        assert_eq!(read("13800138000"), Vec::<String>::new());
        assert_eq!(read("35010219900307123x"), Vec::<String>::new());
    }
}
