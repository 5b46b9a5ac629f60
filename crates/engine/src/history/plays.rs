//! A listener's rows, read once for all charts.

use std::ops::RangeInclusive;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use segue_core::{EndReason, Listen, Moment, Timestamp};
use serde::Serialize;

use super::calendar::Month;
use super::period::Period;
use crate::dataset::labels::{PlayOutcome, outcome};
use crate::{Catalogue, TrackIdx};

/// What is heard for less than this is no play, as services count them.
const SHORTEST_PLAY_MS: u32 = 30_000;

/// The times at which plays are believed, from 1900 to 2199: charts have a place for each month.
const POSSIBLE: RangeInclusive<Timestamp> =
    Timestamp::constant(-2_208_988_800, 0)..=Timestamp::constant(7_258_118_399, 0);

/// One row of a listener's history as the charts see it: dated, of a track in the catalogue, and
/// with the local day and hour at which it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatedPlay {
    /// When it began, in UTC and to the precision of the source.
    pub at: Timestamp,
    /// The track that was played, as a row of the catalogue that [`DatedPlays`] were read with.
    pub track: TrackIdx,
    /// The day at that moment where the listener was, which may differ from the one in UTC. Plays
    /// are ordered by it.
    pub date: Date,
    /// The hour of the day where the listener was, 0 to 23; `None` where the source gives a date
    /// alone.
    pub hour: Option<u8>,
    /// How many plays the row stands for: 1, unless it holds the time of several. Charts add this
    /// up, not rows.
    pub count: u32,
    /// How long it played in milliseconds, all plays of the row together; `None` where the source
    /// does not say.
    pub ms_played: Option<u32>,
}

impl DatedPlay {
    /// The month of [`Self::date`].
    pub fn month(&self) -> Month {
        Month::of(self.date)
    }

    /// The day of the week, 0 for Monday to 6 for Sunday: an index into
    /// [`WEEKDAYS`](super::WEEKDAYS).
    pub fn weekday(&self) -> usize {
        self.date.weekday().to_monday_zero_offset() as usize
    }
}

/// How many rows are in no chart, and why. A row counts under the first reason that applies, in the
/// order of the fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftAside {
    /// Rows played in a private session, which the listener asked not to be reckoned with.
    pub private: u64,
    /// Rows that could not be played, such as a missing file: nobody heard them.
    pub failed: u64,
    /// Rows of a track that the catalogue does not hold, so that nothing is known of it.
    pub not_in_catalogue: u64,
    /// Rows that were left before half a minute was over, or that a source calls skipped without
    /// saying after how long: what was skipped was not listened to.
    pub skipped: u64,
    /// Rows of which nobody knows when they were played: without a time, or with one at which
    /// nobody can have heard a recording. Every chart needs a time.
    pub undated: u64,
}

impl LeftAside {
    /// All rows that are in no chart, whatever the reason: the sum of the fields.
    pub fn total(&self) -> u64 {
        self.private + self.failed + self.not_in_catalogue + self.skipped + self.undated
    }

    fn of(&mut self, aside: Aside) -> &mut u64 {
        match aside {
            Aside::Private => &mut self.private,
            Aside::Failed => &mut self.failed,
            Aside::NotInCatalogue => &mut self.not_in_catalogue,
            Aside::Skipped => &mut self.skipped,
            Aside::Undated => &mut self.undated,
        }
    }
}

/// The plays of a listener in the order of time, read once for all charts, with what had to be left
/// aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DatedPlays {
    /// The plays in the order of time: by day, within it by moment, those at the same moment by row
    /// of the catalogue.
    pub plays: Vec<DatedPlay>,
    /// The rows that are not among them, counted by reason.
    pub left_aside: LeftAside,
}

impl DatedPlays {
    /// Reads rows in any order; hours, days and months are those of `time_zone`, but for rows with
    /// a date alone, which stay on that date. What cannot be drawn is counted in
    /// [`DatedPlays::left_aside`], not an error.
    pub fn from_listens<'a>(
        catalogue: &Catalogue,
        listens: impl IntoIterator<Item = &'a Listen>,
        time_zone: &TimeZone,
    ) -> Self {
        let mut read = Self::default();
        for listen in listens {
            read.add(catalogue, catalogue.find(&listen.track), listen, time_zone);
        }
        read.in_order()
    }

    /// Reads one more row, of a track that was looked up already, `None` for one that the catalogue
    /// does not hold: `listen` need not name it. After the last row the plays have to be put
    /// [in order](Self::in_order).
    pub fn add(
        &mut self,
        catalogue: &Catalogue,
        track: Option<TrackIdx>,
        listen: &Listen,
        time_zone: &TimeZone,
    ) {
        let Some(track) = track else {
            let aside = unreckoned(listen).unwrap_or(Aside::NotInCatalogue);
            *self.left_aside.of(aside) += 1;
            return;
        };
        match Heard::read(catalogue.track(track).duration_ms(), listen) {
            Ok(heard) => self.plays.push(play(track, heard, listen, time_zone)),
            Err(aside) => *self.left_aside.of(aside) += 1,
        }
    }

    /// The same plays in the order of time, which everything that asks them relies on.
    #[must_use]
    pub fn in_order(mut self) -> Self {
        self.plays.sort_by_key(|play| (play.date, play.at, play.track));
        self
    }

    /// The plays of a period, in the order of time.
    pub fn within(&self, period: Period) -> &[DatedPlay] {
        self.between(*period.days().start(), *period.days().end())
    }

    /// The same plays without those after a day.
    pub(super) fn until(&self, last: Date) -> Self {
        let plays = self.between(Date::MIN, last).to_vec();
        Self { plays, left_aside: self.left_aside }
    }

    /// The plays from one day to another, both included.
    pub(super) fn between(&self, first: Date, last: Date) -> &[DatedPlay] {
        let from = self.plays.partition_point(|play| play.date < first);
        let until = self.plays.partition_point(|play| play.date <= last).max(from);
        &self.plays[from..until]
    }

    /// The months of the first and of the last play, local time; `None` without a play. Charts by
    /// month cover this span without gaps.
    pub fn span(&self) -> Option<(Month, Month)> {
        Some((self.plays.first()?.month(), self.plays.last()?.month()))
    }
}

/// Why a row is in no chart: a field of [`LeftAside`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aside {
    Private,
    Failed,
    NotInCatalogue,
    Skipped,
    Undated,
}

/// A row that is a play as people count them, wherever the listener was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    pub(crate) at: Timestamp,
    pub(crate) count: u32,
}

impl Heard {
    /// Reads a row of a track of that length.
    pub(crate) fn read(duration_ms: Option<u32>, listen: &Listen) -> Result<Self, Aside> {
        if let Some(aside) = unreckoned(listen) {
            return Err(aside);
        }
        if !is_heard(listen, duration_ms) {
            return Err(Aside::Skipped);
        }
        let at = listen.started_at().filter(|at| POSSIBLE.contains(at)).ok_or(Aside::Undated)?;
        let count = match outcome(listen, duration_ms) {
            PlayOutcome::Liked { plays, .. } => plays,
            _ => 1,
        };
        Ok(Self { at, count })
    }
}

/// Why a row counts for nothing, whatever its track.
fn unreckoned(listen: &Listen) -> Option<Aside> {
    match listen.end_reason {
        _ if listen.private_session => Some(Aside::Private),
        EndReason::Failed => Some(Aside::Failed),
        _ => None,
    }
}

/// Whether a row is a play as people count them: half a minute of it was heard, or half of a track
/// that is shorter than a minute, or all of it. A source that does not say how long has counted
/// already, unless it calls the play a skip.
pub fn is_heard(listen: &Listen, duration_ms: Option<u32>) -> bool {
    match listen.ms_played {
        None => listen.skipped != Some(true),
        Some(0) => false,
        Some(ms) => {
            let enough = duration_ms.map_or(SHORTEST_PLAY_MS, |ms| SHORTEST_PLAY_MS.min(ms / 2));
            ms >= enough || listen.end_reason == EndReason::Finished
        }
    }
}

/// A row as the charts see it.
fn play(track: TrackIdx, heard: Heard, listen: &Listen, time_zone: &TimeZone) -> DatedPlay {
    let Heard { at, count } = heard;
    let is_day = listen.moment == Moment::Day;
    let time_zone = if is_day { &TimeZone::UTC } else { time_zone };
    let local = time_zone.to_datetime(at);
    DatedPlay {
        at,
        track,
        date: local.date(),
        hour: (!is_day).then_some(local.hour() as u8),
        count,
        ms_played: listen.ms_played,
    }
}
