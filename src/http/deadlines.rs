//! `GET overdue`, `upcoming` and `deadlines`: lists of deadlines.

use super::answered::Answered;
use super::params::Params;
use super::problem::Problem;
use super::site::Asked;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::deadlines::DeadlineFilter;

const KNOWN: &[&str] = &[
    "unit", "workflow", "state", "light", "from", "until", "dayFrom", "dayTo", "order", "at", "limit",
    "cursor",
];

/// What is overdue, the earliest due first.
///
/// # Errors
/// A problem, as all routes.
pub async fn overdue<S: Store, L: Log>(asked: Asked<S, L>) -> Result<Answered, Problem> {
    list(asked, &DeadlineFilter::overdue()).await
}

/// What is coming, the earliest due first.
///
/// # Errors
/// A problem.
pub async fn upcoming<S: Store, L: Log>(asked: Asked<S, L>) -> Result<Answered, Problem> {
    list(asked, &DeadlineFilter::upcoming()).await
}

/// Any deadlines.
///
/// # Errors
/// A problem.
pub async fn deadlines<S: Store, L: Log>(asked: Asked<S, L>) -> Result<Answered, Problem> {
    list(asked, &DeadlineFilter::default()).await
}

async fn list<S: Store, L: Log>(asked: Asked<S, L>, usual: &DeadlineFilter) -> Result<Answered, Problem> {
    let params = asked.params(KNOWN)?;
    let (filter, ask, at) = (filter(&params, usual)?, params.page()?, asked.at(&params)?);
    asked.answer(move |reader| reader.deadlines(&filter, &ask, at)).await
}

fn filter(params: &Params, usual: &DeadlineFilter) -> Result<DeadlineFilter, Problem> {
    let lights = params.lights()?;
    let outside = lights.iter().find(|light| !usual.lights.is_empty() && !usual.lights.contains(light));
    if let Some(light) = outside {
        let detail = "this list has no such light; ask for any at `deadlines`";
        return Err(Problem::new("parameter.invalid", detail).about("light", light.name()));
    }
    Ok(DeadlineFilter {
        unit: params.parsed("unit")?,
        workflow: params.parsed("workflow")?,
        state: params.parsed("state")?,
        lights: if lights.is_empty() { usual.lights.clone() } else { lights },
        due_from: params.instant("from")?,
        due_until: params.instant("until")?,
        day_from: params.parsed("dayFrom")?,
        day_to: params.parsed("dayTo")?,
        latest_first: params.word("order", &[("earliest", false), ("latest", true)])?.unwrap_or_default(),
        ..DeadlineFilter::default()
    })
}
