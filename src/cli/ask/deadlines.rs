//! `duban overdue` and `duban upcoming`: deadlines, the earliest due first.

use serde_json::Value;

use super::shown::{PageArgs, given, light, said, show, word};
use crate::calendar::Lang;
use crate::cli::client::Client;
use crate::cli::exit::{Ended, Exit};
use crate::cli::output::Table;
use crate::id::{Name, UnitId};
use crate::time::Instant;

/// Which deadlines.
#[derive(Debug, clap::Args)]
pub struct DeadlineArgs {
    /// Those that this unit owes
    #[arg(long, value_name = "UNIT")]
    unit: Option<UnitId>,
    /// Those of this workflow
    #[arg(long, value_name = "WORKFLOW")]
    workflow: Option<Name>,
    /// Those whose case is in this state
    #[arg(long, value_name = "STATE")]
    state: Option<Name>,
    /// Those with this light: on-track, due-soon, overdue, escalated
    #[arg(long, value_name = "LIGHT")]
    light: Option<String>,
    /// Those due at or after this instant
    #[arg(long, value_name = "INSTANT")]
    from: Option<Instant>,
    /// Those due before this instant
    #[arg(long, value_name = "INSTANT")]
    until: Option<Instant>,
    /// As they stand at this instant instead of now
    #[arg(long, value_name = "INSTANT")]
    at: Option<Instant>,
    #[command(flatten)]
    page: PageArgs,
    #[command(flatten)]
    client: Client,
}

/// Asks one of the lists: `overdue`, `upcoming`.
///
/// # Errors
/// [`crate::cli::exit::Failure`] when the server cannot be asked.
pub async fn run(args: &DeadlineArgs, list: &str) -> Ended {
    let mut parameters = args.page.parameters();
    given(&mut parameters, "unit", args.unit.as_ref());
    given(&mut parameters, "workflow", args.workflow.as_ref());
    given(&mut parameters, "state", args.state.as_ref());
    given(&mut parameters, "light", args.light.as_ref());
    given(&mut parameters, "from", args.from.as_ref());
    given(&mut parameters, "until", args.until.as_ref());
    given(&mut parameters, "at", args.at.as_ref());
    let answer = args.client.get(list, &parameters).await?;
    show(&args.client, &answer, &table(&answer, args.client.lang()))?;
    Ok(Exit::Done)
}

fn table(answer: &Value, lang: Lang) -> Table {
    let heads = [
        ("灯", "light"),
        ("到期", "due"),
        ("剩余/超期", "left or over"),
        ("责任单位", "unit"),
        ("事项", "matter"),
        ("时限", "limit"),
        ("催办", "reminders"),
        ("编号", "case"),
    ];
    let mut table = Table::new(&heads.map(|(zh, en)| word(lang, zh, en)));
    for row in answer["rows"].as_array().into_iter().flatten() {
        table.row(vec![
            light(row, lang),
            said(&row["due"], lang),
            said(&row["span"]["words"], lang),
            said(&row["unit"], lang),
            said(&row["workflow"], lang),
            said(&row["clock"], lang),
            row["reminders"].to_string(),
            said(&row["case"], lang),
        ]);
    }
    table
}
