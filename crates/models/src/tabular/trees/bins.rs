//! Values to bins: few enough that all splits by an input are weighed in one pass.

use rayon::prelude::*;

/// The bin of every value, input by input. Bin 0 is what is missing.
pub(super) struct Bins {
    inputs: Vec<BinnedInput>,
    /// Bins that an input has at most, that of the missing included.
    pub(super) most: usize,
}

struct BinnedInput {
    bins: Vec<u8>,
    /// Border `i` lies above bin `i + 1`.
    borders: Vec<f32>,
}

impl Bins {
    /// Cuts each input of `[rows, width]` values into at most so many bins of about as many rows.
    pub(super) fn new(values: &[f32], width: usize, most: usize) -> Self {
        let most = most.clamp(2, usize::from(u8::MAX));
        let binned = |input: usize| {
            let column: Vec<f32> = values.iter().skip(input).step_by(width).copied().collect();
            let borders = borders(&column, most);
            let bin = |value: &f32| match value.is_nan() {
                true => 0,
                false => 1 + borders.partition_point(|border| border < value) as u8,
            };
            BinnedInput { bins: column.iter().map(bin).collect(), borders }
        };
        Self { inputs: (0..width).into_par_iter().map(binned).collect(), most: most + 1 }
    }

    pub(super) fn of(&self, input: usize) -> &[u8] {
        &self.inputs[input].bins
    }

    pub(super) fn borders(&self, input: usize) -> &[f32] {
        &self.inputs[input].borders
    }
}

/// Numbers between neighbouring values, ascending.
fn borders(column: &[f32], most: usize) -> Vec<f32> {
    let mut known: Vec<f32> = column.iter().copied().filter(|value| !value.is_nan()).collect();
    known.sort_by(f32::total_cmp);
    let steps: Vec<usize> = (1..known.len()).filter(|&i| known[i - 1] < known[i]).collect();
    let few = steps.len() < most;
    let mut borders: Vec<f32> = Vec::new();
    let mut next = 1;
    for i in steps {
        if !few && i * most < next * known.len() {
            continue;
        }
        borders.push(between(known[i - 1], known[i]));
        // A value that many rows share may have filled several bins at once.
        next = i * most / known.len() + 1;
    }
    borders
}

/// The middle of two numbers, or the lower one where nothing lies between.
fn between(low: f32, high: f32) -> f32 {
    let middle = low + (high - low) / 2.0;
    if middle < high { middle } else { low }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_have_a_bin_each_and_the_missing_their_own() {
        let bins = Bins::new(&[3.0, f32::NAN, 1.0, 3.0, 2.0], 1, 8);
        assert_eq!(bins.of(0), [3, 0, 1, 3, 2]);
        assert_eq!(bins.borders(0), [1.5, 2.5]);
    }

    #[test]
    fn many_values_share_bins_of_about_as_many_rows() {
        let values: Vec<f32> = (0..1_000).map(|i| (i as f32).powi(3)).collect();
        let bins = Bins::new(&values, 1, 10);
        let mut counts = [0; 11];
        bins.of(0).iter().for_each(|&bin| counts[usize::from(bin)] += 1);
        assert!(counts[1..].iter().all(|&count| (95..=105).contains(&count)), "{counts:?}");
    }

    #[test]
    fn a_value_that_most_rows_share_costs_no_bins() {
        let values: Vec<f32> = (0..1_000).map(|i| (i as f32 - 800.0).max(0.0)).collect();
        let bins = Bins::new(&values, 1, 10);
        assert!(bins.borders(0).len() <= 9 && bins.borders(0)[0] < 1.0);
    }
}
