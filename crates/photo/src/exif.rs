//! What a photo tells about itself. What is unsound in it tells nothing and breaks nothing: the
//! rest still counts, and it is said that something was left out.

use std::borrow::Cow;

use chrono::{DateTime, Datelike as _, FixedOffset, NaiveDateTime, Utc};
use exif::{Error, Exif, In, Reader, Tag, Value};

use super::Facts;
use super::{
    exif_directories, exif_place,
    exif_said::{Said, words},
    exif_time::{self, Clock},
};

/// Bytes of EXIF at most: no phone can write more, since a segment of a JPEG holds no more.
const MAX_BYTES: usize = 64 * 1024;

/// Blocks of EXIF that are tried at most.
const MAX_BLOCKS: usize = 4;

/// Letters of a device's name at most.
const DEVICE_LETTERS: usize = 64;

/// Years a camera may write.
const DIGITAL_YEARS: std::ops::RangeInclusive<i32> = 1990..=2200;

/// When a photo was taken, by whom the file has it: the clock and the offset that goes with it.
const CLOCKS: [(Tag, Tag); 3] = [
    (Tag::DateTimeOriginal, Tag::OffsetTimeOriginal),
    (Tag::DateTimeDigitized, Tag::OffsetTimeDigitized),
    (Tag::DateTime, Tag::OffsetTime),
];

/// What the blocks of EXIF tell.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) facts: Facts,
    /// Whether something in them is unsound.
    pub(super) unsound: bool,
    /// Whether they say that the colours are Adobe RGB's.
    pub(super) adobe_rgb: bool,
}

/// The blocks of EXIF a file holds, as they come. Programs put one in front of another that is
/// empty or broken, or write what they have to add into one of its own.
#[derive(Debug, Default)]
pub(super) struct Blocks<'a> {
    blocks: Vec<Cow<'a, [u8]>>,
    lacks_some: bool,
}

impl<'a> Blocks<'a> {
    /// Adds a block, with or without its name in front. Its beginning is all that is looked at.
    pub(super) fn add(&mut self, block: impl Into<Cow<'a, [u8]>>) {
        if !self.has_room() {
            return;
        }
        self.blocks.push(match block.into() {
            Cow::Borrowed(block) => Cow::Borrowed(block.get(..MAX_BYTES).unwrap_or(block)),
            Cow::Owned(mut block) => {
                block.truncate(MAX_BYTES);
                Cow::Owned(block)
            }
        });
    }

    /// The file says that it tells something, and it does not.
    pub(super) fn lacks_some(&mut self) {
        self.lacks_some = true;
    }

    /// Whether another block would be tried.
    pub(super) fn has_room(&self) -> bool {
        self.blocks.len() < MAX_BLOCKS
    }

    /// What the blocks tell together: each fact from the first of them that has it.
    pub(super) fn told(&self) -> Told {
        let mut all = All {
            read: Vec::new(),
            unsound: self.lacks_some,
        };
        let blocks = self.blocks.iter().map(|block| without_name(block));
        for block in blocks.filter(|block| !block.is_empty()) {
            match read(block) {
                Some((exif, is_sound)) => {
                    all.read.push(exif);
                    all.unsound |= !is_sound;
                }
                None => all.unsound = true,
            }
        }
        let is_adobe =
            |exif: &Exif| text(exif, Tag::InteroperabilityIndex).as_deref() == Some("R03");
        Told {
            adobe_rgb: all.read.iter().any(is_adobe),
            facts: all.facts(),
            unsound: all.unsound,
        }
    }
}

/// A block's name, which stands in front of it.
const NAME: &[u8] = b"Exif";

/// Whether a block begins with its name.
pub(super) fn is_named(block: &[u8]) -> bool {
    let name = block.get(..NAME.len());
    name.is_some_and(|name| name.eq_ignore_ascii_case(NAME))
}

/// A block without its name and the zeros behind it: there should be two, and some write one.
fn without_name(block: &[u8]) -> &[u8] {
    let unnamed = if is_named(block) {
        block.get(NAME.len()..).unwrap_or_default()
    } else {
        block
    };
    let zeros = unnamed.iter().take_while(|b| **b == 0).count();
    unnamed.get(zeros..).unwrap_or_default()
}

/// Reads a block, and whether all of it is sound; `None` when nothing in it can be read.
fn read(block: &[u8]) -> Option<(Exif, bool)> {
    let tidied = exif_directories::tidied(block)?;
    let read = Reader::new().continue_on_error(true).read_raw(tidied.block);
    let (exif, errors) = match read {
        Ok(exif) => (exif, Vec::new()),
        Err(Error::PartialResult(partial)) => partial.into_inner(),
        Err(_) => return None,
    };
    exif.fields().next()?;
    Some((exif, !tidied.left_out && errors.is_empty()))
}

/// All blocks that can be read.
struct All {
    read: Vec<Exif>,
    unsound: bool,
}

impl All {
    /// What the first of the blocks says that says anything.
    fn first<T>(&mut self, said: impl Fn(&Exif) -> Said<T>) -> Option<T> {
        let mut found = None;
        for said in self.read.iter().map(said) {
            self.unsound |= said.unsound;
            found = found.or(said.value);
        }
        found
    }

    fn facts(&mut self) -> Facts {
        let clocks = CLOCKS.map(|(clock, offset)| self.first(|exif| clock_of(exif, clock, offset)));
        let clock = clocks.into_iter().flatten().next();
        // The offset of any of the clocks will do: it is one device, in one place.
        let offsets = CLOCKS.map(|(_, offset)| self.first(|exif| offset_of(exif, offset)));
        let any_offset = offsets.into_iter().flatten().next();
        let taken_at: Option<DateTime<Utc>> = clock.and_then(|(clock, beside)| {
            let offset = beside
                .or(clock.offset)
                .or(any_offset)
                .or_else(exif_time::shanghai)?;
            let at = clock.local.and_local_timezone(offset).single()?;
            Some(at.to_utc())
        });
        let device_clock: Option<NaiveDateTime> = clock.map(|(clock, _)| clock.local);
        Facts {
            taken_at,
            device_clock,
            gps: self.first(exif_place::gps),
            orientation: self.first(orientation),
            device: self.device(),
        }
    }

    fn device(&mut self) -> Option<String> {
        let mut name = |tag| {
            let name = self.first(|exif| match text(exif, tag) {
                Some(name) => Said::of(name),
                None => Said::nothing(),
            });
            name.unwrap_or_default()
        };
        let (make, model) = (name(Tag::Make), name(Tag::Model));
        let name = if model.starts_with(&make) {
            model
        } else {
            format!("{make} {model}")
        };
        let name: String = name.trim().chars().take(DEVICE_LETTERS).collect();
        Some(name).filter(|n| !n.is_empty())
    }
}

/// One of the clocks, and the offset beside it.
fn clock_of(exif: &Exif, clock: Tag, offset: Tag) -> Said<(Clock, Option<FixedOffset>)> {
    let written = words(exif, clock);
    let Some(text) = written.value else {
        return Said::nothing().also(written.unsound);
    };
    match exif_time::clock(&text) {
        // Devices that lost their clock write years before there were digital cameras; a year far
        // ahead was written to be read as news.
        Some(read) if DIGITAL_YEARS.contains(&read.local.year()) => {
            Said::of((read, offset_of(exif, offset).value)).also(read.is_odd)
        }
        Some(_) => Said::unsound(),
        None => Said::nothing().also(!exif_time::is_blank(&text)),
    }
}

fn offset_of(exif: &Exif, tag: Tag) -> Said<FixedOffset> {
    let written = words(exif, tag);
    let Some(text) = written.value else {
        return Said::nothing().also(written.unsound);
    };
    match exif_time::offset(&text) {
        Some(offset) => Said::of(offset),
        None => Said::nothing().also(!exif_time::is_blank(&text)),
    }
}

/// Which way up; a 0 says that nobody knows.
fn orientation(exif: &Exif) -> Said<u8> {
    let Some(field) = exif.get_field(Tag::Orientation, In::PRIMARY) else {
        return Said::nothing();
    };
    match field.value.get_uint(0).map(u8::try_from) {
        Some(Ok(0)) => Said::nothing(),
        Some(Ok(way @ 1..=8)) => Said::of(way),
        _ => Said::unsound(),
    }
}

fn text(exif: &Exif, tag: Tag) -> Option<String> {
    let bytes: &[u8] = match &exif.get_field(tag, In::PRIMARY)?.value {
        Value::Ascii(lines) => lines.first()?,
        Value::Undefined(bytes, _) | Value::Byte(bytes) => bytes,
        _ => return None,
    };
    let text: String = String::from_utf8_lossy(bytes)
        .chars()
        .filter(|c| !c.is_control())
        .collect();
    Some(text.trim().to_owned()).filter(|t| !t.is_empty())
}
