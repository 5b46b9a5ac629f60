//! SASRec from outside: what it learns, forgets, keeps and never looks at.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_engine::dataset::interactions::{
    History, Interactions, InteractionsBuilder, ItemIdx, KCore, ListenerIdx, Training,
};
use segue_engine::{Query, Recommender};
use segue_models::recommenders::ItemFeatures;
use segue_models::recommenders::sasrec::{Block, Loss, Sasrec, SasrecConfig};

/// Listeners with their items, all items named first so that rows are the numbers themselves.
fn interactions(items: u32, listeners: &[Vec<u32>]) -> Interactions {
    let mut builder = InteractionsBuilder::default();
    for item in 0..items {
        builder.push("everything", &item.to_string(), None, None).unwrap();
    }
    for (listener, played) in listeners.iter().enumerate() {
        for item in played {
            builder.push(&listener.to_string(), &item.to_string(), None, None).unwrap();
        }
    }
    builder.build(KCore::default()).unwrap()
}

/// All but the first listener, who only names the items.
fn training(data: &Interactions) -> Training<'_> {
    let ends = (0..data.listeners() as u32)
        .map(|row| if row == 0 { 0 } else { data.history(ListenerIdx(row)).items.len() as u32 });
    Training::new(data, ends.collect())
}

fn small() -> SasrecConfig {
    SasrecConfig {
        dim: 16,
        max_length: 12,
        block: Block::Sasrec,
        expansion: 1,
        loss: Loss::FullSoftmax,
        dropout: 0.0,
        epochs: 60,
        batch: 4,
        learning_rate: 5e-3,
        ..SasrecConfig::default()
    }
}

/// Sessions in which each item tells the next.
fn sessions(count: u32, items: u32, length: usize) -> Vec<Vec<u32>> {
    (0..count)
        .map(|s| (0..length as u32).map(|i| (s * 7 + i * (1 + s % 3) * 3) % items).collect())
        .collect()
}

fn fit(data: &Interactions, config: &SasrecConfig) -> Sasrec {
    Sasrec::fit(&training(data), None, config, 5, &mut |_| None).unwrap()
}

fn scores(model: &Sasrec, histories: &[&[ItemIdx]]) -> Vec<f32> {
    let history = |&items| History { items, ..History::default() };
    let queries: Vec<Query<'_>> = histories
        .iter()
        .map(|items| Query { history: history(items), ..Query::default() })
        .collect();
    let mut scores = vec![0.0; histories.len() * model.items()];
    model.score(&queries, &mut scores);
    scores
}

fn first(scores: &[f32]) -> u32 {
    let best = (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]).then(b.cmp(&a)));
    best.unwrap() as u32
}

/// Share of steps, the first of each session apart, whose next item ranks first.
fn recall(model: &Sasrec, data: &Interactions) -> f64 {
    let (mut hits, mut steps) = (0, 0);
    for history in training(data).histories() {
        for end in 2..history.items.len() {
            hits += usize::from(
                first(&scores(model, &[&history.items[..end]])) == history.items[end].0,
            );
            steps += 1;
        }
    }
    hits as f64 / steps as f64
}

fn all_losses() -> [Loss; 5] {
    [
        Loss::Bce,
        Loss::Gbce { negatives: 16, t: 0.75 },
        Loss::SampledSoftmax { negatives: 16 },
        Loss::InBatch { negatives: 32 },
        Loss::FullSoftmax,
    ]
}

#[test]
fn ten_sessions_are_learned_by_heart() {
    let data = interactions(40, &sessions(10, 40, 8));
    for loss in all_losses() {
        for block in [Block::Sasrec, Block::Ligr] {
            // What negatives are drawn keeps shaking the weights a little. Binary losses take far
            // longer as well: most of what they are shown says nothing about the one close
            // competitor.
            let (epochs, enough) = match loss {
                Loss::FullSoftmax => (300, 1.0),
                Loss::SampledSoftmax { .. } | Loss::InBatch { .. } => (300, 0.9),
                Loss::Bce | Loss::Gbce { .. } => (300, 0.5),
            };
            let model = fit(
                &data,
                &SasrecConfig { loss, block, epochs, dim: 32, learning_rate: 2e-3, ..small() },
            );
            let recall = recall(&model, &data);
            assert!(recall >= enough, "{loss:?} {block:?}: {recall}");
        }
    }
}

#[test]
fn later_items_do_not_change_earlier_outputs() {
    let data = interactions(40, &sessions(10, 40, 8));
    for block in [Block::Sasrec, Block::Ligr] {
        let model = fit(&data, &SasrecConfig { epochs: 2, block, ..small() });
        let one = model.encode(&[1, 2, 3, 4, 5, 6]);
        let other = model.encode(&[1, 2, 3, 9, 8, 7]);
        assert_eq!(one[..3 * 16], other[..3 * 16]);
        assert_ne!(one[3 * 16..], other[3 * 16..]);
    }
}

#[test]
fn a_batch_of_queries_scores_as_single_ones() {
    let data = interactions(40, &sessions(10, 40, 8));
    let model = fit(&data, &SasrecConfig { epochs: 5, ..small() });
    let items: Vec<ItemIdx> = (0..30).map(ItemIdx).collect();
    let histories: Vec<&[ItemIdx]> =
        vec![&items[..3], &items[..0], &items[4..5], &items[..30], &items[..0]];
    let together = scores(&model, &histories);
    for (history, together) in histories.iter().zip(together.chunks_exact(40)) {
        let alone = scores(&model, &[history]);
        assert!(alone.iter().zip(together).all(|(a, b)| (a - b).abs() < 1e-5));
    }
}

#[test]
fn newcomers_get_what_is_popular() {
    let data = interactions(10, &[vec![4, 4, 4, 2, 2, 7]]);
    let model = fit(&data, &SasrecConfig { epochs: 1, ..small() });
    let scores = scores(&model, &[&[]]);
    assert!(scores[4] > scores[2] && scores[2] > scores[7] && scores[7] > scores[0]);
}

#[test]
fn items_never_seen_rank_below_all_others_without_features() {
    let data = interactions(43, &sessions(10, 40, 8));
    let model = fit(&data, &SasrecConfig { epochs: 5, ..small() });
    let known: Vec<bool> = {
        let mut known = vec![false; 43];
        training(&data)
            .histories()
            .for_each(|h| h.items.iter().for_each(|item| known[item.row()] = true));
        known
    };
    let scores = scores(&model, &[&[ItemIdx(1), ItemIdx(2)]]);
    let lowest = (0..43).filter(|&i| known[i]).map(|i| scores[i]).fold(f32::INFINITY, f32::min);
    assert!(!known[42] && (0..43).filter(|&i| !known[i]).all(|i| scores[i] < lowest));
}

#[test]
fn one_thread_and_many_learn_the_same_bytes() {
    let data = interactions(60, &sessions(90, 60, 12));
    let features = ItemFeatures::new(2, (0..120).map(|i| (i * 37 % 101) as f32).collect()).unwrap();
    for (loss, features) in
        all_losses().into_iter().flat_map(|loss| [(loss, None), (loss, Some(&features))])
    {
        let config = SasrecConfig { loss, epochs: 2, dropout: 0.2, block: Block::Ligr, ..small() };
        let bytes = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let model = pool.install(|| {
                Sasrec::fit(&training(&data), features, &config, 5, &mut |_| None).unwrap()
            });
            model.to_bytes()
        };
        let one = bytes(1);
        assert!(one == bytes(2) && one == bytes(3), "{loss:?}");
    }
}

#[test]
fn a_saved_model_scores_as_before() {
    let data = interactions(40, &sessions(10, 40, 8));
    let features = ItemFeatures::new(1, (0..40).map(|i| i as f32).collect()).unwrap();
    let config = SasrecConfig { epochs: 2, block: Block::Ligr, ..small() };
    let folder = tempfile::tempdir().unwrap();
    for features in [None, Some(&features)] {
        let model = Sasrec::fit(&training(&data), features, &config, 5, &mut |_| None).unwrap();
        let path = folder.path().join("sasrec.safetensors");
        model.save(&path).unwrap();
        let loaded = Sasrec::load(&path).unwrap();
        let history = [ItemIdx(3), ItemIdx(9)];
        assert_eq!(scores(&model, &[&history, &[]]), scores(&loaded, &[&history, &[]]));
        assert_eq!(loaded.to_bytes(), model.to_bytes());
    }
}

#[test]
fn damaged_files_are_refused() {
    let data = interactions(40, &sessions(10, 40, 8));
    let bytes = fit(&data, &SasrecConfig { epochs: 1, ..small() }).to_bytes();
    let path = std::path::Path::new("model");
    for end in [0, 7, 100, bytes.len() - 1] {
        assert!(Sasrec::from_bytes(&bytes[..end], path).is_err());
    }
    assert!(Sasrec::from_bytes(&bytes, path).is_ok());
}

#[test]
fn training_stops_when_validation_does_and_keeps_the_best_weights() {
    let data = interactions(40, &sessions(10, 40, 8));
    let config = SasrecConfig { epochs: 50, patience: 3, ..small() };
    let (mut seen, mut best) = (Vec::new(), Vec::new());
    let model = Sasrec::fit(&training(&data), None, &config, 5, &mut |epoch| {
        seen.push(epoch.number);
        if epoch.number == 4 {
            best = epoch.model.to_bytes();
        }
        Some(if epoch.number <= 4 { epoch.number as f64 } else { 0.0 })
    })
    .unwrap();
    assert_eq!(seen, (1..=7).collect::<Vec<_>>());
    assert!(model.to_bytes() == best);
}

#[test]
fn nothing_to_learn_and_impossible_shapes_are_errors() {
    let data = interactions(5, &[vec![1], vec![2]]);
    let fitted =
        |config: &SasrecConfig| Sasrec::fit(&training(&data), None, config, 5, &mut |_| None);
    assert!(fitted(&small()).unwrap_err().to_string().contains("none has two in a row"));
    let error = fitted(&SasrecConfig { heads: 3, ..small() }).unwrap_err();
    assert_eq!(error.to_string(), "`heads` is `3`, expected a divisor of `dim`");
}

/// Listeners who stay within one of several styles; items of a style share their features.
fn styled(listeners: usize, items: u32, styles: u32, seed: u64) -> Vec<Vec<u32>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..listeners)
        .map(|_| {
            let style = rng.random_range(0..styles);
            (0..10).map(|_| style + styles * rng.random_range(0..items / styles)).collect()
        })
        .collect()
}

#[test]
fn the_tower_places_items_that_nobody_played() {
    const STYLES: u32 = 4;
    // The last item of each style is withheld.
    let mut listeners = styled(200, 60, STYLES, 3);
    listeners.iter_mut().for_each(|played| played.retain(|item| *item < 56));
    let data = interactions(60, &listeners);
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let values = (0..60 * STYLES).map(|i| {
        let own = (i / STYLES) % STYLES == i % STYLES;
        f32::from(u8::from(own)) + rng.random_range(-0.2..0.2)
    });
    let features = ItemFeatures::new(STYLES as usize, values.collect()).unwrap();
    for loss in [Loss::SampledSoftmax { negatives: 16 }, Loss::FullSoftmax] {
        let config = SasrecConfig { loss, epochs: 15, dropout: 0.1, ..small() };
        let model =
            Sasrec::fit(&training(&data), Some(&features), &config, 5, &mut |_| None).unwrap();
        for style in 0..STYLES {
            let history: Vec<ItemIdx> = (0..5).map(|i| ItemIdx(style + STYLES * i)).collect();
            let scores = scores(&model, &[&history]);
            let cold: Vec<f32> = (56..60).map(|item| scores[item]).collect();
            assert_eq!(first(&cold), style, "{loss:?}: {cold:?}");
        }
    }
}

/// Mean share of `cases` whose next item is among the ten best.
fn hits_at_ten(model: &Sasrec, cases: &[(Vec<ItemIdx>, u32)]) -> f64 {
    let hits = cases.iter().filter(|(history, answer)| {
        let scores = scores(model, &[history]);
        scores.iter().filter(|score| **score > scores[*answer as usize]).count() < 10
    });
    hits.count() as f64 / cases.len() as f64
}

#[test]
fn fine_tuning_on_new_listening_comes_near_a_full_retrain_in_a_fraction_of_the_steps() {
    // Most listeners are known at first; the others arrive later and also play 20 new items.
    let follow = |rng: &mut ChaCha8Rng, with_new: bool| -> Vec<u32> {
        let mut item = rng.random_range(0..80);
        let next = |item: u32, rng: &mut ChaCha8Rng| match with_new && rng.random_bool(0.25) {
            true => 80 + item % 20,
            false => (item * 3 + 1 + rng.random_range(0..3)) % 80,
        };
        std::iter::repeat_with(|| {
            item = next(item, rng);
            item
        })
        .take(11)
        .collect()
    };
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let early: Vec<_> = (0..240).map(|_| follow(&mut rng, false)).collect();
    let late: Vec<_> = (0..60).map(|_| follow(&mut rng, true)).collect();
    let cases: Vec<(Vec<ItemIdx>, u32)> = (0..200)
        .map(|_| {
            let played = follow(&mut rng, true);
            (played[..10].iter().copied().map(ItemIdx).collect(), played[10])
        })
        .collect();
    let before = interactions(80, &early);
    let after = interactions(100, &[early, late].concat());
    let config =
        SasrecConfig { epochs: 40, dropout: 0.1, batch: 16, learning_rate: 3e-3, ..small() };
    let old = fit(&before, &config);
    let full = fit(&after, &config);
    let shorter = SasrecConfig { epochs: 8, ..config };
    let tuned = old.fine_tune(&training(&after), None, &shorter, 5, &mut |_| None).unwrap();
    let short = fit(&after, &shorter);
    let [full, tuned, short] = [full, tuned, short].map(|model| hits_at_ten(&model, &cases));
    println!("hits@10: {full} retrained, {tuned} fine-tuned, {short} retrained as briefly");
    assert!(tuned > 0.85 * full, "{tuned} instead of nearly {full}");
    assert!(tuned > short, "{tuned} is no better than {short} without a start");
}

#[test]
fn fine_tuning_needs_the_same_shape_and_all_old_items() {
    let (small_data, large_data) =
        (interactions(20, &sessions(5, 20, 8)), interactions(40, &sessions(5, 40, 8)));
    let config = SasrecConfig { epochs: 1, ..small() };
    let model = fit(&large_data, &config);
    let tune = |data: &Interactions, config: &SasrecConfig| {
        model
            .fine_tune(&training(data), None, config, 5, &mut |_| None)
            .map(|_| ())
            .map_err(|e| e.to_string())
    };
    assert!(tune(&small_data, &config).unwrap_err().contains("vocabulary"));
    assert!(
        tune(&large_data, &SasrecConfig { dim: 8, ..config.clone() })
            .unwrap_err()
            .contains("`dim`")
    );
    assert_eq!(tune(&large_data, &SasrecConfig { learning_rate: 1e-4, ..config }), Ok(()));
}
