//! What the surface serves: tenants with their engines, readers and ways in.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::PrometheusHandle;
use serde::Serialize;

use super::answered::Answered;
use super::gate::{Admitted, Gate};
use super::params::Params;
use super::problem::Problem;
use super::stream::Streams;
use crate::courier::letter::Letterhead;
use crate::engine::handle::Handle;
use crate::engine::ingest::Ingest;
use crate::engine::settings::WallClock;
use crate::id::{TenantId, UnitId};
use crate::identity::sight::{Scope, Sight};
use crate::identity::viewer::Viewer;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::error::QueryError;
use crate::query::reader::Reader;
use crate::time::Instant;

/// One tenant, as the surface serves it.
pub struct Tenant<S, L> {
    /// Its engine.
    pub handle: Handle<S>,
    /// Its read side, that sees everything: it is given out with somebody's sight only.
    reader: Reader<S, L>,
    /// Its way in.
    pub ingest: Ingest,
    /// Those who follow its ledger.
    pub streams: Streams,
    /// What stands on its messages, to be looked at before any is sent.
    pub letterhead: Letterhead,
}

impl<S: Store, L: Log> Tenant<S, L> {
    /// A tenant served from the projection of `handle`, with `ledger` for timelines
    /// and `intake` for what is posted. Must be called within a runtime.
    #[must_use]
    pub fn new(handle: Handle<S>, intake: L, ledger: L) -> Self {
        let of_moment = handle.clone();
        let reader = Reader::new(move || of_moment.store(), ledger);
        let ingest = Ingest::start(intake, handle.tenant().clone());
        let (streams, letterhead) = (Streams::default(), Letterhead::default());
        Self { handle, reader, ingest, streams, letterhead }
    }

    /// The same with what stands on its messages.
    #[must_use]
    pub fn under(self, letterhead: Letterhead) -> Self {
        Self { letterhead, ..self }
    }

    /// The read side for somebody: it sees what they see.
    #[must_use]
    pub fn reader(&self, viewer: &Viewer) -> Reader<S, L> {
        self.reader.seen_by(viewer.sight(self.handle.tenant()))
    }

    /// The read side for whoever has the address of a unit's feed: it sees what that
    /// unit owes and nothing else.
    #[must_use]
    pub fn reader_of_feed(&self, unit: &UnitId) -> Reader<S, L> {
        self.reader.seen_by(Sight { cases: Scope::unit(unit), refusals: Scope::nothing() })
    }
}

/// Everything served.
pub struct Site<S, L> {
    /// The tenants by id.
    pub tenants: BTreeMap<TenantId, Arc<Tenant<S, L>>>,
    /// Reads the wall clock, for questions that name no instant.
    pub now: WallClock,
    /// Renders what was counted, where counting is on.
    pub metrics: Option<PrometheusHandle>,
    /// Who is let in.
    pub gate: Arc<Gate>,
}

impl<S: Store, L: Log> Site<S, L> {
    /// The tenants that somebody may ask about.
    #[must_use]
    pub fn tenants_of(&self, viewer: Option<&Viewer>) -> Vec<&TenantId> {
        let of = |tenant: &&TenantId| viewer.is_some_and(|viewer| viewer.is_of(tenant));
        self.tenants.keys().filter(of).collect()
    }

    /// The tenant of a name, for whoever asks about it.
    ///
    /// # Errors
    /// A problem that names those that there are for them.
    pub fn tenant_for(&self, named: &str, viewer: &Viewer) -> Result<Arc<Tenant<S, L>>, Problem> {
        let found = TenantId::new(named).ok().and_then(|id| self.tenants.get(&id)).map(Arc::clone);
        found.ok_or_else(|| {
            let known: Vec<&str> = self.tenants_of(Some(viewer)).into_iter().map(TenantId::as_str).collect();
            let detail = format!("there is no tenant {named:?}; there are {}", known.join(", "));
            Problem::new("tenant.unknown", detail).about("tenant", named)
        })
    }
}

/// The parameters of a request, as its surface carries them.
enum Given {
    /// The query part of an address.
    Query(String),
    /// Named values.
    Fields(BTreeMap<String, String>),
}

/// A request about one tenant.
pub struct Asked<S, L> {
    /// Everything served.
    pub site: Arc<Site<S, L>>,
    /// The tenant.
    pub tenant: Arc<Tenant<S, L>>,
    /// Who asks.
    pub viewer: Viewer,
    path: BTreeMap<String, String>,
    given: Given,
    /// Whether plain text is wanted rather than JSON.
    pub wants_text: bool,
}

impl<S: Store, L: Log> FromRequestParts<Arc<Site<S, L>>> for Asked<S, L> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site<S, L>>) -> Result<Self, Problem> {
        let unreadable = |_| Problem::new("route.unknown", "the address is not percent-encoded UTF-8");
        let params = RawPathParams::from_request_parts(parts, site).await.map_err(unreadable)?;
        let path: BTreeMap<_, _> =
            params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let named = path.get("tenant").map(String::as_str).unwrap_or_default();
        // The gate stands before every address; without it nobody is anybody.
        let admitted = parts.extensions.get::<Admitted>().and_then(|admitted| admitted.viewer.clone());
        let viewer = admitted.ok_or_else(|| Problem::new("access.sign-in", "say who you are"))?;
        let tenant = site.tenant_for(named, &viewer)?;
        let accept =
            parts.headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
        Ok(Self {
            site: Arc::clone(site),
            tenant,
            viewer,
            path,
            given: Given::Query(parts.uri.query().unwrap_or_default().to_owned()),
            wants_text: accept.split(',').next().is_some_and(|first| first.trim().starts_with("text/plain")),
        })
    }
}

impl<S: Store, L: Log> Asked<S, L> {
    /// A question that came without an address: what an address would have in its path,
    /// and its other parameters. Who asks is known, and that they may.
    ///
    /// # Errors
    /// A problem when there is no such tenant.
    pub fn of(
        site: &Arc<Site<S, L>>,
        tenant: &TenantId,
        viewer: Viewer,
        path: BTreeMap<String, String>,
        fields: BTreeMap<String, String>,
    ) -> Result<Self, Problem> {
        let tenant = site.tenant_for(tenant.as_str(), &viewer)?;
        let given = Given::Fields(fields);
        Ok(Self { site: Arc::clone(site), tenant, viewer, path, given, wants_text: false })
    }

    /// A part of the address.
    #[must_use]
    pub fn path(&self, name: &str) -> &str {
        self.path.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The query part of the address as it came; nothing when there was no address.
    #[must_use]
    pub fn query(&self) -> &str {
        match &self.given {
            Given::Query(query) => query,
            Given::Fields(_) => "",
        }
    }

    /// The parameters, all of which must be among `known`.
    ///
    /// # Errors
    /// A problem that names the first that is wrong.
    pub fn params(&self, known: &[&str]) -> Result<Params, Problem> {
        match &self.given {
            Given::Query(query) => Params::read(query, known),
            Given::Fields(fields) => Params::of_fields(fields, known),
        }
    }

    /// The instant asked about: `at`, or now.
    ///
    /// # Errors
    /// A problem when it is no instant.
    pub fn at(&self, params: &Params) -> Result<Instant, Problem> {
        Ok(params.instant("at")?.unwrap_or_else(|| (self.site.now)()))
    }

    /// The read side, as far as whoever asks sees.
    #[must_use]
    pub fn reader(&self) -> Reader<S, L> {
        self.tenant.reader(&self.viewer)
    }

    /// Asks the reader where it may block, and answers in JSON.
    ///
    /// # Errors
    /// The reader's, as a problem.
    pub async fn answer<T: Serialize + Send + 'static>(
        &self,
        ask: impl FnOnce(&Reader<S, L>) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<Answered, Problem> {
        let reader = self.reader();
        let asked = tokio::task::spawn_blocking(move || Answered::json(&ask(&reader)?));
        asked.await.map_err(|error| Problem::new("server.failed", error.to_string()))?
    }
}

/// An answer in JSON.
#[must_use]
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(body) => json_bytes(status, body),
        Err(error) => Problem::new("server.failed", error.to_string()).into_response(),
    }
}

/// Bytes that are JSON.
#[must_use]
pub fn json_bytes(status: StatusCode, body: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// A page of plain text.
#[must_use]
pub fn text(body: String) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
}
