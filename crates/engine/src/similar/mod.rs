//! What is like a track: by how it sounds, by who made it, and by who likes it together with
//! others.
//!
//! ```text
//! similarity(a, b) = w_s exp(-d²(a, b)) + w_a [same main artist] + w_t cosine(a, b),
//! w_s + w_a + w_t = 1
//! ```
//!
//! with `d²` the distance in the [space of sound](crate::sound) and `cosine` how far the same
//! listeners like both (`co_likes`). What is unknown of a pair counts 0. It lies between 0 and 1.
//! The [weights](Weights) predict best, of those tried, what else is in a playlist; see the
//! measurements. Where a model knows what people elsewhere play along with `a`, the larger of its
//! closeness and the cosine counts. But for that, it is symmetric.
//!
//! A track that is not by the same artist and shares no listener can only come near by sound. So
//! the nearest in sound (a kd-tree, exact), the tracks of the artist and the co-likes hold the best
//! of all. Nothing is approximated but the co-likes, of which the closest two hundred count, and of
//! what very many like a sample of the listeners.

mod co_likes;
mod path;
mod tree;

use rustc_hash::FxHashMap;
use segue_core::AudioFeature;

use crate::Index;
use crate::dataset::listener_works::ListenerWorks;
use crate::mix::reasons::shared_features;
use crate::{Catalogue, Profile, TrackIdx, WorkIdx};

use co_likes::CoLikes;
use tree::Trees;

/// How much each of three kinds of likeness counts in a similarity; together they should be 1, so
/// that similarities lie between 0 and 1. The default is the best found on playlists.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weights {
    /// Weight of nearness in sound, `exp(-d²)`, 0 to 1. It is what finds tracks that nobody has
    /// played yet.
    pub sound: f32,
    /// Weight of having the same main artist, 0 to 1: all of it or nothing.
    pub artist: f32,
    /// Weight of co-likes, the cosine over listeners who like both, 0 to 1. It adds nothing with a
    /// single listener.
    pub together: f32,
}

impl Default for Weights {
    fn default() -> Self {
        Self { sound: 0.1, artist: 0.4, together: 0.5 }
    }
}

/// A track that is like another, with the facts that make it so, for a page that wants to say why.
#[derive(Clone, Debug, PartialEq)]
pub struct Similar {
    /// The similar track: the version that stands for its work, so that no song appears twice.
    pub track: TrackIdx,
    /// How like both are, from 0 to 1, by the formula at the top of this module. It is no
    /// probability.
    pub similarity: f32,
    /// How many listeners like both, about so many where more than four thousand like the track
    /// that was asked about; 0 where the other is not among its two hundred closest.
    pub together: u32,
    /// Whether both have the same main artist, whatever the letter case; `false` where either has
    /// none.
    pub same_artist: bool,
    /// Features in which both agree, those first in which both are most unlike the average track;
    /// at most two, and none where sound is not known.
    pub shared: Vec<AudioFeature>,
}

/// What is looked up to find similar tracks. Built once for a catalogue and a community.
///
/// # Examples
/// ```
/// use segue_core::{AudioFeature, Track, TrackId, WorkId};
/// use segue_engine::Index;
/// use segue_engine::similar::SimilarIndex;
/// use segue_engine::{Catalogue, TrackIdx};
///
/// let track = |id: &str, artist: &str, energy: f32| {
///     let mut track = Track::new(TrackId::new(id), WorkId::new(id), id);
///     track.artists = vec![artist.to_owned()];
///     track.features.set(AudioFeature::Energy, energy);
///     track
/// };
/// let catalogue = Catalogue::from_tracks(vec![
///     track("a", "Ann", 0.5),
///     track("b", "Ann", 0.6),
///     track("c", "Bob", 0.1),
/// ]);
/// let index = Index::build(&catalogue, []);
/// let similar = SimilarIndex::build(&catalogue, &index, []);
///
/// let found = similar.similar(&catalogue, &index, TrackIdx(0), 5);
/// assert_eq!(found[0].track, TrackIdx(1), "the other song by the same artist");
/// assert!(found[0].same_artist && found[0].similarity <= 1.0);
/// ```
#[derive(Clone, Debug, Default)]
pub struct SimilarIndex {
    weights: Weights,
    /// The version that stands for each work.
    standing: Vec<TrackIdx>,
    trees: Trees,
    co_likes: CoLikes,
}

/// A track that others are to be like, with what is known of it from elsewhere. A [`TrackIdx`]
/// alone becomes one.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The track.
    pub track: TrackIdx,
    /// Tracks that many people elsewhere play along with it, with how closely, 0 to 1: what
    /// [`Ranker::played_along`](crate::Ranker::played_along) gives. They count like co-likes, of
    /// which one listener alone has none.
    pub elsewhere: &'a [(TrackIdx, f32)],
}

impl From<TrackIdx> for Wanted<'_> {
    fn from(track: TrackIdx) -> Self {
        Self { track, elsewhere: &[] }
    }
}

impl SimilarIndex {
    /// Builds the index from a catalogue and the profiles of all listeners known. Without profiles
    /// there are no co-likes, and sound and artist decide alone.
    pub fn build<'a>(
        catalogue: &Catalogue,
        index: &Index,
        profiles: impl IntoIterator<Item = &'a Profile>,
    ) -> Self {
        let heard: Vec<ListenerWorks> = profiles.into_iter().map(ListenerWorks::from).collect();
        Self::of_listeners(catalogue, index, &heard)
    }

    /// The same from what is kept of all listeners.
    pub fn of_listeners(catalogue: &Catalogue, index: &Index, heard: &[ListenerWorks]) -> Self {
        let works = (0..catalogue.work_count() as u32).map(WorkIdx);
        let standing: Vec<TrackIdx> = works.map(|work| catalogue.standing(work)).collect();
        let trees = Trees::build(&index.sound, &standing);
        let co_likes = CoLikes::of_listeners(catalogue.work_count(), heard);
        Self { weights: Weights::default(), standing, trees, co_likes }
    }

    /// The same index with other weights, for measuring them. Nothing has to be built again, since
    /// weights apply when tracks are looked up.
    pub fn weighted(self, weights: Weights) -> Self {
        Self { weights, ..self }
    }

    /// At most `most` tracks like a track, the most similar first, ties by row: one version of each
    /// work, and none of its own.
    pub fn similar<'a>(
        &self,
        catalogue: &Catalogue,
        index: &Index,
        wanted: impl Into<Wanted<'a>>,
        most: usize,
    ) -> Vec<Similar> {
        let wanted @ Wanted { track, .. } = wanted.into();
        let mut found = self.candidates(catalogue, index, wanted, most);
        let order = |a: &Similar, b: &Similar| {
            b.similarity.total_cmp(&a.similarity).then(a.track.cmp(&b.track))
        };
        if found.len() > most && most > 0 {
            found.select_nth_unstable_by(most - 1, order);
        }
        found.truncate(most);
        found.sort_unstable_by(order);
        for similar in &mut found {
            similar.shared = shared_features(&index.sound, track, similar.track);
        }
        found
    }

    /// Everything that may be among the most similar, in no order, one of each work, features still
    /// unnamed.
    fn candidates(
        &self,
        catalogue: &Catalogue,
        index: &Index,
        Wanted { track, elsewhere }: Wanted<'_>,
        most: usize,
    ) -> Vec<Similar> {
        let own = catalogue.work(track);
        let artist = catalogue.artist(track);
        let mut listeners: FxHashMap<WorkIdx, (f32, u32)> = FxHashMap::default();
        listeners.extend(
            (self.co_likes.of(own).into_iter())
                .map(|together| (together.work, (together.cosine, together.listeners))),
        );
        for &(other, closeness) in elsewhere {
            let (cosine, _) = listeners.entry(catalogue.work(other)).or_default();
            *cosine = cosine.max(closeness);
        }
        let similar = |candidate: TrackIdx| {
            let by_sound =
                index.sound.distance(track, candidate).map_or(0.0, |distance| (-distance).exp());
            let same_artist = artist.is_some() && artist == catalogue.artist(candidate);
            let (cosine, together) =
                listeners.get(&catalogue.work(candidate)).copied().unwrap_or((0.0, 0));
            let weights = self.weights;
            let by_artist = if same_artist { weights.artist } else { 0.0 };
            let similarity =
                (weights.sound * by_sound + by_artist + weights.together * cosine).min(1.0);
            Similar { track: candidate, similarity, together, same_artist, shared: Vec::new() }
        };
        let stands = |track: &TrackIdx| self.standing[catalogue.work(*track).0 as usize] == *track;
        let by_artist = artist.map_or(&[][..], |artist| index.tracks_by(artist));
        let is_other = |candidate: TrackIdx| catalogue.work(candidate) != own;
        let by_sound = self.trees.nearest(index.sound.place(track), most, |candidate| {
            is_other(candidate)
                && (artist.is_none() || artist != catalogue.artist(candidate))
                && !listeners.contains_key(&catalogue.work(candidate))
        });
        let by_sound = by_sound.into_iter().map(|(_, candidate)| similar(candidate));
        let by_co_likes = listeners.keys().map(|work| self.standing[work.row()]);
        let not_co_liked =
            |candidate: &TrackIdx| !listeners.contains_key(&catalogue.work(*candidate));
        let by_artist = by_artist.iter().copied().filter(stands).filter(not_co_liked);
        let others = by_co_likes.chain(by_artist).filter(|candidate| is_other(*candidate));
        by_sound.chain(others.map(similar)).collect()
    }

    /// A way from one track to another in `length` tracks, both ends included, in steps of even
    /// size in sound: no work twice and no artist twice in a row where that can be avoided. Shorter
    /// where there are not so many tracks of known sound.
    pub fn path(
        &self,
        catalogue: &Catalogue,
        index: &Index,
        ends: [TrackIdx; 2],
        length: usize,
    ) -> Vec<TrackIdx> {
        path::path(catalogue, &index.sound, &self.trees, ends, length)
    }

    /// Bytes that the co-likes take up in memory, for reports on size: about 8 for each like.
    pub fn co_likes_bytes(&self) -> usize {
        self.co_likes.bytes()
    }
}
