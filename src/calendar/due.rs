//! When a rule is due: the one computation behind every deadline.
//!
//! [`due()`] answers with the instant alone; [`super::explain()`] runs the same
//! computation and tells how it came about. Neither reads a clock.

use chrono::{Datelike as _, Days, Months, NaiveDate, NaiveDateTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compiled::Calendar;
use super::def::Span;
use super::pause::{Pause, merged, paused_days};
use super::period::Period;
use super::rule::{Boundary, Count, DayEnds, DueRule, FixedDate, IfMissing, IfNonWorking};
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
/// resumption are not counted; a limit in hours moves by the paused time. The
/// answer is not before `start`, except for fixed dates ([`DueRule::Date`]).
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

/// What a limit counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Working,
    Civil,
}

/// A limit in days.
#[derive(Clone, Copy)]
pub(super) struct Limit {
    pub(super) unit: Unit,
    pub(super) days: i32,
    pub(super) count: Count,
    ends: DayEnds,
    if_non_working: IfNonWorking,
}

impl Limit {
    /// The rule as a limit in days; none when it is of another sort.
    pub(super) fn of(rule: &DueRule, start_on: NaiveDate) -> Option<Self> {
        let civil = |days, if_non_working| {
            let (count, ends) = (Count::NextDay, DayEnds::Midnight);
            Self { unit: Unit::Civil, days, count, ends, if_non_working }
        };
        let months = |months: u32, if_non_working| {
            let last = start_on.checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX);
            let days = last.signed_duration_since(start_on).num_days();
            civil(i32::try_from(days).unwrap_or(i32::MAX), if_non_working)
        };
        match *rule {
            DueRule::WorkingDays { working_days, count, day_ends } => Some(Self {
                unit: Unit::Working,
                days: i32::from(working_days),
                count,
                ends: day_ends,
                if_non_working: IfNonWorking::Keep,
            }),
            DueRule::Days { days, count, day_ends, if_non_working } => {
                Some(Self { count, ends: day_ends, ..civil(i32::from(days), if_non_working) })
            }
            DueRule::Months { months: n, if_non_working } => Some(months(u32::from(n), if_non_working)),
            DueRule::Years { years, if_non_working } => Some(months(u32::from(years) * 12, if_non_working)),
            DueRule::Hours { .. }
            | DueRule::WorkingHours { .. }
            | DueRule::DayOfMonth { .. }
            | DueRule::MonthDay { .. }
            | DueRule::EndOf { .. }
            | DueRule::Date { .. } => None,
        }
    }

    /// The day after which counting begins.
    pub(super) fn base(&self, start_on: NaiveDate) -> NaiveDate {
        match self.count {
            Count::StartDay if self.days > 0 => start_on.pred_opt().unwrap_or(start_on),
            Count::StartDay | Count::NextDay => start_on,
        }
    }
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

fn by_limit(
    calendar: &Calendar,
    limit: Limit,
    start: Instant,
    pauses: &[Pause],
) -> Result<Reckoned, DueError> {
    if limit.ends == DayEnds::CloseOfBusiness {
        require_business_hours(calendar)?;
    }
    let base = limit.base(calendar.local_date(start));
    let mut days = limit.days;
    let mut last = step(calendar, limit.unit, base, days);
    for (from, until) in paused_days(calendar, pauses) {
        if last <= from {
            break;
        }
        days = days.saturating_add(between(calendar, limit.unit, from, until));
        last = step(calendar, limit.unit, base, days);
    }
    let looked_at = match limit.unit {
        Unit::Working if last > base => Some(Span { from: base.succ_opt().unwrap_or(base), to: last }),
        Unit::Working | Unit::Civil => None,
    };
    let end = |day| match limit.ends {
        DayEnds::Midnight => calendar.day_end(day),
        // Where business stopped before the start, the rest of the day remains.
        DayEnds::CloseOfBusiness => {
            Some(calendar.close(day)).filter(|close| *close > start).unwrap_or_else(|| calendar.day_end(day))
        }
    };
    let rolled = roll(calendar, last, limit.if_non_working, |day| end(day) > start);
    Ok(rolled.reckoned(end(rolled.day), looked_at))
}

fn step(calendar: &Calendar, unit: Unit, base: NaiveDate, days: i32) -> NaiveDate {
    match unit {
        Unit::Working => calendar.add_working_days(base, days),
        Unit::Civil => {
            base.checked_add_days(Days::new(u64::try_from(days).unwrap_or(0))).unwrap_or(NaiveDate::MAX)
        }
    }
}

fn between(calendar: &Calendar, unit: Unit, from: NaiveDate, until: NaiveDate) -> i32 {
    let days = match unit {
        Unit::Working => calendar.working_days_between(from, until),
        Unit::Civil => until.signed_duration_since(from).num_days(),
    };
    i32::try_from(days).unwrap_or(i32::MAX)
}

fn by_hours(start: Instant, hours: u32, pauses: &[Pause]) -> Reckoned {
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

fn require_business_hours(calendar: &Calendar) -> Result<(), DueError> {
    let none = || DueError::NoBusinessHours { calendar: calendar.def().name.to_string() };
    calendar.has_business_hours().then_some(()).ok_or_else(none)
}

fn by_date(calendar: &Calendar, rule: &DueRule, start: Instant) -> Result<Reckoned, DueError> {
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
        (None, IfMissing::LastDay) => Ok(Period::containing(super::PeriodKind::Month, first).last_day()),
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
struct Rolled {
    day: NaiveDate,
    from: NaiveDate,
    looked: Option<Span>,
}

impl Rolled {
    fn reckoned(self, at: Instant, counted: Option<Span>) -> Reckoned {
        let due = Due { at, inclusive: false, last_day: Some(self.day), provisional: false };
        let moved_from = Some(self.from).filter(|from| *from != self.day);
        Reckoned { due, looked: counted.or(self.looked), moved_from }
    }
}

/// Moves a last day off a rest day where the rule says so and `fits` agrees.
fn roll(
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
