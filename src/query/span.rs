//! How long is left, or how long it is over, in numbers and words.
//!
//! Counted on the deadline's own calendar. It colours nothing and judges nothing.

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, Timelike as _, Weekday};
use schemars::JsonSchema;
use serde::Serialize;

use crate::calendar::{Calendar, Text};
use crate::event::catalogue::Term;
use crate::time::Instant;

/// The time between an instant and a deadline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "TimeLeft")]
pub struct Span {
    /// Whether the due instant has passed.
    pub over: bool,
    /// Whole working days left after today, or gone by since due.
    pub working_days: i64,
    /// Seconds on the clock, rounded down.
    pub seconds: u64,
    /// In words: 还剩 2 个工作日, 超期 1 个工作日 3 小时.
    pub words: Text,
}

/// How far `at` is from the end of `term`.
#[must_use]
pub fn span(calendar: &Calendar, term: &Term, at: Instant) -> Span {
    if at >= term.overdue_from() { over(calendar, term, at) } else { left(calendar, term, at) }
}

fn left(calendar: &Calendar, term: &Term, at: Instant) -> Span {
    let seconds = term.due_at.since(at).as_secs();
    let (today, last) = (calendar.local_date(at), last_day(calendar, term));
    let working_days = calendar.working_days_between(today, last).max(0);
    let words = if term.inclusive || working_days == 0 && last > today {
        let time = clock_words(seconds);
        Text::new(format!("还剩 {}", time.zh), format!("{} left", time.en))
    } else if working_days == 0 {
        let time = due_time(calendar, term);
        Text::new(format!("今天 {time} 到期"), format!("due today at {time}"))
    } else {
        let days = days_words(working_days);
        Text::new(format!("还剩 {}", days.zh), format!("{} left", days.en))
    };
    Span { over: false, working_days, seconds, words }
}

/// A day over is one that began at the due time of day: who was due on Wednesday
/// at 17:00 is one working day and an hour over on Thursday at 18:00.
fn over(calendar: &Calendar, term: &Term, at: Instant) -> Span {
    let seconds = at.since(term.due_at).as_secs();
    let due = calendar.wall(term.due_at);
    let shifted = calendar.wall(at) - due.time().signed_duration_since(NaiveTime::MIN);
    let (first, today) = (due.date(), shifted.date());
    let before = |day: NaiveDate| day.pred_opt().unwrap_or(day);
    let working_days = calendar.working_days_between(before(first), before(today)).max(0);
    let hours = if calendar.is_working(today) { shifted.hour() } else { 0 };
    let time = match (working_days, hours) {
        (0, _) => clock_words(seconds),
        (days, 0) => days_words(days),
        (days, hours) => {
            let (days, hours) = (days_words(days), hours_words(u64::from(hours)));
            Text::new(format!("{} {}", days.zh, hours.zh), format!("{} {}", days.en, hours.en))
        }
    };
    let words = Text::new(format!("超期 {}", time.zh), format!("{} overdue", time.en));
    Span { over: true, working_days, seconds, words }
}

/// The civil day of the last instant in time.
#[must_use]
pub fn last_day(calendar: &Calendar, term: &Term) -> NaiveDate {
    let wall = calendar.wall(term.due_at);
    if ends_day(term, wall.time()) { wall.date().pred_opt().unwrap_or(wall.date()) } else { wall.date() }
}

/// The due instant as people write it: `2022-10-12 周三 24:00`.
#[must_use]
pub fn due_text(calendar: &Calendar, term: &Term) -> Text {
    dated(last_day(calendar, term), &due_time(calendar, term))
}

/// An instant as people write it: `2022-09-28 周三 16:20`.
#[must_use]
pub fn moment_text(calendar: &Calendar, at: Instant) -> Text {
    wall_text(calendar.wall(at))
}

/// What a wall clock shows as people write it.
#[must_use]
pub fn wall_text(wall: NaiveDateTime) -> Text {
    dated(wall.date(), &wall.format("%H:%M").to_string())
}

/// The end of a limit as people write it: midnight is the end of the day before.
#[must_use]
pub fn end_text(calendar: &Calendar, at: Instant) -> Text {
    let wall = calendar.wall(at);
    if wall.time() == NaiveTime::MIN {
        return dated(calendar.local_date(at.just_before()), "24:00");
    }
    moment_text(calendar, at)
}

fn due_time(calendar: &Calendar, term: &Term) -> String {
    let wall = calendar.wall(term.due_at);
    if ends_day(term, wall.time()) { "24:00".into() } else { wall.format("%H:%M").to_string() }
}

/// Whether a limit ends with a day: midnight itself is late already.
fn ends_day(term: &Term, time: NaiveTime) -> bool {
    !term.inclusive && time == NaiveTime::MIN
}

fn dated(date: NaiveDate, time: &str) -> Text {
    let (zh, en) = match date.weekday() {
        Weekday::Mon => ("周一", "Mon"),
        Weekday::Tue => ("周二", "Tue"),
        Weekday::Wed => ("周三", "Wed"),
        Weekday::Thu => ("周四", "Thu"),
        Weekday::Fri => ("周五", "Fri"),
        Weekday::Sat => ("周六", "Sat"),
        Weekday::Sun => ("周日", "Sun"),
    };
    Text::new(format!("{date} {zh} {time}"), format!("{date} {en} {time}"))
}

fn days_words(days: i64) -> Text {
    let plural = if days == 1 { "" } else { "s" };
    Text::new(format!("{days} 个工作日"), format!("{days} working day{plural}"))
}

fn hours_words(hours: u64) -> Text {
    let plural = if hours == 1 { "" } else { "s" };
    Text::new(format!("{hours} 小时"), format!("{hours} hour{plural}"))
}

/// Hours on the clock; minutes within the last hour.
fn clock_words(seconds: u64) -> Text {
    let (hours, minutes) = (seconds / 3600, seconds % 3600 / 60);
    if hours > 0 {
        return hours_words(hours);
    }
    let plural = if minutes == 1 { "" } else { "s" };
    Text::new(format!("{minutes} 分钟"), format!("{minutes} minute{plural}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Sha;

    fn calendar() -> Calendar {
        let text = include_str!("../../workflows/calendars/cn-gov.yaml");
        let source =
            crate::policy::resolve::Source { path: "calendars/cn-gov.yaml".into(), text: text.into() };
        let report = crate::policy::resolve::resolve(&[source]);
        let found = report.definitions.into_iter().find_map(|definition| match definition {
            crate::policy::definition::Definition::Calendar(def) => Some(def),
            _ => None,
        });
        Calendar::new(found.unwrap_or_else(|| panic!("{:?}", report.problems))).expect("a calendar")
    }

    #[track_caller]
    fn check(due: &str, inclusive: bool, at: &str, zh: &str) {
        let due_at: Instant = due.parse().expect("an instant");
        let term = Term {
            started_at: due_at,
            due_at,
            inclusive,
            soon_at: due_at,
            provisional: false,
            calendar: Sha::ZERO,
            wake_at: None,
            rungs: Vec::new(),
        };
        let span = span(&calendar(), &term, at.parse().expect("an instant"));
        assert_eq!(span.words.zh, zh, "due {due}, asked at {at}");
    }

    #[test]
    fn what_is_left_is_said_in_working_days_and_near_the_end_by_the_clock() {
        // Wednesday 12 October 2022, 24:00; the Saturday and Sunday before are made up for.
        check("2022-10-13T00:00:00+08:00", false, "2022-10-10T10:00:00+08:00", "还剩 2 个工作日");
        check("2022-10-13T00:00:00+08:00", false, "2022-10-12T10:00:00+08:00", "今天 24:00 到期");
        check("2022-10-13T00:00:00+08:00", false, "2022-10-07T10:00:00+08:00", "还剩 5 个工作日");
        check("2022-10-12T10:00:00+08:00", true, "2022-10-10T11:00:00+08:00", "还剩 47 小时");
    }

    #[test]
    fn what_is_over_is_said_in_working_days_and_hours() {
        check("2022-10-13T00:00:00+08:00", false, "2022-10-13T03:10:00+08:00", "超期 3 小时");
        check("2022-10-13T00:00:00+08:00", false, "2022-10-14T03:10:00+08:00", "超期 1 个工作日 3 小时");
        check("2022-10-13T00:00:00+08:00", false, "2022-10-15T12:00:00+08:00", "超期 2 个工作日");
        check("2022-10-13T00:00:00+08:00", false, "2022-10-13T00:05:00+08:00", "超期 5 分钟");
        check("2022-10-12T17:00:00+08:00", false, "2022-10-13T18:00:00+08:00", "超期 1 个工作日 1 小时");
    }
}
