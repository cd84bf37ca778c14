//! `duban policy draw`: a workflow's states and clocks as a picture.

use super::reading::Reading;
use crate::cli::exit::{Ended, Exit, Failure};
use crate::cli::output::Output;
use crate::id::{Name, TenantId};
use crate::policy::definition::{Definition, Workflow};
use crate::policy::diagram::{Drawing, mermaid, svg};
use crate::policy::near;
use crate::policy::rules::Titles;

/// Which workflow, and in which form.
#[derive(Debug, clap::Args)]
pub struct DrawArgs {
    /// The workflow or duty
    name: Name,
    #[command(flatten)]
    reading: Reading,
    /// The form of the picture
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// The form of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// A Mermaid state diagram.
    #[default]
    Mermaid,
    /// An SVG that stands alone.
    Svg,
}

/// Draws the latest version of the workflow.
///
/// # Errors
/// [`Failure`] when the folder cannot be read or has mistakes, or when no tenant or
/// several have such a workflow.
pub fn run(args: &DrawArgs) -> Ended {
    let tenants = args.reading.definitions()?;
    let mut found: Vec<(&TenantId, &Workflow, Titles)> = Vec::new();
    for (tenant, definitions) in &tenants {
        let named = definitions.iter().filter_map(Definition::as_workflow);
        let named = named.filter(|workflow| workflow.name == args.name);
        if let Some(workflow) = named.max_by_key(|workflow| workflow.effective.from) {
            found.push((tenant, workflow, Titles::of(definitions)));
        }
    }
    let (workflow, titles) = match found.as_slice() {
        [(_, workflow, titles)] => (workflow, titles),
        [] => {
            let known = tenants.values().flatten().filter_map(Definition::as_workflow);
            let hint = near::hint(args.name.as_str(), known.map(|workflow| workflow.name.as_str()));
            let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
            return Err(Failure::new(
                Exit::Usage,
                format!("draw {}: no such workflow is there{hint}", args.name),
            ));
        }
        several => {
            let tenants = several.iter().map(|(tenant, ..)| tenant.as_str()).collect::<Vec<_>>().join(", ");
            let words = format!("draw {}: name one of the tenants {tenants} with --tenant", args.name);
            return Err(Failure::new(Exit::Usage, words));
        }
    };
    let drawing = Drawing::of(workflow, titles);
    let lang = args.reading.lang();
    let mut output = Output::open();
    output.line(
        match args.format {
            Format::Mermaid => mermaid::mermaid(&drawing, lang),
            Format::Svg => svg::svg(&drawing, lang),
        }
        .trim_end(),
    )?;
    output.finish()?;
    Ok(Exit::Done)
}
