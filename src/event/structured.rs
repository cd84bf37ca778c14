//! The structured mode of `CloudEvents`: the whole event as one JSON object.
//!
//! It takes the object apart and puts one together; what the attributes mean is
//! not known here.

use serde::Serialize;
use serde_json::Value;

use super::fact::{Fact, Malformed};
use super::json::{self, MOST_DEPTH};
use super::parts::{IMPORTER, Parts, broken};
use crate::id::{EventType, TenantId, UnitId};
use crate::time::Instant;

/// The media type of an event in JSON.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

/// What is published for one fact: subject, headers and body.
pub type Message = (String, Vec<(String, String)>, Vec<u8>);

/// The parts of an event that is one JSON object.
pub(super) fn read(body: &[u8]) -> Result<Parts<'static>, Box<Malformed>> {
    // The event itself is one level around its data.
    let value = json::read(body, MOST_DEPTH + 1).map_err(|error| broken("body", &error))?;
    let Value::Object(mut attributes) = value else {
        let message = "an event is a JSON object with specversion, id, source and type";
        return Err(Malformed::new("envelope.json", "body", &value.to_string(), message));
    };
    // A member that is null is one that is absent, says the JSON format.
    if attributes.values().any(Value::is_null) {
        attributes.retain(|_, value| !value.is_null());
    }
    let (data, encoded) = (attributes.remove("data"), attributes.remove("data_base64"));
    Ok(Parts { attributes, data, encoded, bytes: &[], size: body.len() })
}

/// The message that states `fact` to the intake of `tenant`, in structured mode.
///
/// Reading it back gives the same fact (one whose data is null comes back with an
/// empty object). The actor is in the subject only, where the broker can vouch for
/// it; a fact of the past comes from the importer, who states the actor. The bytes depend on the fact alone.
#[must_use]
pub fn to_message(fact: &Fact, tenant: &TenantId) -> Message {
    let publisher = if fact.imported_at.is_some() { IMPORTER } else { fact.actor.as_str() };
    let subject = format!("duban.{tenant}.intake.{publisher}.{}", fact.kind);
    let headers = vec![("content-type".to_owned(), CONTENT_TYPE.to_owned())];
    (subject, headers, to_json(fact))
}

/// A fact as it is written: in the order of the names, so that its bytes are those of
/// any writer that sorts them.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'a UnitId>,
    #[serde(skip_serializing_if = "Value::is_null")]
    data: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    dataschema: Option<String>,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    recordedtime: Option<Instant>,
    source: &'a str,
    specversion: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    statedby: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<Instant>,
    #[serde(rename = "type")]
    kind: &'a EventType,
}

fn to_json(fact: &Fact) -> Vec<u8> {
    let written = Written {
        actor: fact.imported_at.is_some().then_some(&fact.actor),
        data: &fact.data,
        dataschema: fact.version.as_ref().map(|version| format!("duban:events/{}/{version}", fact.kind)),
        id: &fact.id,
        recordedtime: fact.imported_at,
        source: &fact.source,
        specversion: "1.0",
        statedby: fact.stated_by.as_deref(),
        subject: fact.subject.as_deref(),
        time: fact.occurred_at,
        kind: &fact.kind,
    };
    // Most facts fit, so that the buffer grows once at most.
    let mut body = Vec::with_capacity(512);
    if serde_json::to_writer(&mut body, &written).is_err() {
        // Texts and JSON values always have a form in JSON; half a one is none.
        body.clear();
    }
    body
}
