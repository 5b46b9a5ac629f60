//! All that can be said of a listener and one track: what the model expects, why, and what is on record.

use segue_core::{AudioFeature, Reason};

use crate::mix::filters::FilterStep;
use crate::mix::reasons::Likes;
use crate::pipeline::MixRequest;
use crate::retrieval::Index;
use crate::{Catalogue, Interaction, Likability, Profile, Scorer, TrackIdx};

/// A liked track that sounds like the one explained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NearLike {
    /// The liked track.
    pub track: TrackIdx,
    /// Mean squared difference in the [space of sound](crate::sound): about 2 for two tracks at random.
    pub distance: f32,
}

/// How a feature of a track stands to what the listener likes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FeatureMatch {
    /// The feature.
    pub feature: AudioFeature,
    /// Standard deviations of the track from the mean of the likes: within half of one it agrees.
    pub away: f32,
}

/// What the listener did with an artist, over all works.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ArtistRecord {
    /// Works that the listener knows.
    pub known: u32,
    /// Works that count as liked.
    pub liked: u32,
    /// Plays.
    pub plays: u32,
    /// Plays to the end.
    pub finished: u32,
    /// Plays that were skipped.
    pub skipped: u32,
    /// Whether the artist is banned.
    pub is_banned: bool,
}

/// What can be said of a listener and a track.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// What the model expects, and how far it trusts itself.
    pub likability: Likability,
    /// Whether the listener does not know the work.
    pub is_new: bool,
    /// Why it would be in a mix.
    pub reason: Reason,
    /// Liked tracks nearest in sound, the nearest first.
    pub near: Vec<NearLike>,
    /// Features known for the track and the likes, those first that say most.
    pub features: Vec<FeatureMatch>,
    /// What is on record about the work.
    pub work: Option<Interaction>,
    /// What is on record about the artist.
    pub artist: ArtistRecord,
    /// The filter that would leave it out of a mix as requested, if any.
    pub left_out: Option<FilterStep>,
}

/// Explains a track to a listener. `likes` are those of the profile, `request` the mix that filters are taken from.
pub fn explain(
    catalogue: &Catalogue,
    index: &Index,
    (profile, likes): (&Profile, &Likes),
    scorer: &dyn Scorer,
    (track, request): (TrackIdx, &MixRequest),
) -> Explanation {
    let _ = (catalogue, index, profile, likes, scorer, track, request);
    todo!()
}
