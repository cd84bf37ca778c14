//! The matrix of units and workflows: in each cell the most alarming light, how
//! many deadlines have it, and how many there are.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::overview::legend;
use super::parts::{empty, number};
use super::view::View;
use crate::query::counts::{Cell, Counts, Numbers};
use crate::query::light::Light;
use crate::query::naming::Named;

/// How many workflows have a column of their own; the calmer ones share the last.
const MOST_COLUMNS: usize = 6;
/// How many units are shown; the calmer ones are in the list of units.
const MOST_ROWS: usize = 40;

/// The matrix of all open deadlines.
pub fn matrix(view: &View, counts: &Counts) -> Markup {
    let mut rows: Vec<_> = counts.by_unit.iter().filter(|total| open(&total.numbers) > 0).collect();
    let mut columns: Vec<_> = counts.by_workflow.iter().filter(|total| open(&total.numbers) > 0).collect();
    if rows.is_empty() {
        return empty(
            view.say("没有未办结的期限", "No open deadlines"),
            view.say(
                "事项立项或周期任务开启后，这里按单位和流程列出件数与灯色。",
                "Once a case opens, its count and light appear here by unit and workflow.",
            ),
        );
    }
    rows.sort_by_key(|total| alarm(&total.numbers));
    columns.sort_by_key(|total| alarm(&total.numbers));
    let (own, shared) = columns.split_at(columns.len().min(MOST_COLUMNS));
    let cells: BTreeMap<(&str, &str), &Cell> =
        counts.cells.iter().map(|cell| ((cell.unit.id.as_str(), cell.workflow.id.as_str()), cell)).collect();
    let at = |unit: &str, workflow: &str| cells.get(&(unit, workflow)).map(|cell| cell.numbers);
    let hidden = rows.len().saturating_sub(MOST_ROWS);
    html! {
        (legend(view))
        div .scroll tabindex="0" role="region" aria-labelledby="matrix-title" {
            table .matrix {
                thead { tr {
                    th scope="col" { (view.say("单位", "Unit")) }
                    th scope="col" .sum { (view.say("合计", "All")) }
                    @for column in own {
                        th scope="col" { a href=(view.link("ledger", &[("workflow", &column.of.id)])) { (view.of(&column.of.title)) } }
                    }
                    @if !shared.is_empty() { th scope="col" { (view.say("其余 ", "")) (shared.len()) (view.say(" 个流程", " other workflows")) } }
                } }
                tbody {
                    @for row in rows.iter().take(MOST_ROWS) {
                        tr {
                            th scope="row" { a href=(view.link(&format!("units/{}", row.of.id), &[])) { (view.of(&row.of.title)) } }
                            td .sum { (cell(view, &row.numbers, Some(&row.of), None)) }
                            @for column in own {
                                td { @if let Some(numbers) = at(&row.of.id, &column.of.id) { (cell(view, &numbers, Some(&row.of), Some(&column.of))) } }
                            }
                            @if !shared.is_empty() {
                                td { (rest(view, &together(shared.iter().filter_map(|column| at(&row.of.id, &column.of.id))), &format!("units/{}", row.of.id))) }
                            }
                        }
                    }
                }
                tfoot { tr {
                    th scope="row" { (view.say("合计", "All")) }
                    td .sum { (cell(view, &counts.all, None, None)) }
                    @for column in own { td { (cell(view, &column.numbers, None, Some(&column.of))) } }
                    @if !shared.is_empty() { td { (rest(view, &together(shared.iter().map(|column| column.numbers)), "units")) } }
                } }
            }
        }
        @if hidden > 0 {
            p .muted { a href=(view.link("units", &[])) { (view.say("其余 ", "Other units: ")) (hidden) (view.say(" 个单位", "")) } }
        }
    }
}

/// Deadlines that are not ended.
const fn open(numbers: &Numbers) -> i64 {
    numbers.on_track + numbers.due_soon + numbers.overdue + numbers.paused
}

/// What sorts the alarming first.
const fn alarm(numbers: &Numbers) -> (i64, i64, i64, i64) {
    (-numbers.escalated, -numbers.overdue, -numbers.due_soon, -open(numbers))
}

fn together(all: impl Iterator<Item = Numbers>) -> Numbers {
    all.fold(Numbers::default(), |mut sum, numbers| {
        sum += numbers;
        sum
    })
}

/// The most alarming light of some numbers, and how many deadlines have it.
pub const fn worst(numbers: &Numbers) -> Option<(Light, i64)> {
    if numbers.escalated > 0 {
        Some((Light::Escalated, numbers.escalated))
    } else if numbers.overdue > 0 {
        Some((Light::Overdue, numbers.overdue))
    } else if numbers.due_soon > 0 {
        Some((Light::DueSoon, numbers.due_soon))
    } else if numbers.on_track > 0 {
        Some((Light::OnTrack, numbers.on_track))
    } else if numbers.paused > 0 {
        Some((Light::Paused, numbers.paused))
    } else {
        None
    }
}

/// One cell: the worst light with its count, and the whole where there is more.
pub fn cell(view: &View, numbers: &Numbers, unit: Option<&Named>, workflow: Option<&Named>) -> Markup {
    let Some((light, count)) = worst(numbers) else { return html! {} };
    let all = open(numbers);
    let of = |light: Option<&'static str>| {
        let unit = unit.map(|unit| ("unit", unit.id.as_str()));
        let workflow = workflow.map(|workflow| ("workflow", workflow.id.as_str()));
        let light = light.map(|light| ("light", light));
        let params: Vec<_> = [unit, workflow, light].into_iter().flatten().collect();
        view.link("ledger", &params)
    };
    html! {
        a .light .{ (light.name()) } href=(of(Some(light.name()))) title=(told(view, numbers)) {
            span .shape aria-hidden="true" { (light.shape()) }
            span .word { (view.of(&light.word())) } b { (number(count)) }
        }
        @if all > count { a .whole href=(of(None)) title=(view.say("全部未办结", "all open")) { "/" (number(all)) } }
    }
}

/// A cell of the workflows that share a column: no list has just these, so it leads to
/// the page where they stand apart.
fn rest(view: &View, numbers: &Numbers, path: &str) -> Markup {
    let Some((light, count)) = worst(numbers) else { return html! {} };
    let all = open(numbers);
    html! {
        a .light .{ (light.name()) } href=(view.link(path, &[])) title=(told(view, numbers)) {
            span .shape aria-hidden="true" { (light.shape()) }
            span .word { (view.of(&light.word())) } b { (number(count)) }
        }
        @if all > count { span .whole { "/" (number(all)) } }
    }
}

fn told(view: &View, numbers: &Numbers) -> String {
    let each = [
        (Light::Escalated, numbers.escalated),
        (Light::Overdue, numbers.overdue - numbers.escalated),
        (Light::DueSoon, numbers.due_soon),
        (Light::OnTrack, numbers.on_track),
        (Light::Paused, numbers.paused),
    ];
    let told = each.into_iter().filter(|(_, count)| *count > 0);
    told.map(|(light, count)| format!("{} {count}", view.of(&light.word()))).collect::<Vec<_>>().join(" · ")
}
