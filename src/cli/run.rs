//! The commands, their arguments, and the way from one to its exit code.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use super::archive::{backup, restore, verify};
use super::ask::{case, deadlines, deliveries, lists, operate, publish, scores, watch};
use super::client::Client;
use super::exit::{Ended, Exit, Failure, OrExit as _};
use super::output::{Output, note};
use super::{account, api, credentials, due, import, policy, serve, shell, simulate, token, up};
use crate::telemetry::{self, LOG_VARIABLE, LogForm};

/// 督办: official notices become running, supervised duties.
#[derive(Debug, Parser)]
#[command(name = "duban", version, disable_help_subcommand = true, after_help = AFTER)]
struct Arguments {
    /// What is logged, such as info,duban=debug
    #[arg(long, env = LOG_VARIABLE, global = true, value_name = "FILTER", hide_env_values = true)]
    log: Option<String>,
    /// How logs are written, to standard error
    #[arg(long, env = "DUBAN_LOG_FORMAT", global = true, value_enum, default_value_t)]
    log_format: LogForm,
    #[command(subcommand)]
    command: Command,
}

const AFTER: &str = "`duban help exit-codes` lists how commands end.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Starts everything on this machine, with a sample, until it is stopped
    Up(up::UpArgs),
    /// Serves tenants against a given broker, until it is stopped
    Serve(serve::ServeArgs),
    /// Lists what is overdue
    Overdue(deadlines::DeadlineArgs),
    /// Lists what is coming
    Upcoming(deadlines::DeadlineArgs),
    /// Shows one case: why it stands so, who must act, what happened
    Case(case::CaseArgs),
    /// Lists cases
    Cases(case::CasesArgs),
    /// Lists facts that were not taken, and why
    Refusals(lists::RefusalArgs),
    /// Looks after what is delivered: counts it, lists dead letters, sends them again
    #[command(subcommand)]
    Delivery(deliveries::DeliveryCommand),
    /// Prints the ledger's events as they come
    Watch(watch::WatchArgs),
    /// Counts deadlines by unit and light
    Counts(lists::CountArgs),
    /// Shows the units of a scorecard in order, as published and as corrected since
    Ranking(scores::RankingArgs),
    /// Shows how the deadlines of a period ended, unit by unit
    Bulletin(scores::BulletinArgs),
    /// Shows one unit's points and the reason for each
    Score(scores::UnitScoreArgs),
    /// Lists the policies and calendars in force
    Policies(Client),
    /// Publishes an event or a batch of them
    Publish(publish::PublishArgs),
    /// Imports facts of the past from JSON lines
    Import(import::ImportArgs),
    /// Adds, lists and removes the people who may sign in
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// Makes, lists and revokes the tokens of systems
    #[command(subcommand)]
    Token(token::TokenCommand),
    /// Writes the broker's users and their keys from the policies
    Credentials(credentials::CredentialArgs),
    /// Checks that a tenant's logs, or an archive, are whole and unaltered
    Verify(verify::VerifyArgs),
    /// Keeps a tenant's logs in a file
    Backup(backup::BackupArgs),
    /// Brings a tenant's logs back from a file, into an empty broker
    Restore(restore::RestoreArgs),
    /// Says how the tenant's engine stands
    Status(Client),
    /// Makes the tenant's projection again and compares
    Rebuild(Client),
    /// Computes when something is due and says why, without a server
    Due(due::DueArgs),
    /// Lives a year of a tenant in virtual time, from its policies and a seed
    Simulate(simulate::SimulateArgs),
    /// Checks, tests, applies and describes policies
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Prints the script that completes commands in a shell
    Completions(shell::CompletionArgs),
    /// Writes the man pages
    Manual(shell::ManualArgs),
    /// Prints the documents of the interfaces: `OpenAPI` and `AsyncAPI`
    #[command(subcommand)]
    Api(api::ApiCommand),
    /// Explains a command, or the exit codes (`duban help exit-codes`)
    Help {
        /// A command, or exit-codes
        topic: Option<String>,
    },
}

/// The program: reads the command line, runs the command, tells how it ended.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help that nobody reads any more is no failure.
            let _ = error.print();
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Done };
            return exit.into();
        }
    };
    match ended(&arguments) {
        Ok(exit) => exit.into(),
        Err(failure) if failure.is_broken_pipe() => Exit::Done.into(),
        Err(failure) => {
            note(format!("duban: {failure}"));
            failure.exit.into()
        }
    }
}

fn ended(arguments: &Arguments) -> Ended {
    let usual = match &arguments.command {
        Command::Serve(_) => "info",
        // Whoever asks wants the answer; and where a broker is stopped or left on
        // purpose, a lost connection is no news.
        _ => "warn,duban::nats=error",
    };
    let filter = arguments.log.as_deref().unwrap_or(usual);
    telemetry::log(filter, arguments.log_format).or_exit(Exit::Usage)?;
    match &arguments.command {
        Command::Up(args) => within_runtime(up::run(args)),
        Command::Serve(args) => within_runtime(serve::run(args)),
        Command::Overdue(args) => within_runtime(deadlines::run(args, "overdue")),
        Command::Upcoming(args) => within_runtime(deadlines::run(args, "upcoming")),
        Command::Case(args) => within_runtime(case::one(args)),
        Command::Cases(args) => within_runtime(case::list(args)),
        Command::Refusals(args) => within_runtime(lists::refusals(args)),
        Command::Delivery(command) => within_runtime(deliveries::run(command)),
        Command::Watch(args) => within_runtime(watch::run(args)),
        Command::Counts(args) => within_runtime(lists::counts(args)),
        Command::Bulletin(args) => within_runtime(scores::bulletin(args)),
        Command::Ranking(args) => within_runtime(scores::ranking(args)),
        Command::Score(args) => within_runtime(scores::score(args)),
        Command::Policies(client) => within_runtime(lists::policies(client)),
        Command::Publish(args) => within_runtime(publish::run(args)),
        Command::Import(args) => within_runtime(import::run(args)),
        Command::Account(command) => account::run(command),
        Command::Token(command) => token::run(command),
        Command::Credentials(args) => credentials::run(args),
        Command::Verify(args) => within_runtime(verify::run(args)),
        Command::Backup(args) => within_runtime(backup::run(args)),
        Command::Restore(args) => within_runtime(restore::run(args)),
        Command::Status(client) => within_runtime(operate::status(client)),
        Command::Rebuild(client) => within_runtime(operate::rebuild(client)),
        Command::Due(args) => due::run(args),
        Command::Simulate(args) => simulate::run(args),
        Command::Policy(command) => within_runtime(policy::run(command)),
        Command::Completions(args) => shell::completions(args, Arguments::command()),
        Command::Manual(args) => shell::manual(args, Arguments::command()),
        Command::Api(command) => api::run(command),
        Command::Help { topic } => help(topic.as_deref()),
    }
}

fn within_runtime(command: impl Future<Output = Ended>) -> Ended {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(command)
}

fn help(topic: Option<&str>) -> Ended {
    let mut command = Arguments::command();
    let text = match topic {
        None => command.render_long_help().to_string(),
        Some("exit-codes") => format!("How commands of duban end:\n\n{}", Exit::table()),
        Some(topic) => match command.find_subcommand_mut(topic) {
            Some(found) => found.render_long_help().to_string(),
            None => {
                return Err(Failure::new(Exit::Usage, format!("explain {topic}: there is no such command")));
            }
        },
    };
    let mut output = Output::open();
    output.line(text.trim_end())?;
    output.finish()?;
    Ok(Exit::Done)
}
