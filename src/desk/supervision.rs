//! Supervision 督办: what is overdue, how often it was urged, how far it was raised.

use std::collections::BTreeSet;

use axum::response::Response;
use maud::{Markup, html};

use super::bulletin;
use super::failure::Failure;
use super::parts::{clause_cell, empty, key, level, light, long_table, waits};
use super::shell::{Frame, Nav, page};
use super::supervision_sheet;
use super::view::View;
use super::visit::Visit;
use crate::http::params::Params;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::deadline_row::DeadlineRow;
use crate::query::deadlines::DeadlineFilter;
use crate::query::light::Light;
use crate::query::page::PageAsk;

/// How many rows a page has.
const ROWS: usize = 50;

/// The page of what is supervised.
pub async fn supervision<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let ask = ask(&visit.params).map_err(|problem| visit.failed(problem))?;
    let filter = DeadlineFilter {
        lights: BTreeSet::from([Light::Overdue, Light::Escalated]),
        ..DeadlineFilter::default()
    };
    let found = visit.ask(move |reader, at| reader.deadlines(&filter, &ask, at)).await?;
    let view = &visit.view;
    let body = html! {
        div data-live="supervision" {
            (table(view, &found.body.rows))
            @if let Some(next) = &found.body.next {
                nav .pager aria-label=(view.say("翻页", "Pages")) { a .button rel="next" href=(view.here(&[("cursor", Some(next))])) { (view.say("下一页", "Next page")) } }
            }
        }
    };
    let title = Nav::Supervision.title(view);
    let beside_title = html! {
        span .muted { (view.say("全部超期事项，最早到期在前", "everything overdue, earliest due first")) }
        (bulletin::links(view))
        " " a href=(view.link("deliveries", &[])) { (view.say("送达与死信", "Deliveries and dead letters")) }
    };
    let frame = Frame { nav: Nav::Supervision, title, as_of: Some(&found.as_of), beside_title, live: true };
    Ok(page(view, &frame, &body))
}

fn ask(params: &Params) -> Result<PageAsk, crate::http::problem::Problem> {
    Ok(PageAsk::new(Some(ROWS), params.text("cursor").map(str::to_owned))?)
}

fn table(view: &View, rows: &[DeadlineRow]) -> Markup {
    if rows.is_empty() {
        return empty(
            view.say("没有超期事项", "Nothing is overdue"),
            view.say(
                "期限届满未办的事项会列在这里，连同催办和升级。",
                "What passes its limit appears here with its reminders and escalations.",
            ),
        );
    }
    let heads = [
        (view.say("状态灯", "Light"), false),
        (view.say("事项", "Matter"), false),
        (view.say("责任单位 / 待谁办", "Unit / who acts"), false),
        (view.say("截止时间", "Due"), false),
        (view.say("催办次数", "Reminders"), true),
        (view.say("升级到", "Raised to"), false),
        (view.say("依据", "Clause"), false),
    ];
    long_table(Nav::Supervision.title(view), &heads, &html! { @for row in rows { (table_row(view, row)) } })
}

fn table_row(view: &View, row: &DeadlineRow) -> Markup {
    html! {
        tr class=(row.light.name()) {
            td { (light(view, row.light)) @if let Some(span) = &row.span { small { (view.of(&span.words)) } } }
            td .matter {
                a href=(view.case_link(&row.case)) { (view.of(&row.workflow.title)) " " span .key { (key(&row.case, row.period.as_deref(), &row.unit)) } }
                @if row.clock.title != row.workflow.title { small { (view.of(&row.clock.title)) } }
            }
            td {
                a href=(view.link(&format!("units/{}", row.unit.id), &[])) { (view.of(&row.unit.title)) }
                (waits(view, &row.unit, &row.waits_for))
            }
            td .moment { (view.of(&row.due)) }
            td .num { (row.reminders) }
            td {
                @if row.level > 0 { b { (level(view, row.level)) } } @else { span .muted { (view.say("未升级", "not raised")) } }
                small { a href=(supervision_sheet::link(view, &row.case, &row.clock.id)) { (view.say("督办单", "sheet")) } }
            }
            (clause_cell(view, &row.cite))
        }
    }
}
