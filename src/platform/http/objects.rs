//! JSON as its sender meant it: parsed once, brought to one form, and read from there.
//!
//! The form is that of RFC 8785 (canonical JSON) as far as meaning goes: names sorted, numbers by
//! their value, text by its letters, whatever the spelling. Beyond it, what says nothing is left
//! out: for a field that may be absent, `null` and the empty text, list and object are absence. Where
//! `null` says something, in a `PATCH`, it stays, and the empty text is `null`.

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

/// Brings numbers to one form, and leaves fields of `null` out where that is absence.
fn settle(value: &mut Value, null: Null) {
    match value {
        Value::Number(number) => {
            if let Some(whole) = whole(number) {
                *number = whole;
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| settle(inner, null)),
        Value::Object(fields) => {
            if null == Null::IsAbsence {
                fields.retain(|_, inner| !inner.is_null());
            }
            fields.values_mut().for_each(|inner| settle(inner, null));
        }
        _ => {}
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

/// What is empty, or became so, is what `null` is: left out, or `null` where it is a text.
fn leave_out_empty(value: &mut Value, null: Null) {
    let is_empty = |inner: &Value| match inner {
        Value::String(text) => text.is_empty(),
        Value::Array(list) => null == Null::IsAbsence && list.is_empty(),
        Value::Object(fields) => null == Null::IsAbsence && fields.is_empty(),
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
/// where nothing may be: no value, no list, not so.
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
mod tests {
    use super::*;

    fn of(text: &str, null: Null) -> [u8; 32] {
        fingerprint(&parse(text.as_bytes(), null).unwrap(), null)
    }

    /// JSON and headers: a fingerprint is of what is meant.
    #[test]
    fn spellings_of_one_meaning_have_one_fingerprint() {
        let first = "{\"a\":1,\"b\":{\"c\":\"油烟\",\"d\":[1,2.5]}}";
        for same in [
            " {\n\t\"b\": {\"d\": [1.0, 25e-1], \"c\": \"\\u6cb9\\u70df\"}, \"a\": 1e0}\n",
            "\u{FEFF}{\"a\":1,\"b\":{\"c\":\"油烟\",\"d\":[1,2.5]}}",
            "{\"a\":1,\"b\":{\"c\":\"油烟\",\"d\":[1,2.50],\"e\":null},\"f\":null}",
            "{\"a\":1.000,\"b\":{\"c\":\"油烟\",\"d\":[1,2.5],\"e\":\"\"}}",
            "{\"a\":1,\"b\":{\"c\":\"油烟\",\"d\":[1,2.5],\"e\":[]},\"f\":{}}",
            "{\"a\":1,\"b\":{\"c\":\"油烟\",\"d\":[1,2.5]},\"f\":{\"g\":null,\"h\":\"\",\"i\":{\"j\":[]}}}",
        ] {
            assert_eq!(
                of(first, Null::IsAbsence),
                of(same, Null::IsAbsence),
                "{same}"
            );
        }
        for other in [
            "{\"a\":2,\"b\":{\"c\":\"油烟\",\"d\":[1,2.5]}}",
            "{\"a\":1,\"b\":{\"c\":\"油烟\",\"d\":[2.5,1]}}",
            "{\"a\":\"1\",\"b\":{\"c\":\"油烟\",\"d\":[1,2.5]}}",
            "{\"a\":1,\"b\":{\"c\":\"油烟 \",\"d\":[1,2.5]}}",
            "{\"a\":1,\"b\":{\"c\":\"油烟\",\"d\":[1,2.5]},\"f\":false}",
            "{\"a\":1,\"b\":{\"c\":\"油烟\",\"d\":[1,2.5,\"\"]}}",
        ] {
            assert_ne!(
                of(first, Null::IsAbsence),
                of(other, Null::IsAbsence),
                "{other}"
            );
        }
        let numbers = |text: &str| of(text, Null::IsAbsence);
        assert_eq!(numbers("{\"a\":-0.0}"), numbers("{\"a\":0}"));
        assert_eq!(numbers("{\"a\":0.1}"), numbers("{\"a\":1e-1}"));
        assert_ne!(
            numbers("{\"a\":9007199254740993}"),
            numbers("{\"a\":9007199254740992}")
        );
    }

    /// In a `PATCH` the three are told apart: absent, cleared, set.
    #[test]
    fn where_null_clears_it_is_no_absence() {
        let patch = |text: &str| of(text, Null::Clears);
        assert_ne!(patch("{\"a\":null}"), patch("{}"));
        assert_eq!(patch("{\"a\":null}"), patch("{\"a\":\"\"}"));
    }

    #[test]
    fn what_names_a_field_twice_is_not_read() {
        for text in ["{\"a\":1,\"a\":1}", "{\"a\":{\"b\":1,\"\\u0062\":2}}"] {
            let error = parse(text.as_bytes(), Null::IsAbsence).unwrap_err();
            assert!(
                error.inner().to_string().starts_with("duplicate field"),
                "{error}"
            );
        }
    }

    #[test]
    fn half_a_letter_costs_itself_alone() {
        let read =
            |text: &str| parse(format!("{{\"a\":\"{text}\"}}").as_bytes(), Null::IsAbsence).ok();
        for (sent, meant) in [
            ("x\\ud83d y", "x\u{fffd} y"),
            ("\\uDC00", "\u{fffd}"),
            ("\\ud83d\\ud83d\\udcf7", "\u{fffd}📷"),
            ("\\ud83d\\n", "\u{fffd}\n"),
            ("\\uD83D\\uDCF7", "📷"),
            ("\\\\ud83d", "\\ud83d"),
            ("\\u6cb9", "油"),
        ] {
            let value = read(sent).unwrap();
            assert_eq!(value["a"], meant, "{sent}");
        }
        for wrong in ["\\ud8", "\\ud83", "\\", "\\x"] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn an_empty_text_is_nothing_where_nothing_may_be() {
        #[derive(serde::Deserialize, Debug, PartialEq)]
        struct Form {
            must: String,
            may: Option<String>,
            count: Option<u8>,
            #[serde(default)]
            list: Vec<Option<u8>>,
            #[serde(default)]
            others: Vec<String>,
            #[serde(default)]
            is_so: bool,
        }
        let text = "{\"must\":\"\",\"may\":\"\",\"count\":\"\",\"list\":[1.0,\"\",null],\
                    \"others\":\"\",\"is_so\":\"\"}";
        let value = parse(text.as_bytes(), Null::IsAbsence).unwrap();
        let expected = Form {
            must: String::new(),
            may: None,
            count: None,
            list: vec![Some(1), None, None],
            others: Vec::new(),
            is_so: false,
        };
        assert_eq!(read::<Form>(&value).unwrap(), expected);
        let list = parse(b"{\"must\":\"x\",\"list\":null}", Null::IsAbsence).unwrap();
        assert_eq!(read::<Form>(&list).unwrap().list, []);
    }
}
