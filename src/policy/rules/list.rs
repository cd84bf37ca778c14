//! The rows: one for each duty, quota, clock, target and score item of a tenant.

use std::collections::BTreeMap;

use serde::Serialize;

use super::titles::{Titles, text};
use super::words;
use crate::calendar::Text;
use crate::id::UnitId;
use crate::policy::cites::{RuleKind, kind_of};
use crate::policy::definition::answers::Answers;
use crate::policy::definition::reaction::Reaction;
use crate::policy::definition::score::{Scorecard, Target};
use crate::policy::definition::{Cite, Definition, Workflow};

/// A rule with whom it binds, where it comes from, and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// What kind of rule.
    pub kind: RuleKind,
    /// Its name; a part's is that of the whole and its own: `objection/answer`.
    pub name: String,
    /// The version its author gave it.
    pub version: String,
    /// Its title.
    pub title: Text,
    /// The notice it comes from.
    pub notice: String,
    /// The clause that holds for every unit without one of its own.
    pub clause: String,
    /// Further clauses that it serves.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// The clauses that bind single units.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub clauses: BTreeMap<UnitId, String>,
    /// Whether it is the office's own setting and not the notice's.
    pub office_setting: bool,
    /// The units that owe it, in order; none means whichever unit a fact names.
    pub units: Vec<UnitId>,
    /// The rule in words.
    pub rule: Text,
}

impl Row {
    /// The clause that binds a unit.
    #[must_use]
    pub fn clause_for(&self, unit: &UnitId) -> &str {
        self.clauses.get(unit).unwrap_or(&self.clause)
    }

    /// The same for one unit alone; none when it does not bind the unit.
    #[must_use]
    pub fn for_unit(&self, unit: &UnitId) -> Option<Self> {
        let binds = self.units.is_empty() || self.units.contains(unit);
        binds.then(|| Self {
            clause: self.clause_for(unit).to_owned(),
            clauses: BTreeMap::new(),
            units: vec![unit.clone()],
            ..self.clone()
        })
    }
}

/// Every rule, in the order of the definitions and of their parts.
#[must_use]
pub fn rules(definitions: &[&Definition], titles: &Titles) -> Vec<Row> {
    let mut rows = Vec::new();
    for definition in definitions {
        match definition {
            Definition::Register(_)
            | Definition::Calendar(_)
            | Definition::EventType(_)
            | Definition::Notice(_)
            | Definition::Delivery(_) => {}
            Definition::Workflow(workflow) => rows.extend(of_workflow(workflow, titles)),
            Definition::Target(target) => rows.push(of_target(target)),
            Definition::Scorecard(card) => rows.extend(of_scorecard(card)),
            Definition::Answers(answers) => rows.push(of_answers(answers)),
            Definition::Reaction(reaction) => rows.push(of_reaction(reaction, titles)),
        }
    }
    rows
}

/// A duty is a row, and so is each clock; a duty's own clock is the duty.
fn of_workflow(workflow: &Workflow, titles: &Titles) -> Vec<Row> {
    let kind = kind_of(workflow);
    let name = workflow.name.to_string();
    let mut rows = Vec::new();
    if kind != RuleKind::Workflow || workflow.clocks.is_empty() {
        let (title, rule) = (text(&workflow.title), words::whole(workflow, titles));
        rows.push(row(workflow, kind, name.clone(), &workflow.cite, (title, rule)));
    }
    // The first clock of a duty with a date is what the whole says already.
    let own = usize::from(matches!(kind, RuleKind::Duty | RuleKind::Quota));
    for clock in workflow.clocks.iter().skip(own) {
        let said = (text(&clock.title), words::clock(clock, titles));
        let name = format!("{name}/{}", clock.name);
        rows.push(row(workflow, RuleKind::Clock, name, &clock.cite, said));
    }
    rows
}

fn row(workflow: &Workflow, kind: RuleKind, name: String, cite: &Cite, (title, rule): (Text, Text)) -> Row {
    let by_calendar = workflow.opens.event().is_none();
    let units = if by_calendar { workflow.opens.units().to_vec() } else { workflow.owed_by.clone() };
    let own = |unit: &UnitId| workflow.cite_of(cite, unit).clause;
    let clauses = workflow.clauses.keys().map(|unit| (unit.clone(), own(unit)));
    let clauses = clauses.filter(|(_, clause)| *clause != cite.clause).collect();
    let said = Said { kind, name, version: &workflow.version, title, rule };
    Row { clauses, ..said.row(cite, units) }
}

fn of_target(target: &Target) -> Row {
    let said = Said {
        kind: RuleKind::Target,
        name: target.name.to_string(),
        version: &target.version,
        title: text(&target.title),
        rule: words::target(target),
    };
    said.row(&target.cite, target.units.clone())
}

fn of_scorecard(card: &Scorecard) -> impl Iterator<Item = Row> + '_ {
    card.items().map(|item| {
        let said = Said {
            kind: RuleKind::Item,
            name: format!("{}/{}", card.name, item.name),
            version: &card.version,
            title: text(&item.title),
            rule: words::item(item),
        };
        said.row(&item.cite, card.units.clone())
    })
}

fn of_answers(answers: &Answers) -> Row {
    let said = Said {
        kind: RuleKind::Answers,
        name: answers.name.to_string(),
        version: &answers.version,
        title: Text::new("答复督办", "Answers to supervision"),
        rule: words::answers(answers),
    };
    said.row(&answers.cite, Vec::new())
}

fn of_reaction(reaction: &Reaction, titles: &Titles) -> Row {
    let said = Said {
        kind: RuleKind::Reaction,
        name: reaction.name.to_string(),
        version: &reaction.version,
        title: titles.event(&reaction.publish.kind),
        rule: words::reaction(reaction, titles),
    };
    said.row(&reaction.cite, Vec::new())
}

/// What a rule says of itself.
struct Said<'a> {
    kind: RuleKind,
    name: String,
    version: &'a str,
    title: Text,
    rule: Text,
}

impl Said<'_> {
    fn row(self, cite: &Cite, units: Vec<UnitId>) -> Row {
        Row {
            kind: self.kind,
            name: self.name,
            version: self.version.to_owned(),
            title: self.title,
            notice: cite.notice.clone(),
            clause: cite.clause.clone(),
            also: cite.also.clone(),
            clauses: BTreeMap::new(),
            office_setting: cite.office_setting,
            units,
            rule: self.rule,
        }
    }
}
