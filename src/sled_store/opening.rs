//! Opens a sled folder and finds out whether its rows are those of some step.
//!
//! It changes no row and repairs nothing: what is not whole is reported, and made
//! again from the ledger by whoever asked.

use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use sled::{Db, Tree};

use super::guard::{guarded, panic_text};
use super::leaf::Reader;
use super::store::SledSettings;
use super::tally::{Tally, of_row};
use super::writes::TALLY_KEY;

/// sled waits for ever for a background thread that died; a store that does not
/// close within this time (a flush of a full cache takes seconds) is left to the
/// end of the process.
const CLOSES_WITHIN: Duration = Duration::from_secs(30);

/// Opens the folder on a thread of its own, because the library panics on some
/// damage, and reports in words why it cannot be used.
pub(super) fn open(folder: &Path, empty: Tally, settings: SledSettings) -> Result<(Db, Tally), String> {
    let folder = folder.to_owned();
    thread::Builder::new()
        .name("store opener".to_owned())
        .spawn(move || open_here(&folder, empty, &settings))
        .map_err(|error| format!("no thread: {error}"))?
        .join()
        .unwrap_or_else(|payload| Err(panic_text(payload.as_ref())))
}

fn open_here(folder: &Path, empty: Tally, settings: &SledSettings) -> Result<(Db, Tally), String> {
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(settings.cache_bytes)
        .flush_every_ms(Some(settings.flush_every_ms.max(1)));
    let db = config.open().map_err(|error| explain(&error))?;
    match guarded(|| check(&db, empty, settings.verify)) {
        Ok(Ok(tally)) => Ok((db, tally)),
        Ok(Err(reason)) | Err(reason) => {
            release(db, folder);
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

/// The tally of a whole store; the inner error says why it is not whole.
fn check(tree: &Tree, empty: Tally, verify: bool) -> sled::Result<Result<Tally, String>> {
    let kept = match tree.get(TALLY_KEY)? {
        None => empty,
        Some(row) => match Tally::decode(&row) {
            Some(tally) => tally,
            None => return Ok(Err("its tally cannot be read".to_owned())),
        },
    };
    if kept.tables != empty.tables {
        return Ok(Err("it was made for other tables".to_owned()));
    }
    if !kept.whole {
        return Ok(Err(format!("it was stopped within step {}", kept.steps)));
    }
    if !verify {
        return Ok(Ok(kept));
    }
    let found = count(tree, Tally { steps: kept.steps, ..empty })?;
    Ok(if found == kept {
        Ok(kept)
    } else {
        Err(format!(
            "it lost or changed rows: step {} left {} rows with digest {:016x}, it holds {} with {:016x}",
            kept.steps, kept.rows, kept.digest, found.rows, found.digest
        ))
    })
}

/// Adds up every row.
fn count(tree: &Tree, mut tally: Tally) -> sled::Result<Tally> {
    for leaf in tree {
        let (stands, bytes) = leaf?;
        if stands == TALLY_KEY {
            continue;
        }
        let mut rows = Reader::new(&bytes);
        while let Some(value) = rows.next()? {
            tally.add(of_row(rows.place(), value));
        }
    }
    Ok(tally)
}

/// Drops the last handle of a database and waits until its folder can be opened
/// again. On a thread of its own: sled flushes and joins its threads then, which
/// may panic, or never end once one of them died.
pub(super) fn release(db: Db, folder: &Path) {
    let (done, closed) = mpsc::channel::<()>();
    let file = folder.join("db");
    let spawned = thread::Builder::new().name("store closer".to_owned()).spawn(move || {
        drop(db);
        wait_for_lock(&file);
        drop(done);
    });
    if spawned.is_ok() {
        // Either way of ending is an end: nothing is left to be told to anyone.
        let _ = closed.recv_timeout(CLOSES_WITHIN);
    }
}

/// sled's pool threads keep the locked file a little longer than its last handle
/// lives, and do not say when they let go, so the lock itself is asked.
fn wait_for_lock(file: &Path) {
    let asked_every = Duration::from_millis(5);
    let Ok(file) = File::open(file) else { return };
    for _ in 0..CLOSES_WITHIN.as_millis() / asked_every.as_millis() {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(asked_every),
            // It is free (and is again when `file` is closed), or cannot be told.
            Ok(()) | Err(TryLockError::Error(_)) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::leaf::{Merged, merge};
    use super::super::writes::{Part, place, prepare};
    use super::*;
    use crate::port::store::{Step, Table};

    const TABLES: [&str; 1] = ["a"];

    fn reopen(folder: &Path, tables: &[&str], verify: bool) -> Result<(Db, Tally), String> {
        open(folder, Tally::empty(tables), SledSettings { verify, ..SledSettings::default() })
    }

    /// A leaf of one row of the first table.
    fn leaf(key: u8, value: &[u8]) -> Vec<u8> {
        let change = (place(Table(0), &[key]), Some(value.to_vec()));
        match merge(&[], &[change], &mut Tally::empty(&TABLES)).expect("rows can be written") {
            Merged::Leaves(mut leaves) => leaves.remove(0).1,
            Merged::Same => unreachable!("a row is more than none"),
        }
    }

    /// A store of one step of ten rows, each a leaf, cut into parts of at most four.
    fn build(folder: &Path, parts: usize) {
        let (db, tally) = reopen(folder, &TABLES, true).expect("an empty folder opens");
        let row = |n: u8| ((Table(0), vec![n]), Some(vec![n; 1100]));
        let step = Step { rows: (0..10).map(row).collect() };
        let ready = prepare(&db, step, tally, (9, 4)).expect("rows can be read");
        let whole: Vec<bool> = ready.iter().map(|part| part.after.whole).collect();
        assert_eq!(whole, [false, false, true]);
        for Part { batch, .. } in ready.into_iter().take(parts) {
            db.apply_batch(batch).expect("rows can be written");
        }
        release(db, folder);
    }

    #[test]
    fn a_store_stopped_within_a_huge_step_does_not_open() {
        for parts in 0..=3 {
            let folder = tempfile::tempdir().expect("a temp folder");
            build(folder.path(), parts);
            match (parts, reopen(folder.path(), &TABLES, true)) {
                (0, Ok((_, tally))) => assert_eq!(tally, Tally::empty(&TABLES)),
                (3, Ok((_, tally))) => assert_eq!((tally.steps, tally.rows), (1, 10)),
                (1 | 2, Err(reason)) => assert_eq!(reason, "it was stopped within step 1"),
                (_, answer) => panic!("after {parts} parts: {answer:?}"),
            }
        }
    }

    #[test]
    fn a_row_lost_or_changed_or_added_behind_its_back_is_found() {
        for damage in 0..3 {
            let folder = tempfile::tempdir().expect("a temp folder");
            build(folder.path(), 3);
            let (db, _) = reopen(folder.path(), &TABLES, true).expect("it is whole");
            match damage {
                0 => db.remove(place(Table(0), &[7])),
                1 => db.insert(place(Table(0), &[7]), leaf(7, &[7, 7, 6])),
                _ => db.insert(place(Table(0), &[77]), leaf(77, &[])),
            }
            .expect("rows can be written");
            release(db, folder.path());
            let reason = reopen(folder.path(), &TABLES, true).expect_err("it is damaged");
            assert!(reason.starts_with("it lost or changed rows: step 1 left 10 rows"), "{reason}");
            reopen(folder.path(), &TABLES, false).expect("nobody looks");
        }
    }

    #[test]
    fn a_store_of_other_tables_does_not_open() {
        let folder = tempfile::tempdir().expect("a temp folder");
        build(folder.path(), 3);
        let reason = reopen(folder.path(), &["b"], true).expect_err("the names differ");
        assert_eq!(reason, "it was made for other tables");
    }
}
