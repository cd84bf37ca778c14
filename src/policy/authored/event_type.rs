//! An event type as `events/<type>.v<n>.json` states it: a JSON Schema with its
//! name and version in `$id` and its titles in `x-title`.

use serde_json::Value;

use crate::id::EventType;
use crate::policy::definition::{EventTypeDefinition, Text};
use crate::policy::problem::Flaw;

/// What every `$id` begins with.
const PREFIX: &str = "duban:events/";

/// The definition that a schema file states.
///
/// # Errors
/// Every part that is missing or has a wrong form. Whether the schema itself is
/// sound is [`crate::policy::check::event_type`]'s.
pub fn resolve(schema: Value) -> Result<EventTypeDefinition, Vec<Flaw>> {
    let identity = identity(&schema);
    let title = title(&schema);
    match (identity, title) {
        (Ok((name, version)), Ok(title)) => Ok(EventTypeDefinition { name, version, title, schema }),
        (identity, title) => Err(identity.err().into_iter().chain(title.err()).collect()),
    }
}

fn identity(schema: &Value) -> Result<(EventType, String), Flaw> {
    let id = schema.get("$id").and_then(Value::as_str).unwrap_or_default();
    let wrong = || {
        let message = "an event type's $id is duban:events/<noun.past-participle>/<version>";
        Flaw::mistake("event-type.id", "/$id", id, message)
            .with_hint(Some("such as duban:events/objection.received/1".into()))
    };
    let (name, version) = id.strip_prefix(PREFIX).and_then(|rest| rest.split_once('/')).ok_or_else(wrong)?;
    let counted = !version.starts_with('0') && version.parse::<u32>().is_ok();
    let name = EventType::new(name).ok().filter(|_| counted).ok_or_else(wrong)?;
    Ok((name, version.into()))
}

fn title(schema: &Value) -> Result<Text, Flaw> {
    let titles = schema.get("x-title").cloned().unwrap_or_default();
    serde_json::from_value(titles).map_err(|error| {
        let message = format!("an event type has its titles in both languages: {error}");
        Flaw::mistake("event-type.title", "/x-title", "", message)
            .with_hint(Some("write \"x-title\": {\"zh\": …, \"en\": …}".into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn name_version_and_titles_come_from_the_schema() {
        let schema =
            json!({"$id": "duban:events/news.published/2", "x-title": {"zh": "已发布", "en": "Published"}});
        let definition = resolve(schema).expect("an event type");
        assert_eq!((definition.name.as_str(), definition.version.as_str()), ("news.published", "2"));
    }

    #[test]
    fn all_that_is_missing_is_named() {
        let flaws = resolve(json!({"$id": "duban:events/news/1"})).expect_err("no event type");
        let rules: Vec<_> = flaws.iter().map(|flaw| flaw.rule.as_str()).collect();
        assert_eq!(rules, ["event-type.id", "event-type.title"]);
    }
}
