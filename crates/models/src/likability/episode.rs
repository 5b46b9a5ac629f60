//! Episodes: what the network is trained on. An episode hides some labelled works of one listener,
//! shows some of the others as the history, and asks for the hidden ones: learning to learn from
//! few likes (Vinyals 2016), because that is what a new listener will ask for.
//!
//! PreparedHistory sizes run from nothing to all that is not hidden. Where a listener has fewer
//! dislikes than likes, as many *contrasts* are added as are missing: tracks without the listener's
//! feedback, half from other listeners of the same fold (what people like) and half from tracks
//! that nobody of the training set likes. A contrast is not a dislike: it never enters a history.
//! Contrasts and the like beside them are blanked alike (see `FeatureSpaces::described_like`), or
//! the network would learn which source a track came from.

use std::borrow::Cow;
use std::collections::BTreeSet;

use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use segue_engine::{TrackIdx, WorkIdx};

use super::describe::{Descriptions, NEWNESS, POPULARITY, SOUND};
use super::feature_spaces::{FeatureSpaces, Placed};
use super::labelled::LabelledTrack;
use super::relation::PreparedHistory;

/// Sizes of histories, drawn uniformly; `None` stands for all that is not hidden.
const HISTORY_SIZES: [Option<usize>; 9] =
    [Some(0), Some(1), Some(2), Some(5), Some(10), Some(20), Some(50), None, None];
/// Sizes for a library with so few listeners that nobody will come new to it: mostly all there is.
const SETTLED_SIZES: [Option<usize>; 8] =
    [Some(0), Some(5), Some(20), Some(50), None, None, None, None];
/// Labelled works asked for in an episode, at most.
const MOST_QUERIES: usize = 30;
/// Share of queries that lose their sound, and of those that lose age and popularity (DropoutNet,
/// Volkovs 2017).
const BLANKED: f64 = 0.05;

/// What a network is trained or measured on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    /// `COLUMNS` numbers a row.
    pub(crate) columns: Vec<f32>,
    pub(crate) liked: Vec<bool>,
    pub(crate) weights: Vec<f32>,
    /// Size of the history behind each row.
    pub(crate) history: Vec<u32>,
    /// Which listener each row is about.
    pub(crate) listeners: Vec<u32>,
    /// Whether the label was given, not drawn as a contrast.
    pub(crate) is_feedback: Vec<bool>,
    /// Whether a row is the first of those asked after one and the same history.
    pub(crate) first: Vec<bool>,
    /// Where the track of each row lies, [`EMBEDDING`](super::feature_spaces::EMBEDDING) numbers a
    /// row.
    pub(crate) embeddings: Vec<f32>,
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.liked.len()
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.columns.append(&mut other.columns);
        self.liked.append(&mut other.liked);
        self.weights.append(&mut other.weights);
        self.history.append(&mut other.history);
        self.listeners.append(&mut other.listeners);
        self.is_feedback.append(&mut other.is_feedback);
        self.first.append(&mut other.first);
        self.embeddings.append(&mut other.embeddings);
    }
}

/// One listener as the training sees them.
#[derive(Clone, Debug)]
pub(crate) struct TrainingListener {
    /// Which listener.
    pub(crate) index: u32,
    /// Labelled works that histories and queries are drawn from.
    pub(crate) labelled: Vec<LabelledTrack>,
    /// Works that may not serve as contrast: everything with feedback by the listener or a play.
    pub(crate) known: BTreeSet<WorkIdx>,
}

/// Where contrasts come from.
pub(crate) struct Contrasts {
    /// What other listeners of the fold like, each track with its listener.
    pub(crate) liked: Vec<(u32, TrackIdx)>,
    /// Tracks that nobody likes.
    pub(crate) unclaimed: Vec<TrackIdx>,
}

/// Draws episodes of listeners who share feature spaces and contrasts.
pub(crate) struct Episodes<'a> {
    pub(crate) feature_spaces: &'a FeatureSpaces,
    pub(crate) descriptions: &'a Descriptions,
    pub(crate) contrasts: &'a Contrasts,
    /// Whether the library has a community that new listeners come from.
    pub(crate) sizes: HistorySizes,
    pub(crate) seed: u64,
}

/// Which histories are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HistorySizes {
    /// For listeners yet to come.
    Newcomers,
    /// For listeners who are there already.
    Settled,
}

impl Episodes<'_> {
    /// Draws `count` episodes of each listener; a listener's episodes depend on nothing but the
    /// seed and the listener.
    pub(crate) fn draw(&self, listeners: &[TrainingListener], count: usize) -> Rows {
        let jobs: Vec<(&TrainingListener, usize)> =
            listeners.iter().flat_map(|listener| (0..count).map(move |i| (listener, i))).collect();
        let drawn: Vec<Rows> =
            jobs.par_iter().map(|&(listener, i)| self.episode(listener, i)).collect();
        let mut rows = Rows::default();
        drawn.into_iter().for_each(|episode| rows.append(episode));
        rows
    }

    fn episode(&self, listener: &TrainingListener, number: usize) -> Rows {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream((u64::from(listener.index) << 20) | number as u64);
        let mut labelled = listener.labelled.clone();
        labelled.shuffle(&mut rng);
        let sizes: &[Option<usize>] = match self.sizes {
            HistorySizes::Newcomers => &HISTORY_SIZES,
            HistorySizes::Settled => &SETTLED_SIZES,
        };
        let size = sizes.choose(&mut rng).copied().flatten();
        let all_but_hidden =
            labelled.len() - labelled.len().div_ceil(5).min(MOST_QUERIES).min(labelled.len());
        let history = size.unwrap_or(all_but_hidden).min(all_but_hidden);
        let (history, hidden) = labelled.split_at(history);
        self.ask(listener, history, &hidden[..hidden.len().min(MOST_QUERIES)], &mut rng)
    }

    /// Asks for given works after a given history, contrasts added.
    pub(crate) fn ask(
        &self,
        listener: &TrainingListener,
        history: &[LabelledTrack],
        hidden: &[LabelledTrack],
        rng: &mut ChaCha8Rng,
    ) -> Rows {
        let mut queries: Vec<(Placed, LabelledTrack, bool)> = Vec::new();
        let likes = hidden.iter().filter(|labelled| labelled.liked).count();
        let mut wanted = likes.saturating_sub(hidden.len() - likes);
        for labelled in hidden {
            let contrast =
                if labelled.liked && wanted > 0 { self.contrast(listener, rng) } else { None };
            let Some(contrast) = contrast else {
                queries.push((
                    self.feature_spaces.described_like(self.descriptions, labelled.track, &[]),
                    *labelled,
                    true,
                ));
                continue;
            };
            wanted -= 1;
            let pair = [labelled.track, contrast];
            let other = LabelledTrack { track: contrast, liked: false, weight: labelled.weight };
            queries.push((
                self.feature_spaces.described_like(self.descriptions, labelled.track, &pair),
                *labelled,
                true,
            ));
            queries.push((
                self.feature_spaces.described_like(self.descriptions, contrast, &pair),
                other,
                false,
            ));
        }
        let positions =
            |track| Cow::Owned(self.feature_spaces.positions(self.descriptions.of(track)));
        let history_of_listener =
            PreparedHistory::new(self.feature_spaces, self.descriptions, history, positions);
        let mut scratch = Vec::new();
        let mut rows = Rows::default();
        for (placed, labelled, given) in queries {
            let placed = self.blanked(placed, rng);
            rows.columns.extend(history_of_listener.relate(&placed, &mut scratch));
            rows.liked.push(labelled.liked);
            rows.weights.push(labelled.weight);
            rows.history.push(history.len() as u32);
            rows.listeners.push(listener.index);
            rows.is_feedback.push(given);
            rows.first.push(rows.first.is_empty());
            rows.embeddings.extend(placed.embedding());
        }
        rows
    }

    fn contrast(&self, listener: &TrainingListener, rng: &mut ChaCha8Rng) -> Option<TrackIdx> {
        const ATTEMPTS: usize = 20;
        let Contrasts { liked, unclaimed } = self.contrasts;
        for _ in 0..ATTEMPTS {
            let from_listeners = unclaimed.is_empty() || rng.random_bool(0.5);
            let drawn = if from_listeners {
                liked
                    .choose(rng)
                    .filter(|(other, _)| *other != listener.index)
                    .map(|&(_, track)| track)
            } else {
                unclaimed.choose(rng).copied()
            };
            let fresh = |track: &TrackIdx| {
                !listener.known.contains(&self.descriptions.works[track.0 as usize])
            };
            if let Some(track) = drawn.filter(fresh) {
                return Some(track);
            }
        }
        None
    }

    /// Places a query, now and then as if something were not known of it.
    fn blanked(&self, mut placed: Placed, rng: &mut ChaCha8Rng) -> Placed {
        if rng.random_bool(BLANKED) {
            placed.description[..SOUND].fill(f32::NAN);
        }
        if rng.random_bool(BLANKED) {
            placed.description[NEWNESS] = f32::NAN;
            placed.description[POPULARITY] = f32::NAN;
        }
        self.feature_spaces.placed(placed)
    }
}
