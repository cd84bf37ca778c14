//! What disks and people do to a broker's and an engine's files while both are
//! down: it is named, what can be made again is, what cannot stops that tenant
//! with a sentence that says what to do, and the other tenant goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant as Moment};

use serde_json::json;

use crate::store_steps::Dice;
use crate::support::engine::now;
use crate::support::nats::Server;
use crate::torture_audit::stored_digest;
use crate::torture_chaos::publish;
use crate::torture_kills::{patient, seed};
use crate::torture_load::{Load, TENANT, policies};
use crate::torture_serve::Serving;

const OTHER: &str = "genhe";
const LEDGER: &str = "DUBAN_CHANGQING_LEDGER";
/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// Damages to the projection, one at a time.
const DAMAGES: u64 = 10;
/// Facts of the tenant that is damaged: enough for a ledger of many entries.
const CASES: u64 = 150;

/// Two tenants with everything decided, and nothing running but the broker.
struct Settled {
    server: Server,
    serving: Serving,
    /// The last intake record of the tenant that is damaged.
    last: u64,
    dice: Dice,
}

impl Settled {
    async fn start() -> Self {
        let seed = seed();
        println!("seed {seed}");
        let server = Server::start().await;
        let policies = policies(&server.folder().join("policies"));
        let place = server.folder().join("engine");
        let mut serving = Serving::new(server.url(), &[TENANT, OTHER], &place, Some(&policies));
        serving.start();
        let broker = patient(server.url()).await;
        for tenant in [TENANT, OTHER] {
            serving.until(tenant, PATIENCE, |status| status["role"] == "leading").await;
        }
        let mut last = 0;
        // Nothing falls due while the test runs: all of it did long ago.
        for message in Load::plan(seed, now().plus_seconds(-20 * 24 * 3_600), 60, CASES) {
            last = publish(&broker, &message).await.0;
        }
        serving.until(TENANT, PATIENCE, |status| status["decidedSeq"].as_u64() >= Some(last)).await;
        let mut settled = Self { server, serving, last, dice: Dice::new(seed) };
        settled.other_goes_on().await;
        settled.stop(0).await;
        settled
    }

    /// Damages the broker's files of the ledger while it is down, after a power cut
    /// or after an orderly end, which the server looks at differently.
    async fn damage_ledger(&mut self, in_order: bool, damage: impl FnOnce(&Path, &mut Dice)) {
        if in_order { self.server.stop().await } else { self.server.kill().await }
        let folder = self.server.folder().join("broker/store/jetstream/$G/streams").join(LEDGER).join("msgs");
        damage(&folder, &mut self.dice);
        self.server.start_again().await;
    }

    /// The other tenant's facts are still decided.
    async fn other_goes_on(&mut self) {
        let id = self.dice.throw(u64::MAX).to_string();
        self.serving.until(OTHER, PATIENCE, |status| status["role"] == "leading").await;
        let event = json!({
            "specversion": "1.0", "source": "/torture", "id": id, "type": "decision.made",
            "actor": "jiaotongyunshuju",
            "data": {"unit": "jiaotongyunshuju", "decisionNumber": id, "category": "licence", "decidedOn": "2023-06-05"},
        });
        let route = format!("v1/{OTHER}/events?wait=20s");
        let answer = self.serving.post(&route, "application/cloudevents+json", event.to_string()).await;
        let (status, body) = answer.unwrap_or_else(|| panic!("no answer: {}", self.serving.tail()));
        assert_eq!((status, &body["events"][0]["verdict"]), (200, &json!("accepted")), "{body}");
    }

    /// Starts again; the damaged tenant stops and its words are given, the other
    /// goes on, and the end shows in the exit code.
    async fn stops_with_words(&mut self) -> String {
        let before = self.serving.log().len();
        self.serving.start();
        let until = Moment::now() + PATIENCE;
        let words = loop {
            let log = self.serving.log()[before..].to_owned();
            let named = |line: &&str| line.contains("a person must look") && line.contains(TENANT);
            if let Some(line) = log.lines().find(named) {
                break line.to_owned();
            }
            assert!(Moment::now() < until, "nothing was said: {}", self.serving.tail());
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        if let Some(status) = self.serving.status(TENANT).await {
            assert_eq!(status["role"], "stopped", "{status}");
            assert!(words.contains(status["stopped"].as_str().expect("why")), "{status} and {words}");
        }
        self.other_goes_on().await;
        self.stop(4).await;
        println!("{words}");
        words
    }

    async fn stop(&mut self, code: i32) {
        assert_eq!(self.serving.stop().await.code(), Some(code), "{}", self.serving.tail());
    }
}

/// The blocks of a ledger, the newest last.
fn blocks(folder: &Path) -> Vec<PathBuf> {
    let number = |path: &PathBuf| path.file_stem().and_then(|stem| stem.to_str()?.parse::<u64>().ok());
    let paths = fs::read_dir(folder).expect("the ledger's folder").map(|entry| entry.expect("an entry").path());
    let mut blocks: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|end| end == "blk")).collect();
    blocks.sort_by_key(number);
    assert!(!blocks.is_empty(), "no block in {}", folder.display());
    blocks
}

/// Flips a bit in the middle half of the first block.
fn flip(folder: &Path, dice: &mut Dice) {
    let block = blocks(folder).remove(0);
    let mut bytes = fs::read(&block).expect("a block");
    let at = bytes.len() / 4 + dice.throw(bytes.len() as u64 / 2) as usize;
    bytes[at] ^= 1 << dice.throw(8);
    println!("a bit at {at} of {} is flipped", bytes.len());
    fs::write(&block, bytes).expect("a block");
}

/// Cuts the newest block short.
fn cut(folder: &Path, dice: &mut Dice) {
    let block = blocks(folder).pop().expect("a block");
    let bytes = fs::read(&block).expect("a block");
    let kept = dice.throw(bytes.len() as u64) as usize;
    println!("{kept} of {} bytes are left", bytes.len());
    fs::write(&block, &bytes[..kept]).expect("a block");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_bit_in_a_ledger_block_stops_the_tenant_and_no_other() {
    for in_order in [false, true] {
        let mut settled = Settled::start().await;
        settled.damage_ledger(in_order, flip).await;
        let words = settled.stops_with_words().await;
        assert!(words.contains("restore"), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_truncated_ledger_block_stops_the_tenant_and_no_other() {
    for in_order in [false, true] {
        let mut settled = Settled::start().await;
        settled.damage_ledger(in_order, cut).await;
        let words = settled.stops_with_words().await;
        assert!(words.contains("restore"), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_was_deleted_or_replaced_stops_the_tenant_and_no_other() {
    let mut settled = Settled::start().await;
    let broker = patient(settled.server.url()).await;
    let deleted = broker.client().request(format!("$JS.API.STREAM.DELETE.{LEDGER}"), "".into()).await;
    let answer = String::from_utf8_lossy(&deleted.expect("an answer").payload).into_owned();
    assert!(answer.contains("\"success\":true"), "{answer}");
    let words = settled.stops_with_words().await;
    assert!(words.contains("it ends at 0") && words.contains("restore"), "{words}");
    // An engine that knows nothing of the old ledger makes another from the intake.
    let place = settled.server.folder().join("stranger");
    let policies = settled.server.folder().join("policies/workflows");
    let mut stranger = Serving::new(settled.server.url(), &[TENANT], &place, Some(&policies));
    stranger.start();
    let all = |status: &serde_json::Value| status["decidedSeq"].as_u64() >= Some(settled.last);
    stranger.until(TENANT, PATIENCE, all).await;
    assert_eq!(stranger.stop().await.code(), Some(0));
    let words = settled.stops_with_words().await;
    assert!(words.contains("identity") && words.contains("folder"), "{words}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_or_damaged_projection_comes_back_byte_for_byte() {
    let mut settled = Settled::start().await;
    let place = settled.serving.projection(TENANT);
    let digest = stored_digest(&place);
    let mut dice = Dice::new(seed());
    for damage in 0..DAMAGES {
        let what = if damage == 0 {
            fs::remove_dir_all(&place).expect("removed");
            "removed".to_owned()
        } else {
            harm(&place, &mut dice)
        };
        println!("{damage}: {what}");
        settled.serving.start();
        settled.serving.until_leading(TENANT, PATIENCE).await;
        settled.serving.rebuild(TENANT).await;
        settled.other_goes_on().await;
        settled.stop(0).await;
        assert_eq!(stored_digest(&place), digest, "{what}");
    }
}

/// Flips a bit of one of the rows' files, cuts it short, or garbles it; says what.
fn harm(place: &Path, dice: &mut Dice) -> String {
    let mut files: Vec<(PathBuf, usize)> = Vec::new();
    let mut folders = vec![place.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry")) {
            let (path, size) = (entry.path(), entry.metadata().expect("a size").len());
            if path.is_dir() && !path.to_string_lossy().contains("damaged") {
                folders.push(path);
            } else if size > 0 && path.is_file() {
                files.push((path, size as usize));
            }
        }
    }
    files.sort();
    let (path, size) = files[dice.throw(files.len() as u64) as usize].clone();
    let mut bytes = fs::read(&path).expect("a file");
    let at = dice.throw(size as u64) as usize;
    let how = match dice.throw(4) {
        0 | 1 => {
            bytes[at] ^= 1 << dice.throw(8);
            "has a bit flipped"
        }
        2 => {
            bytes.truncate(at);
            "is cut off"
        }
        _ => {
            let end = (at + 4_096).min(size);
            bytes[at..end].fill(0xA5);
            "is garbled"
        }
    };
    fs::write(&path, bytes).expect("a file");
    format!("{} {how} at {at} of {size}", path.display())
}
