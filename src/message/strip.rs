//! The days of a deadline as a strip of squares, for mail: a table with its styles inline.
//!
//! As on the desk, counted days carry their number and nothing is told by colour alone.

use chrono::Datelike as _;
use maud::{Markup, html};

use super::phrase::say;
use crate::calendar::{DayNote, Explanation, Lang, Reason};

/// How many squares a row has: two weeks.
const IN_ROW: usize = 14;
/// The most days that a letter draws; longer limits are told in the sentence.
const MOST_DAYS: usize = 42;

/// The strip of an explanation; nothing where it would be too long to be read.
#[must_use]
pub fn strip(lang: Lang, told: &Explanation) -> Option<Markup> {
    if told.omitted > 0 || told.days.is_empty() || told.days.len() > MOST_DAYS {
        return None;
    }
    let last = told.due.last_day.unwrap_or(told.until.date);
    Some(html! {
        table role="presentation" cellspacing="2" cellpadding="0" style="border-collapse:separate;margin:8px 0" {
            @for week in told.days.chunks(IN_ROW) {
                tr {
                    @for day in week {
                        (square(lang, day, day.date == told.start.date, day.date == last))
                    }
                }
            }
        }
    })
}

fn square(lang: Lang, day: &DayNote, is_first: bool, is_last: bool) -> Markup {
    let ground = match (day.counted, day.working, day.paused) {
        (Some(_), _, _) => "#dbe9fb",
        (None, _, true) => "#e5e5e5",
        (None, true, false) => "#ffffff",
        (None, false, false) => "#f3efe6",
    };
    let edge = if is_last { "2px solid #b3261e" } else { "1px solid #b9c2cc" };
    let style = format!(
        "width:40px;padding:3px 0;text-align:center;background:{ground};border:{edge};font-size:12px;line-height:16px"
    );
    html! {
        td style=(style) {
            (day.date.month()) "-" (day.date.day()) br;
            b { (mark(lang, day, is_first)) }
        }
    }
}

/// What stands in a square: its number, or why it has none.
fn mark(lang: Lang, day: &DayNote, is_first: bool) -> String {
    let made_up = match &day.reason {
        Reason::MakeUp { .. } => say(lang, "班", "w"),
        Reason::Holiday { .. } | Reason::Weekday | Reason::Weekend => "",
    };
    match day.counted {
        Some(n) => format!("{n}{made_up}"),
        None if is_first => say(lang, "起", "from").to_owned(),
        None if day.paused => say(lang, "停", "‖").to_owned(),
        None if !day.working => say(lang, "休", "–").to_owned(),
        None => "·".to_owned(),
    }
}
