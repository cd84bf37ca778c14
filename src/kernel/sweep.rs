//! An amended calendar moves the open deadlines that were counted on it.
//!
//! The sweep goes over all cases in bounded groups, between the publication and
//! the next fact. Computing a deadline again gives the same result, so a sweep
//! that was cut off starts over without doing anything twice.

use super::clock::Timepiece;
use super::decide::clocks::{timepiece, timepiece_of};
use super::decide::transit::{about, judged_by};
use super::row::{Case, Deadline, Family, Status, Sweep};
use super::state::{Backing, State, StateError};
use super::turn::{About, Outgoing, Turn};
use crate::event::catalogue::{CALENDAR_AMENDED, CalendarApplied, DeadlineMoved, Event, Term};
use crate::id::{CaseId, Name};
use crate::policy::definition::OnCalendarAmended;
use crate::time::Instant;

/// How many cases one group looks at.
const CASES_IN_GROUP: usize = 5_000;

/// How far a sweep has come. It is kept in memory only.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    after: Vec<u8>,
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
    // Nothing is dated before what was decided already, imported or not.
    let at = row.at.max(state.checkpoint().clock);
    let mut turn = Turn::new(state, cause, false);
    for key in cases {
        if turn.len() >= most {
            return Ok(turn.finish());
        }
        let id = std::str::from_utf8(&key).ok().and_then(|id| CaseId::new(id).ok());
        if let Some(case) = id.map(|id| turn.state.case(&id)).transpose()?.flatten() {
            move_deadlines(&mut turn, at, name, &case)?;
        }
        progress.after = key;
    }
    if ended {
        let row = turn.state.row::<Sweep>(Family::Sweep, name.as_str().as_bytes())?.unwrap_or(row);
        let applied = CalendarApplied { calendar: name.clone(), sha: row.sha, moved: row.moved };
        let about = About { policy: Some(row.sha), ..About::default() };
        turn.emit(at, &about, Event::CalendarApplied(applied))?;
        *progress = Progress::default();
    }
    Ok(turn.finish())
}

fn move_deadlines<B: Backing>(
    turn: &mut Turn<'_, B>,
    at: Instant,
    calendar: &Name,
    case: &Case,
) -> Result<(), StateError> {
    if case.deadlines.iter().all(|deadline| !deadline.is_open()) {
        return Ok(());
    }
    let workflow = judged_by(turn.state, case)?;
    for clock in &workflow.clocks {
        let affected =
            clock.calendar == *calendar && clock.on_calendar_amended == OnCalendarAmended::Recompute;
        let running = case.deadlines.iter().find(|it| it.clock == clock.name && it.is_open());
        let Some(deadline) = running.filter(|_| affected) else { continue };
        let policies = turn.state.policies();
        let (Ok(piece), Ok(before)) = (timepiece(policies, clock), timepiece_of(policies, clock, deadline))
        else {
            continue;
        };
        if let Some(event) = again(&piece, &before, deadline, at) {
            turn.emit(at, &about(case), event)?;
        }
    }
    Ok(())
}

/// The event that moves a deadline from the calendar that it was counted on to
/// the amended one, if that changes anything.
fn again(piece: &Timepiece<'_>, before: &Timepiece<'_>, deadline: &Deadline, at: Instant) -> Option<Event> {
    let mut term = piece.again(deadline, (at, at)).ok()?;
    if let Status::Paused { .. } = deadline.status {
        term.wake_at = None;
    }
    let of = |term: &Term| (term.due_at, term.soon_at, term.provisional);
    let same =
        of(&term) == of(&deadline.term) && piece.rungs_left(&term) == before.rungs_left(&deadline.term);
    // An unmoved deadline keeps the calendar that it was computed with: that the
    // new one agrees is no event.
    (!same).then(|| {
        Event::DeadlineMoved(DeadlineMoved {
            clock: piece.clock.name.clone(),
            reason: CALENDAR_AMENDED.into(),
            before: deadline.term.due_at,
            resumed_at: None,
            term,
        })
    })
}
