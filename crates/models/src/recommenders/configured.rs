//! Every recommender under one roof: by name, with its configuration, and with the space that a
//! search draws from.

use std::fmt;
use std::str::FromStr;

use rand::{Rng, RngExt};
use segue_engine::{Recommender, Training};
use serde::{Deserialize, Serialize};

use super::sasrec::Block;
use super::{
    ActR, ActRConfig, ContentCosine, ContentCosineConfig, Counting, Decay, DecayedPopularity,
    DecayedPopularityConfig, Ease, EaseConfig, EventWeighting, Friends, FriendsConfig, Friendships,
    Ials, IalsConfig, ItemFeatures, ItemKnn, ItemKnnConfig, LikabilityRanking, PopularityConfig,
    PopularityModel, Sasrec, SasrecConfig, Strength,
};
use crate::ModelError;
use crate::likability::LikabilityConfig;

/// Which recommender a configuration is of, by the name that the command line and saved reports
/// use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecommenderKind {
    /// [`PopularityModel`]: what most listeners play, the same answer for everybody; the baseline
    /// to beat.
    Popularity,
    /// [`DecayedPopularity`]: what most listeners played lately, where each play fades with a
    /// half-life in days.
    DecayedPopularity,
    /// What is heard by the same listeners.
    ItemKnn,
    /// [`Ease`], a linear autoencoder with a closed-form solution (Steck 2019): strong on small
    /// catalogues.
    Ease,
    /// [`Ials`], implicit matrix factorisation by alternating least squares: strong on large
    /// catalogues.
    Ials,
    /// [`Sasrec`], a causal transformer over the order of plays: the one that predicts the next
    /// track.
    Sasrec,
    /// What was heard lately and often, again.
    ActR,
    /// What friends hear, until there is a history.
    Friends,
    /// [`ContentCosine`]: what sounds like the history, so that items nobody has played can be
    /// ranked.
    Content,
    /// [`LikabilityRanking`]: how likely the listener is to like it, by the network of the paper.
    Likability,
}

impl RecommenderKind {
    /// All kinds, in the order in which tables list them.
    pub const ALL: [Self; 10] = [
        Self::Popularity,
        Self::DecayedPopularity,
        Self::ItemKnn,
        Self::Ease,
        Self::Ials,
        Self::Sasrec,
        Self::ActR,
        Self::Friends,
        Self::Content,
        Self::Likability,
    ];

    /// Its name on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Popularity => "popularity",
            Self::DecayedPopularity => "decayed-popularity",
            Self::ItemKnn => "item-knn",
            Self::Ease => "ease",
            Self::Ials => "ials",
            Self::Sasrec => "sasrec",
            Self::ActR => "act-r",
            Self::Friends => "friends",
            Self::Content => "content",
            Self::Likability => "likability",
        }
    }
}

impl fmt::Display for RecommenderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for RecommenderKind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| {
            format!("no model `{name}`; there are {}", Self::ALL.map(Self::name).join(", "))
        })
    }
}

/// A recommender's configuration: its kind with all that can be set about it. It reads and writes
/// JSON tagged by the kind, so that a search can store what it found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecommenderConfig {
    /// Settings of [`PopularityModel`]; see there for what each of them does.
    Popularity(PopularityConfig),
    /// Settings of [`DecayedPopularity`]; see there for what each of them does.
    DecayedPopularity(DecayedPopularityConfig),
    /// Settings of [`ItemKnn`]; see there for what each of them does.
    ItemKnn(ItemKnnConfig),
    /// Settings of [`Ease`]; see there for what each of them does.
    Ease(EaseConfig),
    /// Settings of [`Ials`]; see there for what each of them does.
    Ials(IalsConfig),
    /// Settings of [`Sasrec`]; see there for what each of them does.
    Sasrec(SasrecConfig),
    /// Settings of [`ActR`]; see there for what each of them does.
    ActR(ActRConfig),
    /// Settings of [`Friends`]; see there for what each of them does.
    Friends(FriendsConfig),
    /// Settings of [`ContentCosine`]; see there for what each of them does.
    Content(ContentCosineConfig),
    /// Settings of [`LikabilityRanking`]; see there for what each of them does.
    Likability(LikabilityConfig),
}

/// What the order of events says. Settings that let events fade with age are searched only where
/// there is an order or a time to go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// Nothing: events carry neither an order nor a time, so weights cannot fade with age.
    Unordered,
    /// Which event came first; weights may fade with the number of later events.
    Ordered,
    /// When events happened; weights may fade with days.
    Dated,
}

/// Measures a model while it is being trained: it is called after each epoch with the model as it
/// stands, and higher is better. Models that are solved at once never call it.
pub type Validate<'a> = dyn FnMut(&dyn Recommender) -> f64 + 'a;

/// What a recommender is fitted on. Every kind takes the same set and reads the parts that it
/// needs, so that a search can go through kinds without knowing them.
#[derive(Clone, Copy)]
pub struct FitSet<'a> {
    /// The training events of all listeners; nothing after the cut of an evaluation is among them.
    pub training: &'a Training<'a>,
    /// What is known of the items beside the events; not every recommender looks.
    pub features: Option<&'a ItemFeatures>,
    /// The friends of each listener; rows may be empty.
    pub friendships: &'a Friendships,
    /// Seed of everything random: same data, configuration and seed give the same model bytes.
    pub seed: u64,
}

/// A recommender that was fitted, with the configuration that fits it again.
pub struct Fitted {
    /// The fitted model, ready to score.
    pub model: Box<dyn Recommender>,
    /// The configuration that fits it again, on more data, without validation.
    pub config: RecommenderConfig,
}

impl RecommenderConfig {
    /// The default configuration of a kind.
    pub fn new(kind: RecommenderKind) -> Self {
        match kind {
            RecommenderKind::Popularity => Self::Popularity(PopularityConfig::default()),
            RecommenderKind::DecayedPopularity => {
                Self::DecayedPopularity(DecayedPopularityConfig::default())
            }
            RecommenderKind::ItemKnn => Self::ItemKnn(ItemKnnConfig::default()),
            RecommenderKind::Ease => Self::Ease(EaseConfig::default()),
            RecommenderKind::Ials => Self::Ials(IalsConfig::default()),
            RecommenderKind::Sasrec => Self::Sasrec(SasrecConfig::default()),
            RecommenderKind::ActR => Self::ActR(ActRConfig::default()),
            RecommenderKind::Friends => Self::Friends(FriendsConfig::default()),
            RecommenderKind::Content => Self::Content(ContentCosineConfig::default()),
            RecommenderKind::Likability => Self::Likability(LikabilityConfig::default()),
        }
    }

    /// The same with one setting changed: `regularisation=50`, or `query.decay={"days": 7}` with a
    /// value in JSON.
    ///
    /// # Errors
    /// What is wrong, if there is no such setting, or it takes no such value.
    pub fn with(&self, assignment: &str) -> Result<Self, String> {
        let Some((path, value)) = assignment.split_once('=') else {
            return Err("there is no `=`".to_owned());
        };
        let mut whole = serde_json::to_value(self).map_err(|error| error.to_string())?;
        let mut place = &mut whole[self.kind().name()];
        for name in path.split('.') {
            let known = place
                .as_object()
                .map(|object| object.keys().cloned().collect::<Vec<_>>().join(", "));
            place = match place.get_mut(name) {
                Some(inner) => inner,
                None => {
                    return Err(format!(
                        "no setting `{name}`; there are {}",
                        known.unwrap_or_default()
                    ));
                }
            };
        }
        // What is no JSON is a word: `strength=log`.
        *place = serde_json::from_str(value).unwrap_or_else(|_| value.into());
        serde_json::from_value(whole).map_err(|error| error.to_string())
    }

    /// The kind of recommender that this configuration fits.
    pub fn kind(&self) -> RecommenderKind {
        match self {
            Self::Popularity(_) => RecommenderKind::Popularity,
            Self::DecayedPopularity(_) => RecommenderKind::DecayedPopularity,
            Self::ItemKnn(_) => RecommenderKind::ItemKnn,
            Self::Ease(_) => RecommenderKind::Ease,
            Self::Ials(_) => RecommenderKind::Ials,
            Self::Sasrec(_) => RecommenderKind::Sasrec,
            Self::ActR(_) => RecommenderKind::ActR,
            Self::Friends(_) => RecommenderKind::Friends,
            Self::Content(_) => RecommenderKind::Content,
            Self::Likability(_) => RecommenderKind::Likability,
        }
    }

    /// Learns. `validate` measures a model while it is being trained, higher is better; it is
    /// called by those that stop early.
    ///
    /// # Errors
    /// Those of the recommender: no events, a setting that cannot be, too many items.
    pub fn fit(
        &self,
        fit_set: FitSet<'_>,
        validate: Option<&mut Validate<'_>>,
    ) -> Result<Fitted, ModelError> {
        let model: Box<dyn Recommender> = match self {
            Self::Popularity(config) => Box::new(PopularityModel::fit(fit_set.training, config)?),
            Self::DecayedPopularity(config) => {
                Box::new(DecayedPopularity::fit(fit_set.training, config)?)
            }
            Self::ItemKnn(config) => Box::new(ItemKnn::fit(fit_set.training, config)?),
            Self::Ease(config) => Box::new(Ease::fit(fit_set.training, config)?),
            Self::Ials(config) => Box::new(Ials::fit(fit_set.training, config, fit_set.seed)?),
            Self::Sasrec(config) => return fit_sasrec(fit_set, config, validate),
            Self::ActR(config) => Box::new(ActR::fit(fit_set.training, config)?),
            Self::Content(config) => {
                let found = 0;
                let missing = ModelError::LengthMismatch {
                    what: "item features",
                    expected: fit_set.training.items(),
                    found,
                };
                Box::new(ContentCosine::fit(
                    fit_set.training,
                    fit_set.features.ok_or(missing)?,
                    config,
                )?)
            }
            Self::Likability(config) => {
                let FitSet { training, features, seed, .. } = fit_set;
                Box::new(LikabilityRanking::fit(training, features, config, seed)?)
            }
            Self::Friends(config) => {
                Box::new(Friends::fit(fit_set.training, fit_set.friendships, config, fit_set.seed)?)
            }
        };
        Ok(Fitted { model, config: self.clone() })
    }

    /// A configuration drawn at random, for a search (Bergstra & Bengio 2012): scales are drawn on
    /// a logarithm.
    pub fn draw(kind: RecommenderKind, timing: Timing, rng: &mut impl Rng) -> Self {
        match kind {
            RecommenderKind::Popularity => Self::Popularity(PopularityConfig {
                counting: pick(rng, [Counting::Events, Counting::Listeners]),
            }),
            RecommenderKind::DecayedPopularity => {
                Self::DecayedPopularity(DecayedPopularityConfig {
                    half_life_days: scale(rng, 0.25, 365.0),
                })
            }
            RecommenderKind::ItemKnn => Self::ItemKnn(ItemKnnConfig {
                neighbours: pick(rng, [20, 50, 100, 200, 400]),
                target_exponent: rng.random_range(0.0..1.0),
                shrinkage: scale(rng, 0.1, 100.0),
                session_gap_s: None,
                training: draw_weighting(rng, timing),
                query: draw_weighting(rng, timing),
            }),
            RecommenderKind::Ease => Self::Ease(draw_ease(rng, timing)),
            RecommenderKind::Ials => Self::Ials(draw_ials(rng, timing)),
            RecommenderKind::ActR => Self::ActR(ActRConfig {
                decay: rng.random_range(0.2..2.0),
                spreading: pick(rng, [0.0, 0.1, 0.3, 1.0]),
                ..ActRConfig::default()
            }),
            RecommenderKind::Friends => Self::Friends(FriendsConfig {
                ials: draw_ials(rng, timing),
                ease: draw_ease(rng, timing),
                influence: None,
            }),
            RecommenderKind::Content => {
                Self::Content(ContentCosineConfig { query: draw_weighting(rng, timing) })
            }
            RecommenderKind::Likability => {
                let mut config = LikabilityConfig::default();
                config.network.training.epochs = pick(rng, [5, 10, 20]);
                config.rows = pick(rng, [30_000, 60_000, 120_000]);
                Self::Likability(config)
            }
            RecommenderKind::Sasrec => Self::Sasrec(SasrecConfig {
                dim: pick(rng, [32, 64, 128]),
                blocks: pick(rng, [1, 2, 3]),
                dropout: rng.random_range(0.1..0.6),
                block: pick(rng, [Block::Sasrec, Block::Ligr]),
                learning_rate: scale(rng, 3e-4, 5e-3) as f32,
                weight_decay: pick(rng, [0.0, 0.01, 0.1]),
                ..SasrecConfig::default()
            }),
        }
    }
}

/// Trains with early stopping; the configuration that comes back trains as long as was best.
fn fit_sasrec(
    fit_set: FitSet<'_>,
    config: &SasrecConfig,
    mut validate: Option<&mut Validate<'_>>,
) -> Result<Fitted, ModelError> {
    let mut best = (f64::NEG_INFINITY, config.epochs);
    let model =
        Sasrec::fit(fit_set.training, fit_set.features, config, fit_set.seed, &mut |epoch| {
            let found = validate.as_mut()?(epoch.model);
            if found > best.0 {
                best = (found, epoch.number);
            }
            Some(found)
        })?;
    let config = RecommenderConfig::Sasrec(SasrecConfig { epochs: best.1, ..config.clone() });
    Ok(Fitted { model: Box::new(model), config })
}

fn pick<T: Copy, const N: usize>(rng: &mut impl Rng, options: [T; N]) -> T {
    options[rng.random_range(0..N)]
}

/// A number between two positive ones, uniform on the logarithm.
fn scale(rng: &mut impl Rng, low: f64, high: f64) -> f64 {
    rng.random_range(low.ln()..high.ln()).exp()
}

fn draw_ease(rng: &mut impl Rng, timing: Timing) -> EaseConfig {
    EaseConfig {
        regularisation: scale(rng, 3.0, 3_000.0),
        training: draw_weighting(rng, timing),
        query: draw_weighting(rng, timing),
        ..EaseConfig::default()
    }
}

fn draw_ials(rng: &mut impl Rng, timing: Timing) -> IalsConfig {
    let weight = scale(rng, 0.001, 0.5);
    IalsConfig {
        factors: pick(rng, [32, 64, 128, 256]),
        unobserved_weight: pick(rng, [None, Some(weight)]),
        regularisation: scale(rng, 0.003, 0.1),
        training: draw_weighting(rng, timing),
        query: draw_weighting(rng, timing),
        ..IalsConfig::default()
    }
}

fn draw_weighting(rng: &mut impl Rng, timing: Timing) -> EventWeighting {
    let by_events = scale(rng, 2.0, 100.0);
    let by_days = scale(rng, 0.5, 365.0);
    let decay = match (timing, rng.random_range(0..3)) {
        (Timing::Unordered, _) | (_, 0) => Decay::None,
        (Timing::Dated, 1) => Decay::Days(by_days),
        _ => Decay::Events(by_events),
    };
    EventWeighting {
        strength: pick(rng, [Strength::Presence, Strength::Sum, Strength::Log]),
        decay,
    }
}
