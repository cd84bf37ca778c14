//! Which rules of a definition cite which clauses.
//!
//! It finds references and judges none of them; whether they exist is
//! [`super::check::cite`]'s.

use std::collections::BTreeMap;

use serde::Serialize;

use super::definition::score::Scorecard;
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
    /// A figure that has to reach a number.
    Target,
    /// What figures are worth.
    Scorecard,
    /// A part of a scorecard.
    Section,
    /// What points are given for.
    Item,
    /// What every open case takes.
    Answers,
    /// What follows from events by itself.
    Reaction,
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
            Self::Target => ("目标", "target"),
            Self::Scorecard => ("评分表", "scorecard"),
            Self::Section => ("评分部分", "section"),
            Self::Item => ("评分项", "score item"),
            Self::Answers => ("答复", "answers"),
            Self::Reaction => ("联动", "reaction"),
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
        | Definition::Notice(_)
        | Definition::Delivery(_) => Vec::new(),
        Definition::Workflow(workflow) => of_workflow(workflow),
        Definition::Target(target) => {
            let rule = rule(RuleKind::Target, target.name.to_string(), &target.title);
            vec![Citation { pointer: "/cite".into(), cite: &target.cite, own: None, rule }]
        }
        Definition::Scorecard(card) => of_scorecard(card),
        Definition::Answers(answers) => {
            let rule = rule(RuleKind::Answers, answers.name.to_string(), &answers_title());
            vec![Citation { pointer: "/cite".into(), cite: &answers.cite, own: None, rule }]
        }
        Definition::Reaction(reaction) => {
            let name = reaction.name.to_string();
            let title = Text { zh: name.clone(), en: name.clone() };
            let rule = rule(RuleKind::Reaction, name, &title);
            vec![Citation { pointer: "/cite".into(), cite: &reaction.cite, own: None, rule }]
        }
    }
}

fn of_workflow(workflow: &Workflow) -> Vec<Citation<'_>> {
    let kind = kind_of(workflow);
    let whole = rule(kind, workflow.name.to_string(), &workflow.title);
    let pointer = "/cite".into();
    let own = Some(&workflow.clauses);
    let mut found = vec![Citation { pointer, cite: &workflow.cite, own, rule: whole }];
    for (at, clock) in workflow.clocks.iter().enumerate() {
        // A duty's own clock is the duty itself, with the same reference.
        if kind != RuleKind::Workflow && clock.cite == workflow.cite {
            continue;
        }
        let name = format!("{}/{}", workflow.name, clock.name);
        let rule = rule(RuleKind::Clock, name, &clock.title);
        found.push(Citation { pointer: format!("/clocks/{at}/cite"), cite: &clock.cite, own: None, rule });
    }
    found
}

fn of_scorecard(card: &Scorecard) -> Vec<Citation<'_>> {
    let whole = rule(RuleKind::Scorecard, card.name.to_string(), &card.title);
    let mut found = vec![Citation { pointer: "/cite".into(), cite: &card.cite, own: None, rule: whole }];
    for (at, section) in card.sections.iter().enumerate() {
        let pointer = child("/sections", at);
        let part = rule(RuleKind::Section, format!("{}/{}", card.name, section.name), &section.title);
        let place = child(&pointer, "cite");
        found.push(Citation { pointer: place, cite: &section.cite, own: None, rule: part });
        for (at, item) in section.items.iter().enumerate() {
            let place = child(&child(&child(&pointer, "items"), at), "cite");
            let part = rule(RuleKind::Item, format!("{}/{}", card.name, item.name), &item.title);
            found.push(Citation { pointer: place, cite: &item.cite, own: None, rule: part });
        }
    }
    found
}

/// What the answers of a tenant are called; the policy itself has no title.
fn answers_title() -> Text {
    Text { zh: "答复督办".into(), en: "Answers to supervision".into() }
}

fn rule(kind: RuleKind, name: String, title: &Text) -> Rule {
    Rule { kind, name, title: title.clone() }
}
