//! A calendar as its authors write it: week, holidays, make-up days, hours.
//!
//! Data only. Whether it makes sense is asked by [`super::check`]; what it means
//! for a day is answered by [`super::Calendar`].

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::text::Text;
use crate::id::Name;

/// The authored and resolved calendar; amending one means a new `version`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CalendarDef {
    /// What kind of file this is. It is read and not written, so that an
    /// enclosing document that is tagged by `kind` stays free to write its own.
    #[serde(default, skip_serializing)]
    pub kind: CalendarKind,
    /// The name that clocks refer to, such as `cn-gov`.
    pub name: Name,
    /// Which edition this is; shown beside every date it decides.
    pub version: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text>,
    /// The IANA zone whose civil days are counted, such as `Asia/Shanghai`.
    pub time_zone: String,
    /// The days that work in an ordinary week; Monday to Friday unless said.
    #[serde(default = "monday_to_friday")]
    pub week: BTreeSet<Weekday>,
    /// The span for which the authority has published its arrangements. Outside
    /// it the plain week is assumed and every answer is provisional.
    pub verified: Span,
    /// When business runs on a working day, in order and without overlap. May be
    /// empty; working hours and close of business are then refused.
    #[serde(default)]
    pub hours: Vec<BusinessHours>,
    /// Days off that beat the week.
    #[serde(default)]
    pub holidays: Vec<Holiday>,
    /// Rest days worked in exchange for a holiday (调休), which beat the week.
    #[serde(default)]
    pub make_up_days: Vec<MakeUpDay>,
}

/// The one kind of document this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum CalendarKind {
    /// A calendar.
    #[default]
    Calendar,
}

/// Civil days from the first to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// The first day.
    #[schemars(schema_with = "date_schema")]
    pub from: NaiveDate,
    /// The last day.
    #[schemars(schema_with = "date_schema")]
    pub to: NaiveDate,
}

impl Span {
    /// Whether the day is one of the span's.
    #[must_use]
    pub fn has(&self, date: NaiveDate) -> bool {
        self.from <= date && date <= self.to
    }
}

/// One stretch of business within a working day, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BusinessHours {
    /// When it opens.
    pub from: TimeOfDay,
    /// When it closes; the last one of the day is the close of business.
    pub to: TimeOfDay,
}

/// A holiday that the authority announced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// What it is called.
    pub name: Text,
    /// The first day off.
    #[schemars(schema_with = "date_schema")]
    pub from: NaiveDate,
    /// The last day off, included.
    #[schemars(schema_with = "date_schema")]
    pub to: NaiveDate,
    /// The notice that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cite: Option<String>,
}

impl Holiday {
    /// The days off.
    #[must_use]
    pub fn span(&self) -> Span {
        Span { from: self.from, to: self.to }
    }
}

/// A rest day that is worked.
///
/// The key is `date` and not `on`, because `on` is a truth value in older YAML.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeUpDay {
    /// The day that works.
    #[schemars(schema_with = "date_schema")]
    pub date: NaiveDate,
    /// The holiday it makes up for, by its Chinese or English name; the nearest
    /// one of that name is meant.
    #[serde(rename = "for")]
    pub holiday: String,
}

/// A day of the week, in three lower-case letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the seven names say all there is")]
pub enum Weekday {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl From<chrono::Weekday> for Weekday {
    fn from(day: chrono::Weekday) -> Self {
        match day {
            chrono::Weekday::Mon => Self::Mon,
            chrono::Weekday::Tue => Self::Tue,
            chrono::Weekday::Wed => Self::Wed,
            chrono::Weekday::Thu => Self::Thu,
            chrono::Weekday::Fri => Self::Fri,
            chrono::Weekday::Sat => Self::Sat,
            chrono::Weekday::Sun => Self::Sun,
        }
    }
}

/// A time on the wall, to the minute, from `00:00` to `24:00`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeOfDay(u16);

/// Minutes of a civil day as clocks show it.
const MINUTES_OF_A_DAY: u16 = 24 * 60;

/// A text that is no time of day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read {value:?} as a time of day: write it like 09:00, at most 24:00")]
pub struct TimeOfDayError {
    /// What was given, cut to 64 characters.
    pub value: String,
}

impl TimeOfDay {
    /// Nanoseconds since the day's midnight, as the wall clock counts.
    #[must_use]
    pub fn nanos(self) -> i64 {
        i64::from(self.0) * 60_000_000_000
    }
}

impl FromStr for TimeOfDay {
    type Err = TimeOfDayError;

    fn from_str(text: &str) -> Result<Self, TimeOfDayError> {
        let two = |part: &str| {
            let digits = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse::<u16>().ok()).flatten()
        };
        text.split_once(':')
            .and_then(|(hour, minute)| Some((two(hour)?, two(minute)?)))
            .filter(|(hour, minute)| *minute < 60 && hour * 60 + minute <= MINUTES_OF_A_DAY)
            .map(|(hour, minute)| Self(hour * 60 + minute))
            .ok_or_else(|| TimeOfDayError { value: text.chars().take(64).collect() })
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl fmt::Debug for TimeOfDay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        crate::parse::parsed(from)
    }
}

impl JsonSchema for TimeOfDay {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "TimeOfDay".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"})
    }
}

fn monday_to_friday() -> BTreeSet<Weekday> {
    BTreeSet::from([Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri])
}

/// The schema of a civil date.
pub(super) fn date_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    schemars::json_schema!({"type": "string", "format": "date"})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_read_strictly() {
        assert_eq!("13:30".parse::<TimeOfDay>().expect("a time").to_string(), "13:30");
        assert_eq!("24:00".parse::<TimeOfDay>().expect("a time").nanos(), 86_400_000_000_000);
        for wrong in ["24:01", "9:00", "09:60", "0900", "+9:00", ""] {
            assert!(wrong.parse::<TimeOfDay>().is_err(), "{wrong:?} should not be a time");
        }
    }

    #[test]
    fn an_unknown_field_is_named() {
        let error =
            serde_json::from_str::<CalendarDef>(r#"{"name": "a", "holidayz": []}"#).expect_err("unknown");
        assert!(error.to_string().contains("holidayz"), "{error}");
    }
}
