//! A listener's rows, read once for all charts.

use jiff::tz::TimeZone;
use segue_core::{EndReason, Listen, Timestamp};
use serde::Serialize;

use super::calendar::Month;
use crate::dataset::labels::{Outcome, outcome};
use crate::{Catalogue, TrackIdx};

/// One row of a listener's history as the charts see it: dated, of a track in the catalogue, and
/// with the local hour and month at which it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Play {
    /// When it began, in UTC and to the precision of the source. Plays are ordered by it.
    pub at: Timestamp,
    /// The track that was played, as a row of the catalogue that [`Plays`] were read with.
    pub track: TrackIdx,
    /// The month at that moment where the listener was, which may differ from the one in UTC.
    pub month: Month,
    /// The day of the week where the listener was, 0 for Monday to 6 for Sunday: an index into
    /// [`WEEKDAYS`](super::WEEKDAYS).
    pub weekday: u8,
    /// The hour of the day where the listener was, 0 to 23.
    pub hour: u8,
    /// How many plays the row stands for: 1, unless it holds the time of several. Charts add this
    /// up, not rows.
    pub count: u32,
    /// How long it played in milliseconds, all plays of the row together; `None` where the source
    /// does not say.
    pub ms_played: Option<u32>,
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
    /// Rows of which nobody knows when they were played. Every chart needs a time.
    pub undated: u64,
}

impl LeftAside {
    /// All rows that are in no chart, whatever the reason: the sum of the fields.
    pub fn total(&self) -> u64 {
        self.private + self.failed + self.not_in_catalogue + self.undated
    }
}

/// The plays of a listener in the order of time, read once for all charts, with what had to be left
/// aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plays {
    /// The plays in the order of time, those at the same moment by row of the catalogue.
    pub plays: Vec<Play>,
    /// The rows that are not among them, counted by reason.
    pub left_aside: LeftAside,
}

impl Plays {
    /// Reads rows in any order; hours, days and months are those of `time_zone`. What cannot be
    /// drawn is counted in [`Plays::left_aside`], not an error.
    pub fn from_listens<'a>(
        catalogue: &Catalogue,
        listens: impl IntoIterator<Item = &'a Listen>,
        time_zone: &TimeZone,
    ) -> Self {
        let mut read = Self::default();
        for listen in listens {
            read.add(catalogue, listen, time_zone);
        }
        read.plays.sort_by_key(|play| (play.at, play.track));
        read
    }

    fn add(&mut self, catalogue: &Catalogue, listen: &Listen, time_zone: &TimeZone) {
        let aside = &mut self.left_aside;
        if listen.private_session {
            aside.private += 1;
        } else if listen.end_reason == EndReason::Failed {
            aside.failed += 1;
        } else if let Some(track) = catalogue.find(&listen.track) {
            match play(catalogue, track, listen, time_zone) {
                Some(play) => self.plays.push(play),
                None => aside.undated += 1,
            }
        } else {
            aside.not_in_catalogue += 1;
        }
    }

    /// The months of the first and of the last play, local time; `None` without a play. Charts by
    /// month cover this span without gaps.
    pub fn span(&self) -> Option<(Month, Month)> {
        Some((self.plays.first()?.month, self.plays.last()?.month))
    }
}

/// A row as the charts see it; `None` if it has no date.
fn play(
    catalogue: &Catalogue,
    track: TrackIdx,
    listen: &Listen,
    time_zone: &TimeZone,
) -> Option<Play> {
    let at = listen.started_at()?;
    let local = time_zone.to_datetime(at);
    let count = match outcome(listen, catalogue.track(track).duration_ms()) {
        Outcome::Liked { plays, .. } => plays,
        _ => 1,
    };
    Some(Play {
        at,
        track,
        month: Month::of(local.date()),
        weekday: local.date().weekday().to_monday_zero_offset() as u8,
        hour: local.hour() as u8,
        count,
        ms_played: listen.ms_played,
    })
}
