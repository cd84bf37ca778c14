//! Around every request: its id, its time, its bounds, and its problem's form.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use tracing::Instrument as _;

use super::problem::Problem;

/// How many requests are under way at once; each may hold a body of 8 MiB.
const MOST_AT_ONCE: usize = 512;
/// How long a request may take: the longest wait for an outcome and some more.
const LONGEST: Duration = Duration::from_secs(45);
/// The route that takes as long as the ledger is long.
const UNBOUNDED: &str = "/v1/{tenant}/rebuild";
/// What the paths begin with that carry a secret.
const SECRET_PATHS: &str = "/feeds/";
/// The header that names a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that a caller may give.
const LONGEST_ID: usize = 64;

/// Counts requests and bounds how many are under way.
#[derive(Clone)]
pub struct Watch {
    room: Arc<Semaphore>,
    next_id: Arc<AtomicU64>,
    /// Tells the requests of one process from those of another.
    since: u64,
}

impl Watch {
    /// A watch whose request ids begin with `since`, the process' start.
    #[must_use]
    pub fn new(since: crate::time::Instant) -> Self {
        let since = u64::try_from(since.as_nanos() / 1_000_000).unwrap_or_default();
        Self { room: Arc::new(Semaphore::new(MOST_AT_ONCE)), next_id: Arc::default(), since }
    }

    fn id(&self, request: &Request) -> HeaderValue {
        let given = request.headers().get(REQUEST_ID).filter(|id| {
            let id = id.as_bytes();
            !id.is_empty() && id.len() <= LONGEST_ID && id.iter().all(u8::is_ascii_graphic)
        });
        let own = || format!("{:x}-{:x}", self.since, self.next_id.fetch_add(1, Ordering::Relaxed));
        // Hexadecimal digits always make a header.
        given
            .cloned()
            .unwrap_or_else(|| HeaderValue::from_str(&own()).unwrap_or(HeaderValue::from_static("-")))
    }
}

/// Lets a request through, watched.
pub async fn watch(State(watch): State<Watch>, request: Request, next: Next) -> Response {
    let id = watch.id(&request);
    let route = request.extensions().get::<MatchedPath>().map_or("-", |path| path.as_str()).to_owned();
    let (method, path) = (request.method().to_string(), told_path(request.uri().path()).to_owned());
    let span = tracing::info_span!("request", id = id.to_str().unwrap_or("-"), %method, %path);
    let began = tokio::time::Instant::now();
    let bound = if route == UNBOUNDED { Duration::MAX } else { LONGEST };
    let response = bounded(&watch, bound, request, next).instrument(span.clone()).await;
    let took = began.elapsed();
    let mut response = finish(response, &path);
    let status = response.status().as_u16();
    let _entered = span.enter();
    tracing::debug!(status, took_ms = took.as_millis(), "answered");
    let labels = [("route", route), ("method", method), ("status", status.to_string())];
    metrics::histogram!("duban_http_seconds", &labels).record(took.as_secs_f64());
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// The path as it may be told: the address of a feed is a secret, mistyped ones and
/// those of other methods included.
pub(super) fn told_path(path: &str) -> &str {
    if path.starts_with(SECRET_PATHS) { "/feeds/…" } else { path }
}

async fn bounded(watch: &Watch, bound: Duration, request: Request, next: Next) -> Response {
    let Ok(_room) = watch.room.try_acquire() else {
        let detail = format!("{MOST_AT_ONCE} requests are under way; try again soon");
        return Problem::new("server.busy", detail).into_response();
    };
    let slow = || {
        let detail = "the answer took too long; facts that were posted may be stored, and may be sent again with the same ids";
        Problem::new("server.slow", detail).into_response()
    };
    tokio::time::timeout(bound, next.run(request)).await.unwrap_or_else(|_| slow())
}

/// Writes out a problem; gives every answer its headers.
fn finish(mut response: Response, path: &str) -> Response {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let allow = response.headers_mut().remove(header::ALLOW);
        response = problem.render(path);
        if let Some(allow) = allow {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    let headers = response.headers_mut();
    // Every answer is as of an instant, and none is to be kept but what says itself
    // how long it stays the same.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
