//! Keys, and what is done with them: sealing reporters' identities, blind indexes, tokens.
//!
//! One secret (`DENGWEN_SECRET_KEY`) is the root; every use has its own key derived from it, so
//! that no two uses can be played against each other. What is sealed names the key that seals it,
//! so that keys can be changed while the server serves: the former ones still open, and what is
//! looked up is looked up under each.

use std::{fmt, path::PathBuf, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use dengwen_cipher::{Cipher, NONCE_BYTES};
use ed25519_dalek::SigningKey;
use hmac::{Hmac, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rand::Rng;
use secrecy::{ExposeSecret, SecretBox};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

pub mod blobs;
mod strength;
mod tokens;

use super::private;
use super::problem::{Code, Problem};

/// How long an access token is valid.
pub const ACCESS_TOKEN_LIFE: TimeDelta = TimeDelta::minutes(15);

const ISSUER: &str = "dengwen";

/// 32 secret bytes: hidden in logs, kept in one place and wiped from it in the end. Every
/// `expose_secret` is a place to look at.
pub type SecretKey = Arc<SecretBox<[u8; 32]>>;

/// The root secret: 32 bytes, written as base64.
pub type RootKey = SecretKey;

/// Hides the bytes of a key.
fn secret_key(bytes: [u8; 32]) -> SecretKey {
    Arc::new(SecretBox::new(Box::new(bytes)))
}

/// A new random key.
fn random_key() -> SecretKey {
    let fill = |key: &mut [u8; 32]| rand::rng().fill_bytes(key);
    Arc::new(SecretBox::init_with_mut(fill))
}

/// Reads a root key from base64.
///
/// # Errors
/// When it is not the base64 of 32 bytes, or they are not random; the text does not repeat it.
pub fn parse_root_key(text: &str) -> Result<RootKey, String> {
    let key = decode_root_key(text)?;
    match strength::weakness(key.expose_secret(), text.trim()) {
        None => Ok(key),
        Some(weakness) => Err(format!(
            "{weakness}; a key is 32 random bytes, such as `openssl rand -base64 32` prints"
        )),
    }
}

/// Reads a root key without asking whether it is a good one, as a former one that is on its way out.
///
/// # Errors
/// When it is not the base64 of 32 bytes.
pub fn decode_root_key(text: &str) -> Result<RootKey, String> {
    let bytes = STANDARD
        .decode(text.trim())
        .map_err(|_| "is not base64".to_owned())?;
    <[u8; 32]>::try_from(bytes)
        .map(secret_key)
        .map_err(|b| format!("has {} bytes, not 32", b.len()))
}

/// A key's name: four bytes made of it, from which it cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId([u8; 4]);

impl KeyId {
    /// The name of a root key.
    #[must_use]
    pub fn of(root: &RootKey) -> Self {
        let [a, b, c, d, ..] = derive(root, "key-id");
        Self([a, b, c, d])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The root keys a process is given.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// The one that seals.
    pub present: RootKey,
    /// Those before it, which still open, newest first.
    pub former: Vec<RootKey>,
    /// Where the present key is to be kept, when it was just made and is kept nowhere yet.
    pub unkept: Option<PathBuf>,
}

impl Secrets {
    /// Keeps a key that was just made, readable by its owner alone.
    ///
    /// # Errors
    /// What the file system answers, with the path.
    pub fn keep(&self) -> Result<(), String> {
        let Some(path) = &self.unkept else {
            return Ok(());
        };
        let named = |e: std::io::Error| format!("{}: {e}", path.display());
        if let Some(folder) = path.parent() {
            private::folder(folder).map_err(named)?;
        }
        let mut file = private::new_file(path).map_err(named)?;
        let text = STANDARD.encode(self.present.expose_secret());
        std::io::Write::write_all(&mut file, text.as_bytes()).map_err(named)?;
        file.sync_all().map_err(named)
    }
}

/// A value only this root key makes, kept in the database to know the key by.
#[must_use]
pub fn key_check(root: &RootKey) -> Vec<u8> {
    derive(root, "key-check").to_vec()
}

/// A new random root key and its base64 text.
#[must_use]
pub fn new_root_key() -> (RootKey, String) {
    let key = random_key();
    let text = STANDARD.encode(key.expose_secret());
    (key, text)
}

/// First byte of what is sealed, before the key's name.
const SEALED_BY: u8 = 1;

/// Bytes before the nonce: the format and the key's name.
const SEALED_PREFIX: usize = 5;

/// What one root key makes.
#[derive(Clone)]
struct Working {
    id: KeyId,
    identity: Cipher,
    index: SecretKey,
    verify: DecodingKey,
}

/// The working keys: those of the present root key, which seals, and of former ones, which open.
#[derive(Clone)]
pub struct Keys {
    present: Arc<Working>,
    former: Arc<[Working]>,
    sign: EncodingKey,
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
    /// The refresh token it was issued with, so that voiding that one voids it.
    #[serde(default)]
    pub tid: Uuid,
    /// Issuer, always `dengwen`.
    pub iss: String,
    /// Issued at, seconds since 1970.
    pub iat: i64,
    /// Expires at, seconds since 1970.
    pub exp: i64,
}

impl Keys {
    /// Derives the working keys of the present root key and of those before it, newest first.
    #[must_use]
    pub fn derive(root: &RootKey, former: &[RootKey]) -> Self {
        Self {
            present: Arc::new(Working::of(root)),
            former: former.iter().map(Working::of).collect(),
            sign: tokens::signing(&signing_key(root)),
        }
    }

    /// The first bytes of everything the present key seals.
    #[must_use]
    pub fn seal_prefix(&self) -> [u8; SEALED_PREFIX] {
        self.present.prefix()
    }

    /// The present key's name.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.present.id
    }

    /// Whether former keys are given, so that keys are being changed.
    #[must_use]
    pub fn has_former(&self) -> bool {
        !self.former.is_empty()
    }

    fn all(&self) -> impl Iterator<Item = &Working> {
        std::iter::once(&*self.present).chain(self.former.iter())
    }

    /// Seals bytes; `context` (the row's id) must be given to open them.
    ///
    /// # Errors
    /// A fault when the cipher fails.
    pub fn seal(&self, plain: &[u8], context: &[u8]) -> Result<Vec<u8>, Problem> {
        let mut nonce = [0; NONCE_BYTES];
        rand::rng().fill_bytes(&mut nonce);
        let sealed = self
            .present
            .identity
            .seal(plain, nonce, context)
            .ok_or_else(|| Problem::fault("sealing failed"))?;
        Ok([&self.seal_prefix(), nonce.as_slice(), &sealed].concat())
    }

    /// Opens sealed bytes, whichever of the keys sealed them. What was sealed before keys had
    /// names begins with its nonce, so a name that seems to be there may be none.
    ///
    /// # Errors
    /// A fault when they were sealed under another key or context, or changed.
    pub fn open(&self, sealed: &[u8], context: &[u8]) -> Result<Vec<u8>, Problem> {
        let named = self.all().find_map(|key| {
            let rest = sealed.strip_prefix(&key.prefix())?;
            key.open(rest, context)
        });
        named
            .or_else(|| self.all().find_map(|key| key.open(sealed, context)))
            .ok_or_else(|| Problem::fault("what is sealed could not be opened"))
    }

    /// A blind index (HMAC-SHA-256, hex, cut to 128 bits) of a normalised value of a kind, such
    /// as a phone number: equal values meet, nothing can be read back.
    #[must_use]
    pub fn blind_index(&self, kind: &str, value: &str) -> String {
        self.present.blind_index(kind, value)
    }

    /// The blind indexes of a value under every key, the present one's first. While keys are
    /// changed some rows are filed under the one and some under the other.
    #[must_use]
    pub fn blind_indexes(&self, kind: &str, value: &str) -> Vec<String> {
        self.all().map(|key| key.blind_index(kind, value)).collect()
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
        tid: Uuid,
        now: DateTime<Utc>,
    ) -> Result<String, Problem> {
        let claims = Claims {
            sub,
            kind,
            sid,
            tid,
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
        let claims = self
            .all()
            .find_map(|key| jsonwebtoken::decode::<Claims>(token, &key.verify, &rules).ok())
            .ok_or_else(|| Problem::new(Code::Unauthenticated))?
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

impl Working {
    fn of(root: &RootKey) -> Self {
        Self {
            id: KeyId::of(root),
            identity: Cipher::new(&derive(root, "reporter-identity")),
            index: secret_key(derive(root, "blind-index")),
            verify: tokens::verifying(&signing_key(root)),
        }
    }

    fn prefix(&self) -> [u8; SEALED_PREFIX] {
        let [a, b, c, d] = self.id.0;
        [SEALED_BY, a, b, c, d]
    }

    /// Opens a nonce and what follows it.
    fn open(&self, sealed: &[u8], context: &[u8]) -> Option<Vec<u8>> {
        let (nonce, msg) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        self.identity.open(msg, *nonce, context)
    }

    fn blind_index(&self, kind: &str, value: &str) -> String {
        let mut mac = mac_under(self.index.expose_secret());
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
}

fn signing_key(root: &RootKey) -> SigningKey {
    SigningKey::from_bytes(&derive(root, "access-token"))
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

/// The key of a purpose: HMAC-SHA-256 of its name under the root. It is not the expansion of
/// HKDF (RFC 5869), which would add a counter byte to the name, and what is sealed and indexed
/// under these keys must stay readable.
fn derive(root: &RootKey, purpose: &str) -> [u8; 32] {
    let mut mac = mac_under(root.expose_secret());
    mac.update(b"dengwen/1/");
    mac.update(purpose.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::derive(&secret_key([7; 32]), &[])
    }

    #[test]
    fn a_sealed_identity_opens_only_in_its_place() {
        let sealed = keys().seal(b"13800001234", b"row 1").unwrap();
        assert_eq!(keys().open(&sealed, b"row 1").unwrap(), b"13800001234");
        assert!(keys().open(&sealed, b"row 2").is_err());
        assert!(keys().open(b"short", b"row 1").is_err());
    }

    /// Key change: what the former key sealed, with its name or from before keys had names, is
    /// opened beside what the present one seals; a stranger's key opens neither.
    #[test]
    fn former_keys_still_open() {
        let former = keys();
        let sealed = former.seal(b"words", b"row 1").unwrap();
        let nameless = sealed.get(SEALED_PREFIX..).unwrap();
        let present = Keys::derive(&secret_key([8; 32]), &[secret_key([7; 32])]);
        assert_eq!(present.open(&sealed, b"row 1").unwrap(), b"words");
        assert_eq!(present.open(nameless, b"row 1").unwrap(), b"words");
        let anew = present.seal(b"words", b"row 1").unwrap();
        assert!(anew.starts_with(&present.seal_prefix()));
        assert_eq!(present.open(&anew, b"row 1").unwrap(), b"words");
        assert!(former.open(&anew, b"row 1").is_err());
        let both = present.blind_indexes("phone", "1");
        assert_eq!(both[0], present.blind_index("phone", "1"));
        assert_eq!(both[1], former.blind_index("phone", "1"));
        let token = former
            .access_token(
                Uuid::now_v7(),
                Subject::Staff,
                Uuid::now_v7(),
                Uuid::now_v7(),
                Utc::now(),
            )
            .unwrap();
        assert!(present.verify(&token, Utc::now()).is_ok());
    }

    /// Known answers: what is derived must stay, or nothing sealed and indexed is found again.
    #[test]
    fn derived_keys_stay_what_they_are() {
        let root = secret_key([7; 32]);
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        assert_eq!(KeyId::of(&root).to_string(), "c198d528");
        for (purpose, key) in [
            (
                "key-check",
                "2cf675746a0cfd15132ea0521f8bee86b63f532f125f00f98a662b84f770f076",
            ),
            (
                "reporter-identity",
                "ee619fa2b9090704fe2051f1550cb2835a2e2181141cc751f209ae563f7c9fba",
            ),
            (
                "blind-index",
                "072f29a02371f370a926e5942f658f674c6dee94f18eef68b73345dbbd4b94aa",
            ),
            (
                "access-token",
                "c96379ffcd0e8d27aab871210e7cddfbda2b00fe88a179d3b258d6615edf7047",
            ),
        ] {
            assert_eq!(hex(&derive(&root, purpose)), key, "{purpose}");
        }
        let index = keys().blind_index("phone", "13800001234");
        assert_eq!(index, "2ec6dbe63575856c64506eea98336644");
    }

    #[test]
    fn secrets_hide_themselves() {
        let (key, text) = new_root_key();
        assert!(!format!("{key:?}").contains(&text));
        assert_eq!(
            parse_root_key(&text).unwrap().expose_secret(),
            key.expose_secret()
        );
        assert!(parse_root_key("c2hvcnQ=").is_err());
    }
}
