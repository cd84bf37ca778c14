//! How cases open: by a fact, or by the calendar.

use serde_json::{Map, Value};

use super::admit::{Stated, refuse, take_up};
use super::route::{text_at, value_at};
use super::transit::{permit, satisfy};
use super::{clocks, quota};
use crate::calendar::Period;
use crate::event::catalogue::{CaseOpened, Event, FactAccepted, Reason};
use crate::event::fact::Fact;
use crate::id::{CaseId, Sha, UnitId};
use crate::kernel::row::Case;
use crate::kernel::state::{Backing, State, StateError};
use crate::kernel::turn::{About, Turn};
use crate::policy::definition::side::spellings;
use crate::policy::definition::{Opening, Path, Workflow};
use crate::time::Instant;

/// Opens the case `id` by a fact, and takes up what waited for it.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn open<B: Backing>(
    turn: &mut Turn<'_, B>,
    stated: &Stated,
    workflow: &Workflow,
    id: CaseId,
) -> Result<(), StateError> {
    let (owner, plan) = match prepare(turn.state, stated, workflow) {
        Ok(prepared) => prepared,
        Err(reason) => return refuse(turn, stated, reason, false),
    };
    let policy = sha_of(turn.state, workflow)?;
    let about = About { case: Some(id.clone()), unit: Some(owner.clone()), policy: Some(policy) };
    let accepted = FactAccepted {
        fact: stated.fact.clone(),
        content: stated.content,
        from: None,
        to: workflow.initial.clone(),
        parked: stated.parked,
        kept: None,
        depth: stated.depth,
    };
    turn.emit(stated.recorded_at, &about, Event::FactAccepted(Box::new(accepted)))?;
    let opened = CaseOpened {
        workflow: workflow.name.clone(),
        policy,
        owner,
        state: workflow.initial.clone(),
        period: None,
        opened_by: Some(stated.fact.kind.clone()),
        kept: kept(stated, workflow),
        depth: stated.depth,
    };
    turn.emit(stated.recorded_at, &about, Event::CaseOpened(Box::new(opened)))?;
    clocks::run(turn, workflow, stated, &about, &plan)?;
    quota::credit(turn, stated, &id)?;
    take_up(turn, &id)
}

/// Opens one unit's case at `at`, of a period or once, unless it is there; its
/// clocks count from `begins_at`.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn open_by_calendar<B: Backing>(
    turn: &mut Turn<'_, B>,
    (at, begins_at): (Instant, Instant),
    workflow: &Workflow,
    unit: &UnitId,
    period: Option<&Period>,
) -> Result<(), StateError> {
    let key = period.map_or_else(|| unit.to_string(), |period| format!("{unit}/{period}"));
    let Ok(id) = CaseId::of(&workflow.name, &key) else { return Ok(()) };
    if turn.state.case(&id)?.is_some() {
        return Ok(());
    }
    let policy = sha_of(turn.state, workflow)?;
    let about = About { case: Some(id.clone()), unit: Some(unit.clone()), policy: Some(policy) };
    let unit_kept = Some(("unit", unit.to_string()));
    let kept = unit_kept.into_iter().chain(period.map(|period| ("period", period.to_string())));
    let opened = CaseOpened {
        workflow: workflow.name.clone(),
        policy,
        owner: unit.clone(),
        state: workflow.initial.clone(),
        period: period.copied(),
        opened_by: None,
        kept: kept.map(|(key, value)| (key.to_owned(), Value::String(value))).collect(),
        depth: 0,
    };
    turn.emit(at, &about, Event::CaseOpened(Box::new(opened)))?;
    for clock in workflow.clocks.iter().filter(|clock| clocks::starts_on_opening(clock)) {
        clocks::start(turn, (at, at), &about, clock, begins_at, 1)?;
    }
    take_up(turn, &id)
}

fn prepare<B: Backing>(
    state: &State<B>,
    stated: &Stated,
    workflow: &Workflow,
) -> Result<(UnitId, clocks::Plan), Reason> {
    let fact = &stated.fact;
    let owner = owner(state, stated, workflow)?;
    if !workflow.owed_by.is_empty() && !workflow.owed_by.contains(&owner) {
        let message = format!("{} is not owed by {owner}; the policy names who may owe it", workflow.name);
        return Err(Reason::new("owner.outside", &workflow.owner.0, owner.as_str(), message));
    }
    if let Opening::Event { by, when, .. } = &workflow.opens {
        let kept = if workflow.beside.is_empty() {
            String::new()
        } else {
            Value::Object(kept(stated, workflow)).to_string()
        };
        permit(state, by, fact, &workflow.sides(&owner, &kept))?;
        satisfy(state, when.as_ref(), fact, None)?;
    }
    sides_known(state, fact, workflow)?;
    let plan = clocks::plan(state, workflow, stated, None)?;
    Ok((owner, plan))
}

/// Whether all whom a fact names as leading or helping are known; it need name
/// nobody, but whom it names must be reached.
pub(super) fn sides_known<B: Backing>(
    state: &State<B>,
    fact: &Fact,
    workflow: &Workflow,
) -> Result<(), Reason> {
    for path in workflow.beside.paths() {
        let Some(value) = value_at(fact, path).filter(|value| !value.is_null()) else { continue };
        let names = spellings(&value).ok_or_else(|| {
            let message = "it is neither a unit nor a list of units";
            Reason::new("unit.unknown", &path.0, &value.to_string(), message)
        })?;
        if let Some(name) = names.iter().find(|name| state.policies().resolve_unit(name).is_none()) {
            let message = "the register knows no unit by this id, title or alias";
            return Err(Reason::new("unit.unknown", &path.0, name, message));
        }
    }
    Ok(())
}

fn owner<B: Backing>(state: &State<B>, stated: &Stated, workflow: &Workflow) -> Result<UnitId, Reason> {
    let path = &workflow.owner;
    let Some(name) = text_at(&stated.fact, path) else {
        return Err(Reason::new("unit.unknown", &path.0, "", "it names no unit that would owe the case"));
    };
    state.policies().resolve_unit(&name).ok_or_else(|| {
        Reason::new("unit.unknown", &path.0, &name, "the register knows no unit by this id, title or alias")
    })
}

/// What the opening fact leaves with its case.
fn kept(stated: &Stated, workflow: &Workflow) -> Map<String, Value> {
    named(stated, workflow.keep.iter().chain(workflow.beside.paths())).collect()
}

/// All that a case remembers after a further fact; none when that changes nothing.
/// Who stated a correction, and when, is not what the case remembers.
pub(super) fn kept_on(stated: &Stated, workflow: &Workflow, case: &Case) -> Option<Map<String, Value>> {
    let data = workflow.keep.iter().chain(workflow.beside.paths()).filter(|path| path.0.starts_with("data."));
    let mut news = named(stated, data).peekable();
    news.peek()?;
    let before: Map<String, Value> = serde_json::from_str(&case.kept).unwrap_or_default();
    let mut after = before.clone();
    after.extend(news);
    (after != before).then_some(after)
}

fn named<'a>(
    stated: &'a Stated,
    paths: impl Iterator<Item = &'a Path>,
) -> impl Iterator<Item = (String, Value)> {
    paths.filter_map(|path| {
        let name = path.0.strip_prefix("data.").unwrap_or(&path.0);
        value_at(&stated.fact, path).map(|value| (name.to_owned(), value.into_owned()))
    })
}

fn sha_of<B: Backing>(state: &State<B>, workflow: &Workflow) -> Result<Sha, StateError> {
    state.policies().sha_of(workflow).ok_or_else(|| StateError::Row {
        family: "policy",
        key: workflow.name.to_string(),
        reason: "the definition in force has no place on the ledger".into(),
    })
}
