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
/// One byte of form, one of wholeness, three numbers.
const LENGTH: usize = 2 + 3 * 8;

/// The sum of a store's rows after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tally {
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
    /// The tally of a store without rows.
    pub(super) const EMPTY: Self = Self { steps: 0, rows: 0, digest: 0, whole: true };

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
        for number in [self.steps, self.rows, self.digest] {
            bytes.extend(number.to_be_bytes());
        }
        bytes
    }

    /// The tally a row holds; `None` when it is none of this form.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let (&[form, whole], numbers) = bytes.split_first_chunk::<2>()?;
        let (numbers, rest) = numbers.as_chunks::<8>();
        let &[steps, rows, digest] = numbers else { return None };
        (form == FORM && whole <= 1 && rest.is_empty()).then_some(Self {
            steps: u64::from_be_bytes(steps),
            rows: u64::from_be_bytes(rows),
            digest: u64::from_be_bytes(digest),
            whole: whole == 1,
        })
    }
}

/// What sets the rows of one table apart from equal rows of another.
pub(super) fn of_table(name: &[u8]) -> u64 {
    absorb(SPREAD, name)
}

/// The digest of one row of the table that `table` stands for.
pub(super) fn of_row(table: u64, key: &[u8], value: &[u8]) -> u64 {
    absorb(absorb(table, key), value)
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
        let tally = Tally { steps: 3, rows: 2, digest: u64::MAX, whole: false };
        let mut bytes = tally.encode();
        assert_eq!(Tally::decode(&bytes), Some(tally));
        assert_eq!(Tally::decode(&bytes[1..]), None);
        bytes[0] = FORM + 1;
        assert_eq!(Tally::decode(&bytes), None);
    }

    #[test]
    fn table_key_value_and_their_borders_all_count() {
        let (a, b) = (of_table(b"a"), of_table(b"b"));
        let digests = [
            of_row(a, b"key", b"value"),
            of_row(b, b"key", b"value"),
            of_row(a, b"keyv", b"alue"),
            of_row(a, b"", b"keyvalue"),
            of_row(a, b"key", b"value\0"),
            of_row(a, b"key", b""),
            of_row(a, b"\0", b""),
            of_row(a, b"", b"\0"),
            of_row(a, b"", b""),
        ];
        assert_eq!(BTreeSet::from(digests).len(), digests.len());
    }

    #[test]
    fn every_flipped_bit_changes_the_digest() {
        let value = [0x5a; 37];
        let whole = of_row(1, b"key", &value);
        for bit in 0..value.len() * 8 {
            let mut flipped = value;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(of_row(1, b"key", &flipped), whole, "bit {bit}");
        }
    }

    #[test]
    fn taking_away_undoes_adding() {
        let mut tally = Tally::EMPTY;
        tally.add(u64::MAX);
        tally.add(7);
        tally.take(u64::MAX);
        tally.take(7);
        assert_eq!(tally, Tally::EMPTY);
    }
}
