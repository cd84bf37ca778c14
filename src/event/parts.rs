//! An envelope's attributes and data, in whichever mode they came, and what
//! makes a fact of them: every rule of `CloudEvents` 1.0.2 that is the same in
//! both modes, and the limits that are ours.
//!
//! Extension attributes other than `actor`, `recordedtime` and `statedby` are allowed
//! and ignored here; they stay readable in the intake, which keeps every message.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};

use super::fact::{Fact, Malformed};
use super::json::{self, JsonError, MOST_DEPTH};
use super::{envelope::IntakeSubject, uri};
use crate::id::{EventType, UnitId};
use crate::time::Instant;

/// The longest attribute, in bytes. The specification asks everyone to forward
/// 64 KiB of envelope at least; these are parts of keys in the projections.
pub const MOST_TEXT: usize = 256;

/// The identity that alone may state a recorded instant, for facts of the past,
/// and then states who published them at the time.
pub const IMPORTER: &str = "importer";

/// The largest data, in bytes of compact JSON, that the ledger can carry: an entry
/// holds a fact whole and must itself stay below the broker's 1 MiB.
pub const MOST_DATA: usize = 448 * 1024;

/// Compact JSON is at most this many times as long as what was written: the
/// four bytes of `1e15` are eighteen when written out.
const MOST_GROWTH: usize = 8;

/// What either mode has found in a message.
pub(super) struct Parts<'a> {
    /// The attributes under their lower-case names; never null.
    pub attributes: Map<String, Value>,
    /// `data` of the JSON format.
    pub data: Option<Value>,
    /// `data_base64` of the JSON format.
    pub encoded: Option<Value>,
    /// The body of the binary mode.
    pub bytes: &'a [u8],
    /// The size of the whole body.
    pub size: usize,
}

/// How the publisher is known.
#[derive(Clone, Copy)]
pub(super) enum Publisher<'a> {
    /// By the intake subject, which the broker's permissions vouch for.
    Proven(&'a IntakeSubject),
    /// By the `actor` attribute alone.
    Claimed,
}

impl Parts<'_> {
    /// The fact, or the first rule that the parts break.
    pub fn into_fact(mut self, publisher: Publisher<'_>) -> Result<Fact, Box<Malformed>> {
        self.read_fact(publisher).map_err(|fault| {
            let source = self.text("source").ok().flatten().map(str::to_owned);
            let id = self.text("id").ok().flatten().map(str::to_owned);
            let actor = match publisher {
                Publisher::Proven(place) => Some(place.actor.clone()),
                Publisher::Claimed => self.actor().ok().flatten(),
            };
            Box::new(Malformed { source, id, actor, ..*fault })
        })
    }

    fn read_fact(&mut self, publisher: Publisher<'_>) -> Result<Fact, Box<Malformed>> {
        self.check_names()?;
        self.check_specversion()?;
        let id = self.required("id")?.to_owned();
        let source = self.reference("source")?.ok_or_else(|| missing("source"))?.to_owned();
        let kind = self.kind()?;
        let actor = self.publisher(publisher, &kind)?;
        let version = self.version()?;
        let subject = self.text("subject")?.map(str::to_owned);
        let occurred_at = self.instant("time")?;
        let imported_at = self.instant("recordedtime")?;
        let stated_by = self.text("statedby")?.map(str::to_owned);
        self.check_content_type()?;
        let data = self.take_data()?;
        Ok(Fact { source, id, kind, version, subject, actor, occurred_at, imported_at, stated_by, data })
    }

    /// A name in capitals would be an extension that nobody reads, and its author
    /// would never learn of it.
    fn check_names(&self) -> Result<(), Box<Malformed>> {
        let fits = |name: &str| {
            name != "data" && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        match self.attributes.keys().find(|name| name.is_empty() || !fits(name)) {
            None => Ok(()),
            Some(name) => Err(Malformed::new(
                "envelope.attribute-name",
                cut(name),
                name,
                "an attribute's name has only the letters a to z and digits; what the fact states belongs in data",
            )),
        }
    }

    fn check_specversion(&self) -> Result<(), Box<Malformed>> {
        match self.required("specversion")? {
            "1.0" => Ok(()),
            other => Err(Malformed::new(
                "envelope.specversion",
                "specversion",
                other,
                "this version of CloudEvents is not read; write \"1.0\"",
            )),
        }
    }

    fn kind(&self) -> Result<EventType, Box<Malformed>> {
        let text = self.required("type")?;
        EventType::new(text).map_err(|error| {
            Malformed::new("envelope.value", "type", text, format!("the type must be {}", error.rule))
        })
    }

    fn publisher(&self, publisher: Publisher<'_>, kind: &EventType) -> Result<UnitId, Box<Malformed>> {
        let claimed = self.actor()?;
        let Publisher::Proven(place) = publisher else {
            return claimed.ok_or_else(|| missing("actor"));
        };
        if *kind != place.kind {
            let message =
                format!("the message came under a subject for {}; type and subject must agree", place.kind);
            return Err(Malformed::new("envelope.subject-mismatch", "type", kind.as_str(), message));
        }
        if self.attributes.contains_key("recordedtime") {
            return importer(place, claimed);
        }
        match claimed {
            Some(other) if other != place.actor => {
                let message =
                    format!("the message came from {}; nobody states facts as another unit", place.actor);
                Err(Malformed::new("envelope.actor-mismatch", "actor", other.as_str(), message))
            }
            _ => Ok(place.actor.clone()),
        }
    }

    fn actor(&self) -> Result<Option<UnitId>, Box<Malformed>> {
        let read = |text: &str| {
            UnitId::new(text).map_err(|error| {
                Malformed::new(
                    "envelope.value",
                    "actor",
                    text,
                    format!("the actor must be a unit: {}", error.rule),
                )
            })
        };
        self.text("actor")?.map(read).transpose()
    }

    /// The last segment of `dataschema`'s path.
    fn version(&self) -> Result<Option<String>, Box<Malformed>> {
        let Some(schema) = self.reference("dataschema")? else { return Ok(None) };
        let path = schema.split(['?', '#']).next().unwrap_or_default();
        match path.rsplit('/').next() {
            Some(version) if !version.is_empty() => Ok(Some(version.to_owned())),
            _ => Err(Malformed::new(
                "envelope.value",
                "dataschema",
                schema,
                "the last segment of the path must be the schema's version, as in duban:events/objection.received/1",
            )),
        }
    }

    fn instant(&self, name: &str) -> Result<Option<Instant>, Box<Malformed>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        text.parse::<Instant>().map(Some).map_err(|error| {
            Malformed::new("envelope.value", name, text, format!("{name} is no instant: {}", error.reason))
        })
    }

    fn check_content_type(&self) -> Result<(), Box<Malformed>> {
        match self.text("datacontenttype")? {
            Some(text) if !is_json(text) => Err(Malformed::new(
                "envelope.content-type",
                "datacontenttype",
                text,
                "data must be JSON: application/json or a type that ends in +json",
            )),
            _ => Ok(()),
        }
    }

    /// The data; a fact without any states nothing more, which is an empty object.
    fn take_data(&mut self) -> Result<Value, Box<Malformed>> {
        let data = match (self.data.take(), self.encoded.take()) {
            (Some(_), Some(_)) => {
                let message = "an event has data or data_base64, not both";
                return Err(Malformed::new("envelope.data", "data_base64", "", message));
            }
            (Some(data), None) => data,
            (None, Some(encoded)) => decode(&encoded)?,
            (None, None) if self.bytes.is_empty() => Value::Object(Map::new()),
            (None, None) => json::read(self.bytes, MOST_DEPTH).map_err(|error| broken("data", &error))?,
        };
        if self.size > MOST_DATA / MOST_GROWTH {
            check_size(&data)?;
        }
        Ok(data)
    }

    fn reference(&self, name: &str) -> Result<Option<&str>, Box<Malformed>> {
        match self.text(name)? {
            Some(text) if !uri::is_reference(text) => Err(Malformed::new(
                "envelope.value",
                name,
                text,
                format!(
                    "{name} must be a URI reference such as /changqing/platform, other characters percent-encoded"
                ),
            )),
            found => Ok(found),
        }
    }

    fn required(&self, name: &str) -> Result<&str, Box<Malformed>> {
        self.text(name)?.ok_or_else(|| missing(name))
    }

    /// An attribute that must be a text of 1 to [`MOST_TEXT`] bytes if it is there.
    fn text(&self, name: &str) -> Result<Option<&str>, Box<Malformed>> {
        let Some(value) = self.attributes.get(name) else { return Ok(None) };
        let wrong = |shown: &str, message: String| Malformed::new("envelope.value", name, shown, message);
        match value.as_str() {
            None => Err(wrong(&value.to_string(), format!("{name} must be a text in quotes"))),
            Some("") => Err(wrong("", format!("{name} is empty; leave it out or fill it in"))),
            Some(text) if text.len() > MOST_TEXT => {
                Err(wrong(text, format!("{name} has {} bytes; at most {MOST_TEXT} are allowed", text.len())))
            }
            Some(text) if has_control(text) => Err(wrong(text, format!("{name} has a control character"))),
            Some(text) => Ok(Some(text)),
        }
    }
}

/// Whether a text has a control character. Nearly all texts are printable ASCII.
fn has_control(text: &str) -> bool {
    let plain = |byte: u8| (b' '..=b'~').contains(&byte);
    !text.bytes().all(plain) && text.chars().any(char::is_control)
}

/// Whether a media type is JSON, its parameters aside.
pub(super) fn is_json(media: &str) -> bool {
    let essence = essence(media);
    essence == "application/json"
        || essence == "text/json"
        || (essence.contains('/') && essence.ends_with("+json"))
}

/// A media type in lower case, without parameters.
pub(super) fn essence(media: &str) -> String {
    media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The fault that JSON could not be read, in the given field.
pub(super) fn broken(field: &str, error: &JsonError) -> Box<Malformed> {
    Malformed::new(error.rule(), field, "", format!("failed to {error}"))
}

fn decode(encoded: &Value) -> Result<Value, Box<Malformed>> {
    let wrong = |message| Malformed::new("envelope.value", "data_base64", cut(&encoded.to_string()), message);
    let text = encoded.as_str().ok_or_else(|| wrong("data_base64 must be a text in quotes"))?;
    let bytes =
        BASE64.decode(text).map_err(|_| wrong("data_base64 is not base64 (RFC 4648, with padding)"))?;
    json::read(&bytes, MOST_DEPTH).map_err(|error| broken("data_base64", &error))
}

fn check_size(data: &Value) -> Result<(), Box<Malformed>> {
    let size = data.to_string().len();
    if size <= MOST_DATA {
        return Ok(());
    }
    let message = format!(
        "data has {size} bytes as compact JSON; at most {MOST_DATA} fit on the ledger; publish a link and a digest instead"
    );
    Err(Malformed::new("envelope.too-large", "data", &size.to_string(), message))
}

/// Who stated a fact of the past, as the importer says.
fn importer(place: &IntakeSubject, claimed: Option<UnitId>) -> Result<UnitId, Box<Malformed>> {
    if place.actor.as_str() != IMPORTER {
        let message = format!("only {IMPORTER} states when a fact was recorded; leave recordedtime out");
        return Err(Malformed::new("import.forbidden", "recordedtime", place.actor.as_str(), message));
    }
    claimed.ok_or_else(|| missing("actor"))
}

fn missing(name: &str) -> Box<Malformed> {
    Malformed::new("envelope.required", name, "", format!("{name} is missing; every event must have it"))
}

/// A name cut to what a field can show.
fn cut(text: &str) -> &str {
    text.get(..64).unwrap_or(text)
}
