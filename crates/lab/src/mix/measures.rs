//! What is measured of one list for one listener.

use rustc_hash::FxHashSet;
use segue_engine::{ArtistIdx, Catalogue, Index, TrackIdx};

use super::cut::{MixCase, MixCut};

/// How many of a list count for the recall of discoveries.
const RECALL_DEPTH: usize = 20;

/// A figure of one list, a mix or the list of a rule, by what its listener played after the cut.
/// Figures of what was known and of what was discovered stand apart: one number for both would
/// reward whichever a data set has more of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MixFigure {
    /// Share of a full list that the listener knew and played in the following week: what a short
    /// list lacks counts as missed, or rules that name little would seem sure.
    Repeats,
    /// Share of what they knew and played in the following week that is in the list.
    RepeatsRecall,
    /// Share of what they discovered that is in the first twenty.
    Recall,
    /// Normalised discounted cumulative gain of what they discovered, over the whole list.
    Ndcg,
    /// Whether the list holds anything that they discovered.
    Hit,
    /// Share of the list that was new to them.
    New,
    /// Share of the list by artists of whom they knew nothing.
    NewArtists,
    /// Mean percentile of the popularity of what is new, 0 to 1: one half if it were drawn blindly
    /// from the catalogue.
    PopularityOfNew,
}

impl MixFigure {
    /// All figures.
    pub const ALL: [Self; 8] = [
        Self::Repeats,
        Self::RepeatsRecall,
        Self::Recall,
        Self::Ndcg,
        Self::Hit,
        Self::New,
        Self::NewArtists,
        Self::PopularityOfNew,
    ];

    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Repeats => "repeats",
            Self::RepeatsRecall => "repeats_recall",
            Self::Recall => "recall@20",
            Self::Ndcg => "ndcg",
            Self::Hit => "hit",
            Self::New => "new",
            Self::NewArtists => "new_artists",
            Self::PopularityOfNew => "popularity_of_new",
        }
    }
}

/// What lists of a cut are judged with.
pub(super) struct Judge<'a> {
    catalogue: &'a Catalogue,
    /// Of every track the share of the catalogue that is less popular, ties counting half.
    percentiles: Vec<f64>,
    /// Tracks that a full list has.
    length: usize,
}

impl<'a> Judge<'a> {
    pub(super) fn new(cut: &'a MixCut, index: &Index, length: usize) -> Self {
        let catalogue = cut.catalogue.as_ref();
        let mut values: Vec<f32> =
            catalogue.rows().map(|track| index.popularity.value(track)).collect();
        values.sort_by(f32::total_cmp);
        let percentile = |track: TrackIdx| {
            let value = index.popularity.value(track);
            let below = values.partition_point(|&other| other < value);
            let not_above = values.partition_point(|&other| other <= value);
            (below + not_above) as f64 / (2 * values.len()) as f64
        };
        let percentiles = catalogue.rows().map(percentile).collect();
        Self { catalogue, percentiles, length }
    }

    /// Every figure that a list has, the best of it first. Without something to find there is no
    /// figure of finding it, and of an empty list there are no shares.
    pub(super) fn figures(&self, case: &MixCase, list: &[TrackIdx]) -> Vec<(MixFigure, f64)> {
        let mut figures = Vec::new();
        if let Some(again) = case.again.as_ref().filter(|again| !again.is_empty()) {
            let found = self.count(list, |track| again.contains(&self.catalogue.work(track)));
            figures.push((MixFigure::Repeats, found / self.length.max(1) as f64));
            figures.push((MixFigure::RepeatsRecall, found / again.len() as f64));
        }
        if !case.new.is_empty() {
            let is_found = |&track: &TrackIdx| case.new.contains(&self.catalogue.work(track));
            let first = &list[..list.len().min(RECALL_DEPTH)];
            let found = first.iter().filter(|track| is_found(track)).count() as f64;
            figures.push((MixFigure::Recall, found / case.new.len() as f64));
            let found: Vec<bool> = list.iter().map(is_found).collect();
            figures.push((MixFigure::Ndcg, ndcg(&found, case.new.len(), self.length)));
            figures.push((MixFigure::Hit, f64::from(u8::from(found.contains(&true)))));
        }
        if !list.is_empty() {
            figures.extend(self.shares(case, list));
        }
        figures
    }

    fn shares(&self, case: &MixCase, list: &[TrackIdx]) -> Vec<(MixFigure, f64)> {
        let known: FxHashSet<ArtistIdx> = case
            .profile
            .interactions
            .iter()
            .filter(|interaction| interaction.is_known())
            .filter_map(|interaction| self.catalogue.artist(interaction.track))
            .collect();
        let is_new = |track: TrackIdx| !case.profile.knows(self.catalogue.work(track));
        let is_new_artist =
            |track: TrackIdx| self.catalogue.artist(track).is_some_and(|who| !known.contains(&who));
        let length = list.len() as f64;
        let mut figures = vec![
            (MixFigure::New, self.count(list, is_new) / length),
            (MixFigure::NewArtists, self.count(list, is_new_artist) / length),
        ];
        let new = list.iter().filter(|&&track| is_new(track));
        let of_new: Vec<f64> = new.map(|track| self.percentiles[track.0 as usize]).collect();
        if !of_new.is_empty() {
            let mean = of_new.iter().sum::<f64>() / of_new.len() as f64;
            figures.push((MixFigure::PopularityOfNew, mean));
        }
        figures
    }

    fn count(&self, list: &[TrackIdx], is_counted: impl Fn(TrackIdx) -> bool) -> f64 {
        list.iter().filter(|&&track| is_counted(track)).count() as f64
    }
}

/// The gain of a list over that of the best list of a length: `Σ 1 / log₂(r + 1)` over ranks `r` of
/// what was found.
fn ndcg(found: &[bool], answers: usize, length: usize) -> f64 {
    let gain = |rank: usize| 1.0 / ((rank + 2) as f64).log2();
    let found = found.iter().enumerate().filter(|(_, is)| **is);
    let gained = found.fold(0.0, |sum, (rank, _)| sum + gain(rank));
    gained / (0..answers.min(length)).map(gain).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gain_is_one_where_all_that_fits_was_found_first() {
        assert_eq!(ndcg(&[true, true, false], 2, 3), 1.0);
        assert_eq!(ndcg(&[true, true], 9, 2), 1.0);
        assert_eq!(ndcg(&[false, false], 1, 2), 0.0);
        let second = ndcg(&[false, true], 1, 2);
        assert!((second - 1.0 / 3.0_f64.log2()).abs() < 1e-12, "{second}");
    }
}
