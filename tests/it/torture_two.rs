//! Two engines on one tenant: together they decide what one would have decided,
//! and when the one that leads is killed the other goes on.

use std::time::{Duration, Instant as Moment};

use duban::nats::Broker;
use serde_json::json;

use crate::support::nats::Server;
use crate::torture_chaos::publish;
use crate::torture_kills::{Torture, leader, patient, seed};
use crate::torture_load::{Message, TENANT, fact, policies};
use crate::torture_serve::Serving;

/// How often the leader is killed to measure how long nobody decides.
const TAKEOVERS: usize = 9;
/// How long that may take.
const TAKEOVER_WITHIN: Duration = Duration::from_secs(3);
/// How long starting, catching up and settling may take.
const READY_WITHIN: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn two_engines_decide_what_one_would_have_however_often_they_are_killed() {
    let torture = Torture {
        seed: seed(),
        engines: 2,
        engine_kills: 60,
        broker_kills: 10,
        cases: 4_000,
        facts: 10_000,
        span: 75,
    };
    torture.run().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_work_moves_within_three_seconds_when_the_leader_is_killed() {
    let server = Server::start().await;
    let policies = policies(&server.folder().join("policies"));
    let place = |number: usize| server.folder().join(format!("engine-{number}"));
    let engine = |number| Serving::new(server.url(), &[TENANT], &place(number), Some(&policies));
    let mut engines = [engine(0), engine(1)];
    let broker = patient(server.url()).await;
    engines[0].start();
    engines[0].until_leading(TENANT, READY_WITHIN).await;
    engines[1].start();
    let mut took = Vec::new();
    for round in 0..TAKEOVERS {
        settle(&broker, &engines, round).await;
        let leads = leader(&engines).await;
        let follows = 1 - leads;
        let killed = Moment::now();
        engines[leads].kill().await;
        // The fact comes through the broker, as from a service that knows no engine.
        publish(&broker, &message(&format!("takeover {round}"))).await;
        let asked = message(&format!("asked {round}")).posted.expect("an event").to_string();
        let route = format!("v1/{TENANT}/events?wait=20s");
        let answer = engines[follows].post(&route, "application/cloudevents+json", asked).await;
        took.push(killed.elapsed());
        let (status, body) = answer.unwrap_or_else(|| panic!("no answer: {}", engines[follows].tail()));
        assert_eq!((status, &body["events"][0]["verdict"]), (200, &json!("accepted")), "{body}");
        engines[leads].start();
    }
    took.sort();
    println!("from the kill to the next outcome: {took:?}");
    assert!(took[TAKEOVERS / 2] <= TAKEOVER_WITHIN, "{took:?}");
}

fn message(id: &str) -> Message {
    let data = json!({"unit": "qu-rensheju", "penaltyNumber": "P-1"});
    let mut received = fact("objection.received", id, "xinyong-pingtai", data);
    received.subject = Some(format!("objection/{}", id.replace(' ', "-")));
    Message::of(&received)
}

/// Waits until one leads and the other follows with everything decided. Two idle
/// engines may both believe that they lead; the next fact tells them apart.
async fn settle(broker: &Broker, engines: &[Serving; 2], round: usize) {
    let until = Moment::now() + READY_WITHIN;
    for fact in 0.. {
        publish(broker, &message(&format!("settled {round} {fact}"))).await;
        for _ in 0..50 {
            let statuses = [engines[0].status(TENANT).await, engines[1].status(TENANT).await];
            if let [Some(one), Some(other)] = &statuses
                && one["role"] != other["role"]
                && [one, other].iter().all(|it| it["role"] == "leading" || it["role"] == "following")
                && one["ledgerSeq"] == other["ledgerSeq"]
            {
                return;
            }
            assert!(Moment::now() < until, "round {round}: {statuses:?}\n{}", engines[0].tail());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
