//! An authored document with its tree: what it says, and where.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::duty::AuthoredDuty;
use super::event_type;
use super::ladder::AuthoredLadder;
use super::node::{Content, Node};
use super::register::AuthoredRegister;
use super::scenario::AuthoredScenario;
use super::score::{AuthoredScorecard, AuthoredTarget};
use super::structure;
use super::told::{AuthoredAnswers, AuthoredDelivery, AuthoredReaction};
use super::workflow::AuthoredWorkflow;
use crate::calendar::CalendarDef;
use crate::policy::definition::EventTypeDefinition;
use crate::policy::near;
use crate::policy::notice::Notice;
use crate::policy::problem::{Flaw, Place, Problem};

/// What a document says.
#[derive(Debug, Clone)]
pub enum Authored {
    /// Who there is.
    Register(AuthoredRegister),
    /// Which days count.
    Calendar(Box<CalendarDef>),
    /// Who is told when.
    Ladder(AuthoredLadder),
    /// A document whose clauses the rules cite.
    Notice(Box<Notice>),
    /// What is owed once.
    Workflow(Box<AuthoredWorkflow>),
    /// What is owed again and again.
    Duty(Box<AuthoredDuty>),
    /// What must come of all that, tried in virtual time; no policy.
    Scenario(Box<AuthoredScenario>),
    /// A figure that has to reach a number.
    Target(Box<AuthoredTarget>),
    /// What figures are worth.
    Scorecard(Box<AuthoredScorecard>),
    /// Who is told by what.
    Delivery(Box<AuthoredDelivery>),
    /// What every open case takes.
    Answers(Box<AuthoredAnswers>),
    /// What follows by itself.
    Reaction(Box<AuthoredReaction>),
    /// What a fact must look like.
    EventType(EventTypeDefinition),
}

/// A document of a file.
#[derive(Debug)]
pub struct Document {
    /// The file's path as it was given.
    pub file: String,
    /// Its tree.
    pub node: Node,
    /// What it says; none when its structure is broken.
    pub authored: Option<Authored>,
}

impl Document {
    /// Reads a tree as a document. `schema_file` says that it is an event type's
    /// JSON Schema, which has no `kind`.
    #[must_use]
    pub fn read(file: &str, node: Node, schema_file: bool) -> (Self, Vec<Problem>) {
        let mut document = Self { file: file.into(), node, authored: None };
        let read = if schema_file { document.event_type() } else { document.policy() };
        match read {
            Ok(authored) => document.authored = Some(authored),
            Err(problems) => return (document, problems),
        }
        (document, Vec::new())
    }

    /// A flaw at its place in the file.
    #[must_use]
    pub fn problem(&self, mut flaw: Flaw) -> Problem {
        if let Some(Authored::Duty(duty)) = &self.authored {
            flaw.field = duty.authored_field(&flaw.field);
        }
        Problem { file: self.file.clone(), place: self.node.locate(&flaw.field), flaw }
    }

    /// The kind and name as written, for what refers to a broken document.
    #[must_use]
    pub fn label(&self) -> (Option<&str>, Option<&str>) {
        (self.node.text("kind"), self.node.text("name"))
    }

    /// Whether it is, or cannot be told not to be, a rule beside others.
    #[must_use]
    pub const fn is_rule(&self) -> bool {
        match self.authored {
            Some(
                Authored::Workflow(_)
                | Authored::Duty(_)
                | Authored::Target(_)
                | Authored::Scorecard(_)
                | Authored::Delivery(_)
                | Authored::Answers(_)
                | Authored::Reaction(_),
            )
            | None => true,
            Some(
                Authored::Register(_)
                | Authored::Calendar(_)
                | Authored::Ladder(_)
                | Authored::Notice(_)
                | Authored::Scenario(_)
                | Authored::EventType(_),
            ) => false,
        }
    }

    fn event_type(&self) -> Result<Authored, Vec<Problem>> {
        let read = event_type::resolve(self.node.json());
        read.map(Authored::EventType)
            .map_err(|flaws| flaws.into_iter().map(|flaw| self.problem(flaw)).collect())
    }

    fn policy(&self) -> Result<Authored, Vec<Problem>> {
        let kind = self.kind().map_err(|flaw| vec![self.problem(flaw)])?;
        let mut json = self.node.json();
        let wrong: Vec<Problem> =
            structure::flaws(kind, &json).into_iter().map(|it| self.structural(it)).collect();
        if !wrong.is_empty() {
            return Err(wrong);
        }
        if let Value::Object(map) = &mut json {
            map.remove("kind");
        }
        let read = match kind {
            "Register" => from(json).map(Authored::Register),
            "Calendar" => from(json).map(|it| Authored::Calendar(Box::new(it))),
            "Ladder" => from(json).map(Authored::Ladder),
            "Notice" => from(json).map(|it| Authored::Notice(Box::new(it))),
            "Workflow" => from(json).map(|it| Authored::Workflow(Box::new(it))),
            "Scenario" => from(json).map(|it| Authored::Scenario(Box::new(it))),
            "Target" => from(json).map(|it| Authored::Target(Box::new(it))),
            "Scorecard" => from(json).map(|it| Authored::Scorecard(Box::new(it))),
            "Delivery" => from(json).map(|it| Authored::Delivery(Box::new(it))),
            "Answers" => from(json).map(|it| Authored::Answers(Box::new(it))),
            "Reaction" => from(json).map(|it| Authored::Reaction(Box::new(it))),
            _ => from(json).map(|it| Authored::Duty(Box::new(it))),
        };
        read.map_err(|flaw| vec![self.problem(flaw)])
    }

    fn structural(&self, structural: structure::Structural) -> Problem {
        let structure::Structural { flaw, key } = structural;
        let parent = flaw.field.rsplit_once('/').map_or("", |(parent, _)| parent);
        let place =
            key.map_or_else(|| self.node.locate(&flaw.field), |key| self.node.locate_key(parent, &key));
        Problem { file: self.file.clone(), place, flaw }
    }

    fn kind(&self) -> Result<&str, Flaw> {
        if !matches!(self.node.content, Content::Map(_)) {
            return Err(Flaw::mistake(
                "document.form",
                "",
                "",
                "a document is a mapping that begins with kind",
            ));
        }
        let known = super::language::KINDS;
        match self.node.text("kind") {
            Some(kind) if known.contains(&kind) => Ok(kind),
            Some(kind) => {
                Err(Flaw::mistake("kind.unknown", "/kind", kind, "there is no such kind of document")
                    .with_hint(near::hint(kind, known)))
            }
            None => Err(Flaw::mistake("key.missing", "", "", "the key \"kind\" is missing")
                .with_hint(near::hint("", known))),
        }
    }
}

/// What the schema let pass and the type refuses still gets a place: the document's.
fn from<T: DeserializeOwned>(json: Value) -> Result<T, Flaw> {
    serde_json::from_value(json).map_err(|error| Flaw::mistake("value.form", "", "", error.to_string()))
}

/// A problem of a text that has no document.
#[must_use]
pub fn textual(file: &str, (place, flaw): (Place, Flaw)) -> Problem {
    Problem { file: file.into(), place, flaw }
}
