//! Opening a store to read it changes nothing, and works where nothing can be written.

use std::fs;
use std::path::Path;

use segue_store::Store;

use crate::fixtures::{listener, scrobble, track};

/// Names and contents of all files in a folder.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap_or_default())
        })
        .collect();
    files.sort();
    files
}

fn library_with_a_play() -> tempfile::TempDir {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    store.add_tracks(&[track("song")]).unwrap();
    store.append_listens(&[scrobble("ann", &track("song"), 0)]).unwrap();
    library
}

#[test]
fn reading_sees_everything_and_changes_no_byte() {
    let library = library_with_a_play();
    let before = files(library.path());
    let store = Store::open_to_read(library.path()).unwrap();
    assert_eq!(store.listens(&listener("ann")).unwrap().len(), 1);
    assert_eq!(store.status().unwrap().listens, 1);
    assert_eq!(store.marks().unwrap().listens, 1);
    drop(store);
    // The index of a log comes and goes; an empty log says nothing.
    let mut after = files(library.path());
    after.retain(|(name, content)| !name.ends_with("-shm") && !content.is_empty());
    assert_eq!(before, after);
}

#[test]
fn plays_that_a_writer_would_tidy_are_read_as_they_lie() {
    let library = library_with_a_play();
    let song = track("song");
    let plays: Vec<_> = (1..12_000).map(|n| scrobble("ann", &song, n * 300)).collect();
    Store::open(library.path()).unwrap().append_listens(&plays).unwrap();
    let reader = Store::open_to_read(library.path()).unwrap();
    assert_eq!(reader.listens(&listener("ann")).unwrap().len(), 12_000);
    assert_eq!(reader.status().unwrap().listens, 12_000);
}

#[test]
fn what_another_process_has_written_since_is_read() {
    let library = library_with_a_play();
    let reader = Store::open_to_read(library.path()).unwrap();
    let mut writer = Store::open(library.path()).unwrap();
    writer.append_listens(&[scrobble("ann", &track("song"), 600)]).unwrap();
    assert_eq!(reader.listens(&listener("ann")).unwrap().len(), 2);
    let late = Store::open_to_read(library.path()).unwrap();
    assert_eq!(late.listens(&listener("ann")).unwrap().len(), 2);
}

#[test]
fn a_reader_cannot_write() {
    let (library, crashed) = (library_with_a_play(), after_a_crash());
    for library in [library.path(), crashed.path()] {
        let mut store = Store::open_to_read(library).unwrap();
        let refused = store.add_tracks(&[track("other")]).unwrap_err();
        assert!(refused.is_read_only() && !refused.is_disk_full(), "{refused}");
    }
}

/// A library whose play is in the log alone, as a crash leaves it.
fn after_a_crash() -> tempfile::TempDir {
    let (library, left) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut store = Store::open(library.path()).unwrap();
    store.add_tracks(&[track("song")]).unwrap();
    store.append_listens(&[scrobble("ann", &track("song"), 0)]).unwrap();
    for name in ["segue.db", "segue.db-wal"] {
        fs::copy(library.path().join(name), left.path().join(name)).unwrap();
    }
    left
}

#[test]
fn what_a_crash_left_in_the_log_is_read() {
    let left = after_a_crash();
    let store = Store::open_to_read(left.path()).unwrap();
    assert_eq!(store.listens(&listener("ann")).unwrap().len(), 1);
}

#[cfg(unix)]
#[test]
fn a_new_library_is_nobody_elses_business() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let (library, copy) = (folder.path().join("new/library"), folder.path().join("copy"));
    Store::open(&library).unwrap().backup(&copy).unwrap();
    for path in [&library, &copy] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn a_folder_without_a_store_reads_as_empty_and_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    for library in [folder.path(), &missing] {
        assert_eq!(Store::open_to_read(library).unwrap().status().unwrap().listens, 0);
    }
    assert!(files(folder.path()).is_empty());
}

#[test]
fn a_listener_has_the_time_zone_that_they_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    let (ann, bob) = (listener("ann"), listener("bob"));
    assert!(!store.set_time_zone(&ann, Some("Asia/Tokyo")).unwrap(), "nobody of that name");
    store.add_tracks(&[track("a")]).unwrap();
    let plays = ["ann", "bob"].map(|who| scrobble(who, &track("a"), 0));
    store.append_listens(&plays).unwrap();
    assert_eq!(store.time_zone(&ann).unwrap(), None);
    assert!(store.set_time_zone(&ann, Some("Asia/Tokyo")).unwrap());
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.time_zone(&ann).unwrap().as_deref(), Some("Asia/Tokyo"));
    assert_eq!(store.listener(&ann).unwrap().unwrap().time_zone.as_deref(), Some("Asia/Tokyo"));
    assert_eq!(
        (store.time_zone(&bob).unwrap(), store.listeners().unwrap()[1].time_zone.clone()),
        (None, None)
    );
}
