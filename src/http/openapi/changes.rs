//! Stating facts, following the ledger, computing due dates, and running the engine.

use serde_json::json;

use super::operation::{JSON, Operation, Parameter};
use super::schemas::Schemas;
use crate::calendar::{DueAnswer, DueQuestion, DueRefused};
use crate::engine::handle::{Rebuilt, Status};
use crate::event::batch::BATCH_CONTENT_TYPE;
use crate::event::{schemas as said, structured};
use crate::http::events::{LONGEST_WAIT, Receipt};
use crate::id::Name;

/// The operations, in the order in which the routes are listed.
pub fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    let (status, rebuilt) = (schemas.answer::<Status>(), schemas.answer::<Rebuilt>());
    vec![
        stream(schemas),
        Operation::get("/v1/{tenant}/status", "getStatus", "How the tenant's engine stands", &status)
            .fails(&[400]),
        due(schemas),
        events(schemas),
        Operation::new(
            "POST",
            "/v1/{tenant}/rebuild",
            "rebuild",
            "Makes the projection again beside the running one, compares and switches",
        )
        .answers(200, "It was made again.", &[(JSON, &rebuilt)])
        .fails(&[400, 409]),
        document("/v1/openapi.json", "getOpenApi", "This document"),
        document(
            "/v1/asyncapi.json",
            "getAsyncApi",
            "The AsyncAPI document of the facts and events of the tenants that you may ask about",
        ),
    ]
}

fn document(route: &'static str, name: &'static str, summary: &'static str) -> Operation {
    Operation::get(route, name, summary, &json!({"type": "object"})).fails(&[400])
}

fn stream(schemas: &mut Schemas) -> Operation {
    let entry = said::entry(schemas.writing()).to_value();
    let place = || json!({"type": "integer", "minimum": 0});
    // One event of the stream; clients put its lines together to these fields.
    let body = json!({
        "type": "object",
        "required": ["event", "id", "data"],
        "properties": {
            "event": {"const": "ledger"},
            "id": {"type": "string", "description": "The entry's ledger sequence."},
            "retry": {"type": "integer", "description": "After how many milliseconds to come again when cut off."},
            "data": {
                "type": "string",
                "description": "The entry in one line of JSON.",
                "contentMediaType": JSON,
                "contentSchema": entry,
            },
        },
    });
    Operation::new("GET", "/v1/{tenant}/stream", "followLedger", "The ledger's entries as they come, as server-sent events")
        .told(
            "Begins after the place of `Last-Event-ID`, or of `after`, or at the end. An entry is sent once queries \
             see it. A comment comes every 15 s, so that a silent stream is known to be alive.",
        )
        .takes([
            Parameter::query("after", place(), "The ledger sequence after which to begin."),
            Parameter::header("last-event-id", place(), "The same, as clients that were cut off send it; it goes first."),
        ])
        .answers(200, "The stream; it has no end.", &[("text/event-stream", &body)])
}

fn due(schemas: &mut Schemas) -> Operation {
    let question = schemas.question::<DueQuestion>();
    let (answer, refused) = (schemas.answer::<DueAnswer>(), schemas.answer::<DueRefused>());
    let one = json!({"oneOf": [answer, refused]});
    let lines = json!({"type": "string", "description": "One such question or answer a line."});
    let calendar = Parameter::query(
        "calendar",
        schemas.question::<Name>(),
        "The calendar that counts; it may be left out where there is only one.",
    );
    Operation::new(
        "POST",
        "/v1/{tenant}/due",
        "computeDue",
        "Computes due dates: one question as JSON, or one a line",
    )
    .told("A question that has no answer is answered with what is wrong with it, so that the others go on.")
    .takes([calendar])
    .sent(&[(JSON, &question), ("application/x-ndjson", &lines)])
    .answers(
        200,
        "An answer for each question, in their order.",
        &[(JSON, &one), ("application/x-ndjson", &lines)],
    )
    .fails(&[413])
}

fn events(schemas: &mut Schemas) -> Operation {
    let attributes = said::attributes(schemas.reading(), true);
    let event = said::structured(&attributes, None, json!(true));
    let several = said::batch(&event);
    let plain = json!({
        "description": "In binary mode, which the ce- headers tell, the data alone; without them an event or several, as above.",
        "anyOf": [true, event, several],
    });
    let receipt = schemas.answer::<Receipt<'static>>();
    let pattern = format!(
        "^(0*([0-9]|[12][0-9]|{LONGEST_WAIT})s?|0*([0-9]{{1,4}}|[12][0-9]{{4}}|{LONGEST_WAIT}000)ms)$"
    );
    let wait = json!({"type": "string", "pattern": pattern});
    let wait = Parameter::query(
        "wait",
        wait,
        format!("How long to wait for the outcomes, at most {LONGEST_WAIT}s."),
    )
    .such_as("5s");
    let headers = attributes.into_iter().filter_map(|it| header(it.name).map(|name| (name, it)));
    let headers: Vec<Parameter> = headers
        .map(|(name, it)| {
            let meaning =
                format!("{} For binary mode only; percent-encoded where it is not ASCII.", it.meaning);
            Parameter::header(name, it.schema, meaning)
        })
        .collect();
    Operation::new("POST", "/v1/{tenant}/events", "stateFacts", "States facts: one CloudEvent, or a batch that is stored whole or not at all")
        .told(
            "Structured, batched and binary mode of the HTTP binding. An event that was sent before, by source and id, \
             is recognised, so that it may be sent again whenever the outcome is not known.",
        )
        .takes([wait])
        .takes(headers)
        .sent(&[(structured::CONTENT_TYPE, &event), (BATCH_CONTENT_TYPE, &several), (JSON, &plain)])
        .answers(200, "Stored, and every outcome is known.", &[(JSON, &receipt)])
        .answers(202, "Stored; some outcomes are not known yet.", &[(JSON, &receipt)])
        .fails(&[413, 415, 422, 429])
}

/// The header that carries an attribute in binary mode; the media type has its own.
fn header(attribute: &str) -> Option<&'static str> {
    const HEADERS: [&str; 10] = [
        "ce-specversion",
        "ce-id",
        "ce-source",
        "ce-type",
        "ce-actor",
        "ce-subject",
        "ce-time",
        "ce-dataschema",
        "ce-recordedtime",
        "ce-statedby",
    ];
    HEADERS.into_iter().find(|header| header.strip_prefix("ce-") == Some(attribute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attribute_but_the_media_type_has_its_header() {
        let mut schemas = Schemas::default();
        let attributes = said::attributes(schemas.reading(), true);
        let without: Vec<&str> =
            attributes.iter().map(|it| it.name).filter(|name| header(name).is_none()).collect();
        assert_eq!(without, ["datacontenttype"]);
    }
}
