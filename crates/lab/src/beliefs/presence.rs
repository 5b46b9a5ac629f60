//! Who has what, as lists of rows both ways: a matrix of zeros and ones, of which a few in a
//! hundred are ones, and its products with dense matrices in `f64`. Each row of a product is one
//! thread's, so that sums do not depend on the number of threads.

use rayon::prelude::*;
use segue_engine::Training;

use segue_models::ModelError;

/// `W`, `[listeners, items]`; listeners without an event are left out.
pub(super) struct Presence {
    of_listener: Vec<Vec<u32>>,
    of_item: Vec<Vec<u32>>,
}

impl Presence {
    /// # Errors
    /// [`ModelError::NoEvents`] if nobody did anything.
    pub(super) fn of(training: &Training<'_>) -> Result<Self, ModelError> {
        let mut of_listener = Vec::new();
        let mut of_item = vec![Vec::new(); training.items()];
        for history in training.histories().filter(|history| !history.items.is_empty()) {
            let mut items: Vec<u32> = history.items.iter().map(|item| item.0).collect();
            items.sort_unstable();
            items.dedup();
            items.iter().for_each(|&item| of_item[item as usize].push(of_listener.len() as u32));
            of_listener.push(items);
        }
        if of_listener.is_empty() {
            return Err(ModelError::NoEvents { listeners: training.listeners() });
        }
        Ok(Self { of_listener, of_item })
    }

    pub(super) fn listeners(&self) -> usize {
        self.of_listener.len()
    }

    pub(super) fn items(&self) -> usize {
        self.of_item.len()
    }

    /// Number of ones.
    pub(super) fn ones(&self) -> usize {
        self.of_listener.iter().map(Vec::len).sum()
    }

    /// The share of listeners who have each item: column means.
    pub(super) fn shares(&self) -> Vec<f64> {
        let listeners = self.listeners() as f64;
        self.of_item.iter().map(|listeners_of| listeners_of.len() as f64 / listeners).collect()
    }

    /// `W D` with `D` `[items, width]`.
    pub(super) fn times(&self, dense: &[f64], width: usize) -> Vec<f64> {
        sums(&self.of_listener, dense, width)
    }

    /// `Wᵀ D` with `D` `[listeners, width]`.
    pub(super) fn transposed_times(&self, dense: &[f64], width: usize) -> Vec<f64> {
        sums(&self.of_item, dense, width)
    }
}

/// Of each list the sum of the dense rows that it names.
fn sums(lists: &[Vec<u32>], dense: &[f64], width: usize) -> Vec<f64> {
    let mut out = vec![0.0; lists.len() * width];
    out.par_chunks_exact_mut(width).zip(lists).for_each(|(sum, list)| {
        for &row in list {
            let addend = &dense[row as usize * width..][..width];
            sum.iter_mut().zip(addend).for_each(|(sum, x)| *sum += x);
        }
    });
    out
}
