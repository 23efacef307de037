//! Finding what is known in a reading.

use super::{
    KnownPeople, TELLING_DIGITS, births,
    letters::{common_digits, digit_here, loose_digit, match_letters, over_gap, starred_tail},
    words::{
        AMONG_WORDS, BUSINESSES, DRAWN_SURNAMES, NO_TITLE_BEFORE, OTHER_WORDS, SHORT_TITLES,
        SURE_TITLES, TAIL_WORDS, TITLES, WORDS_AROUND,
    },
};
use crate::text::{
    digits::get,
    mask::{Found, Kind, MASKED, after_word, begins_word, is_han, sounds::sounds},
};

/// Letters that stand for hidden ones.
const HIDING: &str = "某*×x〇○●□■_※?#&^~";

/// Of these, those that alone are signs of other things as well.
const AMBIGUOUS: &str = "_#&^~?";

/// Signs of multiplication, between which a surname is a measure: 长*宽*高*数量.
const TIMES: &str = "*×x";

/// Letters of the longest Latin spelling looked for.
const SPELLING_LETTERS: usize = 40;

/// Digits that may stand between the letters of a Latin spelling, tones among them.
const STRAY_DIGITS: usize = 4;

/// Whether a word begins here that has a surname, or a letter of a name, in it and names nobody.
fn is_another_word(text: &[char], at: usize) -> bool {
    let mut words = OTHER_WORDS.iter();
    // 何处长 is somebody, 何处 is nowhere.
    words.any(|word| after_word(text, at, word).is_some_and(|end| get(text, end) != '长'))
        || at.checked_sub(1).is_some_and(|before| {
            let mut around = WORDS_AROUND.iter();
            around.any(|word| after_word(text, before, word).is_some())
        })
}

/// Where a letter ends that is said in one of these ways, in whatever writing.
fn sounded(text: &[char], at: usize, ways: &[String]) -> Option<usize> {
    if is_han(get(text, at)) {
        let heard = sounds(get(text, at));
        return ways.iter().any(|way| heard.contains(way)).then_some(at + 1);
    }
    let ends = ways.iter().filter_map(|way| after_word(text, at, way));
    let end = ends.max()?;
    Some(end + usize::from(matches!(get(text, end), '1'..='5')))
}

impl KnownPeople {
    /// What is known and stands here.
    pub(super) fn find(&self, text: &[char], at: usize) -> Found {
        let letter = get(text, at);
        if letter == MASKED || letter == '\0' {
            return None;
        }
        if is_han(letter) {
            let found = self
                .word(text, at)
                .or_else(|| self.starred(text, at))
                .or_else(|| self.heard(text, at))
                .or_else(|| self.addressed(text, at))
                .or_else(|| self.nicknamed(text, at));
            if let Some((from, to)) = found {
                return Some((Kind::Name, from, to));
            }
        }
        if letter.is_ascii_alphabetic() && begins_word(text, at) {
            let heard = self.heard(text, at).map(|(_, to)| to);
            if let Some(to) = self.spelled(text, at).max(heard) {
                return Some((Kind::Name, at, to));
            }
        }
        if let Some((from, to)) = births::date(text, at, &self.births) {
            return Some((Kind::Birth, from, to));
        }
        self.code(text, at)
            .or_else(|| self.number(text, at))
            .or_else(|| self.tail(text, at))
    }

    /// The longest known word here, whatever parts its letters.
    fn word(&self, text: &[char], at: usize) -> Option<(usize, usize)> {
        let words = self.words.get(&get(text, at))?;
        let ends = words
            .iter()
            .filter_map(|word| match_letters(text, at, word));
        ends.max().map(|to| (at, to))
    }

    /// 林*雨, 林某某, 林XX, 林小*: a surname and letters that hide the rest.
    fn starred(&self, text: &[char], at: usize) -> Option<(usize, usize)> {
        let (_, behind) = self.surname_at(text, at)?;
        let mut end = behind;
        if self.middle_before_hidden(text, end) {
            end += 1;
        }
        let hidden = text
            .iter()
            .skip(end)
            .take(3)
            .take_while(|c| HIDING.contains(**c))
            .count();
        if hidden == 0 {
            return None;
        }
        let lone_x = hidden == 1 && get(text, end) == 'x';
        if lone_x && get(text, end + 1).is_ascii_alphanumeric() {
            return None;
        }
        end += hidden;
        if self.lasts.contains(&get(text, end)) {
            end += 1;
        } else if hidden == 1 {
            let before = at.checked_sub(1).map_or('\0', |before| get(text, before));
            if AMBIGUOUS.contains(get(text, end - 1)) || TIMES.contains(before) {
                return None;
            }
        }
        Some((at, end))
    }

    /// Whether the middle letter of a known name stands here, before a hidden one.
    fn middle_before_hidden(&self, text: &[char], at: usize) -> bool {
        self.middles.contains(&get(text, at)) && HIDING.contains(get(text, at + 1))
    }

    /// The same sounds in other letters, or some of them in pinyin: 林晓宇 and 林xiao雨 for 林小雨.
    fn heard(&self, text: &[char], at: usize) -> Option<(usize, usize)> {
        let letter = get(text, at);
        let first = sounds(letter);
        let opens = |name: &&Vec<Vec<String>>| {
            name.first().is_some_and(|ways| {
                let mut ways = ways.iter();
                ways.any(|way| first.contains(way) || way.starts_with(letter))
            })
        };
        self.by_ear.iter().filter(opens).find_map(|name| {
            let mut next = at;
            for (i, letter) in name.iter().enumerate() {
                if i > 0 {
                    next = over_gap(text, next, |c| is_han(c) || c.is_ascii_alphabetic())?;
                }
                next = sounded(text, next, letter)?;
            }
            Some((at, next))
        })
    }

    /// A known surname here, and the letter behind it.
    fn surname_at(&self, text: &[char], at: usize) -> Option<(usize, usize)> {
        let ends = self
            .surnames
            .iter()
            .filter_map(|surname| match_letters(text, at, surname));
        ends.max().map(|to| (at, to))
    }

    /// 林先生, 林老师, 林工: a known surname and a title, which stays.
    fn addressed(&self, text: &[char], at: usize) -> Option<(usize, usize)> {
        let (from, behind) = self.surname_at(text, at)?;
        if is_another_word(text, at) {
            return None;
        }
        let title = over_gap(text, behind, |c| c.is_alphanumeric())?;
        let there = |words: &[&str]| words.iter().any(|w| after_word(text, title, w).is_some());
        let short = |word: &&str| {
            after_word(text, title, word)
                .is_some_and(|end| !NO_TITLE_BEFORE.contains(get(text, end)))
        };
        if let Some(to) = self.spelled(text, title) {
            return Some((from, to));
        }
        let titled = if AMONG_WORDS.contains(get(text, at)) {
            there(SURE_TITLES)
        } else {
            there(TITLES) || SHORT_TITLES.iter().any(short)
        };
        titled.then_some((from, behind))
    }

    /// 小林, 老林, 阿雨, 雨哥, 姓林, 木子李.
    fn nicknamed(&self, text: &[char], at: usize) -> Option<(usize, usize)> {
        let letter = get(text, at);
        if is_another_word(text, at) {
            return None;
        }
        if "小老阿".contains(letter) {
            let next = over_gap(text, at + 1, is_han)?;
            let end = self
                .surname_at(text, next)
                .map(|(_, end)| end)
                .or_else(|| self.lasts.contains(&get(text, next)).then_some(next + 1))?;
            let business = BUSINESSES
                .iter()
                .any(|word| after_word(text, end, word).is_some());
            return (!business).then_some((at, end));
        }
        if letter == '姓' {
            let next = over_gap(text, at + 1, is_han)?;
            return self.surname_at(text, next);
        }
        if self.lasts.contains(&letter) {
            let next = at + 1;
            let doubled = get(text, next) == letter;
            let called =
                "哥姐叔姨妹弟仔爷嫂婶伯".contains(get(text, next)) && !is_han(get(text, next + 1));
            return (doubled || called).then_some((at, next + usize::from(doubled)));
        }
        let drawn = DRAWN_SURNAMES.iter().find_map(|(drawn, surname)| {
            let behind = after_word(text, at, drawn)?;
            self.surname_at(text, behind)
                .filter(|_| get(text, behind) == *surname)
        })?;
        Some((at, drawn.1))
    }

    /// A Latin spelling here, over gaps and tones, word by word.
    fn spelled(&self, text: &[char], at: usize) -> Option<usize> {
        if !begins_word(text, at) {
            return None;
        }
        let spellings = self.latin.get(&get(text, at))?;
        let mut run: Vec<char> = Vec::new();
        let mut next = at;
        let mut longest = None;
        while run.len() < SPELLING_LETTERS {
            let letter = get(text, next);
            if letter.is_ascii_alphabetic() {
                run.push(letter);
                next += 1;
                let mut end = next;
                if matches!(get(text, end), '1'..='5') && !get(text, end + 1).is_ascii_digit() {
                    end += 1;
                }
                if !get(text, end).is_ascii_alphabetic() && spellings.contains(&run) {
                    longest = Some(end);
                }
                continue;
            }
            let strays = text.iter().skip(next).take(STRAY_DIGITS + 1);
            let strays = strays.take_while(|c| c.is_ascii_digit()).count();
            let further = over_gap(text, next + strays, |c| c.is_ascii_alphabetic());
            let Some(further) = further.filter(|_| strays <= STRAY_DIGITS) else {
                break;
            };
            next = further;
        }
        longest
    }

    /// A known tracking code.
    fn code(&self, text: &[char], at: usize) -> Found {
        let ends = self
            .codes
            .iter()
            .filter_map(|code| match_letters(text, at, code));
        ends.max().map(|to| (Kind::Code, at, to))
    }

    /// Seven digits in a row or more of a known number, however written and parted.
    fn number(&self, text: &[char], at: usize) -> Found {
        let first = digit_here(text, at)?.digit;
        let mut best: Found = None;
        for (kind, number) in &self.numbers {
            let offsets = number
                .iter()
                .enumerate()
                .filter(|(_, digit)| **digit == first)
                .map(|(offset, _)| offset);
            for offset in offsets {
                let (count, end) =
                    common_digits(text, at, number.get(offset..).unwrap_or_default());
                let longer = best.is_none_or(|(_, _, to)| end > to);
                if count >= TELLING_DIGITS.min(number.len()) && longer {
                    best = Some((*kind, at, end));
                }
                let Some(end) = starred_tail(text, end, count, offset, number) else {
                    continue;
                };
                if best.is_none_or(|(_, _, to)| end > to) {
                    best = Some((*kind, at, end));
                }
            }
        }
        best
    }

    /// 尾号8000: the last digits of a known number where they are said to be that.
    fn tail(&self, text: &[char], at: usize) -> Found {
        let mut from = TAIL_WORDS
            .iter()
            .find_map(|word| after_word(text, at, word))?;
        let limit = from + 6;
        while from < limit && loose_digit(text, from).is_none() {
            from += 1;
        }
        self.numbers.iter().find_map(|(kind, number)| {
            (3..=8).rev().find_map(|count| {
                let tail = number.get(number.len().checked_sub(count)?..)?;
                let (there, end) = common_digits(text, from, tail);
                (there == count).then_some((*kind, from, end))
            })
        })
    }
}
