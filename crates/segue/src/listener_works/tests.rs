//! What is kept is what reading everybody from nothing gives, whatever happened in between.

use std::path::PathBuf;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_core::{
    AudioFeature, Feedback, FeedbackKind, FeedbackTarget, Listen, Moment, Record, Source,
    Timestamp, Track, TrackId, WorkId,
};
use segue_store::{Entry, Event, Exclusion, ExclusionId};

use super::*;
use crate::dataset::catalogue;
use crate::sealed::BODY_AT;

const LISTENERS: [&str; 6] = ["ann", "bob", "cleo", "dora", "emil", "fay"];

fn at(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(1_700_000_000 + second).ok()
}

fn song(number: usize) -> Track {
    let id = TrackId::new(format!("song {number}"));
    let mut track = Track::new(id, WorkId::new(format!("{number}")), "S");
    track.artists = vec![format!("Artist {}", number % 3)];
    if number.is_multiple_of(3) {
        track.features.set(AudioFeature::DurationMs, 200_000.0);
    }
    track
}

/// Does one of the things that may happen to a library.
fn happen(store: &mut Store, rng: &mut ChaCha8Rng) {
    let listener = ListenerId::new(LISTENERS[rng.random_range(0..LISTENERS.len())]);
    let track = song(rng.random_range(0..5));
    // Often the same play by two reports: a scrobble, and whoever saw how long it lasted.
    let begun = rng.random_range(0..2) * 1_000;
    let time = at(begun);
    let scrobble = Listen::new(listener.clone(), track.id.clone(), time, Source::LastFm);
    let seconds = [3, 190][rng.random_range(0..2)];
    let heard = Listen {
        at: at(begun + seconds),
        moment: Moment::Ended,
        ms_played: Some(seconds as u32 * 1_000),
        skipped: Some(seconds < 30),
        source: Source::Segue,
        ..scrobble.clone()
    };
    let mut tell = |event: Event| {
        // What is not there is refused.
        let _ = store.append(&[Entry::from(event)]).unwrap().remove(0);
    };
    match rng.random_range(0..16) {
        0..5 => tell(Event::Listen(heard)),
        5..10 => tell(Event::Record(Record::Listen { listen: scrobble, track })),
        10 => tell(Event::Listener(listener)),
        11 | 12 => {
            let kinds = [FeedbackKind::Like, FeedbackKind::Dislike, FeedbackKind::Cleared];
            let kind = kinds[rng.random_range(0..3)];
            let target = FeedbackTarget::Track(track.id);
            let source = Source::Segue;
            tell(Event::Feedback(Feedback { listener, target, kind, at: time, source }));
        }
        13 => {
            let _ = store.exclude(&listener, &Exclusion::Track(track.id));
            let _ = store.include_again(ExclusionId(rng.random_range(1..4)));
        }
        14 => tell(Event::Track(song(rng.random_range(0..12)))),
        _ if rng.random_bool(0.3) => drop(store.forget(&listener)),
        _ => {}
    }
}

fn a_library() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(folder.path()).unwrap();
    store.add_tracks(&(0..9).map(song).collect::<Vec<_>>()).unwrap();
    (folder, store)
}

fn file(store: &Store) -> PathBuf {
    store.derived(store.marks().unwrap().forgotten).unwrap().path(FILE)
}

/// What is kept, brought up to date.
fn read(store: &Store) -> Vec<ListenerWorks> {
    let marks = store.marks().unwrap();
    read_on(store, &catalogue(store).unwrap(), &marks).unwrap()
}

/// The same from nothing.
fn anew(store: &Store) -> Vec<ListenerWorks> {
    read_all(store, &catalogue(store).unwrap()).unwrap()
}

#[test]
fn what_is_read_on_is_what_reading_from_nothing_gives() {
    let (mut completed, mut went_on) = (0, 0);
    for seed in 0..60 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (_folder, mut store) = a_library();
        for step in 0..60 {
            let before = store.marks().unwrap();
            happen(&mut store, &mut rng);
            let marks = store.marks().unwrap();
            completed += marks.completed - before.completed;
            if rng.random_bool(0.4) {
                went_on += usize::from(
                    file(&store).exists() && store.heard_from_since(&before).unwrap().len() == 1,
                );
                assert_eq!(read(&store), anew(&store), "seed {seed}, step {step}");
            }
        }
    }
    assert!(completed > 50 && went_on > 50, "{completed} completed, {went_on} went on");
}

#[test]
fn the_file_is_what_listeners_are_read_from_of_whom_nothing_is_new() {
    let (_folder, mut store) = a_library();
    let play = |who: &str, second| {
        Listen::new(ListenerId::new(who), song(1).id, at(second), Source::Segue)
    };
    let plays: Vec<Listen> = LISTENERS.iter().map(|who| play(who, 0)).collect();
    store.append_listens(&plays).unwrap();
    let kept = read(&store);
    let altered: Vec<ListenerWorks> = kept
        .iter()
        .map(|one| {
            let mut one = one.clone();
            one.works[0].finished = 77;
            one
        })
        .collect();
    let (marks, made_from) = (store.marks().unwrap(), made_from(&catalogue(&store).unwrap()));
    let mut bytes = Vec::new();
    write(&mut bytes, &made_from, &marks, &altered).unwrap();
    std::fs::write(file(&store), &bytes).unwrap();
    assert_eq!(read(&store), altered);
    store.append_listens(&[play("cleo", 500)]).unwrap();
    let found: Vec<u32> = read(&store).iter().map(|one| one.works[0].finished).collect();
    let cleo = anew(&store)[2].works[0].finished;
    assert_eq!(found, [77, 77, cleo, 77, 77, 77]);
}

#[test]
fn a_damaged_file_is_as_good_as_none() {
    let (_folder, mut store) = a_library();
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    (0..40).for_each(|_| happen(&mut store, &mut rng));
    let expected = read(&store);
    assert_eq!(expected, anew(&store));
    let (path, made_from) = (file(&store), made_from(&catalogue(&store).unwrap()));
    let whole = std::fs::read(&path).unwrap();
    assert!(Kept::open(&path, &made_from).is_some());
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        std::fs::write(&path, &bytes).unwrap();
        assert!(Kept::open(&path, &made_from).is_none(), "byte {at}");
        std::fs::write(&path, &whole[..at]).unwrap();
        assert!(Kept::open(&path, &made_from).is_none(), "cut at {at}");
        // Lengths that lie, under a digest that fits, are no reason to panic.
        if at >= BODY_AT {
            let fits = seal(&made_from).before(&bytes[BODY_AT..]);
            bytes[..BODY_AT].copy_from_slice(&fits);
            std::fs::write(&path, &bytes).unwrap();
            let _ = Kept::open(&path, &made_from);
        }
    }
    std::fs::write(&path, &whole[1..]).unwrap();
    assert_eq!(read(&store), expected);
    assert_eq!(std::fs::read(&path).unwrap(), whole, "it is made anew");
}

#[test]
fn forgetting_removes_the_file() {
    let (_folder, mut store) = a_library();
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    (0..40).for_each(|_| happen(&mut store, &mut rng));
    read(&store);
    assert!(file(&store).exists());
    store.forget(&ListenerId::new("ann")).unwrap();
    assert!(!file(&store).exists());
}

#[test]
fn a_check_tells_of_a_damaged_file() {
    let (folder, mut store) = a_library();
    happen(&mut store, &mut ChaCha8Rng::seed_from_u64(6));
    read(&store);
    let path = file(&store);
    drop(store);
    let check = || crate::Library::open(folder.path()).unwrap().check().unwrap();
    assert_eq!((check().derived, check().problems), (1, vec![]));
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let problems = check().problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].found.contains(FILE), "{problems:?}");
}
