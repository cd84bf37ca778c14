//! A serving program on a broker with the users of `duban credentials`, with tokens,
//! and with two objections that are overdue.

use std::path::PathBuf;
use std::time::Duration;

use duban::nats::users::inbox;
use duban::nats::{Access, Broker, BrokerSettings};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::cli::{Serving, duban};
use super::nats::Server;
use crate::cli_serve::{answered, received};

/// A served tenant on a broker with users, and two objections that are overdue.
pub struct Guarded {
    pub server: Server,
    pub serving: Serving,
    /// The token of a system of qu-fagaiju, which may state its decisions.
    pub unit_token: String,
    folder: TempDir,
    operator_token: String,
}

impl Guarded {
    pub async fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let token = |name: &str, more: &[&str]| {
            let data = folder.path().join("data");
            let place = ["--data", data.to_str().expect("a path")];
            let arguments = [&["token", "create", name][..], more, &place].concat();
            duban(&arguments).ends(0).out.trim().to_owned()
        };
        let here = ["--tenant", "changqing", "--unit"];
        let with = |role, unit| [&["--role", role][..], &here, &[unit]].concat();
        token("leader", &with("supervisor", "xinyong-ban"));
        token("desk", &with("reviewer", "xinyong-ban"));
        token("oa", &[&with("service", "qu-wenlvju")[..], &["--event", "objection.answered"]].concat());
        token("tickets", &["--role", "reader", "--tenant", "changqing"]);
        let unit_token =
            token("fagaiju", &[&with("service", "qu-fagaiju")[..], &["--event", "decision.made"]].concat());
        let operator_token = token("root", &["--role", "operator"]);
        let (data, out) = (folder.path().join("data"), folder.path().join("out"));
        let (data, out) = (data.to_str().expect("a path"), out.to_str().expect("a path"));
        duban(&["credentials", "--tenant", "changqing", "--data", data, "--out", out]).ends(0);
        let users = std::fs::read_to_string(folder.path().join("out/users.conf")).expect("the users");
        let server = Server::start_with(&users).await;
        let key = folder.path().join("out/engine.nk");
        let arguments = ["serve", "--nats", server.url(), "--nats-key", key.to_str().expect("a path")];
        let tenant = ["--tenant", "changqing", "--data", data, "--http", "127.0.0.1:0"];
        let rest = ["--policies", "workflows", "--require-sign-in"];
        let mut serving = Serving::start(&[&arguments[..], &tenant, &rest].concat());
        serving.wait_for("policies are in force");
        let guarded = Self { server, serving, unit_token, folder, operator_token };
        guarded.state(&json!([received(1, "qu-fagaiju"), received(2, "qu-wenlvju")])).await;
        // The second unit's answer to the first one's case is refused, and kept.
        guarded.state(&json!([answered(1, "qu-wenlvju")])).await;
        guarded
    }

    /// The server's data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The file with a user's seed.
    pub fn key(&self, user: &str) -> PathBuf {
        self.folder.path().join(format!("out/{user}.nk"))
    }

    /// States facts over HTTP and waits until they are decided.
    pub async fn state(&self, events: &Value) {
        let client = duban::tls::client().no_proxy().build().expect("a client");
        let request = client.post(format!("{}/v1/changqing/events?wait=20s", self.serving.server));
        let request = request.bearer_auth(&self.operator_token).body(events.to_string());
        let request = request.header("content-type", "application/cloudevents-batch+json");
        let status = request.send().await.expect("an answer").status().as_u16();
        assert!(status == 200 || status == 422, "{status}");
    }

    /// The connection of a user, by its name.
    pub async fn user(&self, name: &str) -> Broker {
        let seed = std::fs::read_to_string(self.key(name)).expect("a seed");
        let settings = BrokerSettings {
            access: Access::Key(seed.trim().to_owned()),
            inbox_prefix: Some(inbox(name)),
            answer_within: Duration::from_secs(20),
            ..BrokerSettings::new(self.server.url())
        };
        Broker::connect(settings).await.expect("the user is let in")
    }
}
