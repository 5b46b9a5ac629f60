//! How much to explore: what withheld listeners choose from.

use segue_engine::policy::{
    EnsembleThompson, EpsilonGreedy, GaussianThompson, Greedy, LinUcb, LinearThompson,
    PlackettLuce, Policy, PolicyKind,
};

use super::Strategy;

/// A policy with one of its constants.
pub(super) struct Candidate {
    /// What is said of it in reports; empty where there is nothing to choose.
    pub(super) setting: String,
    pub(super) strategy: Strategy,
}

/// Every constant that is tried, the least exploring first.
pub(super) fn candidates(kind: PolicyKind) -> Vec<Candidate> {
    let candidate = |setting: String, policy: Box<dyn Policy>, scale| Candidate {
        setting,
        strategy: Strategy { policy, source: kind.uncertainty_source(), scale },
    };
    match kind {
        PolicyKind::Greedy => vec![candidate(String::new(), Box::new(Greedy), 1.0)],
        PolicyKind::EpsilonGreedy => [0.02, 0.05, 0.1]
            .map(|epsilon| {
                candidate(format!("ε = {epsilon}"), Box::new(EpsilonGreedy { epsilon }), 1.0)
            })
            .into(),
        PolicyKind::PlackettLuce => [0.01, 0.02, 0.05]
            .map(|temperature| {
                candidate(format!("τ = {temperature}"), Box::new(PlackettLuce { temperature }), 1.0)
            })
            .into(),
        PolicyKind::LinUcb => [0.05, 0.1, 0.2, 0.4]
            .map(|optimism| {
                candidate(format!("α = {optimism}"), Box::new(LinUcb { optimism }), 1.0)
            })
            .into(),
        PolicyKind::LinearThompson => [0.1, 0.3, 1.0]
            .map(|scale| {
                candidate(format!("× {scale}"), Box::new(LinearThompson { draws: 1 }), scale)
            })
            .into(),
        PolicyKind::GaussianThompson => [0.1, 0.3, 1.0]
            .map(|scale| candidate(format!("× {scale}"), Box::new(GaussianThompson), scale))
            .into(),
        PolicyKind::EnsembleThompson => {
            vec![candidate(String::new(), Box::new(EnsembleThompson), 1.0)]
        }
    }
}
