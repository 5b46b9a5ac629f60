//! The models that a set may hold, each behind the one question that all are asked: how good is
//! every item for this listener?

use std::borrow::Cow;
use std::path::Path;
use std::sync::OnceLock;

use segue_engine::Recommender;
use segue_engine::candidate::Sources;
use serde::{Deserialize, Serialize};

use super::features;
use super::listener::ListenerView;
use crate::ModelError;
use crate::recommenders::fusion::standardise;
use crate::recommenders::{
    DecayedPopularity, Ease, EventWeighting, Ials, ItemKnn, PopularityModel, Sasrec,
};

/// Which model a member of a set is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemberKind {
    /// What many listeners play.
    Popularity,
    /// What many listeners play lately.
    Trending,
    /// What listeners of the same things play, by neighbours.
    ItemKnn,
    /// The same by a linear autoencoder: strong on small catalogues.
    Ease,
    /// The same by factors: for catalogues of any size.
    Ials,
    /// What follows the latest plays, by a sequence model.
    Sasrec,
    /// What is played in one sitting with the latest plays.
    Sessions,
    /// What listeners of what friends play play: for those of whom little else is known.
    Friends,
    /// What many people in the world play.
    WorldPopular,
    /// What people in the world play in one sitting with what the listener plays.
    WorldNeighbours,
    /// What people in the world play who play the same things, by factors.
    WorldIals,
}

impl MemberKind {
    /// Every kind, in the order in which a set holds its members.
    pub const ALL: [Self; 11] = [
        Self::Popularity,
        Self::Trending,
        Self::ItemKnn,
        Self::Ease,
        Self::Ials,
        Self::Sasrec,
        Self::Sessions,
        Self::Friends,
        Self::WorldPopular,
        Self::WorldNeighbours,
        Self::WorldIals,
    ];

    /// The source under which its candidates are logged and counted.
    pub fn source(self) -> Sources {
        match self {
            Self::Popularity => Sources::POPULAR,
            Self::Trending => Sources::TRENDING,
            Self::ItemKnn => Sources::ITEM_KNN,
            Self::Ease => Sources::EASE,
            Self::Ials => Sources::IALS,
            Self::Sasrec => Sources::SASREC,
            Self::Sessions => Sources::SESSIONS,
            Self::Friends => Sources::FRIENDS,
            Self::WorldPopular => Sources::WORLD_POPULAR,
            Self::WorldNeighbours => Sources::WORLD_NEIGHBOURS,
            Self::WorldIals => Sources::WORLD_IALS,
        }
    }

    /// Its name in cards and reports: that of its source.
    pub fn name(self) -> &'static str {
        self.source().names().next().expect("every member has a source with a name")
    }

    /// What of a listener it reads.
    pub(super) fn reads(self) -> Reads {
        match self {
            Self::Popularity | Self::Trending | Self::WorldPopular => Reads::Nothing,
            Self::ItemKnn | Self::Ease | Self::Ials | Self::WorldNeighbours | Self::WorldIals => {
                Reads::Works
            }
            Self::Sasrec => Reads::Recent,
            Self::Sessions => Reads::Sitting,
            Self::Friends => Reads::Friends,
        }
    }

    /// What a model of this kind says of every item of a vocabulary for a listener. One that was
    /// fitted to the first items only says the least of the others, and hears nothing of them.
    ///
    /// # Shapes
    /// `[vocabulary]`.
    pub(super) fn scores_of(
        self,
        model: &dyn Recommender,
        view: &ListenerView,
        vocabulary: usize,
    ) -> Vec<f32> {
        let mut scores = vec![0.0; vocabulary];
        let (known, others) = scores.split_at_mut(model.items());
        let events = view.events(self.reads());
        model.score(&[view.query(&events.below(model.items()))], known);
        let least = known.iter().copied().fold(f32::INFINITY, f32::min);
        others.fill(if least.is_finite() { least } else { 0.0 });
        scores
    }

    /// Whether it was fitted to people of a world: then it speaks for works that nobody here has
    /// played, too.
    pub fn is_of_world(self) -> bool {
        matches!(self, Self::WorldPopular | Self::WorldNeighbours | Self::WorldIals)
    }

    /// What it usually weighs among new tracks, where that is known beforehand: one listener's few
    /// questions say little, and a member that was fitted to thousands of people is not to be
    /// unlearned by them. Chosen on a quarter of the listeners of HetRec's Last.fm, each alone with
    /// a world of the others.
    pub(super) fn usual_weight(self) -> Option<f64> {
        match self {
            Self::WorldNeighbours => Some(0.5),
            Self::WorldIals => Some(4.0),
            _ => None,
        }
    }

    /// Whether a set has it whatever it weighs: neighbours tell why a track is suggested, and how
    /// popular a track is counts by itself where friends tell of somebody.
    pub(super) fn is_kept(self) -> bool {
        self.tells_why() || self == Self::Popularity
    }

    /// Whether its neighbours tell why something is suggested.
    pub(super) fn tells_why(self) -> bool {
        matches!(self, Self::ItemKnn | Self::WorldNeighbours)
    }

    /// Whether it speaks for a short history only: its weight halves with every so many works.
    pub(super) fn fades(self) -> bool {
        self == Self::Friends
    }
}

/// What of a listener a model reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// Nothing: the same for everybody.
    Nothing,
    /// All works that they like, one event each.
    Works,
    /// The latest plays in their order.
    Recent,
    /// The last few of them, or what a mix goes on from.
    Sitting,
    /// What their friends play, instead of what they do.
    Friends,
}

/// A fitted member.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) kind: MemberKind,
    pub(super) model: MemberModel,
    /// What a member says that reads nothing of a listener, standardised: it is worked out once for
    /// all of them.
    of_everybody: OnceLock<Vec<f32>>,
}

/// The model of a member.
#[derive(Debug)]
pub(super) enum MemberModel {
    Popularity(PopularityModel),
    Trending(DecayedPopularity),
    /// Of [`MemberKind::ItemKnn`], [`MemberKind::Sessions`] and [`MemberKind::WorldNeighbours`].
    Neighbours(ItemKnn),
    /// Of [`MemberKind::Ease`], and of [`MemberKind::Friends`] on small catalogues.
    Ease(Ease),
    /// Of [`MemberKind::Ials`] and [`MemberKind::WorldIals`], and of [`MemberKind::Friends`] on
    /// other catalogues.
    Ials(Ials),
    Sasrec(Box<Sasrec>),
}

impl Member {
    pub(super) fn new(kind: MemberKind, model: MemberModel) -> Self {
        Self { kind, model, of_everybody: OnceLock::new() }
    }

    pub(super) fn is_popularity(&self) -> bool {
        self.kind == MemberKind::Popularity
    }

    pub(super) fn recommender(&self) -> &dyn Recommender {
        match &self.model {
            MemberModel::Popularity(model) => model,
            MemberModel::Trending(model) => model,
            MemberModel::Neighbours(model) => model,
            MemberModel::Ease(model) => model,
            MemberModel::Ials(model) => model,
            MemberModel::Sasrec(model) => model.as_ref(),
        }
    }

    /// What it says of every item of a vocabulary for a listener.
    ///
    /// # Shapes
    /// `[vocabulary]`.
    pub(super) fn scores(&self, view: &ListenerView, vocabulary: usize) -> Vec<f32> {
        self.kind.scores_of(self.recommender(), view, vocabulary)
    }

    /// The same, [standardised](standardise) over the vocabulary of its set; nothing if it reads
    /// something of the listener that is not there.
    pub(super) fn standardised(
        &self,
        view: &ListenerView,
        vocabulary: usize,
    ) -> Option<Cow<'_, [f32]>> {
        let standardised = || {
            let mut scores = self.scores(view, vocabulary);
            standardise(&mut scores);
            scores
        };
        if self.kind.reads() == Reads::Nothing {
            let scores = self.of_everybody.get_or_init(standardised);
            debug_assert_eq!(scores.len(), vocabulary, "a member is of one set");
            return Some(Cow::Borrowed(scores));
        }
        if view.events(self.kind.reads()).below(self.recommender().items()).is_empty() {
            return None;
        }
        let mut scores = standardised();
        if self.kind.fades() {
            let left = features::fade(view.works())?[0] as f32;
            scores.iter_mut().for_each(|score| *score *= left);
        }
        Some(Cow::Owned(scores))
    }

    /// The same model, asked with another weighting of what the listener played.
    pub(super) fn asked_by(self, query: EventWeighting) -> Self {
        let model = match self.model {
            MemberModel::Neighbours(model) => MemberModel::Neighbours(model.asked_by(query)),
            MemberModel::Ease(model) => MemberModel::Ease(model.asked_by(query)),
            MemberModel::Ials(model) => MemberModel::Ials(model.asked_by(query)),
            other => other,
        };
        Self::new(self.kind, model)
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        match &self.model {
            MemberModel::Popularity(model) => model.to_bytes(),
            MemberModel::Trending(model) => model.to_bytes(),
            MemberModel::Neighbours(model) => model.to_bytes(),
            MemberModel::Ease(model) => model.to_bytes(),
            MemberModel::Ials(model) => model.to_bytes(),
            MemberModel::Sasrec(model) => model.to_bytes(),
        }
    }

    pub(super) fn from_bytes(kind: MemberKind, bytes: &[u8]) -> Result<Self, ModelError> {
        let model = match kind {
            MemberKind::Popularity | MemberKind::WorldPopular => {
                MemberModel::Popularity(PopularityModel::from_bytes(bytes)?)
            }
            MemberKind::Trending => MemberModel::Trending(DecayedPopularity::from_bytes(bytes)?),
            MemberKind::ItemKnn | MemberKind::Sessions | MemberKind::WorldNeighbours => {
                MemberModel::Neighbours(ItemKnn::from_bytes(bytes)?)
            }
            MemberKind::Ease => MemberModel::Ease(Ease::from_bytes(bytes)?),
            MemberKind::Ials | MemberKind::WorldIals => MemberModel::Ials(Ials::from_bytes(bytes)?),
            MemberKind::Friends => match Ease::from_bytes(bytes) {
                Ok(model) => MemberModel::Ease(model),
                Err(_) => MemberModel::Ials(Ials::from_bytes(bytes)?),
            },
            MemberKind::Sasrec => {
                MemberModel::Sasrec(Box::new(Sasrec::from_bytes(bytes, Path::new("sasrec"))?))
            }
        };
        Ok(Self::new(kind, model))
    }
}
