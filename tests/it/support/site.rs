//! The HTTP surface over a real engine on logs and rows in memory, with a clock
//! that the test moves; served on a free port of the loopback.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use duban::cli::sample::load;
use duban::engine::settings::Settings;
use duban::engine::tenant::Engine;
use duban::event::structured::to_message;
use duban::http::gate::{Gate, GateSettings};
use duban::http::{Site, Tenant, router_with};
use duban::id::{Seq, TenantId};
use duban::identity::link::LinkKey;
use duban::memory::clock::Clock;
use duban::memory::directory::MemoryDirectory;
use duban::memory::log::MemoryLog;
use duban::memory::store::MemoryStore;
use duban::openid::Issuer;
use duban::policy::definition::Definition;
use duban::policy::resolve::{Source, by_tenant, resolve};
use duban::port::log::{Log as _, MOST_IN_APPEND, NewRecord};
use duban::port::shelf::{Current, Shelf};
use duban::port::store::StoreError;
use serde_json::{Value, json};

/// Rows in memory, by turns; those that somebody has folded already, if any.
#[derive(Clone, Default)]
pub struct MemoryShelf(pub Option<MemoryStore>);

impl Shelf for MemoryShelf {
    type Store = MemoryStore;

    fn current(&self) -> Result<Current<MemoryStore>, StoreError> {
        let absent = || Current::Absent("rows in memory begin empty".into());
        Ok(self.0.clone().map_or_else(absent, Current::Ready))
    }

    fn begin(&self) -> Result<MemoryStore, StoreError> {
        Ok(MemoryStore::new())
    }

    fn adopt(&self, _: &MemoryStore) -> Result<(), StoreError> {
        Ok(())
    }

    fn set_aside(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A served site with one tenant, `changqing`.
pub struct Served {
    pub clock: Clock,
    pub intake: MemoryLog,
    pub ledger: MemoryLog,
    pub directory: MemoryDirectory,
    /// What is served, for other surfaces than HTTP.
    pub site: Arc<Site<MemoryStore, MemoryLog>>,
    pub address: String,
    client: reqwest::Client,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// What came back.
pub struct Came {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Came {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {}", self.text))
    }
}

impl Served {
    /// Everything up, with the policies published, at `now`.
    pub async fn at(now: &str) -> Self {
        let served = Self::with(now, MemoryDirectory::default()).await;
        served.publish_policies(None).await;
        served
    }

    /// The same over these accounts and tokens, without policies yet.
    pub async fn with(now: &str, directory: MemoryDirectory) -> Self {
        Self::with_issuer(now, directory, None).await
    }

    /// The same with an issuer that vouches for people.
    pub async fn with_issuer(now: &str, directory: MemoryDirectory, issuer: Option<Issuer>) -> Self {
        let clock = Clock::at(now.parse().expect("an instant"));
        let (intake, ledger) = (log("intake", &clock), log("ledger", &clock));
        Self::over((clock, intake, ledger), MemoryShelf::default(), directory, issuer).await
    }

    /// The same over logs and rows that hold something already.
    pub async fn over(
        (clock, intake, ledger): (Clock, MemoryLog, MemoryLog),
        shelf: MemoryShelf,
        directory: MemoryDirectory,
        issuer: Option<Issuer>,
    ) -> Self {
        let tenant = TenantId::new("changqing").expect("a tenant");
        let reads = clock.clone();
        let now: duban::engine::settings::WallClock = Arc::new(move || reads.now());
        let settings = Settings::new(tenant.clone(), Arc::clone(&now), Arc::new(|| uuid::Uuid::from_u128(7)));
        let (engine, handle) =
            Engine::new(settings, intake.clone(), ledger.clone(), shelf).expect("an engine");
        tokio::spawn(engine.run());
        let gate = gate(GateSettings::default(), &directory, issuer, &clock);
        let served = Tenant::new(handle, intake.clone(), ledger.clone());
        let tenants = BTreeMap::from([(tenant, Arc::new(served))]);
        let site = Arc::new(Site { tenants, now, metrics: None, gate });
        let app = router_with(Arc::clone(&site), duban::desk::routes());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let server = tokio::spawn(async move {
            let app = app.into_make_service_with_connect_info::<duban::tls::Peer>();
            axum::serve(listener, app).await.expect("serving");
        });
        let client = duban::tls::client().no_proxy().timeout(Duration::from_secs(60)).build();
        let client = client.expect("a client");
        Self { clock, intake, ledger, directory, site, address, client, server }
    }

    /// Gives it the sample that a first look is given.
    pub async fn load_sample(&self) {
        let tenant = TenantId::new("changqing").expect("a tenant");
        let facts = load::facts(&tenant, &definitions(), self.clock.now());
        let facts = facts.unwrap_or_else(|failure| panic!("{failure}"));
        let records = facts.iter().map(|fact| {
            let (subject, headers, body) = to_message(fact, &tenant);
            NewRecord { subject, headers, body: body.into() }
        });
        let records: Vec<NewRecord> = records.collect();
        for some in records.chunks(MOST_IN_APPEND) {
            self.intake.append(some.to_vec(), None).await.expect("stored");
        }
    }

    pub fn set_now(&self, now: &str) {
        self.clock.set(now.parse().expect("an instant"));
    }

    pub async fn get(&self, path: &str) -> Came {
        self.came(self.client.get(self.url(path))).await
    }

    pub async fn get_as(&self, path: &str, accept: &str) -> Came {
        self.came(self.client.get(self.url(path)).header("accept", accept)).await
    }

    /// What is at `path`, byte for byte.
    pub async fn bytes(&self, path: &str) -> Vec<u8> {
        let response = self.client.get(self.url(path)).send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), 200, "{path}");
        response.bytes().await.expect("a body").to_vec()
    }

    /// The ids of the first `count` events of a stream, from after `last` on.
    pub async fn events(&self, path: &str, last: Option<u64>, count: usize) -> Vec<u64> {
        let request = self.client.get(self.url(path));
        let request = match last {
            Some(last) => request.header("last-event-id", last.to_string()),
            None => request,
        };
        let mut response = request.send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), 200, "{path}");
        let (mut text, mut ids) = (String::new(), Vec::new());
        while ids.len() < count {
            let part = response.chunk().await.expect("a stream").expect("more events");
            text.push_str(&String::from_utf8_lossy(&part));
            let whole = text.rfind("\n\n").map_or("", |end| &text[..end + 2]).to_owned();
            text = text[whole.len()..].to_owned();
            ids.extend(whole.lines().filter_map(|line| line.strip_prefix("id: ")?.parse::<u64>().ok()));
        }
        ids.truncate(count);
        ids
    }

    pub async fn post(&self, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Came {
        self.came(self.client.post(self.url(path)).header("content-type", content_type).body(body)).await
    }

    pub async fn request(
        &self,
        build: impl FnOnce(&reqwest::Client, &str) -> reqwest::RequestBuilder,
    ) -> Came {
        self.came(build(&self.client, &self.address)).await
    }

    /// Posts one structured event and waits for its outcome.
    pub async fn state(&self, event: Value) -> Came {
        self.post("events?wait=20s", "application/cloudevents+json", event.to_string()).await
    }

    /// The last place of the intake.
    pub async fn intake_last(&self) -> Seq {
        self.intake.last().await.expect("the intake")
    }

    /// How many facts were stored; the engine's own ticks come when they like.
    pub async fn facts_stored(&self) -> usize {
        let mut stored = 0;
        for place in 1..=self.intake_last().await.0 {
            let record = self.intake.get(Seq(place)).await.expect("the intake");
            stored += usize::from(record.is_some_and(|it| !it.subject.ends_with(".clock.ticked")));
        }
        stored
    }

    fn url(&self, path: &str) -> String {
        if path.starts_with('/') {
            format!("{}{path}", self.address)
        } else {
            format!("{}/v1/changqing/{path}", self.address)
        }
    }

    async fn came(&self, request: reqwest::RequestBuilder) -> Came {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Came { status, headers, text: response.text().await.expect("a text") }
    }

    /// Publishes the policies, with a token where one is asked for.
    pub async fn publish_policies(&self, token: Option<&str>) {
        let events: Vec<Value> = definitions().iter().map(published).collect();
        let events = Value::from(events).to_string();
        let url = self.url("events?wait=30s");
        let came = self
            .request(|client, _| {
                let request = client.post(url).header("content-type", "application/cloudevents-batch+json");
                let request = request.body(events);
                match token {
                    Some(token) => request.bearer_auth(token),
                    None => request,
                }
            })
            .await;
        assert_eq!(came.status, 200, "{}", came.text);
        let outcomes = came.json();
        for event in outcomes["events"].as_array().expect("outcomes") {
            assert_eq!(event["verdict"], "accepted", "{event}");
        }
    }
}

/// A log of the tenant, stamped by the test's clock.
pub fn log(name: &str, clock: &Clock) -> MemoryLog {
    MemoryLog::new(name, &[format!("duban.changqing.{name}.>")], 1024 * 1024, clock.clone())
}

/// A gate on the test's clock, whose secrets are drawn from the system.
pub fn gate(
    settings: GateSettings,
    directory: &MemoryDirectory,
    issuer: Option<Issuer>,
    clock: &Clock,
) -> Arc<Gate> {
    let clock = clock.clone();
    let now = Arc::new(move || clock.now());
    let draw = duban::cli::world::draw_secret();
    let gate = Gate::new(settings, Arc::new(directory.clone()), issuer, now, draw);
    Arc::new(gate.with_links(LinkKey::of(&LINKS)))
}

/// What the test's links are signed with.
pub const LINKS: [u8; 32] = [7; 32];

pub fn published(definition: &Definition) -> Value {
    let sha = definition.sha().expect("a digest");
    json!({
        "specversion": "1.0", "type": "policy.published", "source": "/policies", "id": sha.to_string(),
        "actor": "operator",
        "data": {
            "kind": definition.kind(), "name": definition.name(), "version": definition.version(),
            "sha": sha.to_string(), "document": definition,
        },
    })
}

/// The district's policies as the project ships them.
pub fn definitions() -> Vec<Definition> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    for folder in ["workflows/calendars", "workflows/ladders", "workflows/changqing", "events"] {
        let mut paths: Vec<_> = std::fs::read_dir(root.join(folder))
            .expect("a folder of policies")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.is_file())
            .collect();
        paths.sort();
        sources.extend(paths.into_iter().map(|path| Source {
            text: std::fs::read_to_string(&path).expect("a text"),
            path: path.strip_prefix(root).expect("a path within").display().to_string(),
        }));
    }
    let own = by_tenant(&sources).remove("changqing").expect("the tenant's texts");
    let report = resolve(&own);
    assert!(report.is_sound(), "{:?}", report.problems);
    report.definitions
}
