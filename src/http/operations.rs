//! `GET status`, `POST rebuild` and `POST due`: what operators and tools ask for.

use axum::body::Body;

use super::answered::Answered;
use super::events::read;
use super::problem::Problem;
use super::site::Asked;
use crate::port::log::Log;
use crate::port::store::Store;

/// The largest body of due-date questions.
const MOST_DUE_BODY: usize = 8 * 1024 * 1024;

/// How the tenant's engine stands.
///
/// # Errors
/// A problem, as all routes.
pub async fn status<S: Store, L: Log>(asked: Asked<S, L>) -> Result<Answered, Problem> {
    asked.params(&[])?;
    Answered::json(&asked.tenant.handle.status())
}

/// Makes the projection again beside the running one, compares and switches.
///
/// # Errors
/// A problem when it could not.
pub async fn rebuild<S: Store, L: Log>(asked: Asked<S, L>) -> Result<Answered, Problem> {
    asked.params(&[])?;
    let rebuilt = asked.tenant.handle.rebuild().await;
    let rebuilt = rebuilt.map_err(|reason| Problem::new("rebuild.failed", reason))?;
    Answered::json(&rebuilt)
}

/// Computes due dates: one question as JSON, or one a line.
///
/// # Errors
/// A problem when there is no such calendar or the body is no text.
pub async fn due<S: Store, L: Log>(asked: Asked<S, L>, body: Body) -> Result<Answered, Problem> {
    let body = read(body, MOST_DUE_BODY).await?;
    let lines = std::str::from_utf8(&body)
        .map_err(|_| Problem::new("body.unreadable", "the questions are UTF-8 text"))?;
    answer_due(&asked, lines).await
}

/// The same for questions that are read already.
///
/// # Errors
/// A problem when there is no such calendar.
pub async fn answer_due<S: Store, L: Log>(asked: &Asked<S, L>, lines: &str) -> Result<Answered, Problem> {
    let params = asked.params(&["calendar"])?;
    let calendar = params.text("calendar").map(str::to_owned);
    // One question may be written over several lines.
    let single = serde_json::from_str::<serde_json::Value>(lines).ok().map(|question| question.to_string());
    let is_single = single.is_some();
    let lines = single.unwrap_or_else(|| lines.to_owned());
    let reader = asked.reader();
    let answers = tokio::task::spawn_blocking(move || reader.due(calendar.as_deref(), &lines));
    let answers = answers.await.map_err(|error| Problem::new("server.failed", error.to_string()))??;
    if is_single {
        return Ok(Answered::Json(answers.trim_end().as_bytes().to_vec()));
    }
    Ok(Answered::Lines(answers))
}
