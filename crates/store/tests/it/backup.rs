//! A backup taken while others write is a whole store: everything up to one moment, nothing after
//! it.

use std::sync::atomic::{AtomicBool, Ordering};

use segue_core::{Listen, Record};
use segue_store::{Store, StoreError};

use crate::fixtures::{import, listener, scrobble, track};
use crate::models::register;

#[test]
fn a_backup_taken_while_a_writer_writes_is_a_prefix_of_the_log_and_opens_as_a_library() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("library");
    let song = track("song");
    let row = |i: i64| scrobble("ann", &song, i);
    let batch = |from: i64| (from..from + 10).map(row).collect::<Vec<Listen>>();
    let mut store = Store::open(&library).unwrap();
    store.add_tracks(std::slice::from_ref(&song)).unwrap();
    store.append_listens(&batch(0)).unwrap();
    register(&mut store, "v1", &[listener("ann")]).unwrap();
    let friendship = Record::Friendship { listener: listener("ann"), friend: listener("bob") };
    import(&mut store, "friends", &[friendship]);

    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut writer = Store::open(&library).unwrap();
            let mut from = 10;
            while !stop.load(Ordering::Relaxed) {
                writer.append_listens(&batch(from)).unwrap();
                from += 10;
            }
        });
        let mut copied = 0;
        for round in 0..5 {
            let to = folder.path().join(format!("backup {round}"));
            store.backup(&to).unwrap();
            let restored = Store::open(&to).unwrap();
            let listens = restored.all_listens(&listener("ann")).unwrap();
            assert!(listens.len() >= copied && listens.len().is_multiple_of(10));
            assert_eq!(listens, (0..listens.len() as i64).map(row).collect::<Vec<_>>());
            copied = listens.len();
            assert_eq!(restored.friends(&listener("ann")).unwrap(), [listener("bob")]);
            let weights = restored.model_files("v1").unwrap().weights;
            assert_eq!(std::fs::read(weights).unwrap(), b"weights of v1");
        }
        stop.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_restored_backup_takes_new_rows() {
    let folder = tempfile::tempdir().unwrap();
    let song = track("song");
    let mut store = Store::open(&folder.path().join("library")).unwrap();
    store.add_tracks(std::slice::from_ref(&song)).unwrap();
    store.append_listens(&[scrobble("ann", &song, 0)]).unwrap();
    let to = folder.path().join("backup");
    store.backup(&to).unwrap();
    let mut restored = Store::open(&to).unwrap();
    restored.append_listens(&[scrobble("ann", &song, 500)]).unwrap();
    assert_eq!(restored.all_listens(&listener("ann")).unwrap().len(), 2);
    assert_eq!(store.all_listens(&listener("ann")).unwrap().len(), 1);
}

#[test]
fn a_backup_replaces_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("library")).unwrap();
    let to = folder.path().join("backup");
    store.backup(&to).unwrap();
    assert!(matches!(store.backup(&to), Err(StoreError::BackupExists(_))));
    let in_memory = Store::open_in_memory().unwrap();
    assert!(matches!(
        in_memory.backup(&folder.path().join("other")),
        Err(StoreError::NeedsFolder(_))
    ));
}

#[test]
fn a_backup_holds_the_uploads_that_wait() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("library")).unwrap();
    let uploads = folder.path().join("library/uploads");
    std::fs::create_dir_all(uploads.join("1.upload")).unwrap();
    std::fs::write(uploads.join("1.upload/export.zip"), b"rows of ann").unwrap();
    std::fs::write(uploads.join("1.json"), br#"{"listener":"ann"}"#).unwrap();
    store.backup(&folder.path().join("copy")).unwrap();
    let copied = |name: &str| std::fs::read(folder.path().join("copy/uploads").join(name)).unwrap();
    assert_eq!(copied("1.upload/export.zip"), b"rows of ann");
    assert_eq!(copied("1.json"), br#"{"listener":"ann"}"#);
}
