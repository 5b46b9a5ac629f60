//! What a listener's history shows when it is drawn: the data behind each chart, and nothing of how
//! a chart looks.
//!
//! The rows are read once, into [`DatedPlays`]: dense, in the order of time, and with the day and
//! the hour that they had where the listener is. A [`Review`] shows a [`Period`] of them; each part
//! of it is a function of the plays, one file each. Skipped, undated, private and failed plays, and
//! plays of tracks that the catalogue does not hold, are in none; they are counted apart
//! ([`LeftAside`]), so that a page can say so.
//!
//! A row counts as many plays as it does in a [`Profile`](crate::Profile): one, unless it holds the
//! time of several.

mod calendar;
mod decades;
mod discovery;
mod eras;
mod heat_map;
mod parts;
mod period;
pub(crate) mod plays;
mod review;
mod top;

pub use calendar::Month;
pub use decades::{Decade, Decades};
pub use discovery::{Discoveries, Discovery};
pub use eras::{Era, Share, artist_eras, eras};
pub use heat_map::{HeatMap, WEEKDAYS};
pub use parts::PartOfPeriod;
pub use period::{BadPeriod, Period, PeriodKind};
pub use plays::{DatedPlay, DatedPlays, LeftAside, is_heard};
pub use review::{Before, BusiestDay, DiscoveredArtist, Review, ReviewRequest, Streak, Sums};
pub use top::{Top, TopAlbum, TopArtist, TopTrack};
