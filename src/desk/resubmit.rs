//! A refused fact, corrected and stated again.
//!
//! It is a new fact with an identity of its own. It refers to the old one by its
//! `source`, `/desk/refusals/<ledger entry>`, and its id is a digest of what it
//! states: sent twice, it is recognised; corrected once more, it is another. Nothing
//! is added to the envelope or to the data, so every policy takes it as it is.

use axum::Form;
use axum::response::{IntoResponse as _, Redirect, Response};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

use super::failure::Failure;
use super::parts::field;
use super::refusals::seq;
use super::shell::{Frame, Nav, page};
use super::view::View;
use super::visit::Visit;
use crate::event::fact::Fact;
use crate::id::{CaseId, EventType, Seq, UnitId};
use crate::port::log::Log;
use crate::port::store::Store;
use crate::query::refusals::Refusal;

/// How long the outcome is waited for.
const WITHIN: Duration = Duration::from_secs(10);
/// How much of what is stated the id carries: enough to tell any two apart.
const DIGITS: usize = 16;

/// What the form says.
#[derive(Debug, Clone, Deserialize)]
pub struct Corrected {
    /// Who publishes it.
    actor: String,
    /// What happened.
    #[serde(rename = "type")]
    kind: String,
    /// The case; empty for none.
    #[serde(default)]
    subject: String,
    /// What it says, as JSON.
    data: String,
}

/// The form, with what was last given or what the original says.
pub fn form(view: &View, row: &Refusal, given: Option<(&Corrected, &str)>) -> Markup {
    let of_original =
        |name: &str| row.original.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let corrected = given.map_or_else(
        || Corrected {
            actor: row.actor.as_ref().map(ToString::to_string).unwrap_or_default(),
            kind: row.kind.as_ref().map(ToString::to_string).unwrap_or_default(),
            subject: of_original("subject"),
            data: row
                .original
                .get("data")
                .and_then(|data| serde_json::to_string_pretty(data).ok())
                .unwrap_or_else(|| "{}".into()),
        },
        |(corrected, _)| corrected.clone(),
    );
    let lines = corrected.data.lines().count().clamp(6, 24);
    html! {
        @if let Some((_, wrong)) = given { p .note role="alert" { strong { (view.say("又被退回：", "Refused again: ")) } (wrong) } }
        form .stacked method="post" action=(view.link(&format!("refusals/{}", row.ledger_seq), &[])) {
            label { span { (view.say("报送单位", "Publisher")) }
                select name="actor" {
                    @if !view.home.units.iter().any(|unit| unit.id == corrected.actor) { option value=(corrected.actor) selected { (corrected.actor) } }
                    @for unit in &view.home.units { option value=(unit.id) selected[unit.id == corrected.actor] { (view.of(&unit.title)) } }
                }
            }
            label { span { (view.say("类型", "Type")) } input name="type" value=(corrected.kind) required; }
            label { span { (view.say("事项编号", "Case")) } input name="subject" value=(corrected.subject); }
            label { span { (view.say("内容（JSON）", "Data (JSON)")) } textarea name="data" rows=(lines) spellcheck="false" { (corrected.data) } }
            @if !row.reason.field.is_empty() {
                p .muted { (view.say("需要更正：", "To be corrected: ")) (field(view, row.reason.field.trim_start_matches("data."))) " · " (row.reason.message) }
            }
            @if let Some(csrf) = &view.viewer.csrf { input type="hidden" name="csrf" value=(csrf); }
            button .button.main type="submit" { (view.say("重新报送", "Submit again")) }
        }
    }
}

/// Takes what the form says, states it, and shows what became of it.
pub async fn resubmit<S: Store, L: Log>(
    visit: Visit<S, L>,
    Form(corrected): Form<Corrected>,
) -> Result<Response, Failure> {
    let seq = seq(visit.part("seq")).map_err(|problem| visit.failed(problem))?;
    let found = visit.ask(move |reader, at| reader.refusal(seq, at)).await?;
    let outcome = match fact(seq, &corrected) {
        Ok(fact) => match visit.stated(fact) {
            Ok(fact) => stated(&visit, &fact).await?,
            Err(problem) => Err(problem.detail().to_owned()),
        },
        Err(wrong) => Err(wrong),
    };
    let view = &visit.view;
    match outcome {
        Ok(path) => Ok(Redirect::to(&view.link(&path, &[])).into_response()),
        Err(wrong) => {
            let body = html! { section { (form(view, &found.body, Some((&corrected, &wrong)))) } };
            let title = format!("{} #{}", Nav::Refusals.title(view), seq);
            let as_of = Some(&found.as_of);
            Ok(page(
                view,
                &Frame { nav: Nav::Refusals, title: &title, as_of, beside_title: html! {}, live: false },
                &body,
            ))
        }
    }
}

/// The new fact; or what is wrong with it, in words.
fn fact(seq: Seq, corrected: &Corrected) -> Result<Fact, String> {
    let data: Value = serde_json::from_str(&corrected.data).map_err(|error| format!("JSON: {error}"))?;
    let subject = Some(corrected.subject.trim().to_owned()).filter(|subject| !subject.is_empty());
    let mut fact = Fact {
        source: format!("/desk/refusals/{seq}"),
        id: String::new(),
        kind: EventType::new(corrected.kind.trim()).map_err(|error| error.to_string())?,
        version: None,
        subject,
        actor: UnitId::new(corrected.actor.trim()).map_err(|error| error.to_string())?,
        occurred_at: None,
        imported_at: None,
        stated_by: None,
        data,
    };
    fact.id = fact.content().to_string().chars().take(DIGITS).collect();
    Ok(fact)
}

/// What became of a fact that somebody stated on a page.
pub(super) enum Outcome {
    /// It was taken, by this case if by one.
    Taken(Option<CaseId>),
    /// It was not, for this reason.
    Refused(String),
    /// It is stored, and the ledger will say.
    Stored,
}

/// States a fact and waits for what becomes of it.
pub(super) async fn state_now<S: Store, L: Log>(
    visit: &Visit<S, L>,
    fact: &Fact,
) -> Result<Outcome, Failure> {
    let places = visit.tenant.ingest.submit(std::slice::from_ref(fact)).await;
    let places = places.map_err(|error| visit.failed(error))?;
    let handle = &visit.tenant.handle;
    let Some(place) = places.first() else { return Ok(Outcome::Stored) };
    let outcome = handle.outcome(handle.expect(*place), WITHIN).await;
    Ok(match outcome {
        Some(outcome) => match outcome.reason {
            Some(reason) => {
                Outcome::Refused(format!("{} ({} = {})", reason.message, reason.field, reason.value))
            }
            None => Outcome::Taken(outcome.case),
        },
        None => Outcome::Stored,
    })
}

/// Where to look once it is decided; or why it was refused.
async fn stated<S: Store, L: Log>(
    visit: &Visit<S, L>,
    fact: &Fact,
) -> Result<Result<String, String>, Failure> {
    Ok(match state_now(visit, fact).await? {
        Outcome::Refused(wrong) => Err(wrong),
        Outcome::Taken(Some(case)) => Ok(format!("cases/{case}")),
        Outcome::Taken(None) | Outcome::Stored => Ok("refusals".into()),
    })
}
