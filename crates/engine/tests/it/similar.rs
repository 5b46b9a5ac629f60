//! Similar tracks, and ways from one track to another.

use std::collections::BTreeSet;

use proptest::prelude::*;
use segue_core::ListenerId;
use segue_engine::similar::{Similar, SimilarIndex, Wanted};
use segue_engine::{Profile, TrackIdx};

use crate::world::{Plan, World, plans};

/// Twenty listeners who each know a part of the world.
fn community(plan: &Plan) -> (World, SimilarIndex) {
    let world = plan.build();
    let part = |listener: u32| {
        let knows =
            |work: u32| !work.wrapping_mul(2_654_435_761).wrapping_add(listener).is_multiple_of(4);
        let interactions = world.profile.interactions.iter().filter(|x| knows(x.work.0)).cloned();
        Profile::from_interactions(
            ListenerId::new(format!("listener {listener}")),
            interactions.collect(),
        )
    };
    let profiles: Vec<Profile> = (0..20).map(part).collect();
    let similar = SimilarIndex::build(&world.catalogue, &world.index, &profiles);
    (world, similar)
}

fn artist_repeats(world: &World, way: &[TrackIdx]) -> usize {
    let artist = |track| world.catalogue.artist(track);
    way.windows(2)
        .filter(|pair| artist(pair[0]).is_some() && artist(pair[0]) == artist(pair[1]))
        .count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn similar_tracks_are_ordered_other_works_and_the_best_there_are(
        plan in plans(),
        most in 0_usize..20,
    ) {
        let (world, index) = community(&plan);
        let World { catalogue, .. } = &world;
        for track in catalogue.rows().step_by(5) {
            let found = index.similar(catalogue, &world.index, track, most);
            prop_assert!(found.iter().all(|similar| (0.0..=1.0).contains(&similar.similarity)));
            let is_ordered = found.is_sorted_by(|a, b| {
                a.similarity > b.similarity || a.similarity == b.similarity && a.track < b.track
            });
            prop_assert!(is_ordered && found.len() <= most);
            let works: BTreeSet<_> =
                found.iter().map(|similar| catalogue.work(similar.track)).collect();
            prop_assert!(works.len() == found.len() && !works.contains(&catalogue.work(track)));
            let all = index.similar(catalogue, &world.index, track, catalogue.len());
            let values = |found: &[segue_engine::similar::Similar]| -> Vec<f32> {
                found.iter().map(|similar| similar.similarity).collect()
            };
            prop_assert_eq!(values(&found), values(&all)[..found.len()].to_vec());
        }
    }

    #[test]
    fn a_track_is_as_similar_to_another_as_the_other_to_it(plan in plans()) {
        let (world, index) = community(&plan);
        let World { catalogue, .. } = &world;
        let similar = |track| index.similar(catalogue, &world.index, track, catalogue.len());
        for track in catalogue.rows().step_by(9) {
            // Only the version that stands for a work is named.
            if catalogue.standing(catalogue.work(track)) != track {
                continue;
            }
            for found in similar(track) {
                let back = similar(found.track).into_iter().find(|back| back.track == track);
                let back = back.map(|back| (back.similarity, back.together, back.same_artist));
                prop_assert_eq!(back, Some((found.similarity, found.together, found.same_artist)));
            }
        }
    }

    #[test]
    fn a_way_leads_from_one_track_to_the_other_without_a_work_twice(
        plan in plans(),
        ends in any::<[prop::sample::Index; 2]>(),
        length in 0_usize..30,
    ) {
        let (world, index) = community(&plan);
        let World { catalogue, .. } = &world;
        let [from, to] = ends.map(|end| TrackIdx(end.index(catalogue.len()) as u32));
        let way = index.path(catalogue, &world.index, [from, to], length);
        prop_assert!(way.len() <= length);
        if length > 0 {
            prop_assert_eq!(way[0], from);
        }
        let works: BTreeSet<_> = way.iter().map(|&track| catalogue.work(track)).collect();
        prop_assert_eq!(works.len(), way.len());
        let has_sound = |end| world.index.sound.distance(end, end).is_some();
        let audible = (0..catalogue.work_count() as u32)
            .filter(|&work| has_sound(catalogue.standing(segue_engine::WorkIdx(work))))
            .count();
        if length >= 2 && catalogue.work(from) != catalogue.work(to) {
            prop_assert_eq!(*way.last().unwrap(), to);
            if has_sound(from) && has_sound(to) {
                prop_assert!(way.len() >= length.min(audible), "{} of {length}", way.len());
            }
        }
    }
}

#[test]
fn a_way_through_many_tracks_goes_in_even_steps_and_keeps_artists_apart() {
    let (world, index) = community(&Plan { seed: 3, tracks: 4_000, artists: 300, known: 0.1 });
    let audible: Vec<TrackIdx> = world
        .catalogue
        .rows()
        .filter(|&row| world.index.sound.distance(row, row).is_some())
        .collect();
    let sound = &world.index.sound;
    for pair in audible.windows(2).step_by(97) {
        let way = index.path(&world.catalogue, &world.index, [pair[0], pair[1]], 6);
        assert_eq!(way.len(), 6);
        let is_forced = world.catalogue.artist(pair[0]).is_some();
        assert!(artist_repeats(&world, &way) == 0 || !is_forced, "{way:?}");
        let distance = sound.distance(pair[0], pair[1]).unwrap();
        let longest =
            way.windows(2).filter_map(|step| sound.distance(step[0], step[1])).fold(0.0, f32::max);
        // In 4,000 tracks each cut has one near it: steps are far shorter than the whole way, or it
        // is a short one.
        assert!(longest < 0.75 * distance.max(1.6), "{longest} of {distance}");
    }
}

#[test]
fn works_that_the_same_listeners_like_are_nearer_than_sound_alone_would_have_them() {
    let plan = Plan { seed: 5, tracks: 200, artists: 40, known: 0.3 };
    let (world, index) = community(&plan);
    let nobody = SimilarIndex::build(&world.catalogue, &world.index, []);
    let mut raised = 0;
    for track in world.catalogue.rows() {
        let alone = nobody.similar(&world.catalogue, &world.index, track, 200);
        for found in index.similar(&world.catalogue, &world.index, track, 200) {
            let before = alone.iter().find(|before| before.track == found.track);
            let before = before.map_or(0.0, |before| before.similarity);
            assert!(if found.together > 0 {
                found.similarity > before
            } else {
                found.similarity >= before
            });
            raised += usize::from(found.together > 0);
        }
    }
    assert!(raised > 1_000, "{raised}");
}

#[test]
fn what_people_elsewhere_play_along_counts_as_the_closer_of_it_and_co_likes() {
    let plan = Plan { seed: 5, tracks: 200, artists: 40, known: 0.3 };
    let (world, index) = community(&plan);
    let World { catalogue, .. } = &world;
    let ask = |wanted: Wanted<'_>| index.similar(catalogue, &world.index, wanted, 200);
    let stands = |track: &TrackIdx| catalogue.standing(catalogue.work(*track)) == *track;
    for track in catalogue.rows().filter(stands).step_by(7) {
        let others = catalogue.rows().filter(stands).filter(|other| *other != track);
        let elsewhere: Vec<(TrackIdx, f32)> =
            others.step_by(11).zip([0.9, 0.4, 0.0001].into_iter().cycle()).collect();
        let (before, after) = (ask(track.into()), ask(Wanted { track, elsewhere: &elsewhere }));
        let of = |found: &[Similar], other| {
            found.iter().find(|found| found.track == other).map(|found| found.similarity)
        };
        for &(other, closeness) in &elsewhere {
            let (was, is) = (of(&before, other).unwrap_or(0.0), of(&after, other).unwrap());
            assert!(is >= was && is >= 0.5 * closeness && is <= was + 0.5 * closeness + 1e-6);
        }
        assert!(after.len() >= before.len());
    }
}
