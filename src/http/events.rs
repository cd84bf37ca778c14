//! `POST events`: facts come in, one or a batch, and outcomes go out if waited for.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use bytes::BytesMut;
use futures::StreamExt as _;
use schemars::JsonSchema;
use serde::Serialize;

use super::problem::Problem;
use super::site::{Asked, json};
use crate::engine::handle::Outcome;
use crate::event::batch::{MOST_BATCH_BODY, read_http};
use crate::event::fact::{Fact, Malformed};
use crate::id::{Seq, TenantId};
use crate::port::log::Log;
use crate::port::store::Store;

/// The longest wait for an outcome, in seconds.
pub(super) const LONGEST_WAIT: u64 = 30;
/// How much of a body that is too large is read and dropped, in bytes.
const MOST_DROPPED: usize = 64 * 1024 * 1024;

/// What became of one posted fact.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PostedFact")]
pub(super) struct Posted<'a> {
    /// The fact's source.
    source: &'a str,
    /// The fact's id.
    id: &'a str,
    /// Its place in the intake: it is stored durably.
    intake_seq: Seq,
    /// What was decided; none when nobody waited or the wait was too short.
    #[serde(flatten)]
    outcome: Option<Outcome>,
}

/// What became of posted facts.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "PostedFacts")]
pub(super) struct Receipt<'a> {
    /// Whose intake it is.
    tenant: &'a TenantId,
    /// How many outcomes are not known yet.
    undecided: usize,
    /// One for each event, in their order.
    events: Vec<Posted<'a>>,
}

/// Stores facts; with `wait`, answers what became of them.
///
/// 200 with every outcome, 202 when some are not known yet, 422 for a single fact
/// that was refused; nothing is stored when any event is malformed.
///
/// # Errors
/// A problem, as all routes.
pub async fn post<S: Store, L: Log>(
    asked: Asked<S, L>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let params = asked.params(&["wait"])?;
    let wait = params.text("wait").map(wait).transpose()?;
    let body = read(body, MOST_BATCH_BODY).await?;
    let facts = stated(&asked, facts(&headers, &body)?)?;
    let places = asked.tenant.ingest.submit(&facts).await?;
    let outcomes = match wait {
        Some(within) => outcomes(&asked, &places, within).await,
        None => vec![None; places.len()],
    };
    let undecided = outcomes.iter().filter(|outcome| outcome.is_none()).count();
    if let [Some(outcome)] = outcomes.as_slice()
        && let Some(reason) = &outcome.reason
    {
        return Err(Problem::refused(reason, outcome));
    }
    let posted = |((fact, place), outcome): ((_, Seq), _)| {
        let fact: &Fact = fact;
        Posted { source: &fact.source, id: &fact.id, intake_seq: place, outcome }
    };
    let events = facts.iter().zip(places).zip(outcomes).map(posted).collect();
    let status = if undecided == 0 { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok(json(status, &Receipt { tenant: asked.tenant.handle.tenant(), undecided, events }))
}

/// A request's body, of at most `most` bytes.
///
/// What is too much is read on for a while and dropped: a client that is cut off
/// while it writes never sees why.
///
/// # Errors
/// A problem when it is larger, or breaks off.
pub async fn read(body: Body, most: usize) -> Result<Bytes, Problem> {
    let (mut whole, mut size) = (BytesMut::new(), 0_usize);
    let mut parts = body.into_data_stream();
    while let Some(part) = parts.next().await {
        let part = part.map_err(|error| Problem::new("body.unreadable", error.to_string()))?;
        size = size.saturating_add(part.len());
        if size <= most {
            whole.extend_from_slice(&part);
        } else if size > MOST_DROPPED {
            break;
        } else {
            whole = BytesMut::new();
        }
    }
    if size > most {
        let detail = format!("the body has more than {most} bytes; send less at a time");
        return Err(Problem::new("envelope.too-large", detail).about("body", ""));
    }
    Ok(whole.freeze())
}

/// The facts with who states them, if whoever asks may state each; what a sender says
/// of itself in `statedby` counts for nothing here.
///
/// # Errors
/// A problem that names the first that they may not.
pub fn stated<S: Store, L: Log>(asked: &Asked<S, L>, mut facts: Vec<Fact>) -> Result<Vec<Fact>, Problem> {
    let (viewer, tenant) = (&asked.viewer, asked.tenant.handle.tenant());
    let (by, is_batch) = (viewer.stated_by(), facts.len() > 1);
    for (index, fact) in facts.iter_mut().enumerate() {
        viewer
            .may_state(tenant, fact)
            .map_err(|denial| Problem::denied(denial, fact, is_batch.then_some(index)))?;
        fact.stated_by.clone_from(&by);
    }
    Ok(facts)
}

fn facts(headers: &HeaderMap, body: &[u8]) -> Result<Vec<Fact>, Problem> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let named: Vec<(String, String)> = headers
        .iter()
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    let events = read_http(content_type, &named, body).map_err(|fault| Problem::from(*fault))?;
    let of = events.len();
    let (mut facts, mut faults) = (Vec::with_capacity(of), Vec::new());
    for (index, event) in events.into_iter().enumerate() {
        match event {
            Ok(fact) => facts.push(fact),
            Err(fault) => faults.push((index, fault)),
        }
    }
    if faults.is_empty() {
        return Ok(facts);
    }
    let faults: Vec<(usize, &Malformed)> = faults.iter().map(|(index, fault)| (*index, &**fault)).collect();
    Err(Problem::malformed(&faults, of))
}

/// The outcomes of the records at `places`, as far as they are known in time.
async fn outcomes<S: Store, L: Log>(
    asked: &Asked<S, L>,
    places: &[Seq],
    within: Duration,
) -> Vec<Option<Outcome>> {
    let handle = &asked.tenant.handle;
    let promises: Vec<_> = places.iter().map(|place| handle.expect(*place)).collect();
    let until = tokio::time::Instant::now() + within;
    let mut outcomes = Vec::with_capacity(promises.len());
    for promise in promises {
        let left = until.saturating_duration_since(tokio::time::Instant::now());
        outcomes.push(handle.outcome(promise, left).await);
    }
    outcomes
}

/// `5s`, `1500ms` or `5`: at most half a minute.
fn wait(text: &str) -> Result<Duration, Problem> {
    let number = |text: &str| text.parse::<u64>().ok();
    let wait = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(millis), _) => number(millis).map(Duration::from_millis),
        (None, Some(seconds)) => number(seconds).map(Duration::from_secs),
        (None, None) => number(text).map(Duration::from_secs),
    };
    wait.filter(|wait| *wait <= Duration::from_secs(LONGEST_WAIT)).ok_or_else(|| {
        let detail = format!("give seconds or milliseconds, such as 5s or 500ms, at most {LONGEST_WAIT}s");
        Problem::new("parameter.invalid", detail).about("wait", text)
    })
}
