//! The playing order.

use std::collections::BTreeMap;

use proptest::prelude::*;
use segue_core::{AudioFeature, AudioFeatures};
use segue_engine::ArtistIdx;
use segue_engine::mix::arrange::{ArrangedTrack, arrange, transition_cost};

fn features(energy: f32, tempo: f32, key: f32, mode: f32) -> AudioFeatures {
    let mut features = AudioFeatures::MISSING;
    features.set(AudioFeature::Energy, energy);
    features.set(AudioFeature::Valence, energy);
    features.set(AudioFeature::Tempo, tempo);
    features.set(AudioFeature::Key, key);
    features.set(AudioFeature::Mode, mode);
    features
}

fn cost(a: &AudioFeatures, b: &AudioFeatures) -> f32 {
    transition_cost(
        &ArrangedTrack { features: a, is_estimated: false, artist: None },
        &ArrangedTrack { features: b, is_estimated: false, artist: None },
    )
}

#[test]
fn half_and_double_time_are_the_same_beat() {
    let at = |tempo| features(0.5, tempo, 0.0, 1.0);
    assert!(cost(&at(70.0), &at(140.0)) < 1e-6);
    assert!(cost(&at(70.0), &at(100.0)) > 0.5);
}

#[test]
fn keys_a_fifth_apart_are_nearer_than_keys_a_semitone_apart() {
    let c_major = features(0.5, 100.0, 0.0, 1.0);
    let (g_major, d_flat_major) = (features(0.5, 100.0, 7.0, 1.0), features(0.5, 100.0, 1.0, 1.0));
    let (a_minor, c_minor) = (features(0.5, 100.0, 9.0, 0.0), features(0.5, 100.0, 0.0, 0.0));
    assert!(cost(&c_major, &g_major) < cost(&c_major, &d_flat_major));
    assert!(
        cost(&c_major, &a_minor) < cost(&c_major, &c_minor),
        "the relative minor is nearer than the parallel one"
    );
}

#[test]
fn a_scale_of_energies_is_played_in_order() {
    let energies = [0.5, 0.1, 0.9, 0.3, 0.7];
    let features: Vec<_> =
        energies.iter().map(|&energy| features(energy, 100.0, 0.0, 1.0)).collect();
    let track = |features| ArrangedTrack { features, is_estimated: false, artist: None };
    let tracks: Vec<_> = features.iter().map(track).collect();
    assert_eq!(arrange(&tracks, &[1, 0, 2, 3, 4]), [1, 3, 0, 4, 2]);
}

#[test]
fn what_is_told_and_what_is_estimated_are_in_order_among_themselves() {
    let energies =
        [(0.5, true), (0.2, false), (0.9, true), (0.6, false), (0.1, true), (0.8, false)];
    let features: Vec<_> =
        energies.iter().map(|&(energy, _)| features(energy, 100.0, 0.0, 1.0)).collect();
    let track = |(features, (_, is_estimated)): (_, &(f32, bool))| ArrangedTrack {
        features,
        is_estimated: *is_estimated,
        artist: None,
    };
    let tracks: Vec<_> = features.iter().zip(&energies).map(track).collect();
    let between = transition_cost(&tracks[0], &tracks[1]);
    assert_eq!(between, transition_cost(&tracks[2], &tracks[1]), "what differs is not compared");
    let order = arrange(&tracks, &[1, 0, 2, 3, 4, 5]);
    assert_eq!(order[..3], [1, 3, 5], "{order:?}");
    assert!([[4, 0, 2], [2, 0, 4]].iter().any(|rest| order[3..] == *rest), "{order:?}");
}

fn tracks() -> impl Strategy<Value = Vec<(AudioFeatures, Option<ArtistIdx>)>> {
    let sound = (0.0..=1.0_f32, 50.0..200.0_f32, 0_u8..12, 0_u8..2);
    let features = prop::option::weighted(0.9, sound).prop_map(|sound| match sound {
        Some((energy, tempo, key, mode)) => features(energy, tempo, key.into(), mode.into()),
        None => AudioFeatures::MISSING,
    });
    let artist =
        prop::option::weighted(0.9, (0_u32..8).prop_map(|artist| ArtistIdx(artist * artist / 8)));
    prop::collection::vec((features, artist), 0..30)
}

/// Picks of which a service tells all that is known.
fn told(picks: &[(AudioFeatures, Option<ArtistIdx>)]) -> Vec<ArrangedTrack<'_>> {
    picks
        .iter()
        .map(|(features, artist)| ArrangedTrack { features, is_estimated: false, artist: *artist })
        .collect()
}

fn repeats(order: &[usize], artists: &[Option<ArtistIdx>]) -> usize {
    let is_repeat =
        |pair: &&[usize]| artists[pair[0]].is_some() && artists[pair[0]] == artists[pair[1]];
    order.windows(2).filter(is_repeat).count()
}

proptest! {
    #[test]
    fn the_order_is_a_permutation_without_avoidable_repeats(picks in tracks()) {
        let tracks = told(&picks);
        let artists: Vec<_> = picks.iter().map(|(_, artist)| *artist).collect();
        let openers: Vec<usize> = (0..tracks.len()).rev().collect();
        let order = arrange(&tracks, &openers);

        let mut sorted = order.clone();
        sorted.sort_unstable();
        prop_assert_eq!(sorted, (0..tracks.len()).collect::<Vec<_>>());

        let mut counts: BTreeMap<ArtistIdx, usize> = BTreeMap::new();
        artists.iter().flatten().for_each(|&artist| *counts.entry(artist).or_default() += 1);
        let most = counts.into_values().max().unwrap_or(0);
        // Songs by the artist with most stand apart if the others fill the gaps between them.
        let unavoidable = (2 * most).saturating_sub(tracks.len() + 1);
        prop_assert_eq!(repeats(&order, &artists), unavoidable);
    }

    #[test]
    fn the_order_is_smoother_than_that_of_the_draw(picks in tracks()) {
        let tracks = told(&picks);
        let length = |order: &[usize]| -> f32 {
            order.windows(2).map(|pair| transition_cost(&tracks[pair[0]], &tracks[pair[1]])).sum()
        };
        let drawn: Vec<usize> = (0..tracks.len()).collect();
        let order = arrange(&tracks, &drawn);
        if order.first() == Some(&0) {
            prop_assert!(length(&order) <= length(&drawn) * 1.15 + 1e-3);
        }
    }
}
