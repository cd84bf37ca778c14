//! Names with the titles that people know them by.
//!
//! Titles come from the definitions: a case's from the version it opened under, a
//! unit's from the register in force. What has no title is called by its id.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::error::QueryError;
use super::policy_cache::Policies;
use crate::calendar::{Calendar, Text};
use crate::id::{Name, Sha, UnitId};
use crate::kernel::row::{Case, Deadline, Family};
use crate::policy::definition::{Clock, Sides, Who, Workflow};

/// A thing's id and its title.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Named {
    /// The id.
    pub id: String,
    /// The title in both languages.
    pub title: Text,
}

/// A definition by its digest and its author's version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyRef {
    /// The digest.
    pub sha: Sha,
    /// The version its author gave it.
    pub version: String,
}

impl Named {
    /// An id with its title.
    #[must_use]
    pub fn new(id: &str, zh: &str, en: &str) -> Self {
        Self { id: id.into(), title: Text::new(zh, en) }
    }

    /// What is called by its id alone.
    #[must_use]
    pub fn bare(id: &str) -> Self {
        Self::new(id, id, id)
    }

    /// A unit, by the register in force.
    #[must_use]
    pub fn unit(policies: &Policies, id: &UnitId) -> Self {
        let unit = policies.set.unit(id);
        unit.map_or_else(
            || Self::bare(id.as_str()),
            |unit| Self::new(id.as_str(), &unit.title.zh, &unit.title.en),
        )
    }

    /// A state of a workflow.
    #[must_use]
    pub fn state(workflow: &Workflow, name: &Name) -> Self {
        let state = workflow.states.get(name);
        state.map_or_else(
            || Self::bare(name.as_str()),
            |state| Self::new(name.as_str(), &state.title.zh, &state.title.en),
        )
    }

    /// A workflow.
    #[must_use]
    pub fn workflow(workflow: &Workflow) -> Self {
        Self::new(workflow.name.as_str(), &workflow.title.zh, &workflow.title.en)
    }

    /// A clock.
    #[must_use]
    pub fn clock(clock: &Clock) -> Self {
        Self::new(clock.name.as_str(), &clock.title.zh, &clock.title.en)
    }

    /// The units that are meant on a case.
    #[must_use]
    pub fn units(policies: &Policies, who: &[Who], case: &Sides<'_>) -> Vec<Self> {
        policies.set.units_of(who, case).iter().map(|unit| Self::unit(policies, unit)).collect()
    }
}

/// Who must act next in a case; nobody once it is closed.
#[must_use]
pub fn waits_for(policies: &Policies, workflow: &Workflow, case: &Case) -> Vec<Named> {
    let state = workflow.states.get(&case.state).filter(|_| case.closed_at.is_none());
    state.map(|state| Named::units(policies, &state.waits_for, &case.sides(workflow))).unwrap_or_default()
}

/// The definition that judges a case.
///
/// # Errors
/// [`QueryError::Row`] when the projection does not have it.
pub fn workflow_of(policies: &Policies, case: &Case) -> Result<Arc<Workflow>, QueryError> {
    policies.set.workflow(&case.policy).ok_or_else(|| {
        let reason = format!("its policy {} was never published", case.policy);
        QueryError::row(Family::Case, case.id.as_str().as_bytes(), &reason)
    })
}

/// The definition of a deadline's clock.
///
/// # Errors
/// [`QueryError::Row`] when the case's policy has no such clock.
pub fn clock_of<'w>(
    workflow: &'w Workflow,
    case: &Case,
    deadline: &Deadline,
) -> Result<&'w Clock, QueryError> {
    workflow.clocks.iter().find(|clock| clock.name == deadline.clock).ok_or_else(|| {
        let reason = format!("its policy has no clock {}", deadline.clock);
        QueryError::row(Family::Case, case.id.as_str().as_bytes(), &reason)
    })
}

/// The calendar that a deadline was counted on, in the version of then.
///
/// # Errors
/// [`QueryError::Row`] when the projection does not have it.
pub fn calendar_of<'p>(
    policies: &'p Policies,
    case: &Case,
    deadline: &Deadline,
) -> Result<&'p Calendar, QueryError> {
    policies.set.calendar_by_sha(&deadline.term.calendar).ok_or_else(|| {
        let reason = format!("its calendar {} was never published", deadline.term.calendar);
        QueryError::row(Family::Case, case.id.as_str().as_bytes(), &reason)
    })
}
