//! Business hours: walking through time in which offices are open.
//!
//! Hours are measured on the wall clock, so a working day has the same length
//! whatever the zone's clocks do at night. It knows no due rules.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike as _};

use super::compiled::{Calendar, number};
use super::def::BusinessHours;
use crate::time::Instant;

const NANOS_OF_A_DAY: i64 = 86_400_000_000_000;
const NANOS_OF_AN_HOUR: i128 = 3_600_000_000_000;

/// The stretches of business in one working day, in nanoseconds of the wall clock.
pub(super) struct BusinessDay {
    spans: Vec<(i64, i64)>,
    total: i64,
}

impl BusinessDay {
    pub(super) fn new(hours: &[BusinessHours]) -> Self {
        let spans: Vec<(i64, i64)> = hours.iter().map(|span| (span.from.nanos(), span.to.nanos())).collect();
        let total = spans.iter().map(|(from, to)| to - from).sum();
        Self { spans, total }
    }

    /// Business done from the day's opening until a time of the day.
    fn done(&self, until: i64) -> i64 {
        self.spans.iter().map(|(from, to)| until.clamp(*from, *to) - from).sum()
    }

    /// The earliest time of the day at which that much is done.
    fn earliest(&self, done: i64) -> i64 {
        let mut left = done;
        for (from, to) in &self.spans {
            if left <= to - from {
                return from + left;
            }
            left -= to - from;
        }
        NANOS_OF_A_DAY
    }

    /// The latest time of the day at which no more than that is done.
    fn latest(&self, done: i64) -> i64 {
        let mut left = done;
        for (from, to) in &self.spans {
            if left < to - from {
                return from + left;
            }
            left -= to - from;
        }
        NANOS_OF_A_DAY
    }
}

impl Calendar {
    /// Whether the calendar says when offices are open.
    #[must_use]
    pub fn has_business_hours(&self) -> bool {
        self.business().total > 0
    }

    /// When business opens on a day, were it a working one; midnight when the
    /// calendar has no business hours.
    #[must_use]
    pub fn opening(&self, date: NaiveDate) -> Instant {
        self.instant(at_nanos(date, self.business().spans.first().map_or(0, |span| span.0)))
    }

    /// When business closes on a day, were it a working one; 24:00 when the
    /// calendar has no business hours.
    #[must_use]
    pub fn close(&self, date: NaiveDate) -> Instant {
        self.instant(at_nanos(date, self.business().spans.last().map_or(NANOS_OF_A_DAY, |span| span.1)))
    }

    /// Whether offices are open at an instant: on a working day, from an opening
    /// until just before the closing after it. Always so without business hours.
    #[must_use]
    pub fn is_open(&self, at: Instant) -> bool {
        let wall = self.wall(at);
        let now = nanos_of(wall);
        !self.has_business_hours()
            || self.is_working(wall.date())
                && self.business().spans.iter().any(|(from, to)| (*from..*to).contains(&now))
    }

    /// The first instant not before `at` at which offices are open.
    #[must_use]
    pub fn next_open(&self, at: Instant) -> Instant {
        if self.is_open(at) {
            return at;
        }
        self.instant(self.wall_latest(self.business_until(self.wall(at)))).max(at)
    }

    /// The instant `hours` of business after `at`, or before it when negative.
    ///
    /// Going forward it is the earliest such instant (a full day ends at close),
    /// going back the latest (a full day before noon begins at the opening).
    /// `None` without business hours.
    #[must_use]
    pub fn add_working_hours(&self, at: Instant, hours: i32) -> Option<Instant> {
        self.add_business(at, i128::from(hours) * NANOS_OF_AN_HOUR)
    }

    /// As [`Calendar::add_working_hours`], in nanoseconds.
    pub(super) fn add_business(&self, at: Instant, nanos: i128) -> Option<Instant> {
        if !self.has_business_hours() {
            return None;
        }
        if nanos == 0 {
            return Some(at);
        }
        let target = self.business_until(self.wall(at)) + nanos;
        let wall = if nanos > 0 { self.wall_earliest(target) } else { self.wall_latest(target) };
        Some(self.instant(wall))
    }

    /// The business between two instants, in nanoseconds; negative backwards.
    pub(super) fn business_between(&self, from: Instant, to: Instant) -> i128 {
        self.business_until(self.wall(to)) - self.business_until(self.wall(from))
    }

    /// Business done up to a wall time, from an origin that only differences may
    /// be taken of.
    fn business_until(&self, wall: NaiveDateTime) -> i128 {
        let before = i128::from(self.rank(number(wall.date()) - 1)) * i128::from(self.business().total);
        let today = if self.is_working(wall.date()) { self.business().done(nanos_of(wall)) } else { 0 };
        before + i128::from(today)
    }

    fn wall_earliest(&self, done: i128) -> NaiveDateTime {
        let (days, rest) = self.split(done - 1);
        at_nanos(self.nth(days + 1), self.business().earliest(rest + 1))
    }

    fn wall_latest(&self, done: i128) -> NaiveDateTime {
        let (days, rest) = self.split(done);
        at_nanos(self.nth(days + 1), self.business().latest(rest))
    }

    /// Whole business days and what is left of the next one.
    fn split(&self, done: i128) -> (i64, i64) {
        let total = i128::from(self.business().total.max(1));
        let days = i64::try_from(done.div_euclid(total)).unwrap_or(i64::MAX / 2);
        (days, i64::try_from(done.rem_euclid(total)).unwrap_or(0))
    }
}

fn nanos_of(wall: NaiveDateTime) -> i64 {
    i64::from(wall.num_seconds_from_midnight()) * 1_000_000_000 + i64::from(wall.nanosecond())
}

fn at_nanos(date: NaiveDate, nanos: i64) -> NaiveDateTime {
    let midnight = date.and_time(NaiveTime::MIN);
    midnight.checked_add_signed(TimeDelta::nanoseconds(nanos)).unwrap_or(midnight)
}
