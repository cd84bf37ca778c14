//! What every log promises, checked on the twin in memory, on one server, and on
//! a cluster of three.

use std::time::Duration;

use bytes::Bytes;
use duban::id::Seq;
use duban::memory::clock::Clock;
use duban::memory::log::MemoryLog;
use duban::nats::{Broker, LogSettings, NatsLog};
use duban::port::log::{AppendError, Log, LogError, MOST_IN_APPEND, NewRecord, Reader, Record};
use duban::time::Instant;

use crate::support::nats::{Cluster, Server};

/// Long enough for a busy machine; nothing waits this long when all is well.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The most bytes of a record in these tests.
pub const MOST_BYTES: usize = 64 * 1024;

/// Makes logs, each by its name; one name asked twice is one log held twice.
pub trait Place {
    type Log: Log;
    async fn log(&mut self, name: &str) -> Self::Log;
}

/// One log after another in memory.
#[derive(Default)]
struct Memory(Vec<MemoryLog>);

impl Place for Memory {
    type Log = MemoryLog;
    async fn log(&mut self, name: &str) -> MemoryLog {
        let known = self.0.iter().find(|log| log.name() == stream(name));
        known.cloned().unwrap_or_else(|| {
            let clock = Clock::at(Instant::from_nanos(1_664_352_000_000_000_000));
            let log = MemoryLog::new(&stream(name), &[subjects(name)], MOST_BYTES, clock);
            self.0.push(log.clone());
            log
        })
    }
}

/// Streams on a real broker.
pub struct Streams {
    pub broker: Broker,
    pub replicas: usize,
}

impl Place for Streams {
    type Log = NatsLog;
    async fn log(&mut self, name: &str) -> NatsLog {
        let settings = LogSettings { replicas: self.replicas, max_message_bytes: MOST_BYTES, first: None };
        let opened = self.broker.log(&stream(name), &[subjects(name)], &settings).await;
        opened.unwrap_or_else(|error| panic!("failed to {error}"))
    }
}

fn stream(name: &str) -> String {
    format!("DUBAN_{}_LEDGER", name.to_uppercase())
}

fn subjects(name: &str) -> String {
    format!("duban.{name}.ledger.>")
}

/// The number-th record of a log.
pub fn record(name: &str, number: u64) -> NewRecord {
    NewRecord {
        subject: format!("duban.{name}.ledger.case.opened"),
        headers: vec![("ce-id".into(), number.to_string()), ("ce-caused".into(), "催办".into())],
        body: Bytes::from(format!("record {number}")),
    }
}

/// Records `first` to `first + count - 1`.
pub fn records(name: &str, first: u64, count: usize) -> Vec<NewRecord> {
    (first..).take(count).map(|number| record(name, number)).collect()
}

/// Reads until `count` records have come.
#[track_caller]
pub fn read<R: Reader>(reader: &mut R, count: usize) -> impl Future<Output = Vec<Record>> {
    let caller = std::panic::Location::caller();
    async move {
        let mut all = Vec::new();
        while all.len() < count {
            let more = reader.next(count - all.len(), PATIENCE).await;
            let more = more.unwrap_or_else(|error| panic!("{caller}: failed to {error}"));
            assert!(!more.is_empty(), "{caller}: only {} of {count} records came", all.len());
            all.extend(more);
        }
        all
    }
}

/// Places run from `after` on without a gap, and each record is the one whose
/// number is its place.
#[track_caller]
pub fn assert_run(name: &str, found: &[Record], after: u64) {
    for (found, place) in found.iter().zip(after + 1..) {
        assert_eq!(found.seq, Seq(place));
        assert!(record(name, place).is_stored_as(found), "place {place} holds {found:?}");
    }
}

async fn keeps_the_contract(place: &mut impl Place) {
    appends_of_every_size_come_back_in_order(place).await;
    an_append_is_all_or_none(place).await;
    of_two_writers_under_one_fence_one_wins(place).await;
    repeating_under_the_same_fence_is_safe(place).await;
    a_reader_at_the_end_sees_what_comes(place).await;
    a_reader_beyond_the_end_is_refused(place).await;
    what_breaks_a_rule_is_refused(place).await;
    appends_without_a_fence_do_not_mix(place).await;
}

async fn appends_of_every_size_come_back_in_order(place: &mut impl Place) {
    let log = place.log("sizes").await;
    assert_eq!(log.last().await.expect("an answer"), Seq::ZERO);
    let mut last = Seq::ZERO;
    for size in [1, 2, MOST_IN_APPEND, 1, 7] {
        let appended = log.append(records("sizes", last.0 + 1, size), Some(last)).await;
        assert_eq!(appended.expect("an append"), Seq(last.0 + size as u64));
        last = Seq(last.0 + size as u64);
        assert_eq!(log.last().await.expect("an answer"), last);
    }
    for after in [Seq::ZERO, Seq(500), Seq(last.0 - 1)] {
        let mut reader = log.reader(after).await.expect("a reader");
        let found = read(&mut reader, usize::try_from(last.0 - after.0).expect("a size")).await;
        assert_run("sizes", &found, after.0);
    }
    let one = log.get(Seq(3)).await.expect("an answer").expect("a record");
    let mut reader = log.reader(Seq(2)).await.expect("a reader");
    assert_eq!(read(&mut reader, 1).await, vec![one]);
    assert_eq!(log.get(last.next()).await.expect("an answer"), None);
    assert_eq!(log.get(Seq::ZERO).await.expect("an answer"), None);
}

async fn an_append_is_all_or_none(place: &mut impl Place) {
    let log = place.log("whole").await;
    log.append(records("whole", 1, 3), Some(Seq::ZERO)).await.expect("an append");
    let fenced = log.append(records("whole", 100, 50), Some(Seq(2))).await;
    assert!(matches!(fenced, Err(AppendError::Fenced { expected: Seq(2) })), "{fenced:?}");
    let mut with_one_wrong = records("whole", 100, 50);
    with_one_wrong[30].subject = "elsewhere".into();
    let refused = log.append(with_one_wrong, Some(Seq(3))).await;
    assert!(matches!(refused, Err(AppendError::Refused { .. })), "{refused:?}");
    assert_eq!(log.last().await.expect("an answer"), Seq(3));
}

async fn of_two_writers_under_one_fence_one_wins(place: &mut impl Place) {
    let (one, other) = (place.log("rivals").await, place.log("rivals").await);
    let mut last = Seq::ZERO;
    for round in 0..20 {
        let size = [1, 2, 40][round % 3];
        let next = last.0 + 1;
        let marked = |mark: &str| {
            let mut records = records("rivals", next, size);
            for record in &mut records {
                record.body = Bytes::from(mark.to_owned());
            }
            records
        };
        let (first, second) =
            tokio::join!(one.append(marked("one"), Some(last)), other.append(marked("other"), Some(last)));
        let winner = match (first, second) {
            (Ok(seq), Err(AppendError::Fenced { expected })) if expected == last => (seq, "one"),
            (Err(AppendError::Fenced { expected }), Ok(seq)) if expected == last => (seq, "other"),
            both => panic!("round {round}: {both:?}"),
        };
        assert_eq!(winner.0, Seq(last.0 + size as u64));
        let mut reader = one.reader(last).await.expect("a reader");
        let found = read(&mut reader, size).await;
        assert!(found.iter().all(|record| record.body == winner.1), "round {round}: {found:?}");
        last = winner.0;
    }
}

async fn repeating_under_the_same_fence_is_safe(place: &mut impl Place) {
    let log = place.log("again").await;
    for (first, size) in [(1, 1), (2, 30)] {
        let fence = Seq(first - 1);
        let appended = log.append(records("again", first, size), Some(fence)).await.expect("an append");
        let again = log.append(records("again", first, size), Some(fence)).await.expect("the same answer");
        assert_eq!(appended, again);
    }
    let longer = log.append(records("again", 2, 31), Some(Seq(1))).await;
    assert!(matches!(longer, Err(AppendError::Fenced { .. })), "{longer:?}");
    let beyond = log.append(records("again", 50, 1), Some(Seq(49))).await;
    assert!(matches!(beyond, Err(AppendError::Log(LogError::Broken { .. }))), "{beyond:?}");
    assert_eq!(log.last().await.expect("an answer"), Seq(31));
}

async fn a_reader_at_the_end_sees_what_comes(place: &mut impl Place) {
    let log = place.log("end").await;
    let mut reader = log.reader(Seq::ZERO).await.expect("a reader of nothing");
    assert_eq!(reader.next(10, Duration::ZERO).await.expect("an answer"), Vec::new());
    for round in 0..10 {
        let (found, appended) =
            tokio::join!(read(&mut reader, 1), log.append(records("end", round + 1, 1), Some(Seq(round))));
        assert_eq!(appended.expect("an append"), Seq(round + 1));
        assert_run("end", &found, round);
    }
}

async fn a_reader_beyond_the_end_is_refused(place: &mut impl Place) {
    let log = place.log("beyond").await;
    log.append(records("beyond", 1, 2), None).await.expect("an append");
    let refused = log.reader(Seq(3)).await.map(|_| ());
    let expected = matches!(refused, Err(LogError::Broken { expected: Seq(4), found: Seq(2), .. }));
    assert!(expected, "{refused:?}");
}

async fn what_breaks_a_rule_is_refused(place: &mut impl Place) {
    let log = place.log("rules").await;
    let mut large = record("rules", 1);
    large.body = vec![b'x'; MOST_BYTES].into();
    let mut broker = record("rules", 1);
    broker.headers.push(("Nats-Rollup".into(), "all".into()));
    for wrong in [vec![large], vec![broker], vec![], records("rules", 1, MOST_IN_APPEND + 1)] {
        let refused = log.append(wrong, Some(Seq::ZERO)).await;
        assert!(matches!(refused, Err(AppendError::Refused { .. })), "{refused:?}");
    }
    let mut largest = record("rules", 1);
    largest.headers.clear();
    largest.body = vec![b'x'; MOST_BYTES].into();
    for batch in [vec![largest.clone()], vec![largest.clone(); 20]] {
        log.append(batch, None).await.expect("the largest record fits");
    }
    let mut reader = log.reader(Seq::ZERO).await.expect("a reader");
    assert!(read(&mut reader, 21).await.iter().all(|record| record.body == largest.body));
}

async fn appends_without_a_fence_do_not_mix(place: &mut impl Place) {
    let (one, other) = (place.log("mixed").await, place.log("mixed").await);
    for _ in 0..10 {
        let (first, second) = tokio::join!(
            one.append(records("mixed", 1000, 20), None),
            other.append(records("mixed", 2000, 20), None)
        );
        first.expect("an append");
        second.expect("an append");
    }
    let mut reader = one.reader(Seq::ZERO).await.expect("a reader");
    let found = read(&mut reader, 400).await;
    for batch in found.chunks(20) {
        let first = if record("mixed", 1000).is_stored_as(&batch[0]) { 1000 } else { 2000 };
        for (found, number) in batch.iter().zip(first..) {
            assert!(record("mixed", number).is_stored_as(found), "{number} should be {found:?}");
        }
    }
}

#[tokio::test]
async fn the_log_in_memory_keeps_the_contract() {
    keeps_the_contract(&mut Memory::default()).await;
}

#[tokio::test]
async fn the_log_on_one_server_keeps_the_contract() {
    let server = Server::start().await;
    keeps_the_contract(&mut Streams { broker: server.connect().await, replicas: 1 }).await;
}

#[tokio::test]
async fn the_log_on_three_servers_keeps_the_contract() {
    let cluster = Cluster::start().await;
    keeps_the_contract(&mut Streams { broker: cluster.connect().await, replicas: 3 }).await;
}
