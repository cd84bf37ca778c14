//! What time alone brings about: breaches, rungs, expiries, new periods.
//!
//! Time reaches the kernel only as the recorded instant of a record of the intake;
//! a deadline is declared passed only by a record that was stored after it. Timers
//! fire in the order of their instants, each event dated with the timer's own, in
//! groups as large as the caller allows.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::clock::Step;
use super::decide::clocks::timepiece_of;
use super::decide::expire;
use super::decide::opening::open_by_calendar;
use super::decide::transit::{about, judged_by};
use super::ranking;
use super::row::{Deadline, Family, Schedule, Timer, TimerKey};
use super::state::{Backing, State, StateError};
use super::turn::{About, Outgoing, Turn};
use crate::calendar::{Calendar, Period};
use crate::event::catalogue::{
    DeadlineBreached, DeadlineMoved, Event, PeriodOpened, PolicyBegun, RESCHEDULED, RungReached, Term,
};
use crate::event::fact::{Content, Received};
use crate::id::{CaseId, Name, Seq, Sha};
use crate::policy::definition::{Clock, Covers, Opening, Sides, Workflow};
use crate::policy::set::PolicySet;
use crate::time::Instant;

/// What became of a call to [`fire`].
pub struct Fired {
    /// The events.
    pub out: Vec<Outgoing>,
    /// Whether timers are left that are due: call again, after these events have
    /// a place to go.
    pub more: bool,
}

/// Up to which instant time has passed when a record is decided: its own, or the
/// latest that the ledger has seen, should the server's clock have gone back. A
/// fact of the past lets pass its own past only, so that the deadlines of history
/// are judged by what was imported and alarm nobody.
#[must_use]
pub fn passes_until<B: Backing>(state: &State<B>, received: &Received) -> Instant {
    let imported_at = match &received.content {
        Content::Fact(fact) => fact.imported_at.filter(|at| *at <= received.at),
        Content::Malformed(..) | Content::Tick => None,
    };
    imported_at.unwrap_or_else(|| received.at.max(state.checkpoint().clock))
}

/// Fires the timers that are due at `now`, about `most` events of them.
///
/// What is fired and in which order does not depend on `most`.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn fire<B: Backing>(
    state: &mut State<B>,
    cause: Seq,
    now: Instant,
    most: usize,
) -> Result<Fired, StateError> {
    let due = state.due_timers(now, most)?;
    // Beyond the last one that was read there may be others before any new one.
    let horizon = due.last().filter(|_| due.len() >= most).cloned();
    let mut more = horizon.is_some();
    let mut queue: BTreeSet<TimerKey> = due.into_iter().collect();
    state.listen(Some(now));
    let mut turn = Turn::new(state, cause, true);
    while let Some(key) = queue.pop_first() {
        if turn.len() >= most {
            more = true;
            break;
        }
        // Firing one timer may take another away.
        if !turn.state.is_set(&key)? {
            continue;
        }
        let before = turn.len();
        let room = most - before;
        match &key.timer {
            Timer::Parked(seq) => expire(&mut turn, *seq)?,
            Timer::Period(workflow) => open_period(&mut turn, key.at, workflow, room)?,
            Timer::Once(policy) => begin(&mut turn, key.at, *policy, room)?,
            Timer::Ranking(scorecard) => ranking::publish(&mut turn, key.at, scorecard)?,
            Timer::Deadline(case, clock) => reach(&mut turn, key.at, case, clock)?,
        }
        // It may be due again at this very instant, or not be through yet.
        if turn.state.is_set(&key)? {
            if turn.len() == before {
                return Err(stuck(&key));
            }
            queue.insert(key);
        }
        let within = |timer: &TimerKey| horizon.as_ref().is_none_or(|horizon| timer <= horizon);
        queue.extend(turn.state.heard().into_iter().filter(within));
    }
    turn.state.listen(None);
    Ok(Fired { out: turn.finish(), more })
}

/// What a deadline comes to at `at`.
fn reach<B: Backing>(
    turn: &mut Turn<'_, B>,
    at: Instant,
    id: &CaseId,
    name: &Name,
) -> Result<(), StateError> {
    let Some(case) = turn.state.case(id)? else { return Err(lost(id, "there is no such case")) };
    let Some(deadline) = case.deadlines.iter().find(|deadline| deadline.clock == *name) else {
        return Err(lost(id, &format!("it has no clock {name}")));
    };
    let workflow = judged_by(turn.state, &case)?;
    let Some(clock) = workflow.clocks.iter().find(|clock| clock.name == *name) else {
        return Err(lost(id, &format!("its workflow has no clock {name}")));
    };
    let piece =
        timepiece_of(turn.state.policies(), clock, deadline).map_err(|reason| lost(id, &reason.message))?;
    let wake = |deadline: &Deadline| piece.next(deadline).map(|(next_at, _)| next_at.max(at));
    let mut after = deadline.clone();
    let event = match piece.next(deadline).filter(|(next_at, _)| *next_at <= at) {
        Some((_, Step::Breach)) => {
            after.breached_at = Some(at);
            let (clock, wake_at) = (name.clone(), wake(&after));
            Event::DeadlineBreached(DeadlineBreached { clock, due_at: deadline.term.due_at, wake_at })
        }
        Some((_, Step::Rung(place, nth))) => {
            after.term.rungs.iter_mut().skip(place.into()).take(1).for_each(|count| *count = nth);
            let reached = RungPlace { clock, place, nth };
            let event = reached.event(turn.state, &case.sides(&workflow), deadline, (at, wake(&after)));
            event.ok_or_else(|| lost(id, &format!("the ladder of {name} has no rung {place}")))?
        }
        // An earlier version of the engine reckoned otherwise: look again later.
        None => Event::DeadlineMoved(DeadlineMoved {
            clock: name.clone(),
            reason: RESCHEDULED.into(),
            before: deadline.term.due_at,
            resumed_at: None,
            term: Term { wake_at: wake(deadline), ..deadline.term.clone() },
        }),
    };
    turn.emit(at, &about(&case), event)
}

/// A timer that stays set and fires nothing: the rows contradict each other.
fn stuck(key: &TimerKey) -> StateError {
    StateError::Row {
        family: Family::Timer.name(),
        key: format!("{:?}", key.timer),
        reason: format!("it is due at {} and fires nothing", key.at),
    }
}

/// A timer that has nothing to fire: the rows contradict each other.
fn lost(id: &CaseId, reason: &str) -> StateError {
    StateError::Row { family: Family::Timer.name(), key: id.to_string(), reason: reason.to_owned() }
}

/// A rung of a clock's ladder, reached for the nth time.
struct RungPlace<'a> {
    clock: &'a Clock,
    place: u16,
    nth: u16,
}

impl RungPlace<'_> {
    fn event<B: Backing>(
        &self,
        state: &State<B>,
        case: &Sides<'_>,
        deadline: &Deadline,
        (at, wake_at): (Instant, Option<Instant>),
    ) -> Option<Event> {
        let rung = self.clock.ladder.as_ref()?.rungs.get(usize::from(self.place))?;
        let to = state.policies().units_of(&rung.to, case);
        // What is history to the ledger alarms nobody.
        let lives = at >= state.checkpoint().opened_at;
        let via = if lives { state.policies().told(rung.act, &to, case) } else { Vec::new() };
        let reached = RungReached {
            clock: self.clock.name.clone(),
            rung: self.place,
            nth: self.nth,
            act: rung.act,
            light: rung.light,
            to,
            due_at: deadline.term.due_at,
            wake_at,
            via,
        };
        let raise = if rung.act.level() == 0 { Event::ReminderDue } else { Event::EscalationRaised };
        Some(raise(reached))
    }
}

/// Opens the cases of a period that has begun, as many as there is room for; its
/// timer stays set until all of them are open.
fn open_period<B: Backing>(
    turn: &mut Turn<'_, B>,
    at: Instant,
    name: &Name,
    room: usize,
) -> Result<(), StateError> {
    let key = name.as_str().as_bytes();
    let Some(schedule) = turn.state.row::<Schedule>(Family::Schedule, key)? else {
        return Err(StateError::Row {
            family: Family::Timer.name(),
            key: name.to_string(),
            reason: "no period of it was scheduled".into(),
        });
    };
    let policies = turn.state.policies().clone();
    let workflow = policies.workflow_in_force(name, at);
    let calendar = workflow.as_ref().and_then(|workflow| calendar_of(&policies, workflow));
    let (Some(workflow), Some(calendar)) = (workflow, calendar) else {
        return wait_for_version(turn, &policies, at, name, schedule.period);
    };
    let period = aligned(&workflow, schedule.period);
    let begins = period.start() <= schedule.period.start();
    if begins && !open_cases(turn, (at, calendar.midnight(period.start())), &workflow, period, room)? {
        return Ok(());
    }
    let (period, next) = if begins { (period, period.next()) } else { (schedule.period, period) };
    let policy = policies.sha_of(&workflow);
    let opened = PeriodOpened {
        workflow: name.clone(),
        policy: policy.unwrap_or_default(),
        period,
        next,
        next_at: calendar.midnight(next.start()).max(at),
    };
    let about = About { policy, ..About::default() };
    turn.emit(at, &about, Event::PeriodOpened(opened))
}

/// Opens the cases of a duty that is owed once, as many as there is room for; its
/// timer stays set until all of them are open. A version that another has replaced
/// opens none: that one has a timer of its own.
fn begin<B: Backing>(
    turn: &mut Turn<'_, B>,
    at: Instant,
    policy: Sha,
    room: usize,
) -> Result<(), StateError> {
    let policies = turn.state.policies().clone();
    let Some(workflow) = policies.workflow(&policy) else {
        return Err(StateError::Row {
            family: Family::Timer.name(),
            key: policy.to_string(),
            reason: "the duty was never published".into(),
        });
    };
    let in_force = policies.workflow_in_force(&workflow.name, at);
    let begins = in_force.is_some_and(|it| policies.sha_of(&it) == Some(policy));
    let calendar = workflow.opens.calendar().and_then(|name| policies.calendar(name));
    if let Some((_, calendar)) = calendar.filter(|_| begins) {
        let begins_at = calendar.midnight(workflow.effective.from);
        let end = turn.len() + room;
        for unit in workflow.opens.units() {
            if turn.len() >= end {
                return Ok(());
            }
            open_by_calendar(turn, (at, begins_at), &workflow, unit, None)?;
        }
    }
    let about = About { policy: Some(policy), ..About::default() };
    let begun = PolicyBegun { workflow: workflow.name.clone(), policy };
    turn.emit(at, &about, Event::PolicyBegun(begun))
}

/// The first period of the length that the workflow now has which does not begin
/// before `period`: an earlier version may have had another length.
fn aligned(workflow: &Workflow, period: Period) -> Period {
    match &workflow.opens {
        Opening::Calendar { every, .. } if *every != period.kind() => {
            let around = Period::containing(*every, period.start());
            if around.start() < period.start() { around.next() } else { around }
        }
        Opening::Calendar { .. } | Opening::Event { .. } | Opening::Once { .. } => period,
    }
}

/// The calendar that begins the periods of a workflow, if it has such.
fn calendar_of<'a>(policies: &'a PolicySet, workflow: &Workflow) -> Option<&'a Calendar> {
    match &workflow.opens {
        Opening::Calendar { calendar, .. } => policies.calendar(calendar).map(|(_, calendar)| calendar),
        Opening::Event { .. } | Opening::Once { .. } => None,
    }
}

/// A duty that no version is in force of opens nothing until the next version
/// begins; where none was published its next period never comes.
fn wait_for_version<B: Backing>(
    turn: &mut Turn<'_, B>,
    policies: &PolicySet,
    at: Instant,
    name: &Name,
    period: Period,
) -> Result<(), StateError> {
    let begins = |workflow: &Arc<Workflow>| {
        let Opening::Calendar { every, .. } = &workflow.opens else { return None };
        let from = workflow.effective.from;
        let next_at = calendar_of(policies, workflow)?.midnight(from);
        let next = Period::containing(*every, from);
        (next_at > at && next.start() >= period.start()).then_some((next_at, next))
    };
    let next = policies.versions(name).filter_map(begins).min();
    let (next_at, next) = next.unwrap_or((Instant::MAX, period.next()));
    let opened = PeriodOpened { workflow: name.clone(), policy: Sha::ZERO, period, next, next_at };
    turn.emit(at, &About::default(), Event::PeriodOpened(opened))
}

fn open_cases<B: Backing>(
    turn: &mut Turn<'_, B>,
    (at, begins_at): (Instant, Instant),
    workflow: &Workflow,
    period: Period,
    room: usize,
) -> Result<bool, StateError> {
    let Opening::Calendar { covers, units, .. } = &workflow.opens else { return Ok(true) };
    let period = match covers {
        Covers::Current => period,
        Covers::Previous => period.previous(),
    };
    let end = turn.len() + room;
    for unit in units {
        if turn.len() >= end {
            return Ok(false);
        }
        open_by_calendar(turn, (at, begins_at), workflow, unit, Some(&period))?;
    }
    Ok(true)
}
