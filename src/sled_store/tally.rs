//! How many rows a store holds and what they add up to.
//!
//! sled skips what it cannot read of its log when it recovers, so a store may
//! open with rows silently lost. Each step therefore writes a [`Tally`] of all
//! rows in the same transaction, and opening compares it with what is there. The
//! digest is a sum, so a step costs only its own rows. It finds damage, not
//! forgery: whoever can write the folder can write the tally too.

/// An odd number without a pattern (2^64 divided by the golden ratio).
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
/// Tells this form of the tally from later ones.
const FORM: u8 = 1;
/// One byte of form, one of wholeness, four numbers.
const LENGTH: usize = 2 + 4 * 8;

/// The sum of a store's rows after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tally {
    /// The digest of the tables' names, in their order.
    pub tables: u64,
    /// Steps committed since the store was made.
    pub steps: u64,
    /// Rows of all tables.
    pub rows: u64,
    /// The sum, modulo 2^64, of [`of_row`] over all rows.
    pub digest: u64,
    /// False while a step that takes several transactions is on its way.
    pub whole: bool,
}

impl Tally {
    /// The tally of a store of these tables, without rows.
    pub(super) fn empty(tables: &[&str]) -> Self {
        let tables = tables.iter().fold(0, |state, name| absorb(state, name.as_bytes()));
        Self { tables, steps: 0, rows: 0, digest: 0, whole: true }
    }

    /// Counts a row whose digest is `row`.
    pub(super) const fn add(&mut self, row: u64) {
        self.rows = self.rows.wrapping_add(1);
        self.digest = self.digest.wrapping_add(row);
    }

    /// Takes away a row whose digest is `row`.
    pub(super) const fn take(&mut self, row: u64) {
        // It wraps when a damaged store has more rows than it ever counted; the
        // comparison at the next opening then fails, as it must.
        self.rows = self.rows.wrapping_sub(1);
        self.digest = self.digest.wrapping_sub(row);
    }

    /// The tally as a row.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend([FORM, u8::from(self.whole)]);
        for number in [self.tables, self.steps, self.rows, self.digest] {
            bytes.extend(number.to_be_bytes());
        }
        bytes
    }

    /// The tally a row holds; `None` when it is none of this form.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (&[form, whole], numbers) = bytes.split_first_chunk::<2>()?;
        let (numbers, rest) = numbers.as_chunks::<8>();
        let &[tables, steps, rows, digest] = numbers else { return None };
        (form == FORM && whole <= 1 && rest.is_empty()).then_some(Self {
            tables: u64::from_be_bytes(tables),
            steps: u64::from_be_bytes(steps),
            rows: u64::from_be_bytes(rows),
            digest: u64::from_be_bytes(digest),
            whole: whole == 1,
        })
    }
}

/// The digest of one row, whose key says its table.
pub(super) fn of_row(key: &[u8], value: &[u8]) -> u64 {
    absorb(absorb(SPREAD, key), value)
}

/// Mixes a text and its length into `state`.
fn absorb(state: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let state = words.iter().fold(state, |state, &word| mix(state ^ u64::from_le_bytes(word)));
    let mut last = [0; 8];
    for (place, byte) in last.iter_mut().zip(rest) {
        *place = *byte;
    }
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    mix(mix(state ^ u64::from_le_bytes(last)) ^ length)
}

/// A bijection in which every bit of `word` can change every bit of the result.
const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 32)).wrapping_add(1).wrapping_mul(SPREAD);
    let word = (word ^ (word >> 29)).wrapping_mul(SPREAD);
    word ^ (word >> 32)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_row_is_found_in_its_form_only() {
        let tally = Tally { tables: 1, steps: 3, rows: 2, digest: u64::MAX, whole: false };
        let mut bytes = tally.encode();
        assert_eq!(Tally::decode(&bytes), Some(tally));
        assert_eq!(Tally::decode(&bytes[1..]), None);
        bytes[0] = FORM + 1;
        assert_eq!(Tally::decode(&bytes), None);
    }

    #[test]
    fn key_value_and_the_border_between_them_all_count() {
        let rows: [(&[u8], &[u8]); 9] = [
            (b"key", b"value"),
            (b"Key", b"value"),
            (b"keyv", b"alue"),
            (b"", b"keyvalue"),
            (b"key", b"value\0"),
            (b"key", b""),
            (b"\0", b""),
            (b"", b"\0"),
            (b"", b""),
        ];
        let digests: BTreeSet<u64> = rows.iter().map(|(key, value)| of_row(key, value)).collect();
        assert_eq!(digests.len(), rows.len());
    }

    #[test]
    fn every_flipped_bit_changes_the_digest() {
        let value = [0x5a; 37];
        let whole = of_row(b"key", &value);
        for bit in 0..value.len() * 8 {
            let mut flipped = value;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(of_row(b"key", &flipped), whole, "bit {bit}");
        }
    }

    #[test]
    fn names_of_tables_and_their_order_count() {
        let orders: [&[&str]; 5] = [&[], &["a", "b"], &["b", "a"], &["ab"], &["a", "b", ""]];
        let digests: BTreeSet<u64> = orders.iter().map(|names| Tally::empty(names).tables).collect();
        assert_eq!(digests.len(), orders.len());
    }

    #[test]
    fn taking_away_undoes_adding() {
        let mut tally = Tally::empty(&[]);
        tally.add(u64::MAX);
        tally.add(7);
        tally.take(u64::MAX);
        tally.take(7);
        assert_eq!(tally, Tally::empty(&[]));
    }
}
