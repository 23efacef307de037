//! Lines as records (RFC 4180), strictly: a quote that does not close refuses its own line and
//! swallows none of those after it.

use std::{collections::VecDeque, io};

use super::{decode::Lines, row::heading};
use crate::platform::http::is_blank;

/// Lines a quoted field may go on for. Beyond, its quote was never closed.
const LINES_OF_A_FIELD: usize = 500;

/// What parts fields.
pub(super) const DELIMITERS: [char; 4] = [',', ';', '\t', '|'];

/// A record and the line it begins on, or what is wrong with it.
pub(super) type Numbered = (u64, Result<Vec<String>, String>);

/// A file's records.
pub(super) struct Records {
    lines: Lines,
    /// Lines that were looked at and belong to no record yet.
    ahead: VecDeque<(u64, String)>,
    delimiter: char,
}

impl Records {
    pub(super) fn new(lines: Lines) -> Self {
        Self {
            lines,
            ahead: VecDeque::new(),
            delimiter: ',',
        }
    }

    /// Bytes of the file read so far.
    pub(super) fn bytes_read(&self) -> u64 {
        self.lines.bytes_read()
    }

    /// The header's fields. What parts them is said by a first line such as `sep=;`, by `named`, or
    /// by which sign makes most of the `columns` looked for.
    ///
    /// # Errors
    /// When the file cannot be read, is empty, or has a header that is no record.
    pub(super) fn header(
        &mut self,
        named: Option<char>,
        columns: &[String],
    ) -> anyhow::Result<Vec<String>> {
        let mut said = named;
        let first = self.look(0)?.map(|(_, line)| line.clone());
        if let Some(sign) = first.as_deref().and_then(separator_line) {
            self.ahead.pop_front();
            said = said.or(Some(sign));
        }
        while self
            .look(0)?
            .is_some_and(|(_, line)| line.trim().is_empty())
        {
            self.ahead.pop_front();
        }
        if self.look(0)?.is_none() {
            anyhow::bail!("the file is empty");
        }
        self.delimiter = match said {
            Some(sign) => sign,
            None => self.likeliest(columns)?,
        };
        let Some((line, fields)) = self.next()? else {
            anyhow::bail!("the file has no header");
        };
        fields.map_err(|reason| anyhow::anyhow!("line {line}, the header: {reason}"))
    }

    /// The next record that has anything in it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn next(&mut self) -> io::Result<Option<Numbered>> {
        loop {
            let Some(number) = self.look(0)?.map(|(number, _)| *number) else {
                return Ok(None);
            };
            let record = self.record()?;
            // An old end-of-file mark stands on a line of its own; nobody sees it either.
            let blank = matches!(&record, Ok(fields) if fields.iter().all(|f| is_blank(f)));
            if !blank {
                return Ok(Some((number, record)));
            }
        }
    }

    /// The sign that makes most of the columns looked for; of signs that make as many, the first of
    /// the list.
    fn likeliest(&mut self, columns: &[String]) -> io::Result<char> {
        let mut best = (',', (0, 0));
        for sign in DELIMITERS {
            let fields = self.whole(sign)?.0.unwrap_or_default();
            let is_known = |field: &&String| columns.contains(&heading(field));
            let found = (fields.iter().filter(is_known).count(), fields.len());
            if found > best.1 {
                best = (sign, found);
            }
        }
        Ok(best.0)
    }

    /// Takes as many lines as the record goes on for; a wrong one takes its first line alone.
    fn record(&mut self) -> io::Result<Result<Vec<String>, String>> {
        let (record, lines) = self.whole(self.delimiter)?;
        self.ahead.drain(..lines);
        Ok(record)
    }

    /// The record that begins at the next line, and the lines it goes on for.
    fn whole(&mut self, delimiter: char) -> io::Result<(Result<Vec<String>, String>, usize)> {
        let mut text = self
            .look(0)?
            .map(|(_, line)| line.clone())
            .unwrap_or_default();
        let mut lines = 1;
        loop {
            match split(&text, delimiter) {
                Ok(fields) => return Ok((Ok(fields), lines)),
                Err(Fault::Misplaced) => {
                    let words = "opens a quote, and what follows the next one is no end of a field";
                    return Ok((Err(words.to_owned()), 1));
                }
                Err(Fault::Open) => {
                    let next = if lines < LINES_OF_A_FIELD {
                        self.look(lines)?
                    } else {
                        None
                    };
                    let Some((_, next)) = next else {
                        return Ok((Err("opens a quote that is never closed".to_owned()), 1));
                    };
                    text.push('\n');
                    text.push_str(next);
                    lines += 1;
                }
            }
        }
    }

    fn look(&mut self, at: usize) -> io::Result<Option<&(u64, String)>> {
        while self.ahead.len() <= at {
            match self.lines.next()? {
                Some(line) => self.ahead.push_back(line),
                None => return Ok(None),
            }
        }
        Ok(self.ahead.get(at))
    }
}

/// The sign of a first line such as `sep=;`, as spreadsheets write and read it.
fn separator_line(line: &str) -> Option<char> {
    let line = line.trim_matches(['"', ' ']);
    let (name, sign) = line.split_at_checked(4)?;
    let mut signs = sign.chars();
    let sign = signs.next().filter(|_| name.eq_ignore_ascii_case("sep="))?;
    signs.next().is_none().then_some(sign)
}

/// Why a text is no record.
#[derive(Debug, PartialEq, Eq)]
enum Fault {
    /// A quote is open at its end.
    Open,
    /// Something stands between a closing quote and the field's end.
    Misplaced,
}

/// The fields of a record. A quote inside an unquoted field is a letter like others.
fn split(text: &str, delimiter: char) -> Result<Vec<String>, Fault> {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let quoted = rest.trim_start_matches(' ').strip_prefix('"');
        let (field, after) = match quoted {
            Some(quoted) => {
                let (field, after) = quoted_field(quoted)?;
                let after = after.trim_start_matches(' ');
                let after = match after.strip_prefix(delimiter) {
                    Some(after) => Some(after),
                    None if after.is_empty() => None,
                    None => return Err(Fault::Misplaced),
                };
                (field, after)
            }
            None => match rest.split_once(delimiter) {
                Some((field, after)) => (field.to_owned(), Some(after)),
                None => (rest.to_owned(), None),
            },
        };
        fields.push(field);
        match after {
            Some(after) => rest = after,
            None => return Ok(fields),
        }
    }
}

/// A field after its opening quote, and what follows its closing one; a quote inside is doubled.
fn quoted_field(text: &str) -> Result<(String, &str), Fault> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"').ok_or(Fault::Open)?;
        field.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                field.push('"');
                rest = after;
            }
            None => return Ok((field, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_split_as_spreadsheets_write_them() {
        let fields = |text: &str, sign| split(text, sign).unwrap();
        assert_eq!(fields("1,a,\"b,c\",", ','), ["1", "a", "b,c", ""]);
        assert_eq!(
            fields("1;\"say \"\"no\"\"\";c", ';'),
            ["1", "say \"no\"", "c"]
        );
        assert_eq!(fields("1\t\"a\nb\"", '\t'), ["1", "a\nb"]);
        assert_eq!(fields("5\" pipe,x", ','), ["5\" pipe", "x"]);
        assert_eq!(split("1,\"a", ','), Err(Fault::Open));
        assert_eq!(split("1,\"a\"b,c", ','), Err(Fault::Misplaced));
    }

    #[test]
    fn a_first_line_names_the_sign() {
        assert_eq!(separator_line("sep=;"), Some(';'));
        assert_eq!(separator_line("\"SEP=,\""), Some(','));
        assert_eq!(separator_line("sep=\t"), Some('\t'));
        assert_eq!(separator_line("sep,date"), None);
        assert_eq!(separator_line("sep=ab"), None);
    }
}
