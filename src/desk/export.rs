//! Lists as files: CSV for any program, a workbook for Excel.
//!
//! Both hold the rows and columns that the page's filter gives, as of one ledger
//! entry, and say which. The columns are told once ([`Sheet`]), so that the two
//! cannot differ.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::failure::Failure;
use super::ledger::Asked;
use super::rankings::which;
use super::sheet::{Sheet, open_sheet, ranking_sheet, settled_sheet};
use super::visit::Visit;
use super::{csv, workbook};
use crate::http::problem::Problem;
use crate::port::log::Log;
use crate::port::store::Store;

/// The ledger as CSV.
pub async fn ledger_csv<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let sheet = ledger(&visit).await?;
    Ok(as_csv(&visit, "", &sheet))
}

/// The ledger as a workbook.
pub async fn ledger_xlsx<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let sheet = ledger(&visit).await?;
    as_workbook(&visit, "", sheet).await
}

/// A ranking as CSV.
pub async fn rankings_csv<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let sheet = ranking(&visit).await?;
    Ok(as_csv(&visit, "rankings", &sheet))
}

/// A ranking as a workbook.
pub async fn rankings_xlsx<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let sheet = ranking(&visit).await?;
    as_workbook(&visit, "rankings", sheet).await
}

async fn ranking<S: Store, L: Log>(visit: &Visit<S, L>) -> Result<Sheet, Failure> {
    let (scorecard, period) = which(&visit.params).map_err(|problem| visit.failed(problem))?;
    let found = visit.ask(move |reader, at| reader.ranking(scorecard.as_ref(), period, at)).await?;
    Ok(ranking_sheet(&visit.view, &found))
}

async fn ledger<S: Store, L: Log>(visit: &Visit<S, L>) -> Result<Sheet, Failure> {
    let asked = Asked::read(&visit.params).map_err(|problem| visit.failed(problem))?;
    let of_question = asked.clone();
    if asked.settled {
        let found =
            visit.ask(move |reader, at| reader.all_settled(&of_question.filter, of_question.late, at));
        return Ok(settled_sheet(&visit.view, &found.await?));
    }
    let found = visit.ask(move |reader, at| reader.all_deadlines(&of_question.filter, at)).await?;
    Ok(open_sheet(&visit.view, &found))
}

fn as_csv<S: Store, L: Log>(visit: &Visit<S, L>, what: &str, sheet: &Sheet) -> Response {
    file(visit, &ending(what, "csv"), "text/csv; charset=utf-8", csv::written(sheet))
}

async fn as_workbook<S: Store, L: Log>(
    visit: &Visit<S, L>,
    what: &str,
    sheet: Sheet,
) -> Result<Response, Failure> {
    let written = tokio::task::spawn_blocking(move || workbook::written(&sheet)).await;
    let failed = |text: String| visit.failed(Problem::new("server.failed", text));
    let body =
        written.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))?;
    let media = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    Ok(file(visit, &ending(what, "xlsx"), media, body))
}

fn ending(what: &str, end: &str) -> String {
    if what.is_empty() { end.to_owned() } else { format!("{what}.{end}") }
}

/// A file to be kept, under a name that says whose it is and of which day, with what it
/// ends in.
pub fn file<S: Store, L: Log>(
    visit: &Visit<S, L>,
    end: &str,
    media: &'static str,
    body: Vec<u8>,
) -> Response {
    let (tenant, day) = (&visit.view.tenant, visit.view.home.today);
    let between = if end.contains('.') { "-" } else { "." };
    let named = format!("attachment; filename=\"duban-{tenant}-{day}{between}{end}\"");
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    if let Ok(named) = HeaderValue::from_str(&named) {
        headers.insert(header::CONTENT_DISPOSITION, named);
    }
    response
}
