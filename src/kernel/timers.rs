//! What time alone brings about: breaches, rungs, expiries, new periods.
//!
//! Time reaches the kernel only as the recorded instant of a record of the intake;
//! a deadline is declared passed only by a record that was stored after it. Timers
//! fire in the order of their instants, each event dated with the timer's own, in
//! groups as large as the caller allows.

use std::collections::BTreeSet;

use super::clock::{Step, Timepiece};
use super::decide::clocks::timepiece;
use super::decide::expire;
use super::decide::opening::open_for_period;
use super::decide::publish::following;
use super::decide::transit::{about, judged_by};
use super::row::{Deadline, Family, Schedule, Timer, TimerKey};
use super::state::{Backing, State, StateError};
use super::turn::{About, Outgoing, Turn};
use crate::event::catalogue::{DeadlineBreached, Event, PeriodOpened, RungReached};
use crate::id::{CaseId, Name, Seq};
use crate::policy::definition::{Clock, Covers, Opening, Workflow};
use crate::time::Instant;

/// What became of a call to [`fire`].
pub struct Fired {
    /// The events.
    pub out: Vec<Outgoing>,
    /// Whether timers are left that are due: call again, after these events have
    /// a place to go.
    pub more: bool,
}

/// Fires the timers that are due at `now`, about `most` events of them.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn fire<B: Backing>(
    state: &mut State<B>,
    cause: Seq,
    now: Instant,
    most: usize,
) -> Result<Fired, StateError> {
    let now = now.max(state.checkpoint().clock);
    let due = state.due_timers(now, most)?;
    let mut more = due.len() >= most;
    let mut queue: BTreeSet<TimerKey> = due.into_iter().collect();
    let mut turn = Turn::new(state, cause, true);
    while let Some(key) = queue.pop_first() {
        if turn.len() >= most {
            more = true;
            break;
        }
        let room = most - turn.len();
        let again = match &key.timer {
            Timer::Parked(seq) => expire(&mut turn, *seq).map(|()| None)?,
            Timer::Period(workflow) => open_period(&mut turn, key.at, workflow, room)?,
            Timer::Deadline(case, clock) => reach(&mut turn, key.at, case, clock)?,
        };
        queue.extend(again.filter(|at| *at <= now).map(|at| TimerKey { at, timer: key.timer }));
    }
    Ok(Fired { out: turn.finish(), more })
}

/// What a deadline comes to at `at`; when it wants to be looked at again.
fn reach<B: Backing>(
    turn: &mut Turn<'_, B>,
    at: Instant,
    id: &CaseId,
    name: &Name,
) -> Result<Option<Instant>, StateError> {
    let Some(case) = turn.state.case(id)? else { return Ok(None) };
    let Some(deadline) = case.deadlines.iter().find(|deadline| deadline.clock == *name) else {
        return Ok(None);
    };
    let workflow = judged_by(turn.state, &case)?;
    let Some(clock) = workflow.clocks.iter().find(|clock| clock.name == *name) else { return Ok(None) };
    let Ok(piece) = timepiece(turn.state.policies(), clock) else { return Ok(None) };
    let Some((next_at, step)) = piece.next(deadline).filter(|(next_at, _)| *next_at <= at) else {
        return Ok(None);
    };
    let mut after = deadline.clone();
    let event = match step {
        Step::Breach => {
            after.breached_at = Some(at);
            let wake_at = wake(&piece, &after);
            let clock = name.clone();
            Event::DeadlineBreached(DeadlineBreached { clock, due_at: deadline.term.due_at, wake_at })
        }
        Step::Rung(place, nth) => {
            if let Some(count) = after.term.rungs.get_mut(usize::from(place)) {
                *count = nth;
            }
            let wake_at = wake(&piece, &after);
            let to = RungPlace { clock, place, nth };
            let Some(event) = to.event(turn.state, &case.owner, deadline, wake_at) else { return Ok(None) };
            event
        }
    };
    let again = wake(&piece, &after);
    turn.emit(at.max(next_at), &about(&case), event)?;
    Ok(again)
}

fn wake(piece: &Timepiece<'_>, deadline: &Deadline) -> Option<Instant> {
    piece.next(deadline).map(|(at, _)| at)
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
        owner: &crate::id::UnitId,
        deadline: &Deadline,
        wake_at: Option<Instant>,
    ) -> Option<Event> {
        let rung = self.clock.ladder.as_ref()?.rungs.get(usize::from(self.place))?;
        let reached = RungReached {
            clock: self.clock.name.clone(),
            rung: self.place,
            nth: self.nth,
            act: rung.act,
            light: rung.light,
            to: state.policies().units_of(&rung.to, owner),
            due_at: deadline.term.due_at,
            wake_at,
        };
        let raise = if rung.act.level() == 0 { Event::ReminderDue } else { Event::EscalationRaised };
        Some(raise(reached))
    }
}

/// Opens the cases of a period that has begun, as many as there is room for.
fn open_period<B: Backing>(
    turn: &mut Turn<'_, B>,
    at: Instant,
    name: &Name,
    room: usize,
) -> Result<Option<Instant>, StateError> {
    let key = name.as_str().as_bytes();
    let Some(schedule) = turn.state.row::<Schedule>(Family::Schedule, key)? else { return Ok(None) };
    let workflow = turn.state.policies().workflow_in_force(name, at);
    if let Some(workflow) = &workflow {
        if !open_cases(turn, &schedule, workflow, room)? {
            return Ok(Some(at));
        }
    }
    let next = following(workflow.as_deref(), &schedule.period);
    let policies = turn.state.policies();
    let policy = workflow.as_ref().and_then(|workflow| policies.sha_of(workflow));
    let calendar = workflow.as_ref().and_then(|workflow| match &workflow.opens {
        Opening::Calendar { calendar, .. } => policies.calendar(calendar),
        Opening::Event { .. } => None,
    });
    let Some((_, calendar)) = calendar else { return stop(turn, at, name, &schedule) };
    let next_at = calendar.midnight(next.start());
    let opened = PeriodOpened {
        workflow: name.clone(),
        policy: policy.unwrap_or_default(),
        period: schedule.period,
        next,
        next_at,
    };
    let about = About { policy, ..About::default() };
    turn.emit(at, &about, Event::PeriodOpened(opened))?;
    Ok(Some(next_at))
}

/// A duty whose policy has ended opens no more periods: its next one never comes.
fn stop<B: Backing>(
    turn: &mut Turn<'_, B>,
    at: Instant,
    name: &Name,
    schedule: &Schedule,
) -> Result<Option<Instant>, StateError> {
    let opened = PeriodOpened {
        workflow: name.clone(),
        policy: crate::id::Sha::ZERO,
        period: schedule.period.clone(),
        next: schedule.period.next(),
        next_at: Instant::MAX,
    };
    turn.emit(at, &About::default(), Event::PeriodOpened(opened))?;
    Ok(None)
}

fn open_cases<B: Backing>(
    turn: &mut Turn<'_, B>,
    schedule: &Schedule,
    workflow: &Workflow,
    room: usize,
) -> Result<bool, StateError> {
    let Opening::Calendar { covers, units, .. } = &workflow.opens else { return Ok(true) };
    let period = match covers {
        Covers::Current => schedule.period.clone(),
        Covers::Previous => schedule.period.previous(),
    };
    let end = turn.len() + room;
    for unit in units {
        if turn.len() >= end {
            return Ok(false);
        }
        open_for_period(turn, schedule.opens_at, workflow, unit, &period)?;
    }
    Ok(true)
}
