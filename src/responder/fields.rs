//! The parameters of a question: one object of JSON, with the names that HTTP has.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::what::What;
use crate::http::problem::Problem;

/// Parameters as an address would carry them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// Those in its path.
    pub path: BTreeMap<String, String>,
    /// The others.
    pub rest: BTreeMap<String, String>,
}

/// The object in a body; an empty body stands for none.
///
/// # Errors
/// A problem when it is something else.
pub fn object(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    serde_json::from_slice(body).map_err(|error| {
        let detail = format!("a question is one JSON object with the parameters, or nothing: {error}");
        Problem::new("body.unreadable", detail)
    })
}

/// The parameters of `what` in an object.
///
/// # Errors
/// A problem that names the first that cannot be, or that is not there.
pub fn fields(what: What, object: Map<String, Value>) -> Result<Fields, Problem> {
    let mut rest = BTreeMap::new();
    for (name, value) in object {
        if let Some(text) = text(&name, &value)? {
            rest.insert(name, text);
        }
    }
    let mut path = BTreeMap::new();
    for name in what.in_path() {
        let given = rest.remove(name).filter(|text| !text.is_empty());
        let given = given.ok_or_else(|| {
            let detail = format!("{} needs {name}", what.endpoint().name);
            Problem::new("parameter.missing", detail).about(name, "")
        })?;
        path.insert(name.to_owned(), given);
    }
    Ok(Fields { path, rest })
}

/// A value as an address would write it; several joined by commas.
fn text(name: &str, value: &Value) -> Result<Option<String>, Problem> {
    let wrong = || {
        let detail = "give a text, a number, true or false, or a list of texts";
        Problem::new("parameter.invalid", detail).about(name, &value.to_string())
    };
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Bool(_) | Value::Number(_) => Ok(Some(value.to_string())),
        Value::Array(items) => {
            let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            texts.map(|texts| Some(texts.join(","))).ok_or_else(wrong)
        }
        Value::Object(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(what: What, body: &str) -> Result<Fields, Problem> {
        fields(what, object(body.as_bytes())?)
    }

    #[test]
    fn values_are_what_an_address_would_carry() {
        let body =
            r#"{"limit": 5, "open": true, "light": ["overdue", "escalated"], "unit": null, "at": "x"}"#;
        let read = read(What::Overdue, body).expect("fields");
        let pairs = [("at", "x"), ("light", "overdue,escalated"), ("limit", "5"), ("open", "true")];
        let expected = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read, Fields { path: BTreeMap::new(), rest: BTreeMap::from(expected) });
    }

    #[test]
    fn what_stands_in_an_address_must_be_there() {
        assert_eq!(read(What::Case, r#"{"id": "a/b"}"#).expect("fields").path["id"], "a/b");
        for body in ["", "{}", r#"{"id": ""}"#, r#"{"id": null}"#] {
            assert_eq!(read(What::Case, body).expect_err("no id").rule(), "parameter.missing");
        }
        assert_eq!(read(What::Overdue, "[]").expect_err("no object").rule(), "body.unreadable");
        assert_eq!(read(What::Overdue, r#"{"unit": {}}"#).expect_err("no text").rule(), "parameter.invalid");
    }
}
