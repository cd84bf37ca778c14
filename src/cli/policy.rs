//! `duban policy`: checking and testing folders of policies, and the language's schema.
//!
//! [`coverage`] and [`list`] tell what policies say, [`draw`] draws it, [`diff`]
//! tells what changed; [`reading`] is what they share.

pub mod coverage;
pub mod diff;
pub mod draw;
pub mod list;
pub mod reading;

use std::path::PathBuf;

use super::client::Client;
use super::exit::{Ended, Exit};
use super::output::Output;
use super::{apply, folder, scenarios, score};
use crate::policy::language_schema;

/// Checks, applies and describes policies.
#[derive(Debug, clap::Subcommand)]
pub enum PolicyCommand {
    /// Reads a folder of policies and names every mistake, with file, line and column
    Check {
        /// The folder, such as workflows
        #[arg(default_value = "workflows", value_name = "DIR")]
        folder: PathBuf,
        /// Prints the problems as JSON
        #[arg(long)]
        json: bool,
    },
    /// Puts those policies in force, through a running server, that differ
    Apply {
        /// The folder, such as workflows
        #[arg(default_value = "workflows", value_name = "DIR")]
        folder: PathBuf,
        /// Says what would be published and publishes nothing
        #[arg(long)]
        dry_run: bool,
        /// The server
        #[command(flatten)]
        client: Client,
    },
    /// Scores figures on a scorecard, without a server
    Score(score::ScoreArgs),
    /// Runs the scenarios beside the policies, in virtual time
    Test(scenarios::TestArgs),
    /// Lists every clause of the notices: what encodes it, or why nothing does
    Coverage(coverage::CoverageArgs),
    /// Lists who owes what by when, one row a rule
    List(list::ListArgs),
    /// Tells in words what changed between two files, folders or versions
    Diff(diff::DiffArgs),
    /// Draws a workflow's states and clocks
    Draw(draw::DrawArgs),
    /// Prints the JSON Schema of the language, for editors
    Schema,
}

/// Runs the command.
///
/// # Errors
/// [`super::exit::Failure`] when the folder cannot be read or the server cannot be asked.
pub async fn run(command: &PolicyCommand) -> Ended {
    match command {
        PolicyCommand::Check { folder, json } => check(folder, *json),
        PolicyCommand::Apply { folder, dry_run, client } => apply::run(folder, *dry_run, client).await,
        PolicyCommand::Score(args) => score::run(args),
        PolicyCommand::Test(args) => scenarios::run(args),
        PolicyCommand::Coverage(args) => coverage::run(args),
        PolicyCommand::Diff(args) => diff::run(args),
        PolicyCommand::Draw(args) => draw::run(args),
        PolicyCommand::List(args) => list::run(args),
        PolicyCommand::Schema => {
            let mut output = Output::open();
            output.line(serde_json::to_string_pretty(&language_schema())?)?;
            output.finish()?;
            Ok(Exit::Done)
        }
    }
}

fn check(folder: &std::path::Path, json: bool) -> Ended {
    let reports = folder::reports(folder)?;
    let mut output = Output::open();
    // A mistake in what all tenants share is one mistake.
    let mut problems: Vec<_> = reports.values().flat_map(|report| report.problems.clone()).collect();
    problems.sort_by(|left, right| {
        (&left.file, left.place, &left.flaw.field).cmp(&(&right.file, right.place, &right.flaw.field))
    });
    problems.dedup();
    let mistakes = problems.iter().filter(|problem| problem.flaw.is_mistake()).count();
    if json {
        output.line(serde_json::to_string_pretty(&problems)?)?;
    } else {
        for problem in &problems {
            output.line(problem.to_string())?;
        }
        for (tenant, report) in &reports {
            let words =
                if report.is_sound() { "definitions" } else { "definitions, since there are mistakes" };
            output.line(format!("{tenant}: {} {words}", report.definitions.len()))?;
        }
        output.line(format!("{mistakes} mistakes, {} findings", problems.len() - mistakes))?;
    }
    output.finish()?;
    Ok(if mistakes == 0 { Exit::Done } else { Exit::Found })
}
