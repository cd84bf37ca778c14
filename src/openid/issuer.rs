//! Talking to the issuer: its description, its keys, the code for a token.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::settings::{IssuerSettings, is_private};
use super::signature::{Keys, SignatureError, verified};
use super::token::{ClaimError, subject};
use super::visit::{Visit, Visits};
use crate::identity::claims::grants;
use crate::identity::grant::Grant;
use crate::identity::secret::Secret;
use crate::time::Instant;

/// How long the issuer may take for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// The largest answer that is read.
const MOST_BYTES: usize = 1024 * 1024;
/// How long what the issuer says of itself is believed.
const DESCRIBED_FOR: Duration = Duration::from_secs(60 * 60);
/// How soon its keys are asked for again when a token names an unknown one.
const KEYS_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// Why somebody was not signed in by the issuer.
#[derive(Debug, thiserror::Error)]
pub enum OpenIdError {
    /// The issuer does not answer as it should; try again later.
    #[error("ask the issuer: {0}")]
    Away(String),
    /// The visit is over, was used, or began in another browser; begin again.
    #[error("go on with this sign-in: it took too long, was used already or began in another browser")]
    NoVisit,
    /// The issuer says no.
    #[error("sign in: the issuer says {0:?}")]
    Refused(String),
    /// The token is not the issuer's.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The token is not for us or not for this sign-in.
    #[error(transparent)]
    Claim(#[from] ClaimError),
    /// The person is known and has no role here.
    #[error("find a role for {0}: no rule of the settings grants one; an operator can add it")]
    NoGrant(String),
}

/// Somebody whom the issuer vouches for.
#[derive(Debug, Clone)]
pub struct Person {
    /// The issuer's name for the person.
    pub subject: String,
    /// What the person is called.
    pub title: String,
    /// What the claims grant.
    pub grants: Vec<Grant>,
    /// Where the person was going.
    pub then: String,
}

/// What the issuer sends back with the browser.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The code to be turned in.
    pub code: Option<String>,
    /// The visit.
    pub state: Option<String>,
    /// What went wrong there.
    pub error: Option<String>,
    /// Who answers, where the issuer says so.
    pub issuer: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Description {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<String>,
}

#[derive(Default)]
struct Known {
    description: Option<(Description, Instant)>,
    keys: Option<(Keys, Instant)>,
}

/// An issuer, and who is on the way to it.
pub struct Issuer {
    settings: IssuerSettings,
    secret: Option<String>,
    http: reqwest::Client,
    visits: Mutex<Visits>,
    known: Mutex<Known>,
}

impl Issuer {
    /// The issuer of these settings, to whom we are known by `secret`.
    ///
    /// # Errors
    /// [`OpenIdError::Away`] when no client can be made.
    pub fn new(settings: IssuerSettings, secret: Option<String>) -> Result<Self, OpenIdError> {
        // A redirect could lead what we say to somebody else.
        let http = crate::tls::client().timeout(ANSWER_WITHIN).redirect(reqwest::redirect::Policy::none());
        let http = http.build().map_err(|error| OpenIdError::Away(error.to_string()))?;
        Ok(Self { settings, secret, http, visits: Mutex::default(), known: Mutex::default() })
    }

    /// Begins a visit: where to send the browser that holds `browser`.
    ///
    /// # Errors
    /// [`OpenIdError::Away`].
    pub async fn begin(
        &self,
        [state, nonce, verifier]: [Secret; 3],
        browser: &Secret,
        then: String,
        now: Instant,
    ) -> Result<String, OpenIdError> {
        let description = self.description(now).await?;
        let mut url = reqwest::Url::parse(&description.authorization_endpoint).map_err(away)?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.reveal()));
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.settings.redirect)
            .append_pair("scope", &self.settings.scope())
            .append_pair("state", state.reveal())
            .append_pair("nonce", nonce.reveal())
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        self.visits().begin(&state, browser, nonce, verifier, then, now);
        Ok(url.into())
    }

    /// Ends a visit: who came back with this answer, in the browser that holds
    /// `browser`.
    ///
    /// # Errors
    /// [`OpenIdError`].
    pub async fn finish(&self, answer: &Answer, browser: &str, now: Instant) -> Result<Person, OpenIdError> {
        let state = answer.state.as_deref().unwrap_or_default();
        let visit = self.visits().end(state, browser, now).ok_or(OpenIdError::NoVisit)?;
        if answer.issuer.as_ref().is_some_and(|issuer| *issuer != self.settings.issuer) {
            return Err(ClaimError::Issuer.into());
        }
        if let Some(error) = &answer.error {
            return Err(OpenIdError::Refused(error.chars().take(64).collect()));
        }
        let code = answer.code.as_deref().ok_or(OpenIdError::NoVisit)?;
        let description = self.description(now).await?;
        let tokens = self.tokens(&description, code, &visit).await?;
        let claims = self.verified(&description, &tokens.id_token, now).await?;
        let (issuer, client) = (&self.settings.issuer, &self.settings.client_id);
        let subject = subject(&claims, issuer, client, &visit.nonce, now)?;
        let claims = self.with_more(&description, &tokens, claims, &subject).await?;
        let granted = grants(&self.settings.rules, &claims);
        if granted.is_empty() {
            return Err(OpenIdError::NoGrant(subject));
        }
        let title = claims[&self.settings.title].as_str().unwrap_or(&subject);
        let title = title.chars().filter(|letter| !letter.is_control()).take(64).collect();
        Ok(Person { subject, title, grants: granted, then: visit.then })
    }

    async fn tokens(
        &self,
        description: &Description,
        code: &str,
        visit: &Visit,
    ) -> Result<Tokens, OpenIdError> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.settings.redirect),
            ("code_verifier", visit.verifier.reveal()),
        ];
        let request = self.http.post(&description.token_endpoint);
        let request = if let Some(secret) = &self.secret {
            // The form in which the standard wants id and secret within Basic.
            let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let pair = format!("{}:{}", encoded(&self.settings.client_id), encoded(secret));
            request.header("authorization", format!("Basic {}", STANDARD.encode(pair)))
        } else {
            form.push(("client_id", &self.settings.client_id));
            request
        };
        self.json(request.form(&form)).await
    }

    /// The claims of a token, with newer keys if ours do not fit.
    async fn verified(
        &self,
        description: &Description,
        token: &str,
        now: Instant,
    ) -> Result<Value, OpenIdError> {
        let known = self.known().keys.clone();
        if let Some((keys, at)) = known {
            match verified(token, &keys) {
                Err(SignatureError::NoKey) if now.since(at) >= KEYS_AGAIN_AFTER => {}
                Ok(claims) if now.since(at) < DESCRIBED_FOR => return Ok(claims),
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let keys: Keys = self.json(self.http.get(&description.jwks_uri)).await?;
        self.known().keys = Some((keys.clone(), now));
        Ok(verified(token, &keys)?)
    }

    /// The claims with those that the issuer tells only when asked.
    async fn with_more(
        &self,
        description: &Description,
        tokens: &Tokens,
        mut claims: Value,
        subject: &str,
    ) -> Result<Value, OpenIdError> {
        let (Some(place), Some(token)) = (&description.userinfo_endpoint, &tokens.access_token) else {
            return Ok(claims);
        };
        let more: Value = self.json(self.http.get(place).bearer_auth(token)).await?;
        if more["sub"] != subject {
            return Err(ClaimError::Subject.into());
        }
        if let (Some(claims), Value::Object(more)) = (claims.as_object_mut(), more) {
            for (name, value) in more {
                // What was signed goes before what was only told.
                claims.entry(name).or_insert(value);
            }
        }
        Ok(claims)
    }

    async fn description(&self, now: Instant) -> Result<Description, OpenIdError> {
        let known = self.known().description.clone();
        if let Some((description, at)) = known
            && now.since(at) < DESCRIBED_FOR
        {
            return Ok(description);
        }
        let place =
            format!("{}/.well-known/openid-configuration", self.settings.issuer.trim_end_matches('/'));
        let said: Description = self.json(self.http.get(place)).await?;
        if said.issuer != self.settings.issuer {
            return Err(OpenIdError::Away(format!("it calls itself {:?}; write its name so", said.issuer)));
        }
        let places = [&said.authorization_endpoint, &said.token_endpoint, &said.jwks_uri];
        if let Some(open) = places.into_iter().chain(&said.userinfo_endpoint).find(|place| !is_private(place))
        {
            return Err(OpenIdError::Away(format!("it sends us to {open}, which is not https")));
        }
        self.known().description = Some((said.clone(), now));
        Ok(said)
    }

    async fn json<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, OpenIdError> {
        let mut response = request.header("accept", "application/json").send().await.map_err(away)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(away)? {
            body.extend_from_slice(&part);
            if body.len() > MOST_BYTES {
                return Err(OpenIdError::Away("its answer is too long".to_owned()));
            }
        }
        if !status.is_success() {
            // Its error names what is wrong; the rest of the body is not for the log.
            let said: Value = serde_json::from_slice(&body).unwrap_or_default();
            let error = said["error"].as_str().unwrap_or("nothing more").chars().take(64).collect::<String>();
            return Err(OpenIdError::Away(format!("it answers {status} and says {error:?}")));
        }
        serde_json::from_slice(&body).map_err(away)
    }

    fn visits(&self) -> MutexGuard<'_, Visits> {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn away(error: impl std::error::Error) -> OpenIdError {
    // The innermost cause says why; the outer ones name addresses, which may carry codes.
    let mut cause: &dyn std::error::Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    OpenIdError::Away(cause.to_string())
}
