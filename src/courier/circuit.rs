//! One place's circuit: after failures in a row it is left alone for a while, then tried
//! with one message before the others follow.
//!
//! It is told of ends and instants; it sends nothing.

use std::time::Duration;

use super::backoff;
use crate::time::Instant;

/// So many failures in a row open it: fewer may be a hiccup, more would only fill the
/// other side's log.
const OPENS_AFTER: u32 = 5;

/// Whether a place is fit to be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passage {
    /// As many as the place takes.
    Free,
    /// One only, to see whether it answers again.
    Probe,
    /// None before this instant.
    Shut(Instant),
}

/// The circuit of one place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Circuit {
    failures: u32,
    shut_until: Option<Instant>,
}

impl Circuit {
    /// What may pass at `now`.
    #[must_use]
    pub fn passage(&self, now: Instant) -> Passage {
        match self.shut_until {
            Some(until) if now < until => Passage::Shut(until),
            Some(_) => Passage::Probe,
            None => Passage::Free,
        }
    }

    /// Whether it is open, that is to say: the place is left alone.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.shut_until.is_some()
    }

    /// A message was taken, or refused for its own sake: the place answers.
    pub fn answered(&mut self) {
        *self = Self::default();
    }

    /// A message was not taken, or nobody knows. `after` is what the place asked for.
    pub fn failed(&mut self, place: &str, now: Instant, after: Option<Duration>) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= OPENS_AFTER {
            let times = self.failures - OPENS_AFTER + 1;
            self.shut_until = Some(now.plus(backoff::wait(place, times, after)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_one_answer_closes_it() {
        let mut circuit = Circuit::default();
        for second in 0..4 {
            circuit.failed("hook", at(second), None);
            assert_eq!(circuit.passage(at(second)), Passage::Free, "after {} failures", second + 1);
        }
        circuit.failed("hook", at(4), None);
        let Passage::Shut(until) = circuit.passage(at(4)) else { panic!("the fifth should open it") };
        assert!(at(4) < until && until <= at(5), "{until}");
        assert_eq!(circuit.passage(until), Passage::Probe, "one message is tried");
        circuit.failed("hook", until, None);
        let Passage::Shut(again) = circuit.passage(until) else { panic!("a failed probe keeps it open") };
        assert!(again.since(until) >= Duration::from_secs(1), "each pause is longer: {again}");
        circuit.answered();
        assert_eq!(circuit.passage(again), Passage::Free);
        assert!(!circuit.is_open());
    }

    #[test]
    fn failures_between_answers_do_not_add_up() {
        let mut circuit = Circuit::default();
        for second in 0..40 {
            circuit.failed("hook", at(second), None);
            if second % 4 == 3 {
                circuit.answered();
            }
            assert!(!circuit.is_open(), "second {second}");
        }
    }
}
