//! Where the office's accounts and tokens are kept.
//!
//! One place for all processes of an office on a machine: the command line changes it
//! while a server reads it. Implementations must keep a change whole or not at all,
//! and durably, and show it to every reader once the call that made it has returned.

use std::sync::Arc;

use crate::identity::directory::{ChangeError, Directory};

/// Why the directory was not read or changed.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The place cannot be used. Nobody may be let in on a guess: refuse until a
    /// person has looked.
    #[error("use the accounts and tokens in {place}: {reason}")]
    Away {
        /// The place.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// The change cannot be made; nothing was.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

/// A change of the directory.
pub type Change<'c> = &'c mut dyn FnMut(&mut Directory) -> Result<(), ChangeError>;

/// Keeps a directory. One that was never changed is empty.
pub trait Directories: Send + Sync {
    /// The directory as it is now. Blocking, for a moment.
    ///
    /// # Errors
    /// [`DirectoryError::Away`].
    fn read(&self) -> Result<Arc<Directory>, DirectoryError>;

    /// Changes it: `change` sees the latest one, and no other change comes between.
    /// When it fails, nothing is changed. Blocking.
    ///
    /// # Errors
    /// [`DirectoryError`].
    fn change(&self, change: Change<'_>) -> Result<(), DirectoryError>;
}
