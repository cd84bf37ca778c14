//! Facts' data held against the schema of their type and version.
//!
//! Schemas are compiled once, look nothing up in the network, and match patterns
//! in linear time, so that a fact costs what its size says.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jsonschema::{PatternOptions, Validator};
use serde_json::Value;

use crate::event::catalogue::Reason;
use crate::policy::definition::EventTypeDefinition;

/// How much of what the validator says goes into a refusal, in characters.
const MOST_SAID: usize = 300;

/// The compiled versions of one event type.
#[derive(Clone, Default)]
pub struct EventSchemas {
    /// By number, so that the newest is the last.
    versions: BTreeMap<u32, Arc<Compiled>>,
}

struct Compiled {
    definition: EventTypeDefinition,
    validator: Option<Validator>,
}

/// A schema as a validator that asserts formats.
///
/// # Errors
/// What is wrong with the schema, in one line.
pub fn compile(schema: &Value) -> Result<Validator, String> {
    jsonschema::options()
        .should_validate_formats(true)
        .with_pattern_options(PatternOptions::regex())
        .offline()
        .build(schema)
        .map_err(|error| short(&format!("at {}: {error}", error.instance_path())))
}

impl EventSchemas {
    /// Takes a version in; one of the same number is replaced.
    pub(super) fn insert(&mut self, definition: EventTypeDefinition) {
        let number = definition.version.parse().unwrap_or(0);
        let validator = compile(&definition.schema).ok();
        self.versions.insert(number, Arc::new(Compiled { definition, validator }));
    }

    /// The schemas of all versions, oldest first.
    pub fn schemas(&self) -> impl Iterator<Item = &Value> {
        self.versions.values().map(|it| &it.definition.schema)
    }

    /// The newest version's definition.
    #[must_use]
    pub fn newest(&self) -> Option<&EventTypeDefinition> {
        self.versions.values().next_back().map(|it| &it.definition)
    }

    /// Holds data against a version, the newest when none is named.
    ///
    /// # Errors
    /// A reason with the rule `type.version-unknown` or `schema.violated`; of the
    /// last the field is `data` and a JSON Pointer.
    pub fn check(&self, version: Option<&str>, data: &Value) -> Result<(), Reason> {
        let found = match version {
            None => self.versions.values().next_back(),
            Some(text) => text.parse().ok().and_then(|number: u32| self.versions.get(&number)),
        };
        let Some(compiled) = found else { return Err(self.unknown_version(version.unwrap_or_default())) };
        let Some(validator) = &compiled.validator else {
            let message = "the schema of this version does not compile; ask the office to mend it";
            return Err(Reason::new("schema.broken", "dataschema", &compiled.definition.version, message));
        };
        validator.validate(data).map_err(|error| {
            let field = format!("data{}", error.instance_path());
            let value = error.instance().to_string();
            Reason::new("schema.violated", &field, &value, short(&format!("{field}: {}", error.masked())))
        })
    }

    fn unknown_version(&self, version: &str) -> Reason {
        let known: Vec<String> = self.versions.keys().map(u32::to_string).collect();
        let message = format!("there is no such version of the type's data; known are {}", known.join(", "));
        Reason::new("type.version-unknown", "dataschema", version, message)
    }
}

impl fmt::Debug for EventSchemas {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.versions.keys()).finish()
    }
}

fn short(text: &str) -> String {
    text.chars().take(MOST_SAID).collect()
}
