//! A message as it would go out (预览), before anything is raised: what it says, to whom,
//! by what, and when.
//!
//! The same parameters and the same answer as `GET deliveries/preview`. The form of an
//! e-mail is a document of its own, which may style itself and nothing else.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};

use super::failure::Failure;
use super::parts::names;
use super::shell::{Frame, Nav, page};
use super::view::View;
use super::visit::Visit;
use crate::calendar::Lang;
use crate::courier::preview::{self, Preview};
use crate::event::catalogue::RungLight;
use crate::http::deliveries::sample;
use crate::id::CaseId;
use crate::message::phrase;
use crate::policy::definition::delivery::Via;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::explained::RungTime;
use crate::query::naming::Named;

/// Nothing but the document's own styles; no script, no form, no address of this desk.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// The page of a message.
pub async fn preview<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let letter = found(&visit).await?;
    let view = &visit.view;
    let document = view.here_as("deliveries/preview.html", &[]);
    let event = serde_json::to_string_pretty(&letter.event).unwrap_or_default();
    let body = html! {
        p .muted { (view.say("按当前情况试写，不会发出，也不记入账本；其中的办理链接无效。", "Written as things stand; nothing is sent or recorded, and its links open nothing.")) }
        dl .facts { (envelope(view, &letter)) }
        h2 { (letter.title) }
        pre .letter lang=(tag(letter.lang)) { (letter.text) }
        p { a .button href=(document) target="_blank" rel="noopener" { (view.say("邮件版式", "As an e-mail")) } }
        details { summary { (view.say("群机器人所示（Markdown）", "As a chat robot shows it (Markdown)")) } pre .letter { (letter.markdown) } }
        details { summary { (view.say("系统对接所收（CloudEvents）", "As systems get it (CloudEvents)")) } pre { (event) } }
        @for file in &letter.attachments {
            details { summary { (view.say("附件 ", "Attached: ")) (file.name) } pre { (file.body) } }
        }
    };
    let title = view.say("消息预览", "A message, looked at");
    let beside_title =
        html! { a href=(view.case_link(&letter.case)) { (view.say("返回事项", "Back to the case")) } };
    Ok(page(view, &Frame { nav: Nav::Supervision, title, as_of: None, beside_title, live: false }, &body))
}

/// The same as the document that an e-mail carries.
pub async fn letter<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let letter = found(&visit).await?;
    let mut response = (StatusCode::OK, letter.html).into_response();
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value| headers.insert(name, HeaderValue::from_static(value));
    set(header::CONTENT_TYPE, "text/html; charset=utf-8");
    set(header::CONTENT_SECURITY_POLICY, POLICY);
    set(header::REFERRER_POLICY, "no-referrer");
    Ok(response)
}

async fn found<S: Store, L: Log>(visit: &Visit<S, L>) -> Result<Preview, Failure> {
    let mut sample = sample(&visit.params).map_err(|problem| visit.failed(problem))?;
    // The desk's own instant is that of the page; without one the message chooses.
    sample.at = visit.view.fixed.as_ref().map(|_| visit.view.at);
    let of = (visit.tenant.handle.tenant().clone(), visit.tenant.letterhead.clone());
    visit.ask(move |reader, at| preview::preview(reader.clone(), of, &sample, at)).await
}

/// Where the message of a rung can be looked at.
pub fn link(view: &View, (case, clock): (&CaseId, &str), rung: &RungTime) -> String {
    let (place, nth) = (rung.rung.to_string(), rung.nth.to_string());
    let of = [("case", case.as_str()), ("clock", clock), ("rung", &place), ("nth", &nth)];
    view.link("deliveries/preview", &of)
}

/// What stands on the envelope, and what else could.
fn envelope(view: &View, letter: &Preview) -> Markup {
    let rung = format!("{} · {}", letter.rung, view.of(&letter.words));
    html! {
        (line(view.say("事项", "Matter"), &html! { a href=(view.case_link(&letter.case)) { (letter.case) } " " (view.of(&letter.clock.title)) }))
        (line(view.say("档次", "Rung"), &html! { (rung) @if letter.nth > 1 { " ×" (letter.nth) } " " (light(view, letter.light)) }))
        (line(view.say("收件单位", "To"), &units(view, letter)))
        (line(view.say("渠道", "Through"), &channels(view, letter)))
        (line(view.say("语言", "Language"), &languages(view, letter)))
        (line(view.say("触发", "Raised"), &html! { (view.of(&letter.raised)) }))
        (line(view.say("发出", "Leaves"), &html! { (view.of(&letter.leaves)) }))
    }
}

fn line(title: &str, of: &Markup) -> Markup {
    html! { div { dt { (title) } dd { (of) } } }
}

fn light(view: &View, light: RungLight) -> Markup {
    html! { span .muted { (phrase::shape(light)) " " (phrase::light(view.lang, light)) } }
}

/// The one that is told, with links to the others in its place.
fn units(view: &View, letter: &Preview) -> Markup {
    let others = letter.units.iter().filter(|unit| **unit != letter.unit);
    let to = |unit: &Named| view.here(&[("unit", Some(&unit.id)), ("channel", None)]);
    html! {
        strong { (names(view, std::slice::from_ref(&letter.unit))) }
        @for unit in others { " " a href=(to(unit)) { (view.of(&unit.title)) } }
    }
}

fn channels(view: &View, letter: &Preview) -> Markup {
    let others = letter.channels.iter().filter(|channel| Some(*channel) != letter.channel.as_ref());
    html! {
        @match &letter.channel {
            Some(channel) => { strong { (channel) } @if let Some(via) = letter.via { " " span .muted { (by(view, via)) } } },
            None => span .muted { (view.say("没有渠道服务该单位，仅在督办台可见", "no channel serves it; seen on the desk only")) },
        }
        @for channel in others { " " a href=(view.here(&[("channel", Some(channel.as_str()))])) { (channel) } }
    }
}

fn languages(view: &View, letter: &Preview) -> Markup {
    let (name, other, title) = match letter.lang {
        Lang::Zh => ("中文", "en", "English"),
        Lang::En => ("English", "zh", "中文"),
    };
    html! { strong { (name) } " " a href=(view.here(&[("language", Some(other))])) { (title) } }
}

const fn tag(lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => "zh-CN",
        Lang::En => "en",
    }
}

/// What a channel is, in words.
fn by(view: &View, via: Via) -> &str {
    match via {
        Via::Webhook => view.say("网络回调", "webhook"),
        Via::Dingtalk => view.say("钉钉机器人", "DingTalk robot"),
        Via::Wecom => view.say("企业微信机器人", "WeCom robot"),
        Via::Feishu => view.say("飞书机器人", "Feishu robot"),
        Via::Mail => view.say("电子邮件", "e-mail"),
        Via::Subject => view.say("消息主题", "subject of the broker"),
    }
}
