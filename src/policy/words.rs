//! Small authored words with a form of their own: who is meant, which time counts.
//!
//! They are one string in YAML and JSON and a value in Rust; this file is their
//! only parser and printer.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::definition::{Path, TimeSource, Who};
use crate::id::{RoleId, UnitId};

/// A word that is none of those a policy may use in its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read {value:?}: write {expected}")]
pub struct WordError {
    /// What was written.
    pub value: String,
    /// What may be written.
    pub expected: &'static str,
}

impl FromStr for Who {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        let wrong =
            || WordError { value: text.into(), expected: "owner, lead, assist, role:<name> or unit:<id>" };
        match text.split_once(':') {
            None if text == "owner" => Ok(Self::Owner),
            None if text == "lead" => Ok(Self::Lead),
            None if text == "assist" => Ok(Self::Assist),
            Some(("role", name)) => RoleId::new(name).map(Self::Role).map_err(|_| wrong()),
            Some(("unit", id)) => UnitId::new(id).map(Self::Unit).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner => out.write_str("owner"),
            Self::Lead => out.write_str("lead"),
            Self::Assist => out.write_str("assist"),
            Self::Role(role) => write!(out, "role:{role}"),
            Self::Unit(unit) => write!(out, "unit:{unit}"),
        }
    }
}

impl FromStr for TimeSource {
    type Err = WordError;

    fn from_str(text: &str) -> Result<Self, WordError> {
        match text {
            "recorded" => Ok(Self::Recorded),
            "occurred" => Ok(Self::Occurred),
            path if path.strip_prefix("data.").is_some_and(|rest| !rest.is_empty()) => {
                Ok(Self::Data(Path(path.into())))
            }
            _ => Err(WordError { value: text.into(), expected: "recorded, occurred or data.<field>" }),
        }
    }
}

impl fmt::Display for TimeSource {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recorded => out.write_str("recorded"),
            Self::Occurred => out.write_str("occurred"),
            Self::Data(path) => write!(out, "{path}"),
        }
    }
}

macro_rules! as_text {
    ($name:ident, $pattern:literal, $meaning:literal) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"type": "string", "pattern": $pattern, "description": $meaning})
            }
        }
    };
}

as_text!(
    Who,
    "^(owner|lead|assist|role:[a-z0-9-]+|unit:[a-z0-9-]+)$",
    "owner, lead, assist, role:<name> or unit:<id>"
);
as_text!(TimeSource, "^(recorded|occurred|data\\..+)$", "recorded, occurred or data.<field>");
