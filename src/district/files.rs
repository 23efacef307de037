//! A profile's files, and what is wrong with one of them.

use std::{borrow::Cow, fmt};

/// What is wrong with a profile, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileError {
    /// File name within the profile.
    pub file: String,
    /// Line, counted from one, where it is known.
    pub line: Option<usize>,
    /// What was expected.
    pub expected: String,
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(
                f,
                "district profile, {}:{line}: {}",
                self.file, self.expected
            ),
            None => write!(f, "district profile, {}: {}", self.file, self.expected),
        }
    }
}

impl std::error::Error for ProfileError {}

pub(super) fn error(file: &str, line: Option<usize>, expected: impl Into<String>) -> ProfileError {
    ProfileError {
        file: file.to_owned(),
        line,
        expected: expected.into(),
    }
}

/// Where the files are.
pub(super) trait Files {
    fn read(&self, file: &str) -> Option<Result<Cow<'static, str>, std::io::Error>>;
}

pub(super) fn text(files: &dyn Files, file: &str) -> Result<Cow<'static, str>, ProfileError> {
    match files.read(file) {
        Some(Ok(text)) => Ok(text),
        Some(Err(e)) => Err(error(
            file,
            None,
            format!("expected a readable UTF-8 file: {e}"),
        )),
        None => Err(error(
            file,
            None,
            "expected this file in the profile's folder",
        )),
    }
}

/// The line, counted from one, on which a byte stands.
pub(super) fn line_at(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|b| *b == b'\n').count()
}

/// The first line that has `landmark` on it.
pub(super) fn line_of(text: &str, landmark: &str) -> Option<usize> {
    text.find(landmark).map(|offset| line_at(text, offset))
}
