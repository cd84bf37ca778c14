//! Publishers that do not give up, and a hand that kills what they talk to.

use std::time::{Duration, Instant as Moment};

use async_nats::{HeaderMap, Request};
use duban::event::batch::BATCH_CONTENT_TYPE;
use duban::id::Seq;
use duban::nats::Broker;
use serde_json::Value;
use tokio::sync::watch;

use crate::store_steps::Dice;
use crate::support::nats::Server;
use crate::torture_audit::Acknowledged;
use crate::torture_load::{Message, TENANT};
use crate::torture_serve::Serving;

/// How long one try may take before it is made again.
const TRY_WITHIN: Duration = Duration::from_secs(3);
/// How long all tries of one message may take: far more than any recovery.
const GIVE_UP_AFTER: Duration = Duration::from_secs(120);
/// The pause after a try that failed at once.
const BETWEEN_TRIES: Duration = Duration::from_millis(20);
/// How long an engine may take to lead or follow after a start.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// Spreads what is published over the kills, so that none finds an idle engine.
#[derive(Clone)]
pub struct Pace {
    /// How many kills there were.
    pub done: watch::Receiver<u64>,
    /// How many there will be.
    pub of: u64,
}

impl Pace {
    /// Waits until the kills are as far as item `at` of `count` is.
    async fn reach(&mut self, at: usize, count: usize) {
        let (at, count, of) = (at as u64, count as u64, self.of);
        // The last items come after the last kill has begun, not after it.
        let wait = self.done.wait_for(|done| (done + 1) * count >= at * of);
        wait.await.expect("somebody kills");
    }
}

/// Publishes over HTTP in batches to whichever address answers, until everything
/// is acknowledged; some facts are stated again on purpose.
pub async fn publish_over_http(
    addresses: Vec<String>,
    messages: Vec<Message>,
    mut pace: Pace,
    seed: u64,
) -> Vec<Acknowledged> {
    let (mut dice, mut acknowledged, mut at) = (Dice::new(seed), Vec::new(), 0);
    let http = duban::tls::client().timeout(TRY_WITHIN).build().expect("a client");
    while at < messages.len() {
        pace.reach(at, messages.len()).await;
        let size = 1 + dice.throw(80) as usize;
        let mut batch: Vec<&Message> = messages[at..].iter().take(size).collect();
        at += batch.len();
        if dice.throw(6) == 0 {
            batch.push(&messages[dice.throw(at as u64) as usize]);
        }
        // The refusal of a single fact does not say where the intake holds it.
        let waits = dice.throw(4) == 0 && batch.len() > 1;
        let wait = if waits { "?wait=500ms" } else { "" };
        let events: Vec<&Value> =
            batch.iter().map(|it| it.posted.as_ref().expect("it goes by HTTP")).collect();
        let body = serde_json::to_string(&events).expect("JSON");
        let until = Moment::now() + GIVE_UP_AFTER;
        let places = loop {
            assert!(Moment::now() < until, "nobody takes the facts in");
            let address = &addresses[dice.throw(addresses.len() as u64) as usize];
            let asked = http.post(format!("{address}{wait}")).header("content-type", BATCH_CONTENT_TYPE);
            match places(asked.body(body.clone())).await {
                Some(places) => break places,
                None => tokio::time::sleep(BETWEEN_TRIES).await,
            }
        };
        assert_eq!(places.len(), batch.len());
        acknowledged.extend(batch.into_iter().map(|it| it.key.clone()).zip(places));
    }
    acknowledged
}

/// The places that the server acknowledges; nothing when it does not answer, or is
/// not able to store anything now.
async fn places(asked: reqwest::RequestBuilder) -> Option<Vec<Seq>> {
    let answer = asked.send().await.ok()?;
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.ok()?;
    match status {
        200 | 202 => {
            let events = body["events"].as_array().expect("events");
            let place = |event: &Value| event["intakeSeq"].as_u64().map(Seq);
            Some(events.iter().map(|event| place(event).unwrap_or_else(|| panic!("{event}"))).collect())
        }
        404 | 429 | 500..=599 => None,
        _ => panic!("a batch is answered by {status} {body}"),
    }
}

/// Publishes one by one to the broker until each is acknowledged; some are stated
/// again on purpose.
pub async fn publish_over_nats(
    broker: Broker,
    messages: Vec<Message>,
    mut pace: Pace,
    seed: u64,
) -> Vec<Acknowledged> {
    let (mut dice, mut acknowledged) = (Dice::new(seed), Vec::new());
    for (at, message) in messages.iter().enumerate() {
        pace.reach(at, messages.len()).await;
        let again = usize::from(dice.throw(20) == 0);
        for _ in 0..=again {
            acknowledged.push((message.key.clone(), publish(&broker, message).await));
        }
    }
    acknowledged
}

/// Publishes a message until the broker acknowledges it.
pub async fn publish(broker: &Broker, message: &Message) -> Seq {
    let until = Moment::now() + GIVE_UP_AFTER;
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/cloudevents+json");
    loop {
        assert!(Moment::now() < until, "the broker does not acknowledge {:?}", message.key);
        let request = Request::new().headers(headers.clone()).payload(message.body.clone().into());
        let sent = broker.client().send_request(message.subject.clone(), request.timeout(Some(TRY_WITHIN)));
        let answer = sent.await.ok().and_then(|it| serde_json::from_slice::<Value>(&it.payload).ok());
        match answer.as_ref().and_then(|answer| answer["seq"].as_u64()) {
            Some(seq) => return Seq(seq),
            None => tokio::time::sleep(BETWEEN_TRIES).await,
        }
    }
}

/// Kills engines and the broker, each `engine_kills` and `broker_kills` times, and
/// leaves all of them running.
pub struct Chaos {
    pub server: Server,
    pub engines: Vec<Serving>,
    pub engine_kills: u64,
    pub broker_kills: u64,
    pub dice: Dice,
    pub told: watch::Sender<u64>,
}

impl Chaos {
    /// Starts the engines, kills and starts again until it has done its work.
    pub async fn run(mut self) -> (Server, Vec<Serving>) {
        for engine in &mut self.engines {
            engine.start();
        }
        let all = self.engine_kills + self.broker_kills;
        for done in 0..all {
            let left = all - done;
            if self.dice.throw(left) < self.broker_kills {
                self.broker_kills -= 1;
                self.kill_broker().await;
            } else {
                self.kill_engine().await;
            }
            self.told.send_replace(done + 1);
        }
        for engine in &mut self.engines {
            revive(engine);
        }
        (self.server, self.engines)
    }

    /// Waits up to `most` milliseconds.
    async fn a_moment(&mut self, most: u64) {
        tokio::time::sleep(Duration::from_millis(self.dice.throw(most))).await;
    }

    async fn kill_broker(&mut self) {
        self.a_moment(700).await;
        self.server.kill().await;
        self.a_moment(400).await;
        self.server.start_again().await;
        for engine in &mut self.engines {
            revive(engine);
        }
    }

    /// Mostly kills an engine that has just begun to work, sometimes one that is
    /// still finding its way.
    async fn kill_engine(&mut self) {
        let which = self.dice.throw(self.engines.len() as u64) as usize;
        revive(&mut self.engines[which]);
        if self.dice.throw(4) > 0 {
            let ready = |status: &Value| status["role"] == "leading" || status["role"] == "following";
            self.engines[which].until(TENANT, READY_WITHIN, ready).await;
        }
        self.a_moment(800).await;
        self.engines[which].kill().await;
        self.engines[which].start();
    }
}

/// Starts an engine again that ended because it found no broker; it may end for
/// nothing else.
fn revive(engine: &mut Serving) {
    if let Some(status) = engine.ended() {
        assert_eq!(status.code(), Some(3), "an engine ended by itself:\n{}", engine.tail());
        engine.start();
    }
}
