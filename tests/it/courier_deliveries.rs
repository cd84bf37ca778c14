//! What the courier sends and what it does not, in virtual time: a rebuild sends
//! nothing, one that follows sends nothing, what is met is withdrawn, quiet hours are
//! quiet, twenty deadlines share one message, a day has one digest.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use duban::courier::signs::Signs;
use duban::engine::handle::Role;
use duban::event::catalogue::Outcome;
use duban::port::carrier::CarryError;
use serde_json::{Value, json};

use crate::courier_place::{Place, willing};
use crate::courier_town::{done, given, units};

const HOOK: &str = "  - {name: hook, via: webhook, serves: [group:everyone]}\n";

fn at(text: &str) -> duban::time::Instant {
    format!("{text}+08:00").parse().expect("an instant")
}

/// The numbers of the units that got something, once for each.
fn units_of(place: &Place, channel: &str) -> Vec<String> {
    let mut units: Vec<String> = place.sent_by(channel).into_iter().map(|it| it.unit).collect();
    units.sort();
    units
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_raised_is_sent_once_and_a_rebuild_sends_nothing() {
    let place = Place::new("2026-03-11T09:00:00", &units(3), HOOK, willing()).await;
    for number in 0..3 {
        let due = at("2026-03-11T10:00:00");
        place.state(&given(&format!("t-{number}"), &format!("u-{number}"), due)).await;
    }
    place.at("2026-03-11T09:59:59").await;
    assert!(place.sent().is_empty(), "nothing is raised yet: {:?}", place.sent());
    place.at("2026-03-11T10:00:00").await;
    let ends = place.ended(3).await;
    assert!(ends.iter().all(|(.., outcome, _)| *outcome == Outcome::Delivered), "{ends:?}");
    assert_eq!(units_of(&place, "hook"), ["u-0", "u-1", "u-2"]);
    let rebuilt = place.running[0].handle.rebuild().await.expect("a rebuild");
    assert!(rebuilt.agreed, "{rebuilt:?}");
    // What comes after it shows that the courier has looked at the rows made again.
    place.state(&given("t-3", "u-0", at("2026-03-11T11:00:00"))).await;
    place.at("2026-03-11T11:00:00").await;
    assert_eq!(place.ended(4).await.len(), 4);
    let keys: BTreeSet<String> = place.sent().into_iter().map(|it| it.key).collect();
    assert_eq!((place.sent().len(), keys.len()), (4, 4), "{:#?}", place.sent());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_follows_sends_nothing_and_goes_on_when_the_other_is_gone() {
    let is_open = Arc::new(AtomicBool::new(true));
    let opens = Arc::clone(&is_open);
    let closed = || Err(CarryError::Again { after: None, reason: "closed".into() });
    let answers = Arc::new(
        move |_: &str, _: &str, _: usize| {
            if opens.load(Ordering::SeqCst) { Ok(()) } else { closed() }
        },
    );
    let mut place = Place::new("2026-03-11T09:00:00", &units(10), HOOK, answers).await;
    let signs = Signs { every: Duration::from_millis(100), patience: Duration::from_millis(700) };
    place.start(signs).await;
    let give = |from: usize, due: &'static str| {
        (from..from + 10).map(move |n| given(&format!("t-{n}"), &format!("u-{}", n % 10), at(due)))
    };
    for event in give(0, "2026-03-11T10:00:00") {
        place.state(&event).await;
    }
    place
        .until("one follows", || place.running.iter().any(|it| it.handle.status().role == Role::Following))
        .await;
    place.at("2026-03-11T10:00:00").await;
    place.ended(10).await;
    let leader = place.running.iter().position(|it| it.handle.status().role == Role::Leading).expect("one");
    assert!(place.sent().iter().all(|it| it.by == leader), "{:#?}", place.sent());
    assert_eq!(place.sent().len(), 10);
    // Now everything fails, the leader dies, and nothing happens any more.
    is_open.store(false, Ordering::SeqCst);
    for event in give(10, "2026-03-11T11:00:00") {
        place.state(&event).await;
    }
    place.at("2026-03-11T11:00:00").await;
    place.until("all were tried", || place.sent().iter().filter(|it| !it.taken).count() >= 10).await;
    place.running[leader].kill();
    is_open.store(true, Ordering::SeqCst);
    let ends = place.ended(20).await;
    assert_eq!(ends.len(), 20, "{ends:?}");
    let taken: Vec<_> = place.sent().into_iter().filter(|it| it.taken).collect();
    assert!(taken[10..].iter().all(|it| it.by != leader), "{taken:#?}");
    assert_eq!(taken.iter().map(|it| &it.key).collect::<BTreeSet<_>>().len(), 20, "{taken:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_counted_and_sent_again_singly_and_together() {
    let is_open = Arc::new(AtomicBool::new(false));
    let opens = Arc::clone(&is_open);
    let answers = Arc::new(move |_: &str, unit: &str, _: usize| {
        let gone = unit != "u-0" && !opens.load(Ordering::SeqCst);
        if gone { Err(CarryError::Never { reason: "410 gone".into() }) } else { Ok(()) }
    });
    let place = Place::new("2026-03-11T09:00:00", &units(6), HOOK, answers).await;
    for number in 0..6 {
        let due = at("2026-03-11T10:00:00");
        place.state(&given(&format!("t-{number}"), &format!("u-{number}"), due)).await;
    }
    place.at("2026-03-11T10:00:00").await;
    let ends = place.ended(6).await;
    let failed: Vec<_> = ends.iter().filter(|it| it.3 == Outcome::Failed).collect();
    assert_eq!(failed.len(), 5, "{ends:?}");
    assert!(failed.iter().all(|it| it.4 == "410 gone"), "{failed:?}");
    let (address, client) = (place.serve().await, duban::tls::client().no_proxy().build().expect("a client"));
    let get = async |path: &str| -> Value {
        let answer = client.get(format!("{address}/{path}")).send().await.expect("an answer");
        answer.json().await.expect("JSON")
    };
    let replay = async |query: &str, body: Value| -> (u16, Value) {
        let url = format!("{address}/dead-letters/replay{query}");
        let answer = client.post(url).json(&body).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    };
    let letters = get("dead-letters").await;
    assert_eq!(letters["rows"].as_array().expect("rows").len(), 5, "{letters}");
    assert_eq!(letters["rows"][0]["note"], "410 gone", "{letters}");
    assert_eq!(get("deliveries").await["counts"]["dead"], 5);
    let counted = replay("?dryRun=true", json!({})).await;
    assert_eq!(counted, (200, json!({"matched": 5, "replayed": 0, "dryRun": true})));
    // Nothing is sent again by mistake: not without a number, not with a wrong one.
    let (status, told) = replay("", json!({})).await;
    assert_eq!((status, told["rule"].as_str()), (409, Some("replay.count")), "{told}");
    let (status, told) = replay("", json!({"expect": 4})).await;
    assert_eq!((status, told["rule"].as_str()), (409, Some("replay.count")), "{told}");
    assert_eq!(get("deliveries").await["counts"]["dead"], 5);
    is_open.store(true, Ordering::SeqCst);
    let one = &letters["rows"][0];
    let named = json!({"reminder": one["reminder"], "unit": one["unit"]["id"], "channel": one["channel"]});
    assert_eq!(replay("", named.clone()).await.1, json!({"matched": 1, "replayed": 1, "dryRun": false}));
    assert_eq!(place.ended(7).await[6].3, Outcome::Delivered);
    let (status, told) = replay("", named).await;
    assert_eq!(status, 404, "it is a dead letter no more: {told}");
    let rest = replay("", json!({"expect": 4})).await;
    assert_eq!(rest.1, json!({"matched": 4, "replayed": 4, "dryRun": false}));
    let ends = place.ended(11).await;
    assert_eq!(ends.iter().filter(|it| it.3 == Outcome::Delivered).count(), 6, "{ends:?}");
    assert_eq!(get("deliveries").await["counts"]["dead"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn quiet_hours_are_quiet_and_what_is_done_meanwhile_is_withdrawn() {
    let channels = "  - {name: quiet, via: webhook, serves: [unit:u-0, unit:u-1], quiet: {calendar: cn-gov}}\n  \
                    - {name: awake, via: webhook, serves: [unit:u-2]}\n";
    let place = Place::new("2026-03-11T20:00:00", &units(3), channels, willing()).await;
    for number in 0..3 {
        let due = at("2026-03-11T22:00:00");
        place.state(&given(&format!("t-{number}"), &format!("u-{number}"), due)).await;
    }
    place.at("2026-03-11T22:00:00").await;
    // Who is awake has it; by then the others were looked at, too.
    place.ended(1).await;
    place.at("2026-03-12T08:59:58").await;
    place.state(&done("t-0", "u-0")).await;
    place.settled().await;
    place.state(&given("t-9", "u-2", at("2026-03-12T08:59:59"))).await;
    place.settled().await;
    place.at("2026-03-12T08:59:59").await;
    place.ended(2).await;
    assert_eq!(place.sent_by("quiet").len(), 0, "it is night: {:#?}", place.sent());
    place.at("2026-03-12T09:00:00").await;
    let ends = place.ended(4).await;
    let of = |unit: &str| ends.iter().find(|it| it.1 == unit).map(|it| it.3);
    assert_eq!((of("u-0"), of("u-1")), (Some(Outcome::Withdrawn), Some(Outcome::Delivered)), "{ends:?}");
    assert_eq!(units_of(&place, "quiet"), ["u-1"], "nothing is sent after the case closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_deadlines_share_a_message_and_a_day_has_one_digest() {
    let channels = "  - {name: gathered, via: webhook, serves: [unit:u-0], merge: {minutes: 10}}\n  \
                    - {name: daily, via: webhook, serves: [unit:u-1], quiet: {calendar: cn-gov}, digest: \"08:30\"}\n  \
                    - {name: each, via: webhook, serves: [unit:u-2]}\n";
    let place = Place::new("2026-03-11T09:00:00", &units(3), channels, willing()).await;
    for number in 0..20 {
        for unit in ["u-0", "u-1", "u-2"] {
            let due = at(&format!("2026-03-11T10:0{}:00", number / 4));
            place.state(&given(&format!("t-{number}-{unit}"), unit, due)).await;
        }
    }
    for minute in 0..5 {
        place.at(&format!("2026-03-11T10:0{minute}:00")).await;
    }
    place.ended(20).await;
    place.at("2026-03-11T10:09:59").await;
    assert_eq!((place.sent_by("gathered").len(), place.sent_by("each").len()), (0, 20));
    place.at("2026-03-11T10:10:00").await;
    place.ended(40).await;
    let gathered = place.sent_by("gathered");
    assert_eq!(gathered.len(), 1, "{gathered:#?}");
    assert_eq!(gathered[0].event.as_array().map(Vec::len), Some(20), "{}", gathered[0].event);
    assert_eq!(place.sent_by("daily").len(), 0);
    // More comes during the day, and belongs into the same digest.
    place.state(&given("t-late", "u-1", at("2026-03-11T15:00:00"))).await;
    place.at("2026-03-11T15:00:00").await;
    place.at("2026-03-12T08:30:00").await;
    let ends = place.ended(61).await;
    assert!(ends.iter().all(|it| it.3 == Outcome::Delivered), "{ends:?}");
    let daily = place.sent_by("daily");
    assert_eq!(daily.len(), 1, "{daily:#?}");
    assert_eq!(daily[0].event.as_array().map(Vec::len), Some(21), "{}", daily[0].event);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_address_waits_and_is_given_up_in_the_end() {
    let names: Vec<String> = ["u-0", "u-nowhere"].map(str::to_owned).into();
    let channels = "  - {name: hook, via: webhook, serves: [group:everyone], giveUpAfter: {hours: 2}}\n";
    let place = Place::new("2026-03-11T09:00:00", &names, channels, willing()).await;
    for unit in &names {
        place.state(&given(&format!("t-{unit}"), unit, at("2026-03-11T10:00:00"))).await;
    }
    place.at("2026-03-11T10:00:00").await;
    assert_eq!(place.ended(1).await.len(), 1);
    place.at("2026-03-11T12:00:00").await;
    let ends = place.ended(2).await;
    assert_eq!((ends[1].1.as_str(), ends[1].3), ("u-nowhere", Outcome::Failed), "{ends:?}");
    assert!(ends[1].4.contains("no address"), "{ends:?}");
}
