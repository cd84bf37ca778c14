//! A property-based tester of APIs, schemathesis, against the served `OpenAPI` document:
//! no server error, and no answer that the document does not tell.
//!
//! The tester comes from `PyPI` once, at a pinned version, into the cache folder where a
//! fetched `nats-server` is kept as well; it needs Python 3.10 or later with pip.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use duban::cli::nats_server::Places;
use duban::http::openapi;
use tempfile::TempDir;

use crate::support::people::People;

/// The version that is run; its requirements are pinned beside the hooks.
const VERSION: &str = "4.32.5";
/// Cases of each operation, besides those for every boundary of its schema.
const EXAMPLES: &str = "10";
/// The same cases every time.
const SEED: &str = "20220928";
/// How long it may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(600);

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/schemathesis")
}

/// The folder with the tester, fetched if it is not there.
fn installed() -> PathBuf {
    let cache = Places::from_env().cache.expect("HOME or XDG_CACHE_HOME says where the cache is");
    let folder = cache.join(format!("schemathesis-{VERSION}"));
    fs::create_dir_all(&cache).expect("the cache folder");
    let lock = File::create(cache.join("schemathesis.lock")).expect("a lock");
    lock.lock().expect("whoever fetches it ends");
    if folder.is_dir() {
        return folder;
    }
    let fetching = cache.join("schemathesis-fetching");
    let _ = fs::remove_dir_all(&fetching);
    let requirements = fixtures().join("requirements.txt");
    let arguments = ["-m", "pip", "install", "--quiet", "--only-binary=:all:", "--no-deps", "--target"];
    let mut pip = Command::new("python3");
    pip.args(arguments).arg(&fetching).arg("-r").arg(&requirements);
    let command =
        format!("python3 {} {} -r {}", arguments.join(" "), folder.display(), requirements.display());
    let came = pip.output().unwrap_or_else(|error| {
        panic!("this test needs Python 3.10 or later with pip ({error}); install it, then run: {command}")
    });
    assert!(came.status.success(), "run: {command}\n{}", String::from_utf8_lossy(&came.stderr));
    fs::rename(&fetching, &folder).expect("the tester in its place");
    folder
}

/// What the tester is told besides the document.
fn settings(people: &People, case: &str) -> String {
    let hooks = fixtures().join("hooks.py");
    let token = people.token("operator");
    format!(
        r#"
hooks = "{hooks}"
continue-on-failure = true
max-stream-events = 1
request-timeout = 60
workers = 2

[auth.openapi.token]
bearer = "{token}"

[dictionaries.cases]
values = ["{case}"]

[parameters]
"path.tenant" = "changqing"

# Most cases that are made up are not there; half of them are asked for in earnest.
[[operations]]
include-operation-id = "getCase"
parameters = {{ "path.id" = {{ dictionary = "cases", probability = 0.5 }} }}

# A fact that is well-formed may still be refused by the policies, and a batch that is
# too long is too large.
[[operations]]
include-operation-id = "stateFacts"
[operations.checks]
positive_data_acceptance = {{ expected-statuses = ["2xx", 422] }}
negative_data_rejection = {{ expected-statuses = [400, 401, 403, 404, 413, 415, 422, 429] }}

# Headers that nobody knows are no fault; and a stream has no end to wait for.
[[operations]]
include-operation-id = "followLedger"
request-timeout = 2
generation = {{ allow-extra-parameters = false }}

# A question that cannot be answered is answered with what is wrong with it, so that the
# others of a batch go on.
[[operations]]
include-operation-id = "computeDue"
[operations.checks]
negative_data_rejection = {{ enabled = false }}
"#,
        hooks = hooks.display(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_answered_that_the_document_does_not_tell() {
    let folder = tokio::task::spawn_blocking(installed).await.expect("the tester");
    let people = People::with_sample().await;
    let cases = people.ask("operator", "GET", "/v1/changqing/cases?limit=1").await.json();
    let case = cases["rows"][0]["case"].as_str().expect("the sample has cases").to_owned();
    let work = TempDir::new().expect("a folder");
    let config = work.path().join("schemathesis.toml");
    fs::write(&config, settings(&people, &case)).expect("written");
    let mut tester = tokio::process::Command::new("python3");
    tester.arg(folder.join("bin/st")).arg("--config-file").arg(&config).arg("run");
    tester.arg(format!("{}/v1/openapi.json", people.served.address));
    tester.args([
        "--no-color",
        "--phases",
        "examples,coverage,fuzzing",
        "--seed",
        SEED,
        "--max-examples",
        EXAMPLES,
    ]);
    tester.args(["--generation-database", "none"]);
    tester.env("PYTHONPATH", &folder).env("PYTHONDONTWRITEBYTECODE", "1").current_dir(work.path());
    tester.stdin(Stdio::null()).kill_on_drop(true);
    let ended = tokio::time::timeout(PATIENCE, tester.output()).await;
    let said = ended.expect("the tester takes too long").expect("python3 runs");
    let (out, err) = (String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    assert!(said.status.success(), "{out}\n{err}");
    // It leaves out the address that it has the document from.
    let document = openapi::document();
    let tried = document["paths"].as_object().into_iter().flat_map(|paths| paths.values());
    let tried = tried.filter_map(|methods| methods.as_object()).map(serde_json::Map::len).sum::<usize>() - 1;
    assert!(out.contains(&format!("{tried} selected / {tried} total")), "every operation is tried: {out}");
    // It all stands after what was thrown at it.
    assert_eq!(people.served.get("/readyz").await.status, 200);
}
