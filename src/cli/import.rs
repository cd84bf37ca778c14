//! `duban import`: facts of the past, stated by the importer through a running
//! server.
//!
//! Each line is a structured `CloudEvent` that also says when the fact was
//! recorded (`recordedtime`) and who stated it then (`actor`). They are published
//! in the order of the file; facts have ids, so an import that broke off is
//! simply begun again.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::client::Client;
use super::exit::{Ended, Exit, Failure, OrExit as _};
use super::output::{Output, note};
use crate::event::batch::BATCH_CONTENT_TYPE;
use crate::time::Instant;

/// How many facts share a request; each shares one append to the intake.
const MOST_IN_REQUEST: usize = 500;
/// How many bytes a request carries at most, well under what the server takes.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// How often a request is sent again while the server is away or busy.
const MOST_TRIES: u32 = 20;
/// The pause between two tries.
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

/// What to import.
#[derive(Debug, clap::Args)]
pub struct ImportArgs {
    /// JSON lines of `CloudEvents` with recordedtime and actor; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    client: Client,
}

/// What became of the facts so far.
#[derive(Debug, Default)]
struct Tally {
    accepted: usize,
    refused: usize,
    duplicated: usize,
    parked: usize,
    undecided: usize,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when a line is no fact of the past, or the server stays away.
pub async fn run(args: &ImportArgs) -> Ended {
    let mut lines = open(&args.file)?.lines();
    let mut tally = Tally::default();
    let (mut number, mut latest) = (0_u64, Instant::MIN);
    loop {
        let group = gather(&mut lines, &mut number, &mut latest)?;
        if group.is_empty() {
            break;
        }
        publish(&args.client, &group, &mut tally).await?;
        note(format!("{number} lines: {}", told(&tally)));
    }
    let mut output = Output::open();
    output.line(told(&tally))?;
    output.finish()?;
    Ok(if tally.refused == 0 { Exit::Done } else { Exit::Refused })
}

fn open(file: &Path) -> Result<BufReader<Box<dyn Read>>, Failure> {
    let input: Box<dyn Read> = if file.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(File::open(file).or_failed_to(Exit::Usage, format!("open {}", file.display()))?)
    };
    Ok(BufReader::with_capacity(256 * 1024, input))
}

/// The next lines that share a request, each checked.
fn gather(
    lines: &mut impl Iterator<Item = std::io::Result<String>>,
    number: &mut u64,
    latest: &mut Instant,
) -> Result<Vec<String>, Failure> {
    let (mut group, mut bytes) = (Vec::new(), 0);
    while group.len() < MOST_IN_REQUEST && bytes < MOST_BYTES {
        let Some(line) = lines.next() else { break };
        let line = line.or_failed_to(Exit::Usage, "read the facts")?;
        *number += 1;
        if line.trim().is_empty() {
            continue;
        }
        let recorded = recorded(&line);
        let wrong = |words: String| Failure::new(Exit::Usage, format!("import line {number}: {words}"));
        let recorded = recorded.map_err(wrong)?;
        if recorded < *latest {
            let words = format!(
                "it was recorded at {recorded}, before the line above it; sort the file by recordedtime"
            );
            return Err(Failure::new(Exit::Usage, format!("import line {number}: {words}")));
        }
        *latest = recorded;
        bytes += line.len();
        group.push(line);
    }
    Ok(group)
}

/// When the fact on a line was recorded.
fn recorded(line: &str) -> Result<Instant, String> {
    let event: Value = serde_json::from_str(line).map_err(|error| format!("it is no JSON: {error}"))?;
    if event["actor"].as_str().is_none() {
        return Err("it does not say who stated it; add the attribute actor".to_owned());
    }
    let text = event["recordedtime"].as_str();
    let text = text.ok_or("it does not say when it was recorded; add the attribute recordedtime")?;
    text.parse().map_err(|error| format!("recordedtime is no instant: {error}"))
}

async fn publish(client: &Client, group: &[String], tally: &mut Tally) -> Result<(), Failure> {
    let body = format!("[{}]", group.join(","));
    let mut tries = 0;
    let receipt = loop {
        tries += 1;
        let wait = [("wait", "30s".to_owned())];
        let sent = client.post("events", &wait, BATCH_CONTENT_TYPE, body.clone().into_bytes()).await;
        match sent.and_then(super::client::Answer::receipt) {
            Ok(receipt) => break receipt,
            Err(failure) if failure.exit == Exit::Unreachable && tries < MOST_TRIES => {
                tracing::warn!(%failure, tries, "the facts are sent again");
                tokio::time::sleep(BETWEEN_TRIES).await;
            }
            Err(failure) => return Err(failure),
        }
    };
    for event in receipt["events"].as_array().into_iter().flatten() {
        match event["verdict"].as_str() {
            Some("accepted") => tally.accepted += 1,
            Some("duplicated") => tally.duplicated += 1,
            Some("parked") => tally.parked += 1,
            Some("refused") => {
                tally.refused += 1;
                let (id, reason) = (&event["id"], &event["reason"]);
                note(format!("{id} was refused: {} {}", reason["rule"], reason["message"]));
            }
            Some(_) | None => tally.undecided += 1,
        }
    }
    Ok(())
}

fn told(tally: &Tally) -> String {
    let Tally { accepted, refused, duplicated, parked, undecided } = tally;
    format!(
        "{accepted} accepted, {duplicated} known already, {parked} waiting for their case, {refused} refused, \
         {undecided} not decided yet"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_no_facts_of_the_past_are_named() {
        let line = |recorded: &str| format!(r#"{{"actor": "a", "recordedtime": "{recorded}"}}"#);
        let gathered = |lines: &[String]| {
            let mut lines = lines.iter().map(|line| Ok(line.clone()));
            gather(&mut lines, &mut 0, &mut Instant::MIN.clone())
        };
        let (early, late) = (line("2026-01-01T00:00:00Z"), line("2026-01-02T00:00:00Z"));
        assert_eq!(gathered(&[early.clone(), String::new(), late.clone()]).expect("facts").len(), 2);
        let backwards = gathered(&[late, early]).expect_err("not in order").to_string();
        assert!(backwards.contains("line 2") && backwards.contains("sort the file"), "{backwards}");
        for wrong in ["{", "{}", r#"{"actor": "a"}"#, r#"{"actor": "a", "recordedtime": "today"}"#] {
            assert_eq!(gathered(&[wrong.to_owned()]).expect_err("no fact of the past").exit, Exit::Usage);
        }
    }
}
