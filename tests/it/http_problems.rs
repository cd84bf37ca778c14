//! Bad requests over HTTP: each is answered clearly, and nothing stops.

use serde_json::{Value, json};

use crate::support::site::{Came, Served};

const STRUCTURED: &str = "application/cloudevents+json";

#[track_caller]
fn assert_problem(came: &Came, status: u16, rule: &str) {
    let problem = came.json();
    assert_eq!((came.status, problem["rule"].as_str()), (status, Some(rule)), "{}", came.text);
    assert_eq!(came.headers["content-type"], "application/problem+json");
    assert_eq!(problem["status"], status);
    assert_eq!(problem["type"], format!("urn:duban:problem:{rule}"));
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{problem}");
    assert!(problem["instance"].as_str().is_some_and(|path| path.starts_with('/')), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_and_parameters_that_are_wrong_are_named() {
    let served = Served::at("2022-09-28T17:00:00+08:00").await;
    assert_problem(&served.get("/nowhere").await, 404, "route.unknown");
    assert_problem(&served.get("/v1/nobody/overdue").await, 404, "tenant.unknown");
    assert_problem(&served.get("cases/objection/none").await, 404, "thing.unknown");
    assert_problem(&served.get("policies/Workflow/none").await, 404, "thing.unknown");
    assert_problem(&served.get("events").await, 405, "method.not-allowed");
    let typo = served.get("overdue?unti=tax").await;
    assert_problem(&typo, 400, "parameter.unknown");
    assert_eq!(typo.json()["field"], "unti");
    for query in ["at=yesterday", "limit=0", "limit=x", "cursor=zz", "light=green", "unit=A", "order=up"] {
        let came = served.get(&format!("deadlines?{query}")).await;
        assert_problem(&came, 400, "parameter.invalid");
        assert_eq!(came.json()["field"].as_str(), query.split('=').next(), "{}", came.text);
    }
    assert_problem(&served.get("overdue?light=on-track").await, 400, "parameter.invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_events_are_answered_and_not_published() {
    let served = Served::at("2022-09-28T17:00:00+08:00").await;
    let before = served.facts_stored().await;
    let good = json!({
        "specversion": "1.0", "type": "objection.received", "source": "/p", "id": "1",
        "actor": "xinyong-pingtai", "subject": "objection/1", "data": {},
    });
    let without = |name: &str| {
        let mut event = good.clone();
        event.as_object_mut().expect("an object").remove(name);
        event.to_string()
    };
    assert_problem(&served.post("events", STRUCTURED, "{").await, 400, "envelope.json");
    for name in ["id", "source", "type", "specversion", "actor"] {
        let came = served.post("events", STRUCTURED, without(name)).await;
        assert_problem(&came, 400, "envelope.required");
        assert_eq!(came.json()["field"], name);
    }
    let nested = format!("{}1{}", "[".repeat(100), "]".repeat(100));
    let deep = good.to_string().replace("{}", &format!("{{\"x\":{nested}}}"));
    assert_problem(&served.post("events", STRUCTURED, deep).await, 400, "envelope.too-deep");
    let large = good.to_string().replace("{}", &format!("{{\"x\":\"{}\"}}", "x".repeat(2 * 1024 * 1024)));
    assert_problem(&served.post("events", STRUCTURED, large).await, 413, "envelope.too-large");
    let huge = "x".repeat(20 * 1024 * 1024);
    assert_problem(&served.post("events", STRUCTURED, huge).await, 413, "envelope.too-large");
    assert_problem(&served.post("events", "text/csv", "a,b").await, 415, "envelope.content-type");
    assert_problem(
        &served.post("events?wait=1h", STRUCTURED, good.to_string()).await,
        400,
        "parameter.invalid",
    );
    let batch = format!("[{good},{}]", without("id"));
    let came = served.post("events", "application/cloudevents-batch+json", batch).await;
    assert_problem(&came, 400, "envelope.required");
    assert_eq!(came.json()["faults"][0]["index"], 1);
    assert_eq!(served.facts_stored().await, before, "nothing of this should have been published");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_is_said_to_be_and_questions_go_on() {
    let served = Served::at("2022-09-28T17:00:00+08:00").await;
    let event = json!({
        "specversion": "1.0", "type": "objection.received", "source": "/p", "id": "1", "actor": "xinyong-pingtai",
        "subject": "objection/1", "data": {"unit": "qu-shuiwuju", "penaltyNumber": "P"},
    });
    served.intake.set_away(true);
    let came = served.post("events?wait=1s", STRUCTURED, event.to_string()).await;
    assert_problem(&came, 503, "intake.away");
    assert!(came.headers.contains_key("retry-after"));
    assert_eq!(served.get("overdue").await.status, 200);
    served.intake.set_away(false);
    assert_eq!(served.state(event).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn binary_mode_and_no_wait_give_a_receipt() {
    let served = Served::at("2022-09-28T17:00:00+08:00").await;
    let came = served
        .request(|client, address| {
            client
                .post(format!("{address}/v1/changqing/events"))
                .header("ce-specversion", "1.0")
                .header("ce-type", "objection.received")
                .header("ce-source", "/p")
                .header("ce-id", "b1")
                .header("ce-subject", "objection/B")
                .header("ce-actor", "xinyong-pingtai")
                .header("content-type", "application/json")
                .body(r#"{"unit":"qu-shuiwuju","penaltyNumber":"P"}"#)
        })
        .await;
    assert_eq!(came.status, 202, "{}", came.text);
    assert!(came.json()["events"][0]["intakeSeq"].as_u64() > Some(0), "{}", came.text);
    assert!(came.headers.contains_key("x-request-id"));
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_tenants_policies_calendars_and_due_dates() {
    let served = Served::at("2022-09-28T17:00:00+08:00").await;
    assert_eq!(served.get("/healthz").await.status, 200);
    let ready = served.get("/readyz").await;
    assert_eq!((ready.status, &ready.json()["ready"]), (200, &Value::Bool(true)), "{}", ready.text);
    assert_eq!(served.get("/v1").await.json()["tenants"][0]["tenant"], "changqing");
    let policies = served.get("policies").await.json();
    let names: Vec<&str> = policies["policies"]
        .as_array()
        .expect("policies")
        .iter()
        .filter_map(|it| it["name"].as_str())
        .collect();
    assert!(names.contains(&"objection") && names.contains(&"cn-gov"), "{names:?}");
    let policy = served.get("policies/Workflow/objection").await.json();
    assert_eq!(policy["document"]["name"], "objection", "{policy}");
    let year = served.get("calendars/cn-gov?year=2022").await.json();
    assert_eq!(year["workingDays"], 249, "{year}");
    assert!(year["days"].as_array().is_some_and(|days| days.iter().any(|day| day["date"] == "2022-10-08")));
    let due = served.post(
        "due",
        "application/json",
        r#"{"id":1,"rule":{"workingDays":7},"start":"2022-09-28T16:20:00+08:00"}"#,
    );
    assert_eq!(due.await.json()["lastDay"], "2022-10-12");
    let lines = "{\"id\":1,\"rule\":{\"workingDays\":1},\"start\":\"2022-09-28\"}\n{\"id\":2,\"rule\":{},\"start\":\"x\"}\n";
    let due = served.post("due", "application/x-ndjson", lines).await;
    assert_eq!(due.text.lines().count(), 2, "{}", due.text);
}
