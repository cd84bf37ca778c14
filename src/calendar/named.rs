//! Rules that name a date: of the month, of the year, of a period, or once.
//!
//! It also moves a last day off a rest day, for every rule that asks for it.

use chrono::{Datelike as _, Months, NaiveDate, NaiveDateTime};

use super::compiled::Calendar;
use super::def::Span;
use super::due::{Due, DueError, Reckoned, by_hours};
use super::period::{Period, PeriodKind};
use super::rule::{Boundary, DueRule, FixedDate, IfMissing, IfNonWorking};
use crate::time::Instant;

/// When a rule that names a date is due.
pub(super) fn by_date(calendar: &Calendar, rule: &DueRule, start: Instant) -> Result<Reckoned, DueError> {
    let start_on = calendar.local_date(start);
    let at_end = |rolled: Rolled| rolled.reckoned(calendar.day_end(rolled.day), None);
    match rule {
        DueRule::DayOfMonth { day_of_month, boundary, if_missing, if_non_working } => {
            let months = (0..RECURRENCES).map(|months| {
                let first = start_on.with_day(1)?.checked_add_months(Months::new(months))?;
                Some(day_in(first, u32::from(*day_of_month), *if_missing))
            });
            first_after(calendar, start, months, *boundary, *if_non_working).map(at_end)
        }
        DueRule::MonthDay { month_day, boundary, if_missing, if_non_working } => {
            let years = (0..RECURRENCES).map(|years| {
                let year = start_on.year().checked_add(i32::try_from(years).ok()?)?;
                let first = NaiveDate::from_ymd_opt(year, month_day.month(), 1)?;
                Some(day_in(first, month_day.day(), *if_missing))
            });
            first_after(calendar, start, years, *boundary, *if_non_working).map(at_end)
        }
        DueRule::EndOf { end_of, if_non_working } => {
            let last = Period::containing(*end_of, start_on).last_day();
            Ok(at_end(roll(calendar, last, *if_non_working, |day| calendar.day_end(day) > start)))
        }
        DueRule::Date { date: FixedDate::Period(period), boundary, if_non_working } => {
            let last = match boundary {
                Boundary::Inclusive => period.last_day(),
                Boundary::Exclusive => period.start().pred_opt().unwrap_or(period.start()),
            };
            Ok(at_end(roll(calendar, last, *if_non_working, |_| true)))
        }
        DueRule::Date { date: FixedDate::Wall(wall), boundary, if_non_working } => {
            Ok(by_wall(calendar, *wall, *boundary, *if_non_working))
        }
        // Limits were computed before; the start itself is what is left of them.
        DueRule::WorkingDays { .. }
        | DueRule::Days { .. }
        | DueRule::Hours { .. }
        | DueRule::WorkingHours { .. }
        | DueRule::Months { .. }
        | DueRule::Years { .. } => Ok(by_hours(start, 0, &[])),
    }
}

fn by_wall(
    calendar: &Calendar,
    wall: NaiveDateTime,
    boundary: Boundary,
    if_non_working: IfNonWorking,
) -> Reckoned {
    let rolled = roll(calendar, wall.date(), if_non_working, |_| true);
    let reckoned = rolled.reckoned(calendar.instant(rolled.day.and_time(wall.time())), None);
    let due = Due { inclusive: boundary == Boundary::Inclusive, ..reckoned.due };
    Reckoned { due, ..reckoned }
}

/// How many months or years are tried for the first day after a start. The
/// second always follows it, unless holidays move it by a whole month; the rest
/// is for calendars nobody has seen.
const RECURRENCES: u32 = 12;

fn day_in(first: NaiveDate, day: u32, if_missing: IfMissing) -> Result<NaiveDate, DueError> {
    let missing = || DueError::NoSuchDay { day, month: first.format("%Y-%m").to_string() };
    match (first.with_day(day), if_missing) {
        (Some(date), _) => Ok(date),
        (None, IfMissing::Refuse) => Err(missing()),
        (None, IfMissing::LastDay) => Ok(Period::containing(PeriodKind::Month, first).last_day()),
    }
}

fn first_after(
    calendar: &Calendar,
    start: Instant,
    days: impl Iterator<Item = Option<Result<NaiveDate, DueError>>>,
    boundary: Boundary,
    if_non_working: IfNonWorking,
) -> Result<Rolled, DueError> {
    for day in days {
        let named = day.ok_or(DueError::OutOfRange)??;
        let last = match boundary {
            Boundary::Inclusive => named,
            Boundary::Exclusive => named.pred_opt().ok_or(DueError::OutOfRange)?,
        };
        let rolled = roll(calendar, last, if_non_working, |_| true);
        if calendar.day_end(rolled.day) > start {
            return Ok(rolled);
        }
    }
    Err(DueError::OutOfRange)
}

/// A last day after it was moved off a rest day, or not.
#[derive(Clone, Copy)]
pub(super) struct Rolled {
    pub(super) day: NaiveDate,
    from: NaiveDate,
    looked: Option<Span>,
}

impl Rolled {
    /// The due date at the end of the day it was moved to.
    pub(super) fn reckoned(self, at: Instant, counted: Option<Span>) -> Reckoned {
        let due = Due { at, inclusive: false, last_day: Some(self.day), provisional: false };
        let moved_from = Some(self.from).filter(|from| *from != self.day);
        Reckoned { due, looked: counted.or(self.looked), moved_from }
    }
}

/// Moves a last day off a rest day where the rule says so and `fits` agrees.
pub(super) fn roll(
    calendar: &Calendar,
    last: NaiveDate,
    if_non_working: IfNonWorking,
    fits: impl Fn(NaiveDate) -> bool,
) -> Rolled {
    let by = match if_non_working {
        IfNonWorking::Keep => return Rolled { day: last, from: last, looked: None },
        IfNonWorking::Next => 1,
        IfNonWorking::Previous => -1,
    };
    let moved = if calendar.is_working(last) { last } else { calendar.add_working_days(last, by) };
    let looked = Some(Span { from: last.min(moved), to: last.max(moved) });
    Rolled { day: if fits(moved) { moved } else { last }, from: last, looked }
}
