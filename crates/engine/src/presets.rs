//! Three named presets of the dial between familiar and new, and what a mix does for one listener.
//!
//! The presets follow what the dial did to made-up listeners over 90 days (docs/measurements.md,
//! two models of listeners): at .1 mixes were enjoyed more than without exploring, from the second
//! week on and in every run; .3, the default, brought nearly three times as many discoveries and
//! was still enjoyed more on average; .5 a quarter more of them again at no loss in the first month
//! that an interval tells from none, after which the models disagree. At .7 both models enjoyed
//! mixes less and never earned it back, so the dial reaches it but no preset does.

use rustc_hash::FxHashSet;
use segue_core::Pick;
use serde::Serialize;

use crate::{ArtistIdx, Catalogue, Profile};

/// A named setting of the dial between familiar and new, for listeners who would rather choose
/// among three words than move a slider. The settings are [`PRESETS`].
///
/// # Examples
/// ```
/// use segue_engine::presets::PRESETS;
///
/// let keys = PRESETS.map(|preset| preset.key);
/// assert_eq!(keys, ["comfort", "balanced", "adventure"]);
/// assert!(PRESETS.is_sorted_by(|a, b| a.explore < b.explore), "ever newer");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Preset {
    /// A name for machines, in lower case, to keep in settings and URLs; it does not change between
    /// versions.
    pub key: &'static str,
    /// The name that listeners read, in English; it may be reworded, unlike `key`.
    pub name: &'static str,
    /// Where the dial stands, 0 (all familiar) to 1 (all new): the value for
    /// [`MixRequest::explore`](crate::pipeline::MixRequest::explore).
    pub explore: f32,
    /// One line that says what a listener gets for it, in English, in lower case and without a full
    /// stop.
    pub explanation: &'static str,
}

/// The presets, from the most familiar to the newest mix. The second is where the dial stands until
/// a listener moves it.
pub const PRESETS: [Preset; 3] = [
    Preset {
        key: "comfort",
        name: "Comfort",
        explore: 0.1,
        explanation: "what you know, with one track in ten new",
    },
    Preset {
        key: "balanced",
        name: "Balanced",
        explore: 0.3,
        explanation: "three tracks in ten new: the most discoveries that pay for themselves",
    },
    Preset {
        key: "adventure",
        name: "Adventure",
        explore: 0.5,
        explanation: "every second track new: more finds, and more that you will skip",
    },
];

/// What a mix does for a listener, in the numbers that a page shows beside the dial.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// How many tracks the mix has, those that the catalogue no longer holds included.
    pub tracks: u32,
    /// Main artists in the mix of whom the listener knows nothing, neither played nor saved nor
    /// answered, each counted once. One of them may have several tracks in the mix.
    pub new_artists: u32,
    /// Mean probability, 0 to 1, that the listener likes a track of the mix, as predicted by the
    /// model; 0 for an empty mix.
    pub likability: f64,
}

impl Effect {
    /// Sums up the picks of a mix that was made for the listener of `profile`. Picks that the
    /// catalogue does not hold count as tracks, and have no artist.
    pub fn of(catalogue: &Catalogue, profile: &Profile, picks: &[Pick]) -> Self {
        let known: FxHashSet<ArtistIdx> = profile.known_artists(catalogue).into_iter().collect();
        let rows = picks.iter().filter_map(|pick| catalogue.find(&pick.track));
        let artists: FxHashSet<ArtistIdx> =
            rows.filter_map(|track| catalogue.artist(track)).collect();
        let likability: f64 = picks.iter().map(|pick| f64::from(pick.likability)).sum();
        Self {
            tracks: picks.len() as u32,
            new_artists: artists.difference(&known).count() as u32,
            likability: if picks.is_empty() { 0.0 } else { likability / picks.len() as f64 },
        }
    }
}
