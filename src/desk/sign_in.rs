//! The page to sign in at, and the way out.

use std::sync::Arc;

use axum::Extension;
use axum::Form;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::html;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::shell::{bare, respond};
use super::visit::{lang, theme};
use crate::calendar::Lang;
use crate::http::Site;
use crate::http::gate::Admitted;
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::http::session::{Typed, is_ours, sign_in};
use crate::port::log::Log;
use crate::port::store::Store;

/// What the form says.
#[derive(Deserialize)]
pub struct Given {
    account: String,
    password: String,
    #[serde(default)]
    then: String,
}

/// The page; whoever is signed in already goes on.
pub async fn page<S: Store, L: Log>(
    State(site): State<Arc<Site<S, L>>>,
    Extension(admitted): Extension<Admitted>,
    request: Request,
) -> Response {
    let (parts, _) = request.into_parts();
    let params = Params::of_page(parts.uri.query().unwrap_or_default()).unwrap_or_default();
    let then = ours(params.text("then").unwrap_or_default());
    if admitted.viewer.is_some() {
        return Redirect::to(then).into_response();
    }
    shown(&parts, then, site.gate.issuer().is_some(), None)
}

/// Signs in with what the form says, and goes on.
pub async fn enter<S: Store, L: Log>(
    State(site): State<Arc<Site<S, L>>>,
    parts: Parts,
    Form(given): Form<Given>,
) -> Response {
    let then = ours(&given.then);
    // People write names as they like; accounts are in lower case.
    let account = given.account.trim().to_lowercase();
    match sign_in(&site.gate, &parts, Typed { account, password: given.password }).await {
        Ok((_, cookie, _)) => {
            let headers = [(header::SET_COOKIE, cookie)];
            (headers, Redirect::to(then)).into_response()
        }
        Err(problem) => shown(&parts, then, site.gate.issuer().is_some(), Some(&problem)),
    }
}

/// Signs out.
pub async fn leave<S: Store, L: Log>(State(site): State<Arc<Site<S, L>>>, headers: HeaderMap) -> Response {
    if let Some(id) = site.gate.cookies().read(&headers) {
        site.gate.sessions().end(id);
    }
    ([(header::SET_COOKIE, site.gate.cookies().ended())], Redirect::to("/sign-in")).into_response()
}

fn ours(then: &str) -> &str {
    if is_ours(then) { then } else { "/" }
}

fn shown(parts: &Parts, then: &str, has_issuer: bool, problem: Option<&Problem>) -> Response {
    let params = Params::of_page(parts.uri.query().unwrap_or_default()).unwrap_or_default();
    let (lang, theme) = (lang(&params, &parts.headers), theme(&params, &parts.headers));
    let say = |zh: &'static str, en: &'static str| if lang == Lang::Zh { zh } else { en };
    let wrong = problem.map(|problem| match problem.rule() {
        "access.wrong" => say("账号或密码不对。", "Account and password do not belong together.").to_owned(),
        "access.slow" => {
            say("尝试次数过多，请一刻钟后再试。", "Too many tries; try again in a quarter of an hour.")
                .to_owned()
        }
        _ => problem.detail().to_owned(),
    });
    let onward = utf8_percent_encode(then, NON_ALPHANUMERIC);
    let title = say("登录", "Sign in");
    let body = html! {
        main #main .failure.door {
            p .brand { span .seal aria-hidden="true" { "督" } span { "duban 督办" } }
            h1 { (title) }
            @if let Some(wrong) = &wrong { p .note role="alert" { (wrong) } }
            form .stacked method="post" action="/sign-in" {
                input type="hidden" name="then" value=(then);
                label { span { (say("账号", "Account")) }
                    input name="account" autocomplete="username" autocapitalize="none" required autofocus; }
                label { span { (say("密码", "Password")) }
                    input type="password" name="password" autocomplete="current-password" required; }
                button .button.main type="submit" { (title) }
            }
            p .tongues {
                a href={ "/sign-in?lang=zh&then=" (onward) } lang="zh" { "中文" } " · "
                a href={ "/sign-in?lang=en&then=" (onward) } lang="en" { "English" }
            }
            @if has_issuer {
                p { a .button href={ "/v1/session/issuer?then=" (onward) } { (say("用单位统一账号登录", "Sign in with the office's account")) } }
            }
        }
    };
    let status = problem.map_or(StatusCode::OK, Problem::status);
    respond(status, &bare(lang, theme, title, &body))
}
