//! Metrics of probabilities and rankings, in `f64`.

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Probabilities are kept this far from 0 and 1 in [`log_loss`], as in the protocol that our
/// reference figures come from: without it one wrong certainty makes the mean infinite.
pub const LOG_LOSS_CLIP: f64 = 1e-4;

/// Share of rows on the right side of one half, from 0 to 1; a probability of exactly one half says
/// "disliked". NaN without rows.
pub fn accuracy(labels: &[bool], probabilities: &[f64]) -> f64 {
    let right =
        labels.iter().zip(probabilities).filter(|(liked, p)| **liked == (**p > 0.5)).count();
    right as f64 / labels.len() as f64
}

/// Area under the ROC curve: the probability that a liked row scores above a disliked one, ties
/// counting half. 0.5 is chance, 1 a perfect order; `None` with one class only.
///
/// # Examples
/// ```
/// use segue_engine::metrics::auc;
///
/// assert_eq!(auc(&[true, false, true], &[0.9, 0.4, 0.4]), Some(0.75));
/// assert_eq!(auc(&[true, true], &[0.9, 0.4]), None);
/// ```
pub fn auc(labels: &[bool], scores: &[f64]) -> Option<f64> {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let (mut pairs_won, mut disliked_below) = (0.0, 0.0);
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let liked = tied.iter().filter(|&&row| labels[row]).count() as f64;
        let disliked = tied.len() as f64 - liked;
        pairs_won += liked * (disliked_below + disliked / 2.0);
        disliked_below += disliked;
    }
    let liked = labels.len() as f64 - disliked_below;
    (liked > 0.0 && disliked_below > 0.0).then(|| pairs_won / (liked * disliked_below))
}

/// Mean of `-ln p(label)` in nats, probabilities clipped by [`LOG_LOSS_CLIP`]: lower is better, `ln
/// 2` is what one half for everything gets. It punishes certainty that is wrong, which accuracy
/// does not see.
///
/// # Examples
/// ```
/// use segue_engine::metrics::log_loss;
///
/// let labels = [true, false];
/// assert_eq!(log_loss(&labels, &[0.5, 0.5]), std::f64::consts::LN_2);
/// assert!(log_loss(&labels, &[0.9, 0.2]) < log_loss(&labels, &[0.9, 0.8]));
/// ```
pub fn log_loss(labels: &[bool], probabilities: &[f64]) -> f64 {
    let loss = labels.iter().zip(probabilities).map(|(&liked, p)| {
        let p = p.clamp(LOG_LOSS_CLIP, 1.0 - LOG_LOSS_CLIP);
        -if liked { p.ln() } else { (1.0 - p).ln() }
    });
    loss.sum::<f64>() / labels.len() as f64
}

/// A bin of a calibration diagram: of the rows predicted at about this probability, how many were
/// liked. Plotted, a calibrated model lies on the diagonal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// Mean predicted probability of the rows in the bin, 0 to 1.
    pub predicted: f64,
    /// Share of those rows that were liked, 0 to 1; equal to `predicted` where the model is
    /// calibrated.
    pub observed: f64,
    /// How many rows the bin holds, at least one: with few, `observed` says little.
    pub rows: usize,
}

/// Rows in order of their probability, cut into `bins` of equal size (Nguyen & O'Connor 2015): with
/// few rows, bins of equal width are mostly empty. Bins without a row are left out.
pub fn calibration_bins(
    labels: &[bool],
    probabilities: &[f64],
    bins: usize,
) -> Vec<CalibrationBin> {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
    let n = order.len();
    let cut = |bin: usize| &order[n * bin / bins..n * (bin + 1) / bins];
    let bins = (0..bins).map(cut).filter(|rows| !rows.is_empty());
    bins.map(|rows| CalibrationBin {
        predicted: rows.iter().map(|&row| probabilities[row]).sum::<f64>() / rows.len() as f64,
        observed: rows.iter().filter(|&&row| labels[row]).count() as f64 / rows.len() as f64,
        rows: rows.len(),
    })
    .collect()
}

/// Expected calibration error: mean distance between predicted and observed over
/// [`calibration_bins`], 0 for a calibrated model.
///
/// With n rows in b bins even a perfect model reads about `√(0.6 p (1-p) b / n)`: compare only
/// equal n.
pub fn expected_calibration_error(labels: &[bool], probabilities: &[f64], bins: usize) -> f64 {
    let bins = calibration_bins(labels, probabilities, bins);
    let distance: f64 =
        bins.iter().map(|bin| bin.rows as f64 * (bin.predicted - bin.observed).abs()).sum();
    distance / labels.len() as f64
}

/// Normalised discounted cumulative gain of the first `k` by score, 0 to 1 (Järvelin & Kekäläinen
/// 2002): a liked row at rank `r` gains `1 / log₂(r + 1)`, over what the best order would gain.
/// Ties keep their order; `None` if nothing was liked.
///
/// # Examples
/// ```
/// use segue_engine::metrics::ndcg;
///
/// assert_eq!(ndcg(&[true, false], &[0.9, 0.1], 10), Some(1.0));
/// // Found in second place: 1 / log₂ 3 of the best.
/// assert_eq!(ndcg(&[false, true], &[0.9, 0.1], 10), Some(1.0 / 3_f64.log2()));
/// assert_eq!(ndcg(&[false, false], &[0.9, 0.1], 10), None);
/// ```
pub fn ndcg(labels: &[bool], scores: &[f64], k: usize) -> Option<f64> {
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]).then(a.cmp(&b)));
    let gain = |rank: usize| 1.0 / ((rank + 2) as f64).log2();
    let found: f64 = order
        .iter()
        .take(k)
        .enumerate()
        .filter(|(_, row)| labels[**row])
        .map(|(i, _)| gain(i))
        .sum();
    let liked = labels.iter().filter(|liked| **liked).count();
    (liked > 0).then(|| found / (0..liked.min(k)).map(gain).sum::<f64>())
}

/// Mean and spread of repeated measurements, such as one figure over several seeds. All are NaN
/// where no measurement is finite.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Mean of the finite measurements, in their unit; NaN without any.
    pub mean: f64,
    /// Standard deviation of the measurements, with n - 1, in their unit; 0 for a single one.
    pub sd: f64,
    /// Median of the finite measurements, the mean of the middle two if their number is even.
    pub median: f64,
}

impl Summary {
    /// Summarises measurements, in any order; those that are not finite are left out.
    pub fn from_values(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let n = values.len();
        if n == 0 {
            return Self { mean: f64::NAN, sd: f64::NAN, median: f64::NAN };
        }
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        let sd = if n > 1 { (squares / (n - 1) as f64).sqrt() } else { 0.0 };
        Self { mean, sd, median: (values[(n - 1) / 2] + values[n / 2]) / 2.0 }
    }
}

/// A mean with its 95 % interval: where the mean would lie if other cases of the same kind had been
/// measured.
///
/// # Examples
/// ```
/// use segue_engine::metrics::Estimate;
///
/// let estimate = Estimate::from_values(&[0.2, 0.4, 0.3, 0.5, 0.1], 7);
/// assert!((estimate.mean - 0.3).abs() < 1e-12);
/// assert!(0.1 <= estimate.low && estimate.low < 0.3 && estimate.high <= 0.5);
/// // Same values, same seed: same interval.
/// assert_eq!(estimate, Estimate::from_values(&[0.2, 0.4, 0.3, 0.5, 0.1], 7));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Mean of the values, in their unit; 0 if there are none.
    pub mean: f64,
    /// Lower end of the interval, in the unit of the values; the mean itself for fewer than two
    /// values.
    pub low: f64,
    /// Upper end of the interval, in the unit of the values; the mean itself for fewer than two
    /// values.
    pub high: f64,
}

/// Resamples behind an [`Estimate`].
const RESAMPLES: usize = 2_000;
/// With more values than this the central limit theorem gives the interval that resampling would,
/// in a fraction of the time.
const RESAMPLED_VALUES: usize = 20_000;

impl Estimate {
    /// The mean of values and its 95 % interval: from a bootstrap with that seed, or, beyond 20,000
    /// values, of the normal distribution, which gives the same in a fraction of the time.
    pub fn from_values(values: &[f64], seed: u64) -> Self {
        let n = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / n;
        if values.len() > RESAMPLED_VALUES {
            let variance =
                values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0);
            let reach = 1.96 * (variance / n).sqrt();
            return Self { mean, low: mean - reach, high: mean + reach };
        }
        let interval = bootstrap_interval(values, RESAMPLES, &mut ChaCha8Rng::seed_from_u64(seed));
        let (low, high) = interval.unwrap_or((mean, mean));
        Self { mean, low, high }
    }
}

/// A 95 % interval of the mean by resampling the measurements (percentile bootstrap, Efron 1979),
/// as `(low, high)`. `None` without measurements or without resamples.
pub fn bootstrap_interval(
    values: &[f64],
    resamples: usize,
    rng: &mut impl Rng,
) -> Option<(f64, f64)> {
    if values.is_empty() || resamples == 0 {
        return None;
    }
    let mut means: Vec<f64> = (0..resamples)
        .map(|_| {
            let sum: f64 =
                (0..values.len()).map(|_| values[rng.random_range(0..values.len())]).sum();
            sum / values.len() as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    let at = |share: f64| means[((resamples - 1) as f64 * share).round() as usize];
    Some((at(0.025), at(0.975)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn auc_is_the_share_of_pairs_in_the_right_order(
            rows in prop::collection::vec((any::<bool>(), 0u8..6), 2..60),
        ) {
            let (labels, scores): (Vec<bool>, Vec<f64>) =
                rows.into_iter().map(|(l, s)| (l, f64::from(s))).unzip();
            let (mut won, mut pairs) = (0.0, 0.0);
            for i in (0..labels.len()).filter(|&i| labels[i]) {
                for j in (0..labels.len()).filter(|&j| !labels[j]) {
                    pairs += 1.0;
                    won += if scores[i] > scores[j] {
                        1.0
                    } else if scores[i] == scores[j] {
                        0.5
                    } else {
                        0.0
                    };
                }
            }
            match auc(&labels, &scores) {
                Some(auc) => prop_assert!((auc - won / pairs).abs() < 1e-12),
                None => prop_assert_eq!(pairs, 0.0),
            }
        }

        #[test]
        fn calibration_bins_hold_every_row_once(
            rows in prop::collection::vec((any::<bool>(), 0.0f64..1.0), 1..80), bins in 1usize..20,
        ) {
            let (labels, p): (Vec<bool>, Vec<f64>) = rows.into_iter().unzip();
            let bins = calibration_bins(&labels, &p, bins);
            prop_assert_eq!(bins.iter().map(|bin| bin.rows).sum::<usize>(), labels.len());
            prop_assert!(bins.windows(2).all(|pair| pair[0].predicted <= pair[1].predicted));
        }
    }

    #[test]
    fn certainty_in_error_costs_the_clipped_logarithm() {
        assert!((log_loss(&[true], &[0.0]) + LOG_LOSS_CLIP.ln()).abs() < 1e-12);
        assert!(
            (log_loss(&[true, false], &[0.8, 0.5]) - (0.8f64.ln() + 0.5f64.ln()) / -2.0).abs()
                < 1e-12
        );
    }

    #[test]
    fn a_calibrated_model_has_no_calibration_error() {
        let labels: Vec<bool> = (0..100).map(|i| i % 4 == 0).collect();
        assert!(expected_calibration_error(&labels, &[0.25; 100], 1) < 1e-12);
        assert!((expected_calibration_error(&labels, &[0.75; 100], 1) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn ndcg_prefers_likes_at_the_top() {
        assert_eq!(ndcg(&[true, false], &[1.0, 0.0], 10), Some(1.0));
        assert_eq!(ndcg(&[false, true], &[1.0, 0.0], 10), Some(1.0 / 3f64.log2()));
        assert_eq!(ndcg(&[false], &[1.0], 10), None);
    }

    #[test]
    fn a_summary_states_mean_deviation_and_median() {
        let summary = Summary::from_values([1.0, 2.0, 6.0, f64::NAN]);
        assert_eq!((summary.mean, summary.median), (3.0, 2.0));
        assert!((summary.sd - 7f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn the_interval_of_a_mean_covers_it() {
        let values: Vec<f64> = (0..50).map(f64::from).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let (low, high) = bootstrap_interval(&values, 1000, &mut rng).unwrap();
        assert!(low < 24.5 && 24.5 < high && high - low < 12.0);
    }
}
