//! A ledger entry: an event with its place, time, cause and link of the chain.
//!
//! On the wire an entry is a structured `CloudEvent` in JSON. Encoding is
//! deterministic, because the hash chain is over the bytes.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::catalogue::Event;
use super::names::{self, Payload};
use super::upcast::{FIRST_FORMAT, FORMAT, TODAY, UpcastError, Upcasters};
use crate::id::{CaseId, EventType, Seq, Sha, TenantId, UnitId};
use crate::time::Instant;

/// An event before it has its place: what `decide` returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The instant at which it is so: the fact's recorded one, or a timer's own.
    pub at: Instant,
    /// The intake place of the fact (or tick) that caused it.
    pub cause: Seq,
    /// Whether time caused it, and the fact only let time pass.
    pub by_time: bool,
    /// The case it is about.
    pub case: Option<CaseId>,
    /// The unit it concerns: the case's owner, or the publisher of a refused fact.
    pub unit: Option<UnitId>,
    /// The definition that judged it.
    pub policy: Option<Sha>,
    /// What was decided.
    pub event: Event,
}

/// An event in its place on the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its place, from 1.
    pub seq: Seq,
    /// The digest of the entry before, [`Sha::ZERO`] for the first.
    pub previous: Sha,
    /// Its number among the events of the same cause, from 0.
    pub ordinal: u32,
    /// What was decided.
    pub decided: Decided,
}

/// An entry that cannot be written or read. Give up: nothing that comes after it
/// can be folded, and trying again changes nothing.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// The bytes are no entry.
    #[error("read a ledger entry")]
    Envelope(#[source] serde_json::Error),
    /// An attribute does not have its form.
    #[error("read a ledger entry's {attribute} from {value:?}")]
    Attribute {
        /// The attribute.
        attribute: &'static str,
        /// What it has.
        value: String,
    },
    /// The data is not that of its type.
    #[error("read the data of entry {seq}, a {kind}")]
    Data {
        /// The entry's place.
        seq: Seq,
        /// Its type.
        kind: String,
        /// What is wrong with the data.
        #[source]
        cause: serde_json::Error,
    },
    /// The type is reserved, yet this version does not know it.
    #[error(
        "read entry {seq}: {kind} is an event of the engine that this version does not know; run a later one"
    )]
    Unknown {
        /// The entry's place.
        seq: Seq,
        /// Its type.
        kind: String,
    },
    /// It was written in another form and could not be lifted to today's.
    #[error(transparent)]
    Upcast(#[from] UpcastError),
    /// An accepted fact of a type that is the engine's own; a bug of the caller.
    #[error("write an accepted fact as {kind}: that type is the engine's own")]
    Reserved {
        /// The type.
        kind: String,
    },
    /// The event does not go into JSON; a bug of its type.
    #[error("write a ledger entry")]
    Unwritable(#[source] serde_json::Error),
}

/// The entry as it is written; the order of fields is the order of the bytes.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "LedgerEntry")]
pub(super) struct Written<'a> {
    specversion: &'static str,
    #[schemars(with = "String")]
    id: Text<Seq>,
    #[schemars(with = "String")]
    source: Text<Source<'a>>,
    #[serde(rename = "type")]
    kind: &'a str,
    time: Instant,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a CaseId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<u32>,
    #[schemars(with = "String")]
    cause: Text<Seq>,
    ordinal: u32,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    bytime: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a UnitId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<Sha>,
    previous: Sha,
    #[schemars(with = "Value")]
    data: Payload<'a>,
}

/// A value written as text, since JSON numbers end at 2^53 for many readers.
struct Text<T>(T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

struct Source<'a>(&'a TenantId);

impl fmt::Display for Source<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "/duban/{}", self.0)
    }
}

/// The entry as it is read, its data still unread. Attributes that later versions
/// may add are passed over.
#[derive(Deserialize)]
struct Read<'a> {
    #[serde(borrow)]
    specversion: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(rename = "type")]
    kind: EventType,
    time: Instant,
    subject: Option<CaseId>,
    format: Option<u32>,
    #[serde(borrow)]
    cause: Cow<'a, str>,
    ordinal: u32,
    #[serde(default)]
    bytime: bool,
    unit: Option<UnitId>,
    policy: Option<Sha>,
    previous: Sha,
    #[serde(borrow)]
    data: &'a RawValue,
}

impl Entry {
    /// The subject and body under which this entry goes onto the ledger of `tenant`.
    ///
    /// The subject is `duban.<tenant>.ledger.<noun>.<verb>.<unit>`, with `_` where no
    /// unit is concerned. The body is a structured `CloudEvent`; equal entries have
    /// equal bytes.
    ///
    /// # Errors
    /// [`EntryError::Reserved`] for an accepted fact that could not be read back as
    /// one; [`EntryError::Unwritable`] never for entries of the catalogue as it is.
    pub fn to_message(&self, tenant: &TenantId) -> Result<(String, Vec<u8>), EntryError> {
        let decided = &self.decided;
        let kind = decided.event.kind();
        if matches!(&decided.event, Event::FactAccepted(it) if !names::is_stateable(&it.fact.kind)) {
            return Err(EntryError::Reserved { kind: kind.to_owned() });
        }
        let unit = decided.unit.as_ref().map_or("_", UnitId::as_str);
        let subject = format!("duban.{tenant}.ledger.{kind}.{unit}");
        let written = Written {
            specversion: "1.0",
            id: Text(self.seq),
            source: Text(Source(tenant)),
            kind,
            time: decided.at,
            subject: decided.case.as_ref(),
            format: (FORMAT != FIRST_FORMAT).then_some(FORMAT),
            cause: Text(decided.cause),
            ordinal: self.ordinal,
            bytime: decided.by_time,
            unit: decided.unit.as_ref(),
            policy: decided.policy,
            previous: self.previous,
            data: Payload(&decided.event),
        };
        // Most entries fit, so that the buffer grows once at most.
        let mut body = Vec::with_capacity(1024);
        serde_json::to_writer(&mut body, &written).map_err(EntryError::Unwritable)?;
        Ok((subject, body))
    }

    /// The entry whose body [`Entry::to_message`] wrote, in this or an older version.
    ///
    /// It checks the form only; whether the entry follows the one before is
    /// [`super::chain::Chain::verify`]'s to say.
    ///
    /// # Errors
    /// [`EntryError`]. Never panics, whatever the bytes.
    pub fn read(body: &[u8]) -> Result<Self, EntryError> {
        Self::read_with(body, &TODAY)
    }

    /// As [`Entry::read`], with given upcasters.
    pub(super) fn read_with(body: &[u8], upcasters: &Upcasters) -> Result<Self, EntryError> {
        let read = serde_json::from_slice::<Read<'_>>(body);
        if let Ok(read) = &read
            && read.format.unwrap_or(FIRST_FORMAT) == upcasters.format
        {
            return Self::of(read);
        }
        // It is of another form, or of none; only now is the form worth a look.
        let entry: serde_json::Map<String, Value> =
            serde_json::from_slice(body).map_err(EntryError::Envelope)?;
        let format = entry.get("format").map_or(Some(FIRST_FORMAT.into()), Value::as_u64);
        let format = format.and_then(|format| u32::try_from(format).ok()).unwrap_or(u32::MAX);
        if let (true, Err(error)) = (format == upcasters.format, read) {
            return Err(EntryError::Envelope(error));
        }
        let lifted = Value::Object(upcasters.lift_entry(entry, format)?).to_string();
        Self::of(&serde_json::from_str(&lifted).map_err(EntryError::Envelope)?)
    }

    fn of(read: &Read<'_>) -> Result<Self, EntryError> {
        if read.specversion != "1.0" {
            return Err(wrong("specversion", &read.specversion));
        }
        let seq = sequence("id", &read.id)?;
        let kind = read.kind.as_str();
        if names::is_reserved(&read.kind) && !names::is_in_catalogue(kind) {
            return Err(EntryError::Unknown { seq, kind: kind.to_owned() });
        }
        let event = Event::read(kind, read.data.get()).map_err(|cause| EntryError::Data {
            seq,
            kind: kind.to_owned(),
            cause,
        })?;
        if event.kind() != kind {
            return Err(wrong("type", kind));
        }
        let decided = Decided {
            at: read.time,
            cause: sequence("cause", &read.cause)?,
            by_time: read.bytime,
            case: read.subject.clone(),
            unit: read.unit.clone(),
            policy: read.policy,
            event,
        };
        Ok(Self { seq, previous: read.previous, ordinal: read.ordinal, decided })
    }
}

fn sequence(attribute: &'static str, text: &str) -> Result<Seq, EntryError> {
    text.parse().map(Seq).map_err(|_| wrong(attribute, text))
}

fn wrong(attribute: &'static str, value: &str) -> EntryError {
    EntryError::Attribute { attribute, value: value.chars().take(64).collect() }
}
