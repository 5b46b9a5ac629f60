//! Steps of a model with an item tower: an item's vector is then computed, not only looked up.
//!
//! The items that a batch names get rows of a small table, which the network works on as it
//! otherwise does on the whole embedding; the gradients of these rows go on to the tower and to the
//! id embeddings that were not left out.

use rand::RngExt;

use super::batch::SequenceBatch;
use super::block::sized;
use super::config::Loss;
use super::local_items::Local;
use super::step::Trainer;
use super::windows::Packed;
use crate::kernels::adam::{AdamStep, Stretch};

impl Trainer {
    /// Vectors of all items that the batch names, some without their id embedding.
    pub(super) fn gather(&mut self, batch: &SequenceBatch) {
        let Self { model, local, rng, correction, .. } = self;
        let all = model.config.loss == Loss::FullSoftmax;
        let Local { items, has_id, vectors, row_of, state, .. } = local;
        items.clear();
        if all {
            items.extend(0..model.popularity.len() as u32);
        } else {
            items.extend(batch.packed.items.iter().chain(&batch.packed.targets));
            items.extend(batch.shared.iter().chain(&batch.own));
            items.sort_unstable();
            items.dedup();
        }
        row_of.resize(model.popularity.len(), 0);
        items.iter().zip(0..).for_each(|(&item, row)| row_of[item as usize] = row);
        let rows =
            |items: &[u32]| items.iter().map(|&item| row_of[item as usize]).collect::<Vec<_>>();
        local.batch = SequenceBatch {
            packed: Packed {
                items: rows(&batch.packed.items),
                targets: rows(&batch.packed.targets),
                lengths: batch.packed.lengths.clone(),
            },
            shared: rows(&batch.shared),
            own: rows(&batch.own),
        };
        local.correction.clear();
        if !correction.is_empty() {
            local.correction.extend(items.iter().map(|&item| correction[item as usize]));
        }
        let dropped = f64::from(model.config.id_dropout);
        has_id.clear();
        has_id.extend(items.iter().map(|_| !rng.random_bool(dropped)));
        let dim = model.config.dim;
        vectors.clear();
        for (&item, &has_id) in items.iter().zip(&*has_id) {
            match has_id {
                true => vectors.extend_from_slice(&model.items[item as usize * dim..][..dim]),
                false => vectors.extend(std::iter::repeat_n(0.0, dim)),
            }
        }
        let tower = model.tower().expect("a model with features has a tower");
        tower.add_to(items, state, vectors);
    }

    pub(super) fn tower_gradients(&mut self, local: &mut Local) {
        let dim = self.model.config.dim;
        let dvectors = sized(&mut local.dvectors, local.items.len() * dim);
        dvectors.fill(0.0);
        self.gradient_rows.for_each(
            0..u32::MAX,
            |row, gradient| {
                dvectors[row as usize * dim..][..dim].copy_from_slice(gradient);
            },
            (&self.lanes, &self.rows),
        );
        let tower = self.model.tower().expect("a model with features has a tower");
        tower.backward(&local.items, &mut local.state, dvectors, &mut self.lanes[0].parameters);
    }

    pub(super) fn update_local_items(&mut self, step: AdamStep) {
        let dim = self.model.config.dim;
        let Local { items, has_id, dvectors, .. } = &self.local;
        let rows = items.iter().zip(has_id).zip(dvectors.chunks_exact(dim));
        for ((&item, _), gradient) in rows.filter(|((_, has_id), _)| **has_id) {
            if self.model.popularity[item as usize] == 0 {
                continue;
            }
            let span = item as usize * dim..(item as usize + 1) * dim;
            let stretch = Stretch {
                parameters: &mut self.model.items[span.clone()],
                first: &mut self.items.first[span.clone()],
                second: &mut self.items.second[span],
            };
            step.apply(stretch, gradient);
        }
    }
}
