//! How access tokens are signed: Ed25519 (`EdDSA` in RFC 8037) and nothing else, so that a token
//! cannot ask for another algorithm, and none of the others is built along.

use ed25519_dalek::{
    Signature, SigningKey, VerifyingKey,
    ed25519::signature::{Error, Signer, Verifier},
};
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey, EncodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{ErrorKind, Result},
};

static ED25519: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| {
        of_ed25519(*algorithm, key.family())?;
        let seed = key.as_bytes().try_into();
        let seed: [u8; 32] = seed.map_err(|_| ErrorKind::InvalidEddsaKey)?;
        Ok(Box::new(Signing(SigningKey::from_bytes(&seed))))
    },
    verifier_factory: |algorithm, key| {
        of_ed25519(*algorithm, key.family())?;
        let point = key.try_get_as_bytes()?.try_into();
        let point: [u8; 32] = point.map_err(|_| ErrorKind::InvalidEddsaKey)?;
        let key = VerifyingKey::from_bytes(&point).map_err(|_| ErrorKind::InvalidEddsaKey)?;
        Ok(Box::new(Verifying(key)))
    },
    // Keys are never given out as JWK.
    key_utils: KeyUtils::new_unimplemented(),
};

/// The half of a key that tokens are signed with.
pub(super) fn signing(key: &SigningKey) -> EncodingKey {
    install();
    EncodingKey::from_ed_der(key.as_bytes())
}

/// The half of a key that tokens are verified with.
pub(super) fn verifying(key: &SigningKey) -> DecodingKey {
    install();
    DecodingKey::from_ed_der(key.verifying_key().as_bytes())
}

/// Has this process sign and verify by Ed25519.
fn install() {
    // The next key finds it installed, which is as well.
    let _ = ED25519.install_default();
}

fn of_ed25519(algorithm: Algorithm, family: AlgorithmFamily) -> Result<()> {
    match (algorithm, family) {
        (Algorithm::EdDSA, AlgorithmFamily::Ed) => Ok(()),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

struct Signing(SigningKey);

impl Signer<Vec<u8>> for Signing {
    fn try_sign(&self, words: &[u8]) -> std::result::Result<Vec<u8>, Error> {
        let signature: Signature = self.0.try_sign(words)?;
        Ok(signature.to_bytes().to_vec())
    }
}

impl JwtSigner for Signing {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

struct Verifying(VerifyingKey);

impl Verifier<Vec<u8>> for Verifying {
    fn verify(&self, words: &[u8], signature: &Vec<u8>) -> std::result::Result<(), Error> {
        self.0.verify(words, &Signature::from_slice(signature)?)
    }
}

impl JwtVerifier for Verifying {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use uuid::Uuid;

    use super::super::{ACCESS_TOKEN_LIFE, Keys, Subject, secret_key};
    use crate::platform::problem::Code;

    fn keys() -> Keys {
        Keys::derive(&secret_key([7; 32]), &[])
    }

    #[test]
    fn tokens_expire_and_cannot_be_forged() {
        let now = Utc::now();
        let token = keys()
            .access_token(
                Uuid::now_v7(),
                Subject::Staff,
                Uuid::now_v7(),
                Uuid::now_v7(),
                now,
            )
            .unwrap();
        assert!(keys().verify(&token, now).is_ok());
        let late = keys().verify(&token, now + ACCESS_TOKEN_LIFE).unwrap_err();
        assert_eq!(late.code(), Code::TokenExpired);
        let other = Keys::derive(&secret_key([8; 32]), &[]);
        assert_eq!(
            other.verify(&token, now).unwrap_err().code(),
            Code::Unauthenticated
        );
    }

    /// A known answer: a token that is out stays valid.
    #[test]
    fn tokens_stay_what_they_are() {
        let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let nil = Uuid::nil();
        let token = keys().access_token(nil, Subject::Staff, nil, nil, at);
        assert_eq!(
            token.unwrap(),
            "eyJ0eXAiOiJKV1QiLCJhbGciOiJFZERTQSJ9.\
             eyJzdWIiOiIwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDAiLCJraW5kIjoic3RhZmYiLC\
             JzaWQiOiIwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDAiLCJ0aWQiOiIwMDAwMDAwMC0w\
             MDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDAiLCJpc3MiOiJkZW5nd2VuIiwiaWF0IjoxODAwMDAwMDAwLC\
             JleHAiOjE4MDAwMDA5MDB9.\
             WRO9CtgzyiyLMqm-YC9tWFPelmwttVRh_wFNYIfgar66w5uxfvVdZFECFqYmjN8KRuCpqSAdrAUQGtxj5QQiBQ"
        );
    }
}
