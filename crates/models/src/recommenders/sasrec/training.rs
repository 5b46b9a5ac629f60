//! Fitting from nothing, and going on from a fitted model when new listening has come in.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use segue_engine::dataset::interactions::Training;

use super::batch::SequenceBatch;
use super::config::SasrecConfig;
use super::layout::{Layout, fresh_embedding};
use super::step::Trainer;
use super::windows::{count_within, windows};
use super::{Sasrec, TowerInput};
use crate::ModelError;
use crate::recommenders::ItemFeatures;

/// One pass over the data that was just done, with the model as it stands: what a caller validates,
/// and stops training by.
#[derive(Debug)]
pub struct Epoch<'a> {
    /// The number of the epoch, counted from 1.
    pub number: usize,
    /// Mean training loss of a position.
    pub loss: f64,
    /// The model after this epoch, ready to score; it is trained on when the call returns.
    pub model: &'a Sasrec,
}

impl Sasrec {
    /// Fits a model. After each epoch `validate` is shown the model and may return a score, higher
    /// being better: training then stops after `patience` epochs without a better one, and the best
    /// weights are kept. Without scores all epochs are run and the last weights kept.
    ///
    /// # Errors
    /// [`ModelError::Setting`], [`ModelError::NoSequence`], or [`ModelError::LengthMismatch`] if
    /// the features are of another number of items.
    pub fn fit(
        training: &Training<'_>,
        features: Option<&ItemFeatures>,
        config: &SasrecConfig,
        seed: u64,
        validate: &mut dyn FnMut(&Epoch<'_>) -> Option<f64>,
    ) -> Result<Self, ModelError> {
        config.check()?;
        let model = Self::fresh(training, features, config, seed)?;
        train(model, training, seed, validate)
    }

    /// Goes on from this model with newer data, whose vocabulary begins with the one that this
    /// model knows. New items get fresh vectors, or their place from features if the model has a
    /// tower; the tower reads the new features in the old scale. The model may be trained otherwise
    /// than before (rate, epochs, loss), but its shape stays.
    ///
    /// # Errors
    /// As [`fit`](Self::fit); [`ModelError::Setting`] also if the shape of the network differs, and
    /// [`ModelError::LengthMismatch`] if the vocabulary shrank.
    pub fn fine_tune(
        &self,
        training: &Training<'_>,
        features: Option<&ItemFeatures>,
        config: &SasrecConfig,
        seed: u64,
        validate: &mut dyn FnMut(&Epoch<'_>) -> Option<f64>,
    ) -> Result<Self, ModelError> {
        let mut model = self.clone();
        model.set_config(config)?;
        if training.items() < self.popularity.len() {
            let (expected, found) = (self.popularity.len(), training.items());
            return Err(ModelError::LengthMismatch { what: "vocabulary", expected, found });
        }
        model.grow(training, seed);
        if let Some(old) = &mut model.features {
            let features = features.ok_or(ModelError::LengthMismatch {
                what: "item features",
                expected: training.items(),
                found: 0,
            })?;
            check_features(features, training)?;
            if features.dim() != old.scaling.dim() {
                let (expected, found) = (old.scaling.dim(), features.dim());
                return Err(ModelError::LengthMismatch {
                    what: "features of an item",
                    expected,
                    found,
                });
            }
            old.encoded = features.encoded(&old.scaling);
        }
        train(model, training, seed, validate)
    }

    /// A model with random weights, to be trained by hand with a [`Trainer`].
    ///
    /// # Errors
    /// As [`fit`](Self::fit), save that there may be nothing to learn.
    pub fn fresh(
        training: &Training<'_>,
        features: Option<&ItemFeatures>,
        config: &SasrecConfig,
        seed: u64,
    ) -> Result<Self, ModelError> {
        config.check()?;
        if let Some(features) = features {
            check_features(features, training)?;
        }
        let features = features.map(|features| {
            let scaling = features.scaling();
            TowerInput { encoded: features.encoded(&scaling), scaling }
        });
        let layout =
            Layout::new(config, features.as_ref().map(|features| 2 * features.scaling.dim()));
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(1);
        let mut model = Self {
            parameters: layout.initialised(&mut rng),
            layout,
            config: config.clone(),
            items: Vec::new(),
            popularity: Vec::new(),
            features,
            vectors: Vec::new(),
        };
        model.grow(training, seed);
        Ok(model)
    }

    /// Counts the training data and gives vectors to items that it plays for the first time.
    fn grow(&mut self, training: &Training<'_>, seed: u64) {
        let mut popularity = vec![0u32; training.items()];
        for history in training.histories() {
            history.items.iter().for_each(|item| popularity[item.row()] += 1);
        }
        let dim = self.config.dim;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(2);
        self.items.resize(training.items() * dim, 0.0);
        for (item, (vector, &events)) in
            self.items.chunks_exact_mut(dim).zip(&popularity).enumerate()
        {
            let known = self.popularity.get(item).is_some_and(|&events| events > 0);
            if !known && events > 0 {
                fresh_embedding(vector, &mut rng);
            }
        }
        // What was played once stays known, though the newer data may not hold it.
        for (now, &before) in popularity.iter_mut().zip(&self.popularity) {
            *now = (*now).max(before.min(1));
        }
        self.popularity = popularity;
    }
}

fn check_features(features: &ItemFeatures, training: &Training<'_>) -> Result<(), ModelError> {
    if features.items() == training.items() {
        return Ok(());
    }
    let (expected, found) = (training.items(), features.items());
    Err(ModelError::LengthMismatch { what: "item features", expected, found })
}

fn train(
    model: Sasrec,
    training: &Training<'_>,
    seed: u64,
    validate: &mut dyn FnMut(&Epoch<'_>) -> Option<f64>,
) -> Result<Sasrec, ModelError> {
    if training.histories().all(|history| history.items.len() < 2) {
        let (listeners, events) = (training.listeners(), training.events());
        return Err(ModelError::NoSequence { listeners, events });
    }
    let SasrecConfig { epochs, patience, batch: size, .. } = model.config;
    let mut trainer = Trainer::new(model, seed);
    let mut best: Option<(f64, usize, Weights)> = None;
    let mut batch = SequenceBatch::default();
    for number in 1..=epochs {
        let config = trainer.model.config.clone();
        let mut windows = windows(training, &config, trainer.rng());
        windows.shuffle(trainer.rng());
        windows.truncate(count_within(&windows, config.epoch_steps));
        let (mut loss, mut positions) = (0.0, 0);
        for windows in windows.chunks(size) {
            batch.packed.clear();
            windows.iter().for_each(|&window| batch.packed.push(training, window));
            trainer.draw_negatives(&mut batch);
            let rows = batch.packed.targets.len();
            loss += trainer.step(&batch) * rows as f64;
            positions += rows;
        }
        let model = trainer.model();
        let Some(score) = validate(&Epoch { number, loss: loss / positions as f64, model }) else {
            continue;
        };
        match &best {
            Some((highest, at, _)) if score.total_cmp(highest).is_le() => {
                if number - at >= patience {
                    break;
                }
            }
            _ => best = Some((score, number, Weights::of(model))),
        }
    }
    let mut model = trainer.model;
    if let Some((_, _, weights)) = best {
        weights.restore(&mut model);
    }
    model.refresh();
    Ok(model)
}

/// A copy of what training changes.
struct Weights {
    parameters: Vec<f32>,
    items: Vec<f32>,
}

impl Weights {
    fn of(model: &Sasrec) -> Self {
        Self { parameters: model.parameters.clone(), items: model.items.clone() }
    }

    fn restore(self, model: &mut Sasrec) {
        model.parameters = self.parameters;
        model.items = self.items;
    }
}
