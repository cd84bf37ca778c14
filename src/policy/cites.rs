//! Which rules of a definition cite which clauses.
//!
//! It finds references and judges none of them; whether they exist is
//! [`super::check::cite`]'s.

use std::collections::BTreeMap;

use serde::Serialize;

use super::definition::{Cite, Definition, Opening, Text, Workflow};
use super::problem::child;
use crate::calendar;
use crate::id::UnitId;

/// What kind of rule cites a clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum RuleKind {
    /// A case that a fact opens.
    Workflow,
    /// A case that the calendar opens, with a date.
    Duty,
    /// A case that the calendar opens, without a date.
    Standing,
    /// A number of facts that is owed.
    Quota,
    /// A limit in time within one of these.
    Clock,
}

impl RuleKind {
    /// What people call it.
    #[must_use]
    pub fn word(self) -> calendar::Text {
        let (zh, en) = match self {
            Self::Workflow => ("流程", "workflow"),
            Self::Duty => ("任务", "duty"),
            Self::Standing => ("持续任务", "standing"),
            Self::Quota => ("定额", "quota"),
            Self::Clock => ("时限", "clock"),
        };
        calendar::Text::new(zh, en)
    }
}

/// A rule that cites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// What it is.
    pub kind: RuleKind,
    /// Its name; a part's is that of the whole and its own: `objection/answer`.
    pub name: String,
    /// Its title.
    pub title: Text,
}

/// A reference from a rule to a clause.
#[derive(Debug, Clone)]
pub struct Citation<'a> {
    /// Where it stands in the definition.
    pub pointer: String,
    /// What it says.
    pub cite: &'a Cite,
    /// The clauses that bind single units, where it has some.
    pub own: Option<&'a BTreeMap<UnitId, String>>,
    /// The rule that cites.
    pub rule: Rule,
}

impl Citation<'_> {
    /// The clauses that it names, with where each stands.
    pub fn clauses(&self) -> impl Iterator<Item = (String, &str)> {
        let also = child(&self.pointer, "also");
        let also = self.cite.also.iter().enumerate().map(move |(at, id)| (child(&also, at), id.as_str()));
        let own = self.own.into_iter().flatten();
        let own = own.map(|(unit, id)| (child("/clauses", unit), id.as_str()));
        std::iter::once((child(&self.pointer, "clause"), self.cite.clause.as_str())).chain(also).chain(own)
    }
}

/// What kind of rule a workflow is as a whole.
#[must_use]
pub const fn kind_of(workflow: &Workflow) -> RuleKind {
    match (&workflow.opens, workflow.quota.is_some(), workflow.standing.is_some()) {
        (Opening::Event { .. }, _, _) => RuleKind::Workflow,
        (Opening::Calendar { .. } | Opening::Once { .. }, true, _) => RuleKind::Quota,
        (Opening::Calendar { .. } | Opening::Once { .. }, false, true) => RuleKind::Standing,
        (Opening::Calendar { .. } | Opening::Once { .. }, false, false) => RuleKind::Duty,
    }
}

/// Every reference of a definition, in the order of its parts.
#[must_use]
pub fn citations(definition: &Definition) -> Vec<Citation<'_>> {
    match definition {
        Definition::Register(_)
        | Definition::Calendar(_)
        | Definition::EventType(_)
        | Definition::Notice(_) => Vec::new(),
        Definition::Workflow(workflow) => of_workflow(workflow),
    }
}

fn of_workflow(workflow: &Workflow) -> Vec<Citation<'_>> {
    let kind = kind_of(workflow);
    let whole = Rule { kind, name: workflow.name.to_string(), title: workflow.title.clone() };
    let pointer = "/cite".into();
    let own = Some(&workflow.clauses);
    let mut found = vec![Citation { pointer, cite: &workflow.cite, own, rule: whole }];
    for (at, clock) in workflow.clocks.iter().enumerate() {
        // A duty's own clock is the duty itself, with the same reference.
        if kind != RuleKind::Workflow && clock.cite == workflow.cite {
            continue;
        }
        let name = format!("{}/{}", workflow.name, clock.name);
        let rule = Rule { kind: RuleKind::Clock, name, title: clock.title.clone() };
        found.push(Citation { pointer: format!("/clocks/{at}/cite"), cite: &clock.cite, own: None, rule });
    }
    found
}
