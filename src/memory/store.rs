//! The [`Store`] in memory, with faults on demand.
//!
//! It is the plain statement of the contract that the real one is held against,
//! and the simulator's store: a commit can be made to fail, and a crash can be
//! made to lose the steps that were not flushed. A thread that holds a view reads
//! through that view only and does not commit.

use std::collections::{BTreeMap, VecDeque};
use std::ops::{Bound, ControlFlow};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::port::store::{KeyRange, Rows, Step, Store, StoreError, Table, Visit};

/// The most steps a crash can lose; older ones count as flushed. The real store
/// flushes twice a second, and no test needs more.
const MOST_STEPS_LOST: usize = 64;

/// Rows in memory. Clones are one store.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    shared: Arc<RwLock<Content>>,
}

#[derive(Debug, Default)]
struct Content {
    rows: BTreeMap<(Table, Vec<u8>), Vec<u8>>,
    /// For each step not flushed, the rows as they were before it; newest last.
    undo: VecDeque<Step>,
    /// How many more commits succeed; `None` for all.
    commits_left: Option<u64>,
    /// Set by the commit that failed.
    damaged: bool,
}

impl MemoryStore {
    /// A store without rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the `nth` commit from now fail (1 is the next one). It changes
    /// nothing, and every call after it fails too, as with a damaged store.
    pub fn fail_commit(&self, nth: u64) {
        self.write().commits_left = Some(nth.saturating_sub(1));
    }

    /// The store that is found after a crash which lost the last `steps` steps, or
    /// as many as were not flushed. This one is left as it is.
    #[must_use]
    pub fn after_crash(&self, steps: usize) -> Self {
        let content = self.read();
        let mut rows = content.rows.clone();
        for step in content.undo.iter().rev().take(steps) {
            apply(&mut rows, step.clone());
        }
        let found = Content { rows, ..Content::default() };
        Self { shared: Arc::new(RwLock::new(found)) }
    }

    /// How many rows all tables hold.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.read().rows.len()
    }

    fn read(&self) -> RwLockReadGuard<'_, Content> {
        // A step is applied by code that cannot panic half-way.
        self.shared.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Content> {
        self.shared.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn damaged() -> StoreError {
    StoreError { place: "memory".to_owned(), reason: "a commit was made to fail".to_owned() }
}

/// Makes the changes of a step and answers with the step that undoes them.
fn apply(rows: &mut BTreeMap<(Table, Vec<u8>), Vec<u8>>, step: Step) -> Step {
    let mut undo = Step::default();
    for (place, value) in step.rows {
        let old = match value {
            Some(value) => rows.insert(place.clone(), value),
            None => rows.remove(&place),
        };
        undo.rows.insert(place, old);
    }
    undo
}

impl Content {
    fn sound(&self) -> Result<(), StoreError> {
        if self.damaged { Err(damaged()) } else { Ok(()) }
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.sound()?;
        Ok(self.rows.get(&(table, key.to_vec())).cloned())
    }

    fn scan(
        &self,
        table: Table,
        (from, to): KeyRange<'_>,
        backward: bool,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        self.sound()?;
        if is_empty((from, to)) {
            return Ok(());
        }
        let place = |key: &[u8]| (table, key.to_vec());
        let from = match from {
            Bound::Unbounded => Bound::Included(place(&[])),
            bound => bound.map(place),
        };
        let to = match (to, table.0.checked_add(1)) {
            (Bound::Unbounded, Some(next)) => Bound::Excluded((Table(next), Vec::new())),
            (bound, _) => bound.map(place),
        };
        let mut rows = self.rows.range((from, to));
        while let Some(((_, key), value)) = if backward { rows.next_back() } else { rows.next() } {
            if visit(key, value) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn commit(&mut self, step: Step) -> Result<(), StoreError> {
        self.sound()?;
        match &mut self.commits_left {
            Some(0) => {
                self.damaged = true;
                return Err(damaged());
            }
            Some(left) => *left -= 1,
            None => {}
        }
        let undo = apply(&mut self.rows, step);
        self.undo.push_back(undo);
        if self.undo.len() > MOST_STEPS_LOST {
            self.undo.pop_front();
        }
        Ok(())
    }
}

/// Whether no key can lie in a range; the standard map panics on such a range.
fn is_empty(range: KeyRange<'_>) -> bool {
    match range {
        (Bound::Included(from), Bound::Included(to)) => from > to,
        (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => {
            from >= to
        }
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
    }
}

impl Rows for MemoryStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.read().get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        range: KeyRange<'_>,
        backward: bool,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        self.read().scan(table, range, backward, visit)
    }
}

impl Store for MemoryStore {
    type View<'a> = MemoryView<'a>;

    fn view(&self) -> MemoryView<'_> {
        MemoryView { content: self.read() }
    }

    fn commit(&self, step: Step) -> Result<(), StoreError> {
        self.write().commit(step)
    }

    fn flush(&self) -> Result<(), StoreError> {
        let mut content = self.write();
        content.sound()?;
        content.undo.clear();
        Ok(())
    }
}

/// The rows of a [`MemoryStore`] while no step takes effect.
#[derive(Debug)]
pub struct MemoryView<'a> {
    content: RwLockReadGuard<'a, Content>,
}

impl Rows for MemoryView<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.content.get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        range: KeyRange<'_>,
        backward: bool,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        self.content.scan(table, range, backward, visit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(key: u8, value: Option<u8>) -> Step {
        let rows = BTreeMap::from([((Table(0), vec![key]), value.map(|value| vec![value]))]);
        Step { rows }
    }

    fn value(store: &MemoryStore, key: u8) -> Option<Vec<u8>> {
        store.get(Table(0), &[key]).expect("the store is sound")
    }

    #[test]
    fn the_commit_that_was_chosen_fails_and_all_after_it() {
        let store = MemoryStore::new();
        store.fail_commit(2);
        store.commit(step(1, Some(1))).expect("the first one succeeds");
        assert!(store.commit(step(2, Some(2))).is_err());
        assert!(store.commit(step(3, Some(3))).is_err());
        assert!(store.get(Table(0), &[1]).is_err() && store.flush().is_err());
        assert_eq!(value(&store.after_crash(0), 1), Some(vec![1]));
        assert_eq!(value(&store.after_crash(0), 2), None);
    }

    #[test]
    fn a_crash_loses_the_last_steps_but_none_that_were_flushed() {
        let store = MemoryStore::new();
        store.commit(step(1, Some(1))).expect("commit");
        store.flush().expect("flush");
        store.commit(step(1, None)).expect("commit");
        store.commit(step(1, Some(3))).expect("commit");
        let found: Vec<_> = (0..4).map(|lost| value(&store.after_crash(lost), 1)).collect();
        assert_eq!(found, [Some(vec![3]), None, Some(vec![1]), Some(vec![1])]);
        assert_eq!(value(&store, 1), Some(vec![3]));
    }
}
