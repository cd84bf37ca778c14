//! The shelf in memory: stores by turns, for tests and for the simulator.
//!
//! It outlives the engines that use it, as a folder does, so an engine can be
//! stopped and started again on the rows it left.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::store::MemoryStore;
use crate::port::shelf::{Current, Shelf};
use crate::port::store::StoreError;

/// A shelf of stores in memory. Clones are one shelf.
#[derive(Debug, Clone, Default)]
pub struct MemoryShelf {
    shared: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    current: Option<MemoryStore>,
    /// How many were set aside as damaged.
    set_aside: usize,
    /// How many were begun.
    begun: usize,
}

impl MemoryShelf {
    /// A shelf without a store in use.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many stores were set aside so far.
    #[must_use]
    pub fn set_aside_count(&self) -> usize {
        self.held().set_aside
    }

    /// How many stores were begun so far.
    #[must_use]
    pub fn begun_count(&self) -> usize {
        self.held().begun
    }

    /// Puts another store in the place of the one in use, as a crash does that
    /// loses the last steps (see [`MemoryStore::after_crash`]).
    pub fn replace(&self, store: Option<MemoryStore>) {
        self.held().current = store;
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing that holds the lock can panic half-way.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf for MemoryShelf {
    type Store = MemoryStore;

    fn current(&self) -> Result<Current<MemoryStore>, StoreError> {
        let absent = || Current::Absent("find rows of the projection: none were built here".to_owned());
        Ok(self.held().current.clone().map_or_else(absent, Current::Ready))
    }

    fn begin(&self) -> Result<MemoryStore, StoreError> {
        self.held().begun += 1;
        Ok(MemoryStore::new())
    }

    fn adopt(&self, store: &MemoryStore) -> Result<(), StoreError> {
        self.held().current = Some(store.clone());
        Ok(())
    }

    fn set_aside(&self) -> Result<(), StoreError> {
        let mut held = self.held();
        held.set_aside += usize::from(held.current.take().is_some());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_in_use_is_the_one_that_was_adopted() {
        let shelf = MemoryShelf::new();
        assert!(matches!(shelf.current().expect("a shelf"), Current::Absent(_)));
        let store = shelf.begin().expect("a store");
        assert!(matches!(shelf.current().expect("a shelf"), Current::Absent(_)));
        shelf.adopt(&store).expect("adopted");
        assert!(matches!(shelf.clone().current().expect("a shelf"), Current::Ready(_)));
        shelf.set_aside().expect("set aside");
        assert!(matches!(shelf.current().expect("a shelf"), Current::Absent(_)));
        assert_eq!((shelf.begun_count(), shelf.set_aside_count()), (1, 1));
    }
}
