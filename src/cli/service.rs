//! A serving process: one engine a tenant, one HTTP side for all, and each tenant's
//! questions over the broker, wired together.
//!
//! It opens, waits and closes; what engines decide and what HTTP answers is
//! theirs. A tenant that stops does not stop the others.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::access;
use super::doors::{self, Doors};
use super::exit::{Ended, Exit, Failure, OrExit as _};
use super::office::{Destinations, Running};
use super::questions::Questions;
use super::shelf::FolderShelf;
use super::world;
use crate::config::ServeSettings;
use crate::courier::letter::Letterhead;
use crate::engine::handle::{Handle, Role};
use crate::engine::settings::Settings;
use crate::engine::tenant::Engine;
use crate::id::TenantId;
use crate::nats::{Broker, LogSettings, NatsLog};
use crate::port::log::LogError;
use crate::port::store::Store as _;
use crate::sled_store::{SledSettings, SledStore};

/// How long an engine may take to finish its group and store it.
const END_WITHIN: Duration = Duration::from_secs(20);

/// One tenant's parts while its engine runs.
#[derive(Clone)]
pub struct Room {
    /// Whose they are.
    pub tenant: TenantId,
    /// Where facts come in.
    pub intake: NatsLog,
    /// Where decisions stand.
    pub ledger: NatsLog,
    /// The running engine.
    pub handle: Handle<SledStore>,
    /// What stands on its messages.
    pub letterhead: Letterhead,
}

/// A serving process.
pub struct Service {
    /// The tenants whose engines run, in the order in which they were named.
    pub rooms: Vec<Room>,
    engines: Vec<JoinHandle<()>>,
    couriers: Vec<Running>,
    doors: Doors,
    questions: Questions,
    /// Tenants that could not be opened, and why.
    failed: Vec<(TenantId, String)>,
}

impl Service {
    /// Opens every tenant, starts its engine, and opens the HTTP side.
    ///
    /// # Errors
    /// [`Failure`] when no tenant can be opened, or the address cannot be had.
    pub async fn start(settings: &ServeSettings, broker: &Broker) -> Result<Self, Failure> {
        let (listener, gate) = (doors::listen(settings.http).await?, access::gate(settings)?);
        let tls = settings.access.tls.as_ref().map(|(chain, key)| crate::tls::server(chain, key));
        let tls = tls.transpose().or_exit(Exit::Usage)?;
        let destinations = Destinations::read(settings.delivery.as_deref(), &settings.data)?;
        let mut service = Self {
            rooms: Vec::new(),
            engines: Vec::new(),
            couriers: Vec::new(),
            doors: Doors::closed(),
            questions: Questions::default(),
            failed: Vec::new(),
        };
        let mut letterheads = Vec::with_capacity(settings.tenants.len());
        for tenant in &settings.tenants {
            // What is wrong with the settings is told before anything is opened.
            destinations.carriers(tenant, broker)?;
            letterheads.push(destinations.letterhead(tenant)?);
        }
        let mut worst = Exit::Unreachable;
        for (tenant, letterhead) in settings.tenants.iter().zip(letterheads) {
            match open(settings, broker, (tenant, letterhead)).await {
                Ok((room, engine)) => {
                    service.couriers.push(Running::start(&room, &destinations, (broker, &settings.data))?);
                    service.rooms.push(room);
                    service.engines.push(engine);
                }
                Err(failure) => {
                    tracing::error!(%tenant, %failure, "this tenant is not served; a person must look");
                    if failure.exit == Exit::Stopped {
                        worst = Exit::Stopped;
                    }
                    service.failed.push((tenant.clone(), failure.to_string()));
                }
            }
        }
        if service.rooms.is_empty() {
            let all: Vec<String> =
                service.failed.iter().map(|(tenant, why)| format!("\n  {tenant}: {why}")).collect();
            return Err(Failure::new(worst, format!("serve any tenant:{}", all.concat())));
        }
        let site = doors::site(&service.rooms, &service.failed, gate)?;
        service.questions = Questions::open(settings, broker, &site).await?;
        service.doors = Doors::open(listener, tls, site)?;
        Ok(service)
    }

    /// Where HTTP listens.
    #[must_use]
    pub const fn address(&self) -> std::net::SocketAddr {
        self.doors.address()
    }

    /// The same as an address to ask at.
    #[must_use]
    pub fn url(&self) -> String {
        self.doors.url()
    }

    /// Serves until `stop` comes, then stops everything in order.
    ///
    /// # Errors
    /// Never; a tenant that stopped shows in the exit code.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Ended {
        stop.await;
        tracing::info!("stopping");
        self.close().await
    }

    /// Stops: no new questions, engines to the end of their group, rows to disk.
    ///
    /// # Errors
    /// As [`Service::run`].
    pub async fn close(self) -> Ended {
        self.questions.close().await;
        self.doors.close().await;
        let mut worst = if self.failed.is_empty() { Exit::Done } else { Exit::Stopped };
        // Their last words are decided by the engines that still run.
        futures::future::join_all(self.couriers.into_iter().map(Running::close)).await;
        for room in &self.rooms {
            room.handle.stop().await;
        }
        for (room, mut engine) in self.rooms.iter().zip(self.engines) {
            if tokio::time::timeout(END_WITHIN, &mut engine).await.is_err() {
                tracing::warn!(tenant = %room.tenant, "the engine does not end in time; it is left");
                engine.abort();
            }
            // Only now: an engine may have been about to say that it stops for good.
            if room.handle.status().role == Role::Stopped {
                worst = Exit::Stopped;
            }
            flush(room).await;
        }
        Ok(worst)
    }
}

/// Puts the rows on disk, so that the next start has little to fold.
async fn flush(room: &Room) {
    let store = room.handle.store();
    let flushed = tokio::task::spawn_blocking(move || store.flush()).await;
    if let Ok(Err(error)) = flushed {
        // They can be made again from the ledger.
        tracing::warn!(tenant = %room.tenant, %error, "failed to flush the projection");
    }
}

async fn open(
    settings: &ServeSettings,
    broker: &Broker,
    (tenant, letterhead): (&TenantId, Letterhead),
) -> Result<(Room, JoinHandle<()>), Failure> {
    let kept = LogSettings { replicas: settings.replicas, ..LogSettings::default() };
    let intake = broker.intake(tenant, &kept).await.map_err(of_log)?;
    let ledger = broker.ledger(tenant, &kept).await.map_err(of_log)?;
    let folder = projection(&settings.data, tenant);
    let (for_intake, for_ledger) = (intake.clone(), ledger.clone());
    let engine_settings = Settings::new(tenant.clone(), world::wall_clock(), world::draw_id());
    let opened = tokio::task::spawn_blocking(move || {
        let shelf = FolderShelf::open(&folder, SledSettings::default()).or_exit(Exit::Failed)?;
        Engine::new(engine_settings, for_intake, for_ledger, shelf).or_exit(Exit::Stopped)
    });
    let (engine, handle) = opened.await??;
    let room = Room { tenant: tenant.clone(), intake, ledger, handle, letterhead };
    Ok((room, tokio::spawn(engine.run())))
}

/// Where a tenant's projection is kept.
#[must_use]
pub fn projection(data: &Path, tenant: &TenantId) -> std::path::PathBuf {
    data.join("projections").join(tenant.as_str())
}

/// The exit code of a log's error.
#[must_use]
pub fn of_log(error: LogError) -> Failure {
    let exit = match &error {
        LogError::Unavailable { .. } => Exit::Unreachable,
        LogError::Broken { .. } | LogError::Misconfigured { .. } => Exit::Stopped,
        LogError::Forbidden { .. } => Exit::Refused,
    };
    Failure { exit, error: error.into() }
}

/// Waits until an engine has read the ledger and decides or follows; `false` when
/// it stopped instead.
pub async fn ready(handle: &Handle<SledStore>) -> bool {
    let mut watch = handle.watch();
    let settled = watch.wait_for(|status| match status.role {
        Role::Leading | Role::Following => status.ledger_seq > crate::id::Seq::ZERO,
        Role::Stopped => true,
        Role::Recovering => false,
    });
    settled.await.is_ok_and(|status| status.role != Role::Stopped)
}

/// The rooms, shared with tasks beside the service.
pub type Rooms = Arc<Vec<Room>>;
