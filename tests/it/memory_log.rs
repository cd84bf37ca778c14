//! The log in memory fails as it is told to, and only then.

use std::time::Duration;

use duban::id::Seq;
use duban::memory::clock::Clock;
use duban::memory::log::{Fault, MemoryLog};
use duban::port::log::{AppendError, Log as _, LogError, Reader as _};
use duban::time::Instant;

use crate::log_contract::{assert_run, read, records};

fn log() -> (MemoryLog, Clock) {
    let clock = Clock::at(Instant::from_nanos(0));
    (MemoryLog::new("M", &["duban.m.ledger.>".to_owned()], 1000, clock.clone()), clock)
}

#[tokio::test]
async fn an_append_without_an_answer_is_stored_or_lost_or_late_as_planned() {
    let (log, clock) = log();
    log.plan(0, Fault::LoseAnswer);
    log.plan(1, Fault::LoseRecords);
    log.plan(2, Fault::ArriveLate);
    for (fence, stored) in [(0, 2), (2, 2), (2, 2)] {
        let unknown = log.append(records("m", fence + 1, 2), Some(Seq(fence))).await;
        assert!(matches!(unknown, Err(AppendError::Unknown { .. })), "{unknown:?}");
        assert_eq!(log.last().await.expect("an answer"), Seq(stored));
    }
    clock.advance(Duration::from_secs(5));
    assert_eq!(log.deliver_late(), 1);
    let repeated = log.append(records("m", 3, 2), Some(Seq(2))).await;
    assert_eq!(repeated.expect("it is there already"), Seq(4));
    let mut reader = log.reader(Seq::ZERO).await.expect("a reader");
    let found = read(&mut reader, 4).await;
    assert_run("m", &found, 0);
    assert_eq!((found[1].at, found[2].at), (Instant::from_nanos(0), Instant::from_nanos(5_000_000_000)));
}

#[tokio::test]
async fn late_records_are_dropped_when_their_fence_has_passed() {
    let (log, _) = log();
    log.plan(0, Fault::ArriveLate);
    log.append(records("m", 7, 3), Some(Seq::ZERO)).await.expect_err("no answer");
    log.append(records("m", 1, 1), Some(Seq::ZERO)).await.expect("an append");
    assert_eq!(log.deliver_late(), 0);
    assert_eq!(log.last().await.expect("an answer"), Seq(1));
}

#[tokio::test]
async fn a_reader_is_given_nothing_hidden_and_told_of_what_is_lost() {
    let (log, _) = log();
    log.append(records("m", 1, 6), None).await.expect("an append");
    log.hide_after(Some(Seq(2)));
    let mut reader = log.reader(Seq::ZERO).await.expect("a reader");
    assert_eq!(reader.next(10, Duration::ZERO).await.expect("records").len(), 2);
    assert_eq!(reader.next(10, Duration::ZERO).await.expect("none"), Vec::new());
    log.hide_after(None);
    log.lose(Seq(4));
    assert_run("m", &reader.next(10, Duration::ZERO).await.expect("a record"), 2);
    let lost = reader.next(10, Duration::ZERO).await;
    assert!(matches!(lost, Err(LogError::Broken { expected: Seq(4), found: Seq(5), .. })), "{lost:?}");
    log.cut_after(Seq(1));
    let cut = reader.next(10, Duration::ZERO).await;
    assert!(matches!(cut, Err(LogError::Broken { expected: Seq(4), found: Seq(1), .. })), "{cut:?}");
}

#[tokio::test]
async fn a_server_that_is_away_stores_nothing_and_comes_back() {
    let (log, _) = log();
    log.set_away(true);
    let away = log.append(records("m", 1, 1), None).await;
    assert!(matches!(away, Err(AppendError::Log(LogError::Unavailable { .. }))), "{away:?}");
    log.set_away(false);
    log.plan(0, Fault::Refuse("no".into()));
    let refused = log.append(records("m", 1, 1), None).await;
    assert!(matches!(refused, Err(AppendError::Refused { .. })), "{refused:?}");
    let mut reader = log.reader(Seq::ZERO).await.expect("a reader");
    log.append(records("m", 1, 1), None).await.expect("an append");
    log.set_away(true);
    assert!(matches!(reader.next(1, Duration::ZERO).await, Err(LogError::Unavailable { .. })));
    log.set_away(false);
    assert_run("m", &read(&mut reader, 1).await, 0);
}
