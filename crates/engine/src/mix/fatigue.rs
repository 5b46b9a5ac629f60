//! Fatigue: what was shown again and again without an answer makes room for something else.
//!
//! A track that is shown and neither played nor spoken of was not what the listener wanted, or not
//! then. Without fatigue the same utilities give much the same mix every day, since nothing was
//! learned. So the utility of a track falls with every sitting in which it was shown in vain, and
//! recovers as the days go by:
//!
//! ```text
//! utility - penalty × spread × Σ_{showings} 2^(-days since / half-life)
//! ```
//!
//! with the spread (standard deviation) of the utilities of its kind, familiar or new, among the
//! candidates: it is a matter of places in the ranking, and so the same for every model and scale.
//! It acts before the short-list, so that policies draw by it and propensities count it. The
//! sitting that goes on does not count
//! ([`SITTING_SECONDS`](crate::dataset::shown::SITTING_SECONDS)): the same request with the same
//! seed gives the same mix within an hour. An answer clears the account
//! ([`Shown`](crate::dataset::shown::Shown)).
//!
//! What is familiar comes back within days, because people love to hear again what they love; what
//! is new and was passed over three times is out for weeks. The numbers below were chosen over
//! seven daily mixes (`examples/seven_days.rs` of the crate `segue`; docs/measurements.md).
//! Rejected: to leave out what was shown lately, which empties small libraries, and to count a
//! showing as a weak dislike, which would teach the model about songs that nobody heard.

use segue_core::Timestamp;

use crate::candidate::Ranked;
use crate::dataset::shown::is_same_sitting;
use crate::{Catalogue, Profile};

/// How a kind of tracks tires.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fatigue {
    /// What one showing of today costs, in standard deviations of utility.
    pub penalty: f32,
    /// After so many days a showing counts half.
    pub half_life_days: f32,
}

/// What the listener knows: a showing costs little and is soon forgotten.
pub const FAMILIAR: Fatigue = Fatigue { penalty: 0.5, half_life_days: 3.0 };
/// What is new to them: after two showings in vain few tracks are worse, for weeks.
pub const NEW: Fatigue = Fatigue { penalty: 1.0, half_life_days: 21.0 };

const SECONDS_PER_DAY: f64 = 86_400.0;

impl Fatigue {
    /// By how many standard deviations the utility of a track falls that was shown at these times
    /// without an answer; 0 for none, and for those of the sitting that goes on.
    ///
    /// ```
    /// use segue_core::Timestamp;
    /// use segue_engine::mix::fatigue::Fatigue;
    ///
    /// let fatigue = Fatigue { penalty: 1.0, half_life_days: 2.0 };
    /// let day = |day: i64| Timestamp::from_second(day * 86_400).expect("in range");
    /// assert_eq!(fatigue.of(&[day(0), day(2)], day(4)), 0.25 + 0.5);
    /// assert_eq!(fatigue.of(&[day(4)], day(4)), 0.0);
    /// ```
    pub fn of(&self, shown: &[Timestamp], now: Timestamp) -> f32 {
        let weight = |at: &Timestamp| {
            let seconds = now.as_second().saturating_sub(at.as_second());
            let days = (seconds as f64 / SECONDS_PER_DAY) as f32;
            (-days / self.half_life_days).exp2()
        };
        let earlier = shown.iter().filter(|&&at| !is_same_sitting(at, now));
        self.penalty * earlier.map(weight).sum::<f32>()
    }
}

/// Lowers the utility of what was shown in vain. Nothing changes for a listener who was shown
/// nothing.
pub(super) fn tire(
    catalogue: &Catalogue,
    profile: &Profile,
    now: Timestamp,
    ranked: &mut [Ranked],
) {
    if profile.shown.is_empty() {
        return;
    }
    let spreads = [false, true].map(|is_new| spread(ranked, is_new));
    for track in ranked {
        let is_new = track.class.is_new();
        let fatigue = if is_new { NEW } else { FAMILIAR };
        let shown = profile.shown.times(catalogue.work(track.track));
        track.utility -= spreads[usize::from(is_new)] * fatigue.of(shown, now);
    }
}

/// The standard deviation of the utilities of one kind; 1 where all are alike, so that fatigue
/// alone decides.
fn spread(ranked: &[Ranked], is_new: bool) -> f32 {
    let utilities = || {
        let of_kind = ranked.iter().filter(|x| x.is_finite && x.class.is_new() == is_new);
        of_kind.map(|x| f64::from(x.utility))
    };
    let count = utilities().count().max(1) as f64;
    let mean = utilities().sum::<f64>() / count;
    let variance = utilities().map(|utility| (utility - mean).powi(2)).sum::<f64>() / count;
    if variance > 1e-12 { variance.sqrt() as f32 } else { 1.0 }
}
