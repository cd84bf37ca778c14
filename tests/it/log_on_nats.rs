//! What only a real broker can do to a log: die, lose its disk's last pages,
//! deny, be configured by others, and hand out what no client can parse.

use std::time::{Duration, Instant as Moment};

use duban::id::Seq;
use duban::nats::{Access, Broker, BrokerSettings, LogSettings, NatsLog};
use duban::port::log::{AppendError, Log, LogError, Reader};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::watch;

use crate::log_contract::{MOST_BYTES, PATIENCE, Place, Streams, assert_run, read, record, records};
use crate::support::nats::{Cluster, Server};

/// Batches appended between two kills.
const BETWEEN_KILLS: u64 = 12;
/// Records of one batch: enough to be cut in the middle.
const BATCH: u64 = 200;

/// Appends `batches` batches as an engine does: after an unknown outcome it
/// repeats under the same fence, and it never believes what it has not seen.
async fn write(log: NatsLog, name: &str, batches: u64, progress: watch::Sender<u64>) -> u64 {
    let (mut done, mut unclear) = (0, 0);
    while done < batches {
        let fence = done * BATCH;
        let batch = records(name, fence + 1, usize::try_from(BATCH).expect("a size"));
        match log.append(batch, Some(Seq(fence))).await {
            Ok(seq) => {
                assert_eq!(seq, Seq(fence + BATCH));
                done += 1;
                progress.send_replace(done);
            }
            Err(AppendError::Unknown { .. } | AppendError::Log(LogError::Unavailable { .. })) => unclear += 1,
            Err(error) => panic!("failed to {error}"),
        }
    }
    unclear
}

/// Reads `count` records, however often the server goes away.
async fn follow(log: NatsLog, name: &str, count: u64) {
    let mut reader = log.reader(Seq::ZERO).await.expect("a reader");
    let mut given = 0;
    let until = Moment::now() + Duration::from_secs(120);
    while given < count {
        assert!(Moment::now() < until, "only {given} of {count} records came");
        match reader.next(1000, Duration::from_secs(1)).await {
            Ok(found) => {
                assert_run(name, &found, given);
                given += found.len() as u64;
            }
            Err(LogError::Unavailable { .. }) => {}
            Err(error) => panic!("failed to {error}"),
        }
    }
}

#[tokio::test]
async fn nothing_is_lost_or_repeated_when_the_server_is_killed_mid_append() {
    let mut server = Server::start().await;
    let mut place = Streams { broker: server.connect().await, replicas: 1 };
    let log = place.log("killed").await;
    let (progress, mut seen) = watch::channel(0);
    let batches = 4 * BETWEEN_KILLS;
    let kills = async {
        for kill in 1..=3 {
            seen.wait_for(|done| *done >= kill * BETWEEN_KILLS).await.expect("a writer");
            server.kill().await;
            server.start_again().await;
        }
    };
    let (unclear, (), ()) = tokio::join!(
        write(log.clone(), "killed", batches, progress),
        follow(log.clone(), "killed", batches * BATCH),
        kills
    );
    assert!(unclear > 0, "the kills should have left some append without an answer");
    assert_eq!(log.last().await.expect("an answer"), Seq(batches * BATCH));
}

#[tokio::test]
async fn nothing_is_lost_or_repeated_when_each_of_three_servers_is_killed() {
    let mut cluster = Cluster::start().await;
    let mut place = Streams { broker: cluster.connect().await, replicas: 3 };
    let log = place.log("failover").await;
    let (progress, mut seen) = watch::channel(0);
    let batches = 4 * BETWEEN_KILLS;
    let kills = async {
        for (kill, node) in (1..).zip(&mut cluster.nodes) {
            seen.wait_for(|done| *done >= kill * BETWEEN_KILLS).await.expect("a writer");
            node.kill().await;
            // The two that are left must do some work alone.
            seen.wait_for(|done| *done >= kill * BETWEEN_KILLS + 4).await.expect("a writer");
            node.start_again().await;
        }
    };
    tokio::join!(
        write(log.clone(), "failover", batches, progress),
        follow(log.clone(), "failover", batches * BATCH),
        kills
    );
    assert_eq!(log.last().await.expect("an answer"), Seq(batches * BATCH));
}

#[tokio::test]
async fn a_log_that_lost_its_end_is_broken_not_shorter() {
    let mut server = Server::start().await;
    let mut place = Streams { broker: server.connect().await, replicas: 1 };
    let log = place.log("torn").await;
    let (store, copy) = (server.folder().join("broker/store"), server.folder().join("copy"));
    log.append(records("torn", 1, 10), Some(Seq::ZERO)).await.expect("an append");
    server.kill().await;
    copy_folder(&store, &copy);
    server.start_again().await;
    let mut reader = log.reader(Seq::ZERO).await.expect("a reader");
    log.append(records("torn", 11, 10), Some(Seq(10))).await.expect("an append");
    read(&mut reader, 20).await;
    server.kill().await;
    std::fs::remove_dir_all(&store).expect("a folder");
    copy_folder(&copy, &store);
    server.start_again().await;
    let error = loop {
        match reader.next(10, PATIENCE).await {
            Err(LogError::Unavailable { .. }) => {}
            other => break other,
        }
    };
    let expected = matches!(error, Err(LogError::Broken { expected: Seq(21), found: Seq(10), .. }));
    assert!(expected, "{error:?}");
    let error = log.append(records("torn", 21, 1), Some(Seq(20))).await;
    assert!(matches!(error, Err(AppendError::Log(LogError::Broken { .. }))), "{error:?}");
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").map(|entry| entry.expect("an entry")) {
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a copy");
        }
    }
}

#[tokio::test]
async fn each_fault_of_a_stream_is_reported_at_once() {
    let server = Server::start().await;
    let broker = server.connect().await;
    let config = json!({
        "name": "DUBAN_FAULTY_LEDGER", "subjects": ["duban.faulty.>"], "storage": "memory",
        "retention": "limits", "discard": "old", "max_age": 3_600_000_000_000_i64, "max_msgs": 1000,
        "num_replicas": 1, "allow_rollup_hdrs": true, "allow_msg_ttl": true,
    });
    api(&broker, "STREAM.CREATE.DUBAN_FAULTY_LEDGER", &config).await;
    let wanted = ["duban.faulty.ledger.>".to_owned()];
    let error = broker.log("DUBAN_FAULTY_LEDGER", &wanted, &LogSettings::default()).await;
    let Err(LogError::Misconfigured { faults, .. }) = error else { panic!("{error:?}") };
    for key in [
        "subjects",
        "storage",
        "discard",
        "max_age",
        "max_msgs",
        "max_msg_size",
        "deny_delete",
        "deny_purge",
        "allow_rollup_hdrs",
        "allow_atomic",
        "allow_msg_ttl",
        "duplicate_window",
    ] {
        assert!(
            faults.iter().any(|fault| fault.starts_with(&format!("{key} "))),
            "{key} is not in {faults:?}"
        );
    }
    assert_eq!(faults.len(), 12, "{faults:?}");
}

#[tokio::test]
async fn a_stream_changed_under_a_running_log_is_noticed() {
    let server = Server::start().await;
    let broker = server.connect().await;
    let log = Streams { broker: broker.clone(), replicas: 1 }.log("changed").await;
    log.check().await.expect("a sound stream");
    let info = api(&broker, "STREAM.INFO.DUBAN_CHANGED_LEDGER", &json!({})).await;
    let mut config = info["config"].clone();
    config["max_age"] = json!(60_000_000_000_i64);
    api(&broker, "STREAM.UPDATE.DUBAN_CHANGED_LEDGER", &config).await;
    let error = log.check().await;
    assert!(matches!(&error, Err(LogError::Misconfigured { faults, .. }) if faults.len() == 1), "{error:?}");
    let three = LogSettings { replicas: 3, max_message_bytes: MOST_BYTES, first: None };
    let error = broker.log("DUBAN_CHANGED_LEDGER", &["duban.changed.ledger.>".into()], &three).await;
    let Err(LogError::Misconfigured { faults, .. }) = error else { panic!("{error:?}") };
    assert!(faults.iter().any(|fault| fault.starts_with("num_replicas is 1, must be 3")), "{faults:?}");
}

async fn api(broker: &Broker, subject: &str, question: &serde_json::Value) -> serde_json::Value {
    let answer = broker.client().request(format!("$JS.API.{subject}"), question.to_string().into()).await;
    let answer: serde_json::Value =
        serde_json::from_slice(&answer.expect("an answer").payload).expect("an answer in JSON");
    assert_eq!(answer["error"], serde_json::Value::Null, "{subject} should succeed");
    answer
}

/// An operator who may do all, and a clerk who may look but not append.
const TWO_USERS: &str = r#"
authorization {
  users = [
    { user: operator, password: o }
    { user: clerk, password: c, permissions: {
        publish: ["$JS.API.STREAM.INFO.>", "$JS.API.CONSUMER.CREATE.>"], subscribe: "_INBOX.>" } }
  ]
}
"#;

async fn as_user(server: &Server, name: &str, password: &str) -> Result<Broker, LogError> {
    let access = Access::User { name: name.into(), password: password.into() };
    Broker::connect(BrokerSettings { access, answer_within: PATIENCE, ..BrokerSettings::new(server.url()) })
        .await
}

#[tokio::test]
async fn what_the_server_denies_is_forbidden_and_not_a_timeout() {
    let server = Server::start_with(TWO_USERS).await;
    let started = Moment::now();
    let stranger = as_user(&server, "clerk", "wrong").await;
    assert!(matches!(stranger, Err(LogError::Forbidden { .. })), "{stranger:?}");
    let operator = as_user(&server, "operator", "o").await.expect("an operator");
    Streams { broker: operator, replicas: 1 }.log("denied").await;
    let clerk = as_user(&server, "clerk", "c").await.expect("a clerk");
    let log = Streams { broker: clerk, replicas: 1 }.log("denied").await;
    for size in [1, 50] {
        let denied = log.append(records("denied", 1, size), Some(Seq::ZERO)).await;
        assert!(matches!(denied, Err(AppendError::Log(LogError::Forbidden { .. }))), "{denied:?}");
    }
    let denied = log.get(Seq(1)).await;
    assert!(matches!(denied, Err(LogError::Forbidden { .. })), "{denied:?}");
    let mut reader = log.reader(Seq::ZERO).await.expect("a consumer, though it may not be pulled");
    let denied = reader.next(1, PATIENCE).await;
    assert!(matches!(denied, Err(LogError::Forbidden { .. })), "{denied:?}");
    assert!(started.elapsed() < PATIENCE, "a denial should not wait for the answer's time to pass");
}

#[tokio::test]
async fn a_header_no_client_can_parse_does_not_stop_a_reader() {
    let server = Server::start().await;
    let log = Streams { broker: server.connect().await, replicas: 1 }.log("poison").await;
    log.append(records("poison", 1, 3), Some(Seq::ZERO)).await.expect("an append");
    let headers = [&b"NATS/1.0\r\nce-id: \xff\xfe\r\n\r\n"[..], b"NATS/1.0\r\nno colon\r\n\r\n"];
    for header in headers {
        publish_raw(server.url(), "duban.poison.ledger.case.opened", header, b"bad").await;
    }
    log.append(records("poison", 6, 20), Some(Seq(5))).await.expect("an append");
    let mut reader = log.reader(Seq::ZERO).await.expect("a reader");
    let found = read(&mut reader, 25).await;
    assert_run("poison", &found[..3], 0);
    assert!(found[3..5].iter().all(|record| record.body == "bad"), "{:?}", &found[3..5]);
    assert_run("poison", &found[5..], 5);
    assert_eq!(found[3].headers, [("ce-id".to_owned(), "\u{fffd}\u{fffd}".to_owned())]);
    log.append(vec![record("poison", 26)], Some(Seq(25))).await.expect("an append");
    assert_run("poison", &read(&mut reader, 1).await, 25);
}

/// Publishes as a careless client would: bytes, as they are.
async fn publish_raw(url: &str, subject: &str, header: &[u8], body: &[u8]) {
    let address = url.trim_start_matches("nats://");
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("a connection");
    let connect = "CONNECT {\"verbose\":false,\"headers\":true,\"no_responders\":false}\r\n";
    let publish = format!("HPUB {subject} {} {}\r\n", header.len(), header.len() + body.len());
    let parts = [connect.as_bytes(), publish.as_bytes(), header, body, b"\r\nPING\r\n"];
    stream.write_all(&parts.concat()).await.expect("a write");
    let mut said = Vec::new();
    while !said.windows(4).any(|part| part == b"PONG") {
        assert!(stream.read_buf(&mut said).await.expect("a read") > 0, "the server hung up");
    }
}

#[tokio::test]
async fn a_new_record_reaches_a_waiting_reader_at_once() {
    let server = Server::start().await;
    let log = Streams { broker: server.connect().await, replicas: 1 }.log("quick").await;
    let mut reader = log.reader(Seq::ZERO).await.expect("a reader");
    let mut waits = Vec::new();
    for round in 0..21 {
        let appended = async {
            log.append(records("quick", round + 1, 1), Some(Seq(round))).await.expect("an append");
            Moment::now()
        };
        let (_, stored) = tokio::join!(read(&mut reader, 1), appended);
        waits.push(stored.elapsed());
    }
    waits.sort();
    assert!(waits[10] < Duration::from_millis(20), "the median wait is {:?}", waits[10]);
}
