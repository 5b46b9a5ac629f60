//! Common random numbers: a listener's luck on a day, for a purpose, whatever happened before.
//!
//! Arms of a trial differ in the dial alone. If each drew its luck from one running generator, the
//! first pick that differs would give everybody another year. Here every draw is named, so that who
//! comes, how tastes drift and what comes of the same track on the same day are the same in all
//! arms, and differences between them are paired.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What a draw of chance is for. Each purpose has a stream of its own, so that an arm that asks for
/// one draw more does not change all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    /// Who a listener is.
    Nature,
    /// How tastes change overnight.
    Night,
    /// Whether they come to hear a mix.
    Visit,
    /// Whether and how long they listen by themselves.
    OwnSession,
    /// What they choose by themselves.
    OwnChoice,
    /// How they take a track.
    Reaction,
    /// The seed of a mix.
    Mix,
}

/// The luck of one listener in one world.
#[derive(Clone, Copy, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The luck of a listener, by number.
    pub fn new(seed: u64, listener: u64) -> Self {
        Self(mixed(mixed(seed) ^ listener))
    }

    /// The generator for one purpose on one day; `place` tells apart what is drawn several times a
    /// day.
    pub fn of(self, purpose: Purpose, day: i32, place: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.seed(purpose, day, place))
    }

    /// The seed of that generator.
    pub fn seed(self, purpose: Purpose, day: i32, place: u64) -> u64 {
        mixed(mixed(mixed(self.0 ^ purpose as u64) ^ u64::from(day as u32)) ^ place)
    }
}

/// A step of SplitMix64 (Steele, Lea & Flood 2014): every bit of the argument changes half the bits
/// of the result.
fn mixed(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
