//! Where a tenant's stores stand: the one in use, and the one being built beside it.
//!
//! A shelf belongs to one process at a time. It knows no row's meaning.

use super::store::{Store, StoreError};

/// What a shelf has to go on with.
pub enum Current<S> {
    /// A store that was built to the end once.
    Ready(S),
    /// None, and why: never built, of another version, damaged. Whatever was
    /// there has been set aside for a person to look at.
    Absent(String),
}

/// Holds stores by turns. Cheap to clone; all clones are one shelf.
pub trait Shelf: Clone + Send + Sync + 'static {
    /// The stores it holds.
    type Store: Store;

    /// The store in use. Blocking.
    ///
    /// # Errors
    /// [`StoreError`] when the place itself cannot be used, by this process or at
    /// all: give up.
    fn current(&self) -> Result<Current<Self::Store>, StoreError>;

    /// An empty store beside the one in use. Blocking.
    ///
    /// # Errors
    /// As [`Shelf::current`].
    fn begin(&self) -> Result<Self::Store, StoreError>;

    /// Makes a store that [`Shelf::begin`] gave the one in use. The one before is
    /// removed once nobody holds it. Blocking.
    ///
    /// # Errors
    /// As [`Shelf::current`].
    fn adopt(&self, store: &Self::Store) -> Result<(), StoreError>;

    /// Sets the store in use aside, because it turned out to be damaged. Blocking.
    ///
    /// # Errors
    /// As [`Shelf::current`].
    fn set_aside(&self) -> Result<(), StoreError>;
}
