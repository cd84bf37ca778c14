//! Who is told by what: the channels of a tenant.
//!
//! Addresses and secrets are settings of the office and on no ledger.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::calendar::TimeOfDay;
use crate::event::catalogue::Act;
use crate::id::{Name, RoleId, UnitId};
use crate::policy::definition::Who;

/// The channel by which the facts of reactions reach the intake; no policy has one of
/// this name.
pub const INTAKE: &str = "intake";

/// The channels of a tenant, one such policy a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Delivery {
    /// Its name, `delivery`.
    pub name: Name,
    /// The version its author gave it.
    pub version: String,
    /// The channels.
    pub channels: Vec<Channel>,
}

/// One way to reach units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Channel {
    /// Its name, under which the office keeps its addresses.
    pub name: Name,
    /// By what it reaches them.
    pub via: Via,
    /// The units that it serves, groups expanded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub units: Vec<UnitId>,
    /// The roles whose units it serves, whoever plays them on the day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleId>,
    /// The places in a case whose units it serves: owner, lead, assist.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parties: Vec<Who>,
    /// What it carries; empty for everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acts: Vec<Act>,
    /// In which language.
    #[serde(default)]
    pub language: Language,
    /// Outside whose working hours it waits for the next opening, never past a due
    /// instant that is still ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet: Option<Quiet>,
    /// How long it waits for others to the same unit, to send one message for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<Merge>,
    /// At which time of each working day it sends what has come together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<TimeOfDay>,
    /// After which time a message that could not be sent is given up.
    #[serde(default)]
    pub give_up_after: Patience,
}

/// By what a channel reaches people or systems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// A signed call of an address, in the form of Standard Webhooks.
    Webhook,
    /// A robot in a group of `DingTalk`.
    Dingtalk,
    /// A robot in a group of `WeCom`.
    Wecom,
    /// A robot in a Feishu group.
    Feishu,
    /// E-mail.
    Mail,
    /// A subject of the broker, for other services.
    Subject,
}

/// The language of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

/// Whose working hours are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// The calendar.
    pub calendar: Name,
}

/// How long messages are gathered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// So many minutes after the first of them.
    #[schemars(range(min = 1, max = 1440))]
    pub minutes: u32,
}

/// How long a message is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Patience {
    /// So many hours after it was raised.
    #[schemars(range(min = 1, max = 8760))]
    pub hours: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { hours: 72 }
    }
}
