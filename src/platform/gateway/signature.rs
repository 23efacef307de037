//! Signatures of what goes to a gateway and of what it reports: HMAC-SHA-256 under a shared secret, over
//! the instant and the body, so that neither is changed and nothing old is played again for long.

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// The header it stands in.
pub const HEADER: &str = "Dengwen-Signature";

/// Seconds by which the two clocks may differ.
pub const TOLERANCE_S: i64 = 300;

fn mac(secret: &SecretString, at: i64, body: &[u8]) -> Option<Hmac<Sha256>> {
    let key = secret.expose_secret().as_bytes();
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).ok()?;
    mac.update(at.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(mac)
}

/// The header's value for a body that is sent at an instant (seconds since 1970): `t=…,v1=…`. `None` for
/// a secret that is no key, which none is.
#[must_use]
pub fn sign(secret: &SecretString, at: i64, body: &[u8]) -> Option<String> {
    let signed = mac(secret, at, body)?.finalize().into_bytes();
    Some(format!("t={at},v1={}", HEXLOWER.encode(&signed)))
}

/// Whether a header's value is a signature of this body, made not long before or after `now`. Signatures
/// are compared in a time that says nothing of where they differ.
#[must_use]
pub fn holds(secret: &SecretString, said: &str, body: &[u8], now: i64) -> bool {
    let parts = || {
        said.split(',')
            .filter_map(|part| part.trim().split_once('='))
    };
    let at = parts().find(|(name, _)| *name == "t");
    let at: Option<i64> = at.and_then(|(_, at)| at.parse().ok());
    let Some(at) = at.filter(|at| at.abs_diff(now) <= TOLERANCE_S.unsigned_abs()) else {
        return false;
    };
    parts().filter(|(name, _)| *name == "v1").any(|(_, hex)| {
        let signed = HEXLOWER_PERMISSIVE.decode(hex.as_bytes());
        let mac = mac(secret, at, body);
        signed
            .ok()
            .zip(mac)
            .is_some_and(|(signed, mac)| mac.verify_slice(&signed).is_ok())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    /// A known answer, so that receivers written for one release read the next.
    #[test]
    fn a_signature_stays_what_it_is() {
        let known =
            "t=1764000000,v1=135a1a8c79ff2a07661486422c8068924d01c7a70da314a29ce512bc61231899";
        let signed = sign(&secret("key"), 1_764_000_000, b"{}").unwrap();
        assert_eq!(signed, known);
        assert!(holds(&secret("key"), known, b"{}", 1_764_000_000));
    }

    #[test]
    fn only_the_same_body_and_secret_hold() {
        let (key, now) = (secret("key"), 1_764_000_000);
        let signed = sign(&key, now, b"{}").unwrap();
        assert!(holds(&key, &signed, b"{}", now + TOLERANCE_S));
        assert!(holds(
            &key,
            &signed
                .to_uppercase()
                .replace("T=", "t=")
                .replace("V1=", "v1="),
            b"{}",
            now
        ));
        assert!(!holds(&key, &signed, b"{ }", now));
        assert!(!holds(&secret("other"), &signed, b"{}", now));
        assert!(!holds(&key, &signed, b"{}", now + TOLERANCE_S + 1), "old");
        assert!(
            !holds(&key, &signed, b"{}", now - TOLERANCE_S - 1),
            "to come"
        );
        for said in [
            "",
            "t=1764000000",
            "v1=00",
            "t=1764000000,v1=zz",
            "t=x,v1=00",
        ] {
            assert!(!holds(&key, said, b"{}", now), "{said}");
        }
        // While the secret changes a gateway may sign by both.
        let both = format!("t={now},v1=00,{}", signed.split_once(',').unwrap().1);
        assert!(holds(&key, &both, b"{}", now));
    }
}
