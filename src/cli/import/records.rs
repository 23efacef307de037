//! Lines as records (RFC 4180), strictly: a quote that does not close refuses its own line and
//! swallows none of those after it.

use std::{collections::VecDeque, io};

use super::{
    decode::{DELIMITERS, LINE_BYTES, Line, Lines},
    row::heading,
};
use crate::platform::http::is_blank;

/// Lines a quoted field may go on for. Beyond, its quote was never closed.
const LINES_OF_A_FIELD: usize = 500;

/// A record.
pub(super) struct Record {
    /// The line it begins on.
    pub(super) line: u64,
    /// Its fields, or what is wrong with it.
    pub(super) fields: Result<Vec<String>, String>,
    /// The lines that a quoted field goes on over, each as if it were a record.
    pub(super) within: Vec<(u64, Vec<String>)>,
}

/// A file's records.
pub(super) struct Records {
    lines: Lines,
    /// Lines that were looked at and belong to no record yet.
    ahead: VecDeque<Line>,
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
        let first = self.look(0)?.map(|line| line.text.clone());
        if let Some(sign) = first.as_deref().and_then(separator_line) {
            self.ahead.pop_front();
            said = said.or(Some(sign));
        }
        while self
            .look(0)?
            .is_some_and(|line| line.text.trim().is_empty() && !line.is_too_long)
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
        let Some(Record { line, fields, .. }) = self.next()? else {
            anyhow::bail!("the file has no header");
        };
        fields.map_err(|reason| anyhow::anyhow!("line {line}, the header: {reason}"))
    }

    /// The next record that has anything in it.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        while self.look(0)?.is_some() {
            let record = self.record()?;
            // An old end-of-file mark stands on a line of its own; nobody sees it either.
            let blank = matches!(&record.fields, Ok(fields) if fields.iter().all(|f| is_blank(f)));
            if !blank {
                return Ok(Some(record));
            }
        }
        Ok(None)
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
    fn record(&mut self) -> io::Result<Record> {
        let (fields, lines) = self.whole(self.delimiter)?;
        let mut taken = self.ahead.drain(..lines);
        let line = taken.next().map(|line| line.number).unwrap_or_default();
        let within = taken
            .map(|line| (line.number, alone(&line.text, self.delimiter)))
            .collect();
        Ok(Record {
            line,
            fields,
            within,
        })
    }

    /// The record that begins at the next line, and the lines it goes on for.
    fn whole(&mut self, delimiter: char) -> io::Result<(Result<Vec<String>, String>, usize)> {
        let mut text = match self.look(0)? {
            Some(line) if line.is_too_long => {
                let words = format!("has more than {LINE_BYTES} bytes, which no row has");
                return Ok((Err(words), 1));
            }
            line => line.map(|line| line.text.clone()).unwrap_or_default(),
        };
        let mut lines = 1;
        loop {
            match split(&text, delimiter) {
                Ok(fields) => return Ok((Ok(fields), lines)),
                Err(Fault::Misplaced) => {
                    let words = "opens a quote, and what follows the next one is no end of a field";
                    return Ok((Err(words.to_owned()), 1));
                }
                Err(Fault::Open) => {
                    let next = if lines < LINES_OF_A_FIELD && text.len() <= LINE_BYTES {
                        self.look(lines)?.filter(|line| !line.is_too_long)
                    } else {
                        None
                    };
                    let Some(next) = next else {
                        return Ok((Err("opens a quote that is never closed".to_owned()), 1));
                    };
                    text.push('\n');
                    text.push_str(&next.text);
                    lines += 1;
                }
            }
        }
    }

    fn look(&mut self, at: usize) -> io::Result<Option<&Line>> {
        while self.ahead.len() <= at {
            match self.lines.next()? {
                Some(line) => self.ahead.push_back(line),
                None => return Ok(None),
            }
        }
        Ok(self.ahead.get(at))
    }
}

/// The sign of a first line such as `sep=;`, as spreadsheets write and read it. A sheet that saved
/// that line anew filled it up to its table's width with the sign it parts fields by then.
fn separator_line(line: &str) -> Option<char> {
    let line = line.trim_matches(' ');
    let line = line.strip_prefix('"').unwrap_or(line);
    let (name, signs) = line.split_at_checked(4)?;
    let sign = signs.chars().next().filter(|sign| *sign != '"')?;
    let rest = signs.get(sign.len_utf8()..)?;
    let filling = rest.strip_prefix('"').unwrap_or(rest);
    let filled = filling.chars().next().unwrap_or(sign);
    let is_filling = filling.chars().all(|c| c == filled)
        && (filling.is_empty() || filled == sign || DELIMITERS.contains(&filled));
    (name.eq_ignore_ascii_case("sep=") && is_filling).then_some(filled)
}

/// A line's fields as if it were a record; where it is none, as its signs part it.
fn alone(line: &str, delimiter: char) -> Vec<String> {
    let parted = || line.split(delimiter).map(str::to_owned).collect();
    split(line, delimiter).unwrap_or_else(|_| parted())
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
        assert_eq!(separator_line("sep=;;;;"), Some(';'));
        assert_eq!(separator_line("sep=\t\t\t"), Some('\t'));
        assert_eq!(separator_line("\"sep=,\",,,"), Some(','));
        assert_eq!(separator_line("\"sep=,\";;;"), Some(';'));
        assert_eq!(separator_line("sep=;,,,"), Some(','));
        assert_eq!(separator_line("sep=;,;,"), None);
        assert_eq!(separator_line("sep=;x"), None);
        assert_eq!(separator_line("sep,date"), None);
        assert_eq!(separator_line("sep=ab"), None);
    }
}
