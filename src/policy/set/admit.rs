//! What may join the set: a definition held against those in force.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::policies::PolicySet;
use crate::id::{EventType, Name};
use crate::policy::check::{self, world::World};
use crate::policy::definition::reaction::Reaction;
use crate::policy::definition::{Definition, Register, Workflow};
use crate::policy::problem::Flaw;

/// A definition that is refused, with every mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsound {
    /// The definition's kind and name.
    pub definition: String,
    /// Its mistakes, at least one.
    pub mistakes: Vec<Flaw>,
}

/// How many mistakes the sentence names; the rest are counted.
const MOST_NAMED: usize = 5;

/// How many quotas one type of fact may count for: one fact closes at most so many
/// cases beside its own, which bounds its group of events.
pub const MOST_QUOTAS: usize = 16;

impl fmt::Display for Unsound {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "take the {} into force:", self.definition)?;
        for flaw in self.mistakes.iter().take(MOST_NAMED) {
            let field = if flaw.field.is_empty() { "/" } else { &flaw.field };
            write!(out, " [{}] at {field}: {};", flaw.rule, flaw.sentence())?;
        }
        match self.mistakes.len().checked_sub(MOST_NAMED) {
            None | Some(0) => Ok(()),
            Some(more) => write!(out, " and {more} more"),
        }
    }
}

impl std::error::Error for Unsound {}

impl PolicySet {
    /// The set with a definition taken in, if it is sound beside the others.
    ///
    /// # Errors
    /// [`Unsound`] with every mistake. Findings are no reason to refuse.
    pub fn admit(&self, definition: &Definition) -> Result<Self, Unsound> {
        let label = format!("{} {}", definition.kind(), definition.name());
        let mut mistakes = self.flaws(definition);
        mistakes.retain(Flaw::is_mistake);
        if !mistakes.is_empty() {
            return Err(Unsound { definition: label, mistakes });
        }
        self.with(definition).map_err(|error| {
            let flaw = Flaw::mistake("definition.unwritable", "", &definition.name(), error.to_string());
            Unsound { definition: label, mistakes: vec![flaw] }
        })
    }

    /// Mistakes and findings of a definition beside those in force.
    #[must_use]
    pub fn flaws(&self, definition: &Definition) -> Vec<Flaw> {
        let mut flaws = check::cite::flaws(&self.world(), definition);
        flaws.extend(self.own_flaws(definition));
        flaws
    }

    fn own_flaws(&self, definition: &Definition) -> Vec<Flaw> {
        match definition {
            Definition::Register(register) => self.register_flaws(register),
            Definition::Calendar(calendar) => check::calendar::flaws(calendar),
            Definition::EventType(event_type) => check::event_type::flaws(event_type),
            Definition::Notice(notice) => check::notice::flaws(notice),
            Definition::Workflow(workflow) => self.workflow_flaws(workflow),
            Definition::Target(_) | Definition::Scorecard(_) => self.score_flaws(definition),
            Definition::Delivery(delivery) => check::told::delivery(&self.world(), delivery),
            Definition::Answers(answers) => {
                let mut flaws = check::told::answers(&self.world(), answers);
                flaws.extend(self.version_flaws(definition));
                flaws
            }
            Definition::Reaction(reaction) => self.reaction_flaws(definition, reaction),
        }
    }

    fn score_flaws(&self, definition: &Definition) -> Vec<Flaw> {
        let mut flaws = check::score::flaws(&self.world(), definition);
        flaws.extend(self.version_flaws(definition));
        flaws
    }

    fn reaction_flaws(&self, definition: &Definition, reaction: &Reaction) -> Vec<Flaw> {
        let workflows: Vec<&Workflow> = self.latest().map(AsRef::as_ref).collect();
        let others: Vec<&Reaction> = self.all_reactions().map(AsRef::as_ref).collect();
        let mut flaws = check::told::reaction(&self.world(), &workflows, &others, reaction);
        // A workflow that comes later is waited for; in a tenant's texts it is a mistake.
        flaws.retain(|flaw| flaw.rule != "workflow.unknown");
        flaws.extend(self.version_flaws(definition));
        flaws
    }

    fn version_flaws(&self, definition: &Definition) -> Vec<Flaw> {
        let others = self.definitions().filter_map(|(_, other)| other.effective_beside(definition));
        // A version that begins on the same day replaces the other one.
        let others = others.filter(|(other, this)| other.1.from != this.1.from);
        others.filter_map(|(other, this)| check::versions::overlap(other, this)).collect()
    }

    /// The latest version of every workflow, in order of names.
    fn latest(&self) -> impl Iterator<Item = &Arc<Workflow>> {
        self.0.versions.values().filter_map(|it| self.0.workflows.get(it.values().next_back()?))
    }

    /// The names that definitions may refer to.
    #[must_use]
    pub fn world(&self) -> World<'_> {
        World {
            register: self.register(),
            calendars: self.0.calendar_names.keys().map(Name::as_str).collect(),
            types: self.0.types.iter().map(|(name, it)| (name.as_str(), it.schemas().collect())).collect(),
            notices: self.notices().map(|notice| (notice.name.as_str(), notice)).collect(),
            unknowable: BTreeSet::new(),
        }
    }

    /// A new register must still know what the workflows in force name.
    fn register_flaws(&self, register: &Register) -> Vec<Flaw> {
        let mut flaws = check::register::flaws(register);
        let world = World { register: Some(register), ..self.world() };
        for workflow in self.latest() {
            let lost = check::workflow::flaws(&world, workflow).into_iter();
            let lost = lost.filter(|it| matches!(it.rule.as_str(), "unit.unknown" | "role.unknown"));
            flaws.extend(lost.map(|mut flaw| {
                flaw.message = format!("the workflow {} needs it: {}", workflow.name, flaw.message);
                flaw
            }));
        }
        flaws
    }

    /// A fact must not count for more quotas than its group of events has room for.
    fn crowded_quotas(&self, workflow: &Workflow) -> Vec<Flaw> {
        let events = workflow.quota.iter().flat_map(|quota| quota.events.iter().enumerate());
        let others = |event| self.quotas(event).filter(|name| **name != workflow.name).count();
        let crowded = events.filter(|(_, event)| others(event) >= MOST_QUOTAS);
        let flaw = |(at, event): (usize, &EventType)| {
            let message = format!("{MOST_QUOTAS} other quotas count {event} already");
            Flaw::mistake("quota.crowded", &format!("/quota/events/{at}"), event.as_str(), message)
        };
        crowded.map(flaw).collect()
    }

    fn workflow_flaws(&self, workflow: &Workflow) -> Vec<Flaw> {
        let world = self.world();
        let mut flaws = check::workflow::flaws(&world, workflow);
        for (at, clock) in workflow.clocks.iter().enumerate() {
            if let Some(ladder) = &clock.ladder {
                let own = check::ladder::flaws(&world, ladder);
                flaws.extend(own.into_iter().map(|flaw| flaw.under(&format!("/clocks/{at}/ladder"))));
            }
        }
        flaws.extend(self.crowded_quotas(workflow));
        let this = (workflow.version.as_str(), workflow.effective);
        for other in self.versions(&workflow.name).filter(|it| it.effective.from != workflow.effective.from) {
            flaws.extend(check::versions::overlap((&other.version, other.effective), this));
        }
        flaws
    }
}
