//! A track on its way through a mix, from the candidate that retrieval named to the ranked one that
//! the short-list is cut from.
//!
//! ```text
//! TrackIdx ─retrieval, scorer─► Candidate ─ranking─► Ranked ─short-list─► Offer ─policy─► Pick
//! ```
//!
//! A [`Candidate`] depends on the listener and the model alone, so it can be kept between two
//! requests. A [`Ranked`] one depends on the request as well. The types stand here, below
//! retrieval, ranking and the pipeline, so that none of these needs to know another.

use crate::{Likability, TrackIdx};

/// Where a candidate came from. Several sources may name the same track.
///
/// ```
/// use segue_engine::candidate::Sources;
///
/// let sources = Sources::ARTISTS.with(Sources::POPULAR);
/// assert!(sources.contains(Sources::POPULAR));
/// assert_eq!(sources.names().collect::<Vec<_>>(), ["popular", "artists"]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sources(u8);

impl Sources {
    /// The whole catalogue, or the tracks that a request names: nothing was chosen.
    pub const ALL: Self = Self(1);
    /// Works that the listener knows.
    pub const HISTORY: Self = Self(2);
    /// What many listeners play.
    pub const POPULAR: Self = Self(4);
    /// Other songs by artists whose works the listener likes.
    pub const ARTISTS: Self = Self(8);
    /// What sounds like something that the listener likes.
    pub const NEIGHBOURS: Self = Self(16);
    /// Tracks that came to the catalogue after the model was trained.
    pub const ARRIVALS: Self = Self(32);

    /// Every source with the name under which logs and reports count it.
    pub const NAMED: [(Self, &'static str); 6] = [
        (Self::ALL, "all"),
        (Self::HISTORY, "history"),
        (Self::POPULAR, "popular"),
        (Self::ARTISTS, "artists"),
        (Self::NEIGHBOURS, "neighbours"),
        (Self::ARRIVALS, "arrivals"),
    ];

    /// These and those of `other`.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are among these.
    pub fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The names of these, in the order of [`Self::NAMED`].
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMED
            .into_iter()
            .filter(move |(source, _)| self.contains(*source))
            .map(|(_, name)| name)
    }
}

/// A track that may enter a mix, with what the model says of it for one listener.
///
/// Nothing in it depends on a request, so that a server keeps candidates and mixes from them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// The track.
    pub track: TrackIdx,
    /// Which sources named it.
    pub sources: Sources,
    /// What the model predicts. A faulty model may give values that are not finite.
    pub likability: Likability,
}

/// What a track is to the listener. It decides which of the mix's slots the track may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The listener knows the work.
    Familiar,
    /// The listener does not know the work.
    New,
    /// The listener does not know the work, and neither does the model: it came to the catalogue
    /// after training, and few listeners have answered it so far.
    Arrival,
}

impl Class {
    /// All classes, in the order of their discriminants.
    pub const ALL: [Self; 3] = [Self::Familiar, Self::New, Self::Arrival];

    /// Whether the work is new to the listener, whatever the model knows of it.
    pub fn is_new(self) -> bool {
        self != Self::Familiar
    }
}

/// A candidate in the ranking of one request, with all that the short-list needs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    /// The track.
    pub track: TrackIdx,
    /// Which sources named it.
    pub sources: Sources,
    /// What the model predicts, within 0 and 1. A prediction that is not finite counts as 0.
    pub likability: Likability,
    /// Whether the prediction was finite. What is not finite ranks last.
    pub is_finite: bool,
    /// What it is ranked by; see [`utility`](crate::utility).
    pub utility: f32,
    /// How often the listener played the work to its end, which breaks ties.
    pub finished: u32,
    /// Its popularity, 0 to 1, which breaks the ties that are left.
    pub popularity: f32,
    /// What it is to the listener.
    pub class: Class,
}
