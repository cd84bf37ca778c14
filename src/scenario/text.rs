//! From a text to scenarios, each with its tree so that its lines are known.

use crate::policy::authored::document::{Authored, Document, textual};
use crate::policy::authored::scenario::AuthoredScenario;
use crate::policy::authored::yaml;
use crate::policy::problem::{Flaw, Place, Problem, child};
use crate::policy::resolve::Source;

/// A scenario with the document that it was written in.
#[derive(Debug)]
pub struct Scenario {
    /// What it says.
    pub authored: AuthoredScenario,
    document: Document,
}

impl Scenario {
    /// The file that it was written in.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.document.file
    }

    /// Where a part of it stands; `pointer` names the part.
    #[must_use]
    pub fn place(&self, pointer: &str) -> Place {
        self.document.node.locate(pointer)
    }
}

/// Reads every scenario of a text. `tenant` is the folder that the text lies in,
/// if it is known: a scenario of another tenant is a mistake.
#[must_use]
pub fn read(source: &Source, tenant: Option<&str>) -> (Vec<Scenario>, Vec<Problem>) {
    let mut parsed = yaml::parse(&source.text);
    parsed.flaws.retain(|(_, flaw)| !is_own_word(flaw));
    let told: Vec<Place> = parsed.flaws.iter().map(|(place, _)| *place).collect();
    let mut problems: Vec<Problem> =
        parsed.flaws.into_iter().map(|flaw| textual(&source.path, flaw)).collect();
    let mut scenarios = Vec::new();
    for node in parsed.documents {
        let (document, wrong) = Document::read(&source.path, node, false);
        problems.extend(wrong.into_iter().filter(|problem| !told.contains(&problem.place)));
        let authored = match &document.authored {
            Some(Authored::Scenario(authored)) => (**authored).clone(),
            Some(_) => {
                let message = "here only scenarios stand; a policy belongs in the folder above";
                problems.push(document.problem(Flaw::mistake("scenario.kind", "/kind", "", message)));
                continue;
            }
            None => continue,
        };
        let flaws = flaws(&authored, tenant);
        if flaws.is_empty() {
            scenarios.push(Scenario { authored, document });
        } else {
            problems.extend(flaws.into_iter().map(|flaw| document.problem(flaw)));
        }
    }
    (scenarios, problems)
}

/// `on` is a key of a step, and reads well there. Some readers of YAML take it for
/// a truth value; scenarios are read by this one alone.
fn is_own_word(flaw: &Flaw) -> bool {
    flaw.rule == "yaml.ambiguous-word" && flaw.value == "on"
}

/// What the schema cannot say.
fn flaws(scenario: &AuthoredScenario, tenant: Option<&str>) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    if let Some(folder) = tenant.filter(|folder| *folder != scenario.tenant.as_str()) {
        let message = format!("the file lies in the folder of {folder}");
        flaws.push(Flaw::mistake("scenario.tenant", "/tenant", scenario.tenant.as_str(), message));
    }
    for (at, step) in scenario.steps.iter().enumerate() {
        flaws.extend(step.deed(&child("/steps", at)).err());
    }
    flaws
}
