//! Passwords: what one must be, and how one is kept and checked.
//!
//! Kept is an Argon2id hash in its own text form, with the parameters that made
//! it. Hashing takes some 20 MiB and tens of milliseconds on purpose; callers run
//! it where it may block, a few at a time.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};

use crate::id::AccountName;

/// The fewest characters of a password: it must stand against guessing over the
/// wire, which is slowed down, and against guessing from a stolen hash.
pub const FEWEST: usize = 12;
/// The most, so that nobody makes the server hash a book.
pub const MOST: usize = 128;

/// What an unknown account's password is checked against, so that the answer
/// takes as long as a known one's. Nobody's password hashes to it.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password that is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Too easily guessed.
    #[error("take the password: give at least {FEWEST} characters; a short sentence is easily remembered")]
    Short,
    /// More than anybody types.
    #[error("take the password: give at most {MOST} characters")]
    Long,
    /// Guessed first.
    #[error("take the password: it is the account's own name, or one character over and over")]
    Guessed,
    /// The hash could not be made.
    #[error("hash the password")]
    Hash,
}

/// The text to keep for `password`, salted with the first half of `drawn`.
///
/// # Errors
/// [`Unfit`] when it must not be taken.
pub fn hash(account: &AccountName, password: &str, drawn: &[u8; 32]) -> Result<String, Unfit> {
    let letters = password.chars().count();
    if letters < FEWEST {
        return Err(Unfit::Short);
    }
    if letters > MOST {
        return Err(Unfit::Long);
    }
    let first = password.chars().next();
    let repeats = password.chars().all(|letter| Some(letter) == first);
    if repeats
        || password.to_lowercase().contains(account.as_str()) && letters < account.as_str().len() + FEWEST
    {
        return Err(Unfit::Guessed);
    }
    let (salt, _) = drawn.split_at(16);
    let hash: PasswordHash =
        Argon2::default().hash_password_with_salt(password.as_bytes(), salt).map_err(|_| Unfit::Hash)?;
    Ok(hash.to_string())
}

/// Whether `password` is the one that `kept` was made of. `None` stands for an
/// account that is not there, and takes as long.
#[must_use]
pub fn is_right(kept: Option<&str>, password: &str) -> bool {
    let known = kept.is_some();
    let Ok(hash) = PasswordHash::new(kept.unwrap_or(NOBODY)) else { return false };
    // Whoever sends more than a password may have is not hashed at length.
    let given = if password.chars().count() > MOST { "" } else { password };
    Argon2::default().verify_password(given.as_bytes(), &hash).is_ok() && known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AccountName {
        AccountName::new("zhang").expect("an account")
    }

    #[test]
    fn a_password_is_kept_as_argon2id_and_recognised() {
        let kept = hash(&account(), "a long enough sentence", &[3; 32]).expect("a hash");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(is_right(Some(&kept), "a long enough sentence"));
        assert!(!is_right(Some(&kept), "a long enough sentencE"));
        assert!(!is_right(Some("damaged"), "a long enough sentence"));
        let other = hash(&account(), "a long enough sentence", &[4; 32]).expect("a hash");
        assert_ne!(kept, other, "each has its own salt");
    }

    #[test]
    fn nobody_is_checked_as_long_as_somebody() {
        assert!(PasswordHash::new(NOBODY).is_ok(), "the stand-in is a hash like any other");
        assert!(!is_right(None, "a long enough sentence"));
    }

    #[test]
    fn what_is_guessed_first_is_not_taken() {
        for (password, unfit) in
            [("short", Unfit::Short), ("zhang-zhang-1", Unfit::Guessed), ("aaaaaaaaaaaaaaaa", Unfit::Guessed)]
        {
            assert_eq!(hash(&account(), password, &[3; 32]), Err(unfit), "{password}");
        }
        assert_eq!(hash(&account(), &"ab".repeat(65), &[3; 32]), Err(Unfit::Long));
        assert!(hash(&account(), "我们每月四日前报送信息数据", &[3; 32]).is_ok());
    }
}
