//! A listener's rows, read once for all charts.

use jiff::tz::TimeZone;
use segue_core::{EndReason, Listen, Timestamp};
use serde::Serialize;

use super::calendar::Month;
use crate::dataset::labels::{Outcome, outcome};
use crate::{Catalogue, TrackIdx};

/// A play of which the time and the track are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Play {
    /// When it began, to the second.
    pub at: Timestamp,
    /// The track that was played, a row of the catalogue.
    pub track: TrackIdx,
    /// The month where the listener was.
    pub month: Month,
    /// The day of the week there, 0 for Monday to 6 for Sunday.
    pub weekday: u8,
    /// The hour of the day there, 0 to 23.
    pub hour: u8,
    /// How many plays the row stands for.
    pub count: u32,
    /// How long it played, where known.
    pub ms_played: Option<u32>,
}

/// Rows that are in no chart, by the first reason that applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftAside {
    /// Played in a private session.
    pub private: u64,
    /// Could not be played.
    pub failed: u64,
    /// Of a track that the catalogue does not hold.
    pub not_in_catalogue: u64,
    /// Of which nobody knows when.
    pub undated: u64,
}

impl LeftAside {
    /// All rows that are in no chart, whatever the reason.
    pub fn total(&self) -> u64 {
        self.private + self.failed + self.not_in_catalogue + self.undated
    }
}

/// The plays of a listener in the order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plays {
    /// The plays, those at the same moment by row.
    pub plays: Vec<Play>,
    /// What is not among them.
    pub left_aside: LeftAside,
}

impl Plays {
    /// Reads rows in any order; hours, days and months are those of `time_zone`.
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

    /// First and last month, if there is any play.
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
