//! `duban policy apply`: puts policies in force through a running server.

use std::path::Path;

use serde_json::{Value, json};

use super::client::Client;
use super::exit::{Ended, Exit, Failure};
use super::folder;
use super::operator::{InForce, Slot};
use super::output::Output;
use crate::event::batch::BATCH_CONTENT_TYPE;
use crate::event::fact::Fact;
use crate::id::{Seq, Sha};
use crate::policy::definition::Definition;

/// Publishes what differs and says what came of each.
///
/// # Errors
/// [`Failure`] when the folder has mistakes or the server cannot be asked.
pub async fn run(policies: &Path, dry_run: bool, client: &Client) -> Ended {
    let mut found = folder::definitions(policies, std::slice::from_ref(&client.tenant))?;
    let definitions = found.remove(&client.tenant).unwrap_or_default();
    let facts = in_force(client, &definitions).await?.missing(&definitions, None)?;
    let mut output = Output::open();
    let mut worst = Exit::Done;
    let outcomes = if dry_run || facts.is_empty() { Vec::new() } else { publish(client, &facts).await? };
    for (at, fact) in facts.iter().enumerate() {
        let outcome = outcomes.get(at);
        let verdict = outcome.and_then(|it| it["verdict"].as_str()).unwrap_or("would be published");
        let reason = outcome.and_then(|it| it["reason"]["message"].as_str());
        if reason.is_some() {
            worst = Exit::Refused;
        }
        output.line(format!(
            "{}: {verdict}{}",
            fact.id,
            reason.map(|it| format!(": {it}")).unwrap_or_default()
        ))?;
    }
    output.line(format!(
        "{} differ, {} are in force already",
        facts.len(),
        definitions.len() - facts.len()
    ))?;
    output.finish()?;
    Ok(worst)
}

/// What the server has in force of these kinds and names.
async fn in_force(client: &Client, definitions: &[Definition]) -> Result<InForce, Failure> {
    let list = client.get("policies", &[]).await?;
    let listed: Vec<&Value> = list["policies"].as_array().into_iter().flatten().collect();
    let mut entries = Vec::new();
    for definition in definitions {
        let (kind, name) = (definition.kind(), definition.name());
        if listed.iter().any(|entry| entry["kind"] == kind && entry["name"] == name.as_str()) {
            let one = client.get(&format!("policies/{kind}/{name}"), &[]).await?;
            entries.extend(one["versions"].as_array().cloned().unwrap_or_default());
        }
    }
    entries.sort_by_key(|entry| entry["ledgerSeq"].as_u64());
    let mut in_force = InForce::default();
    for entry in &entries {
        let text = |field: &str| entry[field].as_str().unwrap_or_default();
        let slot =
            Slot::new(text("kind"), text("name"), text("version"), entry["effective"]["from"].as_str());
        if let Ok(sha) = text("sha").parse::<Sha>() {
            in_force.take(slot, sha, Seq(entry["ledgerSeq"].as_u64().unwrap_or_default()));
        }
    }
    Ok(in_force)
}

async fn publish(client: &Client, facts: &[Fact]) -> Result<Vec<Value>, Failure> {
    let events: Vec<Value> = facts.iter().map(event).collect();
    let body = serde_json::to_vec(&events)?;
    let answer = client.post("events", &[("wait", "30s".to_owned())], BATCH_CONTENT_TYPE, body).await?;
    Ok(answer.receipt()?["events"].as_array().cloned().unwrap_or_default())
}

/// The fact as an event that claims its publisher, as HTTP takes it.
fn event(fact: &Fact) -> Value {
    json!({
        "specversion": "1.0",
        "id": fact.id,
        "source": fact.source,
        "type": fact.kind,
        "actor": fact.actor,
        "data": fact.data,
    })
}
