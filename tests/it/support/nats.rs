//! Real `nats-server`s on loopback, found as `duban up` finds them.

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use duban::cli::broker::{ClusterPlace, LocalBroker, LocalSettings, NATS_CONF};
use duban::cli::nats_server::Places;
use duban::nats::{Broker, BrokerSettings};
use tempfile::TempDir;

/// One server and its folder; it can be killed and started again on the same
/// port and store.
pub struct Server {
    settings: LocalSettings,
    running: Option<LocalBroker>,
    folder: TempDir,
}

impl Server {
    /// A single server with the project's configuration.
    pub async fn start() -> Self {
        Self::start_with("").await
    }

    /// The same, with `more` configuration.
    pub async fn start_with(more: &str) -> Self {
        let mut server = Self::prepared(more);
        server.start_again().await;
        server
    }

    fn prepared(more: &str) -> Self {
        let program = Places::from_env().find().unwrap_or_else(|error| panic!("failed to {error}"));
        let folder = TempDir::new().expect("a folder");
        let mut settings = LocalSettings::new(program, folder.path().join("broker"));
        if !more.is_empty() {
            let config: PathBuf = folder.path().join("nats.conf");
            std::fs::write(&config, format!("{NATS_CONF}\n{more}")).expect("a configuration");
            settings.config = Some(config);
        }
        Self { settings, running: None, folder }
    }

    pub fn url(&self) -> &str {
        self.running().url()
    }

    pub fn running(&self) -> &LocalBroker {
        self.running.as_ref().expect("the server was started")
    }

    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub const fn settings(&self) -> &LocalSettings {
        &self.settings
    }

    /// Kills it as a power cut would.
    pub async fn kill(&mut self) {
        self.running.take().expect("the server was started").crash().await;
    }

    /// Ends it in order.
    pub async fn stop(&mut self) {
        self.running.take().expect("the server was started").stop().await;
    }

    /// Starts it again where it was.
    pub async fn start_again(&mut self) {
        let started = LocalBroker::start(self.settings.clone()).await;
        let running = started.unwrap_or_else(|error| panic!("failed to {error}"));
        self.settings.port = running.port();
        self.running = Some(running);
    }

    pub async fn connect(&self) -> Broker {
        connect(&[self.url().to_owned()]).await
    }
}

/// Connects with waits that suit a test.
pub async fn connect(urls: &[String]) -> Broker {
    let settings = BrokerSettings {
        urls: urls.to_vec(),
        connect_within: Duration::from_secs(60),
        answer_within: Duration::from_secs(4),
        ..BrokerSettings::new("")
    };
    Broker::connect(settings).await.unwrap_or_else(|error| panic!("failed to {error}"))
}

/// Three servers that keep each stream three times.
pub struct Cluster {
    pub nodes: Vec<Server>,
}

impl Cluster {
    pub async fn start() -> Self {
        // Ports found free may be taken before the servers bind them.
        for _ in 0..5 {
            let ports = free_ports(6);
            let (clients, routes) = ports.split_at(3);
            let mut nodes: Vec<Server> = (0..3).map(|_| Server::prepared("")).collect();
            for (number, node) in nodes.iter_mut().enumerate() {
                node.settings.port = clients[number];
                node.settings.cluster = Some(ClusterPlace {
                    cluster: "duban".into(),
                    server: format!("nats-{}", number + 1),
                    port: routes[number],
                    routes: routes.iter().map(|port| format!("nats://127.0.0.1:{port}")).collect(),
                });
            }
            let mut all_run = true;
            for node in &mut nodes {
                match LocalBroker::start(node.settings.clone()).await {
                    Ok(running) => node.running = Some(running),
                    Err(_) => all_run = false,
                }
            }
            if all_run {
                return Self { nodes };
            }
        }
        panic!("failed to start three servers on free ports in five attempts");
    }

    pub async fn connect(&self) -> Broker {
        let urls = self.nodes.iter().map(|node| format!("nats://127.0.0.1:{}", node.settings.port));
        connect(&urls.collect::<Vec<_>>()).await
    }
}

fn free_ports(count: usize) -> Vec<u16> {
    let free: Vec<TcpListener> =
        (0..count).map(|_| TcpListener::bind(("127.0.0.1", 0)).expect("a free port")).collect();
    free.iter().map(|listener| listener.local_addr().expect("an address").port()).collect()
}
