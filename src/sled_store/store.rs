//! The store on sled: steps, views and flushing.
//!
//! One sled tree for each table, one transaction for each step. A prefixed tree
//! under `apply_batch` took as long once old rows are read (which the tally
//! needs), and without that kept 1.4 GB of page copies where this keeps 0.15.
//!
//! sled serialises transactions against *all* reads of the process, other
//! databases included, so the size of a step bounds everybody's read latency.

use std::mem;
use std::ops::{Bound, ControlFlow};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use sled::IVec;

use super::gate::{Gate, Pass};
use super::guard::guarded;
use super::opening::{self, OpenTable, Opened};
use super::tally::Tally;
use super::writes::{self, MOST_ROWS_IN_TRANSACTION, Writes};
use crate::port::store::{KeyRange, Rows, Step, Store, StoreError, Table, Visit};

/// How a store uses memory and disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SledSettings {
    /// The page cache, in bytes; sled's own default is a gigabyte. Default 128 MiB.
    pub cache_bytes: u64,
    /// How often sled flushes by itself, in milliseconds. Default 500.
    pub flush_every_ms: u64,
    /// A commit flushes once this many bytes of rows are not yet known to be on
    /// disk, so that the backlog cannot grow without end. Default 16 MiB.
    pub flush_bytes: usize,
    /// Whether opening reads every row to find silent loss (about a second for a
    /// million rows). Default yes.
    pub verify: bool,
}

impl Default for SledSettings {
    fn default() -> Self {
        Self { cache_bytes: 128 << 20, flush_every_ms: 500, flush_bytes: 16 << 20, verify: true }
    }
}

/// Rows in a folder. After the first error every call answers with that error.
#[derive(Debug, Clone)]
pub struct SledStore {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    place: String,
    settings: SledSettings,
    /// `None` only while it is being dropped.
    opened: Option<Opened>,
    gate: Gate,
    writer: Mutex<Writer>,
    /// The first thing that went wrong.
    fault: OnceLock<String>,
}

/// What only the one who commits looks at.
#[derive(Debug)]
struct Writer {
    tally: Tally,
    /// Bytes of rows committed since the last flush.
    unflushed: usize,
}

impl SledStore {
    /// Opens the rows in a folder, or begins there with none.
    ///
    /// The number of a table is its place in `tables`; its name is what is kept,
    /// so the order may change and tables may be added. A name must not begin
    /// with two underscores.
    ///
    /// # Errors
    /// [`StoreError`] when the folder is in use, cannot be read, or does not hold
    /// just the rows of some step.
    pub fn open(folder: &Path, tables: &[&str], settings: SledSettings) -> Result<Self, StoreError> {
        let place = folder.display().to_string();
        match opening::open(folder, tables, &settings) {
            Ok((opened, tally)) => Ok(Self {
                shared: Arc::new(Shared {
                    place,
                    settings,
                    opened: Some(opened),
                    gate: Gate::default(),
                    writer: Mutex::new(Writer { tally, unflushed: 0 }),
                    fault: OnceLock::new(),
                }),
            }),
            Err(reason) => Err(StoreError { place, reason }),
        }
    }

    /// How many rows all tables hold, as of the last step.
    #[must_use]
    pub fn row_count(&self) -> u64 {
        self.shared.writer().tally.rows
    }

    /// The bytes that the folder takes on disk.
    ///
    /// # Errors
    /// [`StoreError`] when the folder cannot be read.
    pub fn disk_bytes(&self) -> Result<u64, StoreError> {
        self.shared.run(|opened| opened.db.size_on_disk())
    }
}

impl Shared {
    fn writer(&self) -> MutexGuard<'_, Writer> {
        // A writer that panicked has set `fault`, and nobody commits after that.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, reason: &str) -> StoreError {
        StoreError { place: self.place.clone(), reason: reason.to_owned() }
    }

    /// Runs the library on a store that is sound so far.
    fn run<T>(&self, work: impl FnOnce(&Opened) -> sled::Result<T>) -> Result<T, StoreError> {
        if let Some(reason) = self.fault.get() {
            return Err(self.error(reason));
        }
        let Some(opened) = &self.opened else { return Err(self.error("it is closed")) };
        guarded(|| work(opened)).map_err(|reason| self.error(self.fault.get_or_init(|| reason)))
    }

    fn table<'a>(&self, opened: &'a Opened, table: Table) -> Result<&'a OpenTable, StoreError> {
        opened
            .tables
            .get(usize::from(table.0))
            .ok_or_else(|| self.error(&format!("it has no table {}", table.0)))
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(opened) = &self.opened else { return Err(self.error("it is closed")) };
        let tree = &self.table(opened, table)?.tree;
        self.run(|_| Ok(tree.get(key)?.map(|value| value.to_vec())))
    }

    fn scan(
        &self,
        table: Table,
        (from, to): KeyRange<'_>,
        backward: bool,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        let Some(opened) = &self.opened else { return Err(self.error("it is closed")) };
        let tree = &self.table(opened, table)?.tree;
        let mut rows = self.run(|_| Ok(tree.range::<IVec, _>((owned(from), owned(to)))))?;
        // Only the library runs guarded: a visitor's panic is the caller's own.
        while let Some((key, value)) =
            self.run(|_| if backward { rows.next_back() } else { rows.next() }.transpose())?
        {
            if visit(&key, &value) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    /// Writes every part of a step while nobody reads.
    fn write(&self, writer: &mut Writer, writes: &Writes) -> Result<(), StoreError> {
        let Some(closed) = self.gate.close() else {
            return Err(self.error("a thread that holds a view cannot commit"));
        };
        let mut tally = Tally { steps: writer.tally.steps + 1, ..writer.tally };
        for (at, part) in writes.parts.iter().enumerate() {
            // Between the transactions of a huge step the tally says so, and a
            // store that was stopped there does not open.
            tally.whole = at + 1 == writes.parts.len();
            tally = self.run(|opened| writes::apply(opened, part, tally))?;
        }
        writer.tally = tally;
        drop(closed);
        Ok(())
    }

    fn flush(&self, writer: &mut Writer) -> Result<(), StoreError> {
        self.run(|opened| opened.db.flush().map(drop))?;
        writer.unflushed = 0;
        Ok(())
    }
}

fn owned(bound: Bound<&[u8]>) -> Bound<IVec> {
    bound.map(IVec::from)
}

impl Drop for Shared {
    fn drop(&mut self) {
        opening::release(mem::take(&mut self.opened));
    }
}

impl Rows for SledStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.view().get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        range: KeyRange<'_>,
        backward: bool,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        self.view().scan(table, range, backward, visit)
    }
}

impl Store for SledStore {
    type View<'a> = SledView<'a>;

    fn view(&self) -> SledView<'_> {
        SledView { shared: &self.shared, _pass: self.shared.gate.pass() }
    }

    fn commit(&self, step: Step) -> Result<(), StoreError> {
        if step.rows.is_empty() {
            return Ok(());
        }
        self.shared.run(|_| Ok(()))?;
        if let (Some(opened), Some(((table, _), _))) = (&self.shared.opened, step.rows.last_key_value()) {
            self.shared.table(opened, *table)?;
        }
        let writes = Writes::of(step, MOST_ROWS_IN_TRANSACTION);
        let mut writer = self.shared.writer();
        self.shared.write(&mut writer, &writes)?;
        writer.unflushed += writes.bytes;
        if writer.unflushed >= self.shared.settings.flush_bytes {
            self.shared.flush(&mut writer)?;
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.shared.flush(&mut self.shared.writer())
    }
}

/// The rows of a [`SledStore`] while no step takes effect. It stays on its thread.
#[derive(Debug)]
pub struct SledView<'a> {
    shared: &'a Shared,
    _pass: Pass<'a>,
}

impl Rows for SledView<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.shared.get(table, key)
    }

    fn scan(
        &self,
        table: Table,
        range: KeyRange<'_>,
        backward: bool,
        visit: &mut Visit<'_>,
    ) -> Result<(), StoreError> {
        self.shared.scan(table, range, backward, visit)
    }
}
