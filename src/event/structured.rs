//! The structured mode of `CloudEvents`: the whole event as one JSON object.
//!
//! It takes the object apart and puts one together; what the attributes mean is
//! not known here.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::fact::{Fact, Malformed};
use super::json::{self, MOST_DEPTH};
use super::parts::{IMPORTER, Parts, broken};
use crate::id::TenantId;

/// The media type of an event in JSON.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

/// What is published for one fact: subject, headers and body.
pub type Message = (String, Vec<(String, String)>, Vec<u8>);

/// The parts of an event that is one JSON object.
pub(super) fn read(body: &[u8]) -> Result<Parts<'static>, Box<Malformed>> {
    // The event itself is one level around its data.
    let value = json::read(body, MOST_DEPTH + 1).map_err(|error| broken("body", &error))?;
    let Value::Object(members) = value else {
        let message = "an event is a JSON object with specversion, id, source and type";
        return Err(Malformed::new("envelope.json", "body", &value.to_string(), message));
    };
    let mut parts =
        Parts { attributes: BTreeMap::new(), data: None, encoded: None, bytes: &[], size: body.len() };
    for (name, value) in members {
        // A member that is null is one that is absent, says the JSON format.
        match name.as_str() {
            _ if value.is_null() => {}
            "data" => parts.data = Some(value),
            "data_base64" => parts.encoded = Some(value),
            _ => {
                parts.attributes.insert(name, value);
            }
        }
    }
    Ok(parts)
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
    (subject, headers, to_json(fact).to_string().into_bytes())
}

fn to_json(fact: &Fact) -> Value {
    let mut members = Map::new();
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            members.insert(name.to_owned(), Value::String(value));
        }
    };
    put("specversion", Some("1.0".to_owned()));
    put("id", Some(fact.id.clone()));
    put("source", Some(fact.source.clone()));
    put("type", Some(fact.kind.to_string()));
    put("subject", fact.subject.clone());
    put("dataschema", fact.version.as_ref().map(|version| format!("duban:events/{}/{version}", fact.kind)));
    put("time", fact.occurred_at.map(|at| at.to_string()));
    put("statedby", fact.stated_by.clone());
    if let Some(at) = fact.imported_at {
        put("recordedtime", Some(at.to_string()));
        put("actor", Some(fact.actor.to_string()));
    }
    if !fact.data.is_null() {
        members.insert("data".to_owned(), fact.data.clone());
    }
    Value::Object(members)
}
