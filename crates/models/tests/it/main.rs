//! Behaviour of the models, from outside.

mod tabular;
