//! The shelves of a page: what each asks for, that they share no song, and that none is shown
//! empty.

use std::collections::BTreeSet;

use proptest::prelude::*;
use segue_core::{Timestamp, TrackId};
use segue_engine::mix::filters::Familiarity;
use segue_engine::pipeline::MixRequest;
use segue_engine::releases::Releases;
use segue_engine::shelves::{Missing, Near, Page, Plan, SHORTEST, ShelfKind, anchors, fill, plan};
use segue_engine::{Catalogue, Profile, TrackIdx, WorkIdx};

use crate::world::{
    HashScorer, NOW_SECOND, Plan as WorldPlan, World, days_ago, now, plans, request,
};

fn world() -> World {
    WorldPlan { seed: 7, tracks: 400, artists: 60, known: 0.4 }.build()
}

/// The first of the day's favourites whose sound is known, and the tracks that lie closest to it.
fn near(world: &World, base: &MixRequest) -> Option<(TrackIdx, Vec<TrackId>)> {
    let anchors = anchors(&world.catalogue, &world.profile, base.now);
    let similar = |anchor: TrackIdx| {
        let distance = |track| Some((world.index.sound.distance(anchor, track)?, track));
        let mut near: Vec<(f32, TrackIdx)> = world.catalogue.rows().filter_map(distance).collect();
        near.sort_by(|a, b| a.0.total_cmp(&b.0));
        near.into_iter()
            .take(60)
            .map(|(_, track)| world.catalogue.track(track).id.clone())
            .collect::<Vec<_>>()
    };
    anchors
        .into_iter()
        .map(|anchor| (anchor, similar(anchor)))
        .find(|(_, similar)| similar.len() >= 4)
}

fn planned(world: &World, base: &MixRequest) -> Plan {
    let near = near(world, base);
    let near = near.as_ref().map(|(track, similar)| Near { track: *track, similar });
    plan(&world.catalogue, &world.profile, base, near, &Releases::default())
}

fn page(world: &World, base: &MixRequest) -> Page {
    let make = |request: &MixRequest| world.mixer(&HashScorer(1)).mix(request);
    fill(&world.catalogue, planned(world, base), make).unwrap()
}

fn kinds(plan: &Plan) -> Vec<ShelfKind> {
    plan.shelves.iter().map(|shelf| shelf.kind).collect()
}

#[test]
fn a_listener_with_a_history_gets_three_shelves_and_each_keeps_its_word() {
    let world = world();
    let base = request(12, 0.3);
    let page = page(&world, &base);
    let found: Vec<ShelfKind> = page.shelves.iter().map(|filled| filled.shelf.kind).collect();
    assert_eq!(
        found,
        [ShelfKind::BecauseYouPlayed, ShelfKind::BackAfterAWhile, ShelfKind::FurtherOut]
    );
    let near: BTreeSet<TrackId> = near(&world, &base).unwrap().1.into_iter().collect();
    let about = page.shelves[0].shelf.about.clone().unwrap();
    for pick in &page.shelves[0].outcome.slate.picks {
        assert!(near.contains(&pick.track) && pick.track != about);
    }
    for pick in &page.shelves[1].outcome.slate.picks {
        let row = world.catalogue.find(&pick.track).unwrap();
        let interaction = world.profile.interaction(world.catalogue.work(row)).unwrap();
        assert!(
            interaction.label.unwrap().liked && interaction.last_played.unwrap() <= days_ago(60)
        );
    }
    assert!(page.shelves[2].outcome.slate.picks.iter().all(|pick| pick.new_to_listener));
}

#[test]
fn of_a_newcomer_it_is_asked_what_many_like() {
    let world = World::new(world().catalogue, Profile::empty(segue_core::ListenerId::new("new")));
    let plan = planned(&world, &request(12, 0.3));
    assert_eq!(kinds(&plan), [ShelfKind::ToBeginWith]);
    assert_eq!(plan.shelves[0].request.artist_cap, 1);
    assert_eq!(page(&world, &request(12, 0.3)).shelves[0].outcome.slate.picks.len(), 12);
}

#[test]
fn favourites_take_turns_from_day_to_day() {
    let world = world();
    let about = |day: i64| {
        let at = Timestamp::from_second(NOW_SECOND + day * 86_400).unwrap();
        anchors(&world.catalogue, &world.profile, at)[0]
    };
    assert_ne!(about(0), about(1));
    let later_today = Timestamp::from_second(NOW_SECOND / 86_400 * 86_400 + 86_399).unwrap();
    assert_eq!(about(0), anchors(&world.catalogue, &world.profile, later_today)[0]);
    let week: BTreeSet<TrackIdx> = (0..7).map(about).collect();
    assert!(week.len() >= 4, "{week:?}");
}

#[test]
fn what_has_not_rested_is_no_shelf_and_the_page_says_why() {
    let mut world = world();
    let mut interactions = world.profile.interactions.clone();
    interactions.iter_mut().for_each(|interaction| interaction.last_played = Some(days_ago(3)));
    world.profile = Profile::from_interactions(world.profile.listener.clone(), interactions);
    let plan = planned(&world, &request(12, 0.3));
    assert_eq!(kinds(&plan), [ShelfKind::BecauseYouPlayed, ShelfKind::FurtherOut]);
    assert_eq!(plan.left_out[0].kind, ShelfKind::BackAfterAWhile);
    assert_eq!(plan.left_out[0].missing, Missing::NothingRested { rested: 0, days: 14 });
    assert!(
        plan.left_out[0]
            .missing
            .to_string()
            .starts_with("0 favourites have not been played for 14 days")
    );
}

#[test]
fn a_young_history_rests_for_less() {
    let mut world = world();
    let rest = |world: &World| {
        let plan = planned(world, &request(12, 0.3));
        let shelf = plan
            .shelves
            .into_iter()
            .find(|shelf| shelf.kind == ShelfKind::BackAfterAWhile)
            .unwrap();
        shelf.request.no_repeat_days
    };
    assert!(rest(&world) >= 60);
    let mut interactions = world.profile.interactions.clone();
    for (i, interaction) in interactions.iter_mut().enumerate() {
        interaction.last_played = interaction.last_played.map(|_| days_ago(i as i64 % 40));
    }
    world.profile = Profile::from_interactions(world.profile.listener.clone(), interactions);
    assert_eq!(rest(&world), 30);
}

#[test]
fn a_listeners_own_limits_hold_on_every_shelf() {
    let world = world();
    let playable: Vec<TrackId> = world
        .catalogue
        .rows()
        .filter(|row| row.0 % 2 == 0)
        .map(|row| world.catalogue.track(row).id.clone())
        .collect();
    let base = MixRequest { within: Some(playable.clone()), ..request(12, 0.3) };
    let page = page(&world, &base);
    assert!(!page.shelves.is_empty());
    let allowed: BTreeSet<TrackId> = playable.into_iter().collect();
    let mut shown = page.shelves.iter().flat_map(|filled| &filled.outcome.slate.picks);
    assert!(shown.all(|pick| allowed.contains(&pick.track)));
}

fn works(catalogue: &Catalogue, page: &Page) -> Vec<WorkIdx> {
    let picks = page.shelves.iter().flat_map(|filled| &filled.outcome.slate.picks);
    picks.map(|pick| catalogue.work(catalogue.find(&pick.track).unwrap())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn no_song_is_on_two_shelves_and_no_shelf_is_empty(world in plans(), length in 4_u32..20) {
        let world = world.build();
        let base = request(length, 0.3);
        let found = page(&world, &base);
        let shown = works(&world.catalogue, &found);
        let different: BTreeSet<WorkIdx> = shown.iter().copied().collect();
        prop_assert_eq!(different.len(), shown.len());
        for filled in &found.shelves {
            prop_assert!(filled.outcome.slate.picks.len() as u32 >= SHORTEST);
            prop_assert_eq!(
                filled.shelf.kind == ShelfKind::FurtherOut,
                filled.shelf.request.familiarity == Familiarity::New
            );
        }
        let named = found.shelves.len() + found.left_out.len();
        prop_assert!(named == 3 || named == 1, "every shelf is shown or its absence explained");
        prop_assert_eq!(found, page(&world, &base), "the same twice");
    }
}

#[test]
fn shelves_of_one_page_draw_by_seeds_of_their_own() {
    let plan = planned(&world(), &MixRequest { now: now(), ..request(12, 0.3) });
    let seeds: BTreeSet<u64> = plan.shelves.iter().map(|shelf| shelf.request.seed).collect();
    assert_eq!(seeds.len(), plan.shelves.len());
}
