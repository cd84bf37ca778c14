//! What one may state on the page of a case: the facts that its state takes, each a form
//! made of its type's schema, and the answers that any case takes: sign for it, name who
//! sees to it, explain, ask for more time and decide that, hand it over.
//!
//! An answer is a fact like any other. Its source is the page, `/desk/cases/<case>`,
//! and its id a digest of what it says and of the last entry that its author saw: a
//! form that is sent twice states one fact, and a second answer later is another.

use axum::Form;
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::failure::Failure;
use super::resubmit::{Outcome, state_now};
use super::view::View;
use super::visit::Visit;
use crate::calendar::Text;
use crate::event::fact::Fact;
use crate::http::problem::Problem;
use crate::id::{CaseId, EventType, Sha, UnitId};
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::answering::{Answering, Takes};
use crate::query::case::CaseAnswer;
use crate::query::naming::Named;
use crate::query::reporting::{Field, Holds, Reportable};
use crate::time::Instant;

/// How much of a digest the id carries.
const DIGITS: usize = 16;

/// What a form says of the fact itself; everything else that it holds is what the fact says.
const OF_FACT: [&str; 4] = ["type", "actor", "seen", "csrf"];
/// What stands before the name of a field of the fact's own schema.
const DATA: &str = "data.";

/// The names of a form with what was written there; what is left empty is not said.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Answered(Vec<(String, String)>);

impl Answered {
    fn of(&self, name: &str) -> &str {
        self.0.iter().find(|(of, _)| of == name).map(|(_, value)| value.trim()).unwrap_or_default()
    }

    fn said(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.iter().map(|(name, value)| (name.as_str(), value.trim()));
        pairs.filter(|(name, value)| !value.is_empty() && !OF_FACT.contains(name))
    }
}

/// A form that was not taken.
#[derive(Debug)]
pub struct Refused {
    /// Why, in words.
    pub why: String,
    /// What was written there.
    pub said: Answered,
}

/// What is asked for and who sees to it, for everybody who sees the case.
pub fn asked(view: &View, answering: &Answering) -> Markup {
    html! {
        @if let Some(handler) = &answering.handler { div { dt { (view.say("承办人", "Seen to by")) } dd { (handler) } } }
        @if let Some(unit) = &answering.handover {
            div { dt { (view.say("移交征询", "Handover proposed to")) } dd { (view.of(&unit.title)) } }
        }
        @if let Some(it) = &answering.extension {
            div { dt { (view.say("延期申请", "Extension asked for")) } dd {
                (view.of(&it.clock.title)) " → " (view.of(&it.when))
                span .muted { " · " (view.of(&it.by.title)) " · " (view.say("由 ", "decided by ")) (listed(view, &it.decided_by)) (view.say(" 决定", "")) }
            } }
        }
    }
}

fn listed(view: &View, units: &[Named]) -> String {
    if units.is_empty() {
        return view.say("登记册内任一单位", "any unit of the register").to_owned();
    }
    units.iter().map(|unit| view.of(&unit.title)).collect::<Vec<_>>().join(view.say("、", ", "))
}

/// The forms of what whoever looks at the page may state; nothing where they may not.
/// After a refusal its form stands open with what was written there.
pub fn forms(view: &View, case: &CaseAnswer, refused: Option<&Refused>) -> Markup {
    let takes = case.answering.as_ref().map(|it| it.takes.as_slice()).unwrap_or_default();
    let offered: Vec<(&Takes, Vec<&Named>)> = takes
        .iter()
        .map(|takes| (takes, takes.by.iter().filter(|unit| speaks(view, &unit.id, takes.kind)).collect()))
        .filter(|(_, by): &(&Takes, Vec<&Named>)| !by.is_empty())
        .collect();
    let reports: Vec<(&Reportable, Vec<&Named>)> = case
        .reportable
        .iter()
        .map(|it| {
            // A fact that anyone may state is stated for whomever one speaks for.
            let by = if it.by.is_empty() { &view.home.units } else { &it.by };
            (it, by.iter().filter(|unit| speaks(view, &unit.id, &it.fact.id)).collect())
        })
        .filter(|(_, by): &(&Reportable, Vec<&Named>)| !by.is_empty())
        .collect();
    let said = |kind: &str| refused.map(|it| &it.said).filter(|said| said.of("type") == kind);
    html! {
        @if !offered.is_empty() || !reports.is_empty() || refused.is_some() {
            section #answers aria-labelledby="answers-title" {
                h2 #answers-title { (view.say("办理", "Act")) }
                @if let Some(refused) = refused {
                    p .note role="alert" { strong { (view.say("未被接受：", "Not taken: ")) } (refused.why) }
                }
                @for (report, by) in &reports {
                    @let said = said(&report.fact.id);
                    details .report open[said.is_some()] {
                        summary { (view.of(&report.fact.title)) }
                        (report_form(view, case, report, by, said))
                    }
                }
                @for (takes, by) in &offered {
                    @let said = said(takes.kind);
                    details open[said.is_some()] {
                        summary { (view.of(&title(takes.kind))) }
                        (form(view, case, takes, by, said))
                    }
                }
            }
        }
    }
}

fn speaks(view: &View, unit: &str, kind: &str) -> bool {
    let parts = UnitId::new(unit).ok().zip(EventType::new(kind).ok());
    parts.is_some_and(|(unit, kind)| view.viewer.may_state(&view.tenant, &unit, &kind))
}

/// A form that states a fact of a type about the case.
fn framed(
    view: &View,
    case: &CaseAnswer,
    (kind, title): (&str, &Text),
    by: &[&Named],
    said: Option<&Answered>,
    fields: &Markup,
) -> Markup {
    let seen = case.timeline.last().map(|told| told.ledger_seq.to_string()).unwrap_or_default();
    html! {
        form .stacked method="post" action=(view.link(&format!("cases/{}", case.case), &[])) {
            input type="hidden" name="type" value=(kind);
            input type="hidden" name="seen" value=(seen);
            (choice(view, "actor", view.say("报送单位", "As"), by.iter().copied(), said))
            (fields)
            @if let Some(csrf) = &view.viewer.csrf { input type="hidden" name="csrf" value=(csrf); }
            button .button.main type="submit" { (view.of(title)) }
        }
    }
}

/// The form of a fact of the case's workflow: a field for each part that its schema names.
fn report_form(
    view: &View,
    case: &CaseAnswer,
    report: &Reportable,
    by: &[&Named],
    said: Option<&Answered>,
) -> Markup {
    let fields = html! { @for field in &report.fields { (input(view, field, said)) } };
    framed(view, case, (&report.fact.id, &report.fact.title), by, said, &fields)
}

fn input(view: &View, field: &Field, said: Option<&Answered>) -> Markup {
    let (name, must) = (format!("{DATA}{}", field.named.id), field.required);
    let written = said.map(|said| said.of(&name));
    let options = |words: &[(&str, &str)]| {
        html! {
            select name=(name) required[must] {
                @if !must { option value="" {} }
                @for (word, title) in words { option value=(word) selected[written == Some(*word)] { (title) } }
            }
        }
    };
    let words: Vec<(&str, &str)> =
        field.words.iter().map(|word| (word.id.as_str(), view.of(&word.title))).collect();
    html! {
        label {
            span {
                (view.of(&field.named.title))
                @if field.holds == Holds::Lines { (view.say("（每行一项）", " (one a line)")) }
                @if !must { span .muted { (view.say("（可不填）", " (optional)")) } }
            }
            @match field.holds {
                Holds::Line => input name=(name) value=[written] required[must];,
                Holds::Text | Holds::Lines => textarea name=(name) rows="4" required[must] { (written.unwrap_or_default()) },
                Holds::Day => input type="date" name=(name) value=[written] required[must];,
                Holds::Instant => input type="datetime-local" name=(name) value=[written] required[must];,
                Holds::Number => input type="number" step="1" name=(name) value=[written] required[must];,
                Holds::Truth => (options(&[("true", view.say("是", "yes")), ("false", view.say("否", "no"))])),
                Holds::Word => (options(&words)),
            }
        }
    }
}

fn form(view: &View, case: &CaseAnswer, takes: &Takes, by: &[&Named], said: Option<&Answered>) -> Markup {
    let asks = |kinds: &[&str]| kinds.contains(&takes.kind);
    let written = |name: &str| said.map(|said| said.of(name));
    let fields = html! {
        @if !takes.clocks.is_empty() { (choice(view, "clock", view.say("期限", "Deadline"), takes.clocks.iter(), said)) }
        @if asks(&["extension.requested", "extension.granted"]) {
            label { span { (view.say("延至（当日24:00）", "Until the end of")) }
                input type="date" name="until" value=[written("until")] required[takes.kind == "extension.requested"];
            }
        }
        @if asks(&["case.delegated"]) { label { span { (view.say("承办人", "Person")) } input name="person" value=[written("person")] required; } }
        @if asks(&["explanation.given"]) { label { span { (view.say("说明", "Explanation")) } textarea name="text" rows="4" required { (written("text").unwrap_or_default()) } } }
        @if !takes.to.is_empty() { (choice(view, "to", view.say("移交给", "To"), takes.to.iter(), said)) }
        @if asks(&["extension.requested", "extension.refused", "handover.proposed", "handover.declined"]) {
            label { span { (view.say("理由", "Reason")) } textarea name="reason" rows="2" { (written("reason").unwrap_or_default()) } }
        }
    };
    framed(view, case, (takes.kind, &title(takes.kind)), by, said, &fields)
}

fn choice<'n>(
    view: &View,
    name: &str,
    label: &str,
    named: impl Iterator<Item = &'n Named>,
    said: Option<&Answered>,
) -> Markup {
    let chosen = said.map(|said| said.of(name));
    html! {
        label { span { (label) }
            select name=(name) {
                @for it in named { option value=(it.id) selected[chosen == Some(it.id.as_str())] { (view.of(&it.title)) } }
            }
        }
    }
}

/// What an answer is called where it can be given.
fn title(kind: &str) -> Text {
    let (zh, en) = match kind {
        "reminder.acknowledged" => ("签收", "Acknowledge"),
        "case.delegated" => ("转办", "Delegate"),
        "explanation.given" => ("说明情况", "Explain"),
        "extension.requested" => ("申请延期", "Ask for an extension"),
        "extension.granted" => ("同意延期", "Grant the extension"),
        "extension.refused" => ("不予延期", "Refuse the extension"),
        "handover.proposed" => ("提出移交", "Propose a handover"),
        "handover.accepted" => ("同意接收", "Take the case over"),
        "handover.declined" => ("不予接收", "Do not take it over"),
        other => (other, other),
    };
    Text::new(zh, en)
}

/// Takes what a form says, states it, and shows the case, or why it was not taken.
pub async fn answer<S: Store, L: Log>(
    visit: Visit<S, L>,
    Form(answered): Form<Answered>,
) -> Result<Response, Failure> {
    let id = CaseId::new(visit.part("id"));
    let id = id.map_err(|error| visit.failed(Problem::new("thing.unknown", format!("failed to {error}"))))?;
    let stated = match said(&visit, &id, &answered).await? {
        Ok(data) => fact(&id, &answered, data),
        Err(wrong) => Err(wrong),
    };
    let outcome = match stated {
        Ok(fact) => match visit.stated(fact) {
            Ok(fact) => state_now(&visit, &fact).await?,
            Err(problem) => Outcome::Refused(problem.detail().to_owned()),
        },
        Err(wrong) => Outcome::Refused(wrong),
    };
    match outcome {
        Outcome::Refused(why) => {
            let refused = Refused { why, said: answered };
            super::case_page::shown(visit, &id, Some(&refused)).await
        }
        Outcome::Taken(_) | Outcome::Stored => {
            let to = visit.view.link(&format!("cases/{id}"), &[]);
            Ok(Redirect::to(&to).into_response())
        }
    }
}

/// What the fact of a form says, each part as the type's schema has it; or what is wrong.
async fn said<S: Store, L: Log>(
    visit: &Visit<S, L>,
    case: &CaseId,
    answered: &Answered,
) -> Result<Result<Map<String, Value>, String>, Failure> {
    let (case, answered) = (case.clone(), answered.clone());
    visit
        .ask(move |reader, _| {
            let fields = reader.reportable(&case, answered.of("type"))?;
            let instant = |text: &str| super::visit::instant(reader, text).ok();
            Ok(data(&answered, &fields, instant))
        })
        .await
}

fn data(
    answered: &Answered,
    fields: &[Field],
    instant: impl Fn(&str) -> Option<Instant>,
) -> Result<Map<String, Value>, String> {
    let part = |(name, text): (&str, &str)| {
        let name = name.strip_prefix(DATA).unwrap_or(name);
        let value = match fields.iter().find(|field| field.named.id == name) {
            Some(field) => field
                .read(text, &instant)
                .map_err(|reason| format!("{} ({} = {:?})", reason.message, reason.field, reason.value))?,
            None => text.into(),
        };
        Ok((name.to_owned(), value))
    };
    answered.said().map(part).collect()
}

/// The fact that a form states; or what is wrong with it, in words.
fn fact(case: &CaseId, answered: &Answered, data: Map<String, Value>) -> Result<Fact, String> {
    let mut fact = Fact {
        source: format!("/desk/cases/{case}"),
        id: String::new(),
        kind: EventType::new(answered.of("type")).map_err(|error| error.to_string())?,
        version: None,
        subject: Some(case.to_string()),
        actor: UnitId::new(answered.of("actor")).map_err(|error| error.to_string())?,
        occurred_at: None,
        imported_at: None,
        stated_by: None,
        data: Value::Object(data),
    };
    let content = fact.content().to_string();
    let digest = Sha::of_parts(&[content.as_bytes(), answered.of("seen").as_bytes()]).to_string();
    fact.id = digest.chars().take(DIGITS).collect();
    Ok(fact)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(actor: &str, text: &str, seen: &str) -> Answered {
        let pairs = [
            ("type", "explanation.given"),
            ("actor", actor),
            ("seen", seen),
            ("text", text),
            ("reason", "  "),
        ];
        Answered(pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    fn stated(answered: &Answered) -> Result<Fact, String> {
        let case = CaseId::new("objection/YY-1").expect("a case");
        fact(&case, answered, data(answered, &[], |_| None)?)
    }

    #[test]
    fn a_form_sent_twice_is_one_fact_and_a_later_answer_another() {
        let of = |text: &str, seen: &str| stated(&answered("water", text, seen)).expect("a fact");
        assert_eq!(of("because", "7"), of("because", "7"));
        assert_ne!(of("because", "7").id, of("because", "9").id);
        assert_ne!(of("because", "7").id, of("therefore", "7").id);
        assert_eq!(of("because", "7").data, serde_json::json!({"text": "because"}));
        assert!(stated(&answered("No unit", "x", "7")).is_err());
    }
}
