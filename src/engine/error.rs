//! Why an engine cannot go on, and what it should do about it.

use crate::event::chain::ChainError;
use crate::event::entry::EntryError;
use crate::id::{Seq, Sha, TenantId};
use crate::kernel::state::StateError;
use crate::port::log::{AppendError, LogError};
use crate::port::store::StoreError;

/// A failure of an engine's turn.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A log did not answer, or lost something.
    #[error(transparent)]
    Log(#[from] LogError),
    /// An append did not go through, or is not known to have.
    #[error(transparent)]
    Append(#[from] AppendError),
    /// The state cannot be read or continued.
    #[error(transparent)]
    State(#[from] StateError),
    /// The shelf of stores cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger's chain is broken.
    #[error("trust the ledger: {0}; compare it with its archive (`duban verify`) and restore it")]
    Chain(#[from] ChainError),
    /// An entry of the ledger cannot be read.
    #[error("read the ledger entry {seq}: {source}; compare the ledger with its archive and restore it")]
    Entry {
        /// Its place.
        seq: Seq,
        /// What is wrong with it.
        #[source]
        source: EntryError,
    },
    /// The ledger is not the one that the projection was made of.
    #[error(
        "go on with the ledger of {tenant}: it has the identity {found}, but the projection was made of {expected}; point the engine at the right broker, or remove the projection's folder to take this ledger as it is"
    )]
    Identity {
        /// Whose ledger.
        tenant: TenantId,
        /// The identity in the checkpoint.
        expected: uuid::Uuid,
        /// The identity on the ledger.
        found: uuid::Uuid,
    },
    /// The ledger is of another tenant.
    #[error("take the ledger of {found} for that of {expected}: check the name of the stream")]
    Tenant {
        /// Whose engine this is.
        expected: TenantId,
        /// Whose ledger it is.
        found: TenantId,
    },
    /// The ledger ends before the projection does.
    #[error(
        "go on with the ledger: it ends at {last}, but {checkpoint} entries were folded; its end was cut off; restore the stream from a backup or let a healthy replica take over"
    )]
    Truncated {
        /// The ledger's last place.
        last: Seq,
        /// The checkpoint's place.
        checkpoint: Seq,
    },
    /// The entry at the checkpoint is not the one that was folded.
    #[error(
        "go on with the ledger: the entry at {seq} has the digest {found}, but {expected} was folded; the ledger was altered or replaced; restore it from a backup"
    )]
    Altered {
        /// The checkpoint's place.
        seq: Seq,
        /// The digest in the checkpoint.
        expected: Sha,
        /// The digest on the ledger.
        found: Sha,
    },
    /// A thread of the engine died.
    #[error("finish a step: {0}")]
    Died(String),
}

/// What an engine does after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Read the ledger on from the stored state, and go on.
    Again,
    /// Set the projection aside and make it again.
    Rebuild,
    /// Stop this tenant; a person must look.
    Stop,
}

impl EngineError {
    /// What to do about it.
    #[must_use]
    pub const fn advice(&self) -> Advice {
        match self {
            Self::Log(LogError::Unavailable { .. })
            | Self::Append(
                AppendError::Fenced { .. }
                | AppendError::Unknown { .. }
                | AppendError::Log(LogError::Unavailable { .. }),
            ) => Advice::Again,
            Self::State(StateError::Store(_) | StateError::Row { .. }) | Self::Died(_) => Advice::Rebuild,
            Self::Log(_)
            | Self::Append(AppendError::Refused { .. } | AppendError::Log(_))
            | Self::State(StateError::Entry { .. })
            | Self::Store(_)
            | Self::Chain(_)
            | Self::Entry { .. }
            | Self::Identity { .. }
            | Self::Tenant { .. }
            | Self::Truncated { .. }
            | Self::Altered { .. } => Advice::Stop,
        }
    }

    /// Whether somebody else has appended: the engine follows from now on.
    #[must_use]
    pub const fn is_fenced(&self) -> bool {
        matches!(self, Self::Append(AppendError::Fenced { .. }))
    }
}
