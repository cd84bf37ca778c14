//! An amended calendar moves the open deadlines that were counted on it.
//!
//! The sweep goes over all cases in bounded groups, between the publication and
//! the next fact. Computing a deadline again gives the same result, so a sweep
//! that was cut off starts over without doing anything twice.

use super::clock::Timepiece;
use super::decide::clocks::timepiece;
use super::decide::transit::{about, judged_by};
use super::row::{Case, Deadline, Family, Status, Sweep};
use super::state::{Backing, State, StateError};
use super::turn::{About, Outgoing, Turn};
use crate::event::catalogue::{CalendarApplied, DeadlineMoved, Event};
use crate::id::{CaseId, Name};
use crate::policy::definition::OnCalendarAmended;
use crate::time::Instant;

/// How many cases one group looks at.
const CASES_IN_GROUP: usize = 5_000;

/// How far a sweep has come. It is kept in memory only.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    after: Vec<u8>,
    moved: u64,
}

/// The calendar that is to be swept next, if one is.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn pending<B: Backing>(state: &State<B>) -> Result<Option<Name>, StateError> {
    let keys = state.keys(Family::Sweep, &[], 1)?;
    Ok(keys.first().and_then(|key| std::str::from_utf8(key).ok()).and_then(|name| Name::new(name).ok()))
}

/// Moves the deadlines of some cases; the last group ends the sweep. All layers of
/// the state must have been stored and released.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn sweep<B: Backing>(
    state: &mut State<B>,
    name: &Name,
    progress: &mut Progress,
    most: usize,
) -> Result<Vec<Outgoing>, StateError> {
    let Some(row) = state.row::<Sweep>(Family::Sweep, name.as_str().as_bytes())? else {
        return Ok(Vec::new());
    };
    let mut cases = Vec::new();
    state.backing().scan(Family::Case, &progress.after, &mut |key, _| {
        if key != progress.after {
            cases.push(key.to_vec());
        }
        cases.len() < CASES_IN_GROUP
    })?;
    let ended = cases.len() < CASES_IN_GROUP;
    let cause = state.checkpoint().decided;
    let mut turn = Turn::new(state, cause, false);
    for key in cases {
        if turn.len() >= most {
            return Ok(turn.finish());
        }
        let id = std::str::from_utf8(&key).ok().and_then(|id| CaseId::new(id).ok());
        if let Some(case) = id.map(|id| turn.state.case(&id)).transpose()?.flatten() {
            progress.moved += move_deadlines(&mut turn, row.at, name, &case)?;
        }
        progress.after = key;
    }
    if ended {
        let applied = CalendarApplied { calendar: name.clone(), sha: row.sha, moved: progress.moved };
        let about = About { policy: Some(row.sha), ..About::default() };
        turn.emit(row.at, &about, Event::CalendarApplied(applied))?;
        *progress = Progress::default();
    }
    Ok(turn.finish())
}

fn move_deadlines<B: Backing>(
    turn: &mut Turn<'_, B>,
    at: Instant,
    calendar: &Name,
    case: &Case,
) -> Result<u64, StateError> {
    let mut moved = 0;
    if case.deadlines.iter().all(|deadline| !deadline.is_open()) {
        return Ok(moved);
    }
    let workflow = judged_by(turn.state, case)?;
    for clock in &workflow.clocks {
        let affected =
            clock.calendar == *calendar && clock.on_calendar_amended == OnCalendarAmended::Recompute;
        let running = case.deadlines.iter().find(|it| it.clock == clock.name && it.is_open());
        let Some(deadline) = running.filter(|_| affected) else { continue };
        let event =
            timepiece(turn.state.policies(), clock).ok().and_then(|piece| again(&piece, deadline, at));
        if let Some(event) = event {
            turn.emit(at, &about(case), event)?;
            moved += 1;
        }
    }
    Ok(moved)
}

fn again(piece: &Timepiece<'_>, deadline: &Deadline, at: Instant) -> Option<Event> {
    let mut term = piece.again(deadline, at).ok()?;
    if let Status::Paused { .. } = deadline.status {
        term.wake_at = None;
    }
    let same = term.due_at == deadline.term.due_at && term.provisional == deadline.term.provisional;
    // An unmoved deadline keeps the calendar that it was computed with: that the
    // new one agrees is no event.
    (!same).then(|| {
        Event::DeadlineMoved(DeadlineMoved {
            clock: piece.clock.name.clone(),
            reason: "calendar.amended".into(),
            before: deadline.term.due_at,
            resumed_at: None,
            term,
        })
    })
}
