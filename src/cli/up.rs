//! `duban up`: everything on one machine, with a sample, from one command.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::access::AccessArgs;
use super::broker::{LocalBroker, LocalError, LocalSettings};
use super::exit::{Ended, Exit, Failure, OrExit as _};
use super::nats_server::Places;
use super::output::note;
use super::publishing::publish_and_tell;
use super::sample::load;
use super::serve::connect;
use super::service::Service;
use super::stop::Stop;
use super::{folder, welcome, world};
use crate::config::ServeSettings;
use crate::id::TenantId;

/// Where HTTP listens unless the port is taken.
const HTTP_PORT: u16 = 8310;
/// Where the broker listens unless the port is taken.
const NATS_PORT: u16 = 4222;
/// How many ports after the usual one are tried.
const MORE_PORTS: u16 = 50;

/// Starts a broker, engines and HTTP on this machine, with a sample.
#[derive(Debug, clap::Args)]
pub struct UpArgs {
    /// Where everything is kept
    #[arg(long, env = "DUBAN_DATA", default_value = "data", value_name = "DIR")]
    data: PathBuf,
    /// Whose engines run
    #[arg(long = "tenant", value_delimiter = ',', default_values = ["changqing", "genhe"], value_name = "TENANT")]
    tenants: Vec<TenantId>,
    /// The folder of policies to put in force where they differ
    #[arg(long, env = "DUBAN_POLICIES", default_value = "workflows", value_name = "DIR")]
    policies: PathBuf,
    /// Where HTTP listens; 127.0.0.1:8310 or the next free port without it
    #[arg(long, env = "DUBAN_HTTP", value_name = "ADDRESS")]
    http: Option<SocketAddr>,
    /// The office's settings of delivery; delivery.yaml in the folder of the data without it
    #[arg(long, env = "DUBAN_DELIVERY", value_name = "FILE")]
    delivery: Option<PathBuf>,
    /// Where the broker listens; 4222 or the next free port without it
    #[arg(long, value_name = "PORT")]
    nats_port: Option<u16>,
    #[command(flatten)]
    access: AccessArgs,
    /// Starts empty, without the sample
    #[arg(long)]
    no_sample: bool,
}

/// Where a running `up` can be found, for whoever starts another on its folder.
#[derive(Debug, Serialize, Deserialize)]
struct Running {
    http: String,
    nats: String,
}

/// Runs the command until it is asked to stop.
///
/// # Errors
/// [`Failure`] when there is no broker to run, or another `up` runs on the folder.
pub async fn run(args: &UpArgs) -> Ended {
    let definitions = folder::definitions(&args.policies, &args.tenants)?;
    let broker = start_broker(args).await?;
    let settings = ServeSettings {
        nats: vec![broker.url().to_owned()],
        nats_key: None,
        tenants: args.tenants.clone(),
        data: args.data.clone(),
        http: args
            .http
            .unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, free_port(HTTP_PORT, "HTTP")))),
        access: args.access.settings(),
        replicas: 1,
        policies: Some(args.policies.clone()),
        delivery: args.delivery.clone(),
    };
    let ended = serve(args, &settings, &definitions, broker.url()).await;
    note("stopping the broker");
    broker.stop().await;
    ended
}

type Definitions = std::collections::BTreeMap<TenantId, Vec<crate::policy::definition::Definition>>;

async fn serve(args: &UpArgs, settings: &ServeSettings, definitions: &Definitions, nats: &str) -> Ended {
    settings.check().or_exit(Exit::Usage)?;
    let mut stop = Stop::listen()?;
    let connected = connect(settings).await?;
    let service = Service::start(settings, &connected).await?;
    let http = service.url();
    let place = args.data.join("up.json");
    remember(&place, &Running { http: http.clone(), nats: nats.to_owned() })?;
    let is_up = tokio::select! {
        () = fill(args, &service, definitions) => true,
        () = stop.requested() => false,
    };
    let ended = if is_up {
        let told = welcome::tell(&http, nats, &args.data, &settings.tenants).await;
        // Whoever does not read the welcome still wants the server.
        told.or_else(|failure| if failure.is_broken_pipe() { Ok(()) } else { Err(failure) })?;
        service.run(stop.requested()).await
    } else {
        service.close().await
    };
    // It tells of a running process only; what is left of it misleads nobody.
    let _ = fs::remove_file(&place);
    ended
}

/// The sample for new tenants, and whatever differs in the policies.
async fn fill(args: &UpArgs, service: &Service, definitions: &Definitions) {
    for room in &service.rooms {
        let Some(definitions) = definitions.get(&room.tenant) else { continue };
        if !args.no_sample {
            note(format!("{}: reading what is there", room.tenant));
            match load::load(room, &args.data, definitions, world::now()).await {
                Ok(Some(load::Loaded { facts, refused })) => {
                    note(format!(
                        "{}: loaded a sample of {facts} facts, {refused} of them refused",
                        room.tenant
                    ));
                }
                Ok(None) => {}
                // The other tenants are served all the same.
                Err(failure) => note(format!("{}: {failure}", room.tenant)),
            }
        }
        publish_and_tell(room, definitions).await;
    }
}

async fn start_broker(args: &UpArgs) -> Result<LocalBroker, Failure> {
    note("looking for a nats-server (a first start may download one, 7 MB)");
    let found = tokio::task::spawn_blocking(|| Places::from_env().find()).await?;
    let server = found.or_exit(Exit::Failed)?;
    let mut settings = LocalSettings::new(server, args.data.join("nats"));
    settings.port = args.nats_port.unwrap_or_else(|| free_port(NATS_PORT, "the broker"));
    LocalBroker::start(settings).await.map_err(|error| of_broker(error, &args.data))
}

/// The failure of a broker; one on a folder in use says where the other one is.
fn of_broker(error: LocalError, data: &Path) -> Failure {
    let in_use = matches!(&error, LocalError::Folder { reason, .. } if reason.contains("another process"));
    let running = fs::read(data.join("up.json")).ok();
    let running = running.and_then(|text| serde_json::from_slice::<Running>(&text).ok());
    match running.filter(|_| in_use) {
        Some(Running { http, .. }) => Failure::new(
            Exit::Failed,
            format!(
                "start on {}: `duban up` runs on it already, at {http}; use that one, stop it with Ctrl-C \
                 where it runs, or choose another folder with --data",
                data.display()
            ),
        ),
        None => Failure { exit: Exit::Failed, error: error.into() },
    }
}

fn remember(place: &Path, running: &Running) -> Result<(), Failure> {
    let text = serde_json::to_string(running)?;
    fs::write(place, text).or_failed_to(Exit::Failed, format!("write {}", place.display()))
}

/// The usual port, or the next one that is free; any free one for 0.
fn free_port(usual: u16, who: &str) -> u16 {
    let is_free = |port: &u16| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok();
    let found = (usual..usual.saturating_add(MORE_PORTS)).find(is_free).unwrap_or(0);
    if found != usual {
        let word = if found == 0 { "any free one".to_owned() } else { found.to_string() };
        note(format!("port {usual} is in use; {who} takes {word}"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_passed_over() {
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = held.local_addr().expect("an address").port();
        assert_ne!(free_port(port, "a test"), port);
    }

    #[test]
    fn a_second_up_is_told_where_the_first_one_is() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let running = Running { http: "http://127.0.0.1:8311".into(), nats: "nats://127.0.0.1:4223".into() };
        remember(&folder.path().join("up.json"), &running).expect("written");
        let error = LocalError::Folder {
            folder: folder.path().to_owned(),
            reason: "another process runs a broker on it".into(),
        };
        let failure = of_broker(error, folder.path());
        assert!(failure.to_string().contains("http://127.0.0.1:8311"), "{failure}");
    }
}
