//! Python with packages of pinned versions, fetched once into the cache.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The packages that tests hold us against: the verifying library of Standard Webhooks,
/// and a mail server that is not ours.
const PACKAGES: [&str; 2] = ["standardwebhooks==1.0.0", "aiosmtpd==1.4.6"];

/// The folder that holds the packages.
pub fn packages() -> PathBuf {
    let cache = variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")));
    let cache = cache.expect("a home folder");
    let name = PACKAGES.join("-").replace("==", "-");
    let folder = cache.join("duban").join(format!("python-{name}"));
    if !folder.exists() {
        fetch(&folder);
    }
    folder
}

fn variable(name: &str) -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "where a cache is, the environment says")]
    std::env::var_os(name).map(PathBuf::from)
}

/// Fetches into a folder beside and renames it, so that what is there is whole; of two
/// that fetch at once, the second finds the first's.
fn fetch(folder: &Path) {
    std::fs::create_dir_all(folder.parent().expect("a parent")).expect("a cache");
    let beside = folder.with_extension(std::process::id().to_string());
    let mut command = Command::new("python3");
    command.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-input",
        "--disable-pip-version-check",
        "--target",
    ]);
    let done = command.arg(&beside).args(PACKAGES).output();
    let done = done.expect("python3 with pip; install it with your system's package manager");
    assert!(done.status.success(), "pip: {}", String::from_utf8_lossy(&done.stderr));
    if std::fs::rename(&beside, folder).is_err() {
        assert!(folder.exists(), "the packages were fetched and are not there");
        // The other's copy is as good.
        std::fs::remove_dir_all(&beside).expect("our copy can be removed");
    }
}

/// A command that runs a program of Python with the packages.
pub fn python(program: &str) -> Command {
    let mut command = Command::new("python3");
    command.args(["-X", "utf8", "-c", program]).env("PYTHONPATH", packages());
    command
}

/// Runs a program with arguments; it must succeed.
#[track_caller]
pub fn run(program: &str, arguments: &[&str]) -> String {
    let Output { status, stdout, stderr } = python(program).args(arguments).output().expect("python3");
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).expect("a text")
}
