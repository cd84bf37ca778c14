//! Which case a fact belongs to.
//!
//! A fact names its case by its subject, `workflow/key` or the bare key; one
//! without a subject is placed by the workflow's own key. The same fact under the
//! same policies always goes to the same place.

use std::sync::Arc;

use serde_json::Value;

use crate::event::catalogue::Reason;
use crate::event::fact::Fact;
use crate::id::{CaseId, Name};
use crate::kernel::row::Case;
use crate::kernel::state::{Backing, State, StateError};
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
    let mut there = Vec::new();
    for (id, _) in &ids {
        there.extend(state.case(id)?);
    }
    match (there.len(), there.pop()) {
        (1, Some(case)) => return Ok(Route::Case(case)),
        (0, _) => {}
        _ => return Ok(Route::Nowhere(ambiguous(fact, &ids))),
    }
    let mut openers = Vec::new();
    for (id, handler) in &ids {
        openers.extend(opener(state, fact, at, &handler.name).map(|workflow| (workflow, id.clone())));
    }
    Ok(match (openers.len(), openers.pop()) {
        (1, Some((workflow, id))) => Route::Opens(workflow, id),
        (0, _) => Route::Waits(ids.into_iter().map(|(id, _)| id).collect()),
        _ => Route::Nowhere(ambiguous(fact, &ids)),
    })
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
            let text = text_at(fact, path)?;
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

fn ambiguous(fact: &Fact, ids: &[(CaseId, &Arc<Workflow>)]) -> Reason {
    let names: Vec<&str> = ids.iter().map(|(id, _)| id.as_str()).collect();
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
