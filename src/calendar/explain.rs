//! How a due date came about: day by day, for machines and for people.
//!
//! It runs the computation of [`super::due()`] and writes down what that looked
//! at. The clause a rule rests on is added by whoever knows the policy.

use chrono::{NaiveDate, SecondsFormat, Timelike as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compiled::{Calendar, Reason};
use super::def::Weekday;
use super::due::{Due, DueError, Reckoned, reckon};
use super::limit::{Limit, Unit};
use super::pause::{Pause, is_paused, merged, paused_days};
use super::rule::DueRule;
use super::text::Text;
use crate::id::Name;
use crate::time::Instant;

/// A due date with the days that led to it. For JSON; binary rows keep [`Due`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    /// The rule with its defaults written out, as a policy may write it.
    // A rule that is asked about may leave them out, so that its form is another.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    pub rule: DueRule,
    /// The rule in words.
    pub words: Text,
    /// The calendar's name.
    pub calendar: Name,
    /// The calendar's edition.
    pub calendar_version: String,
    /// The zone whose civil days were counted.
    pub time_zone: String,
    /// What the limit was counted from.
    pub start: Moment,
    /// The due date.
    pub due: Due,
    /// The due instant as people write it; a day's end is its 24:00.
    pub until: Moment,
    /// The days, in order: every one of a limit in days that spans at most
    /// [`MOST_DAYS`], and otherwise those of note.
    pub days: Vec<DayNote>,
    /// How many days between the first and the last listed are left out.
    pub omitted: u32,
    /// The rest day that the last day was moved from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub moved_from: Option<NaiveDate>,
    /// The pauses after the start, in order and merged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<Pause>,
    /// The first day that mattered and is outside the verified span: why the
    /// date is provisional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub unverified: Option<NaiveDate>,
}

/// An instant as it reads in the calendar's zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Moment {
    /// The instant with the zone's offset, RFC 3339.
    pub at: String,
    /// The civil day.
    #[schemars(schema_with = "super::def::date_schema")]
    pub date: NaiveDate,
    /// The time of that day, such as `16:20`, `12:21:03` or `24:00`.
    pub time: String,
}

/// One day of an explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DayNote {
    /// The day.
    #[schemars(schema_with = "super::def::date_schema")]
    pub date: NaiveDate,
    /// Its weekday.
    pub weekday: Weekday,
    /// Its number in the count, from 1; none when it is not counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<u32>,
    /// Whether it is worked.
    pub working: bool,
    /// Why it is worked or not, with the holiday's name where one decides it.
    pub reason: Reason,
    /// Whether a pause took it out of the count.
    pub paused: bool,
    /// Whether its arrangements were published.
    pub verified: bool,
}

/// How many days are listed one by one: a bit over a quarter, which is all a
/// strip of squares can show.
pub const MOST_DAYS: i64 = 100;
/// How many days of note are listed of a longer limit.
pub const MOST_NOTES: usize = 400;

/// The due date of [`super::due()`] with the way it came about.
///
/// # Errors
/// As [`super::due()`].
pub fn explain(
    calendar: &Calendar,
    rule: &DueRule,
    start: Instant,
    pauses: &[Pause],
) -> Result<Explanation, DueError> {
    let pauses = merged(pauses, start)?;
    let reckoned = reckon(calendar, rule, start, &pauses)?;
    let (days, omitted) = notes(calendar, rule, start, &pauses, &reckoned);
    let due = reckoned.due;
    let def = calendar.def();
    Ok(Explanation {
        rule: rule.clone(),
        words: rule.text(),
        calendar: def.name.clone(),
        calendar_version: def.version.clone(),
        time_zone: def.time_zone.clone(),
        start: moment(calendar, start),
        until: until(calendar, &due),
        due,
        days,
        omitted,
        moved_from: reckoned.moved_from,
        unverified: unverified(calendar, &reckoned),
        pauses,
    })
}

impl Calendar {
    /// The instant as RFC 3339 text with the offset of the calendar's zone.
    #[must_use]
    pub fn local_text(&self, at: Instant) -> String {
        self.local(at).to_rfc3339_opts(SecondsFormat::AutoSi, false)
    }
}

fn moment(calendar: &Calendar, at: Instant) -> Moment {
    let wall = calendar.wall(at);
    // People count in seconds; the instant itself is in `at`.
    let form = if wall.second() == 0 && wall.nanosecond() == 0 { "%H:%M" } else { "%H:%M:%S" };
    Moment { at: calendar.local_text(at), date: wall.date(), time: wall.format(form).to_string() }
}

/// The due instant; the end of a day is shown as the 24:00 it is kept by.
fn until(calendar: &Calendar, due: &Due) -> Moment {
    let shown = moment(calendar, due.at);
    match due.last_day {
        Some(date) if !due.inclusive && due.at == calendar.day_end(date) => {
            Moment { date, time: "24:00".into(), ..shown }
        }
        _ => shown,
    }
}

fn unverified(calendar: &Calendar, reckoned: &Reckoned) -> Option<NaiveDate> {
    let span = reckoned.looked.filter(|_| reckoned.due.provisional)?;
    let verified = calendar.verified();
    if !verified.has(span.from) {
        return Some(span.from);
    }
    verified.to.succ_opt()
}

fn notes(
    calendar: &Calendar,
    rule: &DueRule,
    start: Instant,
    pauses: &[Pause],
    reckoned: &Reckoned,
) -> (Vec<DayNote>, u32) {
    let start_on = calendar.local_date(start);
    let last = reckoned.due.last_day.unwrap_or_else(|| calendar.local_date(reckoned.due.at));
    // A last day that was moved back is followed by the day it was moved from.
    let end = last.max(reckoned.moved_from.unwrap_or(last));
    let limit = match rule {
        DueRule::WorkingDays { .. } | DueRule::Days { .. } => Limit::of(rule, start_on),
        DueRule::Hours { .. }
        | DueRule::WorkingHours { .. }
        | DueRule::DayOfMonth { .. }
        | DueRule::MonthDay { .. }
        | DueRule::EndOf { .. }
        | DueRule::Months { .. }
        | DueRule::Years { .. }
        | DueRule::Date { .. } => None,
    };
    let in_days = limit.is_some() || matches!(rule, DueRule::Hours { .. } | DueRule::WorkingHours { .. });
    if !in_days {
        return only_named(calendar, start_on, last, reckoned.moved_from);
    }
    let out = match limit {
        Some(limit) => limit.paused(calendar, start, pauses).1,
        None => paused_days(calendar, pauses).map(|(_, days)| days).collect(),
    };
    let all = end.signed_duration_since(start_on).num_days() < MOST_DAYS;
    let mut counting = limit.map(|limit| Counting { limit, base: limit.base(start_on), so_far: 0 });
    let (mut days, mut omitted) = (Vec::new(), 0_u32);
    for date in start_on.iter_days().take_while(|date| *date <= end) {
        let day = note(calendar, date, is_paused(&out, date));
        let counted = counting.as_mut().and_then(|counting| counting.number(&day));
        let of_note =
            date == start_on || date >= last || !matches!(day.reason, Reason::Weekday | Reason::Weekend);
        // The last day is always kept: it is what the list is for.
        if all || date == last || of_note && days.len() < MOST_NOTES {
            days.push(DayNote { counted, ..day });
        } else {
            omitted += 1;
        }
    }
    (days, omitted)
}

/// Numbers the days of a limit.
struct Counting {
    limit: Limit,
    base: NaiveDate,
    so_far: u32,
}

impl Counting {
    fn number(&mut self, day: &DayNote) -> Option<u32> {
        let of_the_sort = self.limit.unit == Unit::Civil || day.working;
        // Pauses beyond the last day took nothing out, and no day after it counts.
        let left = i64::from(self.so_far) < i64::from(self.limit.days);
        if !of_the_sort || day.paused || day.date <= self.base || !left {
            return None;
        }
        self.so_far += 1;
        Some(self.so_far)
    }
}

/// The start, the last day, and the rest days between a date and where it moved.
fn only_named(
    calendar: &Calendar,
    start_on: NaiveDate,
    last: NaiveDate,
    moved_from: Option<NaiveDate>,
) -> (Vec<DayNote>, u32) {
    let from = moved_from.unwrap_or(last);
    let (first, end) = (from.min(last), from.max(last));
    let mut dates = vec![start_on];
    dates.extend(first.iter_days().take_while(|date| *date <= end).take(MOST_NOTES));
    dates.push(last);
    dates.sort_unstable();
    dates.dedup();
    let span = dates.last().zip(dates.first()).map_or(0, |(last, first)| (*last - *first).num_days() + 1);
    let omitted =
        u32::try_from(span).unwrap_or(u32::MAX).saturating_sub(u32::try_from(dates.len()).unwrap_or(0));
    (dates.into_iter().map(|date| note(calendar, date, false)).collect(), omitted)
}

fn note(calendar: &Calendar, date: NaiveDate, paused: bool) -> DayNote {
    let day = calendar.day(date);
    let (weekday, working, verified) = (day.weekday, day.working, day.verified);
    DayNote { date, weekday, counted: None, working, reason: day.reason, paused, verified }
}
