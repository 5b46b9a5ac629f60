//! Listeners of flesh and blood, as far as a program can have them: two models of what people like,
//! tire of and come back to.
//!
//! Whatever a simulation shows may be a fact about the simulator. So there are two, which share
//! neither code nor law:
//!
//! | | [`taste_points`] | [`latent_factors`] |
//! |---|---|---|
//! | taste | several points in the space of sound, liking falls with the distance to the nearest | one direction in a latent space of genres and artists; sound plays no part |
//! | crowd | does not matter | some conform to it, some shun it |
//! | drift | points walk by themselves, interests are born and die | pulled to neighbouring genres and to what was enjoyed |
//! | boredom | exponential traces per work and artist | genres are hungered for or had enough of; works wear by a power law |
//! | the new | one track in four must grow on the listener | a trait: some seek unknown artists, some avoid them |
//! | late reward | liking comes with repeated plays | whether they return tomorrow depends on today |
//! | session | all of the mix is heard out or skipped through | attention shrinks; after skips they leave |
//!
//! Both answer with the same signs as real ones: a play to the end, a skip after so long, a like, a
//! ban. The truth, [`Listener::enjoyment`], is for the measurements and for nobody else.

pub mod latent_factors;
pub mod taste_points;

use std::str::FromStr;
use std::sync::Arc;

use rand_chacha::ChaCha8Rng;
use segue_core::FeedbackKind;
use serde::{Deserialize, Serialize};

use super::world::{Chance, MadeUpWorld};
use segue_engine::TrackIdx;

/// Why a listener sits down: it decides who chooses what comes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// To hear a mix.
    Mix,
    /// To play what they choose themselves.
    Own,
}

/// How a simulated listener took a track that came on: how much of it they heard, what they said,
/// and whether they had enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SimulatedReaction {
    /// The share of the track that was played; 1 is to its end.
    pub share_played: f64,
    /// What they said of it, if anything.
    pub said: Option<FeedbackKind>,
    /// Whether they had enough and left the session.
    pub leaves: bool,
}

/// A person who listens. Time is in days since the start of the trial, below 0 before it.
pub trait Listener: Send + Sync {
    /// The truth: the probability that the listener would play the track to its end, if it came on
    /// now.
    fn enjoyment(&self, track: TrackIdx, at: f64) -> f64;

    /// A night passes: tastes drift.
    fn wakes(&mut self, day: i32);

    /// Whether they come to hear a mix today. `luck` is uniform in 0..1.
    fn comes(&self, luck: f64) -> bool;

    /// A session begins.
    fn sits_down(&mut self, occasion: Occasion);

    /// A track comes on; same state and generator, same answer.
    fn hears(&mut self, track: TrackIdx, at: f64, rng: &mut ChaCha8Rng) -> SimulatedReaction;

    /// A session is over.
    fn gets_up(&mut self);

    /// What they put on themselves, among the tracks that are `released`, which are not none.
    fn chooses(&self, released: &[TrackIdx], at: f64, rng: &mut ChaCha8Rng) -> TrackIdx;

    /// The same person again, for another arm of a trial.
    fn twin(&self) -> Box<dyn Listener>;
}

/// The models of how listeners work. They differ in what taste is, so that a finding that holds in
/// both does not rest on either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListenerModel {
    /// [`taste_points`].
    TastePoints,
    /// [`latent_factors`].
    LatentFactors,
}

impl ListenerModel {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::TastePoints, Self::LatentFactors];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::TastePoints => "taste-points",
            Self::LatentFactors => "latent-factors",
        }
    }

    /// Draws so many listeners who live in a world. The same seed draws the same people, however
    /// many are asked for.
    pub fn draw(
        self,
        world: &Arc<MadeUpWorld>,
        seed: u64,
        listeners: usize,
    ) -> Vec<Box<dyn Listener>> {
        let chances = (0..listeners as u64).map(|listener| Chance::new(seed, listener));
        match self {
            Self::TastePoints => taste_points::draw(world, chances),
            Self::LatentFactors => latent_factors::draw(world, seed, chances),
        }
    }
}

/// No model of listeners has that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown listener model `{found}`: expected `taste-points` or `latent-factors`")]
pub struct UnknownListenerModel {
    /// The name given.
    pub found: String,
}

impl FromStr for ListenerModel {
    type Err = UnknownListenerModel;

    fn from_str(name: &str) -> Result<Self, UnknownListenerModel> {
        let found = Self::ALL.into_iter().find(|model| model.name() == name);
        found.ok_or_else(|| UnknownListenerModel { found: name.to_owned() })
    }
}
