//! Makes one step ready for sled.
//!
//! A key is kept as its table's number and then itself. Everything that can be
//! made ready is made ready here, before readers are kept out: old rows are read
//! (the tally needs them) while others still read.

use sled::{Batch, IVec, Tree};

use super::tally::{Tally, of_row};
use crate::port::store::{Step, Table};

/// Where the tally is kept. No table has this number.
pub(super) const TALLY_KEY: [u8; 1] = [u8::MAX];

/// The most rows of one batch. sled keeps a copy of a page (some 4 KiB) for each
/// row until the batch ends, so this one holds about 64 MiB at worst. Large enough
/// that a step of 1000 events is one batch.
pub(super) const MOST_ROWS_IN_BATCH: usize = 16_384;

/// The rows of one atomic batch, the tally among them.
pub(super) struct Part {
    pub batch: Batch,
    /// The tally that holds once the batch is applied.
    pub after: Tally,
}

/// The place of a row in sled's tree, in the order of tables and then keys.
pub(super) fn place(table: Table, key: &[u8]) -> IVec {
    let mut place = Vec::with_capacity(1 + key.len());
    place.push(table.0);
    place.extend_from_slice(key);
    place.into()
}

/// The bytes of a step's keys and values.
pub(super) fn size(step: &Step) -> usize {
    let row =
        |((_, key), value): (&(_, Vec<u8>), &Option<Vec<u8>>)| key.len() + value.as_ref().map_or(0, Vec::len);
    step.rows.iter().map(row).sum()
}

/// Makes a step ready: one part, or several when it has more than `most` rows.
///
/// Between the parts of a huge step the tally says that the store is not whole,
/// and a store that was stopped there does not open.
pub(super) fn prepare(tree: &Tree, step: Step, before: Tally, most: usize) -> sled::Result<Vec<Part>> {
    let mut tally = Tally { steps: before.steps.wrapping_add(1), whole: false, ..before };
    let mut parts = Vec::with_capacity(step.rows.len() / most + 1);
    let mut left = step.rows.len();
    let mut rows = step.rows.into_iter();
    while left > 0 {
        let count = left.min(most);
        left -= count;
        let mut batch = Batch::default();
        for ((table, key), value) in rows.by_ref().take(count) {
            put(tree, place(table, &key), value, &mut batch, &mut tally)?;
        }
        tally.whole = left == 0;
        batch.insert(&TALLY_KEY, tally.encode());
        parts.push(Part { batch, after: tally });
    }
    Ok(parts)
}

/// Adds one row to a batch and keeps the tally right.
fn put(
    tree: &Tree,
    key: IVec,
    value: Option<Vec<u8>>,
    batch: &mut Batch,
    tally: &mut Tally,
) -> sled::Result<()> {
    let old = tree.get(&key)?;
    if let Some(old) = &old {
        tally.take(of_row(&key, old));
    }
    match value {
        Some(value) => {
            tally.add(of_row(&key, &value));
            batch.insert(key, value);
        }
        None if old.is_some() => batch.remove(key),
        // What came and went within one step was never stored: half of the rows of
        // a rebuild are such, and removing nothing costs as much as writing.
        None => {}
    }
    Ok(())
}
