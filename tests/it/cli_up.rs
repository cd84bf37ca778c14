//! The first command of the README: everything from nothing, stopped and gone on.

use tempfile::TempDir;

use crate::support::cli::{Serving, duban};

fn up(data: &str) -> Serving {
    let mut up = Serving::spawn(&["up", "--data", data, "--http", "127.0.0.1:0", "--nats-port", "0"]);
    up.wait_for("duban is up.");
    let line = up.wait_for("/v1/changqing/overdue");
    let address = line.split_whitespace().next().expect("an address").to_owned();
    up.server = address.trim_end_matches("/v1/changqing/overdue").to_owned();
    up
}

#[test]
fn up_shows_the_main_job_and_goes_on_where_it_was() {
    let folder = TempDir::new().expect("a folder");
    let data = folder.path().to_str().expect("a path");
    let first = up(data);
    for tenant in ["changqing", "genhe"] {
        let counts = first.ask(&["counts", "--tenant", tenant, "--json"]).ends(0).json();
        let all = &counts["all"];
        for kind in ["overdue", "escalated", "dueSoon", "onTrack", "paused", "metInTime", "metLate"] {
            assert!(all[kind].as_i64().is_some_and(|number| number > 0), "{tenant} has no {kind}: {all}");
        }
        let refusals = first.ask(&["refusals", "--tenant", tenant, "--json"]).ends(0).json();
        assert!(!refusals["rows"].as_array().expect("rows").is_empty(), "{tenant}");
    }
    let before = first.ask(&["counts", "--json"]).ends(0).json();
    let second = duban(&["up", "--data", data]).ends(6);
    assert!(second.err.contains(&first.server), "{}", second.err);
    assert_eq!(first.stop().code(), Some(0));

    let again = up(data);
    let after = again.ask(&["counts", "--json"]).ends(0).json();
    assert_eq!(before["all"]["openCases"], after["all"]["openCases"]);
    assert_eq!(before["all"]["metLate"], after["all"]["metLate"]);
    assert_eq!(again.stop().code(), Some(0));
}
