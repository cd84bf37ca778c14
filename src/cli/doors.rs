//! The HTTP side of a serving process: its address, its router, its end.
//!
//! The routes and their answers are [`crate::http`]'s and [`crate::desk`]'s; here
//! they get the rooms, which [`super::questions`] serves over the broker, too.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::rustls::ServerConfig;

use super::exit::{Exit, Failure, OrExit as _};
use super::service::Room;
use super::world;
use crate::desk;
use crate::http::gate::Gate;
use crate::http::{self, Site, Tenant};
use crate::id::TenantId;
use crate::nats::NatsLog;
use crate::sled_store::SledStore;
use crate::tls::{Peer, TlsListener};

/// How long requests under way may take once the process is to stop.
const END_WITHIN: Duration = Duration::from_secs(5);

/// An open HTTP side.
pub struct Doors {
    address: SocketAddr,
    is_secure: bool,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
    tenants: Tenants,
}

/// Everything that is served, over HTTP and over the broker.
pub type Served = Arc<Site<SledStore, NatsLog>>;

/// The tenants as HTTP serves them.
type Tenants = BTreeMap<TenantId, Arc<Tenant<SledStore, NatsLog>>>;

/// Takes the address, before anything else is begun.
///
/// # Errors
/// [`Failure`] when it is in use or not ours.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    let words = format!("listen on {address}; another program may use the port, choose one with --http");
    TcpListener::bind(address).await.or_failed_to(Exit::Failed, words)
}

impl Doors {
    /// None yet.
    #[must_use]
    pub const fn closed() -> Self {
        Self {
            address: SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            is_secure: false,
            stop: None,
            task: None,
            tenants: Tenants::new(),
        }
    }

    /// Serves `site` on `listener` from now on.
    ///
    /// # Errors
    /// [`Failure`] when the address is not known.
    pub fn open(
        listener: TcpListener,
        tls: Option<Arc<ServerConfig>>,
        site: Served,
    ) -> Result<Self, Failure> {
        let address = listener.local_addr()?;
        let tenants = site.tenants.clone();
        let router = http::router_with(site, desk::routes());
        let service = router.into_make_service_with_connect_info::<Peer>();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move {
            // An error means that the sender is gone, which also means to stop.
            let _ = stopped.await;
        };
        let is_secure = tls.is_some();
        let task = tokio::spawn(async move {
            let served = match tls {
                Some(config) => {
                    let listener = TlsListener::new(listener, config);
                    axum::serve(listener, service).with_graceful_shutdown(stopped).await
                }
                None => axum::serve(listener, service).with_graceful_shutdown(stopped).await,
            };
            if let Err(error) = served {
                tracing::error!(%error, "HTTP has ended");
            }
        });
        Ok(Self { address, is_secure, stop: Some(stop), task: Some(task), tenants })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as an address to ask at.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}", if self.is_secure { "https" } else { "http" }, self.address)
    }

    /// Takes no new requests and waits for those under way, for a while.
    pub async fn close(mut self) {
        drop(self.stop.take());
        for tenant in self.tenants.values() {
            tenant.streams.end();
        }
        let Some(mut task) = self.task.take() else { return };
        if tokio::time::timeout(END_WITHIN, &mut task).await.is_err() {
            task.abort();
        }
    }
}

/// The rooms as they are served; those that failed are told of.
///
/// # Errors
/// [`Failure`] when metrics cannot be kept. Must be called within a runtime.
pub fn site(rooms: &[Room], failed: &[(TenantId, String)], gate: Gate) -> Result<Served, Failure> {
    let metrics = crate::telemetry::keep_metrics()?;
    for (tenant, _) in failed {
        // Whoever watches the numbers must see that somebody is not served.
        metrics::gauge!("duban_ready", "tenant" => tenant.to_string()).set(0.0);
    }
    let (tenants, now) = (tenants(rooms), world::wall_clock());
    Ok(Arc::new(Site { tenants, now, metrics: Some(metrics), gate: Arc::new(gate) }))
}

fn tenants(rooms: &[Room]) -> Tenants {
    let served = |room: &Room| {
        let tenant = Tenant::new(room.handle.clone(), room.intake.clone(), room.ledger.clone());
        let tenant = tenant.under(room.letterhead.clone());
        (room.tenant.clone(), Arc::new(tenant))
    };
    rooms.iter().map(served).collect()
}
