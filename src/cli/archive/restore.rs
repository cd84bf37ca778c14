//! `duban restore`: brings a tenant's streams back from an archive, into an empty
//! broker.
//!
//! The ledger comes back byte for byte at the same places. The intake begins
//! after the last record that the ledger has decided, so that no place is ever
//! used twice; records that nobody had decided follow there.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::form::{Foot, Line, Reader};
use super::streams::{BrokerArgs, Kind, held};
use super::walk::Walk;
use crate::cli::exit::{Ended, Exit, Failure, OrExit as _};
use crate::cli::output::Output;
use crate::cli::service::of_log;
use crate::id::{Seq, TenantId};
use crate::nats::{Broker, LogSettings, NatsLog};
use crate::port::log::{AppendError, Log as _, MOST_IN_APPEND, NewRecord};
use crate::port::record::Record;

/// How many bytes one append carries at most, so that a batch of large entries
/// does not overrun the broker's answer time.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// How often an append whose outcome is unknown is repeated; under its fence that
/// is always safe.
const MOST_TRIES: u32 = 10;

/// What to bring back, and where to.
#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    broker: BrokerArgs,
    /// The archive
    #[arg(long = "from", value_name = "FILE")]
    from: PathBuf,
    /// How many servers keep each stream: 1, 3 or 5
    #[arg(long, default_value_t = 1, value_name = "N")]
    replicas: usize,
}

/// Runs the command. The archive is checked whole before anything is written.
///
/// # Errors
/// [`Failure`] when the archive is damaged, the streams are not empty, or the
/// broker fails; a restoration that broke off is gone on with by the same command.
pub async fn run(args: &RestoreArgs) -> Ended {
    let tenant = &args.broker.tenant;
    let foot = checked(&args.from, tenant)?;
    let broker = args.broker.connect().await?;
    let begins = foot.decided.next();
    must_fit(&broker, tenant, &foot).await?;
    let kept = LogSettings { replicas: args.replicas, ..LogSettings::default() };
    let ledger = broker.ledger(tenant, &kept).await.map_err(of_log)?;
    let first = (begins > Seq(1)).then_some(begins);
    let intake = broker.intake(tenant, &LogSettings { first, ..kept }).await.map_err(of_log)?;
    let mut lines = reader(&args.from)?;
    let mut ledger = Appender::new(ledger).await?;
    let mut intake = Appender::new(intake).await?;
    while let Some(line) = lines.line().or_exit(Exit::Stopped)? {
        match line {
            Line::Ledger(kept) => ledger.add(unpacked(kept)?).await?,
            Line::Intake(kept) if kept.seq >= begins => intake.add(unpacked(kept)?).await?,
            Line::Intake(_) | Line::Head(_) | Line::Foot(_) => {}
        }
    }
    let (entries, waiting) = (ledger.finish().await?, intake.finish().await?);
    let undecided = waiting.0.saturating_sub(foot.decided.0);
    let mut output = Output::open();
    output.line(format!("{tenant}: the ledger is back up to {entries}, digest {}", foot.ledger_hash))?;
    output.line(format!(
        "{tenant}: the intake goes on from {begins}; {undecided} records wait to be decided"
    ))?;
    if undecided > 0 {
        output.line("They count as recorded now: their first recorded instants are in the archive.")?;
    }
    output.finish()?;
    Ok(Exit::Done)
}

fn reader(file: &Path) -> Result<Reader<BufReader<File>>, Failure> {
    let opened = File::open(file).or_failed_to(Exit::Usage, format!("open {}", file.display()))?;
    Ok(Reader::new(BufReader::with_capacity(256 * 1024, opened)))
}

fn unpacked(kept: super::form::Kept) -> Result<Record, Failure> {
    let place = kept.seq;
    kept.record()
        .map_err(|reason| Failure::new(Exit::Stopped, format!("read the body of record {place}: {reason}")))
}

/// The foot of a whole archive of this tenant.
fn checked(file: &Path, tenant: &TenantId) -> Result<Foot, Failure> {
    let mut lines = reader(file)?;
    let mut walk = Walk::new(tenant.clone());
    let mut foot = None;
    while let Some(line) = lines.line().or_exit(Exit::Stopped)? {
        match line {
            Line::Head(head) if head.tenant != *tenant => {
                let words = format!("restore {tenant} from {}: it is of {}", file.display(), head.tenant);
                return Err(Failure::new(Exit::Usage, words));
            }
            Line::Head(_) | Line::Intake(_) => {}
            Line::Ledger(kept) => {
                if let Some(fault) = walk.step(&unpacked(kept)?).into_iter().next() {
                    return Err(Failure { exit: Exit::Stopped, error: fault.into() });
                }
            }
            Line::Foot(it) => foot = Some(it),
        }
    }
    let found = (walk.chain.seq, walk.chain.hash, walk.decided);
    let foot = foot.filter(|foot| found == (foot.ledger_last, foot.ledger_hash, foot.decided));
    foot.ok_or_else(|| Failure::new(Exit::Stopped, "find in the archive what its foot says"))
}

/// Streams that hold anything else than the beginning of this archive are left alone.
async fn must_fit(broker: &Broker, tenant: &TenantId, foot: &Foot) -> Result<(), Failure> {
    let refused = |words: String| Err(Failure::new(Exit::Refused, words));
    if let Some(ledger) = held(broker, tenant, Kind::Ledger).await?
        && ledger.last > foot.ledger_last
    {
        let words = format!("restore into the ledger of {tenant}: it holds {} entries already", ledger.last);
        return refused(words);
    }
    if let Some(intake) = held(broker, tenant, Kind::Intake).await?
        && (intake.begins != foot.decided.next() || intake.last > foot.intake_last)
    {
        let words = format!(
            "restore into the intake of {tenant}: it begins at {} and ends at {}, but must begin at {}; delete \
             the stream if nothing of it is needed",
            intake.begins,
            intake.last,
            foot.decided.next()
        );
        return refused(words);
    }
    Ok(())
}

/// Appends records at their own places, in fenced batches.
struct Appender {
    log: NatsLog,
    /// What the log held at first, from an attempt that broke off.
    held: Seq,
    fence: Seq,
    batch: Vec<NewRecord>,
    bytes: usize,
}

impl Appender {
    async fn new(log: NatsLog) -> Result<Self, Failure> {
        let held = log.last().await.map_err(of_log)?;
        Ok(Self { log, held, fence: held, batch: Vec::new(), bytes: 0 })
    }

    async fn add(&mut self, record: Record) -> Result<(), Failure> {
        if record.seq <= self.held {
            return self.compare(&record).await;
        }
        let expected = Seq(self.fence.0 + self.batch.len() as u64).next();
        if record.seq != expected {
            let words = format!("put record {} at its place: the log goes on at {expected}", record.seq);
            return Err(Failure::new(Exit::Stopped, words));
        }
        let Record { subject, headers, body, .. } = record;
        let record = NewRecord { subject, headers, body };
        self.bytes += record.size();
        self.batch.push(record);
        if self.batch.len() == MOST_IN_APPEND || self.bytes >= MOST_BYTES {
            self.send().await?;
        }
        Ok(())
    }

    /// What is there from an attempt that broke off must be this archive's.
    async fn compare(&self, record: &Record) -> Result<(), Failure> {
        let there = self.log.get(record.seq).await.map_err(of_log)?;
        if there.is_some_and(|there| there.body == record.body && there.subject == record.subject) {
            return Ok(());
        }
        let words = format!("restore into {}: record {} there is another one", self.log.name(), record.seq);
        Err(Failure::new(Exit::Refused, words))
    }

    async fn send(&mut self) -> Result<(), Failure> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        let mut tries = 0;
        loop {
            tries += 1;
            match self.log.append(batch.clone(), Some(self.fence)).await {
                Ok(last) => {
                    self.fence = last;
                    return Ok(());
                }
                Err(AppendError::Unknown { .. } | AppendError::Log(_)) if tries < MOST_TRIES => {}
                Err(error) => return Err(Failure { exit: Exit::Unreachable, error: error.into() }),
            }
        }
    }

    /// Sends what is left; the last place of the log.
    async fn finish(mut self) -> Result<Seq, Failure> {
        self.send().await?;
        Ok(self.fence)
    }
}
