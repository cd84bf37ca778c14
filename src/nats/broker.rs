//! The connection to the broker, and the names of a tenant's streams.
//!
//! It connects, waits and gives up within bounds at the start, never gives up
//! afterwards, and opens logs. It reads no environment and no file.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_nats::{ConnectErrorKind, ConnectOptions, ServerAddr};
use tokio::time::Instant as Moment;

use crate::id::TenantId;
use crate::nats::config::LogSettings;
use crate::nats::line::Line;
use crate::nats::stream::NatsLog;
use crate::port::log::LogError;

/// The oldest server that has atomic batches.
const OLDEST_SERVER: (u64, u64) = (2, 12);

/// The longest wait between two attempts to connect: short enough that an engine
/// follows a restarted server within a second or two.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How one identifies oneself to the broker.
#[derive(Clone)]
pub enum Access {
    /// Not at all.
    Open,
    /// By a shared token.
    Token(String),
    /// By user and password.
    User {
        /// The user's name.
        name: String,
        /// The password.
        password: String,
    },
    /// By the seed of a key pair whose public key the server knows.
    Key(String),
    /// By the content of a credentials file (JWT and seed).
    Credentials(String),
}

impl fmt::Debug for Access {
    /// Says which kind it is; a secret is never shown.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Open => "open",
            Self::Token(_) => "token",
            Self::User { .. } => "user and password",
            Self::Key(_) => "key pair",
            Self::Credentials(_) => "credentials",
        })
    }
}

/// Where the broker is and how to speak to it.
#[derive(Clone)]
pub struct BrokerSettings {
    /// Servers of one cluster, such as `nats://localhost:4222`; `tls://` demands TLS.
    pub urls: Vec<String>,
    /// How to identify oneself.
    pub access: Access,
    /// The connection's name, as the server's operator sees it.
    pub name: String,
    /// The beginning of answer subjects, so that permissions can tell services
    /// apart; `_INBOX` when none is given.
    pub inbox_prefix: Option<String>,
    /// How long to try at the start, to connect and then to open a log.
    pub connect_within: Duration,
    /// How long to wait for an answer, and once more to learn the truth about an
    /// append that got none.
    pub answer_within: Duration,
}

impl fmt::Debug for BrokerSettings {
    /// Shows no secret, not even one within a URL.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at {} ({:?})", self.name, self.place(), self.access)
    }
}

impl BrokerSettings {
    /// Settings for one server without authentication: 10 s to connect, 5 s for
    /// an answer.
    #[must_use]
    pub fn new(url: &str) -> Self {
        Self {
            urls: vec![url.to_owned()],
            access: Access::Open,
            name: "duban".into(),
            inbox_prefix: None,
            connect_within: Duration::from_secs(10),
            answer_within: Duration::from_secs(5),
        }
    }

    fn options(&self, part: &str) -> Result<ConnectOptions, LogError> {
        let options = ConnectOptions::new()
            .name(format!("{} {part}", self.name))
            .connection_timeout(Duration::from_secs(5))
            .ping_interval(Duration::from_secs(10))
            .request_timeout(None)
            .reconnect_delay_callback(pause);
        match &self.access {
            Access::Open => Ok(options),
            Access::Token(token) => Ok(options.token(token.clone())),
            Access::User { name, password } => Ok(options.user_and_password(name.clone(), password.clone())),
            Access::Key(seed) => Ok(options.nkey(seed.clone())),
            Access::Credentials(content) => {
                options.credentials(content).map_err(|error| self.forbidden(error))
            }
        }
    }

    fn forbidden(&self, reason: impl fmt::Display) -> LogError {
        LogError::Forbidden { log: self.place(), reason: reason.to_string() }
    }

    fn unavailable(&self, reason: impl fmt::Display) -> LogError {
        LogError::Unavailable { log: self.place(), reason: reason.to_string() }
    }

    /// The URLs without what may be secret in them.
    fn place(&self) -> String {
        let bare = |url: &String| url.rsplit('@').next().unwrap_or_default().to_owned();
        self.urls.iter().map(bare).collect::<Vec<_>>().join(", ")
    }
}

/// The pause before the n-th attempt: none for the first, then doubling from
/// 20 ms up to [`LONGEST_PAUSE`].
fn pause(attempt: usize) -> Duration {
    match u32::try_from(attempt).unwrap_or(u32::MAX) {
        0 | 1 => Duration::ZERO,
        more => Duration::from_millis(10).saturating_mul(2_u32.saturating_pow(more - 1)).min(LONGEST_PAUSE),
    }
}

/// A connected broker. Cheap to clone; all clones share the connections.
#[derive(Debug, Clone)]
pub struct Broker {
    /// Carries appends and questions.
    main: Line,
    /// Carries what readers read. A message with malformed headers makes the
    /// client drop the connection it came on; here it cannot hit an append.
    reading: Line,
    settings: Arc<BrokerSettings>,
    addresses: Arc<[ServerAddr]>,
}

impl Broker {
    /// Connects, trying for `connect_within`.
    ///
    /// # Errors
    /// [`LogError::Unavailable`] when no server answers in time or all are too
    /// old; [`LogError::Forbidden`] when one does not let us in.
    pub async fn connect(settings: BrokerSettings) -> Result<Self, LogError> {
        let addresses = settings
            .urls
            .iter()
            .map(|url| url.parse::<ServerAddr>())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| settings.unavailable(error))?;
        let until = Moment::now() + settings.connect_within;
        let main = line(&settings, &addresses, "main", until).await?;
        let reading = line(&settings, &addresses, "reading", until).await?;
        Ok(Self { main, reading, settings: Arc::new(settings), addresses: addresses.into() })
    }

    /// One more connection, for what must disturb neither appends nor readers.
    ///
    /// # Errors
    /// As [`Broker::connect`].
    pub async fn another(&self, part: &str) -> Result<Line, LogError> {
        let until = Moment::now() + self.connect_within();
        line(&self.settings, &self.addresses, part, until).await
    }

    /// The client of the main connection, for services and durable consumers.
    #[must_use]
    pub const fn client(&self) -> &async_nats::Client {
        self.main.client()
    }

    /// The connection that carries appends and questions.
    #[must_use]
    pub const fn main(&self) -> &Line {
        &self.main
    }

    /// The connection that carries what readers read.
    #[must_use]
    pub const fn reading(&self) -> &Line {
        &self.reading
    }

    /// How long to try when opening something.
    #[must_use]
    pub fn connect_within(&self) -> Duration {
        self.settings.connect_within
    }

    /// How long to wait for an answer.
    #[must_use]
    pub fn answer_within(&self) -> Duration {
        self.settings.answer_within
    }

    /// The log that takes `subjects`, created if absent.
    ///
    /// # Errors
    /// [`LogError::Misconfigured`] with every fault of an existing stream or of
    /// the server; [`LogError::Broken`] when the stream has holes already.
    pub async fn log(
        &self,
        stream: &str,
        subjects: &[String],
        settings: &LogSettings,
    ) -> Result<NatsLog, LogError> {
        NatsLog::open(self.clone(), stream, subjects, settings).await
    }

    /// A tenant's intake: stream `DUBAN_<TENANT>_INTAKE`.
    ///
    /// # Errors
    /// As [`Broker::log`].
    pub async fn intake(&self, tenant: &TenantId, settings: &LogSettings) -> Result<NatsLog, LogError> {
        self.log(&stream_name(tenant, "INTAKE"), &[format!("duban.{tenant}.intake.>")], settings).await
    }

    /// A tenant's ledger: stream `DUBAN_<TENANT>_LEDGER`.
    ///
    /// # Errors
    /// As [`Broker::log`].
    pub async fn ledger(&self, tenant: &TenantId, settings: &LogSettings) -> Result<NatsLog, LogError> {
        self.log(&stream_name(tenant, "LEDGER"), &[format!("duban.{tenant}.ledger.>")], settings).await
    }
}

/// The name of a tenant's stream: `DUBAN_CHANGQING_LEDGER`.
#[must_use]
pub fn stream_name(tenant: &TenantId, kind: &str) -> String {
    format!("DUBAN_{}_{kind}", tenant.as_str().to_ascii_uppercase())
}

async fn line(
    settings: &BrokerSettings,
    addresses: &[ServerAddr],
    part: &str,
    until: Moment,
) -> Result<Line, LogError> {
    let inbox = settings.inbox_prefix.as_deref().unwrap_or("_INBOX");
    let mut attempt = 1;
    loop {
        let connecting = Line::connect(addresses, settings.options(part)?, inbox);
        match tokio::time::timeout_at(until, connecting).await {
            Ok(Ok(line)) => return new_enough(settings, line),
            Ok(Err(error)) if is_refusal(error.kind()) => return Err(settings.forbidden(error)),
            Ok(Err(error)) if Moment::now() + pause(attempt + 1) >= until => {
                return Err(settings.unavailable(error));
            }
            Err(_) => return Err(settings.unavailable("no server answered in time")),
            Ok(Err(error)) => tracing::debug!(%error, attempt, "the broker is not there yet"),
        }
        attempt += 1;
        tokio::time::sleep(pause(attempt)).await;
    }
}

fn is_refusal(kind: ConnectErrorKind) -> bool {
    matches!(kind, ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation)
}

fn new_enough(settings: &BrokerSettings, line: Line) -> Result<Line, LogError> {
    let version = line.client().server_info().version;
    if is_new_enough(&version) {
        return Ok(line);
    }
    let (major, minor) = OLDEST_SERVER;
    Err(LogError::Misconfigured {
        log: settings.place(),
        faults: vec![format!("nats-server {version} has no atomic batches; run {major}.{minor} or later")],
    })
}

/// Whether a server of this version has what a log needs.
#[must_use]
pub fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.trim_start_matches('v').split('.').map(|part| part.parse::<u64>().ok());
    matches!((numbers.next(), numbers.next()), (Some(Some(major)), Some(Some(minor))) if (major, minor) >= OLDEST_SERVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_without_atomic_batches_are_too_old() {
        for (version, expected) in
            [("2.12.0", true), ("v2.15.1", true), ("3.0.0-beta", true), ("2.11.9", false), ("", false)]
        {
            assert_eq!(is_new_enough(version), expected, "{version:?}");
        }
    }

    #[test]
    fn pauses_grow_to_a_bound_and_start_at_none() {
        assert_eq!(pause(1), Duration::ZERO);
        assert_eq!(pause(2), Duration::from_millis(20));
        assert_eq!(pause(usize::MAX), LONGEST_PAUSE);
    }

    #[test]
    fn no_secret_is_shown() {
        let mut settings = BrokerSettings::new("nats://me:secret@host:4222");
        settings.access = Access::Token("secret".into());
        assert_eq!(settings.place(), "host:4222");
        assert!(!format!("{settings:?}").contains("secret"));
    }

    #[test]
    fn a_tenant_s_streams_carry_its_name() {
        let tenant = TenantId::new("ji-nan").expect("a tenant");
        assert_eq!(stream_name(&tenant, "LEDGER"), "DUBAN_JI-NAN_LEDGER");
    }
}
