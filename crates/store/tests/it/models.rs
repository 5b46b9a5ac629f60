//! The registry: atomic activation, rollback, nothing left behind by a crash.

use std::fs;
use std::path::Path;

use segue_core::ListenerId;
use segue_store::{NewModel, Store, StoreError};

use crate::fixtures::{at, listener};

pub(crate) fn register(
    store: &mut Store,
    version: &str,
    listeners: &[ListenerId],
) -> Result<(), StoreError> {
    let weights = format!("weights of {version}");
    let card = format!("{{\"version\":\"{version}\"}}");
    store.register_model(&NewModel {
        version,
        kind: "likability",
        created_at: at(0),
        card: &card,
        weights: weights.as_bytes(),
        listeners,
        log_end: store.marks()?.log_end(),
        forgotten: store.marks()?.forgotten,
    })
}

fn active(store: &Store) -> Option<String> {
    store.active_model().unwrap().map(|model| model.version)
}

fn folders(library: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(library.join("models"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_latest_model_is_active_and_can_be_rolled_back() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    assert_eq!(active(&store), None);
    register(&mut store, "v1", &[listener("ann")]).unwrap();
    register(&mut store, "v2", &[]).unwrap();
    assert_eq!(active(&store).as_deref(), Some("v2"));
    store.activate("v1").unwrap();
    drop(store);

    let store = Store::open(library.path()).unwrap();
    assert_eq!(active(&store).as_deref(), Some("v1"));
    let models = store.models().unwrap();
    let versions: Vec<_> =
        models.iter().map(|model| (model.version.as_str(), model.active)).collect();
    assert_eq!(versions, [("v1", true), ("v2", false)]);
    assert_eq!(models[0].card, "{\"version\":\"v1\"}");
    let files = store.model_files("v1").unwrap();
    assert_eq!(fs::read(files.weights).unwrap(), b"weights of v1");
    assert_eq!(fs::read(files.card).unwrap(), b"{\"version\":\"v1\"}");
}

#[test]
fn one_model_is_active_whatever_its_kind() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    register(&mut store, "v1", &[]).unwrap();
    let set = NewModel {
        version: "s1",
        kind: "set",
        created_at: at(0),
        card: "{}",
        weights: b"weights",
        listeners: &[],
        log_end: 0,
        forgotten: 0,
    };
    store.register_model(&set).unwrap();
    assert_eq!(active(&store).as_deref(), Some("s1"));
    store.activate("v1").unwrap();
    assert_eq!(active(&store).as_deref(), Some("v1"));
    assert_eq!(store.status().unwrap().active_model.as_deref(), Some("v1"));
    assert_eq!(store.models().unwrap().iter().filter(|model| model.active).count(), 1);
}

#[test]
fn a_version_is_registered_once_and_names_a_folder() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    register(&mut store, "2026-11-22.a", &[]).unwrap();
    assert!(matches!(register(&mut store, "2026-11-22.a", &[]), Err(StoreError::ModelExists(_))));
    for bad in [
        "",
        ".",
        "..",
        "../escape",
        "a/b",
        "a\\b",
        ".hidden",
        "nul\0",
        "trailing.",
        &"x".repeat(129),
    ] {
        let refused = register(&mut store, bad, &[]);
        assert!(matches!(refused, Err(StoreError::BadModelVersion(_))), "`{bad}`");
    }
    assert!(matches!(store.activate("other"), Err(StoreError::UnknownModel(_))));
    assert!(matches!(store.model_files("other"), Err(StoreError::UnknownModel(_))));
    assert_eq!(folders(library.path()), ["2026-11-22.a"]);
}

#[test]
fn folders_that_a_crash_left_are_removed_and_their_names_are_free() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    register(&mut store, "v1", &[]).unwrap();
    drop(store);
    for left in [".incoming", "v2"] {
        fs::create_dir(library.path().join("models").join(left)).unwrap();
        fs::write(library.path().join("models").join(left).join("model.safetensors"), b"half")
            .unwrap();
    }
    let mut store = Store::open(library.path()).unwrap();
    assert_eq!(folders(library.path()), [".incoming", "v1", "v2"], "opening removes nothing");
    store.remove_orphans().unwrap();
    assert_eq!(folders(library.path()), ["v1"]);
    register(&mut store, "v2", &[]).unwrap();
    assert_eq!(active(&store).as_deref(), Some("v2"));
}

#[test]
fn a_model_whose_files_cannot_be_written_is_not_registered() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    fs::write(library.path().join("models"), b"a file where the folder should be").unwrap();
    assert!(matches!(register(&mut store, "v1", &[]), Err(StoreError::Io { .. })));
    assert!(store.models().unwrap().is_empty());
}

#[test]
fn a_lost_database_is_an_error_and_costs_no_model() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    register(&mut store, "v1", &[]).unwrap();
    drop(store);
    let database = library.path().join(Store::DATABASE);
    fs::rename(&database, library.path().join("elsewhere")).unwrap();
    for emptied in [false, true] {
        if emptied {
            fs::write(&database, b"").unwrap();
        }
        for open in [Store::open, Store::open_to_read] {
            let refused = open(library.path()).err().unwrap();
            assert!(matches!(refused, StoreError::MissingDatabase { .. }), "{refused}");
            assert!(refused.to_string().contains("put the database back"), "{refused}");
        }
    }
    assert_eq!(folders(library.path()), ["v1"]);
    fs::rename(library.path().join("elsewhere"), &database).unwrap();
    assert_eq!(active(&Store::open(library.path()).unwrap()).as_deref(), Some("v1"));
}

#[test]
fn the_oldest_models_go_and_the_one_in_use_stays() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    for version in ["v1", "v2", "v3", "v4", "v5"] {
        register(&mut store, version, &[listener("ann")]).unwrap();
    }
    store.activate("v2").unwrap();
    assert_eq!(store.keep_newest_models(2).unwrap(), ["v1", "v3"]);
    assert_eq!(folders(library.path()), ["v2", "v4", "v5"]);
    assert_eq!(active(&store).as_deref(), Some("v2"));
    assert!(store.keep_newest_models(2).unwrap().is_empty());
    store.activate("v5").unwrap();
    assert_eq!(store.keep_newest_models(1).unwrap(), ["v2", "v4"]);
}
