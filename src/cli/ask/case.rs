//! `duban case` and `duban cases`: one matter with its reasons, and lists of them.

use serde_json::Value;

use super::shown::{PageArgs, given, light, moment, said, show, word};
use crate::calendar::Lang;
use crate::cli::client::Client;
use crate::cli::exit::{Ended, Exit};
use crate::cli::output::{Output, Table};
use crate::id::{CaseId, Name, UnitId};
use crate::time::Instant;

/// Which case.
#[derive(Debug, clap::Args)]
pub struct CaseArgs {
    /// The case, such as objection/YY-2026-035
    case: CaseId,
    /// As it stands at this instant instead of now
    #[arg(long, value_name = "INSTANT")]
    at: Option<Instant>,
    #[command(flatten)]
    client: Client,
}

/// Which cases.
#[derive(Debug, clap::Args)]
pub struct CasesArgs {
    /// Those that this unit owes
    #[arg(long, value_name = "UNIT")]
    unit: Option<UnitId>,
    /// Those of this workflow
    #[arg(long, value_name = "WORKFLOW")]
    workflow: Option<Name>,
    /// Those in this state
    #[arg(long, value_name = "STATE")]
    state: Option<Name>,
    /// Those that are open (true) or closed (false)
    #[arg(long, value_name = "BOOL")]
    open: Option<bool>,
    #[command(flatten)]
    page: PageArgs,
    #[command(flatten)]
    client: Client,
}

/// Shows one case.
///
/// # Errors
/// [`crate::cli::exit::Failure`] when there is none, or the server cannot be asked.
pub async fn one(args: &CaseArgs) -> Ended {
    let route = format!("cases/{}", encoded(args.case.as_str()));
    let mut parameters = Vec::new();
    given(&mut parameters, "at", args.at.as_ref());
    let mut output = Output::open();
    if args.client.json {
        let answer = args.client.get(&route, &parameters).await?;
        output.line(serde_json::to_string_pretty(&answer)?)?;
    } else {
        parameters.push(("lang", word(args.client.lang(), "zh", "en").to_owned()));
        output.line(args.client.get_text(&route, &parameters).await?.trim_end())?;
    }
    output.finish()?;
    Ok(Exit::Done)
}

/// A case's id as a part of an address; its slashes stay.
fn encoded(case: &str) -> String {
    let parts = case.split('/').map(|part| {
        percent_encoding::utf8_percent_encode(part, percent_encoding::NON_ALPHANUMERIC).to_string()
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Lists cases.
///
/// # Errors
/// [`crate::cli::exit::Failure`] when the server cannot be asked.
pub async fn list(args: &CasesArgs) -> Ended {
    let mut parameters = args.page.parameters();
    given(&mut parameters, "unit", args.unit.as_ref());
    given(&mut parameters, "workflow", args.workflow.as_ref());
    given(&mut parameters, "state", args.state.as_ref());
    given(&mut parameters, "open", args.open.as_ref());
    let answer = args.client.get("cases", &parameters).await?;
    show(&args.client, &answer, &table(&answer, args.client.lang()))?;
    Ok(Exit::Done)
}

fn table(answer: &Value, lang: Lang) -> Table {
    let heads = [
        ("灯", "light"),
        ("状态", "state"),
        ("责任单位", "unit"),
        ("事项", "matter"),
        ("立项", "opened"),
        ("编号", "case"),
    ];
    let mut table = Table::new(&heads.map(|(zh, en)| word(lang, zh, en)));
    for row in answer["rows"].as_array().into_iter().flatten() {
        table.row(vec![
            light(row, lang),
            said(&row["state"], lang),
            said(&row["unit"], lang),
            said(&row["workflow"], lang),
            moment(&row["openedAt"]),
            said(&row["case"], lang),
        ]);
    }
    table
}
