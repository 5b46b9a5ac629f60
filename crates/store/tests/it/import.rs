//! Files go in once, whatever happens on the way.

use segue_core::{AudioFeature, Feedback, FeedbackKind, FeedbackTarget, Record, Source, Track};
use segue_store::{FileImport, ImportCounts, ImportedFile, Store};

use crate::fixtures::{at, file, import, listener, played, scrobble, stream, track};

fn said(who: &str, track: &Track, kind: FeedbackKind, second: Option<i64>) -> Feedback {
    Feedback {
        listener: listener(who),
        target: FeedbackTarget::Track(track.id.clone()),
        kind,
        at: second.map(at),
        source: Source::ListenBrainz,
    }
}

fn spoken(feedback: Feedback, track: &Track) -> Record {
    Record::Feedback { feedback, track: Some(track.clone()) }
}

/// An evening of plays, a like and a catalogue row.
fn evening() -> Vec<Record> {
    let songs: Vec<Track> = (0..20).map(|i| track(&format!("song {i}"))).collect();
    let mut records: Vec<Record> = songs
        .iter()
        .enumerate()
        .map(|(i, song)| played(stream("ann", song, i as i64 * 200, 200), song))
        .collect();
    records.push(spoken(said("ann", &songs[3], FeedbackKind::Like, None), &songs[3]));
    records.push(Record::Track(track("never played")));
    records
}

#[test]
fn a_file_imported_twice_adds_nothing_and_is_known_to_be_complete() {
    let mut store = Store::open_in_memory().unwrap();
    let first = import(&mut store, "evening", &evening());
    assert_eq!((first.listens_added, first.feedback_added, first.tracks_added), (20, 1, 1));
    assert_eq!(first.rows(), 22);
    assert!(store.import_file(&file("evening")).unwrap().is_complete());
    let second = import(&mut store, "evening", &evening());
    assert_eq!(second, ImportCounts { already_imported: 22, ..ImportCounts::default() });
}

#[test]
fn the_same_rows_in_another_file_add_nothing() {
    let mut store = Store::open_in_memory().unwrap();
    import(&mut store, "evening", &evening());
    let copy = import(&mut store, "copy of evening", &evening());
    assert_eq!((copy.exact_duplicates, copy.feedback_repeated, copy.tracks_known), (20, 1, 1));
    assert_eq!(copy.rows(), 22);
    assert_eq!(store.listens(&listener("ann")).unwrap().len(), 20);
}

#[test]
fn the_same_file_can_be_imported_for_two_listeners() {
    let mut store = Store::open_in_memory().unwrap();
    let song = track("song");
    for name in ["ann", "bob"] {
        let identity = ImportedFile { listener: Some(listener(name)), ..file("shared") };
        let mut import = store.import_file(&identity).unwrap();
        assert!(!import.is_complete());
        import.accept(1, played(scrobble(name, &song, 0), &song)).unwrap();
        assert_eq!(import.finish().unwrap().listens_added, 1);
    }
}

#[test]
fn an_import_that_was_dropped_leaves_only_whole_batches() {
    let mut store = Store::open_in_memory().unwrap();
    let song = track("song");
    let rows: Vec<_> =
        (0..30_500).map(|i| played(stream("ann", &song, i * 100, 50), &song)).collect();
    let mut first = store.import_file(&file("long")).unwrap();
    for (row, record) in rows.iter().enumerate() {
        first.accept(row as u64 + 1, record.clone()).unwrap();
    }
    assert_eq!(first.committed_rows(), FileImport::BATCH_ROWS as u64);
    drop(first);
    assert_eq!(store.status().unwrap().unfinished_imports, 1);
    let resumed = import(&mut store, "long", &rows);
    assert_eq!((resumed.already_imported, resumed.listens_added), (30_000, 500));
    assert_eq!(store.listens(&listener("ann")).unwrap().len(), 30_500);
}

#[test]
fn listeners_who_take_turns_keep_their_order_and_tracks_what_was_said_of_them_first() {
    let (listeners, names) = (["cem", "ann", "bob"], ["z", "m", "a", "k"]);
    let song = |row: usize| Track {
        album: Some(format!("album of row {row}")),
        ..track(names[row / listeners.len() % names.len()])
    };
    let who = |row: usize| listeners[row % listeners.len()];
    // Times go back and forth.
    let listen = |row: usize| stream(who(row), &song(row), (row as i64 * 7_919) % 100_000, 50);
    let rows: Vec<_> = (0..60).map(|row| played(listen(row), &song(row))).collect();
    let mut store = Store::open_in_memory().unwrap();
    assert_eq!(import(&mut store, "turns", &rows).listens_added, 60);
    let first: Vec<Track> = (0..4).map(|one| song(one * listeners.len())).collect();
    assert_eq!(store.tracks().unwrap(), first);
    for name in listeners {
        let theirs: Vec<_> = (0..60).filter(|row| who(*row) == name).map(listen).collect();
        assert_eq!(store.all_listens(&listener(name)).unwrap(), theirs);
    }
    assert_eq!(import(&mut store, "turns again", &rows).exact_duplicates, 60);
}

#[test]
fn an_import_that_goes_on_knows_which_rows_it_took_before() {
    let loops = || {
        let song = track("loop");
        [0, 20, 40].map(|second| played(scrobble("ann", &song, second), &song))
    };
    for cut_after in 0..=3 {
        let library = tempfile::tempdir().unwrap();
        let mut store = Store::open(library.path()).unwrap();
        let song = track("loop");
        import(&mut store, "export", &[played(stream("ann", &song, 25, 15), &song)]);
        let mut cut = store.import_file(&file("scrobbles")).unwrap();
        for (row, record) in (1..).zip(loops()).take(cut_after) {
            cut.accept(row, record).unwrap();
        }
        cut.suspend().unwrap();
        drop(store);
        let mut store = Store::open(library.path()).unwrap();
        let resumed = import(&mut store, "scrobbles", &loops());
        assert_eq!(resumed.already_imported, cut_after as u64);
        assert_eq!(resumed.rows(), 3);
        let plays = store.listens(&listener("ann")).unwrap().len();
        assert_eq!(plays, 3, "cut off after {cut_after}");
    }
}

#[test]
fn an_import_of_many_listeners_that_goes_on_takes_no_row_twice() {
    let song = track("loop");
    let names: Vec<String> = (0..50).map(|number| format!("listener {number}")).collect();
    let of_all = |play: &dyn Fn(&str) -> Record| names.iter().map(|name| play(name)).collect();
    let exported: Vec<Record> = of_all(&|name| played(stream(name, &song, 25, 15), &song));
    // Three rows of each listener, in turns; the one in the middle is the exported play.
    let scrobbled: Vec<Record> = [0, 20, 40]
        .iter()
        .flat_map(|&at| -> Vec<_> { of_all(&|name| played(scrobble(name, &song, at), &song)) })
        .collect();
    let total = |cut_after: usize| {
        let library = tempfile::tempdir().unwrap();
        let mut store = Store::open(library.path()).unwrap();
        import(&mut store, "export", &exported);
        let mut cut = store.import_file(&file("scrobbles")).unwrap();
        for (row, record) in (1..).zip(&scrobbled).take(cut_after) {
            cut.accept(row, record.clone()).unwrap();
        }
        let before = cut.suspend().unwrap();
        drop(store);
        let mut store = Store::open(library.path()).unwrap();
        let resumed = import(&mut store, "scrobbles", &scrobbled);
        assert_eq!(resumed.already_imported, cut_after as u64);
        let plays = names.iter().map(|name| store.all_listens(&listener(name)).unwrap());
        (before.listens_added + resumed.listens_added, plays.collect::<Vec<_>>())
    };
    let uncut = total(0);
    assert_eq!(uncut.0, 100, "one of three is the exported play");
    assert!(uncut.1.iter().all(|plays| plays.len() == 3));
    for cut_after in [1, 49, 75, 120, 150] {
        assert_eq!(total(cut_after), uncut, "cut off after {cut_after}");
    }
}

#[test]
fn what_is_missing_of_a_track_is_filled_and_what_is_known_stays() {
    let mut store = Store::open_in_memory().unwrap();
    let bare = track("song");
    import(&mut store, "history", &[played(scrobble("ann", &bare, 0), &bare)]);
    let mut rich =
        Track { title: "Another title".into(), album: Some("Album".into()), ..bare.clone() };
    rich.features.set(AudioFeature::Tempo, 120.0);
    import(&mut store, "catalogue", &[Record::Track(rich.clone())]);
    let mut contrary =
        Track { album: Some("Wrong".into()), genre: Some("folk".into()), ..rich.clone() };
    contrary.features.set(AudioFeature::Tempo, 60.0);
    contrary.features.set(AudioFeature::Energy, 0.5);
    store.add_tracks(&[contrary]).unwrap();

    let mut merged = Track { title: bare.title.clone(), genre: Some("folk".into()), ..rich };
    merged.features.set(AudioFeature::Energy, 0.5);
    assert_eq!(store.tracks().unwrap(), [merged.clone()]);
    assert_eq!(store.track(&bare.id).unwrap(), Some(merged));
}

#[test]
fn feedback_comes_back_in_the_order_in_which_it_was_said() {
    let mut store = Store::open_in_memory().unwrap();
    let song = track("song");
    let dated = |kind, second| said("ann", &song, kind, Some(second));
    let undated = |kind| said("ann", &song, kind, None);
    store.add_tracks(std::slice::from_ref(&song)).unwrap();
    store.append_feedback(&[dated(FeedbackKind::Like, 100)]).unwrap();
    let export = [
        undated(FeedbackKind::Ban),
        dated(FeedbackKind::Dislike, 50),
        dated(FeedbackKind::Like, 100),
    ];
    let counts = import(&mut store, "export", &export.map(|feedback| spoken(feedback, &song)));
    assert_eq!((counts.feedback_added, counts.feedback_repeated), (2, 1));
    store
        .append_feedback(&[dated(FeedbackKind::Cleared, 200), dated(FeedbackKind::Like, 300)])
        .unwrap();

    let kinds: Vec<_> =
        store.feedback(&listener("ann")).unwrap().iter().map(|said| said.kind).collect();
    use FeedbackKind::{Ban, Cleared, Dislike, Like};
    assert_eq!(kinds, [Dislike, Like, Ban, Cleared, Like]);
}

#[test]
fn a_file_is_the_same_by_content_and_parser_whatever_its_name() {
    let identity = |content: &str, parser, name| {
        ImportedFile::from_content(content.as_bytes(), parser, name, None).unwrap().fingerprint
    };
    assert_eq!(identity("rows", "spotify/1", "a.json"), identity("rows", "spotify/1", "b.json"));
    assert_ne!(
        identity("rows", "spotify/1", "a.json"),
        identity("other rows", "spotify/1", "a.json")
    );
    assert_ne!(identity("rows", "spotify/1", "a.json"), identity("rows", "spotify/2", "a.json"));
    assert_ne!(identity("1rows", "spotify/", "a.json"), identity("rows", "spotify/1", "a.json"));
}

#[test]
fn guests_that_only_one_source_credits_are_kept() {
    let mut store = Store::open_in_memory().unwrap();
    let credited = |artists: &[&str]| {
        let artists = artists.iter().map(|&artist| artist.to_owned()).collect();
        Track { artists, ..track("song") }
    };
    for (second, artists) in [&["A"][..], &["A", "B"], &["A"], &["C", "D", "E"]].iter().enumerate()
    {
        let song = credited(artists);
        import(&mut store, &second.to_string(), &[played(scrobble("ann", &song, 0), &song)]);
    }
    let kept = store.track(&track("song").id).unwrap().unwrap();
    assert_eq!(kept.artists, ["A", "B"], "and nothing that is known is overwritten");
}
