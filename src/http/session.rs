//! `/v1/session`: signing in and out, and who one is.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{RawQuery, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::events::read;
use super::gate::{Admitted, Gate};
use super::params::Params;
use super::problem::Problem;
use super::site::{Site, json};
use crate::id::{AccountName, TenantId};
use crate::identity::grant::Grant;
use crate::identity::password;
use crate::identity::secret::Secret;
use crate::identity::session::Holder;
use crate::identity::throttle::{FOR_ACCOUNT, FROM_ADDRESS};
use crate::identity::viewer::{Viewer, Who};
use crate::openid::issuer::{Answer, OpenIdError};
use crate::openid::visit::LONGEST;
use crate::port::log::Log;
use crate::port::store::Store;

/// The largest body of a sign-in.
const MOST_BODY: usize = 4 * 1024;
/// How many may wait for a password to be hashed; more are turned away.
const MOST_PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// What somebody types.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SignIn")]
pub struct Typed {
    /// The account.
    pub account: String,
    /// The password.
    pub password: String,
}

/// Who somebody is, for pages and programs.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Session")]
pub(super) struct Me<'a> {
    /// Whether somebody is signed in, or nobody needs to.
    signed_in: bool,
    /// Who: `account:zhang`, `token:oa`, `local`.
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<String>,
    /// What a person is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// What was granted.
    grants: &'a [Grant],
    /// The tenants that they may ask about.
    tenants: Vec<&'a TenantId>,
    /// What a change must bring in `x-csrf-token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    csrf: Option<&'a str>,
    /// Whether one can sign in with the office's issuer.
    issuer: bool,
}

/// Who asks.
///
/// # Errors
/// A problem, for parameters that there are none of.
pub async fn me<S: Store, L: Log>(
    State(site): State<Arc<Site<S, L>>>,
    Extension(admitted): Extension<Admitted>,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Params::read(&query.unwrap_or_default(), &[])?;
    let csrf = admitted.session.as_ref().map(|session| session.csrf.reveal());
    Ok(answer(&site, admitted.viewer.as_ref(), csrf))
}

fn answer<S: Store, L: Log>(site: &Site<S, L>, viewer: Option<&Viewer>, csrf: Option<&str>) -> Response {
    let title = viewer.and_then(|viewer| match viewer.who() {
        Who::Issued { title, .. } => Some(title.clone()),
        Who::Account(name) => Some(name.to_string()),
        Who::Token(_) | Who::Unit(_) | Who::Local => None,
    });
    let me = Me {
        signed_in: viewer.is_some(),
        who: viewer.map(|viewer| viewer.who().to_string()),
        title,
        grants: viewer.map(Viewer::grants).unwrap_or_default(),
        tenants: site.tenants_of(viewer),
        csrf,
        issuer: site.gate.issuer().is_some(),
    };
    json(StatusCode::OK, &me)
}

/// Signs in with account and password.
///
/// # Errors
/// A problem: 401 when account and password do not belong together, which of both is
/// wrong is not said; 429 after too many tries.
pub async fn begin<S: Store, L: Log>(
    State(site): State<Arc<Site<S, L>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    Params::read(parts.uri.query().unwrap_or_default(), &[])?;
    let typed = typed(&parts.headers, body).await?;
    let (holder, cookie, csrf) = sign_in(&site.gate, &parts, typed).await?;
    let viewer = Gate::viewer_of(&holder, &*site.gate.directory()?);
    let mut response = answer(&site, viewer.as_ref(), Some(csrf.reveal()));
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Begins the session of whoever typed the right password: whose it is, its cookie and
/// its CSRF token.
///
/// # Errors
/// A problem, as [`begin`].
pub async fn sign_in(
    gate: &Gate,
    parts: &Parts,
    typed: Typed,
) -> Result<(Holder, HeaderValue, Secret), Problem> {
    let account = AccountName::new(&typed.account);
    slow_down(gate, parts, account.as_ref().ok())?;
    let directory = gate.directory()?;
    let known = account.as_ref().ok().and_then(|name| directory.account(name).map(|account| (name, account)));
    let kept = known.and_then(|(_, account)| account.password.clone());
    let right = hashed(gate, kept, typed.password).await?;
    let Some((name, account)) = known.filter(|_| right) else {
        // A name that is nobody's may be a password typed in the wrong field.
        let account = known.map_or("(unknown)", |(name, _)| name.as_str());
        tracing::warn!(account, address = ?gate.address(parts), "a sign-in failed");
        return Err(Problem::new("access.wrong", "account and password do not belong together"));
    };
    gate.throttle().forget(&account_key(name));
    tracing::info!(account = %name, "signed in");
    let holder = Holder::Account { name: name.clone(), mark: account.mark };
    // Whoever had a session in this browser has another one now.
    if let Some(before) = gate.cookies().read(&parts.headers) {
        gate.sessions().end(before);
    }
    let (cookie, csrf) = gate.begin(holder.clone())?;
    Ok((holder, cookie, csrf))
}

async fn typed(headers: &HeaderMap, body: Body) -> Result<Typed, Problem> {
    let body = read(body, MOST_BODY).await?;
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let wrong = || Problem::new("parameter.invalid", "send account and password as a JSON object");
    if !media.starts_with("application/json") {
        return Err(wrong());
    }
    // What was sent holds a password, so the error does not quote it.
    serde_json::from_slice(&body).map_err(|_| wrong())
}

fn account_key(name: &AccountName) -> String {
    format!("account {name}")
}

fn slow_down(gate: &Gate, parts: &Parts, account: Option<&AccountName>) -> Result<(), Problem> {
    let now = gate.now();
    let wait = |wait: std::time::Duration| {
        let detail = format!("too many sign-ins were tried; try again in {} s", wait.as_secs() + 1);
        Problem::new("access.slow", detail).retry_after(wait.as_secs() + 1)
    };
    if let Some(address) = gate.address(parts) {
        // A household has a whole network of the newer kind.
        let place = match address {
            std::net::IpAddr::V4(address) => address.to_string(),
            std::net::IpAddr::V6(address) => format!("{:x?}", &address.segments()[..4]),
        };
        gate.throttle().count(&format!("address {place}"), FROM_ADDRESS, now).map_err(wait)?;
    }
    match account {
        Some(name) => gate.throttle().count(&account_key(name), FOR_ACCOUNT, now).map_err(wait),
        None => Ok(()),
    }
}

/// Whether the password is the one kept, found out where it may block.
async fn hashed(gate: &Gate, kept: Option<String>, given: String) -> Result<bool, Problem> {
    let room = tokio::time::timeout(MOST_PATIENCE, gate.hashing().acquire()).await;
    let Ok(Ok(_room)) = room else {
        return Err(Problem::new("server.busy", "many sign in at this moment; try again soon"));
    };
    let checked = tokio::task::spawn_blocking(move || password::is_right(kept.as_deref(), &given));
    checked.await.map_err(|error| Problem::new("server.failed", error.to_string()))
}

/// Signs out: the session ends, under whichever of its ids.
///
/// # Errors
/// A problem, for parameters that there are none of.
pub async fn end<S: Store, L: Log>(
    State(site): State<Arc<Site<S, L>>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Result<Response, Problem> {
    Params::read(&query.unwrap_or_default(), &[])?;
    if let Some(id) = site.gate.cookies().read(&headers) {
        site.gate.sessions().end(id);
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, site.gate.cookies().ended())]).into_response())
}

/// Sends the browser to the issuer.
///
/// # Errors
/// A problem when there is none, or it cannot be reached.
pub async fn visit<S: Store, L: Log>(
    State(site): State<Arc<Site<S, L>>>,
    request: Request,
) -> Result<Response, Problem> {
    let params = Params::read(request.uri().query().unwrap_or_default(), &["then"])?;
    let gate = &site.gate;
    let issuer = gate.issuer().ok_or_else(no_issuer)?;
    let then = params.text("then").filter(|then| is_ours(then)).unwrap_or("/").to_owned();
    let (browser, secrets) = (gate.draw()?, [gate.draw()?, gate.draw()?, gate.draw()?]);
    let url = issuer.begin(secrets, &browser, then, gate.now()).await.map_err(of_issuer)?;
    let cookie = gate.cookies().visit(&browser, LONGEST.as_secs());
    see_other(&url, cookie)
}

/// Takes the browser back from the issuer, signed in.
///
/// # Errors
/// A problem when the issuer does not vouch for anybody, or for nobody with a role.
pub async fn back<S: Store, L: Log>(
    State(site): State<Arc<Site<S, L>>>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, _) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let known = ["code", "state", "error", "error_description", "error_uri", "iss", "session_state", "scope"];
    let params = Params::read(query, &known)
        .map_err(|_| Problem::new("access.issuer", "the issuer's answer could not be read; begin again"))?;
    let gate = &site.gate;
    let issuer = gate.issuer().ok_or_else(no_issuer)?;
    let text = |name: &str| params.text(name).map(str::to_owned);
    let answer =
        Answer { code: text("code"), state: text("state"), error: text("error"), issuer: text("iss") };
    let browser = gate.cookies().read_visit(&parts.headers).unwrap_or_default();
    let person = issuer.finish(&answer, browser, gate.now()).await.map_err(of_issuer)?;
    tracing::info!(subject = person.subject, "signed in by the issuer");
    let holder = Holder::Issued { subject: person.subject, title: person.title, grants: person.grants };
    if let Some(before) = gate.cookies().read(&parts.headers) {
        gate.sessions().end(before);
    }
    let (cookie, _) = gate.begin(holder)?;
    // A redirect would still count as sent by the issuer's site, and the cookie would
    // not go with it; a page of ours leads on.
    Ok(([(header::SET_COOKIE, cookie)], Html(onward(&person.then))).into_response())
}

fn onward(path: &str) -> String {
    let path = path.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('\'', "&#39;");
    format!(
        "<!doctype html><meta charset=\"utf-8\"><title>duban</title>\
         <meta http-equiv=\"refresh\" content=\"0;url={path}\"><a href=\"{path}\">duban 督办</a>"
    )
}

/// A path below our own address, so that nobody is sent elsewhere after signing in.
#[must_use]
pub fn is_ours(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

fn see_other(url: &str, cookie: HeaderValue) -> Result<Response, Problem> {
    let place = HeaderValue::from_str(url);
    let place = place.map_err(|error| Problem::new("server.failed", error.to_string()))?;
    let headers = [(header::LOCATION, place), (header::SET_COOKIE, cookie)];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

fn no_issuer() -> Problem {
    Problem::new("route.unknown", "this server has no issuer; sign in with POST /v1/session")
}

fn of_issuer(error: OpenIdError) -> Problem {
    tracing::warn!(%error, "a sign-in by the issuer failed");
    match error {
        OpenIdError::Away(_) => {
            Problem::new("access.issuer-away", "the issuer does not answer as it should; the log says more")
        }
        OpenIdError::NoGrant(_) => Problem::new("access.no-role", format!("failed to {error}")),
        OpenIdError::NoVisit
        | OpenIdError::Refused(_)
        | OpenIdError::Signature(_)
        | OpenIdError::Claim(_) => Problem::new("access.issuer", format!("failed to {error}; begin again")),
    }
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn nobody_is_sent_elsewhere() {
        assert!(is_ours("/") && is_ours("/desk/changqing/?at=2026"));
        for path in ["", "desk", "//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nb"] {
            assert!(!is_ours(path), "{path:?}");
        }
    }
}
