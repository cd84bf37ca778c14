//! Which case a fact belongs to.
//!
//! A fact names its case by its subject, `workflow/key` or the bare key; one
//! without a subject is placed by the workflow's own key. The same fact under the
//! same policies always goes to the same place.

use std::sync::Arc;

use serde_json::Value;

use super::transit::{AwaitedCase, is_about, would_hold};
use crate::event::catalogue::Reason;
use crate::event::fact::Fact;
use crate::id::{CaseId, Name};
use crate::kernel::row::Case;
use crate::kernel::state::{Backing, State, StateError};
use crate::policy::check::graph;
use crate::policy::definition::{Opening, Path, Workflow};
use crate::policy::set::PolicySet;
use crate::time::Instant;

/// Where a fact goes.
pub enum Route {
    /// To a case that is there.
    Case(Arc<Case>),
    /// It opens a case.
    Opens(Arc<Workflow>, CaseId),
    /// It waits for one of these cases.
    Waits(Vec<CaseId>),
    /// It cannot be placed.
    Nowhere(Reason),
}

/// Places a fact.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn route<B: Backing>(state: &State<B>, fact: &Fact, at: Instant) -> Result<Route, StateError> {
    let handlers: Vec<Arc<Workflow>> = state.policies().handlers(&fact.kind);
    if handlers.is_empty() {
        let message = "no policy in force takes facts of this type";
        return Ok(Route::Nowhere(Reason::new("type.unhandled", "type", fact.kind.as_str(), message)));
    }
    let ids: Vec<(CaseId, &Arc<Workflow>)> = match candidates(state.policies(), fact, &handlers) {
        Ok(ids) => ids,
        Err(reason) => return Ok(Route::Nowhere(reason)),
    };
    let mut found = Vec::with_capacity(ids.len());
    for (id, handler) in ids {
        let case = state.case(&id)?;
        found.push(Candidate { id, handler, case });
    }
    let found = meant(state, fact, found)?;
    let mut there: Vec<&Arc<Case>> = found.iter().filter_map(|it| it.case.as_ref()).collect();
    match (there.len(), there.pop()) {
        (1, Some(case)) => return Ok(Route::Case(Arc::clone(case))),
        (0, _) => {}
        _ => return Ok(Route::Nowhere(ambiguous(fact, &found))),
    }
    let mut openers = Vec::new();
    for Candidate { id, handler, .. } in &found {
        openers.extend(opener(state, fact, at, &handler.name).map(|workflow| (workflow, id.clone())));
    }
    Ok(match (openers.len(), openers.pop()) {
        (1, Some((workflow, id))) => Route::Opens(workflow, id),
        (0, _) => Route::Waits(found.into_iter().map(|it| it.id).collect()),
        _ => Route::Nowhere(ambiguous(fact, &found)),
    })
}

/// A case that a fact may mean.
struct Candidate<'a> {
    id: CaseId,
    /// The latest version of its workflow.
    handler: &'a Arc<Workflow>,
    /// The case itself, if it is there.
    case: Option<Arc<Case>>,
}

/// Of several candidates those that the fact is about: a unit owes many duties that
/// are done by facts of one type, and a duty's guard says which are its own. Where
/// no guard decides, all of them stay.
fn meant<'a, B: Backing>(
    state: &State<B>,
    fact: &Fact,
    found: Vec<Candidate<'a>>,
) -> Result<Vec<Candidate<'a>>, StateError> {
    if found.len() < 2 {
        return Ok(found);
    }
    let mut fits = Vec::with_capacity(found.len());
    for candidate in &found {
        fits.push(match &candidate.case {
            _ if candidate.handler.opens.event().is_some() => true,
            Some(case) => is_about(state, fact, case)?,
            None => may_open(state, fact, candidate),
        });
    }
    if !fits.contains(&true) {
        return Ok(found);
    }
    Ok(found.into_iter().zip(fits).filter_map(|(candidate, fits)| fits.then_some(candidate)).collect())
}

/// Whether the calendar may open a case that the fact would be about: the unit owes
/// the duty, and the guard holds for the period that the id names.
fn may_open<B: Backing>(state: &State<B>, fact: &Fact, candidate: &Candidate<'_>) -> bool {
    let Candidate { id, handler, .. } = candidate;
    let (unit, period) = id.key().split_once('/').unwrap_or((id.key(), ""));
    let case = AwaitedCase { state: &handler.initial, owner: unit, period };
    let owed = handler.opens.units().iter().any(|it| it.as_str() == unit);
    let mut taken = graph::transitions(handler).filter(|(_, event, _)| **event == fact.kind);
    owed && taken.any(|(_, _, transition)| would_hold(state, transition.when.as_ref(), fact, &case))
}

/// The workflow in force that a fact opens a case of.
fn opener<B>(state: &State<B>, fact: &Fact, at: Instant, name: &Name) -> Option<Arc<Workflow>>
where
    B: Backing,
{
    let workflow = state.policies().workflow_in_force(name, at)?;
    let opens = matches!(&workflow.opens, Opening::Event { event, .. } if *event == fact.kind);
    opens.then_some(workflow)
}

/// The cases that a fact may mean, by workflow.
fn candidates<'a>(
    policies: &PolicySet,
    fact: &Fact,
    handlers: &'a [Arc<Workflow>],
) -> Result<Vec<(CaseId, &'a Arc<Workflow>)>, Reason> {
    let Some(subject) = &fact.subject else { return by_key(policies, fact, handlers) };
    let named = subject.split_once('/').and_then(|(name, key)| {
        let handler = handlers.iter().find(|handler| handler.name.as_str() == name)?;
        Some((CaseId::of(&handler.name, key), handler))
    });
    let all = match named {
        Some(named) => vec![named],
        None => handlers.iter().map(|handler| (CaseId::of(&handler.name, subject), handler)).collect(),
    };
    let ids = all.into_iter().map(|(id, handler)| id.map(|id| (id, handler)));
    ids.collect::<Result<_, _>>()
        .map_err(|error| Reason::new("subject.malformed", "subject", subject, error.to_string()))
}

fn by_key<'a>(
    policies: &PolicySet,
    fact: &Fact,
    handlers: &'a [Arc<Workflow>],
) -> Result<Vec<(CaseId, &'a Arc<Workflow>)>, Reason> {
    let mut ids = Vec::new();
    for handler in handlers {
        // A key names the owing unit by its id, however the fact spells it.
        let part = |path: &Path| {
            // Who reports for itself need not say who it is.
            let own = || {
                let by_calendar = handler.opens.event().is_none();
                (by_calendar && *path == handler.owner).then(|| fact.actor.to_string())
            };
            let text = text_at(fact, path).or_else(own)?;
            let unit = (*path == handler.owner).then(|| policies.resolve_unit(&text)).flatten();
            Some(unit.map_or(text, |unit| unit.to_string()))
        };
        let parts: Option<Vec<String>> = handler.key.iter().map(part).collect();
        let id = parts.and_then(|parts| CaseId::of(&handler.name, &parts.join("/")).ok());
        ids.extend(id.map(|id| (id, handler)));
    }
    if ids.is_empty() {
        let keys: Vec<String> = handlers.iter().map(|handler| format!("{:?}", handler.key)).collect();
        let message = format!(
            "it names no case: give the subject, or the fields that make up the key, {}",
            keys.join(" or ")
        );
        return Err(Reason::new("subject.missing", "subject", "", message));
    }
    Ok(ids)
}

fn ambiguous(fact: &Fact, found: &[Candidate<'_>]) -> Reason {
    let names: Vec<&str> = found.iter().map(|it| it.id.as_str()).collect();
    let message = format!("it may mean any of {}; name one as the subject", names.join(", "));
    Reason::new("subject.ambiguous", "subject", fact.subject.as_deref().unwrap_or_default(), message)
}

/// The value at a path of a fact; none when it is absent or null.
pub fn value_at<'a>(fact: &'a Fact, path: &Path) -> Option<std::borrow::Cow<'a, Value>> {
    use std::borrow::Cow;
    let text = |text: &str| Some(Cow::Owned(Value::String(text.into())));
    match path.0.as_str() {
        "subject" => fact.subject.as_deref().and_then(text),
        "actor" => text(fact.actor.as_str()),
        "time" => fact.occurred_at.and_then(|at| text(&at.to_string())),
        path => {
            let inner = path.strip_prefix("data.")?;
            let value = inner.split('.').try_fold(&fact.data, |value, field| value.get(field))?;
            (!value.is_null()).then_some(Cow::Borrowed(value))
        }
    }
}

/// The value at a path as text: a string as it is, a number or boolean as written.
pub fn text_at(fact: &Fact, path: &Path) -> Option<String> {
    match &*value_at(fact, path)? {
        Value::String(text) => Some(text.clone()),
        value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
