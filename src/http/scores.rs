//! `GET rankings`, `scores/{unit}`, `targets` and `bulletin`.

use super::answered::Answered;
use super::problem::Problem;
use super::site::Asked;
use crate::calendar::Period;
use crate::id::{Name, UnitId};
use crate::port::log::Log;
use crate::port::store::Store;

/// A ranking as it was published, beside what the figures give now.
///
/// # Errors
/// A problem, as all routes.
pub async fn rankings<S: Store, L: Log>(asked: Asked<S, L>) -> Result<Answered, Problem> {
    let params = asked.params(&["scorecard", "period", "at"])?;
    let (scorecard, period) = (params.parsed::<Name>("scorecard")?, params.parsed::<Period>("period")?);
    let at = asked.at(&params)?;
    asked.answer(move |reader| reader.ranking(scorecard.as_ref(), period, at)).await
}

/// One unit's score with every item explained.
///
/// # Errors
/// A problem.
pub async fn score<S: Store, L: Log>(asked: Asked<S, L>) -> Result<Answered, Problem> {
    let params = asked.params(&["scorecard", "period", "at"])?;
    let (scorecard, period) = (params.parsed::<Name>("scorecard")?, params.parsed::<Period>("period")?);
    let (unit, at) = (asked.path("unit").to_owned(), asked.at(&params)?);
    let unit = UnitId::new(&unit)
        .map_err(|error| Problem::new("parameter.invalid", error.to_string()).about("unit", &unit))?;
    asked.answer(move |reader| reader.score(&unit, scorecard.as_ref(), period, at)).await
}

/// How units stand to the targets.
///
/// # Errors
/// A problem.
pub async fn targets<S: Store, L: Log>(asked: Asked<S, L>) -> Result<Answered, Problem> {
    let params = asked.params(&["unit", "target", "period", "at"])?;
    let (unit, target) = (params.parsed::<UnitId>("unit")?, params.parsed::<Name>("target")?);
    let (period, at) = (params.parsed::<Period>("period")?, asked.at(&params)?);
    asked.answer(move |reader| reader.targets(unit.as_ref(), target.as_ref(), period, at)).await
}

/// How the deadlines of a period ended, by unit and by workflow: the figures of the
/// bulletin.
///
/// # Errors
/// A problem.
pub async fn bulletin<S: Store, L: Log>(asked: Asked<S, L>) -> Result<Answered, Problem> {
    let params = asked.params(&["period", "at"])?;
    let (period, at) = (params.parsed::<Period>("period")?, asked.at(&params)?);
    asked.answer(move |reader| reader.bulletin(period, at)).await
}
