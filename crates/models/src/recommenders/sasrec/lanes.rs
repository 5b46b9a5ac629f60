//! Lanes: parts of a batch that are worked on side by side, each with gradients of its own.

use rand_chacha::ChaCha8Rng;

use super::batch::SequenceBatch;
use super::block::{Dropout, sized};
use super::encoder::{Encoder, EncoderState};
use super::objective::{self, Objective, Positions};
use super::windows::MicroBatch;

/// Most lanes: how many threads can work on one step.
pub(super) const MOST_LANES: usize = 16;

/// Gradients that micro-batches add to, one after another.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Of all parameters but the item table.
    pub(super) parameters: Vec<f32>,
    /// Of the shared negatives' vectors, or of the whole table.
    pub(super) items: Vec<f32>,
    pub(super) loss: f64,
}

/// Gradients that each row of a batch has of its own.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// Of the vector that was read, `[rows, dim]`.
    pub(super) input: Vec<f32>,
    /// The encoder's output, `[rows, dim]`.
    pub(super) hidden: Vec<f32>,
    /// Of the target's logit, `[rows]`.
    pub(super) target: Vec<f32>,
    /// Of the own negative's logit, `[rows]`.
    pub(super) own: Vec<f32>,
}

/// What a thread needs while it works on a lane.
#[derive(Default)]
pub(super) struct Worker {
    state: EncoderState,
    logits: Vec<f32>,
    dhidden: Vec<f32>,
}

impl Lane {
    pub(super) fn reset(&mut self, parameters: usize, items: usize) {
        self.parameters.clear();
        self.parameters.resize(parameters, 0.0);
        self.items.clear();
        self.items.resize(items, 0.0);
        self.loss = 0.0;
    }
}

impl Rows {
    pub(super) fn resize(&mut self, rows: usize, dim: usize, own: usize) {
        self.input.resize(rows * dim, 0.0);
        self.hidden.resize(rows * dim, 0.0);
        self.target.resize(rows, 0.0);
        self.own.resize(own, 0.0);
    }
}

/// What one lane works on.
pub(super) struct Task<'a> {
    lane: &'a mut Lane,
    micro_batches: &'a [MicroBatch],
    input: &'a mut [f32],
    hidden: &'a mut [f32],
    target: &'a mut [f32],
    own: &'a mut [f32],
}

/// Deals micro-batches out to lanes in order, with the rows that they fill.
pub(super) fn deal<'a>(
    lanes: &'a mut [Lane],
    rows: &'a mut Rows,
    micro_batches: &'a [MicroBatch],
    dim: usize,
) -> Vec<Task<'a>> {
    let count = lanes.len();
    let (mut input, mut hidden) = (&mut rows.input[..], &mut rows.hidden[..]);
    let (mut target, mut own) = (&mut rows.target[..], &mut rows.own[..]);
    let tasks = lanes.iter_mut().enumerate().map(|(i, lane)| {
        let range = i * micro_batches.len() / count..(i + 1) * micro_batches.len() / count;
        let micro_batches = &micro_batches[range];
        let rows = micro_batches.iter().map(|batch| batch.rows.len()).sum();
        Task {
            lane,
            micro_batches,
            input: take(&mut input, rows * dim),
            hidden: take(&mut hidden, rows * dim),
            target: take(&mut target, rows),
            own: take(&mut own, rows),
        }
    });
    tasks.collect()
}

/// Cuts off the first elements, or all if there are fewer.
fn take<'a>(rest: &mut &'a mut [f32], len: usize) -> &'a mut [f32] {
    let len = len.min(rest.len());
    let (taken, after) = std::mem::take(rest).split_at_mut(len);
    *rest = after;
    taken
}

/// What all lanes of a step share.
pub(super) struct LaneStep<'a> {
    pub(super) encoder: Encoder<'a>,
    pub(super) objective: Objective<'a>,
    pub(super) batch: &'a SequenceBatch,
    pub(super) rng: &'a ChaCha8Rng,
    pub(super) number: u32,
}

impl LaneStep<'_> {
    pub(super) fn run(&self, number: usize, task: Task<'_>, worker: &mut Worker) {
        let Task { lane, micro_batches, input, hidden, target, own } = task;
        let dim = self.encoder.config.dim;
        let mut rng = self.rng.clone();
        rng.set_stream((u64::from(self.number) + 1) * MOST_LANES as u64 + number as u64);
        let share = self.encoder.config.dropout;
        let mut first = 0;
        for MicroBatch { sequences, rows } in micro_batches {
            let own_rows = if own.is_empty() { 0..0 } else { first..first + rows.len() };
            let place = first..first + rows.len();
            let elements = first * dim..place.end * dim;
            first = place.end;
            let packed = &self.batch.packed;
            let lengths = &packed.lengths[sequences.clone()];
            let hidden = &mut hidden[elements.clone()];
            let dropout = (share > 0.0).then_some(Dropout { share, rng: &mut rng });
            self.encoder.forward(
                (&packed.items[rows.clone()], lengths),
                &mut worker.state,
                dropout,
                hidden,
            );
            let positions = Positions {
                targets: &packed.targets[rows.clone()],
                own: if own.is_empty() { &[] } else { &self.batch.own[rows.clone()] },
                hidden,
            };
            let dhidden = sized(&mut worker.dhidden, rows.len() * dim);
            let gradients = objective::Gradients {
                hidden: dhidden,
                targets: &mut target[place],
                own: &mut own[own_rows],
                items: &mut lane.items,
            };
            lane.loss += self.objective.loss(&positions, &mut worker.logits, gradients);
            let out = (&mut input[elements], &mut lane.parameters[..]);
            self.encoder.backward(lengths, &mut worker.state, share > 0.0, dhidden, out);
        }
    }
}
