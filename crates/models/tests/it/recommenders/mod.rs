//! Every recommender through one suite, and what only some of them promise.

mod conformance;

use segue_core::AudioFeature;
use segue_engine::dataset::interactions::{
    Interactions, InteractionsBuilder, ItemIdx, KCore, ListenerIdx,
};
use segue_engine::{Query, Recommender};
use segue_models::ModelError;
use segue_models::likability::LikabilityConfig;
use segue_models::recommenders::{
    ActR, ActRConfig, ContentCosine, ContentCosineConfig, Counting, DecayedPopularity,
    DecayedPopularityConfig, Ease, EaseConfig, Friends, FriendsConfig, Friendships, Ials,
    IalsConfig, ItemFeatures, ItemKnn, ItemKnnConfig, LikabilityRanking, PopularityConfig,
    PopularityModel,
};

use self::conformance::{Promise, conformance};

conformance!(popularity, PopularityModel, Promise::OneForAll, |training| {
    PopularityModel::fit(training, &PopularityConfig { counting: Counting::Listeners })
});
conformance!(decayed_popularity, DecayedPopularity, Promise::OneForAll, |training| {
    DecayedPopularity::fit(training, &DecayedPopularityConfig::default())
});
conformance!(item_knn, ItemKnn, Promise::Discovers, |training| {
    ItemKnn::fit(training, &ItemKnnConfig::default())
});
conformance!(ease, Ease, Promise::Discovers, |training| {
    Ease::fit(training, &EaseConfig { regularisation: 1.0, ..EaseConfig::default() })
});
conformance!(ials, Ials, Promise::Discovers, |training| {
    Ials::fit(training, &IalsConfig { factors: 8, ..IalsConfig::default() }, 1)
});
conformance!(act_r, ActR, Promise::Remembers, |training| ActR::fit(
    training,
    &ActRConfig::default()
));
conformance!(act_r_with_sessions, ActR, Promise::Remembers, |training| {
    ActR::fit(
        training,
        &ActRConfig { spreading: 1.0, session_gap_s: 100_000, ..ActRConfig::default() },
    )
});
conformance!(item_knn_of_sessions, ItemKnn, Promise::Discovers, |training| {
    let (neighbours, session_gap_s) = (20, Some(100_000));
    ItemKnn::fit(training, &ItemKnnConfig { neighbours, session_gap_s, ..ItemKnnConfig::default() })
});
conformance!(content_cosine, ContentCosine, Promise::Discovers, |training| {
    // One direction a block, all of them for the item that everybody hears, nothing for the last.
    let block = |item: usize, block: usize| match item {
        0 => 1.0,
        _ if item + 1 == training.items() => f32::NAN,
        _ => f32::from(u8::from((item - 1) / 10 == block)),
    };
    let values =
        (0..training.items()).flat_map(|item| (0..3).map(move |of| block(item, of))).collect();
    ContentCosine::fit(
        training,
        &ItemFeatures::new(3, values).unwrap(),
        &ContentCosineConfig::default(),
    )
});
conformance!(friends, Friends, Promise::Discovers, |training| {
    let friendships = vec![Vec::new(); training.listeners()];
    let ials = IalsConfig { factors: 8, ..IalsConfig::default() };
    Friends::fit(training, &friendships, &FriendsConfig { ials, ..FriendsConfig::default() }, 1)
});

/// Two circles of friends, each with a taste of its own, and a hit that everybody knows.
fn circles() -> (Interactions, Vec<Vec<ListenerIdx>>) {
    let mut builder = InteractionsBuilder::default();
    for listener in 0..20 {
        for item in (0..6).filter(|item| (listener + item) % 4 != 0) {
            let name = format!("{} {item}", listener % 2);
            builder.push(&listener.to_string(), &name, None, None).unwrap();
        }
        builder.push(&listener.to_string(), "hit", None, None).unwrap();
    }
    let friends_of = |listener: u32| {
        let circle = (0..20).filter(move |&other| other % 2 == listener % 2 && other != listener);
        circle.map(ListenerIdx).collect()
    };
    (builder.build(KCore::default()).unwrap(), (0..20).map(friends_of).collect())
}

fn fitted_to_circles(interactions: &Interactions, friendships: &Friendships) -> Friends {
    let config = FriendsConfig {
        ials: IalsConfig { factors: 4, ..IalsConfig::default() },
        ease: EaseConfig { regularisation: 1.0, ..EaseConfig::default() },
        influence: None,
    };
    Friends::fit(&interactions.all(), friendships, &config, 1).unwrap()
}

#[test]
fn a_newcomer_with_friends_is_offered_what_their_circle_hears() {
    let (interactions, friendships) = circles();
    let model = fitted_to_circles(&interactions, &friendships);
    for circle in [0, 1] {
        let friends: Vec<ListenerIdx> =
            (0..20).filter(|row| row % 2 == circle).map(ListenerIdx).collect();
        let mut scores = vec![0.0; model.items()];
        model.score(&[Query { friends: &friends, ..Query::default() }], &mut scores);
        let mut ranked: Vec<usize> = (0..scores.len()).collect();
        ranked.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
        let names = ranked.iter().map(|&item| interactions.item_name(ItemIdx(item as u32)));
        let others =
            names.take(7).filter(|name| name.starts_with(&(1 - circle).to_string())).count();
        assert_eq!(others, 0, "nothing of the other circle among the first seven");
    }
}

#[test]
fn friends_fade_as_the_own_history_grows() {
    let (interactions, friendships) = circles();
    let model = fitted_to_circles(&interactions, &friendships);
    let own = interactions.history(ListenerIdx(0));
    let strangers: Vec<ListenerIdx> = (0..20).filter(|row| row % 2 == 1).map(ListenerIdx).collect();
    let moved = |picks: usize| {
        let mut scores = vec![0.0; 2 * model.items()];
        let alone = Query { history: own.until(picks), ..Query::default() };
        model.score(&[alone, Query { friends: &strangers, ..alone }], &mut scores);
        let (alone, befriended) = scores.split_at(model.items());
        let gap = |scores: &[f32]| {
            let circle = |name: &str| {
                let items = (0..scores.len())
                    .filter(|&i| interactions.item_name(ItemIdx(i as u32)).starts_with(name));
                items.map(|item| scores[item]).sum::<f32>()
            };
            let (mean, n) = (scores.iter().sum::<f32>() / scores.len() as f32, scores.len() as f32);
            let spread =
                (scores.iter().map(|score| (score - mean).powi(2)).sum::<f32>() / n).sqrt();
            (circle("0 ") - circle("1 ")) / spread
        };
        gap(alone) - gap(befriended)
    };
    assert!(moved(1) > moved(3) && moved(3) > moved(5), "{} {} {}", moved(1), moved(3), moved(5));
}

#[test]
fn friendships_of_too_few_listeners_are_refused() {
    let (interactions, friendships) = circles();
    let fitted = Friends::fit(&interactions.all(), &friendships[1..], &FriendsConfig::default(), 1);
    assert!(matches!(fitted, Err(ModelError::LengthMismatch { expected: 20, found: 19, .. })));
}

/// Twenty listeners of each of two halves of forty items; an item sounds like its half if anything
/// is known of how it sounds.
fn halves() -> Interactions {
    let mut builder = InteractionsBuilder::default();
    for listener in 0..40 {
        let half = listener % 2;
        for step in 0..8 {
            let item = half * 20 + (listener * 3 + step * 2) % 20;
            builder.push(&format!("{listener}"), &format!("{item:02}"), None, None).unwrap();
        }
    }
    builder.build(KCore::default()).unwrap()
}

fn sounds_of_halves(interactions: &Interactions) -> ItemFeatures {
    let half = |item: usize| {
        let name: usize = interactions.item_name(ItemIdx(item as u32)).parse().unwrap();
        if name < 20 { 0.1 } else { 0.9 }
    };
    let row = |item| [half(item); AudioFeature::COUNT];
    ItemFeatures::new(AudioFeature::COUNT, (0..interactions.items()).flat_map(row).collect())
        .unwrap()
}

fn small_likability() -> LikabilityConfig {
    let mut config = LikabilityConfig { rows: 4_000, ..LikabilityConfig::default() };
    config.network.training.epochs = 4;
    config
}

#[test]
fn likability_ranks_what_a_listener_of_a_half_has_not_heard_of_it_above_the_other_half() {
    let interactions = halves();
    let sounds = sounds_of_halves(&interactions);
    for sounds in [None, Some(&sounds)] {
        let model = LikabilityRanking::fit(&interactions.all(), sounds, &small_likability(), 1);
        let model = model.unwrap();
        let history = interactions.history(ListenerIdx(0));
        let mut scores = vec![0.0; model.items()];
        model.score(&[Query { history, now: None, friends: &[] }], &mut scores);
        let mean = |is_own: bool| {
            let items = (0..model.items() as u32).map(ItemIdx);
            let of: Vec<f32> = items
                .filter(|item| !history.items.contains(item))
                .filter(|&item| (interactions.item_name(item) < "20") == is_own)
                .map(|item| scores[item.row()])
                .collect();
            of.iter().sum::<f32>() / of.len() as f32
        };
        assert!(mean(true) > mean(false) + 0.1, "{} {}", mean(true), mean(false));
    }
}

#[test]
fn likability_refuses_features_of_another_vocabulary() {
    let interactions = halves();
    let few = ItemFeatures::new(AudioFeature::COUNT, vec![0.5; AudioFeature::COUNT]).unwrap();
    let found =
        LikabilityRanking::fit(&interactions.all(), Some(&few), &small_likability(), 1).err();
    assert!(matches!(found, Some(ModelError::LengthMismatch { .. })), "{found:?}");
}
