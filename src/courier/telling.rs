//! Facts of the courier on their way into the intake, in batches.
//!
//! A fact is told until the intake has it. Whether an append was stored is sometimes not
//! known; the same fact is then stated again, and recognised by its id, for ever.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant as Moment;

use crate::engine::ingest::{Ingest, SubmitError};
use crate::event::fact::Fact;

/// The most facts of one submission: a part of an append, so that the facts of others
/// share it.
const MOST_AT_ONCE: usize = 500;
/// The pause after a submission that was not acknowledged.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

type Submitted = (Vec<Fact>, Result<(), SubmitError>);

/// What is to be told, in order.
pub struct Telling {
    ingest: Ingest,
    waiting: VecDeque<Fact>,
    under_way: Option<JoinHandle<Submitted>>,
    not_before: Option<Moment>,
    /// So many are submitted one by one, because one of them was not taken.
    singly: usize,
}

impl Telling {
    /// Nothing yet.
    #[must_use]
    pub const fn new(ingest: Ingest) -> Self {
        Self { ingest, waiting: VecDeque::new(), under_way: None, not_before: None, singly: 0 }
    }

    /// The way into the intake.
    #[must_use]
    pub const fn ingest(&self) -> &Ingest {
        &self.ingest
    }

    /// Tells a fact as soon as may be.
    pub fn tell(&mut self, fact: Fact) {
        self.waiting.push_back(fact);
    }

    /// Whether everything is in the intake.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.waiting.is_empty() && self.under_way.is_none()
    }

    /// Goes a step on: submits what waits, or waits for what is under way. It never ends
    /// while there is nothing to tell. Dropping it half way loses nothing.
    pub async fn step(&mut self) {
        if self.under_way.is_none() {
            if self.waiting.is_empty() {
                return std::future::pending().await;
            }
            if let Some(not_before) = self.not_before {
                tokio::time::sleep_until(not_before).await;
                self.not_before = None;
            }
            self.submit();
        }
        let Some(under_way) = self.under_way.as_mut() else { return };
        let submitted = under_way.await;
        self.under_way = None;
        match submitted {
            Ok((facts, result)) => self.submitted(facts, result),
            // The facts are gone with the task; their rows are still there, and whoever
            // reads them next sends under the same keys.
            Err(error) => tracing::error!(%error, "outcomes of deliveries were not told"),
        }
    }

    fn submit(&mut self) {
        let most = if self.singly > 0 { 1 } else { MOST_AT_ONCE };
        let count = most.min(self.waiting.len());
        let facts: Vec<Fact> = self.waiting.drain(..count).collect();
        let ingest = self.ingest.clone();
        self.under_way = Some(tokio::spawn(async move {
            let result = ingest.submit(&facts).await.map(|_| ());
            (facts, result)
        }));
    }

    fn submitted(&mut self, facts: Vec<Fact>, result: Result<(), SubmitError>) {
        match result {
            Ok(()) => self.singly = self.singly.saturating_sub(facts.len()),
            Err(SubmitError::Refused { reason }) if facts.len() == 1 => {
                self.singly = self.singly.saturating_sub(1);
                let id = facts.first().map(|fact| fact.id.as_str()).unwrap_or_default();
                tracing::error!(id, reason, "the intake does not take the outcome of a delivery");
            }
            Err(SubmitError::Refused { .. } | SubmitError::TooMany { .. }) => {
                self.singly = facts.len();
                self.put_back(facts);
            }
            Err(error @ (SubmitError::Busy | SubmitError::Away { .. } | SubmitError::Unknown { .. })) => {
                tracing::debug!(%error, "outcomes of deliveries are told again");
                self.put_back(facts);
                self.not_before = Some(Moment::now() + AGAIN_AFTER);
            }
        }
    }

    fn put_back(&mut self, facts: Vec<Fact>) {
        for fact in facts.into_iter().rev() {
            self.waiting.push_front(fact);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{Seq, TenantId};
    use crate::memory::clock::Clock;
    use crate::memory::log::{Fault, MemoryLog};
    use crate::port::log::Log as _;
    use crate::time::Instant;

    fn telling() -> (MemoryLog, Telling) {
        let clock = Clock::at(Instant::from_nanos(0));
        let log = MemoryLog::new("intake", &["duban.genhe.intake.>".to_owned()], 2_000, clock);
        let ingest = Ingest::start(log.clone(), TenantId::new("genhe").expect("a tenant"));
        (log, Telling::new(ingest))
    }

    fn fact(number: usize, size: usize) -> Fact {
        Fact {
            source: "urn:duban:genhe:courier".into(),
            id: number.to_string(),
            kind: "reminder.delivered".parse().expect("a type"),
            version: None,
            subject: None,
            actor: "courier".parse().expect("a unit"),
            occurred_at: None,
            imported_at: None,
            stated_by: None,
            data: serde_json::json!({"note": "x".repeat(size)}),
        }
    }

    async fn finish(telling: &mut Telling) {
        while !telling.is_done() {
            telling.step().await;
        }
    }

    #[tokio::test]
    async fn what_is_told_is_in_the_intake_whatever_becomes_of_answers() {
        let (log, mut telling) = telling();
        log.plan(0, Fault::LoseAnswer);
        (0..1_200).for_each(|number| telling.tell(fact(number, 10)));
        finish(&mut telling).await;
        // The first five hundred are there twice; their ids are the same.
        assert_eq!(log.last().await.expect("the log"), Seq(1_700));
    }

    #[tokio::test]
    async fn one_that_is_not_taken_holds_up_no_other() {
        let (log, mut telling) = telling();
        for fact in [fact(1, 10), fact(2, 5_000), fact(3, 10)] {
            telling.tell(fact);
        }
        finish(&mut telling).await;
        assert_eq!(log.last().await.expect("the log"), Seq(2));
    }

    #[tokio::test]
    async fn an_absent_intake_is_waited_for() {
        let (log, mut telling) = telling();
        log.set_away(true);
        telling.tell(fact(1, 10));
        let waits = tokio::time::timeout(Duration::from_secs(1), finish(&mut telling));
        assert!(waits.await.is_err(), "it should still be waiting");
        log.set_away(false);
        finish(&mut telling).await;
        assert_eq!(log.last().await.expect("the log"), Seq(1));
    }
}
