//! `duban backup`: a tenant's two streams in one file that tells when it is damaged.

use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::form::{FORM, Foot, Head, Kept, Line, Writer};
use super::streams::{BrokerArgs, Kind, held, open};
use super::walk::Walk;
use crate::cli::exit::{Ended, Exit, Failure, OrExit as _};
use crate::cli::output::Output;
use crate::cli::service::of_log;
use crate::cli::world;
use crate::id::{Seq, Sha};
use crate::nats::NatsLog;
use crate::port::log::{Log as _, MOST_IN_APPEND, Reader as _};
use crate::port::record::Record;

/// How long the broker may take for the next records.
const NEXT_WITHIN: Duration = Duration::from_secs(10);

/// What to keep, and where.
#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    #[command(flatten)]
    broker: BrokerArgs,
    /// The file to write; one that is there is replaced once the new one is whole
    #[arg(long = "to", value_name = "FILE")]
    to: PathBuf,
}

/// Runs the command. The engines may go on meanwhile: what comes later is not in it.
///
/// # Errors
/// [`Failure`] when the ledger is damaged, since its archive would be worthless, or
/// the file cannot be written.
pub async fn run(args: &BackupArgs) -> Ended {
    let mut part = args.to.clone().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    let written = write(args, &part).await;
    match written {
        Ok(foot) => {
            let naming = format!("name the archive {}", args.to.display());
            fs::rename(&part, &args.to).or_failed_to(Exit::Failed, naming)?;
            let mut output = Output::open();
            output.line(format!(
                "{}: {} ledger entries, intake up to {}, digest {}",
                args.to.display(),
                foot.ledger_last,
                foot.intake_last,
                foot.ledger_hash
            ))?;
            output.finish()?;
            Ok(Exit::Done)
        }
        Err(failure) => {
            // What is left of it is of no use; that it may stay harms nobody.
            let _ = fs::remove_file(&part);
            Err(failure)
        }
    }
}

async fn write(args: &BackupArgs, part: &Path) -> Result<Foot, Failure> {
    let tenant = &args.broker.tenant;
    let broker = args.broker.connect().await?;
    // The ledger first: the intake then holds at least what the ledger decided.
    let ledger = held(&broker, tenant, Kind::Ledger).await?;
    let Some(ledger) = ledger.filter(|ledger| ledger.last > Seq::ZERO) else {
        return Err(Failure::new(Exit::Refused, format!("back up the ledger of {tenant}: there is none")));
    };
    let log = open(&broker, tenant, Kind::Ledger, &ledger).await?;
    let file = File::create(part).or_failed_to(Exit::Failed, format!("write {}", part.display()))?;
    let head = Head { form: FORM, tenant: tenant.clone(), made_at: world::now() };
    let mut writer = Writer::begin(BufWriter::with_capacity(256 * 1024, file), head)?;
    let mut walk = Walk::new(tenant.clone());
    copy(&log, Seq::ZERO, ledger.last, &mut |record| {
        if let Some(fault) = walk.step(&record).into_iter().next() {
            return Err(Failure { exit: Exit::Stopped, error: fault.into() });
        }
        Ok(writer.write(&Line::Ledger(Kept::of(record)))?)
    })
    .await?;
    let mut intake_last = walk.decided;
    if let Some(intake) = held(&broker, tenant, Kind::Intake).await? {
        let log = open(&broker, tenant, Kind::Intake, &intake).await?;
        let keep = &mut |record: Record| Ok(writer.write(&Line::Intake(Kept::of(record)))?);
        copy(&log, Seq(intake.begins.0 - 1), intake.last, keep).await?;
        intake_last = intake_last.max(intake.last);
    }
    let foot = foot(&walk, intake_last)?;
    let file = writer.end(&foot)?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(foot)
}

fn foot(walk: &Walk, intake_last: Seq) -> Result<Foot, Failure> {
    let ledger = walk.ledger.ok_or_else(|| Failure::new(Exit::Stopped, "find the identity of the ledger"))?;
    Ok(Foot {
        ledger,
        ledger_last: walk.chain.seq,
        ledger_hash: walk.chain.hash,
        decided: walk.decided,
        intake_last,
        digest: Sha::ZERO,
    })
}

/// Reads a log from after `after` up to `last`.
async fn copy(
    log: &NatsLog,
    after: Seq,
    last: Seq,
    keep: &mut dyn FnMut(Record) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if last <= after {
        return Ok(());
    }
    let mut reader = log.reader(after).await.map_err(of_log)?;
    let mut at = after;
    while at < last {
        let records = reader.next(MOST_IN_APPEND, NEXT_WITHIN).await.map_err(of_log)?;
        if records.is_empty() {
            let words = format!("read {} past {at}: the server gives nothing", log.name());
            return Err(Failure::new(Exit::Unreachable, words));
        }
        for record in records.into_iter().filter(|record| record.seq <= last) {
            at = record.seq;
            keep(record)?;
        }
    }
    Ok(())
}
