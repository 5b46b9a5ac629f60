//! One side of a listener's history, likes or dislikes, summed up so that a query is related to it
//! without going through all of its tracks, and so that the query's own label can be taken out
//! again.

use rustc_hash::FxHashMap;
use segue_engine::vector::dot;
use segue_engine::{ArtistIdx, WorkIdx};

use super::community::PLACE;
use super::describe::{self, Descriptions, NEWNESS, POPULARITY, REWORKED, SOUND};
use super::feature_spaces::{FeatureSpaces, Kernels, Neighbours, Placed, SPACES};
use super::labelled::LabelledTrack;
use super::space::Expectation;

/// Members of either side that distances are measured to; a longer history is thinned evenly.
/// Counts use all of it.
const MOST_MEMBERS: usize = 400;

/// What was liked, or what was disliked.
pub(super) struct Side {
    pub(super) total: f32,
    pub(super) members: Vec<Member>,
    pub(super) neighbours: [Neighbours; SPACES],
    /// Sums of weighted positions, and the weight behind them.
    pub(super) sums: [(Vec<f32>, f32); SPACES],
    /// Expected positions for the whole side and, to leave out a track of it, for the side without
    /// a weight of 1.
    pub(super) expectations: [Expectation; SPACES],
    pub(super) by_work: FxHashMap<WorkIdx, LabelledTrack>,
    pub(super) by_artist: FxHashMap<ArtistIdx, f32>,
    pub(super) by_album: FxHashMap<u32, f32>,
    pub(super) by_genre: FxHashMap<u32, f32>,
    pub(super) genre_total: f32,
    pub(super) sound: [f32; SOUND],
    pub(super) newness: (f32, f32),
    pub(super) popularity: (f32, f32),
    pub(super) reworked: f32,
    /// Places of distinct artists in the community.
    pub(super) places: Vec<(ArtistIdx, [f32; PLACE])>,
    pub(super) place_sum: [f32; PLACE],
}

/// A member that distances are measured to.
pub(super) struct Member {
    pub(super) work: WorkIdx,
    pub(super) weight: f32,
    pub(super) audible: bool,
    pub(super) newness: f32,
}

/// Distances of a query to a side, in one space.
pub(super) struct Near {
    pub(super) kernels: Kernels,
    pub(super) total: f32,
    pub(super) nearest: f32,
    pub(super) third: f32,
}

impl Side {
    pub(super) fn new(
        feature_spaces: &FeatureSpaces,
        descriptions: &Descriptions,
        labelled: &[LabelledTrack],
    ) -> Self {
        let thinned = thinned(labelled);
        let placed: Vec<Placed> = thinned
            .iter()
            .map(|labelled| feature_spaces.place(descriptions, labelled.track))
            .collect();
        let neighbours = [0, 1].map(|space| {
            let known: Vec<Vec<f32>> = placed
                .iter()
                .map(|p| p.positions[space].clone())
                .filter(|position| !position.is_empty())
                .collect();
            Neighbours::new(known.iter())
        });
        let members = thinned
            .iter()
            .zip(&placed)
            .map(|(labelled, placed)| Member {
                work: descriptions.works[labelled.track.0 as usize],
                weight: labelled.weight,
                audible: !placed.positions[0].is_empty(),
                newness: placed.description[NEWNESS],
            })
            .collect();
        let mut side = Self {
            total: labelled.iter().map(|labelled| labelled.weight).sum(),
            members,
            neighbours,
            sums: [0, 1].map(|space| (vec![0.0; feature_spaces.spaces[space].dimensions()], 0.0)),
            expectations: [0, 1].map(|space| feature_spaces.spaces[space].expectation(0.0)),
            by_work: FxHashMap::default(),
            by_artist: FxHashMap::default(),
            by_album: FxHashMap::default(),
            by_genre: FxHashMap::default(),
            genre_total: 0.0,
            sound: [0.0; SOUND],
            newness: (0.0, 0.0),
            popularity: (0.0, 0.0),
            reworked: 0.0,
            places: Vec::new(),
            place_sum: [0.0; PLACE],
        };
        for labelled in labelled {
            side.add(feature_spaces, descriptions, labelled);
        }
        for space in 0..SPACES {
            side.expectations[space] = feature_spaces.spaces[space].expectation(side.sums[space].1);
        }
        side
    }

    fn add(
        &mut self,
        feature_spaces: &FeatureSpaces,
        descriptions: &Descriptions,
        labelled: &LabelledTrack,
    ) {
        let row = labelled.track.0 as usize;
        let description = &descriptions.values[row];
        let weight = labelled.weight;
        self.by_work.insert(descriptions.works[row], *labelled);
        for (space, (sum, total)) in self.sums.iter_mut().enumerate() {
            if let Some(position) = position(feature_spaces, space, description) {
                sum.iter_mut().zip(position).for_each(|(sum, x)| *sum += weight * x);
                *total += weight;
            }
        }
        if let Some(artist) = descriptions.artists[row] {
            let artist_place = feature_spaces.community.artists.get(&artist);
            if let Some(artist_place) = artist_place {
                self.place_sum
                    .iter_mut()
                    .zip(artist_place.place)
                    .for_each(|(sum, x)| *sum += weight * x);
                if !self.by_artist.contains_key(&artist) {
                    self.places.push((artist, artist_place.place));
                }
            }
            *self.by_artist.entry(artist).or_default() += weight;
        }
        if let Some(album) = descriptions.albums[row] {
            *self.by_album.entry(album).or_default() += weight;
        }
        if let Some(genre) = descriptions.genres[row] {
            *self.by_genre.entry(genre).or_default() += weight;
            self.genre_total += weight;
        }
        for (sum, &x) in self.sound.iter_mut().zip(description).filter(|(_, x)| !x.is_nan()) {
            *sum += weight * x;
        }
        for ((sum, total), descriptor) in
            [(&mut self.newness, NEWNESS), (&mut self.popularity, POPULARITY)]
                .map(|(pair, descriptor)| ((&mut pair.0, &mut pair.1), descriptor))
        {
            if !description[descriptor].is_nan() {
                *sum += weight * description[descriptor];
                *total += weight;
            }
        }
        self.reworked += weight * description[REWORKED];
    }

    /// Log-likelihood ratio and distance in a space, without the query itself.
    pub(super) fn ratio(
        &self,
        feature_spaces: &FeatureSpaces,
        space: usize,
        query: &Placed,
        own: Option<&LabelledTrack>,
        descriptions: &Descriptions,
    ) -> (f32, f32) {
        let position_of_query = &query.positions[space];
        if position_of_query.is_empty() {
            return (f32::NAN, f32::NAN);
        }
        let (sum, total) = &self.sums[space];
        let own_position = own.and_then(|labelled| {
            Some((labelled, position(feature_spaces, space, descriptions.of(labelled.track))?))
        });
        let Some((labelled, own_position)) = own_position else {
            let mean: Vec<f32> = sum.iter().map(|sum| sum / total.max(1e-6)).collect();
            return self.expectations[space].ratio(position_of_query, &mean);
        };
        let rest = (total - labelled.weight).max(0.0);
        let mean: Vec<f32> = sum
            .iter()
            .zip(own_position)
            .map(|(sum, x)| (sum - labelled.weight * x) / rest.max(1e-3))
            .collect();
        feature_spaces.spaces[space].expectation(rest).ratio(position_of_query, &mean)
    }

    /// Kernels and nearest members in a space, without the query itself.
    pub(super) fn near(
        &self,
        feature_spaces: &FeatureSpaces,
        space: usize,
        query: &Placed,
        own: Option<WorkIdx>,
        scratch: &mut Vec<f32>,
    ) -> Near {
        self.neighbours[space].squared_distances(&query.positions[space], scratch);
        let spread = feature_spaces.spaces[space].spread();
        let mut near =
            Near { kernels: Kernels::default(), total: 0.0, nearest: f32::NAN, third: f32::NAN };
        let mut closest = [f32::INFINITY; 3];
        let members = self.members.iter().filter(|member| space != 0 || member.audible);
        for (member, &distance) in members.zip(scratch.iter()) {
            if own == Some(member.work) {
                continue;
            }
            near.kernels.add(distance, spread, member.weight);
            near.total += member.weight;
            insert(&mut closest, distance);
        }
        if near.total > 0.0 {
            near.nearest = closest[0].sqrt();
            near.third = closest
                .into_iter()
                .rfind(|distance| distance.is_finite())
                .unwrap_or(f32::NAN)
                .sqrt();
        }
        near
    }

    pub(super) fn sound_cosine(
        &self,
        query: &Placed,
        own: Option<&LabelledTrack>,
        descriptions: &Descriptions,
    ) -> f32 {
        let own = own.map(|labelled| (labelled.weight, descriptions.of(labelled.track)));
        let (mut dot, mut a2, mut b2) = (0.0, 0.0, 0.0);
        for i in 0..SOUND {
            let own =
                own.map_or(0.0, |(weight, d)| if d[i].is_nan() { 0.0 } else { weight * d[i] });
            let (centre, x) = (self.sound[i] - own, query.description[i]);
            if !x.is_nan() {
                dot += centre * x;
                a2 += centre * centre;
                b2 += x * x;
            }
        }
        if a2 > 1e-9 && b2 > 1e-9 { dot / (a2 * b2).sqrt() } else { f32::NAN }
    }

    pub(super) fn genre_ratio(&self, genre: u32, share: f32, own: f32) -> f32 {
        const PRIOR: f32 = 2.0;
        let here = (get(&self.by_genre, &genre) - own).max(0.0);
        ((here + PRIOR * share) / ((self.genre_total - own).max(0.0) + PRIOR)).ln() - share.ln()
    }

    pub(super) fn newness_from_nearest(&self, query: &Placed, own: Option<WorkIdx>) -> f32 {
        let others = self
            .members
            .iter()
            .filter(|member| own != Some(member.work) && !member.newness.is_nan());
        let distances = others.map(|member| (member.newness - query.description[NEWNESS]).abs());
        distances.fold(f32::NAN, f32::min)
    }

    /// Cosine to the mean of the artists, and to the nearest of them other than the query's own
    /// artist.
    pub(super) fn co_likes(
        &self,
        artist: Option<ArtistIdx>,
        place: &[f32; PLACE],
        own: f32,
    ) -> (f32, f32) {
        let mean: Vec<f32> =
            self.place_sum.iter().zip(place).map(|(sum, x)| sum - own * x).collect();
        let length = dot(&mean, &mean).sqrt();
        let near = if length > 1e-3 { dot(&mean, place) / length } else { f32::NAN };
        let gone = |of: ArtistIdx| Some(of) == artist && get(&self.by_artist, &of) - own <= 1e-3;
        let others = self.places.iter().filter(|(of, _)| !gone(*of));
        let nearest = others.map(|(_, other)| dot(other, place)).fold(f32::NAN, f32::max);
        (near, nearest)
    }
}

fn thinned(labelled: &[LabelledTrack]) -> Vec<LabelledTrack> {
    let kept = labelled.len().min(MOST_MEMBERS);
    (0..kept).map(|i| labelled[i * labelled.len() / kept]).collect()
}

fn position(
    feature_spaces: &FeatureSpaces,
    space: usize,
    description: &describe::TrackDescriptors,
) -> Option<Vec<f32>> {
    if space == 0 && !describe::is_audible(description) {
        return None;
    }
    let mut position = Vec::new();
    feature_spaces.spaces[space]
        .place(&description[..feature_spaces.spaces[space].inputs], &mut position);
    Some(position)
}

pub(super) fn get<K: std::hash::Hash + Eq>(sums: &FxHashMap<K, f32>, key: &K) -> f32 {
    sums.get(key).copied().unwrap_or(0.0)
}

fn insert(closest: &mut [f32; 3], distance: f32) {
    if distance < closest[2] {
        closest[2] = distance;
        closest.sort_by(f32::total_cmp);
    }
}
