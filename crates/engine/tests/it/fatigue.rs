//! What was shown in vain tires, and what was answered does not.

use std::collections::BTreeSet;

use segue_core::{
    Feedback, FeedbackKind, FeedbackTarget, ListenerId, Showing, Slate, Source, Timestamp, TrackId,
};
use segue_engine::Profile;
use segue_engine::dataset::folding::Folding;
use segue_engine::explain::explain;
use segue_engine::mix::reasons::{Likes, Reasons};
use segue_engine::mix::sentence::shown_lately;
use segue_engine::pipeline::MixRequest;
use segue_engine::policy::draw::redraw;

use crate::world::{HashScorer, NOW_SECOND, Plan, World, request};

const DAY: i64 = 86_400;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(NOW_SECOND + second).unwrap()
}

fn world() -> World {
    Plan { seed: 11, tracks: 1_200, artists: 200, known: 0.3 }.build()
}

fn mix(world: &World, now: Timestamp, seed: u64) -> Slate {
    let request = MixRequest { now, seed, no_repeat_days: 0, ..request(30, 0.3) };
    world.mixer(&HashScorer(1)).mix(&request).unwrap().slate
}

fn showing(slate: &Slate, at: Timestamp) -> Showing {
    Showing { at, tracks: slate.picks.iter().map(|pick| pick.track.clone()).collect() }
}

fn shown(mut world: World, showings: &[Showing]) -> World {
    world.profile = world.profile.with_showings(&world.catalogue, showings);
    world
}

#[test]
fn seven_days_of_mixes_hold_more_tracks_than_without_fatigue_and_new_ones_seldom_come_thrice() {
    let week = |tires: bool| {
        let (mut world, mut showings, mut seen) = (world(), Vec::new(), BTreeSet::new());
        let mut thrice = 0;
        for day in 0..7 {
            let slate = mix(&world, at(day * DAY), day as u64);
            for pick in &slate.picks {
                let before = |showing: &&Showing| showing.tracks.contains(&pick.track);
                let times = showings.iter().filter(before).count();
                thrice += u32::from(pick.new_to_listener && times >= 2);
                seen.insert(pick.track.clone());
            }
            showings.push(showing(&slate, at(day * DAY)));
            if tires {
                world = shown(world, &showings);
                let slate = mix(&world, at(day * DAY + DAY), 9);
                assert_eq!(redraw(&world.catalogue, &slate).unwrap().len(), 30, "on record");
            }
        }
        (seen.len(), thrice)
    };
    let ((fresh, thrice), (stale, thrice_before)) = (week(true), week(false));
    assert!(2 * fresh > 3 * stale, "{fresh} of 210 places instead of {stale}");
    assert!(10 * thrice < thrice_before, "{thrice} instead of {thrice_before}");
}

#[test]
fn the_same_request_gives_the_same_mix_for_the_rest_of_the_sitting() {
    let before = mix(&world(), at(0), 5);
    let again = |seconds: i64| {
        let world = shown(world(), &[showing(&before, at(0)), showing(&before, at(60))]);
        mix(&world, at(seconds), 5)
    };
    assert_eq!(again(1_800), before);
    assert_ne!(again(3_700), before);
}

#[test]
fn an_answer_clears_the_account_and_showings_of_one_hour_are_one() {
    let world = world();
    let row = world.catalogue.find(&TrackId::new("t000003")).unwrap();
    let (id, work) = (world.catalogue.track(row).id.clone(), world.catalogue.work(row));
    let times: Vec<Showing> = [0, 600, 4_000, DAY]
        .map(|second| Showing { at: at(second), tracks: vec![id.clone()] })
        .to_vec();
    let counted = |feedback: &[Feedback]| {
        let mut folding = Folding::going_on(&world.catalogue, world.profile.clone());
        feedback.iter().for_each(|said| folding.add_feedback(said));
        let profile = folding.finish().with_showings(&world.catalogue, &times);
        profile.shown.count(work, at(3 * DAY))
    };
    assert_eq!(counted(&[]), 3);
    let said = Feedback {
        listener: ListenerId::new("someone"),
        target: FeedbackTarget::Track(id),
        kind: FeedbackKind::Like,
        at: Some(at(5_000)),
        source: Source::Segue,
    };
    assert_eq!(counted(&[said]), 1);
}

#[test]
fn an_explanation_says_how_often_a_track_was_shown_in_vain() {
    let world = world();
    let slate = mix(&world, at(0), 1);
    let showings = [0, DAY, 2 * DAY].map(|second| showing(&slate, at(second)));
    let world = shown(world, &showings);
    let (catalogue, index, profile): (_, _, &Profile) =
        (&world.catalogue, &world.index, &world.profile);
    let likes = Likes::from_profile(catalogue, index, profile);
    let request = MixRequest::new(at(3 * DAY));
    let reasons =
        Reasons { catalogue, index, profile, likes: &likes, evidence: None, now: request.now };
    let row = catalogue.find(&slate.picks[0].track).unwrap();
    let explained = explain(&reasons, &HashScorer(1), row, &request).unwrap();
    assert_eq!(explained.shown, 3);
    assert_eq!(shown_lately(3).unwrap(), "shown 3 times lately, not played");
}
