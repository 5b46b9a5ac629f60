//! What can be set about implicit ALS.

use serde::{Deserialize, Serialize};

use super::super::counts::Counts;
use super::super::event_weighting::{EventWeighting, require_positive};
use crate::ModelError;

/// How [`Ials`](super::Ials) is fitted and asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IalsConfig {
    /// Numbers an item and a listener are described by.
    pub factors: usize,
    /// Times that both sides are solved for.
    pub iterations: usize,
    /// `α₀`: how much an unheard item counts as unliked, next to one for a heard one. `None`: so
    /// much that all unheard items of a mean listener together weigh two and a half times what the
    /// heard ones do; a fixed weight that suits a thousand items drowns what was heard among a
    /// hundred thousand.
    pub unobserved_weight: Option<f64>,
    /// `λ`: how strongly factors are drawn towards 0, above 0. Larger for less data (Rendle et al.
    /// 2021, eq. 4).
    pub regularisation: f64,
    /// `ν`: 1 regularises each pair alike, 0 each row alike.
    pub frequency_exponent: f64,
    /// Standard deviation of an item's first factors, times the square root of their number.
    pub initial_spread: f64,
    /// Steps towards the least squares solution of a row in each iteration.
    pub steps: usize,
    /// What of a history is learned from.
    pub training: EventWeighting,
    /// What of a history counts when asked.
    pub query: EventWeighting,
}

impl Default for IalsConfig {
    fn default() -> Self {
        Self {
            factors: 64,
            iterations: 16,
            unobserved_weight: None,
            regularisation: 0.03,
            frequency_exponent: 1.0,
            initial_spread: 0.1,
            steps: 3,
            training: EventWeighting::default(),
            query: EventWeighting::default(),
        }
    }
}

/// What all unheard items of a mean listener weigh, next to the heard ones.
const UNHEARD_TO_HEARD: f64 = 2.5;

impl IalsConfig {
    pub(super) fn require_sound(&self) -> Result<(), ModelError> {
        require_positive("factors", self.factors as f64)?;
        require_positive("steps", self.steps as f64)?;
        require_positive("unobserved_weight", self.unobserved_weight.unwrap_or(1.0))?;
        require_positive("regularisation", self.regularisation)?;
        require_positive("initial_spread", self.initial_spread)?;
        self.training.decay.require_sound("training.decay")?;
        self.query.decay.require_sound("query.decay")
    }

    /// The same with a weight for unheard items in any case.
    pub(super) fn settled(&self, by_listener: &Counts) -> Self {
        let heard = by_listener.values().len() as f64;
        let listeners = by_listener.offsets().windows(2).filter(|row| row[0] < row[1]).count();
        let share = heard / (listeners as f64 * by_listener.columns() as f64);
        let weight = self.unobserved_weight.unwrap_or(UNHEARD_TO_HEARD * share);
        Self { unobserved_weight: Some(weight), ..self.clone() }
    }

    /// `α₀` of a configuration that was settled.
    pub(super) fn alpha(&self) -> f64 {
        self.unobserved_weight.expect("fitting and loading settle the weight")
    }

    /// `λ (heard + α₀ others)^ν`, the ridge of a row observed with some of `others`. An entry
    /// weaker than one counts as a part of one: a crowd's worth of faint evidence is no long
    /// history.
    pub(super) fn ridge(&self, strengths: &[f32], others: usize) -> f32 {
        let heard: f32 = strengths.iter().map(|strength| strength.min(1.0)).sum();
        let pairs = f64::from(heard) + self.alpha() * others as f64;
        (self.regularisation * pairs.powf(self.frequency_exponent)) as f32
    }
}
