//! Which model knows best what comes next? The full catalogue is ranked, on splits in time.
//!
//! ```text
//! events ─► NextTrackProtocol ─► cut ─► fit, choose on validation ─► rank all ─► Report
//! ```
//!
//! Every model learns from the same events, is chosen on validation, and is tested once on what
//! came after; nothing is sampled ([`segue_engine::full_ranking`] says why). [`run`] does it all.

mod benchmark;
mod data;
mod export;
mod memory;
mod page;
mod protocol;
mod report;
mod search;

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Result, bail};
use segue_models::recommenders::{RecommenderConfig, RecommenderKind, Timing};

use self::benchmark::Benchmark;
use crate::progress::Progress;
use crate::report::Report;

pub use data::{GivenSplit, NextTrackData};
pub use page::write_page;
pub use protocol::{FEW_CUTS, FEW_LISTENERS, NextTrackProtocol, ProtocolOptions};
pub use report::{ModelResult, NextTrackResult};

/// A benchmark of recommenders on a table of events: how it is cut, which models are fitted with
/// which settings, and how often. The options of `segue evaluate next-track` become this.
#[derive(Clone, Debug)]
pub struct NextTrackOptions {
    /// How the data are cut, and what is asked.
    pub protocol: ProtocolOptions,
    /// Models to measure; the first one is what the others are compared with.
    pub models: Vec<RankedModel>,
    /// The settings of each recommender among them: see [`RankedModel::configs`].
    pub configs: Vec<RecommenderConfig>,
    /// Draw settings of each model and take the best on validation.
    pub search: Option<SearchOptions>,
    /// Before the test, learn once more from training and validation, with what validation chose.
    pub refit: bool,
    /// Seed of everything random.
    pub seed: u64,
    /// Fit and test with this many seeds, the given one and those after it.
    pub seeds: u64,
    /// Write the split into this folder, so that other programs can be measured on it.
    pub export: Option<PathBuf>,
}

/// How much is searched, and where trials are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchOptions {
    /// Settings tried of each model; the settings as they are count as the first.
    pub trials: usize,
    /// Folder of the logs of trials. A search that was cut off goes on from there.
    pub folder: PathBuf,
}

/// A recommender, or the fusion of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RankedModel {
    /// One of those in [`segue_models::recommenders`].
    One(RecommenderKind),
    /// The weighted sum of all others that are measured, weights learned on validation.
    Fusion,
}

impl RankedModel {
    /// Its name on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::One(kind) => kind.name(),
            Self::Fusion => "fusion",
        }
    }

    /// The recommenders among `models` with their default settings, changed by `settings` such as
    /// `ease.regularisation=50`.
    ///
    /// # Errors
    /// If a setting names no model that is measured or no setting that it has, or if there are
    /// fewer than two models to fuse.
    pub fn configs(models: &[Self], settings: &[String]) -> Result<Vec<RecommenderConfig>> {
        let kinds = models.iter().filter_map(|name| match name {
            Self::One(kind) => Some(*kind),
            Self::Fusion => None,
        });
        let mut configs: Vec<_> = kinds.map(RecommenderConfig::new).collect();
        for setting in settings {
            let Some((model, rest)) = setting.split_once('.') else {
                bail!("`--set {setting}` names no model, expected MODEL.SETTING=VALUE");
            };
            let Some(config) = configs.iter_mut().find(|config| config.kind().name() == model)
            else {
                bail!("`--set {setting}` is about `{model}`, which `--model` does not name");
            };
            *config = config
                .with(rest)
                .map_err(|problem| anyhow::anyhow!("`--set {setting}`: {problem}"))?;
        }
        if configs.len() < 2 && models.contains(&Self::Fusion) {
            bail!("`fusion` joins the other models of `--model`: name two at least");
        }
        Ok(configs)
    }
}

impl FromStr for RankedModel {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        if name == "fusion" {
            return Ok(Self::Fusion);
        }
        RecommenderKind::from_str(name).map(Self::One).map_err(|error| format!("{error}, fusion"))
    }
}

/// Cuts, fits, tests and summarises.
///
/// ```
/// use segue_engine::dataset::interactions::{InteractionsBuilder, KCore};
/// use segue_lab::events::EventColumns;
/// use segue_lab::next_track::{
///     NextTrackData, NextTrackOptions, NextTrackProtocol, ProtocolOptions, RankedModel, run,
/// };
/// use segue_lab::progress::Silent;
///
/// let mut builder = InteractionsBuilder::default();
/// for listener in 0..20 {
///     for item in 0..4 {
///         let (listener, item) = (format!("l{listener}"), format!("i{}", (listener + item) % 9));
///         builder.push(&listener, &item, None, None)?;
///     }
/// }
/// let models: Vec<RankedModel> = vec!["popularity".parse()?];
/// let options = NextTrackOptions {
///     protocol: ProtocolOptions::new(NextTrackProtocol::LeaveOneOut),
///     configs: RankedModel::configs(&models, &[])?,
///     models,
///     search: None,
///     refit: false,
///     seed: 1,
///     seeds: 1,
///     export: None,
/// };
/// let data = NextTrackData {
///     name: "made up".to_owned(),
///     interactions: builder.build(KCore::default())?,
///     trained: None,
///     friends: None,
///     features: None,
///     columns: EventColumns::default(),
/// };
/// let report = run(&options, data, &Silent)?;
/// assert_eq!(report.data.models[0].model, "popularity");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the data are too few for the protocol, a file of friends or features cannot be read, or no
/// model can be fitted.
pub fn run(
    options: &NextTrackOptions,
    mut data: NextTrackData,
    progress: &dyn Progress,
) -> Result<Report<NextTrackResult>> {
    data.interactions = options.protocol.arrange(data.interactions, options.seed);
    let interactions = &data.interactions;
    let friends = data.load_friends(interactions)?;
    let trained = data.trained.as_deref();
    let cuts = options.protocol.cut(interactions, trained, &friends, options.seed)?;
    if let Some(folder) = &options.export {
        export::export(folder, interactions, &cuts)?;
    }
    let timing = match options.protocol.protocol {
        _ if interactions.is_dated() => Timing::Dated,
        NextTrackProtocol::LeaveOneOut | NextTrackProtocol::Temporal => Timing::Ordered,
        NextTrackProtocol::Holdout
        | NextTrackProtocol::NewListener
        | NextTrackProtocol::NewItem
        | NextTrackProtocol::Given => Timing::Unordered,
    };
    let features = data.load_features(interactions)?;
    let features = features.as_ref();
    let (cuts, friends) = (&cuts, &friends);
    let benchmark = Benchmark { options, interactions, cuts, friends, features, timing, progress };
    let configs = match &options.search {
        Some(SearchOptions { trials, folder }) => {
            search::search(&benchmark, options.configs.clone(), *trials, folder)?
        }
        None => options.configs.clone(),
    };
    let entries = benchmark.run(&configs);
    for error in entries.iter().filter_map(|entry| entry.error.as_ref()) {
        progress.say(&format!("left out: {error}"));
    }
    let measured: Vec<_> = entries.into_iter().filter(|entry| entry.error.is_none()).collect();
    if measured.is_empty() {
        bail!("no model could be fitted");
    }
    let found = NextTrackResult::new(data.name.clone(), &benchmark, measured);
    Ok(Report { text: found.text(), data: found })
}
