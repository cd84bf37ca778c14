//! What every keeper of accounts and tokens promises, checked in memory and on disk.

use std::sync::Arc;

use duban::files::FileDirectory;
use duban::id::AccountName;
use duban::identity::grant::Grant;
use duban::memory::directory::MemoryDirectory;
use duban::port::directory::{Directories, DirectoryError};
use duban::time::Instant;

fn name(text: &str) -> AccountName {
    AccountName::new(text).expect("an account")
}

fn add(to: &dyn Directories, who: &str) -> Result<(), DirectoryError> {
    to.change(&mut |directory| {
        directory.add_account(&name(who), "hash".into(), vec![Grant::Operator], Instant::from_nanos(0))
    })
}

/// Runs each check on both.
macro_rules! on_both {
    ($($check:ident)*) => {
        mod memory {
            $(#[test] fn $check() { super::$check(std::sync::Arc::new(super::MemoryDirectory::default())); })*
        }
        mod file {
            $(#[test] fn $check() {
                let folder = tempfile::tempdir().expect("a temp folder");
                super::$check(std::sync::Arc::new(super::FileDirectory::new(folder.path().join("identity"))));
            })*
        }
    };
}

on_both! {
    one_that_was_never_changed_is_empty
    a_change_is_seen_once_it_is_made
    a_change_that_fails_changes_nothing
    changes_at_the_same_time_are_all_kept
}

fn one_that_was_never_changed_is_empty(kept: Arc<dyn Directories>) {
    assert!(!kept.read().expect("read").is_set_up());
}

fn a_change_is_seen_once_it_is_made(kept: Arc<dyn Directories>) {
    for who in ["zhang", "li", "wang"] {
        add(&*kept, who).expect("added");
        assert!(kept.read().expect("read").account(&name(who)).is_some(), "{who}");
    }
    kept.change(&mut |directory| directory.remove_account(&name("li"), Instant::from_nanos(1)))
        .expect("removed");
    assert!(kept.read().expect("read").account(&name("li")).is_none());
}

fn a_change_that_fails_changes_nothing(kept: Arc<dyn Directories>) {
    add(&*kept, "zhang").expect("added");
    let before = kept.read().expect("read");
    let failed = kept.change(&mut |directory| {
        directory.remove_account(&name("zhang"), Instant::from_nanos(1))?;
        directory.remove_account(&name("nobody"), Instant::from_nanos(1))
    });
    assert!(matches!(failed, Err(DirectoryError::Change(_))), "{failed:?}");
    assert_eq!(kept.read().expect("read"), before);
    assert!(add(&*kept, "zhang").is_err(), "a name is given once");
}

fn changes_at_the_same_time_are_all_kept(kept: Arc<dyn Directories>) {
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let kept = &kept;
            scope.spawn(move || {
                for number in 0..10 {
                    add(&**kept, &format!("a{writer}-{number}")).expect("added");
                }
            });
        }
    });
    assert_eq!(kept.read().expect("read").accounts.len(), 40);
}

#[test]
fn a_file_is_seen_by_other_processes_and_is_its_owner_s_only() {
    let folder = tempfile::tempdir().expect("a temp folder");
    let (server, command) = (FileDirectory::new(folder.path()), FileDirectory::new(folder.path()));
    assert!(!server.read().expect("read").is_set_up());
    add(&command, "zhang").expect("added");
    assert!(server.read().expect("read").account(&name("zhang")).is_some());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(server.path()).expect("the file").permissions().mode();
        assert_eq!(mode & 0o077, 0, "{mode:o}");
    }
    // What broke off half-way is not in the way of the next change.
    std::fs::write(folder.path().join("directory.json.new"), "{").expect("written");
    add(&command, "li").expect("added");
    assert!(server.read().expect("read").account(&name("li")).is_some());
}

#[test]
fn a_damaged_file_lets_nobody_in_on_a_guess() {
    let folder = tempfile::tempdir().expect("a temp folder");
    let kept = FileDirectory::new(folder.path());
    add(&kept, "zhang").expect("added");
    let text = std::fs::read_to_string(kept.path()).expect("the file");
    for damaged in ["", "{}", &text[..text.len() / 2], &text.replace("\"form\": 1", "\"form\": 2")] {
        std::fs::write(kept.path(), damaged).expect("written");
        let fresh = FileDirectory::new(folder.path());
        for kept in [&kept, &fresh] {
            assert!(matches!(kept.read(), Err(DirectoryError::Away { .. })), "{damaged:?}");
            assert!(
                matches!(add(kept, "li"), Err(DirectoryError::Away { .. })),
                "and nothing is written over it"
            );
        }
    }
}
