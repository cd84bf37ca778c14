//! Makes one step ready for sled.
//!
//! A row's place is its table's number and then its key; rows are kept in
//! [leaves](super::leaf). Everything that can be made ready is made ready here,
//! before readers are kept out: leaves are read (the tally needs the old rows, too)
//! while others still read.

use std::iter::Peekable;
use std::ops::Bound;

use sled::{Batch, IVec, Tree};

use super::leaf::{self, Change, Merged};
use super::tally::Tally;
use crate::port::store::{Step, Table};

/// Where the tally is kept. No table has this number.
pub(super) const TALLY_KEY: [u8; 1] = [u8::MAX];

/// The most rows of a step that is one atomic batch: a step of 1000 events is.
pub(super) const MOST_ROWS_IN_BATCH: usize = 16_384;
/// The leaves in each part of a larger step. sled keeps a copy of a page for each
/// write until the batch ends; small batches use the same memory again and again,
/// which halves the time of a rebuild's steps.
pub(super) const LEAVES_IN_PART: usize = 1024;

/// The rows of one atomic batch, the tally among them.
pub(super) struct Part {
    pub batch: Batch,
    /// The tally that holds once the batch is applied.
    pub after: Tally,
}

/// The place of a row in sled's tree, in the order of tables and then keys.
pub(super) fn place(table: Table, key: &[u8]) -> Vec<u8> {
    let mut place = Vec::with_capacity(1 + key.len());
    place.push(table.0);
    place.extend_from_slice(key);
    place
}

/// The leaf whose stretch `place` lies in.
pub(super) fn leaf_of(tree: &Tree, place: &[u8]) -> sled::Result<Option<(IVec, IVec)>> {
    let upto = (Bound::Unbounded, Bound::Included(place));
    let found = tree.range::<&[u8], _>(upto).next_back().transpose()?;
    Ok(found.filter(|(stands, _)| stands.first() == place.first()))
}

/// The place of the leaf after the one at `stands`, if that is of the same table.
pub(super) fn leaf_after(tree: &Tree, stands: &[u8]) -> sled::Result<Option<IVec>> {
    let later = (Bound::Excluded(stands), Bound::Unbounded);
    let next = tree.range::<&[u8], _>(later).next().transpose()?;
    Ok(next.map(|(place, _)| place).filter(|place| place.first() == stands.first()))
}

/// The bytes of a step's keys and values.
pub(super) fn size(step: &Step) -> usize {
    let row =
        |((_, key), value): (&(_, Vec<u8>), &Option<Vec<u8>>)| key.len() + value.as_ref().map_or(0, Vec::len);
    step.rows.iter().map(row).sum()
}

/// What becomes of a leaf: its place and content; `None` removes it.
type Write = (IVec, Option<Vec<u8>>);

/// Makes a step ready: one part, or several of `in_part` leaves when it has more
/// than `most` rows.
///
/// Between the parts of a huge step the tally says that the store is not whole,
/// and a store that was stopped there does not open.
pub(super) fn prepare(
    tree: &Tree,
    step: Step,
    before: Tally,
    (most, in_part): (usize, usize),
) -> sled::Result<Vec<Part>> {
    let in_part = if step.rows.len() > most { in_part } else { usize::MAX };
    let mut rows = step.rows.into_iter().map(|((table, key), value)| (place(table, &key), value)).peekable();
    if rows.peek().is_none() {
        return Ok(Vec::new());
    }
    let mut after = Tally { steps: before.steps.wrapping_add(1), whole: false, ..before };
    let mut writes = Vec::new();
    let mut walk = Walk { tree, ahead: None };
    while let Some(first) = rows.next() {
        stretch(&mut walk, first, &mut rows, &mut writes, &mut after)?;
    }
    let mut parts = Vec::with_capacity(writes.len() / in_part + 1);
    let mut left = writes.into_iter().peekable();
    loop {
        let mut batch = Batch::default();
        for (place, leaf) in left.by_ref().take(in_part) {
            match leaf {
                Some(leaf) => batch.insert(place, leaf),
                None => batch.remove(place),
            }
        }
        after.whole = left.peek().is_none();
        batch.insert(&TALLY_KEY, after.encode());
        parts.push(Part { batch, after });
        if after.whole {
            return Ok(parts);
        }
    }
}

/// A leaf as it is stored: where it stands, and its rows.
type Leaf = (IVec, IVec);

/// Goes through the leaves in their order, from one changed stretch to the next. Rows that
/// change together are neighbours more often than not, and a step to the next leaf costs
/// a fraction of a search from the root, for which sled copies the whole page.
struct Walk<'a> {
    tree: &'a Tree,
    /// The leaf after the last one that was found, if there is one, and those after it.
    ahead: Option<(Option<Leaf>, sled::Iter)>,
}

impl Walk<'_> {
    /// The leaf in whose stretch `place` lies, and where the one after it stands. Places
    /// are asked for in ascending order, each beyond the stretch that was found last.
    fn find(&mut self, place: &[u8]) -> sled::Result<(Option<Leaf>, Option<IVec>)> {
        if let Some((Some(next), mut iter)) = self.ahead.take()
            && next.0.first() == place.first()
            && *next.0 <= *place
        {
            let beyond = iter.next().transpose()?;
            if beyond.as_ref().is_none_or(|(stands, _)| *place < **stands) {
                return Ok(self.found(Some(next), beyond, iter));
            }
        }
        let leaf = leaf_of(self.tree, place)?;
        let after = leaf.as_ref().map_or(place, |(stands, _)| &**stands);
        let mut iter = self.tree.range::<&[u8], _>((Bound::Excluded(after), Bound::Unbounded));
        let beyond = iter.next().transpose()?;
        Ok(self.found(leaf, beyond, iter))
    }

    fn found(
        &mut self,
        leaf: Option<Leaf>,
        beyond: Option<Leaf>,
        iter: sled::Iter,
    ) -> (Option<Leaf>, Option<IVec>) {
        let stands = beyond.as_ref().map(|(stands, _)| stands.clone());
        self.ahead = Some((beyond, iter));
        (leaf, stands)
    }
}

/// Adds what becomes of the leaf in whose stretch `first` lies, with all further
/// rows of that stretch.
fn stretch(
    walk: &mut Walk<'_>,
    first: Change,
    rows: &mut Peekable<impl Iterator<Item = Change>>,
    writes: &mut Vec<Write>,
    tally: &mut Tally,
) -> sled::Result<()> {
    let table = first.0.first().copied().unwrap_or_default();
    let (leaf, beyond) = walk.find(&first.0)?;
    let stands = leaf.as_ref().map_or_else(|| IVec::from(&[table]), |(stands, _)| stands.clone());
    let mut changes = vec![first];
    // The leaf of another table lies beyond all rows of this one.
    let within = |(place, _): &Change| {
        place.first() == Some(&table) && beyond.as_ref().is_none_or(|beyond| place.as_slice() < &**beyond)
    };
    while let Some(change) = rows.next_if(within) {
        changes.push(change);
    }
    let old = leaf.as_ref().map_or(&[][..], |(_, bytes)| bytes);
    let Merged::Leaves(leaves) = leaf::merge(old, &changes, tally)? else { return Ok(()) };
    if leaves.is_empty() {
        writes.push((stands.clone(), None));
    }
    for (number, (place, bytes)) in leaves.into_iter().enumerate() {
        // The first takes the place of the leaf that was there.
        let place = if number == 0 { stands.clone() } else { place.into() };
        writes.push((place, Some(bytes)));
    }
    Ok(())
}
