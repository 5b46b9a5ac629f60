//! The protocol for listeners that a model has never seen.

use std::collections::BTreeSet;

use segue_core::{AudioFeature, ListenerId, Track, TrackId, WorkId};
use segue_engine::dataset::profile::liking;
use segue_engine::{Catalogue, Profile, TrackIdx};
use segue_lab::new_listener::{
    Baseline, Baselines, ListenerLikes, NewListenerProtocol, NewListenerRanker, TrialOutcome, ask,
    split, summarise, trials,
};

const CAMPS: usize = 3;

/// Track `i` is of camp `i % 3`, which decides its energy; every tenth track is another version of
/// the one before it.
fn catalogue() -> Catalogue {
    let track = |i: usize| {
        let work = if i % 10 == 9 { i - 3 } else { i };
        let mut track = Track::new(
            TrackId::new(format!("t{i:03}")),
            WorkId::new(format!("w{work:03}")),
            "title",
        );
        track.features.set(AudioFeature::Energy, 0.2 + 0.3 * (i % CAMPS) as f32);
        track.features.set(AudioFeature::Valence, 0.4 + 0.02 * (i % 7) as f32);
        track
    };
    Catalogue::from_tracks((0..300).map(track).collect())
}

fn listeners(catalogue: &Catalogue, count: usize) -> Vec<ListenerLikes> {
    (0..count)
        .map(|i| {
            let rows = (0..20).map(|j| (((i + 7 * j) % 100) * CAMPS + i % CAMPS) as u32);
            let unique: BTreeSet<_> =
                rows.map(|row| (catalogue.work(TrackIdx(row)), TrackIdx(row))).collect();
            ListenerLikes {
                listener: ListenerId::new(format!("l{i:02}")),
                tracks: unique.into_iter().map(|(_, row)| row).collect(),
            }
        })
        .collect()
}

fn protocol() -> NewListenerProtocol {
    NewListenerProtocol { unseen: 0.3, supports: vec![0, 2, 5], negatives: 40, seed: 4 }
}

#[test]
fn a_listener_is_either_learned_from_or_hidden() {
    let parts = split(47, &protocol());
    let all: BTreeSet<usize> = parts.training.iter().chain(&parts.unseen).copied().collect();
    assert_eq!(all.len(), 47);
    assert_eq!((parts.training.len(), parts.unseen.len()), (33, 14));
    assert_eq!(split(47, &protocol()), parts);
    assert_ne!(split(47, &NewListenerProtocol { seed: 5, ..protocol() }), parts);
}

#[test]
fn what_is_given_or_held_in_any_version_is_never_asked_as_foreign() {
    let catalogue = catalogue();
    let listeners = listeners(&catalogue, 12);
    let hidden: Vec<&ListenerLikes> = listeners.iter().collect();
    let trials = trials(&catalogue, &hidden, &protocol());
    assert_eq!(trials.len(), 12);
    for (trial, likes) in trials.iter().zip(&listeners) {
        let held: BTreeSet<_> = likes.tracks.iter().map(|&track| catalogue.work(track)).collect();
        assert_eq!(trial.given.len(), 5);
        for (track, liked) in trial.candidates.iter().zip(&trial.liked) {
            assert_eq!(held.contains(&catalogue.work(*track)), *liked);
            assert!(!trial.given.contains(track));
        }
        assert_eq!(trial.liked.iter().filter(|liked| **liked).count(), likes.tracks.len() - 5);
    }
}

#[test]
fn a_listener_with_too_few_likes_is_left_out() {
    let catalogue = catalogue();
    let mut listeners = listeners(&catalogue, 4);
    listeners[2].tracks.truncate(6);
    let hidden: Vec<&ListenerLikes> = listeners.iter().collect();
    assert_eq!(trials(&catalogue, &hidden, &protocol()).len(), 3);
}

#[test]
fn baselines_find_the_camp_of_a_listener() {
    let catalogue = catalogue();
    let listeners = listeners(&catalogue, 30);
    let all: Vec<&ListenerLikes> = listeners.iter().collect();
    let baselines = Baselines::fit(&catalogue, &all[..20], 1);
    let trials = trials(&catalogue, &all[20..], &protocol());
    for baseline in [
        Baseline::Centroid { numbers: 14 },
        Baseline::Neighbours { numbers: 14, k: 3 },
        Baseline::Logistic { numbers: 14, penalty: 0.01 },
    ] {
        let outcomes = ask("b", &baselines.ranker(baseline), &catalogue, &trials, &[5]);
        // The middle camp lies in no direction from the others, so that linear baselines cannot
        // find it.
        let outer = outcomes.iter().filter(|outcome| !of_middle_camp(&outcome.listener));
        let aucs: Vec<f64> = outer.map(|outcome| outcome.auc).collect();
        assert!(aucs.len() >= 6 && aucs.iter().all(|auc| *auc > 0.6), "{baseline:?}: {aucs:?}");
    }
}

fn of_middle_camp(listener: &ListenerId) -> bool {
    listener.as_str()[1..].parse::<usize>().unwrap() % CAMPS == 1
}

#[test]
fn popularity_counts_training_listeners() {
    let catalogue = catalogue();
    let likes = |name: &str, rows: &[u32]| ListenerLikes {
        listener: ListenerId::new(name),
        tracks: rows.iter().copied().map(TrackIdx).collect(),
    };
    let (a, b) = (likes("a", &[1, 2]), likes("b", &[2, 5]));
    let baselines = Baselines::fit(&catalogue, &[&a, &b], 1);
    let nobody = Profile::empty(ListenerId::new("nobody"));
    let ranks = baselines.ranker(Baseline::Popularity).rank(&nobody, &[1, 2, 3].map(TrackIdx));
    assert_eq!(ranks, [1.0, 2.0, 0.0]);
}

#[test]
fn every_k_is_asked_about_the_same_tracks_with_more_given() {
    struct CountGiven;
    impl NewListenerRanker for CountGiven {
        fn rank(&self, profile: &Profile, tracks: &[TrackIdx]) -> Vec<f64> {
            // Right for the first track only once five likes are given.
            tracks
                .iter()
                .map(
                    |track| {
                        if profile.interactions.len() == 5 { f64::from(track.0 % 3) } else { 0.0 }
                    },
                )
                .collect()
        }
    }
    let catalogue = catalogue();
    let listeners = listeners(&catalogue, 6);
    let hidden: Vec<&ListenerLikes> = listeners.iter().collect();
    let trials = trials(&catalogue, &hidden, &protocol());
    let outcomes = ask("count", &CountGiven, &catalogue, &trials, &[0, 2, 5]);
    assert_eq!(outcomes.len(), 18);
    for outcome in &outcomes {
        assert_eq!(outcome.auc == 0.5, outcome.given < 5, "{outcome:?}");
    }
}

#[test]
fn differences_are_paired_by_listener_and_repeats_count_once() {
    let outcome = |model: &str, listener: &str, auc: f64| TrialOutcome {
        model: model.into(),
        given: 5,
        listener: ListenerId::new(listener),
        auc,
        ndcg: auc / 2.0,
    };
    let outcomes = [
        outcome("ours", "a", 0.9),
        outcome("ours", "a", 0.7),
        outcome("ours", "b", 0.6),
        outcome("theirs", "a", 0.7),
        outcome("theirs", "a", 0.7),
        outcome("theirs", "b", 0.5),
    ];
    let standings = summarise(&outcomes, 1);
    assert_eq!(standings.len(), 2);
    assert!((standings[0].auc.mean - 0.7).abs() < 1e-9 && standings[0].listeners == 2);
    assert!(standings[0].auc_behind.is_none());
    let behind = standings[1].auc_behind.unwrap();
    assert!(
        (behind.mean - 0.1).abs() < 1e-9
            && (behind.low - 0.1).abs() < 1e-9
            && (behind.high - 0.1).abs() < 1e-9
    );
    assert!((standings[1].ndcg_behind.unwrap().mean - 0.05).abs() < 1e-9);
}

#[test]
fn liking_says_so_and_nothing_else() {
    let catalogue = catalogue();
    let profile = liking(&catalogue, ListenerId::new("a"), &[TrackIdx(4), TrackIdx(8)]);
    assert_eq!(profile.labelled().filter(|(_, label)| label.liked).count(), 2);
    assert_eq!(profile.interactions.iter().map(|interaction| interaction.plays).sum::<u32>(), 0);
}
