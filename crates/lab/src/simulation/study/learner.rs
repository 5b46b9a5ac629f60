//! The likability model as the learner of a trial: fitted on what was played before it, and again
//! now and then. Between fits every answer counts at once, as in serving: it is in the profile, and
//! moves the listener's own layer.
//!
//! The network is smaller than the one that `segue train` makes, because a trial fits and asks it
//! thousands of times.

use std::sync::Arc;

use crate::simulation::trial::{Learner, LearnerError};
use anyhow::Context as _;
use segue_engine::{Catalogue, Profile, Scorer};
use segue_models::likability::{LikabilityConfig, LikabilityModel, OnlineScorer};

/// Rows that a network is trained on.
const ROWS: usize = 16_000;

/// A likability model that is fitted anew from time to time.
pub(super) struct LikabilityLearner {
    catalogue: Arc<Catalogue>,
    scorer: OnlineScorer,
    seed: u64,
}

/// Fits the model that every arm of a trial begins with.
pub(super) fn fit(
    catalogue: &Catalogue,
    profiles: &[Profile],
    seed: u64,
) -> anyhow::Result<LikabilityModel> {
    let mut config = LikabilityConfig { rows: ROWS, ..LikabilityConfig::default() };
    config.network.architecture.members = 4;
    config.network.architecture.hidden = vec![32, 32];
    config.network.architecture.periodic = None;
    let fitted = LikabilityModel::fit(catalogue, profiles, config, seed, &mut |_| {});
    Ok(fitted.context("cannot fit the model")?.0)
}

impl LikabilityLearner {
    /// Begins with a fitted model.
    pub(super) fn new(model: LikabilityModel, catalogue: &Arc<Catalogue>, seed: u64) -> Self {
        Self { scorer: model.scorer(catalogue).online(), catalogue: Arc::clone(catalogue), seed }
    }
}

impl Learner for LikabilityLearner {
    fn scorer(&self) -> &dyn Scorer {
        &self.scorer
    }

    fn refit(
        &mut self,
        released: &Catalogue,
        profiles: &[Profile],
        day: u32,
    ) -> Result<(), LearnerError> {
        let model = fit(released, profiles, self.seed.wrapping_add(1 + u64::from(day)))?;
        self.scorer = model.scorer(&self.catalogue).online();
        Ok(())
    }
}
