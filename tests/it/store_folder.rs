//! A tenant's data folder always tells which rows are in use, or why none are.

use std::fs;
use std::path::Path;

use duban::port::store::Store as _;
use duban::sled_store::{Folder, FolderError, NotCurrent, SledSettings, SledStore};

use crate::store_contract::open;
use crate::store_steps::{TABLES, assert_consistent, step};

fn folder(path: &Path, version: u32) -> Folder {
    Folder::open(path, version).expect("the folder can be taken")
}

/// Builds rows of one step and puts them to use.
fn build(folder: &Folder) -> SledStore {
    let built = folder.begin().expect("a build can begin");
    let store = open(built.path());
    store.commit(step(1)).expect("commit");
    store.flush().expect("flush");
    folder.switch(&built).expect("the pointer can be written");
    store
}

fn builds(path: &Path) -> Vec<String> {
    let names = fs::read_dir(path).expect("read the folder");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry.expect("read the folder").file_name().to_string_lossy().into_owned()
    };
    let mut names: Vec<String> = names.map(name).collect();
    names.retain(|name| name.contains('-'));
    names.sort();
    names
}

#[test]
fn a_finished_build_is_found_again() {
    let data = tempfile::tempdir().expect("a temp folder");
    let here = folder(data.path(), 3);
    assert!(matches!(here.current(), Err(NotCurrent::Missing)));
    drop(build(&here));
    drop(here);
    let here = folder(data.path(), 3);
    let store = here.open_current(&TABLES, SledSettings::default()).expect("rows are in use");
    assert_eq!(assert_consistent(&store).expect("read"), 1);
    assert_eq!(here.half_built().expect("read"), None);
}

#[test]
fn an_interrupted_build_is_not_in_use_but_can_be_resumed() {
    let data = tempfile::tempdir().expect("a temp folder");
    let here = folder(data.path(), 3);
    let first = here.begin().expect("begin");
    let second = here.begin().expect("begin");
    assert!(matches!(here.current(), Err(NotCurrent::Missing)));
    assert_eq!(here.half_built().expect("read"), Some(second.clone()));
    assert_eq!(here.sweep().expect("sweep"), 1);
    assert!(!first.path().exists() && second.path().exists());
    here.discard(&second).expect("discard");
    assert_eq!(here.half_built().expect("read"), None);
}

#[test]
fn a_new_version_is_built_beside_the_old_one_and_then_replaces_it() {
    let data = tempfile::tempdir().expect("a temp folder");
    let old = build(&folder(data.path(), 3));
    let here = folder(data.path(), 4);
    assert!(matches!(here.current(), Err(NotCurrent::OtherVersion { found: 3, wanted: 4 })));
    let new = build(&here);
    assert_eq!(builds(data.path()), ["projection-v3-1", "projection-v4-2"]);
    assert_eq!(assert_consistent(&old).expect("the old rows are still there"), 1);
    drop(old);
    assert_eq!(here.sweep().expect("sweep"), 1);
    assert_eq!(builds(data.path()), ["projection-v4-2"]);
    assert_eq!(assert_consistent(&new).expect("read"), 1);
    assert_eq!(here.current().expect("in use"), data.path().join("projection-v4-2"));
}

#[test]
fn damaged_rows_are_set_aside_and_two_are_kept() {
    let data = tempfile::tempdir().expect("a temp folder");
    let here = folder(data.path(), 3);
    assert_eq!(here.set_aside().expect("nothing to set aside"), None);
    for _ in 0..4 {
        drop(build(&here));
        fs::write(here.current().expect("in use").join("conf"), "garbage of some length").expect("write");
        let error = here.open_current(&TABLES, SledSettings::default()).expect_err("damaged");
        assert!(matches!(error, NotCurrent::Damaged(_)), "{error}");
        let place = here.set_aside().expect("set aside").expect("there were rows");
        assert!(place.join("db").exists());
        assert!(matches!(here.current(), Err(NotCurrent::Missing)));
    }
    assert_eq!(builds(data.path()), ["damaged-3", "damaged-4"]);
}

#[test]
fn a_damaged_pointer_is_not_followed() {
    let data = tempfile::tempdir().expect("a temp folder");
    let here = folder(data.path(), 3);
    drop(build(&here));
    let texts = ["", "projection-v3-1", "projection-v3-01\n", "projection-v3-9\n", "../x\n", "\u{fffd}\n"];
    for text in texts {
        fs::write(data.path().join("current"), text).expect("write");
        let error = here.current().expect_err(text);
        assert!(matches!(error, NotCurrent::Pointer { .. }), "{text:?}: {error}");
        assert_eq!(here.sweep().expect("sweep"), 0, "{text:?}");
        assert_eq!(builds(data.path()), ["projection-v3-1"]);
    }
    assert_eq!(here.set_aside().expect("set aside"), None);
    assert!(matches!(here.current(), Err(NotCurrent::Missing)));
}

#[test]
fn a_pointer_to_an_incomplete_build_is_not_followed() {
    let data = tempfile::tempdir().expect("a temp folder");
    let here = folder(data.path(), 3);
    drop(build(&here));
    fs::remove_file(here.current().expect("in use").join("complete")).expect("remove");
    assert!(matches!(here.current(), Err(NotCurrent::Pointer { .. })));
}

#[test]
fn two_cannot_have_one_folder() {
    let data = tempfile::tempdir().expect("a temp folder");
    let here = folder(data.path(), 3);
    let error = Folder::open(data.path(), 4).expect_err("it is taken");
    assert!(matches!(error, FolderError::InUse { .. }), "{error}");
    drop(here);
    folder(data.path(), 4);
}
