//! Everything of one case: how it stands, who must act, what comes next, and why.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::answering::{Answering, answering};
use super::error::QueryError;
use super::explained::{ExplainedDeadline, explained};
use super::naming::{Named, PolicyRef, waits_for, workflow_of};
use super::particulars::Particulars;
use super::policy_cache::Policies;
use super::progress::{Progress, progress};
use super::reporting::{Reportable, reportable};
use super::rows;
use super::span::moment_text;
use super::timeline::Told;
use crate::calendar::{Calendar, Text};
use crate::id::{CaseId, Seq};
use crate::identity::sight::Scope;
use crate::kernel::row::Case;
use crate::policy::definition::{Cite, Workflow};
use crate::port::store::Rows;
use crate::time::Instant;

/// One case, whole.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Case")]
pub struct CaseAnswer {
    /// Its id.
    pub case: CaseId,
    /// Its workflow.
    pub workflow: Named,
    /// The unit that owes.
    pub unit: Named,
    /// Its state.
    pub state: Named,
    /// The instant asked about, as people write it.
    pub asked: Text,
    /// Whether it is closed.
    pub closed: bool,
    /// Who must act next; empty when nobody must.
    pub waits_for: Vec<Named>,
    /// The facts that its state takes.
    pub takes: Vec<String>,
    /// The same with who may state each, and what it says.
    pub reportable: Vec<Reportable>,
    /// What it takes beside its workflow, and what is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answering: Option<Answering>,
    /// When it opened.
    pub opened_at: Instant,
    /// When it closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Instant>,
    /// The period it is about, when the calendar opened it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// What it remembers of the facts.
    pub kept: Value,
    /// The definition that judges it.
    pub policy: PolicyRef,
    /// Where that comes from: the clause that binds the unit.
    pub cite: Cite,
    /// The units that lead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lead: Vec<Named>,
    /// The units that help and owe nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assist: Vec<Named>,
    /// What proves that it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Text>,
    /// Why nothing of it is due at a date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub standing: Option<Text>,
    /// How far a quota has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// Its deadlines, in the order of their first start.
    pub deadlines: Vec<ExplainedDeadline>,
    /// What happened, the oldest first.
    pub timeline: Vec<Told>,
    /// How many older entries the timeline leaves out.
    pub omitted: usize,
    /// Why the timeline is missing, when the ledger could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeline_failed: Option<String>,
}

/// A case as the rows have it, with what its timeline is to be read from.
pub struct Found {
    /// Its workflow drawn, with its state marked.
    pub diagram: Text,
    /// The answer, its timeline still empty.
    pub answer: CaseAnswer,
    /// The ledger sequences of its events.
    pub history: Vec<Seq>,
    /// The calendar whose zone its times are shown in.
    pub calendar: Option<Calendar>,
}

/// The case as the fold keeps it, if it is one of `scope`.
///
/// # Errors
/// [`QueryError::Unknown`] when there is none.
pub(super) fn seen(rows: &impl Rows, scope: &Scope, id: &CaseId) -> Result<Case, QueryError> {
    // To whom a case is not shown, it is not there.
    // The unit that is asked to take it over has to see what it would take.
    let shown = |case: &Case| scope.has(&case.owner) || case.handover.iter().any(|unit| scope.has(unit));
    rows::case(rows, id)?.filter(shown).ok_or_else(|| QueryError::Unknown {
        what: "the case",
        name: id.to_string(),
        hint: "a case is named workflow/key; the lists of cases and deadlines give the names",
    })
}

/// The case at `at`, without its timeline, if it is one of `scope`.
///
/// # Errors
/// [`QueryError::Unknown`] when there is none; others when the projection cannot
/// be read.
pub fn find(
    rows: &impl Rows,
    policies: &Policies,
    scope: &Scope,
    id: &CaseId,
    at: Instant,
) -> Result<Found, QueryError> {
    let case = seen(rows, scope, id)?;
    let workflow = workflow_of(policies, &case)?;
    let deadlines = case.deadlines.iter().map(|deadline| explained(policies, &case, &workflow, deadline, at));
    let deadlines = deadlines.collect::<Result<Vec<_>, _>>()?;
    let calendar = zone_calendar(policies, &workflow, &case);
    let plain = || Text::new(at.to_string(), at.to_string());
    let Particulars { lead, assist, evidence, .. } = Particulars::of(policies, &workflow, &case)?;
    let reportable = reportable(policies, &workflow, &case);
    let mut takes: Vec<String> = reportable.iter().map(|it| it.fact.id.clone()).collect();
    takes.sort();
    let answer = CaseAnswer {
        asked: calendar.map_or_else(plain, |calendar| moment_text(calendar, at)),
        workflow: Named::workflow(&workflow),
        unit: Named::unit(policies, &case.owner),
        state: Named::state(&workflow, &case.state),
        closed: case.closed_at.is_some(),
        waits_for: waits_for(policies, &workflow, &case),
        takes,
        reportable,
        answering: answering(policies, &workflow, &case, (calendar, at)),
        opened_at: case.opened_at,
        closed_at: case.closed_at,
        period: case.period.as_ref().map(ToString::to_string),
        kept: serde_json::from_str(&case.kept).unwrap_or_default(),
        policy: PolicyRef { sha: case.policy, version: workflow.version.clone() },
        cite: workflow.cite_for(&case.owner),
        lead,
        assist,
        evidence,
        standing: workflow.standing.as_ref().map(|it| Text::new(&it.zh, &it.en)),
        progress: progress(policies, &workflow, &case, at),
        deadlines,
        timeline: Vec::new(),
        omitted: 0,
        timeline_failed: None,
        case: case.id.clone(),
    };
    let diagram = policies.diagram(&workflow, Some(&case.state));
    Ok(Found { diagram, answer, calendar: calendar.cloned(), history: case.history })
}

fn zone_calendar<'p>(policies: &'p Policies, workflow: &Workflow, case: &Case) -> Option<&'p Calendar> {
    let of_deadline = case.deadlines.first().and_then(|it| policies.set.calendar_by_sha(&it.term.calendar));
    of_deadline.or_else(|| {
        let of_clock = workflow.clocks.first().map(|clock| &clock.calendar);
        let name = of_clock.or_else(|| workflow.opens.calendar())?;
        policies.set.calendar(name).map(|(_, calendar)| calendar)
    })
}
