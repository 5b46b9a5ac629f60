//! How much of a catalogue is looked at for one mix: all limits of retrieval in one place.
//!
//! Scoring a track costs some twenty microseconds of processor time, so that these numbers decide
//! what the first mix of a listener costs. They were chosen by the likability that is lost against
//! scoring everything; `examples/pool.rs` of the crate `segue-models` measures it.

use crate::{Profile, Scorer};

/// Up to this many tracks, a request that nothing else can fill is answered from the whole
/// catalogue. Beyond, the widest [`Bounds`] are the last resort.
pub const EXACT_LIMIT: usize = 200_000;

/// Listeners with fewer labelled works than this are newcomers, for whom more is looked at.
const NEWCOMER_LABELS: usize = 4;

/// Tracks of at most this many artists are named, those liked most first.
pub(super) const ARTISTS: usize = 500;
/// At most this many tracks of one artist are looked at: "Various Artists" has thousands.
pub(super) const TRACKS_OF_ARTIST: usize = 200;
/// At most this many tracks of one artist are named. No cap on artists lets a mix hold more.
pub(super) const NAMED_OF_ARTIST: usize = 20;
/// Neighbours are looked for around at most this many likes, those that weigh most.
pub(super) const ANCHORS: usize = 32;
/// The model is asked about so many works that the listener knows, for each that is kept.
pub(crate) const ASKED_OF_KNOWN: usize = 2;
/// Of the new tracks that the scorer is asked about, models name at most this share; the rest are
/// by liked artists, sound like likes or are popular, so that what nobody plays yet is met as well.
pub(crate) const NOMINATED: f32 = 0.6;

/// Of the new tracks that are kept, at least one in so many is by artists new to the listener, and
/// as many by artists that they know, where there are any: the dial asks for both.
pub(super) const LEAST_OF_A_KIND: usize = 3;

/// How many candidates are kept for a listener, and of how many the model is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Works that the listener knows, at most; those with the highest utility stay.
    pub familiar: usize,
    /// Tracks new to the listener, at most; the best stay, by turns with and without a bonus for
    /// uncertainty. Arrivals are counted apart.
    pub new: usize,
    /// Tracks new to the listener that the model is asked about, at least `new`: what most of the
    /// time goes into.
    pub asked: usize,
    /// Tracks that came to the catalogue after training, at most; those with the highest utility
    /// stay.
    pub arrivals: usize,
}

impl Bounds {
    /// For most listeners: what the model is asked about takes some 60 ms of processor time.
    pub const USUAL: Self = Self { familiar: 500, new: 600, asked: 2_000, arrivals: 60 };
    /// For newcomers: their taste leads nowhere yet, so that more has to be looked at before
    /// something fits.
    pub const NEWCOMER: Self = Self { new: 1_500, asked: 6_000, ..Self::USUAL };
    /// For listeners of whom models rank the whole catalogue: what they name first is nearly always
    /// what is picked, so that the scorer is asked about less.
    pub const RANKED: Self = Self { familiar: 500, new: 600, asked: 800, arrivals: 60 };
    /// For a request whose filters leave too little of the usual candidates, such as only what was
    /// saved.
    pub const WIDE: Self = Self { familiar: 20_000, new: 3_000, asked: 6_000, ..Self::USUAL };

    /// The bounds by which a listener's candidates are gathered at first: [`Self::RANKED`] where
    /// models rank, else [`Self::NEWCOMER`] for fewer than four labelled works and [`Self::USUAL`]
    /// for more.
    pub fn of(profile: &Profile, scorer: &dyn Scorer) -> Self {
        if scorer.ranker().is_some() {
            return Self::RANKED;
        }
        match profile.labelled().count() < NEWCOMER_LABELS {
            true => Self::NEWCOMER,
            false => Self::USUAL,
        }
    }
}
