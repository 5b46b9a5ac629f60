//! What a trial asks of whoever learns from the answers: a scorer at any time, a word after every
//! mix, a refit now and then.

use std::error::Error;

use segue_core::{Feedback, Impression, Listen};

use segue_engine::{Catalogue, Profile, Scorer};

/// Why a learner could not learn.
pub type LearnerError = Box<dyn Error + Send + Sync>;

/// A model that goes on learning. The models live in a crate that depends on this one, so the
/// caller brings it.
pub trait Learner: Send {
    /// The model as it is now.
    fn scorer(&self) -> &dyn Scorer;

    /// A listener heard a mix; what was learned from it must be in the scorer when this returns.
    fn answered(&mut self, answered: &Answered<'_>) {
        let _ = answered;
    }

    /// Learns anew from everybody's profile at the end of a day, the first of the trial being 0.
    ///
    /// `released` holds what is out by then, and profiles are folded over it: a learner must not
    /// know what is to come, not even as something that nobody has liked. The scorer goes on
    /// scoring rows of the whole catalogue.
    ///
    /// # Errors
    /// Whatever keeps it from learning ends the trial.
    fn refit(
        &mut self,
        released: &Catalogue,
        profiles: &[Profile],
        day: u32,
    ) -> Result<(), LearnerError>;
}

/// A mix that somebody heard and what came of it, as a model that learns between two mixes takes
/// it.
#[derive(Debug)]
pub struct Answered<'a> {
    /// The catalogue.
    pub catalogue: &'a Catalogue,
    /// The mix as it was logged.
    pub impression: &'a Impression,
    /// The profile that it was made from.
    pub before: &'a Profile,
    /// The profile with the answers folded in.
    pub after: &'a Profile,
    /// The plays, in playing order; fewer than were shown if the listener left.
    pub listens: &'a [Listen],
    /// What was said about the tracks.
    pub feedback: &'a [Feedback],
}
