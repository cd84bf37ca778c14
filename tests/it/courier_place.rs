//! Engine, courier and HTTP over logs and rows in memory, with a clock that the test
//! moves and a carrier that does what the test says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use duban::courier::letter::Office;
use duban::courier::run::Courier;
use duban::courier::signs::Signs;
use duban::engine::handle::{Handle, Role};
use duban::engine::settings::Settings;
use duban::engine::tenant::Engine;
use duban::event::catalogue::{Event, Outcome};
use duban::event::entry::Entry;
use duban::http::gate::GateSettings;
use duban::http::{Site, Tenant, router};
use duban::id::{Name, Seq, TenantId};
use duban::memory::clock::Clock;
use duban::memory::directory::MemoryDirectory;
use duban::memory::log::MemoryLog;
use duban::memory::shelf::MemoryShelf;
use duban::memory::store::MemoryStore;
use duban::policy::definition::Definition;
use duban::port::carrier::{
    Carried, Carrier, Carriers, CarryError, Carrying, Destination, Message, Pace, Recipient,
};
use duban::port::log::{Log as _, NewRecord, Reader as _};
use duban::query::reader::Reader;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::courier_town::{TOWN, policies};
use crate::support::drafts::publication;
use crate::support::site::gate;

/// How long anything may take here.
const WITHIN: Duration = Duration::from_secs(20);

/// A message that a carrier was given.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Which courier sent it, by its number.
    pub by: usize,
    pub channel: String,
    pub unit: String,
    pub key: String,
    pub title: String,
    pub text: String,
    pub event: Value,
    pub taken: bool,
}

/// What a carrier answers: by channel, unit and how often the key has come before.
pub type Answers = Arc<dyn Fn(&str, &str, usize) -> Result<(), CarryError> + Send + Sync>;

/// Whatever was sent, by whomever.
type Book = Arc<Mutex<Vec<Sent>>>;

struct Double {
    by: usize,
    channel: String,
    book: Book,
    answers: Answers,
}

impl Carrier for Double {
    fn destination(&self, to: &Recipient) -> Option<Destination> {
        let pace = Pace { most: 10_000, within: Duration::from_secs(1), at_once: 4 };
        (to.unit.as_str() != "u-nowhere").then(|| Destination { name: to.unit.to_string(), pace })
    }

    fn carry<'a>(&'a self, to: &'a Recipient, message: &'a Message) -> Carrying<'a> {
        Box::pin(async move {
            let mut book = self.book.lock().expect("no test panics here");
            let nth = book.iter().filter(|it| it.key == message.key).count();
            let answer = (self.answers)(&self.channel, to.unit.as_str(), nth);
            book.push(Sent {
                by: self.by,
                channel: self.channel.clone(),
                unit: to.unit.to_string(),
                key: message.key.clone(),
                title: message.title.clone(),
                text: message.text.clone(),
                event: message.event.clone(),
                taken: answer.is_ok(),
            });
            answer.map(|()| Carried { note: "taken".into() })
        })
    }
}

/// An engine with its courier.
pub struct Running {
    pub handle: Handle<MemoryStore>,
    engine: JoinHandle<()>,
    courier: JoinHandle<()>,
    _stop: watch::Sender<bool>,
}

impl Running {
    /// Ends both as a power cut would.
    pub fn kill(&self) {
        self.engine.abort();
        self.courier.abort();
    }
}

/// A town with logs in memory, and whoever runs on them.
pub struct Place {
    pub clock: Clock,
    pub intake: MemoryLog,
    pub ledger: MemoryLog,
    book: Book,
    answers: Answers,
    channels: Vec<String>,
    pub running: Vec<Running>,
    /// The last record of the intake that the test has stated.
    stated: std::sync::atomic::AtomicU64,
    _folder: TempDir,
}

impl Place {
    /// A town of these units with these channels, whose one engine leads.
    pub async fn new(at: &str, units: &[String], channels: &str, answers: Answers) -> Self {
        let folder = TempDir::new().expect("a folder");
        let workflows = policies(folder.path(), units, channels);
        let clock = Clock::at(format!("{at}+08:00").parse().expect("an instant"));
        let log = |name: &str| {
            MemoryLog::new(name, &[format!("duban.{TOWN}.{name}.>")], 1024 * 1024, clock.clone())
        };
        let (intake, ledger) = (log("intake"), log("ledger"));
        let named = |line: &str| line.split("name: ").nth(1)?.split(',').next().map(str::to_owned);
        let mut place = Self {
            clock,
            intake,
            ledger,
            book: Book::default(),
            answers,
            channels: channels.lines().filter_map(named).collect(),
            running: Vec::new(),
            stated: 0.into(),
            _folder: folder,
        };
        place.start(Signs::default()).await;
        let tenant = tenant();
        let definitions = duban::cli::folder::definitions(&workflows, std::slice::from_ref(&tenant));
        let definitions = definitions.unwrap_or_else(|failure| panic!("{failure}"));
        for definition in &definitions[&tenant] {
            place.publish(definition).await;
        }
        place.settled().await;
        place
    }

    /// Starts another engine with its courier on the same logs, and waits until it has
    /// found its role.
    pub async fn start(&mut self, signs: Signs) {
        let number = self.running.len();
        let reads = self.clock.clone();
        let now: duban::engine::settings::WallClock = Arc::new(move || reads.now());
        let draw = Arc::new(move || uuid::Uuid::from_u128(7 + number as u128));
        let settings = Settings::new(tenant(), Arc::clone(&now), draw);
        let made = Engine::new(settings, self.intake.clone(), self.ledger.clone(), MemoryShelf::new());
        let (engine, handle) = made.unwrap_or_else(|error| panic!("{error}"));
        let of_moment = handle.clone();
        let carriers: Carriers = self.channels.iter().map(|channel| self.double(number, channel)).collect();
        let reader = Reader::new(move || of_moment.store(), self.ledger.clone());
        let office = Office::new(tenant(), now, reader, carriers);
        let (courier, _) = Courier::new(office, handle.clone(), self.intake.clone(), signs);
        let (stop, stopped) = watch::channel(false);
        let (engine, courier) = (tokio::spawn(engine.run()), tokio::spawn(courier.run(stopped)));
        let mut status = handle.watch();
        let begun =
            status.wait_for(|status| status.role != Role::Recovering && status.ledger_seq > Seq::ZERO);
        tokio::time::timeout(WITHIN, begun).await.expect("in time").expect("an engine");
        self.running.push(Running { handle, engine, courier, _stop: stop });
    }

    fn double(&self, by: usize, channel: &str) -> (Name, Arc<dyn Carrier>) {
        let double = Double {
            by,
            channel: channel.to_owned(),
            book: Arc::clone(&self.book),
            answers: Arc::clone(&self.answers),
        };
        (Name::new(channel).expect("a name"), Arc::new(double))
    }

    async fn publish(&self, definition: &Definition) {
        let fact = publication(definition).id(&format!("policy-{}", definition.sha().expect("a digest")));
        self.append(&fact.into_fact()).await;
    }

    /// States an event to the intake.
    pub async fn state(&self, event: &Value) {
        let text = |name: &str| event[name].as_str().map(str::to_owned);
        let draft = crate::support::drafts::fact(event["type"].as_str().expect("a type"));
        let mut fact = draft.by(event["actor"].as_str().expect("an actor")).into_fact();
        (fact.source, fact.id) = (text("source").expect("a source"), text("id").expect("an id"));
        (fact.subject, fact.data) = (text("subject"), event["data"].clone());
        self.append(&fact).await;
    }

    async fn append(&self, fact: &duban::event::fact::Fact) {
        let (subject, headers, body) = duban::event::structured::to_message(fact, &tenant());
        let record = NewRecord { subject, headers, body: body.into() };
        let seq = self.intake.append(vec![record], None).await.unwrap_or_else(|error| panic!("{error}"));
        self.stated.fetch_max(seq.0, std::sync::atomic::Ordering::SeqCst);
    }

    /// Moves the clock, and waits until everything that is due then is decided.
    pub async fn at(&self, at: &str) {
        self.clock.set(format!("{at}+08:00").parse().expect("an instant"));
        self.settled().await;
    }

    /// Waits until some engine that leads has decided everything.
    pub async fn settled(&self) {
        self.until("everything is decided", || {
            let (now, stated) =
                (self.clock.now(), Seq(self.stated.load(std::sync::atomic::Ordering::SeqCst)));
            self.running.iter().any(|it| {
                let status = it.handle.status();
                status.role == Role::Leading
                    && status.lag == 0
                    && status.decided_seq >= stated
                    && status.ledger_seq > Seq(1)
                    && status.next_timer_at.is_none_or(|at| at > now)
            })
        })
        .await;
    }

    /// Waits until something is so.
    pub async fn until(&self, what: &str, so: impl Fn() -> bool) {
        let until = std::time::Instant::now() + WITHIN;
        while !so() {
            assert!(std::time::Instant::now() < until, "{what}: {:#?}", self.sent());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What carriers were given so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.book.lock().expect("no test panics here").clone()
    }

    /// What was sent through a channel.
    pub fn sent_by(&self, channel: &str) -> Vec<Sent> {
        self.sent().into_iter().filter(|it| it.channel == channel).collect()
    }

    /// Every recorded end, by reminder, unit and channel, in the order of the ledger.
    pub async fn ends(&self) -> Vec<(Seq, String, String, Outcome, String)> {
        let mut reader = self.ledger.reader(Seq::ZERO).await.expect("a reader");
        let (last, mut ends, mut read) = (self.ledger.last().await.expect("an end"), Vec::new(), Seq::ZERO);
        while read < last {
            for record in reader.next(1_000, WITHIN).await.expect("records") {
                read = record.seq;
                let entry = Entry::read(&record.body).unwrap_or_else(|error| panic!("{error}"));
                if let Event::DeliveryEnded(it) = entry.decided.event {
                    ends.push((
                        it.reminder,
                        it.unit.to_string(),
                        it.channel.to_string(),
                        it.outcome,
                        it.note,
                    ));
                }
            }
        }
        ends
    }

    /// Waits until so many ends are recorded, and gives them. Time passes meanwhile, if
    /// slowly: the courier looks again at what it could not read to the end after a
    /// moment of the office's clock.
    pub async fn ended(&self, count: usize) -> Vec<(Seq, String, String, Outcome, String)> {
        let until = std::time::Instant::now() + WITHIN;
        loop {
            let ends = self.ends().await;
            if ends.len() >= count {
                self.settled().await;
                return self.ends().await;
            }
            assert!(std::time::Instant::now() < until, "{} of {count} ended: {ends:#?}", ends.len());
            self.clock.set(self.clock.now().plus(Duration::from_millis(2)));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Serves the first engine over HTTP to whoever sits at the machine, and gives the
    /// address of its tenant.
    pub async fn serve(&self) -> String {
        let handle = self.running[0].handle.clone();
        let tenants = BTreeMap::from([(
            tenant(),
            Arc::new(Tenant::new(handle, self.intake.clone(), self.ledger.clone())),
        )]);
        let reads = self.clock.clone();
        let gate = gate(GateSettings::default(), &MemoryDirectory::default(), None, &self.clock);
        let site = Site { tenants, now: Arc::new(move || reads.now()), metrics: None, gate };
        let app = router(Arc::new(site));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}/v1/{TOWN}", listener.local_addr().expect("an address"));
        let app = app.into_make_service_with_connect_info::<duban::tls::Peer>();
        tokio::spawn(async move { axum::serve(listener, app).await });
        address
    }
}

fn tenant() -> TenantId {
    TenantId::new(TOWN).expect("a tenant")
}

/// A carrier that always takes.
pub fn willing() -> Answers {
    Arc::new(|_, _, _| Ok(()))
}
