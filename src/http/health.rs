//! `/healthz`, `/readyz`, `/metrics` and `/v1`: is it there, is it ready, how much.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::gate::Admitted;
use super::params::Params;
use super::problem::Problem;
use super::site::{Site, json, text};
use crate::engine::handle::{Role, Status};
use crate::port::log::Log;
use crate::port::store::Store;

/// How many records may wait to be decided in an engine that is called ready: a
/// second or two of its work.
const MOST_LAG: u64 = 20_000;

#[derive(Serialize)]
struct Readiness {
    ready: bool,
    tenants: Vec<Status>,
}

/// The tenants that one may ask about.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tenants")]
pub(super) struct TenantList {
    /// How the engine of each stands.
    tenants: Vec<Status>,
}

/// Whether the process answers.
pub async fn healthz() -> Response {
    text("ok\n".into())
}

/// Whether every tenant's engine leads or follows and is not far behind.
///
/// Whoever watches over processes signs in nowhere; the tenants are named only to
/// whom they are for.
pub async fn readyz<S: Store, L: Log>(
    State(site): State<Arc<Site<S, L>>>,
    Extension(admitted): Extension<Admitted>,
) -> Response {
    let ready = statuses(&site).iter().all(is_ready);
    let tenants = statuses_for(&site, &admitted);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(status, &Readiness { ready, tenants })
}

/// The tenants served, as far as they are for whoever asks.
///
/// # Errors
/// A problem, for parameters that there are none of.
pub async fn tenants<S: Store, L: Log>(
    State(site): State<Arc<Site<S, L>>>,
    Extension(admitted): Extension<Admitted>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Params::read(&query.unwrap_or_default(), &[])?;
    Ok(json(StatusCode::OK, &TenantList { tenants: statuses_for(&site, &admitted) }))
}

/// What was counted, in Prometheus' text form.
pub async fn metrics<S: Store, L: Log>(State(site): State<Arc<Site<S, L>>>) -> Response {
    for status in statuses(&site) {
        let tenant = status.tenant.to_string();
        let gauge = |name: &'static str, value: u64| {
            // A gauge is a float; sequences stay exact up to 2^53.
            metrics::gauge!(name, "tenant" => tenant.clone()).set(value as f64);
        };
        gauge("duban_ledger_seq", status.ledger_seq.0);
        gauge("duban_intake_seq", status.intake_seq.0);
        gauge("duban_decided_seq", status.decided_seq.0);
        gauge("duban_lag_records", status.lag);
        gauge("duban_leading", u64::from(status.role == Role::Leading));
        gauge("duban_ready", u64::from(is_ready(&status)));
    }
    let rendered =
        site.metrics.as_ref().map(metrics_exporter_prometheus::PrometheusHandle::render).unwrap_or_default();
    let media = "text/plain; version=0.0.4; charset=utf-8";
    ([(axum::http::header::CONTENT_TYPE, media)], rendered).into_response()
}

fn statuses<S: Store, L: Log>(site: &Site<S, L>) -> Vec<Status> {
    site.tenants.values().map(|tenant| tenant.handle.status()).collect()
}

fn statuses_for<S: Store, L: Log>(site: &Site<S, L>, admitted: &Admitted) -> Vec<Status> {
    let tenants = site.tenants_of(admitted.viewer.as_ref()).into_iter();
    tenants.filter_map(|tenant| site.tenants.get(tenant)).map(|tenant| tenant.handle.status()).collect()
}

fn is_ready(status: &Status) -> bool {
    matches!(status.role, Role::Leading | Role::Following) && status.lag <= MOST_LAG
}
