//! Likes as points, and how far apart they are.
//!
//! `d² = mean over axes of (a - b)² + ARTIST [artists differ] + GENRE [genres differ]`: in sound,
//! two tracks at random are 2 apart. An axis that is not known of a track counts as the listener's
//! mean. What is not known of artist or genre adds nothing: a constant for everybody would drown
//! what does tell tastes apart.

use rustc_hash::FxHashMap;

use crate::sound::{AXES, Position, SoundSpace};
use crate::{ArtistIdx, Catalogue, Profile, TrackIdx, WorkIdx};

/// What another artist adds to the squared distance.
const ARTIST: f32 = 0.2;
/// What another genre adds. Chosen among .4, .8, 1.2 and 1.6 on half of the subgenres of a table of
/// playlists (docs/measurements.md): sound alone tells few genres apart.
const GENRE: f32 = 1.2;
/// With fewer axes a position says too little.
const FEWEST_AXES: usize = 3;

/// Something that the listener likes.
#[derive(Clone, Debug)]
pub(super) struct Like {
    pub(super) track: TrackIdx,
    pub(super) work: WorkIdx,
    /// Where it lies, without gaps; `None` if the sound is not known.
    pub(super) position: Option<Position>,
    pub(super) artist: Option<ArtistIdx>,
    /// A number for the genre, whatever its letter case.
    pub(super) genre: Option<u32>,
    /// How much it says.
    pub(super) weight: f32,
}

/// The likes of a listener, in the order of works.
pub(super) fn likes(catalogue: &Catalogue, sound: &SoundSpace, profile: &Profile) -> Vec<Like> {
    let mut genres: FxHashMap<String, u32> = FxHashMap::default();
    let mut likes = Vec::new();
    let liked = || profile.labelled().filter(|(_, label)| label.liked);
    let is_told = sound.is_mostly_told(liked().map(|(track, _)| track));
    for (track, label) in liked() {
        let position = sound.position(track);
        let is_compared = sound.place(track).told.is_some() == is_told;
        let axes = position.iter().filter(|value| is_compared && !value.is_nan()).count();
        let genre = catalogue.track(track).genre.as_ref().map(|genre| {
            let next = genres.len() as u32;
            *genres.entry(genre.to_lowercase()).or_insert(next)
        });
        likes.push(Like {
            track,
            work: catalogue.work(track),
            position: (axes >= FEWEST_AXES).then_some(*position),
            artist: catalogue.artist(track),
            genre,
            weight: label.weight,
        });
    }
    fill_gaps(&mut likes);
    likes
}

fn fill_gaps(likes: &mut [Like]) {
    for axis in 0..AXES.len() {
        let known = || {
            likes.iter().filter_map(|like| like.position.map(|p| p[axis])).filter(|x| !x.is_nan())
        };
        let mean = known().sum::<f32>() / known().count().max(1) as f32;
        let positions = likes.iter_mut().filter_map(|like| like.position.as_mut());
        positions.filter(|p| p[axis].is_nan()).for_each(|p| p[axis] = mean);
    }
}

/// Squared distance of two likes whose sound is known.
pub(super) fn squared_distance(a: &Like, b: &Like) -> f32 {
    let sound = match (&a.position, &b.position) {
        (Some(a), Some(b)) => squared(a, b),
        _ => 2.0,
    };
    sound + ARTIST * difference(a.artist, b.artist) + GENRE * difference(a.genre, b.genre)
}

fn squared(a: &Position, b: &Position) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f32>() / AXES.len() as f32
}

fn difference<T: PartialEq>(a: Option<T>, b: Option<T>) -> f32 {
    match (a, b) {
        (Some(a), Some(b)) => f32::from(u8::from(a != b)),
        _ => 0.0,
    }
}

/// The weighted mean of some likes. An artist is a direction of its own (`e_a / √2`), so that the
/// mean of several is their shares, and likewise a genre.
#[derive(Clone, Debug)]
pub(super) struct Centre {
    position: Position,
    artists: Shares<ArtistIdx>,
    genres: Shares<u32>,
    weight: f32,
}

#[derive(Clone, Debug)]
struct Shares<K> {
    shares: FxHashMap<K, f32>,
    /// `Σ share²`.
    norm: f32,
}

impl<K: Copy + Ord + std::hash::Hash> Shares<K> {
    fn new(weighted: impl Iterator<Item = (K, f32)>) -> Self {
        let mut shares: FxHashMap<K, f32> = FxHashMap::default();
        let mut total = 0.0;
        for (key, weight) in weighted {
            *shares.entry(key).or_default() += weight;
            total += weight;
        }
        shares.values_mut().for_each(|share| *share /= total);
        // in one order, so that rounding is the same whatever the table's
        let mut squares: Vec<f32> = shares.values().map(|share| share * share).collect();
        squares.sort_by(f32::total_cmp);
        Self { shares, norm: squares.iter().sum() }
    }

    fn of(&self, key: Option<K>) -> f32 {
        key.and_then(|key| self.shares.get(&key)).copied().unwrap_or(0.0)
    }

    /// `½ |e_key - shares|²`: for two keys 1 where they differ.
    fn difference(&self, key: Option<K>) -> f32 {
        if key.is_some() { 0.5 * (1.0 - 2.0 * self.of(key) + self.norm) } else { 0.0 }
    }
}

impl Centre {
    /// The centres of `count` clusters, numbered as in `clusters`.
    pub(super) fn of_clusters(likes: &[&Like], clusters: &[usize], count: usize) -> Vec<Self> {
        let members = |cluster: usize| {
            likes
                .iter()
                .zip(clusters)
                .filter(move |(_, own)| **own == cluster)
                .map(|(like, _)| *like)
        };
        (0..count).map(|cluster| Self::of(|| members(cluster))).collect()
    }

    fn of<'a, I: Iterator<Item = &'a Like>>(members: impl Fn() -> I) -> Self {
        let weight: f32 = members().map(|like| like.weight).sum();
        let mut position = [0.0; AXES.len()];
        let known = || members().filter_map(|like| Some((like.position?, like.weight)));
        let total: f32 = known().map(|(_, weight)| weight).sum();
        for (own, weight) in known() {
            position.iter_mut().zip(own).for_each(|(sum, value)| *sum += value * weight / total);
        }
        Self {
            position,
            artists: Shares::new(members().filter_map(|like| Some((like.artist?, like.weight)))),
            genres: Shares::new(members().filter_map(|like| Some((like.genre?, like.weight)))),
            weight,
        }
    }

    fn squared_distance(&self, like: &Like) -> f32 {
        let sound =
            like.position.as_ref().map_or(0.0, |position| squared(position, &self.position));
        sound
            + ARTIST * self.artists.difference(like.artist)
            + GENRE * self.genres.difference(like.genre)
    }
}

/// The centre that a like is nearest to, the first of equals; one that has no likes is nobody's.
pub(super) fn nearest(like: &Like, centres: &[Centre]) -> Option<usize> {
    let distance = |&cluster: &usize| centres[cluster].squared_distance(like);
    let filled = (0..centres.len()).filter(|&cluster| centres[cluster].weight > 0.0);
    filled.min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

/// The centre with the largest share of a like's artist or, if none has any, of its genre.
pub(super) fn most_of_its_kind(like: &Like, centres: &[Centre]) -> Option<usize> {
    let most = |share: &dyn Fn(&Centre) -> f32| {
        let shares = centres.iter().map(|centre| share(centre) * centre.weight).enumerate();
        shares
            .filter(|(_, share)| *share > 0.0)
            .rev()
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(i, _)| i)
    };
    most(&|centre| centre.artists.of(like.artist))
        .or_else(|| most(&|centre| centre.genres.of(like.genre)))
}
