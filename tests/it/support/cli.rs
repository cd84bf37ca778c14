//! The program itself, as people and scripts run it.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long anything may take in a test on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a command said and how it ended.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// Its answer as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}{}", self.out, self.err))
    }

    /// The same, if it ended with this code.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        self
    }
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_duban"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    for variable in [
        "BEHIND_PROXY",
        "DATA",
        "HTTP",
        "LANG",
        "LOG",
        "LOG_FORMAT",
        "NATS",
        "NATS_KEY",
        "OPENID",
        "POLICIES",
        "REPLICAS",
        "REQUIRE_SIGN_IN",
        "SERVER",
        "TENANT",
        "TENANTS",
        "TLS_CERTIFICATE",
        "TLS_KEY",
        "TOKEN",
        "TOKEN_FILE",
    ] {
        command.env_remove(format!("DUBAN_{variable}"));
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a command to its end.
pub fn duban(arguments: &[&str]) -> Said {
    duban_with(arguments, "")
}

/// The same, with something on its standard input.
pub fn duban_with(arguments: &[&str], input: &str) -> Said {
    let mut child = program().args(arguments).spawn().expect("the program runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    let input = input.to_owned();
    // The program may answer before it has read everything.
    let writing = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
    let output = child.wait_with_output().expect("the program ends");
    writing.join().expect("written");
    Said {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A command that serves until it is stopped.
pub struct Serving {
    child: Child,
    lines: mpsc::Receiver<String>,
    seen: Vec<String>,
    /// Where its HTTP listens.
    pub server: String,
}

impl Serving {
    /// Starts it and waits until it says where it listens.
    pub fn start(arguments: &[&str]) -> Self {
        let mut serving = Self::spawn(arguments);
        let line = serving.wait_for("http://127.0.0.1:");
        let at = line.find("http://127.0.0.1:").expect("an address");
        serving.server = line[at..].chars().take_while(|c| !c.is_whitespace() && *c != '"').collect();
        let parts: Vec<&str> = serving.server.split('/').take(3).collect();
        serving.server = parts.join("/");
        serving
    }

    /// Starts it.
    pub fn spawn(arguments: &[&str]) -> Self {
        let mut child = program().args(arguments).stdin(Stdio::null()).spawn().expect("the program runs");
        let (tell, lines) = mpsc::channel();
        read_lines(child.stdout.take().expect("a pipe"), tell.clone());
        read_lines(child.stderr.take().expect("a pipe"), tell);
        Self { child, lines, seen: Vec::new(), server: String::new() }
    }

    /// Waits for a line that has `text` in it, unless it was there already.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) -> String {
        let until = Instant::now() + PATIENCE;
        if let Some(line) = self.seen.iter().find(|line| line.contains(text)) {
            return line.clone();
        }
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.seen.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
        panic!("it never said {text:?}:\n{}", self.seen.join("\n"));
    }

    /// Kills it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("dead");
    }

    /// Asks it to stop, as Ctrl-C does, and waits until it has.
    #[track_caller]
    pub fn stop(mut self) -> ExitStatus {
        let script = format!("kill -INT {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &script]).status().expect("a shell").success());
        self.ended()
    }

    /// Asks it to stop, and gives everything that it said to its end.
    pub fn said(mut self) -> String {
        let script = format!("kill -INT {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &script]).status().expect("a shell").success());
        let until = Instant::now() + PATIENCE;
        while let Ok(line) = self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
            self.seen.push(line);
        }
        self.seen.join("\n")
    }

    /// Waits until it ends by itself.
    #[track_caller]
    pub fn ended(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        // Its pipes close when it ends; then its status is there.
        while self.lines.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok() {}
        assert!(Instant::now() < until, "it does not end");
        self.child.wait().expect("a status")
    }

    /// Has it make its projection again once no fact waits and no timer is due. An office's
    /// clock goes on, so a ledger of overdue cases grows for a while after its last fact.
    #[track_caller]
    pub fn rebuilt_at_rest(&self) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let status = self.ask(&["status", "--json"]).ends(0).json();
            let is_due = status["nextTimerAt"].as_str().is_some_and(|at| !is_ahead(at));
            if status["lag"] == 0 && !is_due {
                break;
            }
            assert!(Instant::now() < until, "it does not come to rest: {status}");
        }
        self.ask(&["rebuild", "--json"]).ends(0).json()
    }

    /// Asks it with another command: the command's name first.
    pub fn ask(&self, arguments: &[&str]) -> Said {
        duban(&self.asking(arguments))
    }

    /// The same, with something on standard input.
    pub fn ask_with(&self, arguments: &[&str], input: &str) -> Said {
        duban_with(&self.asking(arguments), input)
    }

    fn asking<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        [arguments, &["--server", &self.server]].concat()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It has ended already, or the test has failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_ahead(at: &str) -> bool {
    at.parse::<duban::time::Instant>().expect("an instant") > super::engine::now()
}

fn read_lines(from: impl Read + Send + 'static, tell: mpsc::Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                break;
            }
        }
    });
}

/// `serve` for Changqing on a broker, with the shipped policies in force.
pub fn serve(broker: &str, data: &Path) -> Serving {
    let mut serving = serve_as_it_is(broker, data);
    serving.wait_for("policies are in force");
    serving
}

/// `serve` for Changqing on a broker, as soon as it listens.
pub fn serve_as_it_is(broker: &str, data: &Path) -> Serving {
    let data = data.to_str().expect("a path");
    Serving::start(&[
        "serve",
        "--nats",
        broker,
        "--tenant",
        "changqing",
        "--data",
        data,
        "--http",
        "127.0.0.1:0",
        "--policies",
        "workflows",
    ])
}
