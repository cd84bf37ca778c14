//! The whole loop on a real broker and a real store.

use std::sync::Arc;
use std::time::Duration;

use duban::cli::shelf::FolderShelf;
use duban::engine::handle::{Handle, Outcome};
use duban::engine::tenant::Engine;
use duban::event::fact::Fact;
use duban::event::structured::to_message;
use duban::id::{EventType, Seq, TenantId, UnitId};
use duban::nats::{LogSettings, NatsLog};
use duban::port::log::{Log as _, NewRecord};
use duban::sled_store::{SledSettings, SledStore};
use serde_json::{Value, json};

use crate::support::engine::{definitions, now, settings};
use crate::support::nats::Server;

struct Running {
    server: Server,
    intake: NatsLog,
    ledger: NatsLog,
    tenant: TenantId,
    handle: Handle<SledStore>,
    engine: tokio::task::JoinHandle<()>,
}

impl Running {
    async fn start() -> Self {
        let server = Server::start().await;
        let tenant = TenantId::new("changqing").expect("a tenant");
        let broker = server.connect().await;
        let intake = broker.intake(&tenant, &LogSettings::default()).await.expect("an intake");
        let ledger = broker.ledger(&tenant, &LogSettings::default()).await.expect("a ledger");
        let shelf =
            FolderShelf::open(&server.folder().join("rows"), SledSettings::default()).expect("a shelf");
        let (engine, handle) =
            Engine::new(settings(&tenant), intake.clone(), ledger.clone(), shelf).expect("an engine");
        let engine = tokio::spawn(engine.run());
        let mut running = Self { server, intake, ledger, tenant, handle, engine };
        for definition in definitions("changqing") {
            let sha = definition.sha().expect("a digest");
            let document = serde_json::to_value(&definition).expect("a document");
            let data = json!({
                "kind": definition.kind(), "name": definition.name(), "version": definition.version(),
                "sha": sha.to_string(), "document": document,
            });
            let id = format!("policy-{}", sha.short());
            let outcome = running.publish("operator", "policy.published", &id, None, data).await;
            assert_eq!(outcome.verdict, "accepted", "{outcome:?}");
        }
        running
    }

    async fn publish(
        &mut self,
        actor: &str,
        kind: &str,
        id: &str,
        subject: Option<&str>,
        data: Value,
    ) -> Outcome {
        let fact = Fact {
            source: "/test".into(),
            id: id.into(),
            kind: EventType::new(kind).expect("a type"),
            version: None,
            subject: subject.map(str::to_owned),
            actor: UnitId::new(actor).expect("a unit"),
            occurred_at: None,
            imported_at: None,
            stated_by: None,
            data,
        };
        let (subject, headers, body) = to_message(&fact, &self.tenant);
        let record = NewRecord { subject, headers, body: body.into() };
        let seq: Seq = self.intake.append(vec![record], None).await.expect("an intake that takes it");
        let promise = self.handle.expect(seq);
        let outcome = self.handle.outcome(promise, Duration::from_secs(20)).await;
        outcome.unwrap_or_else(|| panic!("no outcome of {seq}: {:?}", self.handle.status()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_objection_is_decided_and_the_projection_comes_back_the_same() {
    let mut running = Running::start().await;
    let case = Some("objection/YY-1");
    let received = json!({"unit": "qu-shuiwuju", "penaltyNumber": "P-1"});
    let outcome = running.publish("xinyong-pingtai", "objection.received", "r", case, received.clone()).await;
    assert_eq!(outcome.verdict, "accepted", "{outcome:?}");
    let again = running.publish("xinyong-pingtai", "objection.received", "r", case, received).await;
    assert_eq!(again.verdict, "duplicated", "{again:?}");
    let wrong = running
        .publish("qu-rensheju", "objection.answered", "a0", case, json!({"result": "maintained"}))
        .await;
    assert_eq!(wrong.reason.expect("a reason").rule, "actor.forbidden");
    let answer = running
        .publish("qu-shuiwuju", "objection.answered", "a", case, json!({"result": "maintained"}))
        .await;
    assert_eq!(answer.verdict, "accepted", "{answer:?}");
    let early = running
        .publish(
            "qu-shuiwuju",
            "objection.answered",
            "b",
            Some("objection/YY-2"),
            json!({"result": "maintained"}),
        )
        .await;
    assert_eq!(early.verdict, "parked", "{early:?}");
    let rebuilt = running.handle.rebuild().await.expect("a rebuild");
    assert!(rebuilt.agreed, "{rebuilt:?}");
    let late = now();
    running.handle.stop().await;
    running.engine.await.expect("a clean stop");
    assert!(running.ledger.last().await.expect("a ledger").0 > 40, "at {late}");
    drop(Arc::new(running.server));
}
