//! The whole way: HTTP batches in; durable, decided, on the ledger, in sled.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use duban::cli::broker::{LocalBroker, LocalSettings};
use duban::cli::nats_server::Places;
use duban::cli::shelf::FolderShelf;
use duban::engine::handle::Handle;
use duban::engine::tenant::Engine;
use duban::http::{Site, Tenant, router};
use duban::id::{Seq, TenantId};
use duban::nats::{Broker, BrokerSettings, LogSettings};
use duban::port::log::Log as _;
use duban::sled_store::{SledSettings, SledStore};
use serde_json::{Value, json};

use crate::support::{definitions, now, settings};
use crate::{broker, per_second, resident_mib};

/// Facts in one HTTP request, and requests under way at once.
const IN_REQUEST: usize = 1_000;
const AT_ONCE: usize = 4;

pub async fn run(facts: usize) {
    let folder = tempfile::TempDir::new().expect("a folder");
    let program = Places::from_env().find().unwrap_or_else(|error| panic!("failed to {error}"));
    let local = LocalBroker::start(LocalSettings::new(program, folder.path().join("broker")))
        .await
        .expect("a broker");
    let broker = Broker::connect(BrokerSettings::new(local.url())).await.expect("a connection");
    let before = broker::measure(&broker, 5).await;

    let tenant = TenantId::new("changqing").expect("a tenant");
    let intake = broker.intake(&tenant, &LogSettings::default()).await.expect("an intake");
    let ledger = broker.ledger(&tenant, &LogSettings::default()).await.expect("a ledger");
    let shelf = FolderShelf::open(&folder.path().join("rows"), SledSettings::default()).expect("a shelf");
    let (engine, handle) =
        Engine::new(settings(&tenant), intake.clone(), ledger.clone(), shelf).expect("an engine");
    let engine = tokio::spawn(engine.run());
    let site = Site {
        tenants: [(tenant.clone(), Arc::new(Tenant::new(handle.clone(), intake.clone(), ledger.clone())))]
            .into(),
        now: Arc::new(now),
        metrics: None,
        gate: crate::open_gate(),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}/v1/changqing/events", listener.local_addr().expect("an address"));
    tokio::spawn(async move { axum::serve(listener, router(Arc::new(site))).await });

    let client = duban::tls::client().build().expect("a client");
    post(&client, &url, body(&policies())).await;
    decided(&handle, intake.last().await.expect("its end")).await;
    let ledger_before = ledger.last().await.expect("its end");

    // What the facts cost their publishers to write is not duban's.
    let batches: Vec<Bytes> = lives(facts).chunks(IN_REQUEST).map(body).collect();
    let began = Instant::now();
    for wave in batches.chunks(AT_ONCE) {
        let posts = wave.iter().map(|batch| post(&client, &url, batch.clone()));
        futures::future::join_all(posts).await;
    }
    let posted = began.elapsed();
    decided(&handle, intake.last().await.expect("its end")).await;
    let took = began.elapsed();
    let events = usize::try_from(ledger.last().await.expect("its end").0 - ledger_before.0).unwrap_or(0);

    let rebuilt = handle.rebuild().await.expect("a rebuild");
    assert!(rebuilt.agreed, "the projection made again differs: {rebuilt:?}");
    let rebuild =
        per_second(usize::try_from(rebuilt.entries).unwrap_or(0), Duration::from_millis(rebuilt.folded_ms));
    let after = broker::measure(&broker, 5).await;
    let raw = broker::Raw {
        appended: f64::midpoint(before.appended, after.appended),
        read: f64::midpoint(before.read, after.read),
    };
    let rate = per_second(facts, took);
    println!("raw append, batches of 1000          {:>10.0} records/s", raw.appended);
    println!("raw read                             {:>10.0} records/s", raw.read);
    println!("facts acknowledged                   {:>10.0} facts/s", per_second(facts, posted));
    println!(
        "facts end to end                     {rate:>10.0} facts/s    {:.2} of raw append",
        rate / raw.appended
    );
    println!("ledger events end to end             {:>10.0} events/s", per_second(events, took));
    println!(
        "rebuild                              {rebuild:>10.0} events/s   {:.2} of raw read",
        rebuild / raw.read
    );
    println!(
        "  ({} entries, {} ms with the comparison; resident {} MiB)",
        rebuilt.entries,
        rebuilt.took_ms,
        resident_mib()
    );
    crate::stages::measure(&ledger, &tenant).await;
    handle.stop().await;
    engine.await.expect("a clean stop");
    local.stop().await;
}

async fn decided(handle: &Handle<SledStore>, until: Seq) {
    let mut status = handle.watch();
    let reached = status.wait_for(|status| status.decided_seq >= until && status.lag == 0);
    tokio::time::timeout(Duration::from_secs(600), reached).await.expect("in time").expect("an engine");
    let promise = handle.expect(until);
    handle.outcome(promise, Duration::from_secs(60)).await.expect("stored");
}

/// The body of a request that states these events.
fn body(events: &[Value]) -> Bytes {
    serde_json::to_vec(events).expect("JSON").into()
}

async fn post(client: &reqwest::Client, url: &str, body: Bytes) {
    loop {
        let sent = client
            .post(url)
            .header("content-type", "application/cloudevents-batch+json")
            .body(body.clone())
            .send()
            .await
            .expect("an answer");
        if sent.status().is_success() {
            return;
        }
        assert!(sent.status().as_u16() == 503 || sent.status().as_u16() == 429, "{:?}", sent.text().await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn policies() -> Vec<Value> {
    let publish = |definition: duban::policy::definition::Definition| {
        let sha = definition.sha().expect("a digest").to_string();
        json!({
            "specversion": "1.0", "id": format!("policy-{sha}"), "source": "/bench", "actor": "operator",
            "type": "policy.published",
            "data": {"kind": definition.kind(), "name": definition.name(), "version": definition.version(),
                     "sha": sha, "document": definition},
        })
    };
    definitions("changqing").into_iter().map(publish).collect()
}

/// Cases whose facts of one stage are stated together: as many as are under way at once,
/// so that what follows a fact is stated once the fact is acknowledged.
const IN_WAVE: usize = IN_REQUEST * AT_ONCE;

/// Objections from receipt to closing, four facts each; the cases of a wave go on side by
/// side.
fn lives(facts: usize) -> Vec<Value> {
    const UNITS: [&str; 5] = ["qu-shuiwuju", "qu-rensheju", "qu-zhujianju", "qu-gongxinju", "qu-minzhengju"];
    let fact = |case: usize, kind: &str, actor: &str, data: Value| {
        json!({
            "specversion": "1.0", "id": format!("{case}-{kind}"), "source": "/bench", "actor": actor,
            "type": kind, "subject": format!("objection/B-{case}"), "data": data,
        })
    };
    let cases = facts.div_ceil(4);
    let stages = 4;
    let mut all = Vec::with_capacity(cases * stages);
    for wave in (0..cases).collect::<Vec<_>>().chunks(IN_WAVE) {
        for stage in 0..stages {
            for case in wave {
                let unit = UNITS[case % UNITS.len()];
                all.push(match stage {
                    0 => fact(
                        *case,
                        "objection.received",
                        "xinyong-pingtai",
                        json!({"unit": unit, "penaltyNumber": format!("P-{case}")}),
                    ),
                    1 => fact(*case, "objection.accepted", unit, json!({})),
                    2 => fact(
                        *case,
                        "objection.answered",
                        unit,
                        json!({"result": "maintained", "reasons": "as decided"}),
                    ),
                    _ => fact(*case, "objection.review-passed", "xinyong-ban", json!({})),
                });
            }
        }
    }
    all.truncate(facts);
    all
}
