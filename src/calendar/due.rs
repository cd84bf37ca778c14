//! When a rule is due: the one computation behind every deadline.
//!
//! [`due()`] answers with the instant alone; [`super::explain()`] runs the same
//! computation and tells how it came about. Neither reads a clock.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compiled::Calendar;
use super::def::Span;
use super::limit::{Limit, by_limit};
use super::named::by_date;
use super::pause::{Pause, merged};
use super::rule::DueRule;
use crate::time::Instant;

/// A due instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Due {
    /// The instant.
    pub at: Instant,
    /// Whether the instant itself is still in time, as for limits in hours.
    pub inclusive: bool,
    /// The last day that is in time; none for limits in hours.
    #[schemars(with = "Option<String>")]
    pub last_day: Option<NaiveDate>,
    /// Whether a day that mattered lies outside the calendar's verified span, so
    /// that an amendment may still move the date.
    pub provisional: bool,
}

impl Due {
    /// Whether something done at `at` is late.
    #[must_use]
    pub fn is_late(&self, at: Instant) -> bool {
        if self.inclusive { at > self.at } else { at >= self.at }
    }

    /// The first instant that is late, at which a timer should fire.
    #[must_use]
    pub fn late_from(&self) -> Instant {
        let past = i64::from(self.inclusive);
        Instant::from_nanos(self.at.as_nanos().saturating_add(past))
    }
}

/// A rule that gives no date here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DueError {
    /// The rule speaks of business hours and the calendar has none.
    #[error("find the business hours: the calendar {calendar} has none")]
    NoBusinessHours {
        /// The calendar's name.
        calendar: String,
    },
    /// The rule refuses months that lack its day.
    #[error("find day {day} in {month}: the month is shorter, and the rule refuses to stand in")]
    NoSuchDay {
        /// The day of the month.
        day: u32,
        /// The month, such as `2023-02`.
        month: String,
    },
    /// The date lies outside the countable time.
    #[error("reach the due date: it lies outside the years 1678 to 2261")]
    OutOfRange,
    /// A pause ends before it begins.
    #[error("pause from {from} until {until}: it ends before it begins")]
    PauseBackwards {
        /// When it should begin.
        from: Instant,
        /// When it should end.
        until: Instant,
    },
    /// A rule that names a date has nothing that could stand still.
    #[error("pause a rule that names a date: {rule} does not run")]
    PauseOfDate {
        /// The rule in words.
        rule: String,
    },
}

impl DueError {
    /// Which check failed, as a name that does not change between versions.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self {
            Self::NoBusinessHours { .. } => "due.no-business-hours",
            Self::NoSuchDay { .. } => "due.no-such-day",
            Self::OutOfRange => "due.out-of-range",
            Self::PauseBackwards { .. } => "due.pause-backwards",
            Self::PauseOfDate { .. } => "due.pause-of-date",
        }
    }
}

/// When `rule` is due for something that started at `start` and stood still in
/// `pauses` (any order; what lies before the start is left out).
///
/// In a day-based limit the days after that of the pause through that of the
/// resumption are not counted, and a last day that a pause interrupts is not used
/// up; a limit in hours moves by the paused time. The answer is not before `start`,
/// except for fixed dates ([`DueRule::Date`]).
///
/// # Errors
/// [`DueError`], never for [`DueRule::WorkingDays`] to midnight within the
/// countable time and without pauses.
pub fn due(calendar: &Calendar, rule: &DueRule, start: Instant, pauses: &[Pause]) -> Result<Due, DueError> {
    reckon(calendar, rule, start, &merged(pauses, start)?).map(|reckoned| reckoned.due)
}

/// A due date with what an explanation needs besides.
#[derive(Clone, Copy)]
pub(super) struct Reckoned {
    pub(super) due: Due,
    /// The days whose being worked or not was looked at.
    pub(super) looked: Option<Span>,
    /// The last day before it was moved off a rest day, if it was moved.
    pub(super) moved_from: Option<NaiveDate>,
}

/// The computation; `pauses` are merged and after the start.
pub(super) fn reckon(
    calendar: &Calendar,
    rule: &DueRule,
    start: Instant,
    pauses: &[Pause],
) -> Result<Reckoned, DueError> {
    let start_on = calendar.local_date(start);
    let reckoned = match (Limit::of(rule, start_on), rule) {
        (Some(limit), _) => by_limit(calendar, limit, start, pauses)?,
        (None, DueRule::Hours { hours }) => by_hours(start, *hours, pauses),
        (None, DueRule::WorkingHours { working_hours }) => {
            by_working_hours(calendar, start, *working_hours, pauses)?
        }
        (None, _) if !pauses.is_empty() => {
            return Err(DueError::PauseOfDate { rule: rule.words(super::Lang::En) });
        }
        (None, _) => by_date(calendar, rule, start)?,
    };
    if [Instant::MIN, Instant::MAX].contains(&reckoned.due.at) {
        return Err(DueError::OutOfRange);
    }
    let verified = calendar.verified();
    let unverified = |span: Span| !(verified.has(span.from) && verified.has(span.to));
    let due = Due { provisional: reckoned.looked.is_some_and(unverified), ..reckoned.due };
    Ok(Reckoned { due, ..reckoned })
}

pub(super) fn by_hours(start: Instant, hours: u32, pauses: &[Pause]) -> Reckoned {
    let mut at = start.plus_seconds(i64::from(hours) * 3600);
    for pause in pauses {
        if pause.from >= at {
            break;
        }
        at = at.plus(pause.until.since(pause.from));
    }
    let due = Due { at, inclusive: true, last_day: None, provisional: false };
    Reckoned { due, looked: None, moved_from: None }
}

fn by_working_hours(
    calendar: &Calendar,
    start: Instant,
    hours: u32,
    pauses: &[Pause],
) -> Result<Reckoned, DueError> {
    require_business_hours(calendar)?;
    let mut left = i128::from(hours) * 3_600_000_000_000;
    let mut from = start;
    for pause in pauses {
        let run = calendar.business_between(from, pause.from);
        if run >= left {
            break;
        }
        left -= run;
        from = pause.until;
    }
    let at = calendar.add_business(from, left).unwrap_or(from);
    let looked = Span { from: calendar.local_date(start), to: calendar.local_date(at) };
    let due = Due { at, inclusive: true, last_day: None, provisional: false };
    Ok(Reckoned { due, looked: Some(looked).filter(|_| hours > 0), moved_from: None })
}

pub(super) fn require_business_hours(calendar: &Calendar) -> Result<(), DueError> {
    let none = || DueError::NoBusinessHours { calendar: calendar.def().name.to_string() };
    calendar.has_business_hours().then_some(()).ok_or_else(none)
}
