//! How far a doubly robust estimate follows the log: the threshold of
//! [`SingleAction::SwitchDoublyRobust`], chosen from the data.
//!
//! A lower threshold has less variance and more bias, of which only the former can be measured.
//! SLOPE (Su, Srinath & Krishnamurthy, ICML 2020) needs no bound on the bias: going from the widest
//! estimate to the narrowest, it stops before the first that disagrees with an earlier one by more
//! than their widths allow, `|θ_i - θ_j| ≤ c_i + (√6 - 1) c_j` (Tucker & Lee 2021). Rejected: the
//! bound of Wang et al. (2017), which charges the whole range of rewards for every unit of weight
//! left out; where one reward in two hundred is 1 it keeps all weights.

use super::{Round, SingleAction};

/// Standard errors to each side of an estimate that make its width, 95 % of a normal distribution.
const WIDTH: f64 = 1.959_963_984_540_054;

/// The thresholds worth trying: none followed, and quantiles of the weights up to all followed.
/// Ascending.
pub fn candidate_thresholds(rounds: &[Round]) -> Vec<f64> {
    let mut weights: Vec<f64> = rounds.iter().map(Round::weight).collect();
    weights.sort_by(f64::total_cmp);
    let Some(last) = weights.len().checked_sub(1) else { return vec![0.0] };
    let shares = (0..20).map(|step| f64::from(step) / 20.0).chain([0.99, 0.999, 1.0]);
    let mut thresholds: Vec<f64> =
        shares.map(|share| weights[(last as f64 * share).ceil() as usize]).collect();
    thresholds.insert(0, 0.0);
    thresholds.dedup();
    thresholds
}

/// The threshold that SLOPE chooses; `None` without predictions.
pub fn switch_threshold(rounds: &[Round]) -> Option<f64> {
    let mut tried = Vec::new();
    for threshold in candidate_thresholds(rounds) {
        let contributions = SingleAction::SwitchDoublyRobust { threshold }.contributions(rounds)?;
        tried.push((threshold, contributions.estimate(), WIDTH * contributions.standard_error()));
    }
    // The widest first; of equals the one that follows the log further.
    tried.sort_by(|a, b| b.2.total_cmp(&a.2).then(b.0.total_cmp(&a.0)));
    let agrees = |i: usize| {
        let (_, value, width) = tried[i];
        let slack = 6.0_f64.sqrt() - 1.0;
        tried[..i].iter().all(|&(_, other, wider)| (value - other).abs() <= width + slack * wider)
    };
    let chosen = (0..tried.len()).take_while(|&i| agrees(i)).last()?;
    Some(tried[chosen].0)
}
