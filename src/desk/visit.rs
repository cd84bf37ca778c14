//! A request for a page, read: whose desk, which language, about when, by whom.

use std::sync::Arc;

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::HeaderMap;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use chrono::NaiveDateTime;

use super::failure::Failure;
use super::view::{Theme, View};
use super::viewer::Viewer;
use crate::calendar::Lang;
use crate::event::fact::Fact;
use crate::http::events::stated;
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::http::site::{Asked, Site, Tenant};
use crate::id::Seq;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::error::QueryError;
use crate::query::reader::Reader;
use crate::time::Instant;

/// The cookie that keeps which of the bell's rings were looked at, by the latest of them.
pub const BELL: &str = "duban-bell";
/// Parameters that say how a page is shown, not what.
const OF_VIEW: [&str; 3] = ["lang", "theme", "at"];

/// A request for a page of a tenant's desk.
pub struct Visit<S, L> {
    /// How the page is to be shown.
    pub view: View,
    /// The address' parameters.
    pub params: Params,
    /// The tenant.
    pub tenant: Arc<Tenant<S, L>>,
    asked: Asked<S, L>,
}

impl<S: Store, L: Log> FromRequestParts<Arc<Site<S, L>>> for Visit<S, L> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site<S, L>>) -> Result<Self, Failure> {
        let params = Params::of_page(parts.uri.query().unwrap_or_default()).unwrap_or_default();
        let (lang, theme) = (lang(&params, &parts.headers), theme(&params, &parts.headers));
        let failed = |problem| Failure::new(problem, lang, theme, None);
        let asked = Asked::from_request_parts(parts, site).await.map_err(failed)?;
        let params = Params::of_page(asked.query()).map_err(failed)?;
        let id = asked.tenant.handle.tenant().clone();
        let failed = |problem| Failure::new(problem, lang, theme, Some(id.clone()));
        let fixed = params.text("at").map(str::to_owned);
        let reader = asked.reader();
        let (now, wanted) = ((site.now)(), fixed.clone());
        let framed = tokio::task::spawn_blocking(move || {
            let at = wanted.map_or(Ok(now), |text| instant(&reader, &text))?;
            Ok::<_, QueryError>((at, reader.home(at)?))
        });
        let (at, home) = flat(framed.await).map_err(failed)?;
        // A nested router takes the beginning of the address away.
        let whole = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |whole| &whole.0);
        let start = format!("/desk/{id}/");
        let others = params.given().filter(|(name, _)| !OF_VIEW.contains(name));
        let heard = cookie(&parts.headers, BELL).and_then(|seq| seq.parse().ok()).map_or(Seq::ZERO, Seq);
        let view = View {
            unheard: home.bell.iter().filter(|seq| **seq > heard).count(),
            tenants: site.tenants_of(Some(&asked.viewer)).into_iter().cloned().collect(),
            lang,
            theme,
            at,
            fixed,
            path: whole.path().strip_prefix(&start).map(decoded).unwrap_or_default(),
            params: others.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            home,
            viewer: Viewer::of(&asked.viewer, parts),
            tenant: id,
        };
        Ok(Self { view, params, tenant: Arc::clone(&asked.tenant), asked })
    }
}

impl<S: Store, L: Log> Visit<S, L> {
    /// A part of the address.
    pub fn part(&self, name: &str) -> &str {
        self.asked.path(name)
    }

    /// The request itself.
    pub const fn asked(&self) -> &Asked<S, L> {
        &self.asked
    }

    /// A failure shown as this view shows things.
    pub fn failed(&self, problem: impl Into<Problem>) -> Failure {
        Failure::new(problem.into(), self.view.lang, self.view.theme, Some(self.view.tenant.clone()))
    }

    /// The read side, as far as whoever asks sees.
    pub fn reader(&self) -> Reader<S, L> {
        self.asked.reader()
    }

    /// The fact with who states it, if whoever asks may state it.
    pub fn stated(&self, fact: Fact) -> Result<Fact, Problem> {
        let stated = stated(&self.asked, vec![fact])?;
        stated.into_iter().next().ok_or_else(|| Problem::new("server.failed", "no fact was left"))
    }

    /// Asks the reader where it may block.
    pub async fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Reader<S, L>, Instant) -> Result<T, QueryError> + Send + 'static,
    ) -> Result<T, Failure> {
        let (reader, at) = (self.reader(), self.view.at);
        let asked = tokio::task::spawn_blocking(move || ask(&reader, at)).await;
        flat(asked).map_err(|problem| self.failed(problem))
    }
}

fn flat<T>(asked: Result<Result<T, QueryError>, tokio::task::JoinError>) -> Result<T, Problem> {
    Ok(asked.map_err(|error| Problem::new("server.failed", error.to_string()))??)
}

/// An instant with its offset, or a time on the wall where the tenant lives.
/// An instant as an address or a form has it: with its offset, or as wall clocks show it.
pub(super) fn instant<S: Store, L: Log>(reader: &Reader<S, L>, text: &str) -> Result<Instant, QueryError> {
    if let Ok(at) = text.replace(' ', "+").parse() {
        return Ok(at);
    }
    let forms = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"];
    let wall = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let hint = "give a time such as 2026-11-25T17:50";
    reader.instant_of(wall.ok_or_else(|| QueryError::asked("at", text, hint))?)
}

fn decoded(path: &str) -> String {
    percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned()
}

pub(super) fn lang(params: &Params, headers: &HeaderMap) -> Lang {
    let named = params.text("lang").or_else(|| cookie(headers, "duban-lang"));
    if named == Some("en") { Lang::En } else { Lang::Zh }
}

pub(super) fn theme(params: &Params, headers: &HeaderMap) -> Theme {
    let named = params.text("theme").or_else(|| cookie(headers, "duban-theme"));
    named.and_then(Theme::named).unwrap_or_default()
}

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find_map(|(of, value)| (of == name).then_some(value))
}
