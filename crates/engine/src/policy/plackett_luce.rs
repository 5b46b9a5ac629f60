//! Plackett-Luce (Luce 1959; Plackett 1975): each pick is drawn from what remains in proportion to
//! `exp(score / τ)`.
//!
//! The whole slate has the probability `Π_t exp(s_t / τ) / Σ_{i eligible at t} exp(s_i / τ)`, a
//! product of the recorded propensities. The softmax is taken relative to the highest score, so
//! that nothing overflows.

use std::cell::{Ref, RefCell};

use rand::Rng;
use segue_core::Parameters;

use super::{Belief, Chooser, Policy};

/// Draws each pick in proportion to `exp(score / temperature)` from what remains. Every slate has a
/// chance, so its log can answer most questions; it is the default.
#[derive(Clone, Copy, Debug)]
pub struct PlackettLuce {
    /// τ, above 0, in the unit of the scores: towards 0 the best is always drawn, with large τ all
    /// are drawn alike.
    pub temperature: f32,
}

struct Softmax<'a> {
    temperature: f64,
    scores: &'a [f32],
    /// The weight of every track beside the highest score that there was among those eligible at
    /// the last pick. It stays the highest until its track is picked or the quota has no room for
    /// it, so that few picks need other weights.
    weights: RefCell<(f32, Vec<f64>)>,
}

impl Softmax<'_> {
    /// What each track weighs beside the highest score.
    fn weights(&self, highest: f32) -> Ref<'_, Vec<f64>> {
        let known = self.weights.borrow().0;
        if known.to_bits() != highest.to_bits() {
            // A subtraction of equal scores is 0 even where the division by a tiny temperature
            // would overflow. What scores higher is not eligible, and its weight is not asked for.
            let weight = |&score: &f32| (f64::from(score - highest) / self.temperature).exp();
            let all = self.scores.iter().map(weight).collect();
            *self.weights.borrow_mut() = (highest, all);
        }
        Ref::map(self.weights.borrow(), |(_, weights)| weights)
    }
}

impl PlackettLuce {
    /// Reads `temperature` from the parameters of a request, 1 where it is missing, which is wide
    /// for scores between 0 and 1.
    pub fn tuned(parameters: &Parameters) -> Self {
        Self { temperature: parameters.number("temperature").unwrap_or(1.0) }
    }
}

impl Policy for PlackettLuce {
    fn name(&self) -> &'static str {
        "plackett-luce"
    }

    fn version(&self) -> u32 {
        1
    }

    fn prepare<'a>(&self, belief: &'a Belief, _: &mut dyn Rng) -> Box<dyn Chooser + 'a> {
        Box::new(Softmax {
            temperature: f64::from(self.temperature),
            scores: belief.scores(),
            weights: RefCell::new((f32::NAN, Vec::new())),
        })
    }
}

impl Chooser for Softmax<'_> {
    fn propensities(&self, eligible: &[usize]) -> Vec<f64> {
        let highest = eligible.iter().map(|&i| self.scores[i]).fold(f32::NEG_INFINITY, f32::max);
        let all = self.weights(highest);
        let weights: Vec<f64> = eligible.iter().map(|&i| all[i]).collect();
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / sum).collect()
    }
}
