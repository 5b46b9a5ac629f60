//! The loss of some encoded positions, and its gradients: which items each target is compared with.

use super::block::sized;
use super::config::Loss;
use crate::kernels::matmul::{Matrix, Output, matmul};
use crate::kernels::ranking_loss::{self, MASKED};
use crate::kernels::simd::{add_scaled, dot, vectorised};

/// Logits of the full softmax that are held at once, in elements: what a core keeps near.
const FULL_TILE: usize = 1 << 19;

/// What the positions of one step are compared with.
pub(super) struct Objective<'a> {
    pub(super) loss: Loss,
    pub(super) dim: usize,
    /// Item vectors, `[items, dim]`.
    pub(super) table: &'a [f32],
    /// Negatives that all positions share, ascending.
    pub(super) shared: &'a [u32],
    /// Their vectors, `[shared, dim]`.
    pub(super) vectors: &'a [f32],
    /// What is added to the logit of each item of the table to correct for how often it is drawn;
    /// may be empty.
    pub(super) correction: &'a [f32],
    /// Items that the full softmax leaves out.
    pub(super) left_out: &'a [u32],
    /// β of gBCE.
    pub(super) beta: f32,
    /// Weight of one position.
    pub(super) weight: f32,
}

/// Positions and what they are to predict.
pub(super) struct Positions<'a> {
    pub(super) targets: &'a [u32],
    /// A negative of its own for each position; empty if they share theirs.
    pub(super) own: &'a [u32],
    /// The encoder's output, `[positions, dim]`.
    pub(super) hidden: &'a [f32],
}

/// Gradients; `d_…` of logits stand for those of item vectors, which are these times the position's
/// output.
pub(super) struct Gradients<'a> {
    /// Of the encoder's output, `[positions, dim]`.
    pub(super) hidden: &'a mut [f32],
    /// Of each target's logit, `[positions]`; unused by the full softmax.
    pub(super) targets: &'a mut [f32],
    /// Of each own negative's logit, `[positions]`.
    pub(super) own: &'a mut [f32],
    /// Of the shared negatives' vectors, or of the whole table for the full softmax; added to.
    pub(super) items: &'a mut [f32],
}

impl Objective<'_> {
    /// The loss; writes gradients.
    pub(super) fn loss(&self, at: &Positions<'_>, room: &mut Vec<f32>, d: Gradients<'_>) -> f64 {
        match self.loss {
            Loss::Bce => self.own_negatives(at, d),
            Loss::FullSoftmax => self.whole_catalogue(at, room, d),
            Loss::Gbce { .. } => self.shared_negatives(at, room, d, |targets, others| {
                ranking_loss::generalised_bce(self.beta, targets, others, self.weight)
            }),
            Loss::SampledSoftmax { .. } | Loss::InBatch { .. } => {
                self.shared_negatives(at, room, d, |targets, others| {
                    ranking_loss::sampled_softmax(targets, others, self.weight)
                })
            }
        }
    }

    fn own_negatives(&self, at: &Positions<'_>, d: Gradients<'_>) -> f64 {
        dot_rows(self.table, at.hidden, at.targets, d.targets);
        dot_rows(self.table, at.hidden, at.own, d.own);
        for ((own, &item), &target) in d.own.iter_mut().zip(at.own).zip(at.targets) {
            *own = if item == target { MASKED } else { *own };
        }
        let loss = ranking_loss::generalised_bce(1.0, d.targets, d.own, self.weight);
        d.hidden.fill(0.0);
        add_rows(self.table, at.targets, d.targets, d.hidden);
        add_rows(self.table, at.own, d.own, d.hidden);
        loss
    }

    fn shared_negatives(
        &self,
        at: &Positions<'_>,
        room: &mut Vec<f32>,
        d: Gradients<'_>,
        loss: impl Fn(&mut [f32], &mut [f32]) -> f64,
    ) -> f64 {
        let (rows, count) = (at.targets.len(), self.shared.len());
        let hidden = Matrix::new(at.hidden, rows, self.dim);
        let vectors = Matrix::new(self.vectors, count, self.dim);
        let logits = sized(room, rows * count);
        matmul(logits, Output::Overwrite, hidden, vectors.t());
        dot_rows(self.table, at.hidden, at.targets, d.targets);
        self.correct(at.targets, logits, d.targets);
        self.mask_own_targets(at.targets, logits);
        let loss = loss(d.targets, logits);
        let logits = Matrix::new(logits, rows, count);
        matmul(d.items, Output::Add, logits.t(), hidden);
        matmul(d.hidden, Output::Overwrite, logits, vectors);
        add_rows(self.table, at.targets, d.targets, d.hidden);
        loss
    }

    fn whole_catalogue(&self, at: &Positions<'_>, room: &mut Vec<f32>, d: Gradients<'_>) -> f64 {
        let items = self.table.len() / self.dim;
        let table = Matrix::new(self.table, items, self.dim);
        let tile = (FULL_TILE / items).clamp(16, 256);
        let tiles = at.targets.chunks(tile).zip(at.hidden.chunks(tile * self.dim));
        let mut loss = 0.0;
        for ((targets, hidden), dhidden) in tiles.zip(d.hidden.chunks_mut(tile * self.dim)) {
            let hidden = Matrix::new(hidden, targets.len(), self.dim);
            let logits = sized(room, targets.len() * items);
            matmul(logits, Output::Overwrite, hidden, table.t());
            for logits in logits.chunks_exact_mut(items) {
                self.left_out.iter().for_each(|&item| logits[item as usize] = MASKED);
            }
            loss += ranking_loss::full_softmax(items, logits, targets, self.weight);
            let logits = Matrix::new(logits, targets.len(), items);
            matmul(d.items, Output::Add, logits.t(), hidden);
            matmul(dhidden, Output::Overwrite, logits, table);
        }
        loss
    }

    fn correct(&self, targets: &[u32], others: &mut [f32], own: &mut [f32]) {
        if self.correction.is_empty() {
            return;
        }
        let of = |item: &u32| self.correction[*item as usize];
        own.iter_mut().zip(targets).for_each(|(logit, target)| *logit += of(target));
        let shared: Vec<f32> = self.shared.iter().map(of).collect();
        for logits in others.chunks_exact_mut(shared.len()) {
            logits.iter_mut().zip(&shared).for_each(|(logit, correction)| *logit += correction);
        }
    }

    /// A negative that is the position's target teaches the opposite of what it should.
    fn mask_own_targets(&self, targets: &[u32], others: &mut [f32]) {
        for (logits, target) in others.chunks_exact_mut(self.shared.len()).zip(targets) {
            let first = self.shared.partition_point(|item| item < target);
            let same = self.shared[first..].iter().take_while(|item| *item == target).count();
            logits[first..first + same].fill(MASKED);
        }
    }
}

vectorised! {
/// The logit of one item for each position.
fn dot_rows(table: &[f32], hidden: &[f32], items: &[u32], logits: &mut [f32]) {
    let dim = hidden.len() / items.len();
    for ((hidden, &item), logit) in hidden.chunks_exact(dim).zip(items).zip(logits) {
        *logit = dot(hidden, &table[item as usize * dim..][..dim]);
    }
}

/// Adds what one item's logit gives back to each position.
fn add_rows(table: &[f32], items: &[u32], dlogits: &[f32], dhidden: &mut [f32]) {
    let dim = dhidden.len() / items.len();
    for ((dhidden, &item), d) in dhidden.chunks_exact_mut(dim).zip(items).zip(dlogits) {
        add_scaled(dhidden, *d, &table[item as usize * dim..][..dim]);
    }
}
}
