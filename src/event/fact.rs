//! A fact: what a service says has happened, before anything is decided.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::{EventType, Seq, Sha, UnitId};
use crate::time::Instant;

/// What a publisher stated, read from a `CloudEvents` envelope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    /// The publishing system, `CloudEvents` `source`.
    pub source: String,
    /// Unique per source, `CloudEvents` `id`.
    pub id: String,
    /// What happened, `CloudEvents` `type`.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// The version of the type's data, from `dataschema`'s last segment; the
    /// newest when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The case: `workflow/key` or the bare key, `CloudEvents` `subject`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The publishing unit, from the intake subject: an identity, not a claim.
    pub actor: UnitId,
    /// When it occurred, as the publisher claims, `CloudEvents` `time`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<Instant>,
    /// The recorded instant that a trusted importer states for a fact of the
    /// past, extension `recordedtime`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported_at: Option<Instant>,
    /// Who stated it for the actor: a person or a system, extension `statedby`.
    /// Over HTTP the server fills it in; over NATS it is the actor's own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated_by: Option<String>,
    /// What it says.
    #[serde(default)]
    pub data: serde_json::Value,
}

impl Fact {
    /// What tells apart two facts of the same source and id: the digest of all
    /// that was stated, whatever the envelope's form and whoever sent it: a fact that
    /// a colleague sends again is the same fact.
    #[must_use]
    pub fn content(&self) -> Sha {
        let times = format!("{:?} {:?}", self.occurred_at, self.imported_at);
        let data = self.data.to_string();
        Sha::of_parts(&[
            self.kind.as_str().as_bytes(),
            self.version.as_deref().unwrap_or_default().as_bytes(),
            self.subject.as_deref().unwrap_or_default().as_bytes(),
            self.actor.as_str().as_bytes(),
            times.as_bytes(),
            data.as_bytes(),
        ])
    }
}

/// A fact that could not even be read, with what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Malformed {
    /// The rule that it breaks: `envelope.json`, `envelope.required`, …
    pub rule: String,
    /// The field.
    pub field: String,
    /// The value, cut to 200 characters.
    pub value: String,
    /// A sentence that says what to do.
    pub message: String,
    /// The source, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The id, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The publishing unit, where the subject names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<UnitId>,
}

impl Malformed {
    /// A fault whose value is cut to what a page can show, of nobody known yet. Boxed,
    /// because it travels as the rare half of a result.
    #[must_use]
    pub fn new(rule: &str, field: &str, value: &str, message: impl Into<String>) -> Box<Self> {
        Box::new(Self {
            rule: rule.into(),
            field: field.into(),
            value: value.chars().take(200).collect(),
            message: message.into(),
            source: None,
            id: None,
            actor: None,
        })
    }
}

/// What the intake holds at one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// Its place in the intake.
    pub seq: Seq,
    /// The instant at which the intake's server recorded it.
    pub at: Instant,
    /// The fact, or why it is none.
    pub content: Content,
}

/// A fact, or what came in its place.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A well-formed fact.
    Fact(Box<Fact>),
    /// Something else, with the original as text (or base64 after `base64:`),
    /// cut to [`MOST_ORIGINAL`] bytes.
    Malformed(Box<Malformed>, String),
    /// The engine's own mark that time has passed.
    Tick,
}

/// How much of a refused original the ledger carries: enough to mend by hand,
/// well under the broker's 1 MiB. The intake keeps the whole.
pub const MOST_ORIGINAL: usize = 64 * 1024;
