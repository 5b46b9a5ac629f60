//! The feature spaces that relations are measured in: two learned maps of the descriptors, the
//! community's co-likes, and a sample of the catalogue as background. They are learned from some
//! listeners and are then the same for every listener who is scored with them.
//!
//! While the network is trained there is one set of feature spaces per fold, learned from the
//! listeners of the other folds. So a query is never placed in spaces that have seen its own label.

use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use segue_engine::{ArtistIdx, TrackIdx};

use super::community::{ArtistPlace, Community, LikedWorks, PLACE};
use super::describe::{COUNT, Descriptions, SOUND, TrackDescriptors, is_audible};
use super::space::Space;

/// Spaces that relations are measured in: the sound alone, and all that is described.
pub(crate) const SPACES: usize = 2;
pub(crate) const INPUTS: [usize; SPACES] = [SOUND, COUNT];
/// Tracks that stand for the catalogue in density ratios.
const BACKGROUND: usize = 256;
/// Kernel widths, as shares of the mean squared distance between tracks of different listeners. The
/// narrow kernel is the fourth power of the wide one.
const WIDE: f32 = 0.4;
const FLOOR: f32 = 1e-4;

/// Numbers that say where a track lies: a constant, its position among all that is described, the
/// place of its artist.
pub(crate) const EMBEDDING: usize = 1 + COUNT + PLACE;

/// What relations are measured against.
#[derive(Clone, Debug)]
pub(crate) struct FeatureSpaces {
    pub(crate) spaces: [Space; SPACES],
    pub(crate) community: Community,
    pub(crate) background: Vec<TrackDescriptors>,
    placed_background: [Neighbours; SPACES],
}

/// Positions of several tracks in one space, dimension by dimension, so that distances to all of
/// them vectorise.
#[derive(Clone, Debug, Default)]
pub(crate) struct Neighbours {
    count: usize,
    by_dimension: Vec<f32>,
}

/// Sums of both kernels over the neighbours of a position.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Kernels {
    pub(crate) wide: f32,
    pub(crate) narrow: f32,
}

/// A track to be related to a listener: its description, possibly with parts blanked out, and its
/// places.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) track: TrackIdx,
    pub(crate) description: TrackDescriptors,
    /// Positions in both spaces; the first is empty where nothing is known of the sound.
    pub(crate) positions: [Vec<f32>; SPACES],
    /// Logarithm of the density of the catalogue around it.
    pub(crate) density: [Kernels; SPACES],
    pub(crate) artist_place: Option<ArtistPlace>,
    pub(crate) liked_by: f32,
    pub(crate) artist: Option<ArtistIdx>,
    pub(crate) album: Option<u32>,
    pub(crate) genre: Option<u32>,
}

impl FeatureSpaces {
    /// Learns from what listeners like: tracks, one group per listener.
    pub(crate) fn fit(descriptions: &Descriptions, likes: &[Vec<TrackIdx>], seed: u64) -> Self {
        let works: Vec<LikedWorks> = likes
            .iter()
            .map(|tracks| {
                let row = |track: &TrackIdx| track.0 as usize;
                tracks
                    .iter()
                    .map(|t| (descriptions.works[row(t)], descriptions.artists[row(t)]))
                    .collect()
            })
            .collect();
        let spaces = INPUTS.map(|inputs| {
            let groups: Vec<Vec<Vec<f32>>> = likes
                .iter()
                .map(|tracks| {
                    let described = tracks.iter().map(|&track| descriptions.of(track));
                    let known = described.filter(|description| is_audible(description));
                    known.map(|description| imputed(&description[..inputs])).collect()
                })
                .collect();
            Space::fit(inputs, &groups)
        });
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let audible: Vec<&TrackDescriptors> =
            descriptions.values.iter().filter(|d| is_audible(d)).collect();
        let background =
            audible.sample(&mut rng, BACKGROUND).map(|&&description| description).collect();
        Self::new(spaces, Community::fit(&works.iter().collect::<Vec<_>>(), seed), background)
    }

    pub(crate) fn new(
        spaces: [Space; SPACES],
        community: Community,
        background: Vec<TrackDescriptors>,
    ) -> Self {
        let placed_background = [0, 1].map(|i| {
            Neighbours::new(
                background
                    .iter()
                    .map(|description| placed(&spaces[i], description))
                    .collect::<Vec<_>>()
                    .iter(),
            )
        });
        Self { spaces, community, background, placed_background }
    }

    /// Places a track of the catalogue as it is.
    pub(crate) fn place(&self, descriptions: &Descriptions, track: TrackIdx) -> Placed {
        self.place_like(descriptions, track, &[])
    }

    /// Places a track as if nothing were known of it that is not known of the others as well, so
    /// that what happens to be missing in one source does not tell its tracks from those of
    /// another.
    pub(crate) fn place_like(
        &self,
        descriptions: &Descriptions,
        track: TrackIdx,
        others: &[TrackIdx],
    ) -> Placed {
        let mut description = *descriptions.of(track);
        for &other in others {
            for (value, theirs) in description.iter_mut().zip(descriptions.of(other)) {
                *value = if theirs.is_nan() { f32::NAN } else { *value };
            }
        }
        let known =
            |names: &[Option<u32>]| others.iter().all(|other| names[other.0 as usize].is_some());
        let row = track.0 as usize;
        let artist = descriptions.artists[row];
        let artist = artist.filter(|_| {
            others.iter().all(|other| descriptions.artists[other.0 as usize].is_some())
        });
        self.place_again(Placed {
            track,
            description,
            positions: Default::default(),
            density: Default::default(),
            artist_place: artist.and_then(|artist| self.community.artists.get(&artist)).copied(),
            liked_by: self.community.work_likes.get(&descriptions.works[row]).copied().unwrap_or(0)
                as f32,
            artist,
            album: descriptions.albums[row].filter(|_| known(&descriptions.albums)),
            genre: descriptions.genres[row].filter(|_| known(&descriptions.genres)),
        })
    }

    /// Finds positions and densities again after the description was changed.
    pub(crate) fn place_again(&self, mut track: Placed) -> Placed {
        let audible = is_audible(&track.description);
        for space in 0..SPACES {
            let known = space != 0 || audible;
            track.positions[space] =
                if known { placed(&self.spaces[space], &track.description) } else { Vec::new() };
            track.density[space] = self.density(space, &track.positions[space]);
        }
        track
    }

    fn density(&self, space: usize, position: &[f32]) -> Kernels {
        let mut distances = Vec::new();
        self.placed_background[space].squared_distances(position, &mut distances);
        let mut sum = Kernels::default();
        distances.iter().for_each(|&distance| sum.add(distance, self.spaces[space].spread(), 1.0));
        let log_mean = |sum: f32| (sum / distances.len().max(1) as f32 + FLOOR).ln();
        Kernels { wide: log_mean(sum.wide), narrow: log_mean(sum.narrow) }
    }
}

impl Placed {
    /// Where a track lies. What is unknown, and what a space has no dimension for, is 0.
    pub(crate) fn embedding(&self) -> [f32; EMBEDDING] {
        let mut embedding = [0.0; EMBEDDING];
        embedding[0] = 1.0;
        let position = &self.positions[SPACES - 1];
        embedding[1..=position.len()].copy_from_slice(position);
        if let Some(artist_place) = self.artist_place {
            embedding[1 + COUNT..].copy_from_slice(&artist_place.place);
        }
        embedding
    }
}

impl Kernels {
    /// Adds one member at a squared distance.
    pub(crate) fn add(&mut self, squared_distance: f32, spread: f32, weight: f32) {
        let wide = (-squared_distance / (WIDE * spread)).exp();
        self.wide += weight * wide;
        self.narrow += weight * (wide * wide) * (wide * wide);
    }

    /// Log-density of members of that total weight, less that of the catalogue; near 0 where there
    /// are none.
    pub(crate) fn log_ratio(self, total: f32, density: Kernels) -> Kernels {
        const PRIOR: f32 = 0.1;
        let log = |sum: f32| ((sum + PRIOR) / (total + PRIOR) + FLOOR).ln();
        Kernels { wide: log(self.wide) - density.wide, narrow: log(self.narrow) - density.narrow }
    }
}

impl Neighbours {
    pub(crate) fn new<'a>(positions: impl ExactSizeIterator<Item = &'a Vec<f32>> + Clone) -> Self {
        let dimensions = positions.clone().next().map_or(0, Vec::len);
        let by_dimension = (0..dimensions)
            .flat_map(|d| positions.clone().map(move |position| position[d]))
            .collect();
        Self { count: positions.len(), by_dimension }
    }

    /// Squared distances of a position to every member, in order; none where the position is
    /// unknown.
    pub(crate) fn squared_distances(&self, position: &[f32], out: &mut Vec<f32>) {
        out.clear();
        if position.is_empty() || self.count == 0 {
            return;
        }
        out.resize(self.count, 0.0);
        for (column, &x) in self.by_dimension.chunks_exact(self.count).zip(position) {
            for (sum, &member) in out.iter_mut().zip(column) {
                let difference = member - x;
                *sum += difference * difference;
            }
        }
    }
}

fn placed(space: &Space, description: &TrackDescriptors) -> Vec<f32> {
    let mut position = Vec::with_capacity(space.dimensions());
    space.place(&description[..space.inputs], &mut position);
    position
}

fn imputed(description: &[f32]) -> Vec<f32> {
    description.iter().map(|&value| if value.is_nan() { 0.0 } else { value }).collect()
}
