//! Putting policies in force from within a serving process.

use std::time::Duration;

use super::exit::{Exit, Failure, OrExit as _};
use super::operator::InForce;
use super::service::{Room, ready};
use crate::engine::handle::Outcome;
use crate::event::fact::Fact;
use crate::event::structured::to_message;
use crate::id::Seq;
use crate::policy::definition::Definition;
use crate::port::log::{AppendError, Log as _, MOST_IN_APPEND, NewRecord};

/// How long a group of facts may take to be decided; a first start compiles some
/// fifty schemas.
const DECIDED_WITHIN: Duration = Duration::from_secs(60);
/// How often an append whose outcome is unknown is tried again. Facts have ids, so
/// trying again is harmless.
const MOST_TRIES: u32 = 5;

/// What became of a tenant's policies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    /// How many were put in force.
    pub taken: usize,
    /// How many were in force already.
    pub unchanged: usize,
    /// Those that the engine refused, and why.
    pub refused: Vec<String>,
}

/// Publishes those definitions that differ from what is in force.
///
/// # Errors
/// [`Failure`] when the engine has stopped or the intake takes nothing.
pub async fn publish(room: &Room, definitions: &[Definition]) -> Result<Published, Failure> {
    if !ready(&room.handle).await {
        let why = room.handle.status().stopped.unwrap_or_else(|| "it was told to stop".to_owned());
        return Err(Failure::new(Exit::Stopped, format!("publish policies: the engine has stopped: {why}")));
    }
    let store = room.handle.store();
    let in_force = tokio::task::spawn_blocking(move || InForce::read(&*store)).await?;
    let facts = in_force.or_exit(Exit::Stopped)?.missing(definitions, None)?;
    let outcomes = state(room, &facts).await?;
    let mut published = Published { unchanged: definitions.len() - facts.len(), ..Published::default() };
    for (fact, outcome) in facts.iter().zip(outcomes) {
        match outcome.and_then(|outcome| outcome.reason) {
            Some(reason) => published.refused.push(format!("{}: {}", fact.id, reason.message)),
            None => published.taken += 1,
        }
    }
    Ok(published)
}

/// Publishes with a note in the log of what came of it; failures are logged too,
/// since the tenant runs on under the policies that it has.
pub async fn publish_and_tell(room: &Room, definitions: &[Definition]) {
    let tenant = &room.tenant;
    match publish(room, definitions).await {
        Ok(published) => {
            for refused in &published.refused {
                tracing::error!(%tenant, refused, "a policy was refused; the one before stays in force");
            }
            let Published { taken, unchanged, .. } = published;
            tracing::info!(%tenant, taken, unchanged, "policies are in force");
        }
        Err(failure) => tracing::error!(%tenant, %failure, "policies were not published"),
    }
}

/// States facts and waits until they are decided, in their order; an outcome is
/// missing when the engine took too long.
///
/// # Errors
/// [`Failure`] when the intake takes nothing.
pub async fn state(room: &Room, facts: &[Fact]) -> Result<Vec<Option<Outcome>>, Failure> {
    let mut outcomes = Vec::with_capacity(facts.len());
    for group in facts.chunks(MOST_IN_APPEND) {
        let records: Vec<NewRecord> = group.iter().map(|fact| record(room, fact)).collect();
        let last = append(room, records).await?;
        let first = last.0 + 1 - group.len() as u64;
        let promises: Vec<_> = (first..=last.0).map(|seq| room.handle.expect(Seq(seq))).collect();
        for promise in promises {
            outcomes.push(room.handle.outcome(promise, DECIDED_WITHIN).await);
        }
    }
    Ok(outcomes)
}

fn record(room: &Room, fact: &Fact) -> NewRecord {
    let (subject, headers, body) = to_message(fact, &room.tenant);
    NewRecord { subject, headers, body: body.into() }
}

async fn append(room: &Room, records: Vec<NewRecord>) -> Result<Seq, Failure> {
    let mut tries = 0;
    loop {
        tries += 1;
        match room.intake.append(records.clone(), None).await {
            Ok(last) => return Ok(last),
            Err(AppendError::Unknown { reason }) if tries < MOST_TRIES => {
                tracing::info!(
                    reason,
                    tries,
                    "it is not known whether facts were stored; they are sent again"
                );
            }
            Err(error) => {
                let exit = match &error {
                    AppendError::Refused { .. } => Exit::Refused,
                    AppendError::Fenced { .. } | AppendError::Unknown { .. } | AppendError::Log(_) => {
                        Exit::Unreachable
                    }
                };
                return Err(Failure { exit, error: error.into() });
            }
        }
    }
}
