//! The feature spaces that relations are measured in: two learned maps of the descriptors, the
//! community's co-likes, and a sample of the catalogue as background. They are learned from some
//! listeners and are then the same for every listener who is scored with them.
//!
//! While the network is trained there is one set of feature spaces per fold, learned from the
//! listeners of the other folds. So a query is never placed in spaces that have seen its own label.

use rand::SeedableRng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use segue_engine::{ArtistIdx, TrackIdx, WorkIdx};

use super::community::{ArtistPlace, Community, LikedWorks, PLACE};
use super::describe::{COUNT, Descriptions, SOUND, TrackDescriptors, is_audible};
use super::neighbours::{Kernels, Neighbour, Neighbours};
use super::space::Space;

/// Spaces that relations are measured in: the sound alone, and all that is described.
pub(crate) const SPACES: usize = 2;
pub(crate) const INPUTS: [usize; SPACES] = [SOUND, COUNT];
/// Tracks that stand for the catalogue in density ratios.
const BACKGROUND: usize = 256;

/// Numbers that say where a track lies: a constant, its position among all that is described, the
/// place of its artist.
pub(crate) const EMBEDDING: usize = 1 + COUNT + PLACE;

/// Where a track lies in each space; the first is empty where nothing is known of the sound.
pub(crate) type Positions = [Vec<f32>; SPACES];

/// What relations are measured against.
#[derive(Clone, Debug)]
pub(crate) struct FeatureSpaces {
    pub(crate) spaces: [Space; SPACES],
    pub(crate) community: Community,
    pub(crate) background: Vec<TrackDescriptors>,
    placed_background: [Neighbours; SPACES],
}

/// A track to be related to a listener: its description, possibly with parts blanked out, and its
/// places.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) track: TrackIdx,
    pub(crate) description: TrackDescriptors,
    pub(crate) positions: Positions,
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
        let placed_background = [0, 1].map(|space| {
            let positions: Vec<Vec<f32>> =
                background.iter().map(|description| spaces[space].position(description)).collect();
            // Nobody's work is asked to be left out of the background.
            let members: Vec<Neighbour<'_>> = positions
                .iter()
                .map(|position| Neighbour { work: WorkIdx(0), weight: 1.0, position })
                .collect();
            Neighbours::new(&members)
        });
        Self { spaces, community, background, placed_background }
    }

    /// Places a track of the catalogue as it is.
    pub(crate) fn place(&self, descriptions: &Descriptions, track: TrackIdx) -> Placed {
        self.placed(self.described_like(descriptions, track, &[]))
    }

    /// Describes a track as if nothing were known of it that is not known of the others as well, so
    /// that what happens to be missing in one source does not tell its tracks from those of
    /// another. It is still to be [placed](Self::placed).
    pub(crate) fn described_like(
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
        Placed {
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
        }
    }

    /// Finds positions and densities by the description.
    pub(crate) fn placed(&self, mut track: Placed) -> Placed {
        track.positions = self.positions(&track.description);
        let mut scratch = Vec::new();
        for (space, position) in track.positions.iter().enumerate() {
            let spread = self.spaces[space].spread();
            track.density[space] =
                self.placed_background[space].log_density(position, spread, &mut scratch);
        }
        track
    }

    /// Where a description lies in both spaces.
    pub(crate) fn positions(&self, description: &TrackDescriptors) -> Positions {
        [0, 1].map(|space| self.position(space, description))
    }

    /// Where a description lies in one space; nowhere in that of sound if nothing is known of it.
    pub(crate) fn position(&self, space: usize, description: &TrackDescriptors) -> Vec<f32> {
        match space != 0 || is_audible(description) {
            true => self.spaces[space].position(description),
            false => Vec::new(),
        }
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

fn imputed(description: &[f32]) -> Vec<f32> {
    description.iter().map(|&value| if value.is_nan() { 0.0 } else { value }).collect()
}
