//! Lets the kernel read a store's rows.

use std::ops::{Bound, ControlFlow};

use crate::kernel::row::Family;
use crate::kernel::state::{Backing, StateError};
use crate::port::store::{Rows, Step, Store, StoreError, Table};

/// A store's rows, by the kernel's families.
#[derive(Clone)]
pub struct Stored<S>(pub S);

/// The table of a family: its place in [`Family::ALL`].
#[must_use]
pub fn table(family: Family) -> Table {
    Table(family as u8)
}

/// The names of all tables, for opening a store.
#[must_use]
pub fn tables() -> Vec<&'static str> {
    Family::ALL.iter().map(|family| family.name()).collect()
}

impl<S: Rows> Backing for Stored<S> {
    fn get(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.0.get(table(family), key).map_err(|error| failed(&error))
    }

    fn scan(
        &self,
        family: Family,
        from: &[u8],
        visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StateError> {
        let range = (Bound::Included(from), Bound::Unbounded);
        let mut go_on = |key: &[u8], row: &[u8]| {
            if visit(key, row) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        self.0.scan(table(family), range, false, &mut go_on).map_err(|error| failed(&error))
    }
}

/// The step that writes the rows of a settled layer.
#[must_use]
pub fn step(rows: std::collections::BTreeMap<(Family, Vec<u8>), Option<Vec<u8>>>) -> Step {
    Step { rows: rows.into_iter().map(|((family, key), row)| ((table(family), key), row)).collect() }
}

/// Writes rows and waits until readers see them. Blocking.
///
/// # Errors
/// [`StateError::Store`] when the store is damaged.
pub fn commit<S: Store>(
    store: &S,
    rows: std::collections::BTreeMap<(Family, Vec<u8>), Option<Vec<u8>>>,
) -> Result<(), StateError> {
    store.commit(step(rows)).map_err(|error| failed(&error))
}

fn failed(error: &StoreError) -> StateError {
    StateError::Store(error.to_string())
}
