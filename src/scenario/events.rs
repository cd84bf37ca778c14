//! The ledger's events held against those that a step should bring.

use super::look::Shown;
use super::verdict::Difference;
use crate::calendar::Calendar;
use crate::event::catalogue::{Event, RungReached};
use crate::event::entry::Entry;
use crate::id::{Name, UnitId};
use crate::policy::authored::scenario::{Happened, HappenedInFull};
use crate::policy::problem::child;
use crate::time::Instant;

/// The first difference between the events that should come and those that came:
/// all of them count, and their order.
#[must_use]
pub fn difference(
    calendar: &Calendar,
    pointer: &str,
    expected: &[Happened],
    came: &[&Entry],
) -> Option<Difference> {
    let kinds = |list: &[&Entry]| -> Vec<String> {
        list.iter().map(|entry| entry.decided.event.kind().to_owned()).collect()
    };
    let wanted: Vec<String> = expected.iter().map(|it| it.0.event.clone()).collect();
    let there = kinds(came);
    if wanted != there {
        let at = wanted.iter().zip(&there).take_while(|(left, right)| left == right).count();
        let place = if at < wanted.len() { child(pointer, at) } else { pointer.to_owned() };
        return Some(Difference::new(place, "events", listed(&wanted), listed(&told(calendar, came))));
    }
    expected
        .iter()
        .zip(came)
        .enumerate()
        .find_map(|(at, (expected, entry))| in_full(calendar, &child(pointer, at), &expected.0, entry))
}

/// What came, each event with what an author would write of it.
#[must_use]
pub fn told(calendar: &Calendar, entries: &[&Entry]) -> Vec<String> {
    let tell = |entry: &&Entry| {
        let decided = &entry.decided;
        let mut line = format!("{} at {}", decided.event.kind(), Shown(calendar, decided.at));
        let extra = [
            decided.case.as_ref().map(|case| format!("of {case}")),
            clock(&decided.event).map(|clock| format!("clock {clock}")),
            due(&decided.event).map(|due| format!("due {}", Shown(calendar, due))),
            rung(&decided.event).map(|rung| format!("{} to {}", act_word(rung), units(&rung.to))),
            reaction(&decided.event).map(|reaction| format!("reaction {reaction}")),
            reason(&decided.event),
        ];
        for part in extra.into_iter().flatten() {
            line = format!("{line}, {part}");
        }
        line
    };
    entries.iter().map(tell).collect()
}

fn in_full(
    calendar: &Calendar,
    pointer: &str,
    expected: &HappenedInFull,
    entry: &Entry,
) -> Option<Difference> {
    let decided = &entry.decided;
    let event = &decided.event;
    let unlike = |key: &str, expected: Option<String>, came: Option<String>| {
        let expected = expected?;
        let came = came.unwrap_or_else(|| "nothing of the kind".to_owned());
        let what = format!("{} of {}", key, event.kind());
        (expected != came).then(|| Difference::new(child(pointer, key), what, expected, came))
    };
    let shown = |at: Instant| Shown(calendar, at).to_string();
    let local = |local: Option<crate::policy::authored::scenario::LocalTime>| {
        local.map(|local| shown(calendar.instant(local.0)))
    };
    let sorted = |list: &[UnitId]| {
        let mut list = list.to_vec();
        list.sort();
        units(&list)
    };
    let act = expected.act.map(|act| serde_json::to_string(&act).unwrap_or_default());
    unlike("at", local(expected.at), Some(shown(decided.at)))
        .or_else(|| {
            unlike("clock", expected.clock.as_ref().map(Name::to_string), clock(event).map(Name::to_string))
        })
        .or_else(|| {
            unlike("act", act, rung(event).map(|it| serde_json::to_string(&it.act).unwrap_or_default()))
        })
        .or_else(|| unlike("to", expected.to.as_deref().map(sorted), rung(event).map(|it| sorted(&it.to))))
        .or_else(|| {
            unlike("late", expected.late.map(|it| it.to_string()), late(event).map(|it| it.to_string()))
        })
        .or_else(|| unlike("due", local(expected.due), due(event).map(shown)))
        .or_else(|| {
            let called = reaction(event).map(Name::to_string);
            unlike("reaction", expected.reaction.as_ref().map(Name::to_string), called)
        })
}

fn listed(items: &[String]) -> String {
    if items.is_empty() { "nothing".to_owned() } else { items.join("\n") }
}

fn units(list: &[UnitId]) -> String {
    let names: Vec<&str> = list.iter().map(UnitId::as_str).collect();
    names.join(", ")
}

fn act_word(rung: &RungReached) -> String {
    serde_json::to_string(&rung.act).unwrap_or_default().trim_matches('"').to_owned()
}

const fn rung(event: &Event) -> Option<&RungReached> {
    match event {
        Event::ReminderDue(it) | Event::EscalationRaised(it) => Some(it),
        _ => None,
    }
}

const fn late(event: &Event) -> Option<bool> {
    match event {
        Event::DeadlineMet(it) => Some(it.late),
        _ => None,
    }
}

fn reason(event: &Event) -> Option<String> {
    match event {
        Event::EventRefused(it) => {
            Some(format!("{} ({}): {}", it.reason.rule, it.reason.field, it.reason.message))
        }
        _ => None,
    }
}

/// The reaction that an event is about.
const fn reaction(event: &Event) -> Option<&Name> {
    match event {
        Event::ReactionCounted(it) => Some(&it.reaction),
        Event::ReactionCalled(it) => Some(&it.reaction),
        Event::ReactionStopped(it) => Some(&it.reaction),
        _ => None,
    }
}

/// The clock that an event is about.
fn clock(event: &Event) -> Option<&Name> {
    match event {
        Event::DeadlineSet(it) => Some(&it.clock),
        Event::DeadlineMoved(it) | Event::DeadlineResumed(it) => Some(&it.clock),
        Event::DeadlinePaused(it) => Some(&it.clock),
        Event::DeadlineMet(it) => Some(&it.clock),
        Event::DeadlineCancelled(it) => Some(&it.clock),
        Event::DeadlineBreached(it) | Event::BreachWithdrawn(it) => Some(&it.clock),
        Event::ReminderDue(it) | Event::EscalationRaised(it) => Some(&it.clock),
        _ => None,
    }
}

/// The due instant that an event names.
fn due(event: &Event) -> Option<Instant> {
    match event {
        Event::DeadlineSet(it) => Some(it.term.due_at),
        Event::DeadlineMoved(it) | Event::DeadlineResumed(it) => Some(it.term.due_at),
        Event::DeadlineMet(it) => Some(it.due_at),
        Event::DeadlineBreached(it) | Event::BreachWithdrawn(it) => Some(it.due_at),
        Event::ReminderDue(it) | Event::EscalationRaised(it) => Some(it.due_at),
        _ => None,
    }
}
