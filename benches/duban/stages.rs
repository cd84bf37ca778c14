//! Where a rebuild spends its time: each of its stages alone, on one thread.

use std::time::{Duration, Instant};

use duban::engine::backing::{Stored, commit, tables};
use duban::engine::fold::read;
use duban::id::{Seq, TenantId};
use duban::kernel::evolve::evolve;
use duban::kernel::state::{State, settle};
use duban::nats::NatsLog;
use duban::port::log::{Log as _, MOST_IN_APPEND, Reader as _};
use duban::sled_store::{SledSettings, SledStore};

/// Prints microseconds per entry for decoding, folding and storing `ledger`.
pub async fn measure(ledger: &NatsLog, tenant: &TenantId) {
    let last = ledger.last().await.expect("its end");
    let mut reader = ledger.reader(Seq::ZERO).await.expect("a reader");
    let mut records = Vec::new();
    while (records.len() as u64) < last.0 {
        records.extend(reader.next(5 * MOST_IN_APPEND, Duration::from_secs(5)).await.expect("records"));
    }
    let each = |took: Duration| took.as_secs_f64() * 1e6 / records.len().max(1) as f64;

    let began = Instant::now();
    let entries: Vec<_> = records.iter().map(|record| read(record).expect("an entry")).collect();
    let decoded = began.elapsed();

    let folder = tempfile::TempDir::new().expect("a folder");
    let store = SledStore::open(folder.path(), &tables(), SledSettings::default()).expect("a store");
    let mut state = State::load(Stored(store.clone()), tenant).expect("a state");
    let began = Instant::now();
    for entry in &entries {
        evolve(&mut state, &entry.entry, entry.hash).expect("it follows");
    }
    let folded = began.elapsed();

    let began = Instant::now();
    let layer = state.seal().expect("a layer");
    let rows = settle(&layer, &Stored(store.clone())).expect("rows");
    let (settled, count) = (began.elapsed(), rows.len());
    let began = Instant::now();
    commit(&store, rows).expect("a step");
    let committed = began.elapsed();
    println!(
        "  stages of a rebuild, µs an entry: decode {:.1}, fold {:.1}, settle {:.1}, store {:.1} ({count} rows)",
        each(decoded),
        each(folded),
        each(settled),
        each(committed)
    );
}
