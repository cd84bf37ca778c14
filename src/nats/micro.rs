//! The documents by which services on NATS are discovered and watched: the answers to
//! `$SRV.PING`, `$SRV.INFO` and `$SRV.STATS`, as NATS' architecture decision record 32
//! has them.
//!
//! They are written here rather than by the client's own service module for three
//! reasons: that one answers under whatever reply subject it is given, which would lend
//! the engine's rights to anybody ([`super::service`]); it sends errors without a body;
//! and it counts as errors only those.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::id::TenantId;
use crate::port::service::Endpoint;
use crate::time::Instant;

/// What all instances of the service are called.
pub const NAME: &str = "duban";
/// Instances of a tenant share its questions under this queue group, NATS' usual one.
pub const QUEUE_GROUP: &str = "q";
/// Where every service hears who looks for it.
pub const DISCOVERY: &str = "$SRV.>";

/// One instance: a tenant's, in one process.
pub struct Instance {
    /// Tells it from the others.
    pub id: String,
    tenant: TenantId,
    version: String,
    started: Instant,
    endpoints: Vec<Endpoint>,
    counts: Mutex<BTreeMap<&'static str, Count>>,
}

/// What an endpoint was asked so far.
#[derive(Debug, Clone, Default)]
struct Count {
    requests: u64,
    errors: u64,
    last_error: String,
    took: Duration,
}

/// What is on every document.
#[derive(Serialize)]
struct Head<'i> {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'static str,
    id: &'i str,
    version: &'i str,
    metadata: BTreeMap<&'static str, &'i str>,
}

#[derive(Serialize)]
struct Info<'i> {
    #[serde(flatten)]
    head: Head<'i>,
    description: &'static str,
    endpoints: Vec<EndpointInfo<'i>>,
}

#[derive(Serialize)]
struct EndpointInfo<'i> {
    name: &'i str,
    subject: String,
    queue_group: &'static str,
    metadata: BTreeMap<&'static str, &'i str>,
}

#[derive(Serialize)]
struct Stats<'i> {
    #[serde(flatten)]
    head: Head<'i>,
    started: String,
    endpoints: Vec<EndpointStats<'i>>,
}

#[derive(Serialize)]
struct EndpointStats<'i> {
    name: &'i str,
    subject: String,
    queue_group: &'static str,
    num_requests: u64,
    num_errors: u64,
    last_error: String,
    /// In nanoseconds.
    processing_time: u64,
    /// In nanoseconds.
    average_processing_time: u64,
}

impl Instance {
    /// An instance that has been asked nothing yet. `version` is a semantic version.
    #[must_use]
    pub fn new(
        id: String,
        tenant: TenantId,
        version: &str,
        started: Instant,
        endpoints: Vec<Endpoint>,
    ) -> Self {
        Self { id, tenant, version: version.to_owned(), started, endpoints, counts: Mutex::default() }
    }

    /// The beginning of every subject that questions come under.
    #[must_use]
    pub fn prefix(&self) -> String {
        format!("duban.{}.query.", self.tenant)
    }

    /// What is answered to whoever asks under `subject`, a part of [`DISCOVERY`];
    /// nothing when they look for another service.
    #[must_use]
    pub fn discovered(&self, subject: &str) -> Option<Vec<u8>> {
        let mut parts = subject.split('.').skip(1);
        let verb = parts.next()?;
        let is_meant = match (parts.next(), parts.next(), parts.next()) {
            (None, None, None) => true,
            (Some(name), None, None) => name == NAME,
            (Some(name), Some(id), None) => name == NAME && id == self.id,
            _ => false,
        };
        let written = match verb {
            _ if !is_meant => return None,
            "PING" => serde_json::to_vec(&self.head("io.nats.micro.v1.ping_response")),
            "INFO" => serde_json::to_vec(&self.info()),
            "STATS" => serde_json::to_vec(&self.stats()),
            _ => return None,
        };
        written.ok()
    }

    /// Counts an answer of the endpoint called `what`, with what went wrong.
    pub fn count(&self, what: &str, took: Duration, error: Option<String>) {
        let Some(endpoint) = self.endpoints.iter().find(|endpoint| endpoint.name == what) else { return };
        let mut counts = self.counts();
        let count = counts.entry(endpoint.name).or_default();
        count.requests += 1;
        count.took = count.took.saturating_add(took);
        if let Some(error) = error {
            count.errors += 1;
            count.last_error = error;
        }
    }

    fn counts(&self) -> MutexGuard<'_, BTreeMap<&'static str, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn head(&self, kind: &'static str) -> Head<'_> {
        let metadata = BTreeMap::from([("tenant", self.tenant.as_str())]);
        Head { kind, name: NAME, id: &self.id, version: &self.version, metadata }
    }

    /// Whoever asks puts their own name where the star is.
    fn subject(&self, endpoint: &Endpoint) -> String {
        format!("{}*.{}", self.prefix(), endpoint.name)
    }

    fn info(&self) -> Info<'_> {
        let endpoint = |endpoint: &Endpoint| EndpointInfo {
            name: endpoint.name,
            subject: self.subject(endpoint),
            queue_group: QUEUE_GROUP,
            metadata: BTreeMap::from([("about", endpoint.about)]),
        };
        Info {
            head: self.head("io.nats.micro.v1.info_response"),
            description: "duban: what is owed by whom until when; the same answers as over HTTP",
            endpoints: self.endpoints.iter().map(endpoint).collect(),
        }
    }

    fn stats(&self) -> Stats<'_> {
        let counts = self.counts().clone();
        let nanos = |took: Duration| u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let endpoint = |endpoint: &Endpoint| {
            let count = counts.get(endpoint.name).cloned().unwrap_or_default();
            let took = nanos(count.took);
            EndpointStats {
                name: endpoint.name,
                subject: self.subject(endpoint),
                queue_group: QUEUE_GROUP,
                num_requests: count.requests,
                num_errors: count.errors,
                last_error: count.last_error,
                processing_time: took,
                average_processing_time: took.checked_div(count.requests).unwrap_or_default(),
            }
        };
        Stats {
            head: self.head("io.nats.micro.v1.stats_response"),
            started: self.started.to_string(),
            endpoints: self.endpoints.iter().map(endpoint).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance() -> Instance {
        let endpoints = vec![Endpoint { name: "overdue", about: "what is overdue" }];
        let tenant = TenantId::new("changqing").expect("a tenant");
        Instance::new("X1".into(), tenant, "0.1.0", Instant::from_nanos(0), endpoints)
    }

    #[test]
    fn it_is_found_by_all_by_its_name_and_by_its_id_and_by_no_other() {
        let instance = instance();
        for verb in ["PING", "INFO", "STATS"] {
            for subject in ["", ".duban", ".duban.X1"] {
                let found = instance.discovered(&format!("$SRV.{verb}{subject}")).expect("a document");
                let found: serde_json::Value = serde_json::from_slice(&found).expect("JSON");
                let kind = format!("io.nats.micro.v1.{}_response", verb.to_lowercase());
                assert_eq!((&found["type"], &found["id"]), (&kind.into(), &"X1".into()));
            }
            for subject in [".other", ".duban.X2", ".duban.X1.more"] {
                assert_eq!(instance.discovered(&format!("$SRV.{verb}{subject}")), None);
            }
        }
        assert_eq!(instance.discovered("$SRV.SCHEMA"), None);
    }

    #[test]
    fn what_was_asked_is_counted() {
        let instance = instance();
        instance.count("overdue", Duration::from_nanos(30), None);
        instance.count("overdue", Duration::from_nanos(10), Some("400:no".into()));
        instance.count("nothing", Duration::from_nanos(10), None);
        let stats = instance.discovered("$SRV.STATS").expect("a document");
        let stats: serde_json::Value = serde_json::from_slice(&stats).expect("JSON");
        let endpoint = &stats["endpoints"][0];
        assert_eq!(endpoint["num_requests"], 2);
        assert_eq!((&endpoint["num_errors"], &endpoint["last_error"]), (&1.into(), &"400:no".into()));
        assert_eq!(
            (&endpoint["processing_time"], &endpoint["average_processing_time"]),
            (&40.into(), &20.into())
        );
        assert_eq!(endpoint["subject"], "duban.changqing.query.*.overdue");
    }
}
