//! Fitting and testing each model with each seed.

use std::time::Instant;

use anyhow::{Context as _, Result};
use segue_engine::full_ranking::{RankingOutcomes, evaluate};
use segue_engine::{Interactions, ListenerIdx, Recommender, Training};
use segue_models::recommenders::{
    FitSet, Fitted, Fusion, FusionWeights, ItemFeatures, Panel, RecommenderConfig, Timing,
};

use super::protocol::{Cut, TestSet};
use super::{NextTrackOptions, RankedModel, memory};
use crate::progress::Progress;

/// What all models are measured on.
pub(super) struct Benchmark<'a> {
    pub(super) options: &'a NextTrackOptions,
    pub(super) interactions: &'a Interactions,
    /// The data cut once, or at several moments, the earliest first.
    pub(super) cuts: &'a [Cut<'a>],
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

/// One model with one seed, over all cuts.
pub(super) struct Run {
    pub(super) train_s: f64,
    pub(super) eval_s: f64,
    pub(super) peak_mb: Option<f64>,
    pub(super) tests: Vec<RankingOutcomes>,
}

impl Run {
    /// What was measured at one cut after another, as if it had been one.
    fn joined(runs: impl IntoIterator<Item = Self>) -> Option<Self> {
        runs.into_iter().reduce(|mut all, next| {
            all.train_s += next.train_s;
            all.eval_s += next.eval_s;
            all.peak_mb = all.peak_mb.into_iter().chain(next.peak_mb).reduce(f64::max);
            for (all, next) in all.tests.iter_mut().zip(next.tests) {
                all.cases.extend(next.cases);
                all.shown.iter_mut().zip(next.shown).for_each(|(all, next)| *all += next);
            }
            all
        })
    }
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
        let rounds = self.options.seeds * self.cuts.len() as u64;
        self.progress.begin(Some(rounds * self.options.models.len() as u64), "measuring");
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
            let mut members = Vec::new();
            for config in configs {
                let name = RankedModel::One(config.kind());
                let entry = entries.iter_mut().find(|entry| entry.name == name);
                let entry = entry.expect("every configuration is of a model that was named");
                match self.run_one(config, seed, fuses) {
                    Ok((run, fitted, trained)) => {
                        entry.runs.push(run);
                        entry.config = Some(fitted);
                        members.extend(trained);
                    }
                    Err(error) => entry.error = Some(format!("{error:#}")),
                }
            }
            let fusion = entries.iter_mut().find(|entry| entry.name == RankedModel::Fusion);
            match fusion {
                Some(entry) if members.len() < 2 => {
                    entry.error = Some("fewer than two models were fitted".to_owned());
                }
                Some(entry) => {
                    let (run, weights) = self.run_fusion(&members);
                    entry.runs.push(run);
                    entry.weights = Some(weights);
                }
                None => {}
            }
        }
        self.progress.end();
        entries
    }

    /// One model at every cut: how it did, the settings it had at the last, and, where they are
    /// kept, what was fitted at each cut.
    fn run_one(
        &self,
        config: &RecommenderConfig,
        seed: u64,
        keep: bool,
    ) -> Result<(Run, RecommenderConfig, Option<Vec<Trained>>)> {
        let name = RankedModel::One(config.kind());
        let (mut runs, mut kept, mut last) = (Vec::new(), Vec::new(), config.clone());
        for cut in self.cuts {
            let model = self.train(config, cut, seed)?;
            runs.push(self.test(model.model(), cut, model.train_s, model.fit_mb, name));
            last = model.fitted.config.clone();
            if keep {
                kept.push(model);
            }
        }
        let run = Run::joined(runs).context("the data were not cut")?;
        Ok((run, last, keep.then_some(kept)))
    }

    /// The fusion at every cut, of members that were fitted there; the weights are those of the
    /// last.
    fn run_fusion(&self, members: &[Vec<Trained>]) -> (Run, FusionWeights) {
        let found: Vec<(Run, FusionWeights)> =
            (0..self.cuts.len()).map(|cut| self.fuse(members, cut)).collect();
        let weights = found.last().map(|(_, weights)| weights.clone());
        let run = Run::joined(found.into_iter().map(|(run, _)| run));
        run.zip(weights).expect("the data were cut once at least")
    }

    /// What validation says of a model that was fitted at each cut.
    pub(super) fn validate(&self, models: &[Fitted]) -> f64 {
        let values: Vec<f64> = models
            .iter()
            .zip(self.cuts)
            .flat_map(|(model, cut)| self.values(model.model.as_ref(), &cut.validation))
            .collect();
        values.iter().sum::<f64>() / values.len().max(1) as f64
    }

    /// The criterion of each case.
    fn values(&self, model: &dyn Recommender, set: &TestSet) -> Vec<f64> {
        let criterion = self.options.protocol.criterion() as usize;
        let outcomes = self.evaluate(model, set, &|_| ());
        outcomes
            .cases
            .iter()
            .flatten()
            .map(|outcome| f64::from(outcome.values[criterion]))
            .collect()
    }

    fn fit_set<'l>(&'l self, training: &'l Training<'l>, seed: u64) -> FitSet<'l> {
        FitSet { training, features: self.features, friendships: self.friends, seed }
    }

    /// Fits at every cut.
    pub(super) fn fit_all(&self, config: &RecommenderConfig, seed: u64) -> Result<Vec<Fitted>> {
        self.cuts.iter().map(|cut| self.fit(config, cut, seed)).collect()
    }

    /// Fits on what is trained on, stopping by validation.
    fn fit(&self, config: &RecommenderConfig, cut: &Cut<'_>, seed: u64) -> Result<Fitted> {
        let name = config.kind().name();
        let mut epoch = 0;
        self.progress.message(&format!("{name}: learning"));
        let sampled = cut.validation.sampled();
        let mut validate = |model: &dyn Recommender| {
            let values = self.values(model, &sampled);
            let found = values.iter().sum::<f64>() / values.len().max(1) as f64;
            epoch += 1;
            self.progress.message(&format!(
                "{name}: epoch {epoch}, {} {found:.4}",
                self.options.protocol.criterion().name()
            ));
            found
        };
        let fit_set = self.fit_set(&cut.training, seed);
        config.fit(fit_set, Some(&mut validate)).with_context(|| format!("cannot fit `{name}`"))
    }

    fn train(&self, config: &RecommenderConfig, cut: &Cut<'_>, seed: u64) -> Result<Trained> {
        let measured = memory::reset_peak();
        let begun = Instant::now();
        let fitted = self.fit(config, cut, seed)?;
        let refitted = match self.options.refit {
            true => Some(self.fit_again(&fitted.config, &cut.all, seed)?),
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
        cut: &Cut<'_>,
        train_s: f64,
        fit_mb: Option<f64>,
        name: RankedModel,
    ) -> Run {
        self.progress.message(&format!("{}: testing", name.name()));
        let begun = Instant::now();
        let tests = cut.tests.iter().map(|test| self.evaluate(model, test, &|_| ())).collect();
        self.progress.advance(1);
        let peak_mb = fit_mb.and(memory::peak_mb());
        Run { train_s, eval_s: begun.elapsed().as_secs_f64(), peak_mb, tests }
    }

    /// Weights are learned with models that have not seen validation, and serve those that have.
    /// They learn from the validation of this cut and of those before it, never of a later one.
    fn fuse(&self, members: &[Vec<Trained>], at: usize) -> (Run, FusionWeights) {
        self.progress.message("fusion: learning weights");
        let begun = Instant::now();
        let cuts = self.cuts.iter().enumerate().take(at + 1);
        let panels: Vec<Panel<'_>> = cuts
            .map(|(at, cut)| Panel {
                members: members.iter().map(|own| own[at].fitted.model.as_ref()).collect(),
                cases: &cut.validation.cases,
                candidates: cut.validation.candidates(&self.options.protocol),
            })
            .collect();
        let weights = FusionWeights::fit(&panels, self.interactions);
        let trained = || members.iter().map(|own| &own[at]);
        let fusion = Fusion::new(trained().map(Trained::model).collect(), weights.clone());
        let members_s: f64 = trained().map(|model| model.train_s).sum();
        let train_s = members_s + begun.elapsed().as_secs_f64();
        let fit_mb = trained().filter_map(|model| model.fit_mb).reduce(f64::max);
        (self.test(&fusion, &self.cuts[at], train_s, fit_mb, RankedModel::Fusion), weights)
    }

    fn evaluate(
        &self,
        model: &dyn Recommender,
        set: &TestSet,
        progress: &(dyn Fn(usize) + Sync),
    ) -> RankingOutcomes {
        let candidates = set.candidates(&self.options.protocol);
        evaluate(model, self.interactions, &set.cases, candidates, progress)
    }
}
