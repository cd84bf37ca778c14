//! `GET cases` and `cases/{id}`: lists of cases, and one case told in full.

use super::answered::Answered;
use super::problem::Problem;
use super::site::Asked;
use crate::id::CaseId;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::cases::CaseFilter;
use crate::query::text_page::text_page;

const KNOWN: &[&str] = &["unit", "workflow", "state", "open", "at", "limit", "cursor"];

/// A page of cases.
///
/// # Errors
/// A problem, as all routes.
pub async fn cases<S: Store, L: Log>(asked: Asked<S, L>) -> Result<Answered, Problem> {
    let params = asked.params(KNOWN)?;
    let filter = CaseFilter {
        workflow: params.parsed("workflow")?,
        unit: params.parsed("unit")?,
        state: params.parsed("state")?,
        open: params.word("open", &[("true", true), ("false", false)])?,
        ..CaseFilter::default()
    };
    let (ask, at) = (params.page()?, asked.at(&params)?);
    asked.answer(move |reader| reader.cases(&filter, &ask, at)).await
}

/// One case, as JSON or as a page of text.
///
/// # Errors
/// A problem.
pub async fn case<S: Store, L: Log>(asked: Asked<S, L>) -> Result<Answered, Problem> {
    let params = asked.params(&["at", "format", "lang"])?;
    let id = named("id", asked.path("id"))?;
    let (at, lang) = (asked.at(&params)?, params.lang()?);
    let as_text = params.word("format", &[("text", true), ("json", false)])?.unwrap_or(asked.wants_text);
    let answer = asked.reader().case(&id, at).await?;
    if as_text { Ok(Answered::Text(text_page(&answer, lang))) } else { Answered::json(&answer) }
}

/// The case of a name; what is no name names no case that is there.
///
/// # Errors
/// A problem.
pub fn named(field: &str, name: &str) -> Result<CaseId, Problem> {
    let wrong = |error| Problem::new("thing.unknown", format!("failed to {error}")).about(field, name);
    CaseId::new(name).map_err(wrong)
}
