//! The dial between exploitation and exploration, and what it turns.
//!
//! Its promise is plain: at `explore` e, `round(e × length)` picks are new to the listener. Who
//! turns it up means more than songs they missed on albums they own, so the share of those that are
//! by artists new to the listener rises with it, from a tenth through a half to three in five
//! ([`new_artist_share`]). Three gentler effects go with it: new tracks of which the model is
//! unsure gain (an upper confidence bound), and policies draw more evenly.

use segue_core::Parameters;

/// What the dial decides for one mix: how many picks are new, and how boldly they are chosen.
///
/// # Examples
/// ```
/// use segue_engine::mix::dial::Dial;
///
/// let dial = Dial::new(0.5, 30);
/// assert_eq!((dial.new_slots, dial.new_artist_slots), (15, 7));
/// // Nothing new, nothing for uncertainty.
/// let dial = Dial::new(0.0, 30);
/// assert_eq!((dial.new_slots, dial.uncertainty_weight), (0, 0.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dial {
    /// How many picks are new to the listener, as long as there are enough: `round(explore ×
    /// length)`.
    pub new_slots: u32,
    /// How many of those are by artists new to the listener, as long as there are enough:
    /// [`new_artist_share`] of them, rounded.
    pub new_artist_slots: u32,
    /// How many standard deviations are added to the predicted likability, 0 to 1: optimism about
    /// what is unsure.
    pub uncertainty_weight: f32,
    /// Temperature of draws by score, 0.2 to 0.4, in standard deviations of the scores: higher
    /// draws more evenly, and costs more of what was most promising.
    pub temperature: f32,
    /// Share of draws that ignore the score, 0.05 to 0.25, for policies that do so.
    pub epsilon: f32,
}

impl Dial {
    /// Turns the dial to `explore`, 0 for familiar only to 1 for new only, for a mix of `length`
    /// tracks. It does not check the range; a [`MixRequest`](crate::pipeline::MixRequest) does.
    pub fn new(explore: f32, length: u32) -> Self {
        let between = |at_zero: f32, at_one: f32| at_zero + (at_one - at_zero) * explore;
        let new_slots = (f64::from(explore) * f64::from(length)).round() as u32;
        Self {
            new_slots,
            new_artist_slots: new_artist_slots(explore, new_slots),
            uncertainty_weight: between(0.0, 1.0),
            temperature: between(0.2, 0.4),
            epsilon: between(0.05, 0.25),
        }
    }

    /// Sets aside the slots of arrivals: the share of new artists is of the new tracks that are
    /// left, so that the two wishes never compete. It still never falls when the dial rises.
    #[must_use]
    pub fn besides(self, explore: f32, arrival_slots: u32) -> Self {
        let left = self.new_slots.saturating_sub(arrival_slots);
        Self { new_artist_slots: new_artist_slots(explore, left), ..self }
    }

    /// The dial as parameters of a policy, by the names that policies know: `temperature`,
    /// `epsilon` and `optimism`, the weight of uncertainty. A policy takes what it knows and leaves
    /// the rest.
    pub fn tuning(&self) -> Parameters {
        Parameters::default()
            .with("temperature", self.temperature)
            .with("epsilon", self.epsilon)
            .with("optimism", self.uncertainty_weight)
    }
}

/// The share of new tracks that is to be by artists new to the listener:
/// `0.6 - 0.5 (1 - explore)²`. A listener who wants one new track in ten mostly wants more of what
/// they know; at the middle about half of the new is by strangers, and at the end most of it. Nine
/// in ten there, tried on playlists, halved what a mix of new tracks finds: much of what people
/// turn to next is a song that they have missed by somebody they know.
///
/// ```
/// use segue_engine::mix::dial::new_artist_share;
///
/// let rounded = |explore| (new_artist_share(explore) * 1000.0).round();
/// assert_eq!([0.0, 0.5, 1.0].map(rounded), [100.0, 475.0, 600.0]);
/// ```
pub fn new_artist_share(explore: f32) -> f32 {
    0.6 - 0.5 * (1.0 - explore).powi(2)
}

fn new_artist_slots(explore: f32, new_slots: u32) -> u32 {
    (new_artist_share(explore) * new_slots as f32).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_artists_are_more_the_further_the_dial_is_turned() {
        let shares: Vec<f32> = (0..=100).map(|at| new_artist_share(at as f32 / 100.0)).collect();
        assert!(shares.is_sorted() && shares[0] > 0.09 && shares[100] < 0.61);
        assert!((0.45..0.5).contains(&shares[50]));
    }
}
