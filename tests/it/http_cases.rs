//! A supervisor's morning over HTTP: what is overdue, why, and what becomes of facts.

use serde_json::{Value, json};

use crate::support::site::Served;

fn received(key: &str, id: &str, at: &str) -> Value {
    json!({
        "specversion": "1.0", "type": "objection.received", "source": "/platform", "id": id,
        "subject": format!("objection/{key}"), "actor": "xinyong-pingtai",
        "data": {"unit": "qu-shuiwuju", "penaltyNumber": "P-1", "receivedAt": at},
    })
}

fn answered(key: &str, id: &str, actor: &str) -> Value {
    json!({
        "specversion": "1.0", "type": "objection.answered", "source": "/water", "id": id,
        "subject": format!("objection/{key}"), "actor": actor, "data": {"result": "maintained"},
    })
}

const RECEIVED_AT: &str = "2022-09-28T16:20:00+08:00";

#[tokio::test(flavor = "multi_thread")]
async fn the_lists_and_the_page_of_a_case_agree() {
    let served = Served::at("2022-09-28T17:00:00+08:00").await;
    assert_eq!(served.state(received("YY-1", "r1", RECEIVED_AT)).await.status, 200);
    let before = served.get("upcoming?workflow=objection&at=2022-09-29T09:00:00%2B08:00").await.json();
    assert_eq!(before["rows"][0]["light"], "due-soon", "{before}");
    assert_eq!(before["rows"][0]["span"]["words"]["zh"], "今天 24:00 到期");
    assert_eq!(
        served.get("overdue?workflow=objection&at=2022-09-29T09:00:00%2B08:00").await.json()["rows"],
        json!([])
    );

    let overdue =
        served.get("overdue?at=2022-09-30T03:00:00%2B08:00&unit=qu-shuiwuju&workflow=objection").await.json();
    let row = &overdue["rows"][0];
    assert_eq!(row["case"], "objection/YY-1", "{overdue}");
    assert_eq!(row["dueAt"], "2022-09-29T16:00:00Z");
    assert_eq!(row["due"]["zh"], "2022-09-29 周四 24:00");
    assert_eq!(row["light"], "overdue");
    assert_eq!(row["span"]["words"]["zh"], "超期 3 小时");
    assert_eq!(overdue["asOf"]["tenant"], "changqing");
    assert!(overdue["asOf"]["ledgerSeq"].as_u64() > Some(20), "{}", overdue["asOf"]);

    let case = served.get("cases/objection/YY-1?at=2022-09-30T03:00:00%2B08:00").await.json();
    let deadline = &case["deadlines"][0];
    assert_eq!(deadline["light"], row["light"]);
    assert_eq!(deadline["term"]["dueAt"], row["dueAt"]);
    assert!(deadline["reason"]["zh"].as_str().is_some_and(|it| it.contains("三(四)18")), "{deadline}");
    assert_eq!(case["waitsFor"][0]["id"], "qu-shuiwuju");
    assert_eq!(case["timeline"][0]["type"], "objection.received");
    assert_eq!(case["timeline"][0]["by"]["id"], "xinyong-pingtai");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_text_reads_from_top_to_bottom() {
    let served = Served::at("2022-09-28T17:00:00+08:00").await;
    served.state(received("YY-1", "r1", RECEIVED_AT)).await;
    let path = "cases/objection/YY-1?at=2022-09-29T09:00:00%2B08:00";
    let page = served.get_as(path, "text/plain").await;
    assert_eq!(page.headers["content-type"], "text/plain; charset=utf-8");
    let hide = |text: &str| text.lines().map(without_numbers).collect::<Vec<_>>().join("\n");
    insta::assert_snapshot!("case_page_zh", hide(&page.text));
    let page = served.get(&format!("{path}&format=text&lang=en")).await;
    insta::assert_snapshot!("case_page_en", hide(&page.text));
}

/// Sequences and digests depend on how many policies the project has.
fn without_numbers(line: &str) -> String {
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    for word in &mut words {
        if word.starts_with('#') {
            *word = "#…".into();
        }
        if word.len() == 12 && word.chars().all(|digit| digit.is_ascii_hexdigit()) {
            *word = "…".into();
        }
    }
    let line = words.join(" ");
    let cut = |start: &str| line.starts_with(start).then(|| format!("{start}…"));
    cut("截至账本条目 ").or_else(|| cut("As of ledger entry ")).unwrap_or(line)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_of_answering_has_its_outcome() {
    let served = Served::at("2022-09-28T17:00:00+08:00").await;
    served.state(received("YY-1", "r1", RECEIVED_AT)).await;

    let wrong = served.state(answered("YY-1", "a0", "qu-rensheju")).await;
    assert_eq!(wrong.status, 422, "{}", wrong.text);
    assert_eq!(wrong.headers["content-type"], "application/problem+json");
    let problem = wrong.json();
    assert_eq!(problem["rule"], "actor.forbidden", "{problem}");
    assert_eq!(problem["instance"], "/v1/changqing/events");

    let early = served.state(answered("YY-2", "a1", "qu-shuiwuju")).await;
    assert_eq!(early.json()["events"][0]["verdict"], "parked", "{}", early.text);

    let answer = served.state(answered("YY-1", "a2", "qu-shuiwuju")).await;
    assert_eq!(answer.json()["events"][0]["verdict"], "accepted", "{}", answer.text);
    let again = served.state(answered("YY-1", "a2", "qu-shuiwuju")).await;
    assert_eq!(again.json()["events"][0]["verdict"], "duplicated", "{}", again.text);
    let conflict = served.state(answered("YY-2", "a2", "qu-shuiwuju")).await;
    assert_eq!(conflict.json()["rule"], "id.conflicts", "{}", conflict.text);

    served.state(received("YY-3", "r3", RECEIVED_AT)).await;
    served.set_now("2022-09-30T10:00:00+08:00");
    served.state(answered("YY-3", "a3", "qu-shuiwuju")).await;
    let counts = served.get("counts").await.json();
    assert_eq!(counts["all"]["metInTime"], 1, "{counts}");
    assert_eq!(counts["all"]["metLate"], 1, "{counts}");

    let refusals = served.get("refusals?rule=actor.forbidden").await.json();
    assert_eq!(refusals["rows"][0]["id"], "a0");
    assert_eq!(refusals["rows"][0]["original"]["data"]["result"], "maintained", "{refusals}");
    assert_eq!(
        served.get("refusals?actor=qu-shuiwuju").await.json()["rows"][0]["reason"]["rule"],
        "id.conflicts"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_join_up_to_the_whole_list() {
    let served = Served::at("2022-09-28T17:00:00+08:00").await;
    let events: Vec<Value> =
        (0..23).map(|n| received(&format!("YY-{n:02}"), &format!("r{n}"), RECEIVED_AT)).collect();
    let posted =
        served.post("events?wait=20s", "application/cloudevents-batch+json", Value::from(events).to_string());
    assert_eq!(posted.await.status, 200);
    for (order, list) in [("earliest", "deadlines"), ("latest", "deadlines"), ("", "cases")] {
        let order = if order.is_empty() { String::new() } else { format!("&order={order}") };
        let whole = served.get(&format!("{list}?workflow=objection{order}")).await.json();
        assert_eq!(whole["rows"].as_array().map(Vec::len), Some(23), "{whole}");
        assert_eq!(whole["more"], false);
        let (mut joined, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = served.get(&format!("{list}?workflow=objection&limit=5{order}{cursor}")).await.json();
            joined.extend(page["rows"].as_array().expect("rows").clone());
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(Value::from(joined), whole["rows"], "{list} in pages of 5");
    }
}
