//! Files that are no store of ours are refused with an error that says so.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use segue_core::{Feedback, FeedbackKind, FeedbackTarget, Source};
use segue_store::{Store, StoreError};
use tempfile::TempDir;

use crate::fixtures::{import, listener, played, scrobble, stream, track};
use crate::histories::Histories;

fn database(library: &Path) -> std::path::PathBuf {
    library.join(Store::DATABASE)
}

/// A closed store with enough plays to fill many pages.
fn store_on_disk() -> TempDir {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    let song = track("song");
    let rows: Vec<_> =
        (0..5000).map(|i| played(stream("ann", &song, i * 300, 200), &song)).collect();
    import(&mut store, "rows", &rows);
    library
}

fn refusal(library: &Path) -> StoreError {
    Store::open(library).map(|_| ()).expect_err("this should not open")
}

#[test]
fn a_newer_schema_is_refused_by_number() {
    let library = store_on_disk();
    Connection::open(database(library.path()))
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let error = refusal(library.path());
    assert!(matches!(error, StoreError::NewerSchema { found: 99, supported: 24, .. }), "{error}");
    assert!(error.to_string().contains("use a newer segue"));
}

#[test]
fn the_database_of_another_program_is_refused_and_left_alone() {
    let library = tempfile::tempdir().unwrap();
    Connection::open(database(library.path()))
        .unwrap()
        .execute_batch("CREATE TABLE notes (note TEXT)")
        .unwrap();
    let before = fs::read(database(library.path())).unwrap();
    assert!(matches!(refusal(library.path()), StoreError::ForeignDatabase { .. }));
    assert!(fs::read(database(library.path())).unwrap() == before, "not a byte has changed");
}

#[test]
fn what_is_no_database_is_damage() {
    let library = tempfile::tempdir().unwrap();
    fs::write(
        database(library.path()),
        "certainly no database, but long enough to hold a header. ".repeat(100),
    )
    .unwrap();
    let error = refusal(library.path());
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
    assert!(error.to_string().contains("restore a backup"));
}

#[test]
fn damaged_pages_are_an_error_and_no_panic() {
    let library = store_on_disk();
    let mut bytes = fs::read(database(library.path())).unwrap();
    let (from, to) = (bytes.len() / 4, bytes.len());
    bytes[from..to].fill(0xA5);
    fs::write(database(library.path()), bytes).unwrap();
    let outcome = Store::open(library.path()).and_then(|store| store.listens(&listener("ann")));
    assert!(matches!(outcome, Err(StoreError::Corrupt { .. })), "{outcome:?}");
}

#[test]
fn a_cut_off_database_is_an_error_and_no_panic() {
    let library = store_on_disk();
    let bytes = fs::read(database(library.path())).unwrap();
    fs::write(database(library.path()), &bytes[..bytes.len() / 2]).unwrap();
    let outcome = Store::open(library.path()).and_then(|store| store.listens(&listener("ann")));
    assert!(matches!(outcome, Err(StoreError::Corrupt { .. })), "{outcome:?}");
}

#[test]
fn a_sound_store_is_read_whole_and_found_sound() {
    let library = store_on_disk();
    let check = Store::open(library.path()).unwrap().check();
    assert_eq!((check.tracks, check.listeners, check.listens), (1, 1, 5_000));
    assert!(check.problems.is_empty(), "{:?}", check.problems);
}

#[test]
fn a_check_finds_pages_that_are_damaged_and_rows_that_point_nowhere() {
    let library = store_on_disk();
    let connection = Connection::open(database(library.path())).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM works;").unwrap();
    drop(connection);
    let check = Store::open_to_read(library.path()).unwrap().check();
    assert!(check.problems.iter().any(|found| found.contains("`works`")), "{:?}", check.problems);

    let library = store_on_disk();
    let mut bytes = fs::read(database(library.path())).unwrap();
    let from = bytes.len() / 2;
    bytes[from..from + 4_096].fill(0xA5);
    fs::write(database(library.path()), bytes).unwrap();
    let check = Store::open_to_read(library.path()).unwrap().check();
    assert!(!check.problems.is_empty());
}

#[test]
fn a_damaged_store_is_not_backed_up() {
    let library = store_on_disk();
    let mut bytes = fs::read(database(library.path())).unwrap();
    let from = bytes.len() / 2;
    bytes[from..from + 4_096].fill(0xA5);
    fs::write(database(library.path()), bytes).unwrap();
    let (folder, store) = (tempfile::tempdir().unwrap(), Store::open_to_read(library.path()));
    let refused = store.unwrap().backup(&folder.path().join("copy"));
    assert!(matches!(refused, Err(StoreError::Corrupt { .. })), "{refused:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left of it");
}

#[test]
fn rows_of_somebody_whom_a_foreign_program_removed_hold_nobody_else_up() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    store.add_tracks(&[track("song")]).unwrap();
    let plays = ["ann", "bob"].map(|who| scrobble(who, &track("song"), 0));
    store.append_listens(&plays).unwrap();
    let liked = |who| Feedback {
        listener: listener(who),
        target: FeedbackTarget::Track(track("song").id),
        kind: FeedbackKind::Like,
        at: None,
        source: Source::Segue,
    };
    store.append_feedback(&["ann", "bob"].map(liked)).unwrap();
    drop(store);
    let foreign = Connection::open(database(library.path())).unwrap();
    foreign.pragma_update(None, "foreign_keys", false).unwrap();
    foreign.execute("DELETE FROM listeners WHERE name = 'bob'", []).unwrap();
    drop(foreign);

    let store = Store::open(library.path()).unwrap();
    let histories = Histories::read(&store);
    let [ann] = &histories[..] else { panic!("{histories:?}") };
    assert_eq!((ann.listener.as_str(), ann.listens.len(), ann.feedback.len()), ("ann", 1, 1));
}
