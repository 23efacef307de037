//! A picture's hash in pieces, so that pictures that differ little are found by key.
//!
//! A hash of 256 bits stands in the index as 16 bands of 16 bits. Two hashes that differ in at most
//! 31 bits have a band in which they differ in one at most, so the bands themselves and their
//! neighbours of one bit find every one of them.

use std::collections::BTreeSet;

use crate::photo::PerceptualHash;

/// Bits of a band.
const BAND_BITS: u32 = 16;

fn key(band: i32, bits: u16) -> i32 {
    (band << BAND_BITS) | i32::from(bits)
}

/// The keys a hash is filed under.
pub(super) fn keys_of(hash: &PerceptualHash) -> impl Iterator<Item = i32> {
    (0..).zip(hash.bands()).map(|(band, bits)| key(band, bits))
}

/// The keys under which every hash within reach of this one, or of its mirror images, has a row.
pub(super) fn keys_near(hash: &PerceptualHash) -> BTreeSet<i32> {
    let bands = hash
        .turned()
        .into_iter()
        .flat_map(|turned| (0..).zip(turned.bands()));
    bands
        .flat_map(|(band, bits)| {
            let neighbours = (0..BAND_BITS).map(move |bit| bits ^ (1 << bit));
            neighbours.chain([bits]).map(move |bits| key(band, bits))
        })
        .collect()
}
