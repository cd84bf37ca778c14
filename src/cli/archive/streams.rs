//! A tenant's streams as they are: opened as they were configured, never made.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cli::credentials::keyed;
use crate::cli::exit::{Exit, Failure, OrExit as _};
use crate::cli::service::of_log;
use crate::id::{Seq, TenantId};
use crate::nats::broker::stream_name;
use crate::nats::{Broker, BrokerSettings, LogSettings, NatsLog};

/// Which broker and whose streams.
#[derive(Debug, Clone, clap::Args)]
pub struct BrokerArgs {
    /// The broker's servers
    #[arg(
        long,
        env = "DUBAN_NATS",
        value_delimiter = ',',
        default_value = "nats://127.0.0.1:4222",
        value_name = "URL"
    )]
    pub nats: Vec<String>,
    /// The file with the operator's seed, as `duban credentials` writes it
    #[arg(long, env = "DUBAN_NATS_KEY", value_name = "FILE")]
    pub nats_key: Option<PathBuf>,
    /// Whose streams
    #[arg(long, env = "DUBAN_TENANT", default_value = "changqing", value_name = "TENANT")]
    pub tenant: TenantId,
}

/// One of a tenant's two streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Where facts come in.
    Intake,
    /// Where decisions stand.
    Ledger,
}

impl Kind {
    /// Its name as people say it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Intake => "intake",
            Self::Ledger => "ledger",
        }
    }

    /// The end of the stream's name.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Intake => "INTAKE",
            Self::Ledger => "LEDGER",
        }
    }
}

/// What the server says of a stream.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// The first place that should be there.
    pub begins: Seq,
    /// The first place that is.
    pub first: Seq,
    /// The last place.
    pub last: Seq,
    /// How many servers keep it.
    pub replicas: usize,
    /// Places between first and last that are missing.
    pub missing: Vec<u64>,
}

impl BrokerArgs {
    /// Connects.
    ///
    /// # Errors
    /// [`Failure`] when the broker cannot be reached or is too old.
    pub async fn connect(&self) -> Result<Broker, Failure> {
        let settings = BrokerSettings { urls: self.nats.clone(), ..BrokerSettings::new("") };
        let settings = keyed(settings, self.nats_key.as_deref())?;
        Broker::connect(settings).await.map_err(of_log)
    }
}

/// What the server holds; none when there is no such stream.
///
/// # Errors
/// [`Failure`] when it does not answer.
pub async fn held(broker: &Broker, tenant: &TenantId, kind: Kind) -> Result<Option<Held>, Failure> {
    let subject = format!("$JS.API.STREAM.INFO.{}", stream_name(tenant, kind.suffix()));
    let question = json!({ "deleted_details": true }).to_string();
    let answer = broker.client().request(subject, question.into()).await;
    let answer =
        answer.or_failed_to(Exit::Unreachable, format!("ask the broker about the {}", kind.word()))?;
    let info: Value = serde_json::from_slice(&answer.payload)?;
    if !info["error"].is_null() {
        let code = info["error"]["code"].as_u64();
        let words = format!("ask the broker about the {}: {}", kind.word(), info["error"]["description"]);
        return if code == Some(404) { Ok(None) } else { Err(Failure::new(Exit::Unreachable, words)) };
    }
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let (config, state) = (&info["config"], &info["state"]);
    let (first, last) = (number(&state["first_seq"]).max(1), number(&state["last_seq"]));
    let missing = state["deleted"].as_array().into_iter().flatten().filter_map(Value::as_u64);
    Ok(Some(Held {
        begins: Seq(number(&config["first_seq"]).max(1)),
        first: Seq(first),
        last: Seq(last),
        replicas: usize::try_from(number(&config["num_replicas"])).unwrap_or(1),
        // An empty stream reports a missing message 0.
        missing: missing.filter(|place| (first..=last).contains(place)).collect(),
    }))
}

/// Opens a stream that is there.
///
/// # Errors
/// [`Failure`] when it is not kept as it must be, or has holes.
pub async fn open(broker: &Broker, tenant: &TenantId, kind: Kind, held: &Held) -> Result<NatsLog, Failure> {
    let settings = LogSettings { replicas: held.replicas, ..LogSettings::default() };
    let opened = match kind {
        Kind::Intake => broker.intake(tenant, &settings).await,
        Kind::Ledger => broker.ledger(tenant, &settings).await,
    };
    opened.map_err(of_log)
}
