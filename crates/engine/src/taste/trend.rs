//! Whether a taste grows or fades: its share of plays in the last 90 days against that before.
//!
//! A difference of shares counts if it is at least [`LEAST`] and further from 0 than two standard
//! errors of two proportions. Plays are not independent (albums, moods), so that is a bar to clear
//! and no test.

use rustc_hash::FxHashMap;
use segue_core::{Listen, Timestamp};

use super::description::{Course, Trend};
use crate::history::DatedPlays;
use crate::history::plays::Heard;
use crate::{Catalogue, TrackIdx};

const RECENT_SECONDS: i64 = 90 * 86_400;
const FEWEST_PLAYS: f64 = 30.0;
const LEAST: f64 = 0.05;
const STANDARD_ERRORS: f64 = 2.0;

/// How often each track was played, lately and before: all that trends are told by, whatever the
/// number of plays.
#[derive(Clone, Debug)]
pub struct PlaysLately {
    now: Timestamp,
    by_track: Vec<PlayCounts>,
}

#[derive(Clone, Copy, Debug)]
struct PlayCounts {
    track: TrackIdx,
    before: u64,
    recent: u64,
}

/// A track whose plays are counted, as one [`PlaysLately`] knows it.
#[derive(Clone, Copy, Debug)]
pub struct CountedTrack {
    place: u32,
    duration_ms: Option<u32>,
}

impl PlaysLately {
    /// No plays, as of a moment; later ones do not count.
    pub fn new(now: Timestamp) -> Self {
        Self { now, by_track: Vec::new() }
    }

    /// Those of a history, as of a moment.
    pub fn of(plays: &DatedPlays, now: Timestamp) -> Self {
        let mut lately = Self::new(now);
        let mut places: FxHashMap<TrackIdx, usize> = FxHashMap::default();
        for play in &plays.plays {
            let place = *places.entry(play.track).or_insert_with(|| lately.place(play.track));
            lately.count(place, Heard { at: play.at, count: play.count });
        }
        lately
    }

    /// Looks a track up, once for all its plays.
    pub fn track(&mut self, catalogue: &Catalogue, row: TrackIdx) -> CountedTrack {
        let place = self.place(row) as u32;
        CountedTrack { place, duration_ms: catalogue.track(row).duration_ms() }
    }

    /// Counts a row of a track that was looked up: `listen` need not name it. What is no play in
    /// [`DatedPlays`] is none here.
    pub fn add(&mut self, track: CountedTrack, listen: &Listen) {
        if let Ok(heard) = Heard::read(track.duration_ms, listen) {
            self.count(track.place as usize, heard);
        }
    }

    fn place(&mut self, track: TrackIdx) -> usize {
        self.by_track.push(PlayCounts { track, before: 0, recent: 0 });
        self.by_track.len() - 1
    }

    fn count(&mut self, place: usize, Heard { at, count }: Heard) {
        if at > self.now {
            return;
        }
        let counts = &mut self.by_track[place];
        let start = self.now.as_second().saturating_sub(RECENT_SECONDS);
        let sum = if at.as_second() >= start { &mut counts.recent } else { &mut counts.before };
        *sum += u64::from(count);
    }
}

/// How each of `count` tastes goes.
pub(super) fn trends(
    count: usize,
    plays: &PlaysLately,
    taste_of: impl Fn(TrackIdx) -> Option<usize>,
) -> Vec<Trend> {
    let mut before = vec![0.0; count];
    let mut recent = vec![0.0; count];
    for counts in &plays.by_track {
        if let Some(taste) = taste_of(counts.track) {
            before[taste] += counts.before as f64;
            recent[taste] += counts.recent as f64;
        }
    }
    let (all_before, all_recent) = (before.iter().sum::<f64>(), recent.iter().sum::<f64>());
    let trend = |taste: usize| Trend {
        course: course([before[taste], all_before], [recent[taste], all_recent]),
        recent_share: (all_recent > 0.0).then(|| recent[taste] / all_recent),
        share_before: (all_before > 0.0).then(|| before[taste] / all_before),
    };
    (0..count).map(trend).collect()
}

fn course([own_before, before]: [f64; 2], [own_recent, recent]: [f64; 2]) -> Course {
    if before < FEWEST_PLAYS || recent < FEWEST_PLAYS {
        return Course::Unknown;
    }
    let difference = own_recent / recent - own_before / before;
    let share = (own_before + own_recent) / (before + recent);
    let error = (share * (1.0 - share) * (1.0 / before + 1.0 / recent)).sqrt();
    if difference.abs() < LEAST || difference.abs() < STANDARD_ERRORS * error {
        Course::Steady
    } else if difference > 0.0 {
        Course::Grows
    } else {
        Course::Fades
    }
}
