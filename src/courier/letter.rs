//! A message made of the reminders that it tells, as their cases stand now.
//!
//! What it says is found by the read side ([`crate::query::notice`]) and worded by
//! [`crate::message`]; here the two are brought together, under a key that stays.

use std::time::Duration;

use serde_json::{Value, json};

use super::outcome::Errand;
use crate::calendar::Lang;
use crate::engine::settings::WallClock;
use crate::event::catalogue::{Act, RungLight};
use crate::id::{Name, Seq, TenantId, UnitId};
use crate::identity::link::{Answer, Claim, LinkKey};
use crate::kernel::row::{Case, Deadline, Pending};
use crate::message::{Facts, Heading, Wording, render};
use crate::policy::definition::delivery::{Channel, Language};
use crate::port::carrier::{Carriers, Link, Message};
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::error::QueryError;
use crate::query::naming::{Named, calendar_of};
use crate::query::notice;
use crate::query::policy_cache::Policies;
use crate::query::reader::Reader;
use crate::time::Instant;

/// How much of the ledger's identity a key carries: enough to tell the ledgers apart
/// that one receiver will ever hear of.
const DIGITS: usize = 8;
/// How long a message can be answered by its links: over any holiday, and not for ever,
/// since messages are forwarded.
const LINKS_LAST: Duration = Duration::from_secs(14 * 24 * 3_600);

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
    /// What stands on every message.
    pub letterhead: Letterhead,
    /// Signs the links by which a message is answered; none where it has none.
    pub links: Option<LinkKey>,
}

/// What an office sets of all its messages.
#[derive(Debug, Clone)]
pub struct Letterhead {
    /// Where the desk is found, without a slash at the end.
    pub desk: Option<String>,
    /// The office's own wording.
    pub wording: Wording,
}

impl Default for Letterhead {
    fn default() -> Self {
        Self { desk: None, wording: Wording::usual() }
    }
}

impl<S: Store, L: Log> Office<S, L> {
    /// An office with the usual wording and no desk to link to.
    #[must_use]
    pub fn new(tenant: TenantId, now: WallClock, reader: Reader<S, L>, carriers: Carriers) -> Self {
        Self { tenant, now, reader, carriers, letterhead: Letterhead::default(), links: None }
    }
}

/// A reminder with the case that it is about.
#[derive(Debug)]
pub struct Raised<'a> {
    /// Its place on the ledger.
    pub seq: Seq,
    /// What it says.
    pub pending: &'a Pending,
    /// The case as it stands now.
    pub case: Case,
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

/// The reminders of `rows` with their cases.
///
/// # Errors
/// [`QueryError`] when a case cannot be read.
pub fn with_cases<'a, S: Store, L: Log>(
    office: &Office<S, L>,
    rows: impl IntoIterator<Item = &'a (Seq, Pending)>,
) -> Result<Vec<Raised<'a>>, QueryError> {
    let with_case = |(seq, pending): &'a (Seq, Pending)| {
        Ok(Raised { seq: *seq, pending, case: case_of(office, pending)? })
    };
    rows.into_iter().map(with_case).collect()
}

/// The message that tells all of `raised`, in a language.
///
/// # Errors
/// [`QueryError`] when a case has not what a reminder is about, or nothing is to be told.
pub fn write<S: Store, L: Log>(
    office: &Office<S, L>,
    (policies, lang): (&Policies, Lang),
    envelope: &Envelope<'_>,
    raised: &[Raised<'_>],
) -> Result<Message, QueryError> {
    let mut told = Vec::with_capacity(raised.len());
    let mut today = None;
    for it in raised {
        let of = |deadline: &&Deadline| Some(&deadline.clock) == it.pending.clock.as_ref();
        if let Some(deadline) = it.case.deadlines.iter().find(of).filter(|_| today.is_none()) {
            today = Some(calendar_of(policies, &it.case, deadline)?.local_date(envelope.at));
        }
        told.push(facts_of(office, policies, (envelope, lang), it)?);
    }
    let heading = Heading {
        key: envelope.key.clone(),
        at: envelope.at,
        today: today.unwrap_or_else(|| envelope.at.to_utc().date_naive()),
        lang,
        tenant: office.tenant.clone(),
        unit: Named::unit(policies, envelope.unit).title,
        is_digest: envelope.is_digest,
        desk: office.letterhead.desk.as_ref().map(|desk| format!("{desk}/desk/{}/", office.tenant)),
    };
    let nothing = || QueryError::Unknown {
        what: "what a message tells",
        name: envelope.key.clone(),
        hint: "a message tells one reminder at least",
    };
    render(&heading, &told, &office.letterhead.wording).ok_or_else(nothing)
}

/// The language of a channel; Chinese where the policy that named it is gone.
#[must_use]
pub fn language(channel: Option<&Channel>) -> Lang {
    match channel.map(|channel| channel.language).unwrap_or_default() {
        Language::Zh => Lang::Zh,
        Language::En => Lang::En,
    }
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
    it: &Raised<'_>,
) -> Result<Facts, QueryError> {
    let Raised { pending, case, .. } = it;
    let (act, light) = (pending.act.unwrap_or(Act::Reminder), pending.light.unwrap_or(RungLight::Blue));
    let clock = pending.clock.clone().ok_or_else(|| QueryError::Unknown {
        what: "the deadline",
        name: case.id.to_string(),
        hint: "a reminder is about a deadline",
    })?;
    let raised = notice::Raised {
        event: event(office, envelope, it),
        links: links_of(office, policies, (envelope, lang), it),
        nth: pending.nth,
        clock,
        act,
        light,
    };
    notice::facts(policies, case, raised, envelope.at)
}

/// What the reader can do: answer, where the policy takes answers of the owner and the
/// message is the owner's; see the case.
fn links_of<S: Store, L: Log>(
    office: &Office<S, L>,
    policies: &Policies,
    (envelope, lang): (&Envelope<'_>, Lang),
    Raised { seq, pending, case }: &Raised<'_>,
) -> Vec<Link> {
    let Some(desk) = &office.letterhead.desk else { return Vec::new() };
    let label = |zh: &str, en: &str| match lang {
        Lang::Zh => zh.to_owned(),
        Lang::En => en.to_owned(),
    };
    let is_owner = *envelope.unit == case.owner;
    let workflow = policies.set.workflow(&case.policy).filter(|_| is_owner);
    let answers = workflow.as_ref().and_then(|workflow| policies.set.answers(workflow, envelope.at));
    let (acknowledge, explain) =
        answers.map_or((false, false), |(_, it)| (it.acknowledge.is_some(), it.explain.is_some()));
    let offered = [
        (acknowledge, Answer::Acknowledge, label("签收", "Acknowledge")),
        (explain, Answer::Explain, label("说明情况", "Explain")),
    ];
    let signed = offered.into_iter().filter(|(is_taken, ..)| *is_taken).filter_map(|(_, answer, label)| {
        let claim = Claim {
            tenant: office.tenant.clone(),
            case: case.id.clone(),
            clock: pending.clock.clone(),
            unit: envelope.unit.clone(),
            answer,
            reminder: *seq,
            expires: envelope.at.plus(LINKS_LAST),
        };
        let token = office.links.as_ref()?.sign(&claim).ok()?;
        Some(Link { label, url: format!("{desk}/answer/{token}") })
    });
    let see = Link {
        label: label("查看事项", "See the case"),
        url: format!("{desk}/desk/{}/cases/{}", office.tenant, path(case.id.as_str())),
    };
    signed.chain(std::iter::once(see)).collect()
}

/// The ledger's own event for machines, with what it is about.
fn event<S: Store, L: Log>(
    office: &Office<S, L>,
    envelope: &Envelope<'_>,
    Raised { seq, pending, case }: &Raised<'_>,
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
