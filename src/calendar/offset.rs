//! Offsets from a due date: when a rung of a ladder comes, when a light turns.
//!
//! They walk the calendar that the due date was counted in. What happens at the
//! instant is decided elsewhere.

use std::fmt;

use chrono::{Days, NaiveDate};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::compiled::Calendar;
use super::due::Due;
use crate::time::Instant;

/// How far from a due date, before it when negative: `due`, `{workingDays: -2}`,
/// `{days: 1}`, `{hours: -2}` or `{workingHours: -2}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offset {
    /// At the due instant.
    Due,
    /// Whole working days.
    WorkingDays(i32),
    /// Whole civil days.
    Days(i32),
    /// Hours on the clock.
    Hours(i32),
    /// Hours of business.
    WorkingHours(i32),
}

/// The widest offset in days, as wide as the widest limit.
const MOST_DAYS: i32 = 3660;
/// The widest offset in hours, as wide as the widest limit.
const MOST_HOURS: i32 = 87_600;

/// The instant at an offset from a due date.
///
/// Whole days keep the due date's time of day, on the day reached: one working
/// day before Wednesday 17:00 is Tuesday 17:00. A due date at 24:00 of a last
/// day is different, because nobody is there at midnight: an offset before it is
/// the *opening of business* on the day reached (24:00 Wednesday less one working
/// day is Tuesday's opening, which leaves that whole day and the last one), and an
/// offset after it is 24:00 of the day reached, when that many days have fully
/// gone by. Hours on the clock are exact. Working hours run in business hours
/// only; where the calendar has none they are hours on the clock.
#[must_use]
pub fn offset(calendar: &Calendar, due: &Due, offset: Offset) -> Instant {
    let whole_days = |n: i32, step: &dyn Fn(NaiveDate) -> NaiveDate| match ends_last_day(calendar, due) {
        _ if n == 0 => due.at,
        Some(last) if n < 0 => calendar.opening(step(last)),
        Some(last) => calendar.day_end(step(last)),
        None => {
            let wall = calendar.wall(due.at);
            calendar.instant(step(wall.date()).and_time(wall.time()))
        }
    };
    let by_clock = |hours: i32| due.at.plus_seconds(i64::from(hours) * 3600);
    match offset {
        Offset::Due => due.at,
        Offset::WorkingDays(n) => whole_days(n, &|day| calendar.add_working_days(day, n)),
        Offset::Days(n) => whole_days(n, &|day| add_days(day, n)),
        Offset::Hours(n) => by_clock(n),
        Offset::WorkingHours(n) => calendar.add_working_hours(due.at, n).unwrap_or_else(|| by_clock(n)),
    }
}

/// When a deadline draws near: the midnight that begins the working day before
/// its last day, so that the light is yellow for at least one whole working day.
#[must_use]
pub fn soon_at(calendar: &Calendar, due: &Due) -> Instant {
    let last = due.last_day.unwrap_or_else(|| calendar.local_date(due.at));
    calendar.midnight(calendar.add_working_days(last, -1))
}

/// The last day, when the due date is its end.
fn ends_last_day(calendar: &Calendar, due: &Due) -> Option<NaiveDate> {
    due.last_day.filter(|last| !due.inclusive && due.at == calendar.day_end(*last))
}

fn add_days(day: NaiveDate, n: i32) -> NaiveDate {
    let days = Days::new(u64::from(n.unsigned_abs()));
    let reached = if n < 0 { day.checked_sub_days(days) } else { day.checked_add_days(days) };
    reached.unwrap_or(day)
}

impl Offset {
    fn parts(self) -> Option<(&'static str, i32)> {
        match self {
            Self::Due => None,
            Self::WorkingDays(n) => Some(("workingDays", n)),
            Self::Days(n) => Some(("days", n)),
            Self::Hours(n) => Some(("hours", n)),
            Self::WorkingHours(n) => Some(("workingHours", n)),
        }
    }

    fn read(key: &str, value: &Value) -> Result<Self, String> {
        type Make = fn(i32) -> Offset;
        let (make, most): (Make, i32) = match key {
            "workingDays" => (Self::WorkingDays, MOST_DAYS),
            "days" => (Self::Days, MOST_DAYS),
            "hours" => (Self::Hours, MOST_HOURS),
            "workingHours" => (Self::WorkingHours, MOST_HOURS),
            _ => return Err(format!("unknown field {key}: give workingDays, days, hours or workingHours")),
        };
        let number = value.as_i64().and_then(|number| i32::try_from(number).ok());
        let fits = number.filter(|number| (-most..=most).contains(number));
        fits.map(make).ok_or_else(|| format!("{key}: give a whole number from -{most} to {most}"))
    }
}

impl Serialize for Offset {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.parts() {
            None => to.serialize_str("due"),
            Some(part) => to.collect_map([part]),
        }
    }
}

impl<'de> Deserialize<'de> for Offset {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Form;
        impl<'de> serde::de::Visitor<'de> for Form {
            type Value = Offset;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("due, or one of {workingDays: -2}, {days: 1}, {hours: -2}, {workingHours: -2}")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Offset, E> {
                let other = || E::invalid_value(serde::de::Unexpected::Str(text), &self);
                if text == "due" { Ok(Offset::Due) } else { Err(other()) }
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Offset, A::Error> {
                use serde::de::Error as _;
                let Some((key, value)) = map.next_entry::<String, Value>()? else {
                    return Err(A::Error::invalid_length(0, &self));
                };
                let offset = Offset::read(&key, &value).map_err(A::Error::custom)?;
                match map.next_key::<String>()? {
                    None => Ok(offset),
                    Some(second) => {
                        Err(A::Error::custom(format!("{second}: an offset has one field, not two")))
                    }
                }
            }
        }
        from.deserialize_any(Form)
    }
}

impl JsonSchema for Offset {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Offset".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let days = serde_json::json!({"type": "integer", "minimum": -MOST_DAYS, "maximum": MOST_DAYS});
        let hours = serde_json::json!({"type": "integer", "minimum": -MOST_HOURS, "maximum": MOST_HOURS});
        schemars::json_schema!({"oneOf": [{"const": "due"}, {
            "type": "object", "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
            "properties": {"workingDays": days, "days": days, "hours": hours, "workingHours": hours},
        }]})
    }
}
