//! What a policy goes by: how good each track of a short-list is thought to be, and how those
//! thoughts vary *together*.
//!
//! A belief is jointly Gaussian with few directions, `s_i(z) = score_i + Σ_k factor_ik z_k` with `z
//! ~ N(0, I)`. One form serves all sources of uncertainty. A Bayesian last layer `θ ~ N(m, L Lᵀ)`
//! over embeddings `x_i` has `factor_i = Lᵀ x_i`, so that a draw of `z` is a draw of `θ`. An
//! ensemble of `K` members has `factor_ik = (member_ik - score_i) / √K`: the covariance between its
//! members. Scores that are independent would need a direction each; policies that assume so read
//! [`Belief::deviation`] alone.

/// The belief about the tracks of a short-list, in the order of track ids.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Belief {
    scores: Vec<f32>,
    factors: Vec<f32>,
    width: usize,
}

impl Belief {
    /// Scores that are taken at their word.
    pub fn certain(scores: Vec<f32>) -> Self {
        Self { scores, factors: Vec::new(), width: 0 }
    }

    /// Scores with their factors.
    ///
    /// # Shapes
    /// `scores` `[tracks]`, `factors` `[tracks, width]`.
    ///
    /// # Panics
    /// If the number of factors is not a multiple of the number of scores.
    pub fn new(scores: Vec<f32>, factors: Vec<f32>) -> Self {
        let width = factors.len().checked_div(scores.len()).unwrap_or(0);
        assert_eq!(
            scores.len() * width,
            factors.len(),
            "each track has the same number of factors"
        );
        Self { scores, factors, width }
    }

    /// Scores that are uncertain independently of each other: one direction a track. For a handful
    /// of tracks.
    pub fn independent(scores: Vec<f32>, deviations: &[f32]) -> Self {
        let width = scores.len();
        let mut factors = vec![0.0; width * width];
        deviations
            .iter()
            .enumerate()
            .for_each(|(i, &deviation)| factors[i * width + i] = deviation);
        Self { scores, factors, width }
    }

    /// The same scores, each `scale` times as uncertain.
    pub fn scaled(mut self, scale: f32) -> Self {
        self.factors.iter_mut().for_each(|factor| *factor *= scale);
        self
    }

    /// How many tracks the belief is about: the length of the short-list.
    pub fn len(&self) -> usize {
        self.scores.len()
    }

    /// Whether there is no track.
    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    /// Directions in which scores vary together; 0 where they are taken at their word.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How good each is thought to be.
    pub fn scores(&self) -> &[f32] {
        &self.scores
    }

    /// How the score of a track moves in each direction.
    pub fn factors(&self, track: usize) -> &[f32] {
        &self.factors[track * self.width..][..self.width]
    }

    /// Standard deviation of the score of a track.
    pub fn deviation(&self, track: usize) -> f32 {
        self.factors(track).iter().map(|factor| factor * factor).sum::<f32>().sqrt()
    }
}
