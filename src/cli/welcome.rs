//! What `duban up` says once everything runs: where to look and what to try.

use std::path::Path;

use serde_json::Value;

use super::client::Client;
use super::exit::{Exit, Failure};
use super::output::{AnswerLang, Output, padded};
use crate::id::TenantId;

/// Where a server is found unless it is said otherwise.
const USUAL: &str = "http://127.0.0.1:8310";

/// Tells it.
///
/// # Errors
/// [`Failure`] when the server does not answer.
pub async fn tell(http: &str, nats: &str, data: &Path, tenants: &[TenantId]) -> Result<(), Failure> {
    let mut lines = vec![String::new(), "duban is up.".to_owned(), String::new()];
    let client = |tenant: &TenantId| Client {
        server: http.to_owned(),
        tenant: tenant.clone(),
        token: None,
        token_file: None,
        json: true,
        lang: AnswerLang::En,
    };
    for tenant in tenants {
        lines.push(match client(tenant).get("counts", &[]).await {
            Ok(counts) => format!("  {tenant}: {}", numbers(&counts["all"])),
            Err(failure) if failure.exit == Exit::Refused => {
                format!("  {tenant}: accounts were set up, so commands ask with --token-file or $DUBAN_TOKEN")
            }
            Err(failure) => format!("  {tenant}: {failure}"),
        });
    }
    lines.extend([String::new(), format!("The desk, in a browser: {http}/"), String::new()]);
    if let Some(tenant) = tenants.first() {
        let overdue = overdue_objection(&client(tenant)).await;
        lines.extend(look(http, tenant));
        lines.extend(to_try(http, tenant, overdue.as_ref()));
    }
    lines.push(String::new());
    lines.push(format!(
        "Facts come in by HTTP, or by NATS at {nats}; everything is kept in {}.",
        data.display()
    ));
    lines.push("Ctrl-C stops it; starting it again goes on where it was.".to_owned());
    let mut output = Output::open();
    for line in lines {
        output.line(line)?;
    }
    output.finish()
}

fn numbers(all: &Value) -> String {
    let number = |name: &str| all[name].as_i64().unwrap_or_default();
    format!(
        "{} open cases; {} deadlines overdue ({} escalated), {} due soon, {} on course, {} paused",
        number("openCases"),
        number("overdue"),
        number("escalated"),
        number("dueSoon"),
        number("onTrack"),
        number("paused")
    )
}

fn look(http: &str, tenant: &TenantId) -> Vec<String> {
    let below = format!("{http}/v1/{tenant}");
    let columns = below.len() + "/overdue".len() + 3;
    let line = |route: &str, words: &str| format!("  {}{words}", padded(&format!("{below}{route}"), columns));
    vec![
        "Look:".to_owned(),
        line("/overdue", "what is overdue, as JSON"),
        line("/counts", "per unit and workflow"),
        format!("  {}how the engines stand", padded(&format!("{http}/readyz"), columns)),
        String::new(),
    ]
}

/// An objection that is overdue, with the unit that owes the answer.
async fn overdue_objection(client: &Client) -> Option<(String, String)> {
    let parameters = [("workflow", "objection".to_owned()), ("limit", "1".to_owned())];
    let overdue = client.get("overdue", &parameters).await.ok()?;
    let row = overdue["rows"].get(0)?;
    Some((row["case"].as_str()?.to_owned(), row["unit"]["id"].as_str()?.to_owned()))
}

fn to_try(http: &str, tenant: &TenantId, overdue: Option<&(String, String)>) -> Vec<String> {
    let program = program();
    let server = if http == USUAL { String::new() } else { format!(" --server {http}") };
    let asked = format!("--tenant {tenant}{server}");
    let (case, unit) = overdue.map_or(("objection/YY-2026-001", "qu-fagaiju"), |(case, unit)| (case, unit));
    let event = format!(
        r#"{{"specversion":"1.0","id":"my-first","source":"/try","type":"objection.answered","actor":"{unit}","subject":"{case}","data":{{"result":"corrected"}}}}"#
    );
    vec![
        "Try, in another terminal:".to_owned(),
        format!("  {program} overdue {asked}"),
        format!("  {program} case {case} {asked}"),
        format!(
            "  curl -s '{http}/v1/{tenant}/events?wait=5s' -H 'content-type: application/cloudevents+json' -d \\"
        ),
        format!("    '{event}'"),
    ]
}

/// How this program is called from here.
fn program() -> String {
    let relative = || {
        let (program, here) = (std::env::current_exe().ok()?, std::env::current_dir().ok()?);
        let inside = program.strip_prefix(here).ok()?;
        Some(format!("./{}", inside.display()))
    };
    relative().unwrap_or_else(|| "duban".to_owned())
}
