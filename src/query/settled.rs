//! Deadlines that were met, in the order of their cases: done when, in time or not.
//!
//! No index holds them, since nothing waits for them; what one question may look
//! at is bounded, and a page may therefore have few rows and still go on.

use std::ops::ControlFlow;

use serde::Serialize;

use super::deadline_row::Told;
use super::deadlines::DeadlineFilter;
use super::error::QueryError;
use super::naming::{Named, calendar_of, workflow_of};
use super::page::{List, Page, PageAsk};
use super::particulars::Particulars;
use super::policy_cache::Policies;
use super::rows::{Stretch, decode, walk};
use super::span::moment_text;
use crate::calendar::Text;
use crate::id::CaseId;
use crate::kernel::row::{Case, Deadline, Family, Status};
use crate::policy::definition::Cite;
use crate::port::store::Rows;
use crate::time::Instant;

/// The most cases one question decodes, some 30 ms on one core.
const MOST_CASES: usize = 10_000;

/// A deadline that was met.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SettledRow {
    /// The case.
    pub case: CaseId,
    /// Its workflow.
    pub workflow: Named,
    /// The clock that ran.
    pub clock: Named,
    /// Where the limit comes from.
    pub cite: Cite,
    /// The unit that owed.
    pub unit: Named,
    /// The case's state now.
    pub state: Named,
    /// From when it was counted.
    pub started_at: Instant,
    /// The same as people write it.
    pub started: Text,
    /// How the limit was counted, in words.
    pub rule: Text,
    /// The due instant.
    pub due_at: Instant,
    /// The same as people write it.
    pub due: Text,
    /// When it was met.
    pub met_at: Instant,
    /// The same as people write it.
    pub met: Text,
    /// Whether after the due instant.
    pub late: bool,
    /// How many reminders were raised.
    pub reminders: u16,
    /// The escalation level that it came to, 0 to 3.
    pub level: u8,
    /// How often it was moved.
    pub moves: u16,
    /// The period it is about, when the calendar opened it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// Who leads and helps, how much is done, what proves it, what is to be noted.
    #[serde(flatten)]
    pub particulars: Particulars,
}

/// A page of met deadlines: those of the filter's unit, workflow and state, met
/// late or in time when that is asked. A case is never split between pages.
///
/// # Errors
/// [`QueryError::Asked`] for a cursor of another list; others when the projection
/// cannot be read.
pub fn settled(
    rows: &impl Rows,
    policies: &Policies,
    filter: &DeadlineFilter,
    late: Option<bool>,
    ask: &PageAsk,
) -> Result<Page<SettledRow>, QueryError> {
    let prefix = filter.workflow.as_ref().map(|name| format!("{name}/")).unwrap_or_default();
    let mut stretch = Stretch::of_prefix(prefix.as_bytes());
    if let Some(after) = ask.after(List::Settled)?.filter(|key| key.starts_with(prefix.as_bytes())) {
        stretch = stretch.after(after);
    }
    let (mut found, mut last, mut looked, mut more) = (Vec::new(), Vec::new(), 0, false);
    walk(rows, Family::Case, &stretch, |key, bytes| {
        if found.len() >= ask.limit || looked >= MOST_CASES {
            more = true;
            return Ok(ControlFlow::Break(()));
        }
        looked += 1;
        last = key.to_vec();
        let case: Case = decode(Family::Case, key, bytes)?;
        if filter.takes_case(&case) {
            for deadline in &case.deadlines {
                found.extend(settled_row(policies, &case, deadline, late)?);
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(Page::of(List::Settled, found, more.then_some(&last)))
}

fn settled_row(
    policies: &Policies,
    case: &Case,
    deadline: &Deadline,
    asked: Option<bool>,
) -> Result<Option<SettledRow>, QueryError> {
    let Status::Met { at, late } = deadline.status else { return Ok(None) };
    if asked.is_some_and(|asked| asked != late) {
        return Ok(None);
    }
    let workflow = workflow_of(policies, case)?;
    let calendar = calendar_of(policies, case, deadline)?;
    let told = Told::of(policies, &workflow, calendar, (case, deadline))?;
    Ok(Some(SettledRow {
        case: case.id.clone(),
        workflow: told.workflow,
        clock: told.clock,
        cite: told.cite,
        unit: told.unit,
        state: told.state,
        started_at: deadline.term.started_at,
        started: told.started,
        rule: told.rule,
        due_at: deadline.term.due_at,
        due: told.due,
        met_at: at,
        met: moment_text(calendar, at),
        late,
        reminders: deadline.reminders,
        level: deadline.level,
        moves: deadline.moves,
        period: told.period,
        particulars: told.particulars,
    }))
}
