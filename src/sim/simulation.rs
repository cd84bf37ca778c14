//! One simulated life of a tenant, from its seed to the verdict.

use std::time::Duration;

use super::auditor::{Audit, Wrong, audit};
use super::behaviour::Behaviour;
use super::random::Random;
use super::world::World;
use crate::engine::error::EngineError;
use crate::event::fact::Fact;
use crate::id::{Seq, TenantId};
use crate::port::log::Log;
use crate::time::Instant;

/// How long a world may take to come to rest once nothing goes wrong any more; it
/// takes a fraction of a second.
const REST_WITHIN: Duration = Duration::from_secs(60);
/// How much time passes at the end, so that every ladder is climbed.
const AFTERMATH: Duration = Duration::from_secs(40 * 86_400);
/// How often a publisher repeats what was not acknowledged.
const MOST_REPEATS: usize = 50;

/// Draws the next fact; its number is part of its id, or not, as it likes.
pub type Stating = Box<dyn FnMut(&mut Random, u32) -> Fact + Send>;

/// What is simulated.
pub struct Simulation {
    /// Everything that is drawn comes from it.
    pub seed: u64,
    /// Whose life it is.
    pub tenant: TenantId,
    /// When it begins.
    pub begins_at: Instant,
    /// What is stated first, while nothing goes wrong: the policies.
    pub first: Vec<Fact>,
    /// What is stated then.
    pub stating: Stating,
    /// What goes wrong.
    pub behaviour: Behaviour,
}

/// Why a life did not end well. The seed is part of it.
#[derive(Debug, thiserror::Error)]
#[error("live through seed {seed}: {reason}")]
pub struct Verdict {
    /// The seed to look at it again with.
    pub seed: u64,
    /// What is wrong.
    #[source]
    pub reason: Reason,
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// An engine could not be made.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The world did not come to rest.
    #[error("come to rest: {statuses}")]
    Restless {
        /// How the engines stand.
        statuses: String,
    },
    /// The auditor found something.
    #[error(transparent)]
    Wrong(#[from] Wrong),
}

impl Simulation {
    /// Runs it to its end. It needs a runtime with several threads.
    ///
    /// # Errors
    /// The [`Verdict`], with the seed.
    pub async fn run(self) -> Result<Audit, Verdict> {
        let seed = self.seed;
        self.live().await.map_err(|reason| Verdict { seed, reason })
    }

    async fn live(mut self) -> Result<Audit, Reason> {
        let mut random = Random::new(self.seed);
        let mut world = World::new(self.tenant.clone(), self.begins_at, self.behaviour.engines)?;
        let mut acknowledged = Vec::new();
        for fact in std::mem::take(&mut self.first) {
            insist(&world, &fact).await;
            acknowledged.push(fact.id);
        }
        let mut owed: Vec<Fact> = Vec::new();
        for number in 0..self.behaviour.facts {
            disturb(&self.behaviour, &mut world, &mut random).await?;
            let wait = random.below(self.behaviour.longest_wait_seconds);
            if random.happens(600) {
                world.clock.advance(Duration::from_secs(wait));
            }
            let fact = (self.stating)(&mut random, number);
            if world.state(&fact).await {
                acknowledged.push(fact.id);
            } else {
                owed.push(fact);
            }
            pass(&world, &mut random).await;
        }
        world.heal();
        for fact in owed {
            insist(&world, &fact).await;
            acknowledged.push(fact.id);
        }
        end(world, acknowledged).await
    }
}

/// Lets the world come to rest, and has it audited.
async fn end(world: World, acknowledged: Vec<String>) -> Result<Audit, Reason> {
    world.heal();
    world.clock.advance(AFTERMATH);
    let until = last_fact(&world).await?;
    if !world.rest(until, REST_WITHIN).await {
        let statuses = format!("{:?}", world.statuses());
        return Err(Reason::Restless { statuses });
    }
    let tenant = world.tenant.clone();
    let (intake, ledger, stores) = world.stop().await?;
    Ok(audit(&tenant, &intake, &ledger, &stores, &acknowledged).await?)
}

/// The place of the last fact; ticks after it leave no trace when they fire nothing.
async fn last_fact(world: &World) -> Result<Seq, Wrong> {
    let mut place = world.intake.last().await?;
    while let Some(record) = world.intake.get(place).await? {
        if !record.subject.ends_with(".clock.ticked") {
            break;
        }
        place = Seq(place.0 - 1);
    }
    Ok(place)
}

/// Draws what goes wrong before the next fact, and does it.
async fn disturb(chances: &Behaviour, world: &mut World, random: &mut Random) -> Result<(), Reason> {
    if random.happens(200) {
        world.heal();
    }
    if random.happens(chances.lost_appends) {
        world.lose_append(random);
    }
    if random.happens(chances.away) {
        world.any_log(random).set_away(true);
    }
    if random.happens(chances.hidden) {
        world.hide(random).await;
    }
    if random.happens(chances.failed_commits) {
        world.fail_commit(random)?;
    }
    if random.happens(chances.rebuilds) {
        world.rebuild(random);
    }
    if random.happens(chances.crashes) {
        world.crash(random).await?;
    }
    if random.happens(chances.restarts) {
        world.restart(random).await?;
    }
    Ok(())
}

/// States a fact until it is acknowledged.
async fn insist(world: &World, fact: &Fact) {
    for _ in 0..MOST_REPEATS {
        if world.state(fact).await {
            return;
        }
    }
}

/// Lets the engines come to something: nothing, a little, or all there is.
async fn pass(world: &World, random: &mut Random) {
    match random.below(20) {
        0..12 => {}
        12..19 => tokio::task::yield_now().await,
        _ => {
            let until = world.intake.last().await.unwrap_or_default();
            // Faults may keep it from getting there.
            let _ = world.rest(until, Duration::from_millis(40)).await;
        }
    }
}
