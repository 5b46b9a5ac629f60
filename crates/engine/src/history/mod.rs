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

/// Everything that is drawn of a history, tastes apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Charts {
    /// When in the week.
    pub heat_map: HeatMap,
    /// How much in each month.
    pub months: Vec<MonthOfPlays>,
    /// Which artist led when.
    pub eras: Vec<Era>,
    /// Of what age the music is.
    pub decades: Decades,
    /// How much of it was new.
    pub discovery: Discovery,
    /// The most played of all time.
    pub top: Top,
    /// What is in none of these.
    pub left_aside: LeftAside,
}

impl Charts {
    /// Draws up everything from a listener's rows, in the listener's time zone.
    pub fn from_listens<'a>(
        catalogue: &Catalogue,
        listens: impl IntoIterator<Item = &'a Listen>,
        time_zone: &TimeZone,
    ) -> Self {
        Self::from_plays(catalogue, &Plays::from_listens(catalogue, listens, time_zone))
    }

    /// Draws up everything from plays already read.
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
