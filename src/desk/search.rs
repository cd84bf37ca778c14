//! Search: units, clauses and cases that a few characters name.

use axum::response::Response;
use maud::{Markup, html};

use super::failure::Failure;
use super::parts::{empty, matter, notice};
use super::shell::{Frame, Nav, page};
use super::view::View;
use super::visit::Visit;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::find::Found;

/// The page of what was found; the finder takes its list from here.
pub async fn search<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let text = visit.params.text("q").unwrap_or_default().to_owned();
    let wanted = text.clone();
    let found = visit.ask(move |reader, at| reader.find(&wanted, at)).await?;
    let view = &visit.view;
    let body = html! {
        form .filters action=(view.link("search", &[])) {
            label { span { (view.say("编号、单位、条款", "Number, unit, clause")) } input type="search" name="q" value=(text) autofocus; }
            button .button type="submit" { (view.say("搜索", "Search")) }
        }
        (results(view, &text, &found.body))
    };
    let title = view.say("搜索", "Search");
    let frame =
        Frame { nav: Nav::Overview, title, as_of: Some(&found.as_of), beside_title: html! {}, live: false };
    Ok(page(view, &frame, &body))
}

fn results(view: &View, text: &str, found: &Found) -> Markup {
    let nothing = found.units.is_empty()
        && found.workflows.is_empty()
        && found.clauses.is_empty()
        && found.cases.is_empty();
    html! {
        div .found {
            @if nothing && !text.is_empty() {
                (empty(view.say("没有找到", "Nothing was found"), view.say("试试编号的一部分、单位简称或条款号。", "Try a part of a number, a unit's short name, or a clause.")))
            }
            @if !found.cases.is_empty() {
                h2 { (view.say("事项", "Cases")) }
                @for case in &found.cases {
                    a href=(view.case_link(case)) { (matter(view, case, None)) }
                }
            }
            @if !found.units.is_empty() {
                h2 { (view.say("单位", "Units")) }
                @for unit in &found.units { a href=(view.link(&format!("units/{}", unit.id), &[])) { (view.of(&unit.title)) " " span .muted { (unit.id) } } }
            }
            @if !found.workflows.is_empty() {
                h2 { (view.say("流程", "Workflows")) }
                @for one in &found.workflows { a href=(view.link("ledger", &[("workflow", &one.id)])) { (view.of(&one.title)) " " span .muted { (one.id) } } }
            }
            @if !found.clauses.is_empty() {
                h2 { (view.say("条款", "Clauses")) }
                @for one in &found.clauses {
                    a href=(view.link(&format!("policies/Workflow/{}", one.workflow.id), &[])) {
                        (notice(view, &one.notice)) " " b { (one.clause) } " " (view.of(&one.clock.title)) " " span .muted { (view.of(&one.workflow.title)) }
                    }
                }
            }
            @if found.more { p .muted { (view.say("还有更多，请输入更完整的编号。", "There are more; give more of the number.")) } }
        }
    }
}
