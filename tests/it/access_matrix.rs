//! Every role at every address: who gets in where, whose rows they see, and for whom
//! they may speak.

use std::collections::BTreeSet;

use duban::http::rights::RIGHTS;
use serde_json::{Value, json};

use crate::cli_serve::{answered, received};
use crate::support::people::{People, grants};

/// Nobody, then the roles in the order of [`grants`].
const COLUMNS: [&str; 9] =
    ["nobody", "operator", "supervisor", "reviewer", "member", "service", "reader", "watcher", "stranger"];

/// What each gets: the status is told by a letter. `+` is let in (whatever then comes
/// of a request without a body), `a` must sign in (401), `n` may not (403), `u` is told
/// of no such tenant (404).
const EXPECTED: &[(&str, &str, &str)] = &[
    ("GET", "/healthz", "+++++++++"),
    ("GET", "/readyz", "+++++++++"),
    ("GET", "/metrics", "a+nnnnn+n"),
    ("GET", "/v1/session", "+++++++++"),
    ("POST", "/v1/session", "+++++++++"),
    ("DELETE", "/v1/session", "a++++++++"),
    ("GET", "/v1/session/issuer", "+++++++++"),
    ("GET", "/v1/session/callback", "+++++++++"),
    ("GET", "/v1", "a++++++++"),
    ("GET", "/v1/openapi.json", "+++++++++"),
    ("GET", "/v1/asyncapi.json", "a++++++++"),
    ("GET", "/v1/{tenant}/overdue", "a+++++++u"),
    ("GET", "/v1/{tenant}/upcoming", "a+++++++u"),
    ("GET", "/v1/{tenant}/deadlines", "a+++++++u"),
    ("GET", "/v1/{tenant}/cases", "a+++++++u"),
    ("GET", "/v1/{tenant}/cases/{*id}", "a+++++++u"),
    ("GET", "/v1/{tenant}/counts", "a+++++++u"),
    ("GET", "/v1/{tenant}/refusals", "a+++++nnu"),
    ("GET", "/v1/{tenant}/bell", "a+++++++u"),
    ("GET", "/v1/{tenant}/deliveries", "a+++++++u"),
    ("GET", "/v1/{tenant}/deliveries/preview", "a+++++++u"),
    ("GET", "/v1/{tenant}/dead-letters", "a+++++++u"),
    ("POST", "/v1/{tenant}/dead-letters/replay", "a++nnnnnu"),
    ("GET", "/v1/{tenant}/rankings", "a+++++++u"),
    ("GET", "/v1/{tenant}/scores/{unit}", "a+++++++u"),
    ("GET", "/v1/{tenant}/targets", "a+++++++u"),
    ("GET", "/v1/{tenant}/bulletin", "a+++++++u"),
    ("GET", "/v1/{tenant}/stream", "a+++++++u"),
    ("GET", "/v1/{tenant}/policies", "a+++++++u"),
    ("GET", "/v1/{tenant}/policies/{kind}/{name}", "a+++++++u"),
    ("GET", "/v1/{tenant}/calendars/{name}", "a+++++++u"),
    ("GET", "/v1/{tenant}/status", "a+++++++u"),
    ("POST", "/v1/{tenant}/due", "a+++++++u"),
    ("POST", "/v1/{tenant}/events", "a+++++nnu"),
    ("POST", "/v1/{tenant}/rebuild", "a+nnnnnnu"),
    ("GET", "/", "a++++++++"),
    ("GET", "/desk", "a++++++++"),
    ("GET", "/answer/{token}", "+++++++++"),
    ("POST", "/answer/{token}", "+++++++++"),
    ("GET", "/assets/{name}", "+++++++++"),
    ("GET", "/sign-in", "+++++++++"),
    ("POST", "/sign-in", "+++++++++"),
    ("POST", "/sign-out", "a++++++++"),
    ("GET", "/desk/{tenant}", "a+++++++u"),
    ("GET", "/desk/{tenant}/", "a+++++++u"),
    ("GET", "/desk/{tenant}/ledger", "a+++++++u"),
    ("GET", "/desk/{tenant}/ledger.csv", "a+++++++u"),
    ("GET", "/desk/{tenant}/ledger.xlsx", "a+++++++u"),
    ("GET", "/desk/{tenant}/cases/{*id}", "a+++++++u"),
    ("POST", "/desk/{tenant}/cases/{*id}", "a+++++nnu"),
    ("GET", "/desk/{tenant}/bell", "a+++++++u"),
    ("GET", "/desk/{tenant}/bulletin.docx", "a+++++++u"),
    ("GET", "/desk/{tenant}/sheet", "a+++++++u"),
    ("GET", "/desk/{tenant}/sheet.docx", "a+++++++u"),
    ("GET", "/desk/{tenant}/units", "a+++++++u"),
    ("GET", "/desk/{tenant}/units/{unit}", "a+++++++u"),
    ("GET", "/desk/{tenant}/units/{unit}/deadlines.ics", "a+++++++u"),
    ("POST", "/desk/{tenant}/units/{unit}/feed", "a++n+nnnu"),
    ("GET", "/desk/{tenant}/rankings", "a+++++++u"),
    ("GET", "/desk/{tenant}/rankings.csv", "a+++++++u"),
    ("GET", "/desk/{tenant}/rankings.xlsx", "a+++++++u"),
    ("GET", "/desk/{tenant}/rankings/{unit}", "a+++++++u"),
    ("GET", "/desk/{tenant}/supervision", "a+++++++u"),
    ("GET", "/desk/{tenant}/deliveries", "a+++++++u"),
    ("POST", "/desk/{tenant}/deliveries", "a++nnnnnu"),
    ("GET", "/desk/{tenant}/deliveries/preview", "a+++++++u"),
    ("GET", "/desk/{tenant}/deliveries/preview.html", "a+++++++u"),
    ("GET", "/desk/{tenant}/refusals", "a+++++nnu"),
    ("GET", "/desk/{tenant}/refusals/{seq}", "a+++++nnu"),
    ("POST", "/desk/{tenant}/refusals/{seq}", "a+++++nnu"),
    ("GET", "/desk/{tenant}/policies", "a+++++++u"),
    ("GET", "/desk/{tenant}/policies/{kind}/{name}", "a+++++++u"),
    ("GET", "/desk/{tenant}/calendars/{name}", "a+++++++u"),
    ("GET", "/desk/{tenant}/search", "a+++++++u"),
    ("GET", "/desk/{tenant}/settings", "a+++++++u"),
    // What is let in here is told nothing: the secret in the address decides.
    ("GET", "/feeds/{secret}/deadlines.ics", "+++++++++"),
];

fn address(route: &str) -> String {
    route
        .replace("{tenant}", "changqing")
        .replace("{*id}", "objection/YY-2")
        .replace("{kind}", "Workflow")
        .replace("/policies/Workflow/{name}", "/policies/Workflow/objection")
        .replace("{unit}", "qu-fagaiju")
        .replace("{seq}", "1")
        .replace("{token}", "nonsense")
        .replace("{name}", "cn-gov")
}

fn letter(status: u16, text: &str, is_head: bool) -> char {
    let rule =
        serde_json::from_str::<Value>(text).unwrap_or_default()["rule"].as_str().unwrap_or("").to_owned();
    match (status, rule.as_str()) {
        // A head has no body to tell which rule it is.
        (401, "access.sign-in" | "") => 'a',
        (403, "access.role" | "") => 'n',
        (404, "tenant.unknown") => 'u',
        (404, "") if is_head => 'u',
        (403, _) => panic!("forbidden by {rule}"),
        _ => '+',
    }
}

#[test]
fn no_address_is_missing_here() {
    let listed: BTreeSet<_> = RIGHTS.iter().map(|(method, route, _)| (*method, *route)).collect();
    let expected: BTreeSet<_> = EXPECTED.iter().map(|(method, route, _)| (*method, *route)).collect();
    assert_eq!(listed, expected, "say here who may do what is new, and take out what is gone");
    let roles: Vec<&str> = grants().into_iter().map(|(role, _)| role).collect();
    assert_eq!(COLUMNS[1..], roles);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_at_every_address() {
    let people = People::new().await;
    let mut wrong = Vec::new();
    for (method, route, expected) in EXPECTED {
        let mut found = String::new();
        // A stream has no end to wait for; its head says whether one is let in.
        let method = if route.ends_with("/stream") { "HEAD" } else { *method };
        for role in COLUMNS {
            let came = if role == "nobody" {
                let path = address(route);
                let request = |client: &reqwest::Client, at: &str| {
                    client.request(method.parse().expect("a method"), format!("{at}{path}"))
                };
                people.served.request(request).await
            } else {
                people.ask(role, method, &address(route)).await
            };
            assert!(came.status != 500, "{role} {method} {route}: {}", came.text);
            found.push(letter(came.status, &came.text, method == "HEAD"));
        }
        if found != *expected {
            wrong.push(format!("{method} {route}: expected {expected}, found {found}"));
        }
    }
    assert!(wrong.is_empty(), "{}\n({})", wrong.join("\n"), COLUMNS.join(", "));
}

/// The units in the rows of an answer.
fn units(answer: &Value) -> BTreeSet<String> {
    let rows = answer["rows"].as_array().expect("rows").iter();
    rows.map(|row| row["unit"]["id"].as_str().expect("a unit").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_those_one_may_see_whatever_one_asks_for() {
    let people = People::new().await;
    let all = BTreeSet::from(["qu-fagaiju".to_owned(), "qu-wenlvju".to_owned()]);
    let one = |unit: &str| BTreeSet::from([unit.to_owned()]);
    for (role, seen) in [
        ("operator", all.clone()),
        ("supervisor", all.clone()),
        ("reviewer", all.clone()),
        ("reader", all.clone()),
        ("watcher", all),
        ("member", one("qu-fagaiju")),
        ("service", one("qu-wenlvju")),
    ] {
        for list in
            ["cases", "deadlines", "overdue", "cases?workflow=objection", "deadlines?workflow=objection"]
        {
            let path = match list.split_once('?') {
                Some(_) => format!("/v1/changqing/{list}"),
                None => format!("/v1/changqing/{list}?workflow=objection"),
            };
            let came = people.ask(role, "GET", &path).await;
            assert_eq!(units(&came.json()), seen, "{role} {path}");
            // Asking for another's gives what is seen of it, and for one's own gives it.
            for unit in ["qu-fagaiju", "qu-wenlvju"] {
                let came = people.ask(role, "GET", &format!("{path}&unit={unit}")).await;
                let expected = if seen.contains(unit) { one(unit) } else { BTreeSet::new() };
                assert_eq!(units(&came.json()), expected, "{role} {path} of {unit}");
            }
        }
        let counts = people.ask(role, "GET", "/v1/changqing/counts").await.json();
        let cells = counts["cells"].as_array().expect("cells").iter();
        let of_objection = cells.filter(|cell| cell["workflow"]["id"] == "objection");
        let counted: BTreeSet<String> =
            of_objection.map(|cell| cell["unit"]["id"].as_str().expect("a unit").to_owned()).collect();
        assert_eq!(counted, seen, "{role}'s counts");
        let foreign = counts["byUnit"].as_array().expect("units").iter();
        let foreign: Vec<_> =
            foreign.filter(|of| !seen.contains(of["of"]["id"].as_str().expect("a unit"))).collect();
        assert!(foreign.is_empty() || seen.len() == 2, "{role} sees counts of {foreign:?}");
        for (case, unit) in [("YY-1", "qu-fagaiju"), ("YY-2", "qu-wenlvju")] {
            for format in ["json", "text"] {
                let path = format!("/v1/changqing/cases/objection/{case}?format={format}");
                let came = people.ask(role, "GET", &path).await;
                assert_eq!(came.status == 200, seen.contains(unit), "{role} {path}: {}", came.text);
                assert!(came.status == 200 || came.status == 404, "what is not shown is not there");
            }
            for letter in ["v1/changqing/deliveries/preview", "desk/changqing/deliveries/preview.html"] {
                let path = format!("/{letter}?case=objection/{case}");
                let status = people.ask(role, "GET", &path).await.status;
                assert_eq!(status, if seen.contains(unit) { 200 } else { 404 }, "{role} {path}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bell_rings_for_those_who_are_told() {
    let people = People::with_sample().await;
    let rung = async |role: &str| -> Vec<BTreeSet<String>> {
        let came = people.ask(role, "GET", "/v1/changqing/bell").await.json();
        let told = |row: &Value| {
            let to = row["to"].as_array().expect("units").iter();
            to.map(|unit| unit["id"].as_str().expect("a unit").to_owned()).collect()
        };
        came["rows"].as_array().expect("rows").iter().map(told).collect()
    };
    let (all, own) = (rung("operator").await, rung("member").await);
    assert_eq!(all.len(), 50, "the last fifty of everything");
    assert!(!own.is_empty() && own.iter().all(|to| to.contains("qu-fagaiju")), "{own:?}");
    assert!(all.iter().any(|to| !to.contains("qu-fagaiju")), "{all:?}");
    assert!(all.iter().filter(|to| to.contains("qu-fagaiju")).count() <= own.len(), "none is lost to it");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_speaks_only_for_whom_one_may() {
    let people = People::new().await;
    let by = |actor: &str, kind: &str, number: u32| {
        let mut event = answered(1, actor);
        event["type"] = kind.into();
        event["id"] = format!("{kind}-{actor}-{number}").into();
        event
    };
    let as_unit = |unit: &str| by(unit, "objection.answered", 1);
    for (role, event, denied) in [
        ("member", as_unit("qu-fagaiju"), None),
        ("member", as_unit("qu-wenlvju"), Some("actor")),
        ("member", as_unit("operator"), Some("actor")),
        ("supervisor", as_unit("xinyong-ban"), None),
        ("supervisor", as_unit("qu-fagaiju"), Some("actor")),
        ("reviewer", as_unit("qu-fagaiju"), Some("actor")),
        ("service", received(3, "qu-fagaiju"), None),
        ("service", as_unit("qu-wenlvju"), Some("type")),
        ("service", by("qu-fagaiju", "objection.received", 1), Some("actor")),
        ("operator", as_unit("qu-wenlvju"), None),
    ] {
        let before = people.served.facts_stored().await;
        let came = people.state(role, &event).await;
        match denied {
            None => assert_ne!(came.status, 403, "{role} {event}: {}", came.text),
            Some(field) => {
                assert_eq!((came.status, &came.json()["field"]), (403, &json!(field)), "{role} {event}");
                assert_eq!(people.served.facts_stored().await, before, "nothing was stored");
            }
        }
    }
    let batch = json!([as_unit("qu-fagaiju"), by("qu-wenlvju", "objection.answered", 2)]);
    let before = people.served.facts_stored().await;
    let came = people.state("member", &batch).await;
    assert_eq!((came.status, came.json()["rule"].as_str()), (403, Some("access.fact")), "{}", came.text);
    assert!(came.json()["detail"].as_str().is_some_and(|text| text.contains("event 1")), "{}", came.text);
    assert_eq!(people.served.facts_stored().await, before, "a batch is stored whole or not at all");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_and_the_policies_are_the_operator_s() {
    let people = People::new().await;
    let mut import = received(9, "qu-fagaiju");
    import["recordedtime"] = "2026-03-01T00:00:00+08:00".into();
    let mut policy = received(9, "qu-fagaiju");
    policy["type"] = "policy.published".into();
    for role in ["supervisor", "reviewer", "member", "service"] {
        for (event, field) in [(&import, "recordedtime"), (&policy, "type")] {
            let came = people.state(role, event).await;
            assert_eq!((came.status, &came.json()["field"]), (403, &json!(field)), "{role}: {}", came.text);
        }
    }
    // Whether the past may be added to is the kernel's question, and it is asked.
    let came = people.state("operator", &import).await;
    assert!(came.status == 200 || came.json()["outcome"].is_object(), "{}", came.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ledger_says_who_stated_a_fact() {
    let people = People::new().await;
    // What a sender says of itself does not count.
    let mut event = answered(1, "qu-fagaiju");
    event["statedby"] = "account:somebody-else".into();
    assert_eq!(people.state("member", &event).await.status, 200);
    let case = people.ask("member", "GET", "/v1/changqing/cases/objection/YY-1").await.json();
    let told = case["timeline"].as_array().expect("a timeline");
    let of = |kind: &str| &told.iter().find(|it| it["type"] == kind).expect("told")["statedBy"];
    assert_eq!(
        (of("objection.received"), of("objection.answered")),
        (&json!("token:operator"), &json!("token:member"))
    );
    // A colleague who sends it again states the same fact.
    let came = people.state("operator", &event).await.json();
    assert_eq!(came["events"][0]["verdict"], "duplicated", "{came}");
}
