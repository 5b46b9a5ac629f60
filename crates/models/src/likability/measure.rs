//! How good predictions are on answers that were held out from the network.

use std::collections::BTreeMap;

use rand::{RngExt as _, SeedableRng};
use rand_chacha::ChaCha8Rng;
use segue_engine::Likability;
use segue_engine::metrics::{self, CalibrationBin};
use serde::{Deserialize, Serialize};

use crate::tabular::calibration::Calibration;
use crate::tabular::ensemble::HeldOut;

const BINS: usize = 10;
const RESAMPLES: usize = 300;
const RESAMPLING_SEED: u64 = 1;
/// Keeps the odds of a prediction finite.
const CLIP: f64 = 1e-6;

/// A prediction and what the listener said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct LabelledPrediction {
    pub(crate) probability: f32,
    pub(crate) liked: bool,
    pub(crate) weight: f32,
}

/// The calibration that these answers ask for.
pub(crate) fn calibration(answers: &[LabelledPrediction]) -> Calibration {
    let probabilities: Vec<f64> =
        answers.iter().map(|answer| f64::from(answer.probability)).collect();
    let liked: Vec<bool> = answers.iter().map(|answer| answer.liked).collect();
    let weights: Vec<f32> = answers.iter().map(|answer| answer.weight).collect();
    let fitted = Calibration::fit(&probabilities, &liked, &weights);
    Calibration { slope: rounded(fitted.slope), offset: rounded(fitted.offset) }
}

/// Figures of calibrated answers, each calibrated without itself: one half of the answers under the
/// map of the other.
pub(crate) fn measure(answers: &[LabelledPrediction]) -> Option<HeldOut> {
    let maps = [1, 0].map(|other| {
        let half = answers.iter().enumerate().filter(|(i, _)| half(*i) == other);
        calibration(&half.map(|(_, answer)| *answer).collect::<Vec<_>>())
    });
    let labels: Vec<bool> = answers.iter().map(|answer| answer.liked).collect();
    let corrected = answers
        .iter()
        .enumerate()
        .map(|(i, answer)| maps[half(i)].apply(f64::from(answer.probability)));
    let probabilities: Vec<f64> = corrected.collect();
    (!answers.is_empty()).then(|| HeldOut {
        rows: answers.len(),
        accuracy: rounded(metrics::accuracy(&labels, &probabilities)),
        auc: metrics::auc(&labels, &probabilities).map(rounded),
        log_loss: rounded(metrics::log_loss(&labels, &probabilities)),
        ece: rounded(metrics::expected_calibration_error(&labels, &probabilities, BINS)),
    })
}

/// Calibrated predictions beside what happened, and how sure the AUC is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reliability {
    /// Answers in order of their prediction, cut into ten bins of equal size.
    pub bins: Vec<CalibrationBin>,
    /// 95 % interval of the AUC by resampling listeners, whose answers are alike; none with fewer
    /// than two of them.
    pub auc: Option<(f64, f64)>,
}

/// How far the predictions of answers can be relied on; `listeners` says who gave each.
pub(crate) fn reliability(answers: &[LabelledPrediction], listeners: &[u32]) -> Reliability {
    let map = calibration(answers);
    let probabilities: Vec<f64> =
        answers.iter().map(|answer| map.apply(f64::from(answer.probability))).collect();
    let labels: Vec<bool> = answers.iter().map(|answer| answer.liked).collect();
    let bins = metrics::calibration_bins(&labels, &probabilities, BINS).into_iter().map(|bin| {
        CalibrationBin {
            predicted: rounded(bin.predicted),
            observed: rounded(bin.observed),
            rows: bin.rows,
        }
    });
    Reliability { bins: bins.collect(), auc: auc_interval(&labels, &probabilities, listeners) }
}

/// Percentile bootstrap over listeners.
fn auc_interval(labels: &[bool], probabilities: &[f64], listeners: &[u32]) -> Option<(f64, f64)> {
    let mut of_listener: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (row, listener) in listeners.iter().enumerate() {
        of_listener.entry(*listener).or_default().push(row);
    }
    let groups: Vec<Vec<usize>> = of_listener.into_values().collect();
    if groups.len() < 2 {
        return None;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(RESAMPLING_SEED);
    let mut resampled = || {
        let rows: Vec<usize> = (0..groups.len())
            .flat_map(|_| &groups[rng.random_range(0..groups.len())])
            .copied()
            .collect();
        let of = |rows: &[usize]| rows.iter().map(|&row| (labels[row], probabilities[row])).unzip();
        let (labels, probabilities): (Vec<bool>, Vec<f64>) = of(&rows);
        metrics::auc(&labels, &probabilities)
    };
    let mut areas: Vec<f64> = (0..RESAMPLES).filter_map(|_| resampled()).collect();
    areas.sort_by(f64::total_cmp);
    let at =
        |share: f64| areas.get(((areas.len().max(1) - 1) as f64 * share).round() as usize).copied();
    Some((rounded(at(0.025)?), rounded(at(0.975)?)))
}

/// Which half an answer is in. A like and its contrast follow one another and stay together: taking
/// every other answer would put all likes into one half.
fn half(position: usize) -> usize {
    position / 2 % 2
}

/// Six decimals are more than anything here is known to, and few enough to be read back from JSON
/// exactly.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// Corrects a prediction; its uncertainty is carried through the slope of the correction at that
/// point.
pub(crate) fn calibrated(calibration: Calibration, raw: Likability) -> Likability {
    let probability = f64::from(raw.mean).clamp(CLIP, 1.0 - CLIP);
    let mean = calibration.apply(probability);
    let stretch = calibration.slope * mean * (1.0 - mean) / (probability * (1.0 - probability));
    Likability {
        mean: mean as f32,
        uncertainty: (f64::from(raw.uncertainty) * stretch).min(0.5) as f32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Probabilities that are twice as far from one half, in log-odds, as they should be.
    fn overconfident() -> Vec<LabelledPrediction> {
        (0..2_000)
            .map(|i| {
                let truth = 0.1 + 0.8 * (i % 50) as f32 / 49.0;
                let odds = (truth / (1.0 - truth)).powi(2);
                let liked = ((i / 50) as f32 + 0.5) / 40.0 < truth;
                LabelledPrediction { probability: odds / (1.0 + odds), liked, weight: 1.0 }
            })
            .collect()
    }

    #[test]
    fn figures_are_those_of_calibrated_probabilities() {
        let answers = overconfident();
        let measured = measure(&answers).unwrap();
        assert!(measured.ece < 0.03, "{measured:?}");
        assert!(measure(&[]).is_none());
    }

    #[test]
    fn likes_that_alternate_with_contrasts_are_measured_fairly() {
        let answer = |i: usize| LabelledPrediction {
            probability: if i.is_multiple_of(2) { 0.7 } else { 0.3 },
            liked: i.is_multiple_of(2),
            weight: 1.0,
        };
        let measured = measure(&(0..200).map(answer).collect::<Vec<_>>()).unwrap();
        assert_eq!(measured.accuracy, 1.0);
        assert!(measured.log_loss < 0.36, "{measured:?}");
    }

    #[test]
    fn reliability_adds_up_and_holds_its_auc() {
        let answers = overconfident();
        let listeners: Vec<u32> = (0..answers.len() as u32).map(|row| row % 20).collect();
        let Reliability { bins, auc } = reliability(&answers, &listeners);
        assert_eq!(bins.iter().map(|bin| bin.rows).sum::<usize>(), answers.len());
        let (low, high) = auc.unwrap();
        let measured = measure(&answers).unwrap().auc.unwrap();
        assert!(low < measured && measured < high && high - low < 0.1, "{low} {measured} {high}");
        assert_eq!(
            reliability(&answers, &vec![7; answers.len()]).auc,
            None,
            "one listener tells nothing of others"
        );
    }

    #[test]
    fn a_calibrated_prediction_keeps_its_place() {
        let calibration = Calibration { slope: 0.4, offset: -0.3 };
        let low = calibrated(calibration, Likability { mean: 0.2, uncertainty: 0.1 });
        let high = calibrated(calibration, Likability { mean: 0.9, uncertainty: 0.0 });
        assert!(low.mean < high.mean && low.uncertainty > 0.0 && high.uncertainty == 0.0);
    }
}
