//! Asking a running server over HTTP: where it is, whose tenant, what it said.
//!
//! It turns answers into exit codes and problem documents into sentences; what is
//! asked and how answers are shown is each command's own.

use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

use super::exit::{Exit, Failure, OrExit as _};
use super::output::AnswerLang;
use crate::calendar::Lang;
use crate::id::TenantId;
use crate::identity::secret::Secret;

/// How long an answer may take: a fact may be waited for half a minute.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// How long reaching the server may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Where the server is and how to show what it says.
#[derive(Debug, Clone, clap::Args)]
pub struct Client {
    /// The server
    #[arg(long, env = "DUBAN_SERVER", default_value = "http://127.0.0.1:8310", value_name = "URL")]
    pub server: String,
    /// Whose cases
    #[arg(long, env = "DUBAN_TENANT", default_value = "changqing", value_name = "TENANT")]
    pub tenant: TenantId,
    /// A token of `duban token create`, where one is asked for; better in the
    /// environment or a file than here, where others on this machine may read it
    #[arg(
        long,
        env = "DUBAN_TOKEN",
        hide_env_values = true,
        value_parser = |text: &str| Ok::<_, std::convert::Infallible>(Secret::shown(text)),
        value_name = "TOKEN"
    )]
    pub token: Option<Secret>,
    /// A file that holds the token
    #[arg(long, env = "DUBAN_TOKEN_FILE", value_name = "FILE", conflicts_with = "token")]
    pub token_file: Option<PathBuf>,
    /// Prints the answer as JSON
    #[arg(long)]
    pub json: bool,
    /// The language of the answer
    #[arg(long, env = "DUBAN_LANG", value_enum, default_value_t)]
    pub lang: AnswerLang,
}

/// An answer of the server, whatever its status.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body.
    pub text: String,
}

impl Client {
    /// The language of answers.
    #[must_use]
    pub fn lang(&self) -> Lang {
        self.lang.into()
    }

    /// The address of a route below the tenant.
    #[must_use]
    pub fn url(&self, route: &str) -> String {
        format!("{}/v1/{}/{route}", self.server.trim_end_matches('/'), self.tenant)
    }

    /// Asks `route` with parameters and reads the answer as JSON.
    ///
    /// # Errors
    /// [`Failure`] when the server cannot be reached or refuses.
    pub async fn get(&self, route: &str, parameters: &[(&str, String)]) -> Result<Value, Failure> {
        let request = self.request(Method::GET, route)?.query(parameters);
        self.send(request).await?.value()
    }

    /// Asks `route` for a text.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn get_text(&self, route: &str, parameters: &[(&str, String)]) -> Result<String, Failure> {
        let request = self.request(Method::GET, route)?.query(parameters).header("accept", "text/plain");
        Ok(self.send(request).await?.refused()?.text)
    }

    /// Sends a body to `route`, whatever comes of it.
    ///
    /// # Errors
    /// [`Failure`] when the server cannot be reached.
    pub async fn post(
        &self,
        route: &str,
        parameters: &[(&str, String)],
        media: &str,
        body: Vec<u8>,
    ) -> Result<Answer, Failure> {
        let request = self.request(Method::POST, route)?.query(parameters);
        self.send(request.header("content-type", media).body(body)).await
    }

    /// Opens a stream at `route`, which lasts as long as both sides hold it.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn stream(
        &self,
        route: &str,
        parameters: &[(&str, String)],
    ) -> Result<reqwest::Response, Failure> {
        let request = self.begin(crate::tls::client(), Method::GET, route)?.query(parameters);
        let words = format!("reach the server {}; is `duban up` or `duban serve` running", self.server);
        let answer = request.send().await.or_failed_to(Exit::Unreachable, &words)?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let text = answer.text().await.or_failed_to(Exit::Unreachable, words)?;
        Err(Answer { status, text }.failure())
    }

    fn request(&self, method: Method, route: &str) -> Result<RequestBuilder, Failure> {
        self.begin(crate::tls::client().timeout(ANSWER_WITHIN), method, route)
    }

    fn begin(
        &self,
        client: reqwest::ClientBuilder,
        method: Method,
        route: &str,
    ) -> Result<RequestBuilder, Failure> {
        let client = client.connect_timeout(CONNECT_WITHIN);
        // A proxy meant for the internet must not stand before this machine.
        let client = client.no_proxy().build()?;
        let request = client.request(method, self.url(route));
        Ok(match self.token()? {
            Some(token) => request.bearer_auth(token.reveal()),
            None => request,
        })
    }

    fn token(&self) -> Result<Option<Secret>, Failure> {
        let Some(file) = &self.token_file else { return Ok(self.token.clone()) };
        let words = format!("read the token from {}", file.display());
        let text = std::fs::read_to_string(file).or_failed_to(Exit::Usage, words)?;
        Ok(Some(Secret::shown(&text)))
    }

    async fn send(&self, request: RequestBuilder) -> Result<Answer, Failure> {
        let words = format!("reach the server {}; is `duban up` or `duban serve` running", self.server);
        let answer = request.send().await.or_failed_to(Exit::Unreachable, &words)?;
        let status = answer.status();
        let text = answer.text().await.or_failed_to(Exit::Unreachable, words)?;
        Ok(Answer { status, text })
    }
}

impl Answer {
    /// The answer, unless it is a refusal.
    ///
    /// # Errors
    /// [`Failure`] with the problem's own words.
    pub fn refused(self) -> Result<Self, Failure> {
        if self.status.is_success() {
            return Ok(self);
        }
        Err(self.failure())
    }

    /// The answer's JSON.
    ///
    /// # Errors
    /// [`Failure`] when it is a refusal, or no JSON.
    pub fn value(self) -> Result<Value, Failure> {
        let answer = self.refused()?;
        serde_json::from_str(&answer.text).or_failed_to(Exit::Unreachable, "read the server's answer as JSON")
    }

    /// What became of posted events, `{events: [...]}`; a single one that was
    /// stored and refused is told in the same form as all others.
    ///
    /// # Errors
    /// [`Failure`] when nothing was stored, or nobody knows.
    pub fn receipt(self) -> Result<Value, Failure> {
        let problem: Value = serde_json::from_str(&self.text).unwrap_or_default();
        match problem.get("outcome") {
            Some(outcome) if !self.status.is_success() => Ok(serde_json::json!({ "events": [outcome] })),
            Some(_) | None => self.value(),
        }
    }

    /// What a refusal says.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let exit = match self.status.as_u16() {
            400..=428 | 430..=499 => Exit::Refused,
            429 | 502..=504 => Exit::Unreachable,
            _ => Exit::Stopped,
        };
        Failure::new(
            exit,
            problem(&self.text).unwrap_or_else(|| format!("get an answer: HTTP {}", self.status)),
        )
    }
}

/// A problem document in a sentence that reads on after "failed to"; none when the
/// text is no such document.
fn problem(text: &str) -> Option<String> {
    let problem: Value = serde_json::from_str(text).ok()?;
    let said = |field: &str| problem[field].as_str().filter(|text| !text.is_empty());
    let words = said("detail").or_else(|| said("title"))?;
    let rule = said("rule").map(|rule| format!("[{rule}] ")).unwrap_or_default();
    let field = match (said("field"), said("value")) {
        (Some(field), Some(value)) => format!(" (at {field} = {value:?})"),
        (Some(field), None) => format!(" (at {field})"),
        (None, _) => String::new(),
    };
    Some(format!("get what was asked: {rule}{words}{field}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_document_becomes_a_sentence_and_a_code() {
        let text = r#"{"title": "No such case", "status": 404, "detail": "there is no case a/b", "field": "id", "value": "a/b"}"#;
        let answer = Answer { status: StatusCode::NOT_FOUND, text: text.to_owned() };
        let failure = answer.value().expect_err("it is refused");
        assert_eq!(failure.exit, Exit::Refused);
        assert_eq!(
            failure.to_string(),
            "failed to get what was asked: there is no case a/b (at id = \"a/b\")"
        );
        let away = Answer { status: StatusCode::SERVICE_UNAVAILABLE, text: "x".to_owned() };
        assert_eq!(away.failure().exit, Exit::Unreachable);
    }
}
