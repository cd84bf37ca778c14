//! What a fact does to the clocks of its case.
//!
//! The clocks are taken in the order in which the policy lists them, and each in
//! this order: cancel, stop, pause or resume, start. Everything that can fail is
//! worked out in [`plan`] before the fact is accepted.

use chrono::NaiveDate;

use super::admit::Stated;
use super::route::value_at;
use super::transit::holds;
use crate::calendar::Calendar;
use crate::event::catalogue::{
    DeadlineBreached, DeadlineCancelled, DeadlineMet, DeadlineMoved, DeadlinePaused, DeadlineSet, Event,
    RESUMED, Reason, Term,
};
use crate::id::{EventType, Name};
use crate::kernel::clock::Timepiece;
use crate::kernel::row::{Case, Deadline, Status};
use crate::kernel::state::{Backing, State, StateError};
use crate::kernel::turn::{About, Turn};
use crate::policy::definition::{Clock, OnCalendarAmended, Path, TimeSource, Trigger, Workflow};
use crate::policy::set::PolicySet;
use crate::time::Instant;

/// The trigger that stands for a case's opening itself.
const CASE_OPENED: &str = "case.opened";
/// The trigger that stands for the fact that fills a quota.
const CASE_CREDITED: &str = "case.credited";

/// What happens to one clock.
#[derive(Debug, Clone)]
enum Move {
    Cancel,
    Stop(Instant),
    Start(Instant, u32),
}

/// What a fact will do to the clocks of its case, apart from pausing them.
#[derive(Debug, Clone, Default)]
pub struct Plan(Vec<(usize, Move)>);

/// Works out what a fact does to the clocks; `case` is none when it opens one.
///
/// # Errors
/// [`Reason`] when an instant is unreadable, in the future, or gives no due one.
pub fn plan<B: Backing>(
    state: &State<B>,
    workflow: &Workflow,
    stated: &Stated,
    case: Option<&Case>,
) -> Result<Plan, Reason> {
    let mut moves = Vec::new();
    for (place, clock) in workflow.clocks.iter().enumerate() {
        let deadline = case.and_then(|case| find(case, &clock.name));
        let open = deadline.is_some_and(Deadline::is_open);
        let fires = |trigger: &Trigger| {
            triggers(trigger, &stated.fact.kind, case.is_none())
                && holds(state, trigger.when.as_ref(), &stated.fact, case)
        };
        let mut ended = false;
        if open && clock.cancel.contains(&stated.fact.kind) {
            moves.push((place, Move::Cancel));
            ended = true;
        } else if open && fires(&clock.stop) {
            let at = instant(state.policies(), clock, &clock.stop.at, stated)?;
            moves.push((place, Move::Stop(at)));
            ended = true;
        }
        if (!open || ended) && fires(&clock.start) {
            let at = instant(state.policies(), clock, &clock.start.at, stated)?;
            let piece = timepiece(state.policies(), clock)?;
            piece.due(at, &[]).map_err(|error| {
                Reason::new("due.impossible", &clock.start.at.to_string(), &at.to_string(), error.to_string())
            })?;
            moves.push((place, Move::Start(at, deadline.map_or(1, |deadline| deadline.round + 1))));
        }
    }
    Ok(Plan(moves))
}

/// Carries a plan out, after the fact was accepted.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn run<B: Backing>(
    turn: &mut Turn<'_, B>,
    workflow: &Workflow,
    stated: &Stated,
    about: &About,
    plan: &Plan,
) -> Result<(), StateError> {
    let at = stated.recorded_at;
    let now = at.max(stated.told_at);
    for (place, clock) in workflow.clocks.iter().enumerate() {
        let of_clock = |want_start: bool| {
            plan.0
                .iter()
                .filter(move |(of, step)| *of == place && matches!(step, Move::Start(..)) == want_start)
        };
        for (_, step) in of_clock(false) {
            end(turn, at, about, clock, step)?;
        }
        pause_or_resume(turn, (at, now), about, clock)?;
        for (_, step) in of_clock(true) {
            if let Move::Start(started_at, round) = step {
                start(turn, (at, now), about, clock, *started_at, *round)?;
                pause_or_resume(turn, (at, now), about, clock)?;
            }
        }
    }
    Ok(())
}

fn end<B: Backing>(
    turn: &mut Turn<'_, B>,
    at: Instant,
    about: &About,
    clock: &Clock,
    step: &Move,
) -> Result<(), StateError> {
    let Some(deadline) = current(turn.state, about, &clock.name)? else { return Ok(()) };
    match step {
        Move::Stop(met_at) => {
            // A clock that stood still before its due instant was not running out.
            let until =
                if let Status::Paused { since } = deadline.status { since.min(*met_at) } else { *met_at };
            let late = until >= deadline.overdue_from();
            if deadline.breached_at.is_some() && !late {
                let withdrawn = DeadlineBreached {
                    clock: clock.name.clone(),
                    due_at: deadline.term.due_at,
                    wake_at: None,
                };
                turn.emit(at, about, Event::BreachWithdrawn(withdrawn))?;
            }
            let met = DeadlineMet {
                clock: clock.name.clone(),
                met_at: *met_at,
                due_at: deadline.term.due_at,
                late,
            };
            turn.emit(at, about, Event::DeadlineMet(met))
        }
        Move::Cancel => cancel(turn, at, about, &clock.name),
        Move::Start(..) => Ok(()),
    }
}

/// Meets the clocks of a quota's case that run, at the fact that fills it.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn fill<B: Backing>(
    turn: &mut Turn<'_, B>,
    at: Instant,
    about: &About,
    workflow: &Workflow,
) -> Result<(), StateError> {
    let fills = |clock: &&Clock| clock.stop.events.iter().any(|kind| kind.as_str() == CASE_CREDITED);
    for clock in workflow.clocks.iter().filter(fills) {
        if current(turn.state, about, &clock.name)?.is_some_and(|deadline| deadline.is_open()) {
            end(turn, at, about, clock, &Move::Stop(at))?;
        }
    }
    Ok(())
}

fn cancel<B: Backing>(
    turn: &mut Turn<'_, B>,
    at: Instant,
    about: &About,
    clock: &Name,
) -> Result<(), StateError> {
    turn.emit(at, about, Event::DeadlineCancelled(DeadlineCancelled { clock: clock.clone() }))
}

/// Starts a clock; `at` is when, `started_at` from when it counts, and `now` from
/// when on it can alarm anybody.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn start<B: Backing>(
    turn: &mut Turn<'_, B>,
    (at, now): (Instant, Instant),
    about: &About,
    clock: &Clock,
    started_at: Instant,
    round: u32,
) -> Result<(), StateError> {
    let term: Option<Term> = timepiece(turn.state.policies(), clock)
        .ok()
        .and_then(|piece| piece.start(started_at, now.max(turn.state.checkpoint().clock)).ok());
    // A rule without an instant was refused with the fact, or by the policy's check.
    let Some(term) = term else { return Ok(()) };
    turn.emit(at, about, Event::DeadlineSet(DeadlineSet { clock: clock.name.clone(), round, term }))
}

fn pause_or_resume<B: Backing>(
    turn: &mut Turn<'_, B>,
    (at, now): (Instant, Instant),
    about: &About,
    clock: &Clock,
) -> Result<(), StateError> {
    if clock.pause_in.is_empty() {
        return Ok(());
    }
    let Some(id) = &about.case else { return Ok(()) };
    let Some(case) = turn.state.case(id)? else { return Ok(()) };
    let Some(deadline) = find(&case, &clock.name) else { return Ok(()) };
    let still = clock.pause_in.contains(&case.state);
    match deadline.status {
        Status::Running if still => {
            let paused = DeadlinePaused { clock: clock.name.clone(), paused_at: at };
            turn.emit(at, about, Event::DeadlinePaused(paused))
        }
        Status::Paused { since } if !still => {
            // A server's clock may go back; a pause never does.
            let until = at.max(since);
            let mut resumed = deadline.clone();
            resumed.pauses.push((since, until));
            let now = now.max(turn.state.checkpoint().clock);
            let term = resumed_term(turn.state.policies(), clock, &resumed, (at, now));
            let moved = DeadlineMoved {
                clock: clock.name.clone(),
                reason: RESUMED.into(),
                before: deadline.term.due_at,
                resumed_at: Some(until),
                term,
            };
            turn.emit(at, about, Event::DeadlineResumed(moved))
        }
        Status::Running | Status::Paused { .. } | Status::Met { .. } | Status::Cancelled => Ok(()),
    }
}

/// What stands at a deadline that has run on at `now`. Where its rule cannot be
/// reckoned with pauses it stays where it was.
fn resumed_term(
    policies: &PolicySet,
    clock: &Clock,
    resumed: &Deadline,
    (at, now): (Instant, Instant),
) -> Term {
    let piece = match clock.on_calendar_amended {
        OnCalendarAmended::Recompute => timepiece(policies, clock),
        OnCalendarAmended::Keep => timepiece_of(policies, clock, resumed),
    };
    let Ok(piece) = piece else { return resumed.term.clone() };
    piece.again(resumed, (at, now)).unwrap_or_else(|_| {
        let running = Deadline { status: Status::Running, ..resumed.clone() };
        let wake_at = piece.next(&running).map(|(at, _)| at.max(now));
        Term { wake_at, ..resumed.term.clone() }
    })
}

/// Ends every clock that still runs, because the case is closed.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn cancel_all<B: Backing>(turn: &mut Turn<'_, B>, at: Instant, about: &About) -> Result<(), StateError> {
    let Some(id) = &about.case else { return Ok(()) };
    let Some(case) = turn.state.case(id)? else { return Ok(()) };
    for deadline in case.deadlines.iter().filter(|deadline| deadline.is_open()) {
        cancel(turn, at, about, &deadline.clock)?;
    }
    Ok(())
}

/// Whether the calendar's opening of a case starts a clock.
#[must_use]
pub fn starts_on_opening(clock: &Clock) -> bool {
    clock.start.events.iter().any(|kind| kind.as_str() == CASE_OPENED)
}

fn triggers(trigger: &Trigger, kind: &EventType, opening: bool) -> bool {
    trigger.events.iter().any(|event| event == kind || (opening && event.as_str() == CASE_OPENED))
}

fn find<'a>(case: &'a Case, clock: &Name) -> Option<&'a Deadline> {
    case.deadlines.iter().find(|deadline| deadline.clock == *clock)
}

fn current<B: Backing>(
    state: &State<B>,
    about: &About,
    clock: &Name,
) -> Result<Option<Deadline>, StateError> {
    let Some(id) = &about.case else { return Ok(None) };
    Ok(state.case(id)?.and_then(|case| find(&case, clock).cloned()))
}

/// A clock with the calendar in force.
///
/// # Errors
/// [`Reason`] when the calendar was never published.
pub fn timepiece<'a>(policies: &'a PolicySet, clock: &'a Clock) -> Result<Timepiece<'a>, Reason> {
    let Some((calendar_sha, calendar)) = policies.calendar(&clock.calendar) else {
        let message = format!(
            "the clock {} counts on the calendar {}, which was never published",
            clock.name, clock.calendar
        );
        return Err(Reason::new("calendar.unknown", "calendar", clock.calendar.as_str(), message));
    };
    Ok(Timepiece { clock, calendar_sha, calendar })
}

/// A clock with the calendar that a deadline of it was counted on: it judges the
/// deadline until a sweep moves it, whatever was published since.
///
/// # Errors
/// [`Reason`] when that calendar was never published.
pub fn timepiece_of<'a>(
    policies: &'a PolicySet,
    clock: &'a Clock,
    deadline: &Deadline,
) -> Result<Timepiece<'a>, Reason> {
    let calendar_sha = deadline.term.calendar;
    let calendar = policies.calendar_by_sha(&calendar_sha);
    calendar.map_or_else(
        || timepiece(policies, clock),
        |calendar| Ok(Timepiece { clock, calendar_sha, calendar }),
    )
}

/// The instant that counts for a clock.
fn instant(
    policies: &PolicySet,
    clock: &Clock,
    source: &TimeSource,
    stated: &Stated,
) -> Result<Instant, Reason> {
    let claimed = || stated.fact.occurred_at.unwrap_or(stated.recorded_at);
    match source {
        TimeSource::Recorded => Ok(stated.recorded_at),
        TimeSource::Occurred => Ok(claimed()),
        TimeSource::Data(path) => match value_at(&stated.fact, path) {
            None => Ok(claimed()),
            Some(value) => read_instant(policies, clock, path, &value, stated),
        },
    }
}

fn read_instant(
    policies: &PolicySet,
    clock: &Clock,
    path: &Path,
    value: &serde_json::Value,
    stated: &Stated,
) -> Result<Instant, Reason> {
    let Timepiece { calendar, .. } = timepiece(policies, clock)?;
    let text = value.as_str().unwrap_or_default();
    let Some(at) = parse(calendar, text) else {
        let message =
            "it should be a date such as 2022-09-28 or an instant such as 2022-09-28T16:20:00+08:00";
        return Err(Reason::new("time.unreadable", &path.0, &value.to_string(), message));
    };
    let tolerance = i64::from(policies.settings().clock_tolerance_minutes) * 60;
    if at > stated.recorded_at.plus_seconds(tolerance) {
        let message = format!("it lies after the fact was recorded ({})", stated.recorded_at);
        return Err(Reason::new("time.future", &path.0, text, message));
    }
    Ok(at)
}

fn parse(calendar: &Calendar, text: &str) -> Option<Instant> {
    let day = || text.parse::<NaiveDate>().ok().map(|date| calendar.midnight(date));
    text.parse::<Instant>().ok().or_else(day)
}
