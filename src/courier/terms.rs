//! When a channel lets a reminder out: quiet hours, gathering, the daily digest.
//!
//! Everything is a function of the instant at which the reminder was raised, its due
//! instant and the calendar, so that two couriers on one ledger gather the same
//! reminders into the same messages. A reminder whose due instant would come first
//! waits for nothing: who is told after it could not act any more.

use std::time::Duration;

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};

use crate::calendar::{Calendar, TimeOfDay};
use crate::time::Instant;

/// The most days that are looked through for the next digest: longer than any holiday.
const MOST_DAYS: u64 = 60;

/// Whether reminders to one recipient share a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gathering {
    /// Each has its own.
    None,
    /// What comes within this span after the first shares its message.
    Merge(Duration),
    /// All of a day share one, at this time of each working day.
    Digest(TimeOfDay),
}

/// What a channel keeps to.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Outside its business hours nothing goes out; none for a channel that never rests.
    pub quiet: Option<&'a Calendar>,
    /// Whether reminders share a message.
    pub gathering: Gathering,
    /// How long attempts go on, from when a reminder might first go out.
    pub give_up_after: Duration,
}

/// When a reminder was raised, and when what it is about is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raised {
    /// When it was raised.
    pub at: Instant,
    /// The due instant; none where there is none.
    pub due_at: Option<Instant>,
}

impl Raised {
    /// Whether the due instant lies after `from` and not after `until`.
    fn is_due_between(&self, from: Instant, until: Instant) -> bool {
        self.due_at.is_some_and(|due_at| from < due_at && due_at <= until)
    }
}

impl Terms<'_> {
    /// The instant at which a reminder may first go out.
    #[must_use]
    pub fn release(&self, raised: Raised) -> Instant {
        let waits_until = match (self.gathering, self.quiet) {
            (Gathering::Merge(within), _) => raised.at.plus(within),
            (Gathering::Digest(at), Some(calendar)) => digest(calendar, at, raised.at),
            // Without a calendar there are no working days to have a digest on.
            (Gathering::None, _) | (Gathering::Digest(_), None) => raised.at,
        };
        if raised.is_due_between(raised.at, waits_until) {
            return self.opens(raised.at, raised);
        }
        self.opens(waits_until, raised)
    }

    /// The first instant not before `now` at which the reminder may go out, its release
    /// being past.
    #[must_use]
    pub fn opens(&self, now: Instant, raised: Raised) -> Instant {
        let Some(calendar) = self.quiet else { return now };
        let open = match self.gathering {
            Gathering::Digest(at) => digest_open(calendar, at, now),
            Gathering::None | Gathering::Merge(_) => calendar.next_open(now),
        };
        if raised.is_due_between(now, open) { now } else { open }
    }

    /// Whether attempts at a reminder are over at `now`.
    #[must_use]
    pub fn is_over(&self, raised: Raised, now: Instant) -> bool {
        self.release(raised).plus(self.give_up_after) <= now
    }
}

/// The first time of the digest not before `at`.
fn digest(calendar: &Calendar, time: TimeOfDay, at: Instant) -> Instant {
    let today = calendar.local_date(at);
    let on =
        |days: u64| today.checked_add_days(Days::new(days)).map(|day| (day, moment(calendar, day, time)));
    let days = (0..MOST_DAYS).filter_map(on);
    let mut working = days.filter(|(day, moment)| calendar.is_working(*day) && *moment >= at);
    working.next().map_or(at, |(_, moment)| moment)
}

/// A digest that could not go out at its time goes out the same day while offices are
/// open, or else with the next one.
fn digest_open(calendar: &Calendar, time: TimeOfDay, now: Instant) -> Instant {
    let today = calendar.local_date(now);
    let begins = moment(calendar, today, time);
    let is_on = calendar.is_working(today) && begins <= now && (now == begins || now < calendar.close(today));
    if is_on { now } else { digest(calendar, time, now) }
}

fn moment(calendar: &Calendar, day: NaiveDate, time: TimeOfDay) -> Instant {
    let midnight = day.and_time(NaiveTime::MIN);
    calendar.instant(midnight.checked_add_signed(TimeDelta::nanoseconds(time.nanos())).unwrap_or(midnight))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cn() -> Calendar {
        let text = include_str!("../../workflows/calendars/cn-gov.yaml");
        Calendar::new(serde_saphyr::from_str(text).expect("a calendar")).expect("a sound calendar")
    }

    fn at(text: &str) -> Instant {
        format!("{text}:00+08:00").parse().expect("an instant")
    }

    fn terms(calendar: &Calendar, gathering: Gathering) -> Terms<'_> {
        Terms { quiet: Some(calendar), gathering, give_up_after: Duration::from_secs(72 * 3_600) }
    }

    #[track_caller]
    fn check(gathering: Gathering, raised: &str, due: &str, expected: &str) {
        let calendar = cn();
        let due_at = (!due.is_empty()).then(|| at(due));
        let found = terms(&calendar, gathering).release(Raised { at: at(raised), due_at });
        assert_eq!(found, at(expected), "raised {raised}, due {due}: found {found}");
    }

    #[test]
    fn quiet_hours_and_rest_days_end_on_the_next_working_morning() {
        let one = Gathering::None;
        check(one, "2026-03-11T10:00", "2026-03-20T00:00", "2026-03-11T10:00");
        check(one, "2026-03-11T22:00", "2026-03-20T00:00", "2026-03-12T09:00");
        check(one, "2026-03-13T22:00", "2026-03-20T00:00", "2026-03-16T09:00");
        // The week of the Spring Festival: the first working day is 24 February.
        check(one, "2026-02-14T20:00", "2026-03-01T00:00", "2026-02-24T09:00");
        // The National Day week of 2026 ends on 7 October.
        check(one, "2026-10-01T00:00", "", "2026-10-08T09:00");
    }

    #[test]
    fn nothing_waits_past_a_due_instant_still_ahead() {
        for gathering in [
            Gathering::None,
            Gathering::Merge(Duration::from_secs(600)),
            Gathering::Digest("08:30".parse().expect("a time")),
        ] {
            // It still shares a message with what comes within ten minutes.
            let merges = matches!(gathering, Gathering::Merge(_));
            let goes = if merges { "2026-03-13T22:10" } else { "2026-03-13T22:00" };
            check(gathering, "2026-03-13T22:00", "2026-03-14T00:00", goes);
            // Past the due instant there is no hurry any more.
            let digest = matches!(gathering, Gathering::Digest(_));
            let morning = if digest { "2026-03-16T08:30" } else { "2026-03-16T09:00" };
            check(gathering, "2026-03-14T00:00", "2026-03-14T00:00", morning);
        }
        check(
            Gathering::Merge(Duration::from_secs(600)),
            "2026-03-11T10:00",
            "2026-03-11T10:05",
            "2026-03-11T10:00",
        );
    }

    #[test]
    fn what_is_gathered_goes_out_at_the_end_of_its_span_or_in_the_morning() {
        let merge = Gathering::Merge(Duration::from_secs(600));
        check(merge, "2026-03-11T10:00", "2026-03-20T00:00", "2026-03-11T10:10");
        check(merge, "2026-03-11T23:00", "2026-03-20T00:00", "2026-03-12T09:00");
        let digest = Gathering::Digest("08:30".parse().expect("a time"));
        check(digest, "2026-03-11T08:30", "2026-03-20T00:00", "2026-03-11T08:30");
        check(digest, "2026-03-11T08:31", "2026-03-20T00:00", "2026-03-12T08:30");
        check(digest, "2026-03-13T18:00", "2026-03-20T00:00", "2026-03-16T08:30");
    }

    #[test]
    fn a_digest_that_was_late_goes_out_in_office_hours_or_with_the_next() {
        let (calendar, raised) = (cn(), Raised { at: at("2026-03-10T12:00"), due_at: None });
        let digest = terms(&calendar, Gathering::Digest("08:30".parse().expect("a time")));
        for (now, expected) in [
            ("2026-03-11T08:30", "2026-03-11T08:30"),
            ("2026-03-11T11:00", "2026-03-11T11:00"),
            ("2026-03-11T21:00", "2026-03-12T08:30"),
            ("2026-03-14T11:00", "2026-03-16T08:30"),
        ] {
            assert_eq!(digest.opens(at(now), raised), at(expected), "{now}");
        }
    }

    #[test]
    fn attempts_are_counted_from_when_they_could_begin() {
        let calendar = cn();
        // Raised when an eight-day holiday begins: the first attempt is after it.
        let (terms, raised) =
            (terms(&calendar, Gathering::None), Raised { at: at("2026-10-01T00:00"), due_at: None });
        assert!(!terms.is_over(raised, at("2026-10-08T09:00")));
        assert!(!terms.is_over(raised, at("2026-10-11T08:59")));
        assert!(terms.is_over(raised, at("2026-10-11T09:00")));
    }
}
