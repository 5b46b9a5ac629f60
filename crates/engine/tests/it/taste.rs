//! Several tastes: planted ones are found, little changes little, and what is said of them is so.

use std::collections::BTreeSet;

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_core::{
    AudioAnalysis, AudioFeature, Difference, Direction, EMBEDDING, Listen, ListenerId, SOUND_TAGS,
    Source, Track, TrackId, WorkId,
};
use segue_engine::Index;
use segue_engine::history::DatedPlays;
use segue_engine::taste::{Basis, Course, PlaysLately, Tastes};
use segue_engine::{Catalogue, Profile, WorkIdx};

use crate::world::{days_ago, now, plans};

/// The axes that planted tastes differ in; the others are noise.
const PLANTED: [AudioFeature; 6] = [
    AudioFeature::Danceability,
    AudioFeature::Energy,
    AudioFeature::Acousticness,
    AudioFeature::Instrumentalness,
    AudioFeature::Valence,
    AudioFeature::Speechiness,
];

/// A catalogue of which a listener likes `likes` tracks, around `centres` points that differ in at
/// least three axes.
struct Planted {
    catalogue: Catalogue,
    /// The planted taste of each liked track.
    liked: Vec<(TrackId, usize)>,
}

fn plant(seed: u64, centres: usize, likes: usize, spread: f32) -> Planted {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut points: Vec<[f32; 6]> = Vec::new();
    while points.len() < centres {
        let point: [bool; 6] = rng.random();
        let point = point.map(|high| if high { 0.8 } else { 0.2 });
        let differs =
            |other: &[f32; 6]| point.iter().zip(other).filter(|(a, b)| a != b).count() >= 3;
        if points.iter().all(differs) {
            points.push(point);
        }
    }
    let mut tracks: Vec<Track> = (0..1_000)
        .map(|i| {
            let sound: [f32; 6] = rng.random();
            track(format!("other {i}"), rng.random_range(0..200), sound, &mut rng)
        })
        .collect();
    let mut liked = Vec::new();
    for i in 0..likes {
        let taste = i % centres;
        let mut noise = || (0..4).map(|_| rng.random::<f32>() - 0.5).sum::<f32>() * spread * 1.73;
        let sound = points[taste].map(|centre| (centre + noise()).clamp(0.0, 1.0));
        let artist =
            if rng.random_bool(0.3) { 0 } else { 1 + taste } * 1_000 + rng.random_range(0..12);
        let track = track(format!("liked {i}"), artist, sound, &mut rng);
        liked.push((track.id.clone(), taste));
        tracks.push(track);
    }
    Planted { catalogue: Catalogue::from_tracks(tracks), liked }
}

fn track(name: String, artist: usize, sound: [f32; 6], rng: &mut ChaCha8Rng) -> Track {
    let mut track = Track::new(TrackId::new(name.as_str()), WorkId::new(name.as_str()), name);
    track.artists = vec![format!("Artist {artist}")];
    PLANTED.into_iter().zip(sound).for_each(|(feature, value)| {
        track.features.set(feature, value);
    });
    track.features.set(AudioFeature::Tempo, rng.random_range(70.0..160.0));
    track.features.set(AudioFeature::Loudness, rng.random_range(-20.0..-4.0));
    track
}

/// A play of each track, so many days ago.
fn listens<'a>(tracks: impl IntoIterator<Item = (&'a TrackId, i64)>) -> Vec<Listen> {
    let listen = |(track, days): (&TrackId, i64)| Listen {
        ms_played: Some(200_000),
        ..Listen::new(ListenerId::new("ann"), track.clone(), days_ago(days), Source::ListenBrainz)
    };
    tracks.into_iter().map(listen).collect()
}

fn find(catalogue: &Catalogue, listens: &[Listen]) -> Tastes {
    let profile = Profile::fold(catalogue, ListenerId::new("ann"), listens, []);
    let index = Index::build(catalogue, [&profile]);
    let plays = DatedPlays::from_listens(catalogue, listens, &jiff::tz::TimeZone::UTC);
    Tastes::find(catalogue, &index, &profile, &PlaysLately::of(&plays, now()))
}

fn find_planted(planted: &Planted) -> Tastes {
    find(&planted.catalogue, &listens(planted.liked.iter().map(|(id, _)| (id, 10))))
}

fn place(catalogue: &Catalogue, tastes: &Tastes, id: &TrackId) -> Option<usize> {
    tastes.of_work(catalogue.work(catalogue.find(id).unwrap()))
}

/// How far two partitions agree beyond chance, 1 for the same (Hubert and Arabie, 1985).
fn adjusted_rand_index(pairs: &[(usize, usize)]) -> f64 {
    let twos = |count: usize| (count * count.saturating_sub(1) / 2) as f64;
    let count = |test: &dyn Fn(&(usize, usize)) -> bool| {
        twos(pairs.iter().filter(|pair| test(pair)).count())
    };
    let (mut both, mut left, mut right) = (0.0, 0.0, 0.0);
    for a in 0..8 {
        left += count(&|pair| pair.0 == a);
        right += count(&|pair| pair.1 == a);
        both += (0..8).map(|b| count(&|pair| *pair == (a, b))).sum::<f64>();
    }
    let expected = left * right / twos(pairs.len());
    let most = (left + right) / 2.0;
    if most == expected { 1.0 } else { (both - expected) / (most - expected) }
}

#[test]
fn planted_tastes_are_found() {
    for centres in [1, 2, 4] {
        let (mut agreement, mut right) = (0.0, 0);
        for seed in 0..10 {
            let planted = plant(seed, centres, 50 * centres, 0.15);
            let tastes = find_planted(&planted);
            right += usize::from(tastes.tastes.len() == centres);
            let pairs: Vec<(usize, usize)> = planted
                .liked
                .iter()
                .map(|(id, taste)| (*taste, place(&planted.catalogue, &tastes, id).unwrap()))
                .collect();
            agreement += adjusted_rand_index(&pairs) / 10.0;
        }
        // Structure that chance makes is told from what was planted nearly always, not always
        // (docs/measurements.md).
        assert!(
            right >= 9 && agreement > 0.85,
            "{centres} planted: {right} of 10 right, agreement {agreement}"
        );
    }
}

#[test]
fn a_level_is_of_one_source_and_how_far_it_is_from_the_rest_of_both() {
    let planted = plant(3, 1, 60, 0.1);
    let heard = |loud: bool, seed: usize| {
        let word = if loud { "metal" } else { "ambient" };
        let likely = |tag: &str| if tag == word { 0.5 + 0.004 * seed as f32 } else { 0.03 };
        let mut analysis = AudioAnalysis::new(1);
        analysis.set_embedding(&[0.0; EMBEDDING], &SOUND_TAGS.map(likely));
        analysis
    };
    let mut tracks: Vec<Track> =
        planted.catalogue.rows().map(|row| planted.catalogue.track(row).clone()).collect();
    let mut analyses = Vec::new();
    let mut liked: Vec<(TrackId, i64)> =
        planted.liked.iter().map(|(id, _)| (id.clone(), 10)).collect();
    for i in 0..60 {
        let name = format!("heard {i:02}");
        let mut track = Track::new(TrackId::new(&*name), WorkId::new(&*name), &*name);
        track.artists = vec!["Artist 1000".to_owned()];
        analyses.push((track.id.clone(), heard(i < 30, i)));
        if i < 30 {
            liked.push((track.id.clone(), 10));
        }
        tracks.push(track);
    }
    let energy = |catalogue: &Catalogue, liked: &[(TrackId, i64)]| {
        let tastes = find(catalogue, &listens(liked.iter().map(|(id, days)| (id, *days))));
        assert_eq!(tastes.tastes.len(), 1);
        let mut levels = tastes.tastes[0].features.iter();
        *levels.find(|level| level.feature == AudioFeature::Energy).unwrap()
    };
    let told = energy(&planted.catalogue, &liked[..60]);
    let catalogue = Catalogue::from_tracks(tracks).with_analyses(analyses);
    let both = energy(&catalogue, &liked);
    assert!((both.value - told.value).abs() < 1e-4, "{both:?} {told:?}");
    // The 30 that were heard are one deviation above what was heard.
    let expected = (60.0 * told.above_catalogue + 30.0) / 90.0;
    assert!((both.above_catalogue - expected).abs() < 0.1, "{both:?} {told:?}");
}

#[test]
fn one_more_like_does_not_reshuffle_the_others() {
    let mut agreements = Vec::new();
    for seed in 0..10 {
        let planted = plant(seed, 3, 120, 0.15);
        let before = find_planted(&planted);
        let another =
            planted.catalogue.track(planted.catalogue.rows().nth(seed as usize * 90).unwrap());
        let liked = planted.liked.iter().map(|(id, _)| id).chain([&another.id]);
        let after = find(&planted.catalogue, &listens(liked.map(|id| (id, 10))));
        let own = |tastes: &Tastes, id: &TrackId| place(&planted.catalogue, tastes, id).unwrap();
        let pairs: Vec<(usize, usize)> =
            planted.liked.iter().map(|(id, _)| (own(&before, id), own(&after, id))).collect();
        agreements.push(adjusted_rand_index(&pairs));
    }
    let mean = agreements.iter().sum::<f64>() / 10.0;
    assert!(mean > 0.95, "{agreements:?}");
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let planted = plant(3, 4, 120, 0.2);
    let forward = listens(planted.liked.iter().map(|(id, _)| (id, 10)));
    let backward: Vec<Listen> = forward.iter().rev().cloned().collect();
    assert_eq!(find(&planted.catalogue, &forward), find(&planted.catalogue, &backward));
}

#[test]
fn a_few_likes_are_one_taste_and_fewer_are_none() {
    let planted = plant(1, 2, 40, 0.05);
    let counts = [4, 5, 15, 16].map(|likes| {
        let liked = planted.liked.iter().take(likes).map(|(id, _)| (id, 10));
        let tastes = find(&planted.catalogue, &listens(liked));
        assert_eq!(tastes.likes as usize, likes);
        tastes.tastes.len()
    });
    assert_eq!(counts, [0, 1, 1, 2]);
}

#[test]
fn a_taste_is_said_to_be_what_it_is() {
    let sounds = [
        // danceable, energetic, acoustic, instrumental, bright, spoken
        [0.5, 0.05, 0.95, 0.1, 0.5, 0.5],
        [0.5, 0.95, 0.05, 0.1, 0.5, 0.5],
    ];
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut tracks: Vec<Track> =
        (0..500).map(|i| track(format!("other {i}"), i, rng.random(), &mut rng)).collect();
    for i in 0..60 {
        let is_loud = i % 3 == 0;
        let artist = if is_loud { 1_000 } else { 2_000 + i };
        tracks.push(track(format!("liked {i}"), artist, sounds[usize::from(is_loud)], &mut rng));
    }
    let catalogue = Catalogue::from_tracks(tracks);
    let ids: Vec<TrackId> = (0..60).map(|i| TrackId::new(format!("liked {i}"))).collect();
    // the loud ones were all the rage until a year ago
    let old = ids.iter().step_by(3).flat_map(|id| (400..405).map(move |days| (id, days)));
    let played =
        ids.iter().enumerate().filter(|(i, _)| i % 3 > 0).map(|(_, id)| (id, 20)).chain(old);
    let tastes = find(&catalogue, &listens(played));

    // fewer, but played more, and so liked more
    let [loud, calm] = &tastes.tastes[..] else { panic!("{tastes:?}") };
    assert_eq!((calm.likes, loud.likes, tastes.basis), (40, 20, Basis::Sound));
    let more = |feature| Difference { feature, direction: Direction::More };
    let less = |feature| Difference { feature, direction: Direction::Less };
    for found in [&calm.stands_out, &calm.differs] {
        assert!(
            found.contains(&less(AudioFeature::Energy))
                && found.contains(&more(AudioFeature::Acousticness))
        );
    }
    assert!(calm.name.contains("calm") && calm.name.contains("acoustic"), "{}", calm.name);
    assert!(
        loud.name.starts_with("energetic") || loud.name.starts_with("electric"),
        "{}",
        loud.name
    );
    assert!(loud.name.ends_with(": Artist 1000"), "{}", loud.name);
    assert_eq!((loud.artists[0].name.as_str(), loud.artists[0].share), ("Artist 1000", 1.0));
    assert_eq!(loud.examples.len(), 1, "one for each artist");
    assert_eq!((calm.trend.course, loud.trend.course), (Course::Grows, Course::Fades));
    assert_eq!((calm.last_played, loud.last_played), (Some(days_ago(20)), Some(days_ago(400))));
    let energy =
        calm.features.iter().find(|standing| standing.feature == AudioFeature::Energy).unwrap();
    assert!((energy.value - 0.05).abs() < 1e-6 && energy.above_catalogue < -1.0);
    assert!(energy.others_above_catalogue.unwrap() > 1.0);
}

#[test]
fn without_sound_genres_are_tastes_and_what_fits_none_is_counted() {
    let mut tracks = Vec::new();
    for i in 0..40 {
        let mut track =
            Track::new(TrackId::new(format!("t{i}")), WorkId::new(format!("t{i}")), "Song");
        track.artists = vec![format!("Artist {}", i % 12)];
        track.genre = match i {
            0..20 => Some("Jazz".to_owned()),
            20..36 => Some("metal".to_owned()),
            _ => None,
        };
        if i >= 38 {
            track.artists = vec!["Nobody else".to_owned()];
        }
        tracks.push(track);
    }
    let catalogue = Catalogue::from_tracks(tracks);
    let ids: Vec<TrackId> = (0..40).map(|i| TrackId::new(format!("t{i}"))).collect();
    let tastes = find(&catalogue, &listens(ids.iter().map(|id| (id, 1))));
    let names: Vec<&str> = tastes.tastes.iter().map(|taste| taste.name.as_str()).collect();
    assert_eq!((names, tastes.basis), (vec!["Jazz", "metal"], Basis::Genre));
    assert_eq!((tastes.likes, tastes.sound_unknown, tastes.unplaced), (40, 40, 2));
    assert!(place(&catalogue, &tastes, &ids[36]).is_some(), "their artists are known");
    assert_eq!(place(&catalogue, &tastes, &ids[39]), None);
}

#[test]
fn of_more_likes_than_are_clustered_every_one_has_its_taste() {
    let planted = plant(2, 3, 2_600, 0.15);
    let tastes = find_planted(&planted);
    assert_eq!(tastes.tastes.iter().map(|taste| taste.likes).sum::<u32>(), 2_600);
    let pairs: Vec<(usize, usize)> = planted
        .liked
        .iter()
        .map(|(id, taste)| (*taste, place(&planted.catalogue, &tastes, id).unwrap()))
        .collect();
    assert!(adjusted_rand_index(&pairs) > 0.9);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn tastes_add_up_whatever_the_listener(plan in plans()) {
        let world = plan.build();
        let plays = PlaysLately::new(now());
        let tastes = Tastes::find(&world.catalogue, &world.index, &world.profile, &plays);
        let liked = world.profile.labelled().filter(|(_, label)| label.liked).count();
        let placed: u32 = tastes.tastes.iter().map(|taste| taste.likes).sum();
        prop_assert_eq!(tastes.likes as usize, liked);
        prop_assert_eq!(placed + tastes.unplaced, tastes.likes);
        prop_assert!(tastes.tastes.len() <= 6);
        prop_assert!(tastes.tastes.windows(2).all(|pair| pair[0].share >= pair[1].share));
        let names: BTreeSet<&str> = tastes.tastes.iter().map(|taste| taste.name.as_str()).collect();
        prop_assert_eq!(names.len(), tastes.tastes.len(), "{:?}", names);
        let share: f64 = tastes.tastes.iter().map(|taste| taste.share).sum();
        prop_assert!(share <= 1.0 + 1e-6);
        for (place, taste) in tastes.tastes.iter().enumerate() {
            prop_assert!(taste.likes > 0 && taste.examples.first() == Some(&taste.medoid));
            let medoid = world.catalogue.find(&taste.medoid).unwrap();
            prop_assert_eq!(tastes.of_work(world.catalogue.work(medoid)), Some(place));
            prop_assert_eq!(taste.trend.course, Course::Unknown);
        }
        let placed_works = (0..world.catalogue.work_count() as u32)
            .filter(|&work| tastes.of_work(WorkIdx(work)).is_some());
        prop_assert_eq!(placed_works.count() as u32, placed);
        let json = serde_json::to_value(&tastes).unwrap();
        prop_assert!(json["tastes"].is_array());
    }
}

#[test]
fn the_future_is_no_part_of_a_trend() {
    let planted = plant(4, 2, 80, 0.1);
    let rows = |days: i64| listens(planted.liked.iter().map(move |(id, _)| (id, days)));
    let past: Vec<Listen> = rows(10).into_iter().chain(rows(200)).collect();
    let mut with_future = past.clone();
    with_future.extend(rows(-30));
    let trend = |listens: &[Listen]| {
        let plays = DatedPlays::from_listens(&planted.catalogue, listens, &jiff::tz::TimeZone::UTC);
        let profile = Profile::fold(&planted.catalogue, ListenerId::new("ann"), &past, []);
        let index = Index::build(&planted.catalogue, [&profile]);
        let tastes =
            Tastes::find(&planted.catalogue, &index, &profile, &PlaysLately::of(&plays, now()));
        tastes.tastes.iter().map(|taste| taste.trend).collect::<Vec<_>>()
    };
    assert_eq!(trend(&past), trend(&with_future));
    assert!(trend(&past).iter().all(|trend| trend.course == Course::Steady));
}
