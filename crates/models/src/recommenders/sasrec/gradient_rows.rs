//! The gradient of the item table, of which a step touches few rows.
//!
//! An item's gradient is a sum over where the step named it: as an item that was read, as a target,
//! as a negative. These places are sorted by item; each row is then summed up in that order by
//! whichever thread comes by, so that no thread writes where another does and the order of
//! additions never changes.

use std::ops::Range;

use super::batch::SequenceBatch;
use super::lanes::{Lane, Rows};
use crate::kernels::simd::{add_scaled, vectorised};

/// Where a step named which item.
#[derive(Debug, Default)]
pub(super) struct GradientRows {
    /// Item and place, ascending: the place counts on through inputs, targets, own negatives and
    /// shared negatives.
    keys: Vec<u64>,
    positions: usize,
    own: usize,
    /// Items of the table if lanes hold gradients of all of them.
    whole: Option<usize>,
}

impl GradientRows {
    /// Notes what a batch names. With `whole`, lanes hold the gradients of that many items, targets
    /// included.
    pub(super) fn collect(&mut self, batch: &SequenceBatch, own: usize, whole: Option<usize>) {
        let packed = &batch.packed;
        (self.positions, self.own, self.whole) = (packed.items.len(), own, whole);
        self.keys.clear();
        let inputs = packed.items.iter();
        let key = |(item, place): (&u32, u64)| (u64::from(*item) << 32) | place;
        match whole {
            Some(_) => self.keys.extend(inputs.zip(0..).map(key)),
            None => {
                let all = inputs.chain(&packed.targets).chain(&batch.own).chain(&batch.shared);
                self.keys.extend(all.zip(0..).map(key));
            }
        }
        self.keys.sort_unstable();
    }

    /// Calls `visit` with each touched row of a range and its gradient.
    pub(super) fn for_each(
        &self,
        range: Range<u32>,
        mut visit: impl FnMut(u32, &[f32]),
        (lanes, rows): (&[Lane], &Rows),
    ) {
        let dim = rows.hidden.len() / self.positions;
        let mut gradient = vec![0.0; dim];
        let from = self.keys.partition_point(|key| (key >> 32) < u64::from(range.start));
        let mut keys = &self.keys[from..];
        let mut next = range.start;
        loop {
            let row = match self.whole {
                Some(items) if (next as usize) < items && next < range.end => next,
                Some(_) => break,
                None => match keys.first().map(|key| (key >> 32) as u32) {
                    Some(row) if row < range.end => row,
                    _ => break,
                },
            };
            next = row + 1;
            let count = keys.iter().take_while(|key| (*key >> 32) as u32 == row).count();
            let (own, rest) = keys.split_at(count);
            keys = rest;
            gradient.fill(0.0);
            if self.whole.is_some() {
                for lane in lanes {
                    plus(&mut gradient, 1.0, &lane.items[row as usize * dim..][..dim]);
                }
            }
            for key in own {
                self.add((key & 0xffff_ffff) as usize, &mut gradient, (lanes, rows));
            }
            visit(row, &gradient);
        }
    }

    /// Adds the gradient of one place.
    fn add(&self, place: usize, gradient: &mut [f32], (lanes, rows): (&[Lane], &Rows)) {
        let (n, dim) = (self.positions, gradient.len());
        let hidden = |position: usize| &rows.hidden[position * dim..][..dim];
        if place < n {
            plus(gradient, 1.0, &rows.input[place * dim..][..dim]);
        } else if place < 2 * n {
            plus(gradient, rows.target[place - n], hidden(place - n));
        } else if place < 2 * n + self.own {
            plus(gradient, rows.own[place - 2 * n], hidden(place - 2 * n));
        } else {
            let start = (place - 2 * n - self.own) * dim;
            for lane in lanes {
                plus(gradient, 1.0, &lane.items[start..start + dim]);
            }
        }
    }
}

vectorised! {
fn plus(sum: &mut [f32], factor: f32, values: &[f32]) {
    add_scaled(sum, factor, values);
}
}
