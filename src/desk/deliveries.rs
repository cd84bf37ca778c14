//! Deliveries 送达: what waits to be delivered, what was given up, and sending it again.
//!
//! A page of its own under supervision. What is shown is the read side's; sending again
//! is stated as a fact, in the name of whoever presses the button.

use axum::Form;
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::failure::Failure;
use super::parts::{empty, level, number};
use super::shell::{Frame, Nav, page};
use super::view::View;
use super::visit::Visit;
use crate::http::deliveries::{Wanted, send_again};
use crate::id::{Name, Seq, UnitId};
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::deliveries::{DeadLetter, Delivery, DeliveryCounts, DeliveryFilter};
use crate::query::outbox::Standing;
use crate::query::page::PageAsk;

/// How many rows a list has; the rest comes page by page.
const ROWS: usize = 50;

/// What the form says.
#[derive(Debug, Deserialize)]
pub struct Again {
    /// One reminder; empty for all that fit.
    #[serde(default)]
    reminder: String,
    /// Its unit, or those to this unit.
    #[serde(default)]
    unit: String,
    /// Its channel, or those through this channel.
    #[serde(default)]
    channel: String,
    /// How many the page said that there are.
    #[serde(default)]
    expect: String,
}

/// The page of deliveries.
pub async fn deliveries<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let params = &visit.params;
    let filter = DeliveryFilter {
        channel: params.parsed("channel").map_err(|problem| visit.failed(problem))?,
        unit: params.parsed("unit").map_err(|problem| visit.failed(problem))?,
        ..DeliveryFilter::default()
    };
    let page_of = |name: &str| PageAsk::new(Some(ROWS), params.text(name).map(str::to_owned));
    let (of_dead, of_pending) = (page_of("dead"), page_of("pending"));
    let of_dead = of_dead.map_err(|error| visit.failed(error))?;
    let of_pending = of_pending.map_err(|error| visit.failed(error))?;
    let (dead, pending) = visit
        .ask(move |reader, at| {
            Ok((reader.dead_letters(&filter, &of_dead, at)?, reader.deliveries(&filter, &of_pending, at)?))
        })
        .await?;
    let view = &visit.view;
    let counts = &pending.body.counts;
    let body = html! {
        div data-live="deliveries" {
            (numbers(view, counts))
            section {
                h2 { (view.say("死信", "Dead letters")) }
                (dead_table(view, &dead.body.rows))
                (pager(view, "dead", dead.body.next.as_deref()))
                @if counts.dead > 1 && may_replay_here(view) { (replay_all(view, counts.dead)) }
            }
            section {
                h2 { (view.say("待送达", "Waiting")) }
                (pending_table(view, &pending.body.page.rows))
                (pager(view, "pending", pending.body.page.next.as_deref()))
            }
        }
    };
    let title = view.say("送达", "Deliveries");
    let beside_title = html! {
        a href=(view.link("supervision", &[])) { (view.say("返回督办", "Back to supervision")) }
    };
    let as_of = Some(&pending.as_of);
    Ok(page(view, &Frame { nav: Nav::Supervision, title, as_of, beside_title, live: true }, &body))
}

/// Has dead letters sent again, and shows the page anew.
pub async fn again<S: Store, L: Log>(
    visit: Visit<S, L>,
    Form(form): Form<Again>,
) -> Result<Response, Failure> {
    let wanted = wanted(&form).map_err(|problem| visit.failed(problem))?;
    send_again(visit.asked(), wanted, false).await.map_err(|problem| visit.failed(problem))?;
    Ok(Redirect::to(&visit.view.link("deliveries", &[])).into_response())
}

fn wanted(form: &Again) -> Result<Wanted, crate::http::problem::Problem> {
    let wrong = |name: &str, value: &str| {
        crate::http::problem::Problem::new("parameter.invalid", "the form was changed on its way")
            .about(name, value)
    };
    let text = |value: &str| Some(value.trim().to_owned()).filter(|value| !value.is_empty());
    let number = |name: &str, value: &str| {
        text(value).map(|value| value.parse::<u64>().map_err(|_| wrong(name, &value))).transpose()
    };
    let unit = text(&form.unit).map(|value| UnitId::new(&value).map_err(|_| wrong("unit", &value)));
    let channel = text(&form.channel).map(|value| Name::new(&value).map_err(|_| wrong("channel", &value)));
    Ok(Wanted {
        reminder: number("reminder", &form.reminder)?.map(Seq),
        unit: unit.transpose()?,
        channel: channel.transpose()?,
        expect: number("expect", &form.expect)?,
    })
}

fn may_replay_here(view: &View) -> bool {
    view.viewer.may(crate::identity::grant::Right::Replay, &view.tenant)
}

fn numbers(view: &View, counts: &DeliveryCounts) -> Markup {
    html! {
        p {
            (view.say("待送达 ", "Waiting ")) strong { (number(counts.pending)) }
            (view.say("，死信 ", ", dead letters ")) strong { (number(counts.dead)) }
            @if counts.cut { " " span .muted { (view.say("（过多，未数完）", "(more than were counted)")) } }
        }
        @if counts.channels.len() > 1 {
            ul .plain {
                @for of in &counts.channels {
                    li {
                        a href=(view.here(&[("channel", Some(of.channel.as_str())), ("dead", None), ("pending", None)])) { (of.channel) }
                        " " (number(of.pending)) " / " (number(of.dead))
                    }
                }
            }
        }
    }
}

fn pager(view: &View, name: &str, next: Option<&str>) -> Markup {
    html! {
        @if let Some(next) = next {
            nav .pager { a .button rel="next" href=(view.here(&[(name, Some(next))])) { (view.say("下一页", "Next page")) } }
        }
    }
}

/// What every row of either list begins with.
fn row(view: &View, it: &Delivery) -> Markup {
    html! {
        td .matter {
            @match &it.case {
                Some(case) => a href=(view.case_link(case)) {
                    (it.workflow.as_ref().map_or("", |workflow| view.of(&workflow.title))) " " (case.key())
                },
                None => span .muted { (view.say("联动事实", "a reaction's fact")) },
            }
            small { (view.of(&it.raised)) }
        }
        td { (view.of(&it.unit.title)) small { (it.channel) } }
        td { (act(view, it)) }
    }
}

fn act<'v>(view: &'v View, it: &Delivery) -> &'v str {
    match it.act.map(crate::event::catalogue::Act::level) {
        None => "",
        Some(0) => view.say("催办", "reminder"),
        Some(raised) => level(view, raised),
    }
}

fn head(view: &View) -> Markup {
    html! {
        th scope="col" { (view.say("事项", "Matter")) }
        th scope="col" { (view.say("单位 / 渠道", "Unit / channel")) }
        th scope="col" { (view.say("措施", "Act")) }
    }
}

fn dead_table(view: &View, rows: &[DeadLetter]) -> Markup {
    if rows.is_empty() {
        return empty(
            view.say("没有死信", "There are no dead letters"),
            view.say(
                "多次尝试仍未送达的会列在这里，可逐件或一并重发。",
                "What could not be delivered after all attempts appears here, to be sent again.",
            ),
        );
    }
    html! {
        div .scroll tabindex="0" role="region" aria-label=(view.say("死信", "Dead letters")) {
            table .ledger {
                thead { tr {
                    (head(view))
                    th scope="col" { (view.say("放弃于", "Given up")) }
                    th scope="col" .num { (view.say("次数", "Tries")) }
                    th scope="col" { (view.say("原因", "Why")) }
                    @if may_replay_here(view) { th scope="col" { (view.say("处理", "Do")) } }
                } }
                tbody { @for letter in rows {
                    tr {
                        (row(view, &letter.delivery))
                        td .moment { (view.of(&letter.given_up)) }
                        td .num { (letter.attempts) }
                        td { (letter.note) }
                        @if may_replay_here(view) { td { (replay_one(view, &letter.delivery)) } }
                    }
                } }
            }
        }
    }
}

fn pending_table(view: &View, rows: &[Delivery]) -> Markup {
    if rows.is_empty() {
        return empty(
            view.say("没有待送达", "Nothing waits"),
            view.say(
                "已发出的催办和督办都已送达或有结果。",
                "Every reminder that was raised has an outcome.",
            ),
        );
    }
    html! {
        div .scroll tabindex="0" role="region" aria-label=(view.say("待送达", "Waiting")) {
            table .ledger {
                thead { tr { (head(view)) th scope="col" { (view.say("现状", "Stands")) } } }
                tbody { @for it in rows { tr { (row(view, it)) td { (standing(view, it.standing)) } } } }
            }
        }
    }
}

fn standing(view: &View, standing: Standing) -> &str {
    match standing {
        Standing::Stands => view.say("有效", "stands"),
        Standing::Met => view.say("已办结，将撤回", "met; will be withdrawn"),
        Standing::Closed => view.say("已结案，将撤回", "closed; will be withdrawn"),
        Standing::Moved => view.say("期限已变，将撤回", "moved; will be withdrawn"),
    }
}

fn replay_one(view: &View, it: &Delivery) -> Markup {
    html! {
        form method="post" action=(view.link("deliveries", &[])) {
            input type="hidden" name="reminder" value=(it.reminder);
            input type="hidden" name="unit" value=(it.unit.id);
            input type="hidden" name="channel" value=(it.channel);
            (csrf(view))
            button .button type="submit" { (view.say("重发", "Send again")) }
        }
    }
}

fn replay_all(view: &View, count: u64) -> Markup {
    let of = |name: &str| view.params.iter().find(|(of, _)| of == name).map(|(_, value)| value.as_str());
    html! {
        form method="post" action=(view.link("deliveries", &[])) {
            @if let Some(unit) = of("unit") { input type="hidden" name="unit" value=(unit); }
            @if let Some(channel) = of("channel") { input type="hidden" name="channel" value=(channel); }
            input type="hidden" name="expect" value=(count);
            (csrf(view))
            button .button type="submit" {
                (view.say("全部重发 ", "Send all again: ")) (number(count)) (view.say(" 件", ""))
            }
        }
    }
}

fn csrf(view: &View) -> Markup {
    html! { @if let Some(csrf) = &view.viewer.csrf { input type="hidden" name="csrf" value=(csrf); } }
}
