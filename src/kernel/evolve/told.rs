//! The fold of what is sent, answered and called for.

use super::{change, known, with_case, wrong};
use crate::event::catalogue::{
    Answer, CaseAnswered, DeliveryEnded, DeliveryReplayed, FactRef, Outcome, ReactionCalled, ReactionCounted,
    ReactionStopped, Reason, RungReached,
};
use crate::event::entry::Entry;
use crate::id::Name;
use crate::kernel::reaction;
use crate::kernel::row::{
    BELL_SLOTS, Called, Case, Counted, Dead, Extension, Family, Pending, Rang, Refused, bell_key,
    counted_key, known_key, outbox_key,
};
use crate::kernel::state::{Backing, State, StateError};
use crate::policy::definition::delivery::INTAKE;

/// Puts a rung's messages into the outbox, one for each recipient and channel.
pub(super) fn to_be_told<B: Backing>(
    state: &mut State<B>,
    entry: &Entry,
    it: &RungReached,
) -> Result<(), StateError> {
    for told in &it.via {
        let pending = Pending {
            case: entry.decided.case.clone(),
            clock: Some(it.clock.clone()),
            at: entry.decided.at,
            due_at: Some(it.due_at),
            act: Some(it.act),
            light: Some(it.light),
            nth: it.nth,
            round: 0,
            fact: None,
        };
        let key = outbox_key(&told.channel, &told.unit, entry.seq);
        state.put_row(Family::Outbox, &key, Some(&pending))?;
    }
    rings(state, entry, it)
}

/// Rings the desk's bell for each who is told, and for everybody who sees all.
fn rings<B: Backing>(state: &mut State<B>, entry: &Entry, it: &RungReached) -> Result<(), StateError> {
    let Some(case) = &entry.decided.case else { return Err(wrong(entry, &"it names no case")) };
    let rang = Rang {
        seq: entry.seq,
        at: entry.decided.at,
        case: case.clone(),
        clock: it.clock.clone(),
        due_at: it.due_at,
        act: it.act,
        light: it.light,
        nth: it.nth,
        to: it.to.clone(),
    };
    for of in it.to.iter().map(Some).chain([None]) {
        let mut key = bell_key(of);
        let count = state.row::<u64>(Family::Bell, &key)?.unwrap_or(0);
        state.put_row(Family::Bell, &key, Some(&(count + 1)))?;
        key.extend((count % BELL_SLOTS).to_be_bytes());
        state.put_row(Family::Bell, &key, Some(&rang))?;
    }
    Ok(())
}

pub(super) fn delivery_ended<B: Backing>(
    state: &mut State<B>,
    entry: &Entry,
    it: &DeliveryEnded,
) -> Result<(), StateError> {
    known(state, entry.decided.cause, &it.fact);
    let key = outbox_key(&it.channel, &it.unit, it.reminder);
    let Some(pending) = state.row::<Pending>(Family::Outbox, &key)? else {
        return Err(wrong(entry, &"nothing of it is in the outbox"));
    };
    state.put_row::<Pending>(Family::Outbox, &key, None)?;
    told_of(state, entry)?;
    match it.outcome {
        Outcome::Delivered | Outcome::Withdrawn => Ok(()),
        Outcome::Failed => {
            let (at, attempts, note) = (entry.decided.at, it.attempts, it.note.clone());
            state.put_row(Family::DeadLetter, &key, Some(&Dead { pending, at, attempts, note }))
        }
    }
}

pub(super) fn delivery_replayed<B: Backing>(
    state: &mut State<B>,
    entry: &Entry,
    it: &DeliveryReplayed,
) -> Result<(), StateError> {
    known(state, entry.decided.cause, &it.fact);
    let key = outbox_key(&it.channel, &it.unit, it.reminder);
    let Some(dead) = state.row::<Dead>(Family::DeadLetter, &key)? else {
        return Err(wrong(entry, &"nothing of it is among the dead letters"));
    };
    state.put_row::<Dead>(Family::DeadLetter, &key, None)?;
    let pending = Pending { round: it.round, ..dead.pending };
    state.put_row(Family::Outbox, &key, Some(&pending))?;
    told_of(state, entry)
}

pub(super) fn reaction_counted<B: Backing>(
    state: &mut State<B>,
    entry: &Entry,
    it: &ReactionCounted,
) -> Result<(), StateError> {
    let Some(unit) = &entry.decided.unit else { return Err(wrong(entry, &"it names no unit")) };
    let counted = Counted { period: it.period, count: it.nth };
    state.put_row(Family::Reaction, &counted_key(&it.reaction, unit), Some(&counted))
}

pub(super) fn reaction_called<B: Backing>(
    state: &mut State<B>,
    entry: &Entry,
    it: &ReactionCalled,
) -> Result<(), StateError> {
    let (decided, unit) = (&entry.decided, &it.fact.actor);
    if let (Some(counted), Some(owner)) = (&it.counted, &decided.unit) {
        let counted = Counted { period: counted.period, count: counted.nth };
        state.put_row(Family::Reaction, &counted_key(&it.reaction, owner), Some(&counted))?;
    }
    let content = it.fact.content();
    let called = Called { seq: entry.seq, unit: unit.clone(), content, depth: it.depth };
    state.put_row(Family::Called, &known_key(&it.fact.source, &it.fact.id), Some(&called))?;
    let pending = Pending {
        case: decided.case.clone(),
        clock: None,
        at: decided.at,
        due_at: None,
        act: None,
        light: None,
        nth: 0,
        round: 0,
        fact: Some(serde_json::to_string(&it.fact).map_err(|error| wrong(entry, &error))?),
    };
    let channel = Name::new(INTAKE).map_err(|error| wrong(entry, &error))?;
    state.put_row(Family::Outbox, &outbox_key(&channel, unit, entry.seq), Some(&pending))?;
    told_of(state, entry)
}

/// A reaction that was stopped is told where facts that were not taken are.
pub(super) fn reaction_stopped<B: Backing>(
    state: &mut State<B>,
    entry: &Entry,
    it: &ReactionStopped,
) -> Result<(), StateError> {
    let message = format!(
        "the reaction {} to the ledger entry {} was not called: {}",
        it.reaction, it.trigger, it.reason
    );
    let row = Refused {
        intake: entry.decided.cause,
        at: entry.decided.at,
        fact: None,
        actor: entry.decided.unit.clone(),
        kind: None,
        reason: Reason::new("reaction.stopped", "depth", &it.depth.to_string(), message),
        original: serde_json::to_string(it).map_err(|error| wrong(entry, &error))?,
    };
    state.put_row(Family::Refused, &entry.seq.0.to_be_bytes(), Some(&row))?;
    told_of(state, entry)
}

/// Whatever happens because of a case stands in its history.
fn told_of<B: Backing>(state: &mut State<B>, entry: &Entry) -> Result<(), StateError> {
    match &entry.decided.case {
        Some(case) => change(state, entry, case, |_| {}),
        None => Ok(()),
    }
}

/// Takes the fact of a reaction from the outbox once it is decided; what is known of
/// its origin stays while it is parked.
pub(super) fn settle<B: Backing>(
    state: &mut State<B>,
    fact: &FactRef,
    is_parked: bool,
) -> Result<(), StateError> {
    if !reaction::is_source(&state.checkpoint().tenant, &fact.source) {
        return Ok(());
    }
    let key = known_key(&fact.source, &fact.id);
    let Some(called) = state.row::<Called>(Family::Called, &key)? else { return Ok(()) };
    if called.content != fact.content {
        return Ok(());
    }
    if let Ok(channel) = Name::new(INTAKE) {
        let row = outbox_key(&channel, &called.unit, called.seq);
        state.put_row::<Pending>(Family::Outbox, &row, None)?;
        state.put_row::<Dead>(Family::DeadLetter, &row, None)?;
    }
    if is_parked { Ok(()) } else { state.put_row::<Called>(Family::Called, &key, None) }
}

pub(super) fn case_answered<B: Backing>(
    state: &mut State<B>,
    entry: &Entry,
    it: &CaseAnswered,
) -> Result<(), StateError> {
    with_case(state, entry, |case, entry| match &it.answer {
        Answer::Acknowledged { clock, .. } => {
            let meant = |name: &Name| clock.as_ref().is_none_or(|clock| clock == name);
            for deadline in case.deadlines.iter_mut().filter(|it| it.is_open() && meant(&it.clock)) {
                deadline.acknowledged_at = Some(entry.decided.at);
            }
        }
        Answer::Delegated { person } => case.handler = Some(person.clone()),
        Answer::Explained => {}
        Answer::HandoverProposed { to } => case.handover = Some(to.clone()),
        Answer::HandoverDeclined { .. } => case.handover = None,
        Answer::HandedOver { to, .. } => {
            case.owner = to.clone();
            case.handover = None;
            // Who sees to it was somebody of the other unit.
            case.handler = None;
        }
        Answer::ExtensionRequested { clock, until } => {
            let (clock, until, by) = (clock.clone(), *until, it.fact.actor.clone());
            case.extension = Some(Extension { clock, until, by, at: entry.decided.at });
        }
        Answer::ExtensionRefused { .. } => case.extension = None,
    })
}

/// Requests that nothing can come of any more are let go: the case is closed, or the
/// deadline that was to be extended has ended.
pub(super) fn lapse(case: &mut Case) {
    let open = |clock: &Name| case.deadlines.iter().any(|it| it.clock == *clock && it.is_open());
    if case.extension.as_ref().is_some_and(|it| case.closed_at.is_some() || !open(&it.clock)) {
        case.extension = None;
    }
    if case.closed_at.is_some() {
        case.handover = None;
    }
}
