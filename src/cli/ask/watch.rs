//! `duban watch`: the ledger's events as they come, as lines or JSON.
//!
//! It follows the server's stream and, when that breaks off, goes on where it was.

use std::time::Duration;

use serde_json::Value;

use super::shown::moment;
use crate::cli::client::Client;
use crate::cli::exit::{Ended, Exit, Failure};
use crate::cli::output::{Output, note};
use crate::id::{CaseId, UnitId};

/// The pause before a stream that broke off is opened again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How often it is tried in a row before the command gives up.
const MOST_TRIES: u32 = 30;

/// Which events.
#[derive(Debug, clap::Args)]
pub struct WatchArgs {
    /// From after this ledger entry on; what comes from now on without it
    #[arg(long, value_name = "SEQ")]
    after: Option<u64>,
    /// Those whose type begins so, such as reminder. or deadline.breached
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// Those of this case
    #[arg(long, value_name = "CASE")]
    case: Option<CaseId>,
    /// Those that concern this unit
    #[arg(long, value_name = "UNIT")]
    unit: Option<UnitId>,
    /// Ends after so many
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    #[command(flatten)]
    client: Client,
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Seen {
    last: Option<u64>,
    shown: u64,
    tries: u32,
}

/// Prints events until it is stopped.
///
/// # Errors
/// [`Failure`] when the server cannot be asked, or refuses.
pub async fn run(args: &WatchArgs) -> Ended {
    let mut seen = Seen { last: args.after, ..Seen::default() };
    loop {
        match follow(args, &mut seen).await {
            Ok(true) => return Ok(Exit::Done),
            Err(failure) if failure.exit != Exit::Unreachable => return Err(failure),
            Err(failure) if seen.tries >= MOST_TRIES || seen.last.is_none() => return Err(failure),
            Ok(false) | Err(_) => {}
        }
        seen.tries += 1;
        if seen.tries == 1 {
            note("the stream broke off; it goes on where it was as soon as the server answers");
        }
        tokio::time::sleep(AGAIN_AFTER).await;
    }
}

/// Follows one stream to its end; `true` when as many events came as were wanted.
async fn follow(args: &WatchArgs, seen: &mut Seen) -> Result<bool, Failure> {
    let parameters: Vec<_> = seen.last.iter().map(|last| ("after", last.to_string())).collect();
    let mut response = args.client.stream("stream", &parameters).await?;
    let mut text = Vec::new();
    while let Ok(Some(part)) = response.chunk().await {
        text.extend_from_slice(&part);
        while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
            let event: Vec<u8> = text.drain(..end + 2).collect();
            if shows(args, seen, &String::from_utf8_lossy(&event))? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Shows one event of the stream, if it is asked for; `true` when it was the last.
fn shows(args: &WatchArgs, seen: &mut Seen, event: &str) -> Result<bool, Failure> {
    let part = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    // Lines without data only say that the stream is alive.
    let (Some(id), Some(data)) = (part("id"), part("data")) else { return Ok(false) };
    (seen.last, seen.tries) = (id.parse().ok(), 0);
    let entry: Value = serde_json::from_str(data)?;
    if !is_asked_for(args, &entry) {
        return Ok(false);
    }
    let mut output = Output::open();
    output.line(if args.client.json { data.to_owned() } else { line(id, &entry) })?;
    output.finish()?;
    seen.shown += 1;
    Ok(args.count.is_some_and(|count| seen.shown >= count))
}

fn is_asked_for(args: &WatchArgs, entry: &Value) -> bool {
    let is = |name: &str, wanted: Option<&str>| wanted.is_none_or(|wanted| entry[name] == wanted);
    let kind = entry["type"].as_str().unwrap_or_default();
    args.kind.as_ref().is_none_or(|wanted| kind.starts_with(wanted.as_str()))
        && is("subject", args.case.as_ref().map(CaseId::as_str))
        && is("unit", args.unit.as_ref().map(UnitId::as_str))
}

/// One event in one line: place, time, type, case, unit.
fn line(id: &str, entry: &Value) -> String {
    let text = |name: &str| entry[name].as_str().unwrap_or("-").to_owned();
    let cells = [format!("#{id}"), moment(&entry["time"]), text("type"), text("subject"), text("unit")];
    cells.join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: WatchArgs,
    }

    fn args(words: &[&str]) -> WatchArgs {
        Line::try_parse_from([&["watch"], words].concat()).expect("arguments").args
    }

    #[test]
    fn what_is_asked_for_is_shown_and_the_place_is_kept_all_the_same() {
        let entry = |kind: &str, unit: &str| {
            format!(
                "id: 7\ndata: {{\"type\":\"{kind}\",\"subject\":\"a/1\",\"unit\":\"{unit}\",\"time\":\"2026-03-11T02:00:00Z\"}}\n\n"
            )
        };
        let args = args(&["--type", "reminder.", "--unit", "tax", "--count", "1"]);
        let mut seen = Seen::default();
        assert!(!shows(&args, &mut seen, ": alive\n\n").expect("shown"));
        assert!(!shows(&args, &mut seen, &entry("case.opened", "tax")).expect("shown"));
        assert!(!shows(&args, &mut seen, &entry("reminder.due", "water")).expect("shown"));
        assert_eq!((seen.last, seen.shown), (Some(7), 0));
        assert!(shows(&args, &mut seen, &entry("reminder.due", "tax")).expect("shown"));
    }

    #[test]
    fn a_line_tells_place_time_type_case_and_unit() {
        let entry =
            serde_json::json!({"type": "reminder.due", "time": "2026-03-11T02:00:00Z", "subject": "a/1"});
        assert_eq!(line("9", &entry), "#9  2026-03-11 10:00  reminder.due  a/1  -");
    }
}
