//! What is learned between two trainings: beliefs that every answer moves at once, in closed form.

pub mod posterior;
