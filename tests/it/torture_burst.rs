//! Many deadlines at one instant, and facts at the very edge of one.

use std::time::{Duration, Instant as Moment};

use duban::cli::shelf::FolderShelf;
use duban::engine::handle::Handle;
use duban::engine::intake::received;
use duban::engine::settings::Settings;
use duban::engine::tenant::Engine;
use duban::event::catalogue::Event;
use duban::event::entry::Entry;
use duban::event::fact::{Content, Fact};
use duban::event::structured::to_message;
use duban::id::{CaseId, Seq, TenantId};
use duban::nats::{Broker, NatsLog};
use duban::port::log::{Log as _, NewRecord, Reader as _};
use duban::port::record::Record;
use duban::sled_store::{SledSettings, SledStore};
use duban::time::Instant;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::support::engine::{definitions, now, settings};
use crate::support::nats::Server;
use crate::torture_audit::read_all;
use crate::torture_kills::{logs, patient};
use crate::torture_load::{TENANT, fact, news, news_submitted};

/// How many deadlines fall due at once.
const AT_ONCE: usize = 10_000;
/// How long after that instant the last may be declared; a build without optimisation,
/// on a machine that compiles beside it, is several times slower.
const DECLARED_WITHIN: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 5 });
/// How long before it their facts begin to be published: the debug build decides
/// some thousand facts a second.
const AHEAD: i64 = 30;
/// How long anything may take that is not measured.
const PATIENCE: Duration = Duration::from_secs(60);
/// What the engine is slowed by, each round.
const SLOWNESS: Duration = Duration::from_millis(200);
/// Cases that are finished around their due instant, one every millisecond or two.
const AT_THE_EDGE: usize = 600;
const OWNER: &str = "qu-minzhengju";

/// An engine in this process.
struct Running {
    intake: NatsLog,
    ledger: NatsLog,
    broker: Broker,
    tenant: TenantId,
    handle: Handle<SledStore>,
    engine: tokio::task::JoinHandle<()>,
    server: Server,
}

impl Running {
    async fn start(change: impl FnOnce(Settings) -> Settings) -> Self {
        let server = Server::start().await;
        let tenant = TenantId::new(TENANT).expect("a tenant");
        let broker = patient(server.url()).await;
        let (intake, ledger) = logs(&broker, &tenant).await;
        let shelf = FolderShelf::open(&server.folder().join("rows"), SledSettings::default()).expect("a shelf");
        let settings = change(settings(&tenant));
        let (engine, handle) =
            Engine::new(settings, intake.clone(), ledger.clone(), shelf).expect("an engine");
        let engine = tokio::spawn(engine.run());
        let running = Self { intake, ledger, broker, tenant, handle, engine, server };
        let policies: Vec<Fact> = definitions(TENANT).iter().map(published).collect();
        let last = running.append(&policies).await;
        running.until_decided(last).await;
        running
    }

    /// Puts facts into the intake; the place of the last one.
    async fn append(&self, facts: &[Fact]) -> Seq {
        let mut last = Seq::ZERO;
        for group in facts.chunks(1_000) {
            let records = group.iter().map(|fact| self.record(fact)).collect();
            last = self.intake.append(records, None).await.expect("an intake that takes it");
        }
        last
    }

    fn record(&self, fact: &Fact) -> NewRecord {
        let (subject, headers, body) = to_message(fact, &self.tenant);
        NewRecord { subject, headers, body: body.into() }
    }

    async fn until_decided(&self, seq: Seq) {
        let mut watch = self.handle.watch();
        let decided = watch.wait_for(|status| status.decided_seq >= seq || status.stopped.is_some());
        let status = tokio::time::timeout(PATIENCE, decided).await.expect("a decision in time");
        assert_eq!(status.expect("a running engine").stopped, None);
    }

    /// Stops the engine, and reads what it has written.
    async fn end(self) -> (Vec<Record>, Vec<Entry>, Server) {
        self.handle.stop().await;
        self.engine.await.expect("a clean stop");
        let entry = |record: &Record| Entry::read(&record.body).expect("an entry");
        let ledger = read_all(&self.ledger).await.iter().map(entry).collect();
        (read_all(&self.intake).await, ledger, self.server)
    }
}

fn published(definition: &duban::policy::definition::Definition) -> Fact {
    let sha = definition.sha().expect("a digest");
    let data = json!({
        "kind": definition.kind(), "name": definition.name(), "version": definition.version(),
        "sha": sha.to_string(), "document": definition,
    });
    fact("policy.published", &format!("policy-{sha}"), "operator", data)
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_deadlines_of_one_instant_are_declared_at_once_and_once_each() {
    let running = Running::start(|settings| settings).await;
    let due_at = now().plus_seconds(AHEAD);
    let facts: Vec<Fact> = (0..AT_ONCE).map(|n| news(&format!("B-{n}"), OWNER, due_at)).collect();
    let last = running.append(&facts).await;
    running.until_decided(last).await;
    let ready_at = now();
    assert!(ready_at < due_at, "the facts were decided {:?} too late", ready_at.since(due_at));
    let before = running.ledger.last().await.expect("an end");
    let (declared, accepted) = tokio::join!(declared(&running, before), accept_meanwhile(&running, due_at));
    let took = declared.since(due_at);
    println!("{AT_ONCE} deadlines were declared {took:?} after their instant; {accepted:?} was the longest wait");
    assert!(took <= DECLARED_WITHIN, "the last breach was declared {took:?} after the due instant");
    let (_, ledger, server) = running.end().await;
    let mut breached: BTreeMap<CaseId, usize> = BTreeMap::new();
    for entry in ledger {
        if let (Event::DeadlineBreached(it), Some(case)) = (&entry.decided.event, entry.decided.case) {
            if it.due_at == due_at {
                *breached.entry(case).or_default() += 1;
            }
        }
    }
    assert_eq!(breached.len(), AT_ONCE);
    assert!(breached.values().all(|times| *times == 1), "a breach was declared twice");
    drop(server);
}

/// When the last breach was on the ledger, by the broker's own clock.
async fn declared(running: &Running, after: Seq) -> Instant {
    let mut reader = running.ledger.reader(after).await.expect("a reader");
    let (mut left, until) = (AT_ONCE, Moment::now() + PATIENCE);
    loop {
        assert!(Moment::now() < until, "{left} breaches are missing");
        for record in reader.next(1_000, Duration::from_secs(1)).await.expect("records") {
            if record.subject.contains(".ledger.deadline.breached.") {
                left -= 1;
            }
            if left == 0 {
                return record.at;
            }
        }
    }
}

/// Publishes facts one after another around the instant and waits for each to be
/// accepted; the longest wait.
async fn accept_meanwhile(running: &Running, due_at: Instant) -> Duration {
    let mut longest = Duration::ZERO;
    let (mut after, mut number) = (0, 0);
    while after < 20 {
        number += 1;
        let began = Moment::now();
        let other = news(&format!("M-{number}"), "wenchang", due_at.plus_seconds(3_600));
        let seq = running.append(&[other]).await;
        let promise = running.handle.expect(seq);
        let outcome = running.handle.outcome(promise, PATIENCE).await.expect("an outcome");
        assert_eq!(outcome.verdict, "accepted", "{outcome:?}");
        if now() >= due_at {
            after += 1;
            longest = longest.max(began.elapsed());
        }
    }
    longest
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recorded_before_its_due_instant_is_never_late_however_slow_the_engine_is() {
    // A clock that runs ahead wakes the engine too early, which must not matter.
    let ahead = |settings: Settings| Settings {
        slowed_by: SLOWNESS,
        now: Arc::new(|| now().plus_seconds(4)),
        ..settings
    };
    let running = Running::start(ahead).await;
    let due_at = now().plus_seconds(12);
    let facts: Vec<Fact> = (0..AT_THE_EDGE).map(|n| news(&format!("E-{n}"), OWNER, due_at)).collect();
    let last = running.append(&facts).await;
    running.until_decided(last).await;
    submit_around(&running, due_at).await;
    let last = running.append(&[fact("moon.risen", "end", OWNER, json!({}))]).await;
    running.until_decided(last).await;
    let (intake, ledger, server) = running.end().await;
    let recorded = submissions(&intake);
    assert_eq!(recorded.len(), AT_THE_EDGE);
    let nearest = recorded.values().filter(|at| **at <= due_at).max().expect("some were in time");
    let last = recorded.values().max().expect("some were recorded");
    println!("the nearest was recorded {:?} before, the last {:?} after", due_at.since(*nearest), last.since(due_at));
    assert!(due_at.since(*nearest) < Duration::from_millis(20), "none was recorded just before the instant");
    assert!(*last > due_at, "none was recorded after the instant");
    judged_by_their_records(&ledger, &recorded, due_at);
    drop(server);
}

/// Submits one case after another, from a while before the instant to a while after.
async fn submit_around(running: &Running, due_at: Instant) {
    let before = Duration::from_millis(700);
    let pause = due_at.since(now()).checked_sub(before).expect("time is left");
    tokio::time::sleep(pause).await;
    let publish = |number: usize| {
        let record = running.record(&news_submitted(&format!("E-{number}"), OWNER));
        let client = running.broker.client().clone();
        async move {
            tokio::time::sleep(Duration::from_millis(2 * number as u64)).await;
            let answer = client.request(record.subject, record.body).await.expect("an acknowledgement");
            assert!(String::from_utf8_lossy(&answer.payload).contains("\"seq\""), "{answer:?}");
        }
    };
    futures::future::join_all((0..AT_THE_EDGE).map(publish)).await;
}

/// When the broker recorded the submission of each case.
fn submissions(intake: &[Record]) -> BTreeMap<CaseId, Instant> {
    let tenant = TenantId::new(TENANT).expect("a tenant");
    let of = |record: &Record| match received(&tenant, record).content {
        Content::Fact(fact) if fact.kind.as_str() == "news.submitted" => {
            Some((CaseId::new(fact.subject.as_deref()?).ok()?, record.at))
        }
        _ => None,
    };
    intake.iter().filter_map(of).collect()
}

/// Whoever submitted in time is on time and was never declared late; everyone else
/// was, once.
fn judged_by_their_records(ledger: &[Entry], recorded: &BTreeMap<CaseId, Instant>, due_at: Instant) {
    let (mut met, mut breached) = (BTreeMap::new(), BTreeSet::new());
    for entry in ledger {
        let Some(case) = entry.decided.case.clone().filter(|case| recorded.contains_key(case)) else { continue };
        match &entry.decided.event {
            Event::DeadlineMet(it) => assert_eq!(met.insert(case, it.late), None, "met twice: {entry:?}"),
            Event::DeadlineBreached(_) => assert!(breached.insert(case), "breached twice: {entry:?}"),
            _ => {}
        }
    }
    for (case, at) in recorded {
        // Limits in hours include their last instant.
        let late = *at > due_at;
        assert_eq!(met.get(case), Some(&late), "{case} was recorded at {at}, due at {due_at}");
        assert_eq!(breached.contains(case), late, "{case} was recorded at {at}, due at {due_at}");
    }
}

