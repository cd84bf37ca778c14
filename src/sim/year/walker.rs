//! What can happen to a case next, read from its workflow: which facts move it
//! forward, which back, which leave it where it is, and who may state them.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{EventType, Name, UnitId};
use crate::kernel::row::{Case, Deadline, Status};
use crate::policy::definition::{Clock, Sides, Transition, Who, Workflow};
use crate::policy::set::PolicySet;
use crate::sim::random::Random;

/// A fact that a case can take in its state.
#[derive(Debug, Clone, Copy)]
pub struct Choice<'a> {
    /// Its type.
    pub kind: &'a EventType,
    /// What it does.
    pub transition: &'a Transition,
    /// Whether it holds in every state, as withdrawing does.
    pub anywhere: bool,
}

/// The facts that a case can take.
pub fn options<'a>(workflow: &'a Workflow, state: &Name) -> Vec<Choice<'a>> {
    let own = workflow.states.get(state).into_iter().flat_map(|stage| &stage.events);
    let own = own.map(|(kind, transition)| Choice { kind, transition, anywhere: false });
    let anywhere = workflow.any_state.iter();
    own.chain(anywhere.map(|(kind, transition)| Choice { kind, transition, anywhere: true })).collect()
}

/// A running deadline of a case that some fact would meet, with that fact.
pub fn meets<'a>(workflow: &'a Workflow, case: &'a Case) -> Vec<(&'a Clock, &'a Deadline, Choice<'a>)> {
    let options = options(workflow, &case.state);
    let running = case.deadlines.iter().filter(|deadline| matches!(deadline.status, Status::Running));
    running
        .filter_map(|deadline| {
            let clock = workflow.clocks.iter().find(|clock| clock.name == deadline.clock)?;
            let option = options.iter().find(|option| clock.stop.events.contains(option.kind))?;
            Some((clock, deadline, *option))
        })
        .collect()
}

/// The fact by which a case goes on: mostly forward, sometimes back, now and then
/// one that holds anywhere.
pub fn chosen<'a>(workflow: &'a Workflow, state: &Name, random: &mut Random) -> Option<Choice<'a>> {
    let options = options(workflow, state);
    let far = distances(workflow);
    let here = far.get(state).copied().unwrap_or(usize::MAX);
    let leads = |option: &Choice<'_>| option.transition.to.as_ref().filter(|to| *to != state).cloned();
    let moving = |option: &&Choice<'a>| !option.anywhere && leads(option).is_some();
    let forward: Vec<Choice<'a>> = options
        .iter()
        .filter(moving)
        .filter(|option| leads(option).and_then(|to| far.get(&to).copied()).is_some_and(|to| to < here))
        .copied()
        .collect();
    let other: Vec<Choice<'a>> = options
        .iter()
        .filter(|option| !forward.iter().any(|it| it.kind == option.kind) && !option.anywhere)
        .copied()
        .collect();
    let anywhere: Vec<Choice<'a>> = options.iter().filter(|option| option.anywhere).copied().collect();
    let lists = match random.below(100) {
        0..3 => [&anywhere, &forward, &other],
        3..14 => [&other, &forward, &anywhere],
        _ => [&forward, &other, &anywhere],
    };
    let list = lists.into_iter().find(|list| !list.is_empty())?;
    random.pick(list).copied()
}

/// How many facts each state is away from a final one, on the way that does not
/// hold anywhere.
fn distances(workflow: &Workflow) -> BTreeMap<Name, usize> {
    let finals = workflow.states.iter().filter(|(_, state)| state.is_final);
    let mut far: BTreeMap<Name, usize> = finals.map(|(name, _)| (name.clone(), 0)).collect();
    loop {
        let mut found = Vec::new();
        for (name, state) in workflow.states.iter().filter(|(name, _)| !far.contains_key(*name)) {
            let next = state.events.values().filter_map(|it| far.get(it.to.as_ref()?)).min();
            found.extend(next.map(|steps| (name.clone(), steps + 1)));
        }
        if found.is_empty() {
            return far;
        }
        far.extend(found);
    }
}

/// Who states a fact that parties may state: the owner where it may, else the
/// first unit of the first party that is no importer.
#[must_use]
pub fn actor(policies: &PolicySet, by: &[Who], owner: &UnitId) -> Option<UnitId> {
    if by.is_empty() || by.contains(&Who::Owner) {
        return Some(owner.clone());
    }
    let parties = by.iter().filter(|who| !matches!(who, Who::Role(role) if role.as_str() == "importer"));
    parties.into_iter().find_map(|who| {
        policies.units_of(std::slice::from_ref(who), &Sides::of_owner(owner)).into_iter().next()
    })
}

/// Units that play no part of the supervision itself.
#[must_use]
pub fn plain_units(policies: &PolicySet) -> Vec<UnitId> {
    let Some(register) = policies.register() else { return Vec::new() };
    let parts: BTreeSet<&UnitId> = register.roles.values().flatten().collect();
    register.units.iter().map(|unit| unit.id.clone()).filter(|unit| !parts.contains(unit)).collect()
}
