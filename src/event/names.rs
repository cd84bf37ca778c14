//! The wire names of ledger events: which event of the catalogue is written under
//! which type, and which types are not for others to state.
//!
//! It knows the catalogue's variants and nothing of what they mean.

use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};

use super::catalogue::{Event, Outcome};
use crate::id::EventType;

/// The nouns that only the engine speaks of. Some are not used yet: a policy that
/// defined them today could not be read tomorrow.
const RESERVED_NOUNS: [&str; 19] = [
    "breach",
    "calendar",
    "case",
    "clock",
    "deadline",
    "delivery",
    "duban",
    "engine",
    "escalation",
    "event",
    "intake",
    "ledger",
    "period",
    "policy",
    "quota",
    "ranking",
    "reaction",
    "reminder",
    "tenant",
];

/// The facts under reserved nouns that are stated to duban itself: the operator
/// publishes policies, the engine marks that time has passed, the courier tells how
/// a delivery ended, and a supervisor has a dead letter sent again.
const STATED: [&str; 6] = [
    "policy.published",
    "clock.ticked",
    "reminder.delivered",
    "reminder.failed",
    "reminder.withdrawn",
    "delivery.replayed",
];

/// The facts under reserved nouns that units state about their cases: answers.
const ANSWERED: [&str; 2] = ["reminder.acknowledged", "case.delegated"];

/// Whether only duban itself may use `kind`, so that neither may a policy define it
/// nor a service state it.
///
/// False for what the operator, the engine, the courier and the units state under
/// such nouns; who may state those is the kernel's to check.
#[must_use]
pub fn is_reserved(kind: &EventType) -> bool {
    let comes_in = STATED.contains(&kind.as_str()) || ANSWERED.contains(&kind.as_str());
    !comes_in && RESERVED_NOUNS.contains(&kind.parts().0)
}

/// Whether `kind` is a fact that the operator or the engine states to duban itself,
/// so that no policy takes it.
#[must_use]
pub fn is_stated_to_duban(kind: &EventType) -> bool {
    STATED.contains(&kind.as_str())
}

/// Whether an accepted fact of type `kind` can be told from the engine's own events.
pub(super) fn is_stateable(kind: &EventType) -> bool {
    !is_reserved(kind) && !is_in_catalogue(kind.as_str())
}

/// Whether `kind` is an event that the engine itself decides.
pub(super) fn is_in_catalogue(kind: &str) -> bool {
    KINDS.contains(&kind)
}

/// Every type of the catalogue but the accepted fact's.
pub(super) const KINDS: [&str; 30] = [
    "ledger.opened",
    "policy.published",
    "calendar.applied",
    "event.refused",
    "event.duplicated",
    "event.parked",
    "case.opened",
    "case.closed",
    "case.credited",
    "period.opened",
    "policy.begun",
    "ranking.published",
    "deadline.set",
    "deadline.moved",
    "deadline.paused",
    "deadline.resumed",
    "deadline.met",
    "deadline.cancelled",
    "deadline.breached",
    "breach.withdrawn",
    "reminder.due",
    "escalation.raised",
    "case.answered",
    "reminder.delivered",
    "reminder.failed",
    "reminder.withdrawn",
    "delivery.replayed",
    "reaction.counted",
    "reaction.called",
    "reaction.stopped",
];

impl Event {
    /// The wire name: `deadline.breached`, or the accepted fact's own type.
    #[must_use]
    pub fn kind(&self) -> &str {
        match self {
            Self::LedgerOpened(_) => "ledger.opened",
            Self::PolicyPublished(_) => "policy.published",
            Self::CalendarApplied(_) => "calendar.applied",
            Self::EventRefused(_) => "event.refused",
            Self::EventDuplicated(_) => "event.duplicated",
            Self::EventParked(_) => "event.parked",
            Self::FactAccepted(it) => it.fact.kind.as_str(),
            Self::CaseOpened(_) => "case.opened",
            Self::CaseClosed(_) => "case.closed",
            Self::CaseCredited(_) => "case.credited",
            Self::PeriodOpened(_) => "period.opened",
            Self::PolicyBegun(_) => "policy.begun",
            Self::RankingPublished(_) => "ranking.published",
            Self::DeadlineSet(_) => "deadline.set",
            Self::DeadlineMoved(_) => "deadline.moved",
            Self::DeadlinePaused(_) => "deadline.paused",
            Self::DeadlineResumed(_) => "deadline.resumed",
            Self::DeadlineMet(_) => "deadline.met",
            Self::DeadlineCancelled(_) => "deadline.cancelled",
            Self::DeadlineBreached(_) => "deadline.breached",
            Self::BreachWithdrawn(_) => "breach.withdrawn",
            Self::ReminderDue(_) => "reminder.due",
            Self::EscalationRaised(_) => "escalation.raised",
            Self::CaseAnswered(_) => "case.answered",
            Self::DeliveryEnded(it) => match it.outcome {
                Outcome::Delivered => "reminder.delivered",
                Outcome::Failed => "reminder.failed",
                Outcome::Withdrawn => "reminder.withdrawn",
            },
            Self::DeliveryReplayed(_) => "delivery.replayed",
            Self::ReactionCounted(_) => "reaction.counted",
            Self::ReactionCalled(_) => "reaction.called",
            Self::ReactionStopped(_) => "reaction.stopped",
        }
    }

    /// The event of type `kind` whose data is the JSON `data`.
    pub(super) fn read(kind: &str, data: &str) -> Result<Self, serde_json::Error> {
        Ok(match kind {
            "ledger.opened" => Self::LedgerOpened(payload(data)?),
            "policy.published" => Self::PolicyPublished(payload(data)?),
            "calendar.applied" => Self::CalendarApplied(payload(data)?),
            "event.refused" => Self::EventRefused(payload(data)?),
            "event.duplicated" => Self::EventDuplicated(payload(data)?),
            "event.parked" => Self::EventParked(payload(data)?),
            "case.opened" => Self::CaseOpened(payload(data)?),
            "case.closed" => Self::CaseClosed(payload(data)?),
            "case.credited" => Self::CaseCredited(payload(data)?),
            "policy.begun" => Self::PolicyBegun(payload(data)?),
            "ranking.published" => Self::RankingPublished(payload(data)?),
            "period.opened" => Self::PeriodOpened(payload(data)?),
            "deadline.set" => Self::DeadlineSet(payload(data)?),
            "deadline.moved" => Self::DeadlineMoved(payload(data)?),
            "deadline.paused" => Self::DeadlinePaused(payload(data)?),
            "deadline.resumed" => Self::DeadlineResumed(payload(data)?),
            "deadline.met" => Self::DeadlineMet(payload(data)?),
            "deadline.cancelled" => Self::DeadlineCancelled(payload(data)?),
            "deadline.breached" => Self::DeadlineBreached(payload(data)?),
            "breach.withdrawn" => Self::BreachWithdrawn(payload(data)?),
            "reminder.due" => Self::ReminderDue(payload(data)?),
            "escalation.raised" => Self::EscalationRaised(payload(data)?),
            "case.answered" => Self::CaseAnswered(payload(data)?),
            "reminder.delivered" | "reminder.failed" | "reminder.withdrawn" => {
                Self::DeliveryEnded(payload(data)?)
            }
            "delivery.replayed" => Self::DeliveryReplayed(payload(data)?),
            "reaction.counted" => Self::ReactionCounted(payload(data)?),
            "reaction.called" => Self::ReactionCalled(payload(data)?),
            "reaction.stopped" => Self::ReactionStopped(payload(data)?),
            _ => Self::FactAccepted(payload(data)?),
        })
    }
}

fn payload<T: DeserializeOwned>(data: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(data)
}

/// An event's data alone, without its type.
pub(super) struct Payload<'a>(pub &'a Event);

impl Serialize for Payload<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Event::LedgerOpened(it) => it.serialize(to),
            Event::PolicyPublished(it) => it.serialize(to),
            Event::CalendarApplied(it) => it.serialize(to),
            Event::EventRefused(it) => it.serialize(to),
            Event::EventDuplicated(it) => it.serialize(to),
            Event::EventParked(it) => it.serialize(to),
            Event::FactAccepted(it) => it.serialize(to),
            Event::CaseOpened(it) => it.serialize(to),
            Event::CaseClosed(it) => it.serialize(to),
            Event::CaseCredited(it) => it.serialize(to),
            Event::PeriodOpened(it) => it.serialize(to),
            Event::PolicyBegun(it) => it.serialize(to),
            Event::RankingPublished(it) => it.serialize(to),
            Event::DeadlineSet(it) => it.serialize(to),
            Event::DeadlineMoved(it) | Event::DeadlineResumed(it) => it.serialize(to),
            Event::DeadlinePaused(it) => it.serialize(to),
            Event::DeadlineMet(it) => it.serialize(to),
            Event::DeadlineCancelled(it) => it.serialize(to),
            Event::DeadlineBreached(it) | Event::BreachWithdrawn(it) => it.serialize(to),
            Event::ReminderDue(it) | Event::EscalationRaised(it) => it.serialize(to),
            Event::CaseAnswered(it) => it.serialize(to),
            Event::DeliveryEnded(it) => it.serialize(to),
            Event::DeliveryReplayed(it) => it.serialize(to),
            Event::ReactionCounted(it) => it.serialize(to),
            Event::ReactionCalled(it) => it.serialize(to),
            Event::ReactionStopped(it) => it.serialize(to),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_else_may_speak_as_the_engine() {
        let reserved = |kind: &str| is_reserved(&EventType::new(kind).expect("a type"));
        for kind in KINDS.into_iter().filter(|kind| !STATED.contains(kind)) {
            assert!(reserved(kind), "{kind}");
        }
        assert!(reserved("deadline.snoozed"));
        let open = ["objection.received", "dispatch.submitted", "extension.requested"];
        for kind in STATED.into_iter().chain(ANSWERED).chain(open) {
            assert!(!reserved(kind), "{kind}");
        }
    }
}
