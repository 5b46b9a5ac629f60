//! What a trial writes down of one listener: the truth of every day, beside the rows that a store
//! would hold.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use segue_core::FeedbackKind;
use serde::{Deserialize, Serialize};

use super::super::listeners::SimulatedReaction;
use super::super::world::MadeUpWorld;
use segue_engine::{ArtistIdx, TrackIdx};

/// An artist counts as kept when the listener still comes back to them after so many days.
pub const KEPT_AFTER_DAYS: u32 = 30;

/// One day of one listener. Sums are over the tracks of that day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Day {
    /// Mixes heard, one at most.
    pub mixes: u32,
    /// Tracks in the mix.
    pub shown: u32,
    /// Tracks of it that came on before the listener left.
    pub heard: u32,
    /// Those skipped.
    pub skips: u32,
    /// Those that the listener had not known.
    pub new: u32,
    /// Sum of their true enjoyment, each at the moment when it came on.
    pub enjoyment: f64,
    /// The part of that sum that is due to tracks they had not known.
    pub new_enjoyment: f64,
    /// Mean enjoyment of the best possible mix less that of this one, both as the listener sat
    /// down.
    pub regret: f64,
    /// Sum of their popularity, as in [`MadeUpWorld::popularity`].
    pub popularity: f64,
    /// Tracks that the listener chose themselves.
    pub own_plays: u32,
    /// Sum of the true enjoyment of those.
    pub own_enjoyment: f64,
}

/// An artist whom the listener first met in a mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meeting {
    /// The day on which they met.
    pub day: u32,
    /// Whether the listener finished a track of theirs by own choice, or liked one,
    /// [`KEPT_AFTER_DAYS`] later or still later.
    pub is_kept: bool,
}

/// What one listener heard and how they liked it, day by day. It holds the truth that only a
/// simulation knows, and models never see it.
#[derive(Clone, Debug, PartialEq)]
pub struct ListeningCourse {
    /// One entry per day of the trial.
    pub days: Vec<Day>,
    /// Artists first met in a mix.
    pub meetings: BTreeMap<ArtistIdx, Meeting>,
    /// Tracks heard in mixes, in order.
    pub heard: Vec<TrackIdx>,
    /// Mean popularity of what the listener played before the trial.
    pub popularity_before: f64,
    plays_before: u32,
    known: FxHashSet<ArtistIdx>,
}

impl ListeningCourse {
    pub(super) fn new() -> Self {
        Self {
            days: Vec::new(),
            meetings: BTreeMap::new(),
            heard: Vec::new(),
            popularity_before: 0.0,
            plays_before: 0,
            known: FxHashSet::default(),
        }
    }

    pub(super) fn own_play(
        &mut self,
        world: &MadeUpWorld,
        track: TrackIdx,
        day: i32,
        enjoyment: f64,
        answer: SimulatedReaction,
    ) {
        let artist = world.catalogue.artist(track);
        self.known.extend(artist);
        let Some(today) = self.days.last_mut() else {
            self.plays_before += 1;
            let gap = f64::from(world.popularity(track)) - self.popularity_before;
            self.popularity_before += gap / f64::from(self.plays_before);
            return;
        };
        today.own_plays += 1;
        today.own_enjoyment += enjoyment;
        self.comes_back(artist, day as u32, answer.share_played >= 1.0);
    }

    pub(super) fn sits_down(&mut self, shown: u32, regret: f64) {
        let today = self.days.last_mut().expect("a day has begun");
        today.mixes = 1;
        today.shown = shown;
        today.regret = regret;
    }

    pub(super) fn mix_play(
        &mut self,
        world: &MadeUpWorld,
        (track, is_new): (TrackIdx, bool),
        day: u32,
        enjoyment: f64,
        answer: SimulatedReaction,
    ) {
        let today = self.days.last_mut().expect("a day has begun");
        today.heard += 1;
        today.skips += u32::from(answer.share_played < 1.0);
        today.new += u32::from(is_new);
        today.enjoyment += enjoyment;
        today.new_enjoyment += if is_new { enjoyment } else { 0.0 };
        today.popularity += f64::from(world.popularity(track));
        self.heard.push(track);
        let artist = world.catalogue.artist(track);
        self.comes_back(artist, day, answer.said == Some(FeedbackKind::Like));
        for artist in artist.into_iter().filter(|artist| self.known.insert(*artist)) {
            self.meetings.insert(artist, Meeting { day, is_kept: false });
        }
    }

    fn comes_back(&mut self, artist: Option<ArtistIdx>, day: u32, gladly: bool) {
        let meeting = artist.and_then(|artist| self.meetings.get_mut(&artist));
        for meeting in
            meeting.into_iter().filter(|meeting| gladly && day >= meeting.day + KEPT_AFTER_DAYS)
        {
            meeting.is_kept = true;
        }
    }
}
