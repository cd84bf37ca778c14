//! The addresses: which route answers what.

use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use super::beside::{Beside, paint};
use super::gate::gate;
use super::problem::Problem;
use super::site::Site;
use super::watch::{Watch, told_path, watch};
use super::{
    cases, deadlines, deliveries, documents, events, health, lists, operations, scores, session, stream,
};
use crate::port::log::Log;
use crate::port::store::Store;

/// The questions and the way in under one router, ready to be served.
pub fn router<S: Store, L: Log>(site: Arc<Site<S, L>>) -> Router {
    router_with(site, Router::new().into())
}

/// The same with the routes of another surface beside them, watched alike.
pub fn router_with<S: Store, L: Log>(site: Arc<Site<S, L>>, beside: Beside<S, L>) -> Router {
    let watched = Watch::new((site.now)());
    let tenant = Router::new()
        .route("/overdue", get(deadlines::overdue::<S, L>))
        .route("/upcoming", get(deadlines::upcoming::<S, L>))
        .route("/deadlines", get(deadlines::deadlines::<S, L>))
        .route("/cases", get(cases::cases::<S, L>))
        .route("/cases/{*id}", get(cases::case::<S, L>))
        .route("/refusals", get(lists::refusals::<S, L>))
        .route("/counts", get(lists::counts::<S, L>))
        .route("/bulletin", get(scores::bulletin::<S, L>))
        .route("/bell", get(deliveries::bell::<S, L>))
        .route("/deliveries", get(deliveries::deliveries::<S, L>))
        .route("/deliveries/preview", get(deliveries::preview::<S, L>))
        .route("/dead-letters", get(deliveries::dead_letters::<S, L>))
        .route("/dead-letters/replay", post(deliveries::post_replay::<S, L>))
        .route("/rankings", get(scores::rankings::<S, L>))
        .route("/scores/{unit}", get(scores::score::<S, L>))
        .route("/targets", get(scores::targets::<S, L>))
        .route("/policies", get(lists::policies::<S, L>))
        .route("/policies/{kind}/{name}", get(lists::policy::<S, L>))
        .route("/calendars/{name}", get(lists::calendar::<S, L>))
        .route("/stream", get(stream::stream::<S, L>))
        .route("/status", get(operations::status::<S, L>))
        .route("/rebuild", post(operations::rebuild::<S, L>))
        .route("/due", post(operations::due::<S, L>))
        .route("/events", post(events::post::<S, L>));
    Router::new()
        .route("/v1/session", get(session::me::<S, L>).post(session::begin::<S, L>).delete(session::end::<S, L>))
        .route("/v1/session/issuer", get(session::visit::<S, L>))
        .route("/v1/session/callback", get(session::back::<S, L>))
        .nest("/v1/{tenant}", tenant)
        .route("/v1", get(health::tenants::<S, L>))
        .route("/v1/openapi.json", get(documents::openapi))
        .route("/v1/asyncapi.json", get(documents::asyncapi::<S, L>))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz::<S, L>))
        .route("/metrics", get(health::metrics::<S, L>))
        .merge(beside.routes)
        .fallback(|uri: Uri| async move {
            let detail = "see /v1 for the tenants; each has overdue, upcoming, deadlines, cases, refusals, counts, \
                          bell, deliveries, dead-letters, rankings, scores, targets, bulletin, policies, calendars, stream, status, \
                          events, due and rebuild";
            Problem::new("route.unknown", detail).about("path", told_path(uri.path()))
        })
        .layer(from_fn_with_state(Arc::clone(&site.gate), gate))
        .layer(from_fn_with_state(beside.painter, paint))
        .layer(from_fn_with_state(watched, watch))
        .with_state(site)
}
