//! Estimators of a policy that draws a slate, pick after pick, each of which earns a reward.
//!
//! With `ρ_k` the ratio of both policies' probabilities of pick k given the picks before it, a
//! slate counts `Σ_k w_k r_k`, where the weight follows from what the reward of pick k is taken to
//! depend on:
//!
//! | estimator | the reward of pick k depends on | `w_k` |
//! |---|---|---|
//! | `sips` | the whole slate | `Π_j ρ_j` |
//! | `rips` | pick k and those before it | `Π_{j ≤ k} ρ_j` (McInerney et al., KDD 2020, eq. 4) |
//! | `iips` | pick k alone | `ρ_k` (Li et al., KDD 2018, eq. 3) |
//! | `cascade-dr` | as `rips` | `Σ_k w_k (r_k - q̂_k) + w_{k-1} q̂_k(π_e)` (Kiyohara et al., WSDM 2022, eq. 6) |
//!
//! `snsips`, `snrips` and `sniips` divide the weights of every position by their mean. Fewer
//! assumptions, more variance: the product over a long slate is of no use, and its
//! [`super::Refusal`] says so.
//!
//! `iips` asks for marginal probabilities. Where positions are drawn without regard to one another
//! `ρ_k` is their ratio, and `iips` is unbiased under its assumption. Where they are drawn without
//! replacement it values the target's pick k after the *log's* earlier picks; `rips` and
//! `cascade-dr` do not have this error.
//!
//! Any `q̂` keeps `cascade-dr` unbiased, since `E[w_{k-1} q̂_k(π_e) - w_k q̂_k] = 0`.

use super::{Contributions, Round};

/// The picks of a slate in the order in which they were drawn, all of one cluster.
pub type LoggedSlate = Vec<Round>;

/// Which ratios of probabilities a pick of a slate is weighted by. More of them assume less about
/// how listeners look at a list, and vary more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weighting {
    /// Those of all picks.
    Whole,
    /// Its own and those of the picks before it.
    Prefix,
    /// Its own.
    Own,
}

impl Weighting {
    /// The weight of every pick of a slate.
    pub fn weights(self, slate: &[Round]) -> Vec<f64> {
        let ratios = slate.iter().map(Round::weight);
        match self {
            Self::Whole => vec![ratios.product(); slate.len()],
            Self::Own => ratios.collect(),
            Self::Prefix => ratios
                .scan(1.0, |product, ratio| {
                    *product *= ratio;
                    Some(*product)
                })
                .collect(),
        }
    }
}

/// An estimator of what another policy would have earned, for logs of whole slates. The formulas
/// are at the top of this module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlateEstimator {
    /// A weighted mean.
    Weighted(Weighting),
    /// The same, weights divided by their mean at every position.
    SelfNormalised(Weighting),
    /// A reward model, corrected by what it got wrong.
    CascadeDoublyRobust,
}

impl SlateEstimator {
    /// All of them, the one with the fewest assumptions first.
    pub const ALL: [Self; 7] = [
        Self::Weighted(Weighting::Whole),
        Self::SelfNormalised(Weighting::Whole),
        Self::Weighted(Weighting::Prefix),
        Self::SelfNormalised(Weighting::Prefix),
        Self::CascadeDoublyRobust,
        Self::Weighted(Weighting::Own),
        Self::SelfNormalised(Weighting::Own),
    ];

    /// Its usual short name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Weighted(Weighting::Whole) => "sips",
            Self::Weighted(Weighting::Prefix) => "rips",
            Self::Weighted(Weighting::Own) => "iips",
            Self::SelfNormalised(Weighting::Whole) => "snsips",
            Self::SelfNormalised(Weighting::Prefix) => "snrips",
            Self::SelfNormalised(Weighting::Own) => "sniips",
            Self::CascadeDoublyRobust => "cascade-dr",
        }
    }

    /// The weights that it rests on.
    pub fn weighting(self) -> Weighting {
        match self {
            Self::Weighted(weighting) | Self::SelfNormalised(weighting) => weighting,
            Self::CascadeDoublyRobust => Weighting::Prefix,
        }
    }

    /// What it makes of a log; `None` if it leans on predictions and some are missing. Slates
    /// without picks earn nothing.
    pub fn contributions(self, slates: &[LoggedSlate]) -> Option<Contributions> {
        match self {
            Self::Weighted(weighting) => Some(sums(slates, |slate| {
                weighting
                    .weights(slate)
                    .iter()
                    .zip(slate)
                    .map(|(weight, round)| weight * round.reward)
                    .sum()
            })),
            Self::SelfNormalised(weighting) => Some(normalised(slates, weighting)),
            Self::CascadeDoublyRobust => {
                let predicted = slates.iter().flatten().all(|round| round.prediction.is_some());
                predicted.then(|| sums(slates, cascade))
            }
        }
    }
}

fn sums(slates: &[LoggedSlate], value: impl Fn(&[Round]) -> f64) -> Contributions {
    Contributions::mean(
        slates.iter().zip(0..).map(|(slate, row)| (value(slate), cluster(slate, row))),
    )
}

fn cascade(slate: &[Round]) -> f64 {
    let mut before = 1.0;
    let mut value = 0.0;
    for (weight, round) in Weighting::Prefix.weights(slate).into_iter().zip(slate) {
        let prediction = round.prediction.expect("callers see to predictions");
        value += weight * (round.reward - prediction.logged) + before * prediction.expected;
        before = weight;
    }
    value
}

/// One ratio a position, which counts for as many slates as reach it.
fn normalised(slates: &[LoggedSlate], weighting: Weighting) -> Contributions {
    let longest = slates.iter().map(Vec::len).max().unwrap_or(0);
    let reaching = |position| slates.iter().filter(|slate| slate.len() > position).count();
    let scales =
        (0..longest).map(|position| reaching(position) as f64 / slates.len() as f64).collect();
    let mut contributions = Contributions::new(scales);
    for (slate, row) in slates.iter().zip(0..) {
        let weights = weighting.weights(slate);
        let picks =
            weights.iter().zip(slate).map(|(&weight, round)| (weight * round.reward, weight));
        contributions.add(cluster(slate, row), picks);
    }
    contributions
}

/// The cluster of a slate. One without picks names none, and is given one of its own at the other
/// end of the numbers.
pub(super) fn cluster(slate: &[Round], row: u32) -> u32 {
    slate.first().map_or(u32::MAX - row, |round| round.cluster)
}
