//! The address of a unit's feed: made, renewed and ended on the unit's page.
//!
//! The address is a secret and is shown once, where it is made; afterwards nobody can
//! tell it, only that there is one and since when.

use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use std::sync::Arc;

use super::failure::Failure;
use super::shell::{Frame, Nav, page};
use super::view::View;
use super::visit::Visit;
use crate::http::Site;
use crate::http::problem::Problem;
use crate::id::UnitId;
use crate::identity::feed::Feed;
use crate::identity::grant::Right;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::time::Instant;

/// What is to become of the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Wish {
    /// A new one; the one before ends.
    Renew,
    /// None any more.
    Revoke,
}

/// What the form says.
#[derive(Debug, Deserialize)]
pub struct Wished {
    wish: Wish,
}

/// Renews or ends the address of a unit's feed.
pub async fn change<S: Store, L: Log>(
    State(site): State<Arc<Site<S, L>>>,
    visit: Visit<S, L>,
    headers: HeaderMap,
    Form(wished): Form<Wished>,
) -> Result<Response, Failure> {
    let unit = unit(&visit)?;
    let view = &visit.view;
    let (gate, tenant, who) =
        (Arc::clone(&site.gate), view.tenant.clone(), view.of(&view.viewer.title()).to_owned());
    let secret = gate.draw().map_err(|problem| visit.failed(problem))?;
    let (digest, now, of) = (secret.digest(), gate.now(), unit.clone());
    let kept = tokio::task::spawn_blocking(move || {
        gate.change(&mut |directory| match wished.wish {
            Wish::Renew => {
                directory.feeds.renew(&tenant, &of, Feed { digest, added_at: now });
                Ok(())
            }
            Wish::Revoke => directory.feeds.revoke(&tenant, &of),
        })
    });
    let kept = kept.await.map_err(|error| visit.failed(Problem::new("server.failed", error.to_string())))?;
    kept.map_err(|problem| visit.failed(problem))?;
    tracing::info!(who, unit = %unit, tenant = %view.tenant, wish = ?wished.wish, "a feed's address was changed");
    let back = view.link(&format!("units/{unit}"), &[]);
    match wished.wish {
        Wish::Revoke => Ok(Redirect::to(&back).into_response()),
        Wish::Renew => {
            let origin = origin(&headers, site.gate.settings().is_secure);
            Ok(shown(view, &format!("{origin}/feeds/{}/deadlines.ics", secret.reveal()), &back))
        }
    }
}

/// The unit that the address names, if the viewer sees it and the register has it.
fn unit<S: Store, L: Log>(visit: &Visit<S, L>) -> Result<UnitId, Failure> {
    let named = visit.part("unit");
    let unknown =
        || visit.failed(Problem::new("thing.unknown", "there is no such unit for you").about("unit", named));
    let unit = UnitId::new(named).map_err(|_| unknown())?;
    let is_registered = visit.view.home.units.iter().any(|one| one.id == unit.as_str());
    let is_seen = visit.reader().sight().cases.has(&unit);
    if is_registered && is_seen { Ok(unit) } else { Err(unknown()) }
}

/// Where this server was reached: by the name that the browser called it.
fn origin(headers: &HeaderMap, is_secure: bool) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    format!("{}://{host}", if is_secure { "https" } else { "http" })
}

/// The page that shows the address, this once.
fn shown(view: &View, address: &str, back: &str) -> Response {
    let body = html! {
        section {
            p { strong { (view.say("这是订阅地址，只显示这一次。", "This is the address, shown this once.")) } }
            p { input .wide readonly value=(address) aria-label=(view.say("订阅地址", "The feed's address")); }
            p .muted {
                (view.say(
                    "在手机或电脑的日历里选择“添加订阅日历”，粘贴此地址。知道地址的人无需登录即可看到本单位的期限，请勿公开；更换后旧地址立即失效。",
                    "Add it to your calendar as a subscribed calendar. Whoever has it sees the unit's deadlines without signing in, so keep it to yourself; a new one ends it at once.",
                ))
            }
            p { a .button href=(back) { (view.say("返回单位页", "Back to the unit")) } }
        }
    };
    let title = view.say("日历订阅地址", "Calendar address");
    page(view, &Frame { nav: Nav::Units, title, as_of: None, beside_title: html! {}, live: false }, &body)
}

/// The form on a unit's page: whether there is an address, and what may be done.
pub fn form(view: &View, unit: &UnitId, since: Option<Instant>) -> Markup {
    if !view.viewer.may(Right::Feeds, &view.tenant) {
        return html! {};
    }
    let renew = if since.is_some() {
        view.say("更换地址", "New address")
    } else {
        view.say("生成订阅地址", "Make an address")
    };
    html! {
        details .menu .feed {
            summary .button { (view.say("订阅地址", "Feed address")) }
            form .sheet method="post" action=(view.link(&format!("units/{unit}/feed"), &[])) {
                @if let Some(csrf) = &view.viewer.csrf { input type="hidden" name="csrf" value=(csrf); }
                p .muted {
                    @if let Some(since) = since { (view.say("已有地址，生成于 ", "There is one since ")) time datetime=(since) { (since) } }
                    @else { (view.say("尚无地址", "There is none")) }
                }
                button .button type="submit" name="wish" value="renew" { (renew) }
                @if since.is_some() { button .button type="submit" name="wish" value="revoke" { (view.say("停用地址", "End it")) } }
            }
        }
    }
}
