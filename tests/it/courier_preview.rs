//! A message that is looked at before anything is raised says what is sent then, and
//! sends nothing itself.

use serde_json::Value;

use crate::courier_place::{Place, willing};
use crate::courier_town::{given, units};

const CHANNELS: &str = "  - {name: night, via: webhook, serves: [unit:u-0], quiet: {calendar: cn-gov}}\n  \
                        - {name: robot, via: feishu, serves: [unit:u-0, unit:u-1], language: en}\n";

fn at(text: &str) -> duban::time::Instant {
    format!("{text}+08:00").parse().expect("an instant")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_looked_at_is_what_is_sent() {
    let place = Place::new("2026-03-11T09:00:00", &units(3), CHANNELS, willing()).await;
    for unit in ["u-0", "u-1", "u-2"] {
        place.state(&given(&format!("t-{unit}"), unit, at("2026-03-11T20:00:00"))).await;
    }
    place.settled().await;
    let (address, client) = (place.serve().await, duban::tls::client().no_proxy().build().expect("a client"));
    let look = async |query: &str| -> (u16, Value) {
        let url = format!("{address}/deliveries/preview?{query}");
        let answer = client.get(url).send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.expect("JSON"))
    };
    let (status, robot) = look("case=task/t-u-1").await;
    assert_eq!(status, 200, "{robot}");
    assert_eq!(
        (&robot["channel"], &robot["via"], &robot["lang"]),
        (&"robot".into(), &"feishu".into(), &"en".into())
    );
    assert_eq!(
        (&robot["rung"], &robot["act"], &robot["light"]),
        (&1.into(), &"reminder".into(), &"yellow".into())
    );
    // In the evening it waits for the next morning where a channel keeps quiet hours.
    let (_, night) = look("case=task/t-u-0").await;
    assert_eq!(night["raisedAt"], "2026-03-11T12:00:00Z", "{night}");
    assert_eq!(night["leavesAt"], "2026-03-12T01:00:00Z", "{night}");
    assert_eq!((&night["channels"][1], &night["lang"]), (&"robot".into(), &"zh".into()));
    let (_, chosen) = look("case=task/t-u-0&channel=robot&language=zh").await;
    assert_eq!((&chosen["channel"], &chosen["lang"]), (&"robot".into(), &"zh".into()));
    let (_, nobody) = look("case=task/t-u-2").await;
    assert!(nobody["channel"].is_null() && nobody["text"].as_str().is_some_and(|text| !text.is_empty()));
    place.settled().await;
    assert!(place.sent().is_empty(), "looking sends nothing: {:#?}", place.sent());

    place.at("2026-03-11T20:00:00").await;
    place.ended(2).await;
    let sent = place.sent_by("robot").into_iter().find(|it| it.unit == "u-1").expect("it is sent");
    assert_eq!(robot["title"], sent.title.as_str());
    // The number alone differs: a message that is not sent has none.
    assert_eq!(robot["text"].as_str().expect("a text").replace("preview", &sent.key), sent.text);
    assert_eq!(robot["event"]["data"], sent.event["data"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_looked_at_is_told_by_name() {
    let place = Place::new("2026-03-11T09:00:00", &units(2), CHANNELS, willing()).await;
    place.state(&given("t-0", "u-0", at("2026-03-11T20:00:00"))).await;
    place.settled().await;
    let (address, client) = (place.serve().await, duban::tls::client().no_proxy().build().expect("a client"));
    for (query, status, told) in [
        ("", 400, "name the case"),
        ("case=task/none", 404, "task/none"),
        ("case=task/t-0&clock=other", 404, "other"),
        ("case=task/t-0&rung=0", 400, "1 rungs"),
        ("case=task/t-0&rung=2", 400, "1 rungs"),
        ("case=task/t-0&nth=2", 400, "at most 1 times"),
        ("case=task/t-0&unit=u-1", 400, "this rung tells u-0"),
        ("case=task/t-0&channel=post", 400, "u-0 is served by night, robot"),
        ("case=task/t-0&language=fr", 400, "zh or en"),
    ] {
        let answer =
            client.get(format!("{address}/deliveries/preview?{query}")).send().await.expect("an answer");
        let found = answer.status().as_u16();
        let text = answer.text().await.expect("a text");
        assert!(found == status && text.contains(told), "{query}: {found} {text}");
    }
}
