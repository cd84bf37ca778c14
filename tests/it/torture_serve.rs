//! `duban serve` as a child process: started, asked, killed and started again.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant as Moment};

use serde_json::Value;
use tokio::process::{Child, Command};

/// Pause between two looks at a process that gives no other sign.
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);
/// How long an answer over HTTP may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// How long an orderly end may take.
const END_WITHIN: Duration = Duration::from_secs(30);

/// One serving process, or the place where it runs when it is started again.
pub struct Serving {
    nats: String,
    tenants: String,
    policies: Option<PathBuf>,
    /// Arguments besides the usual ones.
    more: Vec<String>,
    folder: PathBuf,
    port: u16,
    http: reqwest::Client,
    child: Option<Child>,
}

impl Serving {
    /// A process to be, with its data and its log in `folder`.
    pub fn new(nats: &str, tenants: &[&str], folder: &Path, policies: Option<&Path>) -> Self {
        fs::create_dir_all(folder).expect("a folder");
        let free = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = free.local_addr().expect("an address").port();
        let http = duban::tls::client().timeout(ANSWER_WITHIN).build().expect("a client");
        let policies = policies.map(Path::to_owned);
        let (nats, tenants, folder) = (nats.to_owned(), tenants.join(","), folder.to_owned());
        Self { nats, tenants, policies, more: Vec::new(), folder, port, http, child: None }
    }

    /// The same with more arguments.
    pub fn with(mut self, more: &[&str]) -> Self {
        self.more = more.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Starts it; it is killed when this value goes, however the test ends.
    pub fn start(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let log = File::options().create(true).append(true).open(self.log_file()).expect("a log");
        let mut command = Command::new(env!("CARGO_BIN_EXE_duban"));
        command.args(["serve", "--nats", &self.nats, "--tenant", &self.tenants]);
        command.arg("--data").arg(self.data()).args(["--http", &format!("127.0.0.1:{}", self.port)]);
        if let Some(policies) = &self.policies {
            command.arg("--policies").arg(policies);
        }
        command.args(&self.more);
        command.env("DUBAN_LOG", "info").current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).kill_on_drop(true);
        self.child = Some(command.spawn().expect("the duban program"));
    }

    /// Kills it as a power cut would, and waits until it is dead.
    pub async fn kill(&mut self) {
        let mut child = self.child.take().expect("it was started");
        // It fails only when the process has ended already.
        let _ = child.kill().await;
    }

    /// Asks it to end, as a system does, and waits until it has.
    pub async fn stop(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it was started");
        let pid = child.id().expect("a running process").to_string();
        let sent = Command::new("sh").args(["-c", &format!("kill -TERM {pid}")]).status().await;
        assert!(sent.expect("a shell").success(), "the signal should reach it: {}", self.tail());
        let ended = tokio::time::timeout(END_WITHIN, child.wait()).await;
        ended.unwrap_or_else(|_| panic!("it does not end: {}", self.tail())).expect("an exit status")
    }

    /// How it ended by itself, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        let ended = self.child.as_mut()?.try_wait().expect("a status");
        if ended.is_some() {
            self.child = None;
        }
        ended
    }

    /// Where its projections are.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Where the rows of a tenant are.
    pub fn projection(&self, tenant: &str) -> PathBuf {
        duban::cli::service::projection(&self.data(), &tenant.parse().expect("a tenant"))
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("duban.log")
    }

    /// What all its lives have logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// How often it began, and how often its projection was behind the ledger then:
    /// it died between deciding something and having it on disk.
    pub fn recoveries(&self) -> (usize, usize) {
        let (log, mark) = (self.log(), "folding the ledger ");
        let lines: Vec<&str> = log.lines().filter_map(|line| Some(line.split_once(mark)?.1)).collect();
        let number = |line: &str, name: &str| {
            let text = line.split(' ').find_map(|part| part.strip_prefix(name)).unwrap_or_default();
            text.parse::<u64>().unwrap_or_else(|_| panic!("{line}"))
        };
        let behind = lines.iter().filter(|line| number(line, "from=") < number(line, "to=")).count();
        (lines.len(), behind)
    }

    /// The end of its log, for messages.
    pub fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }

    /// The address of a route.
    pub fn url(&self, route: &str) -> String {
        format!("http://127.0.0.1:{}/{route}", self.port)
    }

    /// What a route answers; nothing when nobody answers.
    pub async fn get(&self, route: &str) -> Option<(u16, Value)> {
        let answer = self.http.get(self.url(route)).send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json().await.ok()?))
    }

    /// Posts a body to a route; nothing when nobody answers.
    pub async fn post(&self, route: &str, media: &str, body: String) -> Option<(u16, Value)> {
        let asked = self.http.post(self.url(route)).header("content-type", media).body(body);
        let answer = asked.send().await.ok()?;
        let status = answer.status().as_u16();
        Some((status, answer.json().await.ok()?))
    }

    /// How a tenant's engine stands; nothing when nobody answers.
    pub async fn status(&self, tenant: &str) -> Option<Value> {
        let (status, body) = self.get(&format!("v1/{tenant}/status")).await?;
        (status == 200).then_some(body)
    }

    /// Waits until a tenant's engine stands as wished.
    pub async fn until(&self, tenant: &str, within: Duration, wished: impl Fn(&Value) -> bool) -> Value {
        let until = Moment::now() + within;
        loop {
            let status = self.status(tenant).await;
            if let Some(status) = status.as_ref().filter(|status| wished(status)) {
                return status.clone();
            }
            assert!(Moment::now() < until, "{tenant} stands as {status:?}\n{}", self.tail());
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Waits until a tenant's engine leads.
    pub async fn until_leading(&self, tenant: &str, within: Duration) -> Value {
        self.until(tenant, within, |status| status["role"] == "leading").await
    }

    /// Makes the projection again; it must agree with the one in use.
    pub async fn rebuild(&self, tenant: &str) -> Value {
        let answer = self.post(&format!("v1/{tenant}/rebuild"), "application/json", String::new()).await;
        let (status, rebuilt) = answer.unwrap_or_else(|| panic!("no answer: {}", self.tail()));
        assert_eq!((status, &rebuilt["agreed"]), (200, &Value::Bool(true)), "{rebuilt}");
        rebuilt
    }
}
