//! A signed link of a message: what it would state, and a button that states it.
//!
//! Programs that scan mail fetch what is linked, so fetching states nothing. Who
//! follows a link need not sign in: the link itself says for whom and about what.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use axum::{Extension, Form};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::shell::{bare, respond};
use super::visit::{lang, theme};
use crate::calendar::Lang;
use crate::event::fact::Fact;
use crate::http::Site;
use crate::http::gate::Admitted;
use crate::http::params::Params;
use crate::http::site::Tenant;
use crate::id::EventType;
use crate::identity::link::{Answer, Claim, LinkError};
use crate::port::log::Log;
use crate::port::store::Store;

/// How long the outcome is waited for.
const WITHIN: Duration = Duration::from_secs(10);

/// What the form says.
#[derive(Debug, Default, Deserialize)]
pub struct Said {
    #[serde(default)]
    text: String,
}

/// Shows what a link would state.
pub async fn look<S: Store, L: Log>(
    State(site): State<Arc<Site<S, L>>>,
    Extension(admitted): Extension<Admitted>,
    Path(token): Path<String>,
    parts: Parts,
) -> Response {
    let page = Page::of(&parts);
    match site.gate.followed(&token) {
        Ok(claim) => {
            let csrf = admitted.session.as_ref().map(|session| session.csrf.reveal().to_owned());
            page.show(StatusCode::OK, &page.offer(&token, &claim, csrf.as_deref()))
        }
        Err(error) => page.wrong(error),
    }
}

/// States what a link allows.
pub async fn follow<S: Store, L: Log>(
    State(site): State<Arc<Site<S, L>>>,
    Path(token): Path<String>,
    parts: Parts,
    Form(said): Form<Said>,
) -> Response {
    let page = Page::of(&parts);
    let claim = match site.gate.followed(&token) {
        Ok(claim) => claim,
        Err(error) => return page.wrong(error),
    };
    let fact = fact(&claim, said.text.trim());
    let Some((tenant, fact)) = site.tenants.get(&claim.tenant).zip(fact) else {
        return page.wrong(LinkError::Forged);
    };
    let (status, told) = page.outcome(tenant, &fact).await;
    page.show(status, &html! { p { (told) } })
}

/// The fact that a claim states; none when an explanation says nothing.
fn fact(claim: &Claim, text: &str) -> Option<Fact> {
    let data = match claim.answer {
        Answer::Acknowledge => json!({"clock": claim.clock, "reminder": claim.reminder}),
        Answer::Explain if text.is_empty() => return None,
        Answer::Explain => json!({"text": text}),
    };
    Some(Fact {
        source: format!("urn:duban:{}:links", claim.tenant),
        id: format!("link/{}/{}", claim.reminder, claim.answer.word()),
        kind: EventType::new(claim.answer.kind()).ok()?,
        version: None,
        subject: Some(claim.case.to_string()),
        actor: claim.unit.clone(),
        occurred_at: None,
        imported_at: None,
        stated_by: Some("link".into()),
        data,
    })
}

/// How a page of a link is shown.
struct Page {
    lang: Lang,
    theme: super::view::Theme,
}

impl Page {
    fn of(parts: &Parts) -> Self {
        let params = Params::of_page(parts.uri.query().unwrap_or_default()).unwrap_or_default();
        Self { lang: lang(&params, &parts.headers), theme: theme(&params, &parts.headers) }
    }

    const fn say(&self, zh: &'static str, en: &'static str) -> &'static str {
        match self.lang {
            Lang::Zh => zh,
            Lang::En => en,
        }
    }

    fn show(&self, status: StatusCode, inner: &Markup) -> Response {
        let title = self.say("答复督办", "Answer to supervision");
        let body = html! { main #main .failure { h1 { "duban 督办 · " (title) } (inner) } };
        respond(status, &bare(self.lang, self.theme, title, &body))
    }

    fn wrong(&self, error: LinkError) -> Response {
        let (status, told) = match error {
            LinkError::Forged => (
                StatusCode::NOT_FOUND,
                self.say("链接无效，请完整复制。", "This link is not one of ours; copy the whole of it."),
            ),
            LinkError::Expired => (
                StatusCode::GONE,
                self.say(
                    "链接已过期，请登录督办台答复。",
                    "This link is over; sign in and answer on the desk.",
                ),
            ),
        };
        self.show(status, &html! { p .note role="alert" { (told) } })
    }

    fn offer(&self, token: &str, claim: &Claim, csrf: Option<&str>) -> Markup {
        let act = match claim.answer {
            Answer::Acknowledge => self.say("签收", "Acknowledge"),
            Answer::Explain => self.say("说明情况", "Explain"),
        };
        html! {
            dl .facts {
                div { dt { (self.say("事项", "Case")) } dd { (claim.case) } }
                div { dt { (self.say("单位", "Unit")) } dd { (claim.unit) } }
                div { dt { (self.say("将要报送", "Will be stated")) } dd { (act) } }
            }
            form .stacked method="post" action={ "/answer/" (token) } {
                @if claim.answer == Answer::Explain {
                    label { span { (self.say("说明", "Explanation")) } textarea name="text" rows="4" required {} }
                }
                @if let Some(csrf) = csrf { input type="hidden" name="csrf" value=(csrf); }
                button .button.main type="submit" { (act) }
            }
        }
    }

    async fn outcome<S: Store, L: Log>(&self, tenant: &Tenant<S, L>, fact: &Fact) -> (StatusCode, String) {
        let later =
            || self.say("已收到，处理结果见督办台。", "It is stored; the desk will say what becomes of it.");
        let Ok(places) = tenant.ingest.submit(std::slice::from_ref(fact)).await else {
            let told =
                self.say("暂时无法报送，请稍后再试。", "It cannot be stated just now; try again later.");
            return (StatusCode::SERVICE_UNAVAILABLE, told.to_owned());
        };
        let Some(place) = places.first() else { return (StatusCode::ACCEPTED, later().to_owned()) };
        let outcome = tenant.handle.outcome(tenant.handle.expect(*place), WITHIN).await;
        let already = || self.say("此前已经答复过。", "It was answered already.").to_owned();
        match outcome {
            None => (StatusCode::ACCEPTED, later().to_owned()),
            Some(outcome) if outcome.verdict == "duplicated" => (StatusCode::OK, already()),
            Some(outcome) => match outcome.reason {
                None => {
                    (StatusCode::OK, self.say("已收到，谢谢。", "Thank you; it is on the ledger.").to_owned())
                }
                Some(reason) if reason.rule == "id.conflicts" => (StatusCode::OK, already()),
                Some(reason) => (StatusCode::UNPROCESSABLE_ENTITY, reason.message),
            },
        }
    }
}
