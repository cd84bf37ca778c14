//! Puts one step into sled.
//!
//! Everything that can be made ready is made ready before the transaction, since
//! sled lets nobody in the process read, of any store, while one runs.

use std::cell::Cell;
use std::collections::BTreeMap;

use sled::transaction::{ConflictableTransactionError, TransactionError, TransactionalTree};
use sled::{IVec, Transactional};

use super::opening::{Opened, TALLY_KEY};
use super::tally::{Tally, of_row};
use crate::port::store::Step;

/// The most rows of one transaction. sled keeps a copy of a page (some 4 KiB) for
/// each row until the transaction ends, so this one holds about 64 MiB at worst.
/// Large enough that a step of 1000 events is one transaction.
pub(super) const MOST_ROWS_IN_TRANSACTION: usize = 16_384;

type Row = (IVec, Option<IVec>);

/// The rows of one transaction, by table number, in ascending order of keys.
#[derive(Debug, Default)]
pub(super) struct Part {
    tables: BTreeMap<u8, Vec<Row>>,
    rows: usize,
}

/// A step in the form sled takes it.
#[derive(Debug)]
pub(super) struct Writes {
    /// One part for each transaction; one unless the step is huge.
    pub parts: Vec<Part>,
    /// The bytes of all keys and values.
    pub bytes: usize,
}

impl Writes {
    /// Makes a step ready.
    pub(super) fn of(step: Step, most_rows: usize) -> Self {
        let (mut parts, mut bytes) = (vec![Part::default()], 0);
        for ((table, key), value) in step.rows {
            bytes += key.len() + value.as_ref().map_or(0, Vec::len);
            if parts.last().is_none_or(|part| part.rows >= most_rows) {
                parts.push(Part::default());
            }
            if let Some(part) = parts.last_mut() {
                part.rows += 1;
                let row = (IVec::from(key), value.map(IVec::from));
                part.tables.entry(table.0).or_default().push(row);
            }
        }
        Self { parts, bytes }
    }
}

/// Writes one part and the tally that holds after it, both or neither; answers
/// with that tally.
pub(super) fn apply(opened: &Opened, part: &Part, before: Tally) -> sled::Result<Tally> {
    let touched =
        || part.tables.iter().filter_map(|(&at, rows)| Some((opened.tables.get(usize::from(at))?, rows)));
    let trees: Vec<&sled::Tree> = touched().map(|(table, _)| &table.tree).chain([&opened.tally]).collect();
    let after = Cell::new(before);
    let outcome = trees[..].transaction(|views| {
        let mut tally = before;
        for ((table, rows), view) in touched().zip(views) {
            for (key, value) in rows {
                write(view, table.seed, key, value.as_ref(), &mut tally)?;
            }
        }
        if let Some(view) = views.last() {
            view.insert(TALLY_KEY, tally.encode())?;
        }
        after.set(tally);
        Ok::<(), ConflictableTransactionError<()>>(())
    });
    match outcome {
        Ok(()) => Ok(after.get()),
        Err(TransactionError::Storage(error)) => Err(error),
        // The closure above never aborts.
        Err(TransactionError::Abort(())) => Err(sled::Error::Unsupported("abort".to_owned())),
    }
}

/// Writes or removes one row and keeps the tally right.
fn write(
    view: &TransactionalTree,
    seed: u64,
    key: &IVec,
    value: Option<&IVec>,
    tally: &mut Tally,
) -> Result<(), sled::transaction::UnabortableTransactionError> {
    let old = match value {
        Some(value) => {
            tally.add(of_row(seed, key, value));
            view.insert(key, value)?
        }
        None => view.remove(key)?,
    };
    if let Some(old) = old {
        tally.take(of_row(seed, key, &old));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::store::Table;

    #[test]
    fn a_step_is_cut_only_when_it_is_huge() {
        let mut step = Step::default();
        for n in 0_u8..10 {
            step.rows.insert((Table(n % 2), vec![n]), (n != 3).then(|| vec![0; 2]));
        }
        let whole = Writes::of(step.clone(), 10);
        assert_eq!((whole.parts.len(), whole.bytes), (1, 10 + 9 * 2));
        let cut = Writes::of(step, 4);
        let rows: Vec<usize> = cut.parts.iter().map(|part| part.rows).collect();
        assert_eq!(rows, [4, 4, 2]);
    }
}
