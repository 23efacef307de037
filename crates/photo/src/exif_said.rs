//! What a field of EXIF says, and whether something stands there that cannot be read.

use exif::{Exif, Field, In, Tag, Value};

/// What is said in some place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<T> {
    pub(super) value: Option<T>,
    /// Whether something stands there that cannot be read.
    pub(super) unsound: bool,
}

impl<T> Said<T> {
    pub(super) const fn nothing() -> Self {
        Self {
            value: None,
            unsound: false,
        }
    }

    pub(super) const fn unsound() -> Self {
        Self {
            value: None,
            unsound: true,
        }
    }

    pub(super) const fn of(value: T) -> Self {
        Self {
            value: Some(value),
            unsound: false,
        }
    }

    /// The same, and perhaps something beside it that cannot be read.
    pub(super) fn also(self, unsound: bool) -> Self {
        Self {
            unsound: self.unsound || unsound,
            ..self
        }
    }
}

/// The letters of a value, if it is of any; a text may have several parts.
pub(super) fn bytes_of(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Ascii(parts) => Some(parts.join(&b' ')),
        Value::Undefined(bytes, _) | Value::Byte(bytes) => Some(bytes.clone()),
        _ => None,
    }
}

/// What is written in a field, in one line.
pub(super) fn words(exif: &Exif, tag: Tag) -> Said<String> {
    let Some(Field { value, .. }) = exif.get_field(tag, In::PRIMARY) else {
        return Said::nothing();
    };
    let Some(bytes) = bytes_of(value) else {
        return Said::unsound();
    };
    let text: String = String::from_utf8_lossy(&bytes)
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control())
        .collect();
    match text.trim() {
        "" => Said::nothing(),
        text => Said::of(text.to_owned()),
    }
}
