//! Event types: a name the engine does not use itself, and a schema that compiles.

use crate::event::names::is_reserved;
use crate::policy::definition::EventTypeDefinition;
use crate::policy::problem::Flaw;
use crate::policy::set::schema;

/// What is wrong with an event type.
#[must_use]
pub fn flaws(definition: &EventTypeDefinition) -> Vec<Flaw> {
    let name = definition.name.as_str();
    let noun = definition.name.parts().0;
    let mut flaws = Vec::new();
    if is_reserved(&definition.name) {
        let message = format!("events of {noun:?} are the engine's own");
        flaws.push(Flaw::mistake("event.reserved", "/$id", name, message));
    }
    if let Err(reason) = schema::compile(&definition.schema) {
        flaws.push(Flaw::mistake("event-type.schema", "", name, reason));
    }
    flaws
}
