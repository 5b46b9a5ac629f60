//! Puts the picks of a mix into playing order, so that each track follows well from the one before.
//!
//! A permutation and nothing else: what the policy picked stays, or the logged propensities would
//! be of another slate. The cost of a transition adds up differences in energy, mood, tempo (on a
//! logarithmic scale on which 70 and 140 bpm are the same beat) and key (on the circle of fifths, a
//! minor key standing at its relative major, which is what DJs call harmonic mixing). Two tracks by
//! one artist in a row cost more than any sound can. What services tell and what is estimated from
//! a file are not compared: between a track of the one kind and one of the other every difference
//! counts as an average one, so that both kinds are in order among themselves and the order changes
//! over between them seldom. The order is built by nearest neighbour and improved by 2-opt and
//! or-opt moves until none helps; the opening track stays.

use rustc_hash::FxHashMap;
use segue_core::{AudioFeature, AudioFeatures};

use crate::ArtistIdx;

const ENERGY: f32 = 1.0;
const VALENCE: f32 = 0.5;
const TEMPO: f32 = 1.0;
const KEY: f32 = 0.5;
const MODE: f32 = 0.1;
/// Assumed for a difference, of 1, that is not known.
const UNKNOWN: f32 = 0.3;
/// More than any move can gain otherwise: one changes three transitions, of at most 3.1 each.
const SAME_ARTIST: f32 = 100.0;
const MOST_PASSES: usize = 100;
const LONGEST_SEGMENT: usize = 3;

/// A track to be put into playing order, as far as the order depends on it.
#[derive(Clone, Copy, Debug)]
pub struct ArrangedTrack<'a> {
    /// How the track sounds; a feature that is missing counts as an average difference to any other
    /// track.
    pub features: &'a AudioFeatures,
    /// Whether they are estimates by what was measured in its file: they are compared with those of
    /// other tracks of which that is so, or else not so, and with no others.
    pub is_estimated: bool,
    /// Its main artist, whose tracks are kept apart; `None` where no artist is known.
    pub artist: Option<ArtistIdx>,
}

/// Positions of `tracks` in playing order, each once. `openers` gives the same positions in the
/// order in which they would best open the mix; the first that lets songs by one artist stay apart,
/// as far as that is possible, opens it.
///
/// # Examples
/// ```
/// use segue_core::{AudioFeature, AudioFeatures};
/// use segue_engine::mix::arrange::{ArrangedTrack, arrange};
///
/// let energies = [0.1, 0.9, 0.2].map(|energy| {
///     let mut features = AudioFeatures::MISSING;
///     features.set(AudioFeature::Energy, energy);
///     features
/// });
/// let track = |features| ArrangedTrack { features, is_estimated: false, artist: None };
/// let tracks: Vec<_> = energies.iter().map(track).collect();
/// assert_eq!(arrange(&tracks, &[0, 1, 2]), [0, 2, 1], "energy rises step by step");
/// ```
pub fn arrange(tracks: &[ArrangedTrack<'_>], openers: &[usize]) -> Vec<usize> {
    let costs = Costs::of(tracks);
    let mut order = nearest_neighbours(tracks, &costs, openers);
    for _ in 0..MOST_PASSES {
        let reversed = reverse_segments(&costs, &mut order);
        if !(move_segments(&costs, &mut order) || reversed) {
            break;
        }
    }
    order
}

/// What every transition between two tracks costs, `[from, to]`.
struct Costs {
    all: Vec<f32>,
    tracks: usize,
}

impl Costs {
    fn of(tracks: &[ArrangedTrack<'_>]) -> Self {
        let from = |from| tracks.iter().map(move |to| transition_cost(from, to));
        Self { all: tracks.iter().flat_map(from).collect(), tracks: tracks.len() }
    }

    /// From one track to each.
    fn from(&self, track: usize) -> &[f32] {
        &self.all[track * self.tracks..][..self.tracks]
    }

    fn between(&self, from: usize, to: usize) -> f32 {
        self.all[from * self.tracks + to]
    }
}

/// How badly one track follows another, the same both ways: 0 for tracks that sound the same, up to
/// 3.1 by sound, and 100 more for two by one artist.
pub fn transition_cost(from: &ArrangedTrack<'_>, to: &ArrangedTrack<'_>) -> f32 {
    let compare = from.is_estimated == to.is_estimated;
    let both = |feature| {
        let pair = Some((from.features.get(feature)?, to.features.get(feature)?));
        pair.filter(|_| compare)
    };
    let difference = |feature| both(feature).map_or(UNKNOWN, |(a, b): (f32, f32)| (a - b).abs());
    let tempo = both(AudioFeature::Tempo).map_or(UNKNOWN, |(a, b)| {
        let octaves = (a / b).log2().abs().fract();
        2.0 * octaves.min(1.0 - octaves)
    });
    let key = match (fifths(from.features), fifths(to.features)) {
        (Some(a), Some(b)) if compare => {
            let steps = (a - b).rem_euclid(12);
            steps.min(12 - steps) as f32 / 6.0
        }
        _ => UNKNOWN,
    };
    let is_same_artist = from.artist.is_some() && from.artist == to.artist;
    ENERGY * difference(AudioFeature::Energy)
        + VALENCE * difference(AudioFeature::Valence)
        + TEMPO * tempo
        + KEY * key
        + MODE * difference(AudioFeature::Mode)
        + if is_same_artist { SAME_ARTIST } else { 0.0 }
}

/// Position on the circle of fifths, 0 to 11; a minor key shares that of its relative major, three
/// semitones up.
fn fifths(features: &AudioFeatures) -> Option<i32> {
    let key = features.get(AudioFeature::Key)? as i32;
    let is_minor = features.get(AudioFeature::Mode) == Some(0.0);
    Some((key + if is_minor { 3 } else { 0 }) * 7 % 12)
}

fn nearest_neighbours(
    tracks: &[ArrangedTrack<'_>],
    costs: &Costs,
    openers: &[usize],
) -> Vec<usize> {
    let mut spacing = Spacing::new(tracks);
    let mut left: Vec<usize> = openers.to_vec();
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let repeats: Vec<usize> =
            left.iter().map(|&track| spacing.repeats_after(tracks[track].artist)).collect();
        let fewest = repeats.iter().copied().min().expect("something is left");
        let fitting = (0..left.len()).filter(|&i| repeats[i] == fewest);
        let next = match order.last() {
            None => fitting.min().expect("something is left"),
            Some(&last) => {
                let costs = costs.from(last);
                let order = |&a: &usize, &b: &usize| costs[left[a]].total_cmp(&costs[left[b]]);
                fitting.min_by(order).expect("something is left")
            }
        };
        let next = left.remove(next);
        spacing.place(tracks[next].artist);
        order.push(next);
    }
    order
}

/// Knows how often two songs by one artist in a row cannot be avoided.
struct Spacing {
    counts: FxHashMap<ArtistIdx, usize>,
    left: usize,
    last: Option<ArtistIdx>,
    /// The artists with most songs left, the most first.
    top: [Option<(ArtistIdx, usize)>; 2],
}

impl Spacing {
    fn new(tracks: &[ArrangedTrack<'_>]) -> Self {
        let mut counts = FxHashMap::default();
        tracks
            .iter()
            .filter_map(|track| track.artist)
            .for_each(|artist| *counts.entry(artist).or_default() += 1);
        let mut spacing = Self { counts, left: tracks.len(), last: None, top: [None; 2] };
        spacing.find_top();
        spacing
    }

    /// The fewest repeats, counted from the song before it, if `next` is played now. With `r` songs
    /// left after it, `c` of one artist need `c - 1` others between them, `c` others if the artist
    /// was just played; so `2c - r - 1` or `2c - r` repeats cannot be avoided, and only the artist
    /// with most songs can force any.
    fn repeats_after(&self, next: Option<ArtistIdx>) -> usize {
        let left = self.left - 1;
        let now = usize::from(next.is_some() && next == self.last);
        let other = self.top.iter().flatten().find(|(artist, _)| Some(*artist) != next);
        let by_other = other.map_or(0, |(_, count)| (2 * count).saturating_sub(left + 1));
        let by_same =
            next.map_or(0, |artist| (2 * (self.counts[&artist] - 1)).saturating_sub(left));
        now + by_other.max(by_same)
    }

    fn place(&mut self, artist: Option<ArtistIdx>) {
        self.left -= 1;
        self.last = artist;
        if let Some(count) = artist.and_then(|artist| self.counts.get_mut(&artist)) {
            *count -= 1;
        }
        self.find_top();
    }

    fn find_top(&mut self) {
        let mut counts: Vec<(ArtistIdx, usize)> =
            self.counts.iter().map(|(&a, &c)| (a, c)).collect();
        counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        self.top = [counts.first().copied(), counts.get(1).copied()];
    }
}

/// One pass of 2-opt: turns a stretch around where that shortens the way. Says whether anything
/// did.
fn reverse_segments(costs: &Costs, order: &mut [usize]) -> bool {
    let mut improved = false;
    for i in 1..order.len() {
        let from_before = costs.from(order[i - 1]);
        for j in i + 1..order.len() {
            let (first, last) = (order[i], order[j]);
            let mut gain = from_before[first] - from_before[last];
            if let Some(&after) = order.get(j + 1) {
                gain += costs.between(last, after) - costs.between(first, after);
            }
            if gain > 1e-4 {
                order[i..=j].reverse();
                improved = true;
            }
        }
    }
    improved
}

/// One pass of or-opt: moves up to three tracks elsewhere where that shortens the way. Says whether
/// anything did.
fn move_segments(costs: &Costs, order: &mut [usize]) -> bool {
    let mut improved = false;
    for length in 1..=LONGEST_SEGMENT {
        for start in 1..order.len().saturating_sub(length - 1) {
            improved |= move_segment(costs, order, start, length);
        }
    }
    improved
}

/// Moves one segment to the place where that gains most, if any; of equals the first.
fn move_segment(costs: &Costs, order: &mut [usize], start: usize, length: usize) -> bool {
    let (first, last) = (order[start], order[start + length - 1]);
    let before = order[start - 1];
    let after = order.get(start + length).copied();
    let closing = after.map_or(0.0, |after| costs.between(before, after));
    let to_after = after.map_or(0.0, |after| costs.between(last, after));
    let saved = costs.between(before, first) + to_after - closing;
    let from_last = costs.from(last);
    let gain = |place: usize| {
        let (left, right) = (order[place], order.get(place + 1).copied());
        let from_left = costs.from(left);
        let opening = right.map_or(0.0, |right| from_left[right]);
        saved + opening - from_left[first] - right.map_or(0.0, |right| from_last[right])
    };
    let mut best: Option<(f32, usize)> = None;
    for place in (0..start - 1).chain(start + length..order.len()) {
        let gain = gain(place);
        if best.is_none_or(|(most, _)| gain.total_cmp(&most).is_gt()) {
            best = Some((gain, place));
        }
    }
    let Some((_, place)) = best.filter(|(gain, _)| *gain > 1e-4) else { return false };
    if place < start {
        order[place + 1..start + length].rotate_right(length);
    } else {
        order[start..=place].rotate_left(length);
    }
    true
}
