//! What a message is made of.

use chrono::NaiveDate;
use serde_json::Value;

use crate::calendar::{Explanation, Lang, Text};
use crate::event::catalogue::{Act, RungLight};
use crate::id::{CaseId, Name, TenantId};
use crate::port::carrier::Link;
use crate::time::Instant;

/// What a message is about as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Heading {
    /// The idempotency key of the message.
    pub key: String,
    /// When it is made: the same over all attempts.
    pub at: Instant,
    /// The civil day of that, in the zone of the office.
    pub today: NaiveDate,
    /// The language it is in.
    pub lang: Lang,
    /// Whose it is.
    pub tenant: TenantId,
    /// Who is told.
    pub unit: Text,
    /// Whether it is the digest of a day.
    pub is_digest: bool,
    /// Where the desk is found, without a slash at the end.
    pub desk: Option<String>,
}

/// One reminder or escalation, as it stands when the message is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// What was raised.
    pub act: Act,
    /// The colour of its sheet.
    pub light: RungLight,
    /// How often it was raised, this time included.
    pub nth: u16,
    /// The case.
    pub case: CaseId,
    /// What the case is: its workflow's title.
    pub workflow: Text,
    /// The clock's name.
    pub clock: Name,
    /// What is to be done in time: the clock's title.
    pub duty: Text,
    /// Who owes it.
    pub owner: Text,
    /// The due instant as people write it.
    pub due: Text,
    /// The last day in time.
    pub last_day: NaiveDate,
    /// Whether the due instant has passed.
    pub is_late: bool,
    /// How long is left or over.
    pub span: Option<Text>,
    /// The clause it rests on.
    pub clause: Text,
    /// Why it is due then, in one sentence: the days counted.
    pub days: Text,
    /// The same day by day.
    pub explanation: Option<Explanation>,
    /// What comes next.
    pub next: Option<Text>,
    /// Whether the due date may still move.
    pub is_provisional: bool,
    /// How often the due date was moved.
    pub moves: u16,
    /// What the reader can do about it, most wanted first.
    pub links: Vec<Link>,
    /// The ledger entry for machines, as a `CloudEvent`.
    pub event: Value,
}
