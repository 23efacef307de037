//! Finding what is known in a reading.

use super::{
    Heard, KnownPeople, births,
    letters::{match_letters, over_gap},
    words::{
        AMONG_WORDS, BUSINESSES, NO_TITLE_BEFORE, OTHER_WORDS, SHORT_TITLES, SPLIT_SURNAMES,
        SURE_TITLES, TITLES, WORDS_AROUND,
    },
};
use crate::{
    digits::get,
    mask::{Found, Kind, MASKED, after_word, begins_word, is_han, is_kana, sounds::sounds, zhuyin},
};

/// Letters that stand for hidden ones.
const HIDING: &str = "某*×x〇○●□■_※?#&^~";

/// Of these, those that alone are signs of other things as well.
const AMBIGUOUS: &str = "_#&^~?";

/// Signs of multiplication, between which a surname is a measure: 长*宽*高*数量.
const TIMES: &str = "*×x";

/// What people are called with the last letter of their name.
const CALLED: &str = "哥姐叔姨妹弟仔爷嫂婶伯总工";

/// The same in two letters.
const CALLED_LONG: &[&str] = &[
    "阿姨", "大哥", "大姐", "师傅", "老师", "大爷", "奶奶", "叔叔", "同志",
];

/// Letters that lead to a name in the middle of a sentence.
const LEADING: &str = "的找叫给跟和与向对请问由把被系诉报访见听据是让";

/// Letters that go on about somebody who was named.
const GOING_ON: &str = "说讲家来住反投电要的在是也";

/// Letters that make a place of a surname of two letters before them.
const OF_PLACES: &str = "路街巷村桥里镇迁光";

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

/// Where the letter of a name ends that is said here, in whatever writing. Letters of other words
/// that sound alike are it only where the name is long enough to be told by its sound.
fn sounded(text: &[char], at: usize, name: &Heard, i: usize) -> Option<usize> {
    let ways = name.ways.get(i)?;
    let letter = get(text, at);
    if is_han(letter) {
        let same = name.letters.get(i) == Some(&letter);
        let alike = || sounds(letter).iter().any(|sound| ways.contains(sound));
        return (same || name.by_ear && alike()).then_some(at + 1);
    }
    if zhuyin::is_sign(letter) {
        let (sound, end) = zhuyin::syllable(text, at)?;
        return ways.contains(&sound).then_some(end);
    }
    let ends = ways.iter().filter_map(|way| after_word(text, at, way));
    let end = ends.max().filter(|_| name.in_latin)?;
    Some(end + usize::from(matches!(get(text, end), '1'..='5')))
}

/// Where a surname ends that is written in phonetic signs.
fn in_signs(text: &[char], at: usize, surname: &[char]) -> Option<usize> {
    surname.iter().try_fold(at, |next, letter| {
        let (sound, end) = zhuyin::syllable(text, over_gap(text, next, zhuyin::is_sign)?)?;
        sounds(*letter).contains(&sound).then_some(end)
    })
}

impl KnownPeople {
    /// What is known and stands here.
    pub(super) fn find(&self, text: &[char], at: usize) -> Found {
        let letter = get(text, at);
        if letter == MASKED || letter == '\0' {
            return None;
        }
        if is_han(letter) || is_kana(letter) {
            let found = self
                .word(text, at)
                .or_else(|| self.initialled(text, at))
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
        if zhuyin::is_sign(letter)
            && let Some((from, to)) = self.heard(text, at).or_else(|| self.addressed(text, at))
        {
            return Some((Kind::Name, from, to));
        }
        self.code(text, at)
            .or_else(|| self.any_number(text, at))
            .or_else(|| self.door(text, at))
    }

    /// A known day of birth. It is looked for on its own, lest a number before it takes its year
    /// along and leaves the day.
    pub(super) fn birth(&self, text: &[char], at: usize) -> Found {
        births::date(text, at, &self.births).map(|(from, to)| (Kind::Birth, from, to))
    }

    /// The longest known word here, whatever parts its letters.
    fn word(&self, text: &[char], at: usize) -> Option<(usize, usize)> {
        let words = self.words.get(&get(text, at))?;
        let ends = words
            .iter()
            .filter_map(|word| match_letters(text, at, word));
        let in_word = |end: usize| {
            let same = |fits: fn(&char) -> bool| fits(&get(text, end - 1)) && fits(&get(text, end));
            same(char::is_ascii_alphabetic) || same(char::is_ascii_digit)
        };
        ends.filter(|end| !in_word(*end)).max().map(|to| (at, to))
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

    /// The same sounds in other letters, or some of them in pinyin or phonetic signs: 林晓宇, 林xiao雨
    /// and 林ㄒㄧㄠˇㄩˇ for 林小雨.
    fn heard(&self, text: &[char], at: usize) -> Option<(usize, usize)> {
        self.by_ear.iter().find_map(|name| {
            let mut next = at;
            for i in 0..name.ways.len() {
                if i > 0 {
                    let letter = |c| is_han(c) || c.is_ascii_alphabetic() || zhuyin::is_sign(c);
                    next = over_gap(text, next, letter)?;
                }
                next = sounded(text, next, name, i)?;
            }
            let in_word =
                get(text, next - 1).is_ascii_alphabetic() && get(text, next).is_ascii_alphabetic();
            (!in_word).then_some((at, next))
        })
    }

    /// A known surname here, and the letter behind it.
    fn surname_at(&self, text: &[char], at: usize) -> Option<(usize, usize)> {
        if zhuyin::is_sign(get(text, at)) {
            let ends = self
                .surnames
                .iter()
                .filter_map(|surname| in_signs(text, at, surname));
            return ends.max().map(|to| (at, to));
        }
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
        let split = SPLIT_SURNAMES
            .iter()
            .any(|(split, _)| after_word(text, at, split) == Some(behind));
        let titled = if split || AMONG_WORDS.contains(get(text, at)) {
            there(SURE_TITLES)
        } else {
            there(TITLES) || SHORT_TITLES.iter().any(short)
        };
        titled.then_some((from, behind))
    }

    /// 王xm, 王 X.M.: the initials of a given name behind its surname.
    fn initialled(&self, text: &[char], at: usize) -> Option<(usize, usize)> {
        let (from, behind) = self.surname_at(text, at)?;
        let next = over_gap(text, behind, |c| c.is_ascii_alphabetic())?;
        let initials = self.initials.iter();
        let ends = initials.filter_map(|initials| match_letters(text, next, initials));
        let end = ends.max()?;
        (!get(text, end).is_ascii_alphanumeric()).then_some((from, end))
    }

    /// 小林, 老林, 阿雨, 雨哥, 姓林, 木子李.
    fn nicknamed(&self, text: &[char], at: usize) -> Option<(usize, usize)> {
        let letter = get(text, at);
        if is_another_word(text, at) {
            return None;
        }
        if "小老阿大".contains(letter) {
            let next = over_gap(text, at + 1, is_han)?;
            let by_surname = self.surname_at(text, next).map(|(_, end)| end);
            let end = by_surname
                .filter(|_| letter != '大')
                .or_else(|| self.is_called(text, letter, next).then_some(next + 1))?;
            let business = BUSINESSES
                .iter()
                .any(|word| after_word(text, end, word).is_some());
            return (!business && !is_another_word(text, end - 1)).then_some((at, end));
        }
        if letter == '名' && at > 0 && get(text, at - 1) == '单' {
            let next = over_gap(text, at + 1, is_han)?;
            return self
                .lasts
                .contains(&get(text, next))
                .then_some((next, next + 1));
        }
        if letter == '姓' {
            let next = over_gap(text, at + 1, is_han)?;
            return self.surname_at(text, next);
        }
        let doubled = self.doubled(text, at);
        if doubled.is_some() {
            return doubled;
        }
        if self.lasts.contains(&letter) {
            return self.called(text, at);
        }
        self.drawn_surname(text, at)
            .or_else(|| self.compound(text, at))
    }

    /// 木子李: a known surname behind what it is drawn of.
    fn drawn_surname(&self, text: &[char], at: usize) -> Option<(usize, usize)> {
        self.drawn.iter().find_map(|(drawn, surname)| {
            let behind = over_gap(text, match_letters(text, at, drawn)?, is_han)?;
            (get(text, behind) == *surname).then_some((at, behind + 1))
        })
    }

    /// Whether a letter of a known given name goes with 小, 老, 阿 or 大. Where these are the beginning
    /// of many words as well, what follows must leave it a name.
    fn is_called(&self, text: &[char], prefix: char, at: usize) -> bool {
        let letter = get(text, at);
        let (last, middle) = (self.lasts.contains(&letter), self.middles.contains(&letter));
        let after = get(text, at + 1);
        let closed = !is_han(after) || GOING_ON.contains(after);
        match prefix {
            '大' => last && closed,
            '阿' => last || middle,
            _ => last || middle && closed,
        }
    }

    /// 小小雨雨: a letter of a given name, twice.
    fn doubled(&self, text: &[char], at: usize) -> Option<(usize, usize)> {
        let letter = get(text, at);
        let twice = get(text, at + 1) == letter;
        let of_name = self.lasts.contains(&letter) || self.middles.contains(&letter);
        (twice && of_name).then_some((at, at + 2))
    }

    /// 司马 alone: a surname of two letters that is hardly anything else.
    fn compound(&self, text: &[char], at: usize) -> Option<(usize, usize)> {
        let words = self.compounds.iter();
        let ends = words.filter_map(|word| match_letters(text, at, word));
        let end = ends.max()?;
        (!OF_PLACES.contains(get(text, end))).then_some((at, end))
    }

    /// 雨哥, 雨女士: the last letter of a given name with what people are called.
    fn called(&self, text: &[char], at: usize) -> Option<(usize, usize)> {
        let next = at + 1;
        let before = at.checked_sub(1).map_or('\0', |before| get(text, before));
        let begins = !is_han(before) || LEADING.contains(before);
        let there = |words: &[&str]| {
            words
                .iter()
                .any(|word| after_word(text, next, word).is_some())
        };
        let short = CALLED.contains(get(text, next));
        let closed = !is_han(get(text, next + 1));
        let goes_on = begins && GOING_ON.contains(get(text, next + 1));
        let titled = begins && (there(SURE_TITLES) || there(CALLED_LONG));
        (titled || short && (closed || goes_on)).then_some((at, next))
    }

    /// The door a known person lives behind.
    fn door(&self, text: &[char], at: usize) -> Found {
        let ends = self.doors.iter().filter_map(|door| door.find(text, at));
        ends.max_by_key(|(_, to)| *to)
            .map(|(from, to)| (Kind::Room, from, to))
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
}
