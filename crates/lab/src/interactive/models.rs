//! The models that can get to know a listener, and the settings that withheld listeners choose
//! from.

use std::fmt;
use std::str::FromStr;

use super::AskedRecommender;
use crate::beliefs::Acquaintance;
use crate::beliefs::factor_analysis::{self, FactorAnalysisConfig};
use crate::beliefs::factor_model::FactorModel;
use crate::beliefs::ridge_prior::{self, RidgePriorConfig};
use anyhow::{Context as _, Result};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use segue_engine::{Recommender, Training};
use segue_models::recommenders::{EaseConfig, FitSet, PopularityConfig, RecommenderConfig};

/// A model that can be asked in conversations, by the name that the command line has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InteractiveModel {
    /// What most listeners have.
    Popularity,
    /// Linear item to item weights (Steck 2019), asked again with every like.
    Ease,
    /// Linear regression over singular vectors: [`crate::beliefs::ridge_prior`].
    Bayes,
    /// Probabilistic factors: [`crate::beliefs::factor_analysis`].
    FactorAnalysis,
}

impl InteractiveModel {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 4] = [Self::Popularity, Self::Ease, Self::Bayes, Self::FactorAnalysis];

    /// Its name on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Popularity => "popularity",
            Self::Ease => "ease",
            Self::Bayes => "bayes",
            Self::FactorAnalysis => "factor-analysis",
        }
    }

    /// Whether it knows how sure it is; what does not can only be followed.
    pub(super) fn states_uncertainty(self) -> bool {
        matches!(self, Self::Bayes | Self::FactorAnalysis)
    }

    /// What withheld listeners choose from.
    pub(super) fn settings(self) -> Vec<Setting> {
        match self {
            Self::Popularity => {
                let config = RecommenderConfig::Popularity(PopularityConfig::default());
                vec![Setting::Recommender(config)]
            }
            Self::Ease => [50.0, 100.0, 200.0, 400.0]
                .map(|regularisation| EaseConfig { regularisation, ..EaseConfig::default() })
                .map(|config| Setting::Recommender(RecommenderConfig::Ease(config)))
                .to_vec(),
            Self::Bayes => [1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 16.0]
                .map(|noise| Setting::Bayes(RidgePriorConfig { width: 32, noise }))
                .to_vec(),
            Self::FactorAnalysis => {
                let config = |width, least_noise| FactorAnalysisConfig {
                    width,
                    least_noise,
                    ..FactorAnalysisConfig::default()
                };
                let widths = [32, 64, 96].into_iter();
                widths
                    .flat_map(|width| {
                        [1e-4, 0.02].map(|floor| Setting::FactorAnalysis(config(width, floor)))
                    })
                    .collect()
            }
        }
    }
}

impl FromStr for InteractiveModel {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.map(|model| format!("`{}`", model.name())).join(", ");
        let found = Self::ALL.into_iter().find(|model| model.name() == name);
        found.ok_or_else(|| format!("unknown model `{name}`: expected one of {known}"))
    }
}

/// A model with its settings.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Setting {
    Recommender(RecommenderConfig),
    Bayes(RidgePriorConfig),
    FactorAnalysis(FactorAnalysisConfig),
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recommender(RecommenderConfig::Ease(config)) => {
                write!(f, "λ = {}", config.regularisation)
            }
            Self::Recommender(_) => Ok(()),
            Self::Bayes(config) => write!(f, "noise × {}", config.noise),
            Self::FactorAnalysis(config) => {
                write!(f, "d = {}, ψ ≥ {}", config.width, config.least_noise)
            }
        }
    }
}

/// A model that has learned.
pub(super) enum Known {
    Recommender(Box<dyn Recommender>),
    Factors(FactorModel),
}

impl Setting {
    /// Learns.
    pub(super) fn fit(&self, training: &Training<'_>, seed: u64) -> Result<Known> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let fitted = match self {
            Self::Recommender(config) => {
                let fit_set = FitSet { training, features: None, friendships: &[], seed };
                config.fit(fit_set, None).map(|fitted| Known::Recommender(fitted.model))
            }
            Self::Bayes(config) => ridge_prior::fit(training, config, &mut rng).map(Known::Factors),
            Self::FactorAnalysis(config) => {
                factor_analysis::fit(training, config, &mut rng).map(Known::Factors)
            }
        };
        fitted.with_context(|| format!("cannot fit {self:?}"))
    }
}

impl Known {
    /// Someone new.
    pub(super) fn meet(&self) -> Box<dyn Acquaintance + '_> {
        match self {
            Self::Recommender(recommender) => Box::new(AskedRecommender::new(recommender.as_ref())),
            Self::Factors(model) => Box::new(model.meet()),
        }
    }
}
