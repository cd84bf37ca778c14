//! The page of a case: how it stands, why, who must act, what comes next, and what
//! happened.

use axum::response::Response;
use maud::{Markup, PreEscaped, html};
use serde_json::Value;

use super::answer;
use super::failure::Failure;
use super::ledger_table::met;
use super::letter_page;
use super::parts::{clause, empty, event, key_of, light, names, pairs, provisional};
use super::shell::{Frame, Nav, page};
use super::strip::strip;
use super::supervision_sheet;
use super::view::View;
use super::visit::Visit;
use crate::http::problem::Problem;
use crate::id::CaseId;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::case::CaseAnswer;
use crate::query::explained::{ExplainedDeadline, RungTime};
use crate::query::timeline::Told;

/// The page of a case.
pub async fn case<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let id = CaseId::new(visit.part("id"));
    let id = id.map_err(|error| visit.failed(Problem::new("thing.unknown", format!("failed to {error}"))))?;
    shown(visit, &id, None).await
}

/// The page of a case, with why the last answer was not taken, if one was not.
pub(super) async fn shown<S: Store, L: Log>(
    visit: Visit<S, L>,
    id: &CaseId,
    refused: Option<&answer::Refused>,
) -> Result<Response, Failure> {
    let answer = visit.reader().drawn_case(id, visit.view.at).await;
    let (answer, diagram) = answer.map_err(|error| visit.failed(error))?;
    let (view, case) = (&visit.view, &answer.body);
    let body = html! {
        div data-live="facts" data-about=(case.case) { (facts(view, case)) }
        section data-live="deadlines" aria-labelledby="deadlines-title" {
            h2 #deadlines-title { (view.say("期限", "Deadlines")) }
            @if case.deadlines.is_empty() {
                (empty(view.say("没有期限", "No deadline"), view.say("流程起算时限后，这里逐日画出。", "Once a clock starts, it is drawn here day by day.")))
            }
            @for deadline in &case.deadlines { (deadline_block(view, case, deadline)) }
        }
        (answer::forms(view, case, refused))
        section .diagram data-live="diagram" aria-labelledby="diagram-title" {
            h2 #diagram-title { (view.say("流程与当前状态", "Workflow and present state")) }
            // The diagram is our own drawing; its texts are escaped where it is drawn.
            div .scroll tabindex="0" role="region" aria-labelledby="diagram-title" { (PreEscaped(view.of(&diagram))) }
        }
        section data-live="timeline" aria-labelledby="timeline-title" {
            h2 #timeline-title { (view.say("经过", "What happened")) }
            (timeline(view, case))
        }
    };
    // What the calendar opened is known by its duty and period, not by its key.
    let duty = case.period.as_ref().map(|period| format!("{} {period}", view.of(&case.workflow.title)));
    let key = key_of(&case.case, &case.unit.id);
    let title = duty.as_deref().unwrap_or(if key.is_empty() { view.of(&case.workflow.title) } else { key });
    let beside_title = html! {
        @if duty.is_none() && !key.is_empty() { span .muted { (view.of(&case.workflow.title)) } }
        span .muted { (view.of(&case.unit.title)) }
        (standing(view, case))
    };
    let frame = Frame { nav: Nav::Ledger, title, as_of: Some(&answer.as_of), beside_title, live: true };
    Ok(page(view, &frame, &body))
}

/// The most alarming light of the open deadlines, or that the case is closed.
fn standing(view: &View, case: &CaseAnswer) -> Markup {
    let worst = case.deadlines.iter().filter_map(|deadline| deadline.light).max_by_key(|one| one.alarm());
    html! {
        @if case.closed { span .light.met { span .shape aria-hidden="true" { "✓" } (view.say("已办结", "closed")) } }
        @else if let Some(worst) = worst { (light(view, worst)) }
    }
}

/// Who owes it, where it stands, who must act.
fn facts(view: &View, case: &CaseAnswer) -> Markup {
    html! {
        dl .facts {
            div { dt { (view.say("责任单位", "Unit")) } dd { a href=(view.link(&format!("units/{}", case.unit.id), &[])) { (view.of(&case.unit.title)) } } }
            div { dt { (view.say("当前状态", "State")) } dd { (view.of(&case.state.title)) } }
            div .ball { dt { (view.say("球在谁手里", "Who must act")) } dd {
                @if case.waits_for.is_empty() { span .muted { (view.say("无需办理", "nobody")) } }
                @else { b { (names(view, &case.waits_for)) } (may_state(view, case)) }
            } }
            @if let Some(answering) = &case.answering { (answer::asked(view, answering)) }
            @if let Some(period) = &case.period { div { dt { (view.say("周期", "Period")) } dd { (period) } } }
            div { dt { (view.say("依据", "Clause")) } dd { (clause(view, &case.cite)) } }
            @if !case.lead.is_empty() { div { dt { (view.say("牵头单位", "Led by")) } dd { (names(view, &case.lead)) } } }
            @if !case.assist.is_empty() { div { dt { (view.say("配合单位", "Helped by")) } dd { (names(view, &case.assist)) } } }
            @if let Some(evidence) = &case.evidence { div { dt { (view.say("佐证材料", "Evidence")) } dd { (view.of(evidence)) } } }
            @if let Some(standing) = &case.standing { div { dt { (view.say("长期任务", "Standing duty")) } dd { (view.of(standing)) } } }
            @if let Some(progress) = &case.progress { div { dt { (view.say("进度", "Progress")) } dd { (view.of(&progress.words)) } } }
            div { dt { (view.say("政策版本", "Policy")) } dd {
                a href=(view.link(&format!("policies/Workflow/{}", case.workflow.id), &[("version", &case.policy.version)])) { (case.policy.version) }
            } }
            @for (name, value) in pairs(view, &case.kept) { div { dt { (name) } dd { (remembered(view, case, &value)) } } }
        }
    }
}

/// What a case remembers; the case that it is about leads there.
fn remembered(view: &View, case: &CaseAnswer, value: &str) -> Markup {
    let about = case.kept["case"].as_str().filter(|about| *about == value);
    let about = about.and_then(|about| CaseId::new(about).ok());
    html! { @if let Some(about) = about { a href=(view.case_link(&about)) { (value) } } @else { (value) } }
}

/// What its state takes: what there is to be done.
fn may_state(view: &View, case: &CaseAnswer) -> Markup {
    let titles: Vec<&str> = case.takes.iter().map(|kind| event(view, kind)).collect();
    html! { @if !titles.is_empty() { small { (view.say("可报：", "may state: ")) (titles.join(view.say("、", ", "))) } } }
}

fn deadline_block(view: &View, case: &CaseAnswer, deadline: &ExplainedDeadline) -> Markup {
    html! {
        article .deadline {
            header {
                h3 { (view.of(&deadline.clock.title)) @if deadline.round > 1 { span .muted { (view.say(" 第 ", " round ")) (deadline.round) (view.say(" 轮", "")) } } }
                (ending(view, deadline))
                @if deadline.term.provisional { (provisional(view)) }
                @if let Some(span) = &deadline.span { b { (view.of(&span.words)) } }
                span .due { (view.of(&deadline.due)) (view.say(" 到期", "")) }
            }
            @if let Some(told) = &deadline.explanation { (strip(view, told)) }
            p .reason { (view.of(&deadline.reason)) }
            @if deadline.extensions > 0 { p { (view.say("已延期 ", "Extended ")) (deadline.extensions) (view.say(" 次", " times")) } }
            @if deadline.acknowledged_at.is_some() { p .muted { (view.say("已签收", "Acknowledged")) } }
            p .no-print { a href=(supervision_sheet::link(view, &case.case, &deadline.clock.id)) { (view.say("督办单", "Supervision sheet")) } }
            @if deadline.moves > 0 { p .muted { (view.say("改期 ", "Moved ")) (deadline.moves) (view.say(" 次", " times")) } }
            (ahead(view, case, deadline))
        }
    }
}

/// Its light while it is open, and how it ended otherwise.
fn ending(view: &View, deadline: &ExplainedDeadline) -> Markup {
    match (deadline.light, deadline.status) {
        (Some(open), _) => light(view, open),
        (None, "met") => met(view, false),
        (None, "met-late") => met(view, true),
        (None, _) => {
            html! { span .light.paused { span .shape aria-hidden="true" { "–" } (view.say("终止", "ended without judgement")) } }
        }
    }
}

/// What comes next, and the rungs of the ladder.
fn ahead(view: &View, case: &CaseAnswer, deadline: &ExplainedDeadline) -> Markup {
    html! {
        @if let Some(next) = &deadline.next {
            p .next { strong { (view.say("接下来 ", "Next: ")) } (view.of(&next.words)) }
        } @else if deadline.status == "running" && !case.waits_for.is_empty() {
            p .next {
                strong { (view.say("接下来 ", "Next: ")) }
                (view.say("催办和升级都已用完，等待", "no reminder or escalation is left; it waits for "))
                (names(view, &case.waits_for)) (view.say("办理", ""))
            }
        }
        @if !deadline.ladder.is_empty() {
            details .ladder {
                summary { (view.say("催办与升级安排", "Reminders and escalations")) " (" (deadline.ladder.len()) ")" }
                ol { @for rung in &deadline.ladder { (rung_row(view, rung, &letter_page::link(view, (&case.case, &deadline.clock.id), rung))) } }
            }
        }
    }
}

fn rung_row(view: &View, rung: &RungTime, letter: &str) -> Markup {
    html! {
        li .used[rung.used] {
            time datetime=(rung.at) { (view.of(&rung.when)) }
            span { a href=(letter) { (view.of(&rung.words)) } @if rung.nth > 1 { " ×" (rung.nth) } }
            span .muted { (names(view, &rung.to)) }
            @if rung.used { span .unseen { (view.say("已到", "reached")) } }
        }
    }
}

fn timeline(view: &View, case: &CaseAnswer) -> Markup {
    html! {
        @if let Some(failed) = &case.timeline_failed {
            (empty(view.say("暂时读不到账本", "The ledger cannot be read just now"), failed))
        }
        @if case.omitted > 0 {
            p .muted { (view.say("更早的记录未列出，条数：", "Older entries left out: ")) (case.omitted) }
        }
        ol .timeline { @for told in &case.timeline { (entry(view, told)) } }
    }
}

fn entry(view: &View, told: &Told) -> Markup {
    html! {
        li class=(sort_of(told)) {
            time datetime=(told.at) { (view.of(&told.when)) }
            div {
                p { (view.of(&told.words)) }
                @if let Some(data) = told.data.as_ref().filter(|data| has_content(data)) {
                    details { summary { (view.say("所述内容", "What it said")) }
                        dl .facts.small { @for (name, value) in pairs(view, data) { div { dt { (name) } dd { (value) } } } }
                    }
                }
                p .muted.meta { "#" (told.ledger_seq) " · " code { (told.kind) }
                    @if told.by_time { " · " (view.say("到时自动", "by time")) }
                    @else { " · " (view.say("收件 ", "intake ")) (told.cause) }
                }
            }
        }
    }
}

fn has_content(data: &Value) -> bool {
    data.as_object().is_some_and(|data| !data.is_empty())
}

/// The look of an entry: what people did, and what time did.
fn sort_of(told: &Told) -> &'static str {
    match told.kind.as_str() {
        "deadline.breached" => "overdue",
        "escalation.raised" => "escalated",
        "reminder.due" => "due-soon",
        "deadline.met" | "case.closed" => "done",
        _ if told.by.is_some() => "fact",
        _ => "plain",
    }
}
