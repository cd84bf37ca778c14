//! `GET /v1/openapi.json` and `/v1/asyncapi.json`: these interfaces, for programs.

use std::sync::{Arc, LazyLock};

use axum::Extension;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::asyncapi::{self, Taken};
use super::gate::Admitted;
use super::openapi;
use super::params::Params;
use super::problem::Problem;
use super::site::{Site, json, json_bytes};
use crate::id::TenantId;
use crate::policy::definition::EventTypeDefinition;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::error::QueryError;

/// It is the same for the same program.
static OPENAPI: LazyLock<Vec<u8>> = LazyLock::new(|| openapi::document().to_string().into_bytes());

/// The `OpenAPI` document.
///
/// # Errors
/// A problem, for parameters that there are none of.
pub async fn openapi(RawQuery(query): RawQuery) -> Result<Response, Problem> {
    Params::read(&query.unwrap_or_default(), &[])?;
    Ok(json_bytes(StatusCode::OK, OPENAPI.clone()))
}

/// The `AsyncAPI` document, with the event types in force at the tenants that whoever
/// asks may ask about.
///
/// # Errors
/// A problem when a projection cannot be read.
pub async fn asyncapi<S: Store, L: Log>(
    State(site): State<Arc<Site<S, L>>>,
    Extension(admitted): Extension<Admitted>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Params::read(&query.unwrap_or_default(), &[])?;
    let told = tokio::task::spawn_blocking(move || {
        let mut taken = Taken::default();
        for (tenant, types) in in_force(&site, &admitted)? {
            taken.add(&tenant, types);
        }
        Ok::<_, Problem>(asyncapi::document(&taken))
    });
    let told = told.await.map_err(|error| Problem::new("server.failed", error.to_string()))??;
    Ok(json(StatusCode::OK, &told))
}

type InForce = Vec<(TenantId, Vec<EventTypeDefinition>)>;

fn in_force<S: Store, L: Log>(site: &Site<S, L>, admitted: &Admitted) -> Result<InForce, QueryError> {
    let Some(viewer) = &admitted.viewer else { return Ok(Vec::new()) };
    let tenants =
        site.tenants_of(Some(viewer)).into_iter().filter_map(|id| Some((id, site.tenants.get(id)?)));
    tenants.map(|(id, tenant)| Ok((id.clone(), tenant.reader(viewer).event_types()?))).collect()
}
