//! The ledger as a file: CSV for any program, a workbook for Excel.
//!
//! Both hold the rows and columns that the page's filter gives, as of one ledger
//! entry, and say which. The columns are told once ([`Sheet`]), so that the two
//! cannot differ.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

use super::failure::Failure;
use super::ledger::Asked;
use super::sheet::{Sheet, open_sheet, settled_sheet};
use super::visit::Visit;
use super::{csv, workbook};
use crate::http::problem::Problem;
use crate::port::log::Log;
use crate::port::store::Store;

/// The ledger as CSV.
pub async fn ledger_csv<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let sheet = sheet(&visit).await?;
    let body = csv::written(&sheet);
    Ok(file(&visit, "csv", "text/csv; charset=utf-8", body))
}

/// The ledger as a workbook.
pub async fn ledger_xlsx<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let sheet = sheet(&visit).await?;
    let written = tokio::task::spawn_blocking(move || workbook::written(&sheet)).await;
    let failed = |text: String| visit.failed(Problem::new("server.failed", text));
    let body =
        written.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))?;
    Ok(file(&visit, "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body))
}

async fn sheet<S: Store, L: Log>(visit: &Visit<S, L>) -> Result<Sheet, Failure> {
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

/// A file to be kept, under a name that says whose it is and of which day.
fn file<S: Store, L: Log>(visit: &Visit<S, L>, end: &str, media: &'static str, body: Vec<u8>) -> Response {
    let (tenant, day) = (&visit.view.tenant, visit.view.home.today);
    let named = format!("attachment; filename=\"duban-{tenant}-{day}.{end}\"");
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    if let Ok(named) = HeaderValue::from_str(&named) {
        headers.insert(header::CONTENT_DISPOSITION, named);
    }
    response
}
