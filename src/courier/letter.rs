//! A message made of the reminders that it tells, as their cases stand now.
//!
//! What it says is found by the read side ([`crate::query::notice`]) and worded by
//! [`crate::message`]; here the two are brought together, under a key that stays.

use serde_json::{Value, json};

use super::outcome::Errand;
use crate::calendar::Lang;
use crate::engine::settings::WallClock;
use crate::event::catalogue::{Act, RungLight};
use crate::id::{Name, Seq, TenantId, UnitId};
use crate::kernel::row::{Case, Pending};
use crate::message::{Facts, Heading, Wording, render};
use crate::policy::definition::delivery::{Channel, Language};
use crate::port::carrier::{Carriers, Link, Message};
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::error::QueryError;
use crate::query::naming::{Named, calendar_of};
use crate::query::notice::{Raised, facts};
use crate::query::policy_cache::Policies;
use crate::query::reader::Reader;
use crate::time::Instant;

/// How much of the ledger's identity a key carries: enough to tell the ledgers apart
/// that one receiver will ever hear of.
const DIGITS: usize = 8;

/// What a courier delivers from, and through whom.
pub struct Office<S, L> {
    /// Whose reminders.
    pub tenant: TenantId,
    /// Reads the wall clock: when to send, never what is recorded.
    pub now: WallClock,
    /// The read side; it sees everything.
    pub reader: Reader<S, L>,
    /// The carriers by the names of their channels.
    pub carriers: Carriers,
    /// Where the desk is found, without a slash at the end.
    pub desk: Option<String>,
    /// The office's own wording.
    pub wording: Wording,
}

impl<S: Store, L: Log> Office<S, L> {
    /// An office with the usual wording and no desk to link to.
    #[must_use]
    pub fn new(tenant: TenantId, now: WallClock, reader: Reader<S, L>, carriers: Carriers) -> Self {
        Self { tenant, now, reader, carriers, desk: None, wording: Wording::usual() }
    }
}

/// A message in the making: to whom, under which key, as of when.
#[derive(Debug, Clone)]
pub struct Envelope<'a> {
    /// By which channel.
    pub channel: &'a Name,
    /// To whom.
    pub unit: &'a UnitId,
    /// Its key.
    pub key: String,
    /// Its instant, the same for every attempt.
    pub at: Instant,
    /// Whether it is the digest of a day.
    pub is_digest: bool,
}

/// The idempotency key of a message whose first reminder is this one: the ledger's
/// identity, the reminder's place on it, to whom and by which channel. A message that is
/// made again begins with the same reminder, so it has the same key.
///
/// # Errors
/// [`QueryError`] when the projection cannot be read.
pub fn key<S: Store, L: Log>(office: &Office<S, L>, first: &Errand) -> Result<String, QueryError> {
    let ledger = office.reader.ledger_id()?.simple().to_string();
    let ledger: String = ledger.chars().take(DIGITS).collect();
    let Errand { channel, unit, reminder, .. } = first;
    Ok(format!("{ledger}-{reminder}-{unit}-{channel}"))
}

/// The message that tells `rows`.
///
/// # Errors
/// [`QueryError`] when a case cannot be read or has not what a reminder is about.
pub fn write<S: Store, L: Log>(
    office: &Office<S, L>,
    (policies, channel): (&Policies, Option<&Channel>),
    envelope: &Envelope<'_>,
    rows: &[&(Seq, Pending)],
) -> Result<Message, QueryError> {
    let lang = match channel.map(|channel| channel.language).unwrap_or_default() {
        Language::Zh => Lang::Zh,
        Language::En => Lang::En,
    };
    let mut told = Vec::with_capacity(rows.len());
    let mut today = None;
    for (seq, pending) in rows.iter().copied() {
        let case = case_of(office, pending)?;
        let deadline = case.deadlines.iter().find(|deadline| Some(&deadline.clock) == pending.clock.as_ref());
        if let Some(deadline) = deadline.filter(|_| today.is_none()) {
            today = Some(calendar_of(policies, &case, deadline)?.local_date(envelope.at));
        }
        told.push(facts_of(office, policies, (envelope, lang), (*seq, pending, &case))?);
    }
    let heading = Heading {
        key: envelope.key.clone(),
        at: envelope.at,
        today: today.unwrap_or_else(|| envelope.at.to_utc().date_naive()),
        lang,
        tenant: office.tenant.clone(),
        unit: Named::unit(policies, envelope.unit).title,
        is_digest: envelope.is_digest,
        desk: office.desk.as_ref().map(|desk| format!("{desk}/desk/{}/", office.tenant)),
    };
    let nothing = || QueryError::Unknown {
        what: "what a message tells",
        name: envelope.key.clone(),
        hint: "a message tells one reminder at least",
    };
    render(&heading, &told, &office.wording).ok_or_else(nothing)
}

fn case_of<S: Store, L: Log>(office: &Office<S, L>, pending: &Pending) -> Result<Case, QueryError> {
    let unknown = |name: String| QueryError::Unknown {
        what: "the case",
        name,
        hint: "a reminder is about a case that is there",
    };
    let id = pending.case.as_ref().ok_or_else(|| unknown(String::new()))?;
    office.reader.case_row(id)?.ok_or_else(|| unknown(id.to_string()))
}

fn facts_of<S: Store, L: Log>(
    office: &Office<S, L>,
    policies: &Policies,
    (envelope, lang): (&Envelope<'_>, Lang),
    (seq, pending, case): (Seq, &Pending, &Case),
) -> Result<Facts, QueryError> {
    let (act, light) = (pending.act.unwrap_or(Act::Reminder), pending.light.unwrap_or(RungLight::Blue));
    let clock = pending.clock.clone().ok_or_else(|| QueryError::Unknown {
        what: "the deadline",
        name: case.id.to_string(),
        hint: "a reminder is about a deadline",
    })?;
    let links = office.desk.iter().map(|desk| Link {
        label: match lang {
            Lang::Zh => "查看事项".to_owned(),
            Lang::En => "See the case".to_owned(),
        },
        url: format!("{desk}/desk/{}/cases/{}", office.tenant, path(case.id.as_str())),
    });
    let raised = Raised {
        event: event(office, envelope, (seq, pending, case)),
        links: links.collect(),
        nth: pending.nth,
        clock,
        act,
        light,
    };
    facts(policies, case, raised, envelope.at)
}

/// The ledger's own event for machines, with what it is about.
fn event<S: Store, L: Log>(
    office: &Office<S, L>,
    envelope: &Envelope<'_>,
    (seq, pending, case): (Seq, &Pending, &Case),
) -> Value {
    let raises = pending.act.is_some_and(|act| act.level() > 0);
    json!({
        "specversion": "1.0",
        "id": seq.to_string(),
        "source": format!("/duban/{}", office.tenant),
        "type": if raises { "escalation.raised" } else { "reminder.due" },
        "time": pending.at,
        "subject": case.id,
        "datacontenttype": "application/json",
        "data": {
            "clock": pending.clock, "act": pending.act, "light": pending.light, "nth": pending.nth,
            "dueAt": pending.due_at, "owner": case.owner, "to": envelope.unit, "channel": envelope.channel,
        },
    })
}

/// A case's id as a part of an address.
fn path(case: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const PATH: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');
    utf8_percent_encode(case, PATH).to_string()
}
