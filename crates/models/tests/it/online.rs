//! What an answer changes at once, and how uncertain the model is about a listener.

use segue_core::ListenerId;
use segue_engine::UncertaintySource;
use segue_engine::dataset::labels::Label;
use segue_engine::dataset::profile::liking;
use segue_engine::{Catalogue, Profile, Scorer, TrackIdx};

use crate::likability::{CAMPS, catalogue, community, fan, fitted};

const SKIPPED: Label = Label { liked: false, weight: 1.0 };
const LIKED: Label = Label { liked: true, weight: 1.0 };

fn of_camp(camp: u32) -> Vec<TrackIdx> {
    (200..300).map(TrackIdx).filter(|row| row.0 % CAMPS as u32 == camp).collect()
}

fn mean(scorer: &dyn Scorer, profile: &Profile, tracks: &[TrackIdx]) -> f32 {
    scorer.score(profile, tracks).iter().map(|score| score.mean).sum::<f32>() / tracks.len() as f32
}

/// A profile that holds answers to Segue about some tracks and nothing else.
fn answering(catalogue: &Catalogue, name: &str, answers: &[(u32, Label)]) -> Profile {
    let rows: Vec<TrackIdx> = answers.iter().map(|(row, _)| TrackIdx(*row)).collect();
    let mut interactions = liking(catalogue, ListenerId::new(name), &rows).interactions;
    for interaction in &mut interactions {
        let given = answers.iter().find(|(row, _)| *row == interaction.track.0);
        interaction.label = given.map(|(_, label)| *label);
        interaction.answered = true;
    }
    Profile::from_interactions(ListenerId::new(name), interactions)
}

#[test]
fn a_skip_lowers_what_lies_near_it_and_hardly_what_lies_elsewhere() {
    let catalogue = catalogue();
    let scorer = fitted(&catalogue, &community(&catalogue), 21).scorer(&catalogue).online();
    let nobody = Profile::empty(ListenerId::new("nobody"));
    let skipped = [3, 6, 9, 12, 15, 18, 21, 24];
    let answers = skipped.into_iter().flat_map(|row| [(row, SKIPPED), (row + 1, LIKED)]);
    let somebody = answering(&catalogue, "somebody", &answers.collect::<Vec<_>>());
    let camps = [of_camp(0), of_camp(1)];
    let before = [0, 1].map(|camp| mean(&scorer, &nobody, &camps[camp]));
    let moved = [0, 1].map(|camp| mean(&scorer, &somebody, &camps[camp]) - before[camp]);
    assert!(moved[0] < -0.02 && moved[1] > 0.02, "{moved:?}");
    assert_eq!(scorer.posterior(&somebody).answers(), 16);
    // Beyond what the network makes of the same history.
    let network = [0, 1].map(|camp| mean(scorer.network(), &somebody, &camps[camp]));
    let corrected = [0, 1].map(|camp| mean(&scorer, &somebody, &camps[camp]));
    assert_ne!(network, corrected);
}

#[test]
fn uncertainty_is_largest_about_those_of_whom_nothing_is_known() {
    let catalogue = catalogue();
    let scorer = fitted(&catalogue, &community(&catalogue), 23).scorer(&catalogue).online();
    let nobody = Profile::empty(ListenerId::new("nobody"));
    let known = fan(&catalogue, "a fan", 1, 40);
    let variance = |profile: &Profile| {
        let factors = scorer.factors(profile, &of_camp(1), UncertaintySource::Posterior);
        factors.iter().map(|factor| factor * factor).sum::<f32>()
    };
    assert!(
        variance(&nobody) > 2.0 * variance(&known),
        "{} {}",
        variance(&nobody),
        variance(&known)
    );
}

#[test]
fn members_of_the_network_vary_as_its_uncertainty_says() {
    let catalogue = catalogue();
    let scorer = fitted(&catalogue, &community(&catalogue), 24).scorer(&catalogue).online();
    let listener = fan(&catalogue, "a fan", 1, 10);
    let tracks = of_camp(2);
    let factors = scorer.factors(&listener, &tracks, UncertaintySource::Members);
    let width = factors.len() / tracks.len();
    for (factors, network) in
        factors.chunks_exact(width).zip(scorer.network().score(&listener, &tracks))
    {
        let deviation = factors.iter().map(|factor| factor * factor).sum::<f32>().sqrt();
        assert!(
            (deviation - network.uncertainty).abs() < 0.02,
            "{deviation} is not {}",
            network.uncertainty
        );
        assert!(factors.iter().sum::<f32>().abs() < 1e-4);
    }
    assert!(scorer.factors(&listener, &tracks, UncertaintySource::None).is_empty());
}

#[test]
fn only_answers_to_segue_teach_the_layer() {
    let catalogue = catalogue();
    let scorer = fitted(&catalogue, &community(&catalogue), 25).scorer(&catalogue).online();
    let chosen = fan(&catalogue, "a fan", 1, 12);
    assert_eq!(scorer.posterior(&chosen).answers(), 0);
    let (with, without) =
        (scorer.score(&chosen, &of_camp(0)), scorer.network().score(&chosen, &of_camp(0)));
    assert!(with.iter().zip(&without).all(|(a, b)| (a.mean - b.mean).abs() < 1e-6));
    let mut interactions = chosen.interactions.clone();
    interactions.iter_mut().take(5).for_each(|interaction| interaction.answered = true);
    let answered = Profile::from_interactions(chosen.listener.clone(), interactions);
    assert_eq!(scorer.posterior(&answered).answers(), 5);
}
