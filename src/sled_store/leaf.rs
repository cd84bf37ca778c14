//! Leaves: neighbouring rows kept as one value of sled.
//!
//! sled pays some eight microseconds for each key it writes, however small: it
//! copies the page, appends to its log and remembers both. Rows here are small and
//! come in neighbourhoods (a day's deadlines, one publisher's facts), so a kilobyte
//! of them is one value under the place of the first. Places are cut into stretches:
//! a leaf holds the rows from its own place up to the next leaf's, and the first of
//! a table stands at the table's beginning.
//!
//! A place within a leaf is written as the length that it shares with the one
//! before, the length of the rest, the length of the value, the rest, the value.

use std::io;
use std::ops::Range;

use super::tally::{Tally, of_row};

/// How many bytes of rows make a leaf full. A leaf is written whole for each row that
/// changes in it, so larger ones make scans cheaper and scattered writes dearer;
/// measured, 1 KiB costs a scattered write no more than a row of its own did.
const MOST_BYTES: usize = 1024;

/// A row's place and what it becomes; `None` removes it.
pub(super) type Change = (Vec<u8>, Option<Vec<u8>>);

/// The rows of a leaf, one after the other.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    place: Vec<u8>,
}

impl<'a> Reader<'a> {
    /// The rows that `bytes` hold.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, place: Vec::new() }
    }

    /// The value of the next row, whose place is then [`Reader::place`].
    pub(super) fn next(&mut self) -> sled::Result<Option<&'a [u8]>> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        self.step().map(Some).ok_or_else(damaged)
    }

    /// The place of the row that [`Reader::next`] gave last.
    pub(super) fn place(&self) -> &[u8] {
        &self.place
    }

    fn step(&mut self) -> Option<&'a [u8]> {
        let (shared, own, length) = (self.number()?, self.number()?, self.number()?);
        let (tail, rest) = self.rest.split_at_checked(own)?;
        let (value, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        if shared > self.place.len() {
            return None;
        }
        self.place.truncate(shared);
        self.place.extend_from_slice(tail);
        Some(value)
    }

    /// A number in seven bits a byte, the lowest first.
    fn number(&mut self) -> Option<usize> {
        let mut number = 0_usize;
        for place in 0..5 {
            let (&byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            number |= usize::from(byte & 0x7f) << (7 * place);
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }
}

/// The value at `place` in a leaf.
pub(super) fn find(bytes: &[u8], place: &[u8]) -> sled::Result<Option<Vec<u8>>> {
    let mut rows = Reader::new(bytes);
    while let Some(value) = rows.next()? {
        if rows.place() >= place {
            return Ok((rows.place() == place).then(|| value.to_vec()));
        }
    }
    Ok(None)
}

/// A leaf's rows in the order of their places, before they are cut and written.
#[derive(Default)]
struct Rows<'a> {
    places: Vec<u8>,
    held: Vec<(Range<usize>, &'a [u8])>,
    bytes: usize,
}

impl<'a> Rows<'a> {
    fn push(&mut self, place: &[u8], value: &'a [u8]) {
        let from = self.places.len();
        self.places.extend_from_slice(place);
        self.held.push((from..self.places.len(), value));
        self.bytes += place.len() + value.len();
    }

    fn place(&self, range: &Range<usize>) -> &[u8] {
        self.places.get(range.clone()).unwrap_or_default()
    }

    /// Cuts the rows into leaves that end with the row that fills them up to `full`
    /// bytes.
    fn cut(&self, full: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut leaves: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let mut last: &[u8] = &[];
        let mut size = full;
        for (range, value) in &self.held {
            let place = self.place(range);
            if size >= full {
                leaves.push((place.to_vec(), Vec::new()));
                (last, size) = (&[], 0);
            }
            if let Some((_, leaf)) = leaves.last_mut() {
                write(leaf, last, place, value);
            }
            (last, size) = (place, size + place.len() + value.len());
        }
        leaves
    }
}

/// What becomes of a leaf: its changed content, cut where it has grown too long.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Merged {
    /// Nothing changed.
    Same,
    /// The leaves in its place, each with the place of its first row; none is left
    /// when all rows are gone.
    Leaves(Vec<(Vec<u8>, Vec<u8>)>),
}

/// Makes changes, in the order of their places, to the rows of a leaf, and keeps the
/// tally right.
pub(super) fn merge(bytes: &[u8], changes: &[Change], tally: &mut Tally) -> sled::Result<Merged> {
    let mut merged = Rows::default();
    let mut old = Reader::new(bytes);
    let mut next = old.next()?;
    let (mut changed, mut appended) = (false, true);
    for (place, value) in changes {
        while let Some(kept) = next.filter(|_| old.place() < place.as_slice()) {
            merged.push(old.place(), kept);
            next = old.next()?;
        }
        appended &= next.is_none();
        if let Some(before) = next.filter(|_| old.place() == place.as_slice()) {
            tally.take(of_row(place, before));
            changed = true;
            next = old.next()?;
        }
        if let Some(value) = value {
            tally.add(of_row(place, value));
            changed = true;
            merged.push(place, value);
        }
    }
    if !changed {
        // What came and went within one step was never stored: half of the rows of
        // a rebuild are such.
        return Ok(Merged::Same);
    }
    while let Some(kept) = next {
        merged.push(old.place(), kept);
        next = old.next()?;
    }
    // Rows that come in order fill one leaf after the other; among others a cut
    // leaves room on both sides.
    let leaves = merged.bytes.div_ceil(MOST_BYTES).max(1);
    let full = if appended { MOST_BYTES } else { merged.bytes.div_ceil(leaves) };
    Ok(Merged::Leaves(merged.cut(full)))
}

fn write(into: &mut Vec<u8>, last: &[u8], place: &[u8], value: &[u8]) {
    let shared = last.iter().zip(place).take_while(|(left, right)| left == right).count();
    let own = place.get(shared..).unwrap_or_default();
    for number in [shared, own.len(), value.len()] {
        write_number(into, number);
    }
    into.extend_from_slice(own);
    into.extend_from_slice(value);
}

fn write_number(into: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        into.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    into.push(number.to_le_bytes()[0]);
}

fn damaged() -> sled::Error {
    sled::Error::Io(io::Error::new(io::ErrorKind::InvalidData, "a leaf of rows cannot be read"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn rows(leaves: &[(Vec<u8>, Vec<u8>)]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut found = Vec::new();
        for (first, bytes) in leaves {
            let mut reader = Reader::new(bytes);
            let mut begins = true;
            while let Some(value) = reader.next().expect("a row") {
                assert!(!begins || reader.place() == first, "a leaf stands at its first row");
                begins = false;
                found.push((reader.place().to_vec(), value.to_vec()));
            }
            assert!(!begins, "no leaf is empty");
        }
        found
    }

    fn merged(bytes: &[u8], changes: &[Change]) -> Vec<(Vec<u8>, Vec<u8>)> {
        match merge(bytes, changes, &mut Tally::empty(&[])).expect("it is whole") {
            Merged::Same => vec![(Vec::new(), bytes.to_vec())],
            Merged::Leaves(leaves) => leaves,
        }
    }

    proptest! {
        #[test]
        fn a_leaf_and_its_changes_make_the_map_they_stand_for(
            before in prop::collection::btree_map(prop::collection::vec(0_u8..4, 1..6), prop::collection::vec(any::<u8>(), 0..40), 0..20),
            after in prop::collection::btree_map(prop::collection::vec(0_u8..4, 1..6), prop::option::of(prop::collection::vec(any::<u8>(), 0..300)), 1..20),
        ) {
            let first: Vec<Change> = before.iter().map(|(place, value)| (place.clone(), Some(value.clone()))).collect();
            let changes: Vec<Change> = after.clone().into_iter().collect();
            let mut tally = Tally::empty(&[]);
            let old = match merge(&[], &first, &mut tally).expect("it is whole") {
                Merged::Same => Vec::new(),
                Merged::Leaves(leaves) => Rows::joined(&rows(&leaves)),
            };
            let now = match merge(&old, &changes, &mut tally).expect("it is whole") {
                Merged::Same => rows(&[(before.keys().next().cloned().unwrap_or_default(), old.clone())].into_iter().filter(|(_, bytes)| !bytes.is_empty()).collect::<Vec<_>>()),
                Merged::Leaves(leaves) => rows(&leaves),
            };
            let mut expected: BTreeMap<Vec<u8>, Vec<u8>> = before;
            for (place, value) in after {
                match value {
                    Some(value) => expected.insert(place, value),
                    None => expected.remove(&place),
                };
            }
            let mut sum = Tally::empty(&[]);
            for (place, value) in &expected {
                sum.add(of_row(place, value));
            }
            prop_assert_eq!(tally, sum);
            prop_assert_eq!(now, expected.into_iter().collect::<Vec<_>>());
        }

        #[test]
        fn bytes_that_are_no_leaf_are_told(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let mut reader = Reader::new(&bytes);
            while let Ok(Some(_)) = reader.next() {}
        }
    }

    impl Rows<'_> {
        /// One leaf of all these rows, however long.
        fn joined(rows: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
            let mut all = Rows::default();
            for (place, value) in rows {
                all.push(place, value);
            }
            all.cut(usize::MAX).pop().map(|(_, bytes)| bytes).unwrap_or_default()
        }
    }

    #[test]
    fn rows_in_order_fill_their_leaves_and_others_leave_room() {
        let row = |n: u16| (n.to_be_bytes().to_vec(), Some(vec![7; 98]));
        let in_order: Vec<Change> = (0..30).map(row).collect();
        let leaves = merged(&[], &in_order);
        let counts: Vec<usize> = leaves.iter().map(|leaf| rows(std::slice::from_ref(leaf)).len()).collect();
        assert_eq!(counts, [11, 11, 8]);
        let between = merged(&leaves[0].1, &[(vec![0, 4, 1], Some(vec![7; 97]))]);
        let counts: Vec<usize> = between.iter().map(|leaf| rows(std::slice::from_ref(leaf)).len()).collect();
        assert_eq!(counts, [6, 6]);
    }

    #[test]
    fn removing_what_is_not_there_changes_nothing() {
        let leaf = merged(&[], &[(vec![1, 2], Some(vec![3]))]).remove(0).1;
        let mut tally = Tally::empty(&[]);
        assert_eq!(merge(&leaf, &[(vec![1, 3], None)], &mut tally).expect("it is whole"), Merged::Same);
        assert_eq!(
            merge(&leaf, &[(vec![1, 2], None)], &mut tally).expect("it is whole"),
            Merged::Leaves(vec![])
        );
    }
}
