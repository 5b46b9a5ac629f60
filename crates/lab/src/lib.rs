//! What no listener hears: evaluation, off-policy estimates, made-up listeners and studies.

pub mod beliefs;
pub mod events;
#[doc(hidden)]
pub mod fuzzing;
pub mod interactive;
pub mod likability;
pub mod new_listener;
pub mod next_track;
pub mod off_policy;
mod page;
pub mod progress;
pub mod report;
pub mod simulation;
