//! JSON as its sender meant it: parsed once, brought to one form, and read from there.
//!
//! The form is that of RFC 8785 (canonical JSON) as far as meaning goes: names sorted, numbers by
//! their value, text by its letters, whatever the spelling. Beyond it, what says nothing is left
//! out: for a field that may be absent, `null` and the empty text, list and object are absence, and
//! so is an object of nothing else. Where `null` says something, in a `PATCH`, it stays, and the empty
//! text and an object of such fields are `null`; an object without fields changes none.
//! What tells of a position (its datum, its accuracy) says nothing where there is none.

use std::{borrow::Cow, fmt};

use serde::de::{
    Deserialize, DeserializeOwned, Deserializer, Error as _, MapAccess, SeqAccess, Unexpected,
    Visitor,
    value::{BorrowedStrDeserializer, MapAccessDeserializer, MapDeserializer, SeqDeserializer},
};
use serde_json::{Error, Map, Number, Value};
use serde_path_to_error::Track;
use sha2::{Digest, Sha256};

/// What `null` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Null {
    /// The same as no field at all.
    IsAbsence,
    /// That the field is to be cleared.
    Clears,
}

/// The fields of a position.
const POSITION: [&str; 2] = ["lon", "lat"];

/// The fields that tell of a position, and nothing without it.
const OF_A_POSITION: [&str; 2] = ["datum", "accuracy_m"];

/// What UTF-8 texts of some editors and platforms open with.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What is wrong with a body, and where.
pub(super) type Misread = serde_path_to_error::Error<Error>;

/// Parses a body.
///
/// # Errors
/// When it is not JSON, or names a field twice.
pub(super) fn parse(bytes: &[u8], null: Null) -> Result<Value, Misread> {
    let bytes = whole_letters(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes));
    let mut json = serde_json::Deserializer::from_slice(&bytes);
    let mut track = Track::new();
    let read = Once::deserialize(serde_path_to_error::Deserializer::new(
        &mut json, &mut track,
    ));
    let whole = read.and_then(|read| json.end().map(|()| read));
    let Once(mut value) = whole.map_err(|e| Misread::new(track.path(), e))?;
    settle(&mut value, null);
    Ok(value)
}

/// The body without halves of letters: a program that cuts a text after so many UTF-16 units leaves
/// half of an emoji, `\ud83d`. Where one was, nobody knows what it said: U+FFFD.
fn whole_letters(bytes: &[u8]) -> Cow<'_, [u8]> {
    const HALF: &[u8] = b"\\u";
    const UNKNOWN: &[u8] = b"fffd";
    /// Bytes of an escape such as `\ud83d`.
    const LENGTH: usize = 6;
    let unit = |at: usize| {
        let digits = bytes.get(at..at + LENGTH)?.strip_prefix(HALF)?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut mended = Cow::Borrowed(bytes);
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr(b'\\', rest)) {
        at += found;
        at += match (unit(at), unit(at + LENGTH)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 2 * LENGTH,
            (Some(0xd800..=0xdfff), _) => {
                if let Some(digits) = mended.to_mut().get_mut(at + HALF.len()..at + LENGTH) {
                    digits.copy_from_slice(UNKNOWN);
                }
                LENGTH
            }
            // The letter behind a backslash is escaped, be it a backslash.
            _ => 2,
        };
    }
    mended
}

/// The fingerprint of what a body means.
pub(super) fn fingerprint(value: &Value, null: Null) -> [u8; 32] {
    let mut meant = value.clone();
    leave_out_empty(&mut meant, null);
    Sha256::digest(meant.to_string()).into()
}

/// Reads a value of a type from a parsed body.
///
/// # Errors
/// When it is not of this shape.
pub(super) fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Misread> {
    serde_path_to_error::deserialize(Node(value))
}

/// Brings numbers to one form, and leaves out fields that are absent whatever their type: those of
/// `null` where that is absence, objects without fields where it is not, what tells of no position.
fn settle(value: &mut Value, null: Null) {
    match value {
        Value::Number(number) => {
            if let Some(whole) = whole(number) {
                *number = whole;
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| settle(inner, null)),
        Value::Object(fields) => {
            match null {
                Null::IsAbsence => fields.retain(|_, inner| !inner.is_null()),
                Null::Clears => fields.retain(|_, inner| *inner != Value::Object(Map::new())),
            }
            if is_without_position(fields, null) {
                fields.retain(|name, _| !OF_A_POSITION.contains(&name.as_str()));
            }
            fields.values_mut().for_each(|inner| settle(inner, null));
        }
        _ => {}
    }
}

/// Whether a position's fields are absent. Where absence keeps what is there, they must be cleared.
fn is_without_position(fields: &Map<String, Value>, null: Null) -> bool {
    POSITION.iter().all(|name| match fields.get(*name) {
        Some(value) => says_nothing(value),
        None => null == Null::IsAbsence,
    })
}

/// Whether a value is `null`, empty, or an object of nothing else.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(fields) => fields.values().all(says_nothing),
        _ => false,
    }
}

/// The whole number that a fractional spelling such as `1.0` or `1e2` stands for. Beyond 2^53 a
/// fractional number no longer tells neighbours apart and stays what it is.
fn whole(number: &Number) -> Option<Number> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.is_i64() || number.is_u64() {
        return None;
    }
    let value = number.as_f64()?;
    (value.fract() == 0.0 && value.abs() <= EXACT).then(|| Number::from(value as i64))
}

/// What is empty, or became so, is what `null` is: left out, or `null` where it is a text or an
/// object.
fn leave_out_empty(value: &mut Value, null: Null) {
    let is_empty = |inner: &Value| match inner {
        Value::String(text) => text.is_empty(),
        Value::Array(list) => null == Null::IsAbsence && list.is_empty(),
        Value::Object(_) => says_nothing(inner),
        _ => false,
    };
    match value {
        Value::Array(list) => list
            .iter_mut()
            .for_each(|inner| leave_out_empty(inner, null)),
        Value::Object(fields) => {
            fields
                .values_mut()
                .for_each(|inner| leave_out_empty(inner, null));
            match null {
                Null::IsAbsence => fields.retain(|_, inner| !is_empty(inner)),
                Null::Clears => {
                    let empty = fields.values_mut().filter(|inner| is_empty(inner));
                    empty.for_each(|inner| *inner = Value::Null);
                }
            }
        }
        _ => {}
    }
}

/// A value none of whose objects names a field twice: which of the two counts would be a guess.
struct Once(Value);

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OnceVisitor).map(Self)
    }
}

struct OnceVisitor;

impl<'de> Visitor<'de> for OnceVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Once(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Once(value))) = fields.next_entry::<String, Once>()? {
            if map.contains_key(&name) {
                return Err(A::Error::custom(format!("duplicate field `{name}`")));
            }
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

/// A value that is read with two rules of ours. An object is an object: the derived code would
/// take a list of values in the fields' order for a struct, and a client that sends
/// `[119.3, 26.1, "WGS84"]` for a position meant something else. And an empty text is nothing,
/// where nothing may be: no value, no list, not so; neither is an object that says nothing a value.
#[derive(Clone, Copy)]
struct Node<'a>(&'a Value);

impl<'de> serde::de::IntoDeserializer<'de, Error> for Node<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl Node<'_> {
    fn is_empty_text(self) -> bool {
        self.0.as_str().is_some_and(str::is_empty)
    }

    fn unexpected(&self) -> Unexpected<'_> {
        match self.0 {
            Value::Null => Unexpected::Unit,
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(number) => number
                .as_i64()
                .map(Unexpected::Signed)
                .or_else(|| number.as_u64().map(Unexpected::Unsigned))
                .unwrap_or(Unexpected::Float(number.as_f64().unwrap_or(f64::NAN))),
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Seq,
            Value::Object(_) => Unexpected::Map,
        }
    }
}

fn fields<'de>(
    map: &'de Map<String, Value>,
) -> MapDeserializer<'de, impl Iterator<Item = (BorrowedStr<'de>, Node<'de>)>, Error> {
    MapDeserializer::new(
        map.iter()
            .map(|(name, value)| (BorrowedStr(name), Node(value))),
    )
}

/// A field's name.
struct BorrowedStr<'a>(&'a str);

impl<'de> serde::de::IntoDeserializer<'de, Error> for BorrowedStr<'de> {
    type Deserializer = BorrowedStrDeserializer<'de, Error>;

    fn into_deserializer(self) -> Self::Deserializer {
        BorrowedStrDeserializer::new(self.0)
    }
}

impl<'de> Deserializer<'de> for Node<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(list) => {
                let mut items = SeqDeserializer::new(list.iter().map(Node));
                let value = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(value)
            }
            Value::Object(map) => {
                let mut fields = fields(map);
                let value = visitor.visit_map(&mut fields)?;
                fields.end()?;
                Ok(value)
            }
            Value::String(text) => visitor.visit_borrowed_str(text),
            simple => simple.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            Value::Object(_) if says_nothing(self.0) => visitor.visit_none(),
            _ if self.is_empty_text() => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_empty_text() {
            let none = std::iter::empty::<Self>();
            return visitor.visit_seq(SeqDeserializer::new(none));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.is_empty_text() {
            return visitor.visit_bool(false);
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Object(_) => self.deserialize_any(visitor),
            _ => Err(Error::invalid_type(self.unexpected(), &"an object")),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::String(text) => {
                BorrowedStrDeserializer::new(text).deserialize_enum(name, variants, visitor)
            }
            Value::Object(map) => {
                MapAccessDeserializer::new(fields(map)).deserialize_enum(name, variants, visitor)
            }
            _ => Err(Error::invalid_type(self.unexpected(), &"a text")),
        }
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct tuple tuple_struct map identifier ignored_any
    }
}

#[cfg(test)]
#[path = "objects_tests.rs"]
mod tests;
