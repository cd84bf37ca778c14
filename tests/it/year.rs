//! A simulated year: a function of its seed, lively, and the same when its facts
//! are imported into a real engine on a real broker.

use std::time::Duration;

use chrono::NaiveDate;
use duban::cli::shelf::FolderShelf;
use duban::engine::backing::Stored;
use duban::engine::settings::Settings;
use duban::engine::tenant::Engine;
use duban::event::entry::Entry;
use duban::event::fact::Fact;
use duban::event::structured::to_message;
use duban::id::{Seq, Sha, TenantId};
use duban::kernel::row::Family;
use duban::kernel::state::Backing;
use duban::nats::LogSettings;
use duban::port::log::{Log as _, NewRecord};
use duban::sim::year::course::{Course, Told};
use duban::sim::year::openings::Span;
use duban::sim::year::summary::Summary;
use duban::sled_store::SledSettings;
use serde_json::Value;

use crate::support::engine::{definitions, settings};
use crate::support::nats::Server;

/// What a simulation told, and the digest of its rows.
struct Lived {
    facts: Vec<Fact>,
    bodies: Vec<Value>,
    rows: Sha,
    summary: Summary,
}

fn span(months: u32) -> Span {
    let day = |month| NaiveDate::from_ymd_opt(2024, month, 1).expect("a day");
    Span { from: day(1), until: day(1 + months) }
}

fn live(tenant: &str, seed: u64, months: u32) -> Lived {
    let tenant = TenantId::new(tenant).expect("a tenant");
    let (mut facts, mut bodies, mut summary) = (Vec::new(), Vec::new(), Summary::default());
    let definitions = definitions(tenant.as_str());
    let calendar = definitions.iter().find_map(|it| match it {
        duban::policy::definition::Definition::Calendar(def) => {
            duban::calendar::Calendar::new(def.clone()).ok()
        }
        _ => None,
    });
    let calendar = calendar.expect("a calendar");
    let mut listen = |told: &Told<'_>| {
        match told {
            Told::Fact(fact) => facts.push((*fact).clone()),
            Told::Event(out) => {
                bodies.push(decided(&out.body));
                summary.take(&calendar, out);
            }
        }
        Ok(())
    };
    let course = Course::begin(&tenant, &definitions, span(months), seed, &mut listen).expect("a beginning");
    let mut lived = course.live().expect("a course");
    let rows = rows(&Stored(lived.stored().expect("rows").clone()));
    Lived { facts, bodies, rows, summary }
}

/// An entry as it was decided: all of it but the link to the entry before, which
/// goes back to the ledger's own identity.
fn decided(body: &[u8]) -> Value {
    let mut value: Value = serde_json::from_slice(body).expect("an entry");
    let entry = Entry::read(body).expect("an entry");
    let link = entry.previous.to_string();
    let members = value.as_object_mut().expect("an object");
    let before = members.len();
    members.retain(|_, value| value.as_str() != Some(&link));
    assert_eq!(members.len() + 1, before, "one member is the link");
    value
}

/// The digest of all rows but the checkpoint.
fn rows(backing: &impl Backing) -> Sha {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    for family in Family::ALL.into_iter().filter(|family| *family != Family::Checkpoint) {
        parts.push(family.name().into());
        let visit = &mut |key: &[u8], row: &[u8]| {
            parts.extend([key.to_vec(), row.to_vec()]);
            true
        };
        backing.scan(family, &[], visit).expect("rows");
    }
    Sha::of_parts(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

#[test]
fn a_seed_fixes_the_year_and_every_part_of_supervision_occurs() {
    for tenant in ["changqing", "genhe"] {
        let (one, again, other) = (live(tenant, 7, 3), live(tenant, 7, 3), live(tenant, 8, 3));
        assert_eq!(one.facts, again.facts, "{tenant}");
        assert_eq!((&one.bodies, one.rows), (&again.bodies, again.rows), "{tenant}");
        assert_ne!(one.facts, other.facts, "{tenant}");
        let total = one.summary.total();
        let counts = [
            total.opened,
            total.closed,
            total.in_time,
            total.late,
            total.breached,
            total.reminders,
            total.supervision_sheets,
            total.bulletins,
            total.summons,
            total.refused,
        ];
        assert!(counts.iter().all(|count| *count > 0), "{tenant}: {total:?}");
        assert!(total.in_time > total.late && total.refused * 10 < total.facts, "{tenant}: {total:?}");
        assert!(one.facts.is_sorted_by_key(|fact| fact.imported_at), "{tenant}: as the importer wants it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_of_a_simulation_give_the_same_ledger_and_rows_on_a_real_engine() {
    for tenant in ["changqing", "genhe"] {
        let lived = live(tenant, 7, 2);
        let server = Server::start().await;
        let id = TenantId::new(tenant).expect("a tenant");
        let broker = server.connect().await;
        let intake = broker.intake(&id, &LogSettings::default()).await.expect("an intake");
        let ledger = broker.ledger(&id, &LogSettings::default()).await.expect("a ledger");
        let shelf =
            FolderShelf::open(&server.folder().join("rows"), SledSettings::default()).expect("a shelf");
        // However slow this machine is, the present does not break in.
        let settings = Settings { import_pause: Duration::from_secs(3_600), ..settings(&id) };
        let (engine, handle) =
            Engine::new(settings, intake.clone(), ledger.clone(), shelf).expect("an engine");
        let engine = tokio::spawn(engine.run());
        // As the importer does it: in small groups, each decided before the next.
        for group in lived.facts.chunks(200) {
            let records = group.iter().map(|fact| {
                let (subject, headers, body) = to_message(fact, &id);
                NewRecord { subject, headers, body: body.into() }
            });
            let last = intake.append(records.collect(), None).await.expect("an intake that takes it");
            let promise = handle.expect(last);
            let outcome = handle.outcome(promise, Duration::from_secs(120)).await;
            assert!(outcome.is_some(), "no outcome of {last}: {:?}", handle.status());
        }
        let mut bodies = Vec::new();
        for place in 2..=ledger.last().await.expect("a ledger").0 {
            let record = ledger.get(Seq(place)).await.expect("a ledger").expect("an entry");
            bodies.push(decided(&record.body));
        }
        for (place, (found, expected)) in bodies.iter().zip(&lived.bodies).enumerate() {
            assert_eq!(found, expected, "{tenant}: entry {}", place + 2);
        }
        assert_eq!(bodies.len(), lived.bodies.len(), "{tenant}");
        let store = handle.store();
        assert_eq!(rows(&Stored((*store).clone())), lived.rows, "{tenant}");
        handle.stop().await;
        engine.await.expect("a clean stop");
    }
}
