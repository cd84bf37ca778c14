//! Engine and courier are killed again and again while reminders go out to webhooks, chat
//! robots and a mail server that answer, refuse, hang, hang up or answer twice: each
//! reminder has one recorded outcome, none is lost, and what comes twice has the same key
//! and a reason.

use std::sync::Arc;
use std::time::{Duration, Instant as Moment};

use duban::event::catalogue::Outcome;
use duban::id::TenantId;
use duban::nats::NatsLog;
use serde_json::Value;

use crate::courier_audit::Outcomes;
use crate::courier_elsewhere::Elsewhere;
use crate::courier_receivers::{Act, Manner, Receivers, roll};
use crate::courier_town::{TOWN, given, hooks, office, policies, settings, units};
use crate::store_steps::Dice;
use crate::support::engine::now;
use crate::support::nats::Server;
use crate::torture_audit::read_all;
use crate::torture_kills::{logs, patient, seed};
use crate::torture_serve::Serving;

/// How often engine and courier are killed.
const KILLS: u64 = 50;
/// Units, each with a receiver of its own.
const UNITS: usize = 1_000;
/// Reminders, unless the environment says otherwise.
const REMINDERS: usize = 10_000;
/// Events in one request.
const AT_ONCE: usize = 500;
/// How long an engine may take to lead.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// How long it may take after the last kill until everything is delivered.
const DELIVERED_WITHIN: Duration = Duration::from_secs(180);

/// How many of the units have a webhook; the others have a robot or get mail.
const HOOKS: usize = 700;

/// What receivers do: mostly answer, sometimes everything else, and in the end answer.
fn manner() -> Manner {
    Arc::new(|_, key, nth| match (nth, roll(key, 1_000)) {
        (0, 0..80) => Act::TooMany,
        (0..2, 80..160) => Act::Status(500),
        (0, 160..164) => Act::Hang,
        (0, 164..168) => Act::Late,
        (0, 168..230) => Act::Reset,
        (_, 230..290) => Act::AnswerTwice,
        (_, 290..350) => Act::Slow(Duration::from_millis(300)),
        _ => Act::Answer,
    })
}

/// How many reminders there are: ten thousand, or what a person asks for.
fn reminders() -> usize {
    #[expect(clippy::disallowed_methods, reason = "a person tries it with fewer or more")]
    let given = std::env::var("DUBAN_TORTURE_REMINDERS").ok().and_then(|text| text.parse().ok());
    given.unwrap_or(REMINDERS)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reminder_has_one_outcome_however_often_the_courier_is_killed() {
    let (began, seed, reminders) = (Moment::now(), seed(), reminders());
    println!("seed {seed}, {reminders} reminders");
    let (receivers, elsewhere) = (Receivers::start(manner()).await, Elsewhere::start().await);
    let server = Server::start().await;
    let folder = server.folder().to_owned();
    let units = units(UNITS);
    let (hooked, others) = units.split_at(HOOKS);
    let serves = hooked.iter().map(|unit| format!("unit:{unit}")).collect::<Vec<_>>().join(", ");
    let channels = format!("  - {{name: unit-hook, via: webhook, serves: [{serves}]}}\n");
    let policies = policies(&folder.join("policies"), &units, &(channels + &Elsewhere::channels(others)));
    let channels = hooks("unit-hook", &receivers.address, hooked, "{most: 50, seconds: 1, atOnce: 2}");
    let (mut hosts, more) = elsewhere.settings(others);
    hosts.push(receivers.address.trim_start_matches("http://").to_owned());
    let settings = settings(&folder.join("office"), &office(&hosts, &(channels + &more)));
    let arguments = ["--delivery", settings.to_str().expect("a path")];
    let mut serving =
        Serving::new(server.url(), &[TOWN], &folder.join("engine"), Some(&policies)).with(&arguments);
    serving.start();
    serving.until_leading(TOWN, READY_WITHIN).await;
    publish(&serving, &units, reminders).await;
    println!("{:?}: tasks are given", began.elapsed());
    let mut dice = Dice::new(seed);
    let mut kills = Vec::new();
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(dice.throw(700))).await;
        kills.push(now());
        serving.kill().await;
        serving.start();
        if dice.throw(8) > 0 {
            serving.until_leading(TOWN, READY_WITHIN).await;
            sending(&receivers).await;
        }
    }
    println!("{:?}: {KILLS} kills", began.elapsed());
    serving.until_leading(TOWN, READY_WITHIN).await;
    delivered(&serving, &server, reminders).await;
    println!("{:?}: all is delivered", began.elapsed());
    serving.rebuild(TOWN).await;
    let all = || [receivers.came(), elsewhere.came()].concat();
    let before = all().len();
    assert_eq!(serving.stop().await.code(), Some(0), "{}", serving.tail());
    let (_, ledger) = logs_of(&server).await;
    let outcomes = Outcomes::read(&read_all(&ledger).await);
    assert_eq!(outcomes.raised.len(), reminders);
    outcomes.each_ended_once(Outcome::Delivered);
    let came = all();
    elsewhere.were_met_in_every_way();
    let found = outcomes.hold_against(&came, &kills);
    println!("{:?}: {found:#?}", began.elapsed());
    assert_eq!(came.len(), before, "a rebuild sends nothing");
    assert!(found.refused > reminders / 20, "receivers should have refused: {found:?}");
    assert!(found.again_after_lost > reminders / 50, "answers should have been lost: {found:?}");
    assert!(found.again_after_kill > 0, "no kill hit a message under way: {found:?}");
}

/// Waits until a message goes out again, for a little while: a kill before that hits none,
/// and on a slow machine all of them would come before.
async fn sending(receivers: &Receivers) {
    let (before, until) = (receivers.count(), Moment::now() + Duration::from_secs(3));
    while receivers.count() == before && Moment::now() < until {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn logs_of(server: &Server) -> (NatsLog, NatsLog) {
    logs(&patient(server.url()).await, &TenantId::new(TOWN).expect("a tenant")).await
}

/// Gives tasks that fall due while the kills go on.
async fn publish(serving: &Serving, units: &[String], reminders: usize) {
    // The kills take about as long as this.
    let (from, span) = (now().plus_seconds(8), 45_000);
    let due = |number: usize| {
        let millis = u64::try_from(number * span / reminders).expect("a number");
        from.plus(Duration::from_millis(millis))
    };
    let events: Vec<Value> = (0..reminders)
        .map(|number| given(&format!("t-{number}"), &units[number % units.len()], due(number)))
        .collect();
    for batch in events.chunks(AT_ONCE) {
        let body = Value::from(batch.to_vec()).to_string();
        let media = "application/cloudevents-batch+json";
        let answer = serving.post(&format!("v1/{TOWN}/events"), media, body).await;
        let (status, body) = answer.unwrap_or_else(|| panic!("no answer: {}", serving.tail()));
        assert!(status == 200 || status == 202, "{status} {body}");
    }
}

/// Waits until every reminder was raised and nothing waits any more.
async fn delivered(serving: &Serving, server: &Server, reminders: usize) {
    let until = Moment::now() + DELIVERED_WITHIN;
    loop {
        let answer = serving.get(&format!("v1/{TOWN}/deliveries?limit=1")).await;
        let pending = answer.as_ref().and_then(|(_, body)| body["counts"]["pending"].as_u64());
        if pending == Some(0) && raised(server).await == reminders {
            return;
        }
        assert!(Moment::now() < until, "{pending:?} wait: {answer:?}\n{}", serving.tail());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn raised(server: &Server) -> usize {
    let (_, ledger) = logs_of(server).await;
    Outcomes::read(&read_all(&ledger).await).raised.len()
}
