//! The dial between exploitation and exploration, and what it turns.
//!
//! Its promise is plain: at `explore` e, `round(e × length)` picks are new to the listener. Three
//! gentler effects go with it: new tracks of which the model is unsure gain (an upper confidence
//! bound), and policies draw more evenly.

use segue_core::Parameters;

/// What the dial decides for one mix: how many picks are new, and how boldly they are chosen.
///
/// # Examples
/// ```
/// use segue_engine::mix::dial::Dial;
///
/// let dial = Dial::new(0.4, 30);
/// assert_eq!(dial.new_slots, 12);
/// // Nothing new, nothing for uncertainty.
/// let dial = Dial::new(0.0, 30);
/// assert_eq!((dial.new_slots, dial.uncertainty_weight), (0, 0.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dial {
    /// How many picks are new to the listener, as long as there are enough: `round(explore ×
    /// length)`.
    pub new_slots: u32,
    /// How many standard deviations are added to the predicted likability, 0 to 1: optimism about
    /// what is unsure.
    pub uncertainty_weight: f32,
    /// Temperature of draws by score, 0.25 to 0.75, in standard deviations of the scores: higher
    /// draws more evenly.
    pub temperature: f32,
    /// Share of draws that ignore the score, 0.05 to 0.25, for policies that do so.
    pub epsilon: f32,
}

impl Dial {
    /// Turns the dial to `explore`, 0 for familiar only to 1 for new only, for a mix of `length`
    /// tracks. It does not check the range; a [`MixRequest`](crate::pipeline::MixRequest) does.
    pub fn new(explore: f32, length: u32) -> Self {
        let between = |at_zero: f32, at_one: f32| at_zero + (at_one - at_zero) * explore;
        Self {
            new_slots: (f64::from(explore) * f64::from(length)).round() as u32,
            uncertainty_weight: between(0.0, 1.0),
            temperature: between(0.25, 0.75),
            epsilon: between(0.05, 0.25),
        }
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
