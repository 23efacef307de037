//! The second factor of staff: codes by time (TOTP, RFC 6238) from an app on their phone, and
//! recovery codes for the day the phone is lost.
//!
//! Which roles must have it is said by `DENGWEN_TOTP_ROLES`; anybody else may. A code opens once:
//! the step of time it stands for is used up with it.

pub mod queries;
pub mod routes;

use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::Rng as _;
use sha1::Sha1;

use super::role::Role;
use crate::platform::{
    crypto::{Keys, hash_token},
    db::{Connection, Id},
    problem::{OnDb, Problem},
    sealed::SECOND_FACTOR,
};

/// Seconds a code is shown (RFC 6238 §4.1).
const STEP_S: i64 = 30;

/// Steps a phone's clock may be off, either way.
const STEPS_OFF: i64 = 1;

/// Digits of a code.
const DIGITS: usize = 6;

/// Bytes of a secret: as long as the hash (RFC 4226 §4).
const SECRET_BYTES: usize = 20;

/// Recovery codes given at once.
const RECOVERY_CODES: usize = 10;

/// Bytes of a recovery code: 80 bits, sixteen letters.
const RECOVERY_BYTES: usize = 10;

/// What became of the second factor at a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passed {
    /// It was right, or the account has none.
    Yes,
    /// It is needed and none was sent.
    Missing,
    /// The code was wrong, or was used before.
    Wrong,
}

/// Holds what was sent against the account's second factor, and uses it up.
pub(super) fn pass(
    conn: &mut Connection,
    keys: &Keys,
    staff: Id,
    sent: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Passed, Problem> {
    let kept = queries::confirmed(conn, staff).or_fault("load the second factor")?;
    let Some(sealed) = kept else {
        return Ok(Passed::Yes);
    };
    let Some(sent) = sent else {
        return Ok(Passed::Missing);
    };
    let sent = normalised(sent);
    let secret = open(keys, staff, &sealed)?;
    let used = match step_of(&secret, &sent, now) {
        Some(step) => queries::use_step(conn, staff, step).or_fault("use a code")?,
        None => {
            let hash = recovery_hash(staff, &sent);
            queries::use_recovery_code(conn, staff, &hash, now).or_fault("use a recovery code")?
        }
    };
    Ok(if used { Passed::Yes } else { Passed::Wrong })
}

fn seal(keys: &Keys, staff: Id, secret: &[u8]) -> Result<Vec<u8>, Problem> {
    SECOND_FACTOR.seal(keys, staff.0.as_bytes(), secret)
}

fn open(keys: &Keys, staff: Id, sealed: &[u8]) -> Result<Vec<u8>, Problem> {
    SECOND_FACTOR.open(keys, staff.0.as_bytes(), sealed)
}

/// A new secret.
fn new_secret() -> [u8; SECRET_BYTES] {
    let mut secret = [0; SECRET_BYTES];
    rand::rng().fill_bytes(&mut secret);
    secret
}

/// A secret as authenticator apps take it by hand.
fn secret_text(secret: &[u8]) -> String {
    BASE32_NOPAD.encode(secret)
}

/// A secret as authenticator apps scan it. User names hold nothing that a URI would have to escape.
fn otpauth_uri(username: &str, secret: &[u8]) -> String {
    format!(
        "otpauth://totp/dengwen:{username}?secret={}&issuer=dengwen",
        secret_text(secret)
    )
}

/// New recovery codes, as they are shown once.
fn new_recovery_codes() -> Vec<String> {
    let one = || {
        let mut bytes = [0; RECOVERY_BYTES];
        rand::rng().fill_bytes(&mut bytes);
        let letters: Vec<char> = BASE32_NOPAD.encode(&bytes).to_lowercase().chars().collect();
        let groups: Vec<String> = letters
            .chunks(4)
            .map(|four| four.iter().collect())
            .collect();
        groups.join("-")
    };
    std::iter::repeat_with(one).take(RECOVERY_CODES).collect()
}

/// The hash under which a recovery code is kept.
fn recovery_hash(staff: Id, code: &str) -> Vec<u8> {
    hash_token(&format!("recovery {staff} {}", normalised(code)))
}

/// A code as it is compared: without the spaces and hyphens people put into it.
fn normalised(code: &str) -> String {
    let letters = code.chars().filter(|c| !c.is_whitespace() && *c != '-');
    letters.map(|c| c.to_ascii_lowercase()).collect()
}

/// The step of time whose code this is, within the clock's slack of now.
fn step_of(secret: &[u8], code: &str, now: DateTime<Utc>) -> Option<i64> {
    let present = now.timestamp().div_euclid(STEP_S);
    (present - STEPS_OFF..=present + STEPS_OFF)
        .find(|step| code_at(secret, *step).as_deref() == Some(code))
}

/// The code of a step of time (RFC 4226 §5.3 with RFC 6238 §4.2).
fn code_at(secret: &[u8], step: i64) -> Option<String> {
    digits_at(secret, step, DIGITS)
}

fn digits_at(secret: &[u8], step: i64, digits: usize) -> Option<String> {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret).ok()?;
    mac.update(&step.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let offset = usize::from(hash.last()? & 0x0f);
    let four: [u8; 4] = hash.get(offset..offset + 4)?.try_into().ok()?;
    let number = u64::from(u32::from_be_bytes(four) & 0x7fff_ffff);
    let modulus = 10_u64.pow(u32::try_from(digits).ok()?);
    Some(format!("{:0digits$}", number % modulus))
}

/// Holds the roles of `DENGWEN_TOTP_ROLES` against those there are: a slip would leave a role open.
///
/// # Errors
/// The key with the name nobody knows.
pub fn check_roles(roles: &[String]) -> Result<(), String> {
    for name in roles {
        name.parse::<Role>()
            .map_err(|e| format!("DENGWEN_TOTP_ROLES: {e}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// RFC 6238, appendix B, the rows of SHA-1.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = b"12345678901234567890";
        for (seconds, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(digits_at(secret, seconds / 30, 8).as_deref(), Some(code));
            assert_eq!(code_at(secret, seconds / 30).as_deref(), Some(&code[2..]));
        }
    }

    #[test]
    fn a_clock_may_be_off_by_a_step() {
        let secret = b"12345678901234567890";
        let code = code_at(secret, 100).unwrap();
        for (seconds, step) in [
            (29 * 100, None),
            (30 * 99, Some(100)),
            (30 * 100, Some(100)),
            (30 * 102 - 1, Some(100)),
            (30 * 102, None),
        ] {
            assert_eq!(step_of(secret, &code, at(seconds)), step, "{seconds}");
        }
        for wrong in ["", "12345", "1234567", "abcdef"] {
            assert_eq!(step_of(secret, wrong, at(3000)), None);
        }
    }

    #[test]
    fn codes_are_taken_as_people_write_them() {
        let id = Id::new();
        let code = &new_recovery_codes()[0];
        assert_eq!(code.len(), 19);
        let typed = format!(" {}", code.to_uppercase().replace('-', " "));
        assert_eq!(recovery_hash(id, code), recovery_hash(id, &typed));
        assert_ne!(recovery_hash(id, code), recovery_hash(Id::new(), code));
        assert_eq!(normalised("123 456"), "123456");
    }

    #[test]
    fn a_role_nobody_knows_is_refused() {
        assert!(check_roles(&["admin".to_owned()]).is_ok());
        let error = check_roles(&["admins".to_owned()]).unwrap_err();
        assert!(error.contains("DENGWEN_TOTP_ROLES") && error.contains("admins"));
    }
}
