//! Forgetting leaves no trace of one listener and everything of the others.

use std::fs;
use std::path::Path;

use segue_core::{Feedback, FeedbackKind, FeedbackTarget, Listen, Record, Source, Track};
use segue_store::{
    DerivedFiles, Exclusion, ForgetReport, ImportCounts, ImportedFile, NewModel, Status, Store,
    StoreError,
};

use crate::fixtures::{at, file, import, listener, played, scrobble, stream, track, version_of};
use crate::impressions::impression;
use crate::models::register;

const SECRETS: [&str; 5] = [
    "Zyzzyva-the-listener",
    "Qwxqwx-Private-Song",
    "Hjkhjk-Only-Described",
    "Vbnvbn-Secret-Playlist",
    "Plmplm-File",
];

/// Which secrets are somewhere in the bytes of a folder.
fn found_in(folder: &Path) -> Vec<&'static str> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(found_in(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            let holds = |secret: &&str| {
                bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
            };
            found.extend(SECRETS.into_iter().filter(|secret| holds(secret)));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn liked(who: &str, track: &Track) -> Record {
    let feedback = Feedback {
        listener: listener(who),
        target: FeedbackTarget::Track(track.id.clone()),
        kind: FeedbackKind::Like,
        at: None,
        source: Source::ListenBrainz,
    };
    Record::Feedback { feedback, track: Some(track.clone()) }
}

fn befriended(who: &str, friend: &str) -> Record {
    Record::Friendship { listener: listener(who), friend: listener(friend) }
}

/// Two listeners with a song in common, a catalogue, and every kind of row for the one with
/// secrets.
fn fill(store: &mut Store) {
    let [name, title, described, context, file_name] = SECRETS;
    let private = Track { title: title.into(), ..track(&format!("name:{title}")) };
    let other_name =
        Track { title: described.into(), ..version_of(&format!("name:{title}"), described) };
    let (common, listed) = (track("common"), track("listed"));
    import(store, "catalogue", &[Record::Track(listed.clone())]);
    import(store, "bob", &[played(scrobble("bob", &common, 0), &common), liked("bob", &common)]);

    let identity = ImportedFile {
        fingerprint: "secret".into(),
        name: format!("{file_name}.json"),
        listener: Some(listener(name)),
    };
    let mut importing = store.import_file(&identity).unwrap();
    let in_context = Listen { context: Some(context.into()), ..stream(name, &private, 0, 200) };
    let rows = [
        played(in_context, &private),
        played(scrobble(name, &other_name, 2), &other_name),
        played(scrobble(name, &common, 500), &common),
        played(scrobble(name, &listed, 900), &listed),
        liked(name, &private),
        befriended(name, "bob"),
        befriended("bob", name),
        befriended("bob", "cid"),
    ];
    for (row, record) in rows.into_iter().enumerate() {
        importing.accept(row as u64 + 1, record).unwrap();
    }
    let counts = importing.finish().unwrap();
    assert_eq!((counts.listens_added, counts.near_duplicates), (3, 1));

    store.exclude(&listener(name), &Exclusion::Context(context.into())).unwrap();
    let shown = [private.id.clone(), common.id.clone()];
    store.log_impression(&impression(name, &shown, 1, at(5))).unwrap();
    store.log_impression(&impression("bob", &[common.id], 1, at(6))).unwrap();
    register(store, "of-bob", &[listener("bob")]).unwrap();
    register(store, "of-both", &[listener("bob"), listener(name)]).unwrap();
}

#[test]
fn no_byte_of_a_forgotten_listener_stays_and_no_row_of_another_goes() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    fill(&mut store);
    let mut secrets = SECRETS;
    secrets.sort_unstable();
    assert_eq!(found_in(library.path()), secrets, "the test can find them");
    let of_bob = |store: &Store| {
        let bob = listener("bob");
        (
            store.all_listens(&bob).unwrap(),
            store.feedback(&bob).unwrap(),
            store.impressions(&bob, 9).unwrap(),
        )
    };
    let before = of_bob(&store);

    let report = store.forget(&listener(SECRETS[0])).unwrap();
    let expected = ForgetReport {
        connections: 0,
        keys: 0,
        found: true,
        listens: 3,
        feedback: 1,
        friendships: 2,
        exclusions: 1,
        lists: 0,
        impressions: 1,
        uploads: 0,
        imports: 1,
        tracks: 2,
        models: vec!["of-both".into()],
        active_model_removed: true,
        erased: true,
    };
    assert_eq!(report, expected);
    assert_eq!(found_in(library.path()), [""; 0]);
    assert_eq!(of_bob(&store), before);
    assert_eq!(store.friends(&listener("bob")).unwrap(), [listener("cid")]);
    let ids: Vec<_> = store.tracks().unwrap().iter().map(|track| track.id.to_string()).collect();
    assert_eq!(ids, ["listed", "common"]);
    let models: Vec<_> =
        store.models().unwrap().into_iter().map(|model| (model.version, model.active)).collect();
    assert_eq!(models, [("of-bob".to_owned(), false)]);
    assert!(!library.path().join("models/of-both").exists());
}

#[test]
fn what_was_read_before_somebody_was_forgotten_is_not_published_after() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    let song = track("song");
    import(&mut store, "before", &[played(stream("ann", &song, 0, 200), &song)]);
    let forgotten = store.marks().unwrap().forgotten;
    let mut elsewhere = Store::open(library.path()).unwrap();

    // What was read of Ann is at hand, and she asks to be forgotten.
    elsewhere.forget(&listener("ann")).unwrap();
    let model = NewModel {
        version: "of-ann",
        kind: "likability",
        created_at: at(0),
        card: "{}",
        weights: b"weights",
        listeners: &[listener("ann")],
        log_end: 0,
        forgotten,
    };
    assert!(matches!(store.register_model(&model), Err(StoreError::ForgottenSince)));
    let mut late = store.import_file(&file("before")).unwrap().unless_forgotten_since(forgotten);
    late.accept(1, played(stream("ann", &song, 0, 200), &song)).unwrap();
    assert!(matches!(late.finish(), Err(StoreError::ForgottenSince)));
    assert!(store.models().unwrap().is_empty() && store.listeners().unwrap().is_empty());

    let forgotten = store.marks().unwrap().forgotten;
    store.register_model(&NewModel { listeners: &[], forgotten, ..model }).unwrap();
}

#[test]
fn files_made_from_what_was_forgotten_go_and_none_is_kept_after() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    fill(&mut store);
    let before = store.derived(store.marks().unwrap().forgotten).unwrap();
    let keep = |files: &DerivedFiles| files.keep("names", |file| file.write_all(b"a name"));
    assert!(keep(&before).unwrap());
    store.forget(&listener(SECRETS[0])).unwrap();
    assert!(!before.path("names").exists());
    assert!(matches!(keep(&before), Err(StoreError::ForgottenSince)));
    assert!(!before.path("names").exists());
    let after = store.derived(store.marks().unwrap().forgotten).unwrap();
    assert!(keep(&after).unwrap());
    let reader = Store::open_to_read(library.path()).unwrap();
    assert!(!keep(&reader.derived(0).unwrap()).unwrap());
    let failed = after.keep("names", |_| Err(std::io::Error::other("the disk is full")));
    assert!(failed.is_err());
    assert_eq!(fs::read(after.path("names")).unwrap(), b"a name", "the one before stays");
    assert_eq!(fs::read_dir(library.path().join("derived")).unwrap().count(), 1);
}

#[test]
fn a_file_that_cannot_be_removed_leaves_nothing_else_behind() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    fill(&mut store);
    let derived = library.path().join("derived");
    fs::create_dir_all(derived.join("in-the-way")).unwrap();
    for name in ["a", "z"] {
        fs::write(derived.join(name), SECRETS[1]).unwrap();
    }
    assert!(matches!(store.forget(&listener(SECRETS[0])), Err(StoreError::Io { .. })));
    assert_eq!(found_in(library.path()), [""; 0]);
    assert!(!library.path().join("models/of-both").exists());
    fs::remove_dir(derived.join("in-the-way")).unwrap();
    assert!(store.forget(&listener(SECRETS[0])).unwrap().erased);
}

#[test]
fn what_a_crash_left_half_written_goes_and_what_is_being_written_stays() {
    let library = tempfile::tempdir().unwrap();
    let store = Store::open(library.path()).unwrap();
    let files = store.derived(store.marks().unwrap().forgotten).unwrap();
    let keep = |content: &'static [u8]| files.keep("names", |file| file.write_all(content));
    assert!(keep(b"first").unwrap());
    let (stale, fresh) = (files.path("names.1.partial"), files.path("names.2.partial"));
    let yesterday = std::time::SystemTime::now() - std::time::Duration::from_secs(24 * 3600);
    fs::File::create(&stale).unwrap().set_modified(yesterday).unwrap();
    fs::write(&fresh, b"half").unwrap();
    // Another one is kept while this one is being written.
    let kept = files.keep("names", |file| {
        assert!(keep(b"second").unwrap());
        file.write_all(b"third")
    });
    assert!(kept.unwrap());
    assert_eq!(fs::read(files.path("names")).unwrap(), b"third");
    assert!(!stale.exists() && fresh.exists());
    assert_eq!(fs::read_dir(library.path().join("derived")).unwrap().count(), 2);
}

#[test]
fn uploads_of_the_forgotten_go_and_those_of_others_stay() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    let uploads = library.path().join("uploads");
    for (id, ending, owner) in
        [("a", "upload", "ann"), ("b", "upload", "bob"), ("c", "quarantine", "bob")]
    {
        std::fs::create_dir_all(uploads.join(format!("{id}.{ending}"))).unwrap();
        std::fs::write(uploads.join(format!("{id}.{ending}/plays.csv")), "rows").unwrap();
        std::fs::write(uploads.join(format!("{id}.begun")), "").unwrap();
        let label = format!(r#"{{"listener": "{owner}", "name": "plays.csv"}}"#);
        std::fs::write(uploads.join(format!("{id}.json")), label).unwrap();
    }
    let report = store.forget(&listener("ann")).unwrap();
    assert_eq!((report.found, report.uploads), (true, 1), "she had been heard of by a file alone");
    let left = |id: &str, ending: &str| uploads.join(format!("{id}.{ending}")).exists();
    assert!(["upload", "json", "begun"].iter().all(|ending| !left("a", ending)));
    assert!(["upload", "json", "begun"].iter().all(|ending| left("b", ending)));
    assert!(!left("c", "quarantine"), "nobody knows whose rows were in it");
}

#[test]
fn a_forgotten_listener_can_come_back_with_the_same_file() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    let song = track("song");
    let rows = [
        played(stream("ann", &song, 0, 200), &song),
        played(stream("ann", &song, 900, 200), &song),
    ];
    import(&mut store, "export", &rows);
    let first = store.all_listens(&listener("ann")).unwrap();
    store.forget(&listener("ann")).unwrap();
    assert_eq!(store.all_listens(&listener("ann")).unwrap(), []);
    let counts = import(&mut store, "export", &rows);
    assert_eq!(counts, ImportCounts { listens_added: 2, ..ImportCounts::default() });
    assert_eq!(store.all_listens(&listener("ann")).unwrap(), first);
}

#[test]
fn an_import_that_fed_others_too_keeps_its_checkpoint_and_loses_its_name() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    let song = track("song");
    let rows = ["bob", SECRETS[0]].map(|who| played(scrobble(who, &song, 0), &song));
    let identity = ImportedFile { name: SECRETS[4].into(), ..file("shared") };
    let mut importing = store.import_file(&identity).unwrap();
    for (row, record) in rows.into_iter().enumerate() {
        importing.accept(row as u64 + 1, record).unwrap();
    }
    importing.finish().unwrap();
    let report = store.forget(&listener(SECRETS[0])).unwrap();
    assert_eq!(report.imports, 0);
    assert!(store.import_file(&identity).unwrap().is_complete());
    assert_eq!(found_in(library.path()), [""; 0]);
}

#[test]
fn a_stranger_who_is_somebodys_friend_can_be_forgotten() {
    let mut store = Store::open_in_memory().unwrap();
    import(&mut store, "friends", &[befriended("bob", "cid"), befriended("cid", "ann")]);
    let report = store.forget(&listener("cid")).unwrap();
    assert_eq!((report.found, report.friendships), (true, 2));
    assert_eq!(store.all_friends().unwrap().len(), 0);
    assert!(!store.forget(&listener("cid")).unwrap().found);
}

#[test]
fn rows_written_after_forgetting_the_last_writer_are_found() {
    let mut store = Store::open_in_memory().unwrap();
    let song = track("song");
    import(&mut store, "bob", &[played(scrobble("bob", &song, 0), &song)]);
    let many: Vec<_> =
        (0..3000).map(|i| played(stream("ann", &song, i * 1000, 200), &song)).collect();
    import(&mut store, "ann", &many);
    assert_eq!(store.all_listens(&listener("ann")).unwrap().len(), 3000);
    store.forget(&listener("ann")).unwrap();
    import(&mut store, "more", &[played(scrobble("bob", &song, 5000), &song)]);
    assert_eq!(store.all_listens(&listener("bob")).unwrap().len(), 2);
    assert_eq!(store.listeners().unwrap()[0].listens, 2);
}

#[test]
fn forgetting_a_stranger_changes_nothing() {
    let mut store = Store::open_in_memory().unwrap();
    let song = track("song");
    import(&mut store, "bob", &[played(scrobble("bob", &song, 0), &song)]);
    let before = store.status().unwrap();
    let report = store.forget(&listener("stranger")).unwrap();
    assert!(!report.found);
    // Pages that were free already may have gone.
    let after = Status { database_bytes: before.database_bytes, ..store.status().unwrap() };
    assert_eq!(after, before);
}
