//! Clocks: they can start, stop and stand still, and their ladders can be climbed.

use std::collections::BTreeSet;

use super::world::World;
use super::{graph, ladder, path, rule, workflow};
use crate::id::EventType;
use crate::policy::definition::{Clock, Opening, TimeSource, Trigger, Workflow};
use crate::policy::near;
use crate::policy::problem::{Flaw, child};

/// The word for the opening itself.
const OPENED: &str = "case.opened";
/// The word for the fact that fills a quota.
const CREDITED: &str = "case.credited";

/// What is wrong with a workflow's clocks.
#[must_use]
pub fn flaws(world: &World<'_>, workflow: &Workflow) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let taken = taken(workflow);
    for (at, clock) in workflow.clocks.iter().enumerate() {
        let pointer = child("/clocks", at);
        if workflow.clocks[..at].iter().any(|other| other.name == clock.name) {
            let message = "another clock of the workflow has this name";
            flaws.push(Flaw::mistake(
                "clock.duplicate",
                &child(&pointer, "name"),
                clock.name.as_str(),
                message,
            ));
        }
        let own = one(world, workflow, clock, &taken);
        flaws.extend(own.into_iter().map(|flaw| flaw.under(&pointer)));
    }
    flaws
}

/// Every type of fact that the workflow takes, the opening one included.
fn taken(workflow: &Workflow) -> BTreeSet<&str> {
    let opening = workflow.opens.event().map(EventType::as_str);
    let moved = graph::transitions(workflow).map(|(_, event, _)| event.as_str());
    let credited = workflow.quota.iter().map(|_| CREDITED);
    moved.chain(opening).chain(credited).chain([OPENED]).collect()
}

fn one(world: &World<'_>, workflow: &Workflow, clock: &Clock, taken: &BTreeSet<&str>) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    flaws.extend(world.calendar(clock.calendar.as_str(), "/calendar"));
    flaws.extend(trigger(world, workflow, &clock.start, "/start", taken));
    flaws.extend(trigger(world, workflow, &clock.stop, "/stop", taken));
    flaws.extend(stop(clock));
    flaws.extend(never_taken(&clock.cancel, "/cancel", taken));
    flaws.extend(pauses(workflow, clock));
    flaws.extend(ladder::on_clock(workflow, clock));
    if clock.cite.clause.trim().is_empty() || clock.cite.notice.trim().is_empty() {
        let message = "a clock says which clause it comes from";
        flaws.push(Flaw::mistake("cite.missing", "/cite", "", message));
    }
    flaws
}

fn never_taken<'a>(
    events: &'a [EventType],
    field: &'a str,
    taken: &'a BTreeSet<&str>,
) -> impl Iterator<Item = Flaw> + 'a {
    events.iter().enumerate().filter(|(_, event)| !taken.contains(event.as_str())).map(move |(at, event)| {
        let message = format!("{event} never occurs in this workflow");
        let hint = near::hint(event.as_str(), taken.iter().copied());
        Flaw::mistake("clock.event-never", &child(field, at), event.as_str(), message).with_hint(hint)
    })
}

fn trigger(
    world: &World<'_>,
    workflow: &Workflow,
    trigger: &Trigger,
    field: &str,
    taken: &BTreeSet<&str>,
) -> Vec<Flaw> {
    let mut flaws: Vec<Flaw> = never_taken(&trigger.events, &child(field, "events"), taken).collect();
    if trigger.events.is_empty() {
        flaws.push(Flaw::mistake("clock.event-never", &child(field, "events"), "", "no fact is named here"));
    }
    let by_calendar = workflow.opens.event().is_none();
    for event in &trigger.events {
        let opened = event.as_str() == OPENED;
        let fact = match &workflow.opens {
            Opening::Event { event: opening, .. } if opened => opening,
            Opening::Event { .. } | Opening::Calendar { .. } | Opening::Once { .. } => event,
        };
        if let TimeSource::Data(data) = &trigger.at {
            flaws.extend(data_time(world, data.0.as_str(), fact, opened && by_calendar, &child(field, "at")));
        }
        if let Some(guard) = &trigger.when {
            flaws.extend(workflow::guard(world, guard, Some(fact), false, &child(field, "when")));
        }
    }
    flaws.dedup();
    flaws
}

fn data_time(world: &World<'_>, data: &str, fact: &EventType, no_fact: bool, field: &str) -> Option<Flaw> {
    if no_fact {
        let message = "the calendar opens the case, so there is no fact whose data could say when";
        let hint = Some("write recorded".into());
        return Some(Flaw::mistake("clock.no-data", field, data, message).with_hint(hint));
    }
    path::form(data, field).or_else(|| path::known(world, fact, data, field))
}

fn stop(clock: &Clock) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if clock.stop.at != TimeSource::Recorded {
        let message = "who stops the clock also says when; only the recorded time cannot be backdated";
        flaws.push(Flaw::finding("clock.stop-claimed", "/stop/at", &clock.stop.at.to_string(), message));
    }
    let same = clock.start.events.iter().find(|event| clock.stop.events.contains(event));
    if let Some(event) = same.filter(|_| clock.start.when.is_none() && clock.stop.when.is_none()) {
        let message = format!("{event} starts and stops the clock, so it never runs");
        flaws.push(Flaw::mistake("clock.never-runs", "/stop/events", event.as_str(), message));
    }
    flaws
}

fn pauses(workflow: &Workflow, clock: &Clock) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    for (at, name) in clock.pause_in.iter().enumerate() {
        let field = child("/pauseIn", at);
        match workflow.states.get(name) {
            None => flaws.push(graph::unknown(workflow, name, &field)),
            Some(state) if state.is_final => {
                let message = "a case in a final state is closed; no clock runs there";
                flaws.push(Flaw::mistake("clock.pause-final", &field, name.as_str(), message));
            }
            Some(_) => {}
        }
    }
    if !clock.pause_in.is_empty() && rule::is_dated(&clock.due) {
        let message = "a limit that names a date cannot stand still";
        let hint = Some("leave out pauseIn, or count from the start".into());
        flaws.push(Flaw::mistake("clock.pause-dated", "/pauseIn", "", message).with_hint(hint));
    }
    flaws
}
