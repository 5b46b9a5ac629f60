//! Intervals that may be looked at after every listener, and acted upon at any time.
//!
//! A 95 % interval for a number of observations fixed beforehand misses far more often than in one
//! of twenty experiments when somebody looks at it again and again and stops when they like what
//! they see. A *confidence sequence* `C_1, C_2, …` keeps its promise for all of them at once: `P(μ
//! ∈ C_t for every t) ≥ 1 - α`.
//!
//! This is the hedged capital of Waudby-Smith & Ramdas, "Estimating means of bounded random
//! variables by betting" (JRSSB 2024, Theorem 3, eq. 23 and 26): against each candidate mean `m`
//! somebody bets that observations lie above it, somebody else below it,
//!
//! ```text
//! K⁺_t(m) = Π_i (1 + min(λ_i, c/m) (x_i - m)),
//! K⁻_t(m) = Π_i (1 - min(λ_i, c/(1-m)) (x_i - m)),
//! c = 1/2
//! λ_t = √(2 ln(2/α) / (σ²_{t-1} t ln(t + 1))),
//! σ²_t = (1/4 + Σ_{i≤t} (x_i - μ_i)²)/(t + 1),
//! μ_t = (1/2 + Σ_{i≤t} x_i)/(t + 1)
//! ```
//!
//! Under the true mean neither can hope to win: each is a nonnegative martingale, so by Ville's
//! inequality it reaches `2/α` with probability `α/2` at most. What makes either of them that rich
//! is ruled out, for good. No normal approximation, no variance known beforehand; observations in
//! \[0, 1\] with one and the same mean, given those before them, are all that it asks for.
//!
//! Rejected: asymptotic confidence sequences (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas 2021),
//! narrower with few observations because they promise nothing there, and a home has few listeners;
//! the empirical-Bernstein sequence of the same paper, valid and wider than the bets.

use serde::Serialize;

/// Candidate means that are bet against; an interval is exact to one part in this many, and errs
/// towards the wider side.
const STEPS: usize = 2_048;
/// No bet risks more than this part of the capital on one observation.
const BOLDEST: f64 = 0.5;

/// What is known of a mean, or of a difference between two means. It comes from a
/// [`ConfidenceSequence`] or a [`DifferenceSequence`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The mean of the observations, or the difference between two. `None` before the first
    /// observation, and for a difference before each arm has one.
    pub mean: Option<f64>,
    /// Lower end of what is not ruled out. It never falls as observations come in, and it holds at
    /// every look at the data.
    pub low: f64,
    /// Upper end of what is not ruled out. It never rises as observations come in, and it holds at
    /// every look at the data.
    pub high: f64,
}

impl Interval {
    /// Whether a value is not ruled out, the ends included. A difference is beyond chance once its
    /// interval does not contain 0.
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

/// A confidence sequence for the mean of observations in \[0, 1\]: intervals that all hold at once
/// with probability `1 - alpha`, so that one may look after every observation and stop at any time.
///
/// # Examples
/// ```
/// use segue_engine::experiment::confidence::ConfidenceSequence;
///
/// let mut sequence = ConfidenceSequence::new(0.05);
/// let before = sequence.interval();
/// assert_eq!((before.mean, before.low, before.high), (None, 0.0, 1.0), "everything is possible");
///
/// for seen in 0..400 {
///     sequence.push(if seen % 4 == 0 { 0.0 } else { 1.0 });
/// }
/// let after = sequence.interval();
/// assert_eq!(after.mean, Some(0.75));
/// assert!(after.contains(0.75) && !after.contains(0.5));
/// ```
#[derive(Clone, Debug)]
pub struct ConfidenceSequence {
    alpha: f64,
    observations: usize,
    sum: f64,
    squares: f64,
    /// Capital of those who bet against each candidate that observations lie above it, and below
    /// it.
    above: Vec<f64>,
    below: Vec<f64>,
    /// Candidates up to the first and from the second on are ruled out.
    ruled_out: (usize, usize),
}

impl ConfidenceSequence {
    /// Nothing seen yet, and everything possible. `alpha` is the chance, 0 to 1, with which the
    /// sequence may ever miss.
    pub fn new(alpha: f64) -> Self {
        Self {
            alpha,
            observations: 0,
            sum: 0.0,
            squares: 0.0,
            above: vec![1.0; STEPS + 1],
            below: vec![1.0; STEPS + 1],
            ruled_out: (0, STEPS),
        }
    }

    /// Takes in one more observation. What lies outside \[0, 1\] is moved to its nearer end.
    pub fn push(&mut self, observation: f64) {
        let x = observation.clamp(0.0, 1.0);
        let bet = self.bet();
        let rich = 2.0 / self.alpha;
        let (low, high) = self.ruled_out;
        // A candidate at or beyond an end that is ruled out needs no more bets from that side.
        for step in low..=STEPS {
            let m = candidate(step);
            self.above[step] *= 1.0 + bet.min(BOLDEST / m) * (x - m);
            if self.above[step] >= rich {
                self.ruled_out.0 = self.ruled_out.0.max(step);
            }
        }
        for step in 0..=high {
            let m = candidate(step);
            self.below[step] *= 1.0 - bet.min(BOLDEST / (1.0 - m)) * (x - m);
            if self.below[step] >= rich {
                self.ruled_out.1 = self.ruled_out.1.min(step);
            }
        }
        self.observations += 1;
        self.sum += x;
        self.squares += (x - self.shrunken_mean()).powi(2);
    }

    /// The bet on the next observation, from those before it.
    fn bet(&self) -> f64 {
        let t = (self.observations + 1) as f64;
        let variance = (0.25 + self.squares) / t;
        (2.0 * (2.0 / self.alpha).ln() / (variance * t * (t + 1.0).ln())).sqrt()
    }

    /// The mean of all observations and one more of a half, `μ_t = (1/2 + Σ x_i)/(t + 1)`. It is
    /// the centre that the variance of the bets is taken around, and a half before the first
    /// observation.
    pub fn shrunken_mean(&self) -> f64 {
        (0.5 + self.sum) / (self.observations + 1) as f64
    }

    /// How many observations the sequence has taken in so far. Each is one listener where an
    /// experiment is read out.
    pub fn observations(&self) -> usize {
        self.observations
    }

    /// The means that nobody has won enough by betting against. It starts as all of \[0, 1\] and
    /// only ever shrinks; its ends are multiples of 1/2048.
    pub fn interval(&self) -> Interval {
        Interval {
            mean: (self.observations > 0).then(|| self.sum / self.observations as f64),
            low: candidate(self.ruled_out.0),
            high: candidate(self.ruled_out.1),
        }
    }
}

fn candidate(step: usize) -> f64 {
    step as f64 / STEPS as f64
}

/// Which of the two arms that a [`DifferenceSequence`] compares an observation is of. The
/// difference is treatment less control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The arm that the other is compared with: the first of the design.
    Control,
    /// The arm that is compared with the control: any other of the design.
    Treatment,
}

/// A confidence sequence for the difference between the means of two arms, treatment less control,
/// of observations in \[0, 1\].
///
/// It bets on what randomisation did, not on each arm by itself (after Howard, Ramdas, McAuliffe &
/// Sekhon, Annals of Statistics 2021, section 4.2): with `p` the chance of being in the treatment
/// and `m` any guess from earlier listeners,
///
/// ```text
/// d_i = (y_i - m_{i-1}) (1[treatment]/p - 1[control]/(1-p))
/// ```
///
/// has the difference as its mean whatever `m` is, and the smaller a spread the better the guess;
/// `m` is the mean so far. Moved into \[0, 1\], `d` is one sequence to bet on. Subtracting one
/// arm's interval from the other's, each at `α/2`, would be valid too and about √2 times as wide.
/// It relies on the chances being what the design says: see [`super::ratio`].
///
/// # Examples
/// ```
/// use segue_engine::experiment::confidence::{DifferenceSequence, Side};
///
/// let mut sequence = DifferenceSequence::new(0.05, 0.5);
/// for listener in 0..600 {
///     let (side, liked) =
///         if listener % 2 == 0 { (Side::Treatment, 0.8) } else { (Side::Control, 0.3) };
///     sequence.push(side, liked);
/// }
/// let difference = sequence.interval();
/// assert!((difference.mean.unwrap() - 0.5).abs() < 1e-9);
/// assert!(difference.contains(0.5) && !difference.contains(0.0), "beyond chance");
/// ```
#[derive(Clone, Debug)]
pub struct DifferenceSequence {
    treatment_probability: f64,
    differences: ConfidenceSequence,
    outcomes: f64,
    sides: [(usize, f64); 2],
}

impl DifferenceSequence {
    /// Nothing seen yet. `treatment_probability`, between 0 and 1, is that of the treatment among
    /// listeners of either arm.
    pub fn new(alpha: f64, treatment_probability: f64) -> Self {
        Self {
            treatment_probability,
            differences: ConfidenceSequence::new(alpha),
            outcomes: 0.0,
            sides: [(0, 0.0); 2],
        }
    }

    /// Takes in the outcome of one more listener of either arm, in the order in which listeners
    /// completed. What lies outside \[0, 1\] is moved to its nearer end.
    pub fn push(&mut self, side: Side, outcome: f64) {
        let outcome = outcome.clamp(0.0, 1.0);
        let seen = self.differences.observations() as f64;
        let guess = (0.5 + self.outcomes) / (seen + 1.0);
        let weight = match side {
            Side::Treatment => 1.0 / self.treatment_probability,
            Side::Control => -1.0 / (1.0 - self.treatment_probability),
        };
        let difference = (outcome - guess) * weight;
        self.differences.push((difference / self.widest() + 1.0) / 2.0);
        self.outcomes += outcome;
        let (count, sum) = &mut self.sides[side as usize];
        *count += 1;
        *sum += outcome;
    }

    /// No weighted difference is larger than this.
    fn widest(&self) -> f64 {
        1.0 / self.treatment_probability.min(1.0 - self.treatment_probability)
    }

    /// The difference between the arms' means, treatment less control, and the differences that are
    /// not ruled out, from -1 to 1. The mean is `None` until each arm has a listener.
    pub fn interval(&self) -> Interval {
        let Interval { low, high, .. } = self.differences.interval();
        let back = |end: f64| ((2.0 * end - 1.0) * self.widest()).clamp(-1.0, 1.0);
        let mean = |side: Side| {
            let (count, sum) = self.sides[side as usize];
            (count > 0).then(|| sum / count as f64)
        };
        let difference = mean(Side::Treatment).zip(mean(Side::Control));
        Interval { mean: difference.map(|(a, b)| a - b), low: back(low), high: back(high) }
    }
}
