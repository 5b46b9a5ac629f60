//! Likability across listeners: the probability that *this* listener likes *this* track, from the
//! track itself and its relation to what the listener liked and disliked before.
//!
//! One network (TabM over numeric embeddings) is shared by all listeners and reads no listener id:
//! all it knows of a listener are relations (`relation`) to a history of any size, learned in
//! episodes (`episode`). So a new listener is served at once, without training, from a handful of
//! likes; one with none gets the prior that the network learned from empty histories. A network per
//! listener was rejected: sixty likes do not train one, and every newcomer would wait.
//!
//! ```text
//! profiles ─► training listeners ─► folds ─► feature spaces of the other folds ─► episodes
//!          ─► network ─► calibration on held-out labels
//! ```
//!
//! With at least [`FEWEST_NEWCOMER_LISTENERS`] listeners whole listeners are held out; in a smaller
//! library, a fifth of everyone's labels at a time.

mod card;
mod community;
mod config;
mod describe;
mod episode;
mod feature_spaces;
mod fit;
mod labelled;
mod layer;
mod measure;
mod neighbours;
mod online;
mod persist;
mod relation;
mod scorer;
mod side;
mod space;
#[cfg(test)]
mod testing;

pub use card::{DataSummary, FitReport, LikabilityCard};
pub use config::LikabilityConfig;
pub use fit::{FEWEST_NEWCOMER_LISTENERS, Stage};
pub use measure::Reliability;
pub use online::OnlineScorer;
pub use scorer::LikabilityScorer;

use segue_core::WorkId;

use crate::tabular::Tabm;
use community::ArtistPlace;
use describe::{Scale, TrackDescriptors};
use feature_spaces::SPACES;
use layer::Layer;
use space::Space;

/// A fitted model, free of any catalogue: artists and works go by their names.
///
/// # Examples
/// ```
/// use std::sync::Arc;
///
/// use segue_core::{AudioFeature, Feedback, FeedbackKind, FeedbackTarget, ListenerId, Source};
/// use segue_core::{Track, TrackId, WorkId};
/// use segue_engine::{Catalogue, Profile, Scorer};
/// use segue_models::{LikabilityConfig, LikabilityModel};
///
/// // Forty tracks, every second one energetic. Ann likes these and rejects the others.
/// let track = |i: usize| {
///     let id = format!("t{i:02}");
///     let mut track =
///         Track::new(TrackId::new(id.as_str()), WorkId::new(id.as_str()), id.as_str());
///     track.features.set(AudioFeature::Energy, if i % 2 == 0 { 0.9 } else { 0.1 });
///     track
/// };
/// let catalogue = Arc::new(Catalogue::from_tracks((0..40).map(track).collect()));
/// let feedback: Vec<Feedback> = (0..30)
///     .map(|i| Feedback {
///         listener: ListenerId::new("ann"),
///         target: FeedbackTarget::Track(TrackId::new(format!("t{i:02}"))),
///         kind: if i % 2 == 0 { FeedbackKind::Like } else { FeedbackKind::Dislike },
///         at: None,
///         source: Source::Segue,
///     })
///     .collect();
/// let ann = Profile::fold(&catalogue, ListenerId::new("ann"), [], &feedback);
///
/// // A network that is smaller than the default, to be quick.
/// let mut config =
///     LikabilityConfig { rows: 500, most_episodes: 4, ..LikabilityConfig::default() };
/// config.network.architecture.members = 2;
/// config.network.architecture.hidden = vec![8];
/// config.network.training.epochs = 3;
/// let (model, report) = LikabilityModel::fit(&catalogue, &[ann.clone()], config, 1, &mut |_| {})?;
/// assert!(report.rows > 0);
///
/// let scorer = model.scorer(&catalogue).online();
/// let tracks: Vec<_> = catalogue.rows().skip(30).collect();
/// let scores = scorer.score(&ann, &tracks);
/// assert!(scores.iter().all(|score| (0.0..=1.0).contains(&score.mean)));
/// # Ok::<(), segue_models::ModelError>(())
/// ```
#[derive(Clone, Debug)]
pub struct LikabilityModel {
    card: LikabilityCard,
    version: String,
    scale: Scale,
    spaces: [Space; SPACES],
    background: Vec<TrackDescriptors>,
    community: NamedCommunity,
    /// Indices of the columns that the network reads.
    columns: Vec<usize>,
    network: Tabm,
    layer: Layer,
}

/// A community whose works and artists go by their names, ordered by name.
#[derive(Clone, Debug, Default, PartialEq)]
struct NamedCommunity {
    listeners: u32,
    works: Vec<(WorkId, u32)>,
    artists: Vec<(String, ArtistPlace)>,
}

impl LikabilityModel {
    /// Identifies the learned content: equal models have equal versions.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// What it was learned from and how well.
    pub fn card(&self) -> &LikabilityCard {
        &self.card
    }
}
