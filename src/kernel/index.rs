//! What follows from a case for the indexes and counts that queries read.
//!
//! One function of the case alone: the fold takes what it gives for the case
//! before and after a step and writes the difference.

use std::collections::{BTreeMap, BTreeSet};

use super::row::{Case, Deadline, Family, Status, deadline_key};
use crate::id::Name;
use crate::time::Instant;

/// The width of a bucket of instants, 15 minutes: every zone's midnight falls on
/// its edge, and so does every `soon_at`.
const BUCKET_NANOS: i64 = 15 * 60 * 1_000_000_000;

/// What is counted per unit and workflow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Count {
    /// Cases not closed.
    OpenCases,
    /// Cases closed.
    ClosedCases,
    /// Running deadlines by the bucket of their first overdue instant.
    Due(i64),
    /// Running deadlines by the bucket from which they are due soon.
    Soon(i64),
    /// Deadlines that stand still.
    Paused,
    /// Running deadlines with an escalation level above 0, by the same bucket as
    /// [`Count::Due`], since only the overdue ones show it.
    Escalated(i64),
    /// Running deadlines that may still move.
    Provisional,
    /// Deadlines met in time.
    MetInTime,
    /// Deadlines met late.
    MetLate,
}

impl Count {
    /// The bucket that `at` lies in.
    #[must_use]
    pub const fn bucket(at: Instant) -> i64 {
        at.as_nanos().div_euclid(BUCKET_NANOS)
    }

    /// The first instant of a bucket.
    #[must_use]
    pub const fn bucket_start(bucket: i64) -> Instant {
        Instant::from_nanos(bucket.saturating_mul(BUCKET_NANOS))
    }

    const fn to_parts(self) -> (u8, i64) {
        match self {
            Self::OpenCases => (0, 0),
            Self::ClosedCases => (1, 0),
            Self::Due(bucket) => (2, bucket),
            Self::Soon(bucket) => (3, bucket),
            Self::Paused => (4, 0),
            Self::Escalated(bucket) => (5, bucket),
            Self::Provisional => (6, 0),
            Self::MetInTime => (7, 0),
            Self::MetLate => (8, 0),
        }
    }

    const fn from_parts(kind: u8, bucket: i64) -> Option<Self> {
        Some(match kind {
            0 => Self::OpenCases,
            1 => Self::ClosedCases,
            2 => Self::Due(bucket),
            3 => Self::Soon(bucket),
            4 => Self::Paused,
            5 => Self::Escalated(bucket),
            6 => Self::Provisional,
            7 => Self::MetInTime,
            8 => Self::MetLate,
            _ => return None,
        })
    }
}

/// A count's key: unit, 0, workflow, 0, kind, bucket.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct CounterKey {
    /// The owning unit.
    pub unit: String,
    /// The workflow.
    pub workflow: String,
    /// What is counted.
    pub count: Count,
}

impl CounterKey {
    /// The key's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (kind, bucket) = self.count.to_parts();
        let bucket = Instant::from_nanos(bucket).to_key();
        [self.unit.as_bytes(), &[0], self.workflow.as_bytes(), &[0, kind], &bucket].concat()
    }

    /// The key that `bytes` are; none when the row is damaged.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (names, tail) = bytes.split_at_checked(bytes.len().checked_sub(9)?)?;
        let names = std::str::from_utf8(names).ok()?.strip_suffix('\0')?;
        let (unit, workflow) = names.split_once('\0')?;
        let bucket = Instant::from_key(tail.get(1..)?.try_into().ok()?).as_nanos();
        let count = Count::from_parts(*tail.first()?, bucket)?;
        Some(Self { unit: unit.into(), workflow: workflow.into(), count })
    }
}

/// The index keys of a case's running deadlines.
#[must_use]
pub fn due_keys(case: &Case) -> BTreeSet<(Family, Vec<u8>)> {
    let running = case.deadlines.iter().filter(|deadline| deadline.status == Status::Running);
    running
        .flat_map(|deadline| {
            let tail = due_tail(case, deadline);
            let unit = [case.owner.as_str().as_bytes(), &[0], &tail].concat();
            let workflow = [case.id.workflow().as_bytes(), &[0], &tail].concat();
            [(Family::Due, tail), (Family::DueOfUnit, unit), (Family::DueOfWorkflow, workflow)]
        })
        .collect()
}

/// First overdue instant, case, 0, clock: the order of "earliest first".
#[must_use]
pub fn due_tail(case: &Case, deadline: &Deadline) -> Vec<u8> {
    [&deadline.overdue_from().to_key()[..], &deadline_key(&case.id, &deadline.clock)].concat()
}

/// Whether two states of a case have the same index keys, for certain: most facts leave
/// its running deadlines as they were.
#[must_use]
pub fn is_due_alike(before: &Case, after: &Case) -> bool {
    fn running(case: &Case) -> impl Iterator<Item = (Instant, &Name)> {
        let running = case.deadlines.iter().filter(|deadline| deadline.status == Status::Running);
        running.map(|deadline| (deadline.overdue_from(), &deadline.clock))
    }
    before.owner == after.owner && running(before).eq(running(after))
}

/// Adds to the counts what a case, as it is now, changes in them.
pub fn recount(before: Option<&Case>, after: &Case, into: &mut BTreeMap<CounterKey, i64>) {
    let mut new = counts(after);
    if let Some(before) = before {
        let mut gone = counts(before);
        if before.owner == after.owner {
            // What it counted for before and counts for now needs no looking up.
            new.retain(|count| match gone.iter().position(|other| other == count) {
                Some(place) => {
                    gone.swap_remove(place);
                    false
                }
                None => true,
            });
        }
        add(before, &gone, -1, into);
    }
    add(after, &new, 1, into);
}

fn add(case: &Case, counts: &[Count], sign: i64, into: &mut BTreeMap<CounterKey, i64>) {
    for count in counts {
        let (unit, workflow) = (case.owner.as_str().into(), case.id.workflow().into());
        *into.entry(CounterKey { unit, workflow, count: *count }).or_default() += sign;
    }
}

/// Every count that a case contributes to.
fn counts(case: &Case) -> Vec<Count> {
    let mut all = vec![if case.closed_at.is_some() { Count::ClosedCases } else { Count::OpenCases }];
    for deadline in &case.deadlines {
        match deadline.status {
            Status::Running => {
                all.push(Count::Due(Count::bucket(deadline.overdue_from())));
                all.push(Count::Soon(Count::bucket(deadline.term.soon_at)));
                if deadline.level > 0 {
                    all.push(Count::Escalated(Count::bucket(deadline.overdue_from())));
                }
                if deadline.term.provisional {
                    all.push(Count::Provisional);
                }
            }
            Status::Paused { .. } => all.push(Count::Paused),
            Status::Met { late: false, .. } => all.push(Count::MetInTime),
            Status::Met { late: true, .. } => all.push(Count::MetLate),
            Status::Cancelled => {}
        }
    }
    all
}
