//! Counts per unit and workflow, exact at any instant.
//!
//! The fold keeps counts by buckets of a quarter of an hour; only the bucket that
//! the instant cuts is counted deadline by deadline. The numbers are those that
//! the lists would give.

use std::collections::BTreeMap;
use std::ops::{AddAssign, Bound, ControlFlow};

use schemars::JsonSchema;
use serde::Serialize;

use super::error::QueryError;
use super::naming::Named;
use super::policy_cache::Policies;
use super::rows::{Stretch, case, walk};
use crate::id::{Name, UnitId};
use crate::identity::sight::Scope;
use crate::kernel::index::{Count, CounterKey};
use crate::kernel::row::{Family, split_deadline_key};
use crate::port::store::Rows;
use crate::time::Instant;

/// Deadlines and cases by how they stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CountNumbers")]
pub struct Numbers {
    /// Cases not closed.
    pub open_cases: i64,
    /// Cases closed.
    pub closed_cases: i64,
    /// Running deadlines that are neither due soon nor overdue.
    pub on_track: i64,
    /// Running deadlines that are due soon.
    pub due_soon: i64,
    /// Running deadlines past due, escalated ones included.
    pub overdue: i64,
    /// Those of the overdue that somebody above was told of.
    pub escalated: i64,
    /// Deadlines that stand still.
    pub paused: i64,
    /// Running deadlines that may still move.
    pub provisional: i64,
    /// Deadlines met in time.
    pub met_in_time: i64,
    /// Deadlines met late.
    pub met_late: i64,
}

impl AddAssign for Numbers {
    fn add_assign(&mut self, other: Self) {
        self.open_cases += other.open_cases;
        self.closed_cases += other.closed_cases;
        self.on_track += other.on_track;
        self.due_soon += other.due_soon;
        self.overdue += other.overdue;
        self.escalated += other.escalated;
        self.paused += other.paused;
        self.provisional += other.provisional;
        self.met_in_time += other.met_in_time;
        self.met_late += other.met_late;
    }
}

/// The numbers of one unit in one workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CountCell")]
pub struct Cell {
    /// The unit.
    pub unit: Named,
    /// The workflow.
    pub workflow: Named,
    /// The numbers.
    #[serde(flatten)]
    pub numbers: Numbers,
}

/// The numbers of one unit, or of one workflow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "CountTotal")]
pub struct Total {
    /// The unit or workflow.
    pub of: Named,
    /// The numbers.
    #[serde(flatten)]
    pub numbers: Numbers,
}

/// All counts of a tenant, or of one of its units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Everything together.
    pub all: Numbers,
    /// By unit.
    pub by_unit: Vec<Total>,
    /// By workflow.
    pub by_workflow: Vec<Total>,
    /// By unit and workflow, in the order of their ids.
    pub cells: Vec<Cell>,
}

/// The counts at `at`, of one unit or of all, as far as `scope` goes.
///
/// # Errors
/// [`QueryError`] when the projection cannot be read.
pub fn counts(
    rows: &impl Rows,
    policies: &Policies,
    unit: Option<&UnitId>,
    scope: &Scope,
    at: Instant,
) -> Result<Counts, QueryError> {
    let mut cells = BTreeMap::new();
    let mut found = tallies(rows, unit.or_else(|| scope.only()), at)?;
    found.retain(|(unit, _), _| *scope == Scope::All || UnitId::new(unit).is_ok_and(|unit| scope.has(&unit)));
    for (place, tally) in found {
        let numbers = tally.numbers(rows, &place, at)?;
        cells.insert(place, numbers);
    }
    Ok(gathered(policies, cells))
}

type Place = (String, String);

/// What the counters of one unit and workflow add up to at an instant.
#[derive(Default)]
struct Tally {
    /// Everything that needs no look at single deadlines.
    sums: Numbers,
    /// Running deadlines.
    running: i64,
    /// Running deadlines past the instant from which they are due soon.
    soon: i64,
    /// Those that turn overdue within the bucket that the instant cuts.
    cut: i64,
    /// The escalated ones among them.
    cut_escalated: i64,
}

fn tallies(
    rows: &impl Rows,
    unit: Option<&UnitId>,
    at: Instant,
) -> Result<BTreeMap<Place, Tally>, QueryError> {
    let prefix = unit.map(|unit| [unit.as_str().as_bytes(), &[0]].concat()).unwrap_or_default();
    let mut tallies: BTreeMap<Place, Tally> = BTreeMap::new();
    walk(rows, Family::Counter, &Stretch::of_prefix(&prefix), |key, bytes| {
        let wrong = |reason: &str| QueryError::row(Family::Counter, key, &reason);
        let count = bytes.try_into().map(i64::from_be_bytes).map_err(|_| wrong("it is no number"))?;
        let CounterKey { unit, workflow, count: kind } =
            CounterKey::from_bytes(key).ok_or_else(|| wrong("its key names no count"))?;
        tallies.entry((unit, workflow)).or_default().add(kind, count, at);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(tallies)
}

impl Tally {
    fn add(&mut self, kind: Count, count: i64, at: Instant) {
        let now = Count::bucket(at);
        match kind {
            Count::OpenCases => self.sums.open_cases += count,
            Count::ClosedCases => self.sums.closed_cases += count,
            Count::Paused => self.sums.paused += count,
            Count::Provisional => self.sums.provisional += count,
            Count::MetInTime => self.sums.met_in_time += count,
            Count::MetLate => self.sums.met_late += count,
            Count::Due(bucket) => {
                self.running += count;
                if bucket < now {
                    self.sums.overdue += count;
                } else if bucket == now {
                    self.cut += count;
                }
            }
            // The instants from which something is due soon lie on the edges.
            Count::Soon(bucket) if bucket <= now => self.soon += count,
            Count::Escalated(bucket) if bucket < now => self.sums.escalated += count,
            Count::Escalated(bucket) if bucket == now => self.cut_escalated += count,
            Count::Soon(_) | Count::Escalated(_) => {}
        }
    }

    fn numbers(self, rows: &impl Rows, place: &Place, at: Instant) -> Result<Numbers, QueryError> {
        let mut numbers = self.sums;
        if self.cut > 0 {
            let (overdue, escalated) = self.within_bucket(rows, place, at)?;
            numbers.overdue += overdue;
            numbers.escalated += escalated;
        }
        numbers.due_soon = (self.soon - numbers.overdue).max(0);
        numbers.on_track = self.running - numbers.overdue - numbers.due_soon;
        Ok(numbers)
    }

    /// How many of the deadlines in the bucket that the instant cuts are overdue at
    /// it, and how many of these are escalated.
    fn within_bucket(&self, rows: &impl Rows, place: &Place, at: Instant) -> Result<(i64, i64), QueryError> {
        let tails = passed(rows, place, at)?;
        let overdue = i64::try_from(tails.len()).unwrap_or(i64::MAX);
        // Mostly all of a bucket fall due at its first instant, and no case is read.
        if overdue == self.cut || self.cut_escalated == 0 {
            return Ok((overdue, if overdue == self.cut { self.cut_escalated } else { 0 }));
        }
        let mut escalated = 0;
        for tail in tails {
            let Some((id, clock)) = tail.get(8..).and_then(split_deadline_key) else { continue };
            let case = case(rows, &id)?;
            let deadlines = case.iter().flat_map(|case| &case.deadlines);
            let level = deadlines.filter(|it| it.clock == clock).map(|it| it.level).max().unwrap_or(0);
            escalated += i64::from(level > 0);
        }
        Ok((overdue, escalated))
    }
}

/// The index keys of the deadlines of a place that turned overdue in the bucket of
/// `at` and not after it.
fn passed(rows: &impl Rows, (unit, workflow): &Place, at: Instant) -> Result<Vec<Vec<u8>>, QueryError> {
    let prefix = [unit.as_bytes(), &[0]].concat();
    let place = |at: Instant| [&prefix[..], &at.to_key()].concat();
    let start = Count::bucket_start(Count::bucket(at));
    let end = Instant::from_nanos(at.as_nanos().saturating_add(1));
    let stretch =
        Stretch { from: Bound::Included(place(start)), to: Bound::Excluded(place(end)), backward: false };
    let of_workflow = format!("{workflow}/");
    let mut tails = Vec::new();
    walk(rows, Family::DueOfUnit, &stretch, |key, _| {
        let tail = key.get(prefix.len()..).unwrap_or_default();
        if tail.get(8..).is_some_and(|case| case.starts_with(of_workflow.as_bytes())) {
            tails.push(tail.to_vec());
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(tails)
}

fn gathered(policies: &Policies, numbers: BTreeMap<Place, Numbers>) -> Counts {
    let unit = |id: &str| UnitId::new(id).map_or_else(|_| Named::bare(id), |id| Named::unit(policies, &id));
    let workflow =
        |id: &str| Name::new(id).map_or_else(|_| Named::bare(id), |id| policies.workflow_named(&id));
    let mut all = Numbers::default();
    let (mut units, mut workflows) = (BTreeMap::new(), BTreeMap::new());
    let mut cells = Vec::with_capacity(numbers.len());
    for ((unit_id, workflow_id), numbers) in numbers {
        all += numbers;
        *units.entry(unit_id.clone()).or_insert_with(Numbers::default) += numbers;
        *workflows.entry(workflow_id.clone()).or_insert_with(Numbers::default) += numbers;
        cells.push(Cell { unit: unit(&unit_id), workflow: workflow(&workflow_id), numbers });
    }
    let by_unit = units.into_iter().map(|(id, numbers)| Total { of: unit(&id), numbers }).collect();
    let by_workflow =
        workflows.into_iter().map(|(id, numbers)| Total { of: workflow(&id), numbers }).collect();
    Counts { all, by_unit, by_workflow, cells }
}
