//! A part whose form another floor defines, kept as it was written until its
//! place is known.
//!
//! Due rules and offsets have their own readers with their own errors; reading
//! them late lets the error name the line.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::policy::problem::Flaw;

/// A value that should read as a `T`.
#[derive(Debug, Clone)]
pub struct Raw<T>(Value, PhantomData<T>);

impl<T: DeserializeOwned> Raw<T> {
    /// Reads it.
    ///
    /// # Errors
    /// A mistake at `pointer`, in the words of `T`'s reader.
    pub fn read(&self, pointer: &str) -> Result<T, Flaw> {
        T::deserialize(&self.0)
            .map_err(|error| Flaw::mistake("value.form", pointer, &self.0.to_string(), error.to_string()))
    }
}

impl<'de, T> Deserialize<'de> for Raw<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Value::deserialize(from).map(|value| Self(value, PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Raw<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
