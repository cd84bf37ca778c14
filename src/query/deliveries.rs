//! What waits to be delivered and what was given up, as people look at it.
//!
//! The same rows as the courier's ([`super::outbox`]), with titles and words, in pages
//! and counts, as far as somebody sees.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use schemars::JsonSchema;
use serde::Serialize;

use super::error::QueryError;
use super::naming::{Named, workflow_of};
use super::outbox::{Standing, split, stands};
use super::page::{List, Page, PageAsk};
use super::policy_cache::Policies;
use super::reader::{Reader, answer};
use super::rows::{Answer, Stretch, case, decode, row, walk};
use crate::calendar::Text;
use crate::event::catalogue::{Act, RungLight};
use crate::id::{CaseId, Name, Seq, UnitId};
use crate::identity::sight::Scope;
use crate::kernel::row::{Dead, Family, Pending, lane_key, outbox_key};
use crate::port::log::Log;
use crate::port::store::{Rows, Store};
use crate::time::Instant;

/// The most rows that one question looks at.
const MOST_ROWS: usize = 10_000;
/// The most rows that are counted; beyond it a count says that there are more.
const MOST_COUNTED: u64 = 500_000;

/// Which deliveries are asked for; everything left out is not asked about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Those through this channel.
    pub channel: Option<Name>,
    /// Those to this unit.
    pub unit: Option<UnitId>,
    /// Whose may be shown, whatever else is asked for. The reader sets it.
    pub scope: Scope,
}

impl DeliveryFilter {
    fn takes(&self, channel: &Name, unit: &UnitId) -> bool {
        self.scope.has(unit)
            && self.channel.as_ref().is_none_or(|asked| asked == channel)
            && self.unit.as_ref().is_none_or(|asked| asked == unit)
    }

    /// What every key that fits begins with.
    fn prefix(&self) -> Vec<u8> {
        match (&self.channel, &self.unit) {
            (Some(channel), Some(unit)) => lane_key(channel, unit),
            (Some(channel), None) => [channel.as_str().as_bytes(), &[0]].concat(),
            (None, _) => Vec::new(),
        }
    }
}

/// A reminder on its way to one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// The ledger entry that raised it.
    pub reminder: Seq,
    /// By which channel.
    pub channel: Name,
    /// To whom.
    pub unit: Named,
    /// The case that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseId>,
    /// The case's workflow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<Named>,
    /// The clock that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock: Option<Name>,
    /// What is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Act>,
    /// The colour of the sheet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub light: Option<RungLight>,
    /// When it was raised.
    pub raised_at: Instant,
    /// The same as people write it.
    pub raised: Text,
    /// When what it is about is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Instant>,
    /// How often it was replayed.
    pub round: u32,
    /// Whether what it is about is still so.
    pub standing: Standing,
}

/// A reminder that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// What was to be delivered.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// When it was given up.
    pub given_up_at: Instant,
    /// The same as people write it.
    pub given_up: Text,
    /// How many times it was tried.
    pub attempts: u32,
    /// What the other side said last, or why it was given up.
    pub note: String,
}

/// How much of one channel waits and was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChannelCount {
    /// The channel.
    pub channel: Name,
    /// Reminders that wait to be delivered.
    pub pending: u64,
    /// Dead letters.
    pub dead: u64,
}

/// What waits and what was given up, counted by channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryCounts {
    /// The channels that have any, by name.
    pub channels: Vec<ChannelCount>,
    /// All that waits.
    pub pending: u64,
    /// All that was given up.
    pub dead: u64,
    /// Whether there is more than was counted.
    pub cut: bool,
}

/// Pending deliveries: how many in all, and a page of them.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deliveries {
    /// The counts of what one may see.
    pub counts: DeliveryCounts,
    /// The page.
    #[serde(flatten)]
    pub page: Page<Delivery>,
}

/// A page of what waits, by channel, unit and the order of the ledger.
///
/// # Errors
/// [`QueryError::Asked`] for a cursor of another list; others when the projection cannot
/// be read.
pub fn deliveries(
    rows: &impl Rows,
    policies: &Policies,
    filter: &DeliveryFilter,
    ask: &PageAsk,
) -> Result<Page<Delivery>, QueryError> {
    let tell = |key: &[u8], bytes: &[u8]| {
        let (channel, unit, reminder) = split(Family::Outbox, key)?;
        let pending: Pending = decode(Family::Outbox, key, bytes)?;
        delivery(rows, policies, (channel, &unit, reminder), pending)
    };
    listed(rows, (Family::Outbox, List::Deliveries), filter, ask, tell)
}

/// A page of dead letters, by channel, unit and the order of the ledger.
///
/// # Errors
/// As [`deliveries`].
pub fn dead_letters(
    rows: &impl Rows,
    policies: &Policies,
    filter: &DeliveryFilter,
    ask: &PageAsk,
) -> Result<Page<DeadLetter>, QueryError> {
    let tell = |key: &[u8], bytes: &[u8]| {
        let (channel, unit, reminder) = split(Family::DeadLetter, key)?;
        told(rows, policies, (channel, &unit, reminder), decode(Family::DeadLetter, key, bytes)?)
    };
    listed(rows, (Family::DeadLetter, List::DeadLetters), filter, ask, tell)
}

/// One dead letter.
///
/// # Errors
/// [`QueryError::Unknown`] when there is none that `scope` shows.
pub fn dead_letter(
    rows: &impl Rows,
    policies: &Policies,
    scope: &Scope,
    (channel, unit, reminder): (&Name, &UnitId, Seq),
) -> Result<DeadLetter, QueryError> {
    let dead: Option<Dead> = row(rows, Family::DeadLetter, &outbox_key(channel, unit, reminder))?;
    let unknown = || QueryError::Unknown {
        what: "the dead letter",
        name: format!("{reminder} to {unit} through {channel}"),
        hint: "the list of dead letters names reminder, unit and channel of each",
    };
    let dead = dead.filter(|_| scope.has(unit)).ok_or_else(unknown)?;
    told(rows, policies, (channel.clone(), unit, reminder), dead)
}

fn told(
    rows: &impl Rows,
    policies: &Policies,
    of: (Name, &UnitId, Seq),
    dead: Dead,
) -> Result<DeadLetter, QueryError> {
    Ok(DeadLetter {
        delivery: delivery(rows, policies, of, dead.pending)?,
        given_up: policies.moment(dead.at),
        given_up_at: dead.at,
        attempts: dead.attempts,
        note: dead.note,
    })
}

fn listed<T>(
    rows: &impl Rows,
    (family, list): (Family, List),
    filter: &DeliveryFilter,
    ask: &PageAsk,
    tell: impl Fn(&[u8], &[u8]) -> Result<T, QueryError>,
) -> Result<Page<T>, QueryError> {
    let mut stretch = Stretch::of_prefix(&filter.prefix());
    if let Some(after) = ask.after(list)? {
        stretch = stretch.after(after);
    }
    let (mut keys, mut last, mut looked, mut more) = (Vec::new(), Vec::new(), 0, false);
    walk(rows, family, &stretch, |key, bytes| {
        let (channel, unit, _) = split(family, key)?;
        let asked = filter.takes(&channel, &unit);
        if looked >= MOST_ROWS || asked && keys.len() >= ask.limit {
            more = true;
            return Ok(ControlFlow::Break(()));
        }
        looked += 1;
        last = key.to_vec();
        if asked {
            keys.push((key.to_vec(), bytes.to_vec()));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let found = keys.iter().map(|(key, bytes)| tell(key, bytes)).collect::<Result<_, _>>()?;
    Ok(Page::of(list, found, more.then_some(&last)))
}

fn delivery(
    rows: &impl Rows,
    policies: &Policies,
    (channel, unit, reminder): (Name, &UnitId, Seq),
    pending: Pending,
) -> Result<Delivery, QueryError> {
    let of_case = pending.case.as_ref().map(|id| case(rows, id)).transpose()?.flatten();
    let standing = match (&of_case, &pending.clock) {
        (Some(case), Some(clock)) => stands(case, clock, pending.due_at),
        (None, Some(_)) => Standing::Closed,
        (_, None) => Standing::Stands,
    };
    let workflow = of_case.as_ref().map(|case| workflow_of(policies, case)).transpose()?;
    Ok(Delivery {
        reminder,
        channel,
        unit: Named::unit(policies, unit),
        workflow: workflow.map(|workflow| Named::workflow(&workflow)),
        case: pending.case,
        clock: pending.clock,
        act: pending.act,
        light: pending.light,
        raised: policies.moment(pending.at),
        raised_at: pending.at,
        due_at: pending.due_at,
        round: pending.round,
        standing,
    })
}

/// Counts what waits and what was given up, by channel.
///
/// # Errors
/// [`QueryError`] when the projection cannot be read.
pub fn counts(rows: &impl Rows, filter: &DeliveryFilter) -> Result<DeliveryCounts, QueryError> {
    let mut channels = BTreeMap::<Name, (u64, u64)>::new();
    let (mut looked, mut cut) = (0, false);
    for family in [Family::Outbox, Family::DeadLetter] {
        walk(rows, family, &Stretch::of_prefix(&filter.prefix()), |key, _| {
            if looked >= MOST_COUNTED {
                cut = true;
                return Ok(ControlFlow::Break(()));
            }
            looked += 1;
            let (channel, unit, _) = split(family, key)?;
            if filter.takes(&channel, &unit) {
                let (pending, dead) = channels.entry(channel).or_default();
                *if family == Family::Outbox { pending } else { dead } += 1;
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    let channels: Vec<ChannelCount> = channels
        .into_iter()
        .map(|(channel, (pending, dead))| ChannelCount { channel, pending, dead })
        .collect();
    let (pending, dead) = channels.iter().fold((0, 0), |sum, it| (sum.0 + it.pending, sum.1 + it.dead));
    Ok(DeliveryCounts { channels, pending, dead, cut })
}

impl<S: Store, L: Log> Reader<S, L> {
    /// A page of what waits, with the counts. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn deliveries(
        &self,
        filter: &DeliveryFilter,
        ask: &PageAsk,
        at: Instant,
    ) -> Result<Answer<Deliveries>, QueryError> {
        let store = self.store();
        let view = store.view();
        let policies = self.policies_of(&view)?;
        let filter = DeliveryFilter { scope: self.sight.cases.clone(), ..filter.clone() };
        let (page, counts) = (deliveries(&view, &policies, &filter, ask)?, counts(&view, &filter)?);
        answer(&view, at, Deliveries { counts, page })
    }

    /// A page of dead letters. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn dead_letters(
        &self,
        filter: &DeliveryFilter,
        ask: &PageAsk,
        at: Instant,
    ) -> Result<Answer<Page<DeadLetter>>, QueryError> {
        let store = self.store();
        let view = store.view();
        let policies = self.policies_of(&view)?;
        let filter = DeliveryFilter { scope: self.sight.cases.clone(), ..filter.clone() };
        answer(&view, at, dead_letters(&view, &policies, &filter, ask)?)
    }

    /// One dead letter. Blocking.
    ///
    /// # Errors
    /// [`QueryError::Unknown`] when there is none that is seen.
    pub fn dead_letter(
        &self,
        channel: &Name,
        unit: &UnitId,
        reminder: Seq,
    ) -> Result<DeadLetter, QueryError> {
        let store = self.store();
        let policies = self.policies_of(&*store)?;
        dead_letter(&*store, &policies, &self.sight.cases, (channel, unit, reminder))
    }

    /// The counts of what waits and what was given up. Blocking.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn delivery_counts(
        &self,
        filter: &DeliveryFilter,
        at: Instant,
    ) -> Result<Answer<DeliveryCounts>, QueryError> {
        let store = self.store();
        let view = store.view();
        let filter = DeliveryFilter { scope: self.sight.cases.clone(), ..filter.clone() };
        answer(&view, at, counts(&view, &filter)?)
    }
}
