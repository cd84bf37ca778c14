//! `duban policy score`: what figures are worth on a scorecard, without a server.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::exit::{Ended, Exit, Failure, OrExit as _};
use super::folder;
use super::output::Output;
use crate::id::TenantId;
use crate::policy::definition::Definition;
use crate::policy::definition::score::Scorecard;
use crate::policy::resolve::{Source, resolve};
use crate::query::score_line;

/// Scores figures.
#[derive(Debug, clap::Args)]
pub struct ScoreArgs {
    /// The scorecard: its name among the tenant's policies, or a YAML file beside them
    #[arg(long, default_value = "genhe-2023", value_name = "NAME|FILE")]
    scorecard: String,
    /// Whose policies hold it
    #[arg(long, default_value = "genhe", value_name = "TENANT")]
    tenant: TenantId,
    /// The folder of policies
    #[arg(long, default_value = "workflows", value_name = "DIR")]
    policies: PathBuf,
    /// JSON lines {"id", "item", "inputs"}, or {"id", "inputs": {item: inputs}} for
    /// the whole card; standard input without a file
    #[arg(default_value = "-", value_name = "FILE")]
    figures: PathBuf,
}

/// Answers every line; lines that cannot be answered say so and are no failure.
///
/// # Errors
/// [`Failure`] when there is no such scorecard, or the figures cannot be read.
pub fn run(args: &ScoreArgs) -> Ended {
    let card = scorecard(args)?;
    let input: Box<dyn Read> = if args.figures.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        let opening = format!("open {}", args.figures.display());
        Box::new(File::open(&args.figures).or_failed_to(Exit::Usage, opening)?)
    };
    let mut output = Output::open();
    for line in BufReader::with_capacity(64 * 1024, input).lines() {
        let line = line.or_failed_to(Exit::Usage, "read the figures")?;
        if !line.trim().is_empty() {
            output.line(score_line::answer(&card, &line))?;
        }
    }
    output.finish()?;
    Ok(Exit::Done)
}

/// The scorecard that is asked for: of a file the first one in it, of a name the
/// latest version.
fn scorecard(args: &ScoreArgs) -> Result<Scorecard, Failure> {
    let asked = Path::new(&args.scorecard);
    let is_file = asked.extension().is_some_and(|end| end == "yaml" || end == "yml");
    let found = if is_file {
        let found = in_file(args, asked)?;
        found.into_iter().next()
    } else {
        let mut all = folder::definitions(&args.policies, std::slice::from_ref(&args.tenant))?;
        let own = all.remove(&args.tenant).unwrap_or_default();
        let of_name = cards(own).filter(|card| card.name.as_str() == args.scorecard);
        of_name.max_by_key(|card| card.effective.from)
    };
    found.ok_or_else(|| {
        let words = format!(
            "score by {:?}: the policies of {} in {} have no such scorecard",
            args.scorecard,
            args.tenant,
            args.policies.display()
        );
        Failure::new(Exit::Usage, words)
    })
}

/// The scorecards of a file, read against the tenant's foundations.
fn in_file(args: &ScoreArgs, path: &Path) -> Result<Vec<Scorecard>, Failure> {
    let reading = format!("read the scorecard {}", args.scorecard);
    let text = std::fs::read_to_string(path).or_failed_to(Exit::Usage, reading.clone())?;
    let mut texts = folder::foundations(&args.policies, &args.tenant)?;
    texts.push(Source { path: args.scorecard.clone(), text });
    let report = resolve(&texts);
    if report.is_sound() {
        return Ok(cards(report.definitions).collect());
    }
    let wrong = report.problems.iter().filter(|problem| problem.flaw.is_mistake());
    let mistakes: Vec<String> = wrong.map(ToString::to_string).collect();
    Err(Failure::new(Exit::Found, format!("{reading}:\n  {}", mistakes.join("\n  "))))
}

fn cards(definitions: Vec<Definition>) -> impl Iterator<Item = Scorecard> {
    definitions.into_iter().filter_map(|definition| match definition {
        Definition::Scorecard(card) => Some(*card),
        Definition::Register(_)
        | Definition::Calendar(_)
        | Definition::EventType(_)
        | Definition::Notice(_)
        | Definition::Workflow(_)
        | Definition::Target(_)
        | Definition::Delivery(_)
        | Definition::Answers(_)
        | Definition::Reaction(_) => None,
    })
}
