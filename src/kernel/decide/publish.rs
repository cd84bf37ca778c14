//! Definitions come in as facts of the operator.

use serde::Deserialize;
use serde_json::Value;

use super::admit::{Stated, publisher, refuse};
use super::clocks;
use crate::calendar::Period;
use crate::event::catalogue::{Event, FactRef, FirstPeriod, PolicyPublished, Reason};
use crate::id::{RoleId, Sha};
use crate::kernel::ranking;
use crate::kernel::row::{Family, Schedule};
use crate::kernel::state::{Backing, State, StateError};
use crate::kernel::turn::Turn;
use crate::policy::definition::{Definition, Opening, Workflow};
use crate::policy::set::{PolicySet, Unsound};
use crate::time::Instant;

/// The identity that may publish before there is a register.
const OPERATOR: &str = "operator";
/// How many periods ahead the first one that is not past already is looked for.
const MOST_PERIODS_AHEAD: usize = 60;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Publication {
    sha: Sha,
    document: Value,
}

/// What a publication brings, checked.
struct Checked {
    definition: Definition,
    sha: Sha,
    document: Value,
    policies: PolicySet,
}

/// Decides a `policy.published` fact.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn publish<B: Backing>(turn: &mut Turn<'_, B>, stated: &Stated) -> Result<(), StateError> {
    let checked = match check(turn.state, stated) {
        Ok(checked) => checked,
        Err(reason) => return refuse(turn, stated, reason, false),
    };
    let name = checked.definition.name();
    let amends = match &checked.definition {
        Definition::Calendar(it) => {
            turn.state.policies().calendar(&it.name).is_some_and(|(before, _)| before != checked.sha)
        }
        Definition::Register(_)
        | Definition::EventType(_)
        | Definition::Notice(_)
        | Definition::Workflow(_)
        | Definition::Target(_)
        | Definition::Scorecard(_)
        | Definition::Delivery(_)
        | Definition::Answers(_)
        | Definition::Reaction(_) => false,
    };
    let (first, begins_at) = match &checked.definition {
        Definition::Workflow(it) => (
            first_period(turn.state, &checked.policies, it, stated.recorded_at)?,
            begins_at(&checked.policies, it, stated.recorded_at),
        ),
        Definition::Scorecard(it) => {
            (ranking::first(turn.state, &checked.policies, it, stated.recorded_at)?, None)
        }
        Definition::Register(_)
        | Definition::EventType(_)
        | Definition::Calendar(_)
        | Definition::Notice(_)
        | Definition::Target(_)
        | Definition::Delivery(_)
        | Definition::Answers(_)
        | Definition::Reaction(_) => (None, None),
    };
    let published = PolicyPublished {
        fact: FactRef::to(&stated.fact, stated.content),
        kind: checked.definition.kind().into(),
        name,
        version: checked.definition.version().into(),
        sha: checked.sha,
        document: checked.document,
        first,
        begins_at,
        amends,
    };
    let about = publisher(stated);
    turn.emit(stated.recorded_at, &about, Event::PolicyPublished(published))
}

fn check<B: Backing>(state: &State<B>, stated: &Stated) -> Result<Checked, Reason> {
    let actor = &stated.fact.actor;
    let is_operator = RoleId::new(OPERATOR).is_ok_and(|role| state.policies().has_role(actor, &role));
    if actor.as_str() != OPERATOR && !is_operator {
        let message = "only the operator publishes policies";
        return Err(Reason::new("actor.forbidden", "actor", actor.as_str(), message));
    }
    let invalid = |field: &str, message: String| Reason::new("policy.invalid", field, "", message);
    let Publication { sha, document } =
        Publication::deserialize(&stated.fact.data).map_err(|error| invalid("data", error.to_string()))?;
    let definition =
        Definition::deserialize(&document).map_err(|error| invalid("data.document", error.to_string()))?;
    let computed = definition.sha().map_err(|error| invalid("data.document", error.to_string()))?;
    if computed != sha {
        let message = format!("the document's digest is {computed}; publish what was checked");
        return Err(Reason::new("policy.invalid", "data.sha", &sha.to_string(), message));
    }
    let unsound = |error: Unsound| invalid("data.document", format!("failed to {error}"));
    let policies = state.policies().admit(&definition).map_err(unsound)?;
    Ok(Checked { definition, sha, document, policies })
}

/// When a duty that is owed once opens its cases: with its first day, or now if
/// that has begun. Its clocks count from the first day all the same.
fn begins_at(policies: &PolicySet, workflow: &Workflow, now: Instant) -> Option<Instant> {
    let Opening::Once { calendar, .. } = &workflow.opens else { return None };
    let (_, calendar) = policies.calendar(calendar)?;
    Some(calendar.midnight(workflow.effective.from).max(now))
}

/// Where a recurring duty begins that had no period before, or none any more: with the first period
/// of which something is due after it is published and in force.
fn first_period<B: Backing>(
    state: &State<B>,
    policies: &PolicySet,
    workflow: &Workflow,
    now: Instant,
) -> Result<Option<FirstPeriod>, StateError> {
    let Opening::Calendar { every, calendar, .. } = &workflow.opens else { return Ok(None) };
    let schedule = state.row::<Schedule>(Family::Schedule, workflow.name.as_str().as_bytes())?;
    let ended = |schedule: &Schedule| {
        schedule.opens_at == Instant::MAX || state.policies().workflow_in_force(&workflow.name, now).is_none()
    };
    if schedule.is_some_and(|schedule| !ended(&schedule)) {
        return Ok(None);
    }
    let Some((_, calendar)) = policies.calendar(calendar) else { return Ok(None) };
    let from = calendar.local_date(now).max(workflow.effective.from);
    let ahead = std::iter::successors(Some(Period::containing(*every, from)), |period| Some(period.next()));
    let begins_at = |period: &Period| calendar.midnight(period.start());
    let still_due = |period: &Period| {
        workflow.clocks.iter().filter(|clock| clocks::starts_on_opening(clock)).all(|clock| {
            let due =
                clocks::timepiece(policies, clock).ok().and_then(|it| it.due(begins_at(period), &[]).ok());
            due.is_none_or(|due| due.at > now)
        })
    };
    let first = ahead.take(MOST_PERIODS_AHEAD).find(still_due);
    // A period that is under way opens its cases when the policy begins, though
    // its clocks count from the period's own beginning.
    let earliest = calendar.midnight(workflow.effective.from).max(now);
    Ok(first.map(|period| FirstPeriod { opens_at: begins_at(&period).max(earliest), period }))
}
