//! Names and numbers that must not be mistaken for one another.
//!
//! Every id, sequence and digest is a type of its own, checked once where it
//! enters. Nothing here knows what the things named are.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::parse::parsed;

/// A text that does not have the form of the id it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read {value:?} as {what}: {rule}")]
pub struct IdError {
    /// What it should have been.
    pub what: &'static str,
    /// What was given, cut to 64 characters.
    pub value: String,
    /// The form it should have.
    pub rule: &'static str,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $most:literal, $rule:literal, $pattern:literal, $fits:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The id, if `text` has its form.
            ///
            /// # Errors
            /// [`IdError`] with the form it should have.
            pub fn new(text: &str) -> Result<Self, IdError> {
                let fits: fn(&str) -> bool = $fits;
                if text.is_empty() || text.len() > $most || !fits(text) {
                    let value = text.chars().take(64).collect();
                    return Err(IdError { what: $what, value, rule: $rule });
                }
                Ok(Self(text.into()))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{:?}", &*self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                parsed(from)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string", "pattern": $pattern, "maxLength": $most, "description": $rule,
                })
            }
        }
    };
}

fn is_slug(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn is_account(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_@".contains(&byte))
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.ends_with(|last: char| last.is_ascii_alphanumeric())
}

fn is_item(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.bytes().all(|byte| inner(byte) || matches!(byte, b'.' | b'-'))
        && text.bytes().next().is_some_and(inner)
        && text.bytes().next_back().is_some_and(inner)
}

fn is_input(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_event_type(text: &str) -> bool {
    text.split_once('.')
        .is_some_and(|(noun, verb)| !noun.is_empty() && !verb.is_empty() && is_slug(noun) && is_slug(verb))
}

fn is_case_id(text: &str) -> bool {
    text.split_once('/').is_some_and(|(workflow, key)| {
        !workflow.is_empty() && is_slug(workflow) && !key.is_empty() && !key.chars().any(char::is_control)
    })
}

text_id! {
    /// A jurisdiction with its own intake, ledger and policies: `changqing`, `genhe`.
    TenantId, "a tenant", 32, "1 to 32 lower-case letters, digits and inner hyphens", "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", is_slug
}
text_id! {
    /// A department, platform or office; one token of a subject, so that the
    /// broker's permissions can tie a publisher to it.
    UnitId, "a unit", 64, "1 to 64 lower-case letters, digits and inner hyphens", "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", is_slug
}
text_id! {
    /// A part a unit plays, such as `credit-office` or `platform`.
    RoleId, "a role", 64, "1 to 64 lower-case letters, digits and inner hyphens", "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", is_slug
}
text_id! {
    /// The name of a workflow, calendar, ladder, clock or state.
    Name, "a name", 64, "1 to 64 lower-case letters, digits and inner hyphens", "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", is_slug
}
text_id! {
    /// An item of a scorecard, usually as its document numbers it: `2.1`.
    ItemName, "an item", 32, "1 to 32 lower-case letters, digits, inner dots and hyphens, such as 2.1",
    "^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", is_item
}
text_id! {
    /// A figure that a score is computed from: `compliance`, `person_records`.
    InputName, "an input", 64, "a lower-case letter, then letters, digits and underscores, at most 64",
    "^[a-z][A-Za-z0-9_]*$", is_input
}
text_id! {
    /// What happened, as noun and past participle: `objection.received`.
    EventType, "an event type", 128, "noun.past-participle, lower-case with hyphens, such as objection.received",
    "^[a-z0-9]([a-z0-9-]*[a-z0-9])?\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?$", is_event_type
}
text_id! {
    /// Who signs in, by the name they give: `zhang.wei`, `zhang@tax.example`.
    AccountName, "an account", 64, "1 to 64 lower-case letters, digits and inner . - _ @", "^[a-z0-9]([a-z0-9._@-]*[a-z0-9])?$", is_account
}
text_id! {
    /// One supervised matter: its workflow and its key, `objection/YY-2022-001`.
    CaseId, "a case", 256, "workflow/key of at most 256 bytes, such as objection/YY-2022-001",
    "^[a-z0-9]([a-z0-9-]*[a-z0-9])?/.+$", is_case_id
}

impl CaseId {
    /// The case of `workflow` with the given key.
    ///
    /// # Errors
    /// [`IdError`] when the key is empty, too long, or has control characters.
    pub fn of(workflow: &Name, key: &str) -> Result<Self, IdError> {
        Self::new(&format!("{workflow}/{key}"))
    }

    /// The workflow's name, before the first slash.
    #[must_use]
    pub fn workflow(&self) -> &str {
        self.0.split_once('/').map_or(&*self.0, |(workflow, _)| workflow)
    }

    /// The key, after the first slash.
    #[must_use]
    pub fn key(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, key)| key)
    }
}

impl EventType {
    /// The noun and the past participle.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        self.0.split_once('.').unwrap_or((&self.0, ""))
    }
}

/// A place in a log, counted by the broker from 1; 0 is before the first.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// Before the first entry.
    pub const ZERO: Self = Self(0);

    /// The next place.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, out)
    }
}

/// A SHA-256 digest: the identity of a content, or a link of the hash chain.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sha([u8; 32]);

impl Sha {
    /// What the first entry of a chain has before it.
    pub const ZERO: Self = Self([0; 32]);

    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of several parts, each preceded by its length, so that no
    /// two different lists of parts have the same digest.
    #[must_use]
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first twelve hexadecimal digits, enough for a person to compare.
    #[must_use]
    pub fn short(&self) -> String {
        const_hex::encode(&self.0[..6])
    }
}

impl From<[u8; 32]> for Sha {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl FromStr for Sha {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let mut bytes = [0; 32];
        const_hex::decode_to_slice(text, &mut bytes).map_err(|_| IdError {
            what: "a SHA-256 digest",
            value: text.chars().take(64).collect(),
            rule: "64 hexadecimal digits",
        })?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for Sha {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(const_hex::Buffer::<32>::new().format(&self.0))
    }
}

impl fmt::Debug for Sha {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.short())
    }
}

impl Serialize for Sha {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            to.serialize_str(const_hex::Buffer::<32>::new().format(&self.0))
        } else {
            self.0.serialize(to)
        }
    }
}

impl<'de> Deserialize<'de> for Sha {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        if from.is_human_readable() { parsed(from) } else { <[u8; 32]>::deserialize(from).map(Self) }
    }
}

impl JsonSchema for Sha {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Sha256".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^[0-9a-f]{64}$"})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_refuse_what_a_subject_or_a_key_could_not_carry() {
        for wrong in ["", "a.b", "A", "-a", "a ", "局", &"x".repeat(65)] {
            assert!(UnitId::new(wrong).is_err(), "{wrong:?} should not be a unit");
        }
        assert!(EventType::new("objection.received").is_ok());
        assert!(EventType::new("objection").is_err());
        assert!(EventType::new("a.b.c").is_err());
        let case = CaseId::new("objection/济-2022/001").expect("a case");
        assert_eq!((case.workflow(), case.key()), ("objection", "济-2022/001"));
    }

    #[test]
    fn a_digest_is_read_back_from_its_text() {
        let sha = Sha::of(b"duban");
        assert_eq!(sha.to_string().parse::<Sha>().expect("a digest"), sha);
        assert_ne!(Sha::of_parts(&[b"ab", b"c"]), Sha::of_parts(&[b"a", b"bc"]));
    }
}
