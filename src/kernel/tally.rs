//! Tallies: what a unit did, and what was judged of it, along time.
//!
//! A count says how things stand now; a tally adds up over any span of time, as
//! scores need it: accepted facts by their recorded instant, deadlines by the last
//! instant at which they are in time. Tallies are absolute numbers that the fold
//! reads and writes through the state, so that the kernel can sum them in the
//! middle of a batch; a batch stores each of them once.

use super::index::Count;
use super::row::{Case, Deadline, Status};
use super::state::{Backing, State, StateError};
use crate::id::UnitId;
use crate::time::Instant;

/// What is tallied.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Tallied {
    /// Facts that were accepted on the unit's cases, by type.
    Facts,
    /// Deadlines that are not met, standing ones included, by workflow.
    Open,
    /// Deadlines met in time, by workflow.
    InTime,
    /// Deadlines met late, by workflow.
    Late,
}

impl Tallied {
    /// All outcomes of a deadline; one that was cancelled has none.
    pub const OUTCOMES: [Self; 3] = [Self::Open, Self::InTime, Self::Late];

    const fn code(self) -> u8 {
        match self {
            Self::Facts => 0,
            Self::Open => 1,
            Self::InTime => 2,
            Self::Late => 3,
        }
    }

    const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0 => Self::Facts,
            1 => Self::Open,
            2 => Self::InTime,
            3 => Self::Late,
            _ => return None,
        })
    }
}

/// A tally's key: unit, 0, name, 0, what, bucket ([`Count::bucket`]).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct TallyKey {
    /// The unit that owes.
    pub unit: String,
    /// The type of the facts, or the workflow of the deadlines.
    pub name: String,
    /// What is tallied.
    pub of: Tallied,
    /// When.
    pub bucket: i64,
}

impl TallyKey {
    /// The key's bytes; those of one unit, name and kind are in the order of time.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        tally_key(&self.unit, &self.name, self.of, self.bucket)
    }

    /// The key that `bytes` are; none when the row is damaged.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (names, tail) = bytes.split_at_checked(bytes.len().checked_sub(9)?)?;
        let (unit, name) = std::str::from_utf8(names).ok()?.strip_suffix('\0')?.split_once('\0')?;
        let of = Tallied::from_code(*tail.first()?)?;
        let bucket = Instant::from_key(tail.get(1..)?.try_into().ok()?).as_nanos();
        Some(Self { unit: unit.into(), name: name.into(), of, bucket })
    }
}

/// The bytes of a tally's key.
#[must_use]
pub fn tally_key(unit: &str, name: &str, of: Tallied, bucket: i64) -> Vec<u8> {
    let bucket = Instant::from_nanos(bucket).to_key();
    [unit.as_bytes(), &[0], name.as_bytes(), &[0, of.code()], &bucket].concat()
}

/// The stretch of keys of a unit's tallies from `from` up to but not including
/// `to`, exact where both lie on a quarter of an hour, as every midnight does; other
/// instants take in the quarters that they cut. Empty when nothing lies between.
#[must_use]
pub fn stretch(unit: &UnitId, name: &str, of: Tallied, (from, to): (Instant, Instant)) -> (Vec<u8>, Vec<u8>) {
    let first = Count::bucket(from);
    let after = if from < to { Count::bucket(to.just_before()).saturating_add(1) } else { first };
    let place = |bucket| tally_key(unit.as_str(), name, of, bucket);
    (place(first), place(after))
}

impl<B: Backing> State<B> {
    /// How many there are of a unit from `from` up to but not including `to` (see
    /// [`stretch`]): facts of the type `name`, or deadlines of the workflow `name`
    /// with an outcome, by the last instant at which they are in time.
    ///
    /// # Errors
    /// [`StateError`] when a row cannot be read.
    pub fn tallied(
        &self,
        unit: &UnitId,
        name: &str,
        of: Tallied,
        span: (Instant, Instant),
    ) -> Result<i64, StateError> {
        let (from, to) = stretch(unit, name, of, span);
        self.sum_tallies(&from, &to)
    }
}

/// How one deadline counts: its round, and the outcome with its bucket.
type Standing = (u32, Option<(Tallied, i64)>);

/// How the deadlines of a case count, in their order, and for which unit.
pub(super) fn standing(case: &Case) -> (UnitId, Vec<Standing>) {
    let deadlines = case.deadlines.iter().map(|deadline| (deadline.round, outcome(deadline)));
    (case.owner.clone(), deadlines.collect())
}

fn outcome(deadline: &Deadline) -> Option<(Tallied, i64)> {
    let of = match deadline.status {
        Status::Running | Status::Paused { .. } => Tallied::Open,
        Status::Met { late: false, .. } => Tallied::InTime,
        Status::Met { late: true, .. } => Tallied::Late,
        Status::Cancelled => return None,
    };
    // What is due at the end of a day belongs to that day, though it is overdue from
    // the first instant of the next.
    Some((of, Count::bucket(deadline.overdue_from().just_before())))
}

/// By how much the tallies under some keys change when the deadlines of a case stood as `before`
/// and stand as they do now. A clock that is started again leaves the outcome of
/// its earlier round where it is, and a case that another unit takes over brings it
/// what is still open, while what is judged stays with the unit that was judged.
pub(super) fn changes((owner, before): &(UnitId, Vec<Standing>), case: &Case) -> Vec<(Vec<u8>, i64)> {
    let mut changes = Vec::new();
    for (place, deadline) in case.deadlines.iter().enumerate() {
        let now = outcome(deadline);
        let was = before.get(place).filter(|(round, _)| *round == deadline.round);
        let was = was.and_then(|(_, outcome)| *outcome);
        let stays = *owner == case.owner || !deadline.is_open();
        if was == now && stays {
            continue;
        }
        let key = |unit: &UnitId, (of, bucket)| tally_key(unit.as_str(), case.id.workflow(), of, bucket);
        changes.extend(was.map(|was| (key(owner, was), -1)));
        changes.extend(now.map(|now| (key(&case.owner, now), 1)));
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().expect("an instant")
    }

    #[test]
    fn a_key_is_read_back_and_keys_are_in_the_order_of_time() {
        let of = |bucket| TallyKey {
            unit: "tax".into(),
            name: "news.review-passed".into(),
            of: Tallied::Facts,
            bucket,
        };
        let keys: Vec<Vec<u8>> = [-3, -1, 0, 7, 1_000_000].map(|bucket| of(bucket).to_bytes()).into();
        assert!(keys.is_sorted());
        assert_eq!(TallyKey::from_bytes(&keys[0]), Some(of(-3)));
        assert_eq!(TallyKey::from_bytes(b"tax"), None);
    }

    #[test]
    fn a_stretch_has_its_first_quarter_and_not_its_last() {
        let unit = UnitId::new("tax").expect("a unit");
        let (midnight, next) = (at("2022-12-31T16:00:00Z"), at("2023-01-01T16:00:00Z"));
        let bucket = |text: &str| tally_key("tax", "x", Tallied::Late, Count::bucket(at(text)));
        let (from, to) = stretch(&unit, "x", Tallied::Late, (midnight, next));
        let within = |text: &str| from <= bucket(text) && bucket(text) < to;
        assert!(within("2022-12-31T16:00:00Z") && within("2023-01-01T15:59:59Z"));
        assert!(!within("2022-12-31T15:59:59Z") && !within("2023-01-01T16:00:00Z"));
        let (from, to) = stretch(&unit, "x", Tallied::Late, (next, midnight));
        assert_eq!(from, to);
    }
}
