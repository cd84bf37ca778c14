//! Lists of running deadlines by due instant: what is overdue, what is coming.
//!
//! A list is a walk over one of the due indexes. The rows behind the keys are
//! read only for what is shown, and what one question may look at is bounded.

use std::collections::BTreeSet;
use std::ops::{Bound, ControlFlow};

use chrono::NaiveDate;

use super::deadline_row::{DeadlineRow, deadline_row};
use super::error::QueryError;
use super::light::Light;
use super::page::{List, Page, PageAsk};
use super::paused;
use super::policy_cache::Policies;
use super::rows::{Stretch, case, walk};
use super::span::last_day;
use crate::event::catalogue::Term;
use crate::id::{Name, UnitId};
use crate::identity::sight::Scope;
use crate::kernel::row::{Case, Deadline, Family, Status, split_deadline_key};
use crate::port::store::Rows;
use crate::time::Instant;

/// The most index keys one question walks over: some 20 ms on one core. A filter
/// that is narrower than its index gets an emptier page and a cursor.
const MOST_KEYS: usize = 20_000;
/// The most cases one question decodes that it does not show.
const MOST_CASES: usize = 4_000;
/// How many keys are gathered before their rows are read.
const CHUNK: usize = 128;
/// How many are gathered at least, so that a narrow filter does not walk singly.
const FEWEST: usize = 16;

/// Which deadlines are asked for; everything left out is not asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeadlineFilter {
    /// Those that this unit owes.
    pub unit: Option<UnitId>,
    /// Those of this workflow.
    pub workflow: Option<Name>,
    /// Those whose case is in this state.
    pub state: Option<Name>,
    /// Those with one of these lights; empty for all that run. Paused ones have no
    /// due instant and are listed by themselves.
    pub lights: BTreeSet<Light>,
    /// Those due at or after this instant.
    pub due_from: Option<Instant>,
    /// Those due before this instant.
    pub due_until: Option<Instant>,
    /// Those whose last day is this one or a later one.
    pub day_from: Option<NaiveDate>,
    /// Those whose last day is this one or an earlier one.
    pub day_to: Option<NaiveDate>,
    /// The latest first instead of the earliest.
    pub latest_first: bool,
    /// Whose deadlines may be shown, whatever else is asked for. The reader sets it.
    pub scope: Scope,
}

impl DeadlineFilter {
    /// What is overdue: the lights after the due instant.
    #[must_use]
    pub fn overdue() -> Self {
        Self { lights: BTreeSet::from([Light::Overdue, Light::Escalated]), ..Self::default() }
    }

    /// What is coming: the lights before the due instant.
    #[must_use]
    pub fn upcoming() -> Self {
        Self { lights: BTreeSet::from([Light::OnTrack, Light::DueSoon]), ..Self::default() }
    }

    fn list(&self) -> List {
        if self.latest_first { List::DeadlinesLatest } else { List::DeadlinesEarliest }
    }

    fn takes_light(&self, light: Light) -> bool {
        self.lights.is_empty() || self.lights.contains(&light)
    }

    /// Whether the key of a deadline can be that of one asked for.
    fn takes_key(&self, tail: &[u8]) -> bool {
        let Some(workflow) = &self.workflow else { return true };
        let case = tail.get(8..).and_then(|case| case.strip_prefix(workflow.as_str().as_bytes()));
        case.is_some_and(|rest| rest.first() == Some(&b'/'))
    }

    pub(super) fn takes_case(&self, case: &Case) -> bool {
        self.scope.has(&case.owner)
            && self.unit.as_ref().is_none_or(|unit| case.owner == *unit)
            && self.state.as_ref().is_none_or(|state| case.state == *state)
            && self.workflow.as_ref().is_none_or(|workflow| case.id.workflow() == workflow.as_str())
    }

    fn takes_due(&self, due_at: Instant) -> bool {
        self.due_from.is_none_or(|from| due_at >= from) && self.due_until.is_none_or(|until| due_at < until)
    }

    /// Whether the last day of a deadline, on its own calendar, is one asked for.
    fn takes_day(&self, policies: &Policies, term: &Term) -> bool {
        if self.day_from.is_none() && self.day_to.is_none() {
            return true;
        }
        let calendar = policies.set.calendar_by_sha(&term.calendar);
        let day = calendar.map_or_else(|| policies.day_of(term.due_at), |calendar| last_day(calendar, term));
        self.day_from.is_none_or(|from| day >= from) && self.day_to.is_none_or(|to| day <= to)
    }

    /// The light of a deadline, if it is one asked for.
    pub(super) fn light(
        &self,
        policies: &Policies,
        case: &Case,
        deadline: &Deadline,
        at: Instant,
    ) -> Option<Light> {
        let (light, term) = (Light::of(deadline, at)?, &deadline.term);
        let asked = self.takes_case(case) && self.takes_light(light) && self.takes_due(term.due_at);
        (asked && self.takes_day(policies, term)).then_some(light)
    }

    /// The index to walk and what its keys begin with.
    fn index(&self) -> (Family, Vec<u8>) {
        let prefix = |name: &str| [name.as_bytes(), &[0]].concat();
        // One unit's index is short, whether it is asked for or all that is seen.
        match (self.unit.as_ref().or_else(|| self.scope.only()), &self.workflow) {
            (Some(unit), _) => (Family::DueOfUnit, prefix(unit.as_str())),
            (None, Some(workflow)) => (Family::DueOfWorkflow, prefix(workflow.as_str())),
            (None, None) => (Family::Due, Vec::new()),
        }
    }

    /// The first instant of the index that matters and the first after those that
    /// do. The index holds first overdue instants, a nanosecond past an inclusive
    /// due instant, so the row behind a key is looked at once more.
    fn instants(&self, policies: &Policies, at: Instant) -> (Option<Instant>, Option<Instant>) {
        let past = |at: Instant| Instant::from_nanos(at.as_nanos().saturating_add(1));
        let (mut from, mut until) = (self.due_from, self.due_until.map(past));
        // Days are looked up generously, by a day on either side, since a deadline's
        // own calendar may lie in another zone; the row behind the key decides.
        if let Some(calendar) = policies.home_calendar() {
            let opens = self.day_from.and_then(|day| day.pred_opt()).map(|day| calendar.midnight(day));
            let ends = self.day_to.and_then(|day| day.succ_opt()).map(|day| calendar.day_end(day));
            from = from.max(opens);
            until = [until, ends].into_iter().flatten().min();
        }
        if !self.lights.is_empty() && self.lights.iter().all(|light| light.is_late()) {
            until = Some(until.map_or(past(at), |until| until.min(past(at))));
        }
        if !self.lights.is_empty() && self.lights.iter().all(|light| !light.is_late()) {
            from = Some(from.map_or(past(at), |from| from.max(past(at))));
        }
        (from, until)
    }

    fn stretch(&self, policies: &Policies, prefix: &[u8], at: Instant, after: Option<Vec<u8>>) -> Stretch {
        let mut stretch = Stretch::of_prefix(prefix);
        let place = |at: Instant| [prefix, &at.to_key()].concat();
        let (from, until) = self.instants(policies, at);
        if let Some(from) = from {
            stretch.from = Bound::Included(place(from));
        }
        if let Some(until) = until {
            stretch.to = Bound::Excluded(place(until));
        }
        stretch.backward = self.latest_first;
        match after {
            // A cursor outside the stretch must not widen it.
            Some(tail) => clip(stretch, [prefix, &tail].concat()),
            None => stretch,
        }
    }
}

fn clip(stretch: Stretch, after: Vec<u8>) -> Stretch {
    let bound = |bound: &Bound<Vec<u8>>| match bound {
        Bound::Included(key) | Bound::Excluded(key) => Some(key.clone()),
        Bound::Unbounded => None,
    };
    let widens = if stretch.backward {
        bound(&stretch.to).is_some_and(|end| after >= end)
    } else {
        bound(&stretch.from).is_some_and(|start| after < start)
    };
    if widens { stretch } else { stretch.after(after) }
}

/// A page of running deadlines at `at`, or of paused ones when they are asked for.
///
/// # Errors
/// [`QueryError::Asked`] for a cursor of another list or paused among running
/// ones; others when the projection cannot be read.
pub fn deadlines(
    rows: &impl Rows,
    policies: &Policies,
    filter: &DeadlineFilter,
    ask: &PageAsk,
    at: Instant,
) -> Result<Page<DeadlineRow>, QueryError> {
    if filter.lights.contains(&Light::Paused) {
        return paused::paused(rows, policies, filter, ask, at);
    }
    let (family, prefix) = filter.index();
    let mut stretch = filter.stretch(policies, &prefix, at, ask.after(filter.list())?);
    let mut found = Vec::new();
    let (mut keys_left, mut cases_left) = (MOST_KEYS, MOST_CASES + ask.limit);
    loop {
        let most = CHUNK.min((ask.limit + 1 - found.len()).max(FEWEST)).min(cases_left.max(1));
        let gathered = gather(rows, family, &stretch, prefix.len(), filter, most, keys_left)?;
        keys_left = keys_left.saturating_sub(gathered.walked);
        cases_left = cases_left.saturating_sub(gathered.tails.len());
        for tail in gathered.tails {
            let Some(row) = behind(rows, policies, filter, &tail, at)? else { continue };
            if found.len() == ask.limit {
                return Ok(page(filter, found, None));
            }
            found.push((tail, row));
        }
        let Some(last) = gathered.last.filter(|_| !gathered.ended) else {
            return Ok(last_page(filter, found));
        };
        if keys_left == 0 || cases_left == 0 {
            return Ok(page(filter, found, last.get(prefix.len()..)));
        }
        stretch = stretch.after(last);
    }
}

type Found = Vec<(Vec<u8>, DeadlineRow)>;

/// A page with more after its last row, or after a key further on.
fn page(filter: &DeadlineFilter, found: Found, on: Option<&[u8]>) -> Page<DeadlineRow> {
    let last = found.last().map(|(tail, _)| tail.clone());
    let key = on.map(<[u8]>::to_vec).or(last);
    let rows = found.into_iter().map(|(_, row)| row).collect();
    Page::of(filter.list(), rows, key.as_deref())
}

fn last_page(filter: &DeadlineFilter, found: Found) -> Page<DeadlineRow> {
    Page::of(filter.list(), found.into_iter().map(|(_, row)| row).collect(), None)
}

/// What a walk over the index brought.
struct Gathered {
    /// The keys that may be of deadlines asked for, without their prefix.
    tails: Vec<Vec<u8>>,
    /// The last key walked over.
    last: Option<Vec<u8>>,
    /// How many keys were walked over.
    walked: usize,
    /// Whether the stretch has no more.
    ended: bool,
}

fn gather(
    rows: &impl Rows,
    family: Family,
    stretch: &Stretch,
    prefix: usize,
    filter: &DeadlineFilter,
    most: usize,
    most_keys: usize,
) -> Result<Gathered, QueryError> {
    let mut gathered = Gathered { tails: Vec::with_capacity(most), last: None, walked: 0, ended: true };
    walk(rows, family, stretch, |key, _| {
        if gathered.tails.len() >= most || gathered.walked >= most_keys {
            gathered.ended = false;
            return Ok(ControlFlow::Break(()));
        }
        let tail = key.get(prefix..).unwrap_or_default();
        if filter.takes_key(tail) {
            gathered.tails.push(tail.to_vec());
        }
        gathered.walked += 1;
        gathered.last = Some(key.to_vec());
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(gathered)
}

/// The row of the deadline that a key names, if it is still there and asked for.
fn behind(
    rows: &impl Rows,
    policies: &Policies,
    filter: &DeadlineFilter,
    tail: &[u8],
    at: Instant,
) -> Result<Option<DeadlineRow>, QueryError> {
    let Some((id, clock)) = tail.get(8..).and_then(split_deadline_key) else { return Ok(None) };
    let Some(case) = case(rows, &id)? else { return Ok(None) };
    let running = |it: &&Deadline| it.clock == clock && it.status == Status::Running;
    let Some(deadline) = case.deadlines.iter().find(running) else { return Ok(None) };
    let Some(light) = filter.light(policies, &case, deadline, at) else { return Ok(None) };
    deadline_row(policies, &case, deadline, light, at).map(Some)
}
