//! Values computed from figures: names, numbers, and seven ways to combine them.
//!
//! The form on paper is the form in JSON; what a share over nothing means is
//! decided where it is computed.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use crate::exact::Exact;
use crate::id::InputName;

/// How deep expressions lie within one another, at most: beyond it nobody reads them.
pub const MOST_DEPTH: usize = 8;
/// How many values one list combines, at most.
const MOST_LISTED: usize = 16;

/// A value computed from figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expression {
    /// A figure.
    Input(InputName),
    /// A number.
    Number(Exact),
    /// One over the other; not applicable over 0.
    Share {
        /// What is above the line.
        of: Box<Expression>,
        /// What is below it.
        over: Box<Expression>,
    },
    /// The least of them.
    Least(Vec<Expression>),
    /// The greatest of them.
    Greatest(Vec<Expression>),
    /// All added up.
    Sum(Vec<Expression>),
    /// The first less the second.
    Minus(Box<[Expression; 2]>),
    /// All multiplied.
    Product(Vec<Expression>),
    /// The first, or the second where the first is not applicable.
    OrElse(Box<[Expression; 2]>),
}

impl Expression {
    /// Every figure that it names, in order, repeated where it is used again.
    #[must_use]
    pub fn inputs(&self) -> Vec<&InputName> {
        match self {
            Self::Input(name) => vec![name],
            Self::Number(_) => Vec::new(),
            Self::Share { of, over } => [of.inputs(), over.inputs()].concat(),
            Self::Least(parts) | Self::Greatest(parts) | Self::Sum(parts) | Self::Product(parts) => {
                parts.iter().flat_map(Self::inputs).collect()
            }
            Self::Minus(pair) | Self::OrElse(pair) => pair.iter().flat_map(Self::inputs).collect(),
        }
    }
}

/// Reads a value of JSON; `depth` is how many expressions it lies in.
fn read(value: &Value, depth: usize) -> Result<Expression, String> {
    if depth > MOST_DEPTH {
        return Err(format!("expressions lie within one another at most {MOST_DEPTH} deep"));
    }
    match value {
        Value::String(text) => match text.parse::<Exact>() {
            Ok(number) => Ok(Expression::Number(number)),
            Err(_) => {
                InputName::new(text).map(Expression::Input).map_err(|error| format!("{error}, or a number"))
            }
        },
        Value::Number(_) => {
            Exact::deserialize(value).map(Expression::Number).map_err(|error| error.to_string())
        }
        Value::Object(map) => form(map, depth + 1),
        Value::Null | Value::Bool(_) | Value::Array(_) => Err(format!("read {value}: {FORMS}")),
    }
}

const FORMS: &str =
    "write an input's name, a number, or one of share, least, greatest, sum, minus, product, orElse";

fn form(map: &Map<String, Value>, depth: usize) -> Result<Expression, String> {
    let mut entries = map.iter();
    let (Some((key, value)), None) = (entries.next(), entries.next()) else {
        return Err(format!("an expression has one key; {FORMS}"));
    };
    match key.as_str() {
        "share" => share(value, depth),
        "least" => list(value, depth).map(Expression::Least),
        "greatest" => list(value, depth).map(Expression::Greatest),
        "sum" => list(value, depth).map(Expression::Sum),
        "product" => list(value, depth).map(Expression::Product),
        "minus" => pair(value, depth).map(Expression::Minus),
        "orElse" => pair(value, depth).map(Expression::OrElse),
        other => Err(format!("{other:?} is no expression; {FORMS}")),
    }
}

fn share(value: &Value, depth: usize) -> Result<Expression, String> {
    let parts = value.as_object().filter(|map| map.len() == 2);
    let parts = parts.and_then(|map| Some((map.get("of")?, map.get("over")?)));
    let Some((of, over)) = parts else { return Err("a share has of and over".to_owned()) };
    Ok(Expression::Share { of: Box::new(read(of, depth)?), over: Box::new(read(over, depth)?) })
}

fn list(value: &Value, depth: usize) -> Result<Vec<Expression>, String> {
    match value.as_array() {
        Some(parts) if (1..=MOST_LISTED).contains(&parts.len()) => {
            parts.iter().map(|part| read(part, depth)).collect()
        }
        Some(_) | None => Err(format!("here stands a list of 1 to {MOST_LISTED} expressions")),
    }
}

fn pair(value: &Value, depth: usize) -> Result<Box<[Expression; 2]>, String> {
    match value.as_array().map(Vec::as_slice) {
        Some([first, second]) => Ok(Box::new([read(first, depth)?, read(second, depth)?])),
        Some(_) | None => Err("here stand two expressions in a list".to_owned()),
    }
}

impl<'de> Deserialize<'de> for Expression {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        read(&Value::deserialize(from)?, 0).map_err(serde::de::Error::custom)
    }
}

/// A share as it is written.
#[derive(Serialize)]
struct Written<'a> {
    of: &'a Expression,
    over: &'a Expression,
}

impl Serialize for Expression {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Input(name) => name.serialize(to),
            Self::Number(number) => number.serialize(to),
            Self::Share { of, over } => one(to, "share", &Written { of, over }),
            Self::Least(parts) => one(to, "least", parts),
            Self::Greatest(parts) => one(to, "greatest", parts),
            Self::Sum(parts) => one(to, "sum", parts),
            Self::Product(parts) => one(to, "product", parts),
            Self::Minus(pair) => one(to, "minus", pair.as_ref()),
            Self::OrElse(pair) => one(to, "orElse", pair.as_ref()),
        }
    }
}

fn one<S: Serializer, T: Serialize + ?Sized>(to: S, key: &str, value: &T) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(Some(1))?;
    map.serialize_entry(key, value)?;
    map.end()
}

impl JsonSchema for Expression {
    fn schema_name() -> Cow<'static, str> {
        "Expression".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let inner = generator.subschema_for::<Self>();
        let list = json!({"type": "array", "items": inner, "minItems": 1, "maxItems": MOST_LISTED});
        let pair = json!({"type": "array", "items": inner, "minItems": 2, "maxItems": 2});
        let share = json!({
            "type": "object", "required": ["of", "over"], "additionalProperties": false,
            "properties": {"of": inner, "over": inner},
        });
        json_schema!({
            "type": ["string", "integer", "object"],
            "description": "an input's name, a number, or one of share, least, greatest, sum, minus, product, orElse",
            "properties": {
                "share": share, "least": list, "greatest": list, "sum": list, "product": list,
                "minus": pair, "orElse": pair,
            },
            "additionalProperties": false,
            "minProperties": 1,
            "maxProperties": 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_as_the_same() {
        let text =
            r#"{"orElse":[{"minus":["1",{"share":{"of":"left","over":"listed"}}]},{"least":["a","0.5"]}]}"#;
        let read: Expression = serde_json::from_str(text).expect("an expression");
        assert_eq!(serde_json::to_string(&read).expect("JSON"), text);
        assert_eq!(read.inputs().iter().map(|it| it.as_str()).collect::<Vec<_>>(), ["left", "listed", "a"]);
    }

    #[test]
    fn other_forms_are_refused_in_words() {
        let deep = format!("{}1{}", r#"{"sum":["#.repeat(9), "]}".repeat(9));
        for (text, words) in [
            ("0.5", "in quotes"),
            ("true", "an input's name"),
            (r#"{"shore":{"of":"a","over":"b"}}"#, "is no expression"),
            (r#"{"share":{"of":"a"}}"#, "of and over"),
            (r#"{"minus":["a"]}"#, "two expressions"),
            (r#""Nein""#, "or a number"),
            (deep.as_str(), "at most 8 deep"),
        ] {
            let error = serde_json::from_str::<Expression>(text).expect_err(text).to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
