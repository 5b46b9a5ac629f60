//! Fitting and testing each model with each seed.

use std::time::Instant;

use anyhow::{Context as _, Result};
use segue_engine::full_ranking::{Outcomes, evaluate};
use segue_engine::{Interactions, ListenerIdx, Recommender, Training};
use segue_models::recommenders::{
    FitSet, Fitted, Fusion, FusionWeights, ItemFeatures, RecommenderConfig, Timing,
};

use super::protocol::{Cut, TestSet};
use super::{NextTrackOptions, RankedModel, memory};
use crate::progress::Progress;

/// What all models are measured on.
pub(super) struct Benchmark<'a> {
    pub(super) options: &'a NextTrackOptions,
    pub(super) interactions: &'a Interactions,
    pub(super) cut: &'a Cut<'a>,
    pub(super) friends: &'a [Vec<ListenerIdx>],
    pub(super) features: Option<&'a ItemFeatures>,
    pub(super) timing: Timing,
    pub(super) progress: &'a dyn Progress,
}

/// How one model did: a run per seed, in each an outcome per set of test cases.
pub(super) struct Entry {
    pub(super) name: RankedModel,
    pub(super) config: Option<RecommenderConfig>,
    pub(super) weights: Option<FusionWeights>,
    pub(super) runs: Vec<Run>,
    /// Why it could not be fitted; the others are measured all the same.
    pub(super) error: Option<String>,
}

/// One model with one seed.
pub(super) struct Run {
    pub(super) train_s: f64,
    pub(super) eval_s: f64,
    pub(super) peak_mb: Option<f64>,
    pub(super) tests: Vec<Outcomes>,
}

/// A model and what it took to fit.
struct Trained {
    fitted: Fitted,
    /// The one that learned from validation as well.
    refitted: Option<Fitted>,
    train_s: f64,
    fit_mb: Option<f64>,
}

impl Trained {
    /// The model to test.
    fn model(&self) -> &dyn Recommender {
        self.refitted.as_ref().unwrap_or(&self.fitted).model.as_ref()
    }
}

impl Benchmark<'_> {
    /// Fits and tests everything.
    pub(super) fn run(&self, configs: &[RecommenderConfig]) -> Vec<Entry> {
        let steps = self.options.seeds * self.options.models.len() as u64;
        self.progress.begin(Some(steps), "measuring");
        let entry = |name: &RankedModel| Entry {
            name: *name,
            config: None,
            weights: None,
            runs: Vec::new(),
            error: None,
        };
        let mut entries: Vec<Entry> = self.options.models.iter().map(entry).collect();
        for seed in self.options.seed..self.options.seed + self.options.seeds {
            let fuses = self.options.models.contains(&RankedModel::Fusion);
            let mut trained = Vec::new();
            for config in configs {
                let name = RankedModel::One(config.kind());
                let entry = entries.iter_mut().find(|entry| entry.name == name);
                let entry = entry.expect("every configuration is of a model that was named");
                let model = match self.train(config, seed) {
                    Ok(model) => model,
                    Err(error) => {
                        entry.error = Some(format!("{error:#}"));
                        continue;
                    }
                };
                entry.runs.push(self.test(model.model(), model.train_s, model.fit_mb, name));
                entry.config = Some(model.fitted.config.clone());
                if fuses {
                    trained.push(model);
                }
            }
            let fusion = entries.iter_mut().find(|entry| entry.name == RankedModel::Fusion);
            match fusion {
                Some(entry) if trained.len() < 2 => {
                    entry.error = Some("fewer than two models were fitted".to_owned());
                }
                Some(entry) => {
                    let (run, weights) = self.fuse(&trained);
                    entry.runs.push(run);
                    entry.weights = Some(weights);
                }
                None => {}
            }
        }
        self.progress.end();
        entries
    }

    /// What validation says of a model.
    pub(super) fn validate(&self, model: &dyn Recommender) -> f64 {
        self.validate_on(model, &self.cut.validation)
    }

    fn validate_on(&self, model: &dyn Recommender, set: &TestSet) -> f64 {
        let outcomes = self.evaluate(model, set, &|_| ());
        let criterion = self.options.protocol.criterion() as usize;
        let values =
            outcomes.cases.iter().flatten().map(|outcome| f64::from(outcome.values[criterion]));
        values.clone().sum::<f64>() / values.count().max(1) as f64
    }

    fn fit_set<'l>(&'l self, training: &'l Training<'l>, seed: u64) -> FitSet<'l> {
        FitSet { training, features: self.features, friendships: self.friends, seed }
    }

    /// Fits on what is trained on, stopping by validation.
    pub(super) fn fit(&self, config: &RecommenderConfig, seed: u64) -> Result<Fitted> {
        let name = config.kind().name();
        let mut epoch = 0;
        self.progress.message(&format!("{name}: learning"));
        let sampled = self.cut.validation.sampled();
        let mut validate = |model: &dyn Recommender| {
            let found = self.validate_on(model, &sampled);
            epoch += 1;
            self.progress.message(&format!(
                "{name}: epoch {epoch}, {} {found:.4}",
                self.options.protocol.criterion().name()
            ));
            found
        };
        let fit_set = self.fit_set(&self.cut.training, seed);
        config.fit(fit_set, Some(&mut validate)).with_context(|| format!("cannot fit `{name}`"))
    }

    fn train(&self, config: &RecommenderConfig, seed: u64) -> Result<Trained> {
        let measured = memory::reset_peak();
        let begun = Instant::now();
        let fitted = self.fit(config, seed)?;
        let refitted = match self.options.refit {
            true => Some(self.fit_again(&fitted.config, &self.cut.all, seed)?),
            false => None,
        };
        let train_s = begun.elapsed().as_secs_f64();
        Ok(Trained { fitted, refitted, train_s, fit_mb: memory::peak_mb().filter(|_| measured) })
    }

    fn fit_again(
        &self,
        config: &RecommenderConfig,
        training: &Training<'_>,
        seed: u64,
    ) -> Result<Fitted> {
        let name = config.kind().name();
        self.progress.message(&format!("{name}: learning from validation as well"));
        config
            .fit(self.fit_set(training, seed), None)
            .with_context(|| format!("cannot fit `{name}`"))
    }

    fn test(
        &self,
        model: &dyn Recommender,
        train_s: f64,
        fit_mb: Option<f64>,
        name: RankedModel,
    ) -> Run {
        self.progress.message(&format!("{}: testing", name.name()));
        let begun = Instant::now();
        let tests = self.cut.tests.iter().map(|test| self.evaluate(model, test, &|_| ())).collect();
        self.progress.advance(1);
        let peak_mb = fit_mb.and(memory::peak_mb());
        Run { train_s, eval_s: begun.elapsed().as_secs_f64(), peak_mb, tests }
    }

    /// Weights are learned with models that have not seen validation, and serve those that have.
    fn fuse(&self, trained: &[Trained]) -> (Run, FusionWeights) {
        self.progress.message("fusion: learning weights");
        let begun = Instant::now();
        let unseeing: Vec<&dyn Recommender> =
            trained.iter().map(|model| model.fitted.model.as_ref()).collect();
        let validation = &self.cut.validation;
        let candidates = validation.candidates(&self.options.protocol);
        let weights =
            FusionWeights::fit(&unseeing, self.interactions, &validation.cases, candidates);
        let fusion = Fusion::new(trained.iter().map(Trained::model).collect(), weights.clone());
        let members_s: f64 = trained.iter().map(|model| model.train_s).sum();
        let train_s = members_s + begun.elapsed().as_secs_f64();
        let fit_mb = trained.iter().filter_map(|model| model.fit_mb).reduce(f64::max);
        (self.test(&fusion, train_s, fit_mb, RankedModel::Fusion), weights)
    }

    fn evaluate(
        &self,
        model: &dyn Recommender,
        set: &TestSet,
        progress: &(dyn Fn(usize) + Sync),
    ) -> Outcomes {
        let candidates = set.candidates(&self.options.protocol);
        evaluate(model, self.interactions, &set.cases, candidates, progress)
    }
}
