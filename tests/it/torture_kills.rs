//! An engine and its broker are killed again and again while facts pour in and
//! deadlines fall due: nothing is lost, nothing is said twice, nothing is missing.

use std::time::Duration;

use duban::id::{Seq, TenantId};
use duban::nats::{Broker, BrokerSettings, LogSettings, NatsLog};
use duban::port::log::Log as _;
use tokio::sync::watch;

use crate::store_steps::Dice;
use crate::support::engine::now;
use crate::support::nats::Server;
use crate::torture_audit::{Acknowledged, Held};
use crate::torture_chaos::{Chaos, Pace, publish_over_http, publish_over_nats};
use crate::torture_load::{Load, Message, TENANT, policies};
use crate::torture_serve::Serving;

const ENGINE_KILLS: u64 = 100;
const BROKER_KILLS: u64 = 20;
/// Cases; each has three to four facts on average.
const CASES: u64 = 7_000;
/// The least number of facts that must be published.
const FACTS: usize = 20_000;
/// Seconds in which deadlines fall due: about as long as the kills take.
const SPAN: i64 = 120;
/// How long it may take after the last kill until nothing moves any more.
const QUIET_WITHIN: Duration = Duration::from_secs(180);

/// A number that is another in each run, unless one is given to repeat a run.
pub fn seed() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "a person repeats a run by its seed")]
    let given = std::env::var("DUBAN_TORTURE_SEED").ok().and_then(|text| text.parse().ok());
    given.unwrap_or_else(|| now().as_nanos().unsigned_abs() % 1_000_000_007)
}

/// What a run of torture is made of.
pub struct Torture {
    pub seed: u64,
    pub engines: usize,
    pub engine_kills: u64,
    pub broker_kills: u64,
    pub cases: u64,
    pub facts: usize,
    pub span: i64,
}

impl Torture {
    /// Publishes, kills, waits until it is quiet, and audits.
    pub async fn run(self) {
        println!("seed {}", self.seed);
        let server = Server::start().await;
        let folder = server.folder().to_owned();
        let policies = policies(&folder.join("policies"));
        let engine = |number| {
            let place = folder.join(format!("engine-{number}"));
            Serving::new(server.url(), &[TENANT], &place, Some(&policies))
        };
        let mut engines: Vec<Serving> = (0..self.engines).map(engine).collect();
        let tenant = TenantId::new(TENANT).expect("a tenant");
        let broker = patient(server.url()).await;
        engines[0].start();
        engines[0].until_leading(TENANT, QUIET_WITHIN).await;
        engines[0].kill().await;
        let (intake, ledger) = logs(&broker, &tenant).await;
        let messages = Load::plan(self.seed, now(), self.span, self.cases);
        assert!(messages.len() >= self.facts, "{} facts", messages.len());
        let (told, done) = watch::channel(0);
        let pace = Pace { done, of: self.engine_kills + self.broker_kills };
        let addresses: Vec<String> =
            engines.iter().map(|it| it.url(&format!("v1/{TENANT}/events"))).collect();
        let publishing = tokio::spawn(publish_all(broker.clone(), addresses, messages, pace, self.seed));
        let chaos = Chaos {
            server,
            engines,
            engine_kills: self.engine_kills,
            broker_kills: self.broker_kills,
            dice: Dice::new(self.seed ^ 0xDEAD),
            told,
        };
        let (server, mut engines) = chaos.run().await;
        let acknowledged = publishing.await.expect("publishers");
        quiet(&engines, &intake, &ledger).await;
        let leader = leader(&engines).await;
        println!("rebuilt: {}", engines[leader].rebuild(TENANT).await);
        for engine in &mut engines {
            assert_eq!(engine.stop().await.code(), Some(0), "{}", engine.tail());
        }
        let recovered = engines.iter().map(Serving::recoveries).fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        println!("{recovered:?} sessions began, and began behind the ledger");
        assert!(recovered.1 as u64 > self.engine_kills / 3, "the kills should have hit work: {recovered:?}");
        let held = Held::read(&tenant, &intake, &ledger).await;
        for engine in &engines {
            let found = held.audit(&acknowledged, &engine.projection(TENANT));
            println!("{} acknowledged; {found:#?}", acknowledged.len());
            for word in ["breached", "reminder", "escalation", "met", "set"] {
                assert!(
                    found.alarms.get(word).is_some_and(|count| *count > 200),
                    "too few {word}: {found:?}"
                );
            }
            for word in ["accepted", "refused", "parked", "duplicated"] {
                assert!(
                    found.verdicts.get(word).is_some_and(|count| *count > 50),
                    "too few {word}: {found:?}"
                );
            }
        }
        drop(server);
    }
}

/// A connection that waits for a broker that is away as long as it takes.
pub async fn patient(url: &str) -> Broker {
    let settings = BrokerSettings { connect_within: Duration::from_secs(60), ..BrokerSettings::new(url) };
    Broker::connect(settings).await.unwrap_or_else(|error| panic!("failed to {error}"))
}

/// Both logs of a tenant.
pub async fn logs(broker: &Broker, tenant: &TenantId) -> (NatsLog, NatsLog) {
    let intake = broker.intake(tenant, &LogSettings::default()).await.expect("an intake");
    let ledger = broker.ledger(tenant, &LogSettings::default()).await.expect("a ledger");
    (intake, ledger)
}

/// Three publishers over HTTP, three straight to the broker.
async fn publish_all(
    broker: Broker,
    addresses: Vec<String>,
    messages: Vec<Message>,
    pace: Pace,
    seed: u64,
) -> Vec<Acknowledged> {
    let mut dice = Dice::new(seed ^ 0xBEEF);
    let mut shares: [Vec<Message>; 6] = Default::default();
    for message in messages {
        // The facts of one case mostly come from one publisher, as in life.
        let home = message.key.1.split('/').next().map_or(0, |case| case.bytes().map(u64::from).sum::<u64>());
        let share = if dice.throw(10) == 0 { dice.throw(6) } else { home % 6 };
        let share = if message.posted.is_none() { 3 + share % 3 } else { share };
        shares[share as usize].push(message);
    }
    let mut publishers = tokio::task::JoinSet::new();
    for (number, share) in (0..).zip(shares) {
        let (pace, seed) = (pace.clone(), seed.wrapping_add(number));
        if number < 3 {
            publishers.spawn(publish_over_http(addresses.clone(), share, pace, seed));
        } else {
            publishers.spawn(publish_over_nats(broker.clone(), share, pace, seed));
        }
    }
    publishers.join_all().await.into_iter().flatten().collect()
}

/// Waits until everything is decided, every engine has it, and no timer is near.
async fn quiet(engines: &[Serving], intake: &NatsLog, ledger: &NatsLog) {
    for engine in engines {
        let until = tokio::time::Instant::now() + QUIET_WITHIN;
        loop {
            let ends = (intake.last().await.expect("an end"), ledger.last().await.expect("an end"));
            let status = engine.status(TENANT).await;
            if status.as_ref().is_some_and(|status| stands_still(status, ends)) {
                break;
            }
            assert!(tokio::time::Instant::now() < until, "{ends:?} {status:?}\n{}", engine.tail());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn stands_still(status: &serde_json::Value, (intake, ledger): (Seq, Seq)) -> bool {
    let seq = |field: &str| Seq(status[field].as_u64().unwrap_or_default());
    let timer = status["nextTimerAt"].as_str().and_then(|at| at.parse().ok());
    let near = timer.is_some_and(|at: duban::time::Instant| at <= now().plus_seconds(20));
    let leads = status["role"] == "leading";
    let read = !leads || (seq("intakeSeq") == intake && status["lag"] == 0);
    read && seq("ledgerSeq") == ledger && !near && (leads || status["role"] == "following")
}

/// Which engine leads.
pub async fn leader(engines: &[Serving]) -> usize {
    for (number, engine) in engines.iter().enumerate() {
        if engine.status(TENANT).await.is_some_and(|status| status["role"] == "leading") {
            return number;
        }
    }
    panic!("no engine leads");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_doubled_or_missing_however_often_everything_is_killed() {
    let torture = Torture {
        seed: seed(),
        engines: 1,
        engine_kills: ENGINE_KILLS,
        broker_kills: BROKER_KILLS,
        cases: CASES,
        facts: FACTS,
        span: SPAN,
    };
    torture.run().await;
}
