//! `duban refusals`, `duban counts`, `duban policies`.

use serde_json::Value;

use super::shown::{PageArgs, given, moment, said, show, word};
use crate::calendar::Lang;
use crate::cli::client::Client;
use crate::cli::exit::{Ended, Exit};
use crate::cli::output::Table;
use crate::id::{EventType, UnitId};
use crate::time::Instant;

/// Which refusals.
#[derive(Debug, clap::Args)]
pub struct RefusalArgs {
    /// Those of this publisher
    #[arg(long, value_name = "UNIT")]
    actor: Option<UnitId>,
    /// Those under this rule, such as transition.forbidden
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    /// Those of this type of fact
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<EventType>,
    /// Those recorded since this instant
    #[arg(long, value_name = "INSTANT")]
    since: Option<Instant>,
    #[command(flatten)]
    page: PageArgs,
    #[command(flatten)]
    client: Client,
}

/// Which counts.
#[derive(Debug, clap::Args)]
pub struct CountArgs {
    /// Those of this unit
    #[arg(long, value_name = "UNIT")]
    unit: Option<UnitId>,
    /// As they stand at this instant instead of now
    #[arg(long, value_name = "INSTANT")]
    at: Option<Instant>,
    #[command(flatten)]
    client: Client,
}

/// Lists facts that were not taken, and why.
///
/// # Errors
/// [`crate::cli::exit::Failure`] when the server cannot be asked.
pub async fn refusals(args: &RefusalArgs) -> Ended {
    let mut parameters = args.page.parameters();
    given(&mut parameters, "actor", args.actor.as_ref());
    given(&mut parameters, "rule", args.rule.as_ref());
    given(&mut parameters, "type", args.kind.as_ref());
    given(&mut parameters, "since", args.since.as_ref());
    let answer = args.client.get("refusals", &parameters).await?;
    show(&args.client, &answer, &refusal_table(&answer, args.client.lang()))?;
    Ok(Exit::Done)
}

fn refusal_table(answer: &Value, lang: Lang) -> Table {
    let heads =
        [("时刻", "at"), ("报送单位", "publisher"), ("类型", "type"), ("规则", "rule"), ("原因", "reason")];
    let mut table = Table::new(&heads.map(|(zh, en)| word(lang, zh, en)));
    for row in answer["rows"].as_array().into_iter().flatten() {
        let reason = &row["reason"];
        table.row(vec![
            moment(&row["at"]),
            said(&row["actor"], lang),
            said(&row["type"], lang),
            said(&reason["rule"], lang),
            format!("{} ({})", said(&reason["message"], lang), said(&reason["field"], lang)),
        ]);
    }
    table
}

/// Counts deadlines by unit and light.
///
/// # Errors
/// [`crate::cli::exit::Failure`] when the server cannot be asked.
pub async fn counts(args: &CountArgs) -> Ended {
    let mut parameters = Vec::new();
    given(&mut parameters, "unit", args.unit.as_ref());
    given(&mut parameters, "at", args.at.as_ref());
    let answer = args.client.get("counts", &parameters).await?;
    show(&args.client, &answer, &count_table(&answer, args.client.lang()))?;
    Ok(Exit::Done)
}

const NUMBERS: [(&str, &str, &str); 8] = [
    ("openCases", "在办", "open"),
    ("onTrack", "● 正常", "● on course"),
    ("dueSoon", "▲ 临期", "▲ due soon"),
    ("overdue", "■ 超期", "■ overdue"),
    ("escalated", "◆ 已升级", "◆ escalated"),
    ("paused", "○ 暂停", "○ paused"),
    ("metInTime", "按时", "in time"),
    ("metLate", "逾期办结", "late"),
];

fn count_table(answer: &Value, lang: Lang) -> Table {
    let mut heads = vec![word(lang, "责任单位", "unit"), word(lang, "事项", "matter")];
    heads.extend(NUMBERS.iter().map(|(_, zh, en)| word(lang, zh, en)));
    let mut table = Table::new(&heads);
    let numbers =
        |row: &Value| NUMBERS.map(|(name, _, _)| row[name].as_i64().unwrap_or_default().to_string());
    for row in answer["cells"].as_array().into_iter().flatten() {
        let mut cells = vec![said(&row["unit"], lang), said(&row["workflow"], lang)];
        cells.extend(numbers(row));
        table.row(cells);
    }
    if !table.is_empty() {
        let mut cells = vec![word(lang, "合计", "all").to_owned(), String::new()];
        cells.extend(numbers(&answer["all"]));
        table.row(cells);
    }
    table
}

/// Lists the definitions in force.
///
/// # Errors
/// [`crate::cli::exit::Failure`] when the server cannot be asked.
pub async fn policies(client: &Client) -> Ended {
    let answer = client.get("policies", &[]).await?;
    let lang = client.lang();
    let heads = [
        ("种类", "kind"),
        ("名称", "name"),
        ("版本", "version"),
        ("标题", "title"),
        ("依据", "cite"),
        ("摘要", "digest"),
    ];
    let mut table = Table::new(&heads.map(|(zh, en)| word(lang, zh, en)));
    for row in answer["policies"].as_array().into_iter().flatten() {
        let cite = [said(&row["cite"]["notice"], lang), said(&row["cite"]["clause"], lang)].join(" ");
        table.row(vec![
            said(&row["kind"], lang),
            said(&row["name"], lang),
            said(&row["version"], lang),
            said(&row["title"], lang),
            cite.trim().to_owned(),
            said(&row["sha"], lang).chars().take(12).collect(),
        ]);
    }
    show(client, &answer, &table)?;
    Ok(Exit::Done)
}
