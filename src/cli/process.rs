//! One life of a `nats-server` process: started, ready, ended, and never left
//! behind.
//!
//! It knows processes and the folder they share; when to start and to end is
//! decided by [`super::broker`].

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::Instant as Moment;

use crate::cli::broker::{LocalError, LocalSettings};

/// Pause between two looks at what a starting or ending server has done; it
/// gives no other sign.
pub(super) const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// How long a server may take to end by itself.
const END_WITHIN: Duration = Duration::from_secs(10);

/// One life of the server.
pub(super) struct Running {
    pub(super) child: Child,
    /// A shell that kills the server when our end of its input closes, as it
    /// does when we die, however we die.
    _guard: Option<(Child, Option<ChildStdin>)>,
}

impl Running {
    pub(super) async fn start(settings: &LocalSettings, config: &Path) -> Result<(Self, String), LocalError> {
        let run = |source| LocalError::Run { server: settings.server.clone(), source };
        let mut command = settings.command(config).map_err(|error| settings.folder_error(error))?;
        let mut child = command.spawn().map_err(run)?;
        let guard = child.id().and_then(guard);
        let url = ready(settings, &mut child).await?;
        Ok((Self { child, _guard: guard }, url))
    }

    /// Ends the server: `in_order` if it does so in time, by force if not.
    pub(super) async fn end(&mut self, in_order: bool) {
        if in_order && let Some(pid) = self.child.id() {
            signal(pid, "INT").await;
            if tokio::time::timeout(END_WITHIN, self.child.wait()).await.is_ok() {
                return;
            }
        }
        // It fails only when the server has ended already.
        let _ = self.child.kill().await;
    }
}

#[derive(Deserialize)]
struct Ports {
    nats: Vec<String>,
}

/// Waits for the file in which the server says that it takes clients, and where.
async fn ready(settings: &LocalSettings, child: &mut Child) -> Result<String, LocalError> {
    let failed = |reason: String| LocalError::Start { reason, log: settings.log() };
    let ending = child.id().map(|pid| format!("_{pid}.ports")).unwrap_or_default();
    let until = Moment::now() + settings.ready_within;
    while Moment::now() < until {
        if let Some(status) = child.try_wait().map_err(|error| failed(error.to_string()))? {
            return Err(failed(format!("it ended with {status}: {}", last_line(&settings.log()))));
        }
        if let Some(url) = read_ports(&settings.data, &ending) {
            return Ok(url);
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Err(failed(format!("it is not ready after {} s", settings.ready_within.as_secs())))
}

/// The client URL from the ports file; `None` while it is absent or half written.
fn read_ports(folder: &Path, ending: &str) -> Option<String> {
    let named = |path: &PathBuf| path.to_str().is_some_and(|path| path.ends_with(ending));
    let path = fs::read_dir(folder).ok()?.filter_map(Result::ok).map(|entry| entry.path()).find(named)?;
    let ports: Ports = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    ports.nats.into_iter().next()
}

fn last_line(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing").to_owned()
}

/// Takes the folder for this process: two servers on one store destroy it.
pub(super) fn lock(settings: &LocalSettings) -> Result<File, LocalError> {
    let lock = File::create(settings.data.join("lock")).map_err(|error| settings.folder_error(error))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(settings.folder_error("another process runs a broker on it")),
        Err(TryLockError::Error(error)) => Err(settings.folder_error(error)),
    }
}

/// Ends a server that still runs on this folder although its parent is gone, and
/// removes what earlier servers left there.
pub(super) async fn end_left_over(settings: &LocalSettings) -> Result<(), LocalError> {
    for entry in fs::read_dir(&settings.data).map_err(|error| settings.folder_error(error))?.flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "ports") {
            let _ = fs::remove_file(entry.path());
        }
    }
    let pid = fs::read_to_string(settings.pid()).ok().and_then(|text| text.trim().parse::<u32>().ok());
    let Some(pid) = pid else { return Ok(()) };
    let until = Moment::now() + END_WITHIN;
    while is_server_of(pid, &settings.data).await {
        signal(pid, "KILL").await;
        if Moment::now() >= until {
            return Err(settings.folder_error(format!("the server {pid} of an earlier run does not end")));
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    Ok(())
}

/// Whether process `pid` was started with this data folder, as its command line
/// shows; the number may long belong to another program.
async fn is_server_of(pid: u32, data: &Path) -> bool {
    let process = Path::new("/proc").join(pid.to_string());
    let line = match fs::read(process.join("cmdline")) {
        Ok(line) => line,
        Err(_) if Path::new("/proc/self").exists() => return false,
        Err(_) => {
            let ps = Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output().await;
            ps.map(|output| output.stdout).unwrap_or_default()
        }
    };
    data.to_str().is_some_and(|data| String::from_utf8_lossy(&line).contains(data))
}

/// Sends a signal by the shell's own `kill`: the standard library has no call
/// for it, and small images have no such program.
async fn signal(pid: u32, name: &str) {
    let script = format!("kill -{name} {pid}");
    if let Err(error) = Command::new("sh").args(["-c", &script]).output().await {
        tracing::warn!(%error, pid, name, "failed to send a signal");
    }
}

/// Starts the shell that kills `pid` when this process is gone.
fn guard(pid: u32) -> Option<(Child, Option<ChildStdin>)> {
    let mut shell = Command::new("sh");
    shell.args(["-c", "read _; kill -KILL \"$1\"", "sh", &pid.to_string()]);
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    #[cfg(unix)]
    shell.process_group(0);
    let mut shell =
        shell.spawn().inspect_err(|error| tracing::warn!(%error, "no guard for the broker")).ok()?;
    let input = shell.stdin.take();
    Some((shell, input))
}
