//! A unit's deadlines as iCalendar, for people's own calendars.
//!
//! Every deadline is a whole day, its last one: a calendar that shows 24:00 as the
//! next day's 00:00 would mislead.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use icalendar::{Calendar, Component as _, Event, EventLike as _};

use super::failure::Failure;
use super::parts::notice;
use super::view::View;
use super::visit::Visit;
use crate::http::problem::Problem;
use crate::id::UnitId;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::deadline_row::DeadlineRow;
use crate::query::deadlines::DeadlineFilter;

/// The feed of a unit.
pub async fn feed<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let id = UnitId::new(visit.part("unit"));
    let id = id.map_err(|error| visit.failed(Problem::new("thing.unknown", format!("failed to {error}"))))?;
    let view = &visit.view;
    let Some(unit) = view.home.units.iter().find(|unit| unit.id == id.as_str()) else {
        return Err(visit.failed(Problem::new("thing.unknown", "the register has no such unit")));
    };
    let filter = DeadlineFilter { unit: Some(id), ..DeadlineFilter::default() };
    let found = visit.ask(move |reader, at| reader.all_deadlines(&filter, at)).await?;
    let mut calendar = Calendar::new();
    calendar.name(&format!("{} {}", view.of(&unit.title), view.say("督办期限", "deadlines")));
    for row in &found.body.rows {
        calendar.push(event(view, row));
    }
    let mut response = calendar.to_string().into_response();
    let media = HeaderValue::from_static("text/calendar; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    Ok(response)
}

fn event(view: &View, row: &DeadlineRow) -> Event {
    let key = row.period.as_deref().unwrap_or(row.case.key());
    let summary = format!(
        "{} {} {key} · {}",
        row.light.shape(),
        view.of(&row.workflow.title),
        view.of(&row.clock.title),
    );
    let told = format!(
        "{} {}\n{} · {} {}",
        view.of(&row.due),
        view.say("到期", "due"),
        view.of(&row.rule),
        notice(view, &row.cite.notice),
        row.cite.clause,
    );
    Event::new()
        .uid(&format!("{}#{}@{}.duban", row.case, row.clock.id, view.tenant))
        .timestamp(view.at.to_utc())
        .sequence(u32::from(row.moves))
        .all_day(row.last_day)
        .summary(&summary)
        .description(&told)
        .done()
}
