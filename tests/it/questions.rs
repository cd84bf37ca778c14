//! What is asked over the broker is answered as over HTTP: byte for byte, for every
//! question and every role.

use std::sync::Arc;

use duban::http::Site;
use duban::id::TenantId;
use duban::memory::log::MemoryLog;
use duban::memory::store::MemoryStore;
use duban::port::directory::Directories as _;
use duban::port::service::{Question, Reply, Responder as _};
use duban::responder::Answers;
use duban::responder::asker::Vouching;
use duban::responder::what::What;
use serde_json::{Value, json};

use crate::support::people::{NOW, People};
use crate::support::site::{Came, Served};

fn answers(site: &Arc<Site<MemoryStore, MemoryLog>>, vouching: Vouching) -> Answers<MemoryStore, MemoryLog> {
    Answers::new(Arc::clone(site), TenantId::new("changqing").expect("a tenant"), vouching)
}

async fn ask(answers: &Answers<MemoryStore, MemoryLog>, asker: &str, what: &str, body: &Value) -> Reply {
    let subject = format!("duban.changqing.query.{asker}.{what}");
    let body = body.to_string().into();
    answers.answer(Question { subject, asker: asker.into(), what: what.into(), body, most: 1 << 20 }).await
}

/// The question, and the address that asks the same.
fn questions() -> Vec<(What, Value, String)> {
    let all = What::ALL.into_iter().map(|what| match what {
        What::Overdue => {
            (what, json!({"limit": 1, "workflow": "objection"}), "overdue?limit=1&workflow=objection")
        }
        What::Upcoming => (what, json!({"unit": "qu-fagaiju"}), "upcoming?unit=qu-fagaiju"),
        What::Deadlines => (
            what,
            json!({"light": ["overdue", "escalated"], "order": "latest"}),
            "deadlines?light=overdue,escalated&order=latest",
        ),
        What::Cases => (what, json!({"open": true, "limit": "2"}), "cases?open=true&limit=2"),
        What::Case => (what, json!({"id": "objection/YY-1", "lang": "en"}), "cases/objection/YY-1?lang=en"),
        What::Counts => (what, json!({"at": NOW}), "counts?at=2026-03-20T10:00:00%2B08:00"),
        What::Refusals => (what, json!({"actor": "qu-fagaiju"}), "refusals?actor=qu-fagaiju"),
        What::Rankings => (what, json!({"period": "2026-02"}), "rankings?period=2026-02"),
        What::Score => (what, json!({"unit": "qu-fagaiju"}), "scores/qu-fagaiju"),
        What::Targets => (what, json!({"unit": "qu-fagaiju"}), "targets?unit=qu-fagaiju"),
        What::Policies => (what, json!({}), "policies"),
        What::Policy => {
            (what, json!({"kind": "Workflow", "name": "objection"}), "policies/Workflow/objection")
        }
        What::Calendar => (what, json!({"name": "cn-gov", "year": 2026}), "calendars/cn-gov?year=2026"),
        What::Status => (what, json!({}), "status"),
        What::Due => (
            what,
            json!({"calendar": "cn-gov", "rule": {"workingDays": 7}, "start": "2026-09-28"}),
            "due?calendar=cn-gov",
        ),
    });
    all.map(|(what, body, path)| (what, body, path.to_owned())).collect()
}

/// A problem without the request that it is about, which is told as the surface names it.
fn told(body: &[u8], code: u16) -> Value {
    if code == 200 {
        return String::from_utf8_lossy(body).into_owned().into();
    }
    let mut problem: Value = serde_json::from_slice(body).expect("a problem document");
    problem.as_object_mut().expect("a document").remove("instance").expect("what it is about");
    problem
}

async fn over_http(people: &People, role: &str, what: What, body: &Value, path: &str) -> Came {
    let (method, route) = (what.route().0, format!("/v1/changqing/{path}"));
    if method != "POST" {
        return people.ask(role, method, &route).await;
    }
    let mut question = body.clone();
    question.as_object_mut().expect("an object").remove("calendar");
    let token = people.token(role);
    let post = |client: &reqwest::Client, address: &str| {
        client.post(format!("{address}{route}")).bearer_auth(token).body(question.to_string())
    };
    people.served.request(post).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_gets_over_the_broker_what_it_gets_over_http() {
    let people = People::new().await;
    let answers = answers(&people.served.site, Vouching::Vouches);
    let roles = ["operator", "supervisor", "reviewer", "member", "service", "reader", "stranger"];
    let mut refused = 0;
    for (what, body, path) in questions() {
        for role in roles {
            // The engine ticks meanwhile; what stayed the same over HTTP must be the same here.
            let (over_http, reply) = loop {
                let before = over_http(&people, role, what, &body, &path).await;
                let reply = ask(&answers, &format!("token:{role}"), what.endpoint().name, &body).await;
                let after = over_http(&people, role, what, &body, &path).await;
                if before.text == after.text {
                    break (after, reply);
                }
            };
            let code = reply.problem.as_ref().map_or(200, |trouble| trouble.code);
            assert_eq!(code, over_http.status, "{role} asks {what:?}: {}", over_http.text);
            let (own, other) = (told(&reply.body, code), told(over_http.text.as_bytes(), code));
            assert_eq!(own, other, "{role} asks {what:?}");
            refused += usize::from(code != 200);
        }
        // A unit is to itself what one of its members is to it.
        let name = what.endpoint().name;
        let code = |reply: &Reply| reply.problem.as_ref().map_or(200, |trouble| trouble.code);
        loop {
            let before = ask(&answers, "token:member", name, &body).await;
            let unit = ask(&answers, "qu-fagaiju", name, &body).await;
            let member = ask(&answers, "token:member", name, &body).await;
            if before == member {
                assert_eq!(told(&unit.body, code(&unit)), told(&member.body, code(&member)), "{what:?}");
                break;
            }
        }
    }
    assert!(refused > 15, "a stranger gets nothing at all, and others not everything: {refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_nobody_is_told_so() {
    let people = People::new().await;
    let answers = answers(&people.served.site, Vouching::Vouches);
    let rule = async |asker: &str, what: &str, body: &str| {
        let subject = format!("duban.changqing.query.{asker}.{what}");
        let question = Question {
            subject,
            asker: asker.into(),
            what: what.into(),
            body: body.to_owned().into(),
            most: 100,
        };
        let reply = answers.answer(question).await;
        let problem: Value = serde_json::from_slice(&reply.body).expect("a problem document");
        assert_eq!(reply.problem.map(|trouble| trouble.code), problem["status"].as_u64().map(|it| it as u16));
        problem["rule"].as_str().expect("a rule").to_owned()
    };
    for nobody in ["engine", "importer", "Unit", "a:b", ""] {
        assert_eq!(rule(nobody, "overdue", "").await, "access.sign-in", "{nobody}");
    }
    for unknown in ["token:unheard-of", "token:", "token:A"] {
        assert_eq!(rule(unknown, "overdue", "").await, "access.token", "{unknown}");
    }
    assert_eq!(rule("token:stranger", "overdue", "").await, "tenant.unknown");
    assert_eq!(rule("token:reader", "refusals", "").await, "access.role");
    assert_eq!(rule("qu-fagaiju", "everything", "").await, "route.unknown");
    assert_eq!(rule("qu-fagaiju", "overdue.qu-wenlvju", "").await, "route.unknown");
    assert_eq!(rule("qu-fagaiju", "overdue", "[]").await, "body.unreadable");
    assert_eq!(rule("qu-fagaiju", "overdue", r#"{"unti": "x"}"#).await, "parameter.unknown");
    assert_eq!(rule("qu-fagaiju", "score", "{}").await, "parameter.missing");
    assert_eq!(rule("qu-fagaiju", "score", r#"{"unit": "qu-wenlvju"}"#).await, "thing.unknown");
    assert_eq!(
        rule("qu-fagaiju", "policies", "").await,
        "parameter.too-much",
        "the broker carries 100 bytes"
    );
    // A token that is revoked is nobody's from that moment on.
    let reader = duban::id::Name::new("reader").expect("a name");
    let now = people.served.clock.now();
    people.served.directory.change(&mut |it| it.revoke_token(&reader, now)).expect("revoked");
    assert_eq!(rule("token:reader", "overdue", "").await, "access.token");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_broker_is_believed_only_while_nobody_must_sign_in() {
    let people = People::new().await;
    let closed = answers(&people.served.site, Vouching::Open);
    for asker in ["operator", "qu-fagaiju", "token:supervisor"] {
        let reply = ask(&closed, asker, "overdue", &json!({})).await;
        assert_eq!(reply.problem.expect("a problem").code, 401, "{asker}");
    }
    let alone = Served::at(NOW).await;
    let open = answers(&alone.site, Vouching::Open);
    assert_eq!(ask(&open, "operator", "overdue", &json!({})).await.problem, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_has_read_nothing_says_so_like_http() {
    let served = Served::with(NOW, duban::memory::directory::MemoryDirectory::default()).await;
    let over_http = served.get("overdue").await;
    let reply = ask(&answers(&served.site, Vouching::Open), "operator", "overdue", &json!({})).await;
    let code = reply.problem.as_ref().map_or(200, |trouble| trouble.code);
    assert_eq!(code, over_http.status);
    assert_eq!(told(&reply.body, code), told(over_http.text.as_bytes(), code));
}
