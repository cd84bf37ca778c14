//! The doors that every fact goes through before its case is looked at.

use serde_json::Value;

use super::{answers, opening, publish, route, told, transit};
use crate::event::catalogue::{Event, EventDuplicated, EventParked, EventRefused, FactRef, Reason};
use crate::event::fact::{Content, Fact, Malformed, Received};
use crate::id::{CaseId, Seq, Sha};
use crate::kernel::reaction;
use crate::kernel::row::{Family, Known, Parked, known_key};
use crate::kernel::state::{Backing, State, StateError};
use crate::kernel::turn::{About, MOST_IN_TURN, Outgoing, Turn};
use crate::policy::definition::reaction::MOST_ON_ONE;
use crate::time::Instant;

/// The type by which definitions come in.
const POLICY_PUBLISHED: &str = "policy.published";

/// A fact with what the kernel needs to know of its coming.
#[derive(Debug, Clone)]
pub struct Stated {
    /// The fact.
    pub fact: Fact,
    /// Its digest.
    pub content: Sha,
    /// The instant that counts as its recorded one.
    pub recorded_at: Instant,
    /// Nothing that follows is dated before; later than `recorded_at` for a fact of
    /// the past that comes after later ones.
    pub told_at: Instant,
    /// Its own intake place, if it was parked and is taken up only now.
    pub parked: Option<Seq>,
    /// How many reactions stand behind it; 0 when people or systems stated it.
    pub depth: u8,
}

/// Decides one record of the intake. Timers that are due before it must have
/// fired already ([`crate::kernel::timers::fire`]).
///
/// # Errors
/// [`StateError`] when the state cannot be read; never for anything a fact says.
pub fn decide<B: Backing>(state: &mut State<B>, received: Received) -> Result<Vec<Outgoing>, StateError> {
    let Received { seq, at, content } = received;
    let mut turn = Turn::new(state, seq, false);
    match content {
        Content::Tick => {}
        Content::Malformed(fault, original) => refuse_malformed(&mut turn, at, &fault, &original)?,
        Content::Fact(fact) => {
            let stated = Stated {
                content: fact.content(),
                recorded_at: fact.imported_at.unwrap_or(at).min(at),
                told_at: told_at(turn.state, at, fact.imported_at),
                fact: *fact,
                parked: None,
                depth: 0,
            };
            admit(&mut turn, stated)?;
        }
    }
    Ok(turn.finish())
}

/// When a fact was told, as far as what follows from it is dated. What was recorded
/// before the ledger was opened, in the order of time, is history that goes on: it is
/// decided as it would have been then, alarms and all. A fact of the past that comes
/// after later ones, or that the engine could have heard of in time, is told now.
fn told_at<B: Backing>(state: &State<B>, received_at: Instant, imported_at: Option<Instant>) -> Instant {
    let checkpoint = state.checkpoint();
    let goes_on = |at: &Instant| (checkpoint.clock..checkpoint.opened_at.min(received_at)).contains(at);
    imported_at.filter(goes_on).unwrap_or(received_at)
}

fn import_from_the_future(at: Instant) -> Reason {
    let message = "a fact of the past cannot have been recorded later than now";
    Reason::new("import.future", "recordedtime", &at.to_string(), message)
}

fn admit<B: Backing>(turn: &mut Turn<'_, B>, stated: Stated) -> Result<(), StateError> {
    let key = known_key(&stated.fact.source, &stated.fact.id);
    if let Some(known) = turn.state.known(&key)? {
        return seen_before(turn, &stated, &known);
    }
    if let Some(at) = stated.fact.imported_at.filter(|at| *at > stated.recorded_at) {
        return refuse(turn, &stated, import_from_the_future(at), false);
    }
    if stated.fact.kind.as_str() == POLICY_PUBLISHED {
        return publish::publish(turn, &stated);
    }
    if let Some(told) = told::tell(turn, &stated) {
        return told;
    }
    let stated = match reaction::origin(turn.state, &stated.fact, stated.content)? {
        Ok(depth) => Stated { depth, ..stated },
        Err(reason) => return refuse(turn, &stated, reason, true),
    };
    if let Err(reason) = plausible(turn.state, &stated) {
        return refuse(turn, &stated, reason, false);
    }
    if answers::answer(turn, &stated)?.is_some() {
        return Ok(());
    }
    match route::route(turn.state, &stated.fact, stated.recorded_at)? {
        route::Route::Case(case) => transit::transit(turn, &stated, &case),
        route::Route::Opens(workflow, id) => opening::open(turn, &stated, &workflow, id),
        route::Route::Waits(cases) => park(turn, &stated, cases),
        route::Route::Nowhere(reason) => refuse(turn, &stated, reason, false),
    }
}

fn seen_before<B: Backing>(turn: &mut Turn<'_, B>, stated: &Stated, known: &Known) -> Result<(), StateError> {
    let Known { first, content } = *known;
    if content != stated.content {
        let message = format!(
            "the source {} has stated another fact under this id before, at intake {first}; \
             an id is used once, and a correction is a new fact",
            stated.fact.source
        );
        let reason = Reason::new("id.conflicts", "id", &stated.fact.id, message);
        return refuse(turn, stated, reason, true);
    }
    let event =
        Event::EventDuplicated(EventDuplicated { fact: FactRef::to(&stated.fact, stated.content), first });
    turn.emit(stated.recorded_at, &publisher(stated), event)
}

/// Whether the publisher, type, time and data of a fact can be right.
fn plausible<B: Backing>(state: &State<B>, stated: &Stated) -> Result<(), Reason> {
    let (fact, policies) = (&stated.fact, state.policies());
    if policies.unit(&fact.actor).is_none() {
        let message = format!("the register knows no unit {}; publish as one of its units", fact.actor);
        return Err(Reason::new("actor.unknown", "actor", fact.actor.as_str(), message));
    }
    let tolerance = i64::from(policies.settings().clock_tolerance_minutes) * 60;
    if let Some(at) = fact.occurred_at.filter(|at| *at > stated.recorded_at.plus_seconds(tolerance)) {
        let message = format!(
            "it is said to occur after it was recorded ({}); a fact is something that has happened",
            stated.recorded_at
        );
        return Err(Reason::new("time.future", "time", &at.to_string(), message));
    }
    policies.validate(&fact.kind, fact.version.as_deref(), &fact.data)
}

fn park<B: Backing>(turn: &mut Turn<'_, B>, stated: &Stated, cases: Vec<CaseId>) -> Result<(), StateError> {
    for case in &cases {
        let waiting =
            turn.state.keys(Family::ParkedFor, &[case.as_str().as_bytes(), &[0]].concat(), MOST_PARKED)?;
        if waiting.len() >= MOST_PARKED {
            let message =
                format!("{MOST_PARKED} facts wait for this case already, and it has not been opened");
            let reason = Reason::new("case.unknown", "subject", case.as_str(), message);
            return refuse(turn, stated, reason, false);
        }
    }
    let hours = i64::from(turn.state.policies().settings().parked_for_hours);
    let event = Event::EventParked(EventParked {
        fact: stated.fact.clone(),
        content: stated.content,
        recorded_at: stated.recorded_at,
        until: stated.recorded_at.plus_seconds(hours * 3600),
        cases,
    });
    turn.emit(stated.recorded_at, &publisher(stated), event)
}

/// The most facts that wait for one case, so that opening it stays one group.
const MOST_PARKED: usize = 16;
/// The most events that taking up parked facts makes, for the same reason: it
/// leaves a quarter of [`MOST_IN_TURN`] to the opening itself.
const MOST_IN_TAKE_UP: usize = MOST_IN_TURN / 4 * 3;

/// Takes up the facts that waited for a case that is now there, in the order in
/// which they came.
pub(super) fn take_up<B: Backing>(turn: &mut Turn<'_, B>, id: &CaseId) -> Result<(), StateError> {
    if !turn.state.may_wait() {
        return Ok(());
    }
    let prefix = [id.as_str().as_bytes(), &[0]].concat();
    let begun = turn.len();
    for key in turn.state.keys(Family::ParkedFor, &prefix, MOST_PARKED)? {
        let Some(seq) = key.get(prefix.len()..).and_then(|tail| tail.try_into().ok()) else { continue };
        let seq = Seq(u64::from_be_bytes(seq));
        let Some((stated, row)) = parked(turn.state, seq)? else { continue };
        let Some(case) = turn.state.case(id)? else { continue };
        if row.cases.len() > 1 && !transit::fits(turn.state, &stated, &case)? {
            // It may be meant for another of the cases that it waits for.
            continue;
        }
        let clocks = transit::judged_by(turn.state, &case)?.clocks.len();
        let quotas = turn.state.policies().quotas(&stated.fact.kind).count();
        let reacting = if turn.state.policies().reacts() { MOST_ON_ONE } else { 0 };
        let events = MOST_OF_A_FACT
            + reacting
            + clocks * (MOST_OF_A_CLOCK + reacting)
            + quotas * (MOST_OF_A_QUOTA + 2 * reacting);
        if turn.len() - begun + events > MOST_IN_TAKE_UP {
            let message = "too many facts waited for this case to be taken up at once; state it again";
            let reason = Reason::new("case.crowded", "subject", id.as_str(), message);
            refuse(turn, &stated, reason, false)?;
        } else {
            transit::transit(turn, &stated, &case)?;
        }
    }
    Ok(())
}

/// The most events that a fact on a case has, besides those of its clocks:
/// acceptance and closing. Reactions to closing, and below to meeting, come on top.
const MOST_OF_A_FACT: usize = 2;
/// The most events that a fact has for one clock: breach withdrawn, met, set,
/// paused, and cancelled at closing.
const MOST_OF_A_CLOCK: usize = 5;
/// The most events that a fact has for one quota: credited, breach withdrawn, met,
/// closed.
const MOST_OF_A_QUOTA: usize = 4;

/// Refuses a parked fact whose time is over.
pub(in crate::kernel) fn expire<B: Backing>(turn: &mut Turn<'_, B>, seq: Seq) -> Result<(), StateError> {
    let Some((stated, row)) = parked(turn.state, seq)? else { return Ok(()) };
    let cases: Vec<_> = row.cases.iter().map(CaseId::as_str).collect();
    let message = format!(
        "no case {} was opened until {}; state the fact that opens it first, then this one again under a new id",
        cases.join(" or "),
        row.until
    );
    let reason = Reason::new("case.unknown", "subject", cases.first().unwrap_or(&""), message);
    emit_refusal(turn, row.until, &stated, reason, false)
}

fn parked<B: Backing>(state: &State<B>, seq: Seq) -> Result<Option<(Stated, Parked)>, StateError> {
    let key = seq.0.to_be_bytes();
    let Some(row) = state.row::<Parked>(Family::Parked, &key)? else { return Ok(None) };
    let fact = row.fact().map_err(|error| StateError::Row {
        family: Family::Parked.name(),
        key: seq.to_string(),
        reason: error.to_string(),
    })?;
    let (recorded_at, content) = (row.recorded_at, row.content);
    let depth = reaction::depth(state, &fact)?;
    let stated = Stated { fact, content, recorded_at, told_at: recorded_at, parked: Some(seq), depth };
    Ok(Some((stated, row)))
}

/// Refuses a fact that could be read.
pub(super) fn refuse<B: Backing>(
    turn: &mut Turn<'_, B>,
    stated: &Stated,
    reason: Reason,
    conflicts: bool,
) -> Result<(), StateError> {
    emit_refusal(turn, stated.recorded_at, stated, reason, conflicts)
}

fn emit_refusal<B: Backing>(
    turn: &mut Turn<'_, B>,
    at: Instant,
    stated: &Stated,
    reason: Reason,
    conflicts: bool,
) -> Result<(), StateError> {
    let original = serde_json::to_value(&stated.fact).unwrap_or(Value::Null);
    let event = Event::EventRefused(Box::new(EventRefused {
        fact: Some(FactRef::to(&stated.fact, stated.content)),
        kind: Some(stated.fact.kind.clone()),
        reason,
        original: bounded(original),
        conflicts,
        parked: stated.parked,
    }));
    turn.emit(at, &publisher(stated), event)
}

/// The original, or its beginning as text when the ledger should not carry it all.
fn bounded(original: Value) -> Value {
    let text = original.to_string();
    if text.len() <= crate::event::fact::MOST_ORIGINAL {
        return original;
    }
    Value::String(text.chars().take(crate::event::fact::MOST_ORIGINAL / 4).collect())
}

fn refuse_malformed<B: Backing>(
    turn: &mut Turn<'_, B>,
    at: Instant,
    fault: &Malformed,
    original: &str,
) -> Result<(), StateError> {
    let about = About { unit: fault.actor.clone(), ..About::default() };
    let event = Event::EventRefused(Box::new(EventRefused {
        fact: None,
        kind: None,
        reason: Reason::from(fault),
        original: Value::String(original.to_owned()),
        conflicts: false,
        parked: None,
    }));
    turn.emit(at, &about, event)
}

/// What an event about a fact, but no case, is about: who published it.
pub(super) fn publisher(stated: &Stated) -> About {
    About { unit: Some(stated.fact.actor.clone()), ..About::default() }
}
