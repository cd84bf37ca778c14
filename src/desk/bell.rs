//! The bell 铃: the latest reminders and escalations for whoever looks, and since when.
//!
//! Looking at it is remembered by the browser: the number beside the bell is of what came
//! after. Nothing is acknowledged by it; that is an answer on the case's page.

use axum::http::{HeaderValue, header};
use axum::response::Response;
use maud::{Markup, html};

use super::failure::Failure;
use super::parts::{empty, key_of, long_table, names};
use super::shell::{Frame, Nav, page};
use super::view::View;
use super::visit::{BELL, Visit};
use crate::message::phrase;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::bell::Ring;
use crate::query::outbox::Standing;
use crate::query::reader::Reader;

/// The page of what rang.
pub async fn bell<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let found = visit.ask(Reader::bell).await?;
    let view = &visit.view;
    let body = html! { div data-live="rings" { (table(view, &found.body.rows)) } };
    let title = view.say("提醒", "Bell");
    let beside_title = html! {
        span .muted { (view.say("最近的催办、督办单、通报和约谈", "the latest reminders, sheets, bulletins and summonses")) }
    };
    let frame = Frame { nav: Nav::Supervision, title, as_of: Some(&found.as_of), beside_title, live: true };
    let mut response = page(view, &frame, &body);
    if let Some(latest) = view.home.bell.first().filter(|_| view.fixed.is_none()) {
        let tenant = &view.tenant;
        let cookie =
            format!("{BELL}={latest}; Path=/desk/{tenant}/; Max-Age=31536000; HttpOnly; SameSite=Lax");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
    Ok(response)
}

fn table(view: &View, rows: &[Ring]) -> Markup {
    if rows.is_empty() {
        return empty(
            view.say("还没有提醒", "Nothing has rung"),
            view.say("到期提醒和逐级升级会列在这里。", "Reminders and escalations appear here."),
        );
    }
    let heads = [
        (view.say("时间", "Time"), false),
        (view.say("措施", "Act"), false),
        (view.say("事项", "Matter"), false),
        (view.say("责任单位", "Unit"), false),
        (view.say("发给", "Told"), false),
        (view.say("截止时间", "Due"), false),
        (view.say("现状", "Stands"), false),
    ];
    long_table(view.say("提醒", "Bell"), &heads, &html! { @for ring in rows { (row(view, ring)) } })
}

fn row(view: &View, ring: &Ring) -> Markup {
    html! {
        tr .heard[ring.standing != Standing::Stands] {
            td .moment { time datetime=(ring.raised_at) { (view.of(&ring.raised)) } }
            td {
                span class={ "sheet-" (colour(ring)) } aria-hidden="true" { (phrase::shape(ring.light)) } " "
                (view.of(&ring.words))
                @if ring.nth > 1 { " ×" (ring.nth) }
                small { (phrase::light(view.lang, ring.light)) }
            }
            td .matter {
                a href=(view.case_link(&ring.case)) { (view.of(&ring.workflow.title)) " " (key_of(&ring.case, &ring.unit.id)) }
                small { (view.of(&ring.clock.title)) }
            }
            td { (view.of(&ring.unit.title)) }
            td { (names(view, &ring.to)) }
            td .moment { (view.of(&ring.due)) }
            td .moment {
                (stands(view, ring.standing))
                @if ring.acknowledged { small { (view.say("已签收", "acknowledged")) } }
            }
        }
    }
}

const fn colour(ring: &Ring) -> &'static str {
    match ring.light {
        crate::event::catalogue::RungLight::Blue => "blue",
        crate::event::catalogue::RungLight::Yellow => "yellow",
        crate::event::catalogue::RungLight::Red => "red",
    }
}

fn stands(view: &View, standing: Standing) -> &str {
    match standing {
        Standing::Stands => view.say("待办", "stands"),
        Standing::Met => view.say("已办结", "met"),
        Standing::Closed => view.say("已结案", "closed"),
        Standing::Moved => view.say("期限已变", "moved"),
    }
}
