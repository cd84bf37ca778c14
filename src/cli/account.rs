//! `duban account`: the people of the office who may sign in.
//!
//! They are changed in the data folder, beside a running server, which sees every
//! change at once. A password is typed or piped in and never an argument, where other
//! users of the machine could read it.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::json;

use super::access::directory;
use super::exit::{Ended, Exit, Failure, OrExit as _};
use super::output::{Output, Table, note};
use super::roles::{RoleArgs, told};
use super::world;
use crate::id::AccountName;
use crate::identity::password::{self, FEWEST};
use crate::port::directory::{Directories as _, DirectoryError};

/// Whose accounts.
#[derive(Debug, Clone, clap::Args)]
pub struct Place {
    /// Where the server keeps everything
    #[arg(long, env = "DUBAN_DATA", default_value = "data", value_name = "DIR")]
    pub data: PathBuf,
}

/// People of the office.
#[derive(Debug, clap::Subcommand)]
pub enum AccountCommand {
    /// Adds a person; the password is asked for, or read from standard input
    Add {
        /// What they type to sign in
        name: AccountName,
        /// What they may
        #[command(flatten)]
        role: RoleArgs,
        /// Whose server
        #[command(flatten)]
        place: Place,
    },
    /// Lists who there is
    List {
        /// Prints the answer as JSON
        #[arg(long)]
        json: bool,
        /// Whose server
        #[command(flatten)]
        place: Place,
    },
    /// Removes a person; whoever is signed in is signed out
    Remove {
        /// Who
        name: AccountName,
        /// Whose server
        #[command(flatten)]
        place: Place,
    },
    /// Gives a person another password; whoever is signed in is signed out
    Password {
        /// Who
        name: AccountName,
        /// Whose server
        #[command(flatten)]
        place: Place,
    },
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the change cannot be made.
pub fn run(command: &AccountCommand) -> Ended {
    match command {
        AccountCommand::Add { name, role, place } => {
            let grant = role.grant()?;
            let kept = asked(name)?;
            let kept_in = directory(&place.data);
            let first = !kept_in.read().map_err(failure)?.is_set_up();
            let now = world::now();
            kept_in
                .change(&mut |directory| directory.add_account(name, kept.clone(), vec![grant.clone()], now))
                .map_err(failure)?;
            note(format!("{name} may sign in as {}", told(&grant)));
            if first {
                note("from now on everybody signs in here, or shows a token of `duban token create`");
            }
        }
        AccountCommand::List { json, place } => list(place, *json)?,
        AccountCommand::Remove { name, place } => {
            let now = world::now();
            directory(&place.data)
                .change(&mut |directory| directory.remove_account(name, now))
                .map_err(failure)?;
            note(format!("{name} may sign in no more; the name stays taken, since the ledger may bear it"));
        }
        AccountCommand::Password { name, place } => {
            let known = directory(&place.data).read().map_err(failure)?;
            known.account(name).ok_or_else(|| unknown(name))?;
            let kept = asked(name)?;
            directory(&place.data)
                .change(&mut |directory| directory.set_password(name, kept.clone()))
                .map_err(failure)?;
            note(format!(
                "{name} has another password; whoever was signed in with the old one is signed out"
            ));
        }
    }
    Ok(Exit::Done)
}

fn unknown(name: &AccountName) -> Failure {
    let name = name.to_string();
    failure(crate::identity::directory::ChangeError::Unknown { name }.into())
}

/// The failure of a directory.
pub fn failure(error: DirectoryError) -> Failure {
    let exit = match &error {
        DirectoryError::Away { .. } => Exit::Failed,
        DirectoryError::Change(_) => Exit::Refused,
    };
    Failure { exit, error: error.into() }
}

fn list(place: &Place, as_json: bool) -> Result<(), Failure> {
    let directory = directory(&place.data).read().map_err(failure)?;
    let mut output = Output::open();
    if as_json {
        let accounts = directory.accounts.iter().map(|(name, account)| {
            json!({
                "name": name, "grants": account.grants, "addedAt": account.added_at,
                "removedAt": account.removed_at,
            })
        });
        output.line(json!({ "accounts": accounts.collect::<Vec<_>>() }).to_string())?;
        return output.finish();
    }
    let mut table = Table::new(&["account", "role", "added", "removed"]);
    for (name, account) in &directory.accounts {
        let roles: Vec<String> = account.grants.iter().map(told).collect();
        let removed = account.removed_at.map(|at| at.to_string()).unwrap_or_default();
        table.row(vec![name.to_string(), roles.join("; "), account.added_at.to_string(), removed]);
    }
    for line in table.lines() {
        output.line(line)?;
    }
    output.finish()
}

/// Asks for a password and gives what is kept of it.
fn asked(name: &AccountName) -> Result<String, Failure> {
    let typed = if std::io::stdin().is_terminal() {
        let first = typed_in(&format!("password for {name} (at least {FEWEST} characters): "))?;
        if typed_in("the same again: ")? != first {
            return Err(Failure::new(Exit::Usage, "take the password: the two are not the same"));
        }
        first
    } else {
        line()?
    };
    let drawn = world::draw_secret()().or_exit(Exit::Failed)?;
    password::hash(name, &typed, &drawn).or_exit(Exit::Usage)
}

/// A line that is typed without showing it.
fn typed_in(prompt: &str) -> Result<String, Failure> {
    note(prompt);
    let shown = |how: &str| {
        let stty = Command::new("stty").arg(how).stderr(Stdio::null()).status();
        stty.is_ok_and(|status| status.success())
    };
    let is_hidden = shown("-echo");
    if !is_hidden {
        note("(what you type may be seen: this terminal cannot hide it)");
    }
    let typed = line();
    if is_hidden {
        shown("echo");
    }
    typed
}

fn line() -> Result<String, Failure> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).or_exit(Exit::Usage)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
