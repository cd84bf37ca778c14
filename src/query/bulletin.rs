//! What a bulletin 通报 says of a period: how its deadlines ended, unit by unit, and
//! which of them are still overdue.
//!
//! A deadline belongs to the period in which its last day lies. Of a period that is
//! under way, the days before today count, since those of today can still be met.
//! Everything comes from one still view.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use super::agenda::Buckets;
use super::breaches::Outcomes;
use super::counts::{Counts, counts};
use super::deadline_row::DeadlineRow;
use super::deadlines::{DeadlineFilter, deadlines};
use super::error::QueryError;
use super::naming::Named;
use super::page::PageAsk;
use super::policy_cache::Policies;
use super::rankings::{RankingAnswer, ranking};
use crate::calendar::{Calendar, Period, PeriodKind};
use crate::id::UnitId;
use crate::identity::sight::Scope;
use crate::port::store::Rows;
use crate::time::Instant;

/// The most overdue deadlines that are listed; a bulletin is read on paper.
pub const MOST_LISTED: usize = 500;
/// No deadline lies before this year; what is earlier than a period begins here.
const BEGINNING: i32 = 1990;

/// How the deadlines of one unit, or of one workflow, ended.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Share {
    /// The unit or the workflow.
    pub of: Named,
    /// Its place among all by the share met in time; equals share one, and the places
    /// behind them are left out.
    pub rank: u32,
    /// How they ended.
    #[serde(flatten)]
    pub outcomes: Outcomes,
}

/// A period, as a bulletin tells it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bulletin {
    /// The period.
    pub period: Period,
    /// Its first day.
    pub first_day: NaiveDate,
    /// Its last day, or the last one that is over.
    pub last_day: NaiveDate,
    /// Whether all of it is over.
    pub complete: bool,
    /// How all deadlines of it ended.
    pub all: Outcomes,
    /// How those of the period before ended.
    pub before: Outcomes,
    /// By unit, the best share first; units of which nothing was due are left out.
    pub units: Vec<Share>,
    /// By workflow, likewise.
    pub workflows: Vec<Share>,
    /// How many of the period's deadlines run on overdue.
    pub overdue: i64,
    /// Those, the earliest due first, at most [`MOST_LISTED`].
    pub listed: Vec<DeadlineRow>,
    /// How many that fell due before the period run on overdue.
    pub earlier: i64,
    /// The rankings that were published for the period.
    pub rankings: Vec<RankingAnswer>,
}

/// The bulletin of `period` at `at`, of one unit or of all as far as `scope` goes.
///
/// # Errors
/// [`QueryError::Asked`] when no day of the period is over, or there is no calendar;
/// others when the projection cannot be read.
pub fn bulletin(
    rows: &impl Rows,
    policies: &Policies,
    (unit, scope): (Option<&UnitId>, &Scope),
    period: Period,
    at: Instant,
) -> Result<Bulletin, QueryError> {
    let wrong = |hint: &str| QueryError::asked("period", &period.to_string(), hint);
    let calendar =
        policies.home_calendar().ok_or_else(|| wrong("there is no calendar yet to count days by"))?;
    let yesterday = calendar.local_date(at).pred_opt().unwrap_or(period.start());
    let (first_day, last_day) = (period.start(), period.last_day().min(yesterday));
    if last_day < first_day {
        return Err(wrong("no day of this period is over yet; give an earlier one"));
    }
    let counts = counts(rows, policies, unit, scope, at)?;
    let found = Found::read(rows, calendar, &counts, (first_day, last_day))?;
    let before = period.previous();
    let before = Found::read(rows, calendar, &counts, (before.start(), before.last_day()))?;
    let listed = listed(rows, policies, (unit, scope), (first_day, last_day), at)?;
    let buckets = Buckets::read(rows, unit)?;
    let beginning = NaiveDate::from_ymd_opt(BEGINNING, 1, 1).unwrap_or(first_day);
    let before_first = first_day.pred_opt().unwrap_or(first_day);
    Ok(Bulletin {
        period,
        first_day,
        last_day,
        complete: last_day == period.last_day(),
        all: found.all,
        before: before.all,
        units: shares(found.units),
        workflows: shares(found.workflows),
        overdue: buckets.ending(calendar, first_day, last_day)?,
        listed,
        earlier: buckets.ending(calendar, beginning, before_first)?,
        rankings: rankings(rows, policies, scope, period, at)?,
    })
}

/// The whole period of a kind that was over last.
#[must_use]
pub fn last(kind: PeriodKind, today: NaiveDate) -> Period {
    Period::containing(kind, today).previous()
}

/// Outcomes of a span of days, summed in three ways.
#[derive(Default)]
struct Found {
    all: Outcomes,
    units: BTreeMap<String, (Named, Outcomes)>,
    workflows: BTreeMap<String, (Named, Outcomes)>,
}

impl Found {
    fn read(
        rows: &impl Rows,
        calendar: &Calendar,
        counts: &Counts,
        (from, to): (NaiveDate, NaiveDate),
    ) -> Result<Self, QueryError> {
        let span = (calendar.midnight(from), calendar.day_end(to));
        let mut found = Self::default();
        for cell in &counts.cells {
            let Ok(unit) = UnitId::new(&cell.unit.id) else { continue };
            let outcomes = Outcomes::read(rows, &unit, &cell.workflow.id, span)?;
            found.all += outcomes;
            for (sums, of) in [(&mut found.units, &cell.unit), (&mut found.workflows, &cell.workflow)] {
                let sum = sums.entry(of.id.clone()).or_insert_with(|| (of.clone(), Outcomes::default()));
                sum.1 += outcomes;
            }
        }
        Ok(found)
    }
}

/// Places by the share met in time. Shares are compared as products, so that none is
/// rounded; among equals the one with more to do stands first, then the id decides.
fn shares(found: BTreeMap<String, (Named, Outcomes)>) -> Vec<Share> {
    let product = |one: &Outcomes, other: &Outcomes| i128::from(one.in_time) * i128::from(other.due());
    let mut found: Vec<(Named, Outcomes)> = found.into_values().filter(|(_, it)| it.due() > 0).collect();
    found.sort_by(|(a, one), (b, other)| {
        let by_share = product(other, one).cmp(&product(one, other));
        by_share.then(other.due().cmp(&one.due())).then_with(|| a.id.cmp(&b.id))
    });
    let mut shares: Vec<Share> = Vec::with_capacity(found.len());
    for ((of, outcomes), place) in found.into_iter().zip(1_u32..) {
        let equal =
            shares.last().filter(|it| product(&it.outcomes, &outcomes) == product(&outcomes, &it.outcomes));
        let rank = equal.map_or(place, |it| it.rank);
        shares.push(Share { of, rank, outcomes });
    }
    shares
}

fn listed(
    rows: &impl Rows,
    policies: &Policies,
    (unit, scope): (Option<&UnitId>, &Scope),
    (from, to): (NaiveDate, NaiveDate),
    at: Instant,
) -> Result<Vec<DeadlineRow>, QueryError> {
    let filter = DeadlineFilter {
        unit: unit.cloned(),
        day_from: Some(from),
        day_to: Some(to),
        scope: scope.clone(),
        ..DeadlineFilter::overdue()
    };
    let mut ask = PageAsk::new(Some(MOST_LISTED), None)?;
    let mut listed = Vec::new();
    loop {
        let page = deadlines(rows, policies, &filter, &ask, at)?;
        listed.extend(page.rows);
        let Some(next) = page.next.filter(|_| listed.len() < MOST_LISTED) else { break };
        ask.cursor = Some(next);
    }
    listed.truncate(MOST_LISTED);
    Ok(listed)
}

fn rankings(
    rows: &impl Rows,
    policies: &Policies,
    scope: &Scope,
    period: Period,
    at: Instant,
) -> Result<Vec<RankingAnswer>, QueryError> {
    let mut published = Vec::new();
    for name in policies.set.scorecard_names() {
        let latest = policies.set.latest_scorecard(name);
        let ranks = latest.and_then(|(_, card)| card.rank.as_ref().map(|rank| rank.every));
        if ranks == Some(period.kind()) {
            let mut answer = ranking(rows, policies, Some(name), Some(period), at)?;
            answer.keep_to(scope);
            published.extend(Some(answer).filter(|answer| answer.published.is_some()));
        }
    }
    Ok(published)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(id: &str, in_time: i64, met_late: i64, unmet: i64) -> (String, (Named, Outcomes)) {
        (id.to_owned(), (Named::new(id, id, id), Outcomes { in_time, met_late, unmet }))
    }

    #[test]
    fn equals_share_a_place_and_who_owed_nothing_has_none() {
        let found = BTreeMap::from([
            of("a", 1, 1, 1),
            of("b", 0, 0, 0),
            of("c", 2, 0, 4),
            of("d", 3, 0, 0),
            of("e", 0, 1, 0),
        ]);
        let placed: Vec<_> = shares(found).into_iter().map(|it| (it.of.id, it.rank)).collect();
        let expected = [("d", 1), ("c", 2), ("a", 2), ("e", 4)];
        assert_eq!(placed, expected.map(|(id, rank)| (id.to_owned(), rank)));
        assert_eq!(Outcomes { in_time: 1, met_late: 1, unmet: 1 }.percent().as_deref(), Some("33.33"));
        assert_eq!(Outcomes::default().percent(), None);
    }
}
