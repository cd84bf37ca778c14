//! A deadline drawn: its days from start to due as a strip of squares.
//!
//! Counted days carry their number, rest days are hatched, make-up days are marked
//! 班, days that a pause took out are grey, the last day is framed.

use chrono::Datelike as _;
use maud::{Markup, html};

use super::view::View;
use crate::calendar::{DayNote, Explanation, Reason, Weekday};

/// The strip of an explanation, with what it shows said for those who do not see it.
pub fn strip(view: &View, told: &Explanation) -> Markup {
    let last = told.due.last_day.unwrap_or(told.until.date);
    let counted = told.days.iter().filter_map(|day| day.counted).max().unwrap_or(0);
    let label = format!(
        "{}: {} – {}, {} {}",
        view.say("计日", "Days"),
        told.start.date,
        last,
        counted,
        view.say("日计入", "counted"),
    );
    // A limit in hours counts no days: it runs on all of them.
    let by_hours = told.days.iter().all(|day| day.counted.is_none());
    html! {
        ol .strip aria-label=(label) .by-hours[by_hours] {
            @for (place, day) in told.days.iter().enumerate() {
                @let gap = place.checked_sub(1).and_then(|before| told.days.get(before))
                    .is_some_and(|before| before.date.succ_opt() != Some(day.date));
                @if gap { li .gap aria-hidden="true" { "⋯" } }
                (square(view, day, day.date == told.start.date, day.date == last))
            }
        }
    }
}

fn square(view: &View, day: &DayNote, first: bool, last: bool) -> Markup {
    let sort = if day.paused {
        "paused"
    } else if day.counted.is_some() {
        "counted"
    } else if day.working {
        "plain"
    } else {
        "rest"
    };
    let class = format!(
        "day {sort}{}{}{}",
        if first { " first" } else { "" },
        if last { " last" } else { "" },
        if day.verified { "" } else { " unverified" },
    );
    let mark = match &day.reason {
        Reason::MakeUp { .. } => view.say("班", "w"),
        Reason::Holiday { .. } => view.say("休", "h"),
        Reason::Weekday | Reason::Weekend => "",
    };
    html! {
        li class=(class) title=(words(view, day)) {
            span .date { (day.date.month()) "-" (day.date.day()) }
            span .n {
                @if let Some(n) = day.counted { (n) }
                @else if first { (view.say("起", "from")) }
                @else if day.paused { (view.say("停", "‖")) }
                @else if !day.working { (view.say("休", "–")) }
                @else { "·" }
            }
            span .foot { (weekday(view, day.weekday)) @if day.counted.is_some() && !mark.is_empty() { b { (mark) } } }
        }
    }
}

/// One day in words, for the pointer and for readers.
fn words(view: &View, day: &DayNote) -> String {
    let reason = match &day.reason {
        Reason::Weekday => view.say("工作日", "working day").to_owned(),
        Reason::Weekend => view.say("周末", "weekend").to_owned(),
        Reason::Holiday { name } => format!("{} {}", view.of(name), view.say("放假", "holiday")),
        Reason::MakeUp { name } => format!("{} {}", view.of(name), view.say("调休上班", "make-up day")),
    };
    let counted = match (day.counted, day.paused) {
        (Some(n), _) => format!("{} {n}", view.say("计第", "counted as")),
        (None, true) => view.say("暂停，不计", "paused, not counted").to_owned(),
        (None, false) => view.say("不计", "not counted").to_owned(),
    };
    format!("{} {} · {reason} · {counted}", day.date, weekday(view, day.weekday))
}

/// A weekday in a character or two.
pub fn weekday(view: &View, day: Weekday) -> &'static str {
    let (zh, en) = match day {
        Weekday::Mon => ("一", "Mo"),
        Weekday::Tue => ("二", "Tu"),
        Weekday::Wed => ("三", "We"),
        Weekday::Thu => ("四", "Th"),
        Weekday::Fri => ("五", "Fr"),
        Weekday::Sat => ("六", "Sa"),
        Weekday::Sun => ("日", "Su"),
    };
    view.say(zh, en)
}
