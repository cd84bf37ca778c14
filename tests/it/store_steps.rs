//! Steps whose outcome is known: step `n` is a function of `n` alone, so that a
//! store's rows can be held against the steps its checkpoint says it has seen.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use duban::port::store::{Rows, Step, StoreError, Table};

/// The tables that the store tests use.
pub const TABLES: [&str; 3] = ["cases", "index", "checkpoint"];
const CHECKPOINT: Table = Table(2);
/// Keys are few, so that steps overwrite and remove each other's rows.
const KEYS: u64 = 400;

/// All rows of a store.
pub type Model = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

/// Numbers that are the same in every run (xorshift).
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        // Small seeds are spread out, and zero is not one that xorshift can leave.
        Self(seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `sides`.
    pub fn throw(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }
}

/// The rows that step `n` writes and removes, and the checkpoint `n`.
pub fn step(n: u64) -> Step {
    let mut dice = Dice::new(n);
    let mut step = Step::default();
    for _ in 0..20 {
        let key = format!("case/{:05}", dice.throw(KEYS)).into_bytes();
        let length = usize::try_from(dice.throw(300)).expect("fits");
        let value = format!("{n}:").into_bytes().into_iter().cycle().take(length).collect();
        step.rows.insert((Table(0), key), (dice.throw(4) > 0).then_some(value));
        let key = dice.throw(KEYS).to_be_bytes().to_vec();
        step.rows.insert((Table(1), key), (dice.throw(3) > 0).then(Vec::new));
    }
    // Some rows are too large for sled's log and go to files of their own.
    if n.is_multiple_of(16) {
        let value = vec![n.to_le_bytes()[0]; 150_000];
        step.rows.insert((Table(0), vec![b'z', n.to_le_bytes()[0] / 64]), Some(value));
    }
    step.rows.insert((CHECKPOINT, b"checkpoint".to_vec()), Some(n.to_be_bytes().to_vec()));
    step
}

/// Makes the changes of a step in a model.
pub fn apply(model: &mut Model, step: Step) {
    for (place, value) in step.rows {
        match value {
            Some(value) => model.insert(place, value),
            None => model.remove(&place),
        };
    }
}

/// The rows after steps 1 to `n`.
pub fn model_after(n: u64) -> Model {
    let mut model = Model::new();
    for n in 1..=n {
        apply(&mut model, step(n));
    }
    model
}

/// The last step a store has seen; zero when it has seen none.
pub fn checkpoint(rows: &impl Rows) -> Result<u64, StoreError> {
    let row = rows.get(CHECKPOINT, b"checkpoint")?;
    Ok(row.map_or(0, |row| u64::from_be_bytes(row.try_into().expect("eight bytes"))))
}

/// All rows of a store's tables.
pub fn content(rows: &impl Rows) -> Result<Model, StoreError> {
    let mut model = Model::new();
    for table in [Table(0), Table(1), CHECKPOINT] {
        let all = (Bound::Unbounded, Bound::Unbounded);
        rows.scan(table, all, false, &mut |key, value| {
            model.insert((table, key.to_vec()), value.to_vec());
            ControlFlow::Continue(())
        })?;
    }
    Ok(model)
}

/// Fails unless the store holds just the rows of the steps up to its checkpoint;
/// answers with that.
#[track_caller]
pub fn assert_consistent(rows: &impl Rows) -> Result<u64, StoreError> {
    let seen = checkpoint(rows)?;
    let (found, expected) = (content(rows)?, model_after(seen));
    if found != expected {
        let differ = |place: &&(Table, Vec<u8>)| found.get(*place) != expected.get(*place);
        let places: Vec<_> = found.keys().chain(expected.keys()).filter(differ).take(5).collect();
        panic!("the store says it has seen step {seen}, but differs at {places:?}");
    }
    Ok(seen)
}
