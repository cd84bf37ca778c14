//! One row of a list of deadlines: what, whose, by when, how it stands.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::error::QueryError;
use super::light::Light;
use super::naming::{Named, PolicyRef, calendar_of, clock_of, waits_for, workflow_of};
use super::particulars::Particulars;
use super::policy_cache::Policies;
use super::span::{Span, due_text, last_day, moment_text, span};
use crate::calendar::{Calendar, Text};
use crate::id::CaseId;
use crate::kernel::row::{Case, Deadline};
use crate::policy::definition::{Cite, Workflow};
use crate::time::Instant;

/// An open deadline as a list shows it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadlineRow {
    /// The case.
    pub case: CaseId,
    /// Its workflow.
    pub workflow: Named,
    /// The clock that runs.
    pub clock: Named,
    /// Where the limit comes from: the clause that binds the unit.
    pub cite: Cite,
    /// The unit that owes.
    pub unit: Named,
    /// The case's state.
    pub state: Named,
    /// From when it is counted.
    pub started_at: Instant,
    /// The same as people write it.
    pub started: Text,
    /// How the limit is counted, in words.
    pub rule: Text,
    /// The due instant.
    pub due_at: Instant,
    /// The due instant as people write it, in the calendar's zone.
    pub due: Text,
    /// The last civil day in time.
    pub last_day: NaiveDate,
    /// Its light at the instant asked about.
    pub light: Light,
    /// Whether it may still move when the calendar is published further.
    pub provisional: bool,
    /// How long is left or over at the instant asked about; none while paused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<Span>,
    /// How many reminders were raised.
    pub reminders: u16,
    /// When the last one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reminded_at: Option<Instant>,
    /// The escalation level, 0 to 3.
    pub level: u8,
    /// Since when it is declared breached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breached_at: Option<Instant>,
    /// How often it was moved.
    pub moves: u16,
    /// Who must act next.
    pub waits_for: Vec<Named>,
    /// The period it is about, when the calendar opened it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// Who leads and helps, how much is done, what proves it, what is to be noted.
    #[serde(flatten)]
    pub particulars: Particulars,
    /// The definition that judges it.
    pub policy: PolicyRef,
}

/// What is told alike of any deadline, open or ended, in lists and in full.
pub(super) struct Told {
    pub workflow: Named,
    pub clock: Named,
    pub cite: Cite,
    pub unit: Named,
    pub state: Named,
    pub started: Text,
    pub rule: Text,
    pub due: Text,
    pub last_day: NaiveDate,
    pub period: Option<String>,
    pub particulars: Particulars,
}

impl Told {
    /// What is told of `deadline`, counted on `calendar`.
    ///
    /// # Errors
    /// [`QueryError::Row`] when the case's policy has no such clock.
    pub(super) fn of(
        policies: &Policies,
        workflow: &Workflow,
        calendar: &Calendar,
        (case, deadline): (&Case, &Deadline),
    ) -> Result<Self, QueryError> {
        let clock = clock_of(workflow, case, deadline)?;
        let term = &deadline.term;
        Ok(Self {
            workflow: Named::workflow(workflow),
            clock: Named::clock(clock),
            cite: workflow.cite_of(&clock.cite, &case.owner),
            unit: Named::unit(policies, &case.owner),
            state: Named::state(workflow, &case.state),
            started: moment_text(calendar, term.started_at),
            rule: clock.due.text(),
            due: due_text(calendar, term),
            last_day: last_day(calendar, term),
            period: case.period.as_ref().map(ToString::to_string),
            particulars: Particulars::of(policies, workflow, case)?,
        })
    }
}

/// The row of an open deadline at `at`.
///
/// # Errors
/// [`QueryError::Row`] when the projection lacks its policy or calendar.
pub fn deadline_row(
    policies: &Policies,
    case: &Case,
    deadline: &Deadline,
    light: Light,
    at: Instant,
) -> Result<DeadlineRow, QueryError> {
    let workflow = workflow_of(policies, case)?;
    let calendar = calendar_of(policies, case, deadline)?;
    let term = &deadline.term;
    let told = Told::of(policies, &workflow, calendar, (case, deadline))?;
    Ok(DeadlineRow {
        case: case.id.clone(),
        workflow: told.workflow,
        clock: told.clock,
        cite: told.cite,
        unit: told.unit,
        state: told.state,
        started_at: term.started_at,
        started: told.started,
        rule: told.rule,
        due_at: term.due_at,
        due: told.due,
        last_day: told.last_day,
        light,
        provisional: term.provisional,
        span: (light != Light::Paused).then(|| span(calendar, term, at)),
        reminders: deadline.reminders,
        reminded_at: deadline.reminded_at,
        level: deadline.level,
        breached_at: deadline.breached_at,
        moves: deadline.moves,
        waits_for: waits_for(policies, &workflow, case),
        period: told.period,
        particulars: told.particulars,
        policy: PolicyRef { sha: case.policy, version: workflow.version.clone() },
    })
}
