//! Workflows: what they refer to, their opening, their guards, and all of their parts.

use super::world::World;
use super::{clock, dated, graph, owing, path};
use crate::id::EventType;
use crate::policy::definition::{Guard, Opening, Who, Workflow};
use crate::policy::guard as cel;
use crate::policy::problem::{Flaw, child};

/// What is wrong with a workflow, its ladders' own flaws left to their document.
#[must_use]
pub fn flaws(world: &World<'_>, workflow: &Workflow) -> Vec<Flaw> {
    let mut flaws = identity(workflow);
    if world.register.is_none() && !world.unknowable.contains("Register") {
        let message = "there is no register, so nobody is known";
        flaws.push(Flaw::mistake("register.missing", "", "", message));
    }
    flaws.extend(opening(world, workflow));
    flaws.extend(graph::flaws(workflow));
    for (pointer, event, transition) in graph::transitions(workflow) {
        flaws.extend(world.event(event, &pointer));
        flaws.extend(world.parties(&transition.by, &child(&pointer, "by")));
        flaws.extend(owing::undeclared(workflow, &transition.by, &child(&pointer, "by")));
        if let Some(when) = &transition.when {
            flaws.extend(guard(world, when, Some(event), true, &child(&pointer, "when")));
        }
    }
    for (name, state) in &workflow.states {
        let field = child(&child("/states", name), "waitsFor");
        flaws.extend(world.parties(&state.waits_for, &field));
        flaws.extend(owing::undeclared(workflow, &state.waits_for, &field));
        flaws.extend(own_submission(workflow, name.as_str(), &state.waits_for));
    }
    flaws.extend(clock::flaws(world, workflow));
    flaws.extend(dated::flaws(world, workflow));
    flaws
}

fn identity(workflow: &Workflow) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if workflow.version.trim().is_empty() {
        flaws.push(Flaw::mistake("version.missing", "/version", "", "a workflow has a version"));
    }
    if let Some(until) = workflow.effective.until.filter(|until| *until < workflow.effective.from) {
        let message = format!("it ends before it begins on {}", workflow.effective.from);
        flaws.push(Flaw::mistake("effective.backwards", "/effective/until", &until.to_string(), message));
    }
    flaws
}

fn opening(world: &World<'_>, workflow: &Workflow) -> Vec<Flaw> {
    let mut flaws = paths(workflow);
    match &workflow.opens {
        Opening::Event { event, by, when } => {
            flaws.extend(world.event(event, "/opens/event"));
            flaws.extend(world.parties(by, "/opens/by"));
            flaws.extend(owing::undeclared(workflow, by, "/opens/by"));
            if let Some(when) = when {
                flaws.extend(guard(world, when, Some(event), false, "/opens/when"));
            }
            flaws.extend(named_paths(world, workflow, event));
        }
        Opening::Calendar { calendar, .. } => {
            flaws.extend(world.calendar(calendar.as_str(), "/opens/calendar/calendar"));
            flaws.extend(owing::owed(world, workflow, "/opens/calendar/units"));
        }
        Opening::Once { calendar, .. } => {
            flaws.extend(world.calendar(calendar.as_str(), "/opens/once/calendar"));
            flaws.extend(owing::owed(world, workflow, "/opens/once/units"));
        }
    }
    flaws.extend(owing::flaws(world, workflow));
    flaws
}

fn paths(workflow: &Workflow) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if workflow.key.is_empty() {
        flaws.push(Flaw::mistake("key.empty", "/key", "", "a case needs a key"));
    }
    for (at, part) in workflow.key.iter().enumerate() {
        flaws.extend(path::form(&part.0, &child("/key", at)));
    }
    flaws.extend(path::form(&workflow.owner.0, "/owner"));
    for (at, part) in workflow.keep.iter().enumerate() {
        flaws.extend(path::form(&part.0, &child("/keep", at)));
    }
    flaws
}

/// Whether the opening fact has what key, owner and memory name.
fn named_paths(world: &World<'_>, workflow: &Workflow, event: &EventType) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    for (at, part) in workflow.key.iter().enumerate() {
        let field = child("/key", at);
        let flaw = path::known(world, event, &part.0, &field);
        flaws.extend(flaw.or_else(|| path::required(world, event, &part.0, &field)));
    }
    let owner = path::known(world, event, &workflow.owner.0, "/owner");
    flaws.extend(owner.or_else(|| path::required(world, event, &workflow.owner.0, "/owner")));
    flaws.extend(
        workflow
            .keep
            .iter()
            .enumerate()
            .filter_map(|(at, part)| kept_path(world, workflow, event, &part.0, &child("/keep", at))),
    );
    flaws
}

/// The finding that no fact of a workflow has what the case should remember: every
/// fact that it takes may bring it, not only the one that opens it.
fn kept_path(
    world: &World<'_>,
    workflow: &Workflow,
    opening: &EventType,
    part: &str,
    field: &str,
) -> Option<Flaw> {
    let flaw = path::known(world, opening, part, field)?;
    let brought =
        graph::transitions(workflow).any(|(_, event, _)| path::known(world, event, part, field).is_none());
    (!brought).then_some(flaw)
}

/// What is wrong with a guard on facts of a type. `has_case` says whether a case
/// exists when it is asked.
#[must_use]
pub fn guard(
    world: &World<'_>,
    guard: &Guard,
    event: Option<&EventType>,
    has_case: bool,
    field: &str,
) -> Vec<Flaw> {
    let compiled = match cel::compile(&guard.0) {
        Ok(compiled) => compiled,
        Err(error) => {
            return vec![Flaw::mistake("guard.invalid", field, &guard.0, format!("failed to {error}"))];
        }
    };
    let mut flaws = Vec::new();
    if compiled.uses_case() && !has_case && field == "/opens/when" {
        let message = "there is no case yet when the opening fact is judged";
        flaws.push(Flaw::mistake("guard.no-case", field, &guard.0, message));
    }
    if let Some(event) = event {
        let unknown =
            compiled.data_paths().iter().filter_map(|steps| path::steps_known(world, event, steps, field));
        flaws.extend(unknown);
    }
    flaws
}

/// The finding that the owner itself may accept what it submitted: the same unit
/// is awaited as a reviewer and as the owner.
fn own_submission(workflow: &Workflow, state: &str, waits_for: &[Who]) -> Option<Flaw> {
    let reviewed = workflow.states.iter().find(|(name, _)| name.as_str() == state)?.1;
    let reviewer = waits_for.iter().any(|who| !matches!(who, Who::Owner));
    let owner_closes = reviewed.events.values().any(|it| {
        let closes = it.to.as_ref().and_then(|to| workflow.states.get(to)).is_some_and(|to| to.is_final);
        closes && (it.by.is_empty() || it.by.contains(&Who::Owner))
    });
    (reviewer && owner_closes && !waits_for.contains(&Who::Owner)).then(|| {
        let field = child(&child("/states", state), "events");
        let message = "others are awaited here, yet the owner may close its own case";
        Flaw::finding("state.self-review", &field, state, message)
    })
}
