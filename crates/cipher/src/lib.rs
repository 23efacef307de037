//! The cipher everything is sealed with: XChaCha20-Poly1305 (RFC 8439 with the extended nonce of
//! draft-irtf-cfrg-xchacha), an authenticated cipher whose nonces are long enough to be random.
//!
//! It stands in a crate of its own because the cipher is generic and is therefore compiled where
//! it is used: here it is optimised in every build, so that sealing a photo costs in a build for
//! trying things out what it costs in a real one.

use std::fmt;

use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit, Payload},
};

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// Bytes of a nonce, which may be drawn at random and must not be used twice under one key.
pub const NONCE_BYTES: usize = 24;

/// Bytes that sealing adds.
pub const TAG_BYTES: usize = 16;

/// A key at work.
#[derive(Clone)]
pub struct Cipher(XChaCha20Poly1305);

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher(***)")
    }
}

impl Cipher {
    /// Puts a key to work.
    #[must_use]
    pub fn new(key: &[u8; KEY_BYTES]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    /// Seals bytes for a context, without which they do not open again. `None` when they are more
    /// than the cipher takes (256 GB).
    #[must_use]
    pub fn seal(&self, plain: &[u8], nonce: [u8; NONCE_BYTES], context: &[u8]) -> Option<Vec<u8>> {
        let payload = Payload {
            msg: plain,
            aad: context,
        };
        self.0.encrypt(&XNonce::from(nonce), payload).ok()
    }

    /// Opens sealed bytes. `None` when they were changed, or sealed under another key, nonce or
    /// context.
    #[must_use]
    pub fn open(&self, sealed: &[u8], nonce: [u8; NONCE_BYTES], context: &[u8]) -> Option<Vec<u8>> {
        let payload = Payload {
            msg: sealed,
            aad: context,
        };
        self.0.decrypt(&XNonce::from(nonce), payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_own_key_nonce_and_context_alone() {
        let cipher = Cipher::new(&[7; KEY_BYTES]);
        let sealed = cipher
            .seal(b"13800138000", [1; NONCE_BYTES], b"row")
            .unwrap();
        assert_eq!(sealed.len(), 11 + TAG_BYTES);
        let open = |cipher: &Cipher, sealed: &[u8], nonce, context: &[u8]| {
            cipher.open(sealed, [nonce; NONCE_BYTES], context)
        };
        assert_eq!(open(&cipher, &sealed, 1, b"row").unwrap(), b"13800138000");
        assert_eq!(open(&cipher, &sealed, 1, b"other row"), None);
        assert_eq!(open(&cipher, &sealed, 2, b"row"), None);
        assert_eq!(
            open(&Cipher::new(&[8; KEY_BYTES]), &sealed, 1, b"row"),
            None
        );
        let mut changed = sealed.clone();
        changed[3] ^= 1;
        assert_eq!(open(&cipher, &changed, 1, b"row"), None);
        assert_eq!(open(&cipher, &sealed[..TAG_BYTES - 1], 1, b"row"), None);
        assert_eq!(format!("{cipher:?}"), "Cipher(***)");
    }
}
