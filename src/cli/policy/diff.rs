//! `duban policy diff`: what changed between two files, folders or versions, in words.

use std::path::{Path, PathBuf};

use crate::calendar::{Lang, Text};
use crate::cli::ask::shown::word;
use crate::cli::exit::{Ended, Exit, Failure, OrExit as _};
use crate::cli::folder;
use crate::cli::output::{AnswerLang, Output};
use crate::policy::diff::{Change, Difference, Fate, diff, documents};
use crate::policy::problem::Problem;
use crate::policy::resolve::Source;

/// What is compared with what.
#[derive(Debug, clap::Args)]
pub struct DiffArgs {
    /// A file or folder
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// A file or folder, or the name of which the folder has several versions
    #[arg(value_name = "NEW|NAME")]
    new: PathBuf,
    /// The language of the answer
    #[arg(long, value_enum, default_value_t)]
    lang: AnswerLang,
}

/// Tells every change.
///
/// # Errors
/// [`Failure`] when a side cannot be read, or nothing is called by the name.
pub fn run(args: &DiffArgs) -> Ended {
    let lang = Lang::from(args.lang);
    let old = side(&args.old)?;
    let differences = if args.new.exists() {
        diff(&old, &side(&args.new)?).map_err(|problems| unreadable(&problems))?
    } else {
        let name = args.new.to_string_lossy();
        let found = documents::versions(&old, &name).map_err(|problems| unreadable(&problems))?;
        if found.is_empty() {
            let words = format!(
                "compare {name}: it is neither a file nor a folder, and {} has no two versions of that name",
                args.old.display()
            );
            return Err(Failure::new(Exit::Usage, words));
        }
        found
    };
    let mut output = Output::open();
    for difference in &differences {
        output.line(head(difference, lang))?;
        for change in &difference.changes {
            output.line(format!("  {}", line(change, lang)))?;
        }
    }
    if differences.is_empty() {
        output.line(word(lang, "没有差异", "nothing differs"))?;
    }
    output.finish()?;
    Ok(Exit::Done)
}

/// The texts of a file or a folder, by their paths within it.
fn side(root: &Path) -> Result<Vec<Source>, Failure> {
    if root.is_dir() {
        let prefix = format!("{}/", root.to_string_lossy().trim_end_matches('/'));
        let mut texts = folder::within(root)?;
        for source in &mut texts {
            source.path = source.path.strip_prefix(&prefix).unwrap_or(&source.path).to_owned();
        }
        return Ok(texts);
    }
    let text = std::fs::read_to_string(root).or_failed_to(Exit::Usage, format!("read {}", root.display()))?;
    let name = root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(vec![Source { path: name, text }])
}

fn unreadable(problems: &[Problem]) -> Failure {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    Failure::new(Exit::Found, format!("compare policies:\n  {}", lines.join("\n  ")))
}

fn head(difference: &Difference, lang: Lang) -> String {
    let fate = match difference.fate {
        Fate::Added => word(lang, "新增", "added"),
        Fate::Removed => word(lang, "删除", "removed"),
        Fate::Changed => word(lang, "修改", "changed"),
        Fate::Succeeds => word(lang, "新版本", "new version"),
    };
    let tenant =
        if difference.tenant.is_empty() { String::new() } else { format!("{}  ", difference.tenant) };
    format!("{tenant}{fate} {}", difference.about.get(lang))
}

/// `异议答复：1 个工作日内 → 2 个工作日内`
fn line(change: &Change, lang: Lang) -> String {
    let place: Vec<&str> = change.place.iter().map(|text| text.get(lang)).collect();
    let said = |text: &Text| text.get(lang).to_owned();
    let what = match (&change.before, &change.after) {
        (Some(before), Some(after)) => format!("{} → {}", said(before), said(after)),
        (None, Some(after)) => format!("{}{}", word(lang, "新增 ", "added "), said(after)),
        (Some(before), None) => format!("{}{}", word(lang, "删除 ", "removed "), said(before)),
        (None, None) => String::new(),
    };
    let place = place.join(word(lang, " · ", " · "));
    if place.is_empty() { what } else { format!("{place}{}{what}", word(lang, "：", ": ")) }
}
