//! The hash chain: each ledger entry carries the digest of the one before.
//!
//! It tells that entries are missing, repeated or altered. It cannot tell that the
//! newest were cut off: whoever resumes compares the log's last place as well.

use super::entry::Entry;
use crate::id::{Seq, Sha};

/// How far a ledger has been read: the last entry's place and its bytes' digest.
/// The default is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Chain {
    /// The last place read; zero before the first.
    pub seq: Seq,
    /// The digest of the entry there.
    pub hash: Sha,
}

/// An entry that does not follow the one before. Give up: the ledger must be
/// compared with its archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Entries are missing, repeated or out of order.
    #[error("follow the ledger past {after}: the next entry says that it is {found}, not {expected}")]
    Place {
        /// The last good place.
        after: Seq,
        /// The place that must follow.
        expected: Seq,
        /// The place that the entry has.
        found: Seq,
    },
    /// The entry before was not the one that this one was written after.
    #[error(
        "follow the ledger to {seq}: that entry was written after one with the digest {stated}, but the one at {after} has {hash}; one of the two was altered"
    )]
    Link {
        /// The entry's place.
        seq: Seq,
        /// The place before it.
        after: Seq,
        /// The digest that the entry states for the one before.
        stated: Sha,
        /// The digest that the one before really has.
        hash: Sha,
    },
}

impl Chain {
    /// The chain one entry further; `body` is what `next` was read from.
    ///
    /// # Errors
    /// [`ChainError`] when `next` is not the entry that follows.
    pub fn verify(&self, next: &Entry, body: &[u8]) -> Result<Self, ChainError> {
        self.follow(next)?;
        Ok(Self { seq: next.seq, hash: Sha::of(body) })
    }

    /// Whether `next` is the entry that follows, for readers that have its digest.
    ///
    /// # Errors
    /// As [`Chain::verify`].
    pub fn follow(&self, next: &Entry) -> Result<(), ChainError> {
        let expected = self.seq.next();
        if next.seq != expected {
            return Err(ChainError::Place { after: self.seq, expected, found: next.seq });
        }
        if next.previous != self.hash {
            let (stated, hash) = (next.previous, self.hash);
            return Err(ChainError::Link { seq: next.seq, after: self.seq, stated, hash });
        }
        Ok(())
    }
}
