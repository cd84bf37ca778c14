//! Accounts, tokens and HTTPS on the running program, and that no secret is left where
//! it could be read.

use std::path::Path;

use duban::identity::secret::TOKEN_PREFIX;
use serde_json::json;
use tempfile::TempDir;

use crate::support::cli::{Serving, duban, duban_with};
use crate::support::nats::Server;

const PASSWORD: &str = "a sentence nobody guesses";
const OTHER: &str = "quite another sentence";

fn serving(broker: &str, data: &Path, more: &[&str]) -> Serving {
    let data = data.to_str().expect("a path");
    let arguments = [
        "serve",
        "--log",
        "trace,h2=info,hyper=info",
        "--nats",
        broker,
        "--tenant",
        "changqing",
        "--data",
        data,
        "--http",
        "127.0.0.1:0",
        "--policies",
        "workflows",
    ];
    let mut serving = Serving::start(&[&arguments, more].concat());
    serving.wait_for("policies are in force");
    serving
}

/// Every file below a folder that holds one of the texts.
fn found(folder: &Path, texts: &[&str], into: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found(&path, texts, into);
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        for text in texts {
            if bytes.windows(text.len()).any(|part| part == text.as_bytes()) {
                into.push(format!("{}: {text}", path.display()));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_closes_the_door_and_no_secret_is_left_anywhere() {
    let server = Server::start().await;
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    let serving = serving(server.url(), &data, &[]);
    serving.ask(&["status"]).ends(0);
    let place = data.to_str().expect("a path");
    let add = ["account", "add", "zhang", "--role", "operator", "--data", place];
    assert!(duban_with(&add, "short").ends(2).err.contains("at least"), "a short password is not taken");
    duban_with(&add, PASSWORD).ends(0);
    let refused = serving.ask(&["status"]).ends(5);
    assert!(refused.err.contains("access.sign-in"), "the running server knows at once: {}", refused.err);

    let member = ["--role", "member", "--tenant", "changqing", "--unit", "qu-fagaiju", "--data", place];
    let made = duban(&[&["token", "create", "oa"][..], &member].concat()).ends(0);
    let token = made.out.trim().to_owned();
    assert!(token.starts_with(TOKEN_PREFIX) && !made.err.contains(&token), "{}", made.err);
    let file = folder.path().join("token");
    std::fs::write(&file, format!("{token}\n")).expect("written");
    let with = ["--token-file", file.to_str().expect("a path")];
    serving.ask(&[&["counts"][..], &with].concat()).ends(0);
    let denied = serving.ask(&[&["rebuild"][..], &with].concat()).ends(5);
    assert!(denied.err.contains("access.role"), "{}", denied.err);
    assert!(!duban(&["token", "list", "--data", place]).ends(0).out.contains(&token));

    let http = duban::tls::client().no_proxy().build().expect("a client");
    let sign_in = async |password: &str| {
        let body = json!({"account": "zhang", "password": password});
        http.post(format!("{}/v1/session", serving.server)).json(&body).send().await.expect("an answer")
    };
    assert_eq!(sign_in(OTHER).await.status(), 401);
    let answer = sign_in(PASSWORD).await;
    let cookie = answer.headers()["set-cookie"].to_str().expect("a text").to_owned();
    let session = cookie.split(['=', ';']).nth(1).expect("an id").to_owned();
    let csrf =
        answer.json::<serde_json::Value>().await.expect("JSON")["csrf"].as_str().expect("a token").to_owned();
    let rebuild = http.post(format!("{}/v1/changqing/rebuild", serving.server));
    let rebuilt =
        rebuild.header("cookie", format!("duban={session}")).header("x-csrf-token", &csrf).send().await;
    assert_eq!(rebuilt.expect("an answer").status(), 200);

    let feed = duban(&["token", "feed", "qu-fagaiju", "--tenant", "changqing", "--data", place]).ends(0);
    let feed = feed.out.trim().to_owned();
    let in_feed = feed.split('/').nth(2).expect("a secret").to_owned();
    for (address, status) in [(feed.clone(), 200), (format!("{feed}x"), 404), (format!("{feed}/"), 404)] {
        let came = http.get(format!("{}{address}", serving.server)).send().await.expect("an answer");
        assert_eq!(came.status(), status, "the running server knows the address at once");
    }
    duban(&["token", "feed", "qu-fagaiju", "--tenant", "changqing", "--revoke", "--data", place]).ends(0);
    let came = http.get(format!("{}{feed}", serving.server)).send().await.expect("an answer");
    assert_eq!(came.status(), 404, "and that it has ended");

    duban_with(&["account", "password", "zhang", "--data", place], OTHER).ends(0);
    assert_eq!(sign_in(PASSWORD).await.status(), 401);
    duban(&["token", "revoke", "oa", "--data", place]).ends(0);
    serving.ask(&[&["counts"][..], &with].concat()).ends(5);
    duban(&["account", "remove", "zhang", "--data", place]).ends(0);
    assert!(
        serving.ask(&["status"]).ends(5).err.contains("access.sign-in"),
        "nobody is left, and it stays shut"
    );
    duban_with(&add, PASSWORD).ends(5);

    let said = serving.said();
    assert!(
        said.contains("signed in") && said.contains("a sign-in failed"),
        "the log is there to be looked at"
    );
    let secrets = [PASSWORD, OTHER, &token, &session, &csrf, &in_feed];
    for secret in secrets {
        assert!(!said.contains(secret), "the log has {secret}");
    }
    let mut left = Vec::new();
    found(&data, &secrets, &mut left);
    found(&server.folder().join("broker"), &secrets, &mut left);
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn https_is_spoken_with_the_office_s_certificate_and_needs_a_sign_in_off_loopback() {
    let folder = TempDir::new().expect("a folder");
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate");
    let (chain, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    std::fs::write(&chain, made.cert.pem()).expect("written");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
    let files = [chain.to_str().expect("a path"), key.to_str().expect("a path")];
    let serve = ["serve", "--tenant", "changqing", "--nats", "nats://127.0.0.1:1", "--http", "0.0.0.0:0"];
    let refused = duban(&serve).ends(2);
    assert!(
        refused.err.contains("--tls-certificate") && refused.err.contains("--behind-proxy"),
        "{}",
        refused.err
    );
    let swapped = ["--tls-certificate", files[1], "--tls-key", files[0]];
    let server = Server::start().await;
    let data = folder.path().join("data");
    let place = data.to_str().expect("a path");
    let wrong = [
        &["serve", "--tenant", "changqing", "--nats", server.url(), "--data", place][..],
        &["--http", "127.0.0.1:0"],
        &swapped,
    ]
    .concat();
    assert!(duban(&wrong).ends(2).err.contains("PEM"));

    let mut serving = Serving::spawn(&[
        "serve",
        "--nats",
        server.url(),
        "--tenant",
        "changqing",
        "--data",
        place,
        "--http",
        "127.0.0.1:0",
        "--require-sign-in",
        "--tls-certificate",
        files[0],
        "--tls-key",
        files[1],
    ]);
    let line = serving.wait_for("https://127.0.0.1:");
    let at = line[line.find("https://").expect("an address")..]
        .split_whitespace()
        .next()
        .expect("an address")
        .to_owned();
    let root = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).expect("a certificate");
    let http = duban::tls::client().no_proxy().tls_certs_only([root]).build().expect("a client");
    let answer = http.get(format!("{at}/v1")).send().await.expect("an answer over TLS");
    assert_eq!(answer.status(), 401, "required before the first account, too");
    // Who does not speak TLS gets nowhere, and is in nobody's way.
    let plain = duban::tls::client().no_proxy().build().expect("a client");
    assert!(plain.get(at.replace("https", "http")).send().await.is_err());
    assert!(plain.get(format!("{at}/v1")).send().await.is_err(), "a stranger's certificate is not trusted");
    assert_eq!(http.get(format!("{at}/healthz")).send().await.expect("an answer").status(), 200);
    duban_with(&["account", "add", "li", "--role", "reader", "--data", place], PASSWORD).ends(0);
    let body = json!({"account": "li", "password": PASSWORD});
    let answer = http.post(format!("{at}/v1/session")).json(&body).send().await.expect("an answer");
    let cookie = answer.headers()["set-cookie"].to_str().expect("a text");
    assert!(cookie.starts_with("__Host-duban=") && cookie.contains("; Secure"), "{cookie}");
    serving.stop();
}
