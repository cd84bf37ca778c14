//! Who owes, who helps, which clause binds whom, and what a quota counts.

use super::world::World;
use super::{graph, path, workflow};
use crate::id::UnitId;
use crate::policy::definition::{Who, Workflow};
use crate::policy::near;
use crate::policy::problem::{Flaw, child};

/// What is wrong with the units that the calendar opens cases for; `field` is
/// where they stand.
#[must_use]
pub fn owed(world: &World<'_>, workflow: &Workflow, field: &str) -> Vec<Flaw> {
    let units = workflow.opens.units();
    let mut flaws = unknown(world, units, field);
    if units.is_empty() {
        let message = "nobody owes it, so no case ever opens";
        flaws.push(Flaw::mistake("duty.nobody", field, "", message));
    }
    flaws
}

/// What is wrong with everything else that is said of units, and with a quota.
#[must_use]
pub fn flaws(world: &World<'_>, workflow: &Workflow) -> Vec<Flaw> {
    let mut flaws = unknown(world, &workflow.owed_by, "/for");
    flaws.extend(unknown(world, &workflow.assist, "/assist"));
    flaws.extend(unknown(world, &workflow.lead, "/lead"));
    flaws.extend(stated(world, workflow));
    flaws.extend(clauses(world, workflow));
    flaws.extend(quota(world, workflow));
    flaws
}

fn unknown(world: &World<'_>, units: &[UnitId], field: &str) -> Vec<Flaw> {
    let unknown = units.iter().enumerate();
    unknown.filter_map(|(at, unit)| world.unit(unit.as_str(), &child(field, at))).collect()
}

/// The places where facts name who leads and helps: their form, and whether any
/// fact of the workflow has them.
fn stated(world: &World<'_>, workflow: &Workflow) -> Vec<Flaw> {
    let places = [("/lead", &workflow.beside.lead), ("/assist", &workflow.beside.assist)];
    let mut flaws = Vec::new();
    for (field, place) in places.into_iter().filter_map(|(field, place)| Some((field, place.as_ref()?))) {
        if let Some(flaw) = path::form(&place.0, field) {
            flaws.push(flaw);
            continue;
        }
        let taken = graph::transitions(workflow).map(|(_, event, _)| event);
        let events: Vec<_> = workflow.opens.event().into_iter().chain(taken).collect();
        let lacking: Vec<_> = events.iter().map(|event| path::known(world, event, &place.0, field)).collect();
        if lacking.iter().all(Option::is_some) {
            flaws.extend(lacking.into_iter().flatten().take(1));
        }
    }
    flaws
}

/// The mistake of parties that no case of the workflow can have.
#[must_use]
pub fn undeclared(workflow: &Workflow, parties: &[Who], field: &str) -> Vec<Flaw> {
    let several = parties.len() > 1;
    let missing = parties.iter().enumerate().filter(|(_, who)| !workflow.has_party(who));
    missing
        .map(|(at, who)| {
            let field = if several { child(field, at) } else { field.to_owned() };
            let message = format!("the workflow does not say who its {who} is");
            let hint = format!("write {who}: data.{who}, or name the unit as {who}: unit:<id>");
            Flaw::mistake("party.undeclared", &field, &who.to_string(), message).with_hint(Some(hint))
        })
        .collect()
}

/// A clause of its own belongs to a unit that owes.
fn clauses(world: &World<'_>, workflow: &Workflow) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let by_calendar = workflow.opens.event().is_none();
    let owing = if by_calendar { workflow.opens.units() } else { &workflow.owed_by };
    for (unit, clause) in &workflow.clauses {
        let field = child("/clauses", unit);
        if clause.trim().is_empty() {
            let message = "the clause that binds the unit is missing";
            flaws.push(Flaw::mistake("clause.missing", &field, unit.as_str(), message));
        }
        if let Some(flaw) = world.unit(unit.as_str(), &field) {
            flaws.push(flaw);
        } else if (by_calendar || !owing.is_empty()) && !owing.contains(unit) {
            let message = "the unit does not owe it, so no clause of it binds the unit";
            let hint = near::nearest(unit.as_str(), owing.iter().map(UnitId::as_str));
            let hint = hint.map(|meant| format!("did you mean {meant:?}?"));
            flaws.push(
                Flaw::mistake("clause.stranger", &field, unit.as_str(), message)
                    .with_hint(hint.or_else(|| Some("add the unit to for, or leave the clause out".into()))),
            );
        }
    }
    flaws
}

fn quota(world: &World<'_>, of: &Workflow) -> Vec<Flaw> {
    let Some(quota) = &of.quota else { return Vec::new() };
    let mut flaws = Vec::new();
    if quota.at_least == 0 {
        let message = "a quota of nothing is met before it begins";
        flaws.push(Flaw::mistake("quota.nothing", "/quota/atLeast", "0", message));
    }
    if quota.events.is_empty() {
        let message = "it counts no facts, so it is never met";
        flaws.push(Flaw::mistake("quota.nothing", "/quota/events", "", message));
    }
    for (at, event) in quota.events.iter().enumerate() {
        flaws.extend(world.event(event, &child("/quota/events", at)));
        if let Some(when) = &quota.when {
            flaws.extend(workflow::guard(world, when, Some(event), true, "/quota/when"));
        }
    }
    flaws.dedup();
    flaws
}
