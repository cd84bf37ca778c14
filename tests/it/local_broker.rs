//! The broker that duban runs itself, and the configuration it shares with
//! docker-compose.

use std::path::Path;
use std::process::Command;

use duban::cli::broker::{LocalBroker, LocalError, NATS_CONF};
use duban::id::Seq;
use duban::port::log::Log as _;

use crate::log_contract::{PATIENCE, Place as _, Streams, records};
use crate::support::nats::Server;

#[tokio::test]
async fn a_broker_that_dies_is_started_again_where_it_was() {
    let server = Server::start().await;
    let log = Streams { broker: server.connect().await, replicas: 1 }.log("revived").await;
    log.append(records("revived", 1, 5), Some(Seq::ZERO)).await.expect("an append");
    let first = server.running().pid().expect("a process");
    let killed = Command::new("sh").arg("-c").arg(format!("kill -KILL {first}")).status().expect("a shell");
    assert!(killed.success());
    let until = std::time::Instant::now() + PATIENCE;
    while log.last().await.ok() != Some(Seq(5)) || server.running().pid() == Some(first) {
        assert!(std::time::Instant::now() < until, "the broker should run again");
        tokio::task::yield_now().await;
    }
    assert_ne!(server.running().pid(), Some(first));
}

#[tokio::test]
async fn one_folder_has_one_broker_at_a_time() {
    let mut server = Server::start().await;
    let second = LocalBroker::start(server.settings().clone()).await;
    assert!(matches!(second, Err(LocalError::Folder { .. })), "{second:?}");
    server.kill().await;
    let again = LocalBroker::start(server.settings().clone()).await.expect("a broker");
    let pid = again.pid().expect("a process");
    again.stop().await;
    assert!(!Path::new("/proc").join(pid.to_string()).exists(), "{pid} should have ended");
}

#[tokio::test]
async fn a_server_left_over_from_a_killed_process_is_ended() {
    let mut server = Server::start().await;
    let (settings, port) = (server.settings().clone(), server.running().port());
    server.kill().await;
    // What a killed process would leave: a server nobody supervises, and its pid.
    let pid_file = settings.data.join("nats-server.pid");
    std::fs::remove_file(&pid_file).expect("the pid file of the killed server");
    let mut orphan = Command::new(&settings.server)
        .args(["-a", "127.0.0.1", "-p", "-1", "-sd"])
        .arg(settings.data.join("store"))
        .arg("-js")
        .arg("-P")
        .arg(&pid_file)
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("a server");
    // It writes its pid itself; until then it is not the one that was left over.
    let until = std::time::Instant::now() + PATIENCE;
    let own_pid = orphan.id().to_string();
    while !std::fs::read_to_string(&pid_file).is_ok_and(|text| text.trim() == own_pid) {
        assert!(std::time::Instant::now() < until, "the orphan should run");
        tokio::task::yield_now().await;
    }
    let broker = LocalBroker::start(settings.clone()).await.expect("a broker");
    assert_eq!(broker.port(), port);
    let status = orphan.try_wait().expect("a status");
    assert!(status.is_some_and(|status| !status.success()), "the orphan should have been ended: {status:?}");
    broker.stop().await;
}

/// What the test reads of `docker-compose.yml`.
#[derive(Debug, serde::Deserialize)]
struct Compose {
    services: std::collections::BTreeMap<String, Service>,
    volumes: std::collections::BTreeMap<String, serde_json::Value>,
}

#[derive(Debug, serde::Deserialize)]
struct Service {
    image: Option<String>,
    build: Option<Build>,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    volumes: Vec<String>,
    healthcheck: Option<serde_json::Value>,
}

#[derive(Debug, serde::Deserialize)]
struct Build {
    context: String,
    dockerfile: String,
}

fn compose() -> Compose {
    let text = std::fs::read_to_string(root().join("docker-compose.yml")).expect("docker-compose.yml");
    serde_saphyr::from_str(&text).expect("docker-compose.yml in YAML")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_nodes_of_docker_compose_load_the_configuration_that_the_tests_load() {
    let compose = compose();
    let nodes = ["nats-1", "nats-2", "nats-3"];
    for name in nodes {
        let node = compose.services.get(name).expect("a node");
        let config = node.volumes.iter().find_map(|volume| volume.strip_suffix(":/etc/duban/nats.conf:ro"));
        let mounted = std::fs::read_to_string(root().join(config.expect("a mounted configuration")));
        assert_eq!(mounted.expect("the mounted file"), NATS_CONF);
        let command = node.command.join(" ");
        assert!(command.contains("-c /etc/duban/nats.conf"), "{name}: {command}");
        assert!(command.contains(&format!("-n {name} ")), "{name}: {command}");
        for other in nodes {
            assert!(
                command.contains(&format!("nats://{other}:6222")),
                "{name} should know {other}: {command}"
            );
        }
        let image = node.image.as_deref().unwrap_or_default();
        let version = image.strip_prefix("nats:").and_then(|tag| tag.strip_suffix("-alpine"));
        assert!(duban::nats::broker::is_new_enough(version.unwrap_or_default()), "{name}: {image}");
        assert!(node.healthcheck.is_some(), "{name} needs a health check");
        let kept = node.volumes.iter().find_map(|volume| volume.split_once(":/data"));
        assert!(compose.volumes.contains_key(kept.expect("a volume").0), "{name}: {kept:?} is not declared");
    }
}

#[test]
fn docker_compose_builds_duban_and_points_it_at_the_three_nodes() {
    let compose = compose();
    let duban = compose.services.get("duban").expect("duban");
    let build = duban.build.as_ref().expect("a build");
    assert!(root().join(&build.context).join(&build.dockerfile).is_file(), "{build:?}");
    let command = duban.command.join(" ");
    for part in ["serve", "nats://127.0.0.1:4222,nats://127.0.0.1:4223,nats://127.0.0.1:4224", "--replicas 3"]
    {
        assert!(command.contains(part), "{part} is not in {command}");
    }
}

#[test]
fn docker_compose_starts_duban_with_options_that_it_has() {
    let compose = compose();
    let duban = compose.services.get("duban").expect("the service");
    let help = Command::new(env!("CARGO_BIN_EXE_duban"))
        .args(["serve", "--help"])
        .output()
        .expect("the program runs");
    let help = String::from_utf8(help.stdout).expect("a text");
    let options: Vec<&String> = duban.command.iter().filter(|word| word.starts_with("--")).collect();
    assert!(options.len() >= 5, "{:?}", duban.command);
    for option in options {
        assert!(help.contains(&format!("{option} <")), "duban serve has no option {option}");
    }
}
