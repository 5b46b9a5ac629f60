//! The shelves of a listener's page. Each is a mix through the one [pipeline](crate::pipeline), so
//! that every track shown has a propensity and is logged like any other.
//!
//! [`plan`] says which shelves a listener gets and asks of the pipeline what each needs; [`fill`]
//! has them made one after another, no song on two of them. A shelf that cannot be filled is left
//! out with the reason, never shown empty. Both depend on nothing but their arguments.

mod fill;
mod plan;

use std::fmt;

use segue_core::TrackId;
use serde::Serialize;

use crate::TrackIdx;
use crate::pipeline::{MixOutcome, MixRequest};

pub use fill::fill;
pub use plan::{anchors, plan};

/// Fewer tracks are no shelf.
pub const SHORTEST: u32 = 4;

/// What a shelf is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShelfKind {
    /// For somebody of whom little is known: popular and varied tracks, and their answers are worth
    /// most.
    ToBeginWith,
    /// What sounds like a favourite of these days.
    BecauseYouPlayed,
    /// Favourites that have rested.
    BackAfterAWhile,
    /// New tracks only, further from the usual.
    FurtherOut,
}

impl ShelfKind {
    /// A name that stays, for machines.
    pub fn key(self) -> &'static str {
        match self {
            Self::ToBeginWith => "to-begin-with",
            Self::BecauseYouPlayed => "because-you-played",
            Self::BackAfterAWhile => "back-after-a-while",
            Self::FurtherOut => "further-out",
        }
    }
}

/// A favourite and what is like it.
#[derive(Clone, Copy, Debug)]
pub struct Near<'a> {
    /// The favourite, a track that the listener liked and played lately.
    pub track: TrackIdx,
    /// Tracks like it, the most like first, in any number.
    pub similar: &'a [TrackId],
}

/// A shelf that is to be filled.
#[derive(Clone, Debug, PartialEq)]
pub struct Shelf {
    /// What it is for; its [`key`](ShelfKind::key) is the stable name.
    pub kind: ShelfKind,
    /// Its title as the page shows it, in English.
    pub title: String,
    /// One line that says what is on it.
    pub explanation: String,
    /// The track that it is about, if it is about one.
    pub about: Option<TrackId>,
    /// What is asked of the pipeline.
    pub request: MixRequest,
}

/// A shelf with its mix.
#[derive(Clone, Debug, PartialEq)]
pub struct Filled {
    /// The shelf; its request is the one that was made, with what earlier shelves hold left out.
    pub shelf: Shelf,
    /// The mix that fills the shelf, with propensities like any other.
    pub outcome: MixOutcome,
}

/// Why a shelf is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Missing {
    /// Nothing that the listener likes was played lately, or nothing is known that sounds like it.
    NoFavourite,
    /// Too few favourites have rested long enough.
    NothingRested {
        /// How many have.
        rested: u32,
        /// How many days the shortest rest has that would do.
        days: u32,
    },
    /// Too few tracks are left under the filters.
    TooFewLeft {
        /// How many there were.
        found: u32,
    },
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFavourite => {
                write!(f, "no favourite of these days that enough tracks sound like")
            }
            Self::NothingRested { rested, days } => {
                write!(
                    f,
                    "{rested} favourites have not been played for {days} days; it takes {SHORTEST}"
                )
            }
            Self::TooFewLeft { found } => write!(f, "{found} tracks are left; it takes {SHORTEST}"),
        }
    }
}

/// A shelf that a listener does not get.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOutShelf {
    /// The kind of shelf that is not on the page.
    pub kind: ShelfKind,
    /// Why the page does not have it, with the numbers behind it.
    pub missing: Missing,
}

/// What a listener's page is to show.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Shelves to fill, from the top.
    pub shelves: Vec<Shelf>,
    /// Shelves that are not even tried.
    pub left_out: Vec<LeftOutShelf>,
}

/// What a listener's page shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Shelves, from the top.
    pub shelves: Vec<Filled>,
    /// Shelves that are not there.
    pub left_out: Vec<LeftOutShelf>,
}
