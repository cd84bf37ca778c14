//! Limits in days: so many working or civil days after a start.
//!
//! Months and years are limits in civil days here, once their corresponding day
//! is found. Rules that name a date are in [`super::named`].

use chrono::{Days, Months, NaiveDate};

use super::compiled::Calendar;
use super::def::Span;
use super::due::{DueError, Reckoned, require_business_hours};
use super::named::roll;
use super::pause::{Pause, paused_days};
use super::rule::{Count, DayEnds, DueRule, IfNonWorking};
use crate::time::Instant;

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
    pub(super) fn base(self, start_on: NaiveDate) -> NaiveDate {
        match self.count {
            Count::StartDay if self.days > 0 => start_on.pred_opt().unwrap_or(start_on),
            Count::StartDay | Count::NextDay => start_on,
        }
    }

    /// The last day and the spans of days, each without its first, that pauses
    /// take out of the count. The day of a pause counts, that of the resumption does
    /// not; but a last day that a pause interrupts is not used up, or whoever paused
    /// in time would be late the moment they resume.
    pub(super) fn paused(
        self,
        calendar: &Calendar,
        start: Instant,
        pauses: &[Pause],
    ) -> (NaiveDate, Vec<Taken>) {
        let base = self.base(calendar.local_date(start));
        let mut days = self.days;
        let mut last = step(calendar, self.unit, base, days);
        let mut taken = Vec::new();
        for (pause, (from, until)) in paused_days(calendar, pauses) {
            if self.end(calendar, last, start) <= pause.from {
                break;
            }
            let from = if from == last { from.pred_opt().unwrap_or(from) } else { from };
            days = days.saturating_add(between(calendar, self.unit, from, until));
            last = step(calendar, self.unit, base, days);
            taken.push((from, until));
        }
        (last, taken)
    }

    /// When a last day ends.
    fn end(self, calendar: &Calendar, day: NaiveDate, start: Instant) -> Instant {
        match self.ends {
            DayEnds::Midnight => calendar.day_end(day),
            // Where business stopped before the start, the rest of the day remains.
            DayEnds::CloseOfBusiness => Some(calendar.close(day))
                .filter(|close| *close > start)
                .unwrap_or_else(|| calendar.day_end(day)),
        }
    }
}

/// A span of days taken out, without its first.
pub(super) type Taken = (NaiveDate, NaiveDate);

/// When a limit in days ends; `pauses` are merged and after the start.
pub(super) fn by_limit(
    calendar: &Calendar,
    limit: Limit,
    start: Instant,
    pauses: &[Pause],
) -> Result<Reckoned, DueError> {
    if limit.ends == DayEnds::CloseOfBusiness {
        require_business_hours(calendar)?;
    }
    let base = limit.base(calendar.local_date(start));
    let (last, _) = limit.paused(calendar, start, pauses);
    let looked_at = match limit.unit {
        Unit::Working if last > base => Some(Span { from: base.succ_opt().unwrap_or(base), to: last }),
        Unit::Working | Unit::Civil => None,
    };
    let end = |day| limit.end(calendar, day, start);
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
