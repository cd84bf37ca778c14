//! Reading one message of the intake: `CloudEvents` 1.0.2 over NATS, structured
//! or binary, into a fact or into the reason why it is none.
//!
//! Nothing that anybody publishes makes this fail or panic: the engine must be
//! able to record every message. Whether the fact is *allowed* is not asked here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::fact::{Content, Fact, MOST_ORIGINAL, Malformed};
use super::parts::{Parts, Publisher, essence, is_json};
use super::{binary, structured};
use crate::id::{EventType, TenantId, UnitId};

/// The largest body of one event, in bytes: what a NATS server takes unless told
/// otherwise.
pub const MOST_BODY: usize = 1024 * 1024;

/// The actor and the type of the engine's own mark that time has passed.
const TICK: &str = "engine.clock.ticked";

/// What an intake subject says.
pub(super) struct IntakeSubject {
    /// Who published, vouched for by the broker's permissions.
    pub actor: UnitId,
    /// The type that may be published under it.
    pub kind: EventType,
}

/// What the intake of `tenant` holds in one message: a fact, a tick, or what is
/// wrong with it and the original.
///
/// `subject` is `duban.<tenant>.intake.<actor>.<noun>.<verb>`; its actor is the
/// publisher, and its type must be the event's. Faults name one rule each, all
/// under `envelope.`; the first found is reported. Never panics. Unknown extension
/// attributes are ignored.
#[must_use]
pub fn read_message(tenant: &TenantId, subject: &str, headers: &[(String, String)], body: &[u8]) -> Content {
    let place = match IntakeSubject::read(tenant, subject) {
        Ok(None) => return Content::Tick,
        Ok(Some(place)) => place,
        Err(fault) => return Content::Malformed(fault, original(headers, body)),
    };
    match read_fact(&place, headers, body) {
        Ok(fact) => Content::Fact(Box::new(fact)),
        Err(fault) => {
            let fault = Malformed { actor: Some(place.actor), ..*fault };
            Content::Malformed(Box::new(fault), original(headers, body))
        }
    }
}

impl IntakeSubject {
    /// The actor and type in `subject`; nothing when it is the engine's tick.
    fn read(tenant: &TenantId, subject: &str) -> Result<Option<Self>, Box<Malformed>> {
        let wrong = |message: String| {
            Malformed::new("envelope.intake-subject", "subject of the message", subject, message)
        };
        let rest = subject
            .strip_prefix("duban.")
            .and_then(|rest| rest.strip_prefix(tenant.as_str()))
            .and_then(|rest| rest.strip_prefix(".intake."))
            .ok_or_else(|| wrong(format!("publish under duban.{tenant}.intake.<actor>.<noun>.<verb>")))?;
        if rest == TICK {
            return Ok(None);
        }
        let (actor, kind) = rest.split_once('.').unwrap_or((rest, ""));
        let actor = UnitId::new(actor).map_err(|error| wrong(format!("the actor must be {}", error.rule)))?;
        let kind =
            EventType::new(kind).map_err(|error| wrong(format!("after the actor comes {}", error.rule)))?;
        Ok(Some(Self { actor, kind }))
    }
}

fn read_fact(
    place: &IntakeSubject,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<Fact, Box<Malformed>> {
    check_size(body, MOST_BODY)?;
    read_parts(headers, body)?.into_fact(Publisher::Proven(place))
}

/// Takes a message apart in the mode that it is in.
///
/// The content type decides; without one, `ce-` headers do; without those it is
/// an event in JSON, as clients that know no headers send it.
fn read_parts<'a>(headers: &[(String, String)], body: &'a [u8]) -> Result<Parts<'a>, Box<Malformed>> {
    let media = binary::header(headers, "content-type").unwrap_or_default();
    match essence(media).as_str() {
        structured::CONTENT_TYPE => structured::read(body),
        other if other.starts_with("application/cloudevents") => Err(unread_format(media)),
        _ if binary::is_binary(headers) => binary::read(headers, body),
        other if other.is_empty() || is_json(other) => structured::read(body),
        _ => Err(unread_format(media)),
    }
}

/// The fault that a content type is none that events come in here.
pub(super) fn unread_format(media: &str) -> Box<Malformed> {
    let message = format!(
        "send one event as {}, or its attributes as ce- headers and its data as JSON",
        structured::CONTENT_TYPE
    );
    Malformed::new("envelope.content-type", "content-type", media, message)
}

/// Refuses a body of more than `most` bytes before anything is parsed.
pub(super) fn check_size(body: &[u8], most: usize) -> Result<(), Box<Malformed>> {
    if body.len() <= most {
        return Ok(());
    }
    let message = format!("the message has {} bytes; at most {most} are read", body.len());
    Err(Malformed::new("envelope.too-large", "body", &body.len().to_string(), message))
}

/// The message as text, to be mended by hand: in binary mode the attributes'
/// headers, an empty line and the body. Cut to [`MOST_ORIGINAL`] bytes.
fn original(headers: &[(String, String)], body: &[u8]) -> String {
    let mut text = String::new();
    if binary::is_binary(headers) {
        for (name, value) in headers {
            text.extend([name.as_str(), ": ", value, "\n"]);
        }
        text.push('\n');
    }
    if let Ok(body) = std::str::from_utf8(body) {
        text.push_str(body);
    } else {
        // Three bytes become four letters; more than this is cut off anyway.
        let kept = body.get(..MOST_ORIGINAL / 4 * 3).unwrap_or(body);
        text.push_str("base64:");
        BASE64.encode_string(kept, &mut text);
    }
    let end = (0..=MOST_ORIGINAL.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    text.truncate(end.unwrap_or(0));
    text
}
