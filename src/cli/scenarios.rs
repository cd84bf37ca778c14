//! `duban policy test`: runs the scenarios beside the policies, in virtual time.
//!
//! It finds and reads them and says how they came out; running them is
//! [`crate::scenario`]'s.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::exit::{Ended, Exit, Failure, OrExit as _};
use super::folder;
use super::output::Output;
use crate::id::TenantId;
use crate::policy::problem::Problem;
use crate::policy::resolve::Source;
use crate::scenario::run::{Bench, RunError};
use crate::scenario::text::{Scenario, read};
use crate::scenario::verdict::Verdict;

/// The folder within a tenant's that holds its scenarios.
const SCENARIOS: &str = "scenarios";

/// Which scenarios are run, and how they are told.
#[derive(Debug, clap::Args)]
pub struct TestArgs {
    /// The folder of policies, such as workflows
    #[arg(default_value = "workflows", value_name = "DIR")]
    folder: PathBuf,
    /// Runs only scenarios whose name or file contains this
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Names every scenario, also those that hold
    #[arg(long)]
    verbose: bool,
}

/// Runs the scenarios of a folder of policies.
///
/// # Errors
/// [`Failure`] when there are none, or the policies have mistakes.
pub fn run(args: &TestArgs) -> Ended {
    let found = gather(&args.folder)?;
    let tenants: Vec<TenantId> = found.keys().cloned().collect();
    let mut definitions = folder::definitions(&args.folder, &tenants)?;
    let mut output = Output::open();
    let (mut ran, mut failed, mut problems) = (0_usize, 0_usize, Vec::new());
    for (tenant, sources) in found {
        let Some(mut bench) = Bench::new(tenant.clone(), definitions.remove(&tenant).unwrap_or_default())
        else {
            return Err(Failure::new(Exit::Found, format!("test {tenant}: it has no calendar")));
        };
        for source in sources {
            let (scenarios, wrong) = read(&source, Some(tenant.as_str()));
            problems.extend(wrong);
            for scenario in scenarios.iter().filter(|it| is_wanted(it, args.only.as_deref())) {
                ran += 1;
                match bench.run(scenario) {
                    Ok(verdict) => {
                        failed += usize::from(!verdict.holds());
                        tell(&mut output, &verdict, args.verbose)?;
                    }
                    Err(RunError::Problem(problem)) => problems.push(*problem),
                    Err(error) => {
                        return Err(Failure::new(
                            Exit::Failed,
                            format!("run {}: {error}", scenario.authored.name),
                        ));
                    }
                }
            }
        }
    }
    conclude(output, (ran, failed), &problems)
}

fn conclude(mut output: Output, (ran, failed): (usize, usize), problems: &[Problem]) -> Ended {
    for problem in problems {
        output.line(problem.to_string())?;
    }
    output.line(format!("{ran} scenarios, {failed} fail, {} mistakes", problems.len()))?;
    output.finish()?;
    if ran == 0 && problems.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            "run scenarios: there are none; write them in <tenant>/scenarios",
        ));
    }
    Ok(if failed == 0 && problems.is_empty() { Exit::Done } else { Exit::Found })
}

fn is_wanted(scenario: &Scenario, only: Option<&str>) -> bool {
    only.is_none_or(|only| scenario.authored.name.contains(only) || scenario.file().contains(only))
}

fn tell(output: &mut Output, verdict: &Verdict, verbose: bool) -> Result<(), Failure> {
    if verdict.holds() {
        if verbose {
            output.line(format!("✓ {} ({}, {} steps)", verdict.name, verdict.file, verdict.steps))?;
        }
        return Ok(());
    }
    output.line(format!("✗ {} (step {})", verdict.name, verdict.steps))?;
    for mismatch in &verdict.mismatches {
        output.line(mismatch.to_string())?;
    }
    Ok(())
}

/// The texts of scenarios by tenant, in the order of their paths.
///
/// # Errors
/// [`Failure`] when a file or folder cannot be read.
pub fn gather(folder: &Path) -> Result<BTreeMap<TenantId, Vec<Source>>, Failure> {
    let mut found = BTreeMap::new();
    for place in entries(folder)? {
        let name = place.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let scenarios = place.join(SCENARIOS);
        let (Ok(tenant), true) = (TenantId::new(&name), scenarios.is_dir()) else { continue };
        let mut sources = Vec::new();
        for path in entries(&scenarios)? {
            if path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
                let text = fs::read(&path).or_failed_to(Exit::Usage, format!("read {}", path.display()))?;
                let path = path.to_string_lossy().replace('\\', "/");
                sources.push(Source { path, text: String::from_utf8_lossy(&text).into_owned() });
            }
        }
        found.insert(tenant, sources);
    }
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let reading = || format!("read {}", folder.display());
    let listed = fs::read_dir(folder).or_failed_to(Exit::Usage, reading())?;
    let mut paths = listed
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<_>, _>>()
        .or_failed_to(Exit::Usage, reading())?;
    paths.sort();
    Ok(paths)
}
