//! The tables of the ledger: open deadlines, and met ones.

use maud::{Markup, html};

use super::parts::{
    beside, clause_cell, empty, evidence, key, level, light, progress, provisional, remarks, waits,
};
use super::view::View;
use crate::query::deadline_row::DeadlineRow;
use crate::query::particulars::Particulars;
use crate::query::settled::SettledRow;

/// Open deadlines.
pub fn open_table(view: &View, rows: &[DeadlineRow]) -> Markup {
    if rows.is_empty() {
        return empty(
            view.say("没有符合条件的期限", "No deadline is like that"),
            view.say("放宽筛选条件，或换一个视图。", "Widen the filter, or choose another view."),
        );
    }
    html! {
        div .scroll tabindex="0" role="region" aria-label=(view.say("台账", "Ledger")) {
            table .ledger data-rows="" {
                thead { tr {
                    th scope="col" .pick aria-label=(view.say("选择", "Selection")) { input type="checkbox" data-pick-all="" aria-label=(view.say("全选", "Select all")); }
                    th scope="col" { (view.say("状态灯", "Light")) }
                    th scope="col" { (view.say("截止时间 / 时限规则", "Due / rule")) }
                    th scope="col" { (view.say("事项 / 编号", "Matter / number")) }
                    th scope="col" { (view.say("责任单位 / 下一步", "Unit / who acts")) }
                    th scope="col" { (view.say("状态 / 进展", "State / progress")) }
                    th scope="col" { (view.say("依据", "Clause")) }
                    th scope="col" { (view.say("起算时间", "Counted from")) }
                    th scope="col" .num { (view.say("催办", "Reminded")) }
                    th scope="col" { (view.say("升级", "Level")) }
                    th scope="col" .num { (view.say("改期", "Moved")) }
                    th scope="col" { (view.say("佐证材料", "Evidence")) }
                    th scope="col" { (view.say("备注", "Remark")) }
                } }
                tbody { @for row in rows { (open_row(view, row)) } }
            }
        }
    }
}

fn open_row(view: &View, row: &DeadlineRow) -> Markup {
    html! {
        tr class=(row.light.name()) {
            td .pick { input type="checkbox" data-pick=(row.case) aria-label={ (view.say("选择 ", "Select ")) (row.case) }; }
            td {
                (light(view, row.light)) @if row.provisional { " " (provisional(view)) }
                @if let Some(span) = &row.span { small { (view.of(&span.words)) } }
            }
            td .moment { (view.of(&row.due)) small { (view.of(&row.rule)) } }
            td .matter {
                a href=(view.case_link(&row.case)) { (view.of(&row.workflow.title)) " " span .key { (key(&row.case, row.period.as_deref(), &row.unit)) } }
                @if row.clock.title != row.workflow.title { small { (view.of(&row.clock.title)) } }
            }
            td {
                a href=(view.link(&format!("units/{}", row.unit.id), &[])) { (view.of(&row.unit.title)) }
                (waits(view, &row.unit, &row.waits_for))
                (beside(view, &row.particulars))
            }
            td .state { (view.of(&row.state.title)) small { (met_of(view, &row.particulars)) } }
            (clause_cell(view, &row.cite))
            td .moment.started { (view.of(&row.started)) }
            td .num { @if row.reminders > 0 { (row.reminders) } @else { span .muted { "–" } } }
            td .level { @if row.level > 0 { (level(view, row.level)) } @else { span .muted { "–" } } }
            td .num { @if row.moves > 0 { (row.moves) } @else { span .muted { "–" } } }
            (notes(view, &row.particulars))
        }
    }
}

/// Met deadlines.
pub fn settled_table(view: &View, rows: &[SettledRow]) -> Markup {
    if rows.is_empty() {
        return empty(
            view.say("没有符合条件的办结记录", "No met deadline is like that"),
            view.say("放宽筛选条件；数量很多时请按流程筛选后翻页。", "Widen the filter, or turn the page."),
        );
    }
    html! {
        div .scroll tabindex="0" role="region" aria-label=(view.say("台账", "Ledger")) {
            table .ledger data-rows="" {
                thead { tr {
                    th scope="col" { (view.say("是否按时", "In time")) }
                    th scope="col" { (view.say("办结时间", "Met")) }
                    th scope="col" { (view.say("截止时间 / 时限规则", "Due / rule")) }
                    th scope="col" { (view.say("事项 / 编号", "Matter / number")) }
                    th scope="col" { (view.say("责任单位", "Unit")) }
                    th scope="col" { (view.say("状态 / 进展", "State / progress")) }
                    th scope="col" { (view.say("依据", "Clause")) }
                    th scope="col" { (view.say("起算时间", "Counted from")) }
                    th scope="col" .num { (view.say("催办", "Reminded")) }
                    th scope="col" .num { (view.say("升级", "Level")) }
                    th scope="col" .num { (view.say("改期", "Moved")) }
                    th scope="col" { (view.say("佐证材料", "Evidence")) }
                    th scope="col" { (view.say("备注", "Remark")) }
                } }
                tbody { @for row in rows { (settled_row(view, row)) } }
            }
        }
    }
}

fn settled_row(view: &View, row: &SettledRow) -> Markup {
    html! {
        tr {
            td { (met(view, row.late)) }
            td .moment { (view.of(&row.met)) }
            td .moment { (view.of(&row.due)) small { (view.of(&row.rule)) } }
            td .matter {
                a href=(view.case_link(&row.case)) { (view.of(&row.workflow.title)) " " span .key { (key(&row.case, row.period.as_deref(), &row.unit)) } }
                @if row.clock.title != row.workflow.title { small { (view.of(&row.clock.title)) } }
            }
            td {
                a href=(view.link(&format!("units/{}", row.unit.id), &[])) { (view.of(&row.unit.title)) }
                (beside(view, &row.particulars))
            }
            td .state { (view.of(&row.state.title)) small { (met_of(view, &row.particulars)) } }
            (clause_cell(view, &row.cite))
            td .moment.started { (view.of(&row.started)) }
            td .num { (row.reminders) }
            td .num { (row.level) }
            td .num { (row.moves) }
            (notes(view, &row.particulars))
        }
    }
}

/// How many of the case's deadlines are met.
fn met_of(view: &View, of: &Particulars) -> String {
    format!("{} {}", view.say("已办", "met"), progress(&of.progress))
}

/// The cells of what proves it and what is to be noted.
fn notes(view: &View, of: &Particulars) -> Markup {
    let cell = |text: &str| {
        html! { td .remark { @if text.is_empty() { span .muted { "–" } } @else { (text) } } }
    };
    html! { (cell(evidence(view, of))) (cell(&remarks(view, of))) }
}

/// How a met deadline ended.
pub fn met(view: &View, late: bool) -> Markup {
    html! {
        @if late { span .light.late { span .shape aria-hidden="true" { "✗" } (view.say("逾期办理", "met late")) } }
        @else { span .light.met { span .shape aria-hidden="true" { "✓" } (view.say("按时办理", "met in time")) } }
    }
}
