//! The examples under `tests/clients/` run against a real server and agree with it and
//! with each other.
//!
//! Each language runs where it is on the machine; what its example needs besides is
//! installed, in pinned versions, into the build folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::time::Duration;

use duban::id::{Seq, TenantId};
use duban::nats::{Broker, LogSettings};
use duban::port::log::{Log as _, Reader as _};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::cli::Serving;
use crate::support::guarded::Guarded;

/// How long an example may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(180);

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

/// Whether a language is on this machine; says how to get it if not.
fn is_there(program: &str, version: &str, install: &str) -> bool {
    let found = Command::new(program).arg(version).output().is_ok_and(|output| output.status.success());
    if !found {
        println!("SKIPPED: {program} is not on this machine; to run its example, install {install}");
    }
    found
}

fn has_python() -> bool {
    is_there("python3", "--version", "Python 3.9 or later with pip")
}

/// Runs an installer, or says how to run it by hand.
#[track_caller]
fn install(command: &mut Command) {
    let told = format!("{command:?}");
    let output = command.output().unwrap_or_else(|error| panic!("run {told}: {error}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "run {told}\n{out}{err}");
}

/// A folder of the build for `name`, emptied when what it was made from has changed;
/// with whether it must be filled.
fn cache(name: &str, from: &[&Path]) -> (PathBuf, bool) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let texts = from.iter().map(|path| std::fs::read_to_string(path).expect("a text"));
    let made_from = texts.collect::<Vec<_>>().join("\n");
    let is_same = std::fs::read_to_string(folder.join("made-from")).is_ok_and(|kept| kept == made_from);
    if is_same {
        return (folder, false);
    }
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("emptied");
    }
    std::fs::create_dir_all(&folder).expect("a folder");
    (folder, true)
}

/// Marks a folder of the build as filled.
fn filled(folder: &Path, from: &[&Path]) {
    let texts = from.iter().map(|path| std::fs::read_to_string(path).expect("a text"));
    std::fs::write(folder.join("made-from"), texts.collect::<Vec<_>>().join("\n")).expect("written");
}

/// Where Python finds what the examples need.
fn python_packages() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let wanted = examples().join("python/requirements.txt");
        let (folder, is_new) = cache("clients-python", &[&wanted]);
        if is_new {
            let mut pip = Command::new("python3");
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"]);
            install(pip.arg(&folder).arg("-r").arg(&wanted));
            filled(&folder, &[&wanted]);
        }
        folder
    })
}

/// The TypeScript example, compiled.
fn typescript_built() -> PathBuf {
    let source = examples().join("typescript");
    let parts = ["package.json", "tsconfig.json", "client.ts"].map(|name| source.join(name));
    let from: Vec<&Path> = parts.iter().map(PathBuf::as_path).collect();
    let (folder, is_new) = cache("clients-typescript", &from);
    if is_new {
        for part in &from {
            std::fs::copy(part, folder.join(part.file_name().expect("a name"))).expect("copied");
        }
        let npm = |arguments: &[&str]| install(Command::new("npm").args(arguments).current_dir(&folder));
        npm(&["install", "--no-audit", "--no-fund", "--silent"]);
        npm(&["run", "--silent", "build"]);
        filled(&folder, &from);
    }
    folder.join("built/client.js")
}

async fn run(mut command: Command) -> Output {
    command.env("PYTHONIOENCODING", "utf-8").env("PYTHONDONTWRITEBYTECODE", "1");
    let told = format!("{command:?}");
    let mut command = tokio::process::Command::from(command);
    let output = tokio::time::timeout(PATIENCE, command.kill_on_drop(true).output()).await;
    output.unwrap_or_else(|_| panic!("{told} does not end")).expect("it runs")
}

/// What an example says when all went well.
async fn said(command: Command) -> Value {
    let output = run(command).await;
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    let last = out.lines().last().unwrap_or_default();
    serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {out}{err}"))
}

fn python(script: &str, packages: Option<&Path>) -> Command {
    let mut command = Command::new("python3");
    command.arg(examples().join("python").join(script));
    if let Some(packages) = packages {
        command.env("PYTHONPATH", packages);
    }
    command
}

/// The overdue publications, as the command line shows them.
fn overdue(serving: &Serving, token: &str) -> Value {
    let arguments =
        ["overdue", "--workflow", "double-publicity", "--limit", "100", "--json", "--token", token];
    let answer = serving.ask(&arguments).ends(0).json();
    let rows = answer["rows"].as_array().expect("rows").iter();
    rows.map(|row| row["case"].clone()).collect::<Vec<_>>().into()
}

/// What every example must have found out about its own decision.
#[track_caller]
fn agrees(guarded: &Guarded, said: &Value, number: &str) {
    let case = format!("double-publicity/{number}");
    assert_eq!(said["outcome"], "decision.made", "{said}");
    assert_eq!(said["case"], case.as_str(), "{said}");
    assert_eq!(said["due"], "2026-03-11 周三 24:00", "{said}");
    assert_eq!(said["missing"], "thing.unknown", "{said}");
    assert!(said["light"] == "overdue" || said["light"] == "escalated", "{said}");
    assert_eq!(said["overdue"], overdue(&guarded.serving, &guarded.unit_token), "{said}");
    let listed = said["overdue"].as_array().expect("cases");
    assert!(listed.contains(&case.into()), "{said}");
    // Cut off after each entry, none came twice and the deadline came in the end.
    if let Some(followed) = said["followed"].as_array() {
        assert_eq!((&followed[0], followed.last()), (&"decision.made".into(), Some(&"deadline.set".into())));
        assert_eq!(followed.iter().filter(|kind| **kind == "case.opened").count(), 1, "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn python_over_nats_and_over_http() {
    if !has_python() {
        return;
    }
    let guarded = Guarded::new().await;
    let mut over_nats = python("over_nats.py", Some(python_packages()));
    over_nats.args(["--nats", guarded.server.url(), "--unit", "qu-fagaiju", "--number", "P-1", "--key"]);
    over_nats.arg(guarded.key("changqing.qu-fagaiju"));
    agrees(&guarded, &said(over_nats).await, "P-1");
    let mut over_http = python("over_http.py", None);
    over_http.args(["--http", &guarded.serving.server, "--unit", "qu-fagaiju", "--number", "P-2"]);
    over_http.env("DUBAN_TOKEN", &guarded.unit_token);
    agrees(&guarded, &said(over_http).await, "P-2");
}

#[tokio::test(flavor = "multi_thread")]
async fn typescript_over_nats_and_http() {
    if !is_there("node", "--version", "Node.js 20 or later with npm") {
        return;
    }
    let guarded = Guarded::new().await;
    let mut node = Command::new("node");
    node.arg(typescript_built()).args(["--http", &guarded.serving.server, "--nats", guarded.server.url()]);
    node.args(["--unit", "qu-fagaiju", "--number", "T-1", "--key"]);
    node.arg(guarded.key("changqing.qu-fagaiju")).env("DUBAN_TOKEN", &guarded.unit_token);
    agrees(&guarded, &said(node).await, "T-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn java_over_http() {
    if !is_there("java", "-version", "a JDK of Java 11 or later") {
        return;
    }
    let guarded = Guarded::new().await;
    let mut java = Command::new("java");
    java.arg(examples().join("java/Client.java")).args([&guarded.serving.server, "qu-fagaiju", "J-1"]);
    java.env("DUBAN_TOKEN", &guarded.unit_token);
    agrees(&guarded, &said(java).await, "J-1");
}

/// The cases of every breach on the ledger, by their places.
async fn breaches(broker: &Broker) -> BTreeMap<String, Value> {
    let tenant = TenantId::new("changqing").expect("a tenant");
    let ledger = broker.ledger(&tenant, &LogSettings::default()).await.expect("the ledger");
    let last = ledger.last().await.expect("its last place");
    let mut reader = ledger.reader(Seq::ZERO).await.expect("a reader");
    let (mut found, mut place) = (BTreeMap::new(), Seq::ZERO);
    while place < last {
        for record in reader.next(1000, Duration::from_secs(30)).await.expect("records") {
            place = record.seq;
            if record.subject.contains(".deadline.breached.") {
                let entry: Value = serde_json::from_slice(&record.body).expect("an entry");
                found.insert(place.to_string(), entry["subject"].clone());
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn every_breach_becomes_one_ticket_though_the_ticket_system_dies() {
    if !has_python() {
        return;
    }
    let (guarded, data) = (Guarded::new().await, TempDir::new().expect("a folder"));
    let decided = |number: &str| {
        json!({
            "specversion": "1.0", "id": number, "source": "/changqing/qu-fagaiju", "type": "decision.made",
            "actor": "qu-fagaiju",
            "data": {
                "unit": "qu-fagaiju", "decisionNumber": number, "category": "penalty",
                "decidedOn": "2026-03-02",
            },
        })
    };
    guarded.state(&json!([decided("K-1"), decided("K-2")])).await;

    let path = data.path().join("tickets.json");
    let tickets = |user: &str, inbox: &str, more: &[&str]| {
        let mut command = python("tickets.py", Some(python_packages()));
        command.args(["--nats", guarded.server.url(), "--again-after", "2", "--idle", "4", "--until-idle"]);
        command.args(["--bookmark", "changqing_reader-tickets", "--inbox", inbox]);
        command.arg("--key").arg(guarded.key(user)).arg("--tickets").arg(&path).args(more);
        command
    };
    let service =
        |more: &[&str]| tickets("changqing.reader-tickets", "_INBOX_changqing_reader-tickets", more);
    let created = run(tickets("operator", "_INBOX_engine", &["--create"])).await;
    assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
    let died = run(service(&["--die-after", "2"])).await;
    assert_eq!(died.status.code(), Some(70), "{}", String::from_utf8_lossy(&died.stderr));
    let broker = guarded.user("operator").await;
    let mut again = 0;
    // Breaches come while it runs; those that come once it has found none are for the next run.
    let opened = loop {
        again += said(service(&[])).await["again"].as_u64().expect("a number");
        let text = std::fs::read_to_string(&path).expect("the tickets");
        let opened: BTreeMap<String, Value> = serde_json::from_str(&text).expect("JSON");
        let cases: BTreeMap<_, _> = opened.into_iter().map(|(at, it)| (at, it["case"].clone())).collect();
        if cases == breaches(&broker).await {
            break cases;
        }
    };
    assert!(again > 0, "the ticket that was not confirmed came again, and was recognised");
    for number in ["K-1", "K-2"] {
        let case = Value::from(format!("double-publicity/{number}"));
        assert_eq!(opened.values().filter(|of| **of == case).count(), 1, "{number}");
    }
}
