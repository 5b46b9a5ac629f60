//! What a listener's history shows when it is drawn: the data behind each chart, and nothing of how
//! a chart looks.
//!
//! The rows are read once, into [`Plays`]: dense, in the order of time, and with the hour of day
//! and the month that they had where the listener is. Every chart is a function of those, one file
//! each. Undated, private and failed plays, and plays of tracks that the catalogue does not hold,
//! are in no chart; they are counted apart ([`LeftAside`]), so that a page can say so.
//!
//! A row counts as many plays as it does in a [`Profile`](crate::Profile): one, unless it holds the
//! time of several.

mod calendar;
mod decades;
mod discovery;
mod eras;
mod heat_map;
mod months;
mod plays;
mod top;

use jiff::tz::TimeZone;
use segue_core::Listen;
use serde::Serialize;

use crate::Catalogue;

pub use calendar::Month;
pub use decades::{Decade, Decades, decades};
pub use discovery::{Discoveries, Discovery, discovery};
pub use eras::{Era, Share, artist_eras, eras};
pub use heat_map::{HeatMap, WEEKDAYS, heat_map};
pub use months::{MonthOfPlays, months};
pub use plays::{LeftAside, Play, Plays};
pub use top::{Period, Top, TopArtist, TopTrack, top};

/// So many artists and tracks are named.
const NAMED: usize = 20;

/// The data behind every chart of a listener's history, tastes apart
/// ([`Tastes`](crate::taste::Tastes)). How a chart looks is up to the page that draws it.
///
/// # Examples
/// ```
/// use jiff::tz::TimeZone;
/// use segue_core::{Listen, ListenerId, Source, Timestamp, Track, TrackId, WorkId};
/// use segue_engine::Catalogue;
/// use segue_engine::history::Charts;
///
/// let mut track = Track::new(TrackId::new("t"), WorkId::new("w"), "Song");
/// track.artists = vec!["Ann".to_owned()];
/// let catalogue = Catalogue::from_tracks(vec![track]);
/// let at: Timestamp = "2024-03-04T20:30:00Z".parse()?; // a Monday
/// let play = Listen::new(ListenerId::new("me"), TrackId::new("t"), at, Source::ListenBrainz);
///
/// let charts = Charts::from_listens(&catalogue, [&play], &TimeZone::UTC);
/// assert_eq!(charts.heat_map.peak(), Some((0, 20, 1)), "Monday evening");
/// assert_eq!(charts.months[0].month.to_string(), "2024-03");
/// assert_eq!(charts.top.artists[0].artist, "Ann");
/// assert!(charts.eras.is_empty(), "one play makes no era");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Charts {
    /// When in the week music is played: plays by day of the week and hour of the day, local time.
    pub heat_map: HeatMap,
    /// How much was played in each month from the first play to the last, in order; empty without a
    /// play.
    pub months: Vec<MonthOfPlays>,
    /// Which artist led when, in the order of time. There may be gaps between eras, and none at
    /// all.
    pub eras: Vec<Era>,
    /// Of what age the music is: plays by the decade of release, as far as years are known.
    pub decades: Decades,
    /// How much of it was new month by month, and how much of the new came back.
    pub discovery: Discovery,
    /// The most played artists and songs of all time, at most twenty of each.
    pub top: Top,
    /// Rows that are in none of these charts, by reason, so that a page can say so.
    pub left_aside: LeftAside,
}

impl Charts {
    /// Draws up everything from a listener's rows in any order. Hours, days and months are those of
    /// `time_zone`.
    pub fn from_listens<'a>(
        catalogue: &Catalogue,
        listens: impl IntoIterator<Item = &'a Listen>,
        time_zone: &TimeZone,
    ) -> Self {
        Self::from_plays(catalogue, &Plays::from_listens(catalogue, listens, time_zone))
    }

    /// Draws up everything from plays already read, for callers who need [`Plays`] for more than
    /// the charts.
    pub fn from_plays(catalogue: &Catalogue, plays: &Plays) -> Self {
        Self {
            heat_map: heat_map(plays),
            months: months(plays),
            eras: artist_eras(catalogue, plays),
            decades: decades(catalogue, plays),
            discovery: discovery(catalogue, plays),
            top: top(catalogue, plays, Period::ALL, NAMED),
            left_aside: plays.left_aside,
        }
    }
}
