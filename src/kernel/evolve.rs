//! The fold: state × ledger entry → state.
//!
//! It decides nothing: what an event says is copied, never computed again, so a
//! replay under newer code and newer policies gives the state that was true then.

use super::index::Count;
use super::ranking::{ranking_key, schedule_key};
use super::row::{
    Case, Deadline, Family, Known, Parked, PolicyRow, RankingRow, Refused, Schedule, Status, Sweep, Timer,
    TimerKey, known_key,
};
use super::state::{Backing, State, StateError};
use super::tally::{Tallied, tally_key};
use crate::event::catalogue::{
    CALENDAR_AMENDED, CaseOpened, DeadlineBreached, DeadlineMet, DeadlineMoved, DeadlineSet, EXTENDED, Event,
    EventParked, EventRefused, FactAccepted, FactRef, LedgerOpened, PeriodOpened, PolicyPublished,
    RankingPublished, RungReached,
};
use crate::event::entry::Entry;
use crate::id::{CaseId, Name, Seq, Sha};
use crate::policy::definition::Definition;

mod told;

/// Folds one entry, whose digest is `hash`, into the state.
///
/// # Errors
/// [`StateError::Entry`] when the entry does not follow from the state.
pub fn evolve<B: Backing>(state: &mut State<B>, entry: &Entry, hash: Sha) -> Result<(), StateError> {
    if entry.seq != state.checkpoint().seq.next() {
        return Err(wrong(entry, &format!("the fold stands at {}", state.checkpoint().seq)));
    }
    apply(state, entry)?;
    let decided = &entry.decided;
    let checkpoint = state.checkpoint_mut();
    if !decided.by_time && decided.event.is_verdict() {
        checkpoint.decided = checkpoint.decided.max(decided.cause);
    }
    checkpoint.seq = entry.seq;
    checkpoint.hash = hash;
    checkpoint.cause = decided.cause;
    checkpoint.ordinal = entry.ordinal + 1;
    // A ledger is opened by no record of the intake: its instant is the engine's own
    // and lets no time pass, so that facts of the past can still come in first.
    if !matches!(decided.event, Event::LedgerOpened(_)) {
        checkpoint.clock = checkpoint.clock.max(decided.at);
    }
    Ok(())
}

fn apply<B: Backing>(state: &mut State<B>, entry: &Entry) -> Result<(), StateError> {
    match &entry.decided.event {
        Event::LedgerOpened(it) => {
            opened(state, entry, it);
            Ok(())
        }
        Event::PolicyPublished(it) => policy_published(state, entry, it),
        Event::CalendarApplied(it) => {
            state.put_row::<Sweep>(Family::Sweep, it.calendar.as_str().as_bytes(), None)
        }
        Event::EventRefused(it) => event_refused(state, entry, it),
        Event::EventDuplicated(it) => told::settle(state, &it.fact, false),
        Event::EventParked(it) => event_parked(state, entry, it),
        Event::FactAccepted(it) => fact_accepted(state, entry, it),
        Event::CaseOpened(it) => case_opened(state, entry, it),
        Event::CaseClosed(_) => with_case(state, entry, |case, entry| {
            case.closed_at = Some(entry.decided.at);
            told::lapse(case);
        }),
        Event::CaseCredited(it) => with_case(state, entry, |case, _| {
            case.state = it.to.clone();
            case.credits = it.nth;
        }),
        Event::PeriodOpened(it) => period_opened(state, entry, it),
        Event::RankingPublished(it) => ranking_published(state, entry, it),
        Event::PolicyBegun(it) => {
            state.put_timer(TimerKey { at: entry.decided.at, timer: Timer::Once(it.policy) }, false);
            Ok(())
        }
        Event::DeadlineSet(it) => with_case(state, entry, |case, _| deadline_set(case, it)),
        Event::DeadlineMoved(it) | Event::DeadlineResumed(it) => {
            note_amendment(state, it)?;
            with_deadline(state, entry, &it.clock, |deadline, entry| deadline_moved(deadline, entry, it))?;
            if it.reason == EXTENDED { granted(state, entry) } else { Ok(()) }
        }
        Event::DeadlinePaused(it) => with_deadline(state, entry, &it.clock, |deadline, _| {
            deadline.status = Status::Paused { since: it.paused_at };
            deadline.term.wake_at = None;
        }),
        Event::DeadlineMet(it) => {
            with_deadline(state, entry, &it.clock, |deadline, _| deadline_met(deadline, it))?;
            lapsed(state, entry)
        }
        Event::DeadlineCancelled(it) => {
            with_deadline(state, entry, &it.clock, |deadline, _| deadline.status = Status::Cancelled)?;
            lapsed(state, entry)
        }
        Event::DeadlineBreached(it) => {
            with_deadline(state, entry, &it.clock, |deadline, entry| breached(deadline, entry, it))
        }
        Event::BreachWithdrawn(it) => {
            with_deadline(state, entry, &it.clock, |deadline, _| deadline.breached_at = None)
        }
        Event::ReminderDue(it) | Event::EscalationRaised(it) => {
            with_deadline(state, entry, &it.clock, |deadline, entry| rung_reached(deadline, entry, it))?;
            told::to_be_told(state, entry, it)
        }
        Event::CaseAnswered(it) => told::case_answered(state, entry, it),
        Event::DeliveryEnded(it) => told::delivery_ended(state, entry, it),
        Event::DeliveryReplayed(it) => told::delivery_replayed(state, entry, it),
        Event::ReactionCounted(it) => told::reaction_counted(state, entry, it),
        Event::ReactionCalled(it) => told::reaction_called(state, entry, it),
        Event::ReactionStopped(it) => told::reaction_stopped(state, entry, it),
    }
}

fn opened<B: Backing>(state: &mut State<B>, entry: &Entry, it: &LedgerOpened) {
    let checkpoint = state.checkpoint_mut();
    checkpoint.ledger = it.ledger;
    checkpoint.tenant = it.tenant.clone();
    checkpoint.opened_at = entry.decided.at;
}

fn fact_accepted<B: Backing>(
    state: &mut State<B>,
    entry: &Entry,
    it: &FactAccepted,
) -> Result<(), StateError> {
    fact_known(state, entry, it)?;
    fact_tallied(state, entry, it)?;
    match (&entry.decided.case, &it.from) {
        (Some(case), Some(_)) => change(state, entry, case, |case| {
            case.state = it.to.clone();
            *case.seen.entry(it.fact.kind.clone()).or_default() += 1;
            case.depth = case.depth.max(it.depth);
            if let Some(kept) = &it.kept {
                case.kept = serde_json::Value::Object(kept.clone()).to_string();
            }
        }),
        _ => Ok(()),
    }
}

fn fact_known<B: Backing>(state: &mut State<B>, entry: &Entry, it: &FactAccepted) -> Result<(), StateError> {
    let fact = FactRef::to(&it.fact, it.content);
    told::settle(state, &fact, false)?;
    if let Some(intake) = it.parked {
        // It has been known since it was parked.
        return unpark(state, intake);
    }
    known(state, entry.decided.cause, &fact);
    Ok(())
}

/// An accepted fact belongs to the unit that owes its case.
fn fact_tallied<B: Backing>(
    state: &mut State<B>,
    entry: &Entry,
    it: &FactAccepted,
) -> Result<(), StateError> {
    let Some(unit) = &entry.decided.unit else { return Ok(()) };
    let (kind, bucket) = (it.fact.kind.as_str(), Count::bucket(entry.decided.at));
    state.add_tally(tally_key(unit.as_str(), kind, Tallied::Facts, bucket), 1)
}

fn policy_published<B: Backing>(
    state: &mut State<B>,
    entry: &Entry,
    it: &PolicyPublished,
) -> Result<(), StateError> {
    known(state, entry.decided.cause, &it.fact);
    let definition: Definition =
        serde_json::from_value(it.document.clone()).map_err(|error| wrong(entry, &error))?;
    let policies = state.policies().with(&definition).map_err(|error| wrong(entry, &error))?;
    state.set_policies(policies);
    let row = PolicyRow { sha: it.sha, at: entry.decided.at, document: it.document.to_string() };
    state.put_row(Family::Policy, &entry.seq.0.to_be_bytes(), Some(&row))?;
    if it.amends {
        let sweep = Sweep { sha: it.sha, at: entry.decided.at, moved: 0 };
        state.put_row(Family::Sweep, it.name.as_bytes(), Some(&sweep))?;
    }
    if let Some(at) = it.begins_at {
        state.put_timer(TimerKey { at, timer: Timer::Once(it.sha) }, true);
    }
    let Some(first) = &it.first else { return Ok(()) };
    let name = Name::new(&it.name).map_err(|error| wrong(entry, &error))?;
    let next = Schedule { period: first.period, opens_at: first.opens_at };
    match definition {
        Definition::Scorecard(_) => schedule(state, &schedule_key(&name), Timer::Ranking(name), next),
        Definition::Workflow(_)
        | Definition::Register(_)
        | Definition::Calendar(_)
        | Definition::EventType(_)
        | Definition::Notice(_)
        | Definition::Target(_)
        | Definition::Delivery(_)
        | Definition::Answers(_)
        | Definition::Reaction(_) => {
            schedule(state, name.as_str().as_bytes(), Timer::Period(name.clone()), next)
        }
    }
}

fn schedule<B: Backing>(
    state: &mut State<B>,
    key: &[u8],
    timer: Timer,
    next: Schedule,
) -> Result<(), StateError> {
    if let Some(before) = state.row::<Schedule>(Family::Schedule, key)? {
        state.put_timer(TimerKey { at: before.opens_at, timer: timer.clone() }, false);
    }
    state.put_timer(TimerKey { at: next.opens_at, timer }, true);
    state.put_row(Family::Schedule, key, Some(&next))
}

fn ranking_published<B: Backing>(
    state: &mut State<B>,
    entry: &Entry,
    it: &RankingPublished,
) -> Result<(), StateError> {
    if (it.next.start(), it.next_at) <= (it.period.start(), entry.decided.at) {
        return Err(wrong(entry, &"the next ranking does not come after this one"));
    }
    let next = Schedule { period: it.next, opens_at: it.next_at };
    schedule(state, &schedule_key(&it.scorecard), Timer::Ranking(it.scorecard.clone()), next)?;
    if it.rows.is_empty() {
        return Ok(());
    }
    let (seq, at, policy, period) = (entry.seq, entry.decided.at, it.policy, it.period);
    let row = RankingRow { seq, at, policy, period, rows: it.rows.clone() };
    state.put_row(Family::Ranking, &ranking_key(&it.scorecard, &period), Some(&row))
}

fn period_opened<B: Backing>(
    state: &mut State<B>,
    entry: &Entry,
    it: &PeriodOpened,
) -> Result<(), StateError> {
    let next = Schedule { period: it.next, opens_at: it.next_at };
    // Where no version was in force the same period may come again, but later.
    let goes_on = (it.next.start(), it.next_at) > (it.period.start(), entry.decided.at);
    if !goes_on {
        return Err(wrong(entry, &"the next period does not come after this one"));
    }
    let key = it.workflow.as_str().as_bytes();
    schedule(state, key, Timer::Period(it.workflow.clone()), next)
}

fn known<B: Backing>(state: &mut State<B>, first: Seq, fact: &FactRef) {
    let key = known_key(&fact.source, &fact.id);
    state.put_known(key, Known { first, content: fact.content });
}

fn event_refused<B: Backing>(
    state: &mut State<B>,
    entry: &Entry,
    it: &EventRefused,
) -> Result<(), StateError> {
    let cause = entry.decided.cause;
    if let Some(fact) = &it.fact {
        told::settle(state, fact, false)?;
    }
    if let Some(intake) = it.parked {
        unpark(state, intake)?;
    } else if let Some(fact) = it.fact.as_ref().filter(|_| !it.conflicts) {
        known(state, cause, fact);
    }
    let row = Refused {
        intake: it.parked.unwrap_or(cause),
        at: entry.decided.at,
        fact: it.fact.as_ref().map(|fact| (fact.source.clone(), fact.id.clone())),
        actor: entry.decided.unit.clone(),
        kind: it.kind.clone(),
        reason: it.reason.clone(),
        original: it.original.to_string(),
    };
    state.put_row(Family::Refused, &entry.seq.0.to_be_bytes(), Some(&row))
}

fn event_parked<B: Backing>(state: &mut State<B>, entry: &Entry, it: &EventParked) -> Result<(), StateError> {
    let intake = entry.decided.cause;
    let fact = FactRef::to(&it.fact, it.content);
    told::settle(state, &fact, true)?;
    known(state, intake, &fact);
    let row = Parked {
        fact: serde_json::to_string(&it.fact).map_err(|error| wrong(entry, &error))?,
        content: it.content,
        recorded_at: it.recorded_at,
        cases: it.cases.clone(),
        until: it.until,
    };
    state.put_row(Family::Parked, &intake.0.to_be_bytes(), Some(&row))?;
    for case in &it.cases {
        state.put_row(Family::ParkedFor, &parked_for_key(case, intake), Some(&()))?;
    }
    state.put_timer(TimerKey { at: it.until, timer: Timer::Parked(intake) }, true);
    Ok(())
}

/// The key under which a parked fact is found by its case.
#[must_use]
pub(super) fn parked_for_key(case: &CaseId, intake: Seq) -> Vec<u8> {
    [case.as_str().as_bytes(), &[0], &intake.0.to_be_bytes()].concat()
}

fn unpark<B: Backing>(state: &mut State<B>, intake: Seq) -> Result<(), StateError> {
    let key = intake.0.to_be_bytes();
    let Some(parked) = state.row::<Parked>(Family::Parked, &key)? else { return Ok(()) };
    for case in &parked.cases {
        state.put_row::<()>(Family::ParkedFor, &parked_for_key(case, intake), None)?;
    }
    state.put_row::<Parked>(Family::Parked, &key, None)?;
    state.put_timer(TimerKey { at: parked.until, timer: Timer::Parked(intake) }, false);
    Ok(())
}

fn case_opened<B: Backing>(state: &mut State<B>, entry: &Entry, it: &CaseOpened) -> Result<(), StateError> {
    let Some(id) = entry.decided.case.clone() else { return Err(wrong(entry, &"it names no case")) };
    if state.case(&id)?.is_some() {
        return Err(wrong(entry, &format!("{id} is there already")));
    }
    let case = Case {
        id,
        policy: it.policy,
        owner: it.owner.clone(),
        state: it.state.clone(),
        opened_at: entry.decided.at,
        closed_at: None,
        period: it.period,
        kept: serde_json::Value::Object(it.kept.clone()).to_string(),
        seen: it.opened_by.iter().map(|kind| (kind.clone(), 1)).collect(),
        credits: 0,
        deadlines: Vec::new(),
        history: it.opened_by.iter().map(|_| Seq(entry.seq.0 - 1)).chain([entry.seq]).collect(),
        handler: None,
        handover: None,
        extension: None,
        depth: it.depth,
    };
    state.add_case(case);
    Ok(())
}

fn change<B: Backing>(
    state: &mut State<B>,
    entry: &Entry,
    id: &CaseId,
    with: impl FnOnce(&mut Case),
) -> Result<(), StateError> {
    let found = state.edit_case(id, |case| {
        with(case);
        case.history.push(entry.seq);
    })?;
    if found { Ok(()) } else { Err(wrong(entry, &format!("there is no case {id}"))) }
}

fn with_case<B: Backing>(
    state: &mut State<B>,
    entry: &Entry,
    with: impl FnOnce(&mut Case, &Entry),
) -> Result<(), StateError> {
    let Some(id) = &entry.decided.case else { return Err(wrong(entry, &"it names no case")) };
    change(state, entry, id, |case| with(case, entry))
}

fn with_deadline<B: Backing>(
    state: &mut State<B>,
    entry: &Entry,
    clock: &Name,
    with: impl FnOnce(&mut Deadline, &Entry),
) -> Result<(), StateError> {
    let mut found = false;
    with_case(state, entry, |case, entry| {
        if let Some(deadline) = case.deadlines.iter_mut().find(|deadline| deadline.clock == *clock) {
            found = true;
            with(deadline, entry);
        }
    })?;
    if found { Ok(()) } else { Err(wrong(entry, &format!("the case has no clock {clock}"))) }
}

/// An extension that was granted is asked for no longer.
fn granted<B: Backing>(state: &mut State<B>, entry: &Entry) -> Result<(), StateError> {
    let Some(id) = &entry.decided.case else { return Ok(()) };
    state.edit_case(id, |case| case.extension = None).map(drop)
}

/// What nothing can come of any more is asked for no longer.
fn lapsed<B: Backing>(state: &mut State<B>, entry: &Entry) -> Result<(), StateError> {
    let Some(id) = &entry.decided.case else { return Ok(()) };
    state.edit_case(id, told::lapse).map(drop)
}

fn deadline_set(case: &mut Case, it: &DeadlineSet) {
    let deadline = Deadline {
        clock: it.clock.clone(),
        round: it.round,
        status: Status::Running,
        term: it.term.clone(),
        breached_at: None,
        level: 0,
        reminders: 0,
        reminded_at: None,
        pauses: Vec::new(),
        moves: 0,
        extensions: 0,
        extended_until: None,
        acknowledged_at: None,
    };
    match case.deadlines.iter_mut().find(|other| other.clock == it.clock) {
        Some(place) => *place = deadline,
        None => case.deadlines.push(deadline),
    }
}

/// Counts what an amended calendar has moved, so that a sweep that was cut off
/// knows its whole sum.
fn note_amendment<B: Backing>(state: &mut State<B>, it: &DeadlineMoved) -> Result<(), StateError> {
    if it.reason != CALENDAR_AMENDED {
        return Ok(());
    }
    for key in state.keys(Family::Sweep, &[], usize::MAX)? {
        if let Some(sweep) =
            state.row::<Sweep>(Family::Sweep, &key)?.filter(|row| row.sha == it.term.calendar)
        {
            state.put_row(Family::Sweep, &key, Some(&Sweep { moved: sweep.moved + 1, ..sweep }))?;
        }
    }
    Ok(())
}

fn deadline_moved(deadline: &mut Deadline, entry: &Entry, it: &DeadlineMoved) {
    if let (Status::Paused { since }, Some(until)) = (deadline.status, it.resumed_at) {
        deadline.pauses.push((since, until));
        deadline.status = Status::Running;
    }
    deadline.term = it.term.clone();
    deadline.moves = deadline.moves.saturating_add(u16::from(it.before != it.term.due_at));
    if deadline.overdue_from() > entry.decided.at {
        deadline.breached_at = None;
        // What was raised about a breach that is taken back does not stand either.
        deadline.level = 0;
    }
    if it.reason == EXTENDED {
        deadline.extensions = deadline.extensions.saturating_add(1);
        deadline.extended_until = Some(it.term.due_at);
    }
}

fn deadline_met(deadline: &mut Deadline, it: &DeadlineMet) {
    deadline.status = Status::Met { at: it.met_at, late: it.late };
    deadline.term.wake_at = None;
}

fn breached(deadline: &mut Deadline, entry: &Entry, it: &DeadlineBreached) {
    deadline.breached_at = Some(entry.decided.at);
    deadline.term.wake_at = it.wake_at;
}

fn rung_reached(deadline: &mut Deadline, entry: &Entry, it: &RungReached) {
    if let Some(count) = deadline.term.rungs.get_mut(usize::from(it.rung)) {
        *count = it.nth;
    }
    deadline.term.wake_at = it.wake_at;
    if it.act.level() == 0 {
        deadline.reminders = deadline.reminders.saturating_add(1);
        deadline.reminded_at = Some(entry.decided.at);
    } else {
        deadline.level = deadline.level.max(it.act.level());
    }
}

fn wrong(entry: &Entry, reason: &dyn std::fmt::Display) -> StateError {
    StateError::Entry {
        seq: entry.seq,
        kind: entry.decided.event.kind().to_string(),
        reason: reason.to_string(),
    }
}
