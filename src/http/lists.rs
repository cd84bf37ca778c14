//! `GET refusals`, `counts`, `policies` and `calendars`.

use super::answered::Answered;
use super::problem::Problem;
use super::site::Asked;
use crate::id::UnitId;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::refusals::RefusalFilter;

/// A page of refused facts, the newest first.
///
/// # Errors
/// A problem, as all routes.
pub async fn refusals<S: Store, L: Log>(asked: Asked<S, L>) -> Result<Answered, Problem> {
    let params = asked.params(&["actor", "rule", "type", "since", "limit", "cursor"])?;
    let filter = RefusalFilter {
        actor: params.parsed("actor")?,
        rule: params.text("rule").map(str::to_owned),
        kind: params.parsed("type")?,
        since: params.instant("since")?,
        ..RefusalFilter::default()
    };
    let (ask, at) = (params.page()?, asked.at(&params)?);
    asked.answer(move |reader| reader.refusals(&filter, &ask, at)).await
}

/// Counts per unit and workflow.
///
/// # Errors
/// A problem.
pub async fn counts<S: Store, L: Log>(asked: Asked<S, L>) -> Result<Answered, Problem> {
    let params = asked.params(&["unit", "at"])?;
    let (unit, at) = (params.parsed::<UnitId>("unit")?, asked.at(&params)?);
    asked.answer(move |reader| reader.counts(unit.as_ref(), at)).await
}

/// The definitions in force.
///
/// # Errors
/// A problem.
pub async fn policies<S: Store, L: Log>(asked: Asked<S, L>) -> Result<Answered, Problem> {
    let params = asked.params(&[])?;
    let at = asked.at(&params)?;
    asked.answer(move |reader| reader.policies(at)).await
}

/// One definition with its versions.
///
/// # Errors
/// A problem.
pub async fn policy<S: Store, L: Log>(asked: Asked<S, L>) -> Result<Answered, Problem> {
    let params = asked.params(&["version"])?;
    let (kind, name) = (asked.path("kind").to_owned(), asked.path("name").to_owned());
    let (version, at) = (params.text("version").map(str::to_owned), asked.at(&params)?);
    asked.answer(move |reader| reader.policy(&kind, &name, version.as_deref(), at)).await
}

/// One year of a calendar; the present one when none is named.
///
/// # Errors
/// A problem.
pub async fn calendar<S: Store, L: Log>(asked: Asked<S, L>) -> Result<Answered, Problem> {
    let params = asked.params(&["year"])?;
    let (name, year) = (asked.path("name").to_owned(), params.parsed::<i32>("year")?);
    let at = asked.at(&params)?;
    asked.answer(move |reader| reader.calendar_year(&name, year, at)).await
}
