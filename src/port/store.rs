//! Rows by table and key, changed only in atomic steps.
//!
//! What a store holds can always be made again from the ledger, so its contract
//! is about *consistency*, not durability: after any crash it holds the rows of
//! some step and all before it, or it does not open. It knows no row's meaning.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

/// A table's number; the engine names its tables when it opens a store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Table(pub u8);

/// Changes that take effect together; `None` removes a row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// The new content of each row, by table and key; the last write wins.
    pub rows: BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>,
}

/// A store that cannot be read or written any more. The answer is always the
/// same: set it aside and make it again from the ledger.
#[derive(Debug, thiserror::Error)]
#[error("use the store at {place}: {reason}")]
pub struct StoreError {
    /// The folder, or "memory".
    pub place: String,
    /// What the library said, panics included.
    pub reason: String,
}

/// What a scan's visitor gets: key and value, in ascending (or descending) order
/// of keys; it breaks when it has enough.
pub type Visit<'a> = dyn FnMut(&[u8], &[u8]) -> ControlFlow<()> + 'a;

/// A half-open or closed range of keys.
pub type KeyRange<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// Reading rows.
pub trait Rows {
    /// One row.
    ///
    /// # Errors
    /// [`StoreError`] when the store is damaged.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// The rows of a range in ascending order of keys, descending if `backward`.
    ///
    /// # Errors
    /// [`StoreError`] when the store is damaged.
    fn scan(
        &self,
        table: Table,
        range: KeyRange<'_>,
        backward: bool,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError>;
}

/// Rows changed in atomic steps by one writer and read by many. Cheap to clone;
/// all clones are one store.
pub trait Store: Rows + Clone + Send + Sync + 'static {
    /// Rows that stand still while this is held.
    type View<'a>: Rows
    where
        Self: 'a;

    /// Holds the rows still: no step takes effect while the view lives, so hold
    /// it briefly (a page, not a table).
    fn view(&self) -> Self::View<'_>;

    /// Makes all changes of a step, or none. Blocking; when it returns, readers
    /// see the step. After a crash a step is there whole or not at all, and never
    /// without the steps before it.
    ///
    /// # Errors
    /// [`StoreError`] when the store is damaged; it must then be made again.
    fn commit(&self, step: Step) -> Result<(), StoreError>;

    /// Waits until all steps so far are on disk. Blocking.
    ///
    /// # Errors
    /// [`StoreError`] when the store is damaged.
    fn flush(&self) -> Result<(), StoreError>;
}
