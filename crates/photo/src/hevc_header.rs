//! The header of an HEVC picture (its sequence parameter set), as far as it says how much there is
//! to decode and what the samples mean.
//!
//! A HEIC may say in its catalogue how its samples become colours. Most phones say it in this
//! header alone, at its end, and write a colour profile beside it.

use heic_rs::{MatrixCoefficients, Nclx, Range};

/// The matrix that nobody named: HEIF's default, and what other readers take.
const USUAL_MATRIX: u16 = 6;

/// What a number says that is not specified.
const UNSPECIFIED: u32 = 2;

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Samples of brightness and of colour, those that are cut off after decoding included.
    pub(super) samples: u64,
    /// What the samples mean.
    pub(super) colours: Nclx,
}

/// Reads a header; `None` when it is none.
pub(super) fn read(unit: &[u8]) -> Option<Header> {
    let mut bits = Bits::of(unit);
    bits.skip(4)?;
    let layers = bits.number(3)?;
    bits.skip(1)?;
    pass_profile(&mut bits, layers)?;
    bits.code()?;
    let chroma = bits.code()?;
    if chroma == 3 {
        bits.skip(1)?;
    }
    let (width, height) = (bits.code()?, bits.code()?);
    let area = u64::from(width) * u64::from(height);
    let samples = match chroma {
        0 => area,
        1 => area * 3 / 2,
        2 => area * 2,
        _ => area * 3,
    };
    // What is cut off at the four sides; then the depths.
    if bits.flag()? {
        bits.codes(4)?;
    }
    bits.codes(2)?;
    let order_bits = bits.code()?.checked_add(4).filter(|n| *n <= 16)?;
    let layered = if bits.flag()? { layers + 1 } else { 1 };
    bits.codes(3 * layered)?;
    // Sizes of blocks and of transforms.
    bits.codes(6)?;
    if bits.flag()? && bits.flag()? {
        pass_scaling(&mut bits)?;
    }
    bits.skip(2)?;
    if bits.flag()? {
        bits.skip(8)?;
        bits.codes(2)?;
        bits.skip(1)?;
    }
    pass_references(&mut bits)?;
    if bits.flag()? {
        let long_term = bits.code()?;
        for _ in 0..long_term {
            bits.skip(order_bits + 1)?;
        }
    }
    bits.skip(2)?;
    let colours = if bits.flag()? {
        usability(&mut bits)?
    } else {
        colours_of(false, [UNSPECIFIED; 3])?
    };
    Some(Header { samples, colours })
}

/// The first part of the usability information.
fn usability(bits: &mut Bits) -> Option<Nclx> {
    const OWN_SHAPE: u32 = 255;
    if bits.flag()? && bits.number(8)? == OWN_SHAPE {
        bits.skip(32)?;
    }
    if bits.flag()? {
        bits.skip(1)?;
    }
    if !bits.flag()? {
        return colours_of(false, [UNSPECIFIED; 3]);
    }
    bits.skip(3)?;
    let full = bits.flag()?;
    if !bits.flag()? {
        return colours_of(full, [UNSPECIFIED; 3]);
    }
    let numbers = [bits.number(8)?, bits.number(8)?, bits.number(8)?];
    colours_of(full, numbers)
}

fn colours_of(full: bool, numbers: [u32; 3]) -> Option<Nclx> {
    let [primaries, transfer, matrix] = numbers.map(|n| u16::try_from(n).unwrap_or(0));
    Some(Nclx {
        primaries,
        transfer,
        matrix: MatrixCoefficients::from_code(matrix),
        matrix_code: matrix,
        range: if full { Range::Full } else { Range::Limited },
    })
}

/// The same with a matrix that samples can be converted with; `None` when there is none here.
pub(super) fn convertible(colours: Nclx) -> Option<Nclx> {
    let matrix = match colours.matrix {
        MatrixCoefficients::Unspecified => MatrixCoefficients::from_code(USUAL_MATRIX),
        MatrixCoefficients::Identity
        | MatrixCoefficients::Bt709
        | MatrixCoefficients::Bt601
        | MatrixCoefficients::Smpte240m
        | MatrixCoefficients::Bt2020Ncl => colours.matrix,
        _ => return None,
    };
    Some(Nclx { matrix, ..colours })
}

fn pass_profile(bits: &mut Bits, layers: u32) -> Option<()> {
    const PROFILE: u32 = 88;
    const LEVEL: u32 = 8;
    bits.skip(PROFILE + LEVEL)?;
    let mut present = Vec::new();
    for _ in 0..layers {
        present.push((bits.flag()?, bits.flag()?));
    }
    if layers > 0 {
        bits.skip(2 * 8u32.checked_sub(layers)?)?;
    }
    for (profile, level) in present {
        bits.skip(if profile { PROFILE } else { 0 })?;
        bits.skip(if level { LEVEL } else { 0 })?;
    }
    Some(())
}

fn pass_scaling(bits: &mut Bits) -> Option<()> {
    for size in 0..4u32 {
        for _ in 0..if size == 3 { 2 } else { 6 } {
            if bits.flag()? {
                let coefficients = 64.min(1 << (4 + 2 * size));
                bits.codes(coefficients + u32::from(size > 1))?;
            } else {
                bits.code()?;
            }
        }
    }
    Some(())
}

/// Sets of pictures that a film's next picture would refer to.
fn pass_references(bits: &mut Bits) -> Option<()> {
    const MOST_SETS: u32 = 64;
    const MOST_PICTURES: u32 = 16;
    let sets = bits.code()?;
    if sets > MOST_SETS {
        return None;
    }
    let mut pictures = 0;
    for set in 0..sets {
        if set > 0 && bits.flag()? {
            bits.skip(1)?;
            bits.code()?;
            let mut kept = 0;
            for _ in 0..=pictures {
                let is_kept = bits.flag()? || bits.flag()?;
                kept += u32::from(is_kept);
            }
            pictures = kept;
        } else {
            pictures = bits.code()?.checked_add(bits.code()?)?;
            if pictures > MOST_PICTURES {
                return None;
            }
            for _ in 0..pictures {
                bits.code()?;
                bits.skip(1)?;
            }
        }
    }
    Some(())
}

/// Reads along the bits of a unit.
struct Bits {
    bytes: Vec<u8>,
    at: usize,
}

impl Bits {
    /// Of a unit without its two bytes of name, and without the threes that keep its bytes from
    /// looking like the beginning of another.
    fn of(unit: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(unit.len());
        let mut zeros = 0;
        for byte in unit.iter().skip(2).copied() {
            if zeros >= 2 && byte == 3 {
                zeros = 0;
                continue;
            }
            zeros = if byte == 0 { zeros + 1 } else { 0 };
            bytes.push(byte);
        }
        Self { bytes, at: 0 }
    }

    fn flag(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit == 1)
    }

    fn number(&mut self, bits: u32) -> Option<u32> {
        let mut number = 0;
        for _ in 0..bits {
            number = number << 1 | u32::from(self.flag()?);
        }
        Some(number)
    }

    fn skip(&mut self, bits: u32) -> Option<()> {
        self.at = self.at.checked_add(usize::try_from(bits).ok()?)?;
        (self.at <= self.bytes.len() * 8).then_some(())
    }

    /// A number as long as it needs to be: so many zeros in front as it has bits less one.
    fn code(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
        }
        if zeros > 31 {
            return None;
        }
        let rest = self.number(zeros)?;
        ((1u32 << zeros) - 1).checked_add(rest)
    }

    fn codes(&mut self, count: u32) -> Option<()> {
        for _ in 0..count {
            self.code()?;
        }
        Some(())
    }
}
