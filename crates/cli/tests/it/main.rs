//! Behaviour of the binary `segue`.

mod evaluate_likability;
