//! Policies and calendars: each rule in words with its clause, versions, diagrams.

use axum::response::Response;
use maud::{Markup, PreEscaped, html};

use super::failure::Failure;
use super::parts::{empty, notice};
use super::shell::{Frame, Nav, page};
use super::view::View;
use super::visit::Visit;
use crate::policy::rules::list::Row;
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::policies::{PolicyEntry, PolicyList};
use crate::query::reader::Reader;

/// The rules in force and what was published.
pub async fn policies<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let rules = visit.ask(Reader::rules).await?;
    let published = visit.ask(Reader::policies).await?;
    let view = &visit.view;
    let body = html! {
        section aria-labelledby="calendars-title" {
            h2 #calendars-title { (view.say("日历", "Calendars")) }
            (calendars(view, &published.body))
        }
        section aria-labelledby="rules-title" {
            h2 #rules-title { (view.say("现行规则", "Rules in force")) " " span .muted { "(" (rules.body.rules.len()) ")" } }
            @if rules.body.rules.is_empty() {
                (empty(view.say("还没有规则", "No rule yet"), view.say("公布政策文件后，每条规则连同条款列在这里。", "Publish policies and each rule appears here with its clause.")))
            } @else { (rule_table(view, &rules.body.rules)) }
        }
        section aria-labelledby="published-title" {
            h2 #published-title { (view.say("已公布的定义", "Published definitions")) }
            (entries(view, &published.body.policies))
        }
    };
    let title = Nav::Policies.title(view);
    let frame =
        Frame { nav: Nav::Policies, title, as_of: Some(&rules.as_of), beside_title: html! {}, live: false };
    Ok(page(view, &frame, &body))
}

fn calendars(view: &View, list: &PolicyList) -> Markup {
    html! {
        ul .inline {
            @for entry in list.policies.iter().filter(|entry| entry.kind == "Calendar") {
                li { a href=(view.link(&format!("calendars/{}", entry.name), &[])) { (entry.name) } " " span .muted { (entry.version) } }
            }
        }
    }
}

fn rule_table(view: &View, rules: &[Row]) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-labelledby="rules-title" {
            table {
                thead { tr {
                    th scope="col" { (view.say("条款", "Clause")) }
                    th scope="col" { (view.say("规则", "Rule")) }
                    th scope="col" { (view.say("内容", "What it says")) }
                    th scope="col" { (view.say("责任单位", "Who owes")) }
                    th scope="col" { (view.say("类型", "Kind")) }
                } }
                tbody { @for rule in rules { (rule_row(view, rule)) } }
            }
        }
    }
}

fn rule_row(view: &View, rule: &Row) -> Markup {
    let whole = rule.name.split('/').next().unwrap_or(&rule.name);
    let titled = |id: &str| {
        view.home.units.iter().find(|unit| unit.id == id).map(|unit| view.of(&unit.title).to_owned())
    };
    let units: Vec<String> =
        rule.units.iter().map(|unit| titled(unit.as_str()).unwrap_or_else(|| unit.to_string())).collect();
    html! {
        tr {
            td { (notice(view, &rule.notice)) " " b { (rule.clause) } @if rule.office_setting { " " span .tag { (view.say("本单位设定", "office setting")) } } }
            td {
                a href=(view.link(&format!("policies/{}/{whole}", kind_of(rule)), &[])) { (view.of(&rule.title)) }
                small { (rule.name) " · " (rule.version) }
            }
            td .wide { (view.of(&rule.rule)) }
            td {
                @match units.len() {
                    0 => { span .muted { (view.say("事实所指单位", "whoever a fact names")) } }
                    1..=3 => { (units.join(view.say("、", ", "))) }
                    more => { details { summary { (more) (view.say(" 个单位", " units")) } (units.join(view.say("、", ", "))) } }
                }
            }
            td { (view.of(&rule.kind.word())) }
        }
    }
}

/// The kind of definition that a rule is a part of, as addresses have it.
fn kind_of(rule: &Row) -> &'static str {
    use crate::policy::cites::RuleKind;
    match rule.kind {
        RuleKind::Workflow | RuleKind::Duty | RuleKind::Standing | RuleKind::Quota | RuleKind::Clock => {
            "Workflow"
        }
        RuleKind::Target => "Target",
        RuleKind::Scorecard | RuleKind::Section | RuleKind::Item => "Scorecard",
        RuleKind::Answers => "Answers",
        RuleKind::Reaction => "Reaction",
    }
}

fn entries(view: &View, entries: &[PolicyEntry]) -> Markup {
    html! {
        div .scroll tabindex="0" role="region" aria-labelledby="published-title" {
            table {
                thead { tr {
                    th scope="col" { (view.say("名称", "Name")) }
                    th scope="col" { (view.say("类型", "Kind")) }
                    th scope="col" { (view.say("版本", "Version")) }
                    th scope="col" { (view.say("生效自", "Cases from")) }
                    th scope="col" .num { (view.say("账本条目", "Ledger entry")) }
                    th scope="col" { (view.say("摘要", "Digest")) }
                } }
                tbody { @for entry in entries {
                    tr {
                        td { a href=(view.link(&format!("policies/{}/{}", entry.kind, entry.name), &[("version", &entry.sha.to_string())])) {
                            @if let Some(title) = &entry.title { (view.of(&title.title)) } @else { (entry.name) }
                        } }
                        td { (entry.kind) }
                        td { (entry.version) }
                        td { @if let Some(effective) = &entry.effective { (effective.from) } @else { span .muted { "–" } } }
                        td .num { (entry.ledger_seq) }
                        td { code { (entry.sha.short()) } }
                    }
                } }
            }
        }
    }
}

/// One definition.
pub async fn policy<S: Store, L: Log>(visit: Visit<S, L>) -> Result<Response, Failure> {
    let (kind, name) = (visit.part("kind").to_owned(), visit.part("name").to_owned());
    let version = visit.params.text("version").map(str::to_owned);
    let found = visit.ask(move |reader, at| reader.rule_page(&kind, &name, version.as_deref(), at)).await?;
    let view = &visit.view;
    let answer = &found.body.policy;
    let document = serde_json::to_string_pretty(&answer.document).unwrap_or_default();
    let body = html! {
        @if let Some(diagram) = &found.body.diagram {
            section .diagram aria-labelledby="diagram-title" {
                h2 #diagram-title { (view.say("流程图", "Diagram")) }
                // Our own drawing; its texts are escaped where it is drawn.
                div .scroll tabindex="0" role="region" aria-labelledby="diagram-title" { (PreEscaped(view.of(diagram))) }
            }
        }
        @if !found.body.rules.rules.is_empty() {
            section aria-labelledby="rules-title" {
                h2 #rules-title { (view.say("规则", "Rules")) }
                (rule_table(view, &found.body.rules.rules))
            }
        }
        section aria-labelledby="published-title" {
            h2 #published-title { (view.say("各版本", "Versions")) }
            (entries(view, &answer.versions))
        }
        section {
            details { summary { (view.say("原始定义", "The definition itself")) } pre { code { (document) } } }
        }
    };
    let title =
        answer.policy.title.as_ref().map_or(answer.policy.name.as_str(), |title| view.of(&title.title));
    let beside_title = html! { span .muted { (answer.policy.kind) " · " (answer.policy.name) " · " (answer.policy.version) } };
    let frame = Frame { nav: Nav::Policies, title, as_of: Some(&found.as_of), beside_title, live: false };
    Ok(page(view, &frame, &body))
}
