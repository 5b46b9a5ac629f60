//! One suite for every tabular model.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_engine::{Likability, Table, Values};
use segue_models::ModelError;
use segue_models::tabular::ensemble::EnsembleConfig;
use segue_models::tabular::{BoostedTrees, Mlp, Tabm, boosted_trees, mlp, network_and_trees, tabm};

/// Songs liked if loud and fast, or quiet and slow: no single column tells. One column is sometimes
/// missing.
fn songs(rows: usize, seed: u64) -> (Table, Vec<bool>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut uniform = || -> Vec<f32> { (0..rows).map(|_| rng.random_range(-1.0..1.0)).collect() };
    let (loudness, tempo, mut valence, key) = (uniform(), uniform(), uniform(), uniform());
    valence.iter_mut().step_by(7).for_each(|v| *v = f32::NAN);
    let labels = loudness.iter().zip(&tempo).map(|(a, b)| a * b > 0.0).collect();
    let mut table = Table::new(rows);
    table.push("loudness", Values::Numeric(loudness));
    table.push("tempo", Values::Numeric(tempo));
    table.push("valence", Values::Numeric(valence));
    let key = key.iter().map(|k| (k * 6.0 + 6.0).floor()).collect();
    table.push("key", Values::Circular { period: 12.0, values: key });
    let codes = (0..rows as u32).map(|row| row % 3).collect();
    table.push("mode", Values::Categorical { cardinality: 3, codes });
    (table, labels)
}

/// What the models have in common.
trait Model: Sized + Send {
    fn config(rows: usize) -> EnsembleConfig;
    fn fit(
        table: &Table,
        labels: &[bool],
        weights: &[f32],
        config: &EnsembleConfig,
    ) -> Result<Self, ModelError>;
    fn predict(&self, table: &Table) -> Result<Vec<Likability>, ModelError>;
    fn save(&self, folder: &std::path::Path) -> Result<(), ModelError>;
    fn load(folder: &std::path::Path) -> Result<Self, ModelError>;
}

macro_rules! model {
    ($type:ty, $config:path) => {
        impl Model for $type {
            fn config(rows: usize) -> EnsembleConfig {
                $config(rows)
            }
            fn fit(
                table: &Table,
                labels: &[bool],
                weights: &[f32],
                config: &EnsembleConfig,
            ) -> Result<Self, ModelError> {
                <$type>::fit(table, labels, weights, config, 11)
            }
            fn predict(&self, table: &Table) -> Result<Vec<Likability>, ModelError> {
                self.predict(table)
            }
            fn save(&self, folder: &std::path::Path) -> Result<(), ModelError> {
                self.save(folder)
            }
            fn load(folder: &std::path::Path) -> Result<Self, ModelError> {
                <$type>::load(folder)
            }
        }
    };
}
model!(Tabm, tabm::config);
model!(Mlp, mlp::config);
model!(BoostedTrees, boosted_trees::config);

/// The usual configuration, but without noise and with passes enough to learn by heart.
fn memorising<M: Model>(rows: usize) -> EnsembleConfig {
    let mut config = M::config(rows);
    config.training.epochs = 200;
    config.training.noise = 0.0;
    config.training.dropout = 0.0;
    config.calibration.folds = 0;
    if let Some(trees) = &mut config.trees {
        (trees.leaf_rows, trees.row_share, trees.column_share) = (1, 1.0, 1.0);
    }
    config
}

fn accuracy(labels: &[bool], predicted: &[Likability]) -> f64 {
    let right = labels.iter().zip(predicted).filter(|(liked, p)| **liked == (p.mean > 0.5)).count();
    right as f64 / labels.len() as f64
}

fn fitted<M: Model>(rows: usize) -> (Table, M) {
    let (table, labels) = songs(rows, 1);
    let model = M::fit(&table, &labels, &vec![1.0; rows], &M::config(rows)).unwrap();
    (table, model)
}

fn learns_by_heart<M: Model>() {
    let (table, labels) = songs(20, 1);
    let model = M::fit(&table, &labels, &[1.0; 20], &memorising::<M>(20)).unwrap();
    assert_eq!(accuracy(&labels, &model.predict(&table).unwrap()), 1.0);
}

fn generalises<M: Model>() {
    let (table, labels) = songs(400, 1);
    let (unseen, truth) = songs(400, 2);
    let model = M::fit(&table, &labels, &[1.0; 400], &M::config(400)).unwrap();
    let accuracy = accuracy(&truth, &model.predict(&unseen).unwrap());
    assert!(accuracy > 0.85, "accuracy {accuracy}");
}

fn a_batch_equals_its_rows<M: Model>() {
    let (table, model) = fitted::<M>(60);
    let together = model.predict(&table).unwrap();
    for (row, together) in together.iter().enumerate() {
        let alone = model.predict(&table.select(&[row])).unwrap()[0];
        assert!((alone.mean - together.mean).abs() < 1e-5, "row {row}");
        assert!((alone.uncertainty - together.uncertainty).abs() < 1e-5, "row {row}");
    }
}

fn a_saved_model_scores_the_same<M: Model>() {
    let (table, model) = fitted::<M>(60);
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    let loaded = M::load(folder.path()).unwrap();
    assert_eq!(loaded.predict(&table).unwrap(), model.predict(&table).unwrap());
}

fn bytes<M: Model>(threads: usize) -> Vec<Vec<u8>> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let (_, model) = pool.install(|| fitted::<M>(60));
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    ["weights.safetensors", "card.json"]
        .iter()
        .map(|f| std::fs::read(folder.path().join(f)).unwrap())
        .collect()
}

fn rows_of_weight_0_teach_nothing<M: Model>() {
    let (table, labels) = songs(60, 1);
    let mut weights = vec![1.0; 60];
    weights[30..].fill(0.0);
    let mut other_labels = labels.clone();
    other_labels[30..].iter_mut().for_each(|liked| *liked = !*liked);
    let mut config = M::config(60);
    config.calibration.folds = 0;
    let predict = |labels: &[bool]| {
        M::fit(&table, labels, &weights, &config).unwrap().predict(&table).unwrap()
    };
    assert_eq!(predict(&labels), predict(&other_labels));
}

fn one_class_is_refused<M: Model>() {
    let (table, _) = songs(30, 1);
    let refused = M::fit(&table, &[true; 30], &[1.0; 30], &M::config(30)).err().unwrap();
    assert!(matches!(refused, ModelError::TooFewRows { liked: 30, disliked: 0, .. }));
    let refused = M::fit(&table, &[true; 30], &[1.0; 29], &M::config(30)).err().unwrap();
    assert!(matches!(
        refused,
        ModelError::LengthMismatch { what: "weights", expected: 30, found: 29 }
    ));
}

fn a_damaged_file_is_an_error<M: Model>() {
    let (_, model) = fitted::<M>(40);
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    let weights = folder.path().join("weights.safetensors");
    let bytes = std::fs::read(&weights).unwrap();
    std::fs::write(&weights, &bytes[..bytes.len() / 2]).unwrap();
    assert!(
        matches!(M::load(folder.path()), Err(ModelError::Damaged { path, .. }) if path == weights)
    );
    std::fs::remove_file(&weights).unwrap();
    assert!(matches!(M::load(folder.path()), Err(ModelError::Io { path, .. }) if path == weights));
}

macro_rules! suite {
    ($module:ident, $model:ty) => {
        mod $module {
            use super::*;

            #[test]
            fn learns_twenty_songs_by_heart() {
                learns_by_heart::<$model>();
            }
            #[test]
            fn finds_what_no_single_column_tells() {
                generalises::<$model>();
            }
            #[test]
            fn a_batch_equals_its_rows() {
                super::a_batch_equals_its_rows::<$model>();
            }
            #[test]
            fn a_saved_model_scores_the_same() {
                super::a_saved_model_scores_the_same::<$model>();
            }
            #[test]
            fn one_thread_and_three_write_the_same_bytes() {
                assert!(bytes::<$model>(1) == bytes::<$model>(3));
            }
            #[test]
            fn rows_of_weight_0_teach_nothing() {
                super::rows_of_weight_0_teach_nothing::<$model>();
            }
            #[test]
            fn one_class_or_ragged_input_is_refused() {
                one_class_is_refused::<$model>();
            }
            #[test]
            fn a_damaged_file_is_an_error() {
                super::a_damaged_file_is_an_error::<$model>();
            }
        }
    };
}
suite!(tabm_model, Tabm);
suite!(mlp_model, Mlp);
suite!(trees_model, BoostedTrees);

#[test]
fn members_disagree_more_where_the_model_is_less_sure() {
    let (table, model) = fitted::<Tabm>(120);
    let predicted = model.predict(&table).unwrap();
    let mean = |sure: bool| {
        let of = |p: &&Likability| ((p.mean - 0.5).abs() > 0.35) == sure;
        let chosen: Vec<f32> = predicted.iter().filter(of).map(|p| p.uncertainty).collect();
        chosen.iter().sum::<f32>() / chosen.len() as f32
    };
    assert!(mean(false) > mean(true));
}

#[test]
fn a_model_of_another_kind_is_not_loaded() {
    let (_, model) = fitted::<Mlp>(40);
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    assert!(matches!(Tabm::load(folder.path()), Err(ModelError::Damaged { .. })));
}

#[test]
fn the_card_states_data_and_held_out_metrics() {
    let (_, mut model) = fitted::<Tabm>(60);
    model.describe("sixty made-up songs", Some(1));
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    let card = std::fs::read(folder.path().join("card.json")).unwrap();
    let card: serde_json::Value = serde_json::from_slice(&card).unwrap();
    assert_eq!(card["data"]["source"], "sixty made-up songs");
    assert_eq!(card["data"]["label_policy"], 1);
    assert_eq!(card["data"]["rows"], 60);
    assert_eq!(card["held_out"]["rows"], 60);
    assert!(card["held_out"]["log_loss"].as_f64().unwrap() > 0.0);
}

/// Sixty songs under a network with trees beside it.
fn network_and_trees() -> (Table, Tabm) {
    let (table, labels) = songs(60, 1);
    let config = network_and_trees::config(60);
    let model = Tabm::fit(&table, &labels, &[1.0; 60], &config, 11).unwrap();
    (table, model)
}

fn read_card(folder: &std::path::Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(folder.join("card.json")).unwrap()).unwrap()
}

#[test]
fn trees_beside_a_network_change_what_it_says_and_are_saved_with_it() {
    let (table, model) = network_and_trees();
    let (_, alone) = fitted::<Tabm>(60);
    let predicted = model.predict(&table).unwrap();
    assert_ne!(predicted, alone.predict(&table).unwrap());
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    assert_eq!(Tabm::load(folder.path()).unwrap().predict(&table).unwrap(), predicted);
    let share = read_card(folder.path())["trees"]["blend"]["share"].as_f64().unwrap();
    assert!(share > 0.0 && share <= 1.0, "{share}");
}

#[test]
fn what_is_missing_has_a_side_of_its_own() {
    let values: Vec<f32> =
        (0..200).map(|row| if row % 4 == 0 { f32::NAN } else { (row % 7) as f32 }).collect();
    let labels: Vec<bool> = values.iter().map(|value| value.is_nan()).collect();
    let mut table = Table::new(200);
    table.push("tempo", Values::Numeric(values));
    let config = boosted_trees::config(200);
    let model = BoostedTrees::fit(&table, &labels, &[1.0; 200], &config, 1).unwrap();
    assert_eq!(accuracy(&labels, &model.predict(&table).unwrap()), 1.0);
}

#[test]
fn a_model_from_before_there_were_trees_is_read_and_one_from_later_is_not() {
    let (table, model) = fitted::<Tabm>(40);
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    let mut card = read_card(folder.path());
    for (format, is_read) in [(1, true), (2, true), (3, false)] {
        card["format"] = format.into();
        std::fs::write(folder.path().join("card.json"), card.to_string()).unwrap();
        let read = Tabm::load(folder.path());
        assert_eq!(read.is_ok(), is_read, "format {format}");
        if let Ok(read) = read {
            assert_eq!(read.predict(&table).unwrap(), model.predict(&table).unwrap());
        }
    }
}

#[test]
fn trees_that_ask_about_what_is_not_there_are_damaged() {
    let (_, model) = network_and_trees();
    let folder = tempfile::tempdir().unwrap();
    model.save(folder.path()).unwrap();
    let mut card = read_card(folder.path());
    for (part, value) in
        [("inputs", serde_json::json!([])), ("depth", 40.into()), ("depth", 2.into())]
    {
        let whole = std::mem::replace(&mut card["trees"][part], value);
        std::fs::write(folder.path().join("card.json"), card.to_string()).unwrap();
        assert!(matches!(Tabm::load(folder.path()), Err(ModelError::Damaged { .. })), "{part}");
        card["trees"][part] = whole;
    }
}
