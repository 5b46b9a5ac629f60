//! Candidate sources and popularity.

use std::collections::BTreeSet;

use segue_core::ListenerId;
use segue_engine::candidate::{Candidate, Sources};
use segue_engine::pipeline::{Bounds, Breadth};
use segue_engine::sound::SoundSpace;
use segue_engine::{Profile, TrackIdx};

use crate::world::{HashScorer, Plan, World};

fn world() -> World {
    Plan { seed: 7, tracks: 400, artists: 30, known: 0.1 }.build()
}

fn candidates(world: &World, breadth: Breadth<'_>) -> Vec<Candidate> {
    world
        .mixer(&HashScorer(7))
        .retrieve(breadth, &[], segue_engine::MixContext::at(segue_core::Timestamp::UNIX_EPOCH))
        .unwrap()
        .candidates()
        .to_vec()
}

#[test]
fn an_exact_retrieval_holds_every_track() {
    let world = world();
    let exact = candidates(&world, Breadth::Exact);
    let tracks: Vec<TrackIdx> = exact.iter().map(|candidate| candidate.track).collect();
    assert_eq!(tracks, world.catalogue.rows().collect::<Vec<_>>());
    assert!(exact.iter().all(|candidate| candidate.sources == Sources::ALL));
}

#[test]
fn every_source_names_something_of_its_own_kind() {
    let world = world();
    let bounded = candidates(&world, Breadth::Bounded(Bounds { new: 200, ..Bounds::USUAL }));
    let of = |source| bounded.iter().filter(move |candidate| candidate.sources.contains(source));
    for source in [Sources::HISTORY, Sources::POPULAR, Sources::ARTISTS, Sources::NEIGHBOURS] {
        assert!(of(source).next().is_some(), "{source:?}");
    }
    assert!(of(Sources::HISTORY).count() > 10);
    assert!(of(Sources::HISTORY).all(|c| world.profile.knows(world.catalogue.work(c.track))));
    assert!(of(Sources::ALL).next().is_none());
    let liked: Vec<_> = world.profile.labelled().filter(|(_, label)| label.liked).collect();
    for candidate in of(Sources::ARTISTS) {
        // Another version of the work may be the one that stands for it.
        let versions = world.catalogue.versions(world.catalogue.work(candidate.track));
        let artist = |track: TrackIdx| world.catalogue.artist(track);
        let is_by_liked = |&version: &TrackIdx| {
            artist(version).is_some()
                && liked.iter().any(|(track, _)| artist(*track) == artist(version))
        };
        assert!(versions.iter().any(is_by_liked));
    }
}

#[test]
fn a_stranger_gets_what_is_popular() {
    let mut world = world();
    world.profile = Profile::empty(ListenerId::new("stranger"));
    let bounded =
        candidates(&world, Breadth::Bounded(Bounds { new: 50, asked: 50, ..Bounds::USUAL }));
    assert_eq!(bounded.len(), 50);
    assert!(bounded.iter().all(|candidate| candidate.sources == Sources::POPULAR));
}

#[test]
fn where_no_source_names_more_tracks_from_all_over_the_catalogue_do() {
    let mut world = world();
    // Somebody whose songs have nothing in common with what else is there.
    world.profile = Profile::empty(ListenerId::new("stranger"));
    world.index = segue_engine::Index::build(&world.catalogue, []);
    let popular = world.index.popularity.most_popular().iter();
    let popular: BTreeSet<_> = popular.map(|&track| world.catalogue.work(track)).collect();
    let popular = popular.len();
    let bounded = |new: usize| {
        candidates(&world, Breadth::Bounded(Bounds { new, asked: new, ..Bounds::USUAL }))
    };
    let of_all = |found: &[Candidate]| -> Vec<u32> {
        let all = found.iter().filter(|candidate| candidate.sources == Sources::ALL);
        all.map(|candidate| candidate.track.0).collect()
    };
    for more in [10, 30, 60] {
        let spread = of_all(&bounded(2 * (popular + more)));
        assert_eq!(spread.len(), more, "{spread:?}");
        let first_half = spread.iter().filter(|&&row| row < 200).count();
        assert!((spread.len() / 4..=3 * spread.len() / 4).contains(&first_half), "{spread:?}");
    }
    assert!(of_all(&bounded(popular)).is_empty());
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
