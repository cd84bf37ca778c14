//! Events about what is sent, what is answered and what follows by itself.
//!
//! A reminder that was raised and has no recorded outcome is what is left to be
//! delivered; nothing else holds that list.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Fact, FactRef};
use crate::calendar::Period;
use crate::id::{EventType, Name, Seq, Sha, UnitId};
use crate::time::Instant;

/// One recipient of a rung, and the channel that serves it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// Who is told.
    pub unit: UnitId,
    /// By which channel of the delivery policy.
    pub channel: Name,
}

/// How the delivery of a reminder ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The destination took it.
    Delivered,
    /// It was given up; it is a dead letter from now on.
    Failed,
    /// What it was about was met, moved or closed before it could be sent.
    Withdrawn,
}

payload! {
    /// A reminder's delivery has ended.
    DeliveryEnded {
        /// The courier's fact.
        fact: FactRef,
        /// The ledger place of the reminder.
        reminder: Seq,
        /// Who was to be told.
        unit: UnitId,
        /// By which channel.
        channel: Name,
        /// How it ended.
        outcome: Outcome,
        /// How many times it was tried.
        attempts: u32,
        /// What the destination said, or why it was given up.
        note: String,
    }
}

payload! {
    /// A dead letter is to be sent again.
    DeliveryReplayed {
        /// The fact that demands it.
        fact: FactRef,
        /// The ledger place of the reminder.
        reminder: Seq,
        /// Who is to be told.
        unit: UnitId,
        /// By which channel.
        channel: Name,
        /// How often it was replayed, this time included.
        round: u32,
    }
}

payload! {
    /// An event fits a reaction that waits for more of them.
    ReactionCounted {
        /// The reaction.
        reaction: Name,
        /// The period within which they are counted.
        period: Period,
        /// How many there are of the unit, this one included.
        nth: u32,
        /// How many it takes.
        of: u32,
    }
}

/// How many events a reaction has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sum {
    /// Within which period.
    pub period: Period,
    /// How many.
    pub nth: u32,
}

payload! {
    /// A fact is to be published because of an event.
    ReactionCalled {
        /// The reaction.
        reaction: Name,
        /// Its definition.
        policy: Sha,
        /// The ledger place of the event.
        trigger: Seq,
        /// How many reactions stand behind the fact, this one included.
        depth: u8,
        /// How many events there were, if several were needed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counted: Option<Sum>,
        /// The fact as it will be stated.
        fact: Fact,
    }
}

payload! {
    /// A reaction that would have been called, and is not.
    ReactionStopped {
        /// The reaction.
        reaction: Name,
        /// The ledger place of the event.
        trigger: Seq,
        /// How many reactions would stand behind its fact.
        depth: u8,
        /// Why: [`TOO_DEEP`] or [`NOBODY`].
        reason: String,
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
pub(super) const fn is_zero(depth: &u8) -> bool {
    *depth == 0
}

/// A reaction stopped because too many stand behind it already.
pub const TOO_DEEP: &str = "too-deep";
/// A reaction stopped because no unit plays the part that would state its fact.
pub const NOBODY: &str = "nobody";

/// What an answer does beside its case's workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Answer {
    /// 签收: it was seen.
    Acknowledged {
        /// The clock; none for all that run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clock: Option<Name>,
        /// The reminder, by its ledger place.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reminder: Option<Seq>,
    },
    /// 转办: somebody of the unit sees to it.
    Delegated {
        /// Who.
        person: String,
    },
    /// 说明.
    Explained,
    /// 移交 is proposed to another unit.
    HandoverProposed {
        /// To whom.
        to: UnitId,
    },
    /// The other unit does not take it.
    HandoverDeclined {
        /// Who was asked.
        to: UnitId,
    },
    /// Another unit owes the case from now on.
    HandedOver {
        /// Who owed it.
        from: UnitId,
        /// Who owes it.
        to: UnitId,
    },
    /// 延期 is asked for.
    ExtensionRequested {
        /// The clock.
        clock: Name,
        /// The due instant that is asked for.
        until: Instant,
    },
    /// The extension is not granted; a granted one is a `deadline.moved`.
    ExtensionRefused {
        /// The clock.
        clock: Name,
    },
}

payload! {
    /// What an accepted answer means for its case.
    CaseAnswered {
        /// The fact, whose entry comes before.
        fact: FactRef,
        /// Its type.
        #[serde(rename = "type")]
        kind: EventType,
        /// What it does.
        answer: Answer,
    }
}
