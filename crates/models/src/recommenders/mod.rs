//! Models that rank a whole catalogue for a history: popularity, neighbours, linear and factor
//! models, repeats, sequences.
//!
//! One file a model, named after its paper. A listener is whatever [`Query`](segue_engine::Query)
//! says of them: nobody is trained on by name, so new listeners are encoded like old ones.

pub mod act_r;
mod configured;
pub mod content_cosine;
mod counts;
pub mod ease;
pub mod event_weighting;
pub mod friends;
pub(crate) mod fusion;
pub mod ials;
mod inverse;
mod item_features;
pub mod item_knn;
pub mod likability;
pub mod popularity;
pub mod sasrec;
pub(crate) mod saved;

pub use act_r::{ActR, ActRConfig};
pub use configured::{FitSet, Fitted, RecommenderConfig, RecommenderKind, Timing, Validate};
pub use content_cosine::{ContentCosine, ContentCosineConfig};
pub use ease::{Ease, EaseConfig};
pub use event_weighting::{Bag, Decay, EventWeighting, Strength};
pub use friends::{Friends, FriendsConfig, Friendships, Influence};
pub use fusion::{Fusion, FusionWeights, Panel};
pub use ials::{FoldIn, Ials, IalsConfig};
pub use item_features::ItemFeatures;
pub use item_knn::{ItemKnn, ItemKnnConfig};
pub use likability::LikabilityRanking;
pub use popularity::{
    Counting, DecayedPopularity, DecayedPopularityConfig, PopularityConfig, PopularityModel,
};
pub use sasrec::{Sasrec, SasrecConfig};
