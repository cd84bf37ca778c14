//! The states as a graph: all can be reached, and from each a case can close.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::Name;
use crate::policy::definition::{Opening, State, Transition, Workflow};
use crate::policy::near;
use crate::policy::problem::{Flaw, child};

/// What is wrong with the way of a case.
#[must_use]
pub fn flaws(workflow: &Workflow) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    match workflow.states.get(&workflow.initial) {
        None => flaws.push(unknown(workflow, &workflow.initial, "/initial")),
        Some(state) if state.is_final => {
            let message = "a case would be closed when it opens";
            flaws.push(Flaw::mistake("state.initial-final", "/initial", workflow.initial.as_str(), message));
        }
        Some(_) => {}
    }
    flaws.extend(targets(workflow));
    flaws.extend(workflow.states.iter().filter_map(|(name, state)| by_itself(name, state)));
    if workflow.states.contains_key(&workflow.initial) {
        flaws.extend(ways(workflow));
    }
    flaws
}

/// The flaw of a state that is not known.
#[must_use]
pub fn unknown(workflow: &Workflow, name: &Name, field: &str) -> Flaw {
    let message = format!("no state is called {:?}", name.as_str());
    let hint = near::hint(name.as_str(), workflow.states.keys().map(Name::as_str));
    Flaw::mistake("state.unknown", field, name.as_str(), message).with_hint(hint)
}

/// Every transition with its pointer.
pub fn transitions(
    workflow: &Workflow,
) -> impl Iterator<Item = (String, &crate::id::EventType, &Transition)> {
    let of_states = workflow.states.iter().flat_map(|(name, state)| {
        let pointer = child(&child("/states", name), "events");
        state.events.iter().map(move |(event, transition)| (child(&pointer, event), event, transition))
    });
    let of_any = workflow.any_state.iter().map(|(event, it)| (child("/anyState", event), event, it));
    of_states.chain(of_any)
}

fn targets(workflow: &Workflow) -> impl Iterator<Item = Flaw> + '_ {
    transitions(workflow).filter_map(|(pointer, _, transition)| {
        let to = transition.to.as_ref().filter(|to| !workflow.states.contains_key(to))?;
        Some(unknown(workflow, to, &child(&pointer, "to")))
    })
}

fn by_itself(name: &Name, state: &State) -> Option<Flaw> {
    let pointer = child("/states", name);
    if state.is_final && !state.events.is_empty() {
        let message = "a final state takes no facts";
        return Some(Flaw::mistake("state.final-takes", &child(&pointer, "events"), "", message));
    }
    if state.is_final && !state.waits_for.is_empty() {
        let message = "a final state waits for nobody";
        return Some(Flaw::finding("state.final-waits", &child(&pointer, "waitsFor"), "", message));
    }
    if !state.is_final && state.waits_for.is_empty() {
        let message = "it does not say whose move it is; the desk cannot tell who must act";
        return Some(Flaw::finding("state.waits-for-nobody", &pointer, "", message));
    }
    None
}

/// Unreachable states, and states from which no case closes.
fn ways(workflow: &Workflow) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let forward = edges(workflow);
    let reached = closure(&forward, [&workflow.initial]);
    for name in workflow.states.keys().filter(|name| !reached.contains(name)) {
        let message = "no fact leads to this state";
        flaws.push(Flaw::mistake("state.unreachable", &child("/states", name), name.as_str(), message));
    }
    let finals: Vec<&Name> =
        workflow.states.iter().filter(|(_, it)| it.is_final).map(|(name, _)| name).collect();
    if finals.is_empty() && workflow.standing.is_some() && matches!(workflow.opens, Opening::Once { .. }) {
        // What goes on for ever is owed for ever; its reports are what the case collects.
        return flaws;
    }
    if finals.is_empty() {
        let message = "no state is final, so no case ever closes";
        flaws.push(
            Flaw::mistake("state.no-final", "/states", "", message)
                .with_hint(Some("mark one with final: true".into())),
        );
        return flaws;
    }
    let mut backward: BTreeMap<&Name, BTreeSet<&Name>> = BTreeMap::new();
    for (from, all) in &forward {
        for to in all {
            backward.entry(to).or_default().insert(from);
        }
    }
    let closing = closure(&backward, finals);
    for name in
        reached.iter().filter(|name| workflow.states.contains_key(**name) && !closing.contains(**name))
    {
        let message = "from this state a case can never close";
        flaws.push(Flaw::mistake("state.trap", &child("/states", name), name.as_str(), message));
    }
    flaws
}

fn edges(workflow: &Workflow) -> BTreeMap<&Name, BTreeSet<&Name>> {
    let everywhere = workflow.any_state.values().filter_map(|it| it.to.as_ref());
    let everywhere: Vec<&Name> = everywhere.collect();
    let open = workflow.states.iter().filter(|(_, state)| !state.is_final);
    open.map(|(name, state)| {
        let own = state.events.values().filter_map(|it| it.to.as_ref());
        // A quota's case closes by facts on other cases.
        let filled = workflow.states.iter().filter(|(_, it)| it.is_final && workflow.quota.is_some());
        (name, own.chain(everywhere.iter().copied()).chain(filled.map(|(to, _)| to)).collect())
    })
    .collect()
}

fn closure<'a>(
    edges: &BTreeMap<&'a Name, BTreeSet<&'a Name>>,
    from: impl IntoIterator<Item = &'a Name>,
) -> BTreeSet<&'a Name> {
    let mut open: Vec<&Name> = from.into_iter().collect();
    let mut seen: BTreeSet<&Name> = open.iter().copied().collect();
    while let Some(name) = open.pop() {
        for next in edges.get(name).into_iter().flatten() {
            if seen.insert(next) {
                open.push(next);
            }
        }
    }
    seen
}
