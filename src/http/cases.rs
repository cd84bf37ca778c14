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
    let id = CaseId::new(asked.path("id")).map_err(|error| {
        Problem::new("thing.unknown", format!("failed to {error}")).about("id", asked.path("id"))
    })?;
    let (at, lang) = (asked.at(&params)?, params.lang()?);
    let as_text = params.word("format", &[("text", true), ("json", false)])?.unwrap_or(asked.wants_text);
    let answer = asked.reader().case(&id, at).await?;
    if as_text { Ok(Answered::Text(text_page(&answer, lang))) } else { Answered::json(&answer) }
}
