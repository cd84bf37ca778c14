//! A hundred thousand reminders due at one instant: how fast they drain at the pace of
//! their destinations, and as fast as this machine can; how much memory that takes, and
//! whether facts are still decided as fast as before.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant as Moment};

use duban::cli::broker::{LocalBroker, LocalSettings};
use duban::cli::nats_server::Places;
use duban::cli::shelf::FolderShelf;
use duban::courier::letter::Office;
use duban::courier::run::Courier;
use duban::courier::signs::Signs;
use duban::engine::handle::Handle;
use duban::engine::ingest::Ingest;
use duban::engine::tenant::Engine;
use duban::event::fact::Fact;
use duban::id::{EventType, Name, TenantId, UnitId};
use duban::nats::{Broker, BrokerSettings, LogSettings, NatsLog};
use duban::port::carrier::{Carried, Carrier, Carriers, Carrying, Destination, Message, Pace, Recipient};
use duban::query::deliveries::DeliveryFilter;
use duban::query::reader::Reader;
use duban::sled_store::{SledSettings, SledStore};
use duban::time::Instant;
use serde_json::json;

use crate::support::{now, settings};
use crate::town::{TASK_WITHIN, TOWN, policies, units};
use crate::{per_second, quantile, resident_mib};

/// Units, each a destination of its own.
const UNITS: usize = 1_000;
/// How long a destination takes to answer.
const ANSWERS_AFTER: Duration = Duration::from_millis(5);
/// How many messages a second each destination takes: with a thousand of them two thousand
/// a second, and then more than two cores can write.
const PACES: [u32; 2] = [2, 20];
/// Facts stated one by one to measure how long a decision takes.
const PROBES: usize = 200;
/// Facts of one submission while the tasks are given.
const AT_ONCE: usize = 500;

/// Destinations that take everything, at their pace.
struct Willing {
    taken: Arc<AtomicU64>,
    pace: Pace,
}

impl Carrier for Willing {
    fn destination(&self, to: &Recipient) -> Option<Destination> {
        Some(Destination { name: to.unit.to_string(), pace: self.pace })
    }

    fn carry<'a>(&'a self, _: &'a Recipient, _: &'a Message) -> Carrying<'a> {
        Box::pin(async move {
            tokio::time::sleep(ANSWERS_AFTER).await;
            self.taken.fetch_add(1, Ordering::Relaxed);
            Ok(Carried { note: String::new() })
        })
    }
}

pub async fn run(reminders: usize) {
    for most in PACES {
        at_pace(reminders, most).await;
    }
}

async fn at_pace(reminders: usize, most: u32) {
    let folder = tempfile::TempDir::new().expect("a folder");
    let program = Places::from_env().find().unwrap_or_else(|error| panic!("failed to {error}"));
    let local = LocalBroker::start(LocalSettings::new(program, folder.path().join("broker")));
    let local = local.await.expect("a broker");
    let broker = Broker::connect(BrokerSettings::new(local.url())).await.expect("a connection");
    let tenant = TenantId::new(TOWN).expect("a tenant");
    let intake = broker.intake(&tenant, &LogSettings::default()).await.expect("an intake");
    let ledger = broker.ledger(&tenant, &LogSettings::default()).await.expect("a ledger");
    let shelf = FolderShelf::open(&folder.path().join("rows"), SledSettings::default()).expect("a shelf");
    let (engine, handle) =
        Engine::new(settings(&tenant), intake.clone(), ledger.clone(), shelf).expect("an engine");
    let engine = tokio::spawn(engine.run());
    let ingest = Ingest::start(intake.clone(), tenant.clone());
    let (units, taken) = (units(UNITS), Arc::new(AtomicU64::new(0)));
    publish(&ingest, &handle, &folder.path().join("policies"), &units, &tenant).await;
    let pace = Pace { most, within: Duration::from_secs(1), at_once: 2 };
    let carrier = Willing { taken: Arc::clone(&taken), pace };
    let (stop, courier) = courier(&tenant, &handle, &intake, &ledger, carrier);

    let due_at = now().plus_seconds(20 + i64::try_from(reminders / 5_000).unwrap_or(0));
    for batch in (0..reminders).collect::<Vec<_>>().chunks(AT_ONCE) {
        let facts: Vec<Fact> = batch.iter().map(|n| given(*n, &units[n % UNITS], due_at)).collect();
        submit(&ingest, &facts).await;
    }
    quiet(&handle).await;
    let before = probe(&ingest, &handle, &units, "before").await;
    let resident_before = resident_mib();
    tokio::time::sleep(due_at.since(now())).await;
    let began = Moment::now();
    let (mut peak, mut during) = (resident_before, Vec::new());
    let all = u64::try_from(reminders).expect("a number");
    let mut first = None;
    while taken.load(Ordering::Relaxed) < all {
        if taken.load(Ordering::Relaxed) > 0 {
            first.get_or_insert_with(Moment::now);
            during.push(one(&ingest, &handle, &units, &format!("while-{}", during.len())).await);
        }
        peak = peak.max(resident_mib());
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(began.elapsed() < Duration::from_secs(1_800), "{} of {all}", taken.load(Ordering::Relaxed));
    }
    let (raised, drained) = (first.map(|first| first - began), began.elapsed());
    pending_is_nothing(&handle, &ledger).await;
    let (mut before, mut during) = (before, during);
    println!("{reminders} reminders due at one instant, {UNITS} destinations of {most}/s");
    println!("  the first went out after           {:>10.0?}", raised.unwrap_or_default());
    let (allowed, speed) = (f64::from(most) * UNITS as f64, per_second(reminders, drained));
    println!(
        "  drained in {drained:.1?}               {speed:>10.0} reminders/s, {:.2} of what they take",
        speed / allowed
    );
    println!("  resident before, at most           {resident_before:>10} MiB, {peak} MiB");
    let tell = |name: &str, times: &mut Vec<Duration>| {
        println!(
            "  post to decided {name}       p50 {:>8.1?}  p99 {:>8.1?}  ({} facts)",
            quantile(times, 0.5),
            quantile(times, 0.99),
            times.len()
        );
    };
    tell("before", &mut before);
    tell("while  ", &mut during);
    stop.send_replace(true);
    courier.await.expect("a courier");
    handle.stop().await;
    engine.await.expect("a clean stop");
    local.stop().await;
}

type Stops = (tokio::sync::watch::Sender<bool>, tokio::task::JoinHandle<()>);

fn courier(
    tenant: &TenantId,
    handle: &Handle<SledStore>,
    intake: &NatsLog,
    ledger: &NatsLog,
    carrier: Willing,
) -> Stops {
    let carrier: Arc<dyn Carrier> = Arc::new(carrier);
    let carriers = Carriers::from([(Name::new("hook").expect("a name"), carrier)]);
    let of_moment = handle.clone();
    let reader = Reader::new(move || of_moment.store(), ledger.clone());
    let office = Office::new(tenant.clone(), Arc::new(now), reader, carriers);
    let (courier, _) = Courier::new(office, handle.clone(), intake.clone(), Signs::default());
    let (stop, stopped) = tokio::sync::watch::channel(false);
    (stop, tokio::spawn(courier.run(stopped)))
}

async fn publish(
    ingest: &Ingest,
    handle: &Handle<SledStore>,
    folder: &std::path::Path,
    units: &[String],
    tenant: &TenantId,
) {
    let channels = "  - {name: hook, via: webhook, serves: [group:everyone]}\n";
    let workflows = policies(folder, units, channels);
    let definitions = duban::cli::folder::definitions(&workflows, std::slice::from_ref(tenant));
    let definitions = definitions.unwrap_or_else(|failure| panic!("{failure}"));
    for definition in &definitions[tenant] {
        let sha = definition.sha().expect("a digest").to_string();
        let data = json!({
            "kind": definition.kind(), "name": definition.name(), "version": definition.version(),
            "sha": sha, "document": definition,
        });
        submit(ingest, &[fact("policy.published", &sha, "operator", None, data)]).await;
    }
    quiet(handle).await;
}

fn fact(kind: &str, id: &str, actor: &str, subject: Option<String>, data: serde_json::Value) -> Fact {
    Fact {
        source: "/bench".into(),
        id: id.into(),
        kind: EventType::new(kind).expect("a type"),
        version: None,
        subject,
        actor: UnitId::new(actor).expect("a unit"),
        occurred_at: None,
        imported_at: None,
        stated_by: None,
        data,
    }
}

fn given(number: usize, unit: &str, due_at: Instant) -> Fact {
    task(&format!("B-{number}"), unit, due_at)
}

fn task(key: &str, unit: &str, due_at: Instant) -> Fact {
    let data = json!({"unit": unit, "from": due_at.plus_seconds(-TASK_WITHIN)});
    fact("task.given", key, "office", Some(format!("task/{key}")), data)
}

async fn submit(ingest: &Ingest, facts: &[Fact]) {
    while let Err(error) = ingest.submit(facts).await {
        println!("  submitted again: {error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn quiet(handle: &Handle<SledStore>) {
    let mut status = handle.watch();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let quiet = status.wait_for(|status| status.lag == 0 && status.ledger_seq.0 > 1);
    tokio::time::timeout(Duration::from_secs(600), quiet).await.expect("in time").expect("an engine");
}

/// From stating a fact to its outcome, in a row.
async fn probe(ingest: &Ingest, handle: &Handle<SledStore>, units: &[String], name: &str) -> Vec<Duration> {
    let mut times = Vec::with_capacity(PROBES);
    for number in 0..PROBES {
        times.push(one(ingest, handle, units, &format!("{name}-{number}")).await);
    }
    times
}

async fn one(ingest: &Ingest, handle: &Handle<SledStore>, units: &[String], key: &str) -> Duration {
    let far = now().plus_seconds(30 * 24 * 3_600);
    let began = Moment::now();
    let places = ingest.submit(&[task(key, &units[0], far)]).await.expect("stored");
    let promise = handle.expect(places[0]);
    handle.outcome(promise, Duration::from_secs(60)).await.expect("decided");
    began.elapsed()
}

async fn pending_is_nothing(handle: &Handle<SledStore>, ledger: &NatsLog) {
    let (of_moment, until) = (handle.clone(), Moment::now() + Duration::from_secs(120));
    let reader = Reader::new(move || of_moment.store(), ledger.clone());
    loop {
        let asked = reader.clone();
        let counted = tokio::task::spawn_blocking(move || {
            asked.delivery_counts(&DeliveryFilter::default(), now()).expect("counts").body.pending
        });
        let pending = counted.await.expect("an answer");
        if pending == 0 {
            return;
        }
        assert!(Moment::now() < until, "{pending} have no recorded outcome");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
