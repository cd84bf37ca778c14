//! Rankings: who stands where, by the scorecards in force.

use axum::response::Response;
use maud::html;

use super::failure::Failure;
use super::parts::empty;
use super::shell::{Frame, Nav, page};
use super::visit::Visit;
use crate::port::log::Log;
use crate::port::store::Store;

/// The page of rankings.
pub async fn rankings<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let view = &visit.view;
    let body = empty(
        view.say("还没有排名", "No ranking yet"),
        view.say(
            "公布评分政策（Scorecard）并到公布日后，这里列出各单位名次、得分和每一分的来由。",
            "Once a scorecard is published and its day of publication has come, ranks and points appear here with their reasons.",
        ),
    );
    let title = Nav::Rankings.title(view);
    let frame = Frame { nav: Nav::Rankings, title, as_of: None, beside_title: html! {}, live: false };
    Ok(page(view, &frame, &body))
}
