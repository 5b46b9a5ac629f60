//! Growing one tree, from the root down: of all possible splits the one with the highest gain,
//! until a side would be too small or the tree is as deep as it may be.
//!
//! Only the smaller side of a split is counted; the counts of the larger are what is left over.

use rayon::prelude::*;

use super::bins::Bins;
use super::{DecisionTree, TreeSplit, TreesConfig};

/// Gains below this are rounding.
const LEAST_GAIN: f64 = 1e-9;

/// First and second derivative of a row's loss.
#[derive(Clone, Copy, Debug)]
pub(super) struct LossDerivatives {
    pub(super) gradient: f32,
    pub(super) hessian: f32,
}

/// Derivatives of some rows, added up.
#[derive(Clone, Copy, Debug, Default)]
struct DerivativeSums {
    gradient: f64,
    hessian: f64,
    rows: u32,
}

impl DerivativeSums {
    fn add(&mut self, of_row: LossDerivatives) {
        self.gradient += f64::from(of_row.gradient);
        self.hessian += f64::from(of_row.hessian);
        self.rows += 1;
    }

    fn plus(self, other: Self) -> Self {
        Self {
            gradient: self.gradient + other.gradient,
            hessian: self.hessian + other.hessian,
            rows: self.rows + other.rows,
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            gradient: self.gradient - other.gradient,
            hessian: self.hessian - other.hessian,
            rows: self.rows - other.rows,
        }
    }
}

/// A split with what it is worth.
#[derive(Clone, Copy)]
struct FoundSplit {
    gain: f64,
    input: usize,
    /// Rows in bins up to here go to the left.
    bin: u8,
    missing_left: bool,
}

/// A place in the tree, with the rows that arrive there.
struct TreeNode {
    node: usize,
    level: usize,
    rows: Vec<u32>,
    /// `[columns, bins]`; empty where nothing may be split any more.
    sums: Vec<DerivativeSums>,
}

/// Grows a tree.
pub(super) struct Grower<'a> {
    pub(super) bins: &'a Bins,
    pub(super) derivatives: &'a [LossDerivatives],
    /// Inputs that this tree may split by, ascending.
    pub(super) columns: &'a [usize],
    pub(super) config: &'a TreesConfig,
}

impl Grower<'_> {
    pub(super) fn grow(&self, rows: &[u32]) -> DecisionTree {
        let mut tree = DecisionTree::empty(self.config.depth);
        let sums = if self.config.depth > 0 { self.sums(rows) } else { Vec::new() };
        let mut places = vec![TreeNode { node: 0, level: 0, rows: rows.to_vec(), sums }];
        while let Some(place) = places.pop() {
            match self.best_split(&place) {
                Some(split) => places.extend(self.split(&mut tree, place, split)),
                None => {
                    // Splits that are never used lead to the leftmost leaf below.
                    let below = self.config.depth - place.level;
                    let leaf = ((place.node + 1) << below) - (1 << self.config.depth);
                    tree.leaves[leaf] = self.value(&place.rows);
                }
            }
        }
        tree
    }

    fn value(&self, rows: &[u32]) -> f32 {
        let mut sum = DerivativeSums::default();
        rows.iter().for_each(|&row| sum.add(self.derivatives[row as usize]));
        let step = -sum.gradient / (sum.hessian + self.config.l2);
        self.config.learning_rate * step as f32
    }

    /// Derivatives of rows by input and bin.
    fn sums(&self, rows: &[u32]) -> Vec<DerivativeSums> {
        let most = self.bins.most;
        let mut sums = vec![DerivativeSums::default(); self.columns.len() * most];
        sums.par_chunks_exact_mut(most).zip(self.columns).for_each(|(sums, &input)| {
            let bins = self.bins.of(input);
            for &row in rows {
                sums[usize::from(bins[row as usize])].add(self.derivatives[row as usize]);
            }
        });
        sums
    }

    fn best_split(&self, place: &TreeNode) -> Option<FoundSplit> {
        let inputs = place.sums.par_chunks_exact(self.bins.most).zip(self.columns);
        let best: Vec<Option<FoundSplit>> =
            inputs.map(|(sums, &input)| self.best_of_input(sums, input)).collect();
        // The first of equals, so that the order of inputs decides and no thread does.
        best.into_iter()
            .flatten()
            .reduce(|best, other| if other.gain > best.gain { other } else { best })
    }

    fn best_of_input(&self, sums: &[DerivativeSums], input: usize) -> Option<FoundSplit> {
        let missing = sums[0];
        let known = sums[1..].iter().fold(DerivativeSums::default(), |sum, bin| sum.plus(*bin));
        let whole = self.score(known.plus(missing));
        let mut best: Option<FoundSplit> = None;
        let mut below = DerivativeSums::default();
        let filled = self.bins.borders(input).len() + 1;
        for (bin, sum) in sums.iter().enumerate().skip(1).take(filled) {
            below = below.plus(*sum);
            let above = known.minus(below);
            // What is missing in no row goes where most rows go.
            let choices: &[bool] = match missing.rows {
                0 if below.rows >= above.rows => &[true],
                0 => &[false],
                _ => &[false, true],
            };
            for &missing_left in choices {
                let sides = match missing_left {
                    true => [below.plus(missing), above],
                    false => [below, above.plus(missing)],
                };
                if sides.iter().any(|side| side.rows < self.config.leaf_rows.max(1)) {
                    continue;
                }
                let gain = self.score(sides[0]) + self.score(sides[1]) - whole;
                if gain > best.map_or(LEAST_GAIN, |best| best.gain) {
                    best = Some(FoundSplit { gain, input, bin: bin as u8, missing_left });
                }
            }
        }
        best
    }

    fn score(&self, sum: DerivativeSums) -> f64 {
        sum.gradient * sum.gradient / (sum.hessian + self.config.l2)
    }

    /// Writes the split down and sends the rows on.
    fn split(&self, tree: &mut DecisionTree, place: TreeNode, split: FoundSplit) -> [TreeNode; 2] {
        let borders = self.bins.borders(split.input);
        let threshold = borders.get(usize::from(split.bin) - 1).copied().unwrap_or(f32::INFINITY);
        let (input, missing_left) = (split.input as u32, split.missing_left);
        tree.splits[place.node] = TreeSplit { input, threshold, missing_left };
        let bins = self.bins.of(split.input);
        let goes_left = |row: &u32| match bins[*row as usize] {
            0 => split.missing_left,
            bin => bin <= split.bin,
        };
        let (left, right): (Vec<u32>, Vec<u32>) = place.rows.iter().partition(|row| goes_left(row));
        let level = place.level + 1;
        let sums = match level < self.config.depth {
            true => self.sums_of_sides(&place.sums, &left, &right),
            false => [Vec::new(), Vec::new()],
        };
        let [first, second] = sums;
        let node = 2 * place.node + 1;
        [
            TreeNode { node, level, rows: left, sums: first },
            TreeNode { node: node + 1, level, rows: right, sums: second },
        ]
    }

    fn sums_of_sides(
        &self,
        whole: &[DerivativeSums],
        left: &[u32],
        right: &[u32],
    ) -> [Vec<DerivativeSums>; 2] {
        let smaller = self.sums(if left.len() <= right.len() { left } else { right });
        let larger = whole.iter().zip(&smaller).map(|(whole, part)| whole.minus(*part)).collect();
        if left.len() <= right.len() { [smaller, larger] } else { [larger, smaller] }
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::super::TreesConfig;
    use super::*;

    const WIDTH: usize = 3;

    fn config(depth: usize) -> TreesConfig {
        TreesConfig {
            rounds: 1,
            patience: 1,
            learning_rate: 0.5,
            depth,
            leaf_rows: 3,
            l2: 1.5,
            row_share: 1.0,
            column_share: 1.0,
            bins: 200,
        }
    }

    /// The slow obvious way: every split is tried by adding up the rows of both sides.
    fn exhaustive(
        values: &[f32],
        derivatives: &[LossDerivatives],
        rows: &[usize],
        config: &TreesConfig,
        out: &mut [f32],
    ) {
        let sum = |rows: &[usize]| {
            let (mut first, mut second) = (0.0, 0.0);
            for &row in rows {
                first += f64::from(derivatives[row].gradient);
                second += f64::from(derivatives[row].hessian);
            }
            (first, second)
        };
        let score = |rows: &[usize]| {
            let (first, second) = sum(rows);
            first * first / (second + config.l2)
        };
        let mut best: Option<(f64, Vec<usize>, Vec<usize>)> = None;
        for input in 0..if config.depth > 0 { WIDTH } else { 0 } {
            for &at in rows {
                for missing_left in [false, true] {
                    let left = |row: &usize| {
                        let value = values[row * WIDTH + input];
                        value <= values[at * WIDTH + input] || (value.is_nan() && missing_left)
                    };
                    let (left, right): (Vec<usize>, Vec<usize>) =
                        rows.iter().partition(|row| left(row));
                    if left.len().min(right.len()) < config.leaf_rows as usize {
                        continue;
                    }
                    let gain = score(&left) + score(&right) - score(rows);
                    if best.as_ref().is_none_or(|best| gain > best.0 + 1e-9) {
                        best = Some((gain, left, right));
                    }
                }
            }
        }
        match best {
            Some((gain, left, right)) if gain > LEAST_GAIN => {
                let below = TreesConfig { depth: config.depth - 1, ..config.clone() };
                exhaustive(values, derivatives, &left, &below, out);
                exhaustive(values, derivatives, &right, &below, out);
            }
            _ => {
                let (first, second) = sum(rows);
                let value = config.learning_rate * (-first / (second + config.l2)) as f32;
                rows.iter().for_each(|&row| out[row] = value);
            }
        }
    }

    #[test]
    fn a_tree_over_bins_is_the_one_that_exhaustive_search_finds() {
        for seed in 0..12 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let rows = 90;
            let mut values: Vec<f32> =
                (0..rows * WIDTH).map(|_| rng.random_range(-1.0..1.0)).collect();
            // A third of the first input is missing; the second has few distinct values.
            values.iter_mut().step_by(3 * WIDTH).for_each(|value| *value = f32::NAN);
            values.iter_mut().skip(1).step_by(WIDTH).for_each(|v| *v = (*v * 4.0).round());
            let derivatives: Vec<LossDerivatives> = (0..rows)
                .map(|_| LossDerivatives {
                    gradient: rng.random_range(-0.6..0.6),
                    hessian: rng.random_range(0.1..0.25),
                })
                .collect();
            let config = config(3);
            let bins = Bins::new(&values, WIDTH, config.bins);
            let grower = Grower {
                bins: &bins,
                derivatives: &derivatives,
                columns: &[0, 1, 2],
                config: &config,
            };
            let tree = grower.grow(&(0..rows as u32).collect::<Vec<_>>());
            let mut expected = vec![0.0; rows];
            exhaustive(
                &values,
                &derivatives,
                &(0..rows).collect::<Vec<_>>(),
                &config,
                &mut expected,
            );
            for (row, expected) in expected.iter().enumerate() {
                let found = tree.of(&values[row * WIDTH..][..WIDTH]);
                assert!(
                    (found - expected).abs() < 1e-5,
                    "seed {seed}, row {row}: {found} {expected}"
                );
            }
        }
    }
}
