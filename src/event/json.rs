//! JSON as a fact may hold it: UTF-8, bounded in depth, every key once.
//!
//! `serde_json` alone would let the last of two equal keys win in silence and
//! would go 128 levels deep. Numbers are 64-bit integers or floats, as everywhere in
//! JSON; an exact decimal belongs in a text. Nothing here knows what the values
//! mean.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Value};

/// How many arrays and objects may lie within one another in a fact's data.
///
/// Real notices need five; the ledger adds three around the data and
/// `serde_json` refuses to read more than 127, so 32 leaves room on both sides.
pub const MOST_DEPTH: usize = 32;

/// Keys that begin like this mean something to `serde_json` itself: an object
/// with such a key is read back from the ledger as another value, or not at all.
const RESERVED_KEYS: &str = "$serde_json::private::";

/// Why bytes are not acceptable JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Most often GBK that was not converted.
    #[error("read the text as UTF-8: byte {at} does not belong there; convert GBK or UTF-16 to UTF-8 first")]
    Encoding {
        /// The first wrong byte, counted from 0.
        at: usize,
    },
    /// Not JSON, or a number that no machine number holds.
    #[error("read the text as JSON: {reason}")]
    Syntax {
        /// What is wrong, with line and column.
        reason: String,
    },
    /// Too many levels.
    #[error("read JSON of more than {most} levels of arrays and objects; flatten it")]
    Depth {
        /// How many are allowed.
        most: usize,
    },
    /// Which of the two would count?
    #[error("read an object that has the key {key:?} twice; leave one")]
    Duplicate {
        /// The key.
        key: String,
    },
    /// A key that cannot be kept.
    #[error("read an object with the key {key:?}: keys that begin with {RESERVED_KEYS} cannot be kept")]
    Reserved {
        /// The key.
        key: String,
    },
}

impl JsonError {
    /// The rule of the envelope that is broken.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Encoding { .. } | Self::Syntax { .. } => "envelope.json",
            Self::Depth { .. } => "envelope.too-deep",
            Self::Duplicate { .. } => "envelope.duplicate-key",
            Self::Reserved { .. } => "envelope.reserved-key",
        }
    }
}

/// The value in `bytes`, of at most `most` levels; a bare scalar has none.
///
/// # Errors
/// [`JsonError`], the first thing wrong from the start of the text. Never panics,
/// and never recurses deeper than `most`.
pub fn read(bytes: &[u8], most: usize) -> Result<Value, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|error| JsonError::Encoding { at: error.valid_up_to() })?;
    let fault = RefCell::new(None);
    let mut from = serde_json::Deserializer::from_str(text);
    let read = Strict { left: most, most, fault: &fault }
        .deserialize(&mut from)
        .and_then(|value| from.end().map(|()| value));
    read.map_err(|error| fault.take().unwrap_or_else(|| JsonError::Syntax { reason: error.to_string() }))
}

/// Reads one value; `left` more levels may open within it.
#[derive(Clone, Copy)]
struct Strict<'a> {
    left: usize,
    most: usize,
    fault: &'a RefCell<Option<JsonError>>,
}

impl Strict<'_> {
    /// Notes the fault beside the parser, whose own errors are only texts.
    fn refuse<E: serde::de::Error>(self, fault: JsonError) -> E {
        let error = E::custom(&fault);
        *self.fault.borrow_mut() = Some(fault);
        error
    }

    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        match self.left.checked_sub(1) {
            Some(left) => Ok(Self { left, ..self }),
            None => Err(self.refuse(JsonError::Depth { most: self.most })),
        }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        let number = serde_json::Number::from_f64(value).ok_or_else(|| E::custom("number out of range"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let within = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = from.next_element_seed(within)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let within = self.deeper()?;
        let mut members = Map::new();
        while let Some(key) = from.next_key::<String>()? {
            if key.starts_with(RESERVED_KEYS) {
                return Err(self.refuse(JsonError::Reserved { key: shortened(&key) }));
            }
            match members.entry(key) {
                Entry::Occupied(twice) => {
                    return Err(self.refuse(JsonError::Duplicate { key: shortened(twice.key()) }));
                }
                Entry::Vacant(place) => place.insert(from.next_value_seed(within)?),
            };
        }
        Ok(Value::Object(members))
    }
}

/// A key cut to what a sentence can hold.
fn shortened(key: &str) -> String {
    key.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &[u8]) -> &'static str {
        read(text, MOST_DEPTH).expect_err("should be refused").rule()
    }

    #[test]
    fn values_are_those_that_serde_json_reads() {
        for text in
            ["{}", "[1,-2,3.5,1e300,18446744073709551615,-0.0]", r#"{"a":{"b":[null,true,"督办\n"]}}"#, "7"]
        {
            let plain: Value = serde_json::from_str(text).expect("JSON");
            assert_eq!(read(text.as_bytes(), MOST_DEPTH), Ok(plain));
        }
    }

    #[test]
    fn the_last_allowed_level_is_read_and_the_next_is_not() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(nested(MOST_DEPTH).as_bytes(), MOST_DEPTH).is_ok());
        assert_eq!(rule(nested(MOST_DEPTH + 1).as_bytes()), "envelope.too-deep");
        assert_eq!(rule("[".repeat(100_000).as_bytes()), "envelope.too-deep");
    }

    #[test]
    fn what_two_readers_would_read_differently_is_refused() {
        assert_eq!(rule(br#"{"a":1,"b":{"c":1,"\u0063":2}}"#), "envelope.duplicate-key");
        assert_eq!(rule(br#"{"$serde_json::private::RawValue":"[1]"}"#), "envelope.reserved-key");
        assert_eq!(rule("{\"a\":\"局\"}".as_bytes().get(..8).expect("a cut character")), "envelope.json");
        for wrong in ["", "{} {}", "{\"a\":1,}", "1e999", "nul", "\u{feff}{}"] {
            assert_eq!(rule(wrong.as_bytes()), "envelope.json", "{wrong:?}");
        }
    }
}
