//! How popular a track is: how many listeners like its work, blended with what the source of the
//! catalogue says.
//!
//! With `n` listeners known, their word counts `n / (n + 20)` and the source's the rest: a
//! household's history says little of what the world plays, a community's says more than a number
//! that came with the catalogue.

use std::cmp::Ordering;

use crate::dataset::listener_works::ListenerWorks;
use crate::{Catalogue, TrackIdx};

/// With this many listeners their word counts as much as the source's.
const EVEN_AT: f32 = 20.0;

/// The popularity of every track of a catalogue, the same for all versions of a work as far as
/// listeners say it.
#[derive(Clone, Debug, Default)]
pub struct Popularity {
    values: Vec<f32>,
    listeners: Vec<u32>,
    most_popular: Vec<TrackIdx>,
}

impl Popularity {
    /// Counts, for every work, the listeners who like it or ever played it to the end, each once.
    /// Their number counts on a logarithmic scale, relative to the most popular work, blended with
    /// the source's figure as described above.
    pub fn of_listeners(catalogue: &Catalogue, heard: &[ListenerWorks]) -> Self {
        let mut by_work = vec![0_u32; catalogue.work_count()];
        for heard in heard.iter().flat_map(|one| &one.works) {
            by_work[heard.work.row()] += u32::from(heard.is_liked_or_finished());
        }
        let listeners: Vec<u32> =
            catalogue.rows().map(|idx| by_work[catalogue.work(idx).0 as usize]).collect();
        let trust = heard.len() as f32 / (heard.len() as f32 + EVEN_AT);
        let most = by_work.into_iter().max().unwrap_or(0).max(1) as f32;
        let value = |idx: TrackIdx| {
            let played = (listeners[idx.0 as usize] as f32).ln_1p() / most.ln_1p();
            let stated = catalogue.track(idx).popularity.unwrap_or(0.0).clamp(0.0, 1.0);
            trust * played + (1.0 - trust) * stated
        };
        let values: Vec<f32> = catalogue.rows().map(value).collect();
        let most_popular = most_popular(&values);
        Self { values, listeners, most_popular }
    }

    /// Popularity of a track: from 0, where nobody is known to play it, to 1.
    pub fn value(&self, track: TrackIdx) -> f32 {
        self.values[track.0 as usize]
    }

    /// The more popular of two tracks first, ties by row.
    pub fn order(&self, a: TrackIdx, b: TrackIdx) -> Ordering {
        self.value(b).total_cmp(&self.value(a)).then(a.cmp(&b))
    }

    /// How many of the listeners known like the track's work or played it to the end.
    pub fn listeners(&self, track: TrackIdx) -> u32 {
        self.listeners[track.0 as usize]
    }

    /// Tracks of popularity above 0, the most popular first, ties by row: what retrieval names for
    /// everyone.
    pub fn most_popular(&self) -> &[TrackIdx] {
        &self.most_popular
    }

    /// Whether the track is among the most popular twentieth of the catalogue, so that "many
    /// listeners play this" is a true reason. Never for a popularity of 0.
    pub fn is_popular(&self, track: TrackIdx) -> bool {
        let twentieth = self.values.len().div_ceil(20).min(self.most_popular.len());
        let last = twentieth.checked_sub(1).map(|last| self.value(self.most_popular[last]));
        self.value(track) > 0.0 && last.is_some_and(|last| self.value(track) >= last)
    }
}

fn most_popular(values: &[f32]) -> Vec<TrackIdx> {
    let mut tracks: Vec<TrackIdx> =
        (0..values.len() as u32).map(TrackIdx).filter(|idx| values[idx.0 as usize] > 0.0).collect();
    tracks.sort_by(|a, b| values[b.0 as usize].total_cmp(&values[a.0 as usize]).then(a.cmp(b)));
    tracks
}
