//! What is learned between two trainings: beliefs that every answer moves at once, in closed form.

pub mod factor_analysis;
pub mod factor_model;
pub mod logistic;
pub mod posterior;
mod presence;
pub mod progressive;
pub mod ridge_prior;
pub mod share_prior;
