//! Experiments: two or more configurations of a mix side by side, and what may be said of the
//! difference at any time.
//!
//! ```text
//! Design ─► arm_of(listener) ─► settings of the arm ─► pipeline ─► impression with its enrolment
//!                                                                     │ listens, feedback
//! Readout ◄─ confidence sequences ◄─ one observation per listener ◄─ answers
//! ```
//!
//! The listener is the unit of everything: whole listeners are split between arms ([`assignment`]),
//! and each of them is one observation ([`observation`]), because the plays of one listener are
//! alike and would pass for more evidence than they are. The intervals ([`confidence`]) hold
//! however often one looks; so does the check that the split came out as designed ([`ratio`]). In
//! shadow mode everybody gets the first arm, the others are only computed, and [`shadow`] compares
//! what they would have shown.

pub mod arm;
pub mod assignment;
pub mod confidence;
mod design;
pub mod observation;
mod part;
pub mod ratio;
pub mod readout;
pub mod shadow;

pub use arm::{Arm, Settings};
pub use design::{Design, DesignError, Mode};
pub use part::Part;
