//! A ledger off the broker: kept in a file, brought back elsewhere, the same.

use std::fs;

use serde_json::json;
use tempfile::TempDir;

use crate::cli_serve::{answered, overdue, received};
use crate::support::cli::{duban, serve};
use crate::support::nats::Server;

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_brings_the_same_state_back_on_another_broker() {
    let (old, new) = (Server::start().await, Server::start().await);
    let data = TempDir::new().expect("a folder");
    let (first, second) = (data.path().join("first"), data.path().join("second"));
    let file = data.path().join("changqing.archive");
    let file = file.to_str().expect("a path");

    let serving = serve(old.url(), &first);
    let batch = json!([received(1, "qu-fagaiju"), received(2, "qu-wenlvju"), answered(2, "qu-wenlvju")]);
    serving.ask_with(&["publish", "--wait"], &batch.to_string()).ends(0);
    let before = serving.rebuilt_at_rest();
    assert_eq!(serving.stop().code(), Some(0));

    duban(&["backup", "--nats", old.url(), "--to", file]).ends(0);
    let whole = duban(&["verify", "--archive", file]).ends(0);
    assert!(whole.out.contains("whole"), "{}", whole.out);
    duban(&["restore", "--nats", new.url(), "--from", file]).ends(0);
    // A restoration that broke off is gone on with; a whole one changes nothing.
    duban(&["restore", "--nats", new.url(), "--from", file]).ends(0);
    duban(&["restore", "--nats", new.url(), "--tenant", "genhe", "--from", file]).ends(2);
    let line = |url: &str| {
        let said = duban(&["verify", "--nats", url]).ends(0);
        said.out.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(line(old.url()), line(new.url()));

    let serving = serve(new.url(), &second);
    let after = serving.rebuilt_at_rest();
    assert_eq!((&before["digest"], &before["entries"]), (&after["digest"], &after["entries"]));
    assert_eq!(overdue(&serving), ["objection/YY-1"]);
    // New facts take new places, and old ones are still known.
    let said = serving.ask_with(&["publish", "--wait"], &batch.to_string()).ends(0);
    assert_eq!(said.out.matches("duplicated").count(), 3, "{}", said.out);
    serving.ask_with(&["publish", "--wait"], &answered(1, "qu-fagaiju").to_string()).ends(0);
    assert!(overdue(&serving).is_empty());
    assert_eq!(serving.stop().code(), Some(0));
    duban(&["verify", "--nats", new.url(), "--data", second.to_str().expect("a path")]).ends(0);
    // What has gone on since cannot be overwritten by what was before.
    duban(&["restore", "--nats", new.url(), "--from", file]).ends(5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_archive_is_told_and_never_restored() {
    let (old, new) = (Server::start().await, Server::start().await);
    let data = TempDir::new().expect("a folder");
    let file = data.path().join("changqing.archive");
    let serving = serve(old.url(), &data.path().join("data"));
    serving.ask_with(&["publish", "--wait"], &received(1, "qu-fagaiju").to_string()).ends(0);
    serving.stop();
    let path = file.to_str().expect("a path");
    duban(&["backup", "--nats", old.url(), "--to", path]).ends(0);
    let mut bytes = fs::read(&file).expect("the archive");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).expect("written");
    let said = duban(&["verify", "--archive", path]).ends(1);
    assert!(said.out.contains("DAMAGED"), "{}", said.out);
    duban(&["restore", "--nats", new.url(), "--from", path]).ends(4);
    duban(&["verify", "--nats", new.url()]).ends(5);
    fs::write(&file, &bytes[..middle]).expect("written");
    assert!(duban(&["verify", "--archive", path]).ends(1).out.contains("cut off"));
    duban(&["backup", "--nats", new.url(), "--to", path]).ends(5);
}
