//! What other programs report as it happens counts once, whoever else tells of it and when.

use segue_core::{
    Feedback, FeedbackKind, FeedbackTarget, Listen, Moment, Record, Source, Track, TrackId,
};
use segue_store::{Appended, Entry, Event, Store, StoreError};

use crate::append::live;
use crate::fixtures::{at, import, listener, played, scrobble, stream, track};

fn reported(listen: Listen, track: &Track) -> Entry {
    Event::Record(played(listen, track)).into()
}

/// Reports a play, and whether it was new.
fn report(store: &mut Store, listen: Listen, track: &Track) -> bool {
    let outcome = store.append(&[reported(listen, track)]).unwrap().remove(0).unwrap();
    outcome == Appended::New
}

fn plays(store: &Store, who: &str) -> Vec<Listen> {
    store.all_listens(&listener(who)).unwrap()
}

#[test]
fn a_play_reported_twice_counts_once_after_a_restart_too() {
    let (library, song) = (tempfile::tempdir().unwrap(), track("song"));
    let mut store = Store::open(library.path()).unwrap();
    let twice =
        [reported(scrobble("ann", &song, 0), &song), reported(scrobble("ann", &song, 0), &song)];
    let outcomes: Vec<_> = store.append(&twice).unwrap().into_iter().map(Result::unwrap).collect();
    assert_eq!(outcomes, [Appended::New, Appended::Repeated]);
    assert!(!report(&mut store, scrobble("ann", &song, 0), &song));
    assert!(report(&mut store, scrobble("bob", &song, 0), &song), "somebody else's");
    let mut store = Store::open(library.path()).unwrap();
    assert!(!report(&mut store, scrobble("ann", &song, 0), &song));
    assert!(report(&mut store, scrobble("ann", &song, 240), &song), "played again");
    assert_eq!(plays(&store, "ann").len(), 2);
    assert_eq!(store.tracks().unwrap(), [song], "the track came with its play");
}

#[test]
fn export_scrobbles_and_player_give_each_play_once_in_any_order() {
    let song = track("song");
    let tellings: [fn(&mut Store, &Track); 3] = [
        |store, song| {
            // The service knows when it ended, and how long it lasted.
            let rows: Vec<Record> =
                [0, 600].map(|start| played(stream("ann", song, start, 200), song)).into();
            import(store, "the service's export", &rows);
        },
        |store, song| {
            for second in [0, 600] {
                report(store, scrobble("ann", song, second), song);
            }
        },
        |store, song| {
            let rows: Vec<Record> =
                [0, 600].map(|second| played(scrobble("ann", song, second), song)).into();
            import(store, "the export of the scrobbles", &rows);
        },
    ];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut store = Store::open_in_memory().unwrap();
        store.add_tracks(std::slice::from_ref(&song)).unwrap();
        for telling in order {
            tellings[telling](&mut store, &song);
        }
        let plays = plays(&store, "ann");
        assert_eq!(plays.len(), 2, "{order:?}: {plays:?}");
        assert!(plays.iter().all(|play| play.ms_played == Some(200_000)), "{order:?}: {plays:?}");
    }
}

#[test]
fn a_scrobble_of_what_a_player_told_itself_is_no_other_play() {
    let (mut store, song) = (Store::open_in_memory().unwrap(), track("song"));
    store.add_tracks(std::slice::from_ref(&song)).unwrap();
    let heard =
        Listen { moment: Moment::Ended, ms_played: Some(200_000), ..live("ann", "song", 200) };
    store.append(&[Event::Listen(heard.clone()).into()]).unwrap();
    assert!(!report(&mut store, scrobble("ann", &song, 0), &song));
    assert_eq!(plays(&store, "ann"), [heard]);
}

#[test]
fn what_a_player_tells_after_the_scrobble_is_no_other_play_and_fills_it_in() {
    let library = tempfile::tempdir().unwrap();
    let mut store = Store::open(library.path()).unwrap();
    let song = track("song");
    store.add_tracks(std::slice::from_ref(&song)).unwrap();
    let heard = |end: i64, seconds: u32| Listen {
        moment: Moment::Ended,
        ms_played: Some(seconds * 1000),
        skipped: Some(false),
        ..live("ann", "song", end)
    };
    let tell = |store: &mut Store, listen| {
        store.append(&[Event::Listen(listen).into()]).unwrap().remove(0).unwrap()
    };
    assert_eq!(tell(&mut store, heard(-300, 200)), Appended::New, "nobody reports anything yet");
    for second in [0, 200] {
        assert!(report(&mut store, scrobble("ann", &song, second), &song));
    }
    // The server is started anew before the song has ended.
    let mut store = Store::open(library.path()).unwrap();
    assert_eq!(tell(&mut store, heard(200, 200)), Appended::Completed);
    assert_eq!(tell(&mut store, heard(405, 200)), Appended::Completed);
    assert_eq!(tell(&mut store, heard(605, 200)), Appended::New, "its scrobble never came");
    assert_eq!(tell(&mut store, heard(800, 5)), Appended::New, "too short to be scrobbled");
    let plays = plays(&store, "ann");
    assert_eq!(plays.len(), 5, "{plays:?}");
    let told: Vec<_> = plays.iter().map(|play| (play.ms_played, play.skipped)).collect();
    assert_eq!(told[..4], [(Some(200_000), Some(false)); 4]);
}

#[test]
fn two_scrobbles_are_two_plays_even_where_one_row_could_be_either() {
    let (mut store, song) = (Store::open_in_memory().unwrap(), track("song"));
    import(&mut store, "export", &[played(stream("ann", &song, 0, 200), &song)]);
    assert!(!report(&mut store, scrobble("ann", &song, 0), &song), "its beginning");
    assert!(report(&mut store, scrobble("ann", &song, 200), &song), "the next play's");
    assert_eq!(plays(&store, "ann").len(), 2);
}

#[test]
fn an_import_between_two_reports_makes_neither_a_second_play() {
    let (library, song) = (tempfile::tempdir().unwrap(), track("song"));
    let mut server = Store::open(library.path()).unwrap();
    assert!(report(&mut server, scrobble("ann", &song, 0), &song));
    let rows: Vec<Record> =
        (0..50).map(|play| played(scrobble("ann", &song, 300 * play), &song)).collect();
    let counts = import(&mut Store::open(library.path()).unwrap(), "export", &rows);
    assert_eq!((counts.listens_added, counts.exact_duplicates), (49, 1));
    for play in 0..50 {
        assert!(!report(&mut server, scrobble("ann", &song, 300 * play), &song), "{play}");
    }
    assert!(report(&mut server, scrobble("ann", &song, 300 * 50), &song));
    assert_eq!(plays(&server, "ann").len(), 51);
}

#[test]
fn feedback_on_what_nobody_described_is_refused_and_leaves_no_trace() {
    let mut store = Store::open_in_memory().unwrap();
    let feedback = Feedback {
        listener: listener("ann"),
        target: FeedbackTarget::Track(TrackId::new("mbid:unheard")),
        kind: FeedbackKind::Like,
        at: Some(at(0)),
        source: Source::ListenBrainz,
    };
    let record = Record::Feedback { feedback, track: None };
    let outcome = store.append(&[Event::Record(record).into()]).unwrap().remove(0);
    assert!(matches!(outcome, Err(StoreError::UnknownTrack(_))));
    assert!(store.listeners().unwrap().is_empty() && store.tracks().unwrap().is_empty());
}

#[test]
fn how_far_a_client_has_copied_only_rises_and_is_forgotten_with_the_listener() {
    let mut store = Store::open_in_memory().unwrap();
    let ann = listener("ann");
    assert_eq!(store.latest_import(&ann, "lastfm").unwrap(), None);
    for (second, expected) in [(50, 50), (20, 50), (80, 80)] {
        store.raise_latest_import(&ann, "lastfm", at(second)).unwrap();
        assert_eq!(store.latest_import(&ann, "lastfm").unwrap(), Some(at(expected)));
    }
    assert_eq!(store.latest_import(&ann, "librefm").unwrap(), None, "each service by itself");
    store.forget(&ann).unwrap();
    assert_eq!(store.latest_import(&ann, "lastfm").unwrap(), None);
}
