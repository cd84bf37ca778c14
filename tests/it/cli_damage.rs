//! What breaks on disk is named; what can be made again is, the rest stops.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::cli_serve::{overdue, received};
use crate::support::cli::{Serving, duban, serve, serve_as_it_is};
use crate::support::nats::Server;

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

fn find(bytes: &[u8], text: &str) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text.as_bytes())
}

/// What runs is what the ledger makes; the digest is the one before as well.
fn assert_made_again(before: &Value, after: &Value) {
    assert_eq!(after["agreed"], true, "{after}");
    assert_eq!((&before["digest"], &before["entries"]), (&after["digest"], &after["entries"]));
}

fn filled(server: &Server, data: &Path) -> Serving {
    let serving = serve(server.url(), data);
    // One case each: from three of one unit the office's reaction makes another fact, in its
    // own time.
    let units = ["qu-fagaiju", "qu-rensheju", "qu-shuiwuju", "qu-gongxinju", "qu-wenlvju"];
    for (number, unit) in (1..).zip(units) {
        serving.ask_with(&["publish", "--wait"], &received(number, unit).to_string()).ends(0);
    }
    assert_eq!(overdue(&serving).len(), 5);
    serving
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_in_a_ledger_block_is_named_and_stops_the_tenant() {
    let mut server = Server::start().await;
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    filled(&server, &data).stop();
    server.kill().await;

    let is_block = |path: &PathBuf| {
        path.extension().is_some_and(|end| end == "blk")
            && path.to_string_lossy().contains("CHANGQING_LEDGER")
    };
    let block = files(server.folder()).into_iter().find(is_block).expect("a block of the ledger");
    let mut bytes = fs::read(&block).expect("the block");
    let at = find(&bytes, "objection/YY-3").expect("the third objection");
    bytes[at + "objection/YY-".len()] = b'8';
    fs::write(&block, &bytes).expect("written");
    server.start_again().await;

    let data_path = data.to_str().expect("a path");
    let said = duban(&["verify", "--nats", server.url(), "--data", data_path]).ends(1);
    assert!(said.out.contains("DAMAGED") && said.out.contains("What to do"), "{}", said.out);
    // Nothing is served on a ledger that cannot be trusted, and it says why.
    let mut serving = Serving::spawn(&[
        "serve",
        "--nats",
        server.url(),
        "--tenant",
        "changqing",
        "--data",
        data_path,
        "--http",
        "127.0.0.1:0",
    ]);
    serving.wait_for("a person must look");
    assert_eq!(serving.stop().code(), Some(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_whose_end_was_cut_off_stops_the_tenant() {
    let (server, elsewhere) = (Server::start().await, Server::start().await);
    let folder = TempDir::new().expect("a folder");
    let (data, file) = (folder.path().join("data"), folder.path().join("early.archive"));
    let (data_path, file_path) = (data.to_str().expect("a path"), file.to_str().expect("a path"));
    let serving = serve(server.url(), &data);
    duban(&["backup", "--nats", server.url(), "--to", file_path]).ends(0);
    serving.ask_with(&["publish", "--wait"], &received(1, "qu-fagaiju").to_string()).ends(0);
    assert_eq!(serving.stop().code(), Some(0));
    // The same ledger, its last entries missing: what a server does that loses its
    // newest block.
    duban(&["restore", "--nats", elsewhere.url(), "--from", file_path]).ends(0);
    let said = duban(&["verify", "--nats", elsewhere.url(), "--data", data_path]).ends(1);
    assert!(said.out.contains("cut off"), "{}", said.out);
    let mut serving = serve_as_it_is(elsewhere.url(), &data);
    let line = serving.wait_for("a person must look");
    assert!(line.contains("cut off"), "{line}");
    let said = serving.ask(&["status"]).ends(4);
    assert!(said.out.contains("stopped"), "{}", said.out);
    assert_eq!(serving.stop().code(), Some(4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projection_that_is_gone_or_garbled_is_made_again() {
    let server = Server::start().await;
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().join("data");
    let serving = filled(&server, &data);
    let before = serving.rebuilt_at_rest();
    assert_eq!(before["agreed"], true, "{before}");
    assert_eq!(serving.stop().code(), Some(0));

    fs::remove_dir_all(data.join("projections")).expect("removed");
    let serving = serve(server.url(), &data);
    assert_eq!(overdue(&serving).len(), 5);
    assert_made_again(&before, &serving.rebuilt_at_rest());
    serving.kill();

    for path in files(&data.join("projections")) {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if !["lock", "current", "complete"].contains(&name.as_str()) {
            let bytes = fs::read(&path).expect("a file");
            fs::write(&path, vec![0xa5; bytes.len()]).expect("garbled");
        }
    }
    let mut serving = serve_as_it_is(server.url(), &data);
    serving.wait_for("policies are in force");
    assert_eq!(overdue(&serving).len(), 5);
    assert_made_again(&before, &serving.rebuilt_at_rest());
    assert!(
        files(&data).iter().any(|path| path.to_string_lossy().contains("damaged-")),
        "it is kept for a look"
    );
}
