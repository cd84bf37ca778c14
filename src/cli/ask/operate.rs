//! `duban status` and `duban rebuild`: how an engine stands, and making its
//! projection again.

use serde_json::Value;

use crate::cli::client::Client;
use crate::cli::exit::{Ended, Exit, Failure};
use crate::cli::output::Output;

/// Says how the tenant's engine stands.
///
/// # Errors
/// [`Failure`] when the server cannot be asked.
pub async fn status(client: &Client) -> Ended {
    let answer = client.get("status", &[]).await?;
    let stopped = answer["stopped"].as_str().map(str::to_owned);
    print(client, &answer)?;
    Ok(if stopped.is_some() { Exit::Stopped } else { Exit::Done })
}

/// Makes the projection again beside the running one, compares and switches.
///
/// # Errors
/// [`Failure`] when it cannot be made.
pub async fn rebuild(client: &Client) -> Ended {
    let answer = client.post("rebuild", &[], "application/json", Vec::new()).await?.value()?;
    let agreed = answer["agreed"].as_bool().unwrap_or_default();
    print(client, &answer)?;
    // A projection that was not what the ledger says is something found.
    Ok(if agreed { Exit::Done } else { Exit::Found })
}

fn print(client: &Client, answer: &Value) -> Result<(), Failure> {
    let mut output = Output::open();
    if client.json {
        output.line(serde_json::to_string_pretty(answer)?)?;
    } else {
        for (name, value) in answer.as_object().into_iter().flatten() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            output.line(format!("{name}: {value}"))?;
        }
    }
    output.finish()
}
