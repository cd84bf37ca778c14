//! Carrying a message to the people or systems of a unit.
//!
//! This file states what a carrier promises. It does not know why a message is sent,
//! when, or how often; it names no library.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::event::catalogue::RungLight;
use crate::id::{Name, UnitId};
use crate::time::Instant;

/// The carriers of a tenant by the names of their channels. A channel that the policy
/// names and this map lacks has no settings in this office.
pub type Carriers = BTreeMap<Name, Arc<dyn Carrier>>;

/// A message on its way.
pub type Carrying<'a> = Pin<Box<dyn Future<Output = Result<Carried, CarryError>> + Send + 'a>>;

/// An answer, or whatever else a reader can do, as a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What the link says, in the language of the message.
    pub label: String,
    /// Where it leads: an absolute URL. It may carry a signed right and is never logged.
    pub url: String,
}

/// A file that goes with a message where the channel can take one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its file name, in ASCII.
    pub name: String,
    /// Its media type with parameters, such as `text/calendar; charset=utf-8`.
    pub media: String,
    /// Its content.
    pub body: String,
}

/// One message to one recipient through one channel, in every form a channel may want.
///
/// All forms say the same, the key included, by which people know a repetition; a carrier
/// chooses one and never adds to it. A form may be longer than a channel takes: the
/// carrier cuts it where a line ends and marks the cut with `……`.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The idempotency key: the same for every attempt at the same message, different
    /// for any other. At most 200 characters of `A-Z a-z 0-9 . _ -`.
    pub key: String,
    /// When the message was made. It stays the same over all attempts.
    pub at: Instant,
    /// What it is about, in one line.
    pub title: String,
    /// The whole as plain text.
    pub text: String,
    /// The whole as an HTML document with its styles inline, without anything to load.
    pub html: String,
    /// The whole in the Markdown that chat robots know, without the title and the links,
    /// which each robot shows in its own way.
    pub markdown: String,
    /// The whole for machines: one `CloudEvent`, or a list of them when merged.
    pub event: Value,
    /// The colour of the gravest sheet in it.
    pub light: RungLight,
    /// Files for those who can take them, such as the deadlines as iCalendar.
    pub attachments: Vec<Attachment>,
    /// What the reader can do, most wanted first.
    pub links: Vec<Link>,
}

/// Who is to get a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The unit.
    pub unit: UnitId,
}

/// A message was taken by the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// What the other side said, in a few words without secrets or addresses of people.
    pub note: String,
}

/// Why a message was not taken, or is not known to be.
///
/// Reasons are for people: at most [`MOST_REASON`] characters, without secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CarryError {
    /// It was not taken and may be later. Try again, with the same key.
    #[error("hand the message over now: {reason}")]
    Again {
        /// How long the other side asked to be left alone; bounded by the carrier.
        after: Option<Duration>,
        /// What happened.
        reason: String,
    },
    /// It will not be taken however often it is tried. Give up; a person must look.
    #[error("hand the message over: {reason}")]
    Never {
        /// What is wrong.
        reason: String,
    },
    /// It was sent and the answer was lost: it may have been taken. Try again, with the
    /// same key, so that the other side can tell.
    #[error("learn whether the message was taken: {reason}")]
    Unknown {
        /// What happened.
        reason: String,
    },
}

/// The longest reason or note, in characters: they go to the ledger with every attempt's end.
pub const MOST_REASON: usize = 200;

/// How fast a place may be given messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The most messages within [`Self::within`].
    pub most: u32,
    /// The span over which they are counted, sliding.
    pub within: Duration,
    /// The most that may be under way at once, at least 1.
    pub at_once: u32,
}

/// The place that messages to a recipient end at. Several recipients may share one; its
/// pace and its troubles are then theirs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Its name, the same for the same place: without secrets, fit for a metric's label.
    pub name: String,
    /// How fast it takes messages.
    pub pace: Pace,
}

/// Carries messages of one channel. Shared by all who send; it keeps no queue and tries
/// once a call.
pub trait Carrier: Send + Sync {
    /// Where messages to `to` end; none when the settings have no address for it.
    fn destination(&self, to: &Recipient) -> Option<Destination>;

    /// Tries once to hand `message` over, within a time that the carrier bounds.
    ///
    /// It resolves when the outcome is known or lost; a carrier never retries by itself.
    /// Dropping it before gives up waiting, not the message: its outcome is unknown then.
    ///
    /// # Errors
    /// [`CarryError`]; without an address it is [`CarryError::Never`].
    fn carry<'a>(&'a self, to: &'a Recipient, message: &'a Message) -> Carrying<'a>;
}

impl CarryError {
    /// What happened, for people.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Again { reason, .. } | Self::Never { reason } | Self::Unknown { reason } => reason,
        }
    }
}

/// A reason or note as it may be kept: one line of at most [`MOST_REASON`] characters.
#[must_use]
pub fn short(reason: &str) -> String {
    let plain = |letter: char| if letter.is_control() { ' ' } else { letter };
    reason.trim().chars().map(plain).take(MOST_REASON).collect()
}
