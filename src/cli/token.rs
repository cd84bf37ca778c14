//! `duban token`: the systems that may ask and state facts over HTTP.

use std::time::Duration;

use serde_json::json;

use super::access::directory;
use super::account::{Place, failure};
use super::exit::{Ended, Exit, Failure, OrExit as _};
use super::output::{Output, Table, note};
use super::roles::{RoleArgs, told};
use super::world;
use crate::id::{Name, TenantId, UnitId};
use crate::identity::directory::Token;
use crate::identity::feed::Feed;
use crate::identity::secret::Secret;
use crate::port::directory::Directories as _;

/// A day, in seconds.
const DAY: u64 = 24 * 60 * 60;

/// Systems that ask and state facts.
#[derive(Debug, clap::Subcommand)]
pub enum TokenCommand {
    /// Makes a token and shows it, this once
    Create {
        /// What the system is called; facts that it states bear the name
        name: Name,
        /// What they may
        #[command(flatten)]
        role: RoleArgs,
        /// For how many days it holds
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u64).range(1..=3650), value_name = "N")]
        days: u64,
        /// Whose server
        #[command(flatten)]
        place: Place,
    },
    /// Lists the tokens, which are not shown
    List {
        /// Prints the answer as JSON
        #[arg(long)]
        json: bool,
        /// Whose server
        #[command(flatten)]
        place: Place,
    },
    /// Makes the address under which calendars read a unit's deadlines and shows it, this
    /// once; the unit's address before ends
    Feed {
        /// The unit
        unit: UnitId,
        /// Whose unit
        #[arg(long, value_name = "TENANT")]
        tenant: TenantId,
        /// Ends the unit's address instead
        #[arg(long)]
        revoke: bool,
        /// Whose server
        #[command(flatten)]
        place: Place,
    },
    /// Revokes a token at once
    Revoke {
        /// Which
        name: Name,
        /// Whose server
        #[command(flatten)]
        place: Place,
    },
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the change cannot be made.
pub fn run(command: &TokenCommand) -> Ended {
    match command {
        TokenCommand::Create { name, role, days, place } => {
            let grant = role.grant()?;
            let secret = Secret::token(&world::draw_secret()().or_exit(Exit::Failed)?);
            let now = world::now();
            let token = Token {
                digest: secret.digest(),
                grants: vec![grant.clone()],
                added_at: now,
                ends_at: Some(now.plus(Duration::from_secs(days * DAY))),
                revoked_at: None,
            };
            directory(&place.data)
                .change(&mut |directory| directory.add_token(name, token.clone()))
                .map_err(failure)?;
            note(format!("{name} is {}, for {days} days; this is its token, shown this once:", told(&grant)));
            let mut output = Output::open();
            output.line(secret.reveal())?;
            output.finish()?;
        }
        TokenCommand::List { json, place } => list(place, *json)?,
        TokenCommand::Feed { unit, tenant, revoke: true, place } => {
            directory(&place.data)
                .change(&mut |directory| directory.feeds.revoke(tenant, unit))
                .map_err(failure)?;
            note(format!("the feed of {tenant}/{unit} has no address any more"));
        }
        TokenCommand::Feed { unit, tenant, revoke: false, place } => feed(tenant, unit, place)?,
        TokenCommand::Revoke { name, place } => {
            let now = world::now();
            directory(&place.data)
                .change(&mut |directory| directory.revoke_token(name, now))
                .map_err(failure)?;
            note(format!(
                "the token {name} holds no more; the name stays taken, since the ledger may bear it"
            ));
        }
    }
    Ok(Exit::Done)
}

fn feed(tenant: &TenantId, unit: &UnitId, place: &Place) -> Result<(), Failure> {
    let secret = Secret::of(&world::draw_secret()().or_exit(Exit::Failed)?);
    let made = Feed { digest: secret.digest(), added_at: world::now() };
    directory(&place.data)
        .change(&mut |directory| {
            directory.feeds.renew(tenant, unit, made.clone());
            Ok(())
        })
        .map_err(failure)?;
    note(format!("the deadlines of {tenant}/{unit} are at this path of the server, shown this once:"));
    let mut output = Output::open();
    output.line(format!("/feeds/{}/deadlines.ics", secret.reveal()))?;
    output.finish()
}

fn list(place: &Place, as_json: bool) -> Result<(), Failure> {
    let directory = directory(&place.data).read().map_err(failure)?;
    let now = world::now();
    let mut output = Output::open();
    if as_json {
        let tokens = directory.tokens.iter().map(|(name, token)| {
            json!({
                "name": name, "grants": token.grants, "addedAt": token.added_at, "endsAt": token.ends_at,
                "revokedAt": token.revoked_at, "holds": token.holds(now),
            })
        });
        let feeds = directory
            .feeds
            .iter()
            .map(|(tenant, unit, feed)| json!({ "tenant": tenant, "unit": unit, "addedAt": feed.added_at }));
        let (tokens, feeds) = (tokens.collect::<Vec<_>>(), feeds.collect::<Vec<_>>());
        output.line(json!({ "tokens": tokens, "feeds": feeds }).to_string())?;
        return output.finish();
    }
    let mut table = Table::new(&["token", "holds", "role", "ends"]);
    for (name, token) in &directory.tokens {
        let roles: Vec<String> = token.grants.iter().map(told).collect();
        let holds = if token.holds(now) { "yes" } else { "no" };
        let end = token.revoked_at.or(token.ends_at).map(|at| at.to_string()).unwrap_or_default();
        table.row(vec![name.to_string(), holds.to_owned(), roles.join("; "), end]);
    }
    for (tenant, unit, feed) in directory.feeds.iter() {
        let name = format!("{tenant}/{unit}");
        table.row(vec![name, "yes".into(), "feed".into(), format!("(since {})", feed.added_at)]);
    }
    for line in table.lines() {
        output.line(line)?;
    }
    output.finish()
}
