//! The overview says by how much more or less is overdue than when yesterday ended, and
//! says it exactly: the number is held against what the same page said then.

use serde_json::{Value, json};

use crate::support::site::Served;

fn received(key: &str, at: &str) -> Value {
    json!({
        "specversion": "1.0", "type": "objection.received", "source": "/platform", "id": format!("r-{key}"),
        "subject": format!("objection/{key}"), "actor": "xinyong-pingtai",
        "data": {"unit": "qu-shuiwuju", "penaltyNumber": "P-1", "receivedAt": at},
    })
}

fn answered(key: &str) -> Value {
    json!({
        "specversion": "1.0", "type": "objection.answered", "source": "/water", "id": format!("a-{key}"),
        "subject": format!("objection/{key}"), "actor": "qu-shuiwuju", "data": {"result": "maintained"},
    })
}

async fn state(served: &Served, event: Value) {
    let came = served.state(event).await;
    assert_eq!(came.status, 200, "{}", came.text);
}

async fn overdue(served: &Served) -> i64 {
    served.get("counts").await.json()["all"]["overdue"].as_i64().expect("a count")
}

/// What the sentence says, if it says it.
async fn change(served: &Served) -> Option<i64> {
    let text = served.get("/desk/changqing/").await.text;
    let (_, rest) = text.split_once("data-change=\"")?;
    rest.split('"').next()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_difference_is_that_of_the_counts_of_then_and_now() {
    let served = Served::at("2022-09-26T09:00:00+08:00").await;
    for key in ["A", "B", "C", "D"] {
        state(&served, received(key, "2022-09-26T09:00:00+08:00")).await;
    }
    // The last moment of the 28th: what fell due by the 27th is overdue.
    served.set_now("2022-09-28T23:59:59.999999999+08:00");
    let before = overdue(&served).await;
    assert!(before >= 4, "the four are overdue: {before}");
    served.set_now("2022-09-29T10:00:00+08:00");
    let morning = overdue(&served).await;
    assert_eq!(change(&served).await, Some(morning - before), "nothing has happened but time");

    // Overdue ones are answered late, one is answered in time, another falls overdue.
    for key in ["A", "B"] {
        state(&served, answered(key)).await;
    }
    state(&served, received("E", "2022-09-29T10:00:00+08:00")).await;
    state(&served, answered("E")).await;
    let now = overdue(&served).await;
    assert_eq!(now, morning - 2);
    assert_eq!(change(&served).await, Some(now - before), "what has ended since counts as of then");

    // Another day: yesterday's end is the number of now.
    served.set_now("2022-09-29T23:59:59.999999999+08:00");
    let evening = overdue(&served).await;
    served.set_now("2022-09-30T08:00:00+08:00");
    state(&served, answered("C")).await;
    assert_eq!(change(&served).await, Some(overdue(&served).await - evening));

    // A page about another time says nothing of the kind: it tells today's ledger.
    let text = served.get("/desk/changqing/?at=2022-09-29T10:00").await.text;
    assert!(!text.contains("data-change"), "{text}");
}
