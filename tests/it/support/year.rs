//! A district in the middle of its year, served: nine months lived by the simulation
//! up to a Wednesday morning before the national holiday.
//!
//! The year is decided once for all tests of a run. Its entries become the ledger and its
//! rows the projection, so that the engine goes on from there as after a restart.

use std::sync::OnceLock;

use chrono::NaiveDate;
use duban::event::structured::to_message;
use duban::id::TenantId;
use duban::memory::clock::Clock;
use duban::memory::directory::MemoryDirectory;
use duban::memory::log::MemoryLog;
use duban::memory::store::MemoryStore;
use duban::port::log::{Log as _, NewRecord};
use duban::scenario::virtual_tenant::VirtualTenant;
use duban::sim::year::course::{Course, Told};
use duban::sim::year::openings::Span;
use duban::time::Instant;

use super::engine::definitions;
use super::site::{MemoryShelf, Served, log};

/// When it is: the days ahead have the holiday and both of its make-up days in them.
pub const NOW: &str = "2024-09-25T08:40:00+08:00";
const SEED: u64 = 7;
/// How many records are appended at once.
const GROUP: usize = 500;

/// The site, for as long as the tests run.
pub fn year() -> &'static Served {
    static YEAR: OnceLock<Served> = OnceLock::new();
    YEAR.get_or_init(|| {
        let (tell, told) = std::sync::mpsc::channel();
        // The site outlives the runtime of the test that happens to come first.
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                tell.send(lived().await).expect("somebody waits");
                std::future::pending::<()>().await;
            });
        });
        told.recv().expect("a year")
    })
}

async fn lived() -> Served {
    let tenant = TenantId::new("changqing").expect("a tenant");
    let (intake, ledger, rows) = live(&tenant);
    let clock = Clock::at(NOW.parse().expect("an instant"));
    let (intake, ledger) = (logged("intake", &clock, intake).await, logged("ledger", &clock, ledger).await);
    Served::over((clock, intake, ledger), MemoryShelf(Some(rows)), MemoryDirectory::default(), None).await
}

/// The facts, the entries and the rows of the year.
fn live(tenant: &TenantId) -> (Vec<NewRecord>, Vec<NewRecord>, MemoryStore) {
    let day = |month, day| NaiveDate::from_ymd_opt(2024, month, day).expect("a day");
    let span = Span { from: day(1, 1), until: day(9, 25) };
    let (mut facts, mut entries) = (Vec::new(), vec![first_entry(tenant)]);
    let mut listen = |told: &Told<'_>| {
        match told {
            Told::Fact(fact) => {
                let (subject, headers, body) = to_message(fact, tenant);
                facts.push(NewRecord { subject, headers, body: body.into() });
            }
            Told::Event(out) => {
                let (subject, body) = (out.subject.clone(), out.body.clone());
                entries.push(NewRecord { subject, headers: Vec::new(), body });
            }
        }
        Ok(())
    };
    let definitions = definitions(tenant.as_str());
    let course = Course::begin(tenant, &definitions, span, SEED, &mut listen).expect("a beginning");
    let rows = course.live().expect("a course").stored().expect("rows").clone();
    (facts, entries, rows)
}

/// The entry that opens the ledger, as a course writes it.
fn first_entry(tenant: &TenantId) -> NewRecord {
    let mut empty = VirtualTenant::new(tenant).expect("a tenant");
    empty.open(uuid::Uuid::nil(), tenant, Instant::MAX).expect("a ledger");
    let out = empty.ledger.remove(0);
    NewRecord { subject: out.subject, headers: Vec::new(), body: out.body }
}

async fn logged(name: &str, clock: &Clock, records: Vec<NewRecord>) -> MemoryLog {
    let log = log(name, clock);
    for group in records.chunks(GROUP) {
        log.append(group.to_vec(), None).await.expect("room");
    }
    log
}
