//! A served site with somebody of every role, each with a token and an account.

use std::collections::{BTreeMap, BTreeSet};

use duban::id::{AccountName, EventType, Name, TenantId, UnitId};
use duban::identity::directory::Token;
use duban::identity::grant::Grant;
use duban::identity::password;
use duban::identity::secret::Secret;
use duban::memory::directory::MemoryDirectory;
use duban::port::directory::Directories as _;
use duban::time::Instant;

use super::site::{Came, Served};

/// Every account's password.
pub const PASSWORD: &str = "correct horse battery";
/// When it is.
pub const NOW: &str = "2026-03-20T10:00:00+08:00";

/// The site, and the tokens by the names of their roles.
pub struct People {
    pub served: Served,
    pub tokens: BTreeMap<&'static str, Secret>,
}

fn unit(id: &str) -> UnitId {
    UnitId::new(id).expect("a unit")
}

/// Every role, by a name of its own; the last one is of another tenant.
pub fn grants() -> Vec<(&'static str, Grant)> {
    let tenant = TenantId::new("changqing").expect("a tenant");
    let genhe = TenantId::new("genhe").expect("a tenant");
    let office = unit("xinyong-ban");
    vec![
        ("operator", Grant::Operator),
        ("supervisor", Grant::Supervisor { tenant: tenant.clone(), unit: office.clone() }),
        ("reviewer", Grant::Reviewer { tenant: tenant.clone(), unit: office.clone() }),
        ("member", Grant::Member { tenant: tenant.clone(), unit: unit("qu-fagaiju") }),
        (
            "service",
            Grant::Service {
                tenant: tenant.clone(),
                units: BTreeSet::from([unit("xinyong-pingtai"), unit("qu-wenlvju")]),
                events: BTreeSet::from([EventType::new("objection.received").expect("a type")]),
            },
        ),
        ("reader", Grant::Reader { tenant: Some(tenant) }),
        ("watcher", Grant::Reader { tenant: None }),
        ("stranger", Grant::Supervisor { tenant: genhe, unit: office }),
    ]
}

/// Somebody of every role, and the tokens by the names of their roles.
fn everybody() -> (MemoryDirectory, BTreeMap<&'static str, Secret>) {
    let directory = MemoryDirectory::default();
    let mut tokens = BTreeMap::new();
    let kept =
        password::hash(&AccountName::new("x").expect("an account"), PASSWORD, &[9; 32]).expect("a hash");
    for (number, (role, grant)) in grants().into_iter().enumerate() {
        let secret = Secret::token(&[u8::try_from(number).expect("few") + 1; 32]);
        let token = Token {
            digest: secret.digest(),
            grants: vec![grant.clone()],
            added_at: Instant::MIN,
            ends_at: None,
            revoked_at: None,
        };
        let (account, name) = (AccountName::new(role).expect("an account"), Name::new(role).expect("a name"));
        directory
            .change(&mut |it| {
                it.add_account(&account, kept.clone(), vec![grant.clone()], Instant::MIN)?;
                it.add_token(&name, token.clone())
            })
            .expect("changed");
        tokens.insert(role, secret);
    }
    (directory, tokens)
}

impl People {
    /// Everybody, over a site with policies and two objections.
    pub async fn new() -> Self {
        let (directory, tokens) = everybody();
        let served = Served::with(NOW, directory).await;
        served.publish_policies(Some(tokens["operator"].reveal())).await;
        let people = Self { served, tokens };
        for (number, unit) in [(1, "qu-fagaiju"), (2, "qu-wenlvju")] {
            let event = crate::cli_serve::received(number, unit);
            assert_eq!(people.state("operator", &event).await.status, 200);
        }
        people
    }

    /// Everybody, over a site with the sample that a first look is given.
    pub async fn with_sample() -> Self {
        let (directory, tokens) = everybody();
        let served = Served::with(NOW, directory).await;
        served.load_sample().await;
        let people = Self { served, tokens };
        // What comes last is decided last.
        let last = crate::cli_serve::received(1, "qu-fagaiju");
        assert_eq!(people.state("operator", &last).await.status, 200);
        people
    }

    pub fn token(&self, role: &str) -> &str {
        self.tokens[role].reveal()
    }

    /// A request with the role's token.
    pub async fn ask(&self, role: &str, method: &str, path: &str) -> Came {
        let (token, method) = (self.token(role), method.parse().expect("a method"));
        let request = |client: &reqwest::Client, address: &str| {
            client.request(method, format!("{address}{path}")).bearer_auth(token)
        };
        self.served.request(request).await
    }

    /// An event stated with the role's token, and waited for.
    pub async fn state(&self, role: &str, event: &serde_json::Value) -> Came {
        let (token, body) = (self.token(role), event.to_string());
        let media = if event.is_array() {
            "application/cloudevents-batch+json"
        } else {
            "application/cloudevents+json"
        };
        let request = |client: &reqwest::Client, address: &str| {
            let request = client.post(format!("{address}/v1/changqing/events?wait=20s")).bearer_auth(token);
            request.header("content-type", media).body(body)
        };
        self.served.request(request).await
    }
}
