//! Rows that were sealed lately.
//!
//! What happens to a case happens in bursts: it is received, accepted, answered; and a
//! fact that is stated again mostly comes soon. A bounded memory of the last rows saves most reads
//! of the store, and a walk through the layers that are on their way there: whatever is
//! sealed and not stored yet is in here for certain. Only the one state that writes a
//! store keeps it, so it is never older than the store.

use std::hash::Hash;

use indexmap::{Equivalent, IndexMap};

/// From how many rows on a generation is full; two are kept, some 30 MiB of usual cases.
/// It ends with the layer that fills it, and is longer while the store is far behind.
const MOST_IN_GENERATION: usize = 8_192;

/// The last rows that were sealed, in two generations: when the young one is full it
/// becomes the old one, and the old one is forgotten.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    young: IndexMap<K, V>,
    old: IndexMap<K, V>,
    /// The last layer that the old ones are of.
    old_until: u64,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self { young: IndexMap::new(), old: IndexMap::new(), old_until: 0 }
    }
}

impl<K: Hash + Eq, V> Recent<K, V> {
    /// A row as it was sealed last, if that was lately.
    pub(super) fn get<Q: Hash + Equivalent<K> + ?Sized>(&self, key: &Q) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// Takes in the rows of the layer with the number `layer`, which is being sealed,
    /// while the layers up to `stored` are stored. Layers come in their order, from 1.
    pub(super) fn take_in(&mut self, rows: impl Iterator<Item = (K, V)>, layer: u64, stored: u64) {
        self.young.extend(rows);
        if self.young.len() >= MOST_IN_GENERATION && self.old_until <= stored {
            self.old = std::mem::take(&mut self.young);
            self.old_until = layer;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(numbers: std::ops::Range<usize>, version: u32) -> impl Iterator<Item = (usize, u32)> {
        numbers.map(move |number| (number, version))
    }

    #[test]
    fn the_last_version_is_remembered_and_old_rows_are_forgotten() {
        let mut recent = Recent::default();
        recent.take_in(layer(0..MOST_IN_GENERATION, 1), 1, 0);
        recent.take_in(layer(0..1, 2), 2, 1);
        assert_eq!((recent.get(&0), recent.get(&1)), (Some(&2), Some(&1)));
        recent.take_in(layer(MOST_IN_GENERATION..3 * MOST_IN_GENERATION, 3), 3, 2);
        assert_eq!(recent.get(&1), None);
        assert_eq!(recent.get(&0), Some(&2));
        assert_eq!(recent.young.len() + recent.old.len(), 2 * MOST_IN_GENERATION + 1);
    }

    #[test]
    fn what_is_not_stored_is_not_forgotten() {
        let mut recent = Recent::default();
        for number in 0..10 {
            let first = number * MOST_IN_GENERATION;
            recent.take_in(layer(first..first + MOST_IN_GENERATION, 1), number as u64 + 1, 0);
        }
        assert_eq!(recent.get(&0), Some(&1));
        recent.take_in(layer(0..0, 1), 11, 10);
        assert_eq!(recent.get(&0), None);
    }
}
