//! Opens a sled folder and finds out whether its rows are those of some step.
//!
//! It changes no row and repairs nothing: what is not whole is reported, and made
//! again from the ledger by whoever asked.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use sled::{Db, Tree};

use super::guard::{guarded, panic_text};
use super::store::SledSettings;
use super::tally::{Tally, of_row, of_table};

/// The tree of the tally; no table may be called so.
const TALLY_TREE: &str = "__tally";
/// The key of the only row of that tree.
pub(super) const TALLY_KEY: &[u8] = b"tally";
/// sled waits for ever for a background thread that died; a store that does not
/// close within this time (a flush of a full cache takes seconds) is left to the
/// end of the process.
const CLOSES_WITHIN: Duration = Duration::from_secs(30);

/// One table of an open store.
#[derive(Debug, Clone)]
pub(super) struct OpenTable {
    pub tree: Tree,
    /// What sets its rows' digests apart.
    pub seed: u64,
}

/// An open database.
#[derive(Debug, Clone)]
pub(super) struct Opened {
    pub db: Db,
    pub tables: Vec<OpenTable>,
    pub tally: Tree,
}

/// Opens the folder on a thread of its own, because the library panics on some
/// damage, and reports in words why it cannot be used.
pub(super) fn open(
    folder: &Path,
    tables: &[&str],
    settings: &SledSettings,
) -> Result<(Opened, Tally), String> {
    if let Some(name) = tables.iter().find(|name| name.starts_with("__")) {
        return Err(format!("a table cannot be called {name}"));
    }
    let folder: PathBuf = folder.to_owned();
    let tables: Vec<String> = tables.iter().map(|&name| name.to_owned()).collect();
    let settings = settings.clone();
    thread::Builder::new()
        .name("store opener".to_owned())
        .spawn(move || open_here(&folder, &tables, &settings))
        .map_err(|error| format!("no thread: {error}"))?
        .join()
        .unwrap_or_else(|payload| Err(panic_text(payload.as_ref())))
}

fn open_here(folder: &Path, tables: &[String], settings: &SledSettings) -> Result<(Opened, Tally), String> {
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(settings.cache_bytes)
        .flush_every_ms(Some(settings.flush_every_ms.max(1)));
    let db = config.open().map_err(|error| explain(&error))?;
    let opened = match guarded(|| trees(&db, tables)) {
        Ok(opened) => opened,
        Err(reason) => {
            release(db);
            return Err(reason);
        }
    };
    match guarded(|| check(&opened, settings.verify)) {
        Ok(Ok(tally)) => Ok((opened, tally)),
        Ok(Err(reason)) | Err(reason) => {
            drop(db);
            release(opened);
            Err(reason)
        }
    }
}

/// sled's message for a folder in use names neither the cause nor the remedy.
fn explain(error: &sled::Error) -> String {
    let text = error.to_string();
    if text.contains("could not acquire lock") {
        "another process, or another part of this one, has it open".to_owned()
    } else {
        text
    }
}

fn trees(db: &Db, tables: &[String]) -> sled::Result<Opened> {
    let open_table =
        |name: &String| Ok(OpenTable { tree: db.open_tree(name)?, seed: of_table(name.as_bytes()) });
    Ok(Opened {
        db: db.clone(),
        tables: tables.iter().map(open_table).collect::<sled::Result<_>>()?,
        tally: db.open_tree(TALLY_TREE)?,
    })
}

/// The tally of a whole store; the inner error says why it is not whole.
fn check(opened: &Opened, verify: bool) -> sled::Result<Result<Tally, String>> {
    let kept = match opened.tally.get(TALLY_KEY)? {
        None => Tally::EMPTY,
        Some(row) => match Tally::decode(&row) {
            Some(tally) => tally,
            None => return Ok(Err("its tally cannot be read".to_owned())),
        },
    };
    if !kept.whole {
        return Ok(Err(format!("it was stopped within step {}", kept.steps)));
    }
    if !verify {
        return Ok(Ok(kept));
    }
    let found = count(&opened.db, kept.steps)?;
    Ok(if found == kept {
        Ok(kept)
    } else {
        Err(format!(
            "it lost or changed rows: step {} left {} rows with digest {:016x}, it holds {} with {:016x}",
            kept.steps, kept.rows, kept.digest, found.rows, found.digest
        ))
    })
}

/// Reads every row of every table, those that are no longer asked for included.
fn count(db: &Db, steps: u64) -> sled::Result<Tally> {
    let mut tally = Tally { steps, ..Tally::EMPTY };
    for name in db.tree_names() {
        if name.as_ref() == TALLY_TREE.as_bytes() {
            continue;
        }
        let seed = of_table(&name);
        for row in &db.open_tree(&name)? {
            let (key, value) = row?;
            tally.add(of_row(seed, &key, &value));
        }
    }
    Ok(tally)
}

/// Drops the last handles of a database, on a thread of its own: sled flushes and
/// joins its threads then, which may panic, or never end once one of them died.
pub(super) fn release<T: Send + 'static>(handles: T) {
    let (done, closed) = mpsc::channel::<()>();
    let closer = thread::Builder::new().name("store closer".to_owned()).spawn(move || {
        drop(handles);
        drop(done);
    });
    if closer.is_ok() {
        // Either way of ending is an end: nothing is left to be told to anyone.
        let _ = closed.recv_timeout(CLOSES_WITHIN);
    }
}
