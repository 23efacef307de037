//! How blobs lie in the store: originals sealed in chunks, public copies with a checksum before
//! them. Either way a changed byte is noticed when it is read.

use dengwen_cipher::{Cipher, NONCE_BYTES, TAG_BYTES};
use rand::Rng;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use super::{SecretKey, random_key, secret_key};
use crate::platform::problem::Problem;

/// What a sealed blob begins with; no picture does.
const SEALED: &[u8] = b"DWB1";

/// What a blob with a checksum begins with.
const SUMMED: &[u8] = b"DWC1";

/// What a JPEG begins with.
const JPEG: &[u8] = b"\xff\xd8";

/// Bytes sealed together.
const CHUNK: usize = 64 * 1024;

/// Random bytes of a blob's nonces; the rest is the chunk's number and whether it is the last.
const NONCE_PREFIX: usize = 19;

/// The key photos are sealed under. It is kept in the database, sealed under the secret key, so
/// that changing the secret key need not touch a single photo.
#[derive(Debug, Clone)]
pub struct BlobKey(SecretKey);

impl BlobKey {
    /// Bytes of a key.
    pub const BYTES: usize = 32;

    /// A new random key.
    #[must_use]
    pub fn new() -> Self {
        Self(random_key())
    }

    /// The key of these bytes, when they are as many as a key has.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        Some(Self(secret_key(bytes.try_into().ok()?)))
    }

    /// Its bytes, to be sealed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// Seals a blob for its place in the store.
    ///
    /// # Errors
    /// A fault when the cipher fails or there are more chunks than can be numbered.
    pub fn seal(&self, plain: &[u8], place: &str) -> Result<Vec<u8>, Problem> {
        let cipher = Cipher::new(self.0.expose_secret());
        let mut prefix = [0; NONCE_PREFIX];
        rand::rng().fill_bytes(&mut prefix);
        let chunks = plain.len().div_ceil(CHUNK).max(1);
        let mut sealed =
            Vec::with_capacity(SEALED.len() + NONCE_PREFIX + plain.len() + chunks * TAG_BYTES);
        sealed.extend_from_slice(SEALED);
        sealed.extend_from_slice(&prefix);
        for at in 0..chunks {
            let rest = plain.get(at * CHUNK..).unwrap_or_default();
            let chunk = rest.get(..CHUNK).unwrap_or(rest);
            let nonce = nonce(&prefix, at, at + 1 == chunks)
                .ok_or_else(|| Problem::fault("a blob has too many chunks"))?;
            let bytes = cipher
                .seal(chunk, nonce, place.as_bytes())
                .ok_or_else(|| Problem::fault("sealing a blob failed"))?;
            sealed.extend_from_slice(&bytes);
        }
        Ok(sealed)
    }

    /// Opens what is sealed for a place; `None` when it was changed, cut, is another's or was sealed
    /// under another key.
    fn open(&self, sealed: &[u8], place: &str) -> Option<Vec<u8>> {
        let cipher = Cipher::new(self.0.expose_secret());
        let (prefix, body) = sealed.split_first_chunk::<NONCE_PREFIX>()?;
        let chunks = body.len().div_ceil(CHUNK + TAG_BYTES);
        let mut plain = Vec::with_capacity(body.len());
        for (at, chunk) in body.chunks(CHUNK + TAG_BYTES).enumerate() {
            let nonce = nonce(prefix, at, at + 1 == chunks)?;
            plain.extend(cipher.open(chunk, nonce, place.as_bytes())?);
        }
        (chunks > 0).then_some(plain)
    }

    /// What was stored, of what lies in the store: opened, or checked against its checksum. What
    /// is neither is from before, and is read as it lies when it can be that.
    ///
    /// # Errors
    /// When it is not what was stored.
    pub fn read(&self, stored: Vec<u8>, place: &str) -> Result<(Vec<u8>, Kept), Damaged> {
        if let Some(sealed) = stored.strip_prefix(SEALED) {
            let plain = self.open(sealed, place).ok_or(Damaged)?;
            return Ok((plain, Kept::Sealed));
        }
        if let Some(rest) = stored.strip_prefix(SUMMED) {
            let (sum, plain) = rest.split_first_chunk::<32>().ok_or(Damaged)?;
            let is: [u8; 32] = Sha256::digest(plain).into();
            return if is == *sum {
                Ok((plain.to_vec(), Kept::Summed))
            } else {
                Err(Damaged)
            };
        }
        if may_be_bare(&stored, place) {
            Ok((stored, Kept::AsBefore))
        } else {
            Err(Damaged)
        }
    }
}

/// Whether bytes may lie in a place as they are: an original is named by its hash, and a copy is a
/// JPEG.
fn may_be_bare(stored: &[u8], place: &str) -> bool {
    let name = place.rsplit('/').next().unwrap_or_default();
    let is_hash = name.len() == 2 * <Sha256 as Digest>::output_size();
    if is_hash && name.bytes().all(|b| b.is_ascii_hexdigit()) {
        let sum = Sha256::digest(stored);
        return sum
            .iter()
            .zip(name.as_bytes().chunks(2))
            .all(|(byte, two)| format!("{byte:02x}").as_bytes() == two);
    }
    stored.starts_with(JPEG)
}

impl Default for BlobKey {
    fn default() -> Self {
        Self::new()
    }
}

/// How a blob lies in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Sealed.
    Sealed,
    /// With a checksum.
    Summed,
    /// Bare, from before blobs were sealed.
    AsBefore,
}

/// A blob is not what was stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damaged;

/// A blob with its checksum before it.
#[must_use]
pub fn with_checksum(plain: &[u8]) -> Vec<u8> {
    [SUMMED, Sha256::digest(plain).as_slice(), plain].concat()
}

fn nonce(prefix: &[u8; NONCE_PREFIX], at: usize, last: bool) -> Option<[u8; NONCE_BYTES]> {
    let mut nonce = [0; NONCE_BYTES];
    let (head, tail) = nonce.split_at_mut(NONCE_PREFIX);
    head.copy_from_slice(prefix);
    let (number, flag) = tail.split_at_mut(4);
    number.copy_from_slice(&u32::try_from(at).ok()?.to_be_bytes());
    flag.copy_from_slice(&[u8::from(last)]);
    Some(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the length, a blob comes back; a flipped bit, a cut, swapped chunks, another place
    /// and another key are noticed.
    #[test]
    fn sealed_blobs_come_back_or_are_known_to_be_damaged() {
        let key = BlobKey::new();
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
            let plain = vec![7_u8; length];
            let sealed = key.seal(&plain, "original/aa/x").unwrap();
            assert_eq!(
                key.read(sealed.clone(), "original/aa/x"),
                Ok((plain.clone(), Kept::Sealed)),
                "{length}"
            );
            assert_eq!(key.read(sealed.clone(), "original/aa/y"), Err(Damaged));
            assert_eq!(
                BlobKey::new().read(sealed.clone(), "original/aa/x"),
                Err(Damaged)
            );
            let mut flipped = sealed.clone();
            *flipped.last_mut().unwrap() ^= 1;
            assert_eq!(key.read(flipped, "original/aa/x"), Err(Damaged));
            for cut in [1, TAG_BYTES, CHUNK + TAG_BYTES] {
                if let Some(short) = sealed.len().checked_sub(cut).filter(|n| *n >= SEALED.len()) {
                    assert_eq!(
                        key.read(sealed[..short].to_vec(), "original/aa/x"),
                        Err(Damaged),
                        "{length} cut by {cut}"
                    );
                }
            }
        }
        let mut swapped = key.seal(&vec![1; 2 * CHUNK + 5], "p").unwrap();
        let body = SEALED.len() + NONCE_PREFIX;
        let (a, b) = swapped[body..].split_at_mut(CHUNK + TAG_BYTES);
        a.swap_with_slice(&mut b[..CHUNK + TAG_BYTES]);
        assert_eq!(key.read(swapped, "p"), Err(Damaged));
    }

    #[test]
    fn copies_carry_their_checksum_and_older_blobs_are_read() {
        let key = BlobKey::new();
        let mut copy = with_checksum(b"\xff\xd8 a picture");
        assert_eq!(
            key.read(copy.clone(), "public/a"),
            Ok((b"\xff\xd8 a picture".to_vec(), Kept::Summed))
        );
        copy[40] ^= 8;
        assert_eq!(key.read(copy, "public/a"), Err(Damaged));
        let bare = b"\xff\xd8 from before".to_vec();
        assert_eq!(key.read(bare.clone(), "p"), Ok((bare, Kept::AsBefore)));
        for gone in [&b""[..], b"DW", b"EWC1 a changed first byte"] {
            assert_eq!(key.read(gone.to_vec(), "public/a"), Err(Damaged));
        }
        let hash: String = Sha256::digest(b"any")
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        let original = format!("original/aa/{hash}");
        assert_eq!(
            key.read(b"any".to_vec(), &original),
            Ok((b"any".to_vec(), Kept::AsBefore))
        );
        for changed in [&b""[..], b"an", b"anz"] {
            assert_eq!(key.read(changed.to_vec(), &original), Err(Damaged));
        }
    }
}
