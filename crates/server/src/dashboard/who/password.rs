//! Passwords of people: kept as Argon2id hashes, with a salt each, in the form that says how they
//! were made.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{CustomizedPasswordHasher, PasswordVerifier};
use argon2::{Argon2, Params};

/// Characters of a password, at least.
pub const CHARS_MIN: usize = 12;
/// Bytes of a password, at most.
pub const BYTES_MAX: usize = 1024;
/// Memory that a hash takes, in KiB. This and the rest is what OWASP recommends.
const MEMORY_KIB: u32 = 19_456;
/// How often a hash goes over that memory.
const PASSES: u32 = 2;
/// Threads that work on a hash.
const THREADS: u32 = 1;

/// The hash of no password: what is compared where there is no such user, so that this takes as
/// long as with any other.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$cHVyc2VyIG5vYm9keSBoZXJl$\
                      6bmNkLh0tyHtWHv1lvHuGKqrBPGaCc4PXSu1wtIKHF0";

/// Why a password is not taken, in a sentence.
pub fn refuse(password: &str) -> Option<String> {
    if password.chars().count() < CHARS_MIN {
        return Some(format!("a password has {CHARS_MIN} characters at least"));
    }
    (password.len() > BYTES_MAX).then(|| format!("a password has {BYTES_MAX} bytes at most"))
}

/// The hash under which a password is kept.
pub fn hash(password: &str, salt: [u8; 16]) -> Result<String, String> {
    let params = Params::new(MEMORY_KIB, PASSES, THREADS, None).map_err(|e| e.to_string())?;
    let hash: Result<PasswordHash, _> =
        Argon2::default().hash_password_with_params(password.as_bytes(), &salt, params);
    hash.map(|hash| hash.to_string()).map_err(|e| e.to_string())
}

/// Whether a password is the one of which this is the hash; never where there is none.
pub fn is_right(password: &str, kept: Option<&str>) -> bool {
    let Ok(hash) = PasswordHash::new(kept.unwrap_or(NOBODY)) else { return false };
    let is_right = Argon2::default().verify_password(password.as_bytes(), &hash).is_ok();
    is_right && kept.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_says_how_it_was_made_and_opens_for_its_password_alone() {
        let kept = hash("correct horse battery", [7; 16]).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(!kept.contains("horse"), "{kept}");
        assert_ne!(kept, hash("correct horse battery", [8; 16]).unwrap(), "the salt counts");
        assert!(is_right("correct horse battery", Some(&kept)));
        assert!(!is_right("correct horse batterz", Some(&kept)));
        assert!(!is_right("correct horse battery", None));
        assert!(!is_right("", Some("no hash at all")));
    }

    #[test]
    fn nobody_has_a_hash_that_takes_as_long_as_any() {
        let nobody = PasswordHash::new(NOBODY).expect("it can be read");
        let params = Params::try_from(&nobody).expect("it has parameters");
        let costs = (params.m_cost(), params.t_cost(), params.p_cost());
        assert_eq!(costs, (MEMORY_KIB, PASSES, THREADS));
        assert_eq!(nobody.hash.expect("it has an end").len(), 32);
    }

    #[test]
    fn passwords_have_a_length() {
        for (password, is_taken) in [
            ("short", false),
            ("elevenchars", false),
            ("twelve chars", true),
            ("zwölf Zeichen", true),
            (&"x".repeat(BYTES_MAX), true),
            (&"x".repeat(BYTES_MAX + 1), false),
        ] {
            assert_eq!(refuse(password).is_none(), is_taken, "{password}");
        }
    }
}
