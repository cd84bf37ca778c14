//! `duban verify`: is everything there, in its order, unaltered?

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::form::{Foot, Line, Reader as ArchiveReader};
use super::streams::{BrokerArgs, Held, Kind, held, open};
use super::walk::Walk;
use crate::cli::exit::{Ended, Exit, Failure, OrExit as _};
use crate::cli::output::Output;
use crate::cli::service::{of_log, projection};
use crate::cli::shelf::FolderShelf;
use crate::engine::backing::table;
use crate::id::{Seq, TenantId};
use crate::kernel::row::{Checkpoint, Family};
use crate::nats::{Broker, NatsLog};
use crate::port::log::{Log as _, LogError, MOST_IN_APPEND, Reader as _};
use crate::port::shelf::{Current, Shelf as _};
use crate::port::store::Rows as _;
use crate::sled_store::SledSettings;

/// How many faults are told one by one; the rest are counted.
const MOST_TOLD: usize = 20;
/// How long the broker may take for the next records.
const NEXT_WITHIN: Duration = Duration::from_secs(10);

/// What to check.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    broker: BrokerArgs,
    /// Checks an archive instead of the broker's streams
    #[arg(long, value_name = "FILE")]
    archive: Option<PathBuf>,
    /// Compares with the projection in this data folder, if no engine uses it
    #[arg(long, env = "DUBAN_DATA", value_name = "DIR")]
    data: Option<PathBuf>,
}

/// What was found so far.
#[derive(Debug, Default)]
struct Findings {
    told: Vec<String>,
    faults: usize,
}

impl Findings {
    fn add(&mut self, words: impl std::fmt::Display) {
        self.faults += 1;
        if self.faults <= MOST_TOLD {
            self.told.push(format!("DAMAGED: failed to {words}"));
        }
    }
}

/// Runs the command.
///
/// # Errors
/// [`Failure`] when the broker cannot be asked or the file cannot be opened.
pub async fn run(args: &VerifyArgs) -> Ended {
    let mut findings = Findings::default();
    let mut lines = match &args.archive {
        Some(file) => archive(file, &mut findings)?,
        None => broker(args, &mut findings).await?,
    };
    let found = findings.faults;
    if found > MOST_TOLD {
        findings.told.push(format!("and {} more", found - MOST_TOLD));
    }
    lines.extend(findings.told);
    lines.push(verdict(found, args.archive.is_some()).to_owned());
    let mut output = Output::open();
    for line in lines {
        output.line(line)?;
    }
    output.finish()?;
    Ok(if found == 0 { Exit::Done } else { Exit::Found })
}

const fn verdict(faults: usize, is_archive: bool) -> &'static str {
    match (faults, is_archive) {
        (0, _) => "whole: nothing is missing or altered",
        (_, true) => "This archive cannot be restored. Use another one.",
        (_, false) => {
            "What to do: stop the engines of this tenant. In a cluster let a healthy replica take over (remove the \
             damaged peer's copy). On a single server keep a copy of its store folder, delete the tenant's two \
             streams and bring them back from the newest whole archive (`duban verify --archive FILE`, \
             `duban restore --from FILE`). Projections need no care: they are made again."
        }
    }
}

async fn broker(args: &VerifyArgs, findings: &mut Findings) -> Result<Vec<String>, Failure> {
    let (tenant, broker) = (&args.broker.tenant, args.broker.connect().await?);
    let mut lines = Vec::new();
    let Some(ledger) = held(&broker, tenant, Kind::Ledger).await? else {
        return Err(Failure::new(Exit::Refused, format!("verify the ledger of {tenant}: there is none")));
    };
    let walk = ledger_walk(&broker, tenant, &ledger, findings).await?;
    lines.push(format!("ledger: {} entries, last digest {}", walk.chain.seq, walk.chain.hash));
    if let Some(intake) = held(&broker, tenant, Kind::Intake).await? {
        holes(Kind::Intake, &intake, findings);
        lines.push(format!(
            "intake: records {} to {}, decided up to {}",
            intake.first, intake.last, walk.decided
        ));
        if intake.last < walk.decided {
            findings.add(format!(
                "find the end of the intake: it ends at {}, but the ledger has decided up to {}; new facts would \
                 take places that are used already",
                intake.last, walk.decided
            ));
        }
    }
    if let Some(data) = &args.data {
        lines.push(against_projection(data, tenant, &broker, &ledger, findings).await?);
    }
    Ok(lines)
}

/// Names what the server itself says is not there.
fn holes(kind: Kind, held: &Held, findings: &mut Findings) {
    if held.last >= held.begins && held.first > held.begins {
        let (from, to) = (held.begins, held.first.0 - 1);
        findings
            .add(format!("find the beginning of the {}: records {from} to {to} are missing", kind.word()));
    }
    for place in &held.missing {
        findings.add(format!(
            "find record {place} of the {}: the server dropped it, which it does with what it cannot read from \
             its disk",
            kind.word()
        ));
    }
}

async fn ledger_walk(
    broker: &Broker,
    tenant: &TenantId,
    held: &Held,
    findings: &mut Findings,
) -> Result<Walk, Failure> {
    holes(Kind::Ledger, held, findings);
    let mut walk = Walk::new(tenant.clone());
    if findings.faults > 0 {
        // A log with holes is not read; what is there is for the archive to tell.
        walk.chain.seq = held.last;
        return Ok(walk);
    }
    let log = match open(broker, tenant, Kind::Ledger, held).await {
        Ok(log) => log,
        Err(failure) if failure.exit == Exit::Stopped => {
            findings.add(format!("{:#}", failure.error));
            return Ok(walk);
        }
        Err(failure) => return Err(failure),
    };
    let mut unreadable = 0;
    while walk.chain.seq < held.last && unreadable <= MOST_TOLD {
        match walk_on(&log, held.last, &mut walk, findings).await {
            Ok(()) => {}
            Err(LogError::Broken { .. }) => {
                unreadable += 1;
                let place = walk.chain.seq.next();
                findings.add(format!(
                    "read entry {place} of the ledger: the server cannot give it; its block is damaged"
                ));
                walk.skip(place);
            }
            Err(error) => return Err(of_log(error)),
        }
    }
    Ok(walk)
}

/// Goes over the ledger up to its end, or to an entry that cannot be read.
async fn walk_on(log: &NatsLog, last: Seq, walk: &mut Walk, findings: &mut Findings) -> Result<(), LogError> {
    let mut reader = log.reader(walk.chain.seq).await?;
    loop {
        let records = reader.next(MOST_IN_APPEND, NEXT_WITHIN).await?;
        if records.is_empty() {
            let (log, expected) = (log.name().to_owned(), walk.chain.seq.next());
            return Err(LogError::Broken { log, expected, found: last });
        }
        for record in &records {
            for fault in walk.step(record) {
                findings.add(fault);
            }
        }
        if walk.chain.seq >= last {
            return Ok(());
        }
    }
}

/// Compares the ledger with the place where a projection stands; this alone tells
/// that a ledger's end was cut off.
async fn against_projection(
    data: &Path,
    tenant: &TenantId,
    broker: &Broker,
    ledger: &Held,
    findings: &mut Findings,
) -> Result<String, Failure> {
    let folder = projection(data, tenant);
    let read = tokio::task::spawn_blocking(move || checkpoint(&folder));
    let Some(at) = read.await? else {
        return Ok("projection: in use or not there; a running engine compares by itself".to_owned());
    };
    if at.seq > ledger.last {
        findings.add(format!(
            "find the end of the ledger: it ends at {}, but {} entries were folded; its end was cut off",
            ledger.last, at.seq
        ));
    } else if let Ok(log) = open(broker, tenant, Kind::Ledger, ledger).await {
        let record = log.get(at.seq).await.map_err(of_log)?;
        let found = record.map(|record| crate::id::Sha::of(&record.body));
        if found != Some(at.hash) {
            findings.add(format!(
                "find entry {} of the ledger as it was folded: it was altered or replaced",
                at.seq
            ));
        }
    }
    Ok(format!("projection: folded up to {}", at.seq))
}

/// Where a projection stands; none when it is in use or cannot be read.
fn checkpoint(folder: &Path) -> Option<Checkpoint> {
    if !folder.is_dir() {
        return None;
    }
    let shelf = FolderShelf::open(folder, SledSettings::default()).ok()?;
    let Ok(Current::Ready(store)) = shelf.current() else { return None };
    let row = store.get(table(Family::Checkpoint), &[]).ok()??;
    postcard::from_bytes(&row).ok()
}

/// Reads an archive to its end and goes over its ledger.
fn archive(file: &Path, findings: &mut Findings) -> Result<Vec<String>, Failure> {
    let opened = File::open(file).or_failed_to(Exit::Usage, format!("open {}", file.display()))?;
    match whole(&mut ArchiveReader::new(BufReader::new(opened)), findings) {
        Ok(Some(foot)) => Ok(vec![
            format!("ledger: {} entries, last digest {}", foot.ledger_last, foot.ledger_hash),
            format!("intake: records up to {}, decided up to {}", foot.intake_last, foot.decided),
        ]),
        Ok(None) => Ok(Vec::new()),
        Err(error) => {
            findings.add(error);
            Ok(Vec::new())
        }
    }
}

/// Goes over all lines of an archive; its foot, compared with what was found.
fn whole<R: std::io::BufRead>(
    reader: &mut ArchiveReader<R>,
    findings: &mut Findings,
) -> Result<Option<Foot>, super::form::FormError> {
    let mut walk: Option<Walk> = None;
    let mut foot = None;
    while let Some(line) = reader.line()? {
        match line {
            Line::Head(head) => walk = Some(Walk::new(head.tenant)),
            Line::Ledger(kept) => {
                let place = kept.seq;
                match (kept.record(), &mut walk) {
                    (Ok(record), Some(walk)) => {
                        walk.step(&record).into_iter().for_each(|it| findings.add(it));
                    }
                    (Err(reason), _) => findings.add(format!("read the body of entry {place}: {reason}")),
                    (Ok(_), None) => {}
                }
            }
            Line::Intake(_) => {}
            Line::Foot(it) => foot = Some(it),
        }
    }
    if let (Some(foot), Some(walk)) = (&foot, &walk)
        && (walk.chain.seq, walk.chain.hash, walk.decided)
            != (foot.ledger_last, foot.ledger_hash, foot.decided)
    {
        findings.add("find in the archive what its foot says: entries are missing or others");
    }
    Ok(foot)
}
