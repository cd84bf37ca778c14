//! `duban credentials`: the broker's users, from the register and the tokens.
//!
//! A user's seed is drawn once and kept in a file of its own, for whoever is to be that
//! user; the server's file has public keys only and is written anew each time. A server
//! reads it again at the reload signal, without a restart: who is new may connect, who is
//! gone is cut off.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use nkeys::{KeyPair, KeyPairType};

use super::access::directory;
use super::account::failure;
use super::broker::NATS_CONF;
use super::exit::{Ended, Exit, Failure, OrExit as _};
use super::folder;
use super::output::{Output, note};
use super::world;
use crate::id::{TenantId, UnitId};
use crate::nats::accounts::configuration;
use crate::nats::users::{ENGINE, User, inbox};
use crate::nats::{Access, BrokerSettings};
use crate::policy::definition::Definition;
use crate::port::directory::Directories as _;

/// Units of the register that are parts of duban, and no users of the broker.
const OWN: [&str; 4] = ["operator", "importer", "engine", "courier"];
/// The server's file with the users.
const USERS: &str = "users.conf";
/// The server's whole configuration, which takes the users in.
const WHOLE: &str = "nats.conf";

/// Whose users to write, and where.
#[derive(Debug, clap::Args)]
pub struct CredentialArgs {
    /// Whose units; repeat it, or separate by commas
    #[arg(
        long = "tenant",
        env = "DUBAN_TENANTS",
        value_delimiter = ',',
        required = true,
        value_name = "TENANT"
    )]
    tenants: Vec<TenantId>,
    /// The folder of policies that holds the registers
    #[arg(long, env = "DUBAN_POLICIES", default_value = "workflows", value_name = "DIR")]
    policies: PathBuf,
    /// Where the server keeps everything; its tokens become users, too
    #[arg(long, env = "DUBAN_DATA", default_value = "data", value_name = "DIR")]
    data: PathBuf,
    /// Where to write; `nats-credentials` in the data folder without it
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Draws this user another key, such as changqing.qu-fagaiju; the one before holds
    /// until the server reads its file again
    #[arg(long = "rotate", value_name = "USER")]
    rotated: Vec<String>,
    /// Tells this nats-server to read its file again
    #[arg(long, value_name = "PID")]
    reload: Option<u32>,
}

/// Writes the users.
///
/// # Errors
/// [`Failure`] when the policies have no register or a file cannot be written.
pub fn run(args: &CredentialArgs) -> Ended {
    let users = users(args)?;
    let out = args.out.clone().unwrap_or_else(|| args.data.join("nats-credentials"));
    fs::create_dir_all(&out).or_failed_to(Exit::Failed, format!("make the folder {}", out.display()))?;
    let names: BTreeSet<&str> = users.iter().map(|user| user.name.as_str()).collect();
    if let Some(unknown) = args.rotated.iter().find(|name| !names.contains(name.as_str())) {
        return Err(Failure::new(Exit::Usage, format!("draw a key for {unknown}: there is no such user")));
    }
    let mut keyed = Vec::new();
    for user in users {
        let again = args.rotated.contains(&user.name);
        let key = key(&out.join(format!("{}.nk", user.name)), again)?;
        keyed.push((user, key));
    }
    write(&out.join(USERS), &configuration(&args.tenants, &keyed), false)?;
    write(&out.join(WHOLE), &format!("{NATS_CONF}\ninclude ./{USERS}\n"), false)?;
    let mut output = Output::open();
    for (user, _) in &keyed {
        output.line(format!("{}  {}", user.name, out.join(format!("{}.nk", user.name)).display()))?;
    }
    output.finish()?;
    let place = out.join(WHOLE);
    note(format!("run the server with `nats-server -c {}`; give each user its .nk file", place.display()));
    note(format!(
        "a user's answers go to its own inbox: set the client's inbox prefix to {}",
        inbox("<user>")
    ));
    match args.reload {
        Some(pid) => reload(pid),
        None => Ok(Exit::Done),
    }
}

/// The settings with the key pair of a seed file: the engine's or the operator's.
///
/// # Errors
/// [`Failure`] when the file holds no seed.
pub fn keyed(settings: BrokerSettings, file: Option<&Path>) -> Result<BrokerSettings, Failure> {
    let Some(file) = file else { return Ok(settings) };
    let words = format!("read the key of the broker's user from {}", file.display());
    let seed = fs::read_to_string(file).or_failed_to(Exit::Usage, &words)?;
    let seed = seed.trim().to_owned();
    // What it holds is not quoted: it may be a secret all the same.
    if KeyPair::from_seed(&seed).is_err() {
        return Err(Failure::new(Exit::Usage, format!("{words}: it holds no seed")));
    }
    // The operator may use the engine's inbox, and the engine no other.
    Ok(BrokerSettings { access: Access::Key(seed), inbox_prefix: Some(inbox(ENGINE)), ..settings })
}

fn users(args: &CredentialArgs) -> Result<Vec<User>, Failure> {
    let definitions = folder::definitions(&args.policies, &args.tenants)?;
    let mut users = vec![User::operator(), User::engine(&args.tenants)];
    for (tenant, definitions) in &definitions {
        let register = definitions.iter().find_map(|definition| {
            if let Definition::Register(register) = definition { Some(register) } else { None }
        });
        let register = register.ok_or_else(|| {
            Failure::new(Exit::Usage, format!("find the units of {tenant}: its policies have no register"))
        })?;
        let units = register.units.iter().map(|unit| &unit.id).filter(|unit| is_users(unit));
        users.extend(units.map(|unit| User::unit(tenant, unit)));
    }
    let now = world::now();
    let kept = directory(&args.data).read().map_err(failure)?;
    for (name, token) in kept.tokens.iter().filter(|(_, token)| token.holds(now)) {
        users.extend(args.tenants.iter().filter_map(|tenant| User::token(tenant, name, &token.grants)));
    }
    Ok(users)
}

fn is_users(unit: &UnitId) -> bool {
    !OWN.contains(&unit.as_str())
}

/// The public key of the seed in `file`, drawn if there is none, or again.
fn key(file: &Path, again: bool) -> Result<String, Failure> {
    if file.exists() && !again {
        let words = format!("read the seed in {}", file.display());
        let seed = fs::read_to_string(file).or_failed_to(Exit::Failed, &words)?;
        let pair = KeyPair::from_seed(seed.trim());
        return Ok(pair
            .map_err(|_| Failure::new(Exit::Failed, format!("{words}: it is none")))?
            .public_key());
    }
    let drawn = world::draw_secret()().or_exit(Exit::Failed)?;
    let pair = KeyPair::new_from_raw(KeyPairType::User, drawn).or_exit(Exit::Failed)?;
    write(file, &format!("{}\n", pair.seed().or_exit(Exit::Failed)?), true)?;
    Ok(pair.public_key())
}

/// Writes a file whole or not at all; a secret one for its owner only.
fn write(path: &Path, text: &str, is_secret: bool) -> Result<(), Failure> {
    let words = format!("write {}", path.display());
    let beside = path.with_extension("new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(if is_secret { 0o600 } else { 0o644 });
    }
    let mut file = options.open(&beside).or_failed_to(Exit::Failed, &words)?;
    file.write_all(text.as_bytes()).or_failed_to(Exit::Failed, &words)?;
    file.sync_all().or_failed_to(Exit::Failed, &words)?;
    fs::rename(&beside, path).or_failed_to(Exit::Failed, words)
}

/// Sends the reload signal, by the shell's own `kill`.
fn reload(pid: u32) -> Ended {
    let script = format!("kill -HUP {pid}");
    let sent = std::process::Command::new("sh").args(["-c", &script]).status();
    if sent.or_exit(Exit::Failed)?.success() {
        Ok(Exit::Done)
    } else {
        Err(Failure::new(Exit::Failed, format!("tell the process {pid} to read its file again")))
    }
}
