//! Accounts and tokens in memory, for tests.

use std::sync::{Arc, Mutex, PoisonError};

use crate::identity::directory::Directory;
use crate::port::directory::{Change, Directories, DirectoryError};

/// A directory in memory. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct MemoryDirectory {
    kept: Arc<Mutex<Arc<Directory>>>,
}

impl Directories for MemoryDirectory {
    fn read(&self) -> Result<Arc<Directory>, DirectoryError> {
        Ok(Arc::clone(&self.kept.lock().unwrap_or_else(PoisonError::into_inner)))
    }

    fn change(&self, change: Change<'_>) -> Result<(), DirectoryError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = Directory::clone(&kept);
        change(&mut changed)?;
        *kept = Arc::new(changed);
        Ok(())
    }
}
