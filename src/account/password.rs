//! Staff passwords: Argon2id, with a floor on their length.

use argon2::{Argon2, PasswordHash, PasswordVerifier, password_hash::PasswordHasher};

use crate::platform::problem::Problem;

/// Letters a password has at least (等保2.0 asks for eight or more; length beats rules).
pub const MIN_LETTERS: usize = 10;

/// Hashes a password.
///
/// # Errors
/// 422 when it is too short; a fault when hashing fails.
pub fn hash(password: &str) -> Result<String, Problem> {
    if password.chars().count() < MIN_LETTERS {
        return Err(Problem::invalid(
            "password",
            "too_short",
            format!("a password has {MIN_LETTERS} letters or more"),
        ));
    }
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|e| Problem::fault(format!("password hashing: {e}")))
}

/// Whether a password is the one hashed. With no hash (no such account) the same work is done,
/// so that the time taken does not tell whether the account exists.
#[must_use]
pub fn matches(password: &str, hash: Option<&str>) -> bool {
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$6y9z6dEZr6QY1a1YkRNmPHT3zUMSBtXc2rVbQXWzVYc";
    let parsed = PasswordHash::new(hash.unwrap_or(NOBODY));
    let right = parsed.is_ok_and(|parsed| {
        Argon2::default()
            .verify_password(password.as_bytes(), &parsed)
            .is_ok()
    });
    right && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_fits_its_password_alone() {
        let hashed = hash("correct horse battery").unwrap();
        assert!(matches("correct horse battery", Some(&hashed)));
        assert!(!matches("wrong horse battery", Some(&hashed)));
        assert!(!matches("correct horse battery", None));
        assert!(hash("short").is_err());
    }
}
