//! Delivery, answers and reactions of a tenant's texts.

use super::super::authored::document::{Authored, Document};
use super::super::check;
use super::super::check::versions;
use super::super::definition::reaction::Reaction;
use super::super::definition::{Definition, Workflow};
use super::super::set::PolicySet;
use super::{Gathering, nobody, twice};

impl Gathering {
    /// The delivery, the answers and the reactions, in this order.
    pub(super) fn told(
        &mut self,
        documents: &[Document],
        set: &PolicySet,
        workflows: &[(usize, Workflow)],
    ) -> Vec<(usize, Definition)> {
        let mut definitions = self.delivery(documents, set);
        definitions.extend(self.answers(documents, set));
        definitions.extend(self.reactions(documents, set, workflows));
        definitions
    }

    fn delivery(&mut self, documents: &[Document], set: &PolicySet) -> Vec<(usize, Definition)> {
        let nobody = nobody();
        let Some(register) = set.register().or(nobody.as_ref()) else { return Vec::new() };
        let mut found: Vec<(usize, Definition)> = Vec::new();
        for (at, document) in documents.iter().enumerate() {
            let Some(Authored::Delivery(authored)) = &document.authored else { continue };
            if let Some((first, _)) = found.first() {
                self.report(document, [twice(&documents[*first], "Delivery", authored.name.as_str())]);
            }
            let (delivery, mut flaws) = authored.resolve(register);
            flaws.extend(check::told::delivery(&self.world(set), &delivery));
            flaws.retain(|flaw| !self.is_unknowable(flaw));
            self.report(document, flaws);
            found.push((at, Definition::Delivery(Box::new(delivery))));
        }
        found
    }

    fn answers(&mut self, documents: &[Document], set: &PolicySet) -> Vec<(usize, Definition)> {
        let nobody = nobody();
        let Some(register) = set.register().or(nobody.as_ref()) else { return Vec::new() };
        let mut found: Vec<(usize, Definition)> = Vec::new();
        for (at, document) in documents.iter().enumerate() {
            let Some(Authored::Answers(authored)) = &document.authored else { continue };
            let (answers, mut flaws) = authored.resolve(register);
            if let Some(answers) = answers {
                flaws.extend(check::told::answers(&self.world(set), &answers));
                let answers = Definition::Answers(Box::new(answers));
                let others = found.iter().filter_map(|(_, other)| other.effective_beside(&answers));
                flaws.extend(others.filter_map(|(other, this)| versions::overlap(other, this)));
                found.push((at, answers));
            }
            flaws.retain(|flaw| !self.is_unknowable(flaw));
            self.report(document, flaws);
        }
        found
    }

    fn reactions(
        &mut self,
        documents: &[Document],
        set: &PolicySet,
        workflows: &[(usize, Workflow)],
    ) -> Vec<(usize, Definition)> {
        let all: Vec<(usize, Reaction)> = documents
            .iter()
            .enumerate()
            .filter_map(|(at, document)| match &document.authored {
                Some(Authored::Reaction(authored)) => Some((at, authored.resolve())),
                Some(_) | None => None,
            })
            .collect();
        // Whether a type opens anything is not known while a workflow cannot be read.
        let readable = workflows.len()
            == documents
                .iter()
                .filter(|it| matches!(it.authored, Some(Authored::Workflow(_) | Authored::Duty(_)) | None))
                .count();
        let known: Vec<&Workflow> = workflows.iter().map(|(_, workflow)| workflow).collect();
        let reactions: Vec<&Reaction> = all.iter().map(|(_, reaction)| reaction).collect();
        let mut found: Vec<(usize, Definition)> = Vec::new();
        for (at, reaction) in &all {
            let mut flaws = check::told::reaction(&self.world(set), &known, &reactions, reaction);
            flaws.retain(|flaw| {
                readable || !matches!(flaw.rule.as_str(), "reaction.idle" | "workflow.unknown")
            });
            let definition = Definition::Reaction(Box::new(reaction.clone()));
            let others = found.iter().filter_map(|(_, other)| other.effective_beside(&definition));
            flaws.extend(others.filter_map(|(other, this)| versions::overlap(other, this)));
            self.report(&documents[*at], flaws);
            found.push((*at, definition));
        }
        found
    }
}
