//! Everybody's profile, read in one pass over the log, is that of each read alone.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue::store::{Exclusion, Store};
use segue::{Dataset, FeedbackKind, FeedbackTarget, ListenerId, Timestamp, Track, TrackId};
use segue_core::{Feedback, Listen, Source, WorkId};

fn at(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(1_700_000_000 + second).ok()
}

fn song(number: usize) -> TrackId {
    TrackId::new(format!("song {number}"))
}

/// Plays and words of three listeners in any order, some without a time.
fn filled(rng: &mut ChaCha8Rng) -> Store {
    let mut store = Store::open_in_memory().unwrap();
    let track = |i: usize| Track {
        artists: vec![format!("Artist {}", i % 3)],
        ..Track::new(song(i), WorkId::new(format!("work {}", i / 2)), "Song")
    };
    store.add_tracks(&(0..9).map(track).collect::<Vec<_>>()).unwrap();
    for _ in 0..rng.random_range(5..60) {
        let listener = ListenerId::new(["ann", "bob", "cleo"][rng.random_range(0..3)]);
        let time = at(rng.random_range(0..5_000)).filter(|_| rng.random_bool(0.8));
        let track = song(rng.random_range(0..9));
        if rng.random_bool(0.7) {
            store.append_listens(&[Listen::new(listener, track, time, Source::LastFm)]).unwrap();
            continue;
        }
        let kinds = [FeedbackKind::Like, FeedbackKind::Dislike, FeedbackKind::Cleared];
        let target = FeedbackTarget::Track(track);
        let kind = kinds[rng.random_range(0..3)];
        store
            .append_feedback(&[Feedback {
                listener,
                target,
                kind,
                at: time,
                source: Source::LastFm,
            }])
            .unwrap();
    }
    for listener in ["ann", "bob", "nobody"] {
        let excluded = match rng.random_bool(0.5) {
            true => Exclusion::Track(song(rng.random_range(0..9))),
            false => Exclusion::Artist("artist 1".to_owned()),
        };
        // Who is not there excludes nothing.
        let _ = store.exclude(&ListenerId::new(listener), &excluded);
    }
    store
}

#[test]
fn everybodys_profile_is_what_reading_each_alone_gives() {
    for seed in 0..60 {
        let store = filled(&mut ChaCha8Rng::seed_from_u64(seed));
        let Dataset { catalogue, profiles } = Dataset::load(&store).unwrap();
        assert_eq!(profiles.len(), store.listeners().unwrap().len());
        for profile in profiles {
            let alone = segue::profile(&store, &catalogue, profile.listener.clone()).unwrap();
            assert_eq!(profile.interactions, alone.interactions, "seed {seed}");
            assert_eq!(profile.recent, alone.recent, "seed {seed}");
            assert_eq!(profile.last_played, alone.last_played, "seed {seed}");
            assert_eq!(profile.banned_artists, alone.banned_artists, "seed {seed}");
        }
    }
}
