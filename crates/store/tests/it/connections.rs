//! Connections to servers: what is there, whose it is, and what opens them.

use std::fs;

use segue_core::{
    Feedback, FeedbackKind, FeedbackTarget, ListenerId, Secret, Source, Track, TrackId, WorkId,
};
use segue_store::{
    Event, RemoteEntry, RemotePlaylist, RemoteTrack, ServerConnection, Store, StoreError,
};

use crate::fixtures::{at, import, listener, played, scrobble, track, version_of};

fn home(whose: &str) -> ServerConnection {
    ServerConnection {
        name: "home".to_owned(),
        service: "subsonic".to_owned(),
        address: "http://nas:4533".to_owned(),
        user: whose.to_owned(),
        access: "token".to_owned(),
        listener: listener(whose),
        lists_within: true,
        counts_plays: false,
        read_at: None,
        pushed_at: None,
        songs: 0,
        failure: None,
    }
}

fn song(remote: &str, track: &Track) -> RemoteEntry {
    let (remote, track_id) = (remote.to_owned(), track.id.clone());
    let remote = RemoteTrack { remote, track: track_id, opinion: None, plays: 0 };
    RemoteEntry { remote, described: track.clone(), events: Vec::new() }
}

fn take(store: &mut Store, entries: &[RemoteEntry]) -> u64 {
    let forgotten = store.marks().unwrap().forgotten;
    store.take_in_remote("home", entries, forgotten).unwrap()
}

fn connected(whose: &str) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("library")).unwrap();
    store.connect(&home(whose), &Secret::new("sesame")).unwrap();
    (folder, store)
}

#[test]
fn a_connection_goes_on_where_it_was_unless_it_leads_elsewhere() {
    let (_folder, mut store) = connected("ann");
    take(&mut store, &[song("1", &track("a"))]);
    store.finish_reading("home", &[], at(9)).unwrap();
    let playlist =
        RemotePlaylist { kind: "today".into(), name: "Today".into(), remote: "p1".into() };
    store.note_playlist("home", &playlist).unwrap();

    let again = ServerConnection { counts_plays: true, ..home("ann") };
    store.connect(&again, &Secret::new("other")).unwrap();
    let found = &store.connections().unwrap()[0];
    assert_eq!((found.songs, found.read_at, found.counts_plays), (1, Some(at(9)), true));
    assert_eq!(store.remote_playlists("home").unwrap(), [playlist]);
    assert_eq!(store.secret("home").unwrap(), Some(Secret::new("other")));

    let elsewhere = ServerConnection { address: "http://other".to_owned(), ..home("ann") };
    store.connect(&elsewhere, &Secret::new("third")).unwrap();
    assert_eq!(store.connections().unwrap(), [elsewhere]);
    assert_eq!(store.remote_playlists("home").unwrap(), []);
}

#[test]
fn what_is_there_counts_in_every_version_until_it_is_gone() {
    let (_folder, mut store) = connected("ann");
    let (studio, live) = (version_of("song", "studio"), version_of("song", "live"));
    import(&mut store, "rows", &[played(scrobble("ann", &studio, 0), &studio)]);
    let other = track("other");
    take(&mut store, &[song("1", &live), song("2", &other)]);
    assert_eq!(store.lists_within(&listener("ann")).unwrap(), None, "it is not read to its end");
    store.finish_reading("home", &[], at(1)).unwrap();
    let there = [studio.id.clone(), live.id.clone(), other.id.clone()];
    assert_eq!(store.tracks_on("home").unwrap(), there);
    assert_eq!(store.lists_within(&listener("ann")).unwrap(), Some(there.to_vec()));
    assert_eq!(store.lists_within(&listener("bob")).unwrap(), None);
    assert_eq!(store.played_there("home").unwrap(), (1, 1));

    store.finish_reading("home", &["1".to_owned()], at(2)).unwrap();
    assert_eq!(store.tracks_on("home").unwrap(), [other.id]);
    assert_eq!(store.played_there("home").unwrap(), (1, 0));
}

#[test]
fn a_reading_is_told_by_the_marks_and_adds_to_the_log_what_it_brings() {
    let (_folder, mut store) = connected("ann");
    let before = store.marks().unwrap();
    let liked = Feedback {
        listener: listener("ann"),
        target: FeedbackTarget::Track(TrackId::new("a")),
        kind: FeedbackKind::Like,
        at: None,
        source: Source::Subsonic,
    };
    let entry =
        RemoteEntry { events: vec![Event::Feedback(liked.clone())], ..song("1", &track("a")) };
    assert_eq!(take(&mut store, &[entry]), 1);
    assert_ne!(store.marks().unwrap(), before);
    assert_eq!(store.feedback(&listener("ann")).unwrap(), [liked]);
}

#[test]
fn dropping_a_connection_keeps_what_was_said_and_played() {
    let (_folder, mut store) = connected("ann");
    let heard = track("heard");
    import(&mut store, "rows", &[played(scrobble("ann", &heard, 0), &heard)]);
    take(&mut store, &[song("1", &heard), song("2", &track("only there"))]);
    assert!(store.disconnect("home").unwrap());
    assert!(!store.disconnect("home").unwrap());
    assert_eq!(store.tracks().unwrap(), [heard]);
    assert_eq!(store.secret("home").unwrap(), None);
    assert!(matches!(store.tracks_on("home"), Err(StoreError::UnknownConnection(_))));
}

#[test]
fn forgetting_takes_connections_passwords_and_what_they_brought() {
    let (folder, mut store) = connected("zebra");
    let bobs = ServerConnection { name: "bobs".to_owned(), ..home("bob") };
    store.connect(&bobs, &Secret::new("bobs-password")).unwrap();
    take(&mut store, &[song("1", &track("only there"))]);
    let forgotten = store.marks().unwrap().forgotten;
    assert_eq!(store.forget(&listener("zebra")).unwrap().connections, 1);
    assert_eq!((store.tracks().unwrap(), store.connections().unwrap()), (vec![], vec![bobs]));
    let file = fs::read_to_string(folder.path().join("library/secrets.json")).unwrap();
    assert!(file.contains("bobs-password") && !file.contains("sesame") && !file.contains("zebra"));
    let late = store.take_in_remote("bobs", &[song("1", &track("a"))], forgotten);
    assert!(matches!(late, Err(StoreError::ForgottenSince)));
}

#[test]
fn passwords_are_in_a_file_for_its_owner_alone_and_in_no_backup() {
    let (folder, store) = connected("ann");
    let library = folder.path().join("library");
    let holds = |folder: &std::path::Path| {
        let files =
            fs::read_dir(folder).unwrap().filter_map(|file| fs::read(file.unwrap().path()).ok());
        files.filter(|file| file.windows(6).any(|window| window == b"sesame")).count()
    };
    #[cfg(unix)]
    {
        let mode = fs::metadata(library.join("secrets.json")).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&mode.permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
    store.backup(&folder.path().join("copy")).unwrap();
    assert_eq!((holds(&library), holds(&folder.path().join("copy"))), (1, 0));
    let copy = Store::open(&folder.path().join("copy")).unwrap();
    assert_eq!(copy.connections().unwrap().len(), 1);
    assert_eq!(copy.secret("home").unwrap(), None, "it has to be connected again");
}

#[test]
fn a_name_that_is_no_word_is_refused() {
    let (_folder, mut store) = connected("ann");
    for name in ["", "a b", "a/b", &"x".repeat(65)] {
        let connection = ServerConnection { name: name.to_owned(), ..home("ann") };
        let refused = store.connect(&connection, &Secret::new("x"));
        assert!(matches!(refused, Err(StoreError::BadConnectionName(_))), "{name}");
    }
}

#[test]
fn works_of_nobody_go_with_the_server_that_had_them() {
    let (_folder, mut store) = connected("ann");
    let shared = Track::new(TrackId::new("t"), WorkId::new("w"), "T");
    store.add_tracks(std::slice::from_ref(&shared)).unwrap();
    take(&mut store, &[song("1", &shared)]);
    store.disconnect("home").unwrap();
    assert_eq!(store.tracks().unwrap(), [shared], "a table of tracks listed it, too");
    assert_eq!(store.listener(&ListenerId::new("ann")).unwrap().map(|it| it.listens), Some(0));
}
