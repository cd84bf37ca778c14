//! What went wrong, as RFC 9457 problem documents; one table for all of it.
//!
//! A rule names each problem for good; clients may act on it. The request's place
//! is filled in where the answer leaves ([`super::watch`]).

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::engine::handle::Outcome;
use crate::engine::ingest::SubmitError;
use crate::event::catalogue::Reason;
use crate::event::fact::{Fact, Malformed};
use crate::identity::grant::Denial;
use crate::query::error::{Blame, QueryError};

/// The media type of a problem document.
pub(super) const PROBLEM_JSON: &str = "application/problem+json";
/// After how many seconds to try again what may work then.
const RETRY_AFTER: u64 = 1;

/// A problem document in the making; small, since every route may return one.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem(Box<Document>);

/// What went wrong, as RFC 9457 has it, with the rule that is broken.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Problem")]
pub(super) struct Document {
    /// `urn:duban:problem:` and the rule.
    #[serde(rename = "type")]
    kind: String,
    /// The same for all problems of a kind.
    title: &'static str,
    /// The answer's status.
    status: u16,
    /// What is wrong here, and what to do.
    detail: String,
    /// The rule that is broken; programs may act on it.
    rule: String,
    /// The parameter or field that is at fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// What it holds, cut to 200 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// The request that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// What each of several events has wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<Fault>,
    /// What became of the fact, where it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    /// After how many seconds to try again.
    #[serde(skip)]
    retry: Option<u64>,
    /// The methods that the address takes.
    #[serde(skip)]
    allow: Option<String>,
}

/// What one of several events has wrong.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
struct Fault {
    /// Its place in the batch, from 0.
    index: usize,
    /// The rule that it breaks.
    rule: String,
    /// The field.
    field: String,
    /// The value, cut to 200 characters.
    value: String,
    /// What would be right.
    detail: String,
    /// Its source, where it could be read.
    source: Option<String>,
    /// Its id, where it could be read.
    id: Option<String>,
}

/// Status and title of every rule that starts with the given text; the first that
/// fits is meant.
const TABLE: &[(&str, StatusCode, &str)] = &[
    ("route.unknown", StatusCode::NOT_FOUND, "There is nothing at this address"),
    ("method.not-allowed", StatusCode::METHOD_NOT_ALLOWED, "This address does not take this method"),
    ("tenant.unknown", StatusCode::NOT_FOUND, "There is no such tenant here"),
    ("thing.unknown", StatusCode::NOT_FOUND, "There is no such thing"),
    ("access.sign-in", StatusCode::UNAUTHORIZED, "Nobody knows who you are"),
    ("access.token", StatusCode::UNAUTHORIZED, "The token does not hold"),
    ("access.wrong", StatusCode::UNAUTHORIZED, "Nobody was signed in"),
    ("access.issuer-away", StatusCode::BAD_GATEWAY, "The issuer cannot be asked"),
    ("access.slow", StatusCode::TOO_MANY_REQUESTS, "Too many sign-ins were tried"),
    ("access.away", StatusCode::SERVICE_UNAVAILABLE, "Nobody can be let in now"),
    ("access.host", StatusCode::MISDIRECTED_REQUEST, "This name is not this machine's"),
    ("access.", StatusCode::FORBIDDEN, "You may not do this"),
    ("parameter.", StatusCode::BAD_REQUEST, "A parameter is not as it should be"),
    ("body.unreadable", StatusCode::BAD_REQUEST, "The body could not be read"),
    ("envelope.too-large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
    ("envelope.batch", StatusCode::PAYLOAD_TOO_LARGE, "The batch has too many events"),
    ("envelope.content-type", StatusCode::UNSUPPORTED_MEDIA_TYPE, "Events do not come in this form"),
    ("envelope.", StatusCode::BAD_REQUEST, "The event is malformed; nothing was published"),
    ("intake.refused", StatusCode::UNPROCESSABLE_ENTITY, "The broker does not take the facts"),
    ("intake.busy", StatusCode::TOO_MANY_REQUESTS, "Too many facts wait to be stored"),
    ("intake.away", StatusCode::SERVICE_UNAVAILABLE, "The broker cannot be reached"),
    ("intake.unknown", StatusCode::SERVICE_UNAVAILABLE, "Whether the facts were stored is not known"),
    ("ledger.away", StatusCode::SERVICE_UNAVAILABLE, "The broker cannot be reached"),
    ("projection.", StatusCode::SERVICE_UNAVAILABLE, "The projection cannot be read now"),
    ("replay.count", StatusCode::CONFLICT, "There are not as many dead letters as were expected"),
    ("rebuild.failed", StatusCode::CONFLICT, "The projection was not made again"),
    ("server.busy", StatusCode::SERVICE_UNAVAILABLE, "Too many requests are under way"),
    ("server.slow", StatusCode::SERVICE_UNAVAILABLE, "The answer took too long"),
    ("server.failed", StatusCode::INTERNAL_SERVER_ERROR, "The server failed; its log says more"),
    // Whatever else a fact is refused for is the policies' own rule.
    ("", StatusCode::UNPROCESSABLE_ENTITY, "The fact was refused"),
];

/// Every status that [`TABLE`] has and an address under `/v1` may answer with.
pub(super) const STATUSES: [u16; 14] = [400, 401, 403, 404, 405, 409, 413, 415, 421, 422, 429, 500, 502, 503];

/// The rules that are told by a status, with their titles: those whose names begin so.
pub(super) fn rules_of(status: u16) -> impl Iterator<Item = (&'static str, &'static str)> {
    let of_status = TABLE.iter().filter(move |(_, of, _)| of.as_u16() == status);
    of_status.map(|(start, _, title)| (*start, *title))
}

impl Problem {
    /// The problem of a broken rule.
    #[must_use]
    pub fn new(rule: &str, detail: impl Into<String>) -> Self {
        let entry = TABLE.iter().find(|(start, ..)| rule.starts_with(start));
        let (status, title) =
            entry.map_or((StatusCode::INTERNAL_SERVER_ERROR, ""), |(_, status, title)| (*status, title));
        let retry = status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS;
        Self(Box::new(Document {
            kind: format!("urn:duban:problem:{rule}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            rule: rule.to_owned(),
            field: None,
            value: None,
            instance: None,
            faults: Vec::new(),
            outcome: None,
            retry: retry.then_some(RETRY_AFTER),
            allow: None,
        }))
    }

    /// The same, about a field and its value.
    #[must_use]
    pub fn about(mut self, field: &str, value: &str) -> Self {
        self.0.field = Some(field.to_owned());
        self.0.value = Some(value.chars().take(200).collect());
        self
    }

    /// The same, to be tried again after so many seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry = Some(seconds);
        self
    }

    /// A method that an address does not take; `allowed` are those that it does.
    #[must_use]
    pub fn method_not_allowed(allowed: &str) -> Self {
        let detail = "questions are asked with GET; events, due, rebuild and dead-letters/replay take POST";
        let mut problem = Self::new("method.not-allowed", detail);
        problem.0.allow = Some(allowed.to_owned());
        problem
    }

    /// A tenant that is not here, or not for whoever asks.
    #[must_use]
    pub fn unknown_tenant(named: &str) -> Self {
        let detail = format!("there is no tenant {named:?} here for you; GET /v1 lists those that there are");
        Self::new("tenant.unknown", detail).about("tenant", named)
    }

    /// A fact that its sender may not state; `index` is its place among several.
    #[must_use]
    pub fn denied(denial: Denial, fact: &Fact, index: Option<usize>) -> Self {
        let value = match denial {
            Denial::Actor => fact.actor.to_string(),
            Denial::Kind | Denial::Policy => fact.kind.to_string(),
            Denial::Import => fact.imported_at.map(|at| at.to_string()).unwrap_or_default(),
        };
        let place = index.map(|index| format!(" (event {index} of the batch; nothing was published)"));
        let detail = format!("failed to {denial}{}", place.unwrap_or_default());
        Self::new("access.fact", detail).about(denial.field(), &value)
    }

    /// A fact that was decided and refused.
    #[must_use]
    pub fn refused(reason: &Reason, outcome: &Outcome) -> Self {
        let mut problem = Self::new(&reason.rule, reason.message.clone());
        // A policy's own rule may look like one of ours; a refusal is a refusal.
        problem.0.status = StatusCode::UNPROCESSABLE_ENTITY.as_u16();
        problem.0.title = "The fact was refused";
        problem.0.retry = None;
        problem.0.outcome = Some(outcome.clone());
        problem.about(&reason.field, &reason.value)
    }

    /// Events of which some are malformed; nothing was published.
    #[must_use]
    pub fn malformed(faults: &[(usize, &Malformed)], of: usize) -> Self {
        let Some((_, first)) = faults.first() else {
            return Self::new("server.failed", "no fault was found");
        };
        let mut problem = Self::from((*first).clone());
        if of == 1 {
            return problem;
        }
        problem.0.detail = format!("{} of {of} events are malformed, so nothing was published", faults.len());
        (problem.0.field, problem.0.value) = (None, None);
        let told = faults.iter().map(|(index, fault)| Fault {
            index: *index,
            rule: fault.rule.clone(),
            field: fault.field.clone(),
            value: fault.value.clone(),
            detail: fault.message.clone(),
            source: fault.source.clone(),
            id: fault.id.clone(),
        });
        problem.0.faults = told.collect();
        problem
    }

    /// The response, about the request at `instance`.
    #[must_use]
    pub fn render(mut self, instance: &str) -> Response {
        let status = self.status();
        let body = self.document(instance);
        let mut response = (status, Body::from(body)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = self.0.retry {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(Ok(allow)) = self.0.allow.as_deref().map(HeaderValue::from_str) {
            response.headers_mut().insert(header::ALLOW, allow);
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }

    /// The document, about the request at `instance`.
    pub fn document(&mut self, instance: &str) -> Vec<u8> {
        self.0.instance = Some(instance.to_owned());
        serde_json::to_vec(&*self.0).unwrap_or_default()
    }

    /// What kind of problem it is, in a few words that never change.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.0.title
    }

    /// The rule that is broken.
    #[must_use]
    pub fn rule(&self) -> &str {
        &self.0.rule
    }

    /// What is wrong and what to do, for people.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The HTTP status that tells it.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl IntoResponse for Problem {
    /// An empty response that carries the problem to where it is rendered.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Malformed> for Problem {
    fn from(fault: Malformed) -> Self {
        Self::new(&fault.rule, fault.message).about(&fault.field, &fault.value)
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        match (&error, error.blame()) {
            (QueryError::Asked { field, value, hint }, _) => {
                Self::new("parameter.invalid", hint.clone()).about(field, value)
            }
            (_, Blame::Missing) => Self::new("thing.unknown", error.to_string()),
            (QueryError::Log(_), _) => Self::new("ledger.away", error.to_string()),
            (QueryError::Empty, _) => Self::new("projection.empty", error.to_string()),
            (_, Blame::Question | Blame::Later | Blame::Projection) => {
                Self::new("projection.unreadable", error.to_string())
            }
        }
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        let again = "send the facts again with the same ids; what was stored is recognised";
        match &error {
            SubmitError::Busy => Self::new("intake.busy", format!("failed to {error}; try again soon")),
            SubmitError::Away { .. } => {
                Self::new("intake.away", format!("failed to {error}; nothing was stored; {again}"))
            }
            SubmitError::Unknown { .. } => Self::new("intake.unknown", format!("failed to {error}; {again}")),
            SubmitError::Refused { .. } => Self::new("intake.refused", format!("failed to {error}")),
            SubmitError::TooMany { .. } => Self::new("envelope.batch", format!("failed to {error}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_the_table_is_listed_once() {
        let mut statuses: Vec<u16> = TABLE.iter().map(|(_, status, _)| status.as_u16()).collect();
        statuses.sort_unstable();
        statuses.dedup();
        assert_eq!(statuses, STATUSES);
    }
}
