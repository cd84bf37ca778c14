//! The broker alone: what appending and reading cost without duban.

use std::time::{Duration, Instant};

use duban::id::Seq;
use duban::nats::{Broker, LogSettings, NatsLog};
use duban::port::log::{Log as _, MOST_IN_APPEND, NewRecord, Reader as _};

use crate::{median, per_second};

/// The size of the usual ledger entry, in bytes.
const BODY: usize = 455;
/// How many batches one measurement appends.
const BATCHES: usize = 10;

/// Appends and reads per second.
pub struct Raw {
    pub appended: f64,
    pub read: f64,
}

/// Measures `rounds` times and gives the medians. The whole log is read, as a rebuild
/// reads a whole ledger: the last few thousand records alone come faster, because the
/// broker still holds them as they were written.
pub async fn measure(broker: &Broker, rounds: usize) -> Raw {
    let log =
        broker.log("BENCH_RAW", &["bench.raw.>".to_owned()], &LogSettings::default()).await.expect("a log");
    let (mut appended, mut read) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        appended.push(append(&log).await);
    }
    for _ in 0..rounds {
        read.push(read_all(&log).await);
    }
    Raw { appended: median(appended), read: median(read) }
}

async fn append(log: &NatsLog) -> f64 {
    let record = |place: usize| NewRecord {
        subject: format!("bench.raw.{}", place % 20),
        headers: Vec::new(),
        body: vec![b'x'; BODY].into(),
    };
    let began = Instant::now();
    for _ in 0..BATCHES {
        let batch = (0..MOST_IN_APPEND).map(record).collect();
        log.append(batch, None).await.expect("an append");
    }
    per_second(BATCHES * MOST_IN_APPEND, began.elapsed())
}

async fn read_all(log: &NatsLog) -> f64 {
    let last = log.last().await.expect("its end");
    let mut reader = log.reader(Seq::ZERO).await.expect("a reader");
    let began = Instant::now();
    let mut count = 0;
    while (count as u64) < last.0 {
        count += reader.next(5 * MOST_IN_APPEND, Duration::from_secs(5)).await.expect("records").len();
    }
    per_second(count, began.elapsed())
}
