//! The published event types: every schema is one, every sample keeps to its own,
//! and every faulty sample is refused for the reason that it gives.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use duban::event::batch::read_http;
use duban::event::envelope::read_message;
use duban::event::fact::{Content, Fact, Malformed};
use duban::id::{EventType, TenantId};
use serde_json::Value;

fn files(folder: &str) -> BTreeMap<String, Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder);
    let json = |path: &Path| path.extension().is_some_and(|extension| extension == "json");
    let read = |path: PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read(&path).expect("a readable file");
        (name, serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    };
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    entries.map(|entry| entry.expect("an entry").path()).filter(|path| json(path)).map(read).collect()
}

fn validator(schema: &Value) -> jsonschema::Validator {
    jsonschema::options().should_validate_formats(true).build(schema).expect("a schema")
}

fn validators() -> BTreeMap<String, jsonschema::Validator> {
    files("events").iter().map(|(name, schema)| (name.clone(), validator(schema))).collect()
}

/// Publishes an event as its actor would, or under the subject given.
fn publish(event: &Value, subject: Option<&str>) -> Result<Fact, Box<Malformed>> {
    let word = |name: &str| event[name].as_str().unwrap_or_default();
    let subject = subject
        .map_or_else(|| format!("duban.changqing.intake.{}.{}", word("actor"), word("type")), str::to_owned);
    let tenant = TenantId::new("changqing").expect("a tenant");
    match read_message(&tenant, &subject, &[], event.to_string().as_bytes()) {
        Content::Fact(fact) => Ok(*fact),
        Content::Malformed(fault, _) => Err(fault),
        Content::Tick => panic!("a sample is no tick of the engine's"),
    }
}

/// The place of the first violation, as a path into the envelope.
fn violation(validator: &jsonschema::Validator, data: &Value) -> Option<String> {
    let error = validator.iter_errors(data).next()?;
    Some(format!("data{}", error.instance_path().to_string().replace('/', ".")))
}

#[test]
fn every_type_is_a_schema_with_titles_and_a_sample() {
    let samples = files("events/samples");
    let schemas = files("events");
    for (name, schema) in &schemas {
        let kind = name.strip_suffix(".v1").unwrap_or_else(|| panic!("{name} should end in .v1"));
        EventType::new(kind).expect("a type");
        assert_eq!(schema["$id"], format!("duban:events/{kind}/1"));
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert!(jsonschema::meta::is_valid(schema), "{name} is no valid schema");
        assert!(
            schema["x-title"]["zh"].is_string() && schema["x-title"]["en"].is_string(),
            "{name} has no titles"
        );
        assert!(samples.contains_key(kind), "{kind} has no sample");
        assert_words_have_titles(name, schema);
    }
    assert_eq!(schemas.len(), samples.len());
}

/// What a field may be one of is shown to people, so every word has a title in both
/// languages, and nothing else has.
fn assert_words_have_titles(name: &str, schema: &Value) {
    if let Some(words) = schema["enum"].as_array() {
        let titled =
            schema["x-words"].as_object().unwrap_or_else(|| panic!("{name}: no titles of {words:?}"));
        assert_eq!(words.len(), titled.len(), "{name}: {words:?}");
        for word in words.iter().filter_map(Value::as_str) {
            let has = |lang: &str| schema["x-words"][word][lang].as_str().is_some_and(|it| !it.is_empty());
            assert!(has("zh") && has("en"), "{name}: {word} has no titles");
        }
    }
    let within = schema.as_object().into_iter().flat_map(serde_json::Map::values);
    let listed = schema.as_array().into_iter().flatten();
    within.chain(listed).for_each(|part| assert_words_have_titles(name, part));
}

#[test]
fn every_sample_is_a_fact_that_its_schema_takes() {
    let validators = validators();
    for (kind, event) in files("events/samples") {
        let body = event.to_string();
        let posted =
            read_http(Some("application/cloudevents+json"), &[], body.as_bytes()).expect("one event");
        let fact =
            posted.into_iter().next().expect("one event").unwrap_or_else(|fault| panic!("{kind}: {fault:?}"));
        assert_eq!((fact.kind.as_str(), fact.version.as_deref()), (kind.as_str(), Some("1")));
        assert_eq!(violation(&validators[&format!("{kind}.v1")], &fact.data), None, "{kind}");
        // The engine's tick is no fact once it comes from the engine.
        if kind != "clock.ticked" {
            assert_eq!(publish(&event, None), Ok(fact), "{kind} over NATS");
        }
    }
}

#[test]
fn every_faulty_sample_is_refused_for_its_reason() {
    let validators = validators();
    for (name, sample) in files("events/samples/bad") {
        let (expect, event) = (&sample["x-expect"], &sample["event"]);
        let found = match publish(event, sample["x-publish"].as_str()) {
            Err(fault) => (fault.rule, fault.field),
            Ok(fact) => {
                let field = violation(&validators[&format!("{}.v1", fact.kind)], &fact.data);
                ("schema.violated".into(), field.unwrap_or_else(|| "nothing wrong".into()))
            }
        };
        let expected =
            ["rule", "field"].map(|part| expect[part].as_str().expect("an expectation").to_owned());
        assert_eq!([found.0, found.1], expected, "{name}");
    }
}
