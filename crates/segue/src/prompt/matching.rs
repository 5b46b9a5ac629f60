//! Which tracks are what was said.
//!
//! Each condition looks at a track and says how far off it is: 0 where it holds, more where a soft
//! one nearly does, infinite where it does not, and nothing where it is not known. What is not
//! known fails what is wanted and passes what is not wanted.

use rustc_hash::{FxHashMap, FxHashSet};
use segue_core::{AudioFeature, SOUND_TAGS};
use segue_engine::mix::filters::Familiarity;
use segue_engine::pipeline::MixRequest;
use segue_engine::sound::estimates::has_tag;
use segue_engine::{ArtistIdx, Catalogue, TrackIdx};

use super::alike::names_in;
use super::vocabulary::{Vocabulary, parts, squeeze};
use super::{Condition, Kind, Property};
use crate::Snapshot;

/// A track may be off by so much in all, in units of [`scale`], to be near.
const NEAR: f32 = 0.2;
/// How far a track is off that is of a genre which goes with the one that was said.
const ALIKE: f32 = 0.1;
/// Of what is near, a mix may choose from so many times its length.
const NEAR_FOR_EACH: usize = 2;
/// Of what is like something, a mix chooses from so many times its length, the closest.
const CLOSE_FOR_EACH: usize = 4;
/// An artist is stood for by so many tracks, the most popular.
const TRACKS_OF_ARTIST: usize = 12;
/// To each of them so many are like.
const MOST_SIMILAR: usize = 400;
/// A note is worth it where less than this share of the tracks is known.
const KNOWN_TO_MOST: f32 = 0.95;

/// The tracks that a mix by a prompt chooses from.
pub(super) struct Matches {
    pub(super) rows: Vec<TrackIdx>,
    /// How many of them, at the end, are near only.
    pub(super) near: usize,
}

/// Conditions, prepared to look at every track.
pub(super) struct Matcher<'a> {
    snapshot: &'a Snapshot,
    prepared: Vec<Prepared<'a>>,
}

struct Prepared<'a> {
    condition: &'a Condition,
    lookup: Lookup<'a>,
    /// Of how many tracks it is known whether they have the property.
    known: usize,
}

/// What a condition needs beside the track.
enum Lookup<'a> {
    Track,
    /// How far off each genre is, and the nearest of each artist.
    Genre {
        of_genre: FxHashMap<&'a str, f32>,
        of_artist: FxHashMap<ArtistIdx, f32>,
        /// How far off the artists are by what listeners call them.
        called: FxHashMap<ArtistIdx, f32>,
        /// Genres that go with it, and which artists listeners call so.
        alike: Vec<AlikeGenre<'a>>,
        /// Tags of the network that name the genre, for tracks of which no source tells one.
        tags: Vec<&'static str>,
    },
    /// Whether listeners call artists so.
    Called(FxHashMap<ArtistIdx, bool>),
    /// What is like it, by place in the order of closeness.
    Close(FxHashMap<TrackIdx, usize>),
    /// Whether popularity tells tracks apart.
    Popularity {
        tells: bool,
    },
}

/// A genre that goes with one that was said.
struct AlikeGenre<'a> {
    name: &'a str,
    called: FxHashMap<ArtistIdx, bool>,
}

/// By what it is known that tracks have a property.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Evidence {
    /// By what sources tell of tracks, or a network hears in their files.
    pub(super) tracks: bool,
    /// By what listeners call their artists.
    pub(super) listeners: bool,
    /// Whether listeners' words were looked at, whether or not they fit anywhere.
    pub(super) looked_at_listeners: bool,
}

impl<'a> Matcher<'a> {
    pub(super) fn of(
        snapshot: &'a Snapshot,
        conditions: impl Iterator<Item = &'a Condition>,
    ) -> Self {
        let prepared = |condition| {
            let lookup = Lookup::of(snapshot, condition);
            let mut prepared = Prepared { condition, lookup, known: 0 };
            let rows = snapshot.catalogue.rows();
            prepared.known = rows.filter(|&row| prepared.off(snapshot, row).is_some()).count();
            prepared
        };
        let mut different: Vec<&Condition> = Vec::new();
        for condition in conditions {
            if !different.contains(&condition) {
                different.push(condition);
            }
        }
        Self { snapshot, prepared: different.into_iter().map(prepared).collect() }
    }

    fn usable(&self) -> impl Iterator<Item = &Prepared<'a>> {
        self.prepared.iter().filter(|prepared| prepared.known > 0)
    }

    /// Whether anything restricts the tracks.
    pub(super) fn has_any(&self) -> bool {
        self.usable().next().is_some()
    }

    /// Every track that meets all conditions.
    pub(super) fn all(&self) -> Vec<TrackIdx> {
        self.within(0.0).into_iter().map(|(_, row)| row).collect()
    }

    /// What a mix chooses from, given all that meet the conditions and may be picked.
    pub(super) fn matches(&self, all: Vec<TrackIdx>, request: &MixRequest) -> Matches {
        let length = request.length as usize;
        // Of what is closest, much may be left out yet.
        let of_all = if request.familiarity == Familiarity::Any { 1 } else { 4 };
        let mut rows = self.closest(all, of_all * CLOSE_FOR_EACH * length);
        let exact = rows.len();
        if exact < length {
            let mut near = self.within(NEAR);
            near.retain(|(off, _)| *off > 0.0);
            near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let room = NEAR_FOR_EACH * length - exact;
            rows.extend(near.into_iter().take(room).map(|(_, row)| row));
        }
        Matches { near: rows.len() - exact, rows }
    }

    /// Whether a track is of a genre that goes with one that was said, and of none that was.
    pub(super) fn is_alike(&self, row: TrackIdx) -> bool {
        let genres = || {
            let wanted = self.usable().filter(|prepared| prepared.condition.wanted);
            wanted.filter(|prepared| matches!(prepared.lookup, Lookup::Genre { .. }))
        };
        let off = genres().filter_map(|prepared| prepared.off(self.snapshot, row));
        off.min_by(f32::total_cmp) == Some(ALIKE)
    }

    /// The genres that go with those that some of the conditions want, as far as some of the rows
    /// are of them.
    pub(super) fn alike(&self, conditions: &[&Condition], rows: &[TrackIdx]) -> Vec<&'a str> {
        let wanted = self.of_part(conditions).filter(|prepared| prepared.condition.wanted);
        let of_rows =
            rows.iter().filter_map(|&row| self.snapshot.catalogue.track(row).genre.as_ref());
        let taken: FxHashSet<String> =
            of_rows.flat_map(|genre| names_in(genre)).map(str::to_lowercase).collect();
        let alike = wanted.filter_map(|prepared| match &prepared.lookup {
            Lookup::Genre { alike, .. } => Some(alike.iter()),
            _ => None,
        });
        let artists: FxHashSet<ArtistIdx> =
            rows.iter().filter_map(|&row| self.snapshot.catalogue.artist(row)).collect();
        let is_taken = |genre: &&AlikeGenre<'_>| {
            let is_called = |artist| genre.called.get(artist) == Some(&true);
            taken.contains(&genre.name.to_lowercase()) || artists.iter().any(is_called)
        };
        alike.flatten().filter(is_taken).map(|genre| genre.name).collect()
    }

    /// The tracks that are off by no more than `most` in all.
    fn within(&self, most: f32) -> Vec<(f32, TrackIdx)> {
        let rows = self.snapshot.catalogue.rows();
        rows.map(|row| (self.off(row), row)).filter(|(off, _)| *off <= most).collect()
    }

    fn off(&self, row: TrackIdx) -> f32 {
        let mut sum = 0.0;
        let mut least: [Option<f32>; 9] = [None; 9];
        for prepared in self.usable() {
            let off = prepared.off(self.snapshot, row);
            let Condition { property, wanted } = prepared.condition;
            let kind = property.kind();
            match (*wanted, off) {
                (false, Some(0.0)) => return f32::INFINITY,
                (false, _) => {}
                (true, off) if kind.is_alternative() => {
                    let least = &mut least[kind as usize];
                    let off = off.unwrap_or(f32::INFINITY);
                    *least = Some(least.unwrap_or(f32::INFINITY).min(off));
                }
                (true, off) => sum += off.unwrap_or(f32::INFINITY),
            }
        }
        sum + least.iter().flatten().sum::<f32>()
    }

    /// The tracks that are closest to what others are to be like, if anything is said of that.
    fn closest(&self, mut rows: Vec<TrackIdx>, most: usize) -> Vec<TrackIdx> {
        let orders: Vec<&FxHashMap<TrackIdx, usize>> = self
            .usable()
            .filter(|prepared| prepared.condition.wanted)
            .filter_map(|prepared| match &prepared.lookup {
                Lookup::Close(order) => Some(order),
                _ => None,
            })
            .collect();
        if orders.is_empty() {
            return rows;
        }
        let place = |row: &TrackIdx| {
            let places = orders.iter().filter_map(|order| order.get(row).copied());
            (places.min().unwrap_or(usize::MAX), *row)
        };
        rows.sort_by_key(place);
        rows.truncate(most);
        rows
    }

    /// How many tracks meet some of the conditions, taken alone.
    pub(super) fn count(&self, conditions: &[&Condition]) -> usize {
        let prepared: Vec<&Prepared<'_>> = self.of_part(conditions).collect();
        let holds = |row: &TrackIdx| {
            prepared.iter().all(|prepared| {
                (prepared.off(self.snapshot, *row) == Some(0.0)) == prepared.condition.wanted
            })
        };
        self.snapshot.catalogue.rows().filter(holds).count()
    }

    /// Why some of the conditions have no effect: nothing is known of what they speak of.
    pub(super) fn unknown(&self, conditions: &[&Condition]) -> Option<String> {
        let unknown = self.of_part(conditions).find(|prepared| prepared.known == 0)?;
        Some(match &unknown.condition.property {
            Property::Sound { feature: AudioFeature::DurationMs, .. } => {
                "no track here says how long it is".to_owned()
            }
            Property::Sound { .. } => "no track here says how it sounds".to_owned(),
            Property::Tagged { .. } => {
                "this takes files, and none was measured; `segue scan` does".to_owned()
            }
            Property::Released { .. } => "no track here says when it was released".to_owned(),
            Property::Genre { .. } => "no track here says its genre".to_owned(),
            Property::LikeArtist(_) | Property::LikeTrack(_) => {
                "nothing here tells what is like it".to_owned()
            }
            Property::Popular => "nothing here tells what many people play".to_owned(),
            Property::By(_) | Property::Version(_) => "nothing here tells".to_owned(),
        })
    }

    /// By what it is known which tracks meet a condition.
    pub(super) fn evidence(&self, condition: &Condition) -> Evidence {
        let found = self.prepared.iter().find(|prepared| prepared.condition == condition);
        found.map_or_else(Evidence::default, |prepared| match &prepared.lookup {
            Lookup::Genre { of_genre, called, tags, .. } => Evidence {
                tracks: !tags.is_empty() || of_genre.values().any(|off| *off == 0.0),
                listeners: called.values().any(|off| *off == 0.0),
                looked_at_listeners: !called.is_empty(),
            },
            Lookup::Called(called) => Evidence {
                tracks: self.snapshot.catalogue.embedding_axes().is_some(),
                listeners: called.values().any(|is| *is),
                looked_at_listeners: !called.is_empty(),
            },
            _ => Evidence::default(),
        })
    }

    fn of_part(&self, conditions: &[&Condition]) -> impl Iterator<Item = &Prepared<'a>> {
        self.prepared.iter().filter(|prepared| conditions.contains(&prepared.condition))
    }

    /// Of how many tracks it is known what was asked, where that is not nearly all: for each kind
    /// of condition the one of which least is known.
    pub(super) fn notes(&self) -> Vec<String> {
        let all = self.snapshot.catalogue.len();
        let few = |prepared: &&Prepared<'_>| (prepared.known as f32) < KNOWN_TO_MOST * all as f32;
        let mut notes: Vec<(&str, usize)> = Vec::new();
        for prepared in self.usable().filter(few) {
            let Some(what) = self.what_is_known(prepared.condition) else { continue };
            match notes.iter_mut().find(|(known, _)| *known == what) {
                Some((_, tracks)) => *tracks = prepared.known.min(*tracks),
                None => notes.push((what, prepared.known)),
            }
        }
        let said =
            notes.iter().map(|(what, tracks)| format!("{tracks} of {all} tracks here say {what}"));
        said.chain(self.estimates()).collect()
    }

    /// What tracks have to tell for a condition, in words.
    fn what_is_known(&self, condition: &Condition) -> Option<&'static str> {
        let is_called = self.evidence(condition).looked_at_listeners;
        Some(match condition.property.kind() {
            Kind::Sound => "how they sound",
            Kind::Tagged if is_called => {
                "this, by what listeners call their artist or by their files"
            }
            Kind::Tagged => "this, as far as their files were measured",
            Kind::Released => "when they were released",
            Kind::Genre if is_called => "their genre, or what listeners call their artist",
            Kind::Genre => "their genre, themselves or by their artist",
            _ => return None,
        })
    }

    /// That how tracks sound is estimated, where that was asked.
    fn estimates(&self) -> Option<String> {
        let is_by_ear = |prepared: &Prepared<'_>| {
            let by_tags =
                matches!(&prepared.lookup, Lookup::Genre { tags, .. } if !tags.is_empty());
            match &prepared.condition.property {
                Property::Sound { feature, .. } => *feature != AudioFeature::DurationMs,
                Property::Tagged { .. } => true,
                _ => by_tags,
            }
        };
        let catalogue = &self.snapshot.catalogue;
        let is_partly = |row: &TrackIdx| catalogue.filled_in(*row).next().is_some();
        let partly = catalogue.rows().filter(is_partly).count();
        let estimated =
            catalogue.rows().filter(|&row| catalogue.is_estimated(row)).count() + partly;
        (estimated > 0 && self.usable().any(is_by_ear)).then(|| {
            let in_part = match partly {
                0 => String::new(),
                all if all == estimated => ", in part".to_owned(),
                some => format!(", of {some} of them in part"),
            };
            match estimated {
                1 => format!("how 1 track sounds is estimated from its file{in_part}"),
                many => format!("how {many} tracks sound is estimated from their files{in_part}"),
            }
        })
    }
}

impl Prepared<'_> {
    /// How far a track is off; `None` where that is not known.
    fn off(&self, snapshot: &Snapshot, row: TrackIdx) -> Option<f32> {
        let catalogue = &snapshot.catalogue;
        let track = catalogue.track(row);
        let holds = match (&self.condition.property, &self.lookup) {
            (&Property::Sound { feature, least, most, is_soft }, _) => {
                let value = catalogue.feature(row, feature)?;
                let off = (least - value).max(value - most).max(0.0) / scale(feature);
                return Some(if is_soft || off == 0.0 { off } else { f32::INFINITY });
            }
            (Property::Tagged { tags }, Lookup::Called(called)) => {
                let called = catalogue.artist(row).and_then(|artist| called.get(&artist));
                match (is_tagged(catalogue, row, tags), called) {
                    (None, None) => return None,
                    (heard, called) => heard == Some(true) || called == Some(&true),
                }
            }
            (Property::Released { first, last }, _) => (*first..=*last).contains(&track.year?),
            (Property::Genre { .. }, Lookup::Genre { of_genre, of_artist, called, tags, .. }) => {
                let told = track.genre.as_deref().and_then(|genre| of_genre.get(genre));
                let by_artist = || of_artist.get(&catalogue.artist(row)?);
                let called = catalogue.artist(row).and_then(|artist| called.get(&artist));
                match told
                    .or_else(by_artist)
                    .into_iter()
                    .chain(called)
                    .min_by(|a, b| a.total_cmp(b))
                {
                    Some(off) => return Some(*off),
                    None => is_tagged(catalogue, row, tags)?,
                }
            }
            (Property::By(artist), _) => catalogue.artist(row)? == *artist,
            (Property::Version(version), _) => track.version == *version,
            (Property::Popular, Lookup::Popularity { tells }) => {
                tells.then(|| snapshot.index.popularity.is_popular(row))?
            }
            (_, Lookup::Close(order)) => (!order.is_empty()).then(|| order.contains_key(&row))?,
            _ => return None,
        };
        Some(if holds { 0.0 } else { f32::INFINITY })
    }
}

impl<'a> Lookup<'a> {
    fn of(snapshot: &'a Snapshot, condition: &Condition) -> Self {
        match &condition.property {
            Property::Genre { squeezed, .. } => genres(snapshot, squeezed, condition.wanted),
            Property::Tagged { tags } => {
                let vocabulary = Vocabulary::of(&snapshot.catalogue, &snapshot.prompt_names);
                let tags: Vec<String> = tags.iter().map(|tag| squeeze(tag)).collect();
                Self::Called(vocabulary.tags().fitting(|tag| tags.contains(&squeeze(tag))))
            }
            Property::LikeArtist(artist) => {
                let mut tracks = snapshot.index.tracks_by(*artist).to_vec();
                tracks.sort_by(|&a, &b| snapshot.index.popularity.order(a, b));
                tracks.truncate(TRACKS_OF_ARTIST);
                Self::Close(close_to(snapshot, &tracks))
            }
            Property::LikeTrack(track) => Self::Close(close_to(snapshot, &[*track])),
            Property::Popular => {
                let mut values =
                    snapshot.catalogue.rows().map(|row| snapshot.index.popularity.value(row));
                let first = values.next();
                Self::Popularity { tells: values.any(|value| Some(value) != first) }
            }
            _ => Self::Track,
        }
    }
}

/// Tracks that are like any of some, the closest first, and those themselves before them.
fn close_to(snapshot: &Snapshot, tracks: &[TrackIdx]) -> FxHashMap<TrackIdx, usize> {
    let mut best: FxHashMap<TrackIdx, f32> = FxHashMap::default();
    for &track in tracks {
        best.insert(track, f32::INFINITY);
        for similar in snapshot.similar(track, MOST_SIMILAR) {
            let closeness = best.entry(similar.track).or_insert(0.0);
            *closeness = closeness.max(similar.similarity);
        }
    }
    let mut order: Vec<(TrackIdx, f32)> =
        best.into_iter().filter(|(_, close)| *close > 0.0).collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    order.into_iter().enumerate().map(|(place, (row, _))| (row, place)).collect()
}

/// Which genres have the words, or go with those that have. A track without a genre is of those of
/// its artist's other tracks.
fn genres<'a>(snapshot: &'a Snapshot, squeezed: &str, is_wanted: bool) -> Lookup<'a> {
    let catalogue = &*snapshot.catalogue;
    let vocabulary = Vocabulary::of(catalogue, &snapshot.prompt_names);
    // What is not wanted is that alone.
    let alike = if is_wanted { vocabulary.alike(squeezed) } else { Vec::new() };
    let mut of_genre: FxHashMap<&str, f32> = FxHashMap::default();
    let mut of_artist: FxHashMap<ArtistIdx, f32> = FxHashMap::default();
    for row in catalogue.rows() {
        let Some(genre) = catalogue.track(row).genre.as_deref() else { continue };
        let off = *of_genre.entry(genre).or_insert_with(|| off_genre(genre, squeezed, &alike));
        if let Some(artist) = catalogue.artist(row) {
            let least = of_artist.entry(artist).or_insert(f32::INFINITY);
            *least = least.min(off);
        }
    }
    let tags = SOUND_TAGS.into_iter().filter(|tag| parts(tag).contains(squeezed)).collect();
    let has_words = vocabulary.tags().fitting(|tag| parts(tag).contains(squeezed));
    let alike = alike.into_iter().map(|name| AlikeGenre {
        name,
        called: {
            let squeezed = squeeze(name);
            vocabulary.tags().fitting(|tag| squeeze(tag) == squeezed)
        },
    });
    let alike: Vec<AlikeGenre<'_>> = alike.collect();
    let off_artist = |(artist, has_words): (ArtistIdx, bool)| {
        let is_alike = || alike.iter().any(|genre| genre.called.get(&artist) == Some(&true));
        let off = match has_words {
            true => 0.0,
            false if is_alike() => ALIKE,
            false => f32::INFINITY,
        };
        (artist, off)
    };
    let called = has_words.into_iter().map(off_artist).collect();
    Lookup::Genre { of_genre, of_artist, called, alike, tags }
}

/// How far a genre is off from one that has the words.
fn off_genre(genre: &str, squeezed: &str, alike: &[&str]) -> f32 {
    let is_alike = |name: &str| {
        let name = name.to_lowercase();
        alike.iter().any(|alike| alike.to_lowercase() == name)
    };
    match parts(genre).contains(squeezed) {
        true => 0.0,
        false if names_in(genre).any(is_alike) => ALIKE,
        false => f32::INFINITY,
    }
}

/// Whether any of some tags fits the file of a track; `None` where none was measured, or of no
/// tags.
fn is_tagged(catalogue: &Catalogue, row: TrackIdx, tags: &[&str]) -> Option<bool> {
    let analysis = catalogue.analysis(row)?;
    let fit = tags.iter().map(|tag| has_tag(analysis, tag)).collect::<Option<Vec<bool>>>()?;
    (!fit.is_empty()).then(|| fit.contains(&true))
}

/// How much of a feature is as far as the whole way from 0 to 1 of others.
fn scale(feature: AudioFeature) -> f32 {
    match feature {
        AudioFeature::Tempo => 60.0,
        AudioFeature::Loudness => 15.0,
        AudioFeature::DurationMs => 180_000.0,
        _ => 1.0,
    }
}
