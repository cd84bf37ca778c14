//! The gate before every address: who asks, and whether they may.
//!
//! A request is somebody's by a token in `Authorization: Bearer`, by a session's cookie,
//! or, on a machine where nobody was set up, because it comes from that machine. The
//! rules of who may what are [`crate::identity`]'s; here they meet requests.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::extract::{ConnectInfo, FromRequestParts as _, MatchedPath, RawPathParams, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::Semaphore;

use super::beside::is_page;
use super::cookie::Cookies;
use super::events::read;
use super::origin;
use super::params::Params;
use super::problem::Problem;
use super::rights;
use crate::engine::settings::WallClock;
use crate::id::TenantId;
use crate::identity::directory::Directory;
use crate::identity::grant::Right;
use crate::identity::link::{Claim, LinkError, LinkKey};
use crate::identity::secret::{Draw, Secret};
use crate::identity::session::{Found, Holder, Sessions};
use crate::identity::throttle::Throttle;
use crate::identity::viewer::{Viewer, Who};
use crate::openid::Issuer;
use crate::port::directory::{Change, Directories, DirectoryError};
use crate::time::Instant;
use crate::tls::Peer;

/// How many passwords are hashed at once; each takes 20 MiB and a core.
const HASHED_AT_ONCE: usize = 2;
/// The header that proves a change to come from a page of ours.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// The field that proves it in a form.
pub const CSRF_FIELD: &str = "csrf";
/// The largest form: a fact's data, written out with its characters encoded.
const MOST_FORM: usize = 4 * 1024 * 1024;

/// How the gate is set.
#[derive(Debug, Clone, Copy, Default)]
pub struct GateSettings {
    /// Everybody says who they are, even where no account was set up.
    pub require_sign_in: bool,
    /// Browsers reach us over TLS, ours or a proxy's.
    pub is_secure: bool,
    /// A proxy stands before us and says whom it speaks for.
    pub is_behind_proxy: bool,
}

/// The gate of a process.
pub struct Gate {
    settings: GateSettings,
    directory: Arc<dyn Directories>,
    issuer: Option<Issuer>,
    sessions: Mutex<Sessions>,
    throttle: Mutex<Throttle>,
    hashing: Semaphore,
    now: WallClock,
    draw: Draw,
    links: Option<LinkKey>,
}

/// Who asks, as later handlers find it in the request.
#[derive(Clone)]
pub struct Admitted {
    /// Who it is; nobody where the address is open to all.
    pub viewer: Option<Viewer>,
    /// The session, if there is one.
    pub session: Option<Found>,
}

/// How somebody was recognised, with the cookie to send back.
struct Recognised {
    admitted: Admitted,
    renewed: Option<HeaderValue>,
}

impl Gate {
    /// A gate over the office's accounts and tokens.
    pub fn new(
        settings: GateSettings,
        directory: Arc<dyn Directories>,
        issuer: Option<Issuer>,
        now: WallClock,
        draw: Draw,
    ) -> Self {
        Self {
            settings,
            directory,
            issuer,
            sessions: Mutex::default(),
            throttle: Mutex::default(),
            hashing: Semaphore::new(HASHED_AT_ONCE),
            now,
            draw,
            links: None,
        }
    }

    /// The same gate, which lets in who follows a link that was signed with `key`.
    #[must_use]
    pub fn with_links(mut self, key: LinkKey) -> Self {
        self.links = Some(key);
        self
    }

    /// What a link allows now.
    ///
    /// # Errors
    /// [`LinkError`]; without a key every link is a stranger's.
    pub fn followed(&self, token: &str) -> Result<Claim, LinkError> {
        self.links.as_ref().ok_or(LinkError::Forged)?.read(token, self.now())
    }

    /// How it is set.
    pub const fn settings(&self) -> GateSettings {
        self.settings
    }

    /// The issuer who vouches for people, if there is one.
    pub const fn issuer(&self) -> Option<&Issuer> {
        self.issuer.as_ref()
    }

    /// The sessions; never held across a wait.
    pub fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The counts of tries; never held across a wait.
    pub fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Room to hash passwords in.
    pub const fn hashing(&self) -> &Semaphore {
        &self.hashing
    }

    /// The present instant.
    pub fn now(&self) -> Instant {
        (self.now)()
    }

    /// Draws a secret.
    ///
    /// # Errors
    /// A problem when the system gives no random bytes.
    pub fn draw(&self) -> Result<Secret, Problem> {
        let drawn = (self.draw)().map_err(|error| Problem::new("server.failed", error.to_string()))?;
        Ok(Secret::of(&drawn))
    }

    /// The accounts and tokens as they are now. It costs a system call.
    ///
    /// # Errors
    /// A problem when they cannot be read; then nobody is let in.
    pub fn directory(&self) -> Result<Arc<Directory>, Problem> {
        self.directory.read().map_err(|error| {
            tracing::error!(%error, "accounts and tokens cannot be read; nobody is let in");
            Problem::new("access.away", "accounts and tokens cannot be read now; the server's log says why")
        })
    }

    /// Whether whoever asks must say who they are.
    #[must_use]
    pub fn requires_sign_in(&self, directory: &Directory) -> bool {
        self.settings.require_sign_in || self.issuer.is_some() || directory.is_set_up()
    }

    /// Begins a session and gives its cookie and its CSRF token.
    ///
    /// # Errors
    /// As [`Gate::draw`].
    pub fn begin(&self, holder: Holder) -> Result<(HeaderValue, Secret), Problem> {
        let (id, csrf) = (self.draw()?, self.draw()?);
        self.sessions().begin(holder, &id, csrf.clone(), self.now());
        Ok((self.cookies().session(&id), csrf))
    }

    /// Changes the accounts and tokens. Blocking, for a moment.
    ///
    /// # Errors
    /// A problem when they cannot be changed, or not so.
    pub fn change(&self, change: Change<'_>) -> Result<(), Problem> {
        self.directory.change(change).map_err(|error| match error {
            DirectoryError::Change(error) => Problem::new("thing.unknown", format!("failed to {error}")),
            DirectoryError::Away { .. } => {
                tracing::error!(%error, "accounts and tokens cannot be changed");
                Problem::new(
                    "access.away",
                    "accounts and tokens cannot be changed now; the server's log says why",
                )
            }
        })
    }

    /// How cookies are written here.
    pub const fn cookies(&self) -> Cookies {
        Cookies { is_secure: self.settings.is_secure }
    }

    /// The address that a request comes from.
    pub fn address(&self, parts: &Parts) -> Option<IpAddr> {
        let peer = parts.extensions.get::<ConnectInfo<Peer>>().map(|ConnectInfo(Peer(peer))| peer.ip());
        if !self.settings.is_behind_proxy {
            return peer;
        }
        // Only the last one was written by the proxy itself.
        let mut lines = parts.headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
        let last = lines.next_back().and_then(|line| line.rsplit(',').next());
        last.and_then(|last| last.trim().parse().ok()).or(peer)
    }

    /// Whose grants a session stands for now; nobody's once the account has changed.
    pub fn viewer_of(holder: &Holder, directory: &Directory) -> Option<Viewer> {
        match holder {
            Holder::Account { name, mark } => {
                let account = directory.account(name).filter(|account| account.mark == *mark)?;
                Some(Viewer::new(Who::Account(name.clone()), account.grants.clone()))
            }
            Holder::Issued { subject, title, grants } => {
                let who = Who::Issued { subject: subject.clone(), title: title.clone() };
                Some(Viewer::new(who, grants.clone()))
            }
        }
    }

    async fn admit(&self, parts: &mut Parts, proof: Option<&str>) -> Result<Recognised, Problem> {
        let nobody = || Recognised { admitted: Admitted { viewer: None, session: None }, renewed: None };
        // What leads nowhere is answered as such.
        let Some(route) = parts.extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned()) else {
            return Ok(nobody());
        };
        let right = rights::needed(parts.method.as_str(), &route);
        let right = right.ok_or_else(|| Problem::method_not_allowed(&rights::allowed(&route)))?;
        let found = self.directory().and_then(|directory| self.recognise(parts, &directory, proof));
        let found = if right == Right::Open && !is_change(parts) {
            // Whether the process lives is told whoever asks, and however wrongly.
            found.ok().flatten()
        } else {
            found?
        };
        let Some(recognised) = found else {
            return if right == Right::Open { Ok(nobody()) } else { Err(sign_in()) };
        };
        let tenant = tenant_of(parts).await;
        allow(recognised.admitted.viewer.as_ref(), right, tenant.as_deref())?;
        Ok(recognised)
    }

    fn recognise(
        &self,
        parts: &Parts,
        directory: &Directory,
        proof: Option<&str>,
    ) -> Result<Option<Recognised>, Problem> {
        if let Some(secret) = bearer(&parts.headers)? {
            let viewer = directory.by_token(secret, self.now()).ok_or_else(|| {
                Problem::new(
                    "access.token",
                    "this token is unknown, revoked or has ended; ask an operator for another",
                )
            })?;
            return Ok(Some(by(Some(viewer), None, None)));
        }
        let changes = is_change(parts);
        if changes {
            origin::same(&parts.headers)?;
        }
        if let Some(found) = self.by_cookie(parts, directory, changes.then_some(proof))? {
            return Ok(Some(found));
        }
        if self.requires_sign_in(directory) {
            return Ok(None);
        }
        origin::on_this_machine(&parts.headers)?;
        Ok(Some(by(Some(Viewer::local()), None, None)))
    }

    fn by_cookie(
        &self,
        parts: &Parts,
        directory: &Directory,
        change: Option<Option<&str>>,
    ) -> Result<Option<Recognised>, Problem> {
        let Some(id) = self.cookies().read(&parts.headers) else { return Ok(None) };
        let now = self.now();
        let Some(found) = self.sessions().find(id, now) else { return Ok(None) };
        let Some(viewer) = Self::viewer_of(&found.holder, directory) else {
            self.sessions().end(id);
            return Ok(None);
        };
        // Signing in anew needs no proof of the session that it ends.
        let is_sign_in =
            matches!(parts.uri.path(), "/v1/session" | "/sign-in") && parts.method == Method::POST;
        if let Some(shown) = change.filter(|_| !is_sign_in)
            && !shown.is_some_and(|shown| found.proves(shown))
        {
            let detail = "a change made with a session's cookie must bring the session's token in x-csrf-token; \
                          GET /v1/session gives it";
            return Err(Problem::new("access.csrf", detail).about(CSRF_HEADER, ""));
        }
        let mut renewed = None;
        if found.is_old {
            let fresh = self.draw()?;
            self.sessions().renew(id, &fresh, now);
            renewed = Some(self.cookies().session(&fresh));
        }
        Ok(Some(by(Some(viewer), Some(found), renewed)))
    }
}

fn is_change(parts: &Parts) -> bool {
    !matches!(parts.method, Method::GET | Method::HEAD)
}

fn by(viewer: Option<Viewer>, session: Option<Found>, renewed: Option<HeaderValue>) -> Recognised {
    Recognised { admitted: Admitted { viewer, session }, renewed }
}

/// The problem of whoever must say who they are.
fn sign_in() -> Problem {
    Problem::new(
        "access.sign-in",
        "say who you are: sign in with POST /v1/session, or send a token as Authorization: Bearer",
    )
}

/// Whether the viewer has the right, in the tenant that is asked about.
///
/// # Errors
/// A problem; a tenant of others is not told from one that is not there.
pub fn allow(viewer: Option<&Viewer>, right: Right, tenant: Option<&str>) -> Result<(), Problem> {
    let viewer = match (viewer, right) {
        (Some(viewer), _) => viewer,
        (None, Right::Open) => return Ok(()),
        (None, _) => return Err(sign_in()),
    };
    let tenant = tenant.map(|named| TenantId::new(named).map_err(|_| named)).transpose();
    let unknown = |named: &str| Problem::unknown_tenant(named);
    let tenant = tenant.map_err(unknown)?;
    if let Some(tenant) = tenant.as_ref().filter(|tenant| !viewer.is_of(tenant)) {
        return Err(unknown(tenant.as_str()));
    }
    if viewer.may(right, tenant.as_ref()) {
        return Ok(());
    }
    let roles: Vec<&str> = viewer.grants().iter().map(crate::identity::grant::Grant::role).collect();
    let detail = format!("your role ({}) does not include this; an operator can change it", roles.join(", "));
    Err(Problem::new("access.role", detail))
}

/// What a change made with a cookie brings as its proof, and the body: a program sends
/// it as a header, a form of ours as a field.
async fn proof(gate: &Gate, parts: &Parts, body: Body) -> Result<(Option<String>, Body), Problem> {
    let header = parts.headers.get(CSRF_HEADER).and_then(|value| value.to_str().ok());
    let media = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_form = media.is_some_and(|media| media.starts_with("application/x-www-form-urlencoded"));
    if header.is_some() || !is_form || gate.cookies().read(&parts.headers).is_none() {
        return Ok((header.map(str::to_owned), body));
    }
    let body = read(body, MOST_FORM).await?;
    let fields = std::str::from_utf8(&body).ok().and_then(|text| Params::of_page(text).ok());
    let field = fields.and_then(|fields| fields.text(CSRF_FIELD).map(str::to_owned));
    Ok((field, Body::from(body)))
}

fn to_sign_in(parts: &Parts) -> Response {
    let wanted = parts.uri.path_and_query().map_or("/", |wanted| wanted.as_str());
    let then = utf8_percent_encode(wanted, NON_ALPHANUMERIC);
    Redirect::to(&format!("/sign-in?then={then}")).into_response()
}

async fn tenant_of(parts: &mut Parts) -> Option<String> {
    let params = RawPathParams::from_request_parts(parts, &()).await.ok()?;
    params.iter().find(|(name, _)| *name == "tenant").map(|(_, value)| value.to_owned())
}

/// The token in `Authorization: Bearer`; nothing when there is no such header.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let wrong = || Problem::new("access.token", "authorize as Bearer with a token of `duban token create`");
    let (scheme, secret) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(wrong)?;
    if scheme.eq_ignore_ascii_case("bearer") { Ok(Some(secret.trim())) } else { Err(wrong()) }
}

/// Lets a request through with who sent it, or answers why not.
pub async fn gate(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let (shown, body) = match proof(&gate, &parts, body).await {
        Ok(read) => read,
        Err(problem) => return problem.into_response(),
    };
    let recognised = match gate.admit(&mut parts, shown.as_deref()).await {
        Ok(recognised) => recognised,
        Err(problem)
            if problem.rule() == "access.sign-in"
                && is_page(parts.method == Method::GET, &parts.uri, &parts.headers) =>
        {
            return to_sign_in(&parts);
        }
        Err(problem) => return problem.into_response(),
    };
    if let Some(viewer) = &recognised.admitted.viewer {
        tracing::debug!(who = %viewer.who(), "asks");
    }
    parts.extensions.insert(recognised.admitted);
    let mut response = next.run(Request::from_parts(parts, body)).await;
    // Signing in or out has the last word about the cookie.
    let set = response.headers().get_all(header::SET_COOKIE);
    let has_own = set.iter().any(|line| gate.cookies().is_session(line));
    if let Some(cookie) = recognised.renewed.filter(|_| !has_own) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
