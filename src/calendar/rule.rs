//! Due rules: how long one has, as a policy writes it.
//!
//! A rule is data with every default visible. What date it gives is computed in
//! [`super::due()`]; how it is read from a file is in [`super::rule_form`].

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use chrono::{NaiveDate, NaiveDateTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::YEARS;
use super::period::{Period, PeriodKind, digits};

/// Ten years of days: longer than any limit in the notices, and short enough
/// for every answer to be shown day by day.
pub const DAYS: RangeInclusive<u64> = 0..=3660;
/// Ten years of hours.
pub const HOURS: RangeInclusive<u64> = 0..=87_600;
/// The months of a century; publicity runs at most three years.
pub const MONTHS: RangeInclusive<u64> = 1..=1200;
/// A century.
pub const YEAR_COUNT: RangeInclusive<u64> = 1..=100;
/// The days a month may have.
pub const MONTH_DAYS: RangeInclusive<u64> = 1..=31;

/// When something is due, counted from a start or fixed by the calendar.
///
/// The forms are told apart by their first key. Day-based limits end at 24:00 of
/// their last day and are kept strictly before that instant (Civil Code 203);
/// limits in hours include their last instant (Civil Code 1259).
#[derive(Debug, Clone, PartialEq, Eq, JsonSchema)]
#[schemars(untagged, rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum DueRule {
    /// Within so many working days, `{workingDays: 7}`.
    WorkingDays {
        /// How many.
        #[schemars(range(min = 0, max = 3660))]
        working_days: u16,
        /// Whether the start day is one of them.
        #[schemars(default)]
        count: Count,
        /// When the last of them ends.
        #[schemars(default)]
        day_ends: DayEnds,
    },
    /// Within so many civil days, `{days: 20}`.
    Days {
        /// How many.
        #[schemars(range(min = 0, max = 3660))]
        days: u16,
        /// Whether the start day is one of them.
        #[schemars(default)]
        count: Count,
        /// When the last of them ends.
        #[schemars(default)]
        day_ends: DayEnds,
        /// What becomes of a last day that rests.
        #[schemars(default)]
        if_non_working: IfNonWorking,
    },
    /// Within so many hours on the clock, rest days and nights included.
    Hours {
        /// How many.
        #[schemars(range(min = 0, max = 87_600))]
        hours: u32,
    },
    /// Within so many hours of business.
    WorkingHours {
        /// How many.
        #[schemars(range(min = 0, max = 87_600))]
        working_hours: u32,
    },
    /// By a day of the month: the first such day whose end is after the start.
    DayOfMonth {
        /// Which day, 1 to 31.
        #[schemars(range(min = 1, max = 31))]
        day_of_month: u8,
        /// Whether the day itself still counts.
        #[schemars(default)]
        boundary: Boundary,
        /// What a month without that day does.
        #[schemars(default)]
        if_missing: IfMissing,
        /// What becomes of a last day that rests.
        #[schemars(default)]
        if_non_working: IfNonWorking,
    },
    /// By a day of the year, `{monthDay: "06-30"}`: the first whose end is after
    /// the start.
    MonthDay {
        /// Which day.
        month_day: MonthDay,
        /// Whether the day itself still counts.
        #[schemars(default)]
        boundary: Boundary,
        /// What a year without that day (29 February) does.
        #[schemars(default)]
        if_missing: IfMissing,
        /// What becomes of a last day that rests.
        #[schemars(default)]
        if_non_working: IfNonWorking,
    },
    /// By the end of the period in which the start lies.
    EndOf {
        /// Which kind of period.
        end_of: PeriodKind,
        /// What becomes of a last day that rests.
        #[schemars(default)]
        if_non_working: IfNonWorking,
    },
    /// Within so many months, to the end of the corresponding day or of the
    /// month that lacks it (Civil Code 202).
    Months {
        /// How many.
        #[schemars(range(min = 1, max = 1200))]
        months: u16,
        /// What becomes of a last day that rests.
        #[schemars(default)]
        if_non_working: IfNonWorking,
    },
    /// Within so many years, counted as months are.
    Years {
        /// How many.
        #[schemars(range(min = 1, max = 100))]
        years: u16,
        /// What becomes of a last day that rests.
        #[schemars(default)]
        if_non_working: IfNonWorking,
    },
    /// By a fixed date, period or minute; it may lie before the start.
    Date {
        /// Which.
        date: FixedDate,
        /// Whether the date, period or minute itself still counts.
        #[schemars(default)]
        boundary: Boundary,
        /// What becomes of a last day that rests.
        #[schemars(default)]
        if_non_working: IfNonWorking,
    },
}

/// Whether the day on which a limit starts is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Count {
    /// Day 1 is the next one, whatever the clock says (Civil Code 201).
    #[default]
    NextDay,
    /// The start day is day 1, if it is of the counted sort.
    StartDay,
}

/// When the last day of a limit ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum DayEnds {
    /// At 24:00 (Civil Code 203).
    #[default]
    Midnight,
    /// When business stops on that day.
    CloseOfBusiness,
}

/// Whether a date that is named is still in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Boundary {
    /// Through its end.
    #[default]
    Inclusive,
    /// Only before it begins.
    Exclusive,
}

/// What a month does that has no such day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum IfMissing {
    /// Its last day stands in.
    #[default]
    LastDay,
    /// It is an error.
    Refuse,
}

/// What becomes of a last day that is not worked.
///
/// A move to an earlier day never leads to before the start: then the last day
/// stays, except for fixed dates, which may lie anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum IfNonWorking {
    /// It stays.
    #[default]
    Keep,
    /// It moves to the next working day.
    Next,
    /// It moves to the working day before.
    Previous,
}

/// A day that comes every year, as `MM-DD`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthDay {
    month: u8,
    day: u8,
}

impl MonthDay {
    /// Its month, 1 to 12.
    #[must_use]
    pub fn month(self) -> u32 {
        u32::from(self.month)
    }

    /// Its day of the month, 1 to 31.
    #[must_use]
    pub fn day(self) -> u32 {
        u32::from(self.day)
    }
}

impl fmt::Display for MonthDay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:02}-{:02}", self.month, self.day)
    }
}

impl FromStr for MonthDay {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        /// A leap year, so that 29 February is a day of some years.
        const LEAP_YEAR: i32 = 2024;
        let parse = || {
            let (month, day) = text.split_once('-')?;
            let (month, day) = (digits(month, 2)?, digits(day, 2)?);
            NaiveDate::from_ymd_opt(LEAP_YEAR, month, day)?;
            Some(Self { month: u8::try_from(month).ok()?, day: u8::try_from(day).ok()? })
        };
        parse().ok_or("write a day of the year like \"06-30\"")
    }
}

impl JsonSchema for MonthDay {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MonthDay".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"})
    }
}

/// A date that a notice names: a period of any kind, or a minute on the wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixedDate {
    /// `2023-08-11`, `2023-08`, `2023-Q3`, `2023`: through its end, or before it.
    Period(Period),
    /// `2023-08-11T17:00` in the calendar's zone.
    Wall(NaiveDateTime),
}

impl fmt::Display for FixedDate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Period(period) => period.fmt(out),
            Self::Wall(wall) => write!(out, "{}", wall.format("%Y-%m-%dT%H:%M:%S")),
        }
    }
}

impl FromStr for FixedDate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        use chrono::Datelike as _;
        let wall = || {
            let (date, time) = text.split_once('T')?;
            let Ok(day) = date.parse::<Period>() else { return None };
            let time = (day.kind() == PeriodKind::Day).then(|| parse_time(time)).flatten()?;
            YEARS.contains(&day.start().year()).then(|| day.start().and_time(time))
        };
        match text.parse() {
            Ok(period) => Ok(Self::Period(period)),
            Err(_) => wall().map(Self::Wall).ok_or(
                "write a date like \"2023-08-11\", \"2023-08-11T17:00\" (wall time of the calendar's zone), \
                 \"2023-08\", \"2023-Q3\", \"2023-H2\" or \"2023\"",
            ),
        }
    }
}

fn parse_time(text: &str) -> Option<chrono::NaiveTime> {
    let mut parts = text.split(':');
    let (hour, minute) = (digits(parts.next()?, 2)?, digits(parts.next()?, 2)?);
    let second = parts.next().map_or(Some(0), |second| digits(second, 2))?;
    parts.next().is_none().then(|| chrono::NaiveTime::from_hms_opt(hour, minute, second)).flatten()
}

impl JsonSchema for FixedDate {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "FixedDate".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let time = "T[0-9]{2}:[0-9]{2}(:[0-9]{2})?";
        let pattern =
            format!("^[0-9]{{4}}(-W[0-9]{{2}}|-Q[1-4]|-H[12]|-[0-9]{{2}}(-[0-9]{{2}}({time})?)?)?$");
        schemars::json_schema!({"type": "string", "pattern": pattern})
    }
}
