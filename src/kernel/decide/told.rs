//! What the courier tells: how the delivery of a reminder ended, and that a dead
//! letter is to be sent again.
//!
//! These facts are about the outbox and no case, so they go through no workflow. One
//! delivery has one outcome: what is not in the outbox any more cannot end again.

use serde::Deserialize;

use super::admit::{Stated, refuse};
use crate::event::catalogue::{DeliveryEnded, DeliveryReplayed, Event, FactRef, Outcome, Reason};
use crate::id::{EventType, Name, RoleId, Seq, UnitId};
use crate::kernel::row::{Dead, Family, Pending, outbox_key};
use crate::kernel::state::{Backing, State, StateError};
use crate::kernel::turn::{About, Turn};
use crate::policy::definition::delivery::INTAKE;

/// Who tells how deliveries ended: a part of duban, as the engine is.
pub const COURIER: &str = "courier";
/// The fact that has a dead letter sent again.
const REPLAYED: &str = "delivery.replayed";
/// Who may have a dead letter sent again; the first is also a publisher of its own.
const REPLAYERS: [&str; 2] = ["operator", "supervisor"];
/// How much of what a destination said goes onto the ledger, in characters.
const MOST_NOTED: usize = 500;

/// What the courier says of one message.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    reminder: Seq,
    unit: UnitId,
    channel: Name,
    #[serde(default)]
    attempts: u32,
    #[serde(default)]
    note: String,
    #[serde(default)]
    round: u32,
}

/// Decides a fact about the outbox; none when it is about something else.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn tell<B: Backing>(turn: &mut Turn<'_, B>, stated: &Stated) -> Option<Result<(), StateError>> {
    let kind = stated.fact.kind.as_str();
    match outcome(&stated.fact.kind) {
        Some(outcome) => Some(end(turn, stated, outcome)),
        None => (kind == REPLAYED).then(|| replay(turn, stated)),
    }
}

/// The outcome that a type of fact states, if it states one.
fn outcome(kind: &EventType) -> Option<Outcome> {
    match kind.as_str() {
        "reminder.delivered" => Some(Outcome::Delivered),
        "reminder.failed" => Some(Outcome::Failed),
        "reminder.withdrawn" => Some(Outcome::Withdrawn),
        _ => None,
    }
}

fn end<B: Backing>(turn: &mut Turn<'_, B>, stated: &Stated, outcome: Outcome) -> Result<(), StateError> {
    let (told, pending) = match ending(turn.state, stated, outcome)? {
        Ok(ending) => ending,
        Err(reason) => return refuse(turn, stated, reason, false),
    };
    let about = About { case: pending.case, unit: Some(told.unit.clone()), policy: None };
    let ended = DeliveryEnded {
        fact: FactRef::to(&stated.fact, stated.content),
        reminder: told.reminder,
        unit: told.unit,
        channel: told.channel,
        outcome,
        attempts: told.attempts,
        note: told.note.chars().take(MOST_NOTED).collect(),
    };
    turn.emit(stated.recorded_at, &about, Event::DeliveryEnded(Box::new(ended)))
}

fn ending<B: Backing>(
    state: &State<B>,
    stated: &Stated,
    outcome: Outcome,
) -> Result<Result<(Told, Pending), Reason>, StateError> {
    let fact = &stated.fact;
    if fact.actor.as_str() != COURIER {
        let message = format!("{} may not tell how a delivery ended; the courier does", fact.actor);
        return Ok(Err(Reason::new("actor.forbidden", "actor", fact.actor.as_str(), message)));
    }
    let told = match read(stated) {
        Ok(told) => told,
        Err(reason) => return Ok(Err(reason)),
    };
    let row = state.row::<Pending>(Family::Outbox, &key(&told))?;
    let number = told.reminder.to_string();
    let Some(pending) = row.filter(|pending| pending.round == told.round) else {
        let message =
            "nothing of it waits in the outbox: it has ended already, or there never was such a message";
        return Ok(Err(Reason::new("delivery.unknown", "data/reminder", &number, message)));
    };
    if told.channel.as_str() == INTAKE && outcome != Outcome::Failed {
        let message = "the fact of a reaction ends by being decided; only its failure is told";
        return Ok(Err(Reason::new("delivery.intake", "type", fact.kind.as_str(), message)));
    }
    Ok(Ok((told, pending)))
}

fn replay<B: Backing>(turn: &mut Turn<'_, B>, stated: &Stated) -> Result<(), StateError> {
    let (told, dead) = match replaying(turn.state, stated)? {
        Ok(replaying) => replaying,
        Err(reason) => return refuse(turn, stated, reason, false),
    };
    let about = About { case: dead.pending.case, unit: Some(told.unit.clone()), policy: None };
    let replayed = DeliveryReplayed {
        fact: FactRef::to(&stated.fact, stated.content),
        reminder: told.reminder,
        unit: told.unit,
        channel: told.channel,
        round: dead.pending.round.saturating_add(1),
    };
    turn.emit(stated.recorded_at, &about, Event::DeliveryReplayed(Box::new(replayed)))
}

fn replaying<B: Backing>(
    state: &State<B>,
    stated: &Stated,
) -> Result<Result<(Told, Dead), Reason>, StateError> {
    let actor = &stated.fact.actor;
    let plays = |role: &str| RoleId::new(role).is_ok_and(|role| state.policies().has_role(actor, &role));
    if actor.as_str() != REPLAYERS[0] && !REPLAYERS.iter().any(|role| plays(role)) {
        let message = format!("{actor} may not have it sent again; {} may", REPLAYERS.join(" or "));
        return Ok(Err(Reason::new("actor.forbidden", "actor", actor.as_str(), message)));
    }
    let told = match read(stated) {
        Ok(told) => told,
        Err(reason) => return Ok(Err(reason)),
    };
    let number = told.reminder.to_string();
    let dead = state.row::<Dead>(Family::DeadLetter, &key(&told))?;
    Ok(dead.map(|dead| (told, dead)).ok_or_else(|| {
        let message = "it is not among the dead letters: it was sent, or waits to be";
        Reason::new("delivery.unknown", "data/reminder", &number, message)
    }))
}

fn read(stated: &Stated) -> Result<Told, Reason> {
    Told::deserialize(&stated.fact.data).map_err(|error| {
        Reason::new("schema.violated", "data", &stated.fact.data.to_string(), error.to_string())
    })
}

fn key(told: &Told) -> Vec<u8> {
    outbox_key(&told.channel, &told.unit, told.reminder)
}
