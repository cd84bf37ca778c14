//! What tests need and machines may lack: a browser, and the accessibility checker.
//!
//! What is there is used; what is not is fetched once. A machine on which neither works
//! is told what to install.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use duban::cli::nats_server::Places;

/// The wheel that carries axe-core 4.12.1, pinned.
const AXE: &str = "axe-playwright-python==0.1.8";
const AXE_WHEEL: &str = "fdd263c998388f1a8e67cad02677e612d946248bd44d163be5e8650ea31f95f8";
const AXE_VERSION: &str = "4.12.1";
/// The names of browsers that speak the protocol.
const BROWSERS: [&str; 6] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome-headless-shell",
    "chrome",
];
const HOW: &str = "install one in one of these ways:\n  \
    apt-get install chromium fonts-noto-cjk\n  \
    brew install --cask chromium\n  \
    export DUBAN_CHROMIUM=/path/to/chrome";

/// The browser: the one in `DUBAN_CHROMIUM`, or on the `PATH`, or the distribution's,
/// which root installs on the way.
pub fn chromium() -> Result<PathBuf, String> {
    #[expect(clippy::disallowed_methods, reason = "which browser is used is the machine's own matter")]
    let named = std::env::var_os("DUBAN_CHROMIUM").filter(|it| !it.is_empty());
    if let Some(named) = named.map(PathBuf::from) {
        return if named.is_file() {
            Ok(named)
        } else {
            Err(format!("use DUBAN_CHROMIUM, {}: no such file", named.display()))
        };
    }
    if let Some(found) = on_path() {
        return Ok(found);
    }
    let _lock = lock()?;
    // Another test may have installed it meanwhile.
    if on_path().is_none() {
        install().map_err(|reason| format!("find a browser, or install one ({reason}); {HOW}"))?;
    }
    on_path().ok_or_else(|| format!("find a browser; {HOW}"))
}

fn on_path() -> Option<PathBuf> {
    let places = Places::from_env().path?;
    let mut folders: Vec<PathBuf> = std::env::split_paths(&places).collect();
    folders.push("/Applications/Chromium.app/Contents/MacOS".into());
    let names = || BROWSERS.iter().chain(&["Chromium"]);
    let mut all = folders.iter().flat_map(|folder| names().map(move |name| folder.join(name)));
    all.find(|path| path.is_file())
}

fn install() -> Result<(), String> {
    if run(Command::new("id").arg("-u"))?.trim() != "0" {
        return Err("only root may install packages".into());
    }
    let apt = || {
        let mut apt = Command::new("apt-get");
        apt.env("DEBIAN_FRONTEND", "noninteractive");
        apt
    };
    run(apt().args(["update", "-qq"]))?;
    let packages = ["chromium", "fonts-noto-cjk"];
    run(apt().args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages)).map(drop)
}

/// The script of axe-core.
pub fn axe() -> Result<String, String> {
    let cache = Places::from_env().cache.ok_or("find a cache folder: set HOME")?;
    let script = cache.join(format!("axe-core-{AXE_VERSION}.js"));
    if !script.is_file() {
        let _lock = lock()?;
        if !script.is_file() {
            let folder = cache.join("fetching-axe");
            let fetched = fetch_axe(&folder, &script);
            let _ = fs::remove_dir_all(&folder);
            fetched.map_err(|reason| {
                format!("fetch axe-core ({reason}); put axe.min.js {AXE_VERSION} at {}", script.display())
            })?;
        }
    }
    fs::read_to_string(&script).map_err(|error| format!("read {}: {error}", script.display()))
}

fn fetch_axe(folder: &Path, script: &Path) -> Result<(), String> {
    let said = |error: std::io::Error| error.to_string();
    fs::create_dir_all(folder).map_err(said)?;
    let pins = folder.join("requirements.txt");
    fs::write(&pins, format!("{AXE} --hash=sha256:{AXE_WHEEL}\n")).map_err(said)?;
    let mut pip = Command::new("python3");
    pip.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "-r",
    ]);
    run(pip.arg(&pins).arg("-d").arg(folder))?;
    let wheel = folder.join("axe_playwright_python-0.1.8-py3-none-any.whl");
    run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&wheel).arg(folder))?;
    fs::rename(folder.join("axe_playwright_python").join("axe.min.js"), script).map_err(said)
}

/// One process fetches at a time.
fn lock() -> Result<File, String> {
    let cache = Places::from_env().cache.ok_or("find a cache folder: set HOME")?;
    fs::create_dir_all(&cache).map_err(|error| error.to_string())?;
    let lock = File::create(cache.join("fetch-tests.lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    Ok(lock)
}

fn run(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("start {name}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{name} failed: {}", said.lines().last().unwrap_or("it said nothing").trim()))
}
