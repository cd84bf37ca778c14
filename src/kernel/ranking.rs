//! Rankings: the units of a scorecard in order, published when a period is over.
//!
//! What is published stays as it was. Whoever wants to know what corrections would
//! change computes again with [`ranked`] and compares.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::row::{Case, Family, RankingRow, Schedule};
use super::score::measure::{Books, Measure};
use super::score::{self, CardScore, Figures};
use super::state::{Backing, State, StateError};
use super::tally::Tallied;
use super::turn::{About, Turn};
use crate::calendar::{Calendar, Period, due};
use crate::event::catalogue::{Event, FirstPeriod, RankedUnit, RankingPublished};
use crate::exact::Exact;
use crate::id::{ItemName, Name, Sha, UnitId};
use crate::policy::definition::score::{Rank, RankBy, Scorecard};
use crate::policy::set::PolicySet;
use crate::time::Instant;

/// How many periods ahead the first one is looked for that is still to be published.
const MOST_PERIODS_AHEAD: usize = 60;

/// A unit with its score and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// The unit.
    pub unit: UnitId,
    /// Its place from 1; equals share one. None when no item applies to the unit.
    pub rank: Option<u32>,
    /// Its points.
    pub score: CardScore,
    /// The figures that they come from.
    pub figures: BTreeMap<ItemName, Figures>,
}

/// Scores all units of a scorecard up to a day and puts them in order: by place,
/// equals in the order of the scorecard, those without a place at the end.
///
/// # Errors
/// When the books cannot be read.
pub fn ranked<B: Books>(
    books: &B,
    policies: &PolicySet,
    calendar: &Calendar,
    card: &Scorecard,
    last_day: NaiveDate,
) -> Result<Vec<Ranked>, B::Error> {
    let mut units = Vec::new();
    for unit in &card.units {
        let figures = Measure { books, policies, calendar, unit, last_day }.card(card)?;
        let score = score::card(card, &figures);
        units.push(Ranked { unit: unit.clone(), rank: None, score, figures });
    }
    let by = card.rank.as_ref().map_or(RankBy::Total, |rank| rank.by);
    place(by, &mut units);
    Ok(units)
}

fn place(by: RankBy, units: &mut [Ranked]) {
    let value = |unit: &Ranked| -> Option<Exact> {
        let share = unit.score.share()?;
        Some(match by {
            RankBy::Total => unit.score.points.clone(),
            RankBy::Share => share,
        })
    };
    // The sort is stable: equals stay in the order of the scorecard.
    units.sort_by_cached_key(|unit| Reverse(value(unit)));
    let mut before: Option<(Exact, u32)> = None;
    for (place, unit) in (1_u32..).zip(units) {
        let Some(value) = value(unit) else { continue };
        let rank = before.filter(|(other, _)| *other == value).map_or(place, |(_, rank)| rank);
        unit.rank = Some(rank);
        before = Some((value, rank));
    }
}

/// The key of the schedule of a scorecard's rankings; no workflow has a slash.
#[must_use]
pub fn schedule_key(scorecard: &Name) -> Vec<u8> {
    format!("ranking/{scorecard}").into_bytes()
}

/// The key of a published ranking.
#[must_use]
pub fn ranking_key(scorecard: &Name, period: &Period) -> Vec<u8> {
    format!("{scorecard}\0{period}").into_bytes()
}

/// When the ranking of a period is published; never when its rule has no answer.
fn published_at(calendar: &Calendar, rank: &Rank, period: &Period) -> Instant {
    let over = calendar.midnight(period.end());
    due(calendar, &rank.publish, over, &[]).map_or(Instant::MAX, |due| due.at)
}

fn calendar_of<'a>(policies: &'a PolicySet, card: &Scorecard) -> Option<&'a Calendar> {
    policies.calendar(&card.rank.as_ref()?.calendar).map(|(_, calendar)| calendar)
}

/// Where the rankings of a scorecard begin that had none before, or none any more:
/// with the first period whose publication is still to come.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub(super) fn first<B: Backing>(
    state: &State<B>,
    policies: &PolicySet,
    card: &Scorecard,
    now: Instant,
) -> Result<Option<FirstPeriod>, StateError> {
    let schedule = state.row::<Schedule>(Family::Schedule, &schedule_key(&card.name))?;
    let goes_on = schedule.is_some_and(|schedule| schedule.opens_at != Instant::MAX);
    let (Some(rank), Some(calendar), false) = (&card.rank, calendar_of(policies, card), goes_on) else {
        return Ok(None);
    };
    let from = calendar.local_date(now).max(card.effective.from);
    let begin = Period::containing(rank.every, from).previous();
    let ahead = std::iter::successors(Some(begin), |period| Some(period.next())).take(MOST_PERIODS_AHEAD);
    let mut still = ahead.filter(|period| period.last_day() >= card.effective.from);
    let first = still.find_map(|period| {
        let opens_at = published_at(calendar, rank, &period);
        (opens_at > now && opens_at != Instant::MAX).then_some(FirstPeriod { period, opens_at })
    });
    Ok(first)
}

/// The period after one, and when its ranking is published: by the version that is
/// in force then, or the next one that begins.
fn following(policies: &PolicySet, name: &Name, after: Period) -> (Period, Instant) {
    let day = after.end();
    let later = || {
        let begin_later = policies.scorecard_versions(name).filter(|card| card.effective.from > day);
        begin_later.min_by_key(|card| card.effective.from).cloned()
    };
    let card = policies.scorecard_on(name, day).map(|(_, card)| card).or_else(later);
    let parts =
        card.as_ref().and_then(|card| Some((card, card.rank.as_ref()?, calendar_of(policies, card)?)));
    let Some((card, rank, calendar)) = parts else { return (after.next(), Instant::MAX) };
    let around = Period::containing(rank.every, day.max(card.effective.from));
    // A version of another length begins with its first whole period.
    let next = if around.start() < day { around.next() } else { around };
    (next, published_at(calendar, rank, &next))
}

/// Publishes the ranking whose turn it is.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub(super) fn publish<B: Backing>(
    turn: &mut Turn<'_, B>,
    at: Instant,
    name: &Name,
) -> Result<(), StateError> {
    let Some(schedule) = turn.state.row::<Schedule>(Family::Schedule, &schedule_key(name))? else {
        return Err(StateError::Row {
            family: Family::Timer.name(),
            key: name.to_string(),
            reason: "no ranking of it was scheduled".into(),
        });
    };
    let (policies, period) = (turn.state.policies().clone(), schedule.period);
    let (next, next_at) = following(&policies, name, period);
    let judge = policies.scorecard_on(name, period.last_day());
    let judge = judge.and_then(|(sha, card)| Some((sha, calendar_of(&policies, &card)?, card)));
    // Where no version is in force nobody is ranked; the next one goes on.
    let (policy, rows) = match &judge {
        Some((sha, calendar, card)) => (*sha, rows(turn.state, &policies, calendar, card, &period)?),
        None => (Sha::ZERO, Vec::new()),
    };
    let published =
        RankingPublished { scorecard: name.clone(), policy, period, rows, next, next_at: next_at.max(at) };
    let about = About { policy: judge.map(|(sha, ..)| sha), ..About::default() };
    turn.emit(at, &about, Event::RankingPublished(Box::new(published)))
}

fn rows<B: Backing>(
    state: &State<B>,
    policies: &PolicySet,
    calendar: &Calendar,
    card: &Scorecard,
    period: &Period,
) -> Result<Vec<RankedUnit>, StateError> {
    let before: Option<RankingRow> =
        state.row(Family::Ranking, &ranking_key(&card.name, &period.previous()))?;
    let before: BTreeMap<UnitId, Option<u32>> =
        before.into_iter().flat_map(|it| it.rows).map(|row| (row.unit, row.rank)).collect();
    let units = ranked(state, policies, calendar, card, period.last_day())?;
    Ok(units.into_iter().map(|unit| row(unit, &before)).collect())
}

fn row(ranked: Ranked, before: &BTreeMap<UnitId, Option<u32>>) -> RankedUnit {
    let items = ranked.score.sections.iter().flat_map(|section| &section.items);
    RankedUnit {
        rank: ranked.rank,
        before: before.get(&ranked.unit).copied().flatten(),
        items: items.map(|item| item.applicable.then(|| item.points.clone())).collect(),
        points: ranked.score.points,
        attainable: ranked.score.attainable,
        unit: ranked.unit,
    }
}

impl<B: Backing> Books for State<B> {
    type Error = StateError;

    fn tallied(
        &self,
        unit: &UnitId,
        name: &str,
        of: Tallied,
        span: (Instant, Instant),
    ) -> Result<i64, StateError> {
        Self::tallied(self, unit, name, of, span)
    }

    fn cases(&self, prefix: &str) -> Result<Vec<Case>, StateError> {
        self.cases_under(prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unit(name: &str, points: i64, attainable: i64) -> Ranked {
        let score = CardScore {
            points: Exact::from(points),
            attainable: Exact::from(attainable),
            sections: Vec::new(),
        };
        let unit = UnitId::new(name).expect("a unit");
        Ranked { unit, rank: None, score, figures: BTreeMap::new() }
    }

    fn placed(by: RankBy, mut units: Vec<Ranked>) -> Vec<(String, Option<u32>)> {
        place(by, &mut units);
        units.into_iter().map(|it| (it.unit.to_string(), it.rank)).collect()
    }

    #[test]
    fn equals_share_a_place_and_the_next_one_is_left_out() {
        let units =
            vec![unit("a", 5, 10), unit("b", 0, 0), unit("c", 9, 10), unit("d", 5, 20), unit("e", 1, 10)];
        let expected = [("c", Some(1)), ("a", Some(2)), ("d", Some(2)), ("e", Some(4)), ("b", None)];
        let expected = expected.map(|(name, rank)| (name.to_owned(), rank));
        assert_eq!(placed(RankBy::Total, units.clone()), expected);
        let by_share = placed(RankBy::Share, units);
        let names: Vec<&str> = by_share.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["c", "a", "d", "e", "b"]);
        assert_eq!(by_share[2].1, Some(3));
    }
}
