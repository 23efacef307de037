//! How much of what finds a person is masked, and how much else: measured on sentences as residents of
//! 福州鼓楼 write them, all made up. `marked/personal.txt` marks what must be masked by its kind,
//! `marked/harmless.txt` holds nothing of the kind. A name before `｜` is the reporter's, whom the
//! system knows. The table stands in `docs/security.md`.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::fmt::Write as _;

use dengwen_text::{Finding, Kind, KnownPeople, KnownPerson};

const PERSONAL: &str = include_str!("marked/personal.txt");
const HARMLESS: &str = include_str!("marked/harmless.txt");

/// Rows of the table: what it is called there, and the marks it counts.
const ROWS: &[(&str, &str)] = &[
    ("phones", "机座"),
    ("identity numbers", "证"),
    ("plates", "车"),
    ("rooms", "室"),
    ("the reporter's own name", "本"),
    ("names nobody told", "名"),
    ("mail, accounts, cards, query codes", "邮号卡码"),
];

/// The reporter of sentences that name none: a surname that is many words' beginning.
const REPORTER: (&str, &str) = ("何晓岚", "13559012876");

/// A place in a sentence that must be masked.
struct Mark {
    kind: char,
    from: usize,
    to: usize,
}

struct Sentence {
    letters: Vec<char>,
    marks: Vec<Mark>,
    found: Vec<Finding>,
}

impl Sentence {
    fn read(line: &str) -> Self {
        let (reporter, text) = line.split_once('｜').unwrap_or((REPORTER.0, line));
        let mut letters = Vec::new();
        let mut marks: Vec<Mark> = Vec::new();
        let mut rest = text.chars();
        while let Some(letter) = rest.next() {
            match letter {
                '\\' => {
                    assert_eq!(rest.next(), Some('u'), "{line}");
                    let code: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                    let code = u32::from_str_radix(&code, 16).unwrap();
                    letters.push(char::from_u32(code).unwrap());
                }
                '{' => {
                    let kind = rest.next().unwrap();
                    assert_eq!(rest.next(), Some(':'), "{line}");
                    let from = letters.len();
                    marks.push(Mark {
                        kind,
                        from,
                        to: from,
                    });
                }
                '}' => marks.last_mut().unwrap().to = letters.len(),
                letter => letters.push(letter),
            }
        }
        let known = KnownPeople::of([KnownPerson {
            name: Some(reporter.to_owned()),
            phone: Some(REPORTER.1.to_owned()),
            ..KnownPerson::default()
        }]);
        let found = known.mask(&letters.iter().collect::<String>()).found;
        Self {
            letters,
            marks,
            found,
        }
    }

    fn is_masked(&self, at: usize) -> bool {
        self.found.iter().any(|f| (f.from..f.to).contains(&at))
    }

    /// Whether nothing of a mark can be read.
    fn hides(&self, mark: &Mark) -> bool {
        (mark.from..mark.to).all(|at| !self.letters[at].is_alphanumeric() || self.is_masked(at))
    }

    /// The mark a find belongs to.
    fn mark_of(&self, find: &Finding) -> Option<&Mark> {
        let mut marks = self.marks.iter();
        marks.find(|mark| find.from < mark.to && mark.from < find.to)
    }

    /// Numbers outside of the marks, each with what Latin letters and signs within it belong to it.
    fn harmless_numbers(&self) -> Vec<std::ops::Range<usize>> {
        let free = |at: usize| !self.marks.iter().any(|m| (m.from..m.to).contains(&at));
        let of_it = |at: usize| {
            let is = |i: usize, f: fn(char) -> bool| self.letters.get(i).is_some_and(|c| f(*c));
            let sign = is(at, |c| ".,:/-+".contains(c));
            is(at, is_of_number)
                || sign && at > 0 && is(at - 1, is_of_number) && is(at + 1, is_of_number)
        };
        let mut numbers = Vec::new();
        let mut at = 0;
        while at < self.letters.len() {
            let end = (at..self.letters.len())
                .find(|i| !of_it(*i) || !free(*i))
                .unwrap_or(self.letters.len());
            if self.letters[at..end].iter().any(|c| c.is_numeric()) {
                numbers.push(at..end);
            }
            at = end.max(at + 1);
        }
        numbers
    }

    fn text(&self) -> String {
        self.letters.iter().collect()
    }
}

fn is_of_number(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || ('０'..='９').contains(&letter)
}

/// The row a find counts in: its mark's, else that of what was found.
fn row_of(find: &Finding, mark: Option<&Mark>) -> &'static str {
    let kind = mark.map_or_else(|| mark_kind(find.kind), |mark| mark.kind);
    let row = ROWS.iter().find(|(_, kinds)| kinds.contains(kind));
    row.map_or("", |(name, _)| name)
}

/// The mark of what was found where none is.
fn mark_kind(kind: Kind) -> char {
    match kind {
        Kind::Phone => '机',
        Kind::IdNumber | Kind::Birth => '证',
        Kind::Plate => '车',
        Kind::Room => '室',
        Kind::Name => '名',
        Kind::Email => '邮',
        Kind::Account => '号',
        Kind::BankCard => '卡',
        Kind::Code => '码',
    }
}

#[derive(Default)]
struct Count {
    marks: usize,
    hidden: usize,
    finds: usize,
    right: usize,
}

impl Count {
    fn recall(&self) -> f64 {
        share(self.hidden, self.marks)
    }

    fn precision(&self) -> f64 {
        share(self.right, self.finds)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred sentences")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}

fn sentences(of: &str) -> Vec<Sentence> {
    of.lines().map(Sentence::read).collect()
}

fn count(row: &str, sentences: &[Sentence]) -> Count {
    let mut count = Count::default();
    for sentence in sentences {
        let kinds = ROWS.iter().find(|(name, _)| *name == row).unwrap().1;
        let marks = sentence.marks.iter().filter(|m| kinds.contains(m.kind));
        for mark in marks {
            count.marks += 1;
            count.hidden += usize::from(sentence.hides(mark));
        }
        for find in &sentence.found {
            let mark = sentence.mark_of(find);
            if row_of(find, mark) == row {
                count.finds += 1;
                count.right += usize::from(mark.is_some());
            }
        }
    }
    count
}

#[test]
fn marked_sentences_are_masked_and_harmless_numbers_stay() {
    let (personal, harmless) = (sentences(PERSONAL), sentences(HARMLESS));
    assert!(personal.len() >= 240 && harmless.len() >= 160);
    let all: Vec<Sentence> = personal.into_iter().chain(harmless).collect();
    let mut missed = String::new();
    for sentence in &all {
        for mark in sentence.marks.iter().filter(|mark| !sentence.hides(mark)) {
            let shown: String = sentence.letters[mark.from..mark.to].iter().collect();
            writeln!(
                missed,
                "shown {}: {shown} in {}",
                mark.kind,
                sentence.text()
            )
            .unwrap();
        }
        for find in sentence
            .found
            .iter()
            .filter(|f| sentence.mark_of(f).is_none())
        {
            let hidden: String = sentence.letters[find.from..find.to].iter().collect();
            writeln!(
                missed,
                "hidden {:?}: {hidden} in {}",
                find.kind,
                sentence.text()
            )
            .unwrap();
        }
    }

    let mut table = String::from("| what | marked | recall | precision |\n|---|---|---|---|\n");
    for (row, _) in ROWS {
        let count = count(row, &all);
        let (recall, precision) = (count.recall(), count.precision());
        writeln!(
            table,
            "| {row} | {} | {recall:.3} | {precision:.3} |",
            count.marks
        )
        .unwrap();
    }
    let (mut numbers, mut masked) = (0, 0);
    for sentence in &all {
        for number in sentence.harmless_numbers() {
            numbers += 1;
            if number.clone().any(|at| sentence.is_masked(at)) {
                masked += 1;
                let hidden: String = sentence.letters[number].iter().collect();
                writeln!(missed, "harmless {hidden} in {}", sentence.text()).unwrap();
            }
        }
    }
    writeln!(
        table,
        "\nOf {numbers} harmless numbers {masked} are masked."
    )
    .unwrap();

    for (row, least) in [
        ("phones", 0.99),
        ("identity numbers", 0.99),
        ("plates", 0.99),
        ("rooms", 0.97),
        ("the reporter's own name", 1.0),
    ] {
        let recall = count(row, &all).recall();
        assert!(recall >= least, "{row}: {recall}\n{table}\n{missed}");
    }
    let share = share(masked, numbers);
    assert!(share <= 0.01, "{share}\n{table}\n{missed}");
    let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/security.md");
    let document = std::fs::read_to_string(document).unwrap();
    assert!(
        document.contains(table.trim_end()),
        "docs/security.md should hold\n{table}\n{missed}"
    );
}
