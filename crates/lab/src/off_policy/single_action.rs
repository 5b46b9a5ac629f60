//! Estimators of a policy that makes one choice a round.
//!
//! With weight `w = π_e(a|x) / π_b(a|x)`, reward `r`, and a reward model `q̂`, each is a mean over
//! rounds of
//!
//! | estimator | of a round | |
//! |---|---|---|
//! | `ips` | `min(w, λ) r` | Horvitz & Thompson 1952; unbiased with λ = ∞ |
//! | `snips` | `w r / w̄` | Swaminathan & Joachims, NIPS 2015; biased by O(1/n), never outside the rewards seen |
//! | `dm` | `Σ_a π_e(a|x) q̂(x, a)` | as good as the model |
//! | `dr` | `dm + w (r - q̂(x, a))` | Dudík, Langford & Li, ICML 2011; unbiased, whatever the model |
//! | `switch-dr` | `dm + w (r - q̂(x, a)) 1[w ≤ τ]` | Wang, Agarwal & Dudík, ICML 2017 |

use super::{Contributions, Prediction, Round};

/// An estimator of what another policy would have earned, for logs of one choice at a time. The
/// table at the top of this module has the formula and the source of each.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SingleAction {
    /// Inverse propensity scores.
    InversePropensity {
        /// The largest weight used, infinite to use all as they are.
        clip: f64,
    },
    /// Inverse propensity scores that sum to 1.
    SelfNormalised,
    /// The reward model alone.
    Direct,
    /// The reward model, corrected by what it got wrong.
    DoublyRobust,
    /// The same, corrected only where weights are small.
    SwitchDoublyRobust {
        /// The largest weight at which it is corrected; [`super::selection::switch_threshold`]
        /// chooses one.
        threshold: f64,
    },
}

impl SingleAction {
    /// Its usual short name.
    pub fn name(self) -> &'static str {
        match self {
            Self::InversePropensity { clip } if clip.is_finite() => "clipped-ips",
            Self::InversePropensity { .. } => "ips",
            Self::SelfNormalised => "snips",
            Self::Direct => "dm",
            Self::DoublyRobust => "dr",
            Self::SwitchDoublyRobust { .. } => "switch-dr",
        }
    }

    /// Whether the log's weights decide what it says.
    pub fn uses_weights(self) -> bool {
        self != Self::Direct
    }

    /// The weight beyond which it does not follow the log.
    pub fn threshold(self) -> Option<f64> {
        match self {
            Self::InversePropensity { clip } if clip.is_finite() => Some(clip),
            Self::SwitchDoublyRobust { threshold } => Some(threshold),
            _ => None,
        }
    }

    /// Whether it errs even over endless logs whose largest weight this is: a model is taken at its
    /// word, or weights are cut off. The interval that tells of this error is that of the estimator
    /// which follows the log further.
    pub fn is_biased(self, largest_weight: f64) -> bool {
        match self {
            Self::Direct => true,
            Self::SelfNormalised | Self::DoublyRobust => false,
            Self::InversePropensity { clip } => clip < largest_weight,
            Self::SwitchDoublyRobust { threshold } => threshold < largest_weight,
        }
    }

    /// What it makes of a log; `None` if it leans on predictions and some are missing.
    pub fn contributions(self, rounds: &[Round]) -> Option<Contributions> {
        let predicted = rounds.iter().all(|round| round.prediction.is_some());
        let mean = |value: &dyn Fn(&Round) -> f64| {
            Contributions::mean(rounds.iter().map(|round| (value(round), round.cluster)))
        };
        match self {
            Self::InversePropensity { clip } => {
                Some(mean(&|round| round.weight().min(clip) * round.reward))
            }
            Self::SelfNormalised => {
                let row =
                    |round: &Round| (round.weight() * round.reward, round.weight(), round.cluster);
                Some(Contributions::ratio(rounds.iter().map(row)))
            }
            Self::Direct => predicted.then(|| mean(&|round| corrected(round, 0.0))),
            Self::DoublyRobust => predicted.then(|| mean(&|round| corrected(round, f64::INFINITY))),
            Self::SwitchDoublyRobust { threshold } => {
                predicted.then(|| mean(&|round| corrected(round, threshold)))
            }
        }
    }

    /// How far apart two of its rounds can be, if every propensity is at least the smallest of the
    /// log and rewards and predictions keep to the range seen; `None` where no bound on the value
    /// follows from that.
    pub fn span(self, rounds: &[Round]) -> Option<f64> {
        let smallest = rounds.iter().map(|round| round.propensity).fold(f64::INFINITY, f64::min);
        let values = rounds.iter().flat_map(|round| {
            let predictions =
                round.prediction.map(|prediction| [prediction.logged, prediction.expected]);
            std::iter::once(round.reward).chain(predictions.into_iter().flatten())
        });
        let (low, high) =
            values.fold((0.0, 0.0), |(low, high): (f64, f64), x| (low.min(x), high.max(x)));
        let largest = 1.0 / smallest;
        match self {
            Self::InversePropensity { clip } => Some(largest.min(clip) * (high - low)),
            Self::DoublyRobust => Some((1.0 + 2.0 * largest) * (high - low)),
            Self::Direct | Self::SelfNormalised | Self::SwitchDoublyRobust { .. } => None,
        }
    }
}

/// The model's mean under the target, corrected by the log where the weight is above 0 and at most
/// `threshold`.
fn corrected(round: &Round, threshold: f64) -> f64 {
    let Prediction { logged, expected } = round.prediction.expect("callers see to predictions");
    let weight = round.weight();
    if weight > threshold { expected } else { expected + weight * (round.reward - logged) }
}
