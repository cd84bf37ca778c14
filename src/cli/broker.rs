//! A `nats-server` of our own, on loopback, for `duban up` and for tests.
//!
//! It runs as a supervised child with the project's configuration: restarted
//! when it dies, stopped when we stop, killed when we are killed. It offers no
//! more safety than one disk has; a province runs a cluster instead.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant as Moment;

use crate::cli::process::{BETWEEN_LOOKS, Running, end_left_over, lock};

/// The configuration that every server of duban runs with: here, in the tests
/// and in `docker-compose.yml`.
pub const NATS_CONF: &str = include_str!("../../.nats/nats.conf");

/// The longest pause before a server that keeps dying is started again.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Why there is no running server.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The data folder cannot be used.
    #[error("use the broker's data folder {folder}: {reason}")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The program could not be run at all.
    #[error("run {server}")]
    Run {
        /// The program.
        server: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The server ended or did not become ready in time.
    #[error("start the broker: {reason}; its log is {log}")]
    Start {
        /// What it said last.
        reason: String,
        /// Where it logs.
        log: PathBuf,
    },
}

/// Its place in a cluster.
#[derive(Debug, Clone)]
pub struct ClusterPlace {
    /// The cluster's name.
    pub cluster: String,
    /// This server's name within it.
    pub server: String,
    /// The port for the other servers.
    pub port: u16,
    /// Where the servers of the cluster are: `nats://127.0.0.1:6222`.
    pub routes: Vec<String>,
}

/// How to run the server.
#[derive(Debug, Clone)]
pub struct LocalSettings {
    /// The program, as [`super::nats_server::Places::find`] gives it.
    pub server: PathBuf,
    /// Where it keeps its streams, its log and its pid.
    pub data: PathBuf,
    /// The port for clients on loopback; any free one for 0, the same ever after.
    pub port: u16,
    /// Another configuration file than [`NATS_CONF`].
    pub config: Option<PathBuf>,
    /// Its place in a cluster, if it is in one.
    pub cluster: Option<ClusterPlace>,
    /// How long a start may take; a large store takes its time.
    pub ready_within: Duration,
}

impl LocalSettings {
    /// A single server with the project's configuration, on any free port.
    #[must_use]
    pub fn new(server: PathBuf, data: PathBuf) -> Self {
        Self { server, data, port: 0, config: None, cluster: None, ready_within: Duration::from_secs(60) }
    }

    pub(super) fn log(&self) -> PathBuf {
        self.data.join("nats-server.log")
    }

    pub(super) fn pid(&self) -> PathBuf {
        self.data.join("nats-server.pid")
    }

    pub(super) fn folder_error(&self, error: impl std::fmt::Display) -> LocalError {
        LocalError::Folder { folder: self.data.clone(), reason: error.to_string() }
    }

    pub(super) fn command(&self, config: &Path) -> Result<Command, std::io::Error> {
        let log = File::options().create(true).append(true).open(self.log())?;
        let port = if self.port == 0 { "-1".to_owned() } else { self.port.to_string() };
        let mut command = Command::new(&self.server);
        command.arg("-c").arg(config).args(["-a", "127.0.0.1", "-p", &port]);
        command.arg("-sd").arg(self.data.join("store")).arg("-P").arg(self.pid());
        command.arg("--ports_file_dir").arg(&self.data);
        if let Some(place) = &self.cluster {
            command.args(["-n", &place.server, "--cluster_name", &place.cluster]);
            command.args(["--cluster", &format!("nats://127.0.0.1:{}", place.port)]);
            command.args(["--routes", &place.routes.join(",")]);
        }
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).kill_on_drop(true);
        // Ctrl-C in a terminal goes to a whole process group; the server must
        // outlive the engine's own orderly end.
        #[cfg(unix)]
        command.process_group(0);
        Ok(command)
    }
}

/// A running, supervised server. Dropping it kills the server.
#[derive(Debug)]
pub struct LocalBroker {
    url: String,
    pid: watch::Receiver<Option<u32>>,
    orders: mpsc::Sender<(Order, oneshot::Sender<()>)>,
    supervisor: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Stop,
    Crash,
}

impl LocalBroker {
    /// Starts the server and waits until it takes clients. A server that a killed
    /// process of ours left running on the same folder is stopped first.
    ///
    /// # Errors
    /// [`LocalError`]; among others when a living process uses the folder.
    pub async fn start(mut settings: LocalSettings) -> Result<Self, LocalError> {
        let folder = |error: std::io::Error| LocalError::Folder {
            folder: settings.data.clone(),
            reason: error.to_string(),
        };
        fs::create_dir_all(&settings.data).map_err(folder)?;
        settings.data = fs::canonicalize(&settings.data).map_err(folder)?;
        let lock = lock(&settings)?;
        end_left_over(&settings).await?;
        let config = match settings.config.clone() {
            Some(config) => config,
            None => write_config(&settings)?,
        };
        let (running, url) = Running::start(&settings, &config).await?;
        settings.port = url.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or(settings.port);
        let (tell_pid, pid) = watch::channel(running.child.id());
        let (orders, taken) = mpsc::channel(1);
        let supervisor = Supervisor { settings, config, running, tell_pid, orders: taken, _lock: lock };
        let supervisor = tokio::spawn(supervisor.run());
        Ok(Self { url, pid, orders, supervisor })
    }

    /// Where clients connect: `nats://127.0.0.1:4222`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The port where clients connect.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.url.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default()
    }

    /// The server's process now; `None` while it is being started again.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        *self.pid.borrow()
    }

    /// Ends the server in order, and waits until it has ended.
    pub async fn stop(self) {
        self.order(Order::Stop).await;
    }

    /// Kills the server as a power cut would, and waits until it is dead.
    pub async fn crash(self) {
        self.order(Order::Crash).await;
    }

    async fn order(mut self, order: Order) {
        let (done, answer) = oneshot::channel();
        if self.orders.send((order, done)).await.is_ok() {
            // The supervisor answers or is gone; either way there is no server.
            let _ = answer.await;
        }
        let _ = (&mut self.supervisor).await;
    }
}

impl Drop for LocalBroker {
    fn drop(&mut self) {
        self.supervisor.abort();
    }
}

/// Keeps the server running until told otherwise.
struct Supervisor {
    settings: LocalSettings,
    config: PathBuf,
    running: Running,
    tell_pid: watch::Sender<Option<u32>>,
    orders: mpsc::Receiver<(Order, oneshot::Sender<()>)>,
    /// Held as long as the server may run.
    _lock: File,
}

impl Supervisor {
    async fn run(mut self) {
        let mut pause = BETWEEN_LOOKS;
        loop {
            let started = Moment::now();
            let order = tokio::select! {
                order = self.orders.recv() => Some(order),
                status = self.running.child.wait() => { report(&status); None }
            };
            if let Some(order) = order {
                let (order, done) = order.map_or((Order::Crash, None), |(order, done)| (order, Some(done)));
                self.running.end(order == Order::Stop).await;
                let _ = done.map(|done| done.send(()));
                return;
            }
            self.tell_pid.send_replace(None);
            if started.elapsed() > LONGEST_PAUSE {
                pause = BETWEEN_LOOKS;
            }
            pause = self.restart(pause).await;
        }
    }

    /// Starts the server again, however often it takes; the pause for next time.
    async fn restart(&mut self, mut pause: Duration) -> Duration {
        loop {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            match Running::start(&self.settings, &self.config).await {
                Ok((running, _)) => {
                    self.tell_pid.send_replace(running.child.id());
                    self.running = running;
                    return pause;
                }
                Err(error) => tracing::error!(%error, "failed to start the broker again"),
            }
        }
    }
}

fn report(status: &std::io::Result<ExitStatus>) {
    match status {
        Ok(status) => tracing::warn!(%status, "the broker ended; it is started again"),
        Err(error) => tracing::warn!(%error, "the broker is out of sight; it is started again"),
    }
}

fn write_config(settings: &LocalSettings) -> Result<PathBuf, LocalError> {
    let path = settings.data.join("nats.conf");
    fs::write(&path, NATS_CONF).map_err(|error| settings.folder_error(error))?;
    Ok(path)
}
