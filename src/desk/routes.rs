//! The addresses of the desk.

use std::sync::Arc;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Redirect;
use axum::routing::{get, post};
use axum::{Extension, Router};

use super::{
    answer, assets, bell, bulletin, calendar_page, case_page, deliveries, export, failure, feed,
    feed_address, ledger, letter_page, link, overview, policies, rankings, refusals, resubmit, search,
    settings, sign_in, supervision, supervision_sheet, units,
};
use crate::http::Site;
use crate::http::beside::Beside;
use crate::http::gate::Admitted;
use crate::port::log::Log;
use crate::port::store::Store;

/// The desk's routes, to be put beside those of [`crate::http::router_with`].
pub fn routes<S: Store, L: Log>() -> Beside<S, L> {
    let tenant = Router::new()
        .route("/ledger", get(ledger::ledger::<S, L>))
        .route("/ledger.csv", get(export::ledger_csv::<S, L>))
        .route("/ledger.xlsx", get(export::ledger_xlsx::<S, L>))
        .route("/cases/{*id}", get(case_page::case::<S, L>).post(answer::answer::<S, L>))
        .route("/units", get(units::units::<S, L>))
        .route("/units/{unit}", get(units::unit::<S, L>))
        .route("/units/{unit}/deadlines.ics", get(feed::feed::<S, L>))
        .route("/units/{unit}/feed", post(feed_address::change::<S, L>))
        .route("/bell", get(bell::bell::<S, L>))
        .route("/bulletin.docx", get(bulletin::bulletin::<S, L>))
        .route("/sheet", get(supervision_sheet::sheet::<S, L>))
        .route("/sheet.docx", get(supervision_sheet::sheet_docx::<S, L>))
        .route("/rankings", get(rankings::rankings::<S, L>))
        .route("/rankings.csv", get(export::rankings_csv::<S, L>))
        .route("/rankings.xlsx", get(export::rankings_xlsx::<S, L>))
        .route("/rankings/{unit}", get(rankings::score::<S, L>))
        .route("/supervision", get(supervision::supervision::<S, L>))
        .route("/deliveries", get(deliveries::deliveries::<S, L>).post(deliveries::again::<S, L>))
        .route("/deliveries/preview", get(letter_page::preview::<S, L>))
        .route("/deliveries/preview.html", get(letter_page::letter::<S, L>))
        .route("/refusals", get(refusals::refusals::<S, L>))
        .route("/refusals/{seq}", get(refusals::refusal::<S, L>).post(resubmit::resubmit::<S, L>))
        .route("/policies", get(policies::policies::<S, L>))
        .route("/policies/{kind}/{name}", get(policies::policy::<S, L>))
        .route("/calendars/{name}", get(calendar_page::calendar::<S, L>))
        .route("/search", get(search::search::<S, L>))
        .route("/settings", get(settings::settings::<S, L>));
    let routes = Router::new()
        .route("/", get(first::<S, L>))
        .route("/desk", get(first::<S, L>))
        .route("/sign-in", get(sign_in::page::<S, L>).post(sign_in::enter::<S, L>))
        .route("/sign-out", post(sign_in::leave::<S, L>))
        .route("/answer/{token}", get(link::look::<S, L>).post(link::follow::<S, L>))
        .route("/assets/{name}", get(assets::asset))
        .route("/desk/{tenant}", get(slashed))
        .route("/desk/{tenant}/", get(overview::overview::<S, L>))
        .route("/feeds/{secret}/deadlines.ics", get(feed::by_address::<S, L>))
        .nest("/desk/{tenant}", tenant);
    Beside { routes, painter: Some(failure::painted) }
}

/// To the address that ends with a slash.
async fn slashed(uri: Uri) -> Redirect {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Redirect::permanent(&format!("{}/{query}", uri.path()))
}

/// To the overview of the first tenant for whoever asks; it offers the others.
async fn first<S: Store, L: Log>(
    State(site): State<Arc<Site<S, L>>>,
    Extension(admitted): Extension<Admitted>,
) -> Redirect {
    let tenants = site.tenants_of(admitted.viewer.as_ref());
    let tenant = tenants.first();
    Redirect::to(&tenant.map_or_else(|| "/v1".to_owned(), |tenant| format!("/desk/{tenant}/")))
}
