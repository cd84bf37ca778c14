//! A unit's deadlines as iCalendar, for people's own calendars.
//!
//! Every deadline is a whole day, its last one: a calendar that shows 24:00 as the
//! next day's 00:00 would mislead. Somebody signed in reads it at the unit's page; a
//! calendar program reads it under an address of its own ([`super::feed_address`]).

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use icalendar::{Calendar, Component as _, Event, EventLike as _};

use super::failure::Failure;
use super::visit::{self, Visit};
use crate::calendar::{Lang, Text};
use crate::http::Site;
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::id::{TenantId, UnitId};
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::deadline_row::DeadlineRow;
use crate::query::deadlines::DeadlineFilter;
use crate::query::desk::Whole;
use crate::query::error::QueryError;
use crate::query::home::Home;
use crate::query::naming::Named;
use crate::query::rows::Answer;
use crate::time::Instant;

/// How often a calendar program should ask again: deadlines move within a day.
const ASKED_AGAIN: std::time::Duration = std::time::Duration::from_secs(60 * 60);

/// Whose feed it is and how it is told.
struct Feed<'f> {
    tenant: &'f TenantId,
    lang: Lang,
    home: &'f Home,
    at: Instant,
}

/// The feed of a unit, for somebody who may see it.
pub async fn feed<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let id = UnitId::new(visit.part("unit"));
    let id = id.map_err(|error| visit.failed(Problem::new("thing.unknown", format!("failed to {error}"))))?;
    let view = &visit.view;
    let unit = unit_of(&view.home, &id).map_err(|problem| visit.failed(problem))?.clone();
    let filter = of_unit(id);
    let found = visit.ask(move |reader, at| reader.all_deadlines(&filter, at)).await?;
    let feed = Feed { tenant: &view.tenant, lang: view.lang, home: &view.home, at: view.at };
    Ok(feed.written(&unit, &found))
}

/// The feed of the unit whose address it is.
///
/// # Errors
/// A problem: that there is nothing here, whether the address never was, has ended, or
/// is one of a unit that the register no longer has.
pub async fn by_address<S: Store, L: Log>(
    State(site): State<Arc<Site<S, L>>>,
    Path(secret): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let directory = site.gate.directory()?;
    let ended = || Problem::new("thing.unknown", "this address is none, or has ended; ask for a new one");
    let (tenant, unit) = directory.feeds.shown_by(&secret).ok_or_else(ended)?;
    let reader = site.tenants.get(tenant).ok_or_else(ended)?.reader_of_feed(unit);
    let params = Params::of_page(&query.unwrap_or_default())?;
    let (at, filter) = ((site.now)(), of_unit(unit.clone()));
    let asked = tokio::task::spawn_blocking(move || {
        Ok::<_, QueryError>((reader.home(at)?, reader.all_deadlines(&filter, at)?))
    });
    let asked = asked.await.map_err(|error| Problem::new("server.failed", error.to_string()))?;
    let (home, found) = asked?;
    let unit = unit_of(&home, unit).map_err(|_| ended())?;
    let feed = Feed { tenant, lang: visit::lang(&params, &headers), home: &home, at };
    Ok(feed.written(unit, &found))
}

fn of_unit(unit: UnitId) -> DeadlineFilter {
    DeadlineFilter { unit: Some(unit), ..DeadlineFilter::default() }
}

fn unit_of<'h>(home: &'h Home, id: &UnitId) -> Result<&'h Named, Problem> {
    let found = home.units.iter().find(|unit| unit.id == id.as_str());
    found.ok_or_else(|| Problem::new("thing.unknown", "the register has no such unit"))
}

impl Feed<'_> {
    fn say<'t>(&self, zh: &'t str, en: &'t str) -> &'t str {
        match self.lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    fn of<'t>(&self, text: &'t Text) -> &'t str {
        text.get(self.lang)
    }

    fn written(&self, unit: &Named, found: &Answer<Whole<DeadlineRow>>) -> Response {
        let mut calendar = Calendar::new();
        calendar.name(&format!("{} {}", self.of(&unit.title), self.say("督办期限", "deadlines")));
        calendar.description(&format!(
            "{} {} · {} {}",
            self.say("截至", "As of"),
            self.of(&self.home.asked),
            self.say("账本条目", "ledger entry"),
            found.as_of.ledger_seq,
        ));
        if let Ok(often) = chrono::TimeDelta::from_std(ASKED_AGAIN) {
            calendar.ttl(&often);
        }
        for row in &found.body.rows {
            calendar.push(self.event(row));
        }
        let mut response = calendar.to_string().into_response();
        let media = HeaderValue::from_static("text/calendar; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, media);
        response
    }

    fn event(&self, row: &DeadlineRow) -> Event {
        let key = row.period.as_deref().unwrap_or(row.case.key());
        let summary = format!(
            "{} {} {key} · {}",
            row.light.shape(),
            self.of(&row.workflow.title),
            self.of(&row.clock.title),
        );
        let notice = self.home.notices.get(&row.cite.notice);
        let told = format!(
            "{} {}\n{} · {} {}",
            self.of(&row.due),
            self.say("到期", "due"),
            self.of(&row.rule),
            notice.map_or(row.cite.notice.as_str(), |title| self.of(title)),
            row.cite.clause,
        );
        Event::new()
            .uid(&format!("{}#{}@{}.duban", row.case, row.clock.id, self.tenant))
            .timestamp(self.at.to_utc())
            .sequence(u32::from(row.moves))
            .all_day(row.last_day)
            .summary(&summary)
            .description(&told)
            .done()
    }
}
