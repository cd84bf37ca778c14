//! The language's JSON Schema, generated from the authored types: one source for
//! editors and for the reader itself.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::duty::AuthoredDuty;
use super::ladder::AuthoredLadder;
use super::register::AuthoredRegister;
use super::scenario::AuthoredScenario;
use super::score::{AuthoredScorecard, AuthoredTarget};
use super::told::{AuthoredAnswers, AuthoredDelivery, AuthoredReaction};
use super::workflow::AuthoredWorkflow;
use crate::calendar::CalendarDef;
use crate::policy::notice::Notice;

/// The kinds of documents that a YAML file may hold.
pub const KINDS: [&str; 12] = [
    "Register",
    "Calendar",
    "Ladder",
    "Notice",
    "Workflow",
    "Duty",
    "Target",
    "Scorecard",
    "Scenario",
    "Delivery",
    "Answers",
    "Reaction",
];

/// The schema of one document: `kind` chooses which definition holds.
///
/// Deterministic: the text is the same for the same code, which a test compares
/// with `workflows/schema.json`.
#[must_use]
pub fn language_schema() -> Value {
    let (references, definitions) = definitions();
    let branches: Vec<Value> = references
        .iter()
        .map(|(kind, reference)| {
            json!({"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": {"$ref": reference}})
        })
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "duban:language/1",
        "title": "duban policy document",
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": KINDS}},
        "allOf": branches,
        "$defs": definitions,
    })
}

/// The schema that a document of one kind is held against.
pub(super) fn schema_of(kind: &str) -> Option<Value> {
    let (references, definitions) = definitions();
    let (_, reference) = references.into_iter().find(|(name, _)| *name == kind)?;
    Some(
        json!({"$schema": "https://json-schema.org/draft/2020-12/schema", "$ref": reference, "$defs": definitions}),
    )
}

/// Each kind with its reference, and all definitions.
fn definitions() -> (Vec<(&'static str, String)>, Map<String, Value>) {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let references = vec![
        ("Register", reference::<AuthoredRegister>(&mut generator)),
        ("Calendar", reference::<CalendarDef>(&mut generator)),
        ("Ladder", reference::<AuthoredLadder>(&mut generator)),
        ("Notice", reference::<Notice>(&mut generator)),
        ("Workflow", reference::<AuthoredWorkflow>(&mut generator)),
        ("Duty", reference::<AuthoredDuty>(&mut generator)),
        ("Scenario", reference::<AuthoredScenario>(&mut generator)),
        ("Target", reference::<AuthoredTarget>(&mut generator)),
        ("Scorecard", reference::<AuthoredScorecard>(&mut generator)),
        ("Delivery", reference::<AuthoredDelivery>(&mut generator)),
        ("Answers", reference::<AuthoredAnswers>(&mut generator)),
        ("Reaction", reference::<AuthoredReaction>(&mut generator)),
    ];
    let mut definitions = generator.take_definitions(true);
    for (kind, reference) in &references {
        let name = reference.rsplit('/').next().unwrap_or_default();
        if let Some(properties) = definitions.get_mut(name).and_then(|it| it.get_mut("properties")) {
            properties["kind"] = json!({"const": kind, "description": "The kind of this document."});
        }
    }
    (references, definitions)
}

fn reference<T: JsonSchema>(generator: &mut SchemaGenerator) -> String {
    let schema = generator.subschema_for::<T>();
    schema.get("$ref").and_then(Value::as_str).unwrap_or_default().to_owned()
}
