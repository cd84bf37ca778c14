//! `duban policy list`: who owes what by when, one row a rule.

use serde::Serialize;

use super::reading::Reading;
use crate::calendar::Lang;
use crate::cli::ask::shown::word;
use crate::cli::exit::{Ended, Exit};
use crate::cli::output::{Output, Table};
use crate::id::{TenantId, UnitId};
use crate::policy::definition::Definition;
use crate::policy::rules::{Row, Titles, rules};

/// Which rules, and how they are told.
#[derive(Debug, clap::Args)]
pub struct ListArgs {
    #[command(flatten)]
    reading: Reading,
    /// Those that bind this unit
    #[arg(long, value_name = "UNIT")]
    unit: Option<UnitId>,
    /// A row for every unit that a rule binds, each with the clause that binds it
    #[arg(long)]
    by_unit: bool,
    /// Prints the answer as JSON
    #[arg(long)]
    json: bool,
}

/// A row with its tenant.
#[derive(Serialize)]
struct Told<'a> {
    tenant: &'a TenantId,
    #[serde(flatten)]
    row: Row,
}

/// How many units a cell names before it counts the rest.
const MOST_NAMED: usize = 3;

/// Lists the rules.
///
/// # Errors
/// [`crate::cli::exit::Failure`] when the folder cannot be read or has mistakes.
pub fn run(args: &ListArgs) -> Ended {
    let tenants = args.reading.definitions()?;
    let lang = args.reading.lang();
    let heads = [
        ("辖区", "tenant"),
        ("文件", "document"),
        ("条款", "clause"),
        ("单位", "units"),
        ("事项", "what"),
        ("规则", "rule"),
        ("种类", "kind"),
        ("名称", "name"),
    ];
    let mut table = Table::new(&heads.map(|(zh, en)| word(lang, zh, en)));
    let mut told = Vec::new();
    for (tenant, definitions) in &tenants {
        let all: Vec<&Definition> = definitions.iter().collect();
        let titles = Titles::of(definitions);
        for row in rules(&all, &titles).into_iter().flat_map(|row| chosen(row, args)) {
            table.row(cells(tenant, &row, &titles, lang));
            told.push(Told { tenant, row });
        }
    }
    let mut output = Output::open();
    if args.json {
        output.line(serde_json::to_string_pretty(&told)?)?;
    } else {
        for line in table.lines() {
            output.line(line)?;
        }
        output.line(match lang {
            Lang::Zh => format!("共 {} 行", told.len()),
            Lang::En => format!("{} rows", told.len()),
        })?;
    }
    output.finish()?;
    Ok(Exit::Done)
}

/// The rows that a rule is told in: one, one for each unit, or none.
fn chosen(row: Row, args: &ListArgs) -> Vec<Row> {
    if let Some(unit) = &args.unit {
        return row.for_unit(unit).into_iter().collect();
    }
    if args.by_unit && !row.units.is_empty() {
        return row.units.iter().filter_map(|unit| row.for_unit(unit)).collect();
    }
    vec![row]
}

fn cells(tenant: &TenantId, row: &Row, titles: &Titles, lang: Lang) -> Vec<String> {
    let office = if row.office_setting { word(lang, "（本办设定）", " (office's own)") } else { "" };
    vec![
        tenant.to_string(),
        row.notice.clone(),
        clause(row, lang) + office,
        units(row, titles, lang),
        row.title.get(lang).to_owned(),
        row.rule.get(lang).to_owned(),
        row.kind.word().get(lang).to_owned(),
        row.name.clone(),
    ]
}

fn clause(row: &Row, lang: Lang) -> String {
    let named = std::iter::once(&row.clause).chain(&row.also);
    let named = named.map(String::as_str).collect::<Vec<_>>().join(word(lang, "、", ", "));
    match (row.clauses.len(), lang) {
        (0, _) => named,
        (own, Lang::Zh) => format!("{named}（{own} 个单位另有条款）"),
        (own, Lang::En) => format!("{named} (clauses of their own: {own})"),
    }
}

fn units(row: &Row, titles: &Titles, lang: Lang) -> String {
    if row.units.is_empty() {
        return word(lang, "事实所指单位", "whom a fact names").to_owned();
    }
    let named = row.units.iter().take(MOST_NAMED).map(|unit| titles.unit(unit).get(lang).to_owned());
    let named = named.collect::<Vec<_>>().join(word(lang, "、", "; "));
    match (row.units.len().saturating_sub(MOST_NAMED), lang) {
        (0, _) => named,
        (_, Lang::Zh) => format!("{named}等 {} 个单位", row.units.len()),
        (more, Lang::En) => format!("{named} and {more} more"),
    }
}
