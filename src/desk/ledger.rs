//! The ledger 台账: what is owed by whom by when, filtered, in the order of due.

use std::collections::BTreeSet;

use axum::response::Response;
use chrono::NaiveDate;
use maud::{Markup, html};

use super::failure::Failure;
use super::ledger_table::{open_table, settled_table};
use super::parts::number;
use super::shell::{Frame, Nav, page};
use super::view::View;
use super::visit::Visit;
use crate::http::params::Params;
use crate::http::problem::Problem;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::counts::{Counts, Numbers};
use crate::query::deadlines::DeadlineFilter;
use crate::query::light::Light;
use crate::query::page::PageAsk;

/// How many rows a page of the ledger has: what a person scrolls through.
const ROWS: usize = 50;

/// What of the ledger is asked for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The filter.
    pub filter: DeadlineFilter,
    /// Met deadlines instead of open ones.
    pub settled: bool,
    /// Of the met ones those met late, or in time.
    pub late: Option<bool>,
}

impl Asked {
    /// What the parameters of an address ask for.
    ///
    /// # Errors
    /// A problem that names the parameter that is wrong.
    pub fn read(params: &Params) -> Result<Self, Problem> {
        let lights = params.lights()?;
        Ok(Self {
            filter: DeadlineFilter {
                unit: params.parsed("unit")?,
                workflow: params.parsed("workflow")?,
                state: params.parsed("state")?,
                lights,
                due_from: None,
                due_until: None,
                day_from: params.parsed::<NaiveDate>("dayFrom")?,
                day_to: params.parsed::<NaiveDate>("dayTo")?,
                latest_first: params
                    .word("order", &[("earliest", false), ("latest", true)])?
                    .unwrap_or(false),
                ..DeadlineFilter::default()
            },
            settled: params.word("show", &[("open", false), ("met", true)])?.unwrap_or(false),
            late: params.word("late", &[("true", true), ("false", false)])?,
        })
    }
}

/// A page of the ledger.
pub async fn ledger<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let asked = Asked::read(&visit.params).map_err(|problem| visit.failed(problem))?;
    let cursor = visit.params.text("cursor").map(str::to_owned);
    let ask = PageAsk::new(Some(ROWS), cursor).map_err(|error| visit.failed(error))?;
    let unit = asked.filter.unit.clone();
    let counts = visit.ask(move |reader, at| reader.counts(unit.as_ref(), at)).await?;
    let view = &visit.view;
    let numbers = of_workflow(&counts.body, asked.filter.workflow.as_ref().map(AsRef::as_ref));
    let of_question = asked.clone();
    let (as_of, table, next, rows) = if asked.settled {
        let page =
            visit.ask(move |reader, at| reader.settled(&of_question.filter, of_question.late, &ask, at));
        let page = page.await?;
        (page.as_of, settled_table(view, &page.body.rows), page.body.next, page.body.rows.len())
    } else {
        let page = visit.ask(move |reader, at| reader.deadlines(&of_question.filter, &ask, at)).await?;
        (page.as_of, open_table(view, &page.body.rows), page.body.next, page.body.rows.len())
    };
    let body = html! {
        (views(view, &numbers))
        (filters(view, &asked))
        p .chosen hidden data-chosen="" data-copied=(view.say("已复制", "copied")) {
            (view.say("已选 ", "Selected: ")) b {} (view.say(" 件 ", " ")) button .button type="button" { (view.say("复制编号", "Copy the numbers")) }
        }
        div data-live="ledger" {
            (table)
            (pager(view, rows, next.as_deref()))
        }
    };
    let beside_title = exports(view);
    let frame = Frame {
        nav: Nav::Ledger,
        title: Nav::Ledger.title(view),
        as_of: Some(&as_of),
        beside_title,
        live: false,
    };
    Ok(page(view, &frame, &body))
}

/// The numbers of one workflow, or of all.
fn of_workflow(counts: &Counts, workflow: Option<&str>) -> Numbers {
    let Some(workflow) = workflow else { return counts.all };
    let of_it = counts.by_workflow.iter().find(|total| total.of.id == workflow);
    of_it.map(|total| total.numbers).unwrap_or_default()
}

/// A usual view: its title, its parameters, and how many deadlines it has where that
/// is counted.
type Usual<'v> = (&'v str, &'v [(&'v str, &'v str)], Option<i64>);

/// The usual views, as links that keep unit and workflow.
fn views(view: &View, numbers: &Numbers) -> Markup {
    let all = numbers.on_track + numbers.due_soon + numbers.overdue;
    let today = view.home.today;
    let week = today + chrono::TimeDelta::days(7);
    let (today, week) = (today.to_string(), week.to_string());
    let met = numbers.met_in_time + numbers.met_late;
    let views: [Usual<'_>; 8] = [
        (view.say("全部在办", "All running"), &[], Some(all)),
        (view.say("今天到期", "Due today"), &[("dayFrom", &today), ("dayTo", &today)], None),
        (view.say("七天内到期", "Due within a week"), &[("dayFrom", &today), ("dayTo", &week)], None),
        (view.say("临期", "Due soon"), &[("light", "due-soon")], Some(numbers.due_soon)),
        (view.say("超期", "Overdue"), &[("light", "overdue,escalated")], Some(numbers.overdue)),
        (view.say("已升级", "Escalated"), &[("light", "escalated")], Some(numbers.escalated)),
        (view.say("暂停", "Paused"), &[("light", "paused")], Some(numbers.paused)),
        (view.say("已办结", "Met"), &[("show", "met")], Some(met)),
    ];
    let kept = ["unit", "workflow"];
    let present: BTreeSet<(&str, &str)> = view
        .params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| ["dayFrom", "dayTo", "light", "show"].contains(name))
        .collect();
    html! {
        nav .tabs aria-label=(view.say("常用视图", "Usual views")) {
            @for (title, params, count) in views {
                @let is_present = params.iter().copied().collect::<BTreeSet<_>>() == present;
                @let own = view.params.iter().filter(|(name, _)| kept.contains(&name.as_str()));
                @let whole: Vec<(&str, &str)> = own.map(|(name, value)| (name.as_str(), value.as_str())).chain(params.iter().copied()).collect();
                a href=(view.link("ledger", &whole)) aria-current=[is_present.then_some("true")] {
                    (title) @if let Some(count) = count { " " span .n { (number(count)) } }
                }
            }
        }
    }
}

fn filters(view: &View, asked: &Asked) -> Markup {
    let filter = &asked.filter;
    let unit = filter.unit.as_ref().map(AsRef::<str>::as_ref);
    let workflow = filter.workflow.as_ref().map(AsRef::<str>::as_ref);
    let has_filter = view.params.iter().any(|(name, _)| name != "cursor");
    html! {
        form .filters action=(view.link("ledger", &[])) data-auto="" {
            @if let Some(at) = &view.fixed { input type="hidden" name="at" value=(at); }
            @if asked.settled { input type="hidden" name="show" value="met"; }
            label { span { (view.say("单位", "Unit")) }
                select name="unit" {
                    option value="" { (view.say("全部单位", "All units")) }
                    @for one in &view.home.units { option value=(one.id) selected[unit == Some(one.id.as_str())] { (view.of(&one.title)) } }
                }
            }
            label { span { (view.say("流程", "Workflow")) }
                select name="workflow" {
                    option value="" { (view.say("全部流程", "All workflows")) }
                    @for one in &view.home.workflows { option value=(one.id) selected[workflow == Some(one.id.as_str())] { (view.of(&one.title)) } }
                }
            }
            @if asked.settled {
                label { span { (view.say("是否按时", "In time")) }
                    select name="late" {
                        option value="" { (view.say("不限", "Any")) }
                        option value="false" selected[asked.late == Some(false)] { (view.say("按时", "in time")) }
                        option value="true" selected[asked.late == Some(true)] { (view.say("逾期", "late")) }
                    }
                }
            } @else {
                (open_filters(view, filter))
            }
            button .button type="submit" { (view.say("筛选", "Filter")) }
            @if has_filter { a .quiet href=(view.link("ledger", &[])) { (view.say("清除", "Clear")) } }
        }
    }
}

fn open_filters(view: &View, filter: &DeadlineFilter) -> Markup {
    let chosen = filter.lights.iter().map(|light| light.name()).collect::<Vec<_>>().join(",");
    let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
    html! {
        label { span { (view.say("灯", "Light")) }
            select name="light" {
                option value="" { (view.say("在办（不含暂停）", "Running")) }
                @for one in Light::ALL { option value=(one.name()) selected[chosen == one.name()] { (one.shape()) " " (view.of(&one.word())) } }
                option value="overdue,escalated" selected[filter.lights == BTreeSet::from([Light::Overdue, Light::Escalated])] { "■◆ " (view.say("全部超期", "all overdue")) }
            }
        }
        label { span { (view.say("到期自", "Due from")) } input type="date" name="dayFrom" value=(day(filter.day_from)); }
        label { span { (view.say("至", "to")) } input type="date" name="dayTo" value=(day(filter.day_to)); }
        label { span { (view.say("顺序", "Order")) }
            select name="order" {
                option value="" { (view.say("先到期在前", "earliest first")) }
                option value="latest" selected[filter.latest_first] { (view.say("后到期在前", "latest first")) }
            }
        }
    }
}

fn exports(view: &View) -> Markup {
    html! {
        div .exports {
            a .button href=(view.here_as("ledger.xlsx", &[("cursor", None)])) download { (view.say("导出 Excel", "Excel")) }
            a .button href=(view.here_as("ledger.csv", &[("cursor", None)])) download { "CSV" }
        }
    }
}

fn pager(view: &View, rows: usize, next: Option<&str>) -> Markup {
    let is_first = !view.params.iter().any(|(name, _)| name == "cursor");
    html! {
        nav .pager aria-label=(view.say("翻页", "Pages")) {
            span .muted { (view.say("本页 ", "On this page: ")) (rows) (view.say(" 行", " rows")) }
            @if !is_first { a .button href=(view.here(&[("cursor", None)])) { (view.say("回到首页", "First page")) } }
            @if let Some(next) = next { a .button rel="next" href=(view.here(&[("cursor", Some(next))])) { (view.say("下一页", "Next page")) } }
        }
    }
}
