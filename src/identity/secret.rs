//! Secrets that are drawn, not chosen: tokens, session ids, salts.
//!
//! A secret has 256 random bits, so that a plain SHA-256 of it can be kept; nobody
//! finds it from there. It shows itself once, where it is handed over.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use crate::id::Sha;

/// What tokens begin with, so that a leaked one is recognised by scanners.
pub const TOKEN_PREFIX: &str = "duban_";

/// Draws 32 random bytes. A surface is given one; nothing below draws by itself.
pub type Draw = Arc<dyn Fn() -> Result<[u8; 32], Undrawn> + Send + Sync>;

/// The system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("draw random bytes: the system gave none")]
pub struct Undrawn;

/// A secret in the clear, on its way to whom it is for. It is never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// A token of these bytes.
    #[must_use]
    pub fn token(bytes: &[u8; 32]) -> Self {
        Self(format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// A secret that somebody has shown.
    #[must_use]
    pub fn shown(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The text, to be handed over and nowhere else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    #[must_use]
    pub fn digest(&self) -> Sha {
        digest(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

/// What is kept of a secret that somebody shows.
#[must_use]
pub fn digest(shown: &str) -> Sha {
    Sha::of_parts(&[b"duban secret", shown.as_bytes()])
}

/// Whether two digests are the same, in a time that does not tell where they differ.
#[must_use]
pub fn same(one: &Sha, other: &Sha) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

/// Whether two texts are the same, likewise.
#[must_use]
pub fn same_text(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_shown_only_where_it_is_revealed() {
        let secret = Secret::token(&[7; 32]);
        assert!(secret.reveal().starts_with(TOKEN_PREFIX));
        assert!(!format!("{secret:?}").contains(secret.reveal()));
        assert!(same(&secret.digest(), &digest(secret.reveal())));
        assert!(!same(&secret.digest(), &Secret::token(&[8; 32]).digest()));
    }
}
