//! What makes a calendar wrong, all of it at once.
//!
//! An author mends a file in one go, so nothing here stops at the first mistake.
//! It changes nothing and compiles nothing.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Days, NaiveDate};
use chrono_tz::Tz;

use super::def::{CalendarDef, Holiday, MakeUpDay, TimeOfDay, Weekday};

/// One mistake in a calendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each message says what its facts are")]
pub enum CalendarError {
    #[error("find the time zone {zone:?}: give an IANA name such as Asia/Shanghai")]
    UnknownZone { zone: String },
    #[error("count working days: no day of the week works")]
    EmptyWeek,
    #[error("read the version: it is empty, and every date shows it")]
    EmptyVersion,
    #[error("read the verified span: {from} is after {to}")]
    VerifiedBackwards { from: NaiveDate, to: NaiveDate },
    #[error("take the verified span {from} to {to}: it must lie within 1700 to 2200")]
    VerifiedTooWide { from: NaiveDate, to: NaiveDate },
    #[error("name the holiday of {from}: {missing} is empty")]
    HolidayWithoutName { from: NaiveDate, missing: &'static str },
    #[error("read the holiday {name}: {from} is after {to}")]
    HolidayBackwards { name: String, from: NaiveDate, to: NaiveDate },
    #[error("place the holiday {name}, {from} to {to}: it leaves the verified span")]
    HolidayOutside { name: String, from: NaiveDate, to: NaiveDate },
    #[error("place {date}: it belongs to both {first} and {second}")]
    HolidaysOverlap { date: NaiveDate, first: String, second: String },
    #[error("work on {date}: it is a day off of {holiday}")]
    MakeUpOnHoliday { date: NaiveDate, holiday: String },
    #[error("work on {date}: it is listed twice")]
    MakeUpTwice { date: NaiveDate },
    #[error("work on {date}: it leaves the verified span")]
    MakeUpOutside { date: NaiveDate },
    #[error("work on {date}: it works anyway, the week says")]
    MakeUpOnWorkingDay { date: NaiveDate },
    #[error("work on {date} for {holiday:?}: no holiday of that name lies within {MAKE_UP_REACH} days")]
    MakeUpForUnknown { date: NaiveDate, holiday: String },
    #[error("open at {from}: it is not before the close at {to}")]
    HoursBackwards { from: TimeOfDay, to: TimeOfDay },
    #[error("open at {from}: business before it closes only at {until}")]
    HoursOutOfOrder { from: TimeOfDay, until: TimeOfDay },
}

/// How far a make-up day may lie from its holiday. The notices stay within two
/// weeks; two months leave room and still tell this year's holiday from the next.
pub const MAKE_UP_REACH: u64 = 60;

/// The years a calendar may be verified for; it bounds the compiled table to
/// half a million days and stays within what an instant can hold.
pub(super) const YEARS: std::ops::RangeInclusive<i32> = 1700..=2200;

/// Every mistake of the calendar, in the order of its fields.
#[must_use]
pub fn check(def: &CalendarDef) -> Vec<CalendarError> {
    let mut found = Vec::new();
    if def.version.trim().is_empty() {
        found.push(CalendarError::EmptyVersion);
    }
    if def.time_zone.parse::<Tz>().is_err() {
        found.push(CalendarError::UnknownZone { zone: def.time_zone.chars().take(64).collect() });
    }
    if def.week.is_empty() {
        found.push(CalendarError::EmptyWeek);
    }
    check_verified(def, &mut found);
    check_hours(def, &mut found);
    let days_off = check_holidays(def, &mut found);
    check_make_up_days(def, &days_off, &mut found);
    found
}

fn check_verified(def: &CalendarDef, found: &mut Vec<CalendarError>) {
    let (from, to) = (def.verified.from, def.verified.to);
    if from > to {
        found.push(CalendarError::VerifiedBackwards { from, to });
    }
    if !YEARS.contains(&from.year()) || !YEARS.contains(&to.year()) {
        found.push(CalendarError::VerifiedTooWide { from, to });
    }
}

fn check_hours(def: &CalendarDef, found: &mut Vec<CalendarError>) {
    let mut closed: Option<TimeOfDay> = None;
    for hours in &def.hours {
        if hours.from >= hours.to {
            found.push(CalendarError::HoursBackwards { from: hours.from, to: hours.to });
        }
        if let Some(until) = closed.filter(|until| *until > hours.from) {
            found.push(CalendarError::HoursOutOfOrder { from: hours.from, until });
        }
        closed = closed.max(Some(hours.to));
    }
}

/// Reports the holidays' mistakes and gives each sound day off with its name.
fn check_holidays<'def>(
    def: &'def CalendarDef,
    found: &mut Vec<CalendarError>,
) -> BTreeMap<NaiveDate, &'def str> {
    let mut days_off = BTreeMap::new();
    for holiday in &def.holidays {
        let name = || holiday.name.zh.clone();
        let (from, to) = (holiday.from, holiday.to);
        for (text, missing) in [(&holiday.name.zh, "zh"), (&holiday.name.en, "en")] {
            if text.trim().is_empty() {
                found.push(CalendarError::HolidayWithoutName { from, missing });
            }
        }
        if from > to {
            found.push(CalendarError::HolidayBackwards { name: name(), from, to });
        } else if !def.verified.has(from) || !def.verified.has(to) {
            // Only days within the span are walked, so a slip of a year in the
            // file cannot make this loop long.
            found.push(CalendarError::HolidayOutside { name: name(), from, to });
        } else {
            take_days(holiday, &mut days_off, found);
        }
    }
    days_off
}

fn take_days<'def>(
    holiday: &'def Holiday,
    days_off: &mut BTreeMap<NaiveDate, &'def str>,
    found: &mut Vec<CalendarError>,
) {
    let mut overlap = None;
    for date in holiday.from.iter_days().take_while(|date| *date <= holiday.to) {
        if let Some(first) = days_off.insert(date, &holiday.name.zh) {
            overlap = overlap.or(Some((date, first)));
        }
    }
    if let Some((date, first)) = overlap {
        let (first, second) = (first.to_owned(), holiday.name.zh.clone());
        found.push(CalendarError::HolidaysOverlap { date, first, second });
    }
}

fn check_make_up_days(
    def: &CalendarDef,
    days_off: &BTreeMap<NaiveDate, &str>,
    found: &mut Vec<CalendarError>,
) {
    let mut seen = std::collections::BTreeSet::new();
    for day in &def.make_up_days {
        let date = day.date;
        if !seen.insert(date) {
            found.push(CalendarError::MakeUpTwice { date });
        }
        if !def.verified.has(date) {
            found.push(CalendarError::MakeUpOutside { date });
        }
        if let Some(holiday) = days_off.get(&date) {
            found.push(CalendarError::MakeUpOnHoliday { date, holiday: (*holiday).to_owned() });
        } else if def.week.contains(&Weekday::from(date.weekday())) {
            found.push(CalendarError::MakeUpOnWorkingDay { date });
        }
        if made_up_for(def, day).is_none() {
            let holiday = day.holiday.chars().take(64).collect();
            found.push(CalendarError::MakeUpForUnknown { date, holiday });
        }
    }
}

/// The holiday that a make-up day is worked for: the nearest of that name.
pub(super) fn made_up_for<'def>(def: &'def CalendarDef, day: &MakeUpDay) -> Option<&'def Holiday> {
    let distance = |holiday: &Holiday| {
        let after = day.date.signed_duration_since(holiday.to).num_days();
        let before = holiday.from.signed_duration_since(day.date).num_days();
        after.max(before).max(0)
    };
    def.holidays
        .iter()
        .filter(|holiday| holiday.name.zh == day.holiday || holiday.name.en == day.holiday)
        .filter(|holiday| {
            let first = day.date.checked_sub_days(Days::new(MAKE_UP_REACH)).unwrap_or(NaiveDate::MIN);
            let last = day.date.checked_add_days(Days::new(MAKE_UP_REACH)).unwrap_or(NaiveDate::MAX);
            holiday.to >= first && holiday.from <= last
        })
        .min_by_key(|holiday| distance(holiday))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told_at_once() {
        let def: CalendarDef = serde_json::from_str(
            r#"{"name": "a", "version": " ", "timeZone": "Asia/Nowhere", "week": [],
                "verified": {"from": "2022-01-01", "to": "2022-12-31"},
                "hours": [{"from": "13:00", "to": "12:00"}, {"from": "12:30", "to": "17:00"}],
                "holidays": [
                  {"name": {"zh": "甲", "en": "A"}, "from": "2022-05-03", "to": "2022-05-01"},
                  {"name": {"zh": "乙", "en": "B"}, "from": "2022-10-01", "to": "2022-10-07"},
                  {"name": {"zh": "丙", "en": ""}, "from": "2022-10-07", "to": "2022-10-08"},
                  {"name": {"zh": "丁", "en": "D"}, "from": "2022-12-31", "to": "2023-01-02"}],
                "makeUpDays": [{"date": "2022-10-08", "for": "乙"}, {"date": "2022-02-05", "for": "乙"},
                               {"date": "2023-02-05", "for": "D"}, {"date": "2023-02-05", "for": "D"}]}"#,
        )
        .expect("a calendar that parses");
        let found = check(&def);
        let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
        for part in [
            "version",
            "Asia/Nowhere",
            "no day of the week",
            "13:00",
            "2022-05-03 is after 2022-05-01",
            "en is empty",
            "both 乙 and 丙",
            "丁",
            "it is a day off of 丙",
            "within 60 days",
            "listed twice",
        ] {
            assert!(texts.iter().any(|text| text.contains(part)), "{part} is missing in {texts:#?}");
        }
    }

    #[test]
    fn a_make_up_day_that_works_anyway_is_a_slip() {
        let def: CalendarDef = serde_json::from_str(
            r#"{"name": "a", "version": "1", "timeZone": "Asia/Shanghai",
                "verified": {"from": "2022-01-01", "to": "2022-12-31"},
                "holidays": [{"name": {"zh": "乙", "en": "B"}, "from": "2022-10-01", "to": "2022-10-07"}],
                "makeUpDays": [{"date": "2022-10-10", "for": "B"}]}"#,
        )
        .expect("a calendar that parses");
        let date = NaiveDate::from_ymd_opt(2022, 10, 10).expect("a date");
        assert_eq!(check(&def), vec![CalendarError::MakeUpOnWorkingDay { date }]);
    }
}
