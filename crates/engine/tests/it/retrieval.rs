//! Candidate sources and popularity.

use segue_core::ListenerId;
use segue_engine::retrieval::{Sources, retrieve};
use segue_engine::sound::SoundSpace;
use segue_engine::{Profile, TrackIdx};

use crate::world::{Plan, World};

fn world() -> World {
    Plan { seed: 7, tracks: 400, artists: 30, known: 0.1 }.build()
}

#[test]
fn a_small_catalogue_is_retrieved_whole() {
    let world = world();
    let candidates = retrieve(&world.catalogue, &world.index, &world.profile, 400);
    let tracks: Vec<TrackIdx> = candidates.iter().map(|candidate| candidate.track).collect();
    assert_eq!(tracks, world.catalogue.rows().collect::<Vec<_>>());
    let from_history =
        candidates.iter().filter(|candidate| candidate.sources.contains(Sources::HISTORY));
    assert!(from_history.clone().count() > 10);
    assert!(from_history.into_iter().all(|c| world.profile.knows(world.catalogue.work(c.track))));
}

#[test]
fn a_large_catalogue_is_retrieved_by_its_sources() {
    let world = world();
    let candidates = retrieve(&world.catalogue, &world.index, &world.profile, 0);
    for source in [Sources::HISTORY, Sources::POPULAR, Sources::ARTISTS, Sources::NEIGHBOURS] {
        assert!(
            candidates.iter().any(|candidate| candidate.sources.contains(source)),
            "{source:?}"
        );
    }
    assert!(!candidates.iter().any(|candidate| candidate.sources.contains(Sources::EXACT)));
    let by_liked_artists =
        candidates.iter().filter(|candidate| candidate.sources.contains(Sources::ARTISTS));
    let liked: Vec<_> = world.profile.labelled().filter(|(_, label)| label.liked).collect();
    for candidate in by_liked_artists {
        let artist = world.catalogue.artist(candidate.track);
        assert!(
            artist.is_some()
                && liked.iter().any(|(track, _)| world.catalogue.artist(*track) == artist)
        );
    }
}

#[test]
fn a_stranger_in_a_large_catalogue_gets_what_is_popular() {
    let world = world();
    let stranger = Profile::empty(ListenerId::new("stranger"));
    let candidates = retrieve(&world.catalogue, &world.index, &stranger, 0);
    assert!(!candidates.is_empty());
    assert!(candidates.iter().all(|candidate| candidate.sources == Sources::POPULAR));
}

#[test]
fn works_that_more_listeners_like_are_more_popular() {
    let world = world();
    let liked = world.profile.labelled().find(|(_, label)| label.liked).unwrap().0;
    assert_eq!(world.index.popularity.listeners(liked), 1);
    let ranked = world.index.popularity.most_popular();
    let values: Vec<f32> =
        ranked.iter().map(|&track| world.index.popularity.value(track)).collect();
    assert!(
        values.is_sorted_by(|a, b| a >= b)
            && values.iter().all(|value| (0.0..=1.0).contains(value))
    );
}

#[test]
fn the_space_of_sound_is_standardised_and_knows_what_it_does_not_know() {
    let world = world();
    let sound = SoundSpace::from_catalogue(&world.catalogue);
    let energies: Vec<f32> = world
        .catalogue
        .rows()
        .map(|track| sound.position(track)[1])
        .filter(|value| !value.is_nan())
        .collect();
    let mean = energies.iter().sum::<f32>() / energies.len() as f32;
    let variance =
        energies.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / energies.len() as f32;
    assert!(mean.abs() < 1e-3 && (variance - 1.0).abs() < 1e-2, "mean {mean}, variance {variance}");

    let silent = world
        .catalogue
        .rows()
        .find(|&track| world.catalogue.track(track).features.is_silent())
        .unwrap();
    let known = world
        .catalogue
        .rows()
        .find(|&track| !world.catalogue.track(track).features.is_silent())
        .unwrap();
    assert_eq!(sound.distance(silent, known), None);
    assert_eq!(sound.distance(known, known), Some(0.0));
}
