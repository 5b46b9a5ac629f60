//! What an estimator makes of a log, cluster by cluster.
//!
//! Every estimator here is a ratio of sums, or a sum of a few such ratios: `Σ w r / n` for inverse
//! propensities, `Σ w r / Σ w` once they normalise themselves, one ratio a position for slates.
//! Kept as sums over clusters, all of them are resampled, and their errors estimated, by the same
//! few lines.

use rustc_hash::FxHashMap;

/// Sums over clusters of the numerators and denominators of ratios.
#[derive(Clone, Debug)]
pub struct Contributions {
    /// What each ratio counts for, in all `columns`.
    scales: Vec<f64>,
    /// `[clusters, columns]`.
    numerators: Vec<f64>,
    /// `[clusters, columns]`.
    denominators: Vec<f64>,
    rows: usize,
    by_cluster: FxHashMap<u32, usize>,
}

impl Contributions {
    /// Nothing yet, for the sum of as many ratios as there are scales.
    pub fn new(scales: Vec<f64>) -> Self {
        let (numerators, denominators, by_cluster) = (Vec::new(), Vec::new(), FxHashMap::default());
        Self { scales, numerators, denominators, rows: 0, by_cluster }
    }

    /// A plain mean of values, each with its cluster.
    pub fn mean(values: impl Iterator<Item = (f64, u32)>) -> Self {
        Self::ratio(values.map(|(value, cluster)| (value, 1.0, cluster)))
    }

    /// One ratio of sums, from numerators and denominators with their clusters.
    pub fn ratio(rows: impl Iterator<Item = (f64, f64, u32)>) -> Self {
        let mut contributions = Self::new(vec![1.0]);
        rows.for_each(|(numerator, denominator, cluster)| {
            contributions.add(cluster, std::iter::once((numerator, denominator)));
        });
        contributions
    }

    /// Adds a row: numerator and denominator of the first few ratios.
    pub fn add(&mut self, cluster: u32, row: impl Iterator<Item = (f64, f64)>) {
        let columns = self.scales.len();
        let fresh = self.by_cluster.len();
        let place = *self.by_cluster.entry(cluster).or_insert(fresh);
        if place == fresh {
            self.numerators.resize((fresh + 1) * columns, 0.0);
            self.denominators.resize((fresh + 1) * columns, 0.0);
        }
        for (column, (numerator, denominator)) in row.take(columns).enumerate() {
            self.numerators[place * columns + column] += numerator;
            self.denominators[place * columns + column] += denominator;
        }
        self.rows += 1;
    }

    /// How many clusters there are: the number of independent observations that intervals count on.
    pub fn clusters(&self) -> usize {
        self.by_cluster.len()
    }

    /// Whether every row is a cluster of its own.
    pub fn is_independent(&self) -> bool {
        self.rows == self.clusters()
    }

    /// The estimate that all rows together give, a sum of ratios; NaN without rows.
    pub fn estimate(&self) -> f64 {
        self.ratios(|visit| (0..self.clusters()).for_each(visit)).iter().sum()
    }

    /// The standard error of the estimate, by the linear part of each ratio (the delta method).
    pub fn standard_error(&self) -> f64 {
        let n = self.clusters() as f64;
        let squares: f64 = self.influences().iter().map(|influence| influence.powi(2)).sum();
        (squares / (n * (n - 1.0))).sqrt()
    }

    /// What each cluster moves the estimate by, times the number of clusters; they sum to 0.
    pub(super) fn influences(&self) -> Vec<f64> {
        let (columns, n) = (self.scales.len(), self.clusters());
        let ratios = self.ratios(|visit| (0..n).for_each(visit));
        let mut totals = vec![0.0; columns];
        for row in self.denominators.chunks_exact(columns) {
            totals.iter_mut().zip(row).for_each(|(total, value)| *total += value);
        }
        let influence = |cluster: usize| -> f64 {
            let at = |column| cluster * columns + column;
            let column = |column: usize| {
                let residual = self.scales[column] * self.numerators[at(column)]
                    - ratios[column] * self.denominators[at(column)];
                if totals[column] == 0.0 { 0.0 } else { residual * n as f64 / totals[column] }
            };
            (0..columns).map(column).sum()
        };
        (0..n).map(influence).collect()
    }

    /// The estimate over some clusters, which may come several times.
    pub(super) fn estimate_over(&self, clusters: &[usize]) -> f64 {
        self.ratios(|visit| clusters.iter().copied().for_each(visit)).iter().sum()
    }

    fn ratios(&self, each: impl Fn(&mut dyn FnMut(usize))) -> Vec<f64> {
        let columns = self.scales.len();
        let mut sums = vec![(0.0, 0.0); columns];
        each(&mut |cluster| {
            let range = cluster * columns..(cluster + 1) * columns;
            let rows = self.numerators[range.clone()].iter().zip(&self.denominators[range]);
            sums.iter_mut().zip(rows).for_each(|(sum, row)| {
                sum.0 += row.0;
                sum.1 += row.1;
            });
        });
        // A ratio without weight says nothing and adds nothing: a position that no resample holds.
        let ratio = |(numerator, denominator): (f64, f64)| {
            if denominator == 0.0 && numerator == 0.0 { 0.0 } else { numerator / denominator }
        };
        sums.into_iter().zip(&self.scales).map(|(sum, scale)| scale * ratio(sum)).collect()
    }

    /// Deals clusters into `batches` at most, whose sums are independent as those of clusters are.
    pub(super) fn batched(&self, batches: usize) -> Self {
        let columns = self.scales.len();
        let mut batched = Self::new(self.scales.clone());
        for cluster in 0..self.clusters() {
            let range = cluster * columns..(cluster + 1) * columns;
            let rows = self.numerators[range.clone()].iter().zip(&self.denominators[range]);
            batched.add(
                (cluster % batches) as u32,
                rows.map(|(&numerator, &denominator)| (numerator, denominator)),
            );
        }
        batched
    }
}
