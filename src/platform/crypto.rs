//! Keys, and what is done with them: sealing reporters' identities, blind indexes, tokens.
//!
//! One secret (`DENGWEN_SECRET_KEY`) is the root; every use has its own key derived from it, so
//! that no two uses can be played against each other.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    XChaCha20Poly1305, XNonce,
    aead::{Aead, KeyInit},
};
use chrono::{DateTime, TimeDelta, Utc};
use ed25519_dalek::{SigningKey, pkcs8::EncodePrivateKey};
use hmac::{Hmac, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rand::Rng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::problem::{Code, Problem};

/// How long an access token is valid.
pub const ACCESS_TOKEN_LIFE: TimeDelta = TimeDelta::minutes(15);

const NONCE_BYTES: usize = 24;
const ISSUER: &str = "dengwen";

/// A secret that hides itself in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Hides a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value; every use of this is a place to look at.
    pub const fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The root secret: 32 bytes, written as base64.
pub type RootKey = Secret<[u8; 32]>;

/// Reads a root key from base64.
///
/// # Errors
/// When it is not the base64 of 32 bytes; the text does not repeat it.
pub fn parse_root_key(text: &str) -> Result<RootKey, String> {
    let bytes = STANDARD
        .decode(text.trim())
        .map_err(|_| "is not base64".to_owned())?;
    let key = <[u8; 32]>::try_from(bytes).map_err(|b| format!("has {} bytes, not 32", b.len()))?;
    Ok(Secret::new(key))
}

/// A new random root key and its base64 text.
#[must_use]
pub fn new_root_key() -> (RootKey, String) {
    let mut key = [0; 32];
    rand::rng().fill_bytes(&mut key);
    (Secret::new(key), STANDARD.encode(key))
}

/// The working keys.
#[derive(Clone)]
pub struct Keys {
    identity: XChaCha20Poly1305,
    index: [u8; 32],
    sign: EncodingKey,
    verify: DecodingKey,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(***)")
    }
}

/// Who an access token speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A member of staff or a service account.
    Staff,
    /// A resident signed in by phone code.
    Resident,
}

/// What an access token says. Rights are not in it: they are read from the account each time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    /// The account's id.
    pub sub: Uuid,
    /// Which kind of account.
    pub kind: Subject,
    /// The session, so that ending it ends the token.
    pub sid: Uuid,
    /// Issuer, always `dengwen`.
    pub iss: String,
    /// Issued at, seconds since 1970.
    pub iat: i64,
    /// Expires at, seconds since 1970.
    pub exp: i64,
}

impl Keys {
    /// Derives the working keys.
    ///
    /// # Errors
    /// When a key cannot be encoded, which would be a fault of ours.
    pub fn derive(root: &RootKey) -> Result<Self, Problem> {
        let signing = SigningKey::from_bytes(&derive(root, "access-token"));
        let private = signing
            .to_pkcs8_der()
            .map_err(|e| Problem::fault(format!("cannot encode the signing key: {e}")))?;
        Ok(Self {
            identity: XChaCha20Poly1305::new(&derive(root, "reporter-identity").into()),
            index: derive(root, "blind-index"),
            sign: EncodingKey::from_ed_der(private.as_bytes()),
            verify: DecodingKey::from_ed_der(signing.verifying_key().as_bytes()),
        })
    }

    /// Seals bytes under the identity key; `context` (the row's id) must be given to open them.
    ///
    /// # Errors
    /// A fault when the cipher fails.
    pub fn seal(&self, plain: &[u8], context: &[u8]) -> Result<Vec<u8>, Problem> {
        let mut nonce = [0; NONCE_BYTES];
        rand::rng().fill_bytes(&mut nonce);
        let payload = chacha20poly1305::aead::Payload {
            msg: plain,
            aad: context,
        };
        let sealed = self
            .identity
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Problem::fault("sealing failed"))?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Opens sealed bytes.
    ///
    /// # Errors
    /// A fault when they were sealed under another key or context, or changed.
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Vec<u8>, Problem> {
        let opened = sealed
            .split_at_checked(NONCE_BYTES)
            .and_then(|(nonce, msg)| {
                let nonce = <[u8; NONCE_BYTES]>::try_from(nonce).ok()?;
                let payload = chacha20poly1305::aead::Payload { msg, aad: context };
                self.identity.decrypt(&XNonce::from(nonce), payload).ok()
            });
        opened.ok_or_else(|| Problem::fault("a sealed identity could not be opened"))
    }

    /// A blind index (HMAC-SHA-256, hex, cut to 128 bits) of a normalised value of a kind, such
    /// as a phone number: equal values meet, nothing can be read back.
    #[must_use]
    pub fn blind_index(&self, kind: &str, value: &str) -> String {
        let mut mac = mac_under(&self.index);
        mac.update(kind.as_bytes());
        mac.update(&[0]);
        mac.update(value.as_bytes());
        mac.finalize()
            .into_bytes()
            .iter()
            .take(16)
            .map(|b| format!("{b:02x}"))
            .collect()
    }

    /// An access token for a session.
    ///
    /// # Errors
    /// A fault when signing fails.
    pub fn access_token(
        &self,
        sub: Uuid,
        kind: Subject,
        sid: Uuid,
        now: DateTime<Utc>,
    ) -> Result<String, Problem> {
        let claims = Claims {
            sub,
            kind,
            sid,
            iss: ISSUER.to_owned(),
            iat: now.timestamp(),
            exp: (now + ACCESS_TOKEN_LIFE).timestamp(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &self.sign)
            .map_err(|e| Problem::fault(format!("cannot sign a token: {e}")))
    }

    /// Reads an access token.
    ///
    /// # Errors
    /// 401 when it is not ours, was changed, or has expired at `now`.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, Problem> {
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_issuer(&[ISSUER]);
        // Expiry is judged by the injected clock below, not by the machine's.
        rules.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.verify, &rules)
            .map_err(|_| Problem::new(Code::Unauthenticated))?
            .claims;
        if claims.exp <= now.timestamp() {
            return Err(Problem::because(
                Code::TokenExpired,
                "refresh the session and try again",
            ));
        }
        Ok(claims)
    }
}

/// A new random token and the hash under which it is kept.
#[must_use]
pub fn new_opaque_token() -> (String, Vec<u8>) {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    let token = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let hash = hash_token(&token);
    (token, hash)
}

/// The hash under which a random token is kept.
#[must_use]
pub fn hash_token(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// HMAC-SHA-256 takes a 64-byte block as its key; a shorter key is filled up with zeros.
fn mac_under(key: &[u8; 32]) -> Hmac<Sha256> {
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    <Hmac<Sha256> as hmac::KeyInit>::new(&block.into())
}

fn derive(root: &RootKey, purpose: &str) -> [u8; 32] {
    let mut mac = mac_under(root.reveal());
    mac.update(b"dengwen/1/");
    mac.update(purpose.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::derive(&Secret::new([7; 32])).unwrap()
    }

    #[test]
    fn a_sealed_identity_opens_only_in_its_place() {
        let sealed = keys().seal(b"13800001234", b"row 1").unwrap();
        assert_eq!(keys().open(&sealed, b"row 1").unwrap(), b"13800001234");
        assert!(keys().open(&sealed, b"row 2").is_err());
        assert!(keys().open(b"short", b"row 1").is_err());
    }

    #[test]
    fn tokens_expire_and_cannot_be_forged() {
        let now = Utc::now();
        let token = keys()
            .access_token(Uuid::now_v7(), Subject::Staff, Uuid::now_v7(), now)
            .unwrap();
        assert!(keys().verify(&token, now).is_ok());
        let late = keys().verify(&token, now + ACCESS_TOKEN_LIFE).unwrap_err();
        assert_eq!(late.code(), Code::TokenExpired);
        let other = Keys::derive(&Secret::new([8; 32])).unwrap();
        assert_eq!(
            other.verify(&token, now).unwrap_err().code(),
            Code::Unauthenticated
        );
    }

    #[test]
    fn secrets_hide_themselves() {
        let (key, text) = new_root_key();
        assert!(!format!("{key:?}").contains(&text));
        assert_eq!(parse_root_key(&text).unwrap().reveal(), key.reveal());
        assert!(parse_root_key("c2hvcnQ=").is_err());
    }
}
