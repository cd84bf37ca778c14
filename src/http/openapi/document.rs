//! The document as a whole.

use serde_json::{Map, Value, json};

use super::operation::{Operation, place, problem, right_of};
use super::schemas::Schemas;
use super::{changes, deliveries, parameters, questions, scores, session};
use crate::http::gate::CSRF_HEADER;
use crate::http::problem::{Document, STATUSES};

const ABOUT: &str = "Official notices as running, supervised duties: what is due, by whom, by when, and why. Every \
    answer is as of a ledger sequence and an instant, and keeps to what its asker may see. What goes wrong is told as \
    a problem document (RFC 9457) whose `rule` programs may act on. A parameter that is not known is an error, since a \
    mistyped filter that is passed over would answer another question.";

const TAGS: [(&str, &str); 9] = [
    ("session", "Signing in and out, and who you are."),
    ("tenants", "The jurisdictions, and how their engines stand."),
    ("deadlines", "What is due, overdue, and how much of it."),
    ("cases", "Supervised matters."),
    ("scores", "Points, rankings and targets."),
    ("policies", "Rules, calendars and due dates."),
    ("facts", "Stating what has happened, what was refused, and the ledger as it grows."),
    ("deliveries", "What waits to be delivered, what was given up, and sending it again."),
    ("documents", "These interfaces, for programs."),
];

/// The document, the same for the same code.
#[must_use]
pub fn document() -> Value {
    let mut schemas = Schemas::default();
    let operations = operations(&mut schemas);
    let problem_schema = schemas.answer::<Document>();
    let tenant = parameters::tenant(&mut schemas);
    let mut paths = Map::<String, Value>::new();
    for operation in &operations {
        // What is in no list of rights is closed, and no part of the interface.
        let Some(right) = right_of(operation) else { continue };
        let (path, method) = place(operation);
        let of_path = paths.entry(path).or_insert_with(|| json!({}));
        of_path[method] = operation.to_value(right, &tenant);
    }
    let problems =
        STATUSES.into_iter().map(|status| (format!("Problem{status}"), problem(status, &problem_schema)));
    json!({
        "openapi": "3.1.1",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": "duban 督办",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE")},
        },
        "servers": [{"url": "/", "description": "The server that gives this document."}],
        "tags": TAGS.map(|(name, description)| json!({"name": name, "description": description})),
        "paths": paths,
        "components": {
            "schemas": schemas.named(),
            "responses": problems.collect::<Map<_, _>>(),
            "headers": headers(),
            "securitySchemes": security_schemes(),
        },
    })
}

/// Every operation that is told.
#[must_use]
pub fn operations(schemas: &mut Schemas) -> Vec<Operation> {
    let mut operations = session::operations(schemas);
    operations.extend(questions::operations(schemas));
    operations.extend(scores::operations(schemas));
    operations.extend(deliveries::operations(schemas));
    operations.extend(changes::operations(schemas));
    operations
}

/// The path of a route: `OpenAPI` has no form of its own for a rest with slashes.
#[must_use]
pub fn path_of(route: &str) -> String {
    route.replace("{*", "{")
}

fn headers() -> Value {
    let text =
        |meaning: &str| json!({"description": meaning, "required": true, "schema": {"type": "string"}});
    json!({
        "RequestId": text("The request's name in the logs: the caller's `x-request-id`, or one made here."),
        "Authenticate": text("How to say who you are."),
        "RetryAfter": {
            "description": "After how many seconds to try again.",
            "required": true,
            "schema": {"type": "integer", "minimum": 1},
        },
    })
}

fn security_schemes() -> Value {
    let cookie = |name: &str, meaning: &str| json!({"type": "apiKey", "in": "cookie", "name": name, "description": meaning});
    json!({
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token of `duban token create`, for programs.",
        },
        "session": cookie("__Host-duban", "A session, as browsers have it over TLS."),
        "sessionOnLoopback": cookie("duban", "The same without TLS, on this machine only."),
        "csrf": {
            "type": "apiKey",
            "in": "header",
            "name": CSRF_HEADER,
            "description": "What a change made with a session's cookie must bring: `csrf` of `GET /v1/session`.",
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_told_in_two_forms_under_one_name() {
        let mut schemas = Schemas::default();
        let told = operations(&mut schemas).len();
        assert!(told > 20 && schemas.torn().is_empty(), "{:?}", schemas.torn());
        let numbered: Vec<String> = schemas
            .named()
            .into_iter()
            .map(|(name, _)| name)
            .filter(|name| name.ends_with(|last: char| last.is_ascii_digit()) && name != "Sha256")
            .collect();
        assert!(numbered.is_empty(), "two types have one name; give one another: {numbered:?}");
    }
}
