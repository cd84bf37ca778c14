//! Who stands beside a case: its owner, the unit that leads it, those that help.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Path, Workflow};
use crate::id::{RoleId, UnitId};

/// Who may do or is told something: `owner`, `lead`, `role:credit-office`, `unit:tax`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// The unit that owes the case.
    Owner,
    /// The units that lead the case (牵头单位).
    Lead,
    /// The units that help with the case (配合单位).
    Assist,
    /// Every unit with a role.
    Role(RoleId),
    /// One unit.
    Unit(UnitId),
}

/// Where facts name the units beside the owner. What they name comes on top of the
/// units that the policy names itself; a later fact replaces an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Beside {
    /// The lead unit, or a list of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<Path>,
    /// The helping unit, or a list of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assist: Option<Path>,
}

impl Beside {
    /// Whether no fact names anybody.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lead.is_none() && self.assist.is_none()
    }

    /// The places in facts.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.lead.iter().chain(&self.assist)
    }
}

/// A case, as far as it says who is meant.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// The unit that owes it.
    pub owner: &'a UnitId,
    /// What judges it; none when only the owner can be meant.
    workflow: Option<&'a Workflow>,
    /// What it remembers of the facts, as JSON.
    kept: &'a str,
}

impl<'a> Sides<'a> {
    /// Nobody but an owner.
    #[must_use]
    pub const fn of_owner(owner: &'a UnitId) -> Self {
        Self { owner, workflow: None, kept: "" }
    }

    /// The lead units: those of the policy, and the spellings that facts left.
    #[must_use]
    pub fn lead(&self) -> (&'a [UnitId], Vec<String>) {
        self.beside(|it| (&it.lead, it.beside.lead.as_ref()))
    }

    /// The helping units, likewise.
    #[must_use]
    pub fn assist(&self) -> (&'a [UnitId], Vec<String>) {
        self.beside(|it| (&it.assist, it.beside.assist.as_ref()))
    }

    fn beside(
        &self,
        of: impl Fn(&'a Workflow) -> (&'a Vec<UnitId>, Option<&'a Path>),
    ) -> (&'a [UnitId], Vec<String>) {
        let Some((fixed, path)) = self.workflow.map(of) else { return (&[], Vec::new()) };
        let stated = path.and_then(|path| {
            let kept: Value = serde_json::from_str(self.kept).ok()?;
            let name = path.0.strip_prefix("data.").unwrap_or(&path.0);
            kept.get(name).and_then(spellings)
        });
        (fixed, stated.unwrap_or_default())
    }
}

/// The units that a value names, one or a list; none when it is neither.
#[must_use]
pub fn spellings(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(many) => many.iter().map(|it| it.as_str().map(str::to_owned)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

impl Workflow {
    /// Who stands beside a case of it with this owner and this memory.
    #[must_use]
    pub const fn sides<'a>(&'a self, owner: &'a UnitId, kept: &'a str) -> Sides<'a> {
        Sides { owner, workflow: Some(self), kept }
    }

    /// Whether a case of it can have somebody at a party's place.
    #[must_use]
    pub fn has_party(&self, who: &Who) -> bool {
        match who {
            Who::Lead => !self.lead.is_empty() || self.beside.lead.is_some(),
            Who::Assist => !self.assist.is_empty() || self.beside.assist.is_some(),
            Who::Owner | Who::Role(_) | Who::Unit(_) => true,
        }
    }
}
