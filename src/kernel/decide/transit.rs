//! A fact on a case that is there: may it happen now, by this publisher?

use std::sync::Arc;

use super::admit::{Stated, refuse};
use super::{clocks, opening, quota};
use crate::event::catalogue::{CaseClosed, Event, FactAccepted, Reason};
use crate::event::fact::Fact;
use crate::id::Name;
use crate::kernel::row::Case;
use crate::kernel::state::{Backing, State, StateError};
use crate::kernel::turn::{About, Turn};
use crate::policy::check::graph;
use crate::policy::definition::{Guard, Sides, State as Stage, Transition, Who, Workflow};
use crate::policy::guard::Input;
use crate::time::Instant;

/// Decides a fact on `case`.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn transit<B: Backing>(turn: &mut Turn<'_, B>, stated: &Stated, case: &Case) -> Result<(), StateError> {
    let workflow = judged_by(turn.state, case)?;
    let transition = match permitted(turn.state, &workflow, stated, case) {
        Ok(transition) => transition,
        Err(reason) => return refuse(turn, stated, reason, false),
    };
    let plan = match clocks::plan(turn.state, &workflow, stated, Some(case)) {
        Ok(plan) => plan,
        Err(reason) => return refuse(turn, stated, reason, false),
    };
    let to = transition.to.clone().unwrap_or_else(|| case.state.clone());
    let about = about(case);
    let accepted = FactAccepted {
        fact: stated.fact.clone(),
        content: stated.content,
        from: Some(case.state.clone()),
        to: to.clone(),
        parked: stated.parked,
        kept: opening::kept_on(stated, &workflow, case),
        depth: stated.depth,
    };
    turn.emit(stated.recorded_at, &about, Event::FactAccepted(Box::new(accepted)))?;
    clocks::run(turn, &workflow, stated, &about, &plan)?;
    if workflow.states.get(&to).is_some_and(|state| state.is_final) {
        clocks::cancel_all(turn, stated.recorded_at, &about)?;
        turn.emit(stated.recorded_at, &about, Event::CaseClosed(CaseClosed { state: to }))?;
    }
    quota::credit(turn, stated, &case.id)
}

/// Whether a fact could be taken by `case` as it stands.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn fits<B: Backing>(state: &State<B>, stated: &Stated, case: &Case) -> Result<bool, StateError> {
    let workflow = judged_by(state, case)?;
    Ok(permitted(state, &workflow, stated, case).is_ok())
}

/// Whether a fact may be about `case`, whatever state that is in: whether the guard
/// of some transition that it would take holds.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn is_about<B: Backing>(state: &State<B>, fact: &Fact, case: &Case) -> Result<bool, StateError> {
    let workflow = judged_by(state, case)?;
    let mut taken = graph::transitions(&workflow).filter(|(_, event, _)| **event == fact.kind);
    Ok(taken.any(|(_, _, transition)| holds(state, transition.when.as_ref(), fact, Some(case))))
}

/// Whether `case` would take a fact that was recorded at `at`, as it stands: for
/// those who make facts up. Nothing is decided.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn would_take<B: Backing>(
    state: &State<B>,
    fact: &Fact,
    at: Instant,
    case: &Case,
) -> Result<bool, StateError> {
    if state.policies().validate(&fact.kind, fact.version.as_deref(), &fact.data).is_err() {
        return Ok(false);
    }
    let content = fact.content();
    let fact = fact.clone();
    fits(state, &Stated { fact, content, recorded_at: at, told_at: at, parked: None, depth: 0 }, case)
}

/// The definition that a case was opened under.
///
/// # Errors
/// [`StateError`] when the ledger never published it.
pub fn judged_by<B: Backing>(state: &State<B>, case: &Case) -> Result<Arc<Workflow>, StateError> {
    state.policies().workflow(&case.policy).ok_or_else(|| StateError::Row {
        family: "policy",
        key: case.policy.to_string(),
        reason: format!("the case {} was opened under it, but it was never published", case.id),
    })
}

/// What events on a case are about.
pub fn about(case: &Case) -> About {
    About { case: Some(case.id.clone()), unit: Some(case.owner.clone()), policy: Some(case.policy) }
}

fn permitted<'a, B: Backing>(
    state: &State<B>,
    workflow: &'a Workflow,
    stated: &Stated,
    case: &Case,
) -> Result<&'a Transition, Reason> {
    let fact = &stated.fact;
    let stage = workflow.states.get(&case.state);
    let is_final = case.closed_at.is_some() || stage.is_some_and(|stage| stage.is_final);
    let always = workflow.any_state.get(&fact.kind).filter(|_| !is_final);
    let transition = stage.and_then(|stage| stage.events.get(&fact.kind)).or(always);
    let Some(transition) = transition else {
        return Err(forbidden(workflow, stage, fact, case));
    };
    permit(state, &transition.by, fact, &case.sides(workflow))?;
    satisfy(state, transition.when.as_ref(), fact, Some(case))?;
    opening::sides_known(state, fact, workflow)?;
    Ok(transition)
}

fn forbidden(workflow: &Workflow, stage: Option<&Stage>, fact: &Fact, case: &Case) -> Reason {
    if case.closed_at.is_some() {
        let message = format!("the case {} is closed, in the state {}", case.id, case.state);
        return Reason::new("case.closed", "type", fact.kind.as_str(), message);
    }
    let taken = stage.iter().flat_map(|stage| stage.events.keys()).chain(workflow.any_state.keys());
    let taken: Vec<&str> = taken.map(crate::id::EventType::as_str).collect();
    let message =
        format!("the case {} is in the state {}, which takes only {}", case.id, case.state, taken.join(", "));
    Reason::new("transition.forbidden", "type", fact.kind.as_str(), message)
}

/// Whether a fact's publisher is one of those who may state it.
pub fn permit<B: Backing>(state: &State<B>, by: &[Who], fact: &Fact, case: &Sides<'_>) -> Result<(), Reason> {
    let may = |who: &Who| match who {
        Who::Owner => fact.actor == *case.owner,
        Who::Lead | Who::Assist => {
            state.policies().units_of(std::slice::from_ref(who), case).contains(&fact.actor)
        }
        Who::Role(role) => state.policies().has_role(&fact.actor, role),
        Who::Unit(unit) => fact.actor == *unit,
    };
    if by.is_empty() || by.iter().any(may) {
        return Ok(());
    }
    let allowed: Vec<String> = by
        .iter()
        .map(|who| if *who == Who::Owner { format!("the owner {}", case.owner) } else { who.to_string() })
        .collect();
    let message = format!("{} may not state {}; {} may", fact.actor, fact.kind, allowed.join(" or "));
    Err(Reason::new("actor.forbidden", "actor", fact.actor.as_str(), message))
}

/// Whether a guard lets a fact pass.
pub fn satisfy<B: Backing>(
    state: &State<B>,
    guard: Option<&Guard>,
    fact: &Fact,
    case: Option<&Case>,
) -> Result<(), Reason> {
    let Some(guard) = guard else { return Ok(()) };
    let holds = state.policies().holds(guard, &input(fact, case));
    let message = match holds {
        Ok(true) => return Ok(()),
        Ok(false) => format!("the condition {} does not hold", guard.0),
        Err(error) => format!("the condition {} cannot be judged: {error}", guard.0),
    };
    Err(Reason::new("guard.failed", "data", &fact.data.to_string(), message))
}

/// Whether a trigger's guard holds; one that cannot be judged does not.
pub fn holds<B: Backing>(state: &State<B>, guard: Option<&Guard>, fact: &Fact, case: Option<&Case>) -> bool {
    guard.is_none_or(|guard| state.policies().holds(guard, &input(fact, case)).unwrap_or(false))
}

fn input<'a>(fact: &'a Fact, case: Option<&'a Case>) -> Input<'a> {
    Input {
        data: &fact.data,
        actor: fact.actor.as_str(),
        subject: fact.subject.as_deref().unwrap_or_default(),
        state: case.map_or("", |case| case.state.as_str()),
        owner: case.map_or("", |case| case.owner.as_str()),
        period: case.and_then(|case| case.period.as_ref()).map(ToString::to_string),
        kept: case.map_or("{}", |case| case.kept.as_str()),
        seen: case.map(|case| &case.seen),
    }
}

/// What is known of a case before the calendar opens it.
pub struct AwaitedCase<'a> {
    /// The state it will open in.
    pub state: &'a Name,
    /// The unit that will owe it.
    pub owner: &'a str,
    /// Its period, empty when it will have none.
    pub period: &'a str,
}

/// Whether a guard would hold for a fact on a case that is still to be opened.
pub fn would_hold<B: Backing>(
    state: &State<B>,
    guard: Option<&Guard>,
    fact: &Fact,
    case: &AwaitedCase<'_>,
) -> bool {
    let Some(guard) = guard else { return true };
    let input = Input {
        state: case.state.as_str(),
        owner: case.owner,
        period: Some(case.period.to_owned()).filter(|period| !period.is_empty()),
        ..input(fact, None)
    };
    state.policies().holds(guard, &input).unwrap_or(false)
}
