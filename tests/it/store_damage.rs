//! A damaged folder opens with an error, or with the rows of some step; it never
//! panics through, never hangs, and never shows rows of no step.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use duban::port::store::{Store as _, StoreError};
use duban::sled_store::{SledSettings, SledStore};

use crate::store_contract::open;
use crate::store_steps::{Dice, TABLES, assert_consistent, step};

const STEPS: u64 = 160;
/// Each takes some 50 ms.
const DAMAGES: u64 = 120;

#[test]
fn a_damaged_folder_is_found_out_or_holds_whole_steps() {
    let whole = tempfile::tempdir().expect("a temp folder");
    build(whole.path());
    let (mut refused, mut opened) = (0, 0);
    for seed in 0..DAMAGES {
        let copy = tempfile::tempdir().expect("a temp folder");
        copy_folder(whole.path(), copy.path());
        let what = damage(copy.path(), &mut Dice::new(seed));
        match use_it(copy.path()) {
            Ok(seen) => {
                assert!(seen <= STEPS + 1, "damage {seed}, {what}");
                opened += 1;
            }
            Err(error) => {
                assert!(!error.reason.is_empty(), "damage {seed}, {what}");
                refused += 1;
            }
        }
    }
    // Were it always one of the two, the damages would not be worth their time.
    assert!(refused > 10 && opened > 10, "{refused} refused, {opened} opened");
}

#[test]
fn a_folder_in_use_says_so() {
    let folder = tempfile::tempdir().expect("a temp folder");
    let store = open(folder.path());
    let error =
        SledStore::open(folder.path(), &TABLES, SledSettings::default()).expect_err("the folder is in use");
    assert!(error.reason.contains("has it open"), "{error}");
    drop(store);
    open(folder.path());
}

#[test]
fn a_closed_folder_opens_again_at_once() {
    let folder = tempfile::tempdir().expect("a temp folder");
    for n in 1..=20 {
        let store = open(folder.path());
        for n in n * 10..n * 10 + 10 {
            store.commit(step(n)).expect("commit");
        }
    }
}

/// Half of the steps are behind sled's snapshot, half are in its log only.
fn build(folder: &Path) {
    for half in [1..=STEPS / 2, STEPS / 2 + 1..=STEPS] {
        let store = open(folder);
        for n in half {
            store.commit(step(n)).expect("commit");
        }
    }
}

/// Opens, reads everything, commits, closes, opens and reads again.
fn use_it(folder: &Path) -> Result<u64, StoreError> {
    let open = || SledStore::open(folder, &TABLES, SledSettings::default());
    let store = open()?;
    let seen = assert_consistent(&store)?;
    store.commit(step(seen + 1))?;
    store.flush()?;
    assert_eq!(assert_consistent(&store)?, seen + 1);
    drop(store);
    assert_consistent(&open()?)
}

/// Damages one file in one of the ways that disks and people have; says how.
fn damage(folder: &Path, dice: &mut Dice) -> String {
    let mut files = Vec::new();
    list_files(folder, &mut files);
    files.sort();
    // Most of the bytes are in the log, and so are most of the damages.
    let log = folder.join("db");
    let any = files[usize::try_from(dice.throw(files.len() as u64)).expect("fits")].clone();
    let path = if dice.throw(3) > 0 { log } else { any };
    let length = fs::metadata(&path).expect("it is there").len();
    let at = dice.throw(length.max(1));
    let way = dice.throw(6);
    match way {
        0 => fs::remove_file(&path).expect("remove"),
        1 => open_file(&path).set_len(at).expect("truncate"),
        2 => overwrite(&path, at, |bytes| bytes.fill(0), 4096),
        3 => overwrite(&path, at, |bytes| bytes.fill(0xff), 64),
        _ => overwrite(&path, at, |bytes| bytes.iter_mut().for_each(|byte| *byte ^= 0x10), 1),
    }
    format!("way {way} at {at} of {length} in {}", path.display())
}

fn open_file(path: &Path) -> File {
    File::options().read(true).write(true).open(path).expect("open")
}

fn overwrite(path: &Path, at: u64, change: impl Fn(&mut [u8]), most: u64) {
    let mut file = open_file(path);
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(at)).expect("seek");
    (&file).take(most).read_to_end(&mut bytes).expect("read");
    change(&mut bytes);
    file.seek(SeekFrom::Start(at)).expect("seek");
    file.write_all(&bytes).expect("write");
}

fn list_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("read the folder") {
        let path = entry.expect("read the folder").path();
        if path.is_dir() { list_files(&path, files) } else { files.push(path) }
    }
}

fn copy_folder(from: &Path, to: &Path) {
    let mut files = Vec::new();
    list_files(from, &mut files);
    for file in files {
        let place = to.join(file.strip_prefix(from).expect("it is inside"));
        fs::create_dir_all(place.parent().expect("it has a parent")).expect("make the folder");
        fs::copy(&file, &place).expect("copy");
    }
}
