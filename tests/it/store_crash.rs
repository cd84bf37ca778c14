//! After its process was killed, a store on sled holds whole steps only.

use std::env;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use duban::port::store::Store as _;

use crate::store_contract::open;
use crate::store_steps::{assert_consistent, checkpoint, step};

/// Set for the process that is to be killed: the folder it works in.
const FOLDER: &str = "DUBAN_TEST_CRASH_FOLDER";
/// A child that is not killed ends by itself.
const MOST_STEPS: u64 = 100_000;
const FLUSH_EVERY: u64 = 25;

#[test]
fn a_killed_writer_leaves_whole_steps_and_all_that_were_flushed() {
    #[expect(clippy::disallowed_methods, reason = "the child learns from its environment where to write")]
    let folder = env::var_os(FOLDER);
    if let Some(folder) = folder {
        return commit_until_killed(Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a temp folder");
    let mut last = 0;
    // Each round goes on where the crash before it left off.
    for flushes in [1, 3, 2, 4, 1] {
        let flushed = kill_after(folder.path(), flushes);
        let store = open(folder.path());
        let seen = assert_consistent(&store).expect("the store can be read");
        assert!(seen >= flushed, "step {flushed} was flushed, but the last one is {seen}");
        assert!(seen > last, "no progress was made");
        last = seen;
    }
}

/// Commits and flushes, and says on standard output what is flushed.
fn commit_until_killed(folder: &Path) {
    let store = open(folder);
    let from = checkpoint(&store).expect("the store can be read") + 1;
    for n in from..from + MOST_STEPS {
        store.commit(step(n)).expect("commit");
        if n.is_multiple_of(FLUSH_EVERY) {
            store.flush().expect("flush");
            println!("flushed {n}");
        }
    }
}

/// Runs a writer, kills it in the middle of whatever it does some steps after its
/// n-th flush, and answers with the last step it said was flushed.
fn kill_after(folder: &Path, flushes: usize) -> u64 {
    let test = "store_crash::a_killed_writer_leaves_whole_steps_and_all_that_were_flushed";
    let mut child = Command::new(env::current_exe().expect("this program has a path"))
        .args(["--exact", test, "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("the writer starts");
    let lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
    let flushed = lines
        .map_while(Result::ok)
        .filter_map(|line| line.rsplit_once("flushed ")?.1.trim().parse().ok())
        .nth(flushes - 1);
    child.kill().expect("the writer can be killed");
    let status = child.wait().expect("the writer ends");
    assert!(!status.success(), "the writer ended before it was killed");
    flushed.expect("the writer flushes before it ends")
}
