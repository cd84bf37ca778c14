//! The broker's users as `duban credentials` writes them, on a real server: who may
//! publish what, what nobody may, and another key without a restart.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use duban::cli::nats_server::Places;
use duban::id::TenantId;
use duban::nats::line::Silence;
use duban::nats::users::inbox;
use duban::nats::{Access, Broker, BrokerSettings, LogSettings};
use duban::port::announce::Announce as _;
use duban::port::log::{Log as _, LogError};
use futures::StreamExt as _;
use tempfile::TempDir;
use tokio::time::Instant;

use crate::support::cli::duban;
use crate::support::nats::Server;

fn written(folder: &Path, more: &[&str]) {
    let folder = folder.to_str().expect("a path");
    let (data, out) = (format!("{folder}/data"), format!("{folder}/out"));
    let arguments = ["credentials", "--tenant", "changqing", "--data", &data, "--out", &out];
    duban(&[&arguments, more].concat()).ends(0);
}

fn users(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("out/users.conf")).expect("the users")
}

async fn connect(server: &Server, folder: &Path, user: &str) -> Result<Broker, LogError> {
    let seed = std::fs::read_to_string(folder.join(format!("out/{user}.nk"))).expect("a seed");
    with_seed(server, user, seed.trim()).await
}

async fn with_seed(server: &Server, user: &str, seed: &str) -> Result<Broker, LogError> {
    Broker::connect(BrokerSettings {
        access: Access::Key(seed.to_owned()),
        inbox_prefix: Some(inbox(user)),
        answer_within: Duration::from_secs(5),
        ..BrokerSettings::new(server.url())
    })
    .await
}

/// What the server answers to a message.
async fn ask(broker: &Broker, subject: &str, headers: &[(&str, &str)]) -> Result<String, Silence> {
    let mut map = async_nats::HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, *value);
    }
    let until = Instant::now() + Duration::from_secs(20);
    let answer = broker.main().ask(subject, Some(map), "{}".into(), until).await?;
    Ok(String::from_utf8_lossy(&answer.payload).into_owned())
}

async fn is_denied(broker: &Broker, subject: &str) {
    let answer = ask(broker, subject, &[]).await;
    assert!(matches!(answer, Err(Silence::Denied(_))), "{subject}: {answer:?}");
}

async fn set_up(folder: &Path) -> (Server, Broker) {
    written(folder, &[]);
    let server = Server::start_with(&users(folder)).await;
    let engine = connect(&server, folder, "engine").await.expect("the engine is let in");
    let tenant = TenantId::new("changqing").expect("a tenant");
    engine.intake(&tenant, &LogSettings::default()).await.expect("the engine makes its streams");
    engine.ledger(&tenant, &LogSettings::default()).await.expect("both of them");
    (server, engine)
}

const OWN: &str = "duban.changqing.intake.qu-fagaiju.objection.answered";
const CHANGES: [&str; 4] = ["DELETE", "PURGE", "UPDATE", "MSG.DELETE"];

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_publishes_as_itself_only_and_no_user_but_the_operator_changes_streams() {
    let folder = TempDir::new().expect("a folder");
    let (server, engine) = set_up(folder.path()).await;
    let unit = connect(&server, folder.path(), "changqing.qu-fagaiju").await.expect("the unit is let in");
    let stored = ask(&unit, OWN, &[]).await.expect("an answer");
    assert!(stored.contains("\"seq\":"), "{stored}");
    for forged in [
        "duban.changqing.intake.qu-wenlvju.objection.answered",
        "duban.changqing.intake.operator.policy.published",
        "duban.changqing.intake.importer.objection.received",
        "duban.changqing.intake.engine.clock.ticked",
        "duban.changqing.ledger.objection.answered.qu-fagaiju",
        "duban.genhe.intake.qu-fagaiju.objection.answered",
        "$JS.API.CONSUMER.CREATE.DUBAN_CHANGQING_LEDGER.x",
        "$JS.API.CONSUMER.CREATE.DUBAN_CHANGQING_LEDGER.changqing_qu-fagaiju.duban.changqing.ledger.>",
        "$JS.API.CONSUMER.DURABLE.CREATE.DUBAN_CHANGQING_LEDGER.changqing_qu-fagaiju",
        "$JS.API.CONSUMER.MSG.NEXT.DUBAN_CHANGQING_LEDGER.changqing_qu-wenlvju",
        "$JS.API.STREAM.MSG.GET.DUBAN_CHANGQING_INTAKE",
        "$KV.any.key",
        "$SYS.REQ.SERVER.PING",
    ] {
        is_denied(&unit, forged).await;
    }
    for log in ["INTAKE", "LEDGER"] {
        for change in CHANGES {
            let call = format!("$JS.API.STREAM.{change}.DUBAN_CHANGQING_{log}");
            is_denied(&unit, &call).await;
            is_denied(&engine, &call).await;
        }
    }
    let operator = connect(&server, folder.path(), "operator").await.expect("the operator is let in");
    let purged = ask(&operator, "$JS.API.STREAM.PURGE.DUBAN_CHANGQING_INTAKE", &[]).await.expect("an answer");
    assert!(purged.contains("error"), "what the stream itself forbids holds for the operator, too: {purged}");
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_would_change_what_is_kept_are_refused() {
    let folder = TempDir::new().expect("a folder");
    let (server, engine) = set_up(folder.path()).await;
    let unit = connect(&server, folder.path(), "changqing.qu-fagaiju").await.expect("the unit is let in");
    for headers in [
        &[("Nats-Rollup", "all")][..],
        &[("Nats-Rollup", "sub")][..],
        &[("Nats-TTL", "1s")][..],
        &[("Nats-Schedule", "@at 2030-01-01T00:00:00Z"), ("Nats-Schedule-Target", OWN)][..],
    ] {
        let answer = ask(&unit, OWN, headers).await.expect("an answer");
        assert!(answer.contains("\"error\""), "{headers:?}: {answer}");
    }
    let tenant = TenantId::new("changqing").expect("a tenant");
    let intake = engine.intake(&tenant, &LogSettings::default()).await.expect("the intake");
    assert_eq!(intake.last().await.expect("the intake").0, 0, "none of it was stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_hears_what_concerns_oneself_and_nobody_else_s_answers() {
    let folder = TempDir::new().expect("a folder");
    let (server, engine) = set_up(folder.path()).await;
    let unit = connect(&server, folder.path(), "changqing.qu-fagaiju").await.expect("the unit is let in");
    let hears =
        async |subject: &str| unit.client().subscribe(subject.to_owned()).await.expect("a subscription");
    let mut own = hears("duban.changqing.ledger.*.*.qu-fagaiju").await;
    let mut others = [
        hears("duban.changqing.ledger.*.*.qu-wenlvju").await,
        hears("duban.changqing.ledger.>").await,
        hears("duban.changqing.intake.>").await,
        hears(&format!("{}.>", inbox("engine"))).await,
    ];
    // Flushed is written, not read: who subscribes may miss what another connection
    // publishes at the same time, so it is published until it is heard.
    unit.client().flush().await.expect("the subscriptions are written");
    let mut heard = None;
    for _ in 0..40 {
        for owner in ["qu-wenlvju", "qu-fagaiju"] {
            let subject = format!("duban.changqing.ledger.deadline.breached.{owner}");
            engine.client().publish(subject, "x".into()).await.expect("published");
        }
        if let Ok(message) = tokio::time::timeout(Duration::from_millis(500), own.next()).await {
            heard = message;
            break;
        }
    }
    let heard = heard.expect("a message in time");
    assert!(heard.subject.ends_with(".qu-fagaiju"), "{}", heard.subject);
    // The other one was published first; had it been let through, it would be here.
    for other in &mut others {
        assert!(futures::FutureExt::now_or_never(other.next()).flatten().is_none());
    }
}

/// A client names the subject that it wants to be answered under, and no permission
/// covers that one: the server would write its acknowledgement there.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_under_the_subject_that_an_answer_is_wanted_under() {
    let folder = TempDir::new().expect("a folder");
    let (server, engine) = set_up(folder.path()).await;
    let tenant = TenantId::new("changqing").expect("a tenant");
    let logs = LogSettings::default();
    let intake = engine.intake(&tenant, &logs).await.expect("the intake");
    let ledger = engine.ledger(&tenant, &logs).await.expect("the ledger");
    let unit = connect(&server, folder.path(), "changqing.qu-fagaiju").await.expect("the unit is let in");
    let other = connect(&server, folder.path(), "changqing.qu-wenlvju").await.expect("another is let in");
    let listener = other.client().subscribe("duban.changqing.ledger.*.*.qu-wenlvju");
    let mut overheard = listener.await.expect("a subscription");
    other.client().flush().await.expect("the server has read the subscription");
    let operator = connect(&server, folder.path(), "operator").await.expect("the operator is let in");
    let mut called = operator.client().subscribe("$JS.API.>").await.expect("a subscription");
    let mut system = operator.client().subscribe("$SYS.>").await.expect("a subscription");
    operator.client().flush().await.expect("the server has read the subscriptions");

    let targets = [
        "duban.changqing.ledger.deadline.breached.qu-fagaiju",
        "duban.changqing.ledger.deadline.breached.qu-wenlvju",
        "duban.changqing.intake.qu-wenlvju.objection.answered",
        "duban.changqing.intake.operator.policy.published",
        "duban.changqing.intake.engine.clock.ticked",
        "duban.genhe.intake.qu-fagaiju.objection.answered",
        "$JS.API.STREAM.PURGE.DUBAN_CHANGQING_LEDGER",
        "$JS.API.STREAM.DELETE.DUBAN_CHANGQING_INTAKE",
        "$KV.any.key",
        "$SYS.REQ.SERVER.PING",
        OWN,
    ];
    let mut sent = 0;
    for target in targets {
        for subject in [
            OWN,
            "duban.changqing.query.qu-fagaiju.overdue",
            "$SRV.PING",
            "$JS.API.CONSUMER.INFO.DUBAN_CHANGQING_LEDGER.changqing_qu-fagaiju",
            "$JS.API.CONSUMER.MSG.NEXT.DUBAN_CHANGQING_LEDGER.changqing_qu-fagaiju",
            "$JS.ACK.DUBAN_CHANGQING_LEDGER.changqing_qu-fagaiju.1.1.1.1.0",
        ] {
            unit.client().publish_with_reply(subject, target, "{}".into()).await.expect("sent");
            sent += u64::from(subject == OWN);
        }
    }
    // What was sent before has been stored and answered by the time that this is.
    assert!(ask(&unit, OWN, &[]).await.expect("an answer").contains("\"seq\":"));
    assert_eq!(intake.last().await.expect("the intake").0, sent + 1);
    for place in 1..=sent + 1 {
        let record = intake.get(duban::id::Seq(place)).await.expect("the intake").expect("a record");
        assert_eq!(record.subject, OWN);
    }
    assert_eq!(ledger.last().await.expect("the ledger").0, 0, "only the engine writes on the ledger");
    let heard = "duban.changqing.ledger.deadline.breached.qu-wenlvju";
    engine.client().publish(heard, "the engine".into()).await.expect("published");
    let first = tokio::time::timeout(Duration::from_secs(20), overheard.next()).await.expect("in time");
    assert_eq!(first.expect("a message").payload, "the engine", "nobody was told a lie in the engine's name");
    // The operator stands beside the engine; it would have heard any call.
    let call = futures::FutureExt::now_or_never(system.next()).flatten();
    assert!(call.is_none(), "{call:?}");
    while let Some(Some(call)) = futures::FutureExt::now_or_never(called.next()) {
        let is_change = ["PURGE", "DELETE"].iter().any(|change| call.subject.contains(change));
        assert!(!is_change, "{}", call.subject);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_hears_what_it_is_told_and_may_answer_that_and_no_more() {
    let folder = TempDir::new().expect("a folder");
    let (server, engine) = set_up(folder.path()).await;
    let unit = connect(&server, folder.path(), "changqing.qu-fagaiju").await.expect("the unit is let in");
    let mut told = unit.client().subscribe("duban.changqing.told.qu-fagaiju").await.expect("a subscription");
    // An answer on the same connection: the server has read the subscription before.
    ask(&unit, OWN, &[]).await.expect("an answer");
    let asks = engine.clone();
    let announced = tokio::spawn(async move {
        let subject = "duban.changqing.told.qu-fagaiju";
        asks.announce(subject, "key-1", "application/cloudevents+json", "{}".into()).await
    });
    let heard = tokio::time::timeout(Duration::from_secs(20), told.next())
        .await
        .expect("in time")
        .expect("a message");
    assert_eq!(
        heard.headers.as_ref().and_then(|all| all.get("Nats-Msg-Id")).map(AsRef::as_ref),
        Some("key-1")
    );
    let reply = heard.reply.expect("somewhere to answer");
    unit.client().publish(reply.clone(), "read".into()).await.expect("published");
    assert_eq!(announced.await.expect("it ends"), Ok("answered by a listener".to_owned()));
    // A second answer to the same question is denied, as is telling others.
    is_denied(&unit, "duban.changqing.told.qu-wenlvju").await;
    is_denied(&unit, &reply).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_holds_after_a_reload_and_the_one_before_no_more() {
    let folder = TempDir::new().expect("a folder");
    let (server, engine) = set_up(folder.path()).await;
    let user = "changqing.qu-fagaiju";
    let place = folder.path().join(format!("out/{user}.nk"));
    let before = std::fs::read_to_string(&place).expect("a seed");
    let unit = with_seed(&server, user, before.trim()).await.expect("the unit is let in");
    written(folder.path(), &["--rotate", user]);
    assert_ne!(std::fs::read_to_string(&place).expect("a seed"), before);
    let config: &PathBuf = server.settings().config.as_ref().expect("a configuration");
    let conf = format!("{}\n{}", duban::cli::broker::NATS_CONF, users(folder.path()));
    std::fs::write(config, conf).expect("written");
    let pid = server.running().pid().expect("it runs").to_string();
    let mut news = unit.main().news();
    written(folder.path(), &["--reload", &pid]);
    let cut_off = news.wait_for(|news| !news.connected);
    tokio::time::timeout(Duration::from_secs(30), cut_off).await.expect("in time").expect("it is cut off");
    let old = with_seed(&server, user, before.trim()).await;
    assert!(matches!(old, Err(LogError::Forbidden { .. })), "{old:?}");
    let unit = connect(&server, folder.path(), user).await.expect("the new key holds");
    assert!(ask(&unit, OWN, &[]).await.expect("an answer").contains("\"seq\":"));
    assert!(engine.main().news().borrow().connected, "nobody else was disturbed");
}

#[test]
fn what_is_written_is_a_configuration_without_secrets_and_seeds_stay() {
    let folder = TempDir::new().expect("a folder");
    written(folder.path(), &[]);
    let out = folder.path().join("out");
    let server = Places::from_env().find().unwrap_or_else(|error| panic!("failed to {error}"));
    let checked =
        Command::new(server).arg("-t").arg("-c").arg(out.join("nats.conf")).output().expect("it runs");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let seed = |user: &str| std::fs::read_to_string(out.join(format!("{user}.nk"))).expect("a seed");
    let before = (seed("engine"), users(folder.path()));
    assert!(!before.1.contains(before.0.trim()));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(out.join("engine.nk")).expect("a file").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
    written(folder.path(), &[]);
    assert_eq!((seed("engine"), users(folder.path())), before, "a seed is drawn once");
}
