//! The directories of a block of EXIF, looked at before a reader is: how many entries they hold,
//! and where their pointers lead.
//!
//! A pointer may lead back to where it came from, into a maker's data or nowhere; directories that
//! overlap can be made to hold millions of entries in a few kilobytes. What is sound is written
//! anew behind the block, so that a reader meets each directory once and nothing else.

/// Entries in all directories at most; phones write some eighty.
const MAX_ENTRIES: usize = 2_000;

const ENTRY: usize = 12;

const SHORT: u16 = 3;
const LONG: u16 = 4;
const SIGNED_LONG: u16 = 9;
/// The type that is a pointer's own, though few write it.
const IFD: u16 = 13;

/// Bytes of a value of each type, by the type's number.
const VALUE_BYTES: [usize; 14] = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4];

/// A block whose directories are sound.
#[derive(Debug)]
pub(super) struct Tidied {
    pub(super) block: Vec<u8>,
    /// Whether something in it leads nowhere and was left out.
    pub(super) left_out: bool,
}

/// Which directory it is, for what its pointers may lead to.
#[derive(Debug, Clone, Copy)]
enum Place {
    Main,
    Exif,
    Leaf,
}

impl Place {
    /// Where the pointer of a tag leads.
    const fn behind(self, tag: u16) -> Option<Self> {
        match (self, tag) {
            (Self::Main, 0x8769) => Some(Self::Exif),
            (Self::Main, 0x8825) | (Self::Exif, 0xa005) => Some(Self::Leaf),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct Directory {
    entries: Vec<[u8; ENTRY]>,
    /// What hangs on an entry, by the entry's number.
    below: Vec<(usize, Directory)>,
}

/// Walks a block from its header.
struct Walk<'a> {
    block: &'a [u8],
    little: bool,
    left: usize,
    seen: Vec<usize>,
    left_out: bool,
}

/// A block with its sound directories written anew behind it; `None` when it has not even one.
pub(super) fn tidied(block: &[u8]) -> Option<Tidied> {
    let mut walk = Walk {
        block,
        little: block.starts_with(b"II"),
        left: MAX_ENTRIES,
        seen: Vec::new(),
        left_out: false,
    };
    let first = walk.long(4)?;
    let main = walk.directory(first, Place::Main)?;
    walk.look_at_next(first);
    let mut out = block.to_vec();
    let at = walk.bytes_of(u32::try_from(out.len()).ok()?);
    out.get_mut(4..8)?.copy_from_slice(&at);
    walk.write(&main, &mut out)?;
    Some(Tidied {
        block: out,
        left_out: walk.left_out,
    })
}

impl Walk<'_> {
    fn short(&self, at: usize) -> Option<u16> {
        let bytes = <[u8; 2]>::try_from(self.block.get(at..at.checked_add(2)?)?).ok()?;
        Some(if self.little {
            u16::from_le_bytes(bytes)
        } else {
            u16::from_be_bytes(bytes)
        })
    }

    fn long(&self, at: usize) -> Option<usize> {
        let bytes = <[u8; 4]>::try_from(self.block.get(at..at.checked_add(4)?)?).ok()?;
        let number = if self.little {
            u32::from_le_bytes(bytes)
        } else {
            u32::from_be_bytes(bytes)
        };
        usize::try_from(number).ok()
    }

    fn bytes_of(&self, number: u32) -> [u8; 4] {
        if self.little {
            number.to_le_bytes()
        } else {
            number.to_be_bytes()
        }
    }

    /// A directory and what hangs on it; `None` when there is none, it was there already, or it
    /// holds more entries than are left to look at.
    fn directory(&mut self, at: usize, place: Place) -> Option<Directory> {
        let count = usize::from(self.short(at)?);
        let held = count.min((self.block.len() - at - 2) / ENTRY);
        if self.seen.contains(&at) || held > self.left {
            return None;
        }
        self.seen.push(at);
        self.left -= held;
        self.left_out |= held < count;
        let mut directory = Directory {
            entries: Vec::with_capacity(held),
            below: Vec::new(),
        };
        for entry in (0..held).map(|n| at + 2 + ENTRY * n) {
            let below = self.short(entry).and_then(|tag| place.behind(tag));
            if let Some(place) = below {
                let found = self.pointer(entry).and_then(|to| self.directory(to, place));
                let Some(found) = found else {
                    self.left_out = true;
                    continue;
                };
                directory.below.push((directory.entries.len(), found));
            }
            let bytes = self.block.get(entry..entry + ENTRY)?;
            directory.entries.push(bytes.try_into().ok()?);
        }
        Some(directory)
    }

    /// Where an entry that is a pointer leads.
    fn pointer(&self, entry: usize) -> Option<usize> {
        match (self.short(entry + 2)?, self.long(entry + 4)?) {
            (LONG | SIGNED_LONG | IFD, 1) => self.long(entry + 8),
            (SHORT, 1) => self.short(entry + 8).map(usize::from),
            _ => None,
        }
    }

    /// Whether the pointer to a next directory leads to one. Nothing is read there, it is the
    /// thumbnail's; but a pointer into nothing is said. Web uploaders leave the pointer itself
    /// out, and a value stands in its place.
    fn look_at_next(&mut self, at: usize) {
        let count = usize::from(self.short(at).unwrap_or(0));
        let pointer = at + 2 + ENTRY * count;
        let is_value = (0..count).any(|n| self.value_covers(at + 2 + ENTRY * n, pointer));
        let next = self.long(pointer).filter(|next| *next != 0 && !is_value);
        if let Some(next) = next {
            let count = self.short(next).map(usize::from);
            let is_held = count.is_some_and(|n| next + 2 + ENTRY * n <= self.block.len());
            self.left_out |= !is_held || self.seen.contains(&next);
        }
    }

    /// Whether the value of an entry stands where a pointer would.
    fn value_covers(&self, entry: usize, pointer: usize) -> bool {
        let (Some(kind), Some(count)) = (self.short(entry + 2), self.long(entry + 4)) else {
            return false;
        };
        let unit = VALUE_BYTES.get(usize::from(kind)).copied().unwrap_or(0);
        let bytes = unit.saturating_mul(count);
        let from = self.long(entry + 8).filter(|_| bytes > 4);
        from.is_some_and(|from| from < pointer + 4 && from.saturating_add(bytes) > pointer)
    }

    fn write(&self, directory: &Directory, out: &mut Vec<u8>) -> Option<()> {
        let at = out.len();
        let count = u16::try_from(directory.entries.len()).ok()?;
        out.extend(if self.little {
            count.to_le_bytes()
        } else {
            count.to_be_bytes()
        });
        out.extend(directory.entries.iter().flatten());
        // No next one.
        out.extend([0; 4]);
        for (entry, below) in &directory.below {
            let to = self.bytes_of(u32::try_from(out.len()).ok()?);
            let entry = at + 2 + ENTRY * entry;
            let long = if self.little {
                LONG.to_le_bytes()
            } else {
                LONG.to_be_bytes()
            };
            out.get_mut(entry + 2..entry + 4)?.copy_from_slice(&long);
            out.get_mut(entry + 8..entry + 12)?.copy_from_slice(&to);
            self.write(below, out)?;
        }
        Some(())
    }
}
