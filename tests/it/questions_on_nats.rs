//! The service that answers questions, on a real server with the users that `duban
//! credentials` writes: found by whoever looks, shared by engines, and closed to
//! whoever asks for more than is theirs.

use std::time::Duration;

use async_nats::HeaderMap;
use duban::nats::Broker;
use duban::nats::line::Silence;
use futures::StreamExt as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::cli_serve::received;
use crate::support::cli::{duban, serve};
use crate::support::guarded::Guarded;
use crate::support::nats::Server;

/// An answer with its error, if it is one.
struct Answered {
    body: Value,
    error: Option<(String, String)>,
}

impl Answered {
    /// The cases in its rows.
    #[track_caller]
    fn cases(&self) -> Vec<&str> {
        let rows = self.body["rows"].as_array().unwrap_or_else(|| panic!("no rows: {}", self.body));
        rows.iter().filter_map(|row| row["case"].as_str()).collect()
    }
}

async fn asked(
    broker: &Broker,
    subject: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> Result<Answered, Silence> {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, *value);
    }
    let until = Instant::now() + Duration::from_secs(60);
    let answer = broker.main().ask(subject, Some(map), body.to_string().into(), until).await?;
    let header = |name: &str| {
        let headers = answer.headers.as_ref()?;
        headers.get(name).map(|value| value.as_str().to_owned())
    };
    let error = header("Nats-Service-Error-Code").zip(header("Nats-Service-Error"));
    let body = serde_json::from_slice(&answer.payload).expect("JSON");
    Ok(Answered { body, error })
}

async fn ask(broker: &Broker, asker: &str, what: &str, body: Value) -> Answered {
    let subject = format!("duban.changqing.query.{asker}.{what}");
    asked(broker, &subject, &[], &body).await.unwrap_or_else(|silence| panic!("{subject}: {silence:?}"))
}

/// Everybody who answers under a subject of discovery, as many as are expected.
async fn found(broker: &Broker, subject: &str, expected: usize) -> Vec<Value> {
    let client = broker.client();
    let own = client.new_inbox();
    let mut heard = client.subscribe(own.clone()).await.expect("a subscription");
    client.publish_with_reply(subject.to_owned(), own, "".into()).await.expect("sent");
    let mut found = Vec::new();
    while found.len() < expected {
        let next = tokio::time::timeout(Duration::from_secs(60), heard.next());
        let message = next.await.expect("in time").expect("a message");
        found.push(serde_json::from_slice(&message.payload).expect("JSON"));
    }
    found
}

const OBJECTIONS: &str = r#"{"workflow": "objection"}"#;

fn objections() -> Value {
    serde_json::from_str(OBJECTIONS).expect("parameters")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_user_gets_its_own_rows_and_asks_under_no_other_name() {
    let guarded = Guarded::new().await;
    let unit = guarded.user("changqing.qu-fagaiju").await;
    assert_eq!(ask(&unit, "qu-fagaiju", "overdue", objections()).await.cases(), ["objection/YY-1"]);
    let service = guarded.user("changqing.service-oa").await;
    assert_eq!(ask(&service, "token:oa", "overdue", objections()).await.cases(), ["objection/YY-2"]);
    let leader = guarded.user("changqing.supervisor-leader").await;
    let all = ["objection/YY-1", "objection/YY-2"];
    assert_eq!(ask(&leader, "token:leader", "overdue", objections()).await.cases(), all);
    let refusals = ask(&leader, "token:leader", "refusals", json!({})).await;
    assert_eq!(refusals.body["rows"].as_array().map(Vec::len), Some(1), "{}", refusals.body);
    let reviewer = guarded.user("changqing.reviewer-desk").await;
    assert_eq!(ask(&reviewer, "token:desk", "overdue", objections()).await.cases(), all);
    let refusals = ask(&reviewer, "token:desk", "refusals", json!({})).await;
    assert_eq!(refusals.body["rows"], json!([]), "another unit's refusals are not the reviewer's");
    // Asking for another's rows by name gives none of them.
    let other = ask(&unit, "qu-fagaiju", "overdue", json!({"unit": "qu-wenlvju"})).await;
    assert_eq!(other.cases(), Vec::<&str>::new());
    for (what, body) in [("case", json!({"id": "objection/YY-2"})), ("score", json!({"unit": "qu-wenlvju"}))]
    {
        let answer = ask(&unit, "qu-fagaiju", what, body).await;
        assert_eq!(answer.error.expect("a problem").0, "404");
        assert_eq!(answer.body["rule"], "thing.unknown");
    }
    for broker in [&unit, &service, &leader] {
        for forged in ["qu-wenlvju", "operator", "token:root", "token:desk", "xinyong-ban", "engine"] {
            let subject = format!("duban.changqing.query.{forged}.overdue");
            let answer = asked(broker, &subject, &[], &json!({})).await;
            assert!(matches!(answer, Err(Silence::Denied(_))), "{subject}");
        }
    }
    let elsewhere = asked(&unit, "duban.genhe.query.qu-fagaiju.overdue", &[], &json!({})).await;
    assert!(matches!(elsewhere, Err(Silence::Denied(_))), "another tenant's questions");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_and_reply_subjects_open_nothing() {
    let guarded = Guarded::new().await;
    let unit = guarded.user("changqing.qu-fagaiju").await;
    let headers = [
        ("actor", "operator"),
        ("ce-actor", "operator"),
        ("statedby", "token:root"),
        ("authorization", "Bearer whatever"),
        ("x-forwarded-for", "127.0.0.1"),
        ("Nats-Msg-Id", "x"),
    ];
    let subject = "duban.changqing.query.qu-fagaiju.overdue";
    let answer = asked(&unit, subject, &headers, &objections()).await.expect("an answer");
    assert_eq!(answer.cases(), ["objection/YY-1"]);

    // Nobody but the engine hears what is asked, or answers in its place.
    let client = unit.client();
    let mut overheard = client.subscribe("duban.changqing.query.>").await.expect("a subscription");
    let mut services = client.subscribe("$SRV.>").await.expect("a subscription");

    // The engine may write on the ledger; who asks must not be able to make it do so.
    let target = "duban.changqing.ledger.evil.done.qu-fagaiju";
    for subject in [subject, "$SRV.PING", "$SRV.INFO.duban", "$SRV.STATS"] {
        client.publish_with_reply(subject, target, "".into()).await.expect("sent");
    }
    assert_eq!(ask(&unit, "qu-fagaiju", "overdue", objections()).await.error, None);
    assert_eq!(found(&unit, "$SRV.PING", 1).await.len(), 1, "what came before was passed over by then");
    for heard in [&mut overheard, &mut services] {
        assert!(futures::FutureExt::now_or_never(heard.next()).flatten().is_none());
    }
    let operator = guarded.user("operator").await;
    let by_subject = json!({"last_by_subj": target});
    let call = "$JS.API.STREAM.MSG.GET.DUBAN_CHANGQING_LEDGER";
    let written = asked(&operator, call, &[], &by_subject).await.expect("an answer");
    assert_eq!(written.body["error"]["code"], 404, "{}", written.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_asks_nothing_more() {
    let guarded = Guarded::new().await;
    let leader = guarded.user("changqing.supervisor-leader").await;
    assert_eq!(ask(&leader, "token:leader", "status", json!({})).await.error, None);
    let data = guarded.data();
    duban(&["token", "revoke", "leader", "--data", data.to_str().expect("a path")]).ends(0);
    let answer = ask(&leader, "token:leader", "status", json!({})).await;
    assert_eq!(answer.error.expect("a problem").0, "401", "though the broker still lets it in");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_found_and_two_engines_answer_as_one() {
    let server = Server::start().await;
    let (one, other) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    let first = serve(server.url(), one.path());
    first.ask_with(&["publish", "-", "--wait"], &json!([received(1, "qu-fagaiju")]).to_string()).ends(0);
    let second = serve(server.url(), other.path());
    let broker = server.connect().await;

    let pings = found(&broker, "$SRV.PING.duban", 2).await;
    assert!(pings.iter().all(|ping| ping["metadata"]["tenant"] == "changqing"), "{pings:?}");
    assert_ne!(pings[0]["id"], pings[1]["id"]);
    let id = pings[0]["id"].as_str().expect("an id");
    let info = found(&broker, &format!("$SRV.INFO.duban.{id}"), 1).await.remove(0);
    let endpoints = info["endpoints"].as_array().expect("endpoints");
    let subject = |name: &str| {
        let found = endpoints.iter().find(|endpoint| endpoint["name"] == name);
        found.and_then(|it| it["subject"].as_str()).expect("a subject").replace('*', "operator")
    };
    assert_eq!(endpoints.len(), 15);

    for _ in 0..20 {
        let answer = asked(&broker, &subject("overdue"), &[], &objections()).await.expect("an answer");
        assert_eq!(answer.cases(), ["objection/YY-1"]);
        assert!(answer.body["asOf"]["ledgerSeq"].as_u64().is_some(), "{}", answer.body);
    }
    let wrong =
        asked(&broker, &subject("case"), &[], &json!({"id": "objection/none"})).await.expect("an answer");
    assert_eq!(wrong.error, Some(("404".into(), "There is no such thing".into())));
    assert_eq!(wrong.body["instance"], subject("case"));

    // A question is counted just after it is answered.
    let (requests, errors) = loop {
        let stats = found(&broker, "$SRV.STATS.duban", 2).await;
        let sum = |name: &str| -> u64 {
            let endpoints = stats.iter().flat_map(|it| it["endpoints"].as_array().expect("endpoints"));
            endpoints.filter_map(|endpoint| endpoint[name].as_u64()).sum()
        };
        if sum("num_requests") >= 21 {
            break (sum("num_requests"), sum("num_errors"));
        }
    };
    assert_eq!((requests, errors), (21, 1), "each was answered once");

    first.kill();
    // The server sees at once that a killed process is gone; what went to it is asked again.
    let answer = loop {
        if let Ok(answer) = asked(&broker, &subject("overdue"), &[], &objections()).await {
            break answer;
        }
    };
    assert_eq!(answer.cases(), ["objection/YY-1"]);
    drop(second);
}
