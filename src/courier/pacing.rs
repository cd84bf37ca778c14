//! How fast one place is given messages: a sliding count, and how many are under way.

use std::collections::VecDeque;

use crate::port::carrier::Pace;
use crate::time::Instant;

/// The most instants that are kept of one place. A place that takes more than this
/// within its span is so fast that only what is under way needs a bound.
const MOST_KEPT: u32 = 10_000;

/// The pace of one place, with what it was given lately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pacing {
    pace: Pace,
    given: VecDeque<Instant>,
    /// Held for a message that is planned and not given yet.
    held: u32,
    under_way: u32,
}

/// Whether a place takes another message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// It does.
    Now,
    /// Not before this instant.
    At(Instant),
    /// Not before one of those under way has ended.
    WhenOneEnds,
}

impl Pacing {
    /// The pace of a place that was given nothing yet.
    #[must_use]
    pub const fn new(pace: Pace) -> Self {
        Self { pace, given: VecDeque::new(), held: 0, under_way: 0 }
    }

    /// Whether there is room for one more at `now`.
    pub fn room(&mut self, now: Instant) -> Room {
        if self.held + self.under_way >= self.pace.at_once.max(1) {
            return Room::WhenOneEnds;
        }
        while self.given.front().is_some_and(|given| given.plus(self.pace.within) <= now) {
            self.given.pop_front();
        }
        let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let is_full = self.given.len() + count(self.held) >= count(self.pace.most.max(1));
        match self.given.front() {
            Some(first) if is_full => Room::At(first.plus(self.pace.within)),
            None if is_full => Room::WhenOneEnds,
            Some(_) | None => Room::Now,
        }
    }

    /// Holds room for a message that is being planned.
    pub const fn hold(&mut self) {
        self.held += 1;
    }

    /// Gives held room back: there is nothing to send.
    pub const fn release(&mut self) {
        self.held = self.held.saturating_sub(1);
    }

    /// What room was held for is under way since `now`.
    pub fn begin(&mut self, now: Instant) {
        self.release();
        self.under_way += 1;
        if self.pace.most <= MOST_KEPT {
            self.given.push_back(now);
        }
    }

    /// One has ended.
    pub const fn end(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// How many are planned or under way.
    #[must_use]
    pub const fn busy(&self) -> u32 {
        self.held + self.under_way
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: i64) -> Instant {
        Instant::from_nanos(seconds * 1_000_000_000)
    }

    fn give(pacing: &mut Pacing, at: Instant) {
        pacing.hold();
        pacing.begin(at);
    }

    #[test]
    fn twenty_a_minute_are_twenty_in_every_minute() {
        let mut robot = Pacing::new(Pace { most: 20, within: Duration::from_secs(60), at_once: 4 });
        let mut sent = Vec::new();
        for second in 0..300 {
            while robot.room(at(second)) == Room::Now {
                give(&mut robot, at(second));
                robot.end();
                sent.push(second);
            }
        }
        assert_eq!(sent.len(), 100, "five minutes take a hundred");
        for first in 0..240 {
            let within = sent.iter().filter(|second| (first..first + 60).contains(*second)).count();
            assert!(within <= 20, "{within} in the minute from {first}");
        }
        assert_eq!(robot.room(at(1_000)), Room::Now);
    }

    #[test]
    fn it_says_when_there_is_room_again() {
        let mut hook = Pacing::new(Pace { most: 2, within: Duration::from_secs(10), at_once: 2 });
        give(&mut hook, at(0));
        give(&mut hook, at(3));
        assert_eq!(hook.room(at(4)), Room::WhenOneEnds);
        hook.end();
        assert_eq!(hook.room(at(4)), Room::At(at(10)));
        assert_eq!(hook.room(at(10)), Room::Now);
        assert_eq!(hook.busy(), 1);
    }

    #[test]
    fn what_is_planned_takes_room_until_it_is_given_back() {
        let mut robot = Pacing::new(Pace { most: 1, within: Duration::from_secs(60), at_once: 5 });
        robot.hold();
        assert_eq!(robot.room(at(0)), Room::WhenOneEnds);
        robot.release();
        assert_eq!(robot.room(at(0)), Room::Now);
    }
}
