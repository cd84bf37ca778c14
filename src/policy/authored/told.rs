//! The authored delivery, answers and reactions: like the definitions, with groups
//! not yet expanded and offsets not yet read.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};

use super::party::{By, Members, Served};
use super::raw::Raw;
use super::workflow::noted;
use crate::calendar::{Offset, PeriodKind, TimeOfDay};
use crate::event::catalogue::Act;
use crate::id::Name;
use crate::policy::definition::answers::{Answers, Extend, Handover, Stating};
use crate::policy::definition::delivery::{Channel, Delivery, Language, Merge, Patience, Quiet, Via};
use crate::policy::definition::reaction::{Cue, Filter, Published, Reaction};
use crate::policy::definition::{Cite, Effective, Register};
use crate::policy::problem::{Flaw, child};

/// Who is told by what, one such policy a tenant.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Delivery")]
pub struct AuthoredDelivery {
    /// Its name, `delivery`.
    pub name: Name,
    /// Its version.
    #[schemars(length(min = 1))]
    pub version: String,
    /// The channels; who is served by none is told on the desk only.
    #[schemars(length(min = 1, max = 16))]
    pub channels: Vec<AuthoredChannel>,
}

/// One way to reach units. Its addresses and secrets are settings of the office.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Channel")]
pub struct AuthoredChannel {
    /// Its name, under which the office keeps its addresses.
    pub name: Name,
    /// By what it reaches them.
    pub via: Via,
    /// Whom it serves.
    pub serves: Served,
    /// What it carries; everything when it is left out.
    #[serde(default)]
    pub acts: Vec<Act>,
    /// In which language; zh when it is left out.
    #[serde(default)]
    pub language: Language,
    /// Outside whose working hours it waits for the next opening.
    #[serde(default)]
    pub quiet: Option<Quiet>,
    /// How long it waits for others to the same unit, to send one message for all.
    #[serde(default)]
    pub merge: Option<Merge>,
    /// At which time of each working day of the quiet calendar it sends what has come
    /// together, instead of merging.
    #[serde(default)]
    pub digest: Option<TimeOfDay>,
    /// After which time a message that could not be sent is given up; 72 hours.
    #[serde(default)]
    pub give_up_after: Patience,
}

/// What every open case takes beside its own workflow, one such policy a tenant.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Answers")]
pub struct AuthoredAnswers {
    /// Its name, `answers`.
    pub name: Name,
    /// Its version.
    #[schemars(length(min = 1))]
    pub version: String,
    /// The document and clause it comes from.
    pub cite: Cite,
    /// The local dates on which answers are taken under this version, both included.
    pub effective: Effective,
    /// A reminder or a duty was seen: `reminder.acknowledged`.
    #[serde(default)]
    pub acknowledge: Option<AuthoredStating>,
    /// Somebody of the unit sees to it: `case.delegated`.
    #[serde(default)]
    pub delegate: Option<AuthoredStating>,
    /// Why it stands as it does: `explanation.given`.
    #[serde(default)]
    pub explain: Option<AuthoredStating>,
    /// Another unit takes it over if it consents: `handover.proposed` and so on.
    #[serde(default)]
    pub handover: Option<AuthoredHandover>,
    /// Another due instant is asked for: `extension.requested` and so on.
    #[serde(default)]
    pub extend: Option<AuthoredExtend>,
}

/// Who may state an answer.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Stating")]
pub struct AuthoredStating {
    /// Who.
    pub by: By,
}

/// Who may propose to hand a case over, and to whom.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Handover")]
pub struct AuthoredHandover {
    /// Who may propose it.
    pub by: By,
    /// Who may take a case over.
    pub to: Members,
}

/// Who may ask for an extension, who decides, and how far it goes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Extend")]
pub struct AuthoredExtend {
    /// Who may ask.
    pub by: By,
    /// Who decides.
    pub decided_by: By,
    /// How many extensions one deadline may have.
    #[schemars(range(min = 1, max = 100))]
    pub most: u16,
    /// How far one extension may move the due instant.
    pub at_most: Raw<Offset>,
    /// The clocks that can be extended, or all.
    pub clocks: Clocks,
}

/// Names of clocks, none for all of them.
#[derive(Debug, Clone)]
pub struct Clocks(pub Vec<Name>);

impl<'de> Deserialize<'de> for Clocks {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Words {
            One(Name),
            Many(Vec<Name>),
        }
        Ok(match Words::deserialize(from)? {
            Words::One(word) if word.as_str() == "all" => Self(Vec::new()),
            Words::One(name) => Self(vec![name]),
            Words::Many(names) => Self(names),
        })
    }
}

impl JsonSchema for Clocks {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Clocks".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        super::party::words_schema(
            "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
            "the name of a clock, a list of these, or all",
        )
    }
}

/// A fact that follows from events by itself.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Reaction")]
pub struct AuthoredReaction {
    /// Its name.
    pub name: Name,
    /// Its version.
    #[schemars(length(min = 1))]
    pub version: String,
    /// The document and clause it comes from.
    pub cite: Cite,
    /// The local dates on which events are reacted to, both included.
    pub effective: Effective,
    /// What it waits for.
    #[serde(rename = "upon")]
    pub cue: Cue,
    /// Which of them; all when it is left out.
    #[serde(default)]
    pub when: Filter,
    /// The how-manieth of a unit calls it; 1 when it is left out.
    #[serde(default = "first")]
    #[schemars(range(min = 1, max = 1000))]
    pub count: u32,
    /// The period within which they are counted, needed beyond the first.
    #[serde(default)]
    pub within: Option<PeriodKind>,
    /// What is published.
    pub publish: AuthoredPublished,
}

/// The fact that is published.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Published")]
pub struct AuthoredPublished {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: crate::id::EventType,
    /// Who states it: `role:<name>`, `unit:<id>` or `owner`.
    #[serde(rename = "as")]
    pub by: super::party::One,
    /// The case that it names; left out where the workflow's key finds it.
    #[serde(default)]
    pub subject: Option<String>,
    /// Its data; `$unit`, `$case`, `$workflow`, `$clock`, `$act`, `$light`, `$nth`,
    /// `$dueAt`, `$at`, `$trigger`, `$reaction` and `$period` stand for what the event says.
    pub data: serde_json::Map<String, serde_json::Value>,
}

const fn first() -> u32 {
    1
}

impl AuthoredDelivery {
    /// The delivery with groups expanded, and the groups that are unknown.
    #[must_use]
    pub fn resolve(&self, register: &Register) -> (Delivery, Vec<Flaw>) {
        let mut flaws = Vec::new();
        let channels = self.channels.iter().enumerate().map(|(at, channel)| {
            let pointer = child(&child("/channels", at), "serves");
            let (units, roles, parties) = channel.serves.resolve(&pointer, register, &mut flaws);
            let AuthoredChannel { name, via, acts, language, quiet, merge, digest, give_up_after, .. } =
                channel.clone();
            Channel { name, via, units, roles, parties, acts, language, quiet, merge, digest, give_up_after }
        });
        let channels = channels.collect();
        (Delivery { name: self.name.clone(), version: self.version.clone(), channels }, flaws)
    }
}

impl AuthoredAnswers {
    /// The answers with groups expanded, and what is wrong with the parts; none when
    /// an offset cannot be read.
    #[must_use]
    pub fn resolve(&self, register: &Register) -> (Option<Answers>, Vec<Flaw>) {
        let mut flaws = Vec::new();
        let stating = |it: &Option<AuthoredStating>| it.as_ref().map(|it| Stating { by: it.by.0.clone() });
        let handover = self.handover.as_ref().map(|it| Handover {
            by: it.by.0.clone(),
            to: it.to.units("/handover/to", register, &mut flaws),
        });
        let extend = match &self.extend {
            None => Some(None),
            Some(it) => noted(it.at_most.read("/extend/atMost"), &mut flaws).map(|at_most| {
                Some(Extend {
                    by: it.by.0.clone(),
                    decided_by: it.decided_by.0.clone(),
                    most: it.most,
                    at_most,
                    clocks: it.clocks.0.clone(),
                })
            }),
        };
        let answers = extend.map(|extend| Answers {
            name: self.name.clone(),
            version: self.version.clone(),
            cite: self.cite.clone(),
            effective: self.effective,
            acknowledge: stating(&self.acknowledge),
            delegate: stating(&self.delegate),
            explain: stating(&self.explain),
            handover,
            extend,
        });
        (answers, flaws)
    }
}

impl AuthoredReaction {
    /// The reaction.
    #[must_use]
    pub fn resolve(&self) -> Reaction {
        let AuthoredPublished { kind, by, subject, data } = self.publish.clone();
        Reaction {
            name: self.name.clone(),
            version: self.version.clone(),
            cite: self.cite.clone(),
            effective: self.effective,
            cue: self.cue,
            when: self.when.clone(),
            count: self.count,
            within: self.within,
            publish: Published { kind, by: by.0, subject, data },
        }
    }
}
