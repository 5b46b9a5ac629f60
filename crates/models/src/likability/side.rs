//! One side of a listener's history, likes or dislikes, summed up so that a query is related to it
//! without going through all of its tracks, and so that the query's own label can be taken out
//! again.

use std::borrow::Cow;

use rustc_hash::FxHashMap;
use segue_engine::vector::dot;
use segue_engine::{ArtistIdx, TrackIdx, WorkIdx};

use super::community::PLACE;
use super::describe::{Descriptions, NEWNESS, POPULARITY, REWORKED, SOUND};
use super::feature_spaces::{FeatureSpaces, Placed, Positions, SPACES};
use super::labelled::LabelledTrack;
use super::neighbours::{Near, Neighbour, Neighbours, dots};
use super::space::Expectation;

/// Members of either side that distances are measured to; a longer history is thinned evenly.
/// Counts use all of it.
const MOST_MEMBERS: usize = 400;

/// What was liked, or what was disliked.
#[derive(Default)]
pub(super) struct Side {
    pub(super) total: f32,
    /// Some of its tracks in each space: what distances are measured to.
    neighbours: [Neighbours; SPACES],
    /// How new those are, of which that is known.
    members_newness: Vec<(WorkIdx, f32)>,
    /// Sums of weighted positions, and the weight behind them.
    sums: [(Vec<f32>, f32); SPACES],
    means: [Vec<f32>; SPACES],
    /// Expected positions for the whole side; empty until all of it was added.
    expectations: Vec<Expectation>,
    pub(super) by_work: FxHashMap<WorkIdx, LabelledTrack>,
    pub(super) by_artist: FxHashMap<ArtistIdx, f32>,
    pub(super) by_album: FxHashMap<u32, f32>,
    by_genre: FxHashMap<u32, f32>,
    genre_total: f32,
    sound: [f32; SOUND],
    pub(super) newness: (f32, f32),
    pub(super) popularity: (f32, f32),
    pub(super) reworked: f32,
    /// Distinct artists with a place in the community.
    artists: Vec<ArtistIdx>,
    /// Where those stand, `[PLACE, artists]`.
    places: Vec<f32>,
    place_sum: [f32; PLACE],
}

impl Side {
    /// Sums up some of a listener's labelled tracks; `positions` says where a track lies.
    pub(super) fn new<'p>(
        feature_spaces: &FeatureSpaces,
        descriptions: &Descriptions,
        labelled: &[LabelledTrack],
        positions: impl Fn(TrackIdx) -> Cow<'p, Positions>,
    ) -> Self {
        let mut side = Self {
            total: labelled.iter().map(|labelled| labelled.weight).sum(),
            sums: [0, 1].map(|space| (vec![0.0; feature_spaces.spaces[space].dimensions()], 0.0)),
            ..Self::default()
        };
        let positions: Vec<Cow<'p, Positions>> =
            labelled.iter().map(|labelled| positions(labelled.track)).collect();
        for (labelled, positions) in labelled.iter().zip(&positions) {
            side.add(feature_spaces, descriptions, labelled, positions);
        }
        for (space, (sum, total)) in side.sums.iter().enumerate() {
            side.means[space] = sum.iter().map(|sum| sum / total.max(1e-6)).collect();
            side.expectations.push(feature_spaces.spaces[space].expectation(*total));
        }
        side.choose_members(descriptions, labelled, &positions);
        side.place_artists(feature_spaces);
        side
    }

    /// Takes an even sample of the tracks for distances.
    fn choose_members(
        &mut self,
        descriptions: &Descriptions,
        labelled: &[LabelledTrack],
        positions: &[Cow<'_, Positions>],
    ) {
        let kept = labelled.len().min(MOST_MEMBERS);
        let chosen = || (0..kept).map(|i| i * labelled.len() / kept);
        self.neighbours = [0, 1].map(|space| {
            let known = chosen().filter(|&i| !positions[i][space].is_empty());
            let member = |i: usize| Neighbour {
                work: descriptions.works[labelled[i].track.0 as usize],
                weight: labelled[i].weight,
                position: &positions[i][space],
            };
            Neighbours::new(&known.map(member).collect::<Vec<_>>())
        });
        let newness = chosen().map(|i| {
            let row = labelled[i].track.0 as usize;
            (descriptions.works[row], descriptions.values[row][NEWNESS])
        });
        self.members_newness = newness.filter(|(_, newness)| !newness.is_nan()).collect();
    }

    fn place_artists(&mut self, feature_spaces: &FeatureSpaces) {
        let place = |artist| &feature_spaces.community.artists[artist].place;
        let places: Vec<&[f32; PLACE]> = self.artists.iter().map(place).collect();
        self.places = (0..PLACE).flat_map(|d| places.iter().map(move |place| place[d])).collect();
    }

    fn add(
        &mut self,
        feature_spaces: &FeatureSpaces,
        descriptions: &Descriptions,
        labelled: &LabelledTrack,
        positions: &Positions,
    ) {
        let row = labelled.track.0 as usize;
        let description = &descriptions.values[row];
        let weight = labelled.weight;
        self.by_work.insert(descriptions.works[row], *labelled);
        for ((sum, total), position) in self.sums.iter_mut().zip(positions) {
            if !position.is_empty() {
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
                    self.artists.push(artist);
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
        let position = &query.positions[space];
        if position.is_empty() {
            return (f32::NAN, f32::NAN);
        }
        let (sum, total) = &self.sums[space];
        let own = own.map(|labelled| {
            (labelled, feature_spaces.position(space, descriptions.of(labelled.track)))
        });
        let Some((labelled, own)) = own.filter(|(_, own)| !own.is_empty()) else {
            return self.expectations[space].ratio(position, &self.means[space]);
        };
        let rest = (total - labelled.weight).max(0.0);
        let mean: Vec<f32> = sum
            .iter()
            .zip(own)
            .map(|(sum, x)| (sum - labelled.weight * x) / rest.max(1e-3))
            .collect();
        feature_spaces.spaces[space].expectation(rest).ratio(position, &mean)
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
        let spread = feature_spaces.spaces[space].spread();
        self.neighbours[space].near(&query.positions[space], own, spread, scratch)
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
        let others = self.members_newness.iter().filter(|(work, _)| own != Some(*work));
        let distances = others.map(|(_, newness)| (newness - query.description[NEWNESS]).abs());
        distances.fold(f32::NAN, f32::min)
    }

    /// Cosine to the mean of the artists, and to the nearest of them other than the query's own
    /// artist.
    pub(super) fn co_likes(
        &self,
        artist: Option<ArtistIdx>,
        place: &[f32; PLACE],
        own: f32,
        scratch: &mut Vec<f32>,
    ) -> (f32, f32) {
        let mean: [f32; PLACE] = std::array::from_fn(|i| self.place_sum[i] - own * place[i]);
        let length = dot(&mean, &mean).sqrt();
        let near = if length > 1e-3 { dot(&mean, place) / length } else { f32::NAN };
        if self.artists.is_empty() {
            return (near, f32::NAN);
        }
        scratch.clear();
        scratch.resize(self.artists.len(), 0.0);
        dots(&self.places, place, scratch);
        let gone = artist.filter(|artist| get(&self.by_artist, artist) - own <= 1e-3);
        let others = scratch.iter().zip(&self.artists).filter(|(_, of)| Some(**of) != gone);
        (near, others.map(|(cosine, _)| *cosine).fold(f32::NAN, f32::max))
    }
}

pub(super) fn get<K: std::hash::Hash + Eq>(sums: &FxHashMap<K, f32>, key: &K) -> f32 {
    sums.get(key).copied().unwrap_or(0.0)
}
