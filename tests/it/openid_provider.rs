//! Signing in with a real `OpenID` provider, run by the test on 127.0.0.1.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use duban::id::{TenantId, UnitId};
use duban::identity::claims::Rule;
use duban::identity::grant::Grant;
use duban::memory::directory::MemoryDirectory;
use duban::openid::{Issuer, IssuerSettings};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use serde_json::json;

use crate::support::site::Served;

/// Where the provider sends browsers; the test goes there in their place.
const REDIRECT: &str = "http://127.0.0.1:9/v1/session/callback";
/// What is installed, once, into the build folder.
const PACKAGE: &str = "oidc-provider@8.8.1";

struct Provider {
    process: Child,
    issuer: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The folder with the provider's code, fetched if it is not there.
fn installed() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oidc-provider");
        let command = format!("npm install --prefix {} {PACKAGE}", folder.display());
        if folder.join("node_modules/oidc-provider/lib/index.js").exists() {
            return folder;
        }
        std::fs::create_dir_all(&folder).expect("a folder");
        let npm = Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--prefix"])
            .arg(&folder)
            .arg(PACKAGE)
            .output();
        let npm = npm.unwrap_or_else(|error| {
            panic!("this test needs Node.js 18 or later with npm ({error}); install it, then run: {command}")
        });
        assert!(npm.status.success(), "run: {command}\n{}", String::from_utf8_lossy(&npm.stderr));
        folder
    })
}

impl Provider {
    fn start() -> Self {
        let folder = installed();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/openid/provider.mjs");
        let mut node = Command::new("node");
        node.arg(script).arg(folder).arg(REDIRECT);
        node.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = node.spawn().expect("Node.js 18 or later runs as `node`; install it");
        let output = process.stdout.take().expect("a pipe");
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let issuer = lines.find_map(|line| line.strip_prefix("ISSUER ").map(str::to_owned));
        // It may say more; nobody must be kept from writing.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, issuer: issuer.expect("the provider says where it is") }
    }

    fn settings(&self) -> IssuerSettings {
        let grant = Grant::Supervisor {
            tenant: TenantId::new("changqing").expect("a tenant"),
            unit: UnitId::new("xinyong-ban").expect("a unit"),
        };
        IssuerSettings {
            issuer: self.issuer.clone(),
            client_id: "duban".into(),
            client_secret_file: None,
            redirect: REDIRECT.into(),
            scopes: vec!["profile".into(), "groups".into()],
            title: "name".into(),
            rules: vec![Rule { claim: "groups".into(), has: "credit-office".into(), grants: vec![grant] }],
        }
    }

    async fn served(&self, secret: &str) -> Served {
        let issuer = Issuer::new(self.settings(), Some(secret.to_owned())).expect("an issuer");
        let now = duban::cli::world::now().to_string();
        Served::with_issuer(&now, MemoryDirectory::default(), Some(issuer)).await
    }
}

/// A browser: it keeps cookies by the host that set them, and follows nothing by itself.
struct Browser {
    http: reqwest::Client,
    cookies: BTreeMap<(String, String), String>,
}

impl Browser {
    fn new() -> Self {
        let http = duban::tls::client().no_proxy().redirect(reqwest::redirect::Policy::none()).build();
        Self { http: http.expect("a client"), cookies: BTreeMap::new() }
    }

    async fn go(&mut self, url: &str, form: Option<&[(&str, &str)]>) -> reqwest::Response {
        let parsed = reqwest::Url::parse(url).expect("a url");
        let host = format!("{}:{}", parsed.host_str().expect("a host"), parsed.port().expect("a port"));
        let request = match form {
            Some(form) => self.http.post(url).form(form),
            None => self.http.get(url),
        };
        let own = self.cookies.iter().filter(|((of, _), _)| *of == host);
        let cookies: Vec<String> = own.map(|((_, name), value)| format!("{name}={value}")).collect();
        let response = request.header(COOKIE, cookies.join("; ")).send().await.expect("an answer");
        for line in response.headers().get_all(SET_COOKIE) {
            let pair = line.to_str().expect("a text").split(';').next().expect("a pair");
            let (name, value) = pair.split_once('=').expect("a pair");
            self.cookies.insert((host.clone(), name.to_owned()), value.to_owned());
        }
        response
    }

    /// Follows redirects until somebody must do something, or the way leads back to us.
    async fn follow(&mut self, mut url: String) -> String {
        loop {
            if url.starts_with(REDIRECT) {
                return url;
            }
            let response = self.go(&url, None).await;
            let Some(next) = location(&response, &url) else { return url };
            url = next;
        }
    }

    /// Signs in at the provider as somebody; gives the way back with what it says.
    async fn sign_in(&mut self, served: &Served, who: &str, then: &str) -> String {
        let begin = format!("{}/v1/session/issuer?then={then}", served.address);
        let response = self.go(&begin, None).await;
        let there = location(&response, &begin).expect("the way to the provider");
        assert!(there.contains("code_challenge_method=S256") && there.contains("nonce="), "{there}");
        let mut at = self.follow(there).await;
        for form in
            [&[("prompt", "login"), ("login", who), ("password", "any")][..], &[("prompt", "consent")][..]]
        {
            assert!(at.contains("/interaction/"), "{at}");
            let response = self.go(&at, Some(form)).await;
            let next = location(&response, &at).expect("the way on");
            at = self.follow(next).await;
        }
        assert!(at.starts_with(REDIRECT), "{at}");
        at.replacen("http://127.0.0.1:9", &served.address, 1)
    }
}

fn location(response: &reqwest::Response, from: &str) -> Option<String> {
    let place = response.headers().get(LOCATION)?.to_str().expect("a text");
    Some(reqwest::Url::parse(from).expect("a url").join(place).expect("a url").into())
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_of_a_group_is_let_in_with_that_group_s_role() {
    let provider = Provider::start();
    let served = provider.served("a secret/with: signs").await;
    assert_eq!(
        served.get("/v1/changqing/status").await.status,
        401,
        "an issuer means that everybody signs in"
    );
    let mut browser = Browser::new();
    let back = browser.sign_in(&served, "zhang", "/desk/changqing/").await;
    let response = browser.go(&back, None).await;
    assert_eq!(response.status(), 200);
    let page = response.text().await.expect("a page");
    assert!(page.contains("url=/desk/changqing/\""), "{page}");
    let me = browser.go(&format!("{}/v1/session", served.address), None).await;
    let me: serde_json::Value = me.json().await.expect("JSON");
    assert_eq!((&me["who"], &me["title"]), (&json!("issued:zhang"), &json!("张伟")));
    assert_eq!((&me["grants"][0]["role"], &me["tenants"]), (&json!("supervisor"), &json!(["changqing"])));
    let status = format!("{}/v1/changqing/status", served.address);
    assert_eq!(browser.go(&status, None).await.status(), 200);
    // The answer is used once, and only by the browser that asked for it.
    assert_eq!(browser.go(&back, None).await.status(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_in_by_another_s_answer_without_a_role_or_with_a_wrong_secret() {
    let provider = Provider::start();
    let served = provider.served("a secret/with: signs").await;
    let (mut zhang, mut other) = (Browser::new(), Browser::new());
    let back = zhang.sign_in(&served, "zhang", "/").await;
    assert_eq!(other.go(&back, None).await.status(), 403, "it began in another browser");
    let mut li = Browser::new();
    let back = li.sign_in(&served, "li", "/").await;
    let response = li.go(&back, None).await;
    assert_eq!(response.status(), 403);
    let problem: serde_json::Value = response.json().await.expect("JSON");
    assert_eq!(problem["rule"], "access.no-role", "{problem}");
    let unknown = provider.served("another secret").await;
    let mut browser = Browser::new();
    let back = browser.sign_in(&unknown, "zhang", "/").await;
    assert_eq!(browser.go(&back, None).await.status(), 502, "the provider does not know us");
}
