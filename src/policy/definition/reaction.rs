//! The process manager: an event that fits has a fact published.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Cite, Effective, Who};
use crate::calendar::PeriodKind;
use crate::event::catalogue::{Act, RungLight};
use crate::id::{EventType, Name};

/// How many reactions may stand behind a fact: what goes on beyond is a circle.
pub const MOST_DEEP: u8 = 4;

/// How many reactions of a tenant may wait for the same kind of event: each is one
/// more event after it, and all of a fact's events are one batch.
pub const MOST_ON_ONE: usize = 4;

/// A fact that follows from events by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reaction {
    /// Its name.
    pub name: Name,
    /// The version its author gave it.
    pub version: String,
    /// Where it comes from.
    pub cite: Cite,
    /// The days on which events are reacted to under this version.
    pub effective: Effective,
    /// What it waits for.
    #[serde(rename = "upon")]
    pub cue: Cue,
    /// Which of them.
    #[serde(default, skip_serializing_if = "Filter::is_open")]
    pub when: Filter,
    /// The how-manieth of a unit calls it, within a period if it is not the first.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub count: u32,
    /// The period within which they are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<PeriodKind>,
    /// What is published.
    pub publish: Published,
}

const fn first() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
const fn is_first(count: &u32) -> bool {
    *count == 1
}

/// The events that can be reacted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Cue {
    /// A due instant passed unmet.
    #[serde(rename = "deadline.breached")]
    DeadlineBreached,
    /// A rung was reached that raises the escalation level.
    #[serde(rename = "escalation.raised")]
    EscalationRaised,
    /// A reminder's rung was reached.
    #[serde(rename = "reminder.due")]
    ReminderDue,
    /// A case closed.
    #[serde(rename = "case.closed")]
    CaseClosed,
    /// What a clock limits was done.
    #[serde(rename = "deadline.met")]
    DeadlineMet,
}

/// Which events fit; what is left out does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Filter {
    /// What the rung does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acts: Vec<Act>,
    /// The colour of the rung.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lights: Vec<RungLight>,
    /// The workflow of the case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workflows: Vec<Name>,
    /// Whether it was met late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<bool>,
}

impl Filter {
    /// Whether everything fits.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.acts.is_empty() && self.lights.is_empty() && self.workflows.is_empty() && self.late.is_none()
    }
}

/// The fact that a reaction has published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Published {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: EventType,
    /// Who states it: the first unit that the party means.
    #[serde(rename = "as")]
    pub by: Who,
    /// The case that it names; none where the workflow's key finds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Its data. A text that is one of [`WORDS`] stands for what the event says.
    pub data: Map<String, Value>,
}

/// The words that stand for parts of the event: its unit, case, workflow, clock, act,
/// light, the how-manieth, its due instant, its own instant, its ledger place, the
/// reaction, and the period within which it was counted.
pub const WORDS: [&str; 12] = [
    "$unit",
    "$case",
    "$workflow",
    "$clock",
    "$act",
    "$light",
    "$nth",
    "$dueAt",
    "$at",
    "$trigger",
    "$reaction",
    "$period",
];
