//! A message as an HTML document for mail: styles inline, tables for layout, nothing to
//! load, nothing that runs.

use maud::{DOCTYPE, Markup, html};

use super::facts::{Facts, Heading};
use super::phrase::{act, light, say, shape};
use super::render::Said;
use super::strip::strip;
use super::text::rows;
use crate::calendar::Lang;
use crate::event::catalogue::RungLight;
use crate::port::carrier::Link;

const BODY: &str = "margin:0;padding:16px;background:#f5f6f8;color:#1d2733;\
    font-family:-apple-system,'Segoe UI','PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif;\
    font-size:15px;line-height:1.6";
const CARD: &str = "max-width:680px;margin:0 auto;background:#ffffff;border:1px solid #d8dde3";
const LABEL: &str = "padding:3px 12px 3px 0;vertical-align:top;white-space:nowrap;color:#5a6673";
const CELL: &str = "padding:3px 0;vertical-align:top";
const BUTTON: &str = "display:inline-block;margin:4px 8px 4px 0;padding:6px 14px;border:1px solid #1f5fa8;\
    border-radius:4px;color:#1f5fa8;text-decoration:none";
const FOOT: &str = "padding:10px 20px;border-top:1px solid #d8dde3;color:#5a6673;font-size:13px";

/// The whole.
#[must_use]
pub fn html(heading: &Heading, told: &Said<'_>) -> String {
    let lang = heading.lang;
    let page = html! {
        (DOCTYPE)
        html lang=(say(lang, "zh-CN", "en")) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (told.title) }
            }
            body style=(BODY) {
                div style=(CARD) {
                    (head(lang, told))
                    div style="padding:14px 20px" {
                        p style="margin:0 0 10px;white-space:pre-line" { (told.opening) }
                        @if let [facts] = told.shown { (one(lang, facts)) } @else { (several(lang, told)) }
                        @if !told.links.is_empty() { p style="margin:12px 0 0" { (buttons(&told.links)) } }
                    }
                    div style=(FOOT) {
                        span style="white-space:pre-line" { (told.closing) } br;
                        (told.number())
                    }
                }
            }
        }
    };
    page.into_string()
}

fn head(lang: Lang, told: &Said<'_>) -> Markup {
    let style = format!("padding:12px 20px;color:#ffffff;background:{}", ground(told.light));
    html! {
        div style=(style) {
            div style="font-size:13px" { (shape(told.light)) " " (light(lang, told.light)) }
            div style="font-size:18px;font-weight:bold" { (told.title) }
        }
    }
}

/// Dark enough for white letters on it.
const fn ground(light: RungLight) -> &'static str {
    match light {
        RungLight::Blue => "#1f5fa8",
        RungLight::Yellow => "#8a5a00",
        RungLight::Red => "#a3241b",
    }
}

fn one(lang: Lang, facts: &Facts) -> Markup {
    html! {
        table role="presentation" cellspacing="0" cellpadding="0" style="border-collapse:collapse" {
            @for (label, said) in rows(lang, facts) {
                tr { td style=(LABEL) { (label) } td style=(CELL) { (said) } }
            }
        }
        @if let Some(strip) = facts.explanation.as_ref().and_then(|told| strip(lang, told)) { (strip) }
    }
}

fn several(lang: Lang, told: &Said<'_>) -> Markup {
    html! {
        ol style="margin:0;padding-left:22px" {
            @for facts in told.shown {
                li style="margin:0 0 10px" {
                    b { (shape(facts.light)) " " (act(lang, facts.act)) }
                    " " (facts.workflow.get(lang)) " " (facts.case.key()) " · " (facts.duty.get(lang)) br;
                    (say(lang, "截止", "Due")) " " (facts.due.get(lang))
                    @if let Some(span) = &facts.span { " · " b { (span.get(lang)) } }
                    br;
                    span style="color:#5a6673;font-size:13px" { (facts.days.get(lang)) }
                    @if !facts.links.is_empty() { br; (buttons(&facts.links)) }
                }
            }
        }
        @if let Some(omitted) = told.omitted() { p { (omitted) } }
    }
}

fn buttons(links: &[Link]) -> Markup {
    html! { @for link in links { a href=(link.url) style=(BUTTON) { (link.label) } } }
}
