//! What candidates are ordered by: an upper confidence bound with a prior.
//!
//! `utility = (1 - w) × (mean + β × uncertainty) + w × popularity`, with `w = ½ × 4 / (4 + n)` for
//! a listener with `n` labelled works and `β` from the [dial](crate::mix::dial). With nothing known
//! of a listener, popularity has half the weight; with forty labels a twentieth. So a model without
//! a good prior still starts with something sensible.

use crate::{Likability, Profile};

const PRIOR_AT_NOTHING: f32 = 0.5;
const HALVED_AT: f32 = 4.0;

/// The weight of the model against popularity, `1 - w`: ½ for a listener without labels, ¾ with
/// four, towards 1 with many.
pub fn trust(profile: &Profile) -> f32 {
    1.0 - PRIOR_AT_NOTHING * HALVED_AT / (HALVED_AT + profile.labelled().count() as f32)
}

/// The utility of a track. `trust` is that of the [listener](trust), `bonus` the `β` by which
/// uncertainty counts in favour, and `popularity` goes from 0 to 1.
///
/// ```
/// use segue_engine::{Likability, utility::utility};
///
/// let likability = Likability { mean: 0.8, uncertainty: 0.1 };
/// assert_eq!(utility(likability, 0.0, 0.0, 1.0), 0.8);
/// // Half the weight is popularity's: ½ × (0.8 + 0.1) + ½ × 0.5.
/// assert!((utility(likability, 1.0, 0.5, 0.5) - 0.7).abs() < 1e-6);
/// ```
pub fn utility(likability: Likability, bonus: f32, popularity: f32, trust: f32) -> f32 {
    let prior_weight = 1.0 - trust;
    let bound = likability.mean + bonus * likability.uncertainty;
    (1.0 - prior_weight) * bound + prior_weight * popularity
}
