//! The addresses of the desk.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::Uri;
use axum::response::Redirect;
use axum::routing::get;

use super::{assets, case_page, export, ledger, overview};
use crate::http::Site;
use crate::port::log::Log;
use crate::port::store::Store;

/// The desk's routes, to be put beside those of [`crate::http::router_with`].
pub fn routes<S: Store, L: Log>() -> Router<Arc<Site<S, L>>> {
    let tenant = Router::new()
        .route("/ledger", get(ledger::ledger::<S, L>))
        .route("/ledger.csv", get(export::ledger_csv::<S, L>))
        .route("/ledger.xlsx", get(export::ledger_xlsx::<S, L>))
        .route("/cases/{*id}", get(case_page::case::<S, L>));
    Router::new()
        .route("/", get(first::<S, L>))
        .route("/desk", get(first::<S, L>))
        .route("/assets/{name}", get(assets::asset))
        .route("/desk/{tenant}", get(slashed))
        .route("/desk/{tenant}/", get(overview::overview::<S, L>))
        .nest("/desk/{tenant}", tenant)
}

/// To the address that ends with a slash.
async fn slashed(uri: Uri) -> Redirect {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Redirect::permanent(&format!("{}/{query}", uri.path()))
}

/// To the first tenant's overview; it offers the others.
async fn first<S: Store, L: Log>(State(site): State<Arc<Site<S, L>>>) -> Redirect {
    let tenant = site.tenants.keys().next();
    Redirect::to(&tenant.map_or_else(|| "/v1".to_owned(), |tenant| format!("/desk/{tenant}/")))
}
