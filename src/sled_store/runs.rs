//! Reading on where the last read was.
//!
//! Whoever asks for one row after the other often asks in their order: facts that are
//! counted up, cases of one kind. Once two reads after each other lie in one leaf, that
//! leaf is kept with where its stretch ends, and further reads in it need no search from
//! the root, which costs as much as everything else about a read.

use std::sync::{Mutex, PoisonError};

use sled::{IVec, Tree};

use super::leaf;
use super::writes::{leaf_after, leaf_of};

/// The leaf of a table that was read last.
#[derive(Debug)]
struct Run {
    /// The step after which it was read; any other step may have changed it.
    step: u64,
    stands: IVec,
    bytes: IVec,
    /// The end of its stretch, none for that of the table; not looked up before the
    /// leaf is read again.
    ends: Option<Option<IVec>>,
}

impl Run {
    fn holds(&self, place: &[u8]) -> bool {
        let ends_after = |end: &Option<IVec>| end.as_ref().is_none_or(|end| place < &**end);
        *self.stands <= *place && self.ends.as_ref().is_some_and(ends_after)
    }
}

/// The last leaf of each table, for one who reads.
#[derive(Debug, Default)]
pub(super) struct Runs(Mutex<Vec<(u8, Run)>>);

impl Runs {
    /// The row at `place`, whose first byte is its table, after the step with the number
    /// `step`; nothing is written meanwhile.
    pub(super) fn get(&self, tree: &Tree, place: &[u8], step: u64) -> sled::Result<Option<Vec<u8>>> {
        let Some(table) = place.first().copied() else { return Ok(None) };
        // What a panic left behind is still what was read.
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = runs.iter().position(|(of, _)| *of == table);
        let last = known.map(|at| runs.swap_remove(at).1).filter(|run| run.step == step);
        let run = match last {
            Some(run) if run.holds(place) => run,
            last => {
                let Some((stands, bytes)) = leaf_of(tree, place)? else { return Ok(None) };
                let again = last.is_some_and(|run| run.stands == stands);
                let ends = if again { Some(leaf_after(tree, &stands)?) } else { None };
                Run { step, stands, bytes, ends }
            }
        };
        let row = leaf::find(&run.bytes, place);
        runs.push((table, run));
        row
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use crate::port::store::{Rows as _, Step, Store as _, Table};
    use crate::sled_store::{SledSettings, SledStore};

    /// Rows that fill several leaves.
    fn row(key: u16) -> Vec<u8> {
        vec![key.to_le_bytes()[0]; 150]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn reads_in_any_order_between_steps_find_what_is_there(
            steps in prop::collection::vec(
                (
                    prop::collection::btree_map((0_u8..2, 0_u16..200), any::<bool>(), 1..40),
                    prop::collection::vec((0_u8..2, 0_u16..200, 1_u16..6), 1..20),
                ),
                1..6,
            ),
        ) {
            let folder = tempfile::TempDir::new().expect("a folder");
            let store = SledStore::open(folder.path(), &["a", "b"], SledSettings::default()).expect("a store");
            let mut held: BTreeMap<(u8, u16), Vec<u8>> = BTreeMap::new();
            for (changes, reads) in steps {
                let mut rows = BTreeMap::new();
                for ((table, key), there) in changes {
                    let row = there.then(|| row(key));
                    match &row {
                        Some(row) => held.insert((table, key), row.clone()),
                        None => held.remove(&(table, key)),
                    };
                    rows.insert((Table(table), key.to_be_bytes().to_vec()), row);
                }
                store.commit(Step { rows }).expect("a step");
                for (table, first, count) in reads {
                    for key in first..first + count {
                        let found = store.get(Table(table), &key.to_be_bytes()).expect("a read");
                        prop_assert_eq!(found.as_ref(), held.get(&(table, key)), "{} {}", table, key);
                    }
                }
            }
        }
    }
}
