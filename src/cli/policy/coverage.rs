//! `duban policy coverage`: every clause of every notice, and what became of it.

use serde::Serialize;

use super::reading::Reading;
use crate::calendar::Lang;
use crate::cli::ask::shown::word;
use crate::cli::exit::{Ended, Exit, Failure};
use crate::cli::output::{Output, Table};
use crate::id::TenantId;
use crate::policy::cites::Rule;
use crate::policy::coverage::{Coverage, Covered, Standing, coverage};
use crate::policy::definition::{Definition, Text};

/// Which notices, and how they are told.
#[derive(Debug, clap::Args)]
pub struct CoverageArgs {
    #[command(flatten)]
    reading: Reading,
    /// Prints the answer as JSON
    #[arg(long)]
    json: bool,
}

/// A notice as JSON tells it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    tenant: &'a TenantId,
    notice: &'a str,
    version: &'a str,
    title: &'a Text,
    number: &'a str,
    sums: Sums,
    clauses: Vec<ToldClause<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToldClause<'a> {
    id: &'a str,
    title: &'a Text,
    standing: Standing,
    rules: &'a [Rule],
    #[serde(skip_serializing_if = "Option::is_none")]
    unsupervised: Option<&'a Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a Text>,
}

/// How many clauses became what.
#[derive(Serialize, Clone, Copy)]
struct Sums {
    clauses: usize,
    encoded: usize,
    unsupervised: usize,
    uncovered: usize,
    contradicted: usize,
}

/// Tells the coverage.
///
/// Ends with [`Exit::Found`] when a clause is uncovered.
///
/// # Errors
/// [`Failure`] when the folder cannot be read or has mistakes.
pub fn run(args: &CoverageArgs) -> Ended {
    let tenants = args.reading.definitions()?;
    let mut told = Vec::new();
    for (tenant, definitions) in &tenants {
        let all: Vec<&Definition> = definitions.iter().collect();
        let notices = definitions.iter().filter_map(Definition::as_notice);
        told.extend(notices.map(|notice| (tenant, coverage(notice, &all))));
    }
    let mut output = Output::open();
    if args.json {
        let all: Vec<Told<'_>> = told.iter().map(|(tenant, coverage)| as_json(tenant, coverage)).collect();
        output.line(serde_json::to_string_pretty(&all)?)?;
    } else {
        if told.is_empty() {
            output.line(word(args.reading.lang(), "没有登记任何通知", "no notice is listed"))?;
        }
        for (tenant, coverage) in &told {
            print(&mut output, tenant, coverage, args.reading.lang())?;
        }
    }
    output.finish()?;
    let uncovered = told.iter().any(|(_, coverage)| coverage.count(Standing::Uncovered) > 0);
    Ok(if uncovered { Exit::Found } else { Exit::Done })
}

fn sums(coverage: &Coverage<'_>) -> Sums {
    Sums {
        clauses: coverage.clauses.len(),
        encoded: coverage.count(Standing::Encoded),
        unsupervised: coverage.count(Standing::Unsupervised),
        uncovered: coverage.count(Standing::Uncovered),
        contradicted: coverage.count(Standing::Contradicted),
    }
}

fn as_json<'a>(tenant: &'a TenantId, coverage: &'a Coverage<'_>) -> Told<'a> {
    let clause = |covered: &'a Covered<'_>| ToldClause {
        id: &covered.clause.id,
        title: &covered.clause.title,
        standing: covered.standing(),
        rules: &covered.rules,
        unsupervised: covered.clause.unsupervised.as_ref(),
        note: covered.clause.note.as_ref(),
    };
    Told {
        tenant,
        notice: coverage.notice.name.as_str(),
        version: &coverage.notice.version,
        title: &coverage.notice.title,
        number: &coverage.notice.number,
        sums: sums(coverage),
        clauses: coverage.clauses.iter().map(clause).collect(),
    }
}

fn print(output: &mut Output, tenant: &TenantId, coverage: &Coverage<'_>, lang: Lang) -> Result<(), Failure> {
    let notice = coverage.notice;
    output.line(format!("{tenant}  {} {}  {}", notice.name, notice.number, said(&notice.title, lang)))?;
    let heads = [("条款", "clause"), ("内容", "about"), ("状态", "standing"), ("规则", "rules")];
    let mut table = Table::new(&heads.map(|(zh, en)| word(lang, zh, en)));
    for covered in &coverage.clauses {
        table.row(vec![
            covered.clause.id.clone(),
            said(&covered.clause.title, lang).to_owned(),
            standing(covered.standing(), lang).to_owned(),
            became(covered, lang),
        ]);
    }
    for line in table.lines() {
        output.line(line)?;
    }
    let Sums { clauses, encoded, unsupervised, uncovered, contradicted } = sums(coverage);
    output.line(match lang {
        Lang::Zh => format!(
            "共 {clauses} 条：已编入 {encoded}，不督办 {unsupervised}，未覆盖 {uncovered}，矛盾 {contradicted}"
        ),
        Lang::En => format!(
            "{clauses} clauses: {encoded} encoded, {unsupervised} unsupervised, {uncovered} uncovered, \
             {contradicted} contradicted"
        ),
    })?;
    output.line("")
}

/// The rules that encode a clause, by kind, or why none does.
fn became(covered: &Covered<'_>, lang: Lang) -> String {
    let mut parts: Vec<String> = Vec::new();
    for rule in &covered.rules {
        let kind = rule.kind.word().get(lang).to_owned();
        match parts.last_mut().filter(|part| part.split(' ').next() == Some(kind.as_str())) {
            Some(part) => {
                part.push_str(", ");
                part.push_str(&rule.name);
            }
            None => parts.push(format!("{kind} {}", rule.name)),
        }
    }
    parts.extend(covered.clause.unsupervised.as_ref().map(|why| said(why, lang).to_owned()));
    parts.join("; ")
}

const fn standing(standing: Standing, lang: Lang) -> &'static str {
    match standing {
        Standing::Encoded => word(lang, "已编入", "encoded"),
        Standing::Unsupervised => word(lang, "不督办", "unsupervised"),
        Standing::Uncovered => word(lang, "未覆盖", "UNCOVERED"),
        Standing::Contradicted => word(lang, "矛盾", "CONTRADICTED"),
    }
}

fn said(text: &Text, lang: Lang) -> &str {
    match lang {
        Lang::Zh => &text.zh,
        Lang::En => &text.en,
    }
}
