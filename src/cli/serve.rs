//! `duban serve`: engines and HTTP against a given broker.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use super::access::AccessArgs;
use super::credentials::keyed;
use super::exit::{Ended, Exit, Failure, OrExit as _};
use super::folder;
use super::publishing::publish_and_tell;
use super::service::{Service, of_log, ready};
use super::stop::Stop;
use crate::config::ServeSettings;
use crate::id::TenantId;
use crate::nats::{Broker, BrokerSettings};
use crate::policy::definition::Definition;

/// Serves tenants against a given broker.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// The broker's servers
    #[arg(
        long,
        env = "DUBAN_NATS",
        value_delimiter = ',',
        default_value = "nats://127.0.0.1:4222",
        value_name = "URL"
    )]
    nats: Vec<String>,
    /// The file with the engine's seed, as `duban credentials` writes it
    #[arg(long, env = "DUBAN_NATS_KEY", value_name = "FILE")]
    nats_key: Option<PathBuf>,
    /// Whose engines run here; repeat it, or separate by commas
    #[arg(
        long = "tenant",
        env = "DUBAN_TENANTS",
        value_delimiter = ',',
        required = true,
        value_name = "TENANT"
    )]
    tenants: Vec<TenantId>,
    /// Where projections are kept; they can be made again at any time
    #[arg(long, env = "DUBAN_DATA", default_value = "data", value_name = "DIR")]
    data: PathBuf,
    /// Where HTTP listens; on other addresses than this machine's own with TLS only
    #[arg(long, env = "DUBAN_HTTP", default_value = "127.0.0.1:8310", value_name = "ADDRESS")]
    http: SocketAddr,
    /// How many of the broker's servers keep each stream: 1, 3 or 5
    #[arg(long, env = "DUBAN_REPLICAS", default_value_t = 1, value_name = "N")]
    replicas: usize,
    /// The folder of policies to put in force where they differ; without it the
    /// policies on the ledger stay as they are
    #[arg(long, env = "DUBAN_POLICIES", value_name = "DIR")]
    policies: Option<PathBuf>,
    /// The office's settings of delivery: addresses, secrets, servers; delivery.yaml in
    /// the folder of the data without it
    #[arg(long, env = "DUBAN_DELIVERY", value_name = "FILE")]
    delivery: Option<PathBuf>,
    #[command(flatten)]
    access: AccessArgs,
}

impl ServeArgs {
    fn settings(&self) -> ServeSettings {
        ServeSettings {
            nats: self.nats.clone(),
            nats_key: self.nats_key.clone(),
            tenants: self.tenants.clone(),
            data: self.data.clone(),
            http: self.http,
            access: self.access.settings(),
            replicas: self.replicas,
            policies: self.policies.clone(),
            delivery: self.delivery.clone(),
        }
    }
}

/// Runs the command until it is asked to stop.
///
/// # Errors
/// [`Failure`] when settings or policies are wrong, or nothing can be served.
pub async fn run(args: &ServeArgs) -> Ended {
    let settings = args.settings();
    settings.check().or_exit(Exit::Usage)?;
    let definitions = match &settings.policies {
        Some(folder) => folder::definitions(folder, &settings.tenants)?,
        None => BTreeMap::new(),
    };
    let mut stop = Stop::listen()?;
    let broker = connect(&settings).await?;
    let service = Service::start(&settings, &broker).await?;
    tracing::info!("HTTP listens at {}", service.url());
    publish_beside(&service, definitions);
    service.run(stop.requested()).await
}

/// The broker of these settings.
///
/// # Errors
/// [`Failure`] when it cannot be reached or is too old.
pub async fn connect(settings: &ServeSettings) -> Result<Broker, Failure> {
    let broker = BrokerSettings { urls: settings.nats.clone(), ..BrokerSettings::new("") };
    let broker = keyed(broker, settings.nats_key.as_deref())?;
    Broker::connect(broker).await.map_err(of_log)
}

/// Says when each tenant's engine is ready, and publishes its policies then, while
/// everything else goes on.
fn publish_beside(service: &Service, mut definitions: BTreeMap<TenantId, Vec<Definition>>) {
    for room in &service.rooms {
        let (room, definitions) = (room.clone(), definitions.remove(&room.tenant));
        tokio::spawn(async move {
            if ready(&room.handle).await {
                tracing::info!(tenant = %room.tenant, "the engine is ready");
            }
            if let Some(definitions) = definitions {
                publish_and_tell(&room, &definitions).await;
            }
        });
    }
}
