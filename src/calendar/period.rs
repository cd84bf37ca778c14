//! Periods: days, weeks, months, quarters, half-years and years, half-open.
//!
//! A period is civil dates; only a calendar turns it into instants. It knows
//! neither working days nor what is owed in a period.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike as _, Days, Months, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::compiled::Calendar;
use crate::time::Instant;

/// How long a period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PeriodKind {
    /// One civil day.
    Day,
    /// Monday to Sunday, numbered as ISO 8601 does.
    Week,
    /// A month.
    Month,
    /// A quarter of the year.
    Quarter,
    /// January to June or July to December.
    HalfYear,
    /// A year.
    Year,
}

/// One period, identified by its text: `2023-08-09`, `2023-W32`, `2023-08`,
/// `2023-Q3`, `2023-H2` or `2023`.
///
/// Ordered by kind, then by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    kind: PeriodKind,
    start: NaiveDate,
}

/// A text that names no period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "read {value:?} as a period: write it like 2023-08-09, 2023-W32, 2023-08, 2023-Q3, 2023-H2 or 2023, \
     within 1700 to 2200"
)]
pub struct PeriodError {
    /// What was given, cut to 64 characters.
    pub value: String,
}

impl Period {
    /// The period of that kind in which a day lies.
    #[must_use]
    pub fn containing(kind: PeriodKind, date: NaiveDate) -> Self {
        let first_of = |month: u32| NaiveDate::from_ymd_opt(date.year(), month, 1).unwrap_or(date);
        let start = match kind {
            PeriodKind::Day => date,
            PeriodKind::Week => {
                let since_monday = u64::from(date.weekday().num_days_from_monday());
                date.checked_sub_days(Days::new(since_monday)).unwrap_or(NaiveDate::MIN)
            }
            PeriodKind::Month => first_of(date.month()),
            PeriodKind::Quarter => first_of(date.month0() / 3 * 3 + 1),
            PeriodKind::HalfYear => first_of(date.month0() / 6 * 6 + 1),
            PeriodKind::Year => first_of(1),
        };
        Self { kind, start }
    }

    /// How long it is.
    #[must_use]
    pub fn kind(&self) -> PeriodKind {
        self.kind
    }

    /// Its first day.
    #[must_use]
    pub fn start(&self) -> NaiveDate {
        self.start
    }

    /// The first day after it.
    #[must_use]
    pub fn end(&self) -> NaiveDate {
        let end = match self.kind {
            PeriodKind::Day => self.start.checked_add_days(Days::new(1)),
            PeriodKind::Week => self.start.checked_add_days(Days::new(7)),
            PeriodKind::Month => self.start.checked_add_months(Months::new(1)),
            PeriodKind::Quarter => self.start.checked_add_months(Months::new(3)),
            PeriodKind::HalfYear => self.start.checked_add_months(Months::new(6)),
            PeriodKind::Year => self.start.checked_add_months(Months::new(12)),
        };
        end.unwrap_or(NaiveDate::MAX)
    }

    /// Its last day.
    #[must_use]
    pub fn last_day(&self) -> NaiveDate {
        self.end().pred_opt().unwrap_or(self.start)
    }

    /// Whether a day lies in it.
    #[must_use]
    pub fn has(&self, date: NaiveDate) -> bool {
        self.start <= date && date < self.end()
    }

    /// The period of the same kind after it.
    #[must_use]
    pub fn next(&self) -> Self {
        Self::containing(self.kind, self.end())
    }

    /// The period of the same kind before it.
    #[must_use]
    pub fn previous(&self) -> Self {
        Self::containing(self.kind, self.start.pred_opt().unwrap_or(self.start))
    }

    /// Its first instant and the first one after it, in the calendar's zone.
    #[must_use]
    pub fn instants(&self, calendar: &Calendar) -> (Instant, Instant) {
        (calendar.midnight(self.start), calendar.midnight(self.end()))
    }
}

impl Calendar {
    /// The period of that kind in which an instant lies.
    #[must_use]
    pub fn period(&self, kind: PeriodKind, at: Instant) -> Period {
        Period::containing(kind, self.local_date(at))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month0) = (self.start.year(), self.start.month0());
        match self.kind {
            PeriodKind::Day => write!(out, "{}", self.start),
            PeriodKind::Week => {
                let week = self.start.iso_week();
                write!(out, "{:04}-W{:02}", week.year(), week.week())
            }
            PeriodKind::Month => write!(out, "{year:04}-{:02}", month0 + 1),
            PeriodKind::Quarter => write!(out, "{year:04}-Q{}", month0 / 3 + 1),
            PeriodKind::HalfYear => write!(out, "{year:04}-H{}", month0 / 6 + 1),
            PeriodKind::Year => write!(out, "{year:04}"),
        }
    }
}

impl fmt::Debug for Period {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let period = parse(text).filter(|period| super::check::YEARS.contains(&period.start.year()));
        period.ok_or_else(|| PeriodError { value: text.chars().take(64).collect() })
    }
}

fn parse(text: &str) -> Option<Period> {
    let (year, rest) = text.split_once('-').map_or((text, None), |(year, rest)| (year, Some(rest)));
    let year = i32::try_from(digits(year, 4)?).ok()?;
    let of = |kind, month| Some(Period { kind, start: NaiveDate::from_ymd_opt(year, month, 1)? });
    let Some(rest) = rest else { return of(PeriodKind::Year, 1) };
    if let Some(week) = rest.strip_prefix('W') {
        let start = NaiveDate::from_isoywd_opt(year, digits(week, 2)?, chrono::Weekday::Mon)?;
        return Some(Period { kind: PeriodKind::Week, start });
    }
    if let Some(quarter) = rest.strip_prefix('Q') {
        let quarter = digits(quarter, 1).filter(|quarter| (1..=4).contains(quarter))?;
        return of(PeriodKind::Quarter, quarter * 3 - 2);
    }
    if let Some(half) = rest.strip_prefix('H') {
        let half = digits(half, 1).filter(|half| (1..=2).contains(half))?;
        return of(PeriodKind::HalfYear, half * 6 - 5);
    }
    match rest.split_once('-') {
        None => of(PeriodKind::Month, digits(rest, 2)?),
        Some((month, day)) => {
            let start = NaiveDate::from_ymd_opt(year, digits(month, 2)?, digits(day, 2)?)?;
            Some(Period { kind: PeriodKind::Day, start })
        }
    }
}

/// The number that exactly so many digits write.
pub(super) fn digits(text: &str, count: usize) -> Option<u32> {
    let fits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    fits.then(|| text.parse().ok()).flatten()
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        crate::parse::parsed(from)
    }
}

impl JsonSchema for Period {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let week = "W(0[1-9]|[1-4][0-9]|5[0-3])";
        let month = "(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?";
        let pattern = format!("^(1[7-9][0-9]{{2}}|2[01][0-9]{{2}}|2200)(-{week}|-Q[1-4]|-H[12]|-{month})?$");
        schemars::json_schema!({"type": "string", "pattern": pattern})
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KINDS: [PeriodKind; 6] = [
        PeriodKind::Day,
        PeriodKind::Week,
        PeriodKind::Month,
        PeriodKind::Quarter,
        PeriodKind::HalfYear,
        PeriodKind::Year,
    ];

    #[test]
    fn a_text_names_one_period() {
        for (text, first, end) in [
            ("2023-08-09", "2023-08-09", "2023-08-10"),
            ("2023-W32", "2023-08-07", "2023-08-14"),
            ("2020-W53", "2020-12-28", "2021-01-04"),
            ("2024-02", "2024-02-01", "2024-03-01"),
            ("2023-Q3", "2023-07-01", "2023-10-01"),
            ("2023-H1", "2023-01-01", "2023-07-01"),
            ("2023", "2023-01-01", "2024-01-01"),
        ] {
            let period: Period = text.parse().expect("a period");
            assert_eq!((period.start().to_string(), period.end().to_string()), (first.into(), end.into()));
            assert_eq!(period.to_string(), text);
        }
        for wrong in
            ["2023-13", "2023-Q5", "2023-H0", "2021-W53", "2023-8", "23", "2023-02-29", "9999", "2023-"]
        {
            assert!(wrong.parse::<Period>().is_err(), "{wrong:?} should not be a period");
        }
    }

    proptest! {
        #[test]
        fn periods_of_a_kind_tile_the_days(kind in 0_usize..6, day in 630_000_i32..800_000) {
            let date = NaiveDate::from_num_days_from_ce_opt(day).expect("a date");
            let period = Period::containing(KINDS[kind], date);
            prop_assert!(period.has(date));
            prop_assert_eq!(period.next().start(), period.end());
            prop_assert_eq!(period.next().previous(), period);
            prop_assert_eq!(period.to_string().parse::<Period>().expect("its own text"), period);
        }
    }
}
