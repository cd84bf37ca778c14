//! What an office's ledger has beside a deadline: who leads and helps, how much of the
//! case is done, what will prove it, and what is to be noted.

use schemars::JsonSchema;
use serde::Serialize;

use super::error::QueryError;
use super::naming::{Named, calendar_of};
use super::policy_cache::Policies;
use super::span::moment_text;
use crate::calendar::Text;
use crate::kernel::row::{Case, Status};
use crate::policy::definition::{Who, Workflow};

/// How many of a case's deadlines are met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CaseProgress {
    /// Those that are met, in time or late.
    pub met: usize,
    /// All that were set and not taken away.
    pub of: usize,
}

/// The further columns of a ledger (台账), the same for open and for met deadlines.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Particulars {
    /// The units that lead (牵头单位).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lead: Vec<Named>,
    /// The units that help and owe nothing (配合单位).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub assist: Vec<Named>,
    /// How much of the case is done.
    pub progress: CaseProgress,
    /// What proves that it was done (佐证材料), as the notice has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Text>,
    /// What is to be noted now (备注): who sees to it within the unit, an extension or a
    /// handover that is asked for and not decided.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<Text>,
}

impl Particulars {
    /// Those of `case`, which `workflow` judges.
    ///
    /// # Errors
    /// [`QueryError::Row`] when the case's policy has no such clock or calendar.
    pub(super) fn of(policies: &Policies, workflow: &Workflow, case: &Case) -> Result<Self, QueryError> {
        let sides = case.sides(workflow);
        Ok(Self {
            lead: Named::units(policies, &[Who::Lead], &sides),
            assist: Named::units(policies, &[Who::Assist], &sides),
            progress: progress(case),
            evidence: workflow.evidence.as_ref().map(|it| Text::new(&it.zh, &it.en)),
            remarks: remarks(policies, case)?,
        })
    }
}

fn progress(case: &Case) -> CaseProgress {
    let mut progress = CaseProgress { met: 0, of: 0 };
    for deadline in &case.deadlines {
        match deadline.status {
            Status::Met { .. } => {
                progress.met += 1;
                progress.of += 1;
            }
            Status::Running | Status::Paused { .. } => progress.of += 1,
            Status::Cancelled => {}
        }
    }
    progress
}

fn remarks(policies: &Policies, case: &Case) -> Result<Vec<Text>, QueryError> {
    let mut remarks = Vec::new();
    if let Some(handler) = &case.handler {
        remarks.push(Text::new(format!("经办人 {handler}"), format!("seen to by {handler}")));
    }
    if let Some(unit) = &case.handover {
        let unit = Named::unit(policies, unit).title;
        remarks.push(Text::new(format!("拟移交 {}", unit.zh), format!("to be handed over to {}", unit.en)));
    }
    let of_clock = |it: &&crate::kernel::row::Deadline| {
        case.extension.as_ref().is_some_and(|extension| extension.clock == it.clock)
    };
    if let (Some(extension), Some(deadline)) = (&case.extension, case.deadlines.iter().find(of_clock)) {
        let until = moment_text(calendar_of(policies, case, deadline)?, extension.until);
        remarks.push(Text::new(
            format!("申请延期至 {}，待决定", until.zh),
            format!("extension to {} asked for, not decided", until.en),
        ));
    }
    Ok(remarks)
}
