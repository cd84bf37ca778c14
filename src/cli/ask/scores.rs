//! `duban ranking`, `duban score` and `duban bulletin`: the units in order, one with its
//! reasons, and how the deadlines of a period ended.

use serde_json::Value;

use super::shown::{given, said, show, word};
use crate::calendar::{Lang, Period};
use crate::cli::client::Client;
use crate::cli::exit::{Ended, Exit};
use crate::cli::output::Table;
use crate::id::{Name, UnitId};
use crate::query::breaches::Outcomes;

/// Which ranking.
#[derive(Debug, clap::Args)]
pub struct RankingArgs {
    /// By this scorecard; may be left out where there is only one
    #[arg(long, value_name = "NAME")]
    scorecard: Option<Name>,
    /// For this period, such as 2023-08; the one published last without it
    #[arg(long, value_name = "PERIOD")]
    period: Option<Period>,
    #[command(flatten)]
    client: Client,
}

/// Whose score.
#[derive(Debug, clap::Args)]
pub struct UnitScoreArgs {
    /// The unit
    unit: UnitId,
    /// By this scorecard; may be left out where there is only one
    #[arg(long, value_name = "NAME")]
    scorecard: Option<Name>,
    /// For this period, such as 2023-08; the present one without it
    #[arg(long, value_name = "PERIOD")]
    period: Option<Period>,
    #[command(flatten)]
    client: Client,
}

/// Which bulletin.
#[derive(Debug, clap::Args)]
pub struct BulletinArgs {
    /// Of this period, such as 2023-08 or 2023-Q3; the last month without it
    #[arg(long, value_name = "PERIOD")]
    period: Option<Period>,
    #[command(flatten)]
    client: Client,
}

/// Shows how the deadlines of a period ended, unit by unit.
///
/// # Errors
/// [`crate::cli::exit::Failure`] when the server cannot be asked.
pub async fn bulletin(args: &BulletinArgs) -> Ended {
    let mut parameters = Vec::new();
    given(&mut parameters, "period", args.period.as_ref());
    let answer = args.client.get("bulletin", &parameters).await?;
    show(&args.client, &answer, &outcome_table(&answer, args.client.lang()))?;
    Ok(Exit::Done)
}

fn outcome_table(answer: &Value, lang: Lang) -> Table {
    let heads = [
        ("名次", "place"),
        ("单位", "unit"),
        ("到期", "due"),
        ("按期", "in time"),
        ("逾期办结", "met late"),
        ("未办结", "unmet"),
        ("按期率%", "in time %"),
    ];
    let mut table = Table::new(&heads.map(|(zh, en)| word(lang, zh, en)));
    let cells = |rank: String, of: String, row: &Value| {
        let [in_time, late, unmet] =
            ["inTime", "metLate", "unmet"].map(|name| row[name].as_i64().unwrap_or_default());
        let outcomes = Outcomes { in_time, met_late: late, unmet };
        let numbers = [outcomes.due(), in_time, late, unmet].map(|number| number.to_string());
        let percent = outcomes.percent().unwrap_or_default();
        [rank, of].into_iter().chain(numbers).chain([percent]).collect::<Vec<_>>()
    };
    for row in answer["units"].as_array().into_iter().flatten() {
        table.row(cells(number(&row["rank"]), said(&row["of"], lang), row));
    }
    table.row(cells(String::new(), word(lang, "合计", "all").to_owned(), &answer["all"]));
    table
}

/// Shows a ranking.
///
/// # Errors
/// [`crate::cli::exit::Failure`] when the server cannot be asked.
pub async fn ranking(args: &RankingArgs) -> Ended {
    let mut parameters = Vec::new();
    given(&mut parameters, "scorecard", args.scorecard.as_ref());
    given(&mut parameters, "period", args.period.as_ref());
    let answer = args.client.get("rankings", &parameters).await?;
    show(&args.client, &answer, &ranking_table(&answer, args.client.lang()))?;
    Ok(Exit::Done)
}

fn ranking_table(answer: &Value, lang: Lang) -> Table {
    let heads = [
        ("名次", "place"),
        ("升降", "moved"),
        ("单位", "unit"),
        ("得分", "points"),
        ("可得分", "attainable"),
        ("得分率%", "percent"),
        ("更正后", "corrected"),
    ];
    let mut table = Table::new(&heads.map(|(zh, en)| word(lang, zh, en)));
    for row in answer["rows"].as_array().into_iter().flatten() {
        let moved = row["moved"].as_i64().map(|places| format!("{places:+}")).unwrap_or_default();
        table.row(vec![
            number(&row["rank"]),
            moved,
            said(&row["unit"], lang),
            said(&row["points"], lang),
            said(&row["attainable"], lang),
            said(&row["percent"], lang),
            said(&row["now"]["points"], lang),
        ]);
    }
    table
}

fn number(value: &Value) -> String {
    value.as_u64().map_or_else(|| "–".to_owned(), |number| number.to_string())
}

/// Shows one unit's score.
///
/// # Errors
/// [`crate::cli::exit::Failure`] when the server cannot be asked.
pub async fn score(args: &UnitScoreArgs) -> Ended {
    let mut parameters = Vec::new();
    given(&mut parameters, "scorecard", args.scorecard.as_ref());
    given(&mut parameters, "period", args.period.as_ref());
    let answer = args.client.get(&format!("scores/{}", args.unit), &parameters).await?;
    show(&args.client, &answer, &score_table(&answer, args.client.lang()))?;
    Ok(Exit::Done)
}

fn score_table(answer: &Value, lang: Lang) -> Table {
    let heads = [("项", "item"), ("内容", "about"), ("得分", "points"), ("满分", "most"), ("说明", "reason")];
    let mut table = Table::new(&heads.map(|(zh, en)| word(lang, zh, en)));
    let in_lang = |text: &Value| {
        let key = if lang == Lang::Zh { "zh" } else { "en" };
        text[key].as_str().unwrap_or_default().to_owned()
    };
    for section in answer["sections"].as_array().into_iter().flatten() {
        for item in section["items"].as_array().into_iter().flatten() {
            let points = item["points"].as_str().unwrap_or("–").to_owned();
            table.row(vec![
                said(&item["item"], lang),
                in_lang(&item["title"]),
                points,
                said(&item["most"], lang),
                in_lang(&item["explanation"]),
            ]);
        }
    }
    let total = vec![
        String::new(),
        word(lang, "合计", "all").to_owned(),
        said(&answer["points"], lang),
        said(&answer["attainable"], lang),
        String::new(),
    ];
    table.row(total);
    table
}
