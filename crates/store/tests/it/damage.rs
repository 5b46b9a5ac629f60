//! Files that are no store of ours are refused with an error that says so.

use std::fs;
use std::path::Path;

use rusqlite::Connection;
use segue_store::{Store, StoreError};
use tempfile::TempDir;

use crate::fixtures::{import, listener, played, stream, track};

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
    assert!(matches!(error, StoreError::NewerSchema { found: 99, supported: 8, .. }), "{error}");
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
