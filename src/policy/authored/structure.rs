//! A tree held against the schema of its kind: every missing, unknown or
//! misshapen part at once, in words an author understands.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{ValidationError, Validator};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::language::{KINDS, schema_of};
use crate::calendar::{DueRule, Offset};
use crate::policy::near;
use crate::policy::problem::{Flaw, child, keys};

/// The compiled schema of a kind, with its text to look names up in.
struct Form {
    schema: Value,
    validator: Validator,
}

/// A flaw, and the key it is about when that stands elsewhere than its field.
pub struct Structural {
    /// What is wrong.
    pub flaw: Flaw,
    /// The key that should not be there.
    pub key: Option<String>,
}

/// What is wrong with a document of a kind.
#[must_use]
pub fn flaws(kind: &str, document: &Value) -> Vec<Structural> {
    let Some(form) = forms().get(kind) else {
        let flaw = Flaw::mistake("kind.unknown", "/kind", kind, "there is no such kind of document");
        return vec![Structural { flaw: flaw.with_hint(near::hint(kind, KINDS)), key: None }];
    };
    form.validator.iter_errors(document).flat_map(|error| explain(&form.schema, document, &error)).collect()
}

/// The schemas are compiled once; they depend on the code alone.
fn forms() -> &'static BTreeMap<&'static str, Form> {
    static FORMS: OnceLock<BTreeMap<&'static str, Form>> = OnceLock::new();
    FORMS.get_or_init(|| {
        let form = |kind: &'static str| {
            let schema = schema_of(kind)?;
            let options = jsonschema::options().should_validate_formats(true).offline();
            let validator = options.build(&schema).ok()?;
            Some((kind, Form { schema, validator }))
        };
        KINDS.into_iter().filter_map(form).collect()
    })
}

fn explain(schema: &Value, document: &Value, error: &ValidationError<'_>) -> Vec<Structural> {
    let field = error.instance_path().as_str().to_owned();
    let one = |rule: &str, value: String, message: String, hint: Option<String>| {
        vec![Structural { flaw: Flaw::mistake(rule, &field, &value, message).with_hint(hint), key: None }]
    };
    let shown = shown(error.instance());
    match error.kind() {
        Kind::AdditionalProperties { unexpected } => unknown_keys(schema, error, unexpected, &field),
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            one("key.missing", String::new(), format!("the key {name:?} is missing"), None)
        }
        Kind::Type { .. } => one("value.type", shown, wrong_type(error), quote_hint(schema, error)),
        Kind::Enum { options } => {
            let known: Vec<&str> =
                options.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let message = format!("{shown} is none of the words used here");
            let hint = near::hint(error.instance().as_str().unwrap_or_default(), known);
            one("value.unknown", shown, message, hint)
        }
        Kind::OneOfNotValid { .. } if !words_of(schema, error).is_empty() => {
            let known = words_of(schema, error);
            let message = format!("{shown} is none of the words used here");
            let hint = near::hint(error.instance().as_str().unwrap_or_default(), known);
            one("value.unknown", shown, message, hint)
        }
        Kind::OneOfNotValid { .. } | Kind::OneOfMultipleValid { .. } | Kind::AnyOf { .. } => {
            one("value.form", shown, own_words(document, &field), None)
        }
        Kind::Pattern { .. } => one(
            "value.form",
            shown,
            format!("this has the wrong form; write {}", meaning(schema, error)),
            None,
        ),
        Kind::Format { format } => {
            let hint = (format == "date").then(|| "write it like \"2022-05-20\"".to_owned());
            one("value.form", shown, format!("this is no {format}"), hint)
        }
        _ => one("value.range", shown, error.to_string(), None),
    }
}

fn unknown_keys(
    schema: &Value,
    error: &ValidationError<'_>,
    unexpected: &[String],
    field: &str,
) -> Vec<Structural> {
    let parent = parent_schema(schema, error);
    let known: Vec<&str> = parent
        .and_then(|it| it.get("properties")?.as_object())
        .map(|it| it.keys().map(String::as_str).collect())
        .unwrap_or_default();
    let named = parent.is_some_and(|it| it.get("patternProperties").is_some());
    let explain = |key: &String| {
        let (rule, message) = if named {
            (
                "key.form",
                format!(
                    "{key:?} has not the form of a name here: lower-case letters, digits and inner hyphens"
                ),
            )
        } else {
            ("key.unknown", format!("the key {key:?} means nothing here"))
        };
        let hint = near::hint(key, known.iter().copied());
        Structural {
            flaw: Flaw::mistake(rule, &child(field, key), "", message).with_hint(hint),
            key: Some(key.clone()),
        }
    };
    unexpected.iter().map(explain).collect()
}

/// The schema object whose keyword failed.
fn parent_schema<'a>(schema: &'a Value, error: &ValidationError<'_>) -> Option<&'a Value> {
    let path = error.schema_path().as_str();
    schema.pointer(path.rsplit_once('/').map_or("", |(parent, _)| parent))
}

fn wrong_type(error: &ValidationError<'_>) -> String {
    let expected = match error.kind() {
        Kind::Type { kind: jsonschema::error::TypeKind::Single(expected) } => {
            type_words(&expected.to_string()).to_owned()
        }
        _ => "one text or a list of texts".to_owned(),
    };
    let found = match error.instance().as_ref() {
        Value::Null => "nothing",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a mapping",
    };
    format!("here stands {found} where {expected} is meant")
}

fn type_words(expected: &str) -> &str {
    match expected {
        "string" => "a text",
        "integer" | "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a mapping",
        other => other,
    }
}

/// A number or truth value where a text is meant wants quotes.
fn quote_hint(schema: &Value, error: &ValidationError<'_>) -> Option<String> {
    let text_meant = parent_schema(schema, error)?.get("type")? == "string";
    match error.instance().as_ref() {
        Value::Bool(_) | Value::Number(_) if text_meant => {
            Some(format!("write it in quotes: \"{}\"", error.instance()))
        }
        _ => None,
    }
}

/// The words of a closed set, each an alternative of its own with a description;
/// none when some alternative is more than a word.
fn words_of<'a>(schema: &'a Value, error: &ValidationError<'_>) -> Vec<&'a str> {
    let alternatives = parent_schema(schema, error).and_then(|it| it.get("oneOf")?.as_array());
    let words = alternatives.into_iter().flatten().map(|it| it.get("const")?.as_str());
    words.collect::<Option<_>>().unwrap_or_default()
}

/// What the schema says about a value whose pattern failed.
fn meaning(schema: &Value, error: &ValidationError<'_>) -> String {
    let parent = parent_schema(schema, error);
    let text = |key: &str| parent.and_then(|it| it.get(key)).and_then(Value::as_str).map(str::to_owned);
    text("description").or_else(|| text("pattern")).unwrap_or_default()
}

/// What the reader of a due rule or an offset says itself: its alternatives are
/// too many to list.
fn own_words(document: &Value, field: &str) -> String {
    let value = document.pointer(field).cloned().unwrap_or_default();
    let said = match keys(field).last().as_deref() {
        Some("due") => reading::<DueRule>(value),
        Some("at" | "every") => reading::<Offset>(value),
        _ => None,
    };
    said.unwrap_or_else(|| "this has none of the forms that may stand here".into())
}

fn reading<T: DeserializeOwned>(value: Value) -> Option<String> {
    serde_json::from_value::<T>(value).err().map(|error| error.to_string())
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
