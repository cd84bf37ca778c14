//! The deadlines of a message as iCalendar (RFC 5545), for people's own calendars.
//!
//! A deadline has the same identity here as in the desk's feed, so that a calendar that
//! knows both shows it once. What is over is not entered: it would be an appointment in
//! the past.

use icalendar::{Calendar, Component as _, Event, EventLike as _};

use super::facts::{Facts, Heading};
use super::phrase::shape;
use crate::port::carrier::Attachment;

/// The deadlines still ahead, if there are any.
#[must_use]
pub fn attachment(heading: &Heading, all: &[Facts]) -> Option<Attachment> {
    let mut calendar = Calendar::new();
    calendar.append_property(icalendar::Property::new("METHOD", "PUBLISH"));
    let ahead: Vec<&Facts> = all.iter().filter(|facts| !facts.is_late).collect();
    if ahead.is_empty() {
        return None;
    }
    for facts in ahead {
        calendar.push(event(heading, facts));
    }
    Some(Attachment {
        name: "deadlines.ics".to_owned(),
        media: "text/calendar; charset=utf-8; method=PUBLISH".to_owned(),
        body: calendar.to_string(),
    })
}

fn event(heading: &Heading, facts: &Facts) -> Event {
    let lang = heading.lang;
    let (workflow, key, duty) = (facts.workflow.get(lang), facts.case.key(), facts.duty.get(lang));
    let mut event = Event::new();
    event
        .uid(&format!("{}#{}@{}.duban", facts.case, facts.clock, heading.tenant))
        .timestamp(heading.at.to_utc())
        .sequence(u32::from(facts.moves))
        .all_day(facts.last_day)
        .summary(&format!("{} {workflow} {key} · {duty}", shape(facts.light)))
        .description(&format!("{}\n{}", facts.due.get(lang), facts.days.get(lang)));
    event.done()
}
