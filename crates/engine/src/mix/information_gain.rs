//! First picks that teach: while little is known of a listener, a track gains by what an answer
//! about it would tell.
//!
//! The belief about the listener gives each track factors `f` (see
//! [`Belief`](crate::policy::Belief)); an answer to it has the noise of a Bernoulli draw,
//! `s = m (1 - m)`, and tells `½ ln(1 + fᵀf / s)` nats (MacKay 1992). Once a track is taken, what
//! the others can still tell shrinks by the rank-one update of the covariance that its answer will
//! bring, `Σ ← Σ - Σ f fᵀ Σ / (s + fᵀ Σ f)`, so that the next one asks something else: the greedy
//! choice, which for information comes within `1 - 1/e` of the best set (Krause & Guestrin 2005).
//! Only tracks near the top of the ranking are asked about at all: a mix that teaches must still
//! please.

use crate::UncertaintySource;
use crate::candidate::Ranked;
use crate::utility::trust;
use crate::vector::{dot_in_lanes, products};
use crate::{Profile, Scorer, TrackIdx};

/// How much a nat counts beside the relevance of a track (0 to 1) while nothing is known of the
/// listener; chosen on made-up communities, see the measurements.
const NAT: f32 = 1.0;
/// From this trust in the model on, nothing is asked any more: a listener with four labels.
const TRUSTED: f32 = 0.75;
/// Variance of an answer that was predicted firmly.
const LEAST_NOISE: f32 = 0.02;

/// What answers about the tracks of a pool would tell, given those already taken.
#[derive(Clone, Debug)]
pub struct InformationGain {
    weight: f32,
    width: usize,
    /// `[tracks, width]`.
    factors: Vec<f32>,
    noise: Vec<f32>,
    /// Σ, `[width, width]`, in the coordinates of the factors: the identity before anything is
    /// taken.
    covariance: Vec<f32>,
    /// `fᵀ Σ f` of each track, as of the last time that it was settled.
    variances: Vec<f32>,
    /// How many answers each variance takes into account.
    settled: Vec<usize>,
    /// `Σ f` of each track taken, as of when it was: `[taken, width]`.
    spreads: Vec<f32>,
    /// `s + fᵀ Σ f` of each track taken, as of when it was.
    totals: Vec<f32>,
}

impl InformationGain {
    /// Looks at a pool for a listener; `None` once enough is known of them (four labels), or if the
    /// model states no uncertainty, so that short-lists go by relevance alone.
    pub fn new(scorer: &dyn Scorer, profile: &Profile, pool: &[Ranked]) -> Option<Self> {
        let trust = trust(profile);
        if trust >= TRUSTED || pool.is_empty() {
            return None;
        }
        let tracks: Vec<TrackIdx> = pool.iter().map(|ranked| ranked.track).collect();
        let factors = scorer.factors(profile, &tracks, UncertaintySource::Posterior);
        let is_sound = !factors.is_empty() && factors.len().is_multiple_of(pool.len());
        let is_finite = factors.iter().all(|factor| factor.is_finite());
        (is_sound && is_finite).then(|| Self::from_factors(NAT * (1.0 - trust), factors, pool))
    }

    fn from_factors(weight: f32, factors: Vec<f32>, pool: &[Ranked]) -> Self {
        let width = factors.len() / pool.len();
        let noise = |ranked: &Ranked| {
            let mean = ranked.likability.mean;
            (mean * (1.0 - mean)).max(LEAST_NOISE)
        };
        let mut covariance = vec![0.0; width * width];
        (0..width).for_each(|i| covariance[i * width + i] = 1.0);
        Self {
            weight,
            width,
            variances: factors
                .chunks_exact(width)
                .map(|factors| dot_in_lanes(factors, factors))
                .collect(),
            factors,
            noise: pool.iter().map(noise).collect(),
            covariance,
            settled: vec![0; pool.len()],
            spreads: Vec::new(),
            totals: Vec::new(),
        }
    }

    /// What an answer about a track of the pool is worth, in units of relevance; at most that, if
    /// it was not [settled](Self::settle) since the last track was taken.
    pub fn value(&self, position: usize) -> f32 {
        self.weight * 0.5 * (self.variances[position] / self.noise[position]).ln_1p()
    }

    /// Takes the answers that are counted on into account for one track: each makes `fᵀ Σ f`
    /// smaller by the square of `fᵀ Σ f'`.
    pub fn settle(&mut self, position: usize) {
        let factors = &self.factors[position * self.width..][..self.width];
        let settled = self.settled[position];
        let spreads = self.spreads[settled * self.width..].chunks_exact(self.width);
        let variance = &mut self.variances[position];
        for (spread, total) in spreads.zip(&self.totals[settled..]) {
            let along = dot_in_lanes(spread, factors);
            *variance = (*variance - along * along / total).max(0.0);
        }
        self.settled[position] = self.totals.len();
    }

    /// Counts on an answer about the track at `position`: what others would tell shrinks by it,
    /// once they are [settled](Self::settle).
    pub fn take(&mut self, position: usize) {
        let factors = &self.factors[position * self.width..][..self.width];
        let spread = products(&self.covariance, factors);
        let total = self.noise[position] + dot_in_lanes(&spread, factors);
        for (row, &a) in self.covariance.chunks_exact_mut(self.width).zip(&spread) {
            row.iter_mut().zip(&spread).for_each(|(value, &b)| *value -= a * b / total);
        }
        self.spreads.extend(spread);
        self.totals.push(total);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Likability;
    use crate::candidate::{Class, Sources};

    fn ranked(row: u32, mean: f32) -> Ranked {
        Ranked {
            track: TrackIdx(row),
            sources: Sources::ALL,
            likability: Likability { mean, uncertainty: 0.0 },
            is_finite: true,
            utility: mean,
            decided_by: Sources::default(),
            finished: 0,
            popularity: 0.0,
            class: Class::NewTrack,
        }
    }

    #[test]
    fn once_a_track_is_asked_about_its_like_has_little_left_to_tell() {
        let pool = [ranked(0, 0.5), ranked(1, 0.5), ranked(2, 0.5)];
        let factors = vec![0.5, 0.0, 0.49, 0.05, 0.0, 0.4];
        let mut gain = InformationGain::from_factors(1.0, factors, &pool);
        assert!(gain.value(0) > gain.value(1) && gain.value(1) > gain.value(2));
        let (like, unlike) = (gain.value(1), gain.value(2));
        gain.take(0);
        (0..3).for_each(|position| gain.settle(position));
        assert!(gain.value(1) < 0.7 * like, "{} of {like}", gain.value(1));
        assert_eq!(gain.value(2), unlike);
    }

    #[test]
    fn information_adds_up_to_that_of_all_answers_together() {
        // ½ ln det(I + FᵀF / s) for two tracks of one direction is ½ ln(1 + 2 f² / s).
        let pool = [ranked(0, 0.5), ranked(1, 0.5)];
        let mut gain = InformationGain::from_factors(1.0, vec![0.5, 0.5], &pool);
        let first = gain.value(0);
        gain.take(0);
        gain.settle(1);
        assert!((first + gain.value(1) - 0.5 * (1.0_f32 + 2.0 * 0.25 / 0.25).ln()).abs() < 1e-6);
    }
}
