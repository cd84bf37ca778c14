//! The documents of the interfaces tell all there is and nothing else: every address
//! with its parameters, every kind of event, every type of fact, in schemas that what
//! really comes and goes keeps to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use duban::event::entry::Entry;
use duban::http::openapi;
use duban::http::rights::RIGHTS;
use duban::id::Seq;
use duban::port::log::Log as _;
use serde_json::{Value, json};

use crate::support::cli::duban;
use crate::support::people::People;

/// Where the `AsyncAPI` project publishes the JSON Schemas of its documents.
const SPECS: &str = "@asyncapi/specs@6.11.1";

fn object(value: &Value) -> &serde_json::Map<String, Value> {
    value.as_object().unwrap_or_else(|| panic!("{value} should be an object"))
}

/// The operations of a document, by method and path.
fn operations(document: &Value) -> BTreeMap<(String, String), &Value> {
    let mut found = BTreeMap::new();
    for (path, methods) in object(&document["paths"]) {
        for (method, operation) in object(methods) {
            found.insert((method.to_uppercase(), path.clone()), operation);
        }
    }
    found
}

/// The names of the parameters in the address' query part.
fn queried(operation: &Value) -> BTreeSet<String> {
    let parameters = operation["parameters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let of_query = parameters.iter().filter(|it| it["in"] == "query");
    of_query.map(|it| it["name"].as_str().expect("a name").to_owned()).collect()
}

/// Every reference within a document leads somewhere in it.
fn assert_references(document: &Value, within: &Value) {
    match within {
        Value::Object(members) => {
            if let Some(place) = members.get("$ref").and_then(Value::as_str) {
                let pointer = place.strip_prefix('#').unwrap_or_else(|| panic!("{place} leads outside"));
                assert!(document.pointer(pointer).is_some(), "{place} leads nowhere");
            }
            members.values().for_each(|value| assert_references(document, value));
        }
        Value::Array(values) => values.iter().for_each(|value| assert_references(document, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Holds values against the schema at a place of a document.
fn validator(document: &Value, place: &str) -> jsonschema::Validator {
    assert!(document.pointer(place).is_some(), "there is nothing at {place}");
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$ref": format!("#{place}"),
        "components": document["components"],
    });
    jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema")
}

#[test]
fn every_address_under_v1_is_told_and_nothing_else() {
    let document = openapi::document();
    let told: BTreeSet<_> = operations(&document).into_keys().collect();
    let listed = RIGHTS.iter().filter(|(_, route, _)| *route == "/v1" || route.starts_with("/v1/"));
    let listed: BTreeSet<_> =
        listed.map(|(method, route, _)| ((*method).to_owned(), openapi::path_of(route))).collect();
    assert_eq!(told, listed, "tell what is new in src/http/openapi, and take out what is gone");
    let names: BTreeSet<&str> =
        operations(&document).values().filter_map(|it| it["operationId"].as_str()).collect();
    assert_eq!(names.len(), listed.len(), "every operation has a name of its own");
    assert_references(&document, &document);
    for (name, _) in object(&document["components"]["schemas"]) {
        validator(&document, &format!("/components/schemas/{name}"));
    }
}

#[test]
fn the_interface_at_a_glance() {
    let document = openapi::document();
    let mut glance = String::new();
    for ((method, path), operation) in operations(&document) {
        let names = |of: &Value| object(of).keys().cloned().collect::<Vec<_>>().join(" ");
        let _ = writeln!(glance, "{method} {path} ({})", operation["operationId"].as_str().expect("a name"));
        let queried: Vec<String> = queried(operation).into_iter().collect();
        let _ =
            writeln!(glance, "  takes {}", if queried.is_empty() { "-".into() } else { queried.join(" ") });
        if operation["requestBody"].is_object() {
            let _ = writeln!(glance, "  is sent {}", names(&operation["requestBody"]["content"]));
        }
        let _ = writeln!(glance, "  answers {}", names(&operation["responses"]));
    }
    insta::assert_snapshot!(glance);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parameters_that_are_told_are_those_that_are_taken() {
    let people = People::new().await;
    let document = people.served.get("/v1/openapi.json").await.json();
    assert_eq!(document, openapi::document());
    for ((method, path), operation) in operations(&document) {
        // What the issuer answers is not quoted back to it.
        if path == "/v1/session/callback" {
            continue;
        }
        let address = path
            .replace("{tenant}", "changqing")
            .replace("{id}", "objection/YY-1")
            .replace("{kind}", "Workflow")
            .replace("policies/Workflow/{name}", "policies/Workflow/objection")
            .replace("{name}", "cn-gov")
            .replace("{unit}", "qu-fagaiju");
        let came = people.ask("operator", &method, &format!("{address}?nobody-knows-this=1")).await;
        let problem = came.json();
        assert_eq!(problem["rule"], "parameter.unknown", "{method} {path}: {}", came.text);
        let detail = problem["detail"].as_str().expect("a detail");
        let (_, taken) = detail.split_once("there are ").expect("the parameters that there are");
        let taken: BTreeSet<String> =
            taken.split(", ").filter(|name| *name != "none").map(str::to_owned).collect();
        assert_eq!(queried(operation), taken, "{method} {path}");
    }
}

#[test]
fn the_event_that_is_told_is_the_one_that_is_read() {
    let document = openapi::document();
    let sent = "/paths/~1v1~1{tenant}~1events/post/requestBody/content";
    let place = format!("{sent}/application~1cloudevents+json/schema");
    let schema = document.pointer(&place).expect("structured mode");
    let schema = json!({"allOf": [schema], "components": document["components"]});
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema");
    for (kind, sample) in json_files("events/samples") {
        assert!(validator.is_valid(&sample), "{kind}");
    }
    // What is no event in itself, whatever policies and schemas say of it.
    for (name, sample) in json_files("events/samples/bad") {
        let rule = sample["x-expect"]["rule"].as_str().expect("a rule");
        let is_own = ["envelope.required", "envelope.attribute-name", "envelope.specversion"].contains(&rule);
        if is_own {
            assert!(!validator.is_valid(&sample["event"]), "{name} breaks {rule}");
        }
    }
}

fn json_files(folder: &str) -> BTreeMap<String, Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let paths = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let read = |path: PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read(&path).expect("a readable file");
        (name, serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    };
    paths.map(read).collect()
}

/// The document as the command prints it, from the project's own policies.
fn printed() -> &'static Value {
    static PRINTED: OnceLock<Value> = OnceLock::new();
    PRINTED.get_or_init(|| duban(&["api", "asyncapi"]).ends(0).json())
}

/// The JSON Schema of `AsyncAPI` 3.0 documents, fetched once into the build folder.
fn asyncapi_schema() -> Value {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("asyncapi-specs");
    let place = folder.join("node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json");
    if !place.exists() {
        std::fs::create_dir_all(&folder).expect("a folder");
        let command = format!("npm install --prefix {} {SPECS}", folder.display());
        let npm = Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"])
            .arg(&folder)
            .arg(SPECS)
            .output();
        let npm = npm.unwrap_or_else(|error| {
            panic!("this test needs Node.js with npm ({error}); install it, then run: {command}")
        });
        assert!(npm.status.success(), "run: {command}\n{}", String::from_utf8_lossy(&npm.stderr));
    }
    serde_json::from_slice(&std::fs::read(place).expect("the schema")).expect("JSON")
}

#[test]
fn the_asyncapi_document_is_one() {
    let document = printed();
    let schema = asyncapi_schema();
    let validator = jsonschema::validator_for(&schema).expect("the project's schema");
    let faults: Vec<String> =
        validator.iter_errors(document).map(|fault| format!("{} {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let mut broken = document.clone();
    broken["channels"]["ledger.deadline.set"]["adress"] = "x".into();
    assert!(!validator.is_valid(&broken), "the schema holds for anything");
    assert_references(document, document);
}

#[test]
fn every_type_of_fact_is_told_and_its_sample_keeps_to_it() {
    let document = printed();
    let samples = json_files("events/samples");
    for kind in json_files("events").keys().map(|name| name.trim_end_matches(".v1")) {
        let channel = &document["channels"][format!("intake.{kind}")];
        assert_eq!(
            channel["address"],
            format!("duban.{{tenant}}.intake.{{actor}}.{kind}"),
            "{kind} is not told"
        );
        assert_eq!(document["operations"][format!("state.{kind}")]["action"], "receive", "{kind}");
        let messages: BTreeSet<&str> = object(&channel["messages"]).keys().map(String::as_str).collect();
        let both = [format!("{kind}.v1.binary"), format!("{kind}.v1.structured")];
        assert_eq!(messages, both.iter().map(String::as_str).collect(), "{kind}");
        let sample = &samples[kind];
        let structured = validator(document, &format!("/components/messages/{kind}.v1.structured/payload"));
        let faults: Vec<String> = structured.iter_errors(sample).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{kind}: {faults:?}");
        let binary = validator(document, &format!("/components/messages/{kind}.v1.binary/payload"));
        // A fact without data states nothing more, which is an empty object.
        let data = sample.get("data").cloned().unwrap_or_else(|| json!({}));
        assert!(binary.is_valid(&data), "{kind}");
        let mut other = sample.clone();
        other["type"] = "nothing.happened".into();
        assert!(!structured.is_valid(&other), "{kind} takes any type");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_on_a_ledger_keeps_to_what_is_told_of_it() {
    let people = People::with_sample().await;
    let told = people.ask("operator", "GET", "/v1/asyncapi.json").await.json();
    assert_references(&told, &told);
    let mut validators: BTreeMap<String, jsonschema::Validator> = BTreeMap::new();
    let last = people.served.ledger.last().await.expect("the ledger");
    for place in 1..=last.0 {
        let record = people.served.ledger.get(Seq(place)).await.expect("the ledger").expect("an entry");
        let entry: Value = serde_json::from_slice(&record.body).expect("JSON");
        let kind = Entry::read(&record.body).expect("an entry").decided.event.kind().to_owned();
        let of_kind = validators
            .entry(kind.clone())
            .or_insert_with(|| validator(&told, &format!("/components/messages/ledger.{kind}/payload")));
        let faults: Vec<String> = of_kind.iter_errors(&entry).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "entry {place}, {kind}: {faults:?}");
        let address = told["channels"][format!("ledger.{kind}")]["address"].as_str().expect("an address");
        let start = address.replace("{tenant}", "changqing").replace("{unit}", "");
        assert!(record.subject.starts_with(&start), "{} is not at {address}", record.subject);
    }
    let kinds: Vec<&String> = validators.keys().collect();
    assert!(kinds.len() > 20, "the sample should bring more kinds than {kinds:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn event_types_are_told_to_those_of_the_tenant() {
    let people = People::new().await;
    let told = people.ask("reader", "GET", "/v1/asyncapi.json").await.json();
    assert_eq!(told["components"]["parameters"]["tenant"]["enum"], json!(["changqing"]));
    assert!(told["channels"]["intake.objection.received"].is_object());
    let told = people.ask("stranger", "GET", "/v1/asyncapi.json").await.json();
    assert_eq!(told["components"]["parameters"]["tenant"]["enum"], json!([]));
    assert!(told["channels"].get("intake.objection.received").is_none(), "types of others are told");
    assert!(told["channels"]["ledger.deadline.breached"].is_object());
}
