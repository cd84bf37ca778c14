//! The digest of a state: equal for two folds of one ledger, and for no others.

use sha2::{Digest as _, Sha256};

use super::row::{Family, VERSION};
use super::state::{Backing, StateError};
use crate::id::Sha;

/// The digest of all stored rows, table by table in order. Layers that are not
/// stored yet do not count.
///
/// # Errors
/// [`StateError`] when the rows cannot be read.
pub fn digest<B: Backing>(backing: &B) -> Result<Sha, StateError> {
    let mut hasher = Sha256::new();
    hasher.update(VERSION.to_be_bytes());
    for family in Family::ALL {
        hasher.update(family.name().as_bytes());
        backing.scan(family, &[], &mut |key, row| {
            hasher.update((key.len() as u64).to_be_bytes());
            hasher.update(key);
            hasher.update((row.len() as u64).to_be_bytes());
            hasher.update(row);
            true
        })?;
    }
    Ok(Sha::from(<[u8; 32]>::from(hasher.finalize())))
}
