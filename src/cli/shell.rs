//! `duban completions` and `duban manual`: what a shell and `man` know of the commands.
//!
//! Both are made from the commands themselves when they are asked for, so that neither
//! can be out of date with the program that is installed.

use std::fs;
use std::path::PathBuf;

use clap_complete::Shell;

use super::exit::{Ended, Exit, OrExit as _};
use super::output::{Output, note};

/// For which shell.
#[derive(Debug, clap::Args)]
pub struct CompletionArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Where man pages go.
#[derive(Debug, clap::Args)]
pub struct ManualArgs {
    /// The folder to write the pages to, such as ~/.local/share/man/man1
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Prints the script that completes `command` in a shell.
///
/// # Errors
/// [`super::exit::Failure`] when nobody reads it.
pub fn completions(args: &CompletionArgs, mut command: clap::Command) -> Ended {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "duban", &mut script);
    let mut output = Output::open();
    output.line(String::from_utf8_lossy(&script).trim_end())?;
    output.finish()?;
    Ok(Exit::Done)
}

/// Writes one page for `command` and one for each below it.
///
/// # Errors
/// [`super::exit::Failure`] when the folder cannot be written to.
pub fn manual(args: &ManualArgs, command: clap::Command) -> Ended {
    let words = format!("write man pages to {}", args.out.display());
    fs::create_dir_all(&args.out).or_failed_to(Exit::Failed, &words)?;
    clap_mangen::generate_to(command, &args.out).or_failed_to(Exit::Failed, &words)?;
    note(format!("read them with `man -l {}`", args.out.join("duban.1").display()));
    Ok(Exit::Done)
}
