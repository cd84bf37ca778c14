//! Lists of cases, in the order of their ids.

use std::ops::ControlFlow;

use schemars::JsonSchema;
use serde::Serialize;

use super::error::QueryError;
use super::light::Light;
use super::naming::{Named, PolicyRef, workflow_of};
use super::page::{List, Page, PageAsk};
use super::policy_cache::Policies;
use super::progress::{Progress, progress};
use super::rows::{Stretch, decode, walk};
use crate::id::{CaseId, Name, UnitId};
use crate::identity::sight::Scope;
use crate::kernel::row::{Case, Family};
use crate::port::store::Rows;
use crate::time::Instant;

/// The most cases one question decodes, some 30 ms on one core.
const MOST_CASES: usize = 10_000;

/// Which cases are asked for; everything left out is not asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseFilter {
    /// Those of this workflow.
    pub workflow: Option<Name>,
    /// Those that this unit owes.
    pub unit: Option<UnitId>,
    /// Those in this state.
    pub state: Option<Name>,
    /// The open ones, or the closed ones.
    pub open: Option<bool>,
    /// Whose cases may be shown, whatever else is asked for. The reader sets it.
    pub scope: Scope,
}

/// A case as a list shows it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaseRow {
    /// Its id.
    pub case: CaseId,
    /// Its workflow.
    pub workflow: Named,
    /// The unit that owes.
    pub unit: Named,
    /// Its state.
    pub state: Named,
    /// When it opened.
    pub opened_at: Instant,
    /// When it closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Instant>,
    /// The period it is about, when the calendar opened it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// The most alarming light of its open deadlines at the instant asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub light: Option<Light>,
    /// Whether nothing of it is due at a date, so that it has no light.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub standing: bool,
    /// How far a quota has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// The earliest due instant of its running deadlines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Instant>,
    /// The definition that judges it.
    pub policy: PolicyRef,
}

impl CaseFilter {
    fn takes(&self, case: &Case) -> bool {
        self.scope.has(&case.owner)
            && self.unit.as_ref().is_none_or(|unit| case.owner == *unit)
            && self.state.as_ref().is_none_or(|state| case.state == *state)
            && self.open.is_none_or(|open| case.closed_at.is_none() == open)
    }
}

/// A page of cases; lights are those at `at`.
///
/// # Errors
/// [`QueryError::Asked`] for a cursor of another list; others when the projection
/// cannot be read.
pub fn cases(
    rows: &impl Rows,
    policies: &Policies,
    filter: &CaseFilter,
    ask: &PageAsk,
    at: Instant,
) -> Result<Page<CaseRow>, QueryError> {
    let prefix = filter.workflow.as_ref().map(|name| format!("{name}/")).unwrap_or_default();
    let mut stretch = Stretch::of_prefix(prefix.as_bytes());
    if let Some(after) = ask.after(List::Cases)?.filter(|key| key.starts_with(prefix.as_bytes())) {
        stretch = stretch.after(after);
    }
    let (mut found, mut last, mut looked, mut more) = (Vec::new(), Vec::new(), 0, false);
    walk(rows, Family::Case, &stretch, |key, bytes| {
        if looked >= MOST_CASES {
            more = true;
            return Ok(ControlFlow::Break(()));
        }
        looked += 1;
        let case: Case = decode(Family::Case, key, bytes)?;
        let asked = filter.takes(&case);
        if asked && found.len() >= ask.limit {
            more = true;
            return Ok(ControlFlow::Break(()));
        }
        last = key.to_vec();
        if asked {
            found.push(case_row(policies, &case, at)?);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(Page::of(List::Cases, found, more.then_some(&last)))
}

fn case_row(policies: &Policies, case: &Case, at: Instant) -> Result<CaseRow, QueryError> {
    let workflow = workflow_of(policies, case)?;
    let lights = case.deadlines.iter().filter_map(|deadline| Light::of(deadline, at));
    let running = case.deadlines.iter().filter(|deadline| {
        deadline.is_open() && Light::of(deadline, at).is_some_and(|light| light != Light::Paused)
    });
    Ok(CaseRow {
        case: case.id.clone(),
        workflow: Named::workflow(&workflow),
        unit: Named::unit(policies, &case.owner),
        state: Named::state(&workflow, &case.state),
        opened_at: case.opened_at,
        closed_at: case.closed_at,
        period: case.period.as_ref().map(ToString::to_string),
        light: lights.max_by_key(|light| light.alarm()),
        standing: workflow.standing.is_some(),
        progress: progress(policies, &workflow, case, at),
        due_at: running.map(|deadline| deadline.term.due_at).min(),
        policy: PolicyRef { sha: case.policy, version: workflow.version.clone() },
    })
}
