//! The units: all of them with their numbers, and one with what it has to do.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};

use super::failure::Failure;
use super::feed_address;
use super::ledger_table::open_table;
use super::matrix::cell;
use super::parts::{clause, empty, light, number};
use super::shell::{Frame, Nav, page};
use super::view::View;
use super::visit::Visit;
use crate::http::Site;
use crate::http::problem::Problem;
use crate::id::UnitId;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::cases::CaseFilter;
use crate::query::counts::{Counts, Numbers};
use crate::query::deadlines::DeadlineFilter;
use crate::query::duties::{DutyCell, DutyYear};
use crate::query::naming::Named;
use crate::query::page::PageAsk;

/// How many open deadlines a unit's page shows; the ledger has the others.
const TO_DO: usize = 20;

/// All units.
pub async fn units<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let counts = visit.ask(|reader, at| reader.counts(None, at)).await?;
    let view = &visit.view;
    let body = html! { section { (unit_table(view, &counts.body)) } };
    let title = Nav::Units.title(view);
    let frame =
        Frame { nav: Nav::Units, title, as_of: Some(&counts.as_of), beside_title: html! {}, live: false };
    Ok(page(view, &frame, &body))
}

fn unit_table(view: &View, counts: &Counts) -> Markup {
    if view.home.units.is_empty() {
        return empty(
            view.say("还没有单位名录", "No register of units yet"),
            view.say(
                "公布 register.yaml 后，这里列出各单位。",
                "Publish register.yaml and the units appear here.",
            ),
        );
    }
    let of = |id: &str| counts.by_unit.iter().find(|total| total.of.id == id).map(|total| total.numbers);
    html! {
        div .scroll tabindex="0" role="region" aria-label=(Nav::Units.title(view)) {
            table data-rows="" {
                thead { tr {
                    th scope="col" { (view.say("单位", "Unit")) }
                    th scope="col" { (view.say("在办", "Open")) }
                    th scope="col" .num { (view.say("已升级", "Escalated")) }
                    th scope="col" .num { (view.say("超期", "Overdue")) }
                    th scope="col" .num { (view.say("临期", "Due soon")) }
                    th scope="col" .num { (view.say("正常", "On track")) }
                    th scope="col" .num { (view.say("按时办结", "Met in time")) }
                    th scope="col" .num { (view.say("逾期办结", "Met late")) }
                } }
                tbody {
                    @for (unit, numbers) in in_order(&view.home.units, of) {
                        tr {
                            th scope="row" { a href=(view.link(&format!("units/{}", unit.id), &[])) { (view.of(&unit.title)) } }
                            td { (cell(view, &numbers, Some(unit), None)) }
                            @for (count, params) in figures_of(&numbers) {
                                td .num { (figure_link(view, count, &unit.id, params)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The units in the register's order; those that owe nothing come last.
fn in_order<'v>(units: &'v [Named], of: impl Fn(&str) -> Option<Numbers>) -> Vec<(&'v Named, Numbers)> {
    let mut rows: Vec<_> = units.iter().map(|unit| (unit, of(&unit.id).unwrap_or_default())).collect();
    rows.sort_by_key(|(_, numbers)| *numbers == Numbers::default());
    rows
}

/// What the columns of the table count, with the parameters of the lists behind them.
fn figures_of(numbers: &Numbers) -> [(i64, &'static [(&'static str, &'static str)]); 6] {
    [
        (numbers.escalated, &[("light", "escalated")]),
        (numbers.overdue, &[("light", "overdue,escalated")]),
        (numbers.due_soon, &[("light", "due-soon")]),
        (numbers.on_track, &[("light", "on-track")]),
        (numbers.met_in_time, &[("show", "met"), ("late", "false")]),
        (numbers.met_late, &[("show", "met"), ("late", "true")]),
    ]
}

/// A count that leads to what it counts.
fn figure_link(view: &View, count: i64, unit: &str, params: &[(&str, &str)]) -> Markup {
    let params: Vec<_> = [("unit", unit)].into_iter().chain(params.iter().copied()).collect();
    html! {
        @if count == 0 { span .muted { "0" } } @else { a .plain-link href=(view.link("ledger", &params)) { (number(count)) } }
    }
}

/// One unit.
pub async fn unit<S: Store, L: Log>(
    State(site): State<Arc<Site<S, L>>>,
    visit: Visit<S, L>,
) -> Result<Response, Failure> {
    let id = UnitId::new(visit.part("unit"));
    let id = id.map_err(|error| visit.failed(Problem::new("thing.unknown", format!("failed to {error}"))))?;
    let year = visit.params.parsed::<i32>("year").map_err(|problem| visit.failed(problem))?;
    let of = id.clone();
    let duties = visit.ask(move |reader, at| reader.duties(&of, year, at)).await?;
    let of = id.clone();
    let counts = visit.ask(move |reader, at| reader.counts(Some(&of), at)).await?;
    let filter = DeadlineFilter { unit: Some(id.clone()), ..DeadlineFilter::default() };
    let ask = PageAsk { limit: TO_DO, cursor: None };
    let to_do = visit.ask(move |reader, at| reader.deadlines(&filter, &ask, at)).await?;
    let filter = CaseFilter { unit: Some(id.clone()), open: Some(true), ..CaseFilter::default() };
    let ask = PageAsk { limit: 200, cursor: None };
    let cases = visit.ask(move |reader, at| reader.cases(&filter, &ask, at)).await?;
    let view = &visit.view;
    let pace = cases.body.rows.iter().filter_map(|case| Some((case, case.progress.as_ref()?)));
    let pace: Vec<_> = pace.collect();
    let body = html! {
        div data-live="numbers" { (figures(view, &counts.body.all, id.as_str())) }
        section data-live="todo" aria-labelledby="todo-title" {
            h2 #todo-title { (view.say("待办，先到期在前", "To do, earliest due first")) }
            (open_table(view, &to_do.body.rows))
            @if to_do.body.more { p { a href=(view.link("ledger", &[("unit", id.as_str())])) { (view.say("在台账中查看全部", "All of them in the ledger")) } } }
        }
        @if !pace.is_empty() {
            section data-live="pace" aria-labelledby="pace-title" {
                h2 #pace-title { (view.say("数量任务进度", "Quotas and their pace")) }
                ul .pace { @for (case, progress) in &pace {
                    li .behind[!progress.keeps_pace] {
                        a href=(view.case_link(&case.case)) { (view.of(&case.workflow.title)) " " (case.period.as_deref().unwrap_or_default()) }
                        meter min="0" max=(progress.of) value=(progress.counted) { (progress.counted) "/" (progress.of) }
                        span { (view.of(&progress.words)) }
                    }
                } }
            }
        }
        section data-live="duties" aria-labelledby="duties-title" {
            h2 #duties-title { (view.say("周期任务 × 月份", "Duties × months")) " " (years(view, &duties.body)) }
            (duty_matrix(view, &duties.body))
        }
    };
    let feed = view.link(&format!("units/{id}/deadlines.ics"), &[]);
    let directory = site.gate.directory().map_err(|problem| visit.failed(problem))?;
    let since = directory.feeds.of(&view.tenant, &id).map(|feed| feed.added_at);
    let beside_title = html! {
        span .muted { (id) }
        div .exports {
            a .button href=(feed) { (view.say("日历文件", "Calendar file")) }
            (feed_address::form(view, &id, since))
            a .button href=(view.link("ledger", &[("unit", id.as_str())])) { (view.say("台账", "Ledger")) }
        }
    };
    let title = view.of(&duties.body.unit.title);
    let frame = Frame { nav: Nav::Units, title, as_of: Some(&to_do.as_of), beside_title, live: true };
    Ok(page(view, &frame, &body))
}

fn figures(view: &View, numbers: &Numbers, unit: &str) -> Markup {
    let figure = |word: &str, count: i64, class: &str, params: &[(&str, &str)]| {
        let params: Vec<_> = [("unit", unit)].into_iter().chain(params.iter().copied()).collect();
        html! { div { dt { (word) } dd { a .figure .{ (class) } href=(view.link("ledger", &params)) { (number(count)) } } } }
    };
    html! {
        dl .figures {
            (figure(view.say("已升级", "Escalated"), numbers.escalated, "escalated", &[("light", "escalated")]))
            (figure(view.say("超期", "Overdue"), numbers.overdue, "overdue", &[("light", "overdue,escalated")]))
            (figure(view.say("临期", "Due soon"), numbers.due_soon, "due-soon", &[("light", "due-soon")]))
            (figure(view.say("正常", "On track"), numbers.on_track, "on-track", &[("light", "on-track")]))
            (figure(view.say("暂停", "Paused"), numbers.paused, "paused", &[("light", "paused")]))
            (figure(view.say("按时办结", "Met in time"), numbers.met_in_time, "plain", &[("show", "met"), ("late", "false")]))
            (figure(view.say("逾期办结", "Met late"), numbers.met_late, "plain", &[("show", "met"), ("late", "true")]))
        }
    }
}

fn years(view: &View, duties: &DutyYear) -> Markup {
    let (before, after) = ((duties.year - 1).to_string(), (duties.year + 1).to_string());
    html! {
        span .years {
            a href=(view.here(&[("year", Some(&before))])) rel="prev" aria-label=(before) { "‹" }
            " " (duties.year) " "
            a href=(view.here(&[("year", Some(&after))])) rel="next" aria-label=(after) { "›" }
        }
    }
}

fn duty_matrix(view: &View, year: &DutyYear) -> Markup {
    if year.duties.is_empty() {
        return empty(
            view.say("没有周期任务", "No recurring duty"),
            view.say(
                "政策中列入该单位的周期任务会按月列出。",
                "Duties that the policies give this unit appear here by month.",
            ),
        );
    }
    html! {
        div .scroll tabindex="0" role="region" aria-labelledby="duties-title" {
            table .matrix .months {
                thead { tr {
                    th scope="col" { (view.say("任务", "Duty")) }
                    @for month in 1..=12 { th scope="col" { (month) (view.say("月", "")) } }
                } }
                tbody { @for duty in &year.duties {
                    tr {
                        th scope="row" {
                            a href=(view.link(&format!("policies/Workflow/{}", duty.workflow.id), &[])) { (view.of(&duty.workflow.title)) }
                            small { (clause(view, &duty.cite)) @if let Some(rule) = &duty.rule { " · " (view.of(rule)) } }
                        }
                        @for month in 1..=12 {
                            td { @for one in duty.cells.iter().filter(|one| one.month == month) { (duty_cell(view, one)) } }
                        }
                    }
                } }
            }
        }
        p .legend.left {
            span .light.met { span .shape { "✓" } (view.say("按时", "in time")) }
            span .light.late { span .shape { "✗" } (view.say("逾期办理", "met late")) }
            span .muted { (view.say("在办的按其状态灯显示", "open ones show their light")) }
        }
    }
}

fn duty_cell(view: &View, cell: &DutyCell) -> Markup {
    let due = cell.due.as_ref().map(|due| view.of(due)).unwrap_or_default();
    let title = format!("{} {due}", cell.period);
    html! {
        a .duty href=(view.case_link(&cell.case)) title=(title) {
            @match (cell.light, cell.status) {
                (Some(open), _) => { (light(view, open)) }
                (None, "met") => { span .light.met { span .shape aria-hidden="true" { "✓" } span .unseen { (view.say("按时", "in time")) } } }
                (None, "met-late") => { span .light.late { span .shape aria-hidden="true" { "✗" } (view.say("逾期", "late")) } }
                (None, "none") => { span .light.paused { span .shape aria-hidden="true" { "…" } (view.say("长期", "standing")) } }
                (None, _) => { span .light.paused { span .shape aria-hidden="true" { "–" } (view.say("终止", "ended")) } }
            }
            span .unseen { (title) }
        }
    }
}
