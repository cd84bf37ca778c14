//! Quotas: a fact that was accepted on one case counts for others of its unit.
//!
//! Which cases those are follows from the unit, the quotas that count the type, and
//! the period in which the fact was recorded; a type that no quota counts costs one
//! lookup.

use std::collections::BTreeSet;

use super::admit::Stated;
use super::clocks;
use super::transit::{about, holds, judged_by};
use crate::event::catalogue::{CaseClosed, CaseCredited, Event, FactRef};
use crate::id::{CaseId, Name, UnitId};
use crate::kernel::row::Case;
use crate::kernel::state::{Backing, State, StateError};
use crate::kernel::turn::Turn;
use crate::policy::definition::{Opening, Workflow};
use crate::policy::set::PolicySet;
use crate::policy::set::admit::MOST_QUOTAS;
use crate::time::Instant;

/// Credits the quotas that count a fact, which was accepted on the case `id`.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn credit<B: Backing>(turn: &mut Turn<'_, B>, stated: &Stated, id: &CaseId) -> Result<(), StateError> {
    let quotas = turn.state.policies().quotas(&stated.fact.kind).take(MOST_QUOTAS);
    let quotas: Vec<Name> = quotas.cloned().collect();
    if quotas.is_empty() {
        return Ok(());
    }
    let Some(source) = turn.state.case(id)? else { return Ok(()) };
    for name in quotas {
        let ids = cases(turn.state.policies(), &name, &source.owner, stated.recorded_at);
        // Versions of one name may count in periods of different lengths; the case
        // that is there says under which one it was opened.
        for id in ids {
            let Some(case) = turn.state.case(&id)? else { continue };
            let workflow = judged_by(turn.state, &case)?;
            if counts(turn.state, stated, &source, &case, &workflow) {
                count(turn, stated, &source, &case, &workflow)?;
            }
        }
    }
    Ok(())
}

/// The cases of a quota that a unit may have for the period of an instant.
fn cases(policies: &PolicySet, name: &Name, unit: &UnitId, at: Instant) -> BTreeSet<CaseId> {
    let case = |workflow: &Workflow| {
        let Opening::Calendar { every, calendar, .. } = &workflow.opens else { return None };
        let (_, calendar) = policies.calendar(calendar)?;
        CaseId::of(name, &format!("{unit}/{}", calendar.period(*every, at))).ok()
    };
    policies.versions(name).filter_map(|workflow| case(workflow)).collect()
}

fn counts<B: Backing>(
    state: &State<B>,
    stated: &Stated,
    source: &Case,
    case: &Case,
    workflow: &Workflow,
) -> bool {
    let quota = workflow.quota.as_ref().filter(|_| case.closed_at.is_none());
    quota.is_some_and(|quota| {
        quota.events.contains(&stated.fact.kind)
            && holds(state, quota.when.as_ref(), &stated.fact, Some(source))
    })
}

fn count<B: Backing>(
    turn: &mut Turn<'_, B>,
    stated: &Stated,
    source: &Case,
    case: &Case,
    workflow: &Workflow,
) -> Result<(), StateError> {
    let of = workflow.quota.as_ref().map_or(1, |quota| quota.at_least);
    let nth = case.credits.saturating_add(1);
    let filled = workflow.states.iter().find(|(_, state)| state.is_final && nth >= of);
    let to = filled.map_or(&case.state, |(name, _)| name).clone();
    let credited = CaseCredited {
        fact: FactRef::to(&stated.fact, stated.content),
        kind: stated.fact.kind.clone(),
        from: source.id.clone(),
        nth,
        of,
        to: to.clone(),
    };
    let (at, about) = (stated.recorded_at, about(case));
    turn.emit(at, &about, Event::CaseCredited(credited))?;
    if filled.is_some() {
        clocks::fill(turn, at, &about, workflow)?;
        clocks::cancel_all(turn, at, &about)?;
        turn.emit(at, &about, Event::CaseClosed(CaseClosed { state: to }))?;
    }
    Ok(())
}
