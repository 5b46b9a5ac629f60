//! What is said of a listener and a track.

use proptest::prelude::*;
use segue_engine::candidate::Sources;
use segue_engine::explain::explain;
use segue_engine::mix::filters::FilterStep;
use segue_engine::mix::reasons::{Likes, Reasons};
use segue_engine::pipeline::MixRequest;
use segue_engine::{Stance, TrackIdx};

use crate::world::{HashScorer, Plan, World, plans, request};

/// What speaks for tracks at the moment of a request.
fn reasons<'a>(world: &'a World, likes: &'a Likes, request: &MixRequest) -> Reasons<'a> {
    Reasons {
        catalogue: &world.catalogue,
        index: &world.index,
        profile: &world.profile,
        likes,
        evidence: None,
        now: request.now,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn an_explanation_says_of_a_pick_what_the_mix_said(plan in plans(), explore in 0.0..=1.0_f32) {
        let world = plan.build();
        let scorer = HashScorer(plan.seed);
        let request = request(20, explore);
        let likes = Likes::from_profile(&world.catalogue, &world.index, &world.profile);
        let Ok(outcome) = world.mixer(&scorer).mix(&request) else {
            return Ok(());
        };
        for pick in &outcome.slate.picks {
            let track = world.catalogue.find(&pick.track).expect("picked from it");
            let reasons = reasons(&world, &likes, &request);
            let explained = explain(&reasons, &scorer, track, &request).unwrap();
            let all = reasons.all(track, Sources::default());
            prop_assert_eq!(&explained.reason, &all[0]);
            prop_assert!(all.contains(&pick.reason), "a mix varies what it says");
            prop_assert_eq!(explained.is_new, pick.new_to_listener);
            prop_assert_eq!(explained.likability.mean, pick.likability);
            prop_assert_eq!(explained.left_out, None);
        }
    }

    #[test]
    fn as_many_tracks_are_said_to_be_left_out_as_the_filters_leave_out(
        plan in plans(),
        days in 0_u32..60,
    ) {
        let world = plan.build();
        let scorer = HashScorer(plan.seed);
        let request = MixRequest { no_repeat_days: days, exact: true, ..request(20, 0.5) };
        let likes = Likes::from_profile(&world.catalogue, &world.index, &world.profile);
        let Ok(outcome) = world.mixer(&scorer).mix(&request) else {
            return Ok(());
        };
        let reasons = reasons(&world, &likes, &request);
        let step = |track: TrackIdx| explain(&reasons, &scorer, track, &request).unwrap().left_out;
        for left_out in outcome.left_out {
            let said =
                world.catalogue.rows().filter(|&track| step(track) == Some(left_out.step)).count();
            prop_assert_eq!(said, left_out.count, "{:?}", left_out.step);
        }
    }
}

#[test]
fn near_likes_features_and_records_are_those_of_the_profile() {
    let world = Plan { seed: 11, tracks: 300, artists: 12, known: 0.4 }.build();
    let likes = Likes::from_profile(&world.catalogue, &world.index, &world.profile);
    let request = request(10, 0.5);
    let mut banned = 0;
    for track in world.catalogue.rows() {
        let reasons = reasons(&world, &likes, &request);
        let explained = explain(&reasons, &HashScorer(1), track, &request).unwrap();
        assert!(explained.near.is_sorted_by(|a, b| a.distance <= b.distance));
        for near in &explained.near {
            assert_ne!(world.catalogue.work(near.track), world.catalogue.work(track));
            let interaction = world.profile.interaction(world.catalogue.work(near.track)).unwrap();
            assert!(interaction.label.unwrap().liked);
        }
        let away: Vec<f32> = explained.features.iter().map(|feature| feature.away.abs()).collect();
        assert!(away.is_sorted_by(|a, b| a >= b));
        assert!(
            explained
                .features
                .iter()
                .all(|feature| feature.agrees() == (feature.away.abs() <= 0.5))
        );
        if let Some(work) = &explained.work {
            assert!(
                explained.artist.plays >= work.plays
                    || world.catalogue.artist(track).is_none()
                    || world.catalogue.artist(track) != world.catalogue.artist(work.track)
            );
            let is_rejected = matches!(work.stance, Stance::Dislike | Stance::Ban);
            assert_eq!(is_rejected, explained.left_out == Some(FilterStep::Rejected));
            banned += usize::from(is_rejected);
        }
    }
    assert!(banned > 5);
}
