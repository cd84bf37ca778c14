//! All tenants of a folder together: what they share, and what none of them uses.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Report, Source, by_tenant, resolve};
use crate::event::names::is_stated_to_duban;
use crate::id::EventType;
use crate::policy::authored::document::{Authored, Document};
use crate::policy::authored::yaml;
use crate::policy::check::graph;
use crate::policy::definition::Definition;
use crate::policy::problem::Flaw;

/// What each tenant's texts resolve to; in each also the types of facts that no
/// tenant takes.
#[must_use]
pub fn resolve_all(sources: &[Source]) -> BTreeMap<String, Report> {
    let tenants = by_tenant(sources).into_iter();
    let mut reports: BTreeMap<String, Report> =
        tenants.map(|(tenant, texts)| (tenant, resolve(&texts))).collect();
    // What a definition with mistakes would take is not known.
    if !reports.values().all(Report::is_sound) {
        return reports;
    }
    let all = reports.values().flat_map(|report| &report.definitions);
    let taken: BTreeSet<EventType> = all.flat_map(taken_by).collect();
    for source in
        sources.iter().filter(|source| Path::new(&source.path).extension().is_some_and(|it| it == "json"))
    {
        for node in yaml::parse(&source.text).documents {
            let (document, _) = Document::read(&source.path, node, true);
            let Some(Authored::EventType(event_type)) = &document.authored else { continue };
            if taken.contains(&event_type.name) || is_stated_to_duban(&event_type.name) {
                continue;
            }
            let name = event_type.name.as_str();
            let message = "no workflow of any tenant takes facts of this type, and nothing counts them";
            let problem = document.problem(Flaw::finding("event.untaken", "/$id", name, message));
            for report in reports.values_mut() {
                report.problems.push(problem.clone());
            }
        }
    }
    reports
}

/// The types of facts that a definition takes or counts.
fn taken_by(definition: &Definition) -> Vec<EventType> {
    match definition {
        Definition::Register(_)
        | Definition::Calendar(_)
        | Definition::EventType(_)
        | Definition::Notice(_)
        | Definition::Delivery(_)
        | Definition::Reaction(_) => Vec::new(),
        Definition::Workflow(workflow) => {
            let moved = graph::transitions(workflow).map(|(_, event, _)| event);
            let counted = workflow.quota.iter().flat_map(|quota| &quota.events);
            moved.chain(workflow.opens.event()).chain(counted).cloned().collect()
        }
        Definition::Answers(answers) => answers.takes().collect(),
        Definition::Target(target) => {
            target.inputs.values().flat_map(|input| &input.facts).cloned().collect()
        }
        Definition::Scorecard(card) => {
            let inputs = card.items().flat_map(|item| item.inputs.values());
            inputs.flat_map(|input| &input.facts).cloned().collect()
        }
    }
}
