//! What every [`Store`] promises, checked on the memory twin and on sled.

use std::ops::{Bound, ControlFlow};
use std::sync::atomic::{AtomicBool, Ordering};

use duban::memory::store::MemoryStore;
use duban::port::store::{KeyRange, Rows, Step, Store, Table};
use duban::sled_store::{SledSettings, SledStore};

use crate::store_steps::{self as steps, Dice, Model, TABLES};

const ALL: KeyRange<'static> = (Bound::Unbounded, Bound::Unbounded);

/// Runs each check on both stores.
macro_rules! on_both {
    ($($check:ident)*) => {
        mod memory {
            $(#[test] fn $check() { super::$check(&super::MemoryStore::new()); })*
        }
        mod sled {
            $(#[test] fn $check() {
                let folder = tempfile::tempdir().expect("a temp folder");
                super::$check(&super::open(folder.path()));
            })*
        }
    };
}

on_both! {
    a_step_is_seen_once_commit_returns
    tables_do_not_see_each_other
    the_last_write_wins_and_removal_removes
    scans_and_gets_agree_with_a_sorted_map
    a_visitor_stops_the_scan
    a_view_stands_still_while_others_commit
    clones_are_one_store
    a_huge_step_is_one_step
}

pub fn open(folder: &std::path::Path) -> SledStore {
    SledStore::open(folder, &TABLES, SledSettings::default()).expect("the store opens")
}

fn step_of(rows: &[(u8, &[u8], Option<&[u8]>)]) -> Step {
    let row = |&(table, key, value): &(u8, &[u8], Option<&[u8]>)| {
        ((Table(table), key.to_vec()), value.map(<[u8]>::to_vec))
    };
    Step { rows: rows.iter().map(row).collect() }
}

fn get(store: &impl Rows, table: u8, key: &[u8]) -> Option<Vec<u8>> {
    store.get(Table(table), key).expect("get")
}

fn keys(store: &impl Rows, table: u8, range: KeyRange<'_>, backward: bool) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    let visit = &mut |key: &[u8], _: &[u8]| {
        keys.push(key.to_vec());
        ControlFlow::Continue(())
    };
    store.scan(Table(table), range, backward, visit).expect("scan");
    keys
}

fn a_step_is_seen_once_commit_returns(store: &impl Store) {
    assert_eq!(steps::content(store).expect("scan"), Model::new());
    store.commit(Step::default()).expect("commit");
    for n in 1..=50 {
        store.commit(steps::step(n)).expect("commit");
        assert_eq!(steps::assert_consistent(store).expect("read"), n);
    }
    store.flush().expect("flush");
    assert_eq!(steps::assert_consistent(&store.view()).expect("read"), 50);
}

fn tables_do_not_see_each_other(store: &impl Store) {
    store.commit(step_of(&[(0, b"k", Some(b"0")), (1, b"k", Some(b"1"))])).expect("commit");
    store.commit(step_of(&[(0, b"k", None), (2, b"", Some(b"2"))])).expect("commit");
    assert_eq!(get(store, 0, b"k"), None);
    assert_eq!(get(store, 1, b"k"), Some(b"1".to_vec()));
    assert_eq!([0, 1, 2].map(|table| keys(store, table, ALL, false).len()), [0, 1, 1]);
    assert_eq!([0, 1, 2].map(|table| keys(store, table, ALL, true).len()), [0, 1, 1]);
}

fn the_last_write_wins_and_removal_removes(store: &impl Store) {
    let mut step = step_of(&[(0, b"a", Some(b"first")), (0, b"b", Some(b""))]);
    step.rows.insert((Table(0), b"a".to_vec()), Some(b"second".to_vec()));
    store.commit(step).expect("commit");
    assert_eq!(get(store, 0, b"a"), Some(b"second".to_vec()));
    assert_eq!(get(store, 0, b"b"), Some(Vec::new()));
    store.commit(step_of(&[(0, b"b", None), (0, b"never there", None)])).expect("commit");
    assert_eq!(get(store, 0, b"b"), None);
    assert_eq!(keys(store, 0, ALL, false), [b"a".to_vec()]);
}

/// Keys of few different bytes, so that many are prefixes of others, that bounds
/// often hit a key, and that the empty key and the highest byte occur.
fn any_key(dice: &mut Dice) -> Vec<u8> {
    let length = dice.throw(4);
    (0..length).map(|_| [0, 1, 0x7f, 0xff][usize::try_from(dice.throw(4)).expect("fits")]).collect()
}

fn any_bound<'a>(dice: &mut Dice, key: &'a [u8]) -> Bound<&'a [u8]> {
    match dice.throw(3) {
        0 => Bound::Unbounded,
        1 => Bound::Included(key),
        _ => Bound::Excluded(key),
    }
}

fn scans_and_gets_agree_with_a_sorted_map(store: &impl Store) {
    let (mut dice, mut model) = (Dice::new(7), Model::new());
    for round in 0..150_u8 {
        let mut step = Step::default();
        for _ in 0..dice.throw(8) {
            let value = (dice.throw(3) > 0).then(|| vec![round]);
            step.rows.insert((Table(1), any_key(&mut dice)), value);
        }
        steps::apply(&mut model, step.clone());
        store.commit(step).expect("commit");
        for _ in 0..8 {
            let (low, high) = (any_key(&mut dice), any_key(&mut dice));
            let range = (any_bound(&mut dice, &low), any_bound(&mut dice, &high));
            let inside = |key: &&Vec<u8>| std::ops::RangeBounds::<[u8]>::contains(&range, key.as_slice());
            let mut expected: Vec<_> = model.keys().map(|(_, key)| key).filter(inside).cloned().collect();
            assert_eq!(keys(store, 1, range, false), expected, "{range:?}");
            expected.reverse();
            assert_eq!(keys(store, 1, range, true), expected, "{range:?} backward");
            assert_eq!(get(store, 1, &low), model.get(&(Table(1), low.clone())).cloned());
        }
    }
}

fn a_visitor_stops_the_scan(store: &impl Store) {
    for n in 1..=3 {
        store.commit(steps::step(n)).expect("commit");
    }
    for backward in [false, true] {
        let mut seen = Vec::new();
        let visit = &mut |key: &[u8], _: &[u8]| {
            seen.push(key.to_vec());
            if seen.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        store.scan(Table(0), ALL, backward, visit).expect("scan");
        assert_eq!(seen, keys(store, 0, ALL, backward)[..3]);
    }
}

fn a_view_stands_still_while_others_commit(store: &impl Store) {
    const VIEWS: usize = 100;
    store.commit(steps::step(1)).expect("commit");
    let done = AtomicBool::new(false);
    let committed = std::thread::scope(|scope| {
        let committer = scope.spawn(|| {
            let mut n = 1;
            // It ends because it cannot shut the readers out.
            while !done.load(Ordering::SeqCst) {
                n += 1;
                store.commit(steps::step(n)).expect("commit");
            }
            n
        });
        let reader = |()| {
            scope.spawn(|| {
                let mut seen = 0;
                for _ in 0..VIEWS {
                    let view = store.view();
                    let before = steps::content(&view).expect("scan");
                    let at = steps::checkpoint(&view).expect("get");
                    assert!(at >= seen, "a view went back in time");
                    std::thread::yield_now();
                    assert_eq!(steps::content(&view).expect("scan"), before);
                    assert_eq!(steps::checkpoint(&view).expect("get"), at);
                    seen = at;
                }
            })
        };
        let readers = [(), ()].map(reader);
        for reader in readers {
            reader.join().expect("the reader's assertions hold");
        }
        done.store(true, Ordering::SeqCst);
        committer.join().expect("the committer ends")
    });
    assert!(committed > 1, "the readers shut the committer out");
    assert_eq!(steps::assert_consistent(store).expect("read"), committed);
}

fn clones_are_one_store(store: &impl Store) {
    store.clone().commit(steps::step(1)).expect("commit");
    assert_eq!(steps::assert_consistent(store).expect("read"), 1);
}

fn a_huge_step_is_one_step(store: &impl Store) {
    const ROWS: u32 = 40_000;
    let row = |n: u32, value: &[u8]| ((Table(1), n.to_be_bytes().to_vec()), Some(value.to_vec()));
    let step = |value: &[u8]| Step { rows: (0..ROWS).map(|n| row(n, value)).collect() };
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            store.commit(step(b"one")).expect("commit");
            store.commit(step(b"two")).expect("commit");
        });
        while !writer.is_finished() {
            let view = store.view();
            let (first, last) = (get(&view, 1, &[0; 4]), get(&view, 1, &(ROWS - 1).to_be_bytes()));
            assert_eq!(first, last, "a view saw part of a step");
        }
    });
    assert_eq!(keys(store, 1, ALL, false).len(), usize::try_from(ROWS).expect("fits"));
    assert_eq!(get(store, 1, &[0; 4]), Some(b"two".to_vec()));
}

#[test]
fn on_sled_a_thread_with_a_view_reads_again_and_is_refused_to_write() {
    let folder = tempfile::tempdir().expect("a temp folder");
    let store = open(folder.path());
    std::thread::scope(|scope| {
        let view = store.view();
        let writer = scope.spawn(|| store.commit(steps::step(1)).expect("commit"));
        // Were these to wait for the writer, all would wait for ever.
        for _ in 0..1000 {
            assert_eq!(steps::checkpoint(&store).expect("get"), 0);
            assert!(store.commit(steps::step(1)).is_err() && store.flush().is_err());
            assert_eq!(store.row_count(), 0);
        }
        assert!(!writer.is_finished());
        drop(view);
    });
    assert_eq!(steps::assert_consistent(&store).expect("read"), 1);
    assert_eq!(store.row_count(), steps::model_after(1).len() as u64);
}

#[test]
fn on_sled_an_unknown_table_is_refused_and_harms_nothing() {
    let folder = tempfile::tempdir().expect("a temp folder");
    let store = open(folder.path());
    for table in [3, u8::MAX] {
        let step = step_of(&[(0, b"k", Some(b"v")), (table, b"k", Some(b"v"))]);
        assert!(store.commit(step).is_err());
        assert!(store.get(Table(table), b"").is_err());
    }
    assert_eq!(get(&store, 0, b"k"), None);
    store.commit(steps::step(1)).expect("commit");
}
