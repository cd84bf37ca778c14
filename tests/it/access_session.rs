//! Signing in and out: cookies, what a change must bring, tries, tokens that end, and
//! the open machine that needs no account.

use serde_json::{Value, json};

use crate::support::people::{PASSWORD, People};
use crate::support::site::{Came, Served};

/// A browser: it keeps the cookie.
struct Browser<'s> {
    served: &'s Served,
    cookie: String,
    csrf: String,
}

impl Browser<'_> {
    async fn send(&self, method: &str, path: &str, csrf: Option<&str>) -> Came {
        let request = |client: &reqwest::Client, address: &str| {
            let request = client.request(method.parse().expect("a method"), format!("{address}{path}"));
            let request = request.header("cookie", &self.cookie);
            match csrf {
                Some(csrf) => request.header("x-csrf-token", csrf),
                None => request,
            }
        };
        self.served.request(request).await
    }
}

async fn try_in(served: &Served, account: &str, password: &str) -> Came {
    let body = json!({"account": account, "password": password});
    served.request(|client, address| client.post(format!("{address}/v1/session")).json(&body)).await
}

fn cookie(came: &Came) -> String {
    came.headers["set-cookie"].to_str().expect("a text").split(';').next().expect("a pair").to_owned()
}

async fn sign_in<'s>(served: &'s Served, account: &str) -> Browser<'s> {
    let came = try_in(served, account, PASSWORD).await;
    assert_eq!(came.status, 200, "{}", came.text);
    let csrf = came.json()["csrf"].as_str().expect("a token").to_owned();
    Browser { served, cookie: cookie(&came), csrf }
}

const CASES: &str = "/v1/changqing/cases";

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_a_cookie_out_of_reach_and_ends() {
    let people = People::new().await;
    let came = try_in(&people.served, "member", PASSWORD).await;
    let set = came.headers["set-cookie"].to_str().expect("a text").to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(set.contains(part), "{set}");
    }
    assert!(!set.contains("Secure"), "without TLS a browser would not send it back: {set}");
    let me = came.json();
    assert_eq!((&me["who"], &me["tenants"]), (&json!("account:member"), &json!(["changqing"])));
    let browser = sign_in(&people.served, "member").await;
    assert_eq!(browser.send("GET", CASES, None).await.status, 200);
    assert_eq!(browser.send("GET", "/v1/session", None).await.json()["csrf"], browser.csrf.as_str());
    let ended = browser.send("DELETE", "/v1/session", Some(&browser.csrf)).await;
    assert_eq!((ended.status, cookie(&ended).as_str()), (204, "duban="));
    assert_eq!(browser.send("GET", CASES, None).await.status, 401, "the cookie is worth nothing now");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_by_cookie_brings_the_session_s_own_token() {
    let people = People::new().await;
    let (browser, other) =
        (sign_in(&people.served, "member").await, sign_in(&people.served, "operator").await);
    for csrf in [None, Some(""), Some(other.csrf.as_str())] {
        let came = browser.send("POST", "/v1/changqing/events", csrf).await;
        assert_eq!((came.status, came.json()["rule"].as_str()), (403, Some("access.csrf")), "{}", came.text);
    }
    let came = browser.send("POST", "/v1/changqing/events", Some(&browser.csrf)).await;
    assert_ne!(came.status, 403, "{}", came.text);
    // A page of another site cannot even try, nor sign somebody in as somebody else.
    for (path, header, value) in [
        ("/v1/changqing/events", "origin", "https://evil.example"),
        ("/v1/changqing/events", "sec-fetch-site", "cross-site"),
        ("/v1/session", "origin", "https://evil.example"),
    ] {
        let request = |client: &reqwest::Client, address: &str| {
            let request = client.post(format!("{address}{path}")).header("cookie", &browser.cookie);
            request.header("x-csrf-token", &browser.csrf).header(header, value)
        };
        let came = people.served.request(request).await;
        assert_eq!(
            (came.status, came.json()["rule"].as_str()),
            (403, Some("access.origin")),
            "{path} {header}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_grow_old_get_other_ids_and_end_with_the_account() {
    use duban::port::directory::Directories as _;
    let people = People::new().await;
    let browser = sign_in(&people.served, "member").await;
    people.served.set_now("2026-03-20T10:14:59+08:00");
    assert!(browser.send("GET", CASES, None).await.headers.get("set-cookie").is_none());
    people.served.set_now("2026-03-20T10:16:00+08:00");
    let came = browser.send("GET", CASES, None).await;
    let renewed = cookie(&came);
    assert_ne!(renewed, browser.cookie);
    people.served.set_now("2026-03-20T10:18:00+08:00");
    assert_eq!(browser.send("GET", CASES, None).await.status, 401, "the old id had a minute");
    let browser = Browser { cookie: renewed, ..browser };
    assert_eq!(browser.send("GET", CASES, None).await.status, 200);
    let member = "member".parse().expect("an account");
    people.served.directory.change(&mut |it| it.set_password(&member, "other".into())).expect("changed");
    assert_eq!(browser.send("GET", CASES, None).await.status, 401, "another password ends it");
    let idle = sign_in(&people.served, "operator").await;
    people.served.set_now("2026-03-20T11:19:00+08:00");
    assert_eq!(idle.send("GET", CASES, None).await.status, 401, "an hour without a request");
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_are_counted_by_account_whether_it_is_there_or_not() {
    let people = People::new().await;
    for account in ["member", "nobody-of-that-name"] {
        for _ in 0..10 {
            let came = try_in(&people.served, account, "wrong wrong wrong").await;
            assert_eq!(
                (came.status, came.json()["rule"].as_str()),
                (401, Some("access.wrong")),
                "{}",
                came.text
            );
        }
        let came = try_in(&people.served, account, PASSWORD).await;
        assert_eq!(came.status, 429, "even the right one waits: {}", came.text);
        let wait: u64 = came.headers["retry-after"].to_str().expect("a text").parse().expect("seconds");
        assert!(wait > 0 && wait <= 901, "{wait}");
    }
    assert_eq!(try_in(&people.served, "operator", PASSWORD).await.status, 200, "others are not locked out");
    people.served.set_now("2026-03-20T10:15:01+08:00");
    assert_eq!(try_in(&people.served, "member", PASSWORD).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn tries_are_counted_by_address() {
    let people = People::new().await;
    for number in 0..50 {
        assert_eq!(try_in(&people.served, &format!("guess-{number}"), "wrong wrong wrong").await.status, 401);
    }
    assert_eq!(try_in(&people.served, "operator", PASSWORD).await.status, 429);
    assert_eq!(people.ask("operator", "GET", CASES).await.status, 200, "tokens are not guessed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_unknown_revoked_or_over_is_told_so() {
    use duban::port::directory::Directories as _;
    let people = People::new().await;
    let with = async |header: String| {
        let request = |client: &reqwest::Client, address: &str| {
            client.get(format!("{address}{CASES}")).header("authorization", header)
        };
        people.served.request(request).await
    };
    for header in ["Bearer duban_unknown", "Basic eDp5", "Bearer", ""] {
        let came = with(header.to_owned()).await;
        assert_eq!((came.status, came.json()["rule"].as_str()), (401, Some("access.token")), "{header}");
        assert!(came.headers.contains_key("www-authenticate"));
    }
    let bearer = format!("Bearer {}", people.token("member"));
    assert_eq!(with(bearer.clone()).await.status, 200);
    let (name, now) = ("member".parse().expect("a name"), duban::time::Instant::MIN);
    people.served.directory.change(&mut |it| it.revoke_token(&name, now)).expect("revoked");
    assert_eq!(with(bearer).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_without_accounts_is_its_operator_s_and_no_web_page_s() {
    let served = Served::at("2026-03-20T10:00:00+08:00").await;
    let me: Value = served.get("/v1/session").await.json();
    assert_eq!((&me["signedIn"], &me["who"]), (&json!(true), &json!("local")));
    let named = async |host: &str| {
        let request = |client: &reqwest::Client, address: &str| {
            client.get(format!("{address}{CASES}")).header("host", host)
        };
        served.request(request).await.status
    };
    assert_eq!((named("localhost:8310").await, named("rebound.example").await), (200, 421));
    let request = |client: &reqwest::Client, address: &str| {
        client.post(format!("{address}/v1/changqing/rebuild")).header("origin", "https://evil.example")
    };
    assert_eq!(served.request(request).await.status, 403);
}
