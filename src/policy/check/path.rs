//! Paths into facts: their form, and whether the event type knows the field.

use serde_json::Value;

use super::world::World;
use crate::id::EventType;
use crate::policy::near;
use crate::policy::problem::Flaw;

/// Whether a path is `subject`, `actor`, `time` or `data.<field>[.<field>…]`.
#[must_use]
pub fn has_form(path: &str) -> bool {
    matches!(path, "subject" | "actor" | "time") || data_steps(path).is_some()
}

/// The flaw of a path that has no such form.
#[must_use]
pub fn form(path: &str, field: &str) -> Option<Flaw> {
    if has_form(path) {
        return None;
    }
    let message = "a path is subject, actor, time or data.<field>";
    let hint =
        near::nearest(path, ["subject", "actor", "time"]).map(|meant| format!("did you mean {meant:?}?"));
    Some(Flaw::mistake("path.form", field, path, message).with_hint(hint))
}

fn data_steps(path: &str) -> Option<Vec<String>> {
    let steps: Vec<String> = path.strip_prefix("data.")?.split('.').map(str::to_owned).collect();
    let named =
        |step: &String| !step.is_empty() && !step.chars().any(|it| it.is_whitespace() || it.is_control());
    steps.iter().all(named).then_some(steps)
}

/// The finding that no version of an event type defines the field a path names.
#[must_use]
pub fn known(world: &World<'_>, event: &EventType, path: &str, field: &str) -> Option<Flaw> {
    steps_known(world, event, &data_steps(path)?, field)
}

/// As [`known`], for steps that a guard names.
#[must_use]
pub fn steps_known(world: &World<'_>, event: &EventType, steps: &[String], field: &str) -> Option<Flaw> {
    let schemas = world.types.get(event.as_str())?;
    if schemas.iter().any(|schema| defines(schema, steps)) {
        return None;
    }
    let path = format!("data.{}", steps.join("."));
    let message = format!("the event type {} defines no {path}", event.as_str());
    let first = steps.first().map(String::as_str).unwrap_or_default();
    let known =
        schemas.iter().filter_map(|schema| schema.get("properties")?.as_object()).flat_map(|it| it.keys());
    let hint = near::hint(first, known.map(String::as_str));
    Some(Flaw::finding("path.undefined", field, &path, message).with_hint(hint))
}

/// The finding that a field is not required, so that facts without it have no key.
#[must_use]
pub fn required(world: &World<'_>, event: &EventType, path: &str, field: &str) -> Option<Flaw> {
    let steps = data_steps(path)?;
    let schemas = world.types.get(event.as_str())?;
    let first = steps.first()?;
    let demands = |schema: &&Value| {
        let required = schema.get("required").and_then(Value::as_array);
        required.is_some_and(|it| it.iter().any(|name| name == first))
    };
    if !schemas.iter().any(|schema| defines(schema, &steps)) || schemas.iter().all(demands) {
        return None;
    }
    let message =
        format!("the event type {} does not require {path}; facts without it are refused", event.as_str());
    Some(Flaw::finding("path.optional", field, path, message))
}

/// A schema defines a path when each step is a property; what it leaves open
/// (no `properties` at a level, or a combination) is taken as defined.
fn defines(schema: &Value, steps: &[String]) -> bool {
    let Some((first, rest)) = steps.split_first() else { return true };
    match schema.get("properties").and_then(Value::as_object) {
        Some(properties) => properties.get(first).is_some_and(|schema| defines(schema, rest)),
        None => schema.get("type").is_none_or(|kind| kind == "object"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_has_one_of_four_forms() {
        for right in ["subject", "actor", "time", "data.unit", "data.a.b"] {
            assert!(form(right, "").is_none(), "{right}");
        }
        for wrong in ["", "data", "data.", "data..a", "unit", "actor.name", "data.a b"] {
            assert!(form(wrong, "").is_some(), "{wrong}");
        }
    }

    #[test]
    fn a_field_that_the_schema_does_not_define_is_a_finding_with_a_hint() {
        let schema = json!({"properties": {"unit": {"type": "string"}, "more": {"type": "object"}}, "required": ["unit"]});
        let world = World { types: [("a.happened", vec![&schema])].into(), ..World::default() };
        let event = EventType::new("a.happened").expect("a type");
        assert!(known(&world, &event, "data.unit", "").is_none());
        assert!(known(&world, &event, "data.more.any", "").is_none());
        let flaw = known(&world, &event, "data.unti", "/owner").expect("a finding");
        assert_eq!(
            (flaw.rule.as_str(), flaw.hint.as_deref()),
            ("path.undefined", Some("did you mean \"unit\"?"))
        );
        assert!(known(&world, &event, "data.unit.deeper", "").is_some());
        assert!(required(&world, &event, "data.unit", "").is_none());
        assert!(required(&world, &event, "data.more", "").is_some());
    }
}
