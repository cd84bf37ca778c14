//! `duban publish`: one event or a batch of them, from a file or standard input.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::client::Client;
use crate::cli::exit::{Ended, Exit, Failure, OrExit as _};
use crate::cli::output::Output;
use crate::event::batch::BATCH_CONTENT_TYPE;
use crate::event::structured::CONTENT_TYPE;

/// What to publish.
#[derive(Debug, clap::Args)]
pub struct PublishArgs {
    /// A `CloudEvent` in JSON or an array of them; - for standard input
    #[arg(default_value = "-", value_name = "FILE")]
    file: PathBuf,
    /// Waits until it is decided, 5 seconds or as long as is said, at most 30s
    #[arg(long, num_args = 0..=1, default_missing_value = "5s", value_name = "TIME")]
    wait: Option<String>,
    #[command(flatten)]
    client: Client,
}

/// Publishes and says what became of each event.
///
/// # Errors
/// [`Failure`] when nothing could be published.
pub async fn run(args: &PublishArgs) -> Ended {
    let body = read(&args.file)?;
    let is_batch = body.trim_ascii_start().starts_with(b"[");
    let media = if is_batch { BATCH_CONTENT_TYPE } else { CONTENT_TYPE };
    let parameters: Vec<_> = args.wait.iter().map(|wait| ("wait", wait.clone())).collect();
    let answer = args.client.post("events", &parameters, media, body).await?;
    let receipt = answer.receipt()?;
    let mut output = Output::open();
    if args.client.json {
        output.line(serde_json::to_string_pretty(&receipt)?)?;
    } else {
        for event in events(&receipt) {
            output.line(told(event))?;
        }
    }
    output.finish()?;
    let any_refused = events(&receipt).iter().any(|event| event["verdict"] == "refused");
    Ok(if any_refused { Exit::Refused } else { Exit::Done })
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    if file.as_os_str() == "-" {
        let mut body = Vec::new();
        std::io::stdin().read_to_end(&mut body).or_failed_to(Exit::Usage, "read the events")?;
        return Ok(body);
    }
    std::fs::read(file).or_failed_to(Exit::Usage, format!("read {}", file.display()))
}

fn events(receipt: &Value) -> Vec<&Value> {
    receipt["events"].as_array().into_iter().flatten().collect()
}

fn told(event: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let verdict = event["verdict"].as_str().unwrap_or("stored, not decided yet");
    let mut parts = vec![match event["id"].as_str() {
        Some(id) => format!("{id}: {verdict}"),
        None => verdict.to_owned(),
    }];
    let places =
        [("intakeSeq", "intake"), ("ledgerSeq", "ledger"), ("case", "case"), ("first", "first at intake")];
    let known = places.iter().filter(|(field, _)| !event[*field].is_null());
    parts.extend(known.map(|(field, word)| format!("{word} {}", text(&event[*field]))));
    let line = parts.join(", ");
    match event["reason"]["message"].as_str() {
        Some(message) => format!("{line}\n  [{}] {message}", text(&event["reason"]["rule"])),
        None => line,
    }
}
