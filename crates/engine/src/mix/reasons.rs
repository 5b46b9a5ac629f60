//! Why a track is in a mix: facts that the listener can check, and nothing that is not so.
//!
//! What the listener knows is explained by what they did with it; what is new by, in this order, its artist, a like that it
//! closely resembles, its genre, being a step outside, being popular, and last the model's word.

use rustc_hash::FxHashMap;
use segue_core::{AudioFeature, Difference, Direction, Reason, Timestamp};

use super::ranking::Scored;
use crate::retrieval::Index;
use crate::sound::{AXES, Position};
use crate::{ArtistIdx, Catalogue, Interaction, Profile, Stance, TrackIdx};

/// At most this many likes are compared with, those that weigh most: everything resembles one of a thousand songs, and a
/// resemblance to one that the listener hardly remembers explains nothing.
const MOST_ANCHORS: usize = 200;
/// Squared distance to the nearest like up to which a track closely resembles it. Two tracks at random are 2 apart.
const CLOSE: f32 = 0.35;
/// Squared distance from every like beyond which a track is a step outside.
const FAR: f32 = 0.8;
/// Two standardised values agree within this.
const AGREES: f32 = 0.5;
/// So many features are named.
const NAMED: usize = 2;
const FEWEST_FINISHED_OF_FAVOURITE: u32 = 3;
const FEWEST_FINISHED_OF_ARTIST: u32 = 2;
const FEWEST_LIKED_OF_GENRE: u32 = 3;
const LEAST_SHARE_OF_GENRE: f32 = 0.1;
const FEWEST_DAYS_AWAY: u32 = 30;
const SECONDS_PER_DAY: i64 = 86_400;

/// A listener's likes, summed up for explaining.
#[derive(Debug)]
pub struct Taste<'a> {
    catalogue: &'a Catalogue,
    index: &'a Index,
    profile: &'a Profile,
    now: Timestamp,
    anchors: Vec<TrackIdx>,
    finished_by_artist: FxHashMap<ArtistIdx, u32>,
    liked_by_artist: FxHashMap<ArtistIdx, u32>,
    liked_by_genre: FxHashMap<&'a str, u32>,
    liked: u32,
    /// Mean and standard deviation of the likes on every axis of sound.
    sound: Vec<(f32, f32)>,
}

impl<'a> Taste<'a> {
    /// Sums up a listener's likes as of `now`.
    pub fn from_profile(
        catalogue: &'a Catalogue,
        index: &'a Index,
        profile: &'a Profile,
        now: Timestamp,
    ) -> Self {
        let mut taste = Self {
            catalogue,
            index,
            profile,
            now,
            anchors: Vec::new(),
            finished_by_artist: FxHashMap::default(),
            liked_by_artist: FxHashMap::default(),
            liked_by_genre: FxHashMap::default(),
            liked: 0,
            sound: Vec::new(),
        };
        profile.interactions.iter().for_each(|interaction| taste.add(interaction));
        taste.anchors = anchors(profile);
        taste.sound = (0..AXES.len()).map(|axis| taste.moments(axis)).collect();
        taste
    }

    fn add(&mut self, interaction: &Interaction) {
        let catalogue = self.catalogue;
        let artist = catalogue.artist(interaction.track);
        if let Some(artist) = artist.filter(|_| interaction.finished > 0) {
            *self.finished_by_artist.entry(artist).or_default() += interaction.finished;
        }
        if interaction.label.is_some_and(|label| label.liked) {
            self.liked += 1;
            if let Some(artist) = artist {
                *self.liked_by_artist.entry(artist).or_default() += 1;
            }
            if let Some(genre) = &catalogue.track(interaction.track).genre {
                *self.liked_by_genre.entry(genre).or_default() += 1;
            }
        }
    }

    fn moments(&self, axis: usize) -> (f32, f32) {
        let values = || {
            let values = self.anchors.iter().map(|&anchor| self.index.sound.position(anchor)[axis]);
            values.filter(|value| !value.is_nan())
        };
        let count = values().count().max(1) as f32;
        let mean = values().sum::<f32>() / count;
        (mean, (values().map(|value| (value - mean).powi(2)).sum::<f32>() / count).sqrt())
    }

    /// Why a track was picked.
    pub fn reason(&self, scored: &Scored) -> Reason {
        let interaction = self.profile.interaction(self.catalogue.work(scored.track));
        match interaction.filter(|interaction| interaction.is_known()) {
            Some(interaction) => self.reason_for_known(interaction),
            None => self.reason_for_new(scored.track),
        }
    }

    fn reason_for_known(&self, interaction: &Interaction) -> Reason {
        let is_liked = interaction.label.is_some_and(|label| label.liked);
        let days = interaction.last_played.map_or(0, |at| days_between(at, self.now));
        if is_liked && interaction.plays > 0 && days >= FEWEST_DAYS_AWAY {
            Reason::BackAfter { days }
        } else if interaction.stance == Stance::Like {
            Reason::Liked
        } else if interaction.finished >= FEWEST_FINISHED_OF_FAVOURITE {
            Reason::Favourite { finished: interaction.finished }
        } else if interaction.saved {
            Reason::Saved
        } else {
            Reason::Heard { plays: interaction.plays }
        }
    }

    fn reason_for_new(&self, track: TrackIdx) -> Reason {
        let nearest = self.nearest_anchor(track);
        let within = |limit: f32| nearest.filter(|(distance, _)| *distance <= limit);
        self.by_artist(track)
            .or_else(|| within(CLOSE).and_then(|(_, anchor)| self.sounds_like(track, anchor)))
            .or_else(|| self.by_genre(track))
            .or_else(|| {
                nearest.filter(|(distance, _)| *distance > FAR).and_then(|_| self.step_outside(track))
            })
            .or_else(|| self.index.popularity.is_popular(track).then_some(Reason::Popular))
            .or_else(|| within(FAR).and_then(|(_, anchor)| self.sounds_like(track, anchor)))
            .unwrap_or(Reason::Predicted)
    }

    fn by_artist(&self, track: TrackIdx) -> Option<Reason> {
        let idx = self.catalogue.artist(track)?;
        let artist = self.catalogue.artist_name(idx).to_owned();
        let finished = self.finished_by_artist.get(&idx).copied().unwrap_or(0);
        if finished >= FEWEST_FINISHED_OF_ARTIST {
            return Some(Reason::Artist { artist, finished });
        }
        let liked = self.liked_by_artist.get(&idx).copied()?;
        Some(Reason::ArtistLiked { artist, liked })
    }

    fn by_genre(&self, track: TrackIdx) -> Option<Reason> {
        let genre = self.catalogue.track(track).genre.as_ref()?;
        let liked = self.liked_by_genre.get(genre.as_str()).copied().unwrap_or(0);
        let is_liked =
            liked >= FEWEST_LIKED_OF_GENRE && liked as f32 >= LEAST_SHARE_OF_GENRE * self.liked as f32;
        is_liked.then(|| Reason::Genre { genre: genre.clone() })
    }

    fn nearest_anchor(&self, track: TrackIdx) -> Option<(f32, TrackIdx)> {
        let sound = &self.index.sound;
        let distances =
            self.anchors.iter().filter_map(|&anchor| Some((sound.distance(track, anchor)?, anchor)));
        distances.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
    }

    /// Names the features in which both agree, those first in which both are unlike the average track.
    fn sounds_like(&self, track: TrackIdx, anchor: TrackIdx) -> Option<Reason> {
        let (a, b) = (self.index.sound.position(track), self.index.sound.position(anchor));
        let features = most_telling(|axis| {
            let difference = (a[axis] - b[axis]).abs();
            (difference <= AGREES).then(|| distinction(axis, (a[axis] + b[axis]) / 2.0) - difference)
        });
        let row = self.catalogue.track(anchor);
        // tables of audio features may leave out the title, the artist or both
        let anchor = match (row.artist(), row.title.as_str()) {
            (Some(artist), "") => format!("a song by {artist} that you like"),
            (Some(artist), title) => format!("{artist} – {title}"),
            (None, "") => "a song that you like".to_owned(),
            (None, title) => title.to_owned(),
        };
        (!features.is_empty()).then_some(Reason::SoundsLike { anchor, features })
    }

    /// Names the features in which the track is more than one standard deviation away from the likes.
    fn step_outside(&self, track: TrackIdx) -> Option<Reason> {
        let position: &Position = self.index.sound.position(track);
        let away = |axis: usize| {
            let (mean, deviation) = self.sound[axis];
            // Likes that all sound the same would make every difference look large.
            (position[axis] - mean) / deviation.max(0.5)
        };
        let features = most_telling(|axis| Some(away(axis).abs()).filter(|away| *away > 1.0));
        let differences: Vec<Difference> = features
            .into_iter()
            .map(|feature| {
                let axis = AXES.iter().position(|&axis| axis == feature).expect("named from the axes");
                let direction = if away(axis) > 0.0 { Direction::More } else { Direction::Less };
                Difference { feature, direction }
            })
            .collect();
        (!differences.is_empty()).then_some(Reason::StepOutside { differences })
    }
}

/// How much a standardised value sets a track apart. Having no spoken words, no instrumental passages or no audience does
/// not: most tracks have none.
fn distinction(axis: usize, value: f32) -> f32 {
    match AXES[axis] {
        AudioFeature::Speechiness | AudioFeature::Instrumentalness | AudioFeature::Liveness => value,
        _ => value.abs(),
    }
}

/// The features for which `telling` says most, most first, ties by axis.
fn most_telling(telling: impl Fn(usize) -> Option<f32>) -> Vec<AudioFeature> {
    let mut axes: Vec<(f32, usize)> =
        (0..AXES.len()).filter_map(|axis| Some((telling(axis)?, axis))).collect();
    axes.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    axes.into_iter().take(NAMED).map(|(_, axis)| AXES[axis]).collect()
}

/// Likes to compare with: those that weigh most, then those finished most often, ties by row.
fn anchors(profile: &Profile) -> Vec<TrackIdx> {
    let weight =
        |interaction: &Interaction| interaction.label.filter(|label| label.liked).map(|label| label.weight);
    let mut liked: Vec<(f32, &Interaction)> = profile
        .interactions
        .iter()
        .filter_map(|interaction| Some((weight(interaction)?, interaction)))
        .collect();
    liked.sort_by(|a, b| {
        b.0.total_cmp(&a.0).then(b.1.finished.cmp(&a.1.finished)).then(a.1.track.cmp(&b.1.track))
    });
    liked.into_iter().take(MOST_ANCHORS).map(|(_, interaction)| interaction.track).collect()
}

fn days_between(earlier: Timestamp, later: Timestamp) -> u32 {
    let seconds = later.as_second().saturating_sub(earlier.as_second());
    u32::try_from(seconds / SECONDS_PER_DAY).unwrap_or(0)
}
