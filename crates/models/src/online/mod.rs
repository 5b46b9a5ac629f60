//! What is learned between two trainings: beliefs that every answer moves at once, in closed form.

pub mod logistic;
pub mod posterior;
pub mod progressive;
pub mod share_prior;
