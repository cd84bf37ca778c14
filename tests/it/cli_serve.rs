//! `serve` and the questions, end to end on a real broker; killed and started again.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::cli::{Serving, serve, serve_as_it_is};
use crate::support::nats::Server;

/// An event whose clock began long ago, so that it is overdue at once.
pub fn received(number: u32, unit: &str) -> Value {
    json!({
        "specversion": "1.0",
        "id": format!("received-{number}"),
        "source": "/changqing/xinyong-pingtai",
        "type": "objection.received",
        "subject": format!("objection/YY-{number}"),
        "actor": "xinyong-pingtai",
        "data": {"unit": unit, "receivedAt": "2026-03-02T09:00:00+08:00"},
    })
}

pub fn answered(number: u32, by: &str) -> Value {
    json!({
        "specversion": "1.0",
        "id": format!("answered-{number}-{by}"),
        "source": format!("/changqing/{by}"),
        "type": "objection.answered",
        "subject": format!("objection/YY-{number}"),
        "actor": by,
        "data": {"result": "corrected"},
    })
}

/// The cases that are overdue, as the command line shows them.
pub fn overdue(serving: &Serving) -> Vec<String> {
    let answer = serving.ask(&["overdue", "--workflow", "objection", "--json"]).ends(0).json();
    let rows = answer["rows"].as_array().expect("rows").iter();
    rows.map(|row| row["case"].as_str().expect("a case").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_published_is_asked_for_and_survives_a_kill() {
    let server = Server::start().await;
    let data = TempDir::new().expect("a folder");
    let serving = serve(server.url(), data.path());

    let batch = json!([received(1, "qu-fagaiju"), received(2, "qu-wenlvju")]).to_string();
    let said = serving.ask_with(&["publish", "-", "--wait"], &batch).ends(0);
    assert_eq!(said.out.matches("accepted").count(), 2, "{}", said.out);
    assert_eq!(overdue(&serving), ["objection/YY-1", "objection/YY-2"]);

    let table = serving.ask(&["overdue", "--workflow", "objection"]).ends(0).out;
    assert!(table.contains("区发改局") && table.contains("超期"), "{table}");
    let page = serving.ask(&["case", "objection/YY-1"]).ends(0).out;
    assert!(page.contains("区发改局") && page.contains("2026"), "{page}");
    serving.ask(&["case", "objection/none"]).ends(5);

    // Another department may not answer; the refusal is an answer, and is kept.
    let wrong = answered(1, "qu-wenlvju").to_string();
    let said = serving.ask_with(&["publish", "--wait"], &wrong).ends(5);
    assert!(said.out.contains("[actor."), "{}", said.out);
    assert!(serving.ask(&["refusals"]).ends(0).out.contains("actor."));
    serving.kill();

    let serving = serve(server.url(), data.path());
    assert_eq!(overdue(&serving), ["objection/YY-1", "objection/YY-2"]);
    let said = serving.ask_with(&["publish", "--wait"], &answered(1, "qu-fagaiju").to_string()).ends(0);
    assert!(said.out.contains("accepted"), "{}", said.out);
    assert_eq!(overdue(&serving), ["objection/YY-2"]);
    let said = serving.ask_with(&["publish", "--wait"], &answered(1, "qu-fagaiju").to_string()).ends(0);
    assert!(said.out.contains("duplicated"), "{}", said.out);

    let counts = serving.ask(&["counts", "--json"]).ends(0).json();
    let of_objections =
        counts["byWorkflow"].as_array().expect("totals").iter().find(|it| it["of"]["id"] == "objection");
    let of_objections = of_objections.expect("objections");
    assert_eq!((&of_objections["metLate"], &of_objections["overdue"]), (&json!(1), &json!(1)));
    assert!(serving.ask(&["status"]).ends(0).out.contains("leading"));
    assert_eq!(serving.ask(&["rebuild", "--json"]).ends(0).json()["agreed"], true);
    assert!(serving.ask(&["policies"]).ends(0).out.contains("double-publicity"));
    assert_eq!(serving.stop().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_are_applied_once_and_only_where_they_differ() {
    let server = Server::start().await;
    let data = TempDir::new().expect("a folder");
    let path = data.path().to_str().expect("a path");
    let mut serving = Serving::start(&[
        "serve",
        "--nats",
        server.url(),
        "--tenant",
        "changqing",
        "--data",
        path,
        "--http",
        "127.0.0.1:0",
    ]);
    serving.wait_for("the engine is ready");
    let dry = serving.ask(&["policy", "apply", "workflows", "--dry-run"]).ends(0);
    assert!(dry.out.contains("would be published") && dry.out.contains(" 0 are in force"), "{}", dry.out);
    let applied = serving.ask(&["policy", "apply", "workflows"]).ends(0);
    assert!(applied.out.contains("accepted"), "{}", applied.out);
    let again = serving.ask(&["policy", "apply", "workflows"]).ends(0);
    assert!(again.out.starts_with("0 differ"), "{}", again.out);
    assert_eq!(serving.stop().code(), Some(0));
    // What serve publishes by itself is in force already.
    let mut serving = serve_as_it_is(server.url(), data.path());
    let line = serving.wait_for("policies are in force");
    assert!(line.contains("taken=0"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_of_the_past_are_imported_in_their_order() {
    let server = Server::start().await;
    let data = TempDir::new().expect("a folder");
    let serving = serve(server.url(), data.path());
    let past = |mut event: Value, at: &str| {
        event["recordedtime"] = json!(at);
        format!("{event}\n")
    };
    let lines = [
        past(received(7, "qu-fagaiju"), "2026-03-02T09:05:00+08:00"),
        past(answered(7, "qu-fagaiju"), "2026-03-03T10:00:00+08:00"),
    ];
    let said = serving.ask_with(&["import", "-"], &lines.concat()).ends(0);
    assert!(said.out.starts_with("2 accepted"), "{}", said.out);
    let counts = serving.ask(&["counts", "--json"]).ends(0).json();
    assert_eq!(counts["all"]["metInTime"], 1, "it was in time then: {counts}");
    let said = serving.ask_with(&["import", "-"], &lines.concat()).ends(0);
    assert!(said.out.contains("2 known already"), "{}", said.out);
    let backwards = [lines[1].clone(), lines[0].clone()].concat();
    serving.ask_with(&["import", "-"], &backwards).ends(2);
}
