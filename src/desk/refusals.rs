//! Refusals 退件: what was not taken and why, and the way to correct it.

use axum::response::Response;
use maud::{Markup, html};

use super::failure::Failure;
use super::parts::{empty, event, long_table, number, pairs};
use super::refusal_words::words;
use super::resubmit::form;
use super::shell::{Frame, Nav, page};
use super::view::View;
use super::visit::Visit;
use crate::calendar::Lang;
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::id::Seq;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::page::PageAsk;
use crate::query::reader::Reader;
use crate::query::refusals::{Refusal, RefusalFilter, RefusedBy};

/// How many rows a page has.
const ROWS: usize = 50;

/// All refusals, the newest first.
pub async fn refusals<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let (filter, ask) = asked(&visit.params).map_err(|problem| visit.failed(problem))?;
    let found = visit.ask(move |reader, at| reader.refusals(&filter, &ask, at)).await?;
    let by = visit.ask(Reader::refused_by).await?;
    let view = &visit.view;
    let body = html! {
        (publishers(view, &by.body))
        (table(view, &found.body.rows))
        @if let Some(next) = &found.body.next {
            nav .pager aria-label=(view.say("翻页", "Pages")) { a .button rel="next" href=(view.here(&[("cursor", Some(next))])) { (view.say("下一页", "Next page")) } }
        }
    };
    let title = Nav::Refusals.title(view);
    let beside_title = html! { span .muted { (view.say("没有被采纳的报送，原件保留，可更正后重报", "facts that were not taken; the originals are kept and can be corrected")) } };
    let frame = Frame { nav: Nav::Refusals, title, as_of: Some(&found.as_of), beside_title, live: false };
    Ok(page(view, &frame, &body))
}

fn asked(params: &Params) -> Result<(RefusalFilter, PageAsk), Problem> {
    let filter = RefusalFilter {
        actor: params.parsed("actor")?,
        rule: params.text("rule").map(str::to_owned),
        kind: params.parsed("type")?,
        since: None,
        ..RefusalFilter::default()
    };
    Ok((filter, PageAsk::new(Some(ROWS), params.text("cursor").map(str::to_owned))?))
}

fn publishers(view: &View, by: &RefusedBy) -> Markup {
    let present = view.params.iter().find(|(name, _)| name == "actor").map(|(_, value)| value.as_str());
    html! {
        nav .tabs.small aria-label=(view.say("按报送单位", "By publisher")) {
            a href=(view.link("refusals", &[])) aria-current=[present.is_none().then_some("true")] { (view.say("全部", "All")) }
            @for one in &by.publishers {
                @if let Some(actor) = &one.actor {
                    a href=(view.link("refusals", &[("actor", &actor.id)])) aria-current=[(present == Some(actor.id.as_str())).then_some("true")] {
                        (view.of(&actor.title)) " " span .n { (number(one.count)) }
                    }
                } @else {
                    span .n { (view.say("无法识别 ", "unreadable ")) (number(one.count)) }
                }
            }
            @if by.cut { span .n { (view.say("（仅统计最近部分）", "(of the latest only)")) } }
        }
    }
}

fn table(view: &View, rows: &[Refusal]) -> Markup {
    if rows.is_empty() {
        return empty(
            view.say("没有退件", "Nothing was refused"),
            view.say(
                "不符合政策或格式的报送会列在这里，说明原因。",
                "Facts that break a rule or a schema appear here with the reason.",
            ),
        );
    }
    let heads = [
        (view.say("时间", "When"), false),
        (view.say("报送单位", "Publisher"), false),
        (view.say("内容", "Fact"), false),
        (view.say("原因", "Reason"), false),
        (view.say("字段与值", "Field and value"), false),
        ("", false),
    ];
    let rows = html! {
        @for row in rows {
            tr {
                td .moment { (when(view, row)) }
                td { @if let Some(actor) = &row.actor { (unit_title(view, actor.as_str())) } @else { span .muted { (view.say("无法识别", "unreadable")) } } }
                td { @if let Some(kind) = &row.kind { (event(view, kind.as_str())) small { code { (kind) } } } small { (row.id.as_deref().unwrap_or_default()) } }
                td .wide { (words(view, row)) small { code { (row.reason.rule) } @if view.lang == Lang::Zh { " " (row.reason.message) } } }
                td { code { (row.reason.field) } small { (row.reason.value) } }
                td { a href=(view.link(&format!("refusals/{}", row.ledger_seq), &[])) { (view.say("查看与更正", "Look and correct")) } }
            }
        }
    };
    long_table(Nav::Refusals.title(view), &heads, &rows)
}

/// A unit by its title, or by its id where it has none.
pub fn unit_title<'v>(view: &'v View, id: &'v str) -> &'v str {
    view.home.units.iter().find(|unit| unit.id == id).map_or(id, |unit| view.of(&unit.title))
}

fn when<'r>(view: &View, row: &'r Refusal) -> &'r str {
    view.of(&row.when)
}

/// One refusal with its original and the form that corrects it.
pub async fn refusal<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let seq = seq(visit.part("seq")).map_err(|problem| visit.failed(problem))?;
    let found = visit.ask(move |reader, at| reader.refusal(seq, at)).await?;
    let (view, row) = (&visit.view, &found.body);
    let original = serde_json::to_string_pretty(&row.original).unwrap_or_default();
    let body = html! {
        dl .facts {
            div { dt { (view.say("时间", "When")) } dd { (when(view, row)) } }
            @if let Some(actor) = &row.actor { div { dt { (view.say("报送单位", "Publisher")) } dd { (unit_title(view, actor.as_str())) } } }
            @if let Some(kind) = &row.kind { div { dt { (view.say("类型", "Type")) } dd { (event(view, kind.as_str())) " " code { (kind) } } } }
            @if let (Some(source), Some(id)) = (&row.source, &row.id) { div { dt { (view.say("来源与编号", "Source and id")) } dd { code { (source) " " (id) } } } }
        }
        section aria-labelledby="reason-title" {
            h2 #reason-title { (view.say("为什么退回", "Why it was refused")) }
            p .reason { (words(view, row)) }
            @if view.lang == Lang::Zh { p .muted { (row.reason.message) } }
            p .muted { (view.say("规则 ", "rule ")) code { (row.reason.rule) } " · " (view.say("字段 ", "field ")) code { (row.reason.field) } " · " (view.say("值 ", "value ")) code { (row.reason.value) } }
        }
        section aria-labelledby="correct-title" {
            h2 #correct-title { (view.say("更正后重报", "Correct and submit again")) }
            (form(view, row, None))
        }
        section {
            details { summary { (view.say("原件", "The original")) }
                @if let Some(data) = row.original.get("data") {
                    dl .facts.small { @for (name, value) in pairs(view, data) { div { dt { (name) } dd { (value) } } } }
                }
                pre { code { (original) } }
            }
        }
    };
    let title = format!("{} #{}", Nav::Refusals.title(view), row.ledger_seq);
    let frame = Frame {
        nav: Nav::Refusals,
        title: &title,
        as_of: Some(&found.as_of),
        beside_title: html! {},
        live: false,
    };
    Ok(page(view, &frame, &body))
}

/// The ledger entry that an address names.
pub fn seq(text: &str) -> Result<Seq, Problem> {
    let seq = text.parse::<u64>().map(Seq);
    seq.map_err(|_| {
        Problem::new("thing.unknown", "a refusal is named by its ledger entry").about("seq", text)
    })
}
