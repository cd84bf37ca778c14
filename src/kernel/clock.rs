//! One deadline in time: its due instant, its ladder, what comes next and when.
//!
//! Everything is computed from the definition, the calendar and the deadline; the
//! results travel in events, so that the fold never computes them again.

use crate::calendar::{self, Calendar, Due, DueError, Pause};
use crate::event::catalogue::Term;
use crate::id::Sha;
use crate::policy::definition::{Clock, Ladder, Rung};
use crate::time::Instant;

use super::row::{Deadline, Status};

/// What a deadline comes to next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// It is breached.
    Breach,
    /// A rung of its ladder, by its place, for the nth time.
    Rung(u16, u16),
}

/// A clock with the calendar it counts on.
#[derive(Clone, Copy)]
pub struct Timepiece<'a> {
    /// The clock.
    pub clock: &'a Clock,
    /// The calendar's definition.
    pub calendar_sha: Sha,
    /// The calendar.
    pub calendar: &'a Calendar,
}

impl Timepiece<'_> {
    /// The term of a deadline that starts at `started_at` and was paused so far.
    ///
    /// # Errors
    /// [`DueError`] when the rule and the start give no instant.
    pub fn due(&self, started_at: Instant, pauses: &[(Instant, Instant)]) -> Result<Due, DueError> {
        let pauses: Vec<_> =
            pauses.iter().map(|(from, until)| Pause { from: *from, until: *until }).collect();
        calendar::due(self.calendar, &self.clock.due, started_at, &pauses)
    }

    /// The term that a deadline gets at `now`. Rungs that lie in the past already
    /// are spent, but for the last one at or after the due instant: who is late
    /// from the first day is told once, not once a rung. Nothing wakes the kernel
    /// before `now`, so that no event is dated before the one that it follows from.
    ///
    /// # Errors
    /// As [`Timepiece::due`].
    pub fn start(&self, started_at: Instant, now: Instant) -> Result<Term, DueError> {
        let due = self.due(started_at, &[])?;
        let mut term = self.term(started_at, &due, Vec::new());
        term.rungs = self.spent(&term, &[], now);
        term.wake_at = self.next_of(&term, false).map(|(at, _)| at.max(now));
        Ok(term)
    }

    /// The term that a running deadline gets when an event of `at` computes its due
    /// instant again; rungs that were used up stay so, but for those of a light that
    /// does not stand any more. If it turns out to be overdue at `now`, the rungs that
    /// it has missed are told once, as at a start.
    ///
    /// # Errors
    /// As [`Timepiece::due`].
    pub fn again(&self, deadline: &Deadline, (at, now): (Instant, Instant)) -> Result<Term, DueError> {
        let due = self.due(deadline.term.started_at, &deadline.pauses)?;
        // What was granted is not taken back by another calendar.
        let due = match deadline.extended_until {
            Some(until) if until >= due.at => self.granted(until),
            Some(_) | None => due,
        };
        let mut term = self.term(deadline.term.started_at, &due, Vec::new());
        term.rungs = self.standing(&term, &deadline.term.rungs, now);
        let overdue = term.overdue_from() <= now;
        if overdue {
            term.rungs = self.spent(&term, &term.rungs, now);
        }
        // The fold takes a breach back by the instant of the event.
        let breached = deadline.breached_at.is_some() && term.overdue_from() <= at;
        term.wake_at = self.next_of(&term, breached).map(|(at, _)| at.max(now));
        Ok(term)
    }

    /// The term that a deadline gets when it is due at `until` by an extension that is
    /// granted at `now`: its ladder begins anew.
    #[must_use]
    pub fn extended(&self, deadline: &Deadline, until: Instant, now: Instant) -> Term {
        let mut term = self.term(deadline.term.started_at, &self.granted(until), Vec::new());
        term.rungs = self.spent(&term, &[], now);
        term.wake_at = self.next_of(&term, false).map(|(at, _)| at.max(now));
        term
    }

    fn granted(&self, until: Instant) -> Due {
        let last_day = Some(self.calendar.local_date(until.just_before()));
        Due { at: until, inclusive: false, last_day, provisional: false }
    }

    /// How often each rung counts as used when the due instant has moved: as often as
    /// before, unless its light stands no longer. A red sheet about a breach that is
    /// taken back is raised again when it is overdue again; what is blue and stays blue
    /// alarms nobody twice.
    fn standing(&self, term: &Term, used: &[u16], now: Instant) -> Vec<u16> {
        let Some(ladder) = &self.clock.ladder else { return used.to_vec() };
        let reached = |rung: &&Rung| self.rung_at(ladder, rung, 0, term) <= now;
        let light = ladder.rungs.iter().filter(reached).map(|rung| rung.light).max();
        let kept = |(rung, used): (&Rung, &u16)| if Some(rung.light) > light { 0 } else { *used };
        ladder.rungs.iter().zip(used).map(kept).collect()
    }

    /// When each rung that is left will be reached, in the ladder's order.
    #[must_use]
    pub fn rungs_left(&self, term: &Term) -> Vec<Instant> {
        let of_rung = |(ladder, _, rung, used)| {
            let rung: &Rung = rung;
            (used..rung.most).map(move |nth| self.rung_at(ladder, rung, nth, term))
        };
        self.rungs(term).flat_map(of_rung).collect()
    }

    /// When the rung at a place of the ladder is reached for the `nth` time, from 1;
    /// nothing when the ladder has no such rung.
    #[must_use]
    pub fn reached_at(&self, place: u16, nth: u16, term: &Term) -> Option<Instant> {
        let ladder = self.clock.ladder.as_ref()?;
        let rung = ladder.rungs.get(usize::from(place)).filter(|rung| (1..=rung.most).contains(&nth))?;
        Some(self.rung_at(ladder, rung, nth - 1, term))
    }

    /// What a deadline comes to next, and when; nothing when it is not running.
    #[must_use]
    pub fn next(&self, deadline: &Deadline) -> Option<(Instant, Step)> {
        let running = deadline.status == Status::Running;
        running.then(|| self.next_of(&deadline.term, deadline.breached_at.is_some())).flatten()
    }

    fn term(&self, started_at: Instant, due: &Due, rungs: Vec<u16>) -> Term {
        Term {
            started_at,
            due_at: due.at,
            inclusive: due.inclusive,
            soon_at: calendar::soon_at(self.calendar, due),
            provisional: due.provisional,
            calendar: self.calendar_sha,
            wake_at: None,
            rungs,
        }
    }

    fn next_of(&self, term: &Term, breached: bool) -> Option<(Instant, Step)> {
        let breach = (!breached).then(|| (term.overdue_from(), Step::Breach));
        let rungs = self.rungs(term).filter(|(_, _, rung, used)| *used < rung.most);
        let rungs = rungs.map(|(ladder, place, rung, used)| {
            (self.rung_at(ladder, rung, used, term), Step::Rung(place, used + 1))
        });
        breach.into_iter().chain(rungs).min()
    }

    /// The rungs with their places, and how often each was used.
    fn rungs<'a>(&'a self, term: &'a Term) -> impl Iterator<Item = (&'a Ladder, u16, &'a Rung, u16)> {
        self.clock.ladder.iter().flat_map(move |ladder| {
            ladder.rungs.iter().zip(0_u16..).map(move |(rung, place)| {
                (ladder, place, rung, term.rungs.get(usize::from(place)).copied().unwrap_or(0))
            })
        })
    }

    /// When a rung is reached for the time after `used` ones.
    fn rung_at(&self, ladder: &Ladder, rung: &Rung, used: u16, term: &Term) -> Instant {
        let last_day = (!term.inclusive).then(|| self.calendar.local_date(term.due_at.just_before()));
        let due = Due { at: term.due_at, inclusive: term.inclusive, last_day, provisional: false };
        let mut at = calendar::offset(self.calendar, &due, rung.at);
        for _ in 0..used {
            if let Some(every) = rung.every {
                // A step from 24:00 of a day goes on from that day, not the next.
                let last_day = Some(self.calendar.local_date(at.just_before()));
                let from = Due { at, inclusive: false, last_day, provisional: false };
                at = calendar::offset(self.calendar, &from, every);
            }
        }
        if !ladder.quiet_outside_working_hours {
            return at;
        }
        let open = self.calendar.next_open(at);
        // A reminder that would wait past the due instant comes before it instead.
        if at <= term.due_at { open.min(term.due_at) } else { open }
    }

    /// How often each rung counts as used at `now`, when it was `used` before.
    fn spent(&self, term: &Term, used: &[u16], now: Instant) -> Vec<u16> {
        let Some(ladder) = &self.clock.ladder else { return Vec::new() };
        let used = |place: usize| used.get(place).copied().unwrap_or(0);
        let past = |rung: &Rung, nth: u16| self.rung_at(ladder, rung, nth, term) <= now;
        let passed = |(place, rung): (usize, &Rung)| {
            (used(place)..rung.most).find(|nth| !past(rung, *nth)).unwrap_or(rung.most)
        };
        let mut spent: Vec<u16> = ladder.rungs.iter().enumerate().map(passed).collect();
        if term.overdue_from() <= now {
            let after_due = |rung: &Rung, nth: u16| self.rung_at(ladder, rung, nth, term) >= term.due_at;
            let missed = |(place, (count, rung)): (usize, (&mut u16, &Rung))| {
                let told = *count > used(place) && after_due(rung, *count - 1);
                told.then(|| *count -= 1)
            };
            // Only the last one that was missed is told.
            spent.iter_mut().zip(&ladder.rungs).enumerate().rev().find_map(missed);
        }
        spent
    }
}
