//! What the surfaces hold of a running engine.
//!
//! A handle reads and waits; it decides nothing and writes nothing but facts into
//! the intake (through [`super::ingest`]).

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot, watch};

use super::outcomes::Outcomes;
use crate::event::catalogue::{Event, Reason};
use crate::event::entry::Entry;
use crate::id::{CaseId, Seq, TenantId};
use crate::kernel::row::Checkpoint;
use crate::time::Instant;

/// What an engine is doing for its tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "EngineRole")]
pub enum Role {
    /// It reads the ledger up to its end.
    Recovering,
    /// It decides.
    Leading,
    /// Another engine decides; this one follows and is ready.
    Following,
    /// It has stopped and says why; a person must look.
    Stopped,
}

/// How an engine stands, as `/readyz` and `/metrics` show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "EngineStatus")]
pub struct Status {
    /// Whose engine it is.
    pub tenant: TenantId,
    /// What it is doing.
    pub role: Role,
    /// Why it stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<String>,
    /// The last ledger entry that queries see.
    pub ledger_seq: Seq,
    /// The last intake record that was decided.
    pub decided_seq: Seq,
    /// The last intake record that is known to be there.
    pub intake_seq: Seq,
    /// Records of the intake that wait to be decided.
    pub lag: u64,
    /// Whether it has appended to the ledger since it began to lead: before that another
    /// engine may believe that it leads, too, and nothing has told them apart.
    pub confirmed: bool,
    /// When the next timer is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_timer_at: Option<Instant>,
    /// How far a projection that is being made again has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rebuilding_seq: Option<Seq>,
}

impl Status {
    /// How an engine stands before it has read anything.
    #[must_use]
    pub fn starting(tenant: &TenantId, at: &Checkpoint) -> Self {
        Self {
            tenant: tenant.clone(),
            role: Role::Recovering,
            stopped: None,
            ledger_seq: at.seq,
            decided_seq: at.decided,
            intake_seq: at.decided,
            lag: 0,
            confirmed: false,
            next_timer_at: None,
            rebuilding_seq: None,
        }
    }
}

/// What became of a fact.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// `accepted`, `refused`, `duplicated` or `parked`.
    pub verdict: &'static str,
    /// The ledger entry that says so.
    pub ledger_seq: Seq,
    /// The case that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<Reason>>,
    /// The intake place of the first, for a repetition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Seq>,
}

impl Outcome {
    /// What an entry says of the fact that caused it; none when it is no verdict.
    #[must_use]
    pub fn of(entry: &Entry) -> Option<Self> {
        let plain = |verdict| Self {
            verdict,
            ledger_seq: entry.seq,
            case: entry.decided.case.clone(),
            reason: None,
            first: None,
        };
        let verdict = match &entry.decided.event {
            Event::FactAccepted(it) if it.parked.is_none() => plain("accepted"),
            Event::PolicyPublished(_) | Event::DeliveryEnded(_) | Event::DeliveryReplayed(_) => {
                plain("accepted")
            }
            Event::EventRefused(it) if it.parked.is_none() => {
                Self { reason: Some(Box::new(it.reason.clone())), ..plain("refused") }
            }
            Event::EventDuplicated(it) => Self { first: Some(it.first), ..plain("duplicated") },
            Event::EventParked(_) => plain("parked"),
            _ => return None,
        };
        (!entry.decided.by_time).then_some(verdict)
    }
}

/// Orders from the surfaces to the engine.
#[derive(Debug)]
pub enum Order {
    /// Make the projection again beside the running one, compare, and switch.
    Rebuild(oneshot::Sender<Result<Rebuilt, String>>),
    /// Lead, because nobody seems to; the fence decides whether it may.
    Lead,
    /// Stop cleanly after the group at hand.
    Stop,
}

/// What came of making a projection again.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rebuilt {
    /// The entries that were folded.
    pub entries: u64,
    /// How long folding took, in milliseconds.
    pub folded_ms: u64,
    /// How long all of it took, the comparison of both projections included.
    pub took_ms: u64,
    /// The digest of the new projection.
    pub digest: String,
    /// Whether the old one had the same digest at the same place.
    pub agreed: bool,
}

/// A running engine, as the surfaces see it. Cheap to clone.
pub struct Handle<S> {
    pub(super) tenant: TenantId,
    pub(super) store: Arc<ArcSwap<S>>,
    pub(super) status: watch::Receiver<Status>,
    pub(super) outcomes: Arc<Outcomes>,
    pub(super) orders: mpsc::Sender<Order>,
}

impl<S> Clone for Handle<S> {
    fn clone(&self) -> Self {
        Self {
            tenant: self.tenant.clone(),
            store: Arc::clone(&self.store),
            status: self.status.clone(),
            outcomes: Arc::clone(&self.outcomes),
            orders: self.orders.clone(),
        }
    }
}

impl<S> Handle<S> {
    /// Whose engine it is.
    #[must_use]
    pub const fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The projection that queries read, now.
    #[must_use]
    pub fn store(&self) -> Arc<S> {
        self.store.load_full()
    }

    /// How it stands, now.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status.borrow().clone()
    }

    /// Follows how it stands.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// A promise of what becomes of the intake record `seq`. Outcomes are kept for
    /// some seconds only: ask at once after publishing.
    #[must_use]
    pub fn expect(&self, seq: Seq) -> oneshot::Receiver<Outcome> {
        self.outcomes.expect(seq)
    }

    /// Waits until the record `seq` is decided and queries see it.
    pub async fn outcome(&self, promise: oneshot::Receiver<Outcome>, within: Duration) -> Option<Outcome> {
        tokio::time::timeout(within, promise).await.ok()?.ok()
    }

    /// Makes the projection again beside the running one, compares and switches.
    ///
    /// # Errors
    /// In words, when the engine is stopping or the ledger cannot be read.
    pub async fn rebuild(&self) -> Result<Rebuilt, String> {
        let (tell, told) = oneshot::channel();
        let gone = |()| "the engine is stopping".to_owned();
        self.orders.send(Order::Rebuild(tell)).await.map_err(|_| gone(()))?;
        told.await.map_err(|_| gone(()))?
    }

    /// Asks an engine that follows to lead, because nobody seems to.
    pub async fn lead(&self) {
        // It may have stopped; then it cannot.
        let _ = self.orders.send(Order::Lead).await;
    }

    /// Asks the engine to stop cleanly.
    pub async fn stop(&self) {
        // It may have stopped already; then there is nobody to ask.
        let _ = self.orders.send(Order::Stop).await;
    }
}
