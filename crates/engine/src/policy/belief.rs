//! What a policy goes by: how good each track of a short-list is thought to be, and how those
//! thoughts vary *together*.
//!
//! A belief is jointly Gaussian with few directions, `s_i(z) = score_i + Σ_k factor_ik z_k` with `z
//! ~ N(0, I)`. One form serves all sources of uncertainty. A Bayesian last layer `θ ~ N(m, L Lᵀ)`
//! over embeddings `x_i` has `factor_i = Lᵀ x_i`, so that a draw of `z` is a draw of `θ`. An
//! ensemble of `K` members has `factor_ik = (member_ik - score_i) / √K`: the covariance between its
//! members. Scores that are independent would need a direction each; policies that assume so read
//! [`Belief::deviation`] alone.

/// The belief about the tracks of a short-list, in the order of track ids: a score for each, and
/// how the scores may be wrong together. A [`Policy`](super::Policy) goes by nothing else.
///
/// # Examples
/// ```
/// use segue_engine::policy::Belief;
///
/// let certain = Belief::certain(vec![0.2, 0.9]);
/// assert_eq!((certain.width(), certain.deviation(1)), (0, 0.0));
///
/// // Two tracks that one unknown moves in opposite directions: factors are [tracks, width].
/// let opposed = Belief::new(vec![0.2, 0.9], vec![0.3, -0.3]);
/// assert_eq!(opposed.factors(1), [-0.3]);
/// assert!((opposed.deviation(0) - 0.3).abs() < 1e-6);
/// assert!((opposed.scaled(2.0).deviation(0) - 0.6).abs() < 1e-6);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Belief {
    scores: Vec<f32>,
    factors: Vec<f32>,
    width: usize,
}

impl Belief {
    /// Scores that are taken at their word, one a track: every deviation is 0, and Thompson
    /// sampling picks as [`Greedy`](super::Greedy) does.
    pub fn certain(scores: Vec<f32>) -> Self {
        Self { scores, factors: Vec::new(), width: 0 }
    }

    /// Scores with the factors by which they vary together, `s(z) = score + factors · z` with `z`
    /// standard normal. Without factors it is [`Belief::certain`].
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

    /// Scores that are uncertain independently of each other, by a standard deviation a track. It
    /// has one direction a track, so it takes the square of their number in memory: for a handful
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

    /// The same scores, with deviations `scale` times as large: 0 makes them certain, more than 1
    /// makes a policy explore more.
    pub fn scaled(mut self, scale: f32) -> Self {
        self.factors.iter_mut().for_each(|factor| *factor *= scale);
        self
    }

    /// Bytes of memory beside its own size.
    pub(crate) fn bytes(&self) -> usize {
        (self.scores.capacity() + self.factors.capacity()) * size_of::<f32>()
    }

    /// How many tracks the belief is about: the length of the short-list. Policies name tracks by
    /// position, from 0 to here.
    pub fn len(&self) -> usize {
        self.scores.len()
    }

    /// Whether the belief is about no track at all, so that there is nothing to pick.
    pub fn is_empty(&self) -> bool {
        self.scores.is_empty()
    }

    /// The number of directions in which scores vary together; 0 where they are taken at their
    /// word.
    pub fn width(&self) -> usize {
        self.width
    }

    /// How good each track is thought to be, finite, in the order of track ids. Higher is better; a
    /// mix gives utilities.
    pub fn scores(&self) -> &[f32] {
        &self.scores
    }

    /// How the score of one track moves in each direction, `[width]`: the standard deviation that
    /// the direction adds, with its sign.
    pub fn factors(&self, track: usize) -> &[f32] {
        &self.factors[track * self.width..][..self.width]
    }

    /// The standard deviation of the score of one track, `√(Σ_k factor_k²)`, whatever the others
    /// do; 0 where it is certain.
    pub fn deviation(&self, track: usize) -> f32 {
        self.factors(track).iter().map(|factor| factor * factor).sum::<f32>().sqrt()
    }
}
