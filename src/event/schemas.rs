//! JSON Schemas of what comes in and what stands on the ledger, for the interface
//! documents: the attributes of a `CloudEvent` as they are read here, the data of every
//! kind of ledger event, and the entry around it.
//!
//! An event's data and the entry have types, and their schemas come from these. A
//! `CloudEvent` is read attribute by attribute (`super::parts`), so that each fault is
//! named; its rules are told here once more, from the same limits.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::batch::MOST_IN_BATCH;
use super::catalogue::{
    CalendarApplied, CaseAnswered, CaseClosed, CaseCredited, CaseOpened, DeadlineBreached, DeadlineCancelled,
    DeadlineMet, DeadlineMoved, DeadlinePaused, DeadlineSet, DeliveryEnded, DeliveryReplayed,
    EventDuplicated, EventParked, EventRefused, FactAccepted, LedgerOpened, PeriodOpened, PolicyBegun,
    PolicyPublished, RankingPublished, ReactionCalled, ReactionCounted, ReactionStopped, RungReached,
};
use super::entry::Written;
use super::parts::MOST_TEXT;
use crate::id::{EventType, UnitId};

/// Texts without control characters.
const PRINTED: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";
/// The media types that data may have.
const JSON_MEDIA: &str =
    "^([aA]pplication/json|text/json|[A-Za-z0-9.-]+/[A-Za-z0-9.+-]*\\+json)( *;[ -~]*)?$";

/// One attribute of a `CloudEvent`, as it is read here.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// Its name; in binary mode it is the header `ce-` and this.
    pub name: &'static str,
    /// Whether every event must have it.
    pub required: bool,
    /// What it says.
    pub meaning: &'static str,
    /// The schema of its value.
    pub schema: Value,
}

/// Every attribute that is read; others are allowed and passed over. `actor` is
/// required where no subject vouches for the publisher.
pub fn attributes(generator: &mut SchemaGenerator, is_actor_required: bool) -> Vec<Attribute> {
    let text = || json!({"type": "string", "minLength": 1, "maxLength": MOST_TEXT, "pattern": PRINTED});
    let with =
        |format: &str| json!({"type": "string", "minLength": 1, "maxLength": MOST_TEXT, "format": format});
    let of = |name, required, schema, meaning| Attribute { name, required, meaning, schema };
    let kind = generator.subschema_for::<EventType>().to_value();
    let actor = generator.subschema_for::<UnitId>().to_value();
    let media = json!({"type": "string", "maxLength": MOST_TEXT, "pattern": JSON_MEDIA});
    vec![
        of("specversion", true, json!({"const": "1.0"}), "The version of CloudEvents."),
        of("id", true, text(), "Unique for the source; a fact sent again with the same id is the same fact."),
        of("source", true, with("uri-reference"), "The publishing system."),
        of("type", true, kind, "What has happened, as noun and past participle."),
        of("actor", is_actor_required, actor, "The publishing unit; over NATS the subject names it."),
        of("subject", false, text(), "The case: workflow/key, or the bare key."),
        of("time", false, with("date-time"), "When it occurred, as the publisher claims."),
        of("dataschema", false, with("uri-reference"), "Its path ends with the version of the type's data."),
        of(
            "recordedtime",
            false,
            with("date-time"),
            "When it was recorded, for a fact of the past; an importer's only.",
        ),
        of("statedby", false, text(), "Who stated it for the actor; over HTTP the server fills it in."),
        of("datacontenttype", false, media, "JSON; in binary mode the header content-type."),
    ]
}

/// An event in structured mode, of any type or of the `kind`, with `data` of a schema.
#[must_use]
pub fn structured(attributes: &[Attribute], kind: Option<&str>, data: Value) -> Value {
    let mut properties = Map::new();
    for attribute in attributes {
        let schema = match (attribute.name, kind) {
            ("type", Some(kind)) => json!({"const": kind}),
            _ => attribute.schema.clone(),
        };
        // A member that is null is one that is absent, says the JSON format.
        let mut property =
            if attribute.required { schema } else { json!({"anyOf": [schema, {"type": "null"}]}) };
        property["description"] = attribute.meaning.into();
        properties.insert(attribute.name.to_owned(), property);
    }
    let required: Vec<&str> = attributes.iter().filter(|it| it.required).map(|it| it.name).collect();
    properties.insert("data".to_owned(), data);
    properties.insert(
        "data_base64".to_owned(),
        json!({"type": ["string", "null"], "contentEncoding": "base64", "contentMediaType": "application/json", "description": "The data in base64, in place of data."}),
    );
    json!({
        "type": "object",
        "required": required,
        "properties": properties,
        "propertyNames": {"pattern": "^([a-z0-9]+|data_base64)$"},
    })
}

/// Several events in one array.
#[must_use]
pub fn batch(event: &Value) -> Value {
    json!({"type": "array", "items": event, "maxItems": MOST_IN_BATCH})
}

/// The entry as it is written to the ledger, with data of any kind.
pub fn entry(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<Written<'static>>()
}

/// The data of an accepted fact's event, whatever the fact's type.
pub fn accepted(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<FactAccepted>()
}

/// The data of every kind of event that the engine decides, by its wire name; an
/// accepted fact is apart, since its name is the fact's own.
pub fn payloads(generator: &mut SchemaGenerator) -> Vec<(&'static str, Schema)> {
    fn of<T: JsonSchema>(kind: &'static str, generator: &mut SchemaGenerator) -> (&'static str, Schema) {
        (kind, generator.subschema_for::<T>())
    }
    vec![
        of::<LedgerOpened>("ledger.opened", generator),
        of::<PolicyPublished>("policy.published", generator),
        of::<CalendarApplied>("calendar.applied", generator),
        of::<EventRefused>("event.refused", generator),
        of::<EventDuplicated>("event.duplicated", generator),
        of::<EventParked>("event.parked", generator),
        of::<CaseOpened>("case.opened", generator),
        of::<CaseClosed>("case.closed", generator),
        of::<CaseCredited>("case.credited", generator),
        of::<PeriodOpened>("period.opened", generator),
        of::<PolicyBegun>("policy.begun", generator),
        of::<RankingPublished>("ranking.published", generator),
        of::<DeadlineSet>("deadline.set", generator),
        of::<DeadlineMoved>("deadline.moved", generator),
        of::<DeadlinePaused>("deadline.paused", generator),
        of::<DeadlineMoved>("deadline.resumed", generator),
        of::<DeadlineMet>("deadline.met", generator),
        of::<DeadlineCancelled>("deadline.cancelled", generator),
        of::<DeadlineBreached>("deadline.breached", generator),
        of::<DeadlineBreached>("breach.withdrawn", generator),
        of::<RungReached>("reminder.due", generator),
        of::<RungReached>("escalation.raised", generator),
        of::<CaseAnswered>("case.answered", generator),
        of::<DeliveryEnded>("reminder.delivered", generator),
        of::<DeliveryEnded>("reminder.failed", generator),
        of::<DeliveryEnded>("reminder.withdrawn", generator),
        of::<DeliveryReplayed>("delivery.replayed", generator),
        of::<ReactionCounted>("reaction.counted", generator),
        of::<ReactionCalled>("reaction.called", generator),
        of::<ReactionStopped>("reaction.stopped", generator),
    ]
}

#[cfg(test)]
mod tests {
    use schemars::generate::SchemaSettings;

    use super::*;
    use crate::event::names::KINDS;

    #[test]
    fn every_kind_of_the_catalogue_has_a_schema() {
        let mut generator = SchemaSettings::draft2020_12().into_generator();
        let kinds: Vec<&str> = payloads(&mut generator).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, KINDS);
    }

    #[test]
    fn the_media_types_that_are_told_are_those_that_are_read() {
        let schema = jsonschema::validator_for(&json!({"pattern": JSON_MEDIA})).expect("a schema");
        for media in
            ["application/json", "application/json; charset=utf-8", "text/json", "a/b+json", "text/csv", ""]
        {
            assert_eq!(schema.is_valid(&json!(media)), crate::event::parts::is_json(media), "{media:?}");
        }
    }
}
