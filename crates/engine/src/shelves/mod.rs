//! The shelves of a listener's page. Each is a mix through the one [pipeline](crate::pipeline), so
//! that every track shown has a propensity and is logged like any other.
//!
//! [`plan`] says which shelves a listener gets and asks of the pipeline what each needs; [`fill`]
//! has them made one after another, no song on two of them. A shelf that cannot be filled is left
//! out with the reason, never shown empty. Both depend on nothing but their arguments.

mod fill;
mod plan;
mod released;

use std::fmt;

use segue_core::TrackId;
use serde::Serialize;

use crate::TrackIdx;
use crate::pipeline::{MixOutcome, MixRequest};

pub use fill::fill;
pub(crate) use fill::versions;
pub(crate) use plan::back_after_a_while;
pub use plan::{anchors, plan};

/// The fewest tracks that make a shelf. One that would hold fewer, unless the request asked for
/// fewer, is left out with the reason.
pub const SHORTEST: u32 = 4;

/// What a shelf is for. A listener of whom little is known gets the first kind alone, everybody
/// else those of the others that there is enough for.
///
/// # Examples
/// ```
/// use segue_core::{ListenerId, Timestamp};
/// use segue_engine::pipeline::MixRequest;
/// use segue_engine::releases::Releases;
/// use segue_engine::shelves::{ShelfKind, plan};
/// use segue_engine::{Catalogue, Profile};
///
/// let newcomer = Profile::empty(ListenerId::new("ann"));
/// let base = MixRequest::new(Timestamp::UNIX_EPOCH);
/// let plan = plan(&Catalogue::default(), &newcomer, &base, None, &Releases::default());
/// assert_eq!(plan.shelves.len(), 1);
/// assert_eq!(plan.shelves[0].kind, ShelfKind::ToBeginWith);
/// assert_eq!(plan.shelves[0].kind.key(), "to-begin-with");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShelfKind {
    /// For somebody of whom little is known: popular and varied tracks, one a main artist. Their
    /// feedback on these is worth most.
    ToBeginWith,
    /// What sounds like one favourite of these days; favourites take turns by the day.
    BecauseYouPlayed,
    /// Favourites that have rested: liked, and not played for weeks or months.
    BackAfterAWhile,
    /// What artists that they play brought out lately, as far as a world tells.
    NewFromArtists,
    /// What artists whom they used to play brought out since.
    SinceYouStopped,
    /// New tracks only, with more weight than usual on what the model is unsure of.
    FurtherOut,
}

impl ShelfKind {
    /// A name for machines that does not change between versions, as in JSON and in page addresses,
    /// such as `further-out`.
    pub fn key(self) -> &'static str {
        match self {
            Self::ToBeginWith => "to-begin-with",
            Self::BecauseYouPlayed => "because-you-played",
            Self::BackAfterAWhile => "back-after-a-while",
            Self::NewFromArtists => "new-from-artists",
            Self::SinceYouStopped => "since-you-stopped",
            Self::FurtherOut => "further-out",
        }
    }
}

/// A favourite together with the tracks that are like it, which [`plan`] makes a shelf of. The
/// caller looks them up, because it holds the [`SimilarIndex`](crate::similar::SimilarIndex).
#[derive(Clone, Copy, Debug)]
pub struct Near<'a> {
    /// The favourite: a track that the listener liked and played lately, one of the day's
    /// [`anchors`].
    pub track: TrackIdx,
    /// Tracks like it, the most like first, in any number. Fewer than [`SHORTEST`] that the filters
    /// allow make no shelf.
    pub similar: &'a [TrackId],
}

/// A shelf that is to be filled: its words, and the mix to ask for. [`plan`] makes it and [`fill`]
/// has the mix made.
#[derive(Clone, Debug, PartialEq)]
pub struct Shelf {
    /// What it is for; its [`key`](ShelfKind::key) is the stable name. A page has at most one of
    /// each kind.
    pub kind: ShelfKind,
    /// Its title as the page shows it, in English. It may name a track, so escape it like any other
    /// text of the catalogue.
    pub title: String,
    /// One line that says what is on it and why, in lower case, without a full stop.
    pub explanation: String,
    /// The track that it is about, such as the favourite of "Because you played"; `None` for the
    /// other kinds.
    pub about: Option<TrackId>,
    /// The mix to ask of the pipeline: what the listener set for all shelves, with a seed, a dial
    /// and limits of the shelf's own.
    pub request: MixRequest,
}

/// A shelf with its mix, ready to be shown and logged like any other mix.
#[derive(Clone, Debug, PartialEq)]
pub struct Filled {
    /// The shelf; its request is the one that was made, with what earlier shelves hold left out.
    pub shelf: Shelf,
    /// The mix that fills the shelf, with propensities like any other and at least [`SHORTEST`]
    /// picks, unless fewer were asked for.
    pub outcome: MixOutcome,
}

/// Why a shelf is not on a page, with the numbers behind it. It displays as half a sentence in
/// English.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Missing {
    /// Nothing that the listener likes was played lately, or too little that the filters allow
    /// sounds like it.
    NoFavourite,
    /// Too few liked works have rested long enough to come back.
    NothingRested {
        /// How many have.
        rested: u32,
        /// How many days the shortest rest has that would do.
        days: u32,
    },
    /// The mix came out too short: filters and earlier shelves leave too few tracks.
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

/// A shelf that a listener does not get, so that a page can say why instead of showing it empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOutShelf {
    /// The kind of shelf that is not on the page; kinds that were never meant for the listener are
    /// not listed.
    pub kind: ShelfKind,
    /// Why the page does not have it, with the numbers behind it, such as how many tracks were
    /// left.
    pub missing: Missing,
}

/// Which shelves a listener's page is to have, before any mix is made. [`fill`] turns it into a
/// [`Page`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Shelves to fill, from the top of the page: an earlier one has first choice of the songs.
    pub shelves: Vec<Shelf>,
    /// Shelves that are not even tried, because the profile lacks what they are made of.
    pub left_out: Vec<LeftOutShelf>,
}

/// What a listener's page shows: shelves with their mixes, and the reasons for those that it has
/// not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Shelves with their mixes, from the top; no song, in any version, is on two of them.
    pub shelves: Vec<Filled>,
    /// Shelves that are not there: those never tried, then those for which too few tracks were
    /// left.
    pub left_out: Vec<LeftOutShelf>,
}
