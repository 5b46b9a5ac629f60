//! One step of training: gradients of a batch, then Adam.
//!
//! A batch is cut into micro-batches of a few sequences whose activations stay in the cache, and
//! these are dealt out to lanes. A lane has gradients of its own and works through its
//! micro-batches in order; lanes run side by side and are added up in order. Their number follows
//! from the model and never from the threads: same seed, same weights, on any machine size. Of the
//! item table only the rows that a batch names are moved (see
//! [`gradient_rows`](super::gradient_rows)).

use std::sync::Mutex;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::batch::SequenceBatch;
use super::config::Loss;
use super::encoder::Encoder;
use super::gradient_rows::GradientRows;
use super::lanes::{Lane, LaneStep, MOST_LANES, Rows, Worker, deal};
use super::local_items::Local;
use super::objective::Objective;
use super::{Sasrec, SasrecConfig};
use crate::kernels::adam::{Adam, AdamStep, Stretch};
use crate::kernels::ranking_loss;

/// Rows of a micro-batch: few enough that its activations stay in a core's cache, enough for matrix
/// products to pay.
const MICRO_ROWS: usize = 400;
/// What the gradients of all lanes may take in memory, in elements.
const LANE_BUDGET: usize = 1 << 25;
/// Parameters that one thread updates at a time.
const UPDATE_TILE: usize = 4096;

/// Moments of Adam over one vector.
#[derive(Debug)]
pub(super) struct Moments {
    pub(super) first: Vec<f32>,
    pub(super) second: Vec<f32>,
}

impl Moments {
    fn new(len: usize) -> Self {
        Self { first: vec![0.0; len], second: vec![0.0; len] }
    }
}

/// Trains a SASRec step by step, for callers that bring the sequences themselves; [`Sasrec::fit`]
/// is built on it. Same model, seed and batches, same weights, however many threads.
pub struct Trainer {
    pub(super) model: Sasrec,
    /// Items with training events, ascending.
    pub(super) known: Vec<u32>,
    unknown: Vec<u32>,
    pub(super) correction: Vec<f32>,
    pub(super) rng: ChaCha8Rng,
    dropout_rng: ChaCha8Rng,
    steps: u32,
    dense: Moments,
    pub(super) items: Moments,
    pub(super) lanes: Vec<Lane>,
    pub(super) rows: Rows,
    shared_vectors: Vec<f32>,
    pub(super) gradient_rows: GradientRows,
    pub(super) local: Local,
    workers: Mutex<Vec<Worker>>,
}

impl Trainer {
    /// Starts from a model as it stands, with fresh moments.
    pub fn new(model: Sasrec, seed: u64) -> Self {
        let (known, unknown): (Vec<u32>, Vec<u32>) = (0..model.popularity.len() as u32)
            .partition(|&item| model.popularity[item as usize] > 0);
        let correction = match model.config.loss {
            Loss::InBatch { .. } => log_corrections(&model.popularity),
            _ => Vec::new(),
        };
        Self {
            known,
            unknown,
            correction,
            rng: ChaCha8Rng::seed_from_u64(seed),
            dropout_rng: ChaCha8Rng::seed_from_u64(seed ^ 0x9e37_79b9_7f4a_7c15),
            steps: 0,
            dense: Moments::new(model.parameters.len()),
            items: Moments::new(model.items.len()),
            lanes: Vec::new(),
            rows: Rows::default(),
            shared_vectors: Vec::new(),
            gradient_rows: GradientRows::default(),
            local: Local::default(),
            workers: Mutex::default(),
            model,
        }
    }

    /// The model with all steps so far, ready to score: vectors that the tower adds to are computed
    /// anew.
    pub fn model(&mut self) -> &Sasrec {
        self.model.refresh();
        &self.model
    }

    /// Random numbers of the run.
    pub(super) fn rng(&mut self) -> &mut ChaCha8Rng {
        &mut self.rng
    }

    /// Draws the negatives of a batch.
    pub(super) fn draw_negatives(&mut self, batch: &mut SequenceBatch) {
        let (rng, known, targets) = (&mut self.rng, &self.known, &batch.packed.targets);
        batch.shared.clear();
        batch.own.clear();
        match self.model.config.loss {
            Loss::Bce => {
                batch.own.extend(targets.iter().map(|_| known[rng.random_range(0..known.len())]))
            }
            Loss::FullSoftmax => {}
            Loss::Gbce { negatives, .. } | Loss::SampledSoftmax { negatives } => {
                batch
                    .shared
                    .extend((0..negatives).map(|_| known[rng.random_range(0..known.len())]));
            }
            Loss::InBatch { negatives } => {
                batch
                    .shared
                    .extend((0..negatives).map(|_| targets[rng.random_range(0..targets.len())]));
            }
        }
        batch.shared.sort_unstable();
    }

    /// Moves the weights once and returns the mean loss of the positions before.
    ///
    /// # Panics
    /// If the batch holds nothing, or an item beyond the vocabulary, or no negatives for a loss
    /// that needs them.
    pub fn step(&mut self, batch: &SequenceBatch) -> f64 {
        assert!(!batch.packed.targets.is_empty(), "a batch with something to learn");
        let loss = self.gradients(batch);
        self.steps += 1;
        let SasrecConfig { learning_rate, beta_2, weight_decay, .. } = self.model.config;
        let adam = Adam { beta_2, ..Adam::default() };
        let step = |decay| adam.step(self.steps, learning_rate, decay);
        let steps = [step(0.0), step(weight_decay)];
        self.update_items(steps[0]);
        self.update_parameters(steps);
        loss
    }

    /// Mean loss of a batch and the gradients under the parameters' names, for comparison with
    /// other implementations.
    pub fn named_gradients(&mut self, batch: &SequenceBatch) -> (f64, Vec<(String, Vec<f32>)>) {
        let loss = self.gradients(batch);
        let mut items = vec![0.0; self.model.items.len()];
        let dim = self.model.config.dim;
        let Local { items: local_items, has_id, .. } = &self.local;
        let copy = |row: u32, gradient: &[f32]| {
            let item = if self.model.features.is_none() {
                row
            } else if has_id[row as usize] {
                local_items[row as usize]
            } else {
                return;
            };
            items[item as usize * dim..][..dim].copy_from_slice(gradient);
        };
        self.gradient_rows.for_each(0..u32::MAX, copy, (&self.lanes, &self.rows));
        let mut named = vec![("item_embedding.weight".to_owned(), items)];
        for span in &self.model.layout.spans {
            let sum = |i| self.lanes.iter().map(|lane| lane.parameters[i]).sum();
            named.push((span.name.clone(), span.range.clone().map(sum).collect()));
        }
        (loss, named)
    }

    /// Runs all lanes; leaves the gradients in them and in the rows.
    fn gradients(&mut self, batch: &SequenceBatch) -> f64 {
        let with_tower = self.model.features.is_some();
        if with_tower {
            self.gather(batch);
        }
        let mut local = std::mem::take(&mut self.local);
        let loss = match with_tower {
            true => self.run_lanes(&local.batch, Some((&local.vectors, &local.correction))),
            false => self.run_lanes(batch, None),
        };
        if with_tower {
            self.tower_gradients(&mut local);
        }
        self.local = local;
        loss
    }

    fn run_lanes(&mut self, batch: &SequenceBatch, local: Option<(&[f32], &[f32])>) -> f64 {
        let Self { model, lanes, rows, shared_vectors, .. } = self;
        let workers = &self.workers;
        let (table, correction) = local.unwrap_or((&model.items, &self.correction));
        let config = &model.config;
        let dim = config.dim;
        let vector = |&item: &u32| &table[item as usize * dim..][..dim];
        shared_vectors.clear();
        batch.shared.iter().for_each(|item| shared_vectors.extend_from_slice(vector(item)));
        let full = config.loss == Loss::FullSoftmax;
        let positions = batch.packed.targets.len();
        let objective = Objective {
            loss: config.loss,
            dim,
            table,
            shared: &batch.shared,
            vectors: shared_vectors,
            correction,
            left_out: &self.unknown,
            beta: match config.loss {
                Loss::Gbce { negatives, t } => {
                    ranking_loss::calibrating_beta(negatives, self.known.len(), t)
                }
                _ => 1.0,
            },
            weight: 1.0 / positions as f32,
        };
        let item_gradients = if full { table.len() } else { shared_vectors.len() };
        let micro_batches = batch.packed.micro_batches(MICRO_ROWS);
        let per_lane = model.parameters.len() + item_gradients;
        let count = (LANE_BUDGET / per_lane).clamp(2, MOST_LANES).min(micro_batches.len());
        lanes.resize_with(count, Lane::default);
        for lane in &mut *lanes {
            lane.reset(model.parameters.len(), item_gradients);
        }
        rows.resize(positions, dim, batch.own.len());
        let encoder =
            Encoder { config, layout: &model.layout, parameters: &model.parameters, table };
        let step =
            LaneStep { encoder, objective, batch, rng: &self.dropout_rng, number: self.steps };
        let tasks = deal(lanes, rows, &micro_batches, dim);
        tasks.into_par_iter().enumerate().for_each(|(number, task)| {
            let mut worker = workers.lock().expect("no lane panics").pop().unwrap_or_default();
            step.run(number, task, &mut worker);
            workers.lock().expect("no lane panics").push(worker);
        });
        self.gradient_rows.collect(
            batch,
            self.rows.own.len(),
            full.then_some(item_gradients / dim),
        );
        self.lanes.iter().map(|lane| lane.loss).sum()
    }

    /// Adam over all but the item table: each element's gradient is summed over the lanes in order.
    fn update_parameters(&mut self, steps: [AdamStep; 2]) {
        let lanes = &self.lanes;
        let mut tasks = Vec::new();
        let mut rest =
            (&mut self.model.parameters[..], &mut self.dense.first[..], &mut self.dense.second[..]);
        for span in &self.model.layout.spans {
            for start in span.range.clone().step_by(UPDATE_TILE) {
                let len = UPDATE_TILE.min(span.range.end - start);
                let (parameters, first, second) = rest;
                let (parameters, after) = parameters.split_at_mut(len);
                let (first, after_first) = first.split_at_mut(len);
                let (second, after_second) = second.split_at_mut(len);
                rest = (after, after_first, after_second);
                tasks.push((
                    start,
                    steps[usize::from(span.decays())],
                    Stretch { parameters, first, second },
                ));
            }
        }
        tasks.into_par_iter().with_min_len(4).for_each(|(start, step, stretch)| {
            let mut sum = [0.0; UPDATE_TILE];
            let sum = &mut sum[..stretch.parameters.len()];
            for lane in lanes {
                let gradient = &lane.parameters[start..start + sum.len()];
                sum.iter_mut().zip(gradient).for_each(|(sum, gradient)| *sum += gradient);
            }
            step.apply(stretch, sum);
        });
    }

    /// Adam over the rows of the item table that the batch named.
    fn update_items(&mut self, step: AdamStep) {
        let dim = self.model.config.dim;
        if self.model.features.is_some() {
            self.update_local_items(step);
            return;
        }
        let (lanes, rows, gradients) = (&self.lanes, &self.rows, &self.gradient_rows);
        let tile = (UPDATE_TILE * 4 / dim).max(1) * dim;
        let moments =
            self.items.first.par_chunks_mut(tile).zip(self.items.second.par_chunks_mut(tile));
        let tiles = self.model.items.par_chunks_mut(tile).zip(moments).enumerate();
        tiles.for_each(|(i, (parameters, (first, second)))| {
            let start = i * tile / dim;
            let range = start as u32..(start + parameters.len() / dim) as u32;
            let update = |row: u32, gradient: &[f32]| {
                let span = (row as usize - start) * dim..(row as usize - start + 1) * dim;
                let stretch = Stretch {
                    parameters: &mut parameters[span.clone()],
                    first: &mut first[span.clone()],
                    second: &mut second[span],
                };
                step.apply(stretch, gradient);
            };
            gradients.for_each(range, update, (lanes, rows));
        });
    }
}

/// `-ln` of each item's share of the events.
fn log_corrections(popularity: &[u32]) -> Vec<f32> {
    let total: f64 = popularity.iter().map(|&events| f64::from(events)).sum();
    popularity.iter().map(|&events| -((f64::from(events.max(1)) / total).ln() as f32)).collect()
}

#[cfg(test)]
mod tests {
    use rand_distr::{Distribution, StandardNormal};
    use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};

    use super::*;
    use crate::recommenders::ItemFeatures;
    use crate::recommenders::sasrec::Block;

    const ITEMS: usize = 30;

    fn model(config: &SasrecConfig, with_tower: bool) -> Sasrec {
        let mut builder = InteractionsBuilder::default();
        for item in 0..ITEMS {
            builder.push("listener", &item.to_string(), None, None).unwrap();
        }
        let data = builder.build(KCore::default()).unwrap();
        let values =
            (0..ITEMS * 3).map(|i| if i % 7 == 0 { f32::NAN } else { (i * i % 31) as f32 });
        let features = ItemFeatures::new(3, values.collect()).unwrap();
        let mut model =
            Sasrec::fresh(&data.all(), with_tower.then_some(&features), config, 3).unwrap();
        // Larger than at the start of training, so that every part of the loss matters.
        let mut rng = ChaCha8Rng::seed_from_u64(8);
        for value in model.items.iter_mut().chain(&mut model.parameters) {
            let z: f32 = StandardNormal.sample(&mut rng);
            *value += 0.2 * z;
        }
        model
    }

    /// Slope of the loss along a direction, by the gradient and by a small step both ways.
    fn slopes(config: &SasrecConfig, with_tower: bool) -> (f64, f64) {
        let model = model(config, with_tower);
        let sequences: [&[u32]; 3] = [&[1, 2, 3, 4, 5, 6, 7], &[3, 1], &[9, 9, 4, 2, 20]];
        let own = if config.loss == Loss::Bce {
            vec![7, 3, 12, 12, 0, 6, 1, 29, 8, 4, 2]
        } else {
            vec![]
        };
        let shared =
            if config.loss.negatives().is_some() { vec![5, 4, 28, 28, 11] } else { vec![] };
        let batch = SequenceBatch::new(&sequences, shared, own);

        let (_, gradients) = Trainer::new(model.clone(), 1).named_gradients(&batch);
        let gradient: Vec<f32> = gradients.into_iter().flat_map(|(_, gradient)| gradient).collect();
        let length = gradient.iter().map(|g| f64::from(g * g)).sum::<f64>().sqrt();
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        // Half along the gradient, half at random.
        let direction: Vec<f64> = gradient
            .iter()
            .map(|&g| {
                let z: f64 = StandardNormal.sample(&mut rng);
                f64::from(g) / length + z / (gradient.len() as f64).sqrt()
            })
            .collect();
        let loss = |step: f64| {
            let mut moved = model.clone();
            let values = moved.items.iter_mut().chain(&mut moved.parameters);
            values
                .zip(&direction)
                .for_each(|(value, d)| *value = (f64::from(*value) + step * d) as f32);
            Trainer::new(moved, 1).named_gradients(&batch).0
        };
        let slope = gradient.iter().zip(&direction).map(|(&g, d)| f64::from(g) * d).sum();
        (slope, (loss(2e-3) - loss(-2e-3)) / 4e-3)
    }

    #[test]
    fn gradients_of_the_whole_network_follow_finite_differences() {
        let losses = [
            Loss::Bce,
            Loss::Gbce { negatives: 5, t: 0.5 },
            Loss::SampledSoftmax { negatives: 5 },
            Loss::InBatch { negatives: 5 },
            Loss::FullSoftmax,
        ];
        for loss in losses {
            for (block, with_tower) in
                [(Block::Sasrec, false), (Block::Ligr, false), (Block::Sasrec, true)]
            {
                let config = SasrecConfig {
                    dim: 8,
                    max_length: 6,
                    block,
                    expansion: 2,
                    loss,
                    dropout: 0.0,
                    id_dropout: 0.0,
                    tower_width: 5,
                    ..SasrecConfig::default()
                };
                let (found, wanted) = slopes(&config, with_tower);
                let error = (found - wanted).abs() / wanted.abs();
                assert!(
                    error < 1e-3,
                    "{loss:?} {block:?} {with_tower}: {found} instead of {wanted}"
                );
            }
        }
    }
}
