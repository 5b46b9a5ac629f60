//! Three named stops of the dial, and what each would do for one listener, taken from mixes as they
//! would be made.
//!
//! The stops follow what the dial did to made-up listeners over 90 days (docs/measurements.md, two
//! models of listeners): at .1 mixes were enjoyed more than without exploring, from the second week
//! on and in every run; .3, the default, brought nearly three times as many discoveries and was
//! still enjoyed more on average; .5 a quarter more of them again at no loss in the first month
//! that an interval tells from none, after which the models disagree. At .7 both models enjoyed
//! mixes less and never earned it back, so it is a place of the dial and no stop.

use rustc_hash::FxHashSet;
use segue_core::Pick;
use serde::Serialize;

use crate::pipeline::{MixOutcome, MixRequest};
use crate::sound::SoundSpace;
use crate::taste::Tastes;
use crate::{ArtistIdx, Catalogue, Profile};

/// A named place of the dial.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Stop {
    /// A name that stays, for machines.
    pub key: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Where it is.
    pub explore: f32,
    /// One line that says what it is for.
    pub explanation: &'static str,
}

/// The stops, from the most familiar on.
pub const STOPS: [Stop; 3] = [
    Stop {
        key: "comfort",
        name: "Comfort",
        explore: 0.1,
        explanation: "what you know, with one track in ten new",
    },
    Stop {
        key: "balanced",
        name: "Balanced",
        explore: 0.3,
        explanation: "three tracks in ten new: the most discoveries that pay for themselves",
    },
    Stop {
        key: "adventure",
        name: "Adventure",
        explore: 0.5,
        explanation: "every second track new: more finds, and more that you will skip",
    },
];

/// What a place of the dial would do for a listener. Means are over the tracks of a mix.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Effect {
    /// Where the dial is.
    pub explore: f32,
    /// Tracks in the mix.
    pub tracks: u32,
    /// The share of tracks that are new to the listener.
    pub new_share: f64,
    /// Artists of whom the listener has never played anything.
    pub new_artists: u32,
    /// All artists.
    pub artists: u32,
    /// The probability that the listener likes a track, as the model has it.
    pub likability: f64,
    /// That of the tracks that are new to them, if there are any.
    pub likability_of_new: Option<f64>,
    /// How far a track lies from the nearest of the listener's tastes, where sounds are known:
    /// about 2 for tracks taken at random.
    pub distance: Option<f64>,
}

/// What each of some places of the dial would do, all else as in `base`. `mix` makes one mix.
///
/// # Errors
/// Whatever `mix` gives.
pub fn effects<E>(
    listener: &Listener<'_>,
    places: &[f32],
    base: &MixRequest,
    mut mix: impl FnMut(&MixRequest) -> Result<MixOutcome, E>,
) -> Result<Vec<Effect>, E> {
    let heard = listener.heard_artists();
    let effect = |&explore: &f32| {
        let outcome = mix(&MixRequest { explore, ..base.clone() })?;
        Ok(listener.effect_given(&heard, explore, &outcome.slate.picks))
    };
    places.iter().map(effect).collect()
}

/// For whom the dial moves.
#[derive(Clone, Copy, Debug)]
pub struct Listener<'a> {
    /// The catalogue.
    pub catalogue: &'a Catalogue,
    /// How its tracks sound.
    pub sound: &'a SoundSpace,
    /// What the listener did.
    pub profile: &'a Profile,
    /// What they like.
    pub tastes: &'a Tastes,
}

impl Listener<'_> {
    fn heard_artists(&self) -> FxHashSet<ArtistIdx> {
        let heard = self.profile.interactions.iter().filter(|interaction| interaction.plays > 0);
        heard.filter_map(|interaction| self.catalogue.artist(interaction.track)).collect()
    }

    /// What a mix made with the dial at a place does.
    pub fn effect(&self, explore: f32, picks: &[Pick]) -> Effect {
        self.effect_given(&self.heard_artists(), explore, picks)
    }

    fn effect_given(&self, heard: &FxHashSet<ArtistIdx>, explore: f32, picks: &[Pick]) -> Effect {
        let rows = || picks.iter().filter_map(|pick| self.catalogue.find(&pick.track));
        let artists: FxHashSet<ArtistIdx> =
            rows().filter_map(|track| self.catalogue.artist(track)).collect();
        let new = picks.iter().filter(|pick| pick.new_to_listener);
        let distances =
            rows().filter_map(|track| self.tastes.distance(self.catalogue, self.sound, track));
        let likability = |pick: &Pick| f64::from(pick.likability);
        Effect {
            explore,
            tracks: picks.len() as u32,
            new_share: new.clone().count() as f64 / picks.len().max(1) as f64,
            new_artists: artists.difference(heard).count() as u32,
            artists: artists.len() as u32,
            likability: mean(picks.iter().map(likability)).unwrap_or(0.0),
            likability_of_new: mean(new.map(likability)),
            distance: mean(distances.map(f64::from)),
        }
    }
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0_u32);
    for value in values {
        sum += value;
        count += 1;
    }
    (count > 0).then(|| sum / f64::from(count))
}
