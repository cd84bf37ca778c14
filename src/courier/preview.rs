//! A message as it would go out, looked at before anything is raised.
//!
//! The same writing as for a real one ([`letter`]), about a case as it stands but for the
//! rung that is tried. Nothing is sent, kept or recorded, and the links by which a message
//! is answered are signed with a key that no office has, so that none opens anything.

use schemars::JsonSchema;
use serde::Serialize;

use super::letter::{self, Envelope, Letterhead, Office, Raised};
use super::survey;
use super::terms;
use crate::calendar::{Lang, Text};
use crate::event::catalogue::{Act, RungLight};
use crate::id::{CaseId, Name, Seq, TenantId, UnitId};
use crate::identity::link::LinkKey;
use crate::kernel::clock::{Step, Timepiece};
use crate::kernel::row::{Case, Deadline, Pending};
use crate::policy::definition::Rung;
use crate::policy::definition::delivery::Via;
use crate::port::carrier::{Carriers, Message};
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::error::QueryError;
use crate::query::explained::act_words;
use crate::query::naming::{Named, calendar_of, clock_of, workflow_of};
use crate::query::policy_cache::Policies;
use crate::query::reader::Reader;
use crate::query::span::moment_text;
use crate::time::Instant;

/// The key of a message that is only looked at, and the channel of one that none carries.
const KEY: &str = "preview";
const DESK: &str = "desk";
/// What links are signed with that are only looked at; an office draws its own key.
const NO_KEY: [u8; 32] = [0; 32];

/// Which message is looked at; what is left out is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// About this case.
    pub case: CaseId,
    /// About this clock; the first that runs without it.
    pub clock: Option<Name>,
    /// The rung's place in the clock's ladder, from 1; the one that comes next without it,
    /// or the first.
    pub rung: Option<u16>,
    /// The how-manieth time of that rung, from 1.
    pub nth: Option<u16>,
    /// To this unit, of those that the rung tells; the first without it.
    pub unit: Option<UnitId>,
    /// Through this channel, of those that serve the unit; the first without it.
    pub channel: Option<Name>,
    /// In this language; the channel's without it.
    pub lang: Option<Lang>,
    /// As it would be made at this instant; when it would leave without it, or now if
    /// that has passed.
    pub at: Option<Instant>,
}

/// A message as it would go out.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// The case that it is about.
    pub case: CaseId,
    /// The clock that it is about.
    pub clock: Named,
    /// The rung's place in the clock's ladder, from 1.
    pub rung: u16,
    /// The how-manieth time.
    pub nth: u16,
    /// What is done.
    pub act: Act,
    /// The same in words.
    pub words: Text,
    /// The colour of the sheet.
    pub light: RungLight,
    /// Who is told.
    pub unit: Named,
    /// All whom the rung tells.
    pub units: Vec<Named>,
    /// The channel; none when no channel serves the unit, which then sees it on the desk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Name>,
    /// All channels that serve the unit.
    pub channels: Vec<Name>,
    /// By what the channel reaches people or systems.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
    /// Its language.
    pub lang: Lang,
    /// When the rung is reached.
    pub raised_at: Instant,
    /// The same as people write it.
    pub raised: Text,
    /// When the channel lets it out: after quiet hours, merging or the digest's time.
    pub leaves_at: Instant,
    /// The same as people write it.
    pub leaves: Text,
    /// The instant as of which it is written.
    pub at: Instant,
    /// What it is about, in one line: the subject of an e-mail, the head of a card.
    pub title: String,
    /// The whole as plain text.
    pub text: String,
    /// The whole as chat robots show it, in Markdown.
    pub markdown: String,
    /// The whole as an HTML document.
    pub html: String,
    /// The whole for machines, as a webhook or a subject of the broker gets it.
    pub event: serde_json::Value,
    /// What the reader can do.
    pub links: Vec<PreviewLink>,
    /// What goes with an e-mail.
    pub attachments: Vec<PreviewFile>,
}

/// A link of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PreviewLink {
    /// What it says.
    pub label: String,
    /// Where it leads; one that answers opens nothing here.
    pub url: String,
}

/// A file that goes with a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PreviewFile {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media: String,
    /// Its content.
    pub body: String,
}

/// The message of `sample`, as it would go out under a letterhead; `now` is when somebody
/// looks. It shows cases as far as the reader sees. Blocking.
///
/// # Errors
/// [`QueryError::Unknown`] for a case that is not seen or a clock, rung, unit or channel
/// that is not there for it; others when the projection cannot be read.
pub fn preview<S: Store, L: Log>(
    reader: Reader<S, L>,
    (tenant, letterhead): (TenantId, Letterhead),
    sample: &Sample,
    now: Instant,
) -> Result<Preview, QueryError> {
    let policies = reader.in_force()?;
    let case = reader.case_seen(&sample.case)?;
    let chosen = Chosen::of(&policies, &case, sample)?;
    let delivery = policies.set.delivery();
    let named = |name: &Name| delivery?.channels.iter().find(|channel| channel.name == *name);
    let channel = chosen.channel.as_ref().and_then(named);
    let raised = terms::Raised { at: chosen.at, due_at: Some(chosen.deadline.term.due_at) };
    let leaves_at = match &chosen.channel {
        Some(name) => survey::terms(&policies, name).1.release(raised),
        None => chosen.at,
    };
    let at = sample.at.unwrap_or_else(|| leaves_at.max(now));
    let lang = sample.lang.unwrap_or_else(|| letter::language(channel));
    let desk = Name::new(DESK).map_err(|error| QueryError::asked("channel", DESK, error.to_string()))?;
    let envelope = Envelope {
        channel: chosen.channel.as_ref().unwrap_or(&desk),
        unit: &chosen.unit,
        key: KEY.to_owned(),
        at,
        is_digest: false,
    };
    let pending = chosen.pending(&case);
    let told = Raised { seq: Seq::ZERO, pending: &pending, case: chosen.reached(&case) };
    let office = Office {
        letterhead,
        links: Some(LinkKey::of(&NO_KEY)),
        ..Office::new(tenant, std::sync::Arc::new(move || now), reader, Carriers::new())
    };
    let message = letter::write(&office, (&policies, lang), &envelope, &[told])?;
    let calendar = calendar_of(&policies, &case, chosen.deadline)?;
    let workflow = workflow_of(&policies, &case)?;
    Ok(Preview {
        clock: Named::clock(clock_of(&workflow, &case, chosen.deadline)?),
        case: case.id.clone(),
        rung: chosen.place + 1,
        nth: chosen.nth,
        act: chosen.rung.act,
        words: act_words(chosen.rung.act),
        light: chosen.rung.light,
        unit: Named::unit(&policies, &chosen.unit),
        units: chosen.units.iter().map(|unit| Named::unit(&policies, unit)).collect(),
        via: channel.map(|channel| channel.via),
        lang,
        raised: moment_text(calendar, chosen.at),
        raised_at: chosen.at,
        leaves: moment_text(calendar, leaves_at),
        leaves_at,
        at,
        channel: chosen.channel,
        channels: chosen.channels,
        links: message
            .links
            .iter()
            .map(|it| PreviewLink { label: it.label.clone(), url: it.url.clone() })
            .collect(),
        attachments: files(&message),
        title: message.title,
        text: message.text,
        markdown: message.markdown,
        html: message.html,
        event: message.event,
    })
}

fn files(message: &Message) -> Vec<PreviewFile> {
    let file = |it: &crate::port::carrier::Attachment| PreviewFile {
        name: it.name.clone(),
        media: it.media.clone(),
        body: it.body.clone(),
    };
    message.attachments.iter().map(file).collect()
}

/// The channel that is asked for among those that serve a unit; the first without one.
fn channel_of(channels: &[Name], asked: Option<&Name>, unit: &UnitId) -> Result<Option<Name>, QueryError> {
    let Some(asked) = asked else { return Ok(channels.first().cloned()) };
    if channels.contains(asked) {
        return Ok(Some(asked.clone()));
    }
    let known = channels.iter().map(Name::as_str).collect::<Vec<_>>().join(", ");
    let hint = if known.is_empty() {
        format!("no channel serves {unit} with this")
    } else {
        format!("{unit} is served by {known}")
    };
    Err(QueryError::asked("channel", asked.as_str(), hint))
}

/// What a sample means for its case.
struct Chosen<'c> {
    deadline: &'c Deadline,
    rung: Rung,
    place: u16,
    nth: u16,
    at: Instant,
    unit: UnitId,
    units: Vec<UnitId>,
    channel: Option<Name>,
    channels: Vec<Name>,
}

impl<'c> Chosen<'c> {
    fn of(policies: &Policies, case: &'c Case, sample: &Sample) -> Result<Self, QueryError> {
        let workflow = workflow_of(policies, case)?;
        let deadline = case.deadlines.iter().find(|deadline| match &sample.clock {
            Some(clock) => deadline.clock == *clock,
            None => deadline.is_open(),
        });
        let deadline = deadline.ok_or_else(|| QueryError::Unknown {
            what: "the deadline",
            name: sample.clock.as_ref().map_or_else(|| case.id.to_string(), ToString::to_string),
            hint: "name a clock that this case has started",
        })?;
        let clock = clock_of(&workflow, case, deadline)?;
        let (calendar_sha, calendar) =
            policies.set.calendar(&clock.calendar).ok_or_else(|| QueryError::Unknown {
                what: "the calendar",
                name: clock.calendar.to_string(),
                hint: "publish it, or another policy that names one that is there",
            })?;
        let timepiece = Timepiece { clock, calendar_sha, calendar };
        let coming = match timepiece.next(deadline) {
            Some((_, Step::Rung(place, nth))) => (place, nth),
            Some((_, Step::Breach)) | None => (0, 1),
        };
        let (place, nth) = match sample.rung {
            Some(rung) => (rung.checked_sub(1), sample.nth.unwrap_or(1)),
            None => (Some(coming.0), sample.nth.unwrap_or(coming.1)),
        };
        let rungs = clock.ladder.as_ref().map(|ladder| ladder.rungs.as_slice()).unwrap_or_default();
        let rung = place.and_then(|place| Some((place, rungs.get(usize::from(place))?.clone())));
        let (place, rung) = rung.ok_or_else(|| {
            let asked = sample.rung.map(|rung| rung.to_string()).unwrap_or_default();
            let hint = format!("the ladder of the clock {} has {} rungs", clock.name, rungs.len());
            QueryError::asked("rung", &asked, hint)
        })?;
        let at = timepiece.reached_at(place, nth, &deadline.term).ok_or_else(|| {
            let hint = format!("the rung {} is reached at most {} times", place + 1, rung.most);
            QueryError::asked("nth", &nth.to_string(), hint)
        })?;
        let sides = case.sides(&workflow);
        let units = policies.set.units_of(&rung.to, &sides);
        let unit = units.iter().find(|unit| sample.unit.as_ref().is_none_or(|asked| asked == *unit));
        let unit = unit.cloned().ok_or_else(|| {
            let told = units.iter().map(UnitId::as_str).collect::<Vec<_>>().join(", ");
            let asked = sample.unit.as_ref().map(ToString::to_string).unwrap_or_default();
            QueryError::asked("unit", &asked, format!("this rung tells {told}"))
        })?;
        let told = policies.set.told(rung.act, std::slice::from_ref(&unit), &sides);
        let channels: Vec<Name> = told.into_iter().map(|told| told.channel).collect();
        let channel = channel_of(&channels, sample.channel.as_ref(), &unit)?;
        Ok(Self { deadline, rung, place, nth, at, unit, units, channel, channels })
    }

    /// What would wait to be delivered.
    fn pending(&self, case: &Case) -> Pending {
        Pending {
            case: Some(case.id.clone()),
            clock: Some(self.deadline.clock.clone()),
            at: self.at,
            due_at: Some(self.deadline.term.due_at),
            act: Some(self.rung.act),
            light: Some(self.rung.light),
            nth: self.nth,
            round: 0,
            fact: None,
        }
    }

    /// The case as it stands once the rung is reached.
    fn reached(&self, case: &Case) -> Case {
        let mut case = case.clone();
        for deadline in case.deadlines.iter_mut().filter(|it| it.clock == self.deadline.clock) {
            let used = &mut deadline.term.rungs;
            let place = usize::from(self.place);
            if used.len() <= place {
                used.resize(place + 1, 0);
            }
            if let Some(times) = used.get_mut(place) {
                *times = self.nth.max(*times);
            }
        }
        case
    }
}
