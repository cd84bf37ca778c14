//! `duban simulate`: a year of a tenant in virtual time, from its policies and a
//! seed, and the facts of it as a file that `duban import` takes.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use serde_json::json;

use super::exit::{Ended, Exit, Failure, OrExit as _};
use super::folder;
use super::output::Output;
use crate::calendar::Calendar;
use crate::event::structured::to_message;
use crate::id::TenantId;
use crate::policy::definition::Definition;
use crate::sim::year::course::{Course, Told};
use crate::sim::year::openings::Span;
use crate::sim::year::summary::Summary;

/// Which year is simulated, and where it goes.
#[derive(Debug, clap::Args)]
pub struct SimulateArgs {
    /// The tenant, a folder within the folder of policies
    #[arg(long)]
    tenant: TenantId,
    /// The year
    #[arg(long, value_parser = clap::value_parser!(i32).range(1900..2200))]
    year: i32,
    /// What the units do is drawn from it; the same seed gives the same year
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Ends before this month of the year instead of with the year, 2 to 12
    #[arg(long, value_parser = clap::value_parser!(u32).range(2..13), value_name = "MONTH")]
    until_month: Option<u32>,
    /// Writes the facts as JSON lines for `duban import`
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
    /// Prints the summary as JSON
    #[arg(long)]
    json: bool,
    /// The folder of policies
    #[arg(long, default_value = "workflows", value_name = "DIR")]
    folder: PathBuf,
}

/// Lives the year and says what it came to.
///
/// # Errors
/// [`Failure`] when the policies have mistakes or the file cannot be written.
pub fn run(args: &SimulateArgs) -> Ended {
    let tenant = &args.tenant;
    let mut found = folder::definitions(&args.folder, std::slice::from_ref(tenant))?;
    let definitions = found.remove(tenant).unwrap_or_default();
    let span = span(args).ok_or_else(|| Failure::new(Exit::Usage, "simulate: there is no such year"))?;
    let mut facts = args.facts.as_deref().map(create).transpose()?;
    let mut summary = Summary::default();
    let (digest, manners) = live(args, &definitions, span, &mut facts, &mut summary)?;
    if let Some(file) = &mut facts {
        file.flush().or_failed_to(Exit::Failed, "write the facts")?;
    }
    let mut output = Output::open();
    if args.json {
        let told = json!({
            "tenant": tenant, "from": span.from, "until": span.until, "seed": args.seed,
            "units": manners.iter().map(|(unit, manner)| json!({"unit": unit, "manner": manner})).collect::<Vec<_>>(),
            "total": summary.total(), "months": summary.months, "rankings": summary.rankings, "digest": digest,
        });
        output.line(serde_json::to_string_pretty(&told)?)?;
    } else {
        output.line(format!("{tenant}, {} to {}, seed {}", span.from, span.until, args.seed))?;
        output.line(summary.to_string())?;
        output.line(format!("state {digest}"))?;
    }
    output.finish()?;
    Ok(Exit::Done)
}

type Manners = Vec<(String, &'static str)>;

fn live(
    args: &SimulateArgs,
    definitions: &[Definition],
    span: Span,
    facts: &mut Option<BufWriter<File>>,
    summary: &mut Summary,
) -> Result<(String, Manners), Failure> {
    let calendar = definitions.iter().find_map(|definition| match definition {
        Definition::Calendar(def) => Calendar::new(def.clone()).ok(),
        _ => None,
    });
    let calendar =
        calendar.ok_or_else(|| Failure::new(Exit::Usage, "simulate: the tenant has no calendar"))?;
    let mut listen = |told: &Told<'_>| -> Result<(), String> {
        match told {
            Told::Event(out) => summary.take(&calendar, out),
            Told::Fact(fact) => {
                if let Some(file) = facts {
                    let (_, _, line) = to_message(fact, &args.tenant);
                    file.write_all(&line)
                        .and_then(|()| file.write_all(b"\n"))
                        .map_err(|error| error.to_string())?;
                }
            }
        }
        Ok(())
    };
    let course =
        Course::begin(&args.tenant, definitions, span, args.seed, &mut listen).or_exit(Exit::Failed)?;
    let manners = course.manners().iter().map(|(unit, manner)| (unit.to_string(), manner.word())).collect();
    let mut tenant = course.live().or_exit(Exit::Failed)?;
    Ok((tenant.digest()?.to_string(), manners))
}

fn create(path: &Path) -> Result<BufWriter<File>, Failure> {
    let file = File::create(path).or_failed_to(Exit::Usage, format!("write {}", path.display()))?;
    Ok(BufWriter::new(file))
}

fn span(args: &SimulateArgs) -> Option<Span> {
    let from = NaiveDate::from_ymd_opt(args.year, 1, 1)?;
    let until = match args.until_month {
        Some(month) => NaiveDate::from_ymd_opt(args.year, month, 1)?,
        None => NaiveDate::from_ymd_opt(args.year + 1, 1, 1)?,
    };
    Some(Span { from, until })
}
