//! Beliefs about a listener that every answer moves in closed form, tried out before any of them is
//! served.
//!
//! [`factor_model`] is the model, and the two others are ways to learn what it starts from:
//! [`factor_analysis`] by expectation maximisation, [`ridge_prior`] by linear regression over
//! singular vectors. What serving uses of this kind is [`segue_models::online`].

pub mod factor_analysis;
pub mod factor_model;
mod presence;
pub mod ridge_prior;

use segue_engine::policy::Belief;
use segue_engine::{ItemIdx, UncertaintySource};

/// What is believed of one listener, moved by every answer.
pub trait Acquaintance {
    /// The belief about all items, by row; with the factors that the policy's uncertainty source
    /// asks for, if there are any.
    fn belief(&self, source: UncertaintySource) -> Belief;

    /// Takes an answer.
    fn learn(&mut self, item: ItemIdx, liked: bool);
}
