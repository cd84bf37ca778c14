//! How units stood in the rankings of a scorecard, period after period.
//!
//! Only what was published counts; it is read from the rows and never computed again.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Serialize;

use super::error::QueryError;
use super::rows::{Stretch, decode, walk};
use crate::calendar::Period;
use crate::exact::Exact;
use crate::id::{Name, UnitId};
use crate::kernel::row::{Family, RankingRow};
use crate::port::store::Rows;

/// How many periods are told: a year of months.
pub const MOST_PERIODS: usize = 12;

/// A unit's place in one published ranking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TrendPoint {
    /// The period.
    pub period: String,
    /// The place; none when no item applied.
    pub rank: Option<u32>,
    /// The points over what could be reached, in percent with two decimal places.
    pub percent: Option<String>,
}

/// The latest published rankings of a scorecard by unit, oldest first.
pub type Trend = BTreeMap<UnitId, Vec<TrendPoint>>;

/// The trend of one scorecard.
///
/// # Errors
/// [`QueryError`] when the projection cannot be read.
pub fn trend(rows: &impl Rows, scorecard: &Name) -> Result<Trend, QueryError> {
    let mut rankings: Vec<(Period, RankingRow)> = Vec::new();
    let prefix = format!("{scorecard}\0");
    walk(rows, Family::Ranking, &Stretch::of_prefix(prefix.as_bytes()), |key, row| {
        let ranking: RankingRow = decode(Family::Ranking, key, row)?;
        rankings.push((ranking.period, ranking));
        Ok(ControlFlow::Continue(()))
    })?;
    rankings.sort_by_key(|(period, _)| (period.end(), period.start()));
    let later = rankings.len().saturating_sub(MOST_PERIODS);
    let mut trend = Trend::new();
    for (period, ranking) in rankings.split_off(later) {
        for row in ranking.rows {
            let share = row.points.over(&row.attainable);
            let percent = share.map(|share| (share * &Exact::from(100)).shown());
            let point = TrendPoint { period: period.to_string(), rank: row.rank, percent };
            trend.entry(row.unit).or_default().push(point);
        }
    }
    Ok(trend)
}
