//! What every open case takes beside its own workflow, without changing its state.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Cite, Effective, Who};
use crate::calendar::Offset;
use crate::id::{EventType, Name, UnitId};

/// The answers of a tenant, one such policy a tenant. A part that is absent is
/// refused when somebody states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answers {
    /// Its name, `answers`.
    pub name: Name,
    /// The version its author gave it.
    pub version: String,
    /// Where it comes from.
    pub cite: Cite,
    /// The days on which answers are taken under this version.
    pub effective: Effective,
    /// 签收: a reminder or a duty was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledge: Option<Stating>,
    /// 转办: somebody of the unit sees to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegate: Option<Stating>,
    /// 说明: why it stands as it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explain: Option<Stating>,
    /// 移交: another unit owes it from now on, if it consents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handover: Option<Handover>,
    /// 延期: another due instant is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extend: Option<Extend>,
}

/// Who may state an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stating {
    /// These; empty means anyone in the register.
    pub by: Vec<Who>,
}

/// Who may propose to hand a case over, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Handover {
    /// Who may propose it; empty means anyone in the register.
    pub by: Vec<Who>,
    /// The units that may take a case over, groups expanded.
    pub to: Vec<UnitId>,
}

/// Who may ask for an extension, who decides, and how far it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Extend {
    /// Who may ask; empty means anyone in the register.
    pub by: Vec<Who>,
    /// Who decides; empty means anyone in the register.
    pub decided_by: Vec<Who>,
    /// How many extensions one deadline may have.
    pub most: u16,
    /// How far one extension may move the due instant.
    pub at_most: Offset,
    /// The clocks that can be extended; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<Name>,
}

impl Answers {
    /// The types of facts that its parts take, with the part.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, EventType)> {
        let part = |there: bool, part: &'static str, kinds: &'static [&'static str]| {
            let kinds = kinds.iter().filter(move |_| there);
            kinds.filter_map(move |kind| Some((part, EventType::new(kind).ok()?)))
        };
        part(self.acknowledge.is_some(), "/acknowledge", &["reminder.acknowledged"])
            .chain(part(self.delegate.is_some(), "/delegate", &["case.delegated"]))
            .chain(part(self.explain.is_some(), "/explain", &["explanation.given"]))
            .chain(part(self.handover.is_some(), "/handover", &HANDOVER))
            .chain(part(self.extend.is_some(), "/extend", &EXTENSION))
    }

    /// The types of facts that it takes.
    pub fn takes(&self) -> impl Iterator<Item = EventType> {
        self.parts().map(|(_, kind)| kind)
    }
}

const HANDOVER: [&str; 3] = ["handover.proposed", "handover.accepted", "handover.declined"];
const EXTENSION: [&str; 3] = ["extension.requested", "extension.granted", "extension.refused"];

/// Whether facts of a type are answers, whatever a tenant's policy makes of them.
#[must_use]
pub fn is_answer(kind: &EventType) -> bool {
    let single = ["reminder.acknowledged", "case.delegated", "explanation.given"];
    single.iter().chain(&HANDOVER).chain(&EXTENSION).any(|it| *it == kind.as_str())
}

impl Extend {
    /// Whether a clock can be extended.
    #[must_use]
    pub fn covers(&self, clock: &Name) -> bool {
        self.clocks.is_empty() || self.clocks.contains(clock)
    }
}
