//! A group of decided events on its way to the ledger.
//!
//! The broker stores at most so many records in one step, and syncs once a step, so a
//! busy engine fills its steps. What one cause has made goes into one step, or none of
//! it would be atomic; several causes share steps in the order in which they were
//! decided. A group is two steps long at most: while they are appended the next group
//! is decided.

use super::handle::Outcome;
use crate::id::Seq;
use crate::kernel::turn::Outgoing;
use crate::port::log::{AppendError, Log, MOST_IN_APPEND, NewRecord};

/// From how many events on a group takes nothing further: two full steps, but for the
/// few events that the usual fact has. A fact that has more begins a third step.
const FULL: usize = 2 * MOST_IN_APPEND - 24;
/// The header on the first record of each append that tells whose it is. What is
/// decided does not depend on who decides it, so without a mark an engine would
/// take another's append for its own, and both would go on leading.
const WRITER: &str = "duban-writer";

/// Outcomes of a group's facts, told once queries see them.
pub type Verdicts = Vec<(Seq, Outcome)>;

/// Decided events as records, and after which of them a step may end.
#[derive(Default)]
pub struct Group {
    records: Vec<NewRecord>,
    ends: Vec<usize>,
    /// The place that the first of them must get.
    first: Option<Seq>,
    verdicts: Verdicts,
}

impl Group {
    /// Adds what belongs together: at most [`MOST_IN_APPEND`] events.
    pub fn push(&mut self, unit: Vec<Outgoing>) {
        let Some(first) = unit.first() else { return };
        self.first.get_or_insert(first.entry.seq);
        for Outgoing { entry, subject, body } in unit {
            self.verdicts.extend(Outcome::of(&entry).map(|outcome| (entry.decided.cause, outcome)));
            self.records.push(NewRecord { subject, headers: Vec::new(), body });
        }
        self.ends.push(self.records.len());
    }

    /// Whether it takes nothing further.
    pub fn is_full(&self) -> bool {
        self.records.len() >= FULL
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Appends everything in as few steps as may be, and gives the place of the last
    /// one with what became of the facts.
    ///
    /// # Errors
    /// [`AppendError`]; the steps before the one that failed are on the ledger.
    pub async fn append<L: Log>(mut self, ledger: &L, writer: &str) -> Result<(Seq, Verdicts), AppendError> {
        let verdicts = std::mem::take(&mut self.verdicts);
        let mut last = Seq(self.first.map_or(0, |first| first.0.saturating_sub(1)));
        for mut step in self.steps() {
            let Some(first) = step.first_mut() else { continue };
            first.headers.push((WRITER.to_owned(), writer.to_owned()));
            let end = Seq(last.0 + step.len() as u64);
            last = ledger.append(step, Some(last)).await?;
            if last != end {
                let reason = format!("it ends at {last} instead of {end}");
                return Err(AppendError::Unknown { reason });
            }
        }
        Ok((last, verdicts))
    }

    /// The records cut into steps: each as long as may be.
    fn steps(self) -> Vec<Vec<NewRecord>> {
        let mut cuts = Vec::new();
        let mut begin = 0;
        for pair in self.ends.windows(2) {
            if let [end, next] = pair
                && next - begin > MOST_IN_APPEND
            {
                cuts.push(*end - begin);
                begin = *end;
            }
        }
        let mut rest = self.records.into_iter();
        let mut steps: Vec<Vec<NewRecord>> =
            cuts.into_iter().map(|count| rest.by_ref().take(count).collect()).collect();
        steps.push(rest.collect());
        steps
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;
    use crate::event::catalogue::{CaseClosed, Event};
    use crate::event::entry::{Decided, Entry};
    use crate::id::{Name, Sha};
    use crate::time::Instant;

    fn outgoing(seq: u64) -> Outgoing {
        let decided = Decided {
            at: Instant::from_nanos(0),
            cause: Seq(1),
            by_time: false,
            case: None,
            unit: None,
            policy: None,
            event: Event::CaseClosed(CaseClosed { state: Name::new("done").expect("a state") }),
        };
        let entry = Entry { seq: Seq(seq), previous: Sha::ZERO, ordinal: 0, decided };
        Outgoing { entry, subject: seq.to_string(), body: Bytes::new() }
    }

    fn unit(first: u64, count: usize) -> Vec<Outgoing> {
        (first..).take(count).map(outgoing).collect()
    }

    proptest! {
        #[test]
        fn no_step_is_too_long_or_parts_what_belongs_together(
            counts in prop::collection::vec(1..=MOST_IN_APPEND, 1..12),
        ) {
            let mut group = Group::default();
            let mut ends = vec![0];
            let mut next = 1;
            for count in &counts {
                group.push(unit(next, *count));
                next += *count as u64;
                ends.push(next - 1);
            }
            let steps = group.steps();
            let mut at = 0;
            for pair in steps.windows(2) {
                // What the next step begins with would not have fitted any more.
                let begins = at + pair[0].len() as u64;
                let fitting = ends.iter().find(|end| **end > begins).expect("an end") - at;
                prop_assert!(fitting > MOST_IN_APPEND as u64);
                at = begins;
            }
            let mut at = 0;
            for step in &steps {
                prop_assert!(!step.is_empty() && step.len() <= MOST_IN_APPEND);
                prop_assert_eq!(&step[0].subject, &(at + 1).to_string());
                at += step.len() as u64;
                prop_assert!(ends.contains(&at));
            }
            prop_assert_eq!(at, next - 1);
        }
    }
}
