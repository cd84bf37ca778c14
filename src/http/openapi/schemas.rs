//! Schemas of the types that are written and read, and where they are kept.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Map, Value};

/// Where the document keeps what has a name.
pub const PLACE: &str = "/components/schemas";

/// The schemas of one document. What is written and what is read differ: a field with a
/// default need not be sent, yet is always there in an answer.
pub struct Schemas {
    written: SchemaGenerator,
    read: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Self {
        let settings = || SchemaSettings::draft2020_12().with(|it| it.definitions_path = PLACE.into());
        Self {
            written: settings().for_serialize().into_generator(),
            read: settings().for_deserialize().into_generator(),
        }
    }
}

impl Schemas {
    /// The schema of what is answered.
    pub fn answer<T: JsonSchema>(&mut self) -> Value {
        self.written.subschema_for::<T>().to_value()
    }

    /// The schema of what is sent.
    pub fn question<T: JsonSchema>(&mut self) -> Value {
        self.read.subschema_for::<T>().to_value()
    }

    /// Where schemas of what is sent are made.
    pub const fn reading(&mut self) -> &mut SchemaGenerator {
        &mut self.read
    }

    /// Where schemas of what is answered are made.
    pub const fn writing(&mut self) -> &mut SchemaGenerator {
        &mut self.written
    }

    /// Everything that has a name. What is both sent and answered is told once; a type
    /// whose forms differ needs two names, or the answer's form would hold for both.
    #[must_use]
    pub fn named(mut self) -> Map<String, Value> {
        let mut named = self.read.take_definitions(true);
        named.extend(self.written.take_definitions(true));
        named
    }

    /// The names of types whose form differs between question and answer.
    #[must_use]
    pub fn torn(&self) -> Vec<&str> {
        let (read, written) = (self.read.definitions(), self.written.definitions());
        let differs = |(name, schema): &(&String, &Value)| written.get(*name).is_some_and(|it| it != *schema);
        read.iter().filter(differs).map(|(name, _)| name.as_str()).collect()
    }
}
