//! The overdue list and the desk's pages over HTTP, with few and with very many open
//! cases.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant as Moment};

use duban::cli::shelf::FolderShelf;
use duban::engine::backing::{Stored, commit};
use duban::engine::tenant::Engine;
use duban::event::fact::{Content, Fact, Received};
use duban::http::{Site, Tenant, router_with};
use duban::id::{EventType, Seq, TenantId, UnitId};
use duban::kernel::state::{State, settle};
use duban::kernel::turn::Outgoing;
use duban::kernel::{decide, genesis};
use duban::port::record::Record;
use duban::port::shelf::Shelf as _;
use duban::sled_store::{SledSettings, SledStore};
use duban::time::Instant;
use serde_json::{Value, json};

use crate::end_of_log::EndOfLog;
use crate::support::{definitions, now, settings};
use crate::{quantile, resident_mib};

const UNITS: [&str; 5] = ["qu-shuiwuju", "qu-rensheju", "qu-zhujianju", "qu-gongxinju", "qu-minzhengju"];
/// How many facts are folded before they are stored.
const IN_STEP: usize = 5_000;
const REQUESTS: usize = 1_000;
/// How many of the ledger's last entries are kept: more than any page reads.
const AT_THE_END: usize = 2_000;

pub async fn run(cases: usize) {
    let few = page_times(10_000.min(cases)).await;
    let many = page_times(cases).await;
    println!("overdue page of 100 at {:>9} cases  p50 {:?}  p99 {:?}", few.cases, few.p50, few.p99);
    println!(
        "overdue page of 100 at {:>9} cases  p50 {:?}  p99 {:?}  {:.2} of the p99 at few",
        many.cases,
        many.p50,
        many.p99,
        many.p99.as_secs_f64() / few.p99.as_secs_f64()
    );
    println!(
        "one unit's page at     {:>9} cases  p50 {:?}  p99 {:?}",
        many.cases, many.unit_p50, many.unit_p99
    );
    println!("counts of all units at {:>9} cases  p50 {:?}", many.cases, many.counts_p50);
    for (page, few, many) in few.desk.iter().zip(&many.desk).map(|(few, many)| (few.title, few, many)) {
        println!(
            "the desk's {page:<18} at {:>9} cases  p50 {:?}  p99 {:?}  ({:.0} KiB; p50 {:?} at few)",
            cases, many.p50, many.p99, many.kib, few.p50
        );
    }
    println!(
        "resident memory then                 {:>10} MiB (store filled in {:?})",
        many.resident, many.filled
    );
}

/// What is asked of the desk: the first look of the day, and a list that is filtered.
const DESK: [(&str, &str); 5] = [
    ("overview", ""),
    ("ledger, overdue", "ledger?light=overdue,escalated&unit=qu-shuiwuju"),
    ("ledger, due soon", "ledger?light=due-soon&workflow=objection"),
    ("unit", "units/qu-shuiwuju"),
    ("supervision", "supervision"),
];
/// How often each page is asked for.
const PAGES: usize = 200;

/// One page's times.
struct Page {
    title: &'static str,
    p50: Duration,
    p99: Duration,
    kib: f64,
}

struct Times {
    cases: usize,
    p50: Duration,
    p99: Duration,
    unit_p50: Duration,
    unit_p99: Duration,
    counts_p50: Duration,
    desk: Vec<Page>,
    resident: u64,
    filled: Duration,
}

async fn page_times(cases: usize) -> Times {
    let folder = tempfile::TempDir::new().expect("a folder");
    let tenant = TenantId::new("changqing").expect("a tenant");
    let shelf = FolderShelf::open(folder.path(), SledSettings::default()).expect("a shelf");
    let began = Moment::now();
    let store = shelf.begin().expect("a store");
    let end = fill(&store, &tenant, cases);
    shelf.adopt(&store).expect("a switch");
    let filled = began.elapsed();
    drop(store);

    // The read side asks the store, and the ledger's end for what happened lately.
    let (intake, ledger) = (EndOfLog::default(), EndOfLog::new(end));
    let (_engine, handle) =
        Engine::new(settings(&tenant), intake.clone(), ledger.clone(), shelf).expect("an engine");
    let site = Site {
        tenants: [(tenant.clone(), Arc::new(Tenant::new(handle, intake, ledger)))].into(),
        now: Arc::new(now),
        metrics: None,
        gate: crate::open_gate(),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let root = format!("http://{}", listener.local_addr().expect("an address"));
    let base = format!("{root}/v1/changqing");
    let app = router_with(Arc::new(site), duban::desk::routes());
    let app = app.into_make_service_with_connect_info::<duban::tls::Peer>();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let client = duban::tls::client().build().expect("a client");
    let mut all = ask(&client, &format!("{base}/overdue?limit=100"), REQUESTS).await;
    let mut unit = ask(&client, &format!("{base}/overdue?limit=100&unit=qu-shuiwuju"), REQUESTS).await;
    let mut counts = ask(&client, &format!("{base}/counts"), 20).await;
    let mut desk = Vec::new();
    for (page, path) in DESK {
        let url = format!("{root}/desk/changqing/{path}");
        let body = client.get(&url).send().await.expect("an answer").text().await.expect("a page");
        assert!(body.contains("</html>"), "{body}");
        let mut took = ask(&client, &url, PAGES).await;
        #[expect(clippy::cast_precision_loss, reason = "a size for people")]
        let kib = body.len() as f64 / 1024.0;
        desk.push(Page { title: page, p50: quantile(&mut took, 0.5), p99: quantile(&mut took, 0.99), kib });
    }
    let resident = resident_mib();
    server.abort();
    Times {
        cases,
        p50: quantile(&mut all, 0.5),
        p99: quantile(&mut all, 0.99),
        unit_p50: quantile(&mut unit, 0.5),
        unit_p99: quantile(&mut unit, 0.99),
        counts_p50: quantile(&mut counts, 0.5),
        desk,
        resident,
        filled,
    }
}

async fn ask(client: &reqwest::Client, url: &str, times: usize) -> Vec<Duration> {
    let mut took = Vec::with_capacity(times);
    for round in 0..times + times / 10 {
        let began = Moment::now();
        let answer = client.get(url).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{}", answer.status());
        let body = answer.bytes().await.expect("a body");
        if round == 0
            && let Ok(page) = serde_json::from_slice::<Value>(&body)
            && let Some(items) = page.get("items").and_then(Value::as_array)
        {
            assert_eq!(items.len(), 100, "a full page was expected");
        }
        // The first tenth warms caches and the connection.
        if round >= times / 10 {
            took.push(began.elapsed());
        }
    }
    took
}

/// Opens `cases` objections in a store, straight through the kernel, a minute
/// apart up to now, so that most are overdue. Gives the last entries of the ledger.
fn fill(store: &SledStore, tenant: &TenantId, cases: usize) -> Vec<Record> {
    let mut end = VecDeque::with_capacity(AT_THE_END);
    let backing = Stored(store.clone());
    let mut state = State::load(backing.clone(), tenant).expect("a state");
    #[expect(clippy::disallowed_methods, reason = "a ledger's identity")]
    let id = uuid::Uuid::new_v4();
    let begin = now().plus_seconds(-30 * 86_400);
    genesis::open_ledger(&mut state, id, tenant, begin).expect("a ledger");
    let mut seq = Seq::ZERO;
    for definition in definitions("changqing") {
        let sha = definition.sha().expect("a digest").to_string();
        let data = json!({"kind": definition.kind(), "name": definition.name(), "version": definition.version(),
            "sha": sha, "document": definition});
        let received = received(&mut seq, begin, "operator", "policy.published", &sha, None, data);
        decide::decide(&mut state, received).expect("a decision");
    }
    let step = 29 * 86_400_000_000_000_i64 / i64::try_from(cases).unwrap_or(1).max(1);
    for case in 0..cases {
        let at = Instant::from_nanos(begin.as_nanos() + step * i64::try_from(case).unwrap_or(0));
        let data = json!({"unit": UNITS[case % UNITS.len()], "penaltyNumber": format!("P-{case}")});
        let (id, subject) = (format!("r-{case}"), format!("objection/B-{case}"));
        let received =
            received(&mut seq, at, "xinyong-pingtai", "objection.received", &id, Some(subject), data);
        for out in decide::decide(&mut state, received).expect("a decision") {
            if end.len() == AT_THE_END {
                end.pop_front();
            }
            end.push_back(record(out));
        }
        if case % IN_STEP == IN_STEP - 1 || case + 1 == cases {
            let layer = state.seal().expect("a layer");
            commit(store, settle(&layer, &backing).expect("rows")).expect("a step");
            state.release();
        }
    }
    end.into()
}

/// An entry as the ledger keeps it.
fn record(out: Outgoing) -> Record {
    let (seq, at) = (out.entry.seq, out.entry.decided.at);
    Record { seq, at, subject: out.subject, headers: Vec::new(), body: out.body }
}

fn received(
    seq: &mut Seq,
    at: Instant,
    actor: &str,
    kind: &str,
    id: &str,
    subject: Option<String>,
    data: Value,
) -> Received {
    *seq = seq.next();
    let fact = Fact {
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
    };
    Received { seq: *seq, at, content: Content::Fact(Box::new(fact)) }
}
