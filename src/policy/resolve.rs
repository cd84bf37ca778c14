//! From texts to definitions: every mistake of all files at once, or the
//! definitions in the order in which they are published.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::authored::document::{Authored, Document, textual};
use super::authored::workflow::Ladders;
use super::authored::yaml;
use super::check::world::World;
use super::check::{self, versions};
use super::definition::{Definition, Register, Workflow};
use super::problem::{Flaw, Place, Problem};
use super::set::PolicySet;

/// A text with the path that problems are told by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its path as it should be shown; `.json` means an event type's schema.
    pub path: String,
    /// Its content.
    pub text: String,
}

/// What came of some texts.
#[derive(Debug, Default)]
pub struct Report {
    /// The definitions, in the order in which to publish them; empty when there
    /// are mistakes.
    pub definitions: Vec<Definition>,
    /// Mistakes and findings by file, line and column.
    pub problems: Vec<Problem>,
}

impl Report {
    /// Whether the definitions may be published.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        !self.problems.iter().any(|problem| problem.flaw.is_mistake())
    }
}

/// Kinds of documents that others refer to by name.
const REFERRED_TO: [&str; 5] = ["Register", "Calendar", "Ladder", "EventType", "Notice"];

/// Folders that every tenant shares.
const SHARED: [&str; 3] = ["calendars", "ladders", "events"];

/// Sorts texts by tenant: `…/<tenant>/<file>` belongs to that tenant, and what
/// lies in `calendars`, `ladders` or `events` to all of them.
#[must_use]
pub fn by_tenant(sources: &[Source]) -> BTreeMap<String, Vec<Source>> {
    let folder = |source: &Source| source.path.rsplit('/').nth(1).unwrap_or_default().to_owned();
    let is_shared = |source: &&Source| SHARED.contains(&folder(source).as_str());
    let mut tenants: BTreeMap<String, Vec<Source>> = BTreeMap::new();
    for source in sources.iter().filter(|source| !is_shared(source)) {
        tenants.entry(folder(source)).or_default().push(source.clone());
    }
    for own in tenants.values_mut() {
        own.extend(sources.iter().filter(is_shared).cloned());
    }
    tenants
}

/// Reads one tenant's texts, shared ones included.
#[must_use]
pub fn resolve(sources: &[Source]) -> Report {
    let mut gathering = Gathering::default();
    for source in sources {
        gathering.read(source);
    }
    gathering.finish()
}

/// Reads one text alone and says what is wrong with it; never panics, whatever
/// the text is. An entry for editors and for fuzzing.
#[must_use]
pub fn check_text(text: &str) -> Vec<Problem> {
    resolve(&[Source { path: "text.yaml".into(), text: text.into() }]).problems
}

#[derive(Default)]
struct Gathering {
    documents: Vec<Document>,
    problems: Vec<Problem>,
    unknowable: BTreeSet<&'static str>,
}

impl Gathering {
    fn read(&mut self, source: &Source) {
        let parsed = yaml::parse(&source.text);
        let schema_file = Path::new(&source.path).extension().is_some_and(|it| it == "json");
        if !parsed.flaws.is_empty() && parsed.documents.is_empty() {
            // Whatever the text was to define, it is not reported as unknown too.
            self.unknowable.extend(REFERRED_TO);
        }
        // What is wrong with the text already is not told again as wrong in form.
        let told: BTreeSet<Place> = parsed.flaws.iter().map(|(place, _)| *place).collect();
        self.problems.extend(parsed.flaws.into_iter().map(|flaw| textual(&source.path, flaw)));
        for node in parsed.documents {
            let (document, problems) = Document::read(&source.path, node, schema_file);
            if document.authored.is_none() {
                self.note_broken(&document, schema_file);
            }
            self.problems.extend(problems.into_iter().filter(|it| !told.contains(&it.place)));
            self.documents.push(document);
        }
    }

    fn note_broken(&mut self, document: &Document, schema_file: bool) {
        let kind = if schema_file { Some("EventType") } else { document.label().0 };
        self.unknowable.extend(REFERRED_TO.into_iter().filter(|name| Some(*name) == kind));
    }

    fn finish(mut self) -> Report {
        let documents = std::mem::take(&mut self.documents);
        let (mut definitions, set) = self.foundations(&documents);
        let ladders = self.ladders(&documents, &set);
        let workflows = self.workflows(&documents, &ladders, &set);
        self.overlaps(&documents, &workflows);
        let told = self.told(&documents, &set, &workflows);
        let workflows = workflows.into_iter();
        let workflows = workflows.map(|(at, workflow)| (at, Definition::Workflow(Box::new(workflow))));
        let mut rules: Vec<(usize, Definition)> = workflows.collect();
        rules.extend(self.scores(&documents, &set));
        rules.extend(told);
        self.references(&documents, &rules, &set);
        definitions.extend(rules.into_iter().map(|(_, rule)| rule));
        let mut problems = self.problems;
        problems.sort_by(|left, right| {
            let key = |it: &Problem| (it.file.clone(), it.place, it.flaw.field.clone(), it.flaw.rule.clone());
            key(left).cmp(&key(right))
        });
        problems.dedup();
        let mut report = Report { definitions, problems };
        if !report.is_sound() {
            report.definitions.clear();
        }
        report
    }

    fn report(&mut self, document: &Document, flaws: impl IntoIterator<Item = Flaw>) {
        self.problems.extend(flaws.into_iter().map(|flaw| document.problem(flaw)));
    }

    /// Registers, calendars and event types: what the others refer to.
    fn foundations(&mut self, documents: &[Document]) -> (Vec<Definition>, PolicySet) {
        let mut definitions = Vec::new();
        let mut set = PolicySet::default();
        let mut names: BTreeMap<(&'static str, String), usize> = BTreeMap::new();
        for (at, document) in documents.iter().enumerate() {
            let Some(definition) = self.foundation(document) else { continue };
            let name = match &definition {
                // A tenant has one register, whatever its name; a type has versions.
                Definition::Register(_) => String::new(),
                Definition::EventType(it) => format!("{}/{}", it.name, it.version),
                Definition::Calendar(_)
                | Definition::Notice(_)
                | Definition::Workflow(_)
                | Definition::Target(_)
                | Definition::Scorecard(_)
                | Definition::Delivery(_)
                | Definition::Answers(_)
                | Definition::Reaction(_) => definition.name(),
            };
            if let Some(first) = names.insert((definition.kind(), name), at) {
                self.report(document, [twice(&documents[first], definition.kind(), &definition.name())]);
            }
            self.report(document, set.flaws(&definition));
            if let Ok(grown) = set.with(&definition) {
                set = grown;
            }
            definitions.push(definition);
        }
        definitions.sort_by_key(|it| match it {
            Definition::Register(_) => 0,
            Definition::Calendar(_) => 1,
            Definition::EventType(_) => 2,
            Definition::Notice(_) => 3,
            Definition::Workflow(_) => 4,
            Definition::Target(_) => 5,
            Definition::Scorecard(_) => 6,
            Definition::Delivery(_) => 7,
            Definition::Answers(_) => 8,
            Definition::Reaction(_) => 9,
        });
        (definitions, set)
    }

    fn foundation(&mut self, document: &Document) -> Option<Definition> {
        match document.authored.as_ref()? {
            Authored::Register(authored) => {
                let (register, flaws) = authored.resolve();
                self.report(document, flaws);
                Some(Definition::Register(register))
            }
            Authored::Calendar(calendar) => Some(Definition::Calendar((**calendar).clone())),
            Authored::EventType(event_type) => Some(Definition::EventType(event_type.clone())),
            Authored::Scenario(scenario) => {
                let message = "a scenario is no policy; move the file to the folder scenarios beside it";
                self.report(
                    document,
                    [Flaw::mistake("scenario.misplaced", "/kind", &scenario.name, message)],
                );
                None
            }
            Authored::Notice(notice) => Some(Definition::Notice((**notice).clone())),
            Authored::Ladder(_)
            | Authored::Workflow(_)
            | Authored::Duty(_)
            | Authored::Target(_)
            | Authored::Scorecard(_)
            | Authored::Delivery(_)
            | Authored::Answers(_)
            | Authored::Reaction(_) => None,
        }
    }

    fn world<'a>(&self, set: &'a PolicySet) -> World<'a> {
        World { unknowable: self.unknowable.clone(), ..set.world() }
    }

    fn ladders(&mut self, documents: &[Document], set: &PolicySet) -> Ladders {
        let mut ladders = Ladders::new();
        let mut first: BTreeMap<crate::id::Name, usize> = BTreeMap::new();
        for (at, document) in documents.iter().enumerate() {
            let Some(Authored::Ladder(authored)) = &document.authored else { continue };
            if let Some(first) = first.insert(authored.name.clone(), at) {
                self.report(document, [twice(&documents[first], "Ladder", authored.name.as_str())]);
            }
            match authored.resolve() {
                Ok(ladder) => {
                    let flaws = check::ladder::flaws(&self.world(set), &ladder);
                    self.report(document, flaws);
                    ladders.insert(ladder.name.clone(), ladder);
                }
                Err(flaws) => {
                    self.report(document, flaws);
                    self.unknowable.insert("Ladder");
                }
            }
        }
        ladders
    }

    /// Workflows and duties with the place of their document.
    fn workflows(
        &mut self,
        documents: &[Document],
        ladders: &Ladders,
        set: &PolicySet,
    ) -> Vec<(usize, Workflow)> {
        let nobody = nobody();
        let register = set.register().or(nobody.as_ref());
        let mut workflows = Vec::new();
        for (at, document) in documents.iter().enumerate() {
            let (workflow, mut flaws) = match &document.authored {
                Some(Authored::Workflow(authored)) => match register {
                    Some(register) => authored.resolve(ladders, register),
                    None => continue,
                },
                Some(Authored::Duty(authored)) => match register {
                    Some(register) => authored.resolve(ladders, register),
                    None => continue,
                },
                Some(_) | None => continue,
            };
            let some_group_unknown = flaws.iter().any(|flaw| flaw.rule == "group.unknown");
            if let Some(workflow) = workflow {
                flaws.extend(check::workflow::flaws(&self.world(set), &workflow));
                workflows.push((at, workflow));
            }
            // Who owes a duty is unknown, not nobody, while its group is unknown.
            flaws.retain(|flaw| {
                !(self.is_unknowable(flaw) || some_group_unknown && flaw.rule == "duty.nobody")
            });
            self.report(document, flaws);
        }
        workflows
    }

    /// Targets and scorecards, in this order.
    fn scores(&mut self, documents: &[Document], set: &PolicySet) -> Vec<(usize, Definition)> {
        let nobody = nobody();
        let Some(register) = set.register().or(nobody.as_ref()) else { return Vec::new() };
        let mut definitions: Vec<(usize, Definition)> = Vec::new();
        for (at, document) in documents.iter().enumerate() {
            let (definition, mut flaws) = match &document.authored {
                Some(Authored::Target(authored)) => {
                    let (target, flaws) = authored.resolve(register);
                    (Some(Definition::Target(Box::new(target))), flaws)
                }
                Some(Authored::Scorecard(authored)) => {
                    let (card, flaws) = authored.resolve(register);
                    (card.map(|card| Definition::Scorecard(Box::new(card))), flaws)
                }
                Some(_) | None => continue,
            };
            let some_group_unknown = flaws.iter().any(|flaw| flaw.rule == "group.unknown");
            if let Some(definition) = definition {
                flaws.extend(check::score::flaws(&self.world(set), &definition));
                let others = definitions.iter().filter_map(|(_, other)| other.effective_beside(&definition));
                flaws.extend(
                    others.filter_map(|(other, this)| versions::overlap(other, this)).collect::<Vec<_>>(),
                );
                definitions.push((at, definition));
            }
            flaws.retain(|flaw| {
                !(self.is_unknowable(flaw) || some_group_unknown && flaw.rule == "score.nobody")
            });
            self.report(document, flaws);
        }
        definitions.sort_by_key(|(_, it)| it.kind() == "Scorecard");
        definitions
    }

    fn is_unknowable(&self, flaw: &Flaw) -> bool {
        (flaw.rule == "ladder.unknown" && self.unknowable.contains("Ladder"))
            || (flaw.rule == "group.unknown" && self.unknowable.contains("Register"))
    }

    /// What rules and notices say of each other.
    fn references(&mut self, documents: &[Document], rules: &[(usize, Definition)], set: &PolicySet) {
        let mut unlisted: BTreeSet<String> = BTreeSet::new();
        for (at, rule) in rules {
            let mut flaws = check::cite::flaws(&self.world(set), rule);
            // That a tenant lists no notices is told once for each that it cites.
            flaws.retain(|flaw| flaw.is_mistake() || unlisted.insert(flaw.value.clone()));
            self.report(&documents[*at], flaws);
        }
        // While a document cannot be read, what it encodes looks uncovered.
        if rules.len() < documents.iter().filter(|document| document.is_rule()).count() {
            return;
        }
        let cited: Vec<&Definition> = rules.iter().map(|(_, rule)| rule).collect();
        let notices = documents.iter().enumerate().filter_map(|(at, document)| match &document.authored {
            Some(Authored::Notice(notice)) => Some((at, Definition::Notice((**notice).clone()))),
            Some(_) | None => None,
        });
        let notices: Vec<(usize, Definition)> = notices.collect();
        for (at, notice) in &notices {
            let flaws = notice.as_notice().map(|notice| check::coverage::flaws(notice, &cited));
            self.report(&documents[*at], flaws.unwrap_or_default());
        }
        let (places, all): (Vec<usize>, Vec<&Definition>) =
            notices.iter().chain(rules).map(|(at, definition)| (*at, definition)).unzip();
        for (nth, flaw) in check::topic::flaws(&all) {
            self.report(&documents[places[nth]], [flaw]);
        }
    }

    fn overlaps(&mut self, documents: &[Document], workflows: &[(usize, Workflow)]) {
        for (place, (at, this)) in workflows.iter().enumerate() {
            for (_, other) in workflows[..place].iter().filter(|(_, other)| other.name == this.name) {
                let flaw =
                    versions::overlap((&other.version, other.effective), (&this.version, this.effective));
                self.report(&documents[*at], flaw);
            }
        }
    }
}

fn twice(first: &Document, kind: &str, name: &str) -> Flaw {
    let line = first.node.locate("/name").line;
    let message = format!("a {kind} of this name stands in {} line {line} already", first.file);
    let field = if kind == "EventType" { "/$id" } else { "/name" };
    Flaw::mistake("name.duplicate", field, name, message)
}

/// A register without units: duties are still read where there is no register,
/// whose absence is told by itself.
fn nobody() -> Option<Register> {
    Some(Register {
        name: crate::id::Name::new("none").ok()?,
        version: String::new(),
        title: super::definition::Text::default(),
        units: Vec::new(),
        groups: BTreeMap::new(),
        roles: BTreeMap::new(),
        settings: super::definition::Settings::default(),
    })
}

mod tenants;
mod told;

pub use tenants::resolve_all;

#[cfg(test)]
mod tests;
