//! Staff passwords: Argon2id.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};

use crate::platform::{hashing::Memory, problem::Problem};

/// Letters a password has at least (等保2.0 asks for eight or more; length beats rules).
pub const MIN_LETTERS: usize = 10;

/// Letters a password has at most: more would be work without a gain.
pub const MAX_LETTERS: usize = 256;

/// Hashes a password, in a memory of its own. Whether it is a good one is asked before
/// ([`super::strength`]).
///
/// # Errors
/// A fault when hashing fails.
pub fn hash(password: &str) -> Result<String, Problem> {
    hash_in(password, &mut Memory::default())
}

/// Hashes a password.
///
/// # Errors
/// A fault when hashing fails.
pub fn hash_in(password: &str, memory: &mut Memory) -> Result<String, Problem> {
    let (algorithm, version, params) = Default::default();
    let salt = Salt::generate();
    let hashed = output(password, &salt, algorithm, version, &params, memory).and_then(|output| {
        Ok(PasswordHash {
            algorithm: algorithm.ident(),
            version: Some(version.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(salt),
            hash: Some(output),
        })
    });
    hashed
        .map(|hash| hash.to_string())
        .map_err(|e| Problem::fault(format!("password hashing: {e}")))
}

/// Whether a password is the one hashed. With no hash (no such account) the same work is done,
/// so that the time taken does not tell whether the account exists.
#[must_use]
pub fn matches(password: &str, hash: Option<&str>, memory: &mut Memory) -> bool {
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$6y9z6dEZr6QY1a1YkRNmPHT3zUMSBtXc2rVbQXWzVYc";
    let right = PasswordHash::new(hash.unwrap_or(NOBODY))
        .ok()
        .and_then(|parsed| verify(password, &parsed, memory));
    right == Some(true) && hash.is_some()
}

/// `None` when the hash is none of ours.
fn verify(password: &str, hash: &PasswordHash, memory: &mut Memory) -> Option<bool> {
    let algorithm = Algorithm::try_from(hash.algorithm.as_str()).ok()?;
    let version = hash.version.map(Version::try_from).transpose().ok()?;
    let params = Params::try_from(hash).ok()?;
    let found = output(
        password,
        hash.salt.as_ref()?,
        algorithm,
        version.unwrap_or_default(),
        &params,
        memory,
    );
    // Outputs are compared in constant time.
    Some(found.ok()? == hash.hash?)
}

fn output(
    password: &str,
    salt: &Salt,
    algorithm: Algorithm,
    version: Version,
    params: &Params,
    memory: &mut Memory,
) -> argon2::password_hash::Result<Output> {
    let mut buffer = [0; Output::MAX_LENGTH];
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let out = buffer
        .get_mut(..length)
        .ok_or(argon2::password_hash::Error::OutputSize)?;
    Argon2::new(algorithm, version, params.clone()).hash_password_into_with_memory(
        password.as_bytes(),
        salt,
        out,
        memory.blocks(params.block_count()),
    )?;
    Ok(Output::new(out)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_fits_its_password_alone() {
        let mut memory = Memory::default();
        let hashed = hash("correct horse battery").unwrap();
        assert!(matches("correct horse battery", Some(&hashed), &mut memory));
        assert!(!matches("wrong horse battery", Some(&hashed), &mut memory));
        assert!(!matches("correct horse battery", None, &mut memory));
        assert!(!matches(
            "correct horse battery",
            Some("$md5$x"),
            &mut memory
        ));
    }

    /// Hashes made before the memory was kept, by the library's own way, stay good.
    #[test]
    fn hashes_of_the_library_fit() {
        use argon2::password_hash::PasswordHasher as _;
        let hashed = Argon2::default()
            .hash_password(b"correct horse battery")
            .unwrap();
        let mut memory = Memory::default();
        for _ in 0..2 {
            assert!(matches(
                "correct horse battery",
                Some(&hashed.to_string()),
                &mut memory
            ));
        }
    }
}
