//! Who owes, who helps, which clause binds whom, and what a quota counts.

use super::workflow;
use super::world::World;
use crate::id::UnitId;
use crate::policy::definition::Workflow;
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
    flaws.extend(clauses(world, workflow));
    flaws.extend(quota(world, workflow));
    flaws
}

fn unknown(world: &World<'_>, units: &[UnitId], field: &str) -> Vec<Flaw> {
    let unknown = units.iter().enumerate();
    unknown.filter_map(|(at, unit)| world.unit(unit.as_str(), &child(field, at))).collect()
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
