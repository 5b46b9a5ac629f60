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
