//! Works and artists are settled by all that the library holds, and follow from that alone.

use std::collections::BTreeSet;

use segue_core::{Track, TrackId, Version, WorkId};
use segue_store::{Settling, Store, StoreError};

use crate::fixtures::{import, listener, played, scrobble, version_of};

/// Parts "A+B" where somebody is credited with A alone, and takes the work to be that of the first.
#[derive(Default)]
struct Plus {
    version: u32,
    alone: BTreeSet<String>,
    observed: usize,
}

impl Settling for Plus {
    fn version(&self) -> u32 {
        self.version
    }

    fn work(&self, track: &Track) -> Option<(WorkId, Version)> {
        let artist = track.artists.first()?;
        Some((WorkId::new(format!("{artist}\u{241f}{}", track.title)), track.version))
    }

    fn observe(&mut self, credited: &[String], _: &WorkId) -> bool {
        self.observed += 1;
        let [one] = credited else { return false };
        if !one.contains('+') {
            self.alone.insert(one.clone());
        }
        one.contains('+')
    }

    fn part(&self, credited: &[String], _: &WorkId) -> Option<Vec<String>> {
        let (first, second) = credited[0].split_once('+')?;
        let parted = vec![first.to_owned(), second.to_owned()];
        self.alone.contains(first).then_some(parted)
    }
}

fn by(artist: &str, title: &str) -> Track {
    let work = WorkId::new(format!("{artist}\u{241f}{title}"));
    let track = Track::new(TrackId::new(format!("{artist}: {title}")), work, title);
    Track { artists: vec![artist.to_owned()], ..track }
}

fn play(store: &mut Store, file: &str, track: &Track, second: i64) -> u64 {
    import(store, file, &[played(scrobble("ann", track, second), track)]).listens_added
}

/// Every track with its artists and work, in the order of their ids.
fn catalogue(store: &Store) -> Vec<(TrackId, Vec<String>, WorkId)> {
    let mut tracks: Vec<_> =
        store.tracks().unwrap().into_iter().map(|t| (t.id, t.artists, t.work)).collect();
    tracks.sort();
    tracks
}

#[test]
fn a_credit_is_parted_once_somebody_is_known_and_whatever_came_first() {
    let (joined, alone) = (by("a+b", "song"), by("a", "song"));
    let settled: Vec<_> = [[&joined, &alone], [&alone, &joined]]
        .into_iter()
        .map(|order| {
            let mut store = Store::open_in_memory().unwrap();
            let mut changed = 0;
            for (i, track) in order.into_iter().enumerate() {
                play(&mut store, &i.to_string(), track, i as i64 * 1_000);
                changed += store.settle(&mut Plus::default()).unwrap();
            }
            assert_eq!(changed, 1);
            assert_eq!(store.status().unwrap().works, 1);
            catalogue(&store)
        })
        .collect();
    assert_eq!(settled[0], settled[1]);
    assert_eq!(settled[0][0].1, ["a", "b"]);
}

#[test]
fn a_settled_library_is_not_read_again_until_a_track_comes() {
    let mut store = Store::open_in_memory().unwrap();
    let observed = |store: &mut Store| {
        let mut rule = Plus::default();
        store.settle(&mut rule).unwrap();
        rule.observed
    };
    play(&mut store, "1", &by("a+b", "song"), 0);
    assert_eq!((observed(&mut store), observed(&mut store)), (1, 0));
    play(&mut store, "2", &by("a+b", "song"), 1_000);
    assert_eq!(observed(&mut store), 0, "the track was known");
    play(&mut store, "3", &by("c", "song"), 2_000);
    assert_eq!(observed(&mut store), 2);
}

#[test]
fn a_credit_is_joined_again_when_nothing_speaks_for_its_parts_any_more() {
    let mut store = Store::open_in_memory().unwrap();
    import(&mut store, "1", &[played(scrobble("bo", &by("a", "x"), 0), &by("a", "x"))]);
    play(&mut store, "2", &by("a+b", "song"), 0);
    store.settle(&mut Plus::default()).unwrap();
    assert_eq!(store.track(&by("a+b", "song").id).unwrap().unwrap().artists, ["a", "b"]);

    store.forget(&listener("bo")).unwrap();
    play(&mut store, "3", &by("c", "y"), 1_000);
    store.settle(&mut Plus::default()).unwrap();
    let track = store.track(&by("a+b", "song").id).unwrap().unwrap();
    assert_eq!((track.artists, track.work), (vec!["a+b".to_owned()], by("a+b", "song").work));
}

#[test]
fn what_is_said_of_a_parted_track_later_keeps_its_parts() {
    let mut store = Store::open_in_memory().unwrap();
    play(&mut store, "1", &by("a", "x"), 0);
    play(&mut store, "2", &by("a+b", "song"), 1_000);
    store.settle(&mut Plus::default()).unwrap();
    let with_album = Track { album: Some("Album".to_owned()), ..by("a+b", "song") };
    play(&mut store, "3", &with_album, 2_000);
    play(&mut store, "4", &by("d", "z"), 3_000);
    assert_eq!(store.settle(&mut Plus::default()).unwrap(), 0);
    let track = store.track(&with_album.id).unwrap().unwrap();
    assert_eq!(
        (track.artists, track.album),
        (vec!["a".to_owned(), "b".to_owned()], with_album.album.clone())
    );

    let three = ["a", "b", "c"].map(str::to_owned).to_vec();
    play(&mut store, "5", &Track { artists: three.clone(), ..with_album.clone() }, 4_000);
    play(&mut store, "6", &by("e", "z"), 5_000);
    store.settle(&mut Plus::default()).unwrap();
    assert_eq!(store.track(&with_album.id).unwrap().unwrap().artists, three, "a source parted it");
}

#[test]
fn another_process_forgets_the_works_that_settling_removed() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Store::open(folder.path()).unwrap();
    play(&mut server, "1", &by("a+b", "song"), 0);
    let mut importer = Store::open(folder.path()).unwrap();
    play(&mut importer, "2", &by("a", "song"), 1_000);
    let before = server.marks().unwrap();
    assert_eq!(importer.settle(&mut Plus::default()).unwrap(), 1);

    assert_ne!(server.marks().unwrap(), before, "what was made of the catalogue is stale");
    assert_eq!(play(&mut server, "3", &by("a+b", "song"), 2_000), 1);
    assert_eq!(play(&mut server, "4", &by("a+b", "song"), 1_000), 0, "it was by a alone");
}

#[test]
fn works_are_settled_once_a_version_and_plays_of_both_readings_are_one() {
    let mut store = Store::open_in_memory().unwrap();
    let artist = |track: Track| Track { artists: vec!["artist".to_owned()], ..track };
    let old = artist(version_of("artist\u{241f}old", "name:artist\u{241f}old"));
    play(&mut store, "old", &old, 0);
    let rule = || Plus { version: 1, ..Plus::default() };
    assert_eq!(store.settle(&mut rule()).unwrap(), 1);
    let work = store.track(&old.id).unwrap().unwrap().work;
    assert_eq!(work.as_str(), format!("artist\u{241f}{}", old.title));
    assert_eq!(store.settle(&mut rule()).unwrap(), 0);

    let new = artist(version_of(work.as_str(), "name:new"));
    assert_eq!(play(&mut store, "new", &new, 0), 0, "the same play");
    assert_eq!(store.status().unwrap().works, 1, "the old one is gone");
}

#[test]
fn plays_of_a_song_that_credits_more_artists_are_the_same_if_they_have_a_date()
-> Result<(), StoreError> {
    let mut store = Store::open_in_memory()?;
    for (i, (artist, second, added)) in [
        ("lanterns", 0, 1),
        ("lanterns mira", 0, 0),
        ("lanterns and mira", 5, 0),
        ("lamps", 0, 1),
        ("lanterns mira", 1_000, 1),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(
            play(&mut store, &i.to_string(), &by(artist, "song"), second),
            added,
            "{artist}"
        );
    }
    let undated = |artist| {
        let track = by(artist, "song");
        played(segue_core::Listen { at: None, ..scrobble("ann", &track, 0) }, &track)
    };
    assert_eq!(import(&mut store, "x", &[undated("lanterns")]).listens_added, 1);
    assert_eq!(import(&mut store, "y", &[undated("lanterns mira")]).listens_added, 1);
    assert_eq!(import(&mut store, "z", &[undated("lanterns mira")]).listens_added, 0);
    Ok(())
}
